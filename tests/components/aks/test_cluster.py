"""AksCluster as the engine would see it: tree, inputs, sizes, rights, and mistakes."""

from pathlib import Path
from typing import Any

import pytest

from support.cloud_plans import (
    ADMINS,
    RESERVATION_GROUP,
    aks_arguments,
    aks_group,
    aks_plan,
)
from support.inline import preview
from support.plans import windows
from support.recorded import Records, of, one
from support.sdk_inputs import problems
from trimtab.errors import InputError, StalePlanError, TrimtabError
from trimtab.resources.inputs import UNKNOWN
from trimtab_components import AksCluster

KEYS = [f"ml-trainer-{name}-0a1b2c" for name in ("held", "on-demand", "reserved", "spot")]


def records(folder: Path, **changes: Any) -> Records:
    given: Any = aks_arguments(**changes)
    return preview(folder, lambda: AksCluster("ml", given)).records


def test_the_tree(tmp_path: Path) -> None:
    made = [r for r in records(tmp_path) if r.custom and not r.type.startswith("pulumi:")]
    (component,) = {r.parent for r in made}
    assert component.endswith("trimtab:index:AksCluster::ml")
    assert sorted((r.type.rpartition(":")[2], r.name) for r in made) == [
        ("Assignment", "ml-control-plane-subnet"),
        ("Assignment", "ml-control-plane-trainer-held-0a1b2c"),
        ("KubernetesCluster", "ml"),
        *(("KubernetesClusterNodePool", key) for key in KEYS),
        ("NatGateway", "ml-nat"),
        ("NatGatewayPublicIpAssociation", "ml-nat"),
        ("PublicIp", "ml-nat"),
        ("ResourceGroup", "ml-group"),
        ("Subnet", "ml-nodes"),
        ("SubnetNatGatewayAssociation", "ml-nat"),
        ("UserAssignedIdentity", "ml-control-plane"),
        ("VirtualNetwork", "ml-network"),
    ]


CASES: list[dict[str, Any]] = [
    {},
    {"nat": "none", "tier": "Free", "upgrade_channel": "none", "kubernetes_version": "1.35"},
    {"public_endpoint": False, "zones": ["1", "2", "3"], "os_sku": "AzureLinux"},
    {"public_access_cidrs": ["192.0.2.0/24"], "autoscaled": False, "gpu_driver": "none"},
    {"subnet_id": "s", "resource_group": "g", "disk_encryption_set_id": "d"},
    {"identity_id": "i", "secrets_key": "k"},
    {
        "pools": {
            "trainer/on-demand": {"mig_profile": "all-1g.5gb", "placement_group": True},
            "trainer/reserved": {"max_unavailable_percentage": 20, "team_taint": True},
        },
        "pool_zones": {"trainer/on-demand": ["eastus-2"]},
    },
    {"plan": aks_plan(aks_group("g", windows=windows((0, 0, 0), (0, 0, 4))))},
]


@pytest.mark.parametrize("changes", CASES, ids=lambda each: " ".join(each) or "least")
def test_every_input_is_one_that_the_sdk_knows(tmp_path: Path, changes: dict[str, Any]) -> None:
    first = records(tmp_path, **changes)
    checked = [r for r in first if r.type.startswith("azure:")]
    assert {r.name: found for r in checked if (found := problems(r.type, r.inputs))} == {}
    assert records(tmp_path, **changes) == first


def test_pools_have_the_plans_bounds_and_the_autoscaler_the_rest(tmp_path: Path) -> None:
    pools = of(records(tmp_path), "KubernetesClusterNodePool")
    assert sorted(pools) == KEYS
    for record in pools.values():
        inputs = record.inputs
        assert (inputs["minCount"], inputs["nodeCount"], inputs["maxCount"]) == (2, 3, 4)
        assert record.ignore_changes == ("nodeCount",)
        assert inputs["mode"] == "User"


def test_an_empty_window_turns_the_autoscaler_off(tmp_path: Path) -> None:
    plan = CASES[7]["plan"]
    empty, later = (
        one(records(tmp_path, plan=plan, as_of=f"2026-11-01T{hour}:00:00Z"), "KubernetesClusterNodePool")
        for hour in ("00", "04")
    )  # fmt: skip
    assert empty.inputs["autoScalingEnabled"] is False
    assert empty.inputs["nodeCount"] == 0
    assert {"minCount", "maxCount"}.isdisjoint(empty.inputs)
    assert later.inputs["autoScalingEnabled"] is True
    assert (later.inputs["minCount"], later.inputs["maxCount"]) == (0, 4)


def test_a_spot_pool_pays_up_to_the_list_price(tmp_path: Path) -> None:
    inputs = of(records(tmp_path), "KubernetesClusterNodePool")["ml-trainer-spot-0a1b2c"].inputs
    assert (inputs["priority"], inputs["evictionPolicy"]) == ("Spot", "Delete")
    assert inputs["spotMaxPrice"] == -1
    assert "upgradeSettings" not in inputs


def test_a_held_reservation_is_used_by_the_clusters_identity(tmp_path: Path) -> None:
    made = records(tmp_path)
    inputs = of(made, "KubernetesClusterNodePool")["ml-trainer-held-0a1b2c"].inputs
    assert inputs["capacityReservationGroupId"] == RESERVATION_GROUP
    assert inputs["zones"] == ["1"]
    rights = of(made, "Assignment")
    scopes = {n: (r.inputs["scope"], r.inputs["roleDefinitionName"]) for n, r in rights.items()}
    assert scopes == {
        "ml-control-plane-subnet": (UNKNOWN, "Network Contributor"),
        "ml-control-plane-trainer-held-0a1b2c": (RESERVATION_GROUP, "Contributor"),
    }
    assert {r.urn for r in rights.values()} <= set(one(made, "KubernetesCluster").dependencies)


