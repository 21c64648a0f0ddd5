"""The Pulumi component and the function, given one plan and the same choices, make the same node pools."""

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from support.capacity_function import CapacityFunction, capacity_function
from support.cloud_plans import (
    RESERVATION_GROUP,
    SUBNET,
    aks_arguments,
    aks_group,
    aks_plan,
    gke_arguments,
    gke_group,
    gke_plan,
    held,
    tpu_group,
)
from support.crossplane_cli import CrossplaneCli
from support.inline import preview
from support.recorded import of
from trimtab.plan.document import to_data
from trimtab.plan.model import CapacityPlan
from trimtab_components import AksCluster, GkeCluster

pytestmark = pytest.mark.engine

NAME = "function-trimtab-capacity"
START, END = "2026-11-01T00:00:00Z", "2099-01-01T00:00:00Z"
NODES = "nodes@my-project.iam.gserviceaccount.com"
ZONES = ("us-central1-a", "us-central1-b")

Document = dict[str, Any]


@pytest.fixture(scope="module")
def function(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CapacityFunction]:
    with capacity_function(tmp_path_factory.mktemp("function")) as served:
        yield served


def for_ever(low: int, desired: int, high: int) -> list[dict[str, Any]]:
    """One window, whenever this test is run."""
    return [{"start": START, "end": END, "min": low, "desired": desired, "max": high}]


def lasting(plan: CapacityPlan) -> Document:
    """The plan with one window a group, the first, which holds on any day."""
    document = copy.deepcopy(to_data(plan))
    document["spec"]["validUntil"] = END
    for pool in document["spec"]["pools"]:
        for each in pool["groups"]:
            first = each["windows"][0]
            each["windows"] = for_ever(first["min"], first["desired"], first["max"])
    return document


@dataclass(frozen=True)
class Case:
    """One plan, and the same choices in either's words."""

    name: str
    plan: CapacityPlan
    arguments: Mapping[str, Any] = field(default_factory=dict)
    spec: Mapping[str, Any] = field(default_factory=dict)


def rendered(
    crossplane: CrossplaneCli, function: CapacityFunction, kind: str, plan: Document, spec: Document
) -> dict[str, Document]:
    """What the function composes, by the name in the cloud."""
    plan["metadata"] = {"name": "example", "namespace": "ml"}
    xr = {
        "apiVersion": "platform.example.org/v1",
        "kind": "Cluster",
        "metadata": {"name": "ml", "namespace": "ml"},
        "spec": {"planRef": {"name": "example"}, "pools": ["trainer"], **spec},
    }
    composition = {
        "apiVersion": "apiextensions.crossplane.io/v1",
        "kind": "Composition",
        "metadata": {"name": "clusters"},
        "spec": {
            "compositeTypeRef": {"apiVersion": xr["apiVersion"], "kind": "Cluster"},
            "mode": "Pipeline",
            "pipeline": [
                {
                    "step": "capacity",
                    "functionRef": {"name": NAME},
                    "input": {
                        "apiVersion": "capacity.fn.trimtab.dev/v1alpha1",
                        "kind": "Input",
                        "compose": {"as": kind},
                    },
                }
            ],
        },
    }
    told, *composed = crossplane.render(
        xr, composition, {NAME: function.target}, required_resources=plan, results=False
    )
    (planned,) = [
        each for each in told["status"]["conditions"] if each["type"] == "CapacityPlanned"
    ]
    assert planned["reason"] == "AsPlanned", planned
    name = "crossplane.io/external-name"
    return {each["metadata"]["annotations"][name]: each["spec"] for each in composed}


GKE = (
    Case("every purchase option", gke_plan()),
    Case(
        "settings, zones, and who brings the driver",
        gke_plan(zones=ZONES),
        {
            "gpu_driver": "none",
            "volume_gib": 200,
            "disk_key": "projects/p/locations/l/keyRings/r/cryptoKeys/d",
            "private_nodes": False,
            "image_type": "UBUNTU_CONTAINERD",
            "pool_zones": {"trainer/spot": ["us-central1-c"]},
            "pools": {
                "trainer": {"accelerator_taint": True, "sharing": "mps", "sharing_replicas": 4},
                "trainer/spot": {"placement_group": True, "volume_gib": 500},
            },
        },
        {
            "zones": None,
            "gpuDriver": "none",
            "volumeGib": 200,
            "diskKey": "projects/p/locations/l/keyRings/r/cryptoKeys/d",
            "privateNodes": False,
            "imageType": "UBUNTU_CONTAINERD",
            "poolZones": {"trainer/spot": ["us-central1-c"]},
            "nodeSettings": {
                "trainer": {"acceleratorTaint": True, "sharing": "mps", "sharingReplicas": 4},
                "trainer/spot": {"placementGroup": True, "volumeGib": 500},
            },
        },
    ),
    Case(
        "GPUs that GKE cuts and shares",
        gke_plan(),
        {
            "pools": {
                "trainer/spot": {"mig_profile": "all-1g.5gb"},
                "trainer/held": {"sharing": "time-slicing", "sharing_replicas": 2},
            }
        },
        {
            "nodeSettings": {
                "trainer/spot": {"migProfile": "all-1g.5gb"},
                "trainer/held": {"sharing": "time-slicing", "sharingReplicas": 2},
            }
        },
    ),
    Case(
        "queued machines",
        gke_plan(gke_group("queued", windows=for_ever(0, 1, 4))),
        {"queued": ["trainer"]},
        {"queued": ["trainer"]},
    ),
    Case("no machines", gke_plan(gke_group("none", windows=for_ever(0, 0, 0)))),
    Case(
        "a TPU slice that waits for work",
        gke_plan(tpu_group(windows=for_ever(0, 0, 4))),
        {"tpu_topologies": {"trainer": "4x4"}, "zones": ZONES[:1]},
        {"tpuTopologies": {"trainer": "4x4"}, "zones": ZONES[:1]},
    ),
    Case(
        "a TPU slice that is always there",
        gke_plan(tpu_group(windows=for_ever(4, 4, 4))),
        {"tpu_topologies": {"trainer": "4x4"}, "zones": ZONES[:1]},
        {"tpuTopologies": {"trainer": "4x4"}, "zones": ZONES[:1]},
    ),
    Case(
        "taints of the plan, and local disks",
        gke_plan(
            gke_group(
                "spot",
                {"option": "spot", "pools": 2},
                taints=[{"key": "spot", "value": "", "effect": "PreferNoSchedule"}],
            ),
            gke_group("held", held("projects/shared-1/reservations/ours", ZONES[1])),
        ),
        {"pools": {"trainer": {"local_storage": "raid0", "team_taint": True}}},
        {"nodeSettings": {"trainer": {"localStorage": "raid0", "teamTaint": True}}},
    ),
)


