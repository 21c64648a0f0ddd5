"""What a component is told to come after comes before each of its children too."""

from pathlib import Path
from typing import Any

import pulumi
import pytest

import trimtab_components
from support.cloud_plans import aks_arguments, gke_arguments, owned_plan
from support.inline import preview
from support.plans import plan

CASES: dict[str, dict[str, Any]] = {
    "Accelerators": {"plan": plan(), "image": "AL2023"},
    "HeterogeneousCluster": {"plan": plan(), "region": "us-east-1"},
    "KarpenterController": {"cluster_name": "c", "region": "us-east-1"},
    "KarpenterPools": {"plan": plan(), "cluster_name": "c"},
    "Network": {"region": "us-east-1", "zones": ["us-east-1a", "us-east-1b"]},
    "GkeCluster": gke_arguments(admin_members=["user:a@example.com"]),
    "AksCluster": aks_arguments(pools={"trainer/on-demand": {"placement_group": True}}),
    "ExistingCluster": {
        "plan": owned_plan(),
        "kubeconfig": "{}",
        "machines": {"trainer/cellar": ["dgx-1"]},
    },
}


@pytest.mark.parametrize("name", CASES)
def test_every_child_comes_after_it(tmp_path: Path, name: str) -> None:
    def program() -> None:
        first = pulumi.ComponentResource("own:index:First", "first")
        make: Any = getattr(trimtab_components, name)
        make("it", CASES[name], pulumi.ResourceOptions(depends_on=[Leaf("leaf", first)]))

    records = preview(tmp_path, program).records
    (leaf,) = (r for r in records if r.name == "leaf")
    (top,) = (r for r in records if r.type == f"trimtab:index:{name}")
    children = [r for r in records if r.parent == top.urn]
    assert children
    assert [r.name for r in children if leaf.urn not in r.dependencies] == []


class Leaf(pulumi.CustomResource):
    """Something that must stand first."""

    def __init__(self, name: str, parent: pulumi.Resource) -> None:
        super().__init__("own:index:Leaf", name, {}, pulumi.ResourceOptions(parent=parent))
