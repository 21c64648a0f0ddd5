"""Composing a response: from a request to what is known, and from the decision to desired state.

The one module that knows both protobuf and the domain. It is a pure function of the request and the
clock, and of the clock only through the index of the window that holds and the response's time to
live. What it keeps from call to call are memos of pure functions, bounded, by content.
"""

import math
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from crossplane.function import resource, response
from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from google.protobuf import struct_pb2 as structpb

from trimtab.errors import InputError
from trimtab.plan.attribution import POOL_LABEL
from trimtab.plan.model import API_VERSION as PLAN_API_VERSION
from trimtab.plan.model import KIND as PLAN_KIND
from trimtab.policy.model import Stability
from trimtab_functions import structs
from trimtab_functions.capacity import following, outcomes, placement, plans
from trimtab_functions.capacity.adapters import GROUP_ADAPTERS, group_adapter
from trimtab_functions.capacity.adapters.base import GroupAdapter
from trimtab_functions.capacity.documents import Document
from trimtab_functions.capacity.following import FollowersDecision
from trimtab_functions.capacity.observed import Observed, Other, read_observed
from trimtab_functions.capacity.placement import Decision, Placed
from trimtab_functions.capacity.plans import Arrived, Lookup, PlanReader
from trimtab_functions.capacity.preparation import Preparation, Wanted, prepare
from trimtab_functions.capacity.selection import Following, Template, read_template
from trimtab_functions.capacity.settings import (
    ComposeSpec,
    Input,
    PlanKey,
    Target,
    parse_compose,
    parse_input,
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

    settings: Input
    plan: PlanKey | InputError
    compose: ComposeSpec | None = None


@dataclass(frozen=True)
class _Written:
    """A decision on a resource, as it goes into a response.

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
        self._templates: Memo[Template | Following | None] = Memo(MEMO_DOCUMENTS, MEMO_BYTES)
        self._observed: Memo[Observed | Other] = Memo(MEMO_DOCUMENTS, MEMO_BYTES)
        self._prepared: Memo[Preparation] = Memo(MEMO_PREPARATIONS, MEMO_GROUPS)
        self._written: Memo[_Written] = Memo(MEMO_DECISIONS, MEMO_DECISIONS)

    def compose(self, req: fnv1.RunFunctionRequest, rsp: fnv1.RunFunctionResponse) -> None:
        """Write the desired resources, the XR's status and its conditions.

        Args:
            req: the request.
            rsp: the response to it, as `response.to` begins one.
        """
        instant = self._clock()
        asked = _resolve_inputs(req)
        lookup = self._resolve_plan(req, rsp, asked, instant)
        prepared = self._prepare(req, asked, lookup)
        observed = self._resolve_observed(req, prepared)
        decision, followers, written = self._decide(prepared, observed, instant)
        _write_resources(rsp, decision, written)
        _write_status(rsp, lookup, written)
        _write_conditions(rsp, lookup, prepared, decision, followers)
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
        """What the plan, the settings and the earlier steps' resources imply."""
        targets = asked.settings.targets
        # Labels are looked at in all, but few have any that concern this function.
        how = _content(req.input) if targets else b""
        templates: dict[str, Template] = {}
        followers: dict[str, Following] = {}
        for key in sorted(req.desired.resources):
            struct = req.desired.resources[key].resource
            if not targets and not _is_labelled(struct):
                continue
            content = _content(struct)
            found = self._templates.get(
                (key, content, how),
                len(content),
                partial(_template, key, content, targets),
            )
            if isinstance(found, Template):
                templates[key] = found
            elif found is not None:
                followers[key] = found
        plan = lookup.usable
        wanted = Wanted(plan, asked.compose, templates, followers)
        # The plan by its identity, which its own memo gave it; the preparation keeps it alive.
        members = (*templates.values(), *followers.values())
        key_of_all = (id(plan), _compose_key(asked.compose), members)
        size = sum(len(pool.groups) for pool in plan.spec.pools) if plan else 0
        return self._prepared.get(key_of_all, size, lambda: prepare(wanted))

    def _decide(
        self, prepared: Preparation, observed: Mapping[str, Observed | Other], instant: datetime
    ) -> tuple[Decision, FollowersDecision, list[_Written]]:
        """The decisions, and what is to be written of them, in the order of groups."""
        by_identity: dict[int, _Written] = {}

        def remember(key: Hashable, make: Callable[[], Placed]) -> Placed:
            written = self._written.get(key, 1, lambda: _write(make()))
            by_identity[id(written.placed)] = written
            return written.placed

        stability = Stability()
        decision = placement.decide(prepared, observed, instant, stability, remember)
        followers = following.decide(prepared, observed, instant, stability, (), remember)
        members = [*decision.placed.values(), *followers.placed.values()]
        placed = sorted(members, key=lambda e: (e.ref.pool, e.ref.name or "", e.key))
        written = [by_identity.get(id(each)) or _write(each) for each in placed]
        return decision, followers, written

    def _resolve_observed(
        self, req: fnv1.RunFunctionRequest, prepared: Preparation
    ) -> dict[str, Observed | Other]:
        """The resources that exist and concern this function."""
        wanted = prepared.wanted
        observed = {}
        for key in sorted(req.observed.resources):
            struct = req.observed.resources[key].resource
            template = wanted.templates.get(key)
            if template is None and key not in wanted.followers and not _is_labelled(struct):
                continue
            content = _content(struct)
            adapter = template.adapter if template else None
            observed[key] = self._observed.get(
                (key, content, adapter),
                len(content),
                partial(_observed, key, content, adapter),
            )
        return observed


def _compose_key(compose: ComposeSpec | None) -> Hashable:
    """What a preparation hangs on of it; an error by its text."""
    if compose is None or not isinstance(compose.settings, InputError):
        return compose
    return (compose.adapter, compose.pools, str(compose.settings))


def _resolve_inputs(req: fnv1.RunFunctionRequest) -> _Asked:
    """What the step's input and the XR's spec ask for."""
    settings = Input()  # what is kept while the input is wrong
    try:
        if req.input.fields:
            settings = parse_input(structs.to_data(req.input))
        composite = req.observed.composite.resource
        xr = {name: structs.item(composite, name) or {} for name in ("metadata", "spec")}
        compose = parse_compose(settings.compose, xr) if settings.mode == "Compose" else None
        return _Asked(settings, plan_key(settings.plan, xr), compose)
    except InputError as error:
        adapter = GROUP_ADAPTERS[settings.compose.kind]
        nothing = ComposeSpec(adapter, (), error) if settings.mode == "Compose" else None
        return _Asked(settings, error, nothing)


def _is_labelled(struct: structpb.Struct) -> bool:
    """Whether a resource says that it belongs to a pool."""
    labels = structs.child(structs.child(struct, "metadata"), "labels")
    return labels is not None and POOL_LABEL in labels.fields


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


def _template(key: str, content: bytes, targets: tuple[Target, ...]) -> Template | Following | None:
    return read_template(key, _document(content), targets)


def _observed(key: str, content: bytes, adapter: GroupAdapter | None) -> Observed | Other:
    # From the bytes, since a part of a message keeps all of its request in memory.
    document = _document(content)
    reader = adapter or group_adapter(document)
    return read_observed(key, document, reader, lambda: _document(content))


def _document(content: bytes) -> Document:
    return structs.to_data(structpb.Struct.FromString(content))


def _write(placed: Placed) -> _Written:
    told = structs.from_data(entry(placed))
    if placed.document is None:
        return _Written(placed, None, told)
    document = structs.from_data(placed.document)
    ready = fnv1.READY_TRUE if placed.ready else fnv1.READY_FALSE
    state = fnv1.State(resources={placed.key: fnv1.Resource(resource=document, ready=ready)})
    return _Written(placed, state.SerializeToString(), told)


def _write_resources(
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
    rsp: fnv1.RunFunctionResponse,
    lookup: Lookup,
    prepared: Preparation,
    decision: Decision,
    followers: FollowersDecision,
) -> None:
    for each in (
        outcomes.plan_outcome(lookup, prepared),
        outcomes.capacity_outcome(prepared, decision, followers),
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
