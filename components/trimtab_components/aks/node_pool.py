"""A node pool's shape as AKS's resource."""

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_azure as azure

from trimtab.provision.aks.pools import Fixed, HeldGroup, NodePoolShape, Spot

ANY_PRICE = -1.0
"""Up to the list price: Spot machines go when Azure needs them, never for their price."""


@dataclass(frozen=True)
class NodePoolHost:
    """What the node pools of a cluster share.

    Attributes:
        ready: what the component waits for.
    """

    cluster_id: pulumi.Output[str]
    resource_group: pulumi.Input[str]
    region: str
    subnet_id: pulumi.Input[str]
    version: str | None
    os_sku: str
    ready: tuple[Any, ...] = ()


def node_pool(
    name: str, shape: NodePoolShape, host: NodePoolHost, parent: pulumi.Resource
) -> azure.containerservice.KubernetesClusterNodePool:
    """The node pool and, where its nodes stand close, their proximity placement group."""
    close = None
    if shape.close:
        close = azure.proximity.PlacementGroup(
            name,
            resource_group_name=host.resource_group,
            location=host.region,
            allowed_vm_sizes=[shape.vm_size] if shape.zones else None,
            zone=shape.zones[0] if shape.zones else None,
            tags=shape.tags,
            opts=pulumi.ResourceOptions(parent=parent, depends_on=list(host.ready)),
        )
    upgrades = None
    if shape.surge is not None or shape.unavailable is not None:
        upgrades = azure.containerservice.KubernetesClusterNodePoolUpgradeSettingsArgs(
            max_surge=shape.surge, max_unavailable=shape.unavailable
        )
    spot = isinstance(shape.priority, Spot)
    # The autoscaler moves it; without one the plan's own number holds.
    left_alone = [] if isinstance(shape.sizes, Fixed) else ["nodeCount"]
    made = azure.containerservice.KubernetesClusterNodePool(
        name,
        name=shape.name,
        kubernetes_cluster_id=host.cluster_id,
        mode="User",
        vm_size=shape.vm_size,
        orchestrator_version=host.version,
        os_type="Linux",
        os_sku=host.os_sku,
        os_disk_size_gb=shape.volume_gib,
        vnet_subnet_id=host.subnet_id,
        zones=list(shape.zones) or None,
        priority="Spot" if spot else "Regular",
        eviction_policy="Delete" if spot else None,
        spot_max_price=ANY_PRICE if spot else None,
        capacity_reservation_group_id=(
            shape.priority.id if isinstance(shape.priority, HeldGroup) else None
        ),
        proximity_placement_group_id=close.id if close else None,
        gpu_driver=shape.gpu_driver,
        gpu_instance=shape.gpu_instance,
        node_labels=shape.labels,
        node_taints=list(shape.taints) or None,
        upgrade_settings=upgrades,
        tags=shape.tags,
        opts=pulumi.ResourceOptions(
            parent=parent, depends_on=list(host.ready), ignore_changes=left_alone
        ),
        **_sizes(shape),
    )
    if shape.reason:
        pulumi.log.info(f"{shape.name} ({shape.key}): {shape.reason}", resource=made)
    return made


def _sizes(shape: NodePoolShape) -> dict[str, Any]:
    sizes = shape.sizes
    if isinstance(sizes, Fixed):
        return {"auto_scaling_enabled": False, "node_count": sizes.nodes}
    return {
        "auto_scaling_enabled": True,
        "min_count": sizes.min,
        "max_count": sizes.max,
        "node_count": sizes.desired,
    }
