"""What a plan says of the resources that carry out its groups.

Pure. A resource belongs to the plan's group that its tags or labels name. Its count to begin with is what it
asks for itself, or the plan's window where an autoscaler alone sizes it; what it is expected to run and to
cost, its price, its emissions and its pool's shortage are the plan's. Several resources of one group share
what the plan expects of it, by the nodes that they ask for; an autoscaled one has what fixed ones beside it
leave. A commitment whose group's nodes are priced here is in their price already.

What names a group that the plan does not have, or another plan's digest, is priced as if it named none, and
that is said.
"""

from collections.abc import Container, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from trimtab.plan.labels import (
    DIGEST_LABEL,
    DIGEST_TAG,
    GROUP_LABEL,
    GROUP_TAG,
    POOL_LABEL,
    POOL_TAG,
)
from trimtab.pricing.amount import Amount, between
from trimtab.pricing.draft import Draft
from trimtab.pricing.estimation import Settings
from trimtab.pricing.model import (
    Basis,
    Charge,
    Estimate,
    Nodes,
    PaidElsewhere,
    PlanRates,
    Status,
)
from trimtab.resources.inputs import Inputs
from trimtab.resources.model import Resource

if TYPE_CHECKING:  # pydantic, which a change without a plan does not need
    from trimtab.plan.model import CapacityPlan, Group, Pool, Purchase
    from trimtab.pricing.plan_source import PlanSource

SAVINGS_PLANS = frozenset({"aws_savingsplans_plan", "aws_savingsplans_savings_plan"})
PLAN_GROUP = "trimtab.dev/Group"
"""A plan's own group, of a plan that is read as an estate: it has its rates already."""
COMMITMENT_TAG = "trimtab:commitment"
"""Names the plan's line that a purchase carries out, by its digest."""

NODE_KINDS = frozenset(
    {
        "aws_autoscaling_group",
        "aws_eks_node_group",
        "azurerm_kubernetes_cluster_node_pool",
        "cluster.x-k8s.io/MachineDeployment",
        "cluster.x-k8s.io/MachinePool",
        "google_container_node_pool",
        "karpenter.sh/NodePool",
    }
)
"""Kinds that carry out a plan's groups."""

_LABEL_PATHS = (
    "spec.template.metadata.labels",
    "metadata.labels",
    "tags",
    "tag",
    "labels",
    "node_config.labels",
    "node_labels",
    "default_node_pool.node_labels",
)
"""Inputs where a resource may carry the labels of its plan group, beside its tags."""


def mark_of(resource: Resource, tag: str, label: str) -> str | None:
    """What a resource's tags or labels say under either name; None when nothing."""
    value = resource.tags.get(tag) or resource.tags.get(label)
    if value:
        return value
    for path in _LABEL_PATHS:
        labels = labels_at(resource.inputs, path)
        value = labels.get(tag) or labels.get(label)
        if isinstance(value, str):
            return value
    return None


def labels_at(inputs: Inputs, path: str) -> Mapping[str, Any]:
    """The tags or labels at a path: a mapping, or an Auto Scaling group's list of key and value."""
    found = inputs.get(path)
    if isinstance(found, list):
        return {
            entry["key"]: entry.get("value")
            for entry in found
            if isinstance(entry, Mapping) and isinstance(entry.get("key"), str)
        }
    return found if isinstance(found, Mapping) else {}


def carry_out(drafts: Sequence[Draft], settings: Settings) -> None:
    """Gives the nodes of the plan's groups the plan's sizes and rates, in place."""
    for draft in drafts:
        if draft.resource.kind == PLAN_GROUP:
            inputs = draft.resource.inputs
            draft.pool, draft.group = inputs.text("pool"), inputs.text("group")
            draft.plan_line = f"{draft.resource.where} {draft.resource.key}"
    source = settings.plan
    if source is None:
        return
    groups = {
        (pool.name, g.name): (pool, g) for pool in source.plan.spec.pools for g in pool.groups
    }
    members: dict[tuple[str, str], list[Draft]] = {}
    for draft in drafts:
        bears = draft.nodes or (draft.resource.kind in NODE_KINDS and draft.status is None)
        if bears and (names := _linked(draft, source, groups)):
            if not draft.nodes:
                # Its estimator could not tell what it runs; the plan can.
                draft.gaps.clear()
                draft.nodes.append(Nodes("nodes", (), between(0.0, float("inf"))))
            members.setdefault(names, []).append(draft)
    for names, group_drafts in members.items():
        _size(group_drafts, *groups[names], source, settings)
    _without_twice_paid(drafts, source.plan, members.keys())


