"""The server: the SDK's service in both of its versions, health, reflection, and a way to end.

On SIGTERM the health service and the readiness page say so at once; calls are still taken for the
delay that was asked for, so that load balancers learn of it, and those under way are answered.
"""

import asyncio
import signal
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import grpc
from crossplane.function import runtime
from crossplane.function.proto.v1 import run_function_pb2_grpc as grpcv1
from crossplane.function.proto.v1beta1 import run_function_pb2_grpc as grpcv1beta1
from grpc_health.v1 import health, health_pb2, health_pb2_grpc  # type: ignore[import-untyped]
from grpc_reflection.v1alpha import reflection  # type: ignore[import-untyped]

from trimtab.errors import EngineError, InputError
from trimtab_functions.serving import http

MIB = 1024 * 1024

CONNECTION_AGE_SECONDS = 600
"""After which a client is asked to connect anew: it learns of new replicas, and shows its certificate
again. gRPC spreads it by a tenth."""

_AGE_GRACE_SECONDS = 60

SERVICES = (*runtime.SERVICE_NAMES, health.SERVICE_NAME)


@dataclass(frozen=True)
class Serving:
    """How to serve.

    Attributes:
        address: of gRPC, `host:port`.
        credentials: of gRPC; None without TLS.
        metrics_address: of metrics and probes, `host:port`; None for neither.
        max_receive_mib: of a request; a larger one is refused.
        max_send_mib: of a response.
        delay_seconds: from the signal to end until calls are no more taken.
        grace_seconds: then, for calls that are under way.
    """

    address: str
    credentials: grpc.ServerCredentials | None
    metrics_address: str | None
    max_receive_mib: int
    max_send_mib: int
    delay_seconds: float
    grace_seconds: float


async def serve(
    runner: grpcv1.FunctionRunnerServiceServicer, page: Callable[[], http.Page], how: Serving
) -> None:
    """Serve until told to stop.

    Args:
        runner: the function.
        page: its metrics.
        how: where, and with what limits.

    Raises:
        InputError: an address is none.
        EngineError: an address can't be listened on.
    """
    ending = asyncio.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(each, ending.set)
    probes = await _serve_pages(page, ending, how.metrics_address)
    server, checks = _server(runner, how)
    _listen(server, how)
    await server.start()
    for service in SERVICES:
        await checks.set(service, health_pb2.HealthCheckResponse.SERVING)
    await ending.wait()
    await checks.enter_graceful_shutdown()
    await asyncio.sleep(how.delay_seconds)
    await server.stop(how.grace_seconds)
    if probes is not None:
        probes.close()


def _server(
    runner: grpcv1.FunctionRunnerServiceServicer, how: Serving
) -> tuple[grpc.aio.Server, Any]:
    server = grpc.aio.server(
        options=[
            ("grpc.max_receive_message_length", how.max_receive_mib * MIB),
            ("grpc.max_send_message_length", how.max_send_mib * MIB),
            ("grpc.max_connection_age_ms", CONNECTION_AGE_SECONDS * 1000),
            ("grpc.max_connection_age_grace_ms", _AGE_GRACE_SECONDS * 1000),
            # Two processes on one port would each take some of the calls, unnoticed.
            ("grpc.so_reuseport", 0),
        ]
    )
    grpcv1.add_FunctionRunnerServiceServicer_to_server(runner, server)  # type: ignore[no-untyped-call]
    beta = runtime.BetaFunctionRunner(wrapped=runner)
    grpcv1beta1.add_FunctionRunnerServiceServicer_to_server(beta, server)  # type: ignore[no-untyped-call]
    checks = health.aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(checks, server)
    reflection.enable_server_reflection(SERVICES, server)
    return server, checks


def _listen(server: grpc.aio.Server, how: Serving) -> None:
    try:
        if how.credentials is None:
            server.add_insecure_port(how.address)
        else:
            server.add_secure_port(how.address, how.credentials)
    except RuntimeError:
        raise _taken("--address", how.address) from None


async def _serve_pages(
    page: Callable[[], http.Page], ending: asyncio.Event, address: str | None
) -> asyncio.Server | None:
    if address is None:
        return None

    def ready() -> http.Page:
        if ending.is_set():
            return http.text(HTTPStatus.SERVICE_UNAVAILABLE, "ending\n")
        return http.text(HTTPStatus.OK, "ready\n")

    routes: http.Routes = {
        "/metrics": page,
        "/healthz": lambda: http.text(HTTPStatus.OK, "alive\n"),
        "/readyz": ready,
    }
    host, _, port = address.rpartition(":")
    if not port.isdecimal():
        raise InputError(
            f"{address!r} has no port", where="--metrics-address", mend="write HOST:PORT"
        )
    try:
        return await http.start(host.strip("[]"), int(port), routes)
    except OSError:
        raise _taken("--metrics-address", address) from None


def _taken(option: str, address: str) -> EngineError:
    return EngineError(
        f"{address} can't be listened on", where=option, mend="free the port, or name another"
    )
