"""What keeps a plan from moving capacity for little, too fast, or on telemetry that can't be true.

Pure arithmetic on sizes per window, given what runs. Growth is free. Shrinking is held back twice:

- hysteresis: a node that runs, or was needed, is let go only for a stretch that it is not needed in
  whose cost exceeds the cost of moving it. At every height of the sizes that fills the gaps not longer
  than the cost of moving in hours, so it is a grayscale closing of the sizes in time;
- bounded step: from window to window sizes fall by at most a share of what ran, and at least by one
  node, or they would never come down. A step is taken once a window: planned again at the same
  instant, with its own result as what runs, a plan stays as it is.

Both speak of `desired`, and of `max` where that would force nodes out. `min` only permits: below it
the autoscaler may not go, above it actual load decides. On faulty telemetry all three are held at
what runs; then no number here can be trusted to say that less is needed.
"""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from trimtab.clock import format_duration, format_instant
from trimtab.planning.economics import Nodes
from trimtab.planning.windows import Sizes

STEP_DOWN = 0.5
"""Share of a group's nodes that may go from one window to the next."""
MAX_AGE = timedelta(days=1)
"""Telemetry that ended longer before the decision says nothing about what runs now."""

KEPT = "what runs is kept"
"""How the reason begins where telemetry can't be trusted."""


@dataclass(frozen=True)
class Running:
    """What a group runs, or was last planned to run.

    Attributes:
        nodes: at the plan's start, in the group's own nodes.
        hours_since_step: hours between its last step down and the plan's start; infinite: unknown.
        ceiling: the last plan's max at the plan's start; 0: unknown.
    """

    nodes: int
    hours_since_step: float = math.inf
    ceiling: int = 0


@dataclass(frozen=True)
class Steadiness:
    """How reluctantly sizes fall.

    Attributes:
        step_down: share of a group's nodes that may go in one window, above 0 and at most 1.
        moving_hours: cost of stopping a node and starting it again, over its price per hour.
    """

    step_down: float = STEP_DOWN
    moving_hours: float = 0.0


@dataclass(frozen=True)
class Stabilised:
    """Sizes that respect what runs.

    Attributes:
        sizes: min <= desired <= max in every window.
        stepped: whether the first window runs less than what runs now.
        held: how many node-hours the hysteresis and the bounded step added to `desired`.
        reason: the guardrails that applied, as a sentence; empty when none did.
    """

    sizes: Sizes
    stepped: bool
    held_by_hysteresis: int
    held_by_step: int
    reason: str


def stabilised(
    sizes: Sizes, window_hours: int, running: Running, policy: Steadiness, fault: str | None = None
) -> Stabilised:
    """The sizes of one group, held to what runs.

    Args:
        sizes: as the forecast wants them, shape (windows,) each.
        window_hours: length of every window.
        running: what the group runs.
        policy: how reluctantly sizes fall.
        fault: why telemetry can't be trusted, or None.
    """
    if fault is not None:
        return _frozen(sizes, running, fault)
    gap = int(min(policy.moving_hours / window_hours, len(sizes.desired)))
    wanted = _closed(sizes.desired, running.nodes, gap)
    path = _stepped(
        wanted, running.nodes, policy.step_down, now=running.hours_since_step >= window_hours
    )
    kept = int((wanted - sizes.desired).sum()) * window_hours
    slowed = int((path - wanted).sum()) * window_hours
    parts = [
        f"{kept} node-hours stay on, for moving a node costs {policy.moving_hours:.3g} h of its price"
        if kept
        else "",
        f"{slowed} node-hours stay on, for at most {policy.step_down:.0%} of a group goes in a window"
        if slowed
        else "",
    ]
    return Stabilised(
        sizes=Sizes(sizes.min, path, np.maximum(sizes.max, path)),
        stepped=bool(path[0] < running.nodes),
        held_by_hysteresis=kept,
        held_by_step=slowed,
        reason="; ".join(filter(None, parts)),
    )


def telemetry_fault(
    demand: NDArray[np.float64], end: datetime, as_of: datetime, running_nodes: int
) -> str | None:
    """Why a pool's telemetry must not shrink what runs, or None.

    Args:
        demand: per hour up to `end`, shape (T,).
        end: where the telemetry ends.
        as_of: the instant of the decision.
        running_nodes: what the pool runs.
    """
    if not len(demand):
        return "there is no telemetry"
    age = as_of - end
    if age > MAX_AGE:
        return (
            f"telemetry ends {format_instant(end)}, {format_duration(age)} before the decision: "
            f"more than {format_duration(MAX_AGE)}"
        )
    bad = ~np.isfinite(demand)
    if bad[-1]:
        tail = len(demand) if bad.all() else int(np.argmin(bad[::-1]))
        return f"the last {tail} h of telemetry are no numbers"
    if bad.any():
        return f"{int(bad.sum())} h of telemetry are no numbers"
    if (demand < 0).any():
        return f"demand is negative in {int((demand < 0).sum())} h"
    longest, last = _zero_runs(demand)
    if running_nodes and last > longest:
        return (
            f"demand has been zero for {last} h, longer than ever before, while {running_nodes} "
            "nodes run: taken for lost telemetry"
        )
    return None


def _frozen(sizes: Sizes, running: Running, fault: str) -> Stabilised:
    low = np.maximum(sizes.min, running.nodes)
    desired = np.maximum(sizes.desired, low)
    high = np.maximum(np.maximum(sizes.max, running.ceiling), desired)
    return Stabilised(Sizes(low, desired, high), False, 0, 0, f"{KEPT}: {fault}")


def _closed(desired: Nodes, running: int, gap: int) -> Nodes:
    """Gaps of at most `gap` windows filled, at every height; what ran before is `running`.

    The closing with a flat element of gap + 1 windows: the lowest of the maxima over every such
    stretch that holds the window. Stretches that reach beyond the plan's end do not count: what
    lies there is not known, and a gain that lies there is none.
    """
    if gap < 1:
        return desired
    before = np.full(gap, running, dtype=desired.dtype)
    maxima = np.lib.stride_tricks.sliding_window_view(
        np.concatenate([before, desired]), gap + 1
    ).max(axis=1)
    # maxima[w] is of the stretch that ends with window w: a window is in those that end with it or
    # up to `gap` windows later.
    filled = np.array([maxima[w : w + gap + 1].min() for w in range(len(desired))])
    return filled.astype(desired.dtype)


def _stepped(wanted: Nodes, running: int, step_down: float, *, now: bool) -> Nodes:
    """The lowest sizes not below the wanted ones that fall by a bounded step a window."""
    path = np.empty_like(wanted)
    current, may_step = running, now
    for index, target in enumerate(wanted.tolist()):
        floor = current - max(1, math.floor(step_down * current)) if may_step else current
        current, may_step = max(target, floor), True
        path[index] = current
    return path


def _zero_runs(demand: NDArray[np.float64]) -> tuple[int, int]:
    """The longest run of zeros before the last value that is not zero, and the run at the end."""
    nonzero = np.flatnonzero(demand)
    if not len(nonzero):
        return len(demand), 0  # it was never anything else
    gaps = np.diff(np.concatenate([[-1], nonzero])) - 1
    return int(gaps.max()), len(demand) - 1 - int(nonzero[-1])
