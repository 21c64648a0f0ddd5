"""OpenTelemetry traces: a span for each answer, when an endpoint is configured.

Configured as every OpenTelemetry program is, by its environment variables; sent as protobuf over HTTP.
Without an endpoint nothing is imported and nothing is done. The caller's span is the parent where its
metadata carries a W3C `traceparent`.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from trimtab.errors import EngineError, InputError
from trimtab_functions.serving.summary import Summary

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
PROTOCOL = "http/protobuf"
SERVICE_NAME = "trimtab-capacity-function"
"""Where OTEL_SERVICE_NAME is not set."""

METHOD = "apiextensions.fn.proto.v1.FunctionRunnerService/RunFunction"

CallMetadata = Iterable[tuple[str, str | bytes]]


class Span(Protocol):
    """What is told of an answer."""

    def tell(self, summary: Summary) -> None:
        """Tell what was decided."""


class Tracer(Protocol):
    """Opens spans."""

    def span(self, caller: CallMetadata, /) -> Any:
        """A context manager of the span of one answer.

        Args:
            caller: the call's metadata.
        """

    def close(self) -> None:
        """Send what is not sent yet."""


def tracer() -> Tracer:
    """The tracer that the environment asks for.

    Raises:
        EngineError: traces are asked for and OpenTelemetry is not installed.
        InputError: another protocol is asked for.
    """
    endpoint = next((name for name in ENDPOINTS if os.environ.get(name)), None)
    disabled = os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
    if endpoint is None or disabled or os.environ.get("OTEL_TRACES_EXPORTER") == "none":
        return _NoTracer()
    for name in PROTOCOLS:
        if (asked := os.environ.get(name, PROTOCOL)) != PROTOCOL:
            raise InputError(
                f"{asked} is not spoken",
                where=name,
                mend=f"set {PROTOCOL}, and in {endpoint} the collector's HTTP port, often 4318",
            )
    try:
        return _OtelTracer()
    except ImportError as error:
        raise EngineError(
            f"{error.name} is not installed, and {endpoint} asks for traces",
            mend="install trimtab-functions[otel], or unset the variable",
        ) from None


class _NoTracer:
    @contextmanager
    def span(self, _: CallMetadata, /) -> Iterator[Span | None]:
        yield None

    def close(self) -> None:
        pass


class _OtelTracer:
    def __init__(self) -> None:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.trace import SpanKind
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        # OTEL_SERVICE_NAME goes before OTEL_RESOURCE_ATTRIBUTES, and both before this.
        named = os.environ.get("OTEL_SERVICE_NAME") or "service.name=" in os.environ.get(
            "OTEL_RESOURCE_ATTRIBUTES", ""
        )
        resource = Resource.create({} if named else {"service.name": SERVICE_NAME})
        self._provider = TracerProvider(resource=resource)
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer("trimtab_functions")
        self._propagator = TraceContextTextMapPropagator()
        self._kind = SpanKind.SERVER

    @contextmanager
    def span(self, caller: CallMetadata, /) -> Iterator[Span]:
        carrier = {key: value for key, value in caller if isinstance(value, str)}
        parent = self._propagator.extract(carrier)
        with self._tracer.start_as_current_span(METHOD, parent, kind=self._kind) as span:
            service, _, method = METHOD.partition("/")
            span.set_attributes(
                {"rpc.system": "grpc", "rpc.service": service, "rpc.method": method}
            )
            yield _OtelSpan(span)

    def close(self) -> None:
        self._provider.shutdown()


class _OtelSpan:
    def __init__(self, span: Any) -> None:
        self._span = span

    def tell(self, summary: Summary) -> None:
        from opentelemetry.trace import StatusCode

        capacity = summary.capacity
        told: dict[str, str | int] = {
            "crossplane.tag": summary.tag,
            "crossplane.xr.kind": summary.xr.kind,
            "crossplane.xr.namespace": summary.xr.namespace,
            "crossplane.xr.name": summary.xr.name,
        }
        told |= {f"trimtab.reason.{name}": each for name, each in summary.reasons.items()}
        told |= {f"trimtab.resources.{name}": each for name, each in capacity.stands.items()}
        if capacity.plan is not None:
            told["trimtab.plan.digest"] = capacity.plan
        self._span.set_attributes(told)
        if summary.fatal is not None:
            self._span.set_status(StatusCode.ERROR, summary.fatal)
