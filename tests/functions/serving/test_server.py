"""The server as those who run it meet it: health, reflection, limits, pages, options, its end."""

import contextlib
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import grpc
import pytest
from crossplane.function.proto.v1beta1 import run_function_pb2 as fnv1beta1
from crossplane.function.proto.v1beta1 import run_function_pb2_grpc as grpcv1beta1
from grpc_health.v1 import health_pb2, health_pb2_grpc  # type: ignore[import-untyped]
from grpc_reflection.v1alpha import (  # type: ignore[import-untyped]
    reflection_pb2,
    reflection_pb2_grpc,
)

from support.capacity_function import COMMAND, CapacityFunction, capacity_function
from support.capacity_requests import request
from support.function_client import TIMEOUT, call

SERVICE = "apiextensions.fn.proto.v1.FunctionRunnerService"


@pytest.fixture(scope="module")
def function(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CapacityFunction]:
    with capacity_function(tmp_path_factory.mktemp("function")) as served:
        yield served


@pytest.fixture(scope="module")
def channel(function: CapacityFunction) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(function.target) as opened:
        yield opened


def page(function: CapacityFunction, path: str) -> tuple[int, str]:
    try:
        with urlopen(function.pages + path, timeout=TIMEOUT) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        return error.code, error.read().decode()


def health(channel: grpc.Channel, service: str = "") -> str:
    stub = health_pb2_grpc.HealthStub(channel)
    answer = stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=TIMEOUT)
    return str(health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status))


@pytest.mark.parametrize("service", ["", SERVICE, SERVICE.replace("v1", "v1beta1")])
def test_the_health_service_says_that_it_serves(channel: grpc.Channel, service: str) -> None:
    assert health(channel, service) == "SERVING"


def test_reflection_lists_every_service(channel: grpc.Channel) -> None:
    asked = reflection_pb2.ServerReflectionRequest(list_services="")
    stub = reflection_pb2_grpc.ServerReflectionStub(channel)
    (answer,) = stub.ServerReflectionInfo(iter([asked]), timeout=TIMEOUT)
    assert {each.name for each in answer.list_services_response.service} == {
        SERVICE,
        SERVICE.replace("v1", "v1beta1"),
        "grpc.health.v1.Health",
        "grpc.reflection.v1alpha.ServerReflection",
    }


def test_the_service_s_older_version_answers_alike(channel: grpc.Channel) -> None:
    req = fnv1beta1.RunFunctionRequest.FromString(request().SerializeToString())
    stub = grpcv1beta1.FunctionRunnerServiceStub(channel)  # type: ignore[no-untyped-call]
    rsp = stub.RunFunction(req, timeout=TIMEOUT)
    now = call(channel, request())
    assert [each.reason for each in rsp.conditions] == [each.reason for each in now.conditions]


def test_a_request_beyond_what_crossplane_sends_by_default_is_taken(channel: grpc.Channel) -> None:
    req = request()
    req.observed.composite.resource.fields["large"].string_value = "x" * (6 * 1024 * 1024)
    assert call(channel, req).conditions


def test_a_request_that_is_too_large_is_refused_and_the_next_one_answered(
    channel: grpc.Channel,
) -> None:
    req = request()
    req.observed.composite.resource.fields["large"].string_value = "x" * (9 * 1024 * 1024)
    with pytest.raises(grpc.RpcError) as error:
        call(channel, req)
    assert error.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert call(channel, request()).conditions


def test_bytes_that_are_no_request_are_refused_and_the_next_one_answered(
    channel: grpc.Channel,
) -> None:
    raw = channel.unary_unary(f"/{SERVICE}/RunFunction")
    with pytest.raises(grpc.RpcError) as error:
        raw(b"\xff\xff\xff", timeout=TIMEOUT)
    assert error.value.code() is grpc.StatusCode.UNKNOWN
    assert "Wire format was corrupt" in (error.value.details() or "")
    assert call(channel, request()).conditions


def test_the_pages_are_there_for_kubelet_and_prometheus(function: CapacityFunction) -> None:
    assert page(function, "/healthz") == (200, "alive\n")
    assert page(function, "/readyz") == (200, "ready\n")
    assert page(function, "/metrics?x=1")[0] == 200
    assert page(function, "/other") == (404, "there are /healthz, /metrics, /readyz\n")


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"nonsense\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\n\r\n",
        b"GET " + b"x" * 100_000,
        b"\r\n\r\n",
    ],
)
def test_a_client_that_does_not_speak_http_ends_its_own_connection_only(
    function: CapacityFunction, sent: bytes
) -> None:
    host, _, port = function.pages.removeprefix("http://").partition(":")
    with (
        socket.create_connection((host, int(port)), timeout=TIMEOUT) as connection,
        contextlib.suppress(OSError),
    ):
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(1024) == b""
    assert page(function, "/readyz")[0] == 200


def test_on_the_signal_to_end_it_is_not_ready_and_answers_until_the_delay_is_over(
    tmp_path: Path,
) -> None:
    options = ["--shutdown-delay-seconds", "1", "--grace-seconds", "0.2"]
    with (
        capacity_function(tmp_path, options=options) as served,
        grpc.insecure_channel(served.target) as channel,
    ):
        told = threading.Event()
        states: list[int] = []
        stub = health_pb2_grpc.HealthStub(channel)
        watched = stub.Watch(health_pb2.HealthCheckRequest(), timeout=TIMEOUT)

        def watch() -> None:
            with contextlib.suppress(grpc.RpcError):
                for each in watched:
                    states.append(each.status)
                    told.set()

        watcher = threading.Thread(target=watch)
        watcher.start()
        assert told.wait(TIMEOUT)
        told.clear()
        served.process.process.send_signal(signal.SIGTERM)
        assert told.wait(TIMEOUT)
        assert page(served, "/readyz") == (503, "ending\n")
        assert page(served, "/healthz")[0] == 200
        assert health(channel) == "NOT_SERVING"
        assert call(channel, request()).conditions
        assert served.process.process.wait(TIMEOUT) == 0, served.process.tail()
        watcher.join(TIMEOUT)
    assert states == [
        health_pb2.HealthCheckResponse.SERVING,
        health_pb2.HealthCheckResponse.NOT_SERVING,
    ]


REFUSALS = {
    "neither certificates nor --insecure": (
        [],
        2,
        "name the certificates' folder with --tls-server-certs-dir",
    ),
    "a folder without certificates": (
        ["--tls-server-certs-dir", "/nowhere"],
        2,
        "error: --tls-server-certs-dir: tls.key can't be read: No such file or directory; name a folder",
    ),
    "a metrics address without a port": (
        ["--insecure", "--metrics-address", "localhost"],
        2,
        "error: --metrics-address: 'localhost' has no port; write HOST:PORT",
    ),
    "a metrics address that is another machine's": (
        ["--insecure", "--metrics-address", "192.0.2.1:80"],
        5,
        "error: --metrics-address: 192.0.2.1:80 can't be listened on; free the port, or name another",
    ),
}


@pytest.mark.parametrize(("options", "status", "said"), REFUSALS.values(), ids=REFUSALS)
def test_an_option_that_cannot_be_followed_is_refused(
    options: list[str], status: int, said: str
) -> None:
    command = [str(COMMAND), "--address", "localhost:0", *options]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    assert ended.returncode == status
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_port_that_is_taken_is_refused(function: CapacityFunction) -> None:
    command = [str(COMMAND), "--insecure", "--address", function.target]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    assert ended.returncode == 5
    assert f"error: --address: {function.target} can't be listened on" in ended.stderr
