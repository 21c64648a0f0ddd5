"""A plan's groups as Karpenter objects."""

from datetime import timedelta
from typing import Any

import pytest

from support.plans import START, group, plan, pool
from trimtab.errors import InputError
from trimtab.provision.karpenter.node_class import NodeSettings, ReservationSelector
from trimtab.provision.karpenter.objects import Choices, group_objects
from trimtab.provision.karpenter.shapes import Mode
from trimtab.provision.karpenter.static import Baseline
from trimtab.provision.pool_settings import Settings
from trimtab.provision.sized_groups import sized_groups

SETTINGS = NodeSettings(cluster="c", role="r")


def specs(
    purchase: dict[str, Any],
    settings: NodeSettings = SETTINGS,
    chosen: dict[str, Any] | None = None,
    share: float = 0.5,
    **changes: Any,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The specs of the node class and of the NodePool."""
    site = {"provider": "aws", "region": "us-east-1", "zones": changes.pop("zones", [])}
    made = [pool(groups=[group("g", purchase, **changes)], interruptibleShare=share)]
    one = plan(site=site, pools=made)
    (sized,) = sized_groups(one, START, {})
    choices = Choices(settings, START, {"cost-center": "42"})
    found = group_objects(one, sized, choices, Settings(**(chosen or {})))
    (node_pool,) = found.node_pools
    assert found.node_class.name == node_pool.name == "trainer-g-0a1b2c"
    return found.node_class.spec, node_pool.spec


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


HELD = {"option": "reserved", "term": "open"}


@pytest.mark.parametrize(
    ("reservation", "stated", "terms"),
    [
        ({"id": "cr-0a"}, {}, [{"id": "cr-0a"}]),
        ({"groupArn": "arn:aws:resource-groups:x"}, {"tags": {"team": "ml"}}, [{"tags": {"team": "ml"}}]),
        (None, {"tags": {"a": "b"}, "owner_id": "123456789012"},
         [{"tags": {"a": "b"}, "ownerID": "123456789012"}]),
    ],
)  # fmt: skip
def test_nodes_of_a_held_reservation_run_in_it_and_nowhere_else(
    reservation: dict[str, str] | None, stated: dict[str, Any], terms: list[dict[str, Any]]
) -> None:
    held = {"trainer/g": ReservationSelector(**stated)} if stated else {}
    purchase = {**HELD, **({"reservation": reservation} if reservation else {})}
    settings = NodeSettings("c", "r", reservations=held)
    node_class, node_pool = specs(purchase, settings)
    assert node_class["capacityReservationSelectorTerms"] == terms
    assert requirement(node_pool, "karpenter.sh/capacity-type") == ["reserved"]


@pytest.mark.parametrize(
    ("purchase", "stated", "warned"),
    [
        (HELD, False, True),
        (HELD, True, False),
        ({**HELD, "reservation": {"id": "cr-0a"}}, False, False),
        ({"option": "reserved", "term": "3y"}, False, False),
        ({"option": "on-demand"}, False, False),
    ],
    ids=["open", "open, by tags", "by id", "savings plan", "on-demand"],
)
@pytest.mark.parametrize("mode", ["karpenter", "eks-auto"])
def test_an_open_reservation_that_nothing_selects_is_warned_of_and_counts_as_paid_nowhere(
    mode: Mode, purchase: dict[str, Any], stated: bool, warned: bool
) -> None:
    held = {"trainer/g": ReservationSelector({"a": "b"})} if stated else {}
    one = plan(pools=[pool(groups=[group("g", purchase)])])
    (sized,) = sized_groups(one, START, {})
    choices = Choices(
        NodeSettings("c", "r", mode=mode, reservations=held),
        START,
        overlays=True,
        baseline=Baseline(on=True),
    )
    found = group_objects(one, sized, choices)
    assert bool(found.warnings) == warned
    paid = purchase["option"] == "reserved" and not warned
    assert (len(found.node_pools) == 2) == paid
    if warned:
        assert found.overlay is None
        (text,) = found.warnings
        assert "zone in the inventory" in text
        assert "reservations.trainer/g.tags" in text


def test_a_resource_group_alone_can_not_be_selected() -> None:
    with pytest.raises(InputError, match=r"resource group .*reservations\.trainer/g\.tags"):
        specs({**HELD, "reservation": {"groupArn": "arn:aws:resource-groups:x"}})


KEY = "arn:aws:kms:us-east-1:111122223333:key/1"


def test_a_key_of_ones_own_encrypts_every_volume() -> None:
    chosen = {"ami_family": "BOTTLEROCKET"}
    node_class, _ = specs(
        {"option": "on-demand"}, NodeSettings("c", "r", volume_key_arn=KEY), chosen
    )
    assert [v["ebs"]["kmsKeyID"] for v in node_class["blockDeviceMappings"]] == [KEY, KEY]
    auto, _ = specs(
        {"option": "on-demand"}, NodeSettings("c", "r", mode="eks-auto", volume_key_arn=KEY)
    )
    assert auto["ephemeralStorage"] == {"size": "100Gi", "kmsKeyID": KEY}
    plain, _ = specs({"option": "on-demand"})
    assert not any("kmsKeyID" in volume["ebs"] for volume in plain["blockDeviceMappings"])


def test_a_purchases_zone_goes_before_the_plans() -> None:
    purchase = {**HELD, "reservation": {"id": "cr-0a", "zone": "us-east-1b"}}
    found = specs(purchase, zones=["us-east-1a", "us-east-1b"])[1]
    assert requirement(found, "topology.kubernetes.io/zone") == ["us-east-1b"]


def test_settings_of_the_pool_reach_class_and_template() -> None:
    chosen = {
        "ami_family": "BOTTLEROCKET",
        "volume_gib": 500,
        "local_storage": "raid0",
        "placement_group": True,
        "readiness_taint": True,
        "accelerator_taint": True,
        "mig_profile": "all-1g.5gb",
        "max_unavailable_percentage": 25,
    }
    node_class, node_pool = specs({"option": "spot", "pools": 2}, chosen=chosen)
    assert node_class["amiSelectorTerms"] == [{"alias": "bottlerocket@latest"}]
    assert node_class["blockDeviceMappings"][1]["ebs"]["volumeSize"] == "500Gi"
    assert node_class["instanceStorePolicy"] == "RAID0"
    assert node_class["placementGroupSelector"] == {"name": "c-trainer-g-0a1b2c"}
    template = node_pool["template"]
    assert template["metadata"]["labels"]["nvidia.com/mig.config"] == "all-1g.5gb"
    assert [t["key"] for t in template["spec"]["startupTaints"]] == [
        "trimtab.dev/accelerator-not-ready"
    ]
    assert {"key": "nvidia.com/gpu", "effect": "NoSchedule", "value": "present"} in (
        template["spec"]["taints"]
    )
    assert node_pool["disruption"]["budgets"][0] == {"nodes": "25%"}


def test_auto_mode_has_its_own_class_and_a_life_of_three_weeks() -> None:
    settings = NodeSettings("c", "r", mode="eks-auto", volume_gib=200)
    node_class, node_pool = specs({"option": "on-demand"}, settings)
    assert set(node_class) == {
        "role", "subnetSelectorTerms", "securityGroupSelectorTerms", "tags", "ephemeralStorage",
    }  # fmt: skip
    assert node_class["ephemeralStorage"] == {"size": "200Gi"}
    spec = node_pool["template"]["spec"]
    assert spec["nodeClassRef"] == {
        "group": "eks.amazonaws.com", "kind": "NodeClass", "name": "trainer-g-0a1b2c",
    }  # fmt: skip
    assert spec["expireAfter"] == "504h"


@pytest.mark.parametrize(
    ("mode", "chosen", "says"),
    [
        ("eks-auto", {"ami_family": "AL2023"}, "has no ami_family"),
        ("eks-auto", {"local_storage": "raid0"}, "has no local_storage"),
        ("eks-auto", {"placement_group": True}, "has no placement_group"),
        ("eks-auto", {"mig_profile": "all-1g.5gb"}, "has no mig_profile"),
        ("eks-auto", {"sharing": "mps", "sharing_replicas": 2}, "has no sharing"),
        ("karpenter", {"node_repair": True}, "the feature nodeRepair"),
    ],
)
def test_what_can_not_be_carried_out_is_refused(
    mode: Any, chosen: dict[str, Any], says: str
) -> None:
    with pytest.raises(InputError, match=says):
        specs({"option": "on-demand"}, NodeSettings("c", "r", mode=mode), chosen)


def test_on_demand_nodes_of_work_that_may_all_be_interrupted_are_consolidated() -> None:
    found = specs({"option": "on-demand"}, share=1.0)[1]
    assert found["disruption"]["consolidationPolicy"] == "WhenEmptyOrUnderutilized"
    # What is paid for anyway saves nothing by going.
    held = specs({"option": "reserved", "term": "3y"}, share=1.0)[1]
    assert held["disruption"]["consolidationPolicy"] == "WhenEmpty"


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
    choices = Choices(SETTINGS, START)
    weights = [
        group_objects(one, sized, choices).node_pools[0].spec["weight"]
        for sized in sized_groups(one, START, {})
    ]
    assert weights == sorted(set(weights), reverse=True)
    assert all(1 <= weight <= 100 for weight in weights)
