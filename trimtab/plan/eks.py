"""What a plan's group is in EKS's words: capacity type, AMI type, taints, sizes and name.

Pure functions, shared by every consumer that provisions EKS node groups. The AMI table is the one
place that joins architecture and accelerator to a machine image.

Sources: EKS API reference, CreateNodegroup (`capacityType`, `amiType`, `nodegroupName`), Taint and
NodegroupScalingConfig, 2026-11; its list of AMI types as of that date.
"""

import hashlib
from collections.abc import Sequence
from types import MappingProxyType
from typing import Literal, get_args

from trimtab.catalogue.accelerators import ACCELERATORS, ImageFlavour, accelerator_resource
from trimtab.catalogue.architecture import Architecture
from trimtab.errors import InputError, allowed
from trimtab.plan.attribution import group_key
from trimtab.plan.model import Group, Pool, PurchaseOption
from trimtab.plan.sizing import Sizes

CapacityType = Literal["ON_DEMAND", "SPOT", "CAPACITY_BLOCK"]
AmiFamily = Literal["AL2023", "BOTTLEROCKET"]
AMI_FAMILIES: tuple[AmiFamily, ...] = get_args(AmiFamily)

MAX_NAME = 63
"""EKS's limit for a node group's name; that of a DNS label, too."""

TAINT_EFFECTS = MappingProxyType(
    {
        "NoSchedule": "NO_SCHEDULE",
        "PreferNoSchedule": "PREFER_NO_SCHEDULE",
        "NoExecute": "NO_EXECUTE",
    }
)
"""EKS's word for each of Kubernetes' taint effects."""

# EKS knows no reserved type: a commitment bills nodes that are provisioned on demand, and a held
# reservation is named in their launch template.
_CAPACITY_TYPES: dict[PurchaseOption, CapacityType] = {
    "reserved": "ON_DEMAND",
    "on-demand": "ON_DEMAND",
    "spot": "SPOT",
    "capacity-block": "CAPACITY_BLOCK",
}

# All that EKS has of the two families but the FIPS variants. Nothing brings drivers of AMD's GPUs
# (g4ad), Intel's Gaudi (dl1) or AMD's FPGAs (f2): those machines run the plain image, and their driver
# is installed on the node.
_AMI_TYPES: dict[tuple[AmiFamily, Architecture, ImageFlavour], str] = {
    ("AL2023", "x86_64", "none"): "AL2023_x86_64_STANDARD",
    ("AL2023", "x86_64", "nvidia"): "AL2023_x86_64_NVIDIA",
    ("AL2023", "x86_64", "neuron"): "AL2023_x86_64_NEURON",
    ("AL2023", "arm64", "none"): "AL2023_ARM_64_STANDARD",
    ("AL2023", "arm64", "nvidia"): "AL2023_ARM_64_NVIDIA",
    ("BOTTLEROCKET", "x86_64", "none"): "BOTTLEROCKET_x86_64",
    ("BOTTLEROCKET", "x86_64", "nvidia"): "BOTTLEROCKET_x86_64_NVIDIA",
    ("BOTTLEROCKET", "arm64", "none"): "BOTTLEROCKET_ARM_64",
    ("BOTTLEROCKET", "arm64", "nvidia"): "BOTTLEROCKET_ARM_64_NVIDIA",
}

_FLAVOURS = MappingProxyType({model.device: model.image for model in ACCELERATORS.values()})
"""All models of one device (`nvidia.com/gpu`, ...) need the same flavour of image."""


def capacity_type(group: Group) -> CapacityType:
    """EKS's `capacityType` for the group's purchase option.

    Raises:
        InputError: EKS can't provision it (owned machines).
    """
    option = group.purchase.option
    if option not in _CAPACITY_TYPES:
        raise InputError(
            f"EKS has no capacity type for {option} machines",
            where=f"group {group.name}: purchase.option",
            mend="join its machines as EKS hybrid nodes, or to a cluster of their own such as K3s; "
            f"EKS provisions {allowed(list(_CAPACITY_TYPES))}",
        )
    return _CAPACITY_TYPES[option]


def image_flavour(group: Group) -> ImageFlavour:
    """The drivers that the group's machine image must bring.

    It follows from the Kubernetes resource name, not from the accelerator's model: a plan may name a
    model that is newer than this release.

    Raises:
        InputError: no known device plugin offers that resource.
    """
    if group.accelerator is None:
        return "none"
    resource = accelerator_resource(group.accelerator.resource)
    return _FLAVOURS.get(resource.device, "none") if resource else "none"


def ami_type(group: Group, family: AmiFamily = "AL2023") -> str:
    """EKS's `amiType` for the group's architecture and accelerator.

    Args:
        group: the plan's group.
        family: the operating system, one of `AMI_FAMILIES`.

    Raises:
        InputError: EKS has no such image; names those of the family.
    """
    flavour = image_flavour(group)
    found = _AMI_TYPES.get((family, group.architecture, flavour))
    if found is None:
        if family not in AMI_FAMILIES:
            raise InputError(
                f"unknown AMI family {family}", mend=f"use one of {', '.join(AMI_FAMILIES)}"
            )
        known = [ami for (each, *_), ami in _AMI_TYPES.items() if each == family]
        raise InputError(
            f"EKS has no {family} image for {group.architecture} with {flavour} drivers",
            where=f"group {group.name}",
            mend=f"use another AMI family or instance type; {family} has {allowed(known)}",
        )
    return found


def accepted_sizes(sizes: Sizes) -> Sizes:
    """The sizes as EKS takes them: it refuses a max of 0, so an empty group has a max of 1."""
    return sizes if sizes.max else Sizes(sizes.min, sizes.desired, 1)


def node_group_name(pool: Pool, group: Group, fixed: Sequence[str] = ()) -> str:
    """The node group's name, at most 63 characters, stable for the group's generation.

    The group's key where it fits; else its start, a digest of the whole key, and the generation.

    Args:
        pool, group: of the plan.
        fixed: short words for what EKS can't change in a node group and the plan does not decide;
            they end the name, so that another choice makes another node group.
    """
    key = "-".join((group_key(pool, group), *fixed))
    if len(key) <= MAX_NAME:
        return key
    digest = hashlib.sha256(key.encode()).hexdigest()[:8]
    tail = "-".join(("", digest, group.generation, *fixed))
    return key[: MAX_NAME - len(tail)].rstrip("-") + tail
