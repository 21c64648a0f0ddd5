"""A client of a function, as Crossplane is one: gRPC, and a certificate of its own."""

from pathlib import Path

import grpc
from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from crossplane.function.proto.v1 import run_function_pb2_grpc as grpcv1

from support.capacity_function import CapacityFunction

TIMEOUT = 20


def connect(function: CapacityFunction, authority: Path, client: Path | None) -> grpc.Channel:
    """A channel that trusts an authority, and shows a client's certificate if it has one.

    Each has a connection of its own, so that each shakes hands anew.
    """
    files = [(client / name).read_bytes() for name in ("tls.key", "tls.crt")] if client else []
    credentials = grpc.ssl_channel_credentials((authority / "ca.crt").read_bytes(), *files)
    options = [("grpc.use_local_subchannel_pool", 1)]
    return grpc.secure_channel(function.target, credentials, options)


def call(
    channel: grpc.Channel,
    req: fnv1.RunFunctionRequest,
    metadata: tuple[tuple[str, str], ...] = (),
) -> fnv1.RunFunctionResponse:
    """Call RunFunction."""
    stub = grpcv1.FunctionRunnerServiceStub(channel)  # type: ignore[no-untyped-call]
    rsp: fnv1.RunFunctionResponse = stub.RunFunction(req, timeout=TIMEOUT, metadata=metadata)
    return rsp
