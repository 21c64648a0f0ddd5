"""A plan's groups as AKS node pools: plain, frozen shapes, before any resource exists.

Pure. AKS has no schedules: the sizes of the window that holds stay until the next deployment. A node
pool's name has twelve characters, so it is a digest of the group's key; the whole key is a tag.

Sources: Azure's pages on AKS's node pools, Spot node pools, capacity reservation groups, GPUs and
multi-instance GPUs, and the arguments of pulumi-azure 6.40 (azurerm), 2026-11.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Literal

from trimtab.catalogue.accelerators import MIG_INSTANCES_PER_DEVICE
from trimtab.errors import InputError, allowed
from trimtab.plan.attribution import group_key, group_tags
from trimtab.plan.model import (
    CapacityBlock,
    CapacityPlan,
    Group,
    HeldReservation,
    Pool,
    Reserved,
    Taint,
)
from trimtab.plan.sizing import Sizes
from trimtab.provision.nodes import node_marks
from trimtab.provision.planned import (
    Planned,
    place_of,
    refuse,
    sizes_at,
    whole_profile,
    zones_of,
)
from trimtab.provision.pool_settings import Settings
from trimtab.provision.sized_groups import SizedGroup

MAX_NAME = 12
MAX_NODES = 1000
KEY_TAG = "trimtab:group-key"
SPOT_LABEL = "kubernetes.azure.com/scalesetpriority"
SPOT_TAINT = Taint(key=SPOT_LABEL, value="spot", effect="NoSchedule")
"""AKS puts both on every Spot pool; a pool that does not state them would differ for ever."""

_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"
_VM_SIZE = re.compile(r"Standard_[A-Z][A-Za-z0-9_-]*")
_RESERVATION_GROUP = re.compile(
    r"/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\.Compute/"
    r"capacityReservationGroups/[^/]+",
    re.IGNORECASE,
)
_OF_AZURE = re.compile(r"(?:[^/]*\.)?(?:azure\.com|aks\.io)/")
_SET_BY_AKS = frozenset(
    f"kubernetes.azure.com/{name}"
    for name in (
        "accelerator",
        "agentpool",
        "cluster",
        "mode",
        "network-policy",
        "node-image-version",
        "nodepool-type",
        "os-sku",
        "role",
        "scalesetpriority",
        "storageprofile",
        "storagetier",
    )
)
_LACKING = {
    "ami_family": "give os_sku instead",
    "efa": "drop it: machines of the ND series have InfiniBand, which they always bring",
    "local_storage": "drop it: AKS makes no array of local disks; Azure Container Storage does",
    "readiness_taint": "drop it: nothing on AKS would take the taint away, and work that asks for an "
    "accelerator waits for its device plugin anyway",
}

Driver = Literal["default", "none"]


@dataclass(frozen=True)
class Scaled:
    """Bounds that AKS's autoscaler keeps; `desired` is where the pool begins."""

    min: int
    desired: int
    max: int


@dataclass(frozen=True)
class Fixed:
    """The same number of nodes, whatever the load."""

    nodes: int


@dataclass(frozen=True)
class Regular:
    """Pay as you go; what a reservation or savings plan covers is billed by it."""


@dataclass(frozen=True)
class Spot:
    """Spot machines, at whatever they cost up to the list price, deleted when Azure takes them."""


@dataclass(frozen=True)
class HeldGroup:
    """Inside a capacity reservation group."""

    id: str


@dataclass(frozen=True, kw_only=True)
class NodeShape:
    """What a group's nodes are in AKS, whatever their number.

    Attributes:
        gpu_driver: Install or None; None where there is no GPU.
        gpu_instance: AKS's word for the MIG profile, or None.
        close: whether its nodes stand in a proximity placement group.
        surge, unavailable: as AKS takes them, None where it takes none.
    """

    vm_size: str
    zones: tuple[str, ...]
    priority: Regular | Spot | HeldGroup
    labels: dict[str, str]
    taints: tuple[str, ...]
    tags: dict[str, str]
    volume_gib: int
    gpu_driver: str | None
    gpu_instance: str | None
    close: bool
    surge: str | None
    unavailable: str | None


@dataclass(frozen=True, kw_only=True)
class NodePoolShape(NodeShape):
    """Everything of an AKS node pool that the plan and its settings decide.

    Attributes:
        key: the last part of the resource's name.
        name: the node pool's name in AKS.
        reason: why it is not what the plan says, or None.
    """

    key: str
    name: str
    sizes: Scaled | Fixed
    reason: str | None


