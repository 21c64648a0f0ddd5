"""Stand-ins as servers: in this process, for the engine to attach to, or as a plugin's process."""

import contextlib
import sys
from collections.abc import Iterator, Mapping
from concurrent import futures
from typing import Any

import grpc
from pulumi.runtime.proto import provider_pb2_grpc


def serve(provider: Any) -> tuple[grpc.Server, int]:
    """A started server of the provider, and its port on loopback."""
    server = grpc.server(futures.ThreadPoolExecutor(16))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(provider, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, port


@contextlib.contextmanager
def attached(providers: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """Serve the providers, by package, for the block; gives the environment that an engine needs.

    The engine attaches to a running provider instead of starting a process for every operation.
    """
    running = {package: serve(provider) for package, provider in providers.items()}
    try:
        ports = ",".join(f"{package}:{port}" for package, (_, port) in running.items())
        yield {"PULUMI_DEBUG_PROVIDERS": ports}
    finally:
        for server, _ in running.values():
            server.stop(None)


def main(provider: Any) -> None:
    """Be a plugin: tell the engine the port, and serve until it ends this process."""
    server, port = serve(provider)
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    server.wait_for_termination()
