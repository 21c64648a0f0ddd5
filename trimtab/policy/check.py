"""Whether a CapacityPolicy lets a plan be followed: which plans are believed, and which groups may grow.

Pure. What the policy forbids is not created and does not grow; what runs stays, and still shrinks as the
plan says. A reason is a sentence for the XR's status, and names the policy's field that holds.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from functools import cached_property
from itertools import accumulate, pairwise

from trimtab.clock import format_instant
from trimtab.errors import allowed
from trimtab.plan.model import CapacityPlan, Group, Pool
from trimtab.plan.sizing import window_at
from trimtab.policy.model import CapacityPolicy, PolicySpec

_ROUNDING = 1e-9
"""Of a sum of prices: a plan that is exactly at a limit is not above it."""


def valid_until(policy: CapacityPolicy | PolicySpec, plan: CapacityPlan) -> datetime:
    """When the plan counts as expired: at its own `validUntil`, or sooner by the policy's `maxAgeHours`."""
    hours = _spec(policy).plans.max_age_hours
    if hours is None:
        return plan.spec.valid_until
    return min(plan.spec.valid_until, plan.spec.as_of + timedelta(hours=hours))


def check_plan(policy: CapacityPolicy | PolicySpec, plan: CapacityPlan) -> list[str]:
    """Why the plan is not believed, so that it counts as expired; empty: it is.

    Its age is not among the reasons: time is not an input here, and `valid_until` has it.
    """
    approved = _spec(policy).plans.approved_digests
    if approved is None or plan.digest in approved:
        return []
    return [f"the plan's digest {plan.digest} is not among plans.approvedDigests"]


def check_group(
    policy: CapacityPolicy | PolicySpec,
    plan: CapacityPlan,
    pool: Pool,
    group: Group,
    *,
    at: datetime | None = None,
    new: bool = False,
) -> list[str]:
    """Why a group must not be created or grown; empty: it may be. See `GroupChecks`, for many groups."""
    return GroupChecks(_spec(policy), plan, at).reasons(pool, group, new=new)


class GroupChecks:
    """A policy's word on the groups of one plan; what they add up to is counted once.

    Args:
        policy: the policy's spec.
        plan: the whole plan, for the totals.
        at: the instant whose windows count in nodes and money; None: the plan's highest, whenever that
            is, so that the answer is the same at every instant.
    """

    def __init__(self, policy: PolicySpec, plan: CapacityPlan, at: datetime | None = None) -> None:
        self._policy, self._plan, self._at = policy, plan, at
        self._of_pools: dict[str, list[str]] = {}

    def reasons(self, pool: Pool, group: Group, *, new: bool = False) -> list[str]:
        """Why a group must not be created or grown, a sentence each, in a fixed order.

        Args:
            pool: the group's pool.
            group: the group.
            new: whether the group, or this generation of it, does not run yet.

        A limit of a pool or of the plan holds for each of its groups, since none of them is the one too
        many.
        """
        found = []
        if new and not self._policy.plans.may_start_groups:
            found.append("plans.mayStartGroups is false, and the group does not run yet")
        found += _not_allowed(self._policy, self._plan, group)
        if pool.name not in self._of_pools:
            self._of_pools[pool.name] = self._of_pool(pool)
        return [*found, *self._of_pools[pool.name], *self._of_plan]

    def _of_pool(self, pool: Pool) -> list[str]:
        for each in self._policy.limits.pools:
            if each.name == pool.name:
                limit = _Limit(f"limits.pools[{pool.name}]", each.max_nodes, each.max_usd_per_hour)
                return _over(f"pool {pool.name}", (pool,), limit, self._at)
        return []

    @cached_property
    def _of_plan(self) -> list[str]:
        limits = self._policy.limits
        limit = _Limit("limits", limits.max_nodes, limits.max_usd_per_hour)
        return _over("the plan", self._plan.spec.pools, limit, self._at)


@dataclass(frozen=True)
class _Limit:
    field: str
    max_nodes: int | None
    max_usd_per_hour: float | None


def _spec(policy: CapacityPolicy | PolicySpec) -> PolicySpec:
    return policy.spec if isinstance(policy, CapacityPolicy) else policy


