"""A function that passes its calls on to another and keeps what it was sent.

Messages stay bytes, since this environment cannot hold the SDK with its protobuf: a test looks for
the texts that a request must hold.
"""

import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import grpc

SERVICE = "apiextensions.fn.proto.v1.FunctionRunnerService"
METHOD = "RunFunction"


@dataclass(frozen=True)
class RecordingFunction:
    """One that serves at localhost:`port`; `requests` are what it was sent, oldest first."""

    port: int
    requests: list[bytes] = field(default_factory=list)

    def requests_with(self, text: str) -> list[bytes]:
        """Those that hold a text anywhere."""
        return [each for each in self.requests if text.encode() in each]


@contextlib.contextmanager
def recording_function(
    target: str, served_with: Path, calls_with: Path
) -> Iterator[RecordingFunction]:
    """Serve it over mTLS for the length of the block.

    Args:
        target: the address of the function that answers.
        served_with: folder of the certificate that it serves.
        calls_with: folder of the certificate that it calls the other with.
    """
    requests: list[bytes] = []
    key, chain, ca = _read(calls_with)
    channel = grpc.secure_channel(target, grpc.ssl_channel_credentials(ca, key, chain))
    answer = channel.unary_unary(f"/{SERVICE}/{METHOD}")

    def pass_on(request: bytes, _: grpc.ServicerContext) -> bytes:
        requests.append(request)
        answered: bytes = answer(request, timeout=20)
        return answered

    server = grpc.server(ThreadPoolExecutor(max_workers=2))
    handler = grpc.unary_unary_rpc_method_handler(pass_on)
    server.add_generic_rpc_handlers(
        [grpc.method_handlers_generic_handler(SERVICE, {METHOD: handler})]
    )
    key, chain, ca = _read(served_with)
    credentials = grpc.ssl_server_credentials([(key, chain)], ca, require_client_auth=True)
    port = int(server.add_secure_port("127.0.0.1:0", credentials))
    server.start()
    try:
        yield RecordingFunction(port, requests)
    finally:
        server.stop(grace=None).wait()
        channel.close()


def _read(folder: Path) -> tuple[bytes, bytes, bytes]:
    key, chain, ca = ((folder / name).read_bytes() for name in ("tls.key", "tls.crt", "ca.crt"))
    return key, chain, ca
