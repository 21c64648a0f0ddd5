"""Traces as a collector receives them."""

import os
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from support.capacity_cases import PLAN
from support.capacity_function import COMMAND, capacity_function
from support.capacity_requests import request
from support.function_client import TIMEOUT, call

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@dataclass
class Collector:
    """An OTLP collector over HTTP on loopback, which keeps what it receives."""

    endpoint: str
    received: list[Any] = field(default_factory=list)

    def spans(self) -> list[tuple[str, Any]]:
        """Every span, after its service's name."""
        found = []
        for export in self.received:
            for each in export.resource_spans:
                names = {a.key: a.value.string_value for a in each.resource.attributes}
                for scope in each.scope_spans:
                    found += [(names["service.name"], span) for span in scope.spans]
        return found


@pytest.fixture
def collector() -> Iterator[Collector]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path == "/v1/traces":
                collected.received.append(ExportTraceServiceRequest.FromString(body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("localhost", 0), Handler)
    collected = Collector(f"http://localhost:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield collected
    server.shutdown()
    thread.join()
    server.server_close()


def attributes(span: Any) -> dict[str, Any]:
    values = {}
    for each in span.attributes:
        kind = each.value.WhichOneof("value")
        values[each.key] = getattr(each.value, kind)
    return values


def test_each_answer_is_a_span_of_its_caller_s(collector: Collector, tmp_path: Path) -> None:
    environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint}
    caller = (("traceparent", f"00-{TRACE}-{PARENT}-01"),)
    with (
        capacity_function(tmp_path, environment=environment) as served,
        grpc.insecure_channel(served.target) as channel,
    ):
        call(channel, request(PLAN), caller)
        call(channel, request())
    # What is not sent yet is sent at the end.
    (service, first), (_, second) = collector.spans()
    assert service == "trimtab-capacity-function"
    assert first.name == "apiextensions.fn.proto.v1.FunctionRunnerService/RunFunction"
    assert (first.trace_id.hex(), first.parent_span_id.hex()) == (TRACE, PARENT)
    assert second.parent_span_id == b""
    assert second.trace_id != first.trace_id
    assert attributes(second) == {
        "rpc.system": "grpc",
        "rpc.service": "apiextensions.fn.proto.v1.FunctionRunnerService",
        "rpc.method": "RunFunction",
        "crossplane.tag": "a-tag",
        "crossplane.xr.kind": "NodeGroupSet",
        "crossplane.xr.namespace": "team",
        "crossplane.xr.name": "ml",
        "trimtab.reason.PlanUsable": "PlanNotFetched",
        "trimtab.reason.CapacityPlanned": "KeptRunning",
    }


def test_a_caller_that_is_not_sampled_is_not_traced(collector: Collector, tmp_path: Path) -> None:
    environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint, "OTEL_SERVICE_NAME": "ours"}
    with (
        capacity_function(tmp_path, environment=environment) as served,
        grpc.insecure_channel(served.target) as channel,
    ):
        call(channel, request(), (("traceparent", f"00-{TRACE}-{PARENT}-00"),))
        call(channel, request(), (("traceparent", "nonsense"),))
    ((service, span),) = collector.spans()
    assert service == "ours"
    assert span.parent_span_id == b""


def test_calls_are_answered_while_the_collector_is_away(tmp_path: Path) -> None:
    environment = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:1",
        "OTEL_EXPORTER_OTLP_TIMEOUT": "1",
    }
    with (
        capacity_function(tmp_path, environment=environment) as served,
        grpc.insecure_channel(served.target) as channel,
    ):
        assert call(channel, request()).conditions


def test_a_protocol_that_is_not_spoken_is_refused() -> None:
    environment = {
        **os.environ,
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4317",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
    }
    ended = subprocess.run(
        [str(COMMAND), "--insecure", "--address", "localhost:0"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert ended.returncode == 2
    assert ended.stderr.splitlines()[-1] == (
        "error: OTEL_EXPORTER_OTLP_PROTOCOL: grpc is not spoken; set http/protobuf, and in "
        "OTEL_EXPORTER_OTLP_ENDPOINT the collector's HTTP port, often 4318"
    )


def test_nothing_is_imported_for_traces_that_nobody_asks_for() -> None:
    code = (
        "import sys, trimtab_functions.serving.main, trimtab_functions.serving.traces as traces\n"
        "traces.tracer()\n"
        "sys.exit(any(name.startswith('opentelemetry') for name in sys.modules))"
    )
    environment = {k: v for k, v in os.environ.items() if not k.startswith("OTEL_")}
    python = COMMAND.with_name("python")
    ended = subprocess.run([str(python), "-c", code], env=environment, check=False, timeout=TIMEOUT)
    assert ended.returncode == 0