def _not_allowed(spec: PolicySpec, plan: CapacityPlan, group: Group) -> list[str]:
    rules, site = spec.allowed, plan.spec.site
    named: tuple[tuple[str, str, tuple[str, ...] | None], ...] = (
        ("providers", site.provider, rules.providers),
        ("regions", site.region, rules.regions),
        ("purchaseOptions", group.purchase.option, rules.purchase_options),
    )
    reasons = [
        f"{value} is not among allowed.{field} ({allowed(list(values))})"
        for field, value, values in named
        if values is not None and value not in values
    ]
    types = sorted({offer.instance_type for offer in group.offers})
    named_types = rules.instance_types
    if named_types is not None:
        reasons += [
            f"{each} matches none of allowed.instanceTypes ({allowed(list(named_types))})"
            for each in types
            if not _matching(each, named_types)
        ]
    denied = rules.denied_instance_types
    reasons += [
        f"{each} matches {pattern} of allowed.deniedInstanceTypes"
        for each in types
        if (pattern := _matching(each, denied))
    ]
    return reasons


def _over(subject: str, pools: Sequence[Pool], limit: _Limit, at: datetime | None) -> list[str]:
    """What is above a limit; `subject` may reach it if every group ran at its max."""
    when = "" if at is None else f" at {format_instant(at)}"
    reasons = []
    if limit.max_nodes is not None:
        nodes = _most(_nodes(pools), at)
        if nodes > limit.max_nodes:
            reasons.append(
                f"{subject} may reach {nodes:g} nodes{when}, above {limit.field}.maxNodes "
                f"({limit.max_nodes})"
            )
    if limit.max_usd_per_hour is not None:
        usd = _most(_usd(pools), at)
        if unpriced := _unpriced(pools):
            reasons.append(
                f"{subject} has groups that are not priced ({allowed(unpriced)}), so "
                f"{limit.field}.maxUsdPerHour can't be checked"
            )
        elif usd > limit.max_usd_per_hour * (1 + _ROUNDING):
            reasons.append(
                f"{subject} may reach ${usd:,.2f} an hour{when}, above {limit.field}.maxUsdPerHour "
                f"(${limit.max_usd_per_hour:,.2f})"
            )
    return reasons


@dataclass(frozen=True)
class _Weighted:
    """A group, and what one node of it counts."""

    group: Group
    weight: float


def _nodes(pools: Iterable[Pool]) -> list[_Weighted]:
    return [_Weighted(group, 1) for pool in pools for group in pool.groups]


def _usd(pools: Iterable[Pool]) -> list[_Weighted]:
    """At the dearest offer: which of them a cloud delivers is not known. Owned machines bill nothing."""
    return [
        _Weighted(group, max(offer.usd_per_hour or 0.0 for offer in group.offers))
        for pool in pools
        for group in pool.groups
        if group.purchase.option != "owned"
    ]


def _unpriced(pools: Iterable[Pool]) -> list[str]:
    return [
        f"{pool.name}/{group.name}"
        for pool in pools
        for group in pool.groups
        if group.purchase.option != "owned"
        and any(offer.usd_per_hour is None for offer in group.offers)
        and any(window.max for window in group.windows)
    ]


def _most(groups: list[_Weighted], at: datetime | None) -> float:
    """The groups' max together at an instant, or at whichever instant it is highest."""
    if at is not None:
        return sum(window_at(each.group, at).max * each.weight for each in groups)
    # Each group's changes in time order; before its first window and after its last the nearest holds.
    start = sum(each.group.windows[0].max * each.weight for each in groups)
    steps = sorted(
        (after.start, (after.max - before.max) * each.weight)
        for each in groups
        for before, after in pairwise(each.group.windows)
    )
    moments: dict[datetime, float] = {}
    for moment, change in steps:
        moments[moment] = moments.get(moment, 0.0) + change
    return max(accumulate(moments.values(), initial=start))


def _matching(instance_type: str, patterns: Iterable[str]) -> str | None:
    """The first pattern that the instance type matches; a `Glob` has no brackets to mean more."""
    return next((each for each in patterns if fnmatchcase(instance_type, each)), None)
