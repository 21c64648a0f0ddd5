"""Composing a cluster's response; the one module here that knows protobuf and the domain both.

A pure function of the request. The plan is asked for, since it says which drivers the cluster needs;
without a usable one the cluster is composed all the same, and what a plan decided before stays.
"""

from collections.abc import Mapping
from typing import Any

from crossplane.function import resource, response
from crossplane.function.proto.v1 import run_function_pb2 as fnv1

from trimtab.errors import InputError, allowed
from trimtab.plan.model import API_VERSION as PLAN_API_VERSION
from trimtab.plan.model import KIND as PLAN_KIND
from trimtab.plan.model import CapacityPlan
from trimtab_functions import structs
from trimtab_functions.capacity.adapters.base import as_applied
from trimtab_functions.capacity.compose import REQUIREMENT, Clock
from trimtab_functions.capacity.documents import Document, section, text
from trimtab_functions.capacity.plans import Arrived, PlanReader
from trimtab_functions.capacity.settings import PlanKey
from trimtab_functions.cluster.platforms import PLATFORMS
from trimtab_functions.cluster.resources import MANAGED_BY, Resource, arrange, is_ready
from trimtab_functions.cluster.settings import parse_input, parse_spec

CLUSTER_COMPOSED = "ClusterComposed"
"""Whether all that the cluster is to have is there."""

COMPOSED = "Composed"  # True: everything is desired, whether ready or not
WAITING = "Waiting"  # False: some wait for what they need; nobody need act
INPUT_INVALID = "InputInvalid"  # False: the step's input or the XR's spec is wrong; nothing changes


class ClusterComposer:
    """Composes responses; the clock tells nothing but whether the plan has expired."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._plans = PlanReader()

    def compose(self, req: fnv1.RunFunctionRequest, rsp: fnv1.RunFunctionResponse) -> None:
        """Write the cluster's resources and the condition that says how it stands.

        Args:
            req: the request.
            rsp: the response to it, as `response.to` begins one.
        """
        observed = _observed(req)
        try:
            platform = PLATFORMS[parse_input(structs.to_data(req.input)).platform]
            composite = req.observed.composite.resource
            stated = structs.item(composite, "metadata")
            metadata = stated if isinstance(stated, dict) else {}
            spec = parse_spec(platform.spec, structs.item(composite, "spec") or {})
            plan = self._plan(req, rsp, metadata, spec.plan_ref.name)
            made = platform.resources(str(metadata.get("name") or ""), spec, plan)
        except InputError as error:
            _keep(rsp, observed, ())
            _say(rsp, "False", INPUT_INVALID, str(error))
            return
        ready = {key: is_ready(document) for key, document in observed.items()}
        arranged = arrange(made, ready)
        for each in arranged.desired:
            _write(rsp, each, ready=ready.get(each.key, False))
        if plan is None:
            # Nobody knows which drivers the pools need: those that are there stay.
            _keep(rsp, observed, {each.key for each in made})
        if arranged.waiting:
            told = "; ".join(f"{k} for {allowed(list(v))}" for k, v in arranged.waiting.items())
            _say(rsp, "False", WAITING, f"not created yet: {told}")
            rsp.desired.composite.ready = fnv1.READY_FALSE
        else:
            _say(rsp, "True", COMPOSED, f"resources: {len(arranged.desired)}")

    def _plan(
        self,
        req: fnv1.RunFunctionRequest,
        rsp: fnv1.RunFunctionResponse,
        metadata: Mapping[str, Any],
        name: str,
    ) -> CapacityPlan | None:
        """The plan, current or expired: which machines there are does not end with it."""
        key = PlanKey(name, text(metadata.get("namespace")) or "")
        response.require_resources(
            rsp,
            REQUIREMENT,
            PLAN_API_VERSION,
            PLAN_KIND,
            match_name=key.name,
            namespace=key.namespace,
        )
        if REQUIREMENT not in req.required_resources:
            return None
        items = req.required_resources[REQUIREMENT].items
        if not items:
            return None
        struct = items[0].resource
        content = struct.SerializeToString(deterministic=True)
        arrived = Arrived(content, lambda: structs.to_data(struct))
        return self._plans.look_up(key, arrived, self._clock()).plan


def _observed(req: fnv1.RunFunctionRequest) -> dict[str, Document]:
    """What exists of what this step composed."""
    found = {}
    for key in sorted(req.observed.resources):
        document = structs.to_data(req.observed.resources[key].resource)
        labels = section(document, "metadata", "labels")
        if MANAGED_BY.items() <= labels.items():
            found[key] = document
    return found


def _keep(
    rsp: fnv1.RunFunctionResponse, observed: Mapping[str, Document], but: "set[str] | tuple[()]"
) -> None:
    for key, document in observed.items():
        if key not in but and key not in rsp.desired.resources:
            kept = Resource(key, as_applied(document))
            _write(rsp, kept, ready=is_ready(document))


def _write(rsp: fnv1.RunFunctionResponse, each: Resource, *, ready: bool) -> None:
    target = rsp.desired.resources[each.key]
    target.resource.CopyFrom(structs.from_data(each.document))
    if not each.template:
        target.ready = fnv1.READY_TRUE if ready else fnv1.READY_FALSE


def _say(rsp: fnv1.RunFunctionResponse, status: str, reason: str, message: str) -> None:
    response.set_conditions(rsp, resource.Condition(CLUSTER_COMPOSED, status, reason, message))
    if reason == INPUT_INVALID:
        response.warning(rsp, f"{reason}: {message}")
