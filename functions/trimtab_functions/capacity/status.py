"""The XR's status: which plan holds, in which window, and what every node group was given.

Pure. Plain data in the XRD's own names; what is not known is absent, and what is not priced is named
as such, never counted as free.
"""

from collections.abc import Iterable
from typing import Any

from trimtab.clock import format_instant
from trimtab.plan.model import CapacityPlan
from trimtab_functions.capacity.placement import Placed


def summary(plan: CapacityPlan | None, placed: Iterable[Placed]) -> dict[str, Any]:
    """What holds for all groups; nothing while no plan is followed.

    Args:
        plan: the plan that was followed, if any.
        placed: what was decided, in order.
    """
    followed = [(each.ref, each.planned) for each in placed if each.planned]
    if plan is None or not followed:
        return {}
    # The span in which no size of the plan changes.
    start = max(planned.window.start for _, planned in followed)
    end = min(planned.window.end for _, planned in followed)
    prices = [(ref, planned.group.expected.usd_per_hour) for ref, planned in followed]
    priced = [usd_per_hour for _, usd_per_hour in prices if usd_per_hour is not None]
    unpriced = [str(ref) for ref, usd_per_hour in prices if usd_per_hour is None]
    expected: dict[str, Any] = {"usdPerHour": round(sum(priced), 6)} if priced else {}
    return {
        "plan": {
            "name": plan.metadata.name,
            "digest": plan.digest,
            "validUntil": format_instant(plan.spec.valid_until),
        },
        "window": {"start": format_instant(start), "end": format_instant(end)},
        # Means over the plan's span, as the plan states them.
        "expected": expected | ({"notPriced": unpriced} if unpriced else {}),
    }


def entry(placed: Placed) -> dict[str, Any]:
    """What a node group was given."""
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
    if placed.reason is not None:
        told["reason"] = placed.reason
    return told
