"""A plan's groups as EKS node groups: plain, frozen shapes, before any resource exists.

Pure. What a group is in EKS's words comes from `trimtab.plan.eks`, its sizes from `schedules`, its
interfaces from `fabric`; this module brings them together with what is chosen for the group's nodes.

Sources: EKS CreateNodegroup and user guide (launch templates, Capacity Blocks, spot), EC2 user guide
on capacity reservations and placement groups, Cluster Autoscaler on AWS, Bottlerocket's storage layout;
2026-11.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from trimtab.errors import InputError
from trimtab.plan.attribution import group_tags
from trimtab.plan.eks import (
    TAINT_EFFECTS,
    AmiFamily,
    CapacityType,
    ami_type,
    capacity_type,
    image_flavour,
    node_group_name,
)
from trimtab.plan.model import (
    CapacityBlock,
    CapacityPlan,
    Group,
    HeldReservation,
    OnDemand,
    Reserved,
    Spot,
    Taint,
    purchase_zone,
)
from trimtab.plan.sizing import Sizes
from trimtab.provision.accelerators.gpu_values import node_labels_for
from trimtab.provision.eks.autoscaler import node_template_labels, node_template_tags
from trimtab.provision.eks.fabric import NetworkInterface, efa_interfaces
from trimtab.provision.eks.machines import machine
from trimtab.provision.eks.schedules import ScheduledSize, schedule
from trimtab.provision.eks.user_data import user_data
from trimtab.provision.nodes import node_marks
from trimtab.provision.pool_settings import Settings
from trimtab.provision.sized_groups import SizedGroup, instance_tags

NODES_PER_GROUP = 450
"""EKS's default quota for a managed node group; AWS raises it on request."""

_DEFAULTS = Settings()
_SYSTEM_GIB = 4
# The volumes that the image expects, the one for container images and data last. Bottlerocket has its
# system on a volume of its own.
_DEVICES: dict[AmiFamily, tuple[str, ...]] = {
    "AL2023": ("/dev/xvda",),
    "BOTTLEROCKET": ("/dev/xvda", "/dev/xvdb"),
}
_STANDS_ALONE = re.compile(r"t\d|mac|[a-z0-9]+-flex\.")
_RESERVATION_ID = re.compile(r"cr-[0-9a-z]+")


@dataclass(frozen=True)
class Volume:
    """A node's volume."""

    device: str
    gib: int


@dataclass(frozen=True)
class OpenCapacity:
    """On-demand or spot machines from whatever AWS has: no reservation is asked for by name.

    An RI, a Savings Plan and a reservation that is open to every instance pay for such machines
    without being told.
    """


@dataclass(frozen=True)
class HeldCapacity:
    """Machines of a held reservation; exactly one of the two names it."""

    reservation_id: str | None
    group_arn: str | None


@dataclass(frozen=True)
class BlockCapacity:
    """Machines of a capacity block."""

    reservation_id: str


Capacity = OpenCapacity | HeldCapacity | BlockCapacity


@dataclass(frozen=True)
class NodeGroupShape:
    """Everything of an EKS node group that the plan and the pool's settings decide.

    Attributes:
        name: the node group's name in EKS, and the last part of its resources' names.
        capacity: whose machines it takes.
        instance_types: in order of preference; of a capacity block one, which EKS wants in the
            launch template.
        taints: that EKS puts on the nodes; none where the kubelet registers them (`user_data`).
        tags: of the node group and its launch template; `instance_tags` of what it launches.
        open: whether it begins with a node that takes the cluster's own pods.
        autoscaler_tags: of the node group alone, from which Cluster Autoscaler knows a node's
            resources before there is one.
        hidden_taints: of `user_data`, those that last: Cluster Autoscaler must be told of them.
        reason: why the sizes differ from the plan's window, or None.
        zone: the only zone that nodes may stand in; None: any, but one alone in a placement group.
        interfaces: with EFA, all of a machine's network interfaces; else none, and EKS makes one.
        placement_group: whether nodes stand close together.
        user_data: in clear, or None.
        warnings: what a person should know before it is deployed.
    """

    name: str
    pool: str
    ami_type: str
    capacity_type: CapacityType
    capacity: Capacity
    instance_types: tuple[str, ...]
    labels: dict[str, str]
    taints: tuple[dict[str, str], ...]
    volumes: tuple[Volume, ...]
    open: bool
    sizes: Sizes
    reason: str | None
    schedules: tuple[ScheduledSize, ...]
    tags: dict[str, str]
    instance_tags: dict[str, str]
    autoscaler_tags: dict[str, str]
    hidden_taints: tuple[Taint, ...]
    zone: str | None
    interfaces: tuple[NetworkInterface, ...]
    placement_group: bool
    user_data: str | None
    max_unavailable_percentage: int | None
    node_repair: bool
    warnings: tuple[str, ...]


