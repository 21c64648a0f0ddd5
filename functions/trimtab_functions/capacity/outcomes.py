"""What the function tells a user: condition types and reasons, each with when it holds.

Two conditions on the XR: whether the plan can be used, and whether the node groups follow it. The
XR's Ready condition is Crossplane's own. A message changes only when what it speaks of does, never
with the clock, so conditions don't flap.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from trimtab.clock import format_instant
from trimtab.errors import allowed
from trimtab.plan.model import CapacityPlan
from trimtab.plan.sizing import Sizes
from trimtab_functions.capacity.approvals import Approvals
from trimtab_functions.capacity.decisions import Decision, Placed, Stand
from trimtab_functions.capacity.following import FollowersDecision
from trimtab_functions.capacity.observed import Observed, Other
from trimtab_functions.capacity.plans import Lookup, PlanState
from trimtab_functions.capacity.preparation import Preparation
from trimtab_functions.capacity.selection import NO_EARLIER, Earlier

PLAN_USABLE = "PlanUsable"
"""Whether there is a plan that says what the XR's pools need now. While it isn't True nothing is
created, changed or removed."""

PLAN_FOUND = "PlanFound"  # True: the plan is read, current, and has the pools
PLAN_NOT_FETCHED = "PlanNotFetched"  # Unknown: Crossplane has not answered yet; wait
PLAN_NOT_FOUND = "PlanNotFound"  # False: there is no such CapacityPlan; create it, or mend the name
PLAN_INVALID = "PlanInvalid"  # False: the message names the field to mend
PLAN_NOT_STARTED = "PlanNotStarted"  # Unknown: it is for a later time; what runs is kept until then
PLAN_EXPIRED = "PlanExpired"  # False: past its validUntil, or the policy's age; make a new plan
PLAN_NOT_APPROVED = "PlanNotApproved"  # False: the policy lists other digests; approve this one
POLICY_NOT_FETCHED = "PolicyNotFetched"  # Unknown: Crossplane has not answered yet; wait
POLICY_NOT_FOUND = "PolicyNotFound"  # False: there is no such CapacityPolicy; create it
POLICY_INVALID = "PolicyInvalid"  # False: the message names the field of the policy to mend
PLAN_FOR_ANOTHER_POOL = "PlanForAnotherPool"  # False: it lacks a pool; the message lists its pools
PLAN_FOR_ANOTHER_PLACE = "PlanForAnotherPlace"  # False: its provider or region is another
INPUT_INVALID = "InputInvalid"  # False: the step's input or the XR's spec is wrong

CAPACITY_PLANNED = "CapacityPlanned"
"""Whether the node groups have what the plan says. Bounds widened around what runs count as planned:
the status says so by group."""

AS_PLANNED = "AsPlanned"  # True: every group of the pools is desired as the plan says
REPLACING = "Replacing"  # False: old generations, or groups that left the plan, are being replaced
GROUPS_REFUSED = "GroupsRefused"  # False: a group can't be provisioned; the message says why
POLICY_HOLDS = (
    "PolicyHolds"  # False: the policy lets a group not begin or not grow; what runs stays
)
NOTHING_MATCHED = "NothingMatched"  # False: a target, or all of the step, has no resource; mend it
KEPT_RUNNING = "KeptRunning"  # False: without a usable plan, what exists is kept as it is

MAX_REFUSALS = 8
"""How many of them a message tells; a plan may have a thousand groups, and an event 1 kB."""

Status = Literal["True", "False", "Unknown"]


@dataclass(frozen=True)
class Outcome:
    """A condition of the XR."""

    type: str
    status: Status
    reason: str
    message: str

    @property
    def needs_a_person(self) -> bool:
        """Whether nothing but a person's act will change it, so that an event should say so."""
        return self.status == "False" and self.reason not in {REPLACING, KEPT_RUNNING}


_PLAN_REASONS: dict[PlanState, tuple[Status, str]] = {
    PlanState.NOT_FETCHED: ("Unknown", PLAN_NOT_FETCHED),
    PlanState.NOT_FOUND: ("False", PLAN_NOT_FOUND),
    PlanState.INVALID: ("False", PLAN_INVALID),
    PlanState.NOT_STARTED: ("Unknown", PLAN_NOT_STARTED),
    PlanState.EXPIRED: ("False", PLAN_EXPIRED),
    PlanState.NOT_APPROVED: ("False", PLAN_NOT_APPROVED),
    PlanState.POLICY_NOT_FETCHED: ("Unknown", POLICY_NOT_FETCHED),
    PlanState.POLICY_NOT_FOUND: ("False", POLICY_NOT_FOUND),
    PlanState.POLICY_INVALID: ("False", POLICY_INVALID),
    PlanState.CURRENT: ("True", PLAN_FOUND),
}


def plan_outcome(lookup: Lookup, prepared: Preparation) -> Outcome:
    """Whether the plan can be used for every pool."""
    plan = lookup.usable
    if lookup.state is PlanState.UNNAMED:
        return Outcome(PLAN_USABLE, "False", INPUT_INVALID, lookup.message)
    if prepared.unusable is not None:
        return Outcome(PLAN_USABLE, "False", INPUT_INVALID, str(prepared.unusable))
    if plan is not None and prepared.missing:
        message = _other_pool(plan, prepared)
        return Outcome(PLAN_USABLE, "False", PLAN_FOR_ANOTHER_POOL, message)
    if plan is not None and prepared.foreign:
        message = "; ".join(f"pool {pool}: {why}" for pool, why in prepared.foreign.items())
        return Outcome(PLAN_USABLE, "False", PLAN_FOR_ANOTHER_PLACE, message)
    status, reason = _PLAN_REASONS[lookup.state]
    return Outcome(PLAN_USABLE, status, reason, lookup.message)


