"""NodeOverlays: the prices by which Karpenter sees what a node really costs.

Pure. Karpenter fills NodePools by weight; a price decides which machine is launched in one, and whether
consolidation may put one node in another's place: only a cheaper one. At list price a node that a
Savings Plan or Reserved Instance already pays for looks dear, so nothing moves onto it.

*Paid.* The marginal price of a node inside a commitment that is held is zero, whether it runs or not.
The overlay takes off all but a ten-millionth, which is what Karpenter itself makes of a capacity
reservation that is selected (v1.14.1, reserved offerings): so that the two are alike, the order among
several types stays, and no price is zero. A price can't say for how many nodes it holds, so it is only
given to a NodePool whose limit is within what is paid; beyond, or before a proposal is bought, the list
price is the true one. A reservation that is selected needs none, a static NodePool is not consolidated.

*Spot.* The market's price leaves out the work that interruptions lose. The plan's expected interruption
cost of the pool, per spot node and hour, is added, so that Karpenter moves work to spot, or keeps it
there, only for a gain that is left after it.

Sources: Karpenter v1.14.1, NodeOverlay CRD (`price` or `priceAdjustment`; alpha) and
`disruption/consolidation.go`; 2026-11.
"""

from collections.abc import Collection
from typing import Any

from trimtab.plan.attribution import group_object_labels
from trimtab.plan.model import CapacityPlan, Pool, Reserved, Spot, Window
from trimtab.provision.karpenter.shapes import (
    CAPACITY_TYPE_LABEL,
    INSTANCE_TYPE_LABEL,
    NODE_OVERLAY_API,
    NODE_POOL_LABEL,
    KubernetesObject,
    one_of,
)
from trimtab.provision.karpenter.static import Division, paid_nodes
from trimtab.provision.sized_groups import SizedGroup

PAID_ADJUSTMENT = "-99.99999%"
"""All but a ten-millionth of the price."""

OVERLAY_WEIGHT = 100
"""Above overlays of a user's own that state no weight; below those that state more."""


def overlay(
    plan: CapacityPlan,
    sized: SizedGroup,
    division: Division,
    window: Window,
    approved: Collection[str] = (),
) -> tuple[KubernetesObject | None, str | None]:
    """The overlay of a group's dynamic NodePool, or why a commitment has none.

    Args:
        plan: names the proposed commitments.
        sized: the group.
        division: its NodePools.
        window: the group's window that holds.
        approved: digests of commitments that were bought.
    """
    name, purchase = division.parts[0].name, sized.group.purchase
    if isinstance(purchase, Reserved) and purchase.reservation is None:
        paid = paid_nodes(plan, sized.group, window, approved)
        if division.limit > paid:
            return None, (
                f"{paid} of {division.limit} nodes are paid for: at list price until all are, for a "
                "NodeOverlay can't say how many"
            )
        if division.parts[0].limit == 0:
            return None, None
        types, capacity, adjustment = _paid_types(plan, sized), "on-demand", PAID_ADJUSTMENT
    elif isinstance(purchase, Spot):
        lost = interruption_usd_per_node_hour(sized.pool)
        if lost is None:
            return None, None
        types, capacity, adjustment = _types(sized), "spot", f"+{lost:.5f}"
    else:
        return None, None
    spec: dict[str, Any] = {
        "weight": OVERLAY_WEIGHT,
        "requirements": [
            one_of(NODE_POOL_LABEL, [name]),
            one_of(CAPACITY_TYPE_LABEL, [capacity]),
            one_of(INSTANCE_TYPE_LABEL, types),
        ],
        "priceAdjustment": adjustment,
    }
    labels = group_object_labels(plan, sized.pool, sized.group)
    return KubernetesObject(NODE_OVERLAY_API, "NodeOverlay", name, labels, spec), None


def interruption_usd_per_node_hour(pool: Pool) -> float | None:
    """What interruptions are expected to cost per spot node and hour; None where the plan states none,
    or less than the fifth decimal."""
    cost = pool.expected.interruption_usd_per_hour
    nodes = sum(g.expected.nodes for g in pool.groups if isinstance(g.purchase, Spot))
    if cost is None or not nodes or round(cost / nodes, 5) <= 0:
        return None
    return cost / nodes


def _types(sized: SizedGroup) -> list[str]:
    return [offer.instance_type for offer in sized.group.offers]


def _paid_types(plan: CapacityPlan, sized: SizedGroup) -> list[str]:
    """A line that was bought names its type; what is held covers the group's."""
    purchase = sized.group.purchase
    digest = purchase.commitment if isinstance(purchase, Reserved) else None
    lines = {line.instance_type for line in plan.spec.commitments if line.digest == digest}
    return sorted(lines) or _types(sized)