def node_group_shape(
    plan: CapacityPlan,
    sized: SizedGroup,
    *,
    as_of: datetime,
    family: AmiFamily,
    volume_gib: int,
    autoscaled: bool,
    extra_tags: Mapping[str, str],
    settings: Settings = _DEFAULTS,
) -> NodeGroupShape:
    """The node group of one of the plan's groups.

    Args:
        plan: the plan.
        sized: one of its groups, with its sizes.
        as_of: the instant that is now.
        family, volume_gib: the cluster's choice, where the group's settings make none.
        autoscaled: whether an autoscaler owns the desired sizes.
        extra_tags: besides the plan's.
        settings: what is chosen for the group's nodes.

    Raises:
        InputError: EKS can't provision it: owned machines, no image for its architecture and
            accelerator, or a setting that its machines or its purchase don't have.
    """
    pool, group = sized.pool, sized.group
    where = f"pool {pool.name}, group {group.name}"
    family, volume_gib = settings.ami_family or family, settings.volume_gib or volume_gib
    kind = capacity_type(group)
    capacity = capacity_of(group, where)
    types = tuple(offer.instance_type for offer in group.offers)
    interfaces = efa_interfaces(types, where) if settings.efa else ()
    _check_machines(types, capacity, settings, where)
    marks = node_marks(pool, group, settings)
    # The kubelet registers taints from one place only; see `user_data`.
    born_with = marks.every_taint if marks.startup_taints else ()
    drivers = node_labels_for(family) if image_flavour(group) == "nvidia" else {}
    planned = schedule(sized, as_of, autoscaled)
    return NodeGroupShape(
        name=node_group_name(pool, group, fixed_words(family, settings)),
        pool=pool.name,
        ami_type=ami_type(group, family),
        capacity_type=kind,
        capacity=capacity,
        instance_types=types,
        labels={
            **marks.labels,
            **drivers,
            **(node_template_labels(group) if autoscaled else {}),
        },
        taints=() if born_with else tuple(eks_taint(taint) for taint in marks.taints),
        volumes=node_volumes(family, volume_gib),
        open=planned.sizes.desired > 0 and not any(map(_closes, marks.every_taint)),
        sizes=planned.sizes,
        reason=planned.reason,
        schedules=planned.later,
        tags={**extra_tags, **group_tags(plan, pool, group)},
        instance_tags={**extra_tags, **instance_tags(plan, pool, group)},
        autoscaler_tags=(
            node_template_tags(group, settings, volume_gib, interfaces) if autoscaled else {}
        ),
        hidden_taints=marks.taints if born_with and autoscaled else (),
        zone=purchase_zone(group.purchase),
        interfaces=interfaces,
        placement_group=settings.placement_group,
        user_data=user_data(family, raid0=settings.local_storage == "raid0", taints=born_with),
        max_unavailable_percentage=settings.max_unavailable_percentage,
        node_repair=settings.node_repair,
        warnings=tuple(_warnings(group, settings, planned.sizes, planned.later)),
    )


def pinned_zone(shape: NodeGroupShape, zones: Collection[str]) -> str | None:
    """The one zone that the group's nodes stand in, or None where they may stand in any.

    A zone that the plan states; else, in a placement group, the first of the cluster's zones, for
    such a group can't span two.

    Args:
        shape: the group.
        zones: those whose subnets are known, in the cluster's order.

    Raises:
        InputError: no subnet of the zone is known.
    """
    if shape.zone is None and not shape.placement_group:
        return None
    if shape.zone is None and zones:
        return next(iter(zones))
    if shape.zone not in zones:
        asked = f"zone {shape.zone}" if shape.zone else "one zone, for its placement group"
        known = f" (known: {', '.join(zones)})" if zones else ""
        raise InputError(
            f"its nodes must stand in {asked}, but the cluster knows no subnet there{known}",
            where=f"node group {shape.name}",
            mend="name the zone in the cluster's zones, or its subnet in zone_subnet_ids",
        )
    return shape.zone


