"""Composing a response: from a request to what is known, and from the decision to desired state.

The one module that knows both protobuf and the domain. It is a pure function of the request and the
clock, and of the clock only through the index of the window that holds and the response's time to
live. What it keeps from call to call are memos of pure functions, bounded, by content.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from crossplane.function import resource, response
from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from google.protobuf import struct_pb2 as structpb

from trimtab.errors import InputError
from trimtab.plan.model import API_VERSION as PLAN_API_VERSION
from trimtab.plan.model import KIND as PLAN_KIND
from trimtab_functions.capacity import nodegroups, outcomes, placement, plans, structs
from trimtab_functions.capacity.memo import Memo
from trimtab_functions.capacity.nodegroups import Observed, Template
from trimtab_functions.capacity.placement import Decision
from trimtab_functions.capacity.plans import Arrived, Lookup, PlanReader
from trimtab_functions.capacity.preparation import Preparation, Wanted, prepare
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

MEMO_DOCUMENTS, MEMO_BYTES = 8192, 16_000_000
"""Of node groups that were read, and of what they were read from."""

MEMO_PREPARATIONS, MEMO_GROUPS = 256, 2000
"""Of preparations, and of the groups in their plans; a group takes some 20 kB."""

Clock = Callable[[], datetime]


@dataclass(frozen=True)
class _Asked:
    """What the user asks for; `plan` is the error when that can't be told."""

    mode: str
    plan: PlanKey | InputError
    spec: NodeGroupsSpec | None = None


@dataclass(frozen=True)
class _Ready:
    """A preparation, and its documents as they go into a response, by identity."""

    preparation: Preparation
    written: Mapping[int, structpb.Struct]


class Composer:
    """Composes responses; the clock is the only thing that it reads beside the request."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._plans = PlanReader()
        self._templates: Memo[Template | None] = Memo(MEMO_DOCUMENTS, MEMO_BYTES)
        self._observed: Memo[Observed] = Memo(MEMO_DOCUMENTS, MEMO_BYTES)
        self._prepared: Memo[_Ready] = Memo(MEMO_PREPARATIONS, MEMO_GROUPS)

    def compose(self, req: fnv1.RunFunctionRequest, rsp: fnv1.RunFunctionResponse) -> None:
        """Write the desired node groups, the XR's status and its conditions.

        Args:
            req: the request.
            rsp: the response to it, as `response.to` begins one.
        """
        instant = self._clock()
        asked = _resolve_inputs(req)
        lookup = self._resolve_plan(req, rsp, asked, instant)
        ready = self._prepare(req, asked, lookup)
        decision = placement.decide(ready.preparation, self._resolve_observed(req), instant)
        _write_node_groups(rsp, ready, decision)
        _write_status(rsp, lookup, decision)
        _write_conditions(rsp, lookup, ready.preparation, decision)
        rsp.meta.ttl.FromTimedelta(_time_to_live(lookup, decision, instant))

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
        found = next((each for each in items if _is_plan(each, key)), None)
        if items and found is None:
            # A bootstrap requirement brought another plan; ours comes with the next call.
            return plans.not_fetched(key)
        return self._plans.look_up(key, _arrived(found) if found else None, instant)

    def _prepare(self, req: fnv1.RunFunctionRequest, asked: _Asked, lookup: Lookup) -> _Ready:
        """What the plan, the settings and the earlier steps' node groups imply."""
        templates = {}
        for key in sorted(req.desired.resources):
            struct = req.desired.resources[key].resource
            if _is_node_group(struct):
                content = _content(struct)
                template = self._templates.get((key, content), len(content), _reader(key, content))
                if template is not None:
                    templates[key] = template
        wanted = Wanted(lookup.usable, asked.mode == "Compose", asked.spec, templates)
        # By identity: memos gave the plan and the templates, and the result keeps them alive.
        same = (id(wanted.plan), wanted.composes, wanted.spec, tuple(map(id, templates.values())))
        size = sum(len(pool.groups) for pool in wanted.plan.spec.pools) if wanted.plan else 0
        return self._prepared.get(same, size, lambda: _write_ahead(prepare(wanted)))

    def _resolve_observed(self, req: fnv1.RunFunctionRequest) -> dict[str, Observed]:
        """The node groups that exist."""
        observed = {}
        for key in sorted(req.observed.resources):
            struct = req.observed.resources[key].resource
            if _is_node_group(struct):
                content = _content(struct)
                observed[key] = self._observed.get(
                    (key, content), len(content), _observer(key, content)
                )
        return observed


