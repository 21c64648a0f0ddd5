"""Composing a response: from a request to its scene, and from the decision to desired state.

The one module that knows both protobuf and the domain. It is a pure function of the request and the
clock, and of the clock only through the index of the window that holds and the response's time to
live; the memo of plans that were read changes how long it takes, not what it answers.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from crossplane.function import resource, response
from crossplane.function.proto.v1 import run_function_pb2 as fnv1

from trimtab.errors import InputError
from trimtab.plan.model import API_VERSION as PLAN_API_VERSION
from trimtab.plan.model import KIND as PLAN_KIND
from trimtab_functions.capacity import nodegroups, outcomes, placement, plans, structs
from trimtab_functions.capacity.nodegroups import Observed, Template
from trimtab_functions.capacity.placement import Decision, Scene
from trimtab_functions.capacity.plans import Arrived, Lookup, PlanReader
from trimtab_functions.capacity.settings import (
    Input,
    NodeGroupsSpec,
    PlanKey,
    parse_input,
    parse_spec,
    plan_key,
)
from trimtab_functions.capacity.status import status

REQUIREMENT = "capacity-plan"
"""The required resource's name; a bootstrap requirement in a Composition uses it too."""

STATUS_FIELD = "capacity"
"""Of the XR's status: what the function reports."""

REFRESH = timedelta(seconds=60)
"""The longest time to live: Crossplane 2.2 does not reconcile when a required resource changes."""

SHORTEST = timedelta(seconds=1)
"""Crossplane takes a time to live of 0 for none at all."""

Clock = Callable[[], datetime]


@dataclass(frozen=True)
class _Asked:
    """What the user asks for; `plan` is the error when that can't be told."""

    mode: str
    plan: PlanKey | InputError
    spec: NodeGroupsSpec | None = None