def _linked(
    draft: Draft, source: "PlanSource", groups: Mapping[tuple[str, str], Any]
) -> tuple[str, str] | None:
    """The group that a resource names, where the plan has it; else why not, as a note."""
    names, refused = group_of(draft.resource, source, groups)
    if refused:
        draft.notes.append(refused)
    if names is not None:
        draft.pool, draft.group = names
        draft.plan_line = plan_line(source, *names)
    return names


def group_of(
    resource: Resource, source: "PlanSource", groups: Container[tuple[str, str]]
) -> tuple[tuple[str, str] | None, str]:
    """The plan's pool and group that a resource names; else None, and why where it names any."""
    pool = mark_of(resource, POOL_TAG, POOL_LABEL)
    group = mark_of(resource, GROUP_TAG, GROUP_LABEL)
    if pool is None or group is None:
        return None, ""
    if (pool, group) not in groups:
        return None, f"the plan has no pools[{pool}].groups[{group}]"
    digest = mark_of(resource, DIGEST_TAG, DIGEST_LABEL)
    if digest not in {None, source.plan.digest}:
        return None, f"is of another plan, digest {digest}"
    return (pool, group), ""


def plan_line(source: "PlanSource", pool: str, group: str) -> str:
    """Where a plan has a group: `plan.yaml:42 pools[trainer].groups[spot]`."""
    line = source.lines.get((pool, group))
    place = f"{source.file}:{line}" if line else source.file
    return f"{place} pools[{pool}].groups[{group}]"


def _size(
    drafts: Sequence[Draft], pool: "Pool", group: "Group", source: "PlanSource", settings: Settings
) -> None:
    """The nodes of each resource of one group."""
    from trimtab.plan.sizing import window_at

    window = window_at(group, settings.as_of)
    stated = [_merged(draft.nodes) for draft in drafts]
    fixed = sum(int(n.now) for n in stated if not n.autoscaled and n.now is not None)
    sized = []
    for draft, nodes in zip(drafts, stated, strict=True):
        if nodes.autoscaled:
            note = "sized by its autoscaler: the plan's window"
            if fixed:
                note += f", less the group's {fixed} fixed replicas"
            draft.notes.append(note)
            low, now, high = (
                float(max(count - fixed, 0)) for count in (window.min, window.desired, window.max)
            )
            sized.append(replace(nodes, count=between(low, high), now=now, asked=(low, high)))
        else:
            if nodes.now is None:
                draft.notes.append("its size is known only once it is deployed")
            beside = len(drafts) > 1
            low = nodes.count.low if beside else min(nodes.count.low, window.min)
            high = nodes.count.high if beside else max(nodes.count.high, window.max)
            if nodes.now is None and not beside:
                low, high = float(window.min), float(window.max)
            asked = None if nodes.now is None else (nodes.count.low, nodes.count.high)
            sized.append(replace(nodes, count=between(low, high), asked=asked))
    desired = [nodes.now or 0.0 for nodes in sized]
    whole = sum(desired)
    rates = rates_of(source.plan, pool, group, source.file)
    for draft, before, nodes, count in zip(drafts, stated, sized, desired, strict=True):
        part = 1.0 if len(drafts) == 1 else count / whole if whole else 1 / len(drafts)
        expected = group.expected.nodes * part
        draft.nodes = [
            replace(
                nodes,
                instance_types=tuple(offer.instance_type for offer in group.offers),
                count=between(nodes.count.low, nodes.count.high, expected),
                option=group.purchase.option,
                basis=Basis.PLAN,
                provider=source.plan.spec.site.provider,
                region=source.plan.spec.site.region,
                usd_per_hour=rates.usd_per_hour,
                note="",  # what its estimator said of types and limits
                zones=zones_of(group.purchase) or nodes.zones,
                reservations=(*reservations_of(group.purchase), *nodes.reservations),
                pool=pool.name,
                planned=part_of(rates, part),
            )
        ]
        if draft.resource.kind in NODE_KINDS:
            draft.charges = [
                _resized(charge, before.count, draft.nodes[0].count) for charge in draft.charges
            ]


def _resized(charge: Charge, before: Amount, after: Amount) -> Charge:
    """A charge of so much a node (its disk, its address) for as many as the plan says."""
    each = charge.quantity.per(before)
    return charge if each is None else replace(charge, quantity=after.times(each))


def _merged(nodes: Sequence[Nodes]) -> Nodes:
    """The nodes of one resource as one, for a plan's group has one price."""
    first, *rest = nodes
    count, now = first.count, first.now
    for each in rest:
        count = count.plus(each.count)
        now = None if now is None or each.now is None else now + each.now
    return replace(first, count=count, now=now)


