"""The plan that the function holds: its states, told apart since a user acts on each in another way.

Pure: a plan arrives as data. Reading one is memoised on its bytes, since Crossplane sends the same
plan on every call.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import Any

from trimtab.clock import format_instant
from trimtab.errors import InputError
from trimtab.plan.document import parse_plan
from trimtab.plan.model import CapacityPlan
from trimtab.plan.sizing import expired
from trimtab_functions.capacity.settings import PlanKey
from trimtab_functions.memo import Memo

MEMO_PLANS = 16
MEMO_BYTES = 4_000_000
"""Of documents; a parsed plan takes some ten times its document's bytes."""


class PlanState(Enum):
    """What is known of the plan."""

    UNNAMED = auto()  # the user's input is wrong, so none was asked for: mend the input
    NOT_FETCHED = auto()  # asked for, and no answer yet: nobody need act
    NOT_FOUND = auto()  # asked for, and there is none: create it, or name another
    INVALID = auto()  # there is one that can't be read: mend it
    EXPIRED = auto()  # past its validity: make a new one
    CURRENT = auto()


@dataclass(frozen=True)
class Lookup:
    """A plan's state; `plan` is there when it is current or expired; `message` says what to do."""

    state: PlanState
    message: str
    plan: CapacityPlan | None = None

    @property
    def usable(self) -> CapacityPlan | None:
        """The plan, when it may move sizes."""
        return self.plan if self.state is PlanState.CURRENT else None


@dataclass(frozen=True)
class Arrived:
    """A required resource as it arrived: its bytes, and a way to its data."""

    content: bytes
    read: Callable[[], Mapping[str, Any]]


class PlanReader:
    """Turns arrived resources into plans; equal bytes give the same object."""

    def __init__(self) -> None:
        self._memo: Memo[CapacityPlan | InputError] = Memo(MEMO_PLANS, MEMO_BYTES)

    def look_up(self, key: PlanKey, arrived: Arrived | None, instant: datetime) -> Lookup:
        """What is known of the plan, given the resource that arrived for it (None: there is none)."""
        if arrived is None:
            return Lookup(
                PlanState.NOT_FOUND,
                f"there is no CapacityPlan {key}; create it, or name another in the XR",
            )
        content = arrived.content
        plan = self._memo.get(content, len(content), lambda: _parse(key, arrived.read()))
        if isinstance(plan, InputError):
            return Lookup(PlanState.INVALID, str(plan))
        if expired(plan, instant):
            return Lookup(
                PlanState.EXPIRED,
                f"{key} expired at {format_instant(plan.spec.valid_until)}; make a new plan",
                plan,
            )
        return Lookup(PlanState.CURRENT, f"{key}, digest {plan.digest}", plan)


def _parse(key: PlanKey, document: Mapping[str, Any]) -> CapacityPlan | InputError:
    try:
        return parse_plan(document, f"CapacityPlan {key}")
    except InputError as error:
        return error.with_traceback(None)


def not_fetched(key: PlanKey) -> Lookup:
    """The state before Crossplane has answered the requirement."""
    return Lookup(PlanState.NOT_FETCHED, f"waiting for Crossplane to fetch CapacityPlan {key}")


def unnamed(error: InputError) -> Lookup:
    """The state when the user's input can't be followed."""
    return Lookup(PlanState.UNNAMED, str(error))
