"""The plan that the function holds: its states, told apart since a user acts on each in another way.

Pure: plans arrive as data, from whatever source. Reading one is memoised on its bytes, since
Crossplane sends the same plan on every call.

A plan holds from an hour before its start: the planner begins plans at the first whole hour after
they are made, and a cluster need not wait for that. Earlier than that it does not hold, or a plan that
is put there ahead of its time, say a quiet week's, would shrink what runs now.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Any

from trimtab.clock import format_instant, parse_instant
from trimtab.errors import InputError
from trimtab.plan.document import parse_plan
from trimtab.plan.model import API_VERSION, KIND, CapacityPlan
from trimtab.policy.check import check_plan, valid_until
from trimtab.policy.model import PolicySpec
from trimtab_functions.capacity.documents import at
from trimtab_functions.capacity.settings import ObjectKey
from trimtab_functions.capacity.sources import FromContext, Inline, Labelled, Source
from trimtab_functions.memo import Memo

LEAD = timedelta(hours=1)
"""How long before its start a plan holds."""

MEMO_PLANS = 16
MEMO_BYTES = 4_000_000
"""Of documents; a parsed plan takes some ten times its document's bytes."""

_BELIEVED = PolicySpec()


class PlanState(Enum):
    """What is known of the plan."""

    UNNAMED = auto()  # the user's input is wrong, so none was asked for: mend the input
    NOT_FETCHED = auto()  # asked for, and no answer yet: nobody need act
    NOT_FOUND = auto()  # asked for, and there is none: create it, or name another
    INVALID = auto()  # there is one that can't be read: mend it
    NOT_STARTED = auto()  # it is for a later time: wait
    EXPIRED = auto()  # past its validity: make a new one
    NOT_APPROVED = auto()  # the policy believes only plans with other digests: approve it
    POLICY_NOT_FETCHED = auto()  # how plans may be followed is not known yet: nobody need act
    POLICY_NOT_FOUND = auto()  # there is no such policy: create it, or name another
    POLICY_INVALID = auto()  # there is one that can't be read: mend it
    CURRENT = auto()


@dataclass(frozen=True)
class Lookup:
    """A plan's state.

    Attributes:
        message: what to do.
        plan: the plan, where one was read.
        source: where it comes from, in words.
        namespace: the plan's own; empty where it is no object of the cluster.
        changes_at: when the state changes by itself; None: never.
    """

    state: PlanState
    message: str
    plan: CapacityPlan | None = None
    source: str = ""
    namespace: str = ""
    changes_at: datetime | None = None

    @property
    def usable(self) -> CapacityPlan | None:
        """The plan, when it may move sizes."""
        return self.plan if self.state is PlanState.CURRENT else None


@dataclass(frozen=True)
class Arrived:
    """A plan as it arrived.

    Attributes:
        content: its bytes, or what else is equal only for equal plans.
        read: reads its data.
        name: where several may arrive.
        size: of its bytes; None for those of `content`.
    """

    content: bytes
    read: Callable[[], Mapping[str, Any]]
    name: str = ""
    size: Callable[[], int] | None = None


@dataclass(frozen=True)
class _Unread:
    """What can't be read.

    Attributes:
        as_of: when it was made, where at least that can be read.
    """

    error: InputError
    as_of: datetime | None


class PlanReader:
    """Turns what arrived into plans; equal bytes give the same object."""

    def __init__(self) -> None:
        self.memo: Memo[CapacityPlan | _Unread] = Memo(MEMO_PLANS, MEMO_BYTES)

    def look_up(
        self,
        source: Source,
        arrived: Arrived | None,
        instant: datetime,
        policy: PolicySpec = _BELIEVED,
    ) -> Lookup:
        """What is known of the plan, given what arrived of it (None: there is none)."""
        if arrived is None:
            return Lookup(PlanState.NOT_FOUND, _not_found(source))
        return _standing(self._read(_called(source), arrived), source, instant, policy)

    def choose(
        self,
        source: Labelled,
        arrived: Sequence[Arrived],
        instant: datetime,
        policy: PolicySpec = _BELIEVED,
    ) -> Lookup:
        """What is known of the plan that holds, of several.

        Of those that hold it is the latest made, else the next to begin, else the latest made of those
        that held; of two alike the first by name. One that can't be read is passed over only where it
        says that it was made before the one chosen: else it might be meant to take its place.
        """
        if not arrived:
            return Lookup(PlanState.NOT_FOUND, _not_found(source))
        found, unread = [], []
        for each in sorted(arrived, key=lambda each: each.name):
            key = ObjectKey(each.name, source.namespace)
            plan = self._read(_called(key), each)
            lookup = _standing(plan, key, instant, policy)
            if isinstance(plan, _Unread):
                unread.append((lookup, plan.as_of))
            else:
                found.append((plan, lookup))
        chosen = min(found, key=lambda each: _rank(*each), default=None)
        changes = [each.changes_at for _, each in found if each.changes_at is not None]
        changes_at = min(changes, default=None)
        for lookup, as_of in unread:
            if chosen is None or as_of is None or as_of >= chosen[0].spec.as_of:
                # Another may be chosen later, and this one passed over.
                return replace(lookup, changes_at=changes_at)
        assert chosen is not None  # noqa: S101 - else one was unread
        return replace(chosen[1], changes_at=changes_at)

    def _read(self, called: str, arrived: Arrived) -> CapacityPlan | _Unread:
        content = arrived.content
        return self.memo.get(
            (called, content),
            arrived.size or len(content),
            lambda: _parse(called, arrived.read()),
        )