def rates_of(plan: "CapacityPlan", pool: "Pool", group: "Group", file: str) -> PlanRates:
    """What a plan says of a group's machines."""
    usd, grams = _node_rates(group)
    return PlanRates(
        usd_per_hour=usd,
        gco2e_per_hour=grams,
        expected_usd_per_hour=group.expected.usd_per_hour,
        expected_kgco2e_per_hour=group.expected.kgco2e_per_hour,
        list_usd_per_hour=_list_price(plan, group),
        shortage_share=pool.expected.shortage_share,
        accelerated=group.accelerator is not None,
        as_of=plan.spec.as_of.date(),
        source=file,
    )


def part_of(rates: PlanRates, part: float) -> PlanRates:
    """A resource's part of what a plan expects of its group."""
    usd, kilograms = rates.expected_usd_per_hour, rates.expected_kgco2e_per_hour
    return replace(
        rates,
        expected_usd_per_hour=None if usd is None else usd * part,
        expected_kgco2e_per_hour=None if kilograms is None else kilograms * part,
    )


def _node_rates(group: "Group") -> tuple[float | None, float | None]:
    """US dollars and grams of CO2e per node-hour: the offer's, or the plan's own blend of several."""
    first, expected = group.offers[0], group.expected
    if len(group.offers) == 1 or expected.nodes == 0:
        return first.usd_per_hour, first.gco2e_per_hour
    usd, kilograms = expected.usd_per_hour, expected.kgco2e_per_hour
    return (
        first.usd_per_hour if usd is None else usd / expected.nodes,
        first.gco2e_per_hour if kilograms is None else kilograms * 1000 / expected.nodes,
    )


def _list_price(plan: "CapacityPlan", group: "Group") -> float | None:
    """What a node of a proposed, not yet approved commitment costs until it is bought.

    In a group that has held nodes beside proposed ones: their mean. What is to be renewed is held yet.
    """
    digest = getattr(group.purchase, "commitment", None)
    line = next((each for each in plan.spec.commitments if each.digest == digest), None)
    if digest is None or line is None:
        return None
    place = (line.pool, line.group)
    lines = [each for each in plan.spec.commitments if (each.pool, each.group) == place]
    proposed = sum(each.quantity for each in lines if each.renews is None)
    held = [row for row in plan.spec.evidence.held or () if (row.pool, row.group) == place]
    usd = sum(row.nodes * (row.usd_per_hour or 0.0) for row in held)
    nodes = proposed + sum(row.nodes for row in held)
    return (usd + proposed * line.on_demand_usd_per_hour) / nodes


def zones_of(purchase: "Purchase") -> tuple[str, ...]:
    """The zone that a purchase pins its nodes to."""
    from trimtab.plan.model import purchase_zone

    zone = purchase_zone(purchase)
    return (zone,) if zone else ()


def reservations_of(purchase: "Purchase") -> tuple[str, ...]:
    """The reservation that a purchase's nodes start in, by id or by the ARN of its group."""
    held = getattr(purchase, "reservation", None)
    names = (
        getattr(purchase, "reservation_id", None),
        getattr(held, "id", None),
        getattr(held, "group_arn", None),
    )
    return tuple(name for name in names if name)


def _without_twice_paid(drafts: Sequence[Draft], plan: "CapacityPlan", carried: "Any") -> None:
    """A commitment whose group's nodes are priced here, too: the nodes have its price already."""
    lines = {line.digest: (line.pool, line.group) for line in plan.spec.commitments}
    for draft in drafts:
        if draft.resource.kind not in SAVINGS_PLANS:
            continue
        names = lines.get(mark_of(draft.resource, COMMITMENT_TAG, COMMITMENT_TAG) or "")
        if names in carried and names is not None:
            draft.charges.clear()
            draft.gaps.clear()
            note = f"its commitment is in the price of pools[{names[0]}].groups[{names[1]}]"
            draft.elsewhere.append(PaidElsewhere(note))


def plan_notes(estimates: Sequence[Estimate], settings: Settings) -> tuple[str, ...]:
    """What concerns an estate and its plan as a whole."""
    source = settings.plan
    if source is None:
        return ()
    from trimtab.plan.sizing import expired

    notes = []
    if expired(source.plan, settings.as_of):
        notes.append("the plan has expired at this instant: what runs is kept, and may differ")
    shown = {estimate.plan_line for estimate in estimates if estimate.plan_line}
    groups = sum(len(pool.groups) for pool in source.plan.spec.pools)
    if missing := groups - len(shown):
        notes.append(f"{missing} of the plan's {groups} groups have no resource in this stack")
    if any(
        each.plan_line
        and each.status is Status.BOUNDED
        and each.usd_per_month
        and each.usd_per_month.expected is None
        for each in estimates
    ):
        notes.append("some groups have no expected cost: that total leaves them out")
    return tuple(notes)
