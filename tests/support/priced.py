"""Recordings of a resource or two, priced against the small plan of support.plans."""

from datetime import datetime
from pathlib import Path
from typing import Any

from support.plans import START, plan
from trimtab.plan.attribution import group_tags
from trimtab.plan.model import CapacityPlan
from trimtab.preview import priced
from trimtab.preview.priced import Preview, PricedResource
from trimtab.preview.records import Recording, ResourceRecord
from trimtab.pricing.book import built_in_book
from trimtab.pricing.estimation import Settings
from trimtab.pricing.plan_source import PlanSource

NODE_GROUP = "aws:eks/nodeGroup:NodeGroup"

NODE_POOL = "kubernetes:karpenter.sh/v1:NodePool"

GKE_POOL = "gcp:container/nodePool:NodePool"

AKS = "azure:containerservice/kubernetesCluster:KubernetesCluster"

AKS_POOL = "azure:containerservice/kubernetesClusterNodePool:KubernetesClusterNodePool"


def recording(*records: ResourceRecord, **config: str) -> Recording:
    keys = {key.replace("_", ":"): value for key, value in config.items()}
    return Recording("p", "s", Path("p"), Path("p"), keys, records)


def source(capacity_plan: CapacityPlan | None = None) -> PlanSource:
    capacity_plan = capacity_plan or plan()
    lines = {("trainer", "reserved"): 40, ("trainer", "on-demand"): 60, ("trainer", "spot"): 80}
    return PlanSource(capacity_plan, "plan.yaml", lines)


def resource(type_: str, name: str = "r", **inputs: Any) -> ResourceRecord:
    return ResourceRecord(
        urn=f"urn:pulumi:s::p::{type_}::{name}", type=type_, name=name, inputs=inputs
    )


def tags(group_name: str, capacity_plan: CapacityPlan | None = None) -> dict[str, str]:
    capacity_plan = capacity_plan or plan()
    pool_ = capacity_plan.spec.pools[0]
    (found,) = (g for g in pool_.groups if g.name == group_name)
    return group_tags(capacity_plan, pool_, found)


def node_group(group_name: str, *sizes: Any, name: str = "r", **changes: Any) -> ResourceRecord:
    low, desired, high = sizes
    scaling = {"minSize": low, "desiredSize": desired, "maxSize": high}
    inputs = {"scalingConfig": scaling, "tags": tags(group_name), **changes}
    return resource(NODE_GROUP, name, **inputs)


def price(
    recorded: Recording,
    plan_source: PlanSource | None,
    as_of: datetime | None = None,
    **fields: Any,
) -> Preview:
    """Priced from the built-in book, where the plan is, at its start unless an instant is given."""
    start, regions = START, {}
    if plan_source is not None:
        site = plan_source.plan.spec.site
        start, regions = plan_source.plan.spec.start, {site.provider: site.region}
    settings = Settings(
        built_in_book(), as_of or start, regions=regions, plan=plan_source, **fields
    )
    return priced.price(recorded, settings)


def one(record: ResourceRecord, plan_source: PlanSource | None = None) -> PricedResource:
    return price(recording(record), plan_source or source(), None).resources[0]


def machines_now(found: PricedResource) -> float:
    """What a resource's machines cost at the nodes that it starts with, without their disks."""
    return sum(each.usd_per_month_now or 0.0 for each in found.estimate.machines)


def machines_expected(found: PricedResource) -> float:
    """What the plan expects them to cost."""
    charges = [charge for each in found.estimate.machines for charge in each.charges]
    return sum(charge.usd_per_month.expected or 0.0 for charge in charges)
