"""A composition function for tests: composes the resources that its input lists, and no more.

It stands for whatever step a platform team has before the capacity function; without such a list it
is the least that a function can be. Run by a Python that has Crossplane's SDK:
`template_function.py PORT [FOLDER]`, with the folder's certificates or without TLS.
"""

import sys
from typing import Any

from crossplane.function import logging, resource, response, runtime
from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from crossplane.function.proto.v1 import run_function_pb2_grpc as grpcv1

MAX_BYTES = 8 * 1024 * 1024
"""Of a request, as the capacity function takes it."""


class TemplateFunction(grpcv1.FunctionRunnerServiceServicer):
    """Composes `resources` of the step's input, an object by composed resource name."""

    async def RunFunction(  # noqa: N802 - gRPC's name
        self, req: fnv1.RunFunctionRequest, _: Any
    ) -> fnv1.RunFunctionResponse:
        """Answer one call."""
        rsp = response.to(req)
        for key, document in resource.struct_to_dict(req.input).get("resources", {}).items():
            resource.update(rsp.desired.resources[key], document)
        return rsp


if __name__ == "__main__":
    logging.configure()
    folder = sys.argv[2] if len(sys.argv) > 2 else None
    runtime.serve(
        TemplateFunction(),
        f"localhost:{sys.argv[1]}",
        creds=runtime.load_credentials(folder) if folder else None,
        insecure=folder is None,
        options=[("grpc.max_receive_message_length", MAX_BYTES)],
    )