@dataclass(frozen=True)
class PoolChoices:
    """What the cluster chooses for all of its pools.

    Attributes:
        zones: where nodes stand unless their group says otherwise; none leaves it to Azure.
        pool_zones: by pool or group.
    """

    region: str
    zones: tuple[str, ...]
    volume_gib: int
    autoscaled: bool
    driver: Driver
    tags: Mapping[str, str]
    pool_zones: Mapping[str, tuple[str, ...]]


def node_pool_shapes(planned: Planned, choices: PoolChoices) -> tuple[NodePoolShape, ...]:
    """The node pools of the plan's groups, in its order.

    Raises:
        InputError: AKS can't provision a group, or has nothing for one of its settings.
    """
    return tuple(_shape(planned, sized, choices) for sized in planned.groups)


def pool_name(key: str) -> str:
    """A node pool's name: four letters or digits of the key's beginning, eight of its digest."""
    begin = re.sub(r"[^a-z0-9]", "", key)[:4]
    if not begin or not begin[0].isalpha():
        begin = f"p{begin[:3]}"
    number = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big")
    digest = ""
    for _ in range(MAX_NAME - 4):
        number, digit = divmod(number, len(_ALPHABET))
        digest += _ALPHABET[digit]
    return begin + digest


def azure_zone(zone: str, region: str, where: str) -> str:
    """A zone as Azure numbers it: `1` of `1` and of `eastus-1`.

    Raises:
        InputError: it is none of the region.
    """
    number = zone.removeprefix(f"{region}-")
    if not re.fullmatch(r"[1-9]", number):
        raise InputError(
            f"{zone} is no zone of {region}", where=where, mend=f"give 1 or {region}-1, for example"
        )
    return number


def node_shape(
    plan: CapacityPlan,
    pool: Pool,
    group: Group,
    settings: Settings,
    choices: PoolChoices,
    where: str,
) -> NodeShape:
    """What the group's nodes are.

    Args:
        where: who provisions them, for errors.

    Raises:
        InputError: AKS can't provision the group, or has nothing for one of its settings.
    """
    where = place_of(pool, group, where)
    refuse(settings, _LACKING, "AKS", where)
    size = group.offers[0].instance_type
    if not _VM_SIZE.fullmatch(size):
        raise InputError(
            f"{size} is no VM size of Azure",
            where=where,
            mend="give a plan made from Azure's offers",
        )
    priority = _priority(group, where)
    zones = zones_of(
        pool,
        group,
        choices.pool_zones,
        choices.zones,
        where,
        lambda zone: azure_zone(zone, choices.region, where),
    )
    if settings.placement_group and len(zones) > 1:
        raise InputError(
            f"placement_group stands in one zone, not in {', '.join(zones)}",
            where=where,
            mend=f"give pool_zones of {pool.name} with one zone",
        )
    driver, instance = _gpu(group, settings, choices.driver, where)
    labels, taints = _marks(pool, group, settings, priority, instance, where)
    surge, unavailable = _upgrades(priority, settings, where)
    return NodeShape(
        vm_size=size,
        zones=zones,
        priority=priority,
        labels=labels,
        taints=tuple(f"{t.key}={t.value}:{t.effect}" for t in taints),
        tags={**choices.tags, **group_tags(plan, pool, group), KEY_TAG: group_key(pool, group)},
        volume_gib=settings.volume_gib or choices.volume_gib,
        gpu_driver=driver,
        gpu_instance=instance,
        close=settings.placement_group,
        surge=surge,
        unavailable=unavailable,
    )


def _shape(planned: Planned, sized: SizedGroup, choices: PoolChoices) -> NodePoolShape:
    pool, group = sized.pool, sized.group
    settings = planned.settings.of(pool, group)
    nodes = node_shape(planned.plan, pool, group, settings, choices, planned.where)
    where = place_of(pool, group, planned.where)
    sizes, reason = sizes_at(sized, planned.as_of)
    if len(group.offers) > 1 and reason is None:
        reason = f"a node pool has one VM size: {nodes.vm_size}, the plan's first"
    check_size(sizes.max if choices.autoscaled else sizes.desired, where)
    key = group_key(pool, group)
    return NodePoolShape(
        **{each.name: getattr(nodes, each.name) for each in fields(nodes)},
        key=key,
        name=pool_name(key),
        sizes=scaled(sizes) if choices.autoscaled else Fixed(sizes.desired),
        reason=reason,
    )


