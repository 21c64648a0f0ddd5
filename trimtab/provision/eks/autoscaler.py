"""What Cluster Autoscaler must know of a node before there is one, to scale a group up from zero.

Pure. Of a managed node group it asks EKS for labels, taints and tags, and reads resources from the
tags; CPU, memory and whole NVIDIA GPUs it knows from the instance type. Taints that the kubelet
registers by itself it can only see as tags of the Auto Scaling group.

Source: kubernetes/autoscaler, cluster-autoscaler/cloudprovider/aws (README, aws_manager.go), 2026-11.
"""

from collections.abc import Sequence

from trimtab.plan.eks import image_flavour
from trimtab.plan.model import Group, Taint
from trimtab.provision.eks.fabric import NetworkInterface
from trimtab.provision.eks.machines import machine
from trimtab.provision.pool_settings import Settings

_PREFIX = "k8s.io/cluster-autoscaler/node-template/"
_EFA = "vpc.amazonaws.com/efa"
_GPU_LABEL = "k8s.amazonaws.com/accelerator"
"""Tells it to wait for a new node's GPUs instead of adding another node."""


def node_template_labels(group: Group) -> dict[str, str]:
    """Labels of nodes whose GPUs appear some time after the node."""
    if group.accelerator is None or image_flavour(group) != "nvidia":
        return {}
    return {_GPU_LABEL: group.accelerator.model}


def node_template_tags(
    group: Group, settings: Settings, volume_gib: int, interfaces: Sequence[NetworkInterface]
) -> dict[str, str]:
    """Tags of the node group that state a node's resources.

    Args:
        group: of the plan; its accelerator counts with each container that shares it.
        settings: what is chosen for its nodes.
        volume_gib: of the volume that holds images and data.
        interfaces: with EFA, the machine's.
    """
    found = {}
    storage = _local_gb(group) if settings.local_storage == "raid0" else f"{volume_gib}Gi"
    if storage is not None:
        found["ephemeral-storage"] = storage
    efa = sum(each.type != "interface" for each in interfaces)
    if efa:
        found[_EFA] = str(efa)
    if group.accelerator is not None:
        resource = group.accelerator.resource
        # How many slices a layout gives is the device plugin's to say, unless the plan counts them.
        if settings.mig_profile is None or "/mig-" in resource:
            count = group.accelerator.per_node * settings.sharing_replicas
            found[resource] = f"{count:g}"
    return {f"{_PREFIX}resources/{name}": value for name, value in sorted(found.items())}


def taint_tags(taints: Sequence[Taint]) -> dict[str, str]:
    """Tags of the Auto Scaling group that state taints which EKS does not know."""
    return {f"{_PREFIX}taint/{taint.key}": f"{taint.value}:{taint.effect}" for taint in taints}


def _local_gb(group: Group) -> str | None:
    """The smallest of the group's machines' local disks together; None where one is not known."""
    found = [machine(offer.instance_type) for offer in group.offers]
    disks = [each.nvme.gb if each and each.nvme else None for each in found]
    known = [gb for gb in disks if gb is not None]
    return f"{min(known)}G" if len(known) == len(disks) else None