def test_the_cluster_has_no_local_accounts_and_an_issuer(tmp_path: Path) -> None:
    inputs = one(records(tmp_path), "KubernetesCluster").inputs
    assert inputs["localAccountDisabled"] is True
    assert inputs["oidcIssuerEnabled"] is True
    assert inputs["workloadIdentityEnabled"] is True
    assert inputs["azureActiveDirectoryRoleBasedAccessControl"] == {
        "adminGroupObjectIds": ADMINS,
        "azureRbacEnabled": True,
    }
    assert inputs["defaultNodePool"]["onlyCriticalAddonsEnabled"] is True


def test_close_nodes_stand_in_a_group_of_one_zone(tmp_path: Path) -> None:
    made = records(tmp_path, **CASES[6])
    group = one(made, "PlacementGroup")
    assert group.inputs["zone"] == "2"
    pool = of(made, "KubernetesClusterNodePool")[group.name]
    assert pool.inputs["zones"] == ["2"]
    assert pool.property_dependencies["proximityPlacementGroupId"] == (group.urn,)


def test_an_existing_network_is_used(tmp_path: Path) -> None:
    made = records(tmp_path, **CASES[4])
    assert not of(made, "VirtualNetwork")
    assert not of(made, "ResourceGroup")
    assert {r.inputs["vnetSubnetId"] for r in of(made, "KubernetesClusterNodePool").values()} == {
        "s"
    }
    assert one(made, "KubernetesCluster").inputs["networkProfile"]["outboundType"] == "loadBalancer"


@pytest.mark.parametrize(
    ("changes", "error", "says"),
    [
        ({"nta": "none"}, InputError, "nta: unknown field; did you mean nat?"),
        ({"nat": "per-zone"}, InputError, "a subnet of Azure has one NAT gateway"),
        ({"nat": "many"}, InputError, "nat: many is no choice; give single or none"),
        ({"region": "westeurope"}, StalePlanError, "set azure:location to eastus"),
        ({"region": None}, InputError, "no region is configured; set azure:location"),
        ({"region": "East US"}, InputError, "region: String should match"),
        ({"zones": ["a"]}, InputError, "a is no zone of eastus; give 1 or eastus-1"),
        ({"pool_zones": {"nets": ["1"]}}, InputError, "pool_zones: nets is no pool or group"),
        ({"subnet_id": "s", "nat": "none"}, InputError, "subnet_id names an existing network"),
        ({"cidr": "10.244.0.0/14"}, InputError, "overlap; give blocks apart"),
        (
            {"admin_groups": []},
            InputError,
            "nobody could administer the cluster; give admin_groups",
        ),
        ({"admin_groups": ["ops"]}, InputError, "admin_groups[0]: String should match"),
        ({"secrets_key": "k"}, InputError, "give identity_id"),
        (
            {"kubernetes_version": "1.34", "upgrade_channel": "rapid"},
            InputError,
            "upgrade_channel rapid moves the minor version",
        ),
        (
            {"pods_cidr": "10.244.0.0/20"},
            InputError,
            "pods_cidr: 10.244.0.0/20 has room for 16 nodes, and the plan may have 22",
        ),
        (
            {"public_endpoint": False, "public_access_cidrs": ["192.0.2.0/24"]},
            InputError,
            "public_access_cidrs without public_endpoint",
        ),
        (
            {"system_nodes": 0},
            InputError,
            "system_nodes: Input should be greater than or equal to 1",
        ),
        ({"system_vm_size": "m5.large"}, InputError, "system_vm_size: String should match"),
        ({"tags": {"a%": "x"}}, InputError, "tags: a% has a %"),
        ({"tags": {"managed-by": "x"}}, InputError, "tags: managed-by is set from the plan"),
        ({"as_of": "2026-11-02T00:00:00Z"}, StalePlanError, "is past the end of plan example"),
    ],
)
def test_a_mistake_is_one_line(
    tmp_path: Path, changes: dict[str, Any], error: type[TrimtabError], says: str
) -> None:
    with pytest.raises(error) as caught:
        records(tmp_path, **changes)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "ways_out"), [({}, 1), ({"nat": "none"}, 0), ({"subnet_id": "s"}, 0)]
)
def test_nodes_may_reach_an_endpoint_that_is_narrowed(
    tmp_path: Path, changes: dict[str, Any], ways_out: int
) -> None:
    """They come by the NAT gateway's address; AKS lets in that of its own load balancer."""
    made = records(tmp_path, public_access_cidrs=["192.0.2.0/24"], **changes)
    blocks = one(made, "KubernetesCluster").inputs["apiServerAccessProfile"]["authorizedIpRanges"]
    assert blocks == ["192.0.2.0/24", *[UNKNOWN] * ways_out]


@pytest.mark.parametrize("name", ["-ml", "m" * 41, "m_l"])
def test_a_name_that_no_cluster_can_have_is_refused(tmp_path: Path, name: str) -> None:
    given: Any = aks_arguments()
    with pytest.raises(InputError, match=r"its name can't be a cluster's"):
        preview(tmp_path, lambda: AksCluster(name, given))