def _priority(group: Group, where: str) -> Regular | Spot | HeldGroup:
    match group.purchase:
        case CapacityBlock():
            raise InputError(
                "Azure sells no capacity blocks",
                where=where,
                mend="plan it as reserved with a held capacity reservation group, or elsewhere",
            )
        case Reserved(reservation=HeldReservation() as held):
            # What AWS calls a group's ARN is the group's id here: both are taken.
            found = held.id or held.group_arn or ""
            if not _RESERVATION_GROUP.fullmatch(found):
                raise InputError(
                    f"{found} is no capacity reservation group of Azure",
                    where=where,
                    mend="give its resource id: /subscriptions/…/resourceGroups/…/providers/"
                    "Microsoft.Compute/capacityReservationGroups/…",
                )
            return HeldGroup(found)
    return Spot() if group.purchase.option == "spot" else Regular()


def _gpu(
    group: Group, settings: Settings, driver: Driver, where: str
) -> tuple[str | None, str | None]:
    """Whether AKS installs the driver, and how it cuts the GPUs."""
    accelerator = group.accelerator
    if accelerator is None or not accelerator.resource.startswith(("nvidia.com/", "amd.com/gpu")):
        return None, None
    nvidia = accelerator.resource.startswith("nvidia.com/")
    installed = "Install" if nvidia and driver == "default" else "None"
    profile = whole_profile(settings.mig_profile, "AKS", where)
    if profile is None:
        return installed, None
    known = MIG_INSTANCES_PER_DEVICE.get(accelerator.model, {})
    if profile not in known:
        raise InputError(
            f"{accelerator.model} can't be cut into {profile}",
            where=where,
            mend=f"give one of {allowed(list(known))}" if known else "drop mig_profile",
        )
    # Who brings the driver also cuts the GPUs: the GPU operator by the nodes' label.
    return installed, f"MIG{profile.partition('.')[0]}" if installed == "Install" else None


def _marks(
    pool: Pool,
    group: Group,
    settings: Settings,
    priority: Regular | Spot | HeldGroup,
    instance: str | None,
    where: str,
) -> tuple[dict[str, str], tuple[Taint, ...]]:
    marks = node_marks(
        pool, group, settings.model_copy(update={"mig_profile": None}) if instance else settings
    )
    labels = {}
    for key, value in marks.labels.items():
        if not _OF_AZURE.match(key):
            labels[key] = value
        elif key not in _SET_BY_AKS:
            raise InputError(
                f"AKS refuses the label {key}, and sets none of the name",
                where=where,
                mend="select by a label outside kubernetes.azure.com",
            )
    taints = marks.taints
    if isinstance(priority, Spot):
        labels[SPOT_LABEL] = "spot"
        taints = (*(t for t in taints if t.key != SPOT_LABEL), SPOT_TAINT)
    return labels, taints


def _upgrades(
    priority: Regular | Spot | HeldGroup, settings: Settings, where: str
) -> tuple[str | None, str | None]:
    """Machines more or machines fewer: azurerm takes one of them. What is held has no room for one
    more."""
    share = settings.max_unavailable_percentage
    if isinstance(priority, Spot):
        if share is not None:
            raise InputError(
                "AKS takes no max_unavailable_percentage for Spot pools",
                where=where,
                mend="state it for the pool's other groups alone",
            )
        return None, None
    if share is not None:
        return None, f"{share}%"
    return (None, "1") if isinstance(priority, HeldGroup) else ("10%", None)


def check_size(most: int, where: str) -> None:
    """Refuse a max that no node pool has.

    Raises:
        InputError: it is above AKS's own.
    """
    if most > MAX_NODES:
        raise InputError(
            f"{most} nodes, and a node pool of AKS takes {MAX_NODES}",
            where=where,
            mend="plan the pool as several",
        )


def scaled(sizes: Sizes) -> Scaled | Fixed:
    """The pool's sizes as AKS's autoscaler keeps them; it takes no max of 0."""
    return Scaled(sizes.min, sizes.desired, sizes.max) if sizes.max else Fixed(sizes.desired)
