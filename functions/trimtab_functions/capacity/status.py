"""The XR's status: which plan holds, in which window, and what every resource was given, and why.

Pure. Plain data in the XRD's own names; what is not known is absent, and what is not priced is named
as such, never counted as free.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from trimtab.clock import format_instant
from trimtab.plan.model import CapacityPlan, Group, Pool
from trimtab_functions.capacity.decisions import Placed, Planned
from trimtab_functions.capacity.plans import Lookup

MAX_NOT_PRICED = 64
"""Groups that are named for not being priced; a plan may have a thousand."""

MAX_REASON = 1000
"""Characters of a reason; an approval that is asked for takes some 500."""


def summary(lookup: Lookup, placed: Sequence[Placed]) -> dict[str, Any]:
    """What holds for all groups; nothing while no plan is followed.

    Args:
        lookup: the plan that was followed, if any.
        placed: what was decided, in order.
    """
    plan = lookup.usable
    followed = [(each.ref, each.planned) for each in placed if each.planned]
    if plan is None or not followed:
        return {}
    # The span in which no size of the plan changes.
    start = max(planned.window.start for _, planned in followed)
    end = min(planned.window.end for _, planned in followed)
    unpriced = [str(ref) for ref, planned in followed if _usd(planned) is None]
    expected = _rates(planned.group for _, planned in followed)
    told: dict[str, Any] = {"name": plan.metadata.name}
    if lookup.namespace:
        told["namespace"] = lookup.namespace
    return {
        "plan": told
        | {
            "digest": plan.digest,
            "validUntil": format_instant(plan.spec.valid_until),
            "source": lookup.source,
        },
        "window": {"start": format_instant(start), "end": format_instant(end)},
        # Means over the plan's span, as the plan states them.
        "expected": expected | ({"notPriced": unpriced[:MAX_NOT_PRICED]} if unpriced else {}),
        "pools": _pools(plan, [planned for _, planned in followed]),
    }


def _usd(planned: Planned) -> float | None:
    return planned.group.expected.usd_per_hour


def _rates(groups: Iterable[Group]) -> dict[str, float]:
    """Sums of what is known."""
    expected = [group.expected for group in groups]
    usd = [each.usd_per_hour for each in expected if each.usd_per_hour is not None]
    kgco2e = [each.kgco2e_per_hour for each in expected if each.kgco2e_per_hour is not None]
    rates = {"usdPerHour": round(sum(usd), 6)} if usd else {}
    return rates | ({"kgco2ePerHour": round(sum(kgco2e), 6)} if kgco2e else {})


def _pools(plan: CapacityPlan, followed: Iterable[Planned]) -> list[dict[str, Any]]:
    """What the plan expects of each pool, and by which rule it was made."""
    rules = {each.pool: each for each in plan.spec.evidence.decisions}
    names = dict.fromkeys(planned.pool.name for planned in followed)
    pools = {pool.name: pool for pool in plan.spec.pools}
    told = []
    for name in names:
        expected = pools[name].expected
        each: dict[str, Any] = {"name": name, "usdPerHour": expected.usd_per_hour.mean}
        if expected.kgco2e_per_hour is not None:
            each["kgco2ePerHour"] = expected.kgco2e_per_hour.mean
        each["shortageShare"] = expected.shortage_share
        if name in rules:
            each["why"] = f"{rules[name].rule}: {rules[name].reason}"[:MAX_REASON]
        told.append(each)
    return told


def entry(placed: Placed) -> dict[str, Any]:
    """What a resource was given."""
    told: dict[str, Any] = {
        "pool": placed.ref.pool,
        "name": placed.ref.name or "*",
        "resource": placed.key,
        "state": placed.stand.value,
    }
    if placed.sizes is not None:
        sizes = placed.sizes
        told |= {"min": sizes.min, "desired": sizes.desired, "max": sizes.max}
    if placed.planned is not None:
        group = placed.planned.group
        told |= {"purchaseOption": group.purchase.option, "generation": group.generation}
        if group.expected.usd_per_hour is not None:
            told["usdPerHour"] = group.expected.usd_per_hour
        if group.expected.kgco2e_per_hour is not None:
            told["kgco2ePerHour"] = group.expected.kgco2e_per_hour
        told["why"] = _why(placed.planned)
    if placed.reason is not None:
        told["reason"] = placed.reason[:MAX_REASON]
    return told


def _why(planned: Planned) -> str:
    """What the plan says, in one line."""
    pool, group, window = planned.pool, planned.group, planned.window
    parts = [f"{group.purchase.option}"]
    share = _share(pool, group)
    if share is not None:
        parts[0] += f" is {share:.0%} of the pool's planned capacity"
    sizes = f"{window.min}-{window.desired}-{window.max}"
    span = f"{format_instant(window.start)} to {format_instant(window.end)}"
    parts.append(f"the plan has {sizes} nodes from {span}")
    return "; ".join(parts)


def _share(pool: Pool, group: Group) -> float | None:
    """The group's part of the capacity that the plan expects to run."""
    whole = sum(each.expected.nodes * each.units_per_node for each in pool.groups)
    return group.expected.nodes * group.units_per_node / whole if whole else None
