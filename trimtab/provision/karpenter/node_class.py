"""How a group's machines are set up: an EC2NodeClass, or a NodeClass where EKS runs Karpenter.

Pure. EKS Auto Mode brings its own image, instance metadata settings, drivers and device plugins: what
can't be chosen there is refused by name, not dropped.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from trimtab.errors import InputError
from trimtab.plan.eks import AmiFamily, node_group_name
from trimtab.plan.model import CapacityBlock, Reserved
from trimtab.provision.eks.groups import node_volumes
from trimtab.provision.karpenter.shapes import (
    AUTO_NODE_CLASS_API,
    DISCOVERY_TAG,
    NODE_CLASS_API,
    Mode,
)
from trimtab.provision.pool_settings import Settings
from trimtab.provision.sized_groups import SizedGroup

NODE_CLASSES: dict[Mode, tuple[str, str]] = {
    "karpenter": (NODE_CLASS_API, "EC2NodeClass"),
    "eks-auto": (AUTO_NODE_CLASS_API, "NodeClass"),
}
_ALIASES: dict[AmiFamily, str] = {"AL2023": "al2023", "BOTTLEROCKET": "bottlerocket"}


@dataclass(frozen=True)
class ReservationSelector:
    """Reservations by their tags, where an id is not known.

    Attributes:
        owner_id: of another account that shares them.
    """

    tags: Mapping[str, str]
    owner_id: str | None = None


@dataclass(frozen=True)
class NodeSettings:
    """What nodes need besides the plan.

    Attributes:
        cluster: the cluster's name; subnets and security groups are found by its discovery tag.
        role: the nodes' IAM role, by name.
        ami_version: of the image's alias; `latest` replaces nodes when AWS publishes a new image.
        volume_key_arn: of the key that encrypts volumes, perhaps known late; None for AWS's.
        reservations: how the held reservations of a group are found, by `<pool>/<group>`.
    """

    cluster: str
    role: str
    family: AmiFamily = "AL2023"
    ami_version: str = "latest"
    volume_gib: int = 100
    volume_key_arn: Any = None
    metadata_hop_limit: int = 1
    mode: Mode = "karpenter"
    reservations: Mapping[str, ReservationSelector] = field(default_factory=dict)


def node_class_spec(
    sized: SizedGroup, nodes: NodeSettings, settings: Settings, tags: Mapping[str, str], where: str
) -> dict[str, Any]:
    """The spec of the group's node class.

    Raises:
        InputError: Karpenter, or EKS Auto Mode, has no such setting, or can't find the reservation.
    """
    _check(sized, nodes, settings, where)
    discovery = [{"tags": {DISCOVERY_TAG: nodes.cluster}}]
    spec: dict[str, Any] = {
        "role": nodes.role,
        "subnetSelectorTerms": discovery,
        "securityGroupSelectorTerms": discovery,
        "tags": dict(tags),
    }
    terms = reservation_terms(sized, nodes, where)
    if terms:
        spec["capacityReservationSelectorTerms"] = terms
    family, gib = settings.ami_family or nodes.family, settings.volume_gib or nodes.volume_gib
    key = {} if nodes.volume_key_arn is None else {"kmsKeyID": nodes.volume_key_arn}
    if nodes.mode == "eks-auto":
        return {**spec, "ephemeralStorage": {"size": f"{gib}Gi", **key}}
    spec["amiSelectorTerms"] = [{"alias": f"{_ALIASES[family]}@{nodes.ami_version}"}]
    spec["metadataOptions"] = {
        "httpEndpoint": "enabled",
        "httpTokens": "required",
        "httpPutResponseHopLimit": nodes.metadata_hop_limit,
    }
    spec["blockDeviceMappings"] = [
        {
            "deviceName": volume.device,
            "ebs": {
                "volumeType": "gp3",
                "encrypted": True,
                "deleteOnTermination": True,
                "volumeSize": f"{volume.gib}Gi",
                **key,
            },
        }
        for volume in node_volumes(family, gib)
    ]
    if settings.local_storage == "raid0":
        spec["instanceStorePolicy"] = "RAID0"
    if settings.placement_group:
        spec["placementGroupSelector"] = {"name": placement_group_name(sized, nodes)}
    return spec


def placement_group_name(sized: SizedGroup, nodes: NodeSettings) -> str:
    """The name of the placement group that a group's nodes stand in."""
    return f"{nodes.cluster}-{node_group_name(sized.pool, sized.group)}"


def reservation_terms(sized: SizedGroup, nodes: NodeSettings, where: str) -> list[dict[str, Any]]:
    """How the reservations that the group's nodes run in are selected; empty where there are none.

    Raises:
        InputError: the plan names a resource group, by which Karpenter can't select.
    """
    group, purchase = sized.group, sized.group.purchase
    place = f"{sized.pool.name}/{group.name}"
    stated = nodes.reservations.get(place)
    if isinstance(purchase, CapacityBlock):
        return [{"id": purchase.reservation_id}]
    if not isinstance(purchase, Reserved):
        if stated is not None:
            raise InputError(
                f"reservations: {place} is bought as {purchase.option}",
                where=where,
                mend="state the reservations of groups that are reserved",
            )
        return []
    if purchase.reservation is not None and purchase.reservation.id:
        return [{"id": purchase.reservation.id}]
    if stated is not None:
        owner = {"ownerID": stated.owner_id} if stated.owner_id else {}
        return [{"tags": dict(stated.tags), **owner}]
    if purchase.reservation is not None:
        raise InputError(
            f"Karpenter can't select the reservations of a resource group ({place})",
            where=where,
            mend=f"give the tags that they have as reservations.{place}.tags",
        )
    return []


def unselected_reservation(sized: SizedGroup, nodes: NodeSettings, where: str) -> bool:
    """Whether the group is paid for by an open reservation that nothing selects: Karpenter starts no
    machine in it, nor does EKS Auto Mode once any node class selects one, and the group's machines cost
    list price besides."""
    purchase = sized.group.purchase
    return (
        isinstance(purchase, Reserved)
        and purchase.term == "open"
        and not reservation_terms(sized, nodes, where)
    )


def _check(sized: SizedGroup, nodes: NodeSettings, settings: Settings, where: str) -> None:
    place = f"{sized.pool.name}/{sized.group.name}"
    if settings.node_repair:
        raise InputError(
            f"pools: Karpenter repairs the nodes of all NodePools or of none, not of {place} alone",
            where=where,
            mend="drop node_repair, and give KarpenterController the feature nodeRepair",
        )
    if nodes.mode == "karpenter":
        return
    for name, stated in (
        ("ami_family", settings.ami_family),
        ("local_storage", settings.local_storage != "none"),
        ("placement_group", settings.placement_group),
        ("mig_profile", settings.mig_profile),
        ("sharing", settings.sharing_config),
    ):
        if stated:
            raise InputError(
                f"pools: EKS Auto Mode has no {name} ({place})",
                where=where,
                mend=f"drop {name}, or set mode to karpenter",
            )
