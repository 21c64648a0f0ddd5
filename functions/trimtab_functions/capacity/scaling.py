"""At what size a group's resource is asked for: the window's sizes, what runs, and how far bounds move.

Pure. A desired size that an autoscaler chose is never moved, but raised to a new min in the change that
sets it; a max below what runs is held at what runs until that has fallen. How far bounds shrink is
`stability`'s.
"""

from dataclasses import dataclass

from trimtab.clock import format_instant
from trimtab.plan.model import CapacityBlock, Group, Window
from trimtab.plan.sizing import Sizes, size
from trimtab.policy.model import Stability
from trimtab.provision.capacity_blocks import closed
from trimtab_functions.capacity.adapters.base import Scaling
from trimtab_functions.capacity.observed import Observed
from trimtab_functions.capacity.preparation import Slot
from trimtab_functions.capacity.stability import Moved, believable, damp


@dataclass(frozen=True)
class Generations:
    """The generations of a group that run.

    Attributes:
        current: what runs its generation; None where nothing does.
        older: what runs others, and what is being deleted: what `current` begins as large as.
        lacking: those of the pool that have not all the nodes that they are to have at the least, in
            words; None when all have.
    """

    current: Observed | None
    older: tuple[Observed, ...]
    lacking: str | None = None


@dataclass(frozen=True)
class Scaled:
    """The sizes to ask for, the bounds decided, and why they differ from the window's."""

    scaling: Scaling
    moved: Moved
    reason: str | None = None


def scale(slot: Slot, window: Window, generations: Generations, stability: Stability) -> Scaled:
    """The sizes to ask for in a window.

    A new generation starts with as many nodes as the old one runs, as far as its bounds allow, and its
    bounds move on from the old one's.
    """
    current = generations.current
    dying = current is not None and current.deleting
    begun = format_instant(window.start)
    # What is being deleted will be created anew.
    now = current.sizes if current and not dying else None
    runs = now is not None and now.desired > 0
    if _is_shut(slot.group, window) and not (runs and not_begun(slot.group, window)):
        # The machines end whether nodes are drained or not; before its block begins none are its own.
        enforced = 0 if now and now.desired else None
        sizes = slot.adapter.accepted(Sizes(0, 0, 0))
        scaling = Scaling(sizes, 0, enforced, creates=current is None or dying)
        return Scaled(scaling, Moved(begun, 0, 0), "outside its capacity block: no nodes")
    before = current or max(generations.older, key=_latest, default=None)
    last, known = (before.moved, before.sizes) if before else (None, None)
    last = believable(last, known, Sizes(window.min, window.desired, window.max))
    if last is None and known is not None:
        last = Moved("", known.min, known.max)
    planned, why = _allowed(slot, window, last)
    until = format_instant(slot.group.windows[-1].end)
    damped = damp(planned, None, last, begun, stability, lacking=generations.lacking, until=until)
    low, high = damped.moved.low, damped.moved.high
    wanted = min(max(window.desired, low), high)
    bounds = window.model_copy(update={"min": low, "desired": wanted, "max": high})
    sizing = size(bounds, now)
    sizes = slot.adapter.accepted(sizing.sizes)
    reason = "; ".join(each for each in (why, damped.reason, sizing.reason) if each) or None
    initial = wanted
    for old in (*generations.older, *((current,) if current and dying else ())):
        if old.sizes is not None:
            initial = min(max(initial, old.sizes.desired), high)
    if now is None:
        first = Sizes(sizes.min, initial, sizes.max)
        creates = current is None or dying
        return Scaled(Scaling(first, initial, creates=creates), damped.moved, reason)
    stated = current is not None and current.stated
    enforced = sizes.desired if stated or now.desired < sizes.min else None
    return Scaled(Scaling(sizes, initial, enforced), damped.moved, reason)


def not_begun(group: Group, window: Window) -> bool:
    """Whether the group's capacity block begins after the window: what runs is of another, or of none."""
    purchase = group.purchase
    starts = purchase.starts_at if isinstance(purchase, CapacityBlock) else None
    return starts is not None and window.start < starts


def _is_shut(group: Group, window: Window) -> bool:
    """Whether the window is outside of the group's capacity block; one inside may be planned empty too,
    and is reached as every other."""
    return window.max == 0 and closed(group, window.start) is not None


def _latest(old: Observed) -> tuple[str, int, str]:
    """Of several older generations, the one whose bounds moved last; the larger of two alike."""
    moved = old.moved
    return (moved.window, moved.high, old.key) if moved else ("", 0, old.key)


def _allowed(slot: Slot, window: Window, last: Moved | None) -> tuple[Sizes, str | None]:
    """The window's sizes; where the policy holds the group's growth, no larger than they were."""
    planned = Sizes(window.min, window.desired, window.max)
    why = slot.verdict.growth
    if why is None or last is None or (planned.min <= last.low and planned.max <= last.high):
        return planned, None
    low, high = min(planned.min, last.low), min(planned.max, last.high)
    return Sizes(low, min(max(planned.desired, low), high), high), f"not larger, by {why}"


def ahead(group: Group, index: int, last: Moved, stability: Stability) -> tuple[Window, ...]:
    """The windows to come, with the bounds that they will ask for when nothing holds them up."""
    found = []
    for window in group.windows[index + 1 :]:
        begun = format_instant(window.start)
        if _is_shut(group, window):
            last = Moved(begun, 0, 0)
        else:
            planned = Sizes(window.min, window.desired, window.max)
            last = damp(planned, None, last, begun, stability).moved
        desired = min(max(window.desired, last.low), last.high)
        sizes = {"min": last.low, "desired": desired, "max": last.high}
        found.append(window.model_copy(update=sizes))
    return tuple(found)


def hold(observed: Observed) -> Scaling | None:
    """The sizes that keep a resource as it is; None when it states none."""
    running = observed.sizes
    if running is None:
        return None
    desired = max(running.desired, running.min)
    sizes = observed.adapter.accepted(Sizes(running.min, desired, max(running.max, desired)))
    stated = desired if observed.initial is None else observed.initial
    initial = min(max(stated, sizes.min), sizes.max)
    raised = observed.stated or running.desired < sizes.min
    return Scaling(sizes, initial, desired if raised else None)