def _resolve_inputs(req: fnv1.RunFunctionRequest) -> _Asked:
    """What the step's input and the XR's spec ask for."""
    mode = "Compose"  # what is kept while the input is wrong
    try:
        settings = parse_input(structs.to_data(req.input)) if req.input.fields else Input()
        mode = settings.mode
        composite = req.observed.composite.resource
        xr = {name: structs.item(composite, name) or {} for name in ("metadata", "spec")}
        spec = parse_spec(xr["spec"]) if mode == "Compose" else None
        return _Asked(mode, plan_key(settings.plan, xr), spec)
    except InputError as error:
        return _Asked(mode, error)


def _is_plan(struct: structpb.Struct, key: PlanKey) -> bool:
    metadata = structs.child(struct, "metadata")
    namespace = structs.item(metadata, "namespace")
    return structs.item(metadata, "name") == key.name and namespace in (None, "", key.namespace)


def _arrived(struct: structpb.Struct) -> Arrived:
    return Arrived(_content(struct), lambda: structs.to_data(struct))


def _content(struct: structpb.Struct) -> bytes:
    """The message's bytes, equal for equal messages."""
    content: bytes = struct.SerializeToString(deterministic=True)
    return content


def _is_node_group(struct: structpb.Struct) -> bool:
    return nodegroups.is_node_group(
        structs.item(struct, "apiVersion"), structs.item(struct, "kind")
    )


def _reader(key: str, content: bytes) -> Callable[[], Template | None]:
    return lambda: nodegroups.read_template(key, _document(content))


def _observer(key: str, content: bytes) -> Callable[[], Observed]:
    # From the bytes, since a part of a message keeps all of its request in memory.
    return lambda: nodegroups.read_observed(key, _document(content), lambda: _document(content))


def _document(content: bytes) -> nodegroups.Document:
    return structs.to_data(structpb.Struct.FromString(content))


def _write_ahead(preparation: Preparation) -> _Ready:
    documents = [slot.document for pool in preparation.pools for slot in pool.slots]
    return _Ready(preparation, {id(each): structs.from_data(each) for each in documents})


def _write_node_groups(rsp: fnv1.RunFunctionResponse, ready: _Ready, decision: Decision) -> None:
    for key, placed in decision.placed.items():
        if placed.document is None:
            rsp.desired.resources.pop(key, None)
            continue
        desired = rsp.desired.resources[key]
        written = ready.written.get(id(placed.document))
        desired.resource.CopyFrom(written or structs.from_data(placed.document))
        if placed.scaling is not None:
            for path, sizes in nodegroups.sizes_of(placed.scaling).items():
                structs.replace(desired.resource, path, sizes)
        desired.ready = fnv1.READY_TRUE if placed.ready else fnv1.READY_FALSE
    for key in decision.retired:
        rsp.desired.resources.pop(key, None)


def _write_status(rsp: fnv1.RunFunctionResponse, lookup: Lookup, decision: Decision) -> None:
    # Beside what earlier steps report, and under one name: the XR may have its own `groups`.
    composite = rsp.desired.composite
    structs.replace(composite.resource, ("status", STATUS_FIELD), status(lookup.usable, decision))
    if all(placed.document is None for placed in decision.placed.values()):
        # An XR without composed resources would count as ready, and it has no capacity at all.
        composite.ready = fnv1.READY_FALSE


def _write_conditions(
    rsp: fnv1.RunFunctionResponse, lookup: Lookup, prepared: Preparation, decision: Decision
) -> None:
    for each in (
        outcomes.plan_outcome(lookup, prepared),
        outcomes.capacity_outcome(prepared, decision),
    ):
        condition = resource.Condition(each.type, each.status, each.reason, each.message)
        response.set_conditions(rsp, condition)
        if each.needs_a_person:
            response.warning(rsp, f"{each.reason}: {each.message}")


def _time_to_live(lookup: Lookup, decision: Decision, instant: datetime) -> timedelta:
    """Until a size of the plan changes or the plan expires, `REFRESH` at the most.

    In whole seconds, rounded up: Crossplane takes 0 for no time to live at all.
    """
    ends = [placed.planned.window.end for placed in decision.placed.values() if placed.planned]
    if lookup.usable is not None:
        ends.append(lookup.usable.spec.valid_until)
    ahead = [end - instant for end in ends if end > instant]
    return timedelta(seconds=math.ceil(min([REFRESH, *ahead]).total_seconds()))
