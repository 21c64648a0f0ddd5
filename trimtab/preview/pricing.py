"""Every resource of a recording with its count, price and emissions, and the plan line it is from.

Pure: a recording and a plan in, a `Preview` out. A resource that bears nodes belongs to the plan's
group that its tags or labels name; its count is what the program asks for, its price and emissions
are the plan's. Two figures stand side by side: what it costs at the count that it starts with, and
what the plan expects over its span. What has no price is counted, and never $0.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any

from trimtab.clock import HOURS_PER_MONTH
from trimtab.plan.labels import (
    DIGEST_LABEL,
    DIGEST_TAG,
    GROUP_LABEL,
    GROUP_TAG,
    POOL_LABEL,
    POOL_TAG,
)
from trimtab.plan.model import CapacityPlan, Group, OnDemand, Pool, Reserved
from trimtab.plan.sizing import Sizes, expired, window_at
from trimtab.preview.labels import label_of
from trimtab.preview.nodes import NODES, SIZED_BY_PLAN
from trimtab.preview.priced import Preview, PricedResource, Status, Totals
from trimtab.preview.records import Recording, ResourceRecord
from trimtab.preview.shared import (
    SAVINGS_PLAN,
    part_of,
    share_expected,
    without_replicas,
    without_twice_paid,
)
from trimtab.preview.tariff import Known, region_of, tariff, value_at
from trimtab.pricing.plan_source import PlanSource

AUTO_MODE_PATH, AUTO_MODE_GROUP = "spec.template.spec.nodeClassRef.group", "eks.amazonaws.com"
"""How a NodePool of EKS Auto Mode is told from Karpenter's own: EKS takes a fee on its nodes."""

AUTO_MODE_SHARE = 0.12
"""That fee, as a share of the on-demand price, for machines without accelerators: 0.01152 of 0.096 USD
for an m6i.large in us-east-2 (AWS price list, 2026-10-09), about 12 % by awslabs/eks-node-viewer#368.
It is taken of spot machines in full, whose on-demand price a plan does not have; accelerated machines
have rates of their own. For both it is said to be left out."""


def price(recording: Recording, source: PlanSource | None, as_of: datetime | None) -> Preview:
    """Price a recording.

    Args:
        recording: what an engine recorded.
        source: the stack's plan; without one, what bears nodes is not priced.
        as_of: the instant whose windows hold; None for the plan's start.
    """
    plan = source.plan if source else None
    if plan and as_of is None:
        as_of = plan.spec.start
    regions = _regions(recording, plan)
    resources = [
        _priced(record, source, as_of, regions.get(record.urn)) for record in recording.records
    ]
    once = share_expected(without_replicas(without_twice_paid(resources, plan)))
    shared = tuple(map(_with_list_price, once))
    return Preview(
        recording=recording,
        as_of=as_of,
        source=source,
        resources=shared,
        totals=_totals(shared),
        notes=(*recording.notes, *_notes(plan, as_of, shared)),
    )


def _priced(
    record: ResourceRecord,
    source: PlanSource | None,
    as_of: datetime | None,
    region: str | None,
) -> PricedResource:
    if record.existing:
        return PricedResource(record, Status.EXISTING)
    if record.type in NODES:
        return _nodes(record, source, as_of)
    if record.type == SAVINGS_PLAN:
        return _savings_plan(record)
    if any(fnmatchcase(record.type, pattern) for pattern in OPAQUE):
        return PricedResource(record, Status.NOT_PRICED, note="what it installs is not seen")
    if not record.custom:
        return PricedResource(record, Status.COMPONENT)
    fixed = tariff(record, region, as_of.date() if as_of else None)
    if fixed.usd_per_hour is None:
        return PricedResource(record, _STATUS[fixed.known], note=fixed.note)
    monthly = fixed.usd_per_hour * HOURS_PER_MONTH
    return PricedResource(
        record,
        Status.PRICED,
        usd_per_month_now=monthly,
        usd_per_month_expected=monthly,
        note=fixed.note,
    )


def _savings_plan(record: ResourceRecord) -> PricedResource:
    """A Savings Plan at its hourly commitment, used or not."""
    try:
        monthly = float(record.inputs.get("commitment", "")) * HOURS_PER_MONTH
    except (TypeError, ValueError):
        return PricedResource(record, Status.NOT_PRICED, note="its commitment is not known")
    return PricedResource(
        record,
        Status.PRICED,
        usd_per_month_now=monthly,
        usd_per_month_expected=monthly,
        note="its hourly commitment, used or not",
    )


_STATUS = {
    Known.FREE: Status.FREE,
    Known.BY_USE: Status.BY_USE,
    Known.NOT_PRICED: Status.NOT_PRICED,
}