def node_volumes(family: AmiFamily, gib: int) -> tuple[Volume, ...]:
    """The volumes of a node that has `gib` for container images and data."""
    *system, data = _DEVICES[family]
    return (*(Volume(device, _SYSTEM_GIB) for device in system), Volume(data, gib))


def _closes(taint: Taint) -> bool:
    """Whether it keeps away pods that tolerate what those of the cluster's own add-ons do."""
    return taint.effect != "PreferNoSchedule" and taint.key != "CriticalAddonsOnly"


def fixed_words(family: AmiFamily, settings: Settings) -> tuple[str, ...]:
    """What EKS can't change in a node group and no plan decides, in short words that end its name:
    another choice is another group, which is made before the old one is drained; under the same name
    the old one would have to end first."""
    return (
        *(("bottlerocket",) if family == "BOTTLEROCKET" else ()),
        *(("together",) if settings.placement_group else ()),
    )


def capacity_of(group: Group, where: str) -> Capacity:
    """Whose machines the group takes.

    Raises:
        InputError: EKS has none such, or a reservation's id is none.
    """
    match group.purchase:
        case OnDemand() | Spot() | Reserved(reservation=None):
            return OpenCapacity()
        case Reserved(reservation=HeldReservation(id=None, group_arn=arn)):
            return HeldCapacity(None, arn)
        case Reserved(reservation=HeldReservation(id=str(held))):
            return HeldCapacity(_reservation_id(held, where), None)
        case CapacityBlock(reservation_id=held):
            return BlockCapacity(held)
    raise InputError("has no capacity in EKS", where=where)  # capacity_type refused it before


def _reservation_id(text: str, where: str) -> str:
    if not _RESERVATION_ID.fullmatch(text):
        raise InputError(
            f"purchase.reservation.id: {text} is no id of a capacity reservation",
            where=where,
            mend="give the id that AWS gave it, such as cr-0123456789abcdef0, in the inventory",
        )
    return text


def _check_machines(
    types: tuple[str, ...], capacity: Capacity, settings: Settings, where: str
) -> None:
    """Refuse what the machines or their purchase don't have; a machine that is not known may."""
    if settings.local_storage == "raid0":
        for name in types:
            found = machine(name)
            if found is not None and found.nvme is not None and not found.nvme.count:
                raise InputError(
                    f"local_storage is raid0, but {name} has no NVMe disks",
                    where=where,
                    mend="use a type with local disks (their names often have a d), or drop it",
                )
    alone = next(filter(_STANDS_ALONE.match, types), None)
    if settings.placement_group and alone is not None:
        raise InputError(
            f"placement_group: EC2 puts no {alone} into a cluster placement group",
            where=where,
            mend="use a type that is neither burstable nor flex, or drop placement_group",
        )
    if settings.placement_group and not isinstance(capacity, OpenCapacity):
        raise InputError(
            "placement_group: machines of a capacity block stand close together anyhow, and a held "
            "reservation launches only into the group that it was made in",
            where=where,
            mend="drop placement_group for this group",
        )


def _warnings(
    group: Group, settings: Settings, sizes: Sizes, later: tuple[ScheduledSize, ...]
) -> list[str]:
    found = []
    if isinstance(group.purchase, Spot) and len(group.offers) == 1:
        found.append(
            f"spot machines of {group.offers[0].instance_type} alone: an interruption may leave "
            "no replacement; a plan with several offers draws from more spot pools"
        )
    match group.purchase:
        case CapacityBlock(zone=None) | Reserved(reservation=HeldReservation(id=str(), zone=None)):
            found.append("the reservation's zone is not stated: launches in other zones fail")
    most = max([sizes.max, *(each.max for each in later)])
    if most > NODES_PER_GROUP:
        found.append(
            f"its max of {most} nodes is above EKS's default quota of {NODES_PER_GROUP} nodes a "
            "managed node group; ask AWS to raise it"
        )
    steady = isinstance(group.purchase, OnDemand | Reserved) and not _held(group)
    if settings.efa and not settings.placement_group and steady:
        found.append("EFA is fastest among machines that stand close: consider placement_group")
    return found


def _held(group: Group) -> bool:
    return isinstance(group.purchase, Reserved) and group.purchase.reservation is not None


def eks_taint(taint: Taint) -> dict[str, str]:
    """A taint as EKS has it."""
    # EKS takes no empty value: the field is left out.
    value = {"value": taint.value} if taint.value else {}
    return {"key": taint.key, **value, "effect": TAINT_EFFECTS[taint.effect]}