def _other_pool(plan: CapacityPlan, prepared: Preparation) -> str:
    pools = allowed([pool.name for pool in plan.spec.pools])
    wanted = prepared.wanted
    refs = {key: each.ref for key, each in wanted.templates.items()}
    refs |= {key: each.ref for key, each in wanted.followers.items()}
    missing = []
    for name in prepared.missing:
        keys = [key for key, ref in refs.items() if ref.pool == name]
        missing.append(f"{name} (of {allowed(keys)})" if keys else name)
    return f"plan {plan.metadata.name} has no pool {', '.join(missing)}; name one of {pools}"


def capacity_outcome(
    prepared: Preparation,
    decision: Decision,
    followers: FollowersDecision,
    approvals: Approvals | None = None,
    earlier: Earlier = NO_EARLIER,
) -> Outcome:
    """Whether the resources follow the plan; the most urgent reason first."""
    members = {**decision.placed, **followers.placed}
    stands = {stand: _keys(members, stand) for stand in Stand}
    kept = [*stands[Stand.HELD], *stands[Stand.WITHHELD]]
    pools = prepared.pools
    refused = [each for pool in pools for each in (*pool.refused, *pool.unplaced)]
    refused += followers.refused
    if refused := [*refused, *(approvals.invalid if approvals else ())]:
        return Outcome(CAPACITY_PLANNED, "False", GROUPS_REFUSED, _first(refused))
    policy = [f"{ref}: {why}" for ref, why in decision.policy.items()]
    if policy := [*policy, *followers.policy]:
        return Outcome(CAPACITY_PLANNED, "False", POLICY_HOLDS, _first(policy))
    if unmatched := _unmatched(prepared, members, earlier):
        return Outcome(CAPACITY_PLANNED, "False", NOTHING_MATCHED, _first(unmatched))
    if kept or not stands[Stand.PLANNED]:
        message = f"kept as they are: {_listed(stands[Stand.HELD])}"
        if stands[Stand.WITHHELD]:
            message += f"; not created yet: {_listed(stands[Stand.WITHHELD])}"
        return Outcome(CAPACITY_PLANNED, "False", KEPT_RUNNING, message)
    if stands[Stand.RETIRING]:
        message = f"kept until what replaces them is ready: {_listed(stands[Stand.RETIRING])}"
        return Outcome(CAPACITY_PLANNED, "False", REPLACING, message)
    sized = [
        key
        for key in stands[Stand.PLANNED]
        if members[key].launches or key in followers.placed  # what stands beside one has no sizes
    ]
    message = f"node groups with the plan's sizes: {len(sized)}"
    if earlier.passed_over:
        message += f"; of kinds that no adapter knows: {allowed(earlier.passed_over)}"
    return Outcome(CAPACITY_PLANNED, "True", AS_PLANNED, message)


def _unmatched(prepared: Preparation, members: Mapping[str, Placed], earlier: Earlier) -> list[str]:
    """What the step is to size and does not find."""
    told = list(earlier.unmatched)
    if told or members or prepared.wanted.compose is not None or prepared.wanted.elsewhere:
        return told
    if not earlier.passed_over:
        return [
            "no resource of an earlier step is labelled trimtab.dev/pool; label one, or add a target"
        ]
    keys = allowed(earlier.passed_over)
    return [f"no adapter knows the kind of {keys}; add a target with fields for it"]


def changes(decision: Decision, observed: Mapping[str, Observed | Other]) -> list[str]:
    """What the answer changes of nodes: nothing once what exists is as decided."""
    told = []
    for key, placed in decision.placed.items():
        if placed.stand is Stand.PLANNED and placed.launches:
            told += _change(placed, observed.get(key))
    for key in sorted(decision.retired):
        exists = observed.get(key)
        if isinstance(exists, Observed) and not exists.deleting:
            told.append(f"{exists.ref or key}: {key} is removed: what replaces it is ready")
    return told


def _change(placed: Placed, exists: Observed | Other | None) -> list[str]:
    asked = placed.sizes
    if exists is None and asked is not None:
        return [f"{placed.ref}: {placed.key} is created, {_sizes(asked)} nodes"]
    was = exists.sizes if isinstance(exists, Observed) else None
    if was is None or asked is None or (was.min, was.max) == (asked.min, asked.max):
        return []
    window = placed.planned.window if placed.planned else None
    span = f" in the window from {format_instant(window.start)}" if window else ""
    return [f"{placed.ref}: {_sizes(was)} nodes become {_sizes(asked)}{span}"]


def _sizes(sizes: Sizes) -> str:
    return f"{sizes.min}-{sizes.desired}-{sizes.max}"


def _first(reasons: list[str]) -> str:
    """The first of them, and how many more there are."""
    told = reasons[:MAX_REFUSALS]
    if more := len(reasons) - len(told):
        told.append(f"and {more} more")
    return "; ".join(told)


def _keys(members: Mapping[str, Placed], stand: Stand) -> list[str]:
    return sorted(key for key, placed in members.items() if placed.stand is stand)


def _listed(keys: list[str]) -> str:
    return allowed(keys) if keys else "none"
