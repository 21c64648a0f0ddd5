"""A plan's groups as EKS node groups: plain, frozen shapes, before any resource exists.

Pure. What a group is in EKS's words comes from `trimtab.plan.eks`; this module adds what only Pulumi
writes: the machine's disk, and the plan's later windows as scheduled actions of the group's Auto
Scaling group, so that a preview shows no difference at any hour.

Sources: EKS CreateNodegroup, EC2 Auto Scaling PutScheduledUpdateGroupAction, EKS user guide on
Capacity Blocks, Bottlerocket's storage layout; 2026-11.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from trimtab.clock import format_instant
from trimtab.plan.attribution import group_tags, node_labels
from trimtab.plan.eks import AmiFamily, ami_type, capacity_type, image_flavour, node_group_name
from trimtab.plan.model import CapacityBlock, CapacityPlan, Group, Taint
from trimtab.plan.sizing import Sizes
from trimtab_components.accelerators.gpu_values import node_labels_for
from trimtab_components.pool_settings import Settings
from trimtab_components.sized_groups import SizedGroup, instance_tags, settable_labels

DRAIN_BEFORE_END = timedelta(minutes=60)
"""AWS takes a capacity block's machines back 30 minutes before it ends."""

UNCHANGED = -1
"""What a scheduled action says of a size that it leaves alone."""

_DEFAULTS = Settings()
_SYSTEM_GIB = 4
# The volumes that the image expects, the one for container images and data last. Bottlerocket has its
# system on a volume of its own.
_DEVICES: dict[AmiFamily, tuple[str, ...]] = {
    "AL2023": ("/dev/xvda",),
    "BOTTLEROCKET": ("/dev/xvda", "/dev/xvdb"),
}
_EFFECTS = {
    "NoSchedule": "NO_SCHEDULE",
    "PreferNoSchedule": "PREFER_NO_SCHEDULE",
    "NoExecute": "NO_EXECUTE",
}


@dataclass(frozen=True)
class Volume:
    """A node's volume."""

    device: str
    gib: int


@dataclass(frozen=True)
class ScheduledSize:
    """Sizes from an instant on, in whole nodes; UNCHANGED where it leaves one alone."""

    start: datetime
    min: int
    desired: int
    max: int

    @property
    def stamp(self) -> str:
        """The start as a part of names: stable for ever, whatever comes before it."""
        return f"{self.start:%Y%m%dt%H%Mz}"

    @property
    def start_time(self) -> str:
        """The start as Auto Scaling wants it."""
        return format_instant(self.start)


@dataclass(frozen=True)
class NodeGroupShape:
    """Everything of an EKS node group that the plan decides.

    Attributes:
        name: the node group's name in EKS, and the last part of its resources' names.
        block_reservation: the capacity block's id; then the instance type stands in the launch
            template, as EKS requires.
        tags: of the node group and its launch template; `instance_tags` of what it launches.
        reason: why the sizes differ from the plan's window, or None.
    """

    name: str
    pool: str
    ami_type: str
    capacity_type: str
    instance_types: tuple[str, ...]
    labels: dict[str, str]
    taints: tuple[dict[str, str], ...]
    volumes: tuple[Volume, ...]
    sizes: Sizes
    reason: str | None
    schedules: tuple[ScheduledSize, ...]
    tags: dict[str, str]
    instance_tags: dict[str, str]
    block_reservation: str | None = None


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

    Raises:
        InputError: EKS can't provision it (owned machines, or no image for its architecture and
            accelerator).
    """
    pool, group = sized.pool, sized.group
    family, volume_gib = settings.ami_family or family, settings.volume_gib or volume_gib
    drivers = node_labels_for(family) if image_flavour(group) == "nvidia" else {}
    sizes, reason = _creatable(sized.sizing.sizes, sized.sizing.reason)
    schedules = _schedules(sized, autoscaled)
    drain = _drain_at(group)
    if drain is not None:
        schedules = _drained(schedules, drain, as_of)
        if as_of >= drain:
            sizes, reason = Sizes(0, 0, 1), "the capacity block ends: its nodes are drained"
    return NodeGroupShape(
        name=node_group_name(pool, group),
        pool=pool.name,
        ami_type=ami_type(group, family),
        capacity_type=capacity_type(group),
        instance_types=tuple(offer.instance_type for offer in group.offers),
        labels={**settable_labels(node_labels(pool, group)), **drivers},
        taints=tuple(_taint(taint) for taint in group.taints),
        volumes=node_volumes(family, volume_gib),
        sizes=sizes,
        reason=reason,
        schedules=schedules,
        tags={**extra_tags, **group_tags(plan, pool, group)},
        instance_tags={**extra_tags, **instance_tags(plan, pool, group)},
        block_reservation=(
            group.purchase.reservation_id if isinstance(group.purchase, CapacityBlock) else None
        ),
    )


def node_volumes(family: AmiFamily, gib: int) -> tuple[Volume, ...]:
    """The volumes of a node that has `gib` for container images and data."""
    *system, data = _DEVICES[family]
    return (*(Volume(device, _SYSTEM_GIB) for device in system), Volume(data, gib))


def _creatable(sizes: Sizes, reason: str | None) -> tuple[Sizes, str | None]:
    if sizes.max > 0:
        return sizes, reason
    return Sizes(0, 0, 1), "max held at 1, the least that EKS takes"


def _schedules(sized: SizedGroup, autoscaled: bool) -> tuple[ScheduledSize, ...]:
    """The later windows. Auto Scaling ends machines at once when max falls below what runs, and a
    schedule can't see what runs: where an autoscaler owns the desired size, max only grows here, and
    falls at the next deployment."""
    found = []
    highest = sized.sizing.sizes.max
    for window in sized.later:
        highest = max(highest, window.max)
        found.append(
            ScheduledSize(window.start, window.min, UNCHANGED, highest)
            if autoscaled
            else ScheduledSize(window.start, window.min, window.desired, window.max)
        )
    return tuple(found)


def _drain_at(group: Group) -> datetime | None:
    purchase = group.purchase
    return purchase.ends_at - DRAIN_BEFORE_END if isinstance(purchase, CapacityBlock) else None


def _drained(
    schedules: tuple[ScheduledSize, ...], drain: datetime, as_of: datetime
) -> tuple[ScheduledSize, ...]:
    before = tuple(each for each in schedules if each.start < drain)
    if as_of >= drain:
        return ()
    return (*before, ScheduledSize(drain, 0, 0, 0))


def _taint(taint: Taint) -> dict[str, str]:
    # EKS takes no empty value: the field is left out.
    value = {"value": taint.value} if taint.value else {}
    return {"key": taint.key, **value, "effect": _EFFECTS[taint.effect]}
