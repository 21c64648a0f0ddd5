"""Which sizes hold: the plan's window at an instant, reconciled with what runs.

Pure functions, shared by every consumer, so that Pulumi and Crossplane can't disagree. Time is an
argument. What runs is an input: an expired plan never moves a size down, and bounds that would
exclude what runs are widened until it has moved inside by itself, for the autoscaler owns `desired`.
"""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import datetime

from trimtab.plan.model import CapacityPlan, Group, Window


@dataclass(frozen=True)
class Sizes:
    """Whole nodes, min <= desired <= max."""

    min: int
    desired: int
    max: int


@dataclass(frozen=True)
class Sizing:
    """The sizes to ask for, and why they differ from the window's (None when they do not)."""

    sizes: Sizes
    reason: str | None = None


def expired(plan: CapacityPlan, instant: datetime) -> bool:
    """Whether the plan no longer speaks for that instant."""
    return instant >= plan.spec.valid_until


def window_index(group: Group, instant: datetime) -> int:
    """Index of the window that holds at an instant; before the first it is the first, after the
    last the last."""
    after = bisect_right(group.windows, instant, key=lambda window: window.start)
    return max(0, after - 1)


def window_at(group: Group, instant: datetime) -> Window:
    """The window that holds at an instant, as `window_index` counts."""
    return group.windows[window_index(group, instant)]


def later_windows(group: Group, instant: datetime) -> tuple[Window, ...]:
    """The windows after the one that holds at an instant: what a consumer schedules ahead."""
    return group.windows[window_index(group, instant) + 1 :]


def size(window: Window, running: Sizes | None = None, *, plan_expired: bool = False) -> Sizing:
    """The sizes to ask for.

    Args:
        window: the group's window that holds now.
        running: the sizes observed now; None when nothing runs.
        plan_expired: whether the plan is past its validity.

    Returns:
        The window's sizes when nothing runs. Otherwise `desired` stays where the autoscaler put it:
        raised to min when below (EKS refuses a min above desired), and max held at it when above.
        An expired plan keeps every observed bound.
    """
    planned = Sizes(window.min, window.desired, window.max)
    if running is None:
        return Sizing(planned)
    if plan_expired:
        return Sizing(running, "the plan has expired: what runs is kept")
    if running.desired < planned.min:
        return Sizing(
            Sizes(planned.min, planned.min, planned.max),
            f"desired raised from {running.desired} to the new min {planned.min}",
        )
    if running.desired > planned.max:
        return Sizing(
            Sizes(planned.min, running.desired, running.desired),
            f"max held at the {running.desired} nodes that run until they fall to {planned.max}",
        )
    return Sizing(Sizes(planned.min, running.desired, planned.max))
