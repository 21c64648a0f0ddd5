"""How far bounds may move: retain, then fill.

Pure. The plan is already damped by the planner; this keeps a consumer steady when plans flap, arrive
late or are wrong. Growth is never delayed. A shrink of min or max

- is made once a window: a plan that comes and goes within one, or two that take turns, can't move
  bounds down and up again;
- is at most a part of what was asked for, and one node at the least;
- is not made at all when it is too small to be worth a change.

What is remembered from one call to the next stands on the resource itself: when the window began in
which its bounds moved last. So the answer follows from the request alone.
"""

import math
import re
from dataclasses import dataclass, replace

from trimtab.plan.sizing import Sizes
from trimtab.policy.model import Stability


@dataclass(frozen=True)
class Moved:
    """The bounds that were decided last, and when.

    They are not always those asked for: what runs may have widened those.

    Attributes:
        window: when the window began in which they moved; RFC 3339 in UTC, so that text order is
            time order.
        low, high: min and max.
    """

    window: str
    low: int
    high: int

    def __str__(self) -> str:
        return f"{self.window} {self.low}..{self.high}"

    @classmethod
    def read(cls, text: str | None) -> "Moved | None":
        """What `str` wrote; None where it is anything else."""
        found = _WRITTEN.fullmatch(text or "")
        if found is None:
            return None
        window, low, high = found.groups()
        return cls(window, int(low), int(high)) if int(low) <= int(high) else None


_WRITTEN = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ) (\d{1,7})\.\.(\d{1,7})")


ABSURD = 4
"""How many times as large as what is asked for and planned bounds can't have been."""


def believable(last: Moved | None, asked: Sizes | None, planned: Sizes) -> Moved | None:
    """What is remembered, as far as what is asked for bears it out: an annotation that somebody wrote, or
    copied from a larger group, buys no nodes.

    Args:
        last: as remembered.
        asked: the bounds that the resource states; None where it states none.
        planned: the window's sizes.
    """
    if last is None or asked is None:
        return last
    if last.high > ABSURD * max(asked.max, planned.max, 1):
        return Moved(last.window, asked.min, asked.max)
    # A min is never asked for above the max that is.
    return replace(last, low=min(last.low, max(asked.max, planned.min)))


@dataclass(frozen=True)
class Damped:
    """Bounds to ask for, whose numbers `moved` has, and why they are not the plan's (or None)."""

    moved: Moved
    reason: str | None = None


def damp(
    planned: Sizes,
    before: Sizes | None,
    last: Moved | None,
    window: str,
    stability: Stability,
    *,
    lacking: str | None = None,
    until: str | None = None,
) -> Damped:
    """The bounds to ask for.

    Args:
        planned: the window's sizes.
        before: the bounds asked for until now; None when there are none. Only where `last` is None.
        last: the bounds that were decided last, if that is known.
        window: when the window began that holds, as `Moved.window`.
        stability: how much may move.
        lacking: what is to take over what goes, and has not all its nodes; None when all has.
        until: when the last window ends that is planned, as `Moved.window`: no bounds moved later. What
            says so was written by hand, or by a clock that was years ahead, and would hold them for ever.

    Returns:
        The planned bounds, as far as they may be; `moved.window` is `window` when they move.
    """
    if last is None and before is not None:
        last = Moved("", before.min, before.max)
    if last is None:
        return Damped(Moved(window, planned.min, planned.max))
    if until is not None and last.window > until:
        last = replace(last, window=window)
    low, high, reason = planned.min, planned.max, None
    if low < last.low or high < last.high:
        reason = _delay(last, window, stability, lacking)
        if reason is not None:
            low, high = max(low, last.low), max(high, last.high)
        else:
            low = _step(planned.min, last.low, stability)
            high = max(_step(planned.max, last.high, stability), low)
            if (low, high) != (planned.min, planned.max):
                reason = _stepwise(planned, last, low, high)
    if (low, high) == (last.low, last.high):
        return Damped(last, reason)
    return Damped(Moved(max(window, last.window), low, high), reason)


def _delay(last: Moved, window: str, stability: Stability, lacking: str | None) -> str | None:
    """Why no bound may shrink now; None when it may."""
    if lacking is not None:
        return f"not smaller while nodes are still to come of {lacking}"
    if stability.one_change_per_window and last.window >= window:
        return f"not smaller in the window from {window}, in which the bounds moved already"
    return None


def _step(planned: int, before: int, stability: Stability) -> int:
    if planned >= before:
        return planned
    by = before - planned
    if by < stability.hysteresis_nodes and by < stability.hysteresis_share * before:
        return before
    return max(planned, before - max(1, math.floor(before * stability.max_step_down_share)))


def _stepwise(planned: Sizes, last: Moved, low: int, high: int) -> str:
    if (low, high) == (last.low, last.high):
        return f"as before: {planned.min} to {planned.max} is too small a change"
    return f"on the way from {last.low}-{last.high} to {planned.min}-{planned.max}, step by step"
