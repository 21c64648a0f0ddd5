"""A node pool's shape as GKE's resource."""

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_gcp as gcp

from trimtab.provision.gke.gpus import Gpus
from trimtab.provision.gke.pools import Driver, NodePoolShape
from trimtab.provision.gke.provisioning import RESERVATION_KEY, Queued, Reservation, Spot
from trimtab.provision.gke.sizes import Fixed, Slice

_DRIVERS = {"default": "DEFAULT", "latest": "LATEST", "none": "INSTALLATION_DISABLED"}
_SCOPE = "https://www.googleapis.com/auth/cloud-platform"


@dataclass(frozen=True)
class NodePoolHost:
    """What the node pools of a cluster share.

    Attributes:
        ready: what the component waits for, and what nodes need to join and to reach out.
    """

    project: str
    location: str
    cluster: pulumi.Output[str]
    service_account: pulumi.Input[str]
    image_type: str
    driver: Driver
    private: bool
    disk_key: pulumi.Input[str] | None
    ready: tuple[pulumi.Resource, ...]


def node_pool(
    name: str, shape: NodePoolShape, host: NodePoolHost, parent: pulumi.Resource
) -> gcp.container.NodePool:
    """The node pool, with a hint where it is not what the plan says."""
    # Fixed when the pool is made: another number later would replace it, nodes and all.
    options = pulumi.ResourceOptions(
        parent=parent, depends_on=list(host.ready), ignore_changes=["initialNodeCount"]
    )
    made = gcp.container.NodePool(
        name,
        name=shape.name,
        project=host.project,
        location=host.location,
        cluster=host.cluster,
        node_locations=list(shape.zones),
        node_config=_node_config(shape, host),
        management=gcp.container.NodePoolManagementArgs(
            auto_upgrade=True, auto_repair=not isinstance(shape.provisioning, Queued)
        ),
        upgrade_settings=gcp.container.NodePoolUpgradeSettingsArgs(
            strategy="SURGE", max_surge=shape.surge, max_unavailable=shape.unavailable
        ),
        network_config=gcp.container.NodePoolNetworkConfigArgs(enable_private_nodes=host.private),
        placement_policy=_placement(shape),
        queued_provisioning=(
            gcp.container.NodePoolQueuedProvisioningArgs(enabled=True)
            if isinstance(shape.provisioning, Queued)
            else None
        ),
        opts=options,
        **_sizes(shape),
    )
    if shape.reason:
        pulumi.log.info(f"{shape.name}: {shape.reason}", resource=made)
    return made


def _sizes(shape: NodePoolShape) -> dict[str, Any]:
    sizes = shape.sizes
    if isinstance(sizes, Fixed):
        return {"node_count": sizes.per_zone}
    if isinstance(sizes, Slice):
        if sizes.always:
            return {"node_count": sizes.hosts}
        # Per zone: GKE takes a slice's bounds in no other way.
        bounds = gcp.container.NodePoolAutoscalingArgs(
            min_node_count=0, max_node_count=sizes.hosts, location_policy="ANY"
        )
        return {"initial_node_count": 0, "autoscaling": bounds}
    bounds = gcp.container.NodePoolAutoscalingArgs(
        total_min_node_count=sizes.min,
        total_max_node_count=sizes.max,
        location_policy="ANY" if sizes.any_zone else "BALANCED",
    )
    return {"initial_node_count": sizes.initial, "autoscaling": bounds}


def _placement(shape: NodePoolShape) -> gcp.container.NodePoolPlacementPolicyArgs | None:
    if shape.tpu_topology is None and not shape.compact:
        return None
    return gcp.container.NodePoolPlacementPolicyArgs(
        type="COMPACT", tpu_topology=shape.tpu_topology
    )


def _node_config(shape: NodePoolShape, host: NodePoolHost) -> Any:
    ssd = None
    if shape.local_ssds:
        ssd = gcp.container.NodePoolNodeConfigEphemeralStorageLocalSsdConfigArgs(
            local_ssd_count=shape.local_ssds
        )
    return gcp.container.NodePoolNodeConfigArgs(
        machine_type=shape.machine_type,
        image_type=host.image_type,
        disk_size_gb=shape.volume_gib,
        boot_disk_kms_key=host.disk_key,
        service_account=host.service_account,
        oauth_scopes=[_SCOPE],
        spot=True if isinstance(shape.provisioning, Spot) else None,
        reservation_affinity=_reservation(shape),
        guest_accelerators=[_accelerator(shape.gpus, host.driver)] if shape.gpus else None,
        gvnic=gcp.container.NodePoolNodeConfigGvnicArgs(enabled=True) if shape.gpus else None,
        ephemeral_storage_local_ssd_config=ssd,
        labels=shape.labels,
        taints=[gcp.container.NodePoolNodeConfigTaintArgs(**each) for each in shape.taints] or None,
        resource_labels=shape.resource_labels,
        metadata={"disable-legacy-endpoints": "true"},
        workload_metadata_config=gcp.container.NodePoolNodeConfigWorkloadMetadataConfigArgs(
            mode="GKE_METADATA"
        ),
        shielded_instance_config=gcp.container.NodePoolNodeConfigShieldedInstanceConfigArgs(
            # Drivers that somebody else installs are not signed by Google.
            enable_secure_boot=shape.gpus is None or host.driver != "none",
            enable_integrity_monitoring=True,
        ),
    )


def _reservation(
    shape: NodePoolShape,
) -> gcp.container.NodePoolNodeConfigReservationAffinityArgs | None:
    match shape.provisioning:
        case Reservation(name):
            return gcp.container.NodePoolNodeConfigReservationAffinityArgs(
                consume_reservation_type="SPECIFIC_RESERVATION", key=RESERVATION_KEY, values=[name]
            )
        case Queued():
            return gcp.container.NodePoolNodeConfigReservationAffinityArgs(
                consume_reservation_type="NO_RESERVATION"
            )
    return None


def _accelerator(
    gpus: Gpus, driver: Driver
) -> gcp.container.NodePoolNodeConfigGuestAcceleratorArgs:
    sharing = None
    if gpus.sharing:
        strategy, clients = gpus.sharing
        sharing = gcp.container.NodePoolNodeConfigGuestAcceleratorGpuSharingConfigArgs(
            gpu_sharing_strategy=strategy, max_shared_clients_per_gpu=clients
        )
    installation = gcp.container.NodePoolNodeConfigGuestAcceleratorGpuDriverInstallationConfigArgs
    return gcp.container.NodePoolNodeConfigGuestAcceleratorArgs(
        type=gpus.type,
        count=gpus.count,
        gpu_partition_size=gpus.partition,
        gpu_sharing_config=sharing,
        gpu_driver_installation_config=installation(gpu_driver_version=_DRIVERS[driver]),
    )