@pytest.mark.parametrize("case", GKE, ids=lambda case: case.name)
def test_gke_node_pools_are_the_same(
    case: Case, crossplane: CrossplaneCli, function: CapacityFunction, tmp_path: Path
) -> None:
    plan = lasting(case.plan)
    given = {"plan": plan, "zones": ZONES, "node_service_account": NODES, **case.arguments}
    arguments: Any = gke_arguments(**given)
    records = preview(tmp_path / "program", lambda: GkeCluster("ml", arguments)).records
    expected = {}
    for key, record in of(records, "NodePool").items():
        made = dict(record.inputs)
        if key == "ml-system":
            continue
        assert made.pop("cluster")
        config = made["nodeConfig"] = dict(made["nodeConfig"])
        for pulumis, ours in (("guestAccelerators", "guestAccelerator"), ("taints", "taint")):
            if pulumis in config:
                config[ours] = config.pop(pulumis)
        expected[made.pop("name")] = made
    spec = {
        "region": "us-central1",
        "project": "my-project",
        "cluster": "ml",
        "zones": list(ZONES),
        "serviceAccount": NODES,
        **case.spec,
    }
    spec = {key: each for key, each in spec.items() if each is not None}
    found = rendered(crossplane, function, "GKE", plan, spec)
    for each in found.values():
        assert each["forProvider"].pop("cluster") == "ml"
    assert {
        name: {**each["forProvider"], **each.get("initProvider", {})}
        for name, each in found.items()
    } == expected


AKS = (
    Case("every purchase option", aks_plan()),
    Case(
        "settings, zones, and who brings the driver",
        aks_plan(zones=("eastus-1", "eastus-2")),
        {
            "gpu_driver": "none",
            "volume_gib": 200,
            "os_sku": "AzureLinux",
            "kubernetes_version": "1.34",
            "tags": {"cost-centre": "7"},
            "pool_zones": {"trainer/spot": ["3"]},
            "pools": {
                "trainer": {"accelerator_taint": True, "mig_profile": "all-1g.5gb"},
                "trainer/spot": {"volume_gib": 500},
            },
        },
        {
            "gpuDriver": "none",
            "volumeGib": 200,
            "osSku": "AzureLinux",
            "kubernetesVersion": "1.34",
            "tags": {"cost-centre": "7"},
            "poolZones": {"trainer/spot": ["3"]},
            "nodeSettings": {
                "trainer": {"acceleratorTaint": True, "migProfile": "all-1g.5gb"},
                "trainer/spot": {"volumeGib": 500},
            },
        },
    ),
    Case(
        "GPUs that AKS cuts",
        aks_plan(),
        {"pools": {"trainer": {"mig_profile": "all-1g.5gb"}}},
        {"nodeSettings": {"trainer": {"migProfile": "all-1g.5gb"}}},
    ),
    Case("no machines", aks_plan(aks_group("none", windows=for_ever(0, 0, 0)))),
    Case(
        "taints of the plan",
        aks_plan(
            aks_group(
                "spot",
                {"option": "spot", "pools": 2},
                taints=[{"key": "spot", "value": "", "effect": "PreferNoSchedule"}],
            ),
            aks_group("held", held(RESERVATION_GROUP, "2")),
        ),
    ),
)


@pytest.mark.parametrize("case", AKS, ids=lambda case: case.name)
def test_aks_node_pools_are_the_same(
    case: Case, crossplane: CrossplaneCli, function: CapacityFunction, tmp_path: Path
) -> None:
    plan = lasting(case.plan)
    given = {"plan": plan, "subnet_id": SUBNET, **case.arguments}
    arguments: Any = aks_arguments(**given)
    records = preview(tmp_path / "program", lambda: AksCluster("ml", arguments)).records
    expected = {}
    for record in of(records, "KubernetesClusterNodePool").values():
        made = dict(record.inputs)
        assert made.pop("kubernetesClusterId")
        expected[made.pop("name")] = made
    spec = {"region": "eastus", "clusterName": "ml", "subnetId": SUBNET, **case.spec}
    found = rendered(crossplane, function, "AKS", plan, spec)
    for each in found.values():
        assert each["forProvider"].pop("kubernetesClusterIdRef") == {"name": "ml"}
    assert {
        name: {**each["forProvider"], **each.get("initProvider", {})}
        for name, each in found.items()
    } == expected
