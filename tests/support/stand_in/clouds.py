"""Google Cloud and Azure as far as a cluster can tell.

Sources: what the installed SDKs say of each input ("forces a new resource to be created"), and for
GKE's node pools the schema of terraform-provider-google's container_node_pool and container_cluster,
on which Pulumi's provider is built; 2026-11.
"""

from collections.abc import Mapping
from typing import Any

from support.sdk_inputs import UNKNOWN
from support.stand_in.cloud import Cloud, Held, RefusalError
from support.stand_in.provider import StandIn


class Gcp(StandIn):
    """A provider of Google Cloud's resources."""

    replaced_by: Mapping[str, tuple[str, ...]] = {
        "": ("name", "project", "location", "region", "zone"),
        "Account": ("accountId",),
        "Cluster": ("datapathProvider", "ipAllocationPolicy", "network", "networkingMode", "subnetwork"),
        "IAMMember": ("member", "role"),
        "NodePool": (
            "cluster",
            "initialNodeCount",
            "nodeConfig.guestAccelerators",
            "nodeConfig.localNvmeSsdBlockConfig",
            "nodeConfig.reservationAffinity",
            "nodeConfig.serviceAccount",
            "nodeConfig.spot",
            "placementPolicy",
            "queuedProvisioning",
        ),
        "Subnetwork": ("network",),
    }  # fmt: skip
    sets = frozenset({"nodeLocations", "oauthScopes", "taints"})

    def __init__(self, cloud: Cloud) -> None:
        super().__init__("gcp", cloud)

    def outputs(
        self, token: str, inputs: Mapping[str, Any], identity: str, held: Held | None
    ) -> dict[str, Any]:
        found = super().outputs(token, inputs, identity, held)
        if token.endswith(":Cluster"):
            certificate = UNKNOWN if identity == UNKNOWN else f"{identity}-certificate"
            found["masterAuth"] = {"clusterCaCertificate": certificate}
        return found

    def admit(self, call: str, kind: str, inputs: Mapping[str, Any], held: Held | None) -> None:
        if kind == "NodePool" and call != "delete":
            _bounds(inputs.get("autoscaling", {}), "minNodeCount", "maxNodeCount")
            _bounds(inputs.get("autoscaling", {}), "totalMinNodeCount", "totalMaxNodeCount")
        if kind == "NodePool" and call == "create":
            _fresh(self.cloud, kind, inputs, "cluster")
        # The provider's own default is to refuse.
        if kind == "Cluster" and call == "delete" and inputs.get("deletionProtection", True):
            raise RefusalError("Cannot destroy cluster because deletion_protection is set to true")


class Azure(StandIn):
    """A provider of Azure's resources."""

    replaced_by: Mapping[str, tuple[str, ...]] = {
        "": ("name", "location", "resourceGroupName"),
        "KubernetesCluster": (
            "dnsPrefix",
            "networkProfile",
            "nodeResourceGroup",
            "privateClusterEnabled",
            "roleBasedAccessControlEnabled",
        ),
        "KubernetesClusterNodePool": (
            "capacityReservationGroupId",
            "evictionPolicy",
            "gpuDriver",
            "gpuInstance",
            "hostGroupId",
            "kubernetesClusterId",
            "osSku",
            "osType",
            "priority",
            "proximityPlacementGroupId",
            "spotMaxPrice",
        ),
    }
    sets = frozenset({"zones", "nodeTaints"})

    def __init__(self, cloud: Cloud) -> None:
        super().__init__("azure", cloud)

    def admit(self, call: str, kind: str, inputs: Mapping[str, Any], held: Held | None) -> None:
        if kind == "KubernetesClusterNodePool" and call != "delete":
            _bounds(inputs, "minCount", "maxCount")
        if kind == "KubernetesClusterNodePool" and call == "create":
            _fresh(self.cloud, kind, inputs, "kubernetesClusterId")


def _bounds(sizes: Mapping[str, Any], low: str, high: str) -> None:
    if low in sizes and high in sizes and not 0 <= sizes[low] <= sizes[high]:
        raise RefusalError(f"{low} {sizes[low]} is above {high} {sizes[high]}")


def _fresh(cloud: Cloud, kind: str, inputs: Mapping[str, Any], owner: str) -> None:
    for each in cloud.of(kind):
        if (each.inputs[owner], each.inputs["name"]) == (inputs[owner], inputs["name"]):
            raise RefusalError(f"{kind} {inputs['name']} already exists")