def _nodes(
    record: ResourceRecord, source: PlanSource | None, as_of: datetime | None
) -> PricedResource:
    """What bears nodes: its count from its inputs, everything else from the plan's group."""
    unpriced = PricedResource(record, Status.NOT_PRICED, nodes=NODES[record.type](record.inputs))
    names = _group_names(record.inputs)
    if source is None or as_of is None:
        return replace(unpriced, note="no plan to price it from: --plan names one, or trimtab:plan")
    if names is None:
        return replace(unpriced, note=f"carries no {POOL_TAG} and {GROUP_TAG}")
    found = _find(source.plan, *names)
    if found is None:
        return replace(unpriced, note=f"the plan has no pools[{names[0]}].groups[{names[1]}]")
    if (digest := label_of(record.inputs, DIGEST_TAG, DIGEST_LABEL)) not in {
        None,
        source.plan.digest,
    }:
        return replace(unpriced, note=f"is of another plan, digest {digest}")
    pool, group = found
    linked = replace(
        unpriced,
        purchase_option=group.purchase.option,
        plan_line=_plan_line(source, pool, group),
    )
    note = ""
    sizes = linked.nodes
    if sizes is None and record.type in SIZED_BY_PLAN:
        window = window_at(group, as_of)
        sizes = Sizes(window.min, window.desired, window.max)
        note = "sized by its autoscaler: the plan's window"
        linked = replace(linked, autoscaled=True)
    if sizes is None:
        return replace(linked, note="its size is known only once it is deployed")
    priced = _at_plan_rates(replace(linked, nodes=sizes), source.plan, group, note)
    if value_at(record.inputs, AUTO_MODE_PATH) == AUTO_MODE_GROUP:
        return _with_auto_mode(priced, group)
    return priced


def _with_auto_mode(resource: PricedResource, group: Group) -> PricedResource:
    """EKS Auto Mode's fee on a group's nodes, as far as it is known."""
    if not isinstance(group.purchase, OnDemand) or group.accelerator is not None:
        return replace(resource, note=f"{resource.note}; without EKS Auto Mode's fee".lstrip("; "))
    factor = 1 + AUTO_MODE_SHARE
    fee = f"with EKS Auto Mode's fee of {AUTO_MODE_SHARE:.0%}"
    return replace(
        resource,
        usd_per_month_now=part_of(resource.usd_per_month_now, factor),
        usd_per_month_expected=part_of(resource.usd_per_month_expected, factor),
        note=f"{resource.note}; {fee}".lstrip("; "),
    )


def _at_plan_rates(
    resource: PricedResource, plan: CapacityPlan, group: Group, note: str
) -> PricedResource:
    desired = resource.nodes.desired if resource.nodes else 0
    usd, grams = _node_rates(group)
    expected = group.expected
    resource = replace(
        resource,
        kgco2e_per_month_now=_monthly(desired, None if grams is None else grams / 1000),
        kgco2e_per_month_expected=_monthly(1, expected.kgco2e_per_hour),
    )
    if usd is None:
        return replace(resource, note=f"the plan has no price for {group.offers[0].instance_type}")
    list_usd = _monthly(desired, _list_price(plan, group))
    return replace(
        resource,
        status=Status.PRICED,
        usd_per_month_now=_monthly(desired, usd),
        usd_per_month_expected=_monthly(1, expected.usd_per_hour),
        list_usd_per_month_now=list_usd,
        note=note,
    )


def _node_rates(group: Group) -> tuple[float | None, float | None]:
    """US dollars and grams of CO2e per node-hour: the offer's, or the plan's own blend of several."""
    first, expected = group.offers[0], group.expected
    if len(group.offers) == 1 or expected.nodes == 0:
        return first.usd_per_hour, first.gco2e_per_hour
    usd, kilograms = expected.usd_per_hour, expected.kgco2e_per_hour
    return (
        first.usd_per_hour if usd is None else usd / expected.nodes,
        first.gco2e_per_hour if kilograms is None else kilograms * 1000 / expected.nodes,
    )


def _list_price(plan: CapacityPlan, group: Group) -> float | None:
    """What a node of a proposed, not yet approved commitment costs until it is bought.

    In a group that has held nodes beside proposed ones: their mean. What is to be renewed is held yet.
    """
    if not isinstance(group.purchase, Reserved) or group.purchase.commitment is None:
        return None
    digest = group.purchase.commitment
    line = next((each for each in plan.spec.commitments if each.digest == digest), None)
    if line is None:
        return None
    place = (line.pool, line.group)
    lines = [each for each in plan.spec.commitments if (each.pool, each.group) == place]
    proposed = sum(each.quantity for each in lines if each.renews is None)
    held = [row for row in plan.spec.evidence.held or () if (row.pool, row.group) == place]
    usd = sum(row.nodes * (row.usd_per_hour or 0.0) for row in held)
    nodes = proposed + sum(row.nodes for row in held)
    return (usd + proposed * line.on_demand_usd_per_hour) / nodes


