"""Recordings of a resource or two, priced against the small plan of support.plans."""

from pathlib import Path
from typing import Any

from support.plans import plan
from trimtab.plan.attribution import group_tags
from trimtab.plan.model import CapacityPlan
from trimtab.preview.priced import PricedResource
from trimtab.preview.pricing import price
from trimtab.preview.records import Recording, ResourceRecord
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


def one(record: ResourceRecord, plan_source: PlanSource | None = None) -> PricedResource:
    return price(recording(record), plan_source or source(), None).resources[0]
