"""Composing a cluster's response; the one module here that knows protobuf and the domain both.

A pure function of the request. The plan is asked for, since it says which drivers the cluster needs;
without a usable one the cluster is composed all the same, and what a plan decided before stays.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from crossplane.function import resource, response
from crossplane.function.proto.v1 import run_function_pb2 as fnv1

from trimtab.errors import InputError, allowed
from trimtab.plan.labels import POOL_LABEL
from trimtab.plan.model import API_VERSION as PLAN_API_VERSION
from trimtab.plan.model import KIND as PLAN_KIND
from trimtab.plan.model import CapacityPlan
from trimtab_functions import structs
from trimtab_functions.capacity.adapters.objects import as_applied
from trimtab_functions.capacity.compose import REQUIREMENT, Clock
from trimtab_functions.capacity.documents import Document, section, text
from trimtab_functions.capacity.plans import Arrived, PlanReader
from trimtab_functions.capacity.settings import ObjectKey
from trimtab_functions.cluster import workload
from trimtab_functions.cluster.platforms import PLATFORMS
from trimtab_functions.cluster.resources import (
    MANAGED_BY,
    Owner,
    Resource,
    arrange,
    is_ready,
    is_usable,
)
from trimtab_functions.cluster.settings import parse_input, parse_spec

CLUSTER_COMPOSED = "ClusterComposed"
"""Whether all that the cluster is to have is there."""

SYSTEM_PODS_HOSTED = "SystemPodsHosted"
"""Whether DNS, metrics and the drivers of volumes have nodes to run on, where the pools' are all."""

OPEN_GROUP = "OpenGroup"  # True: a group of the plan has nodes without taints
EVERY_GROUP_TAINTED = (
    "EveryGroupTainted"  # False: none has; a person must add one, or a taint must go
)
NO_PLAN = "NoPlan"  # Unknown: there is no plan to look at; see the plan's own condition

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
            step = parse_input(structs.to_data(req.input))
            platform = PLATFORMS[step.platform]
            composite = req.observed.composite.resource
            stated = structs.item(composite, "metadata")
            metadata = stated if isinstance(stated, dict) else {}
            spec = parse_spec(platform.spec, structs.item(composite, "spec") or {})
            plan = self._plan(req, rsp, metadata, spec.plan_ref.name)
            name = str(metadata.get("name") or "")
            owner = Owner(name, text(metadata.get("namespace")) or "")
            made = platform.resources(owner, spec, plan)
        except InputError as error:
            _keep(rsp, observed, ())
            _say(rsp, "False", INPUT_INVALID, str(error))
            return
        arranged = arrange(made, {key: is_usable(each) for key, each in observed.items()})
        for each in arranged.desired:
            _write(rsp, each, ready=each.key in observed and is_ready(observed[each.key]))
        if plan is None:
            # Nobody knows which drivers the pools need: those that are there stay.
            _keep(rsp, observed, {each.key for each in made})
        if step.status_field_path is not None:
            path = tuple(step.status_field_path.split("."))
            told_of = platform.found(name, spec, observed)
            structs.replace(rsp.desired.composite.resource, path, told_of)
        if platform.pools_alone(spec):
            _say_hosted(rsp, spec.plan_ref.name, spec.pools, plan)
        if arranged.waiting:
            _say(rsp, "False", WAITING, _waiting(arranged.waiting))
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
        key = ObjectKey(name, text(metadata.get("namespace")) or "")
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
    """What exists of what this step composed; a pool's nodes are the capacity function's."""
    found = {}
    for key in sorted(req.observed.resources):
        document = structs.to_data(req.observed.resources[key].resource)
        labels = section(document, "metadata", "labels")
        if MANAGED_BY.items() <= labels.items() and POOL_LABEL not in labels:
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


def _waiting(waiting: Mapping[str, tuple[str, ...]]) -> str:
    waits: dict[tuple[str, ...], list[str]] = {}
    for key, missing in waiting.items():
        waits.setdefault(missing, []).append(key)
    told = [f"for {allowed(list(on))} wait {', '.join(keys)}" for on, keys in waits.items()]
    return f"not created yet: {'; '.join(told)}"


def _say_hosted(
    rsp: fnv1.RunFunctionResponse, name: str, pools: Sequence[str], plan: CapacityPlan | None
) -> None:
    if plan is None:
        status, reason, message = "Unknown", NO_PLAN, f"no plan {name} to look at"
    elif any(map(workload.hosts_any_pod, workload.groups_of(plan, pools))):
        status, reason, message = "True", OPEN_GROUP, "a group of the plan takes any pod"
    else:
        status, reason = "False", EVERY_GROUP_TAINTED
        message = (
            f"every group of plan {name} in pools {allowed(list(pools))} is tainted or has no nodes: "
            "DNS, metrics and the drivers of volumes have none to run on; name a pool with an untainted "
            "group in spec.pools"
        )
        response.warning(rsp, f"{reason}: {message}")
    response.set_conditions(rsp, resource.Condition(SYSTEM_PODS_HOSTED, status, reason, message))


def _say(rsp: fnv1.RunFunctionResponse, status: str, reason: str, message: str) -> None:
    response.set_conditions(rsp, resource.Condition(CLUSTER_COMPOSED, status, reason, message))
    if reason == INPUT_INVALID:
        response.warning(rsp, f"{reason}: {message}")