def _with_list_price(resource: PricedResource) -> PricedResource:
    if not resource.list_usd_per_month_now:
        return resource
    usd = f"${resource.list_usd_per_month_now:,.2f}"
    note = f"at list price, {usd} now, until the commitment is approved"
    return replace(resource, note=f"{resource.note}; {note}" if resource.note else note)


def _monthly(count: float, per_hour: float | None) -> float | None:
    return None if per_hour is None else count * per_hour * HOURS_PER_MONTH


def _totals(resources: Sequence[PricedResource]) -> Totals:
    counts = dict.fromkeys(Status, 0)
    for resource in resources:
        counts[resource.status] += 1
    not_priced = counts[Status.NOT_PRICED]
    unknown = sum(r.record.type in NODES and r.kgco2e_per_month_now is None for r in resources)
    return Totals(
        usd_per_month_now=_sum((r.usd_per_month_now for r in resources), not_priced),
        usd_per_month_expected=_sum((r.usd_per_month_expected for r in resources), not_priced),
        kgco2e_per_month_now=_sum((r.kgco2e_per_month_now for r in resources), unknown),
        kgco2e_per_month_expected=_sum((r.kgco2e_per_month_expected for r in resources), unknown),
        priced=counts[Status.PRICED],
        free=counts[Status.FREE],
        by_use=counts[Status.BY_USE],
        not_priced=not_priced,
        emissions_unknown=unknown,
    )


def _sum(values: Iterable[float | None], unknown: int) -> float | None:
    """The sum of what is known; None where nothing is and something ought to be: never 0 for that."""
    known = [value for value in values if value is not None]
    return sum(known) if known or not unknown else None


def _notes(
    plan: CapacityPlan | None, as_of: datetime | None, resources: Sequence[PricedResource]
) -> list[str]:
    notes = []
    if plan and as_of and expired(plan, as_of):
        notes.append("the plan has expired at this instant: what runs is kept, and may differ")
    if plan:
        shown = {resource.plan_line for resource in resources}
        groups = sum(len(pool.groups) for pool in plan.spec.pools)
        if missing := groups - len(shown - {None}):
            notes.append(f"{missing} of the plan's {groups} groups have no resource in this stack")
    if any(r.status is Status.PRICED and r.usd_per_month_expected is None for r in resources):
        notes.append("some groups have no expected cost: that total leaves them out")
    return notes


def _find(plan: CapacityPlan, pool_name: str, group_name: str) -> tuple[Pool, Group] | None:
    for pool in plan.spec.pools:
        for group in pool.groups:
            if (pool.name, group.name) == (pool_name, group_name):
                return pool, group
    return None


def _plan_line(source: PlanSource, pool: Pool, group: Group) -> str:
    line = source.lines.get((pool.name, group.name))
    place = f"{source.file}:{line}" if line else source.file
    return f"{place} pools[{pool.name}].groups[{group.name}]"


def _group_names(inputs: Mapping[str, Any]) -> tuple[str, str] | None:
    pool = label_of(inputs, POOL_TAG, POOL_LABEL)
    group = label_of(inputs, GROUP_TAG, GROUP_LABEL)
    return (pool, group) if pool and group else None


def _regions(recording: Recording, plan: CapacityPlan | None) -> dict[str, str | None]:
    """Each resource's region: its own, its provider's, the stack's, else the plan's."""
    own = {record.urn: region_of(record.inputs) for record in recording.records}

    def stack(record: ResourceRecord) -> str | None:
        configured = recording.config.get(_REGION_KEYS.get(record.type.partition(":")[0], ""))
        return configured or (plan.spec.site.region if plan else None)

    return {
        record.urn: own[record.urn] or own.get(record.provider.rpartition("::")[0]) or stack(record)
        for record in recording.records
    }


_REGION_KEYS = {"aws": "aws:region", "gcp": "gcp:region", "azure": "azure:location"}


OPAQUE = (
    "kubernetes:argoproj.io/*:Application*",
    "kubernetes:helm.sh/*",
    "kubernetes:helm.toolkit.fluxcd.io/*:HelmRelease",
    "kubernetes:kustomize*",
    "kubernetes:yaml/v2:*",
)
"""What another process fills, out of the preview's sight."""
