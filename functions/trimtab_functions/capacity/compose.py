"""Composing a response: from a request to what is known, and from the decision to desired state.

The one module that knows both protobuf and the domain. It is a pure function of the request and the
clock, and of the clock only through the index of the window that holds and the response's time to
live. What it keeps from call to call are memos of pure functions, bounded, by content.
"""

import math
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from crossplane.function import resource, response
from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from google.protobuf import struct_pb2 as structpb

from trimtab.errors import InputError
from trimtab.plan.model import API_VERSION as PLAN_API_VERSION
from trimtab.plan.model import KIND as PLAN_KIND
from trimtab_functions import structs
from trimtab_functions.capacity import nodegroups, outcomes, placement, plans
from trimtab_functions.capacity.nodegroups import Observed, Template
from trimtab_functions.capacity.placement import Decision, Placed
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
from trimtab_functions.capacity.status import entry, summary
from trimtab_functions.memo import Memo

REQUIREMENT = "capacity-plan"
"""The required resource's name; a bootstrap requirement in a Composition uses it too."""

STATUS_FIELD = "capacity"
"""Of the XR's status: what the function reports."""

REFRESH = timedelta(seconds=60)
"""The longest time to live: Crossplane 2.2 does not reconcile when a required resource changes."""

MEMO_DOCUMENTS, MEMO_BYTES = 8192, 16_000_000
"""Of node groups that were read, and of the bytes that they were read from."""

MEMO_PREPARATIONS, MEMO_GROUPS = 256, 2000
"""Of preparations, and of the groups in their plans; a group takes some 10 kB."""

MEMO_DECISIONS = 3000
"""On node groups; one takes some 10 kB."""

Clock = Callable[[], datetime]


@dataclass(frozen=True)
class _Asked:
    """What the user asks for; `plan` is the error when that can't be told."""

    mode: str
    plan: PlanKey | InputError
    spec: NodeGroupsSpec | None = None


@dataclass(frozen=True)
class _Written:
    """A decision on a node group, as it goes into a response.

    Attributes:
        desired: a State with its resource alone, as bytes; None when it is withheld.
        entry: its part of the XR's status.
    """

    placed: Placed
    desired: bytes | None
    entry: structpb.Struct


class Composer:
    """Composes responses; the clock is the only thing that it reads beside the request."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._plans = PlanReader()
        self._templates: Memo[Template | None] = Memo(MEMO_DOCUMENTS, MEMO_BYTES)
        self._observed: Memo[Observed | None] = Memo(MEMO_DOCUMENTS, MEMO_BYTES)
        self._prepared: Memo[Preparation] = Memo(MEMO_PREPARATIONS, MEMO_GROUPS)
        self._written: Memo[_Written] = Memo(MEMO_DECISIONS, MEMO_DECISIONS)

    def compose(self, req: fnv1.RunFunctionRequest, rsp: fnv1.RunFunctionResponse) -> None:
        """Write the desired node groups, the XR's status and its conditions.

        Args:
            req: the request.
            rsp: the response to it, as `response.to` begins one.
        """
        instant = self._clock()
        asked = _resolve_inputs(req)
        lookup = self._resolve_plan(req, rsp, asked, instant)
        prepared = self._prepare(req, asked, lookup)
        decision, written = self._decide(prepared, self._resolve_observed(req), instant)
        _write_node_groups(rsp, decision, written)
        _write_status(rsp, lookup, written)
        _write_conditions(rsp, lookup, prepared, decision)
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

    def _prepare(self, req: fnv1.RunFunctionRequest, asked: _Asked, lookup: Lookup) -> Preparation:
        """What the plan, the settings and the earlier steps' node groups imply."""
        templates = {}
        for key in sorted(req.desired.resources):
            struct = req.desired.resources[key].resource
            if structs.item(struct, "kind") != nodegroups.KIND:
                continue
            content = _content(struct)
            template = self._templates.get((key, content), len(content), _template(key, content))
            if template is not None:
                templates[key] = template
        plan = lookup.usable
        wanted = Wanted(plan, asked.mode == "Compose", asked.spec, templates)
        # The plan by its identity, which its own memo gave it; the preparation keeps it alive.
        key_of_all = (id(plan), wanted.composes, wanted.spec, tuple(templates.values()))
        size = sum(len(pool.groups) for pool in plan.spec.pools) if plan else 0
        return self._prepared.get(key_of_all, size, lambda: prepare(wanted))

    def _decide(
        self, prepared: Preparation, observed: Mapping[str, Observed], instant: datetime
    ) -> tuple[Decision, list[_Written]]:
        """The decision, and what is to be written of it, in the order of groups."""
        by_identity: dict[int, _Written] = {}

        def remember(key: Hashable, make: Callable[[], Placed]) -> Placed:
            written = self._written.get(key, 1, lambda: _write(make()))
            by_identity[id(written.placed)] = written
            return written.placed

        decision = placement.decide(prepared, observed, instant, remember)
        placed = sorted(decision.placed.values(), key=lambda e: (e.ref.pool, e.ref.name, e.key))
        return decision, [by_identity.get(id(each)) or _write(each) for each in placed]

    def _resolve_observed(self, req: fnv1.RunFunctionRequest) -> dict[str, Observed]:
        """The node groups that exist."""
        observed = {}
        for key in sorted(req.observed.resources):
            struct = req.observed.resources[key].resource
            if structs.item(struct, "kind") != nodegroups.KIND:
                continue
            content = _content(struct)
            found = self._observed.get((key, content), len(content), _observed(key, content))
            if found is not None:
                observed[key] = found
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


def _template(key: str, content: bytes) -> Callable[[], Template | None]:
    return lambda: nodegroups.read_template(key, _document(content))


def _observed(key: str, content: bytes) -> Callable[[], Observed | None]:
    # From the bytes, since a part of a message keeps all of its request in memory.
    return lambda: nodegroups.read_observed(key, _document(content), lambda: _document(content))


def _document(content: bytes) -> nodegroups.Document:
    return structs.to_data(structpb.Struct.FromString(content))


def _write(placed: Placed) -> _Written:
    told = structs.from_data(entry(placed))
    if placed.document is None:
        return _Written(placed, None, told)
    document = structs.from_data(placed.document)
    if placed.scaling is not None:
        for path, sizes in nodegroups.sizes_of(placed.scaling).items():
            structs.replace(document, path, sizes)
    ready = fnv1.READY_TRUE if placed.ready else fnv1.READY_FALSE
    state = fnv1.State(resources={placed.key: fnv1.Resource(resource=document, ready=ready)})
    return _Written(placed, state.SerializeToString(), told)


def _write_node_groups(
    rsp: fnv1.RunFunctionResponse, decision: Decision, written: list[_Written]
) -> None:
    for each in written:
        if each.desired is None:
            rsp.desired.resources.pop(each.placed.key, None)
    for key in decision.retired:
        rsp.desired.resources.pop(key, None)
    # An entry that is merged takes the place of the one with its key, as protobuf's maps do.
    rsp.desired.MergeFromString(b"".join(each.desired for each in written if each.desired))


def _write_status(rsp: fnv1.RunFunctionResponse, lookup: Lookup, written: list[_Written]) -> None:
    # Beside what earlier steps report, and under one name: the XR may have its own `groups`.
    composite = rsp.desired.composite
    told = summary(lookup.usable, [each.placed for each in written])
    capacity = structs.replace(composite.resource, ("status", STATUS_FIELD), {**told, "groups": []})
    groups = capacity.fields["groups"].list_value.values
    for each in written:
        groups.add().struct_value.CopyFrom(each.entry)
    if all(each.desired is None for each in written):
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