def _parse(called: str, document: Mapping[str, Any]) -> CapacityPlan | _Unread:
    try:
        return parse_plan(document, called)
    except InputError as error:
        return _Unread(error.bare(), _as_of(document))


def _as_of(document: Mapping[str, Any]) -> datetime | None:
    stated = at(document, "spec", "asOf")
    try:
        return parse_instant(stated) if isinstance(stated, str) else None
    except ValueError:
        return None


def _standing(
    plan: CapacityPlan | _Unread, source: Source, instant: datetime, policy: PolicySpec
) -> Lookup:
    """Whether a plan holds."""
    if isinstance(plan, _Unread):
        return Lookup(PlanState.INVALID, str(plan.error))
    spec, until = plan.spec, valid_until(policy, plan)
    short, called = str(source), _called(source)
    namespace = source.namespace if isinstance(source, ObjectKey) else ""
    if why := check_plan(policy, plan):
        message = f"{short}: {'; '.join(why)} of the CapacityPolicy; add it there"
        return Lookup(PlanState.NOT_APPROVED, message, plan, called, namespace)
    if instant >= until:
        so_soon = "" if until == spec.valid_until else " by the CapacityPolicy's plans.maxAgeHours"
        message = f"{short} expired at {format_instant(until)}{so_soon}; make a new plan"
        return Lookup(PlanState.EXPIRED, message, plan, called, namespace)
    if instant < spec.start - LEAD:
        message = f"{short} begins at {format_instant(spec.start)}; what runs is kept until then"
        return Lookup(PlanState.NOT_STARTED, message, plan, called, namespace, spec.start - LEAD)
    message = f"{short}, digest {plan.digest}"
    return Lookup(PlanState.CURRENT, message, plan, called, namespace, until)


_RANKS = {PlanState.CURRENT: 0, PlanState.NOT_STARTED: 1}


def _rank(plan: CapacityPlan, lookup: Lookup) -> tuple[int, float]:
    """Of several plans the least is the one to follow."""
    rank, spec = _RANKS.get(lookup.state, 2), plan.spec
    if lookup.state is PlanState.NOT_STARTED:
        return rank, spec.start.timestamp()
    return rank, -spec.as_of.timestamp()


def _called(source: Source) -> str:
    """What to call the plan of a source."""
    return f"CapacityPlan {source}" if isinstance(source, ObjectKey) else str(source)


def _not_found(source: Source) -> str:
    match source:
        case ObjectKey():
            return f"there is no CapacityPlan {source}; create it, or name another in the XR"
        case Labelled():
            return f"there is no CapacityPlan {source}; create one, or give one these labels"
        case Inline():
            missing = str(source).removeprefix("the ")
            return f"there is no {missing}; write one there"
        case FromContext():
            missing = str(source).removeprefix("the ")
            return f"there is no {missing}; mend the earlier step that is to put it there"


def inline_document(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A plan that stands in another object: the whole document, or its spec under a name."""
    if "spec" in value or "kind" in value:
        return value
    return {"apiVersion": API_VERSION, "kind": KIND, "metadata": {"name": name}, "spec": value}


def not_fetched(source: Source) -> Lookup:
    """The state before Crossplane has answered the requirement."""
    return Lookup(PlanState.NOT_FETCHED, f"waiting for Crossplane to fetch CapacityPlan {source}")


def invalid(error: InputError) -> Lookup:
    """The state when what stands in the plan's place is none."""
    return Lookup(PlanState.INVALID, str(error))


def unnamed(error: InputError) -> Lookup:
    """The state when the user's input can't be followed."""
    return Lookup(PlanState.UNNAMED, str(error))
