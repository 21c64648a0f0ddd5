"""What several resources have in common, counted once: a group's replicas, its expectation, its price."""

from collections.abc import Sequence
from dataclasses import replace

from trimtab.plan.model import CapacityPlan
from trimtab.plan.sizing import Sizes
from trimtab.preview.labels import label_of
from trimtab.preview.nodes import NODES
from trimtab.preview.priced import PricedResource, Status

SAVINGS_PLAN = "aws:savingsplans/savingsPlan:SavingsPlan"
COMMITMENT_TAG = "trimtab:commitment"
"""Names the plan's line that a purchase carries out, by its digest."""


def without_twice_paid(
    resources: Sequence[PricedResource], plan: CapacityPlan | None
) -> list[PricedResource]:
    """A commitment whose group's nodes are priced here, too: the nodes have its price already."""
    lines = plan.spec.commitments if plan else ()
    groups = {line.digest: f"pools[{line.pool}].groups[{line.group}]" for line in lines}
    priced = {
        (resource.plan_line or "").partition(" ")[2]
        for resource in resources
        if resource.status is Status.PRICED and resource.record.type in NODES
    }

    def once(resource: PricedResource) -> PricedResource:
        if resource.record.type != SAVINGS_PLAN:
            return resource
        group = groups.get(label_of(resource.record.inputs, COMMITMENT_TAG, COMMITMENT_TAG) or "")
        if group is None or group not in priced:
            return resource
        note = f"its commitment is in the price of {group}"
        return PricedResource(resource.record, Status.IN_NODES, note=note)

    return [once(resource) for resource in resources]


def without_replicas(resources: Sequence[PricedResource]) -> list[PricedResource]:
    """A group that runs replicas of its own beside an autoscaled pool: the pool has the rest.

    The plan's window is the whole group's, and would count the replicas twice.
    """
    fixed: dict[str, int] = {}
    for resource in resources:
        if resource.plan_line and resource.nodes and not resource.autoscaled:
            fixed[resource.plan_line] = fixed.get(resource.plan_line, 0) + resource.nodes.desired

    def rest(resource: PricedResource) -> PricedResource:
        count = fixed.get(resource.plan_line or "", 0)
        if not count or not resource.autoscaled or resource.nodes is None:
            return resource
        sizes = resource.nodes
        left = Sizes(*(max(n - count, 0) for n in (sizes.min, sizes.desired, sizes.max)))
        part = left.desired / sizes.desired if sizes.desired else 0.0
        return replace(
            resource,
            nodes=left,
            usd_per_month_now=part_of(resource.usd_per_month_now, part),
            list_usd_per_month_now=part_of(resource.list_usd_per_month_now, part),
            kgco2e_per_month_now=part_of(resource.kgco2e_per_month_now, part),
            note=f"{resource.note}, less the group's {count} fixed replicas",
        )

    return [rest(resource) for resource in resources]


def share_expected(resources: Sequence[PricedResource]) -> tuple[PricedResource, ...]:
    """The plan's expectation is the group's: where several resources bear it, they share it."""
    desired: dict[str, list[int]] = {}
    for resource in resources:
        if resource.plan_line and resource.nodes:
            desired.setdefault(resource.plan_line, []).append(resource.nodes.desired)

    def share(resource: PricedResource) -> PricedResource:
        counts = desired.get(resource.plan_line or "", [])
        if len(counts) < 2 or resource.nodes is None:
            return resource
        total = sum(counts)
        part = resource.nodes.desired / total if total else 1 / len(counts)
        return replace(
            resource,
            usd_per_month_expected=part_of(resource.usd_per_month_expected, part),
            kgco2e_per_month_expected=part_of(resource.kgco2e_per_month_expected, part),
        )

    return tuple(map(share, resources))


def part_of(value: float | None, factor: float) -> float | None:
    """A figure times a factor; None stays None."""
    return None if value is None else value * factor
