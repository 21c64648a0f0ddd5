"""When a node group's sizes change: the plan's later windows as scheduled actions of its Auto Scaling
group, so that a preview shows no difference at any hour.

Pure. A capacity block's group is at zero until the block starts and from an hour before it ends, of an
UltraServer half an hour earlier.

Sources: EC2 Auto Scaling PutScheduledUpdateGroupAction; EKS user guide, "Create a managed node group
with Capacity Blocks for ML" (EC2 takes the machines back 30 minutes before the end, EKS itself scales
to zero 40 minutes before); EC2 user guide on UltraServers (an hour before); 2026-11.
"""

from dataclasses import dataclass
from datetime import datetime

from trimtab.clock import format_instant
from trimtab.plan.model import CapacityBlock, Group, Window
from trimtab.plan.sizing import Sizes
from trimtab.provision.capacity_blocks import closed, drains_at
from trimtab.provision.sized_groups import SizedGroup

UNCHANGED = -1
"""What a scheduled action says of a size that it leaves alone."""

_NOTHING = Sizes(0, 0, 1)
"""The least that EKS takes."""


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
class Schedule:
    """A group's sizes now and later.

    Attributes:
        sizes: what to create the group with.
        reason: why they differ from the plan's window, or None.
        later: the changes to come, in order.
    """

    sizes: Sizes
    reason: str | None
    later: tuple[ScheduledSize, ...]


def schedule(sized: SizedGroup, as_of: datetime, autoscaled: bool) -> Schedule:
    """The sizes of one of the plan's groups.

    Args:
        sized: the group, with the sizes to ask for now.
        as_of: the instant that is now.
        autoscaled: whether an autoscaler owns the desired size; then it is left alone.
    """
    now, reason = _creatable(sized.sizing.sizes, sized.sizing.reason)
    purchase = sized.group.purchase
    drain = drains_at(sized.group)
    if not isinstance(purchase, CapacityBlock) or drain is None:
        return Schedule(now, reason, _scheduled(sized.sizing.sizes.max, sized.later, autoscaled))
    starts = purchase.starts_at
    if as_of >= drain:
        return Schedule(_NOTHING, closed(sized.group, as_of), ())
    later, highest = sized.later, sized.sizing.sizes.max
    if starts is not None and as_of < starts:
        now, reason = _NOTHING, closed(sized.group, as_of)
        later, highest = _from(sized.group, starts), 0
    inside = tuple(window for window in later if window.start < drain)
    # A block that starts an hour before it ends, or later, never has a node.
    return Schedule(
        now,
        reason,
        (*_scheduled(highest, inside, autoscaled), ScheduledSize(drain, 0, 0, 0)),
    )


def _creatable(sizes: Sizes, reason: str | None) -> tuple[Sizes, str | None]:
    if sizes.max > 0:
        return sizes, reason
    return _NOTHING, "max held at 1, the least that EKS takes"


def _from(group: Group, instant: datetime) -> tuple[Window, ...]:
    """The group's windows after an instant, cut to it."""
    return tuple(
        window.model_copy(update={"start": max(window.start, instant)})
        for window in group.windows
        if window.end > instant
    )


def _scheduled(
    highest: int, windows: tuple[Window, ...], autoscaled: bool
) -> tuple[ScheduledSize, ...]:
    """Auto Scaling ends machines at once when max falls below what runs, and a schedule can't see
    what runs: where an autoscaler owns the desired size, max only grows here, and falls at the next
    deployment."""
    found = []
    for window in windows:
        highest = max(highest, window.max)
        found.append(
            ScheduledSize(window.start, window.min, UNCHANGED, highest)
            if autoscaled
            else ScheduledSize(window.start, window.min, window.desired, window.max)
        )
    return tuple(found)
