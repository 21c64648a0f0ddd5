"""The gRPC service: begins the response, and hands over to the composer."""

import grpc
from crossplane.function import logging, response
from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from crossplane.function.proto.v1 import run_function_pb2_grpc as grpcv1

from trimtab_functions.capacity.compose import REFRESH, Clock
from trimtab_functions.dispatch import Functions


class FunctionRunner(grpcv1.FunctionRunnerServiceServicer):
    """Serves RunFunction."""

    def __init__(self, clock: Clock) -> None:
        self._functions = Functions(clock)
        self._log = logging.get_logger()

    async def RunFunction(  # noqa: N802 - gRPC's name
        self, req: fnv1.RunFunctionRequest, _: grpc.aio.ServicerContext
    ) -> fnv1.RunFunctionResponse:
        """Answer one call of Crossplane's."""
        log = self._log.bind(tag=req.meta.tag)
        rsp = response.to(req, REFRESH)
        self._functions.compose(req, rsp)
        for condition in rsp.conditions:
            log.debug(condition.message, type=condition.type, reason=condition.reason)
        return rsp
