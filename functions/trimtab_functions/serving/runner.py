"""The gRPC service: begins the response, hands over to the function that is asked for, and tells what was decided."""

import time
from typing import Any

import grpc
from crossplane.function import response
from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from crossplane.function.proto.v1 import run_function_pb2_grpc as grpcv1

from trimtab_functions.capacity.compose import REFRESH
from trimtab_functions.dispatch import Composes
from trimtab_functions.serving.logs import DecisionLog
from trimtab_functions.serving.metrics import Metrics
from trimtab_functions.serving.summary import Summariser
from trimtab_functions.serving.traces import Tracer

DEFECT = "a defect in the function: nothing is changed; please report it with the log"
"""The result of a request that met one, for which Crossplane leaves the XR as it is."""


class FunctionRunner(grpcv1.FunctionRunnerServiceServicer):
    """Serves RunFunction.

    Args:
        functions: write the answers.
        summariser: reads them.
        metrics: counts them.
        tracer: traces them.
        log: the process's log.
    """

    def __init__(
        self,
        functions: Composes,
        summariser: Summariser,
        metrics: Metrics,
        tracer: Tracer,
        log: Any,
    ) -> None:
        self._functions, self._summariser = functions, summariser
        self._metrics, self._tracer = metrics, tracer
        self._log, self._decisions = log, DecisionLog(log)

    async def RunFunction(  # noqa: N802 - gRPC's name
        self, req: fnv1.RunFunctionRequest, context: grpc.aio.ServicerContext
    ) -> fnv1.RunFunctionResponse:
        """Answer one call of Crossplane's."""
        begun = time.perf_counter()
        with self._tracer.span(context.invocation_metadata() or ()) as span:
            rsp = self._answer(req)
            seconds = time.perf_counter() - begun
            try:
                summary = self._summariser.summarise(req, rsp)
                self._metrics.count(summary, seconds)
                self._decisions.tell(summary, seconds)
                if span is not None:
                    span.tell(summary)
            except Exception:  # noqa: BLE001 - an answer is not lost for what is told of it
                self._log.exception("an answer could not be told", tag=req.meta.tag)
        return rsp

    def _answer(self, req: fnv1.RunFunctionRequest) -> fnv1.RunFunctionResponse:
        rsp = response.to(req, REFRESH)
        try:
            self._functions.compose(req, rsp)
        except Exception:  # noqa: BLE001 - whatever it is, Crossplane is to leave the XR as it is
            self._log.exception("a defect", tag=req.meta.tag)
            # What was written so far may be half of an answer.
            rsp = response.to(req, REFRESH)
            response.fatal(rsp, DEFECT)
        return rsp
