"""Plans for GKE, AKS and clusters that exist, and arguments of their components."""

from typing import Any

from support.plans import group, plan, pool, windows
from trimtab.plan.model import CapacityPlan

GCP_REGION, AZURE_REGION = "us-central1", "eastus"
PROJECT = "my-project"
ADMINS = ["00000000-0000-0000-0000-00000000000a"]
RESERVATION_GROUP = "/subscriptions/0/resourceGroups/ours/providers/Microsoft.Compute/capacityReservationGroups/gpus"
TPU = {"model": "tpu-v5e", "resource": "google.com/tpu", "perNode": 4.0}


def gke_group(name: str, purchase: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """A group of a2-highgpu-8g nodes."""
    offers = [{"instanceType": "a2-highgpu-8g", "usdPerHour": 29.39}]
    return group(name, purchase or {"option": "on-demand"}, **{"offers": offers, **changes})


def tpu_group(name: str = "tpu", **changes: Any) -> dict[str, Any]:
    """A group of TPU v5e hosts, four of which make a slice of 4x4."""
    given = {
        "offers": [{"instanceType": "ct5lp-hightpu-4t", "usdPerHour": 4.8}],
        "accelerator": TPU,
        "windows": windows((4, 4, 8), (0, 0, 4)),
        **changes,
    }
    return gke_group(name, **given)


def aks_group(name: str, purchase: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """A group of Standard_ND96asr_v4 nodes."""
    offers = [{"instanceType": "Standard_ND96asr_v4", "usdPerHour": 27.2}]
    return group(name, purchase or {"option": "on-demand"}, **{"offers": offers, **changes})


def gke_plan(*groups: dict[str, Any], zones: tuple[str, ...] = (), **spec: Any) -> CapacityPlan:
    """A plan of one pool in us-central1; without groups, one of every purchase option."""
    made = groups or (
        gke_group("reserved", {"option": "reserved", "term": "1y"}),
        gke_group("held", held("ours", f"{GCP_REGION}-a")),
        gke_group("on-demand"),
        gke_group("spot", {"option": "spot", "pools": 2}),
    )
    site = {"provider": "gcp", "region": GCP_REGION, "zones": list(zones)}
    return plan(site=site, pools=[pool(groups=list(made))], **spec)


def aks_plan(*groups: dict[str, Any], zones: tuple[str, ...] = (), **spec: Any) -> CapacityPlan:
    """A plan of one pool in eastus; without groups, one of every purchase option."""
    made = groups or (
        aks_group("reserved", {"option": "reserved", "term": "1y"}),
        aks_group("held", held(RESERVATION_GROUP, f"{AZURE_REGION}-1")),
        aks_group("on-demand"),
        aks_group("spot", {"option": "spot", "pools": 2}),
    )
    site = {"provider": "azure", "region": AZURE_REGION, "zones": list(zones)}
    return plan(site=site, pools=[pool(groups=list(made))], **spec)


def owned_plan(**changes: Any) -> CapacityPlan:
    """A plan of one pool with owned machines and, above them, machines on demand."""
    cellar = group("cellar", {"option": "owned", "site": "cellar"}, windows=windows((2, 2, 2)))
    return plan(
        pools=[pool(groups=[cellar, group("on-demand", {"option": "on-demand"})])], **changes
    )


def held(identity: str, zone: str | None) -> dict[str, Any]:
    """The purchase of a reservation that is held."""
    stated = {"zone": zone} if zone else {}
    return {"option": "reserved", "term": "open", "reservation": {"id": identity, **stated}}


def gke_arguments(given: CapacityPlan | None = None, **changes: Any) -> dict[str, Any]:
    """The least arguments of GkeCluster, and changes."""
    made = given or gke_plan()
    return {"plan": made, "region": GCP_REGION, "project": PROJECT, **changes}


def aks_arguments(given: CapacityPlan | None = None, **changes: Any) -> dict[str, Any]:
    """The least arguments of AksCluster, and changes."""
    made = given or aks_plan()
    return {"plan": made, "region": AZURE_REGION, "admin_groups": ADMINS, **changes}


SUBNET = (
    "/subscriptions/0/resourceGroups/ours/providers/Microsoft.Network/virtualNetworks/v/subnets/s"
)
ROWS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("AksCluster", "least", aks_arguments()),
    (
        "AksCluster",
        "all that exists already",
        aks_arguments(
            resource_group="ours",
            subnet_id=SUBNET,
            identity_id="identity",
            secrets_key="https://v.vault.azure.net/keys/k/1",
            disk_encryption_set_id="set",
            public_endpoint=False,
        ),
    ),
    (
        "ExistingCluster",
        "machines on premises",
        {
            "plan": owned_plan(),
            "kubeconfig": "{}",
            "machines": {"trainer/cellar": ["dgx-1", "dgx-2"]},
        },
    ),
    ("GkeCluster", "least", gke_arguments()),
    (
        "GkeCluster",
        "an existing network, and TPU slices",
        gke_arguments(
            gke_plan(tpu_group()),
            zones=[f"{GCP_REGION}-a"],
            tpu_topologies={"trainer": "4x4"},
            network="ours",
            subnetwork="nodes",
            node_service_account="nodes@my-project.iam.gserviceaccount.com",
            secrets_key="projects/p/locations/l/keyRings/r/cryptoKeys/k",
            disk_key="projects/p/locations/l/keyRings/r/cryptoKeys/d",
            admin_members=["group:ml@example.com"],
        ),
    ),
)
"""Ways to make the components: name, what is special, arguments."""
