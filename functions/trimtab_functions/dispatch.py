"""Which function a pipeline step asks for: its input's group says so.

One package serves several, so that a platform team installs one Function. A step without an input
asks for the capacity function.
"""

from functools import cached_property
from typing import Any, Protocol

from crossplane.function.proto.v1 import run_function_pb2 as fnv1

from trimtab_functions import structs
from trimtab_functions.capacity.compose import Clock, Composer
from trimtab_functions.memo import Memo

CLUSTER_API_VERSION = "cluster.fn.trimtab.dev/v1alpha1"
"""As `cluster.settings` has it, which is not imported for it."""


class Composes(Protocol):
    """What answers a call."""

    def compose(self, req: fnv1.RunFunctionRequest, rsp: fnv1.RunFunctionResponse) -> None:
        """Write the answer into the response, as `response.to` began it."""


class Functions:
    """Every function of this package.

    Args:
        clock: tells the present; see each function on what it asks it for.
        by_version: whether requests come from a real API server; see `Composer`.
    """

    def __init__(self, clock: Clock, *, by_version: bool = False) -> None:
        self._clock = clock
        self._capacity = Composer(clock, by_version=by_version)

    @property
    def memos(self) -> dict[str, Memo[Any]]:
        """What the capacity function keeps from call to call, by name."""
        return self._capacity.memos

    def compose(self, req: fnv1.RunFunctionRequest, rsp: fnv1.RunFunctionResponse) -> None:
        """Write the answer of the function that the step asks for."""
        self._of(req).compose(req, rsp)

    def _of(self, req: fnv1.RunFunctionRequest) -> Composes:
        asked = structs.item(req.input, "apiVersion")
        return self._cluster if asked == CLUSTER_API_VERSION else self._capacity

    @cached_property
    def _cluster(self) -> Composes:
        # Imported by the first call for a cluster: most processes never get one, and all wait at the start.
        from trimtab_functions.cluster.compose import ClusterComposer

        return ClusterComposer(self._clock)
