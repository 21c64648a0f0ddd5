"""A plan's groups as Karpenter objects."""

from datetime import timedelta
from typing import Any

import pytest

from support.plans import START, group, plan, pool
from trimtab_components.karpenter.objects import NodeSettings, karpenter_objects
from trimtab_components.sized_groups import sized_groups

SETTINGS = NodeSettings(cluster="c", role="r")


def specs(
    purchase: dict[str, Any], settings: NodeSettings = SETTINGS, **changes: Any
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The specs of the EC2NodeClass and of the NodePool."""
    site = {"provider": "aws", "region": "us-east-1", "zones": changes.pop("zones", [])}
    one = plan(site=site, pools=[pool(groups=[group("g", purchase, **changes)])])
    (sized,) = sized_groups(one, START, {})
    node_class, node_pool = karpenter_objects(one, sized, settings, {"cost-center": "42"})
    assert node_class.name == node_pool.name == "trainer-g-0a1b2c"
    return node_class.spec, node_pool.spec


def requirement(spec: dict[str, Any], key: str) -> list[str] | None:
    found = [r["values"] for r in spec["template"]["spec"]["requirements"] if r["key"] == key]
    return found[0] if found else None


BLOCK = {
    "option": "capacity-block",
    "reservationId": "cr-1",
    "endsAt": (START + timedelta(hours=10)).isoformat(),
}


@pytest.mark.parametrize(
    ("purchase", "expected"),
    [
        ({"option": "reserved", "term": "3y"}, ["reserved", "on-demand"]),
        ({"option": "on-demand"}, ["on-demand"]),
        ({"option": "spot", "pools": 2}, ["spot"]),
        (BLOCK, ["reserved"]),
    ],
)
def test_capacity_types(purchase: dict[str, Any], expected: list[str]) -> None:
    assert requirement(specs(purchase)[1], "karpenter.sh/capacity-type") == expected


def test_only_spot_nodes_expire_or_are_consolidated_while_busy() -> None:
    steady = specs({"option": "on-demand"})[1]
    spot = specs({"option": "spot", "pools": 2})[1]
    assert steady["template"]["spec"]["expireAfter"] == "Never"
    assert steady["disruption"]["consolidationPolicy"] == "WhenEmpty"
    assert spot["template"]["spec"]["expireAfter"] == "720h"
    assert spot["disruption"]["consolidationPolicy"] == "WhenEmptyOrUnderutilized"


def test_a_capacity_block_is_selected_by_its_id() -> None:
    assert specs(BLOCK)[0]["capacityReservationSelectorTerms"] == [{"id": "cr-1"}]
    assert "capacityReservationSelectorTerms" not in specs({"option": "on-demand"})[0]


@pytest.mark.parametrize(("zones", "expected"), [([], None), (["us-east-1a"], ["us-east-1a"])])
def test_the_plans_zones_hold(zones: list[str], expected: list[str] | None) -> None:
    found = specs({"option": "on-demand"}, zones=zones)[1]
    assert requirement(found, "topology.kubernetes.io/zone") == expected


@pytest.mark.parametrize(("ours", "theirs"), [("x86_64", "amd64"), ("arm64", "arm64")])
def test_architectures_have_kubernetes_names(ours: str, theirs: str) -> None:
    found = specs({"option": "on-demand"}, architecture=ours)[1]
    assert requirement(found, "kubernetes.io/arch") == [theirs]


def test_taints_without_a_value_have_none() -> None:
    taints = [
        {"key": "a", "effect": "NoSchedule"},
        {"key": "b", "value": "c", "effect": "NoExecute"},
    ]
    assert specs({"option": "on-demand"}, taints=taints)[1]["template"]["spec"]["taints"] == [
        {"key": "a", "effect": "NoSchedule"},
        {"key": "b", "effect": "NoExecute", "value": "c"},
    ]
    assert "taints" not in specs({"option": "on-demand"})[1]["template"]["spec"]


def test_bottlerocket_has_its_alias_volumes_and_labels() -> None:
    settings = NodeSettings("c", "r", "BOTTLEROCKET", "v1.68.0", volume_gib=300)
    node_class, node_pool = specs({"option": "on-demand"}, settings)
    assert node_class["amiSelectorTerms"] == [{"alias": "bottlerocket@v1.68.0"}]
    # Karpenter's CRD refuses a volume without a size.
    sizes = [m["ebs"]["volumeSize"] for m in node_class["blockDeviceMappings"]]
    assert sizes == ["4Gi", "300Gi"]
    labels = node_pool["template"]["metadata"]["labels"]
    assert labels["nvidia.com/gpu.deploy.driver"] == "false"


def test_tags_of_machines_do_not_move_with_the_plan() -> None:
    """Karpenter replaces nodes whose class has changed, tags included."""
    tags = specs({"option": "on-demand"})[0]["tags"]
    assert tags["cost-center"] == "42"
    assert tags["team"] == "vision"
    assert "trimtab:plan-digest" not in tags


def test_metadata_and_volumes_are_closed() -> None:
    node_class = specs({"option": "on-demand"})[0]
    assert node_class["metadataOptions"]["httpTokens"] == "required"
    assert node_class["metadataOptions"]["httpPutResponseHopLimit"] == 1
    assert all(m["ebs"]["encrypted"] for m in node_class["blockDeviceMappings"])


def test_sixteen_groups_have_sixteen_weights() -> None:
    groups = [group(f"g{i}", {"option": "on-demand"}) for i in range(16)]
    one = plan(pools=[pool(groups=groups)])
    weights = [
        karpenter_objects(one, sized, SETTINGS, {})[1].spec["weight"]
        for sized in sized_groups(one, START, {})
    ]
    assert weights == sorted(set(weights), reverse=True)
    assert all(1 <= weight <= 100 for weight in weights)