class Composer:
    """Composes responses; the clock is the only thing that it reads beside the request."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._plans = PlanReader()

    def compose(self, req: fnv1.RunFunctionRequest, rsp: fnv1.RunFunctionResponse) -> None:
        """Write the desired node groups, the XR's status and its conditions.

        Args:
            req: the request.
            rsp: the response to it, as `response.to` begins one.
        """
        instant = self._clock()
        asked = _resolve_inputs(req)
        lookup = self._resolve_plan(req, rsp, asked, instant)
        scene = _scene(req, asked, lookup, instant)
        decision = placement.decide(scene)
        _write_node_groups(rsp, decision)
        _write_status(rsp, scene, decision)
        _write_conditions(rsp, lookup, decision)
        rsp.meta.ttl.FromTimedelta(_time_to_live(scene, decision))

    def _resolve_plan(
        self,
        req: fnv1.RunFunctionRequest,
        rsp: fnv1.RunFunctionResponse,
        asked: _Asked,
        instant: datetime,
    ) -> Lookup:
        """Ask for the plan, as every call must, and look at what has arrived."""
        key = asked.plan
        if isinstance(key, InputError):
            return plans.unnamed(key)
        response.require_resources(
            rsp,
            REQUIREMENT,
            PLAN_API_VERSION,
            PLAN_KIND,
            match_name=key.name,
            namespace=key.namespace,
        )
        if REQUIREMENT not in req.required_resources:
            return plans.not_fetched(key)
        items = [each.resource for each in req.required_resources[REQUIREMENT].items]
        arrived = [each for each in items if _is_plan(each, key)]
        if items and not arrived:
            # A bootstrap requirement brought another plan; ours comes with the next call.
            return plans.not_fetched(key)
        found = arrived[0] if arrived else None
        return self._plans.look_up(key, _arrived(found) if found else None, instant)


def _resolve_inputs(req: fnv1.RunFunctionRequest) -> _Asked:
    """What the step's input and the XR's spec ask for."""
    mode = "Compose"  # what is kept while the input is wrong
    try:
        settings = parse_input(structs.to_data(req.input)) if req.input.fields else Input()
        mode = settings.mode
        composite = req.observed.composite.resource
        xr = {name: structs.part(composite, name) for name in ("metadata", "spec")}
        spec = parse_spec(xr["spec"] or {}) if mode == "Compose" else None
        return _Asked(mode, plan_key(settings.plan, xr), spec)
    except InputError as error:
        return _Asked(mode, error)


def _is_plan(struct: Any, key: PlanKey) -> bool:
    namespace = structs.part(struct, "metadata", "namespace")
    name = structs.part(struct, "metadata", "name")
    return name == key.name and namespace in (None, "", key.namespace)


def _arrived(struct: Any) -> Arrived:
    content = struct.SerializeToString(deterministic=True)
    return Arrived(content, lambda: structs.to_data(struct))


def _scene(req: fnv1.RunFunctionRequest, asked: _Asked, lookup: Lookup, instant: datetime) -> Scene:
    """All that the decision depends on, in an order that doesn't hang on protobuf's maps."""
    return Scene(
        plan=lookup.usable,
        composes=asked.mode == "Compose",
        spec=asked.spec,
        templates={template.key: template for template in _templates(req)},
        observed={observed.key: observed for observed in _observed(req)},
        instant=instant,
    )


def _templates(req: fnv1.RunFunctionRequest) -> Iterable[Template]:
    for key, desired in sorted(req.desired.resources.items()):
        if _is_node_group(desired):
            template = nodegroups.read_template(key, structs.to_data(desired.resource))
            if template is not None:
                yield template


def _observed(req: fnv1.RunFunctionRequest) -> Iterable[Observed]:
    for key, observed in sorted(req.observed.resources.items()):
        if _is_node_group(observed):
            struct = observed.resource
            document = {each: structs.part(struct, each) for each in _OBSERVED_PARTS}
            document["status"] = {
                "atProvider": {
                    each: structs.part(struct, "status", "atProvider", each)
                    for each in _REPORTED_PARTS
                },
                "conditions": structs.part(struct, "status", "conditions"),
            }
            yield nodegroups.read_observed(key, document)


_OBSERVED_PARTS = ("apiVersion", "kind", "metadata", "spec")
_REPORTED_PARTS = ("scalingConfig", "capacityType", "instanceTypes", "amiType")


def _is_node_group(each: fnv1.Resource) -> bool:
    return nodegroups.is_node_group(
        {name: structs.part(each.resource, name) for name in ("apiVersion", "kind")}
    )


def _write_node_groups(rsp: fnv1.RunFunctionResponse, decision: Decision) -> None:
    for key, placed in decision.placed.items():
        if placed.document is None:
            rsp.desired.resources.pop(key, None)
            continue
        desired = rsp.desired.resources[key]
        desired.resource.CopyFrom(structs.from_data(placed.document))
        desired.ready = fnv1.READY_TRUE if placed.ready else fnv1.READY_FALSE
    for key in decision.retired:
        rsp.desired.resources.pop(key, None)


def _write_status(rsp: fnv1.RunFunctionResponse, scene: Scene, decision: Decision) -> None:
    # Earlier steps' status stays, and the XR's kind may have words of its own for `groups`.
    told = structs.part(rsp.desired.composite.resource, "status") or {}
    told[STATUS_FIELD] = status(scene.plan, decision)
    rsp.desired.composite.resource.update({"status": told})
    if all(placed.document is None for placed in decision.placed.values()):
        # An XR without composed resources would count as ready, and it has no capacity at all.
        rsp.desired.composite.ready = fnv1.READY_FALSE


def _write_conditions(rsp: fnv1.RunFunctionResponse, lookup: Lookup, decision: Decision) -> None:
    found = [outcomes.plan_outcome(lookup, decision), outcomes.capacity_outcome(decision)]
    for each in found:
        condition = resource.Condition(each.type, each.status, each.reason, each.message)
        response.set_conditions(rsp, condition)
        if each.needs_a_person:
            response.warning(rsp, f"{each.reason}: {each.message}")


def _time_to_live(scene: Scene, decision: Decision) -> timedelta:
    """Until a size of the plan changes or the plan expires, within what Crossplane allows."""
    ends = [placed.planned.window.end for placed in decision.placed.values() if placed.planned]
    if scene.plan is not None:
        ends.append(scene.plan.spec.valid_until)
    ahead = [end - scene.instant for end in ends if end > scene.instant]
    soonest = min([REFRESH, *ahead])
    return max(SHORTEST, timedelta(seconds=math.ceil(soonest.total_seconds())))
