"""The XR's status: which plan holds, in which window, and what every node group was given.

Pure. Plain data in the XRD's own names; what is not known is absent, and what is not priced is named
as such, never counted as free.
"""

from typing import Any

from trimtab.clock import format_instant
from trimtab.plan.model import CapacityPlan
from trimtab_functions.capacity.placement import Decision, Placed


def status(plan: CapacityPlan | None, decision: Decision) -> dict[str, Any]:
    """The status of an XR.

    Args:
        plan: the plan that was followed, if any.
        decision: what was decided.
    """
    placed = sorted(decision.placed.values(), key=lambda each: (str(each.ref), each.key))
    document: dict[str, Any] = {"groups": [_group(each) for each in placed]}
    followed = [each.planned for each in placed if each.planned]
    if plan is None or not followed:
        return document
    # The span in which no size of the plan changes.
    start = max(each.window.start for each in followed)
    end = min(each.window.end for each in followed)
    document["plan"] = {
        "name": plan.metadata.name,
        "digest": plan.digest,
        "validUntil": format_instant(plan.spec.valid_until),
    }
    document["window"] = {"start": format_instant(start), "end": format_instant(end)}
    document["expected"] = _expected(placed)
    return document


def _group(placed: Placed) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "pool": placed.ref.pool,
        "name": placed.ref.name,
        "resource": placed.key,
        "state": placed.stand.value,
    }
    if placed.scaling is not None:
        sizes = placed.scaling.sizes
        entry |= {"min": sizes.min, "desired": sizes.desired, "max": sizes.max}
    if placed.planned is not None:
        group = placed.planned.group
        entry |= {"purchaseOption": group.purchase.option, "generation": group.generation}
        if group.expected.usd_per_hour is not None:
            entry["usdPerHour"] = group.expected.usd_per_hour
    if placed.reason is not None:
        entry["reason"] = placed.reason
    return entry


def _expected(placed: list[Placed]) -> dict[str, Any]:
    """Means over the plan's span of the groups that follow it, as the plan states them."""
    groups = {each.ref: each.planned.group for each in placed if each.planned}
    priced = [
        g.expected.usd_per_hour for g in groups.values() if g.expected.usd_per_hour is not None
    ]
    expected: dict[str, Any] = {"usdPerHour": round(sum(priced), 6)} if priced else {}
    unpriced = [str(ref) for ref, g in groups.items() if g.expected.usd_per_hour is None]
    return expected | ({"notPriced": unpriced} if unpriced else {})
