"""Sizes of a pool's groups, window by window.

Three quantiles of the forecast become three node counts per window: what is needed nine hours in ten
(min), what suffices nine hours in ten (desired, so that a start does not wait for the autoscaler), and
what keeps the expected shortage within the tolerance (max). They are then stacked by merit order.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from trimtab.forecast.model import Array, Forecast
from trimtab.plan.model import MAX_WINDOWS, Window
from trimtab.planning.economics import Nodes, nodes_for, split

LOW_LEVEL, TARGET_LEVEL = 0.1, 0.9
MAX_LEVELS = (0.95, 0.975, 0.99)
WINDOW_HOURS = (1, 2, 3, 4, 6, 8, 12, 24, 48, 96, 168)
"""Lengths that a window may have: divisors of a day, so that windows fall on the same hours daily."""


@dataclass(frozen=True)
class Envelope:
    """Base nodes needed per window, each shape (windows,): low <= target <= high.

    `high_level` is the quantile behind `high`; `shortage_share` the expected share of demand above it.
    """

    hours: int
    low: Nodes
    target: Nodes
    high: Nodes
    high_level: float
    shortage_share: float


@dataclass(frozen=True)
class Sizes:
    """Sizes of one group per window, in its own nodes, each shape (windows,)."""

    min: Nodes
    desired: Nodes
    max: Nodes


def envelope(
    forecast: Forecast,
    units_per_node: float,
    peak_factor: float,
    tolerance: float,
    served: Array | None = None,
    scenarios: Array | None = None,
) -> Envelope:
    """What each window needs.

    Args:
        forecast: of the plan's span.
        units_per_node: of the base offer.
        peak_factor: peak within an hour over the hour's mean, at least 1; it widens max only.
        tolerance: share of demand that may go unmet.
        served: demand that other groups' nodes serve first, per hour, shape (hours,); None: none.
        scenarios: the forecast's, where they are at hand.

    Returns:
        The envelope whose high quantile is the lowest of MAX_LEVELS that meets the tolerance.
    """
    length = window_hours(forecast.hours)
    scenarios = forecast.scenarios() if scenarios is None else scenarios
    first = np.zeros(forecast.hours) if served is None else served
    edges = np.arange(0, forecast.hours, length)

    def per_window(quantile: Array, reduce: np.ufunc) -> Nodes:
        extremes: Array = reduce.reduceat(quantile - first, edges)
        return nodes_for(extremes, units_per_node)

    low = per_window(forecast.at(LOW_LEVEL), np.minimum)
    target = per_window(forecast.at(TARGET_LEVEL), np.maximum)
    demand = max(float(scenarios.mean()), 1e-12)
    for level in MAX_LEVELS:
        high = per_window(forecast.at(level) * peak_factor, np.maximum)
        capacity = np.repeat(high, length)[: forecast.hours] * units_per_node + first
        unmet = float(np.maximum(scenarios - capacity, 0.0).mean()) / demand
        if unmet <= tolerance:
            break
    return Envelope(length, low, target, np.maximum(high, target), level, unmet)


def units_needed(
    forecast: Forecast, peak_factor: float, high_level: float
) -> tuple[Array, Array, Array]:
    """Demand that the windows' min, desired and max are for, each shape (windows,)."""
    edges = np.arange(0, forecast.hours, window_hours(forecast.hours))
    low: Array = np.minimum.reduceat(forecast.at(LOW_LEVEL), edges)
    target: Array = np.maximum.reduceat(forecast.at(TARGET_LEVEL), edges)
    high: Array = np.maximum.reduceat(forecast.at(high_level) * peak_factor, edges)
    return low, target, np.maximum(high, target)


def window_hours(hours: int) -> int:
    """The shortest window length that cuts a horizon into at most MAX_WINDOWS."""
    return next(
        (length for length in WINDOW_HOURS if -(-hours // length) <= MAX_WINDOWS),
        -(-hours // MAX_WINDOWS),
    )


@dataclass(frozen=True)
class Stack:
    """Sizes of the options' groups in base nodes."""

    committed: Sizes
    spot: Sizes
    on_demand: Sizes


def stack(needs: Envelope, committed: int | Nodes, spot_share: float) -> Stack:
    """Sizes in merit order: committed nodes first, then spot, on-demand for the rest.

    `committed` is one count, or one a window.
    Committed nodes that nobody needs are paid for, but need not run. On-demand's max covers spot's
    part too: spot capacity can vanish at once.
    """
    low, target, high = (
        split(nodes, committed, spot_share) for nodes in (needs.low, needs.target, needs.high)
    )
    # Rounding a share down can leave a low split above the target's by a node: order is restored.
    spot_desired = np.maximum(low.spot, target.spot)
    fallback = np.maximum(needs.high - committed, 0)
    desired = np.maximum(low.on_demand, target.on_demand)
    return Stack(
        committed=Sizes(low.committed, target.committed, np.full_like(needs.high, committed)),
        spot=Sizes(low.spot, spot_desired, np.maximum(spot_desired, high.spot)),
        on_demand=Sizes(low.on_demand, desired, np.maximum(desired, fallback)),
    )


def convert(sizes: Sizes, base_units: float, own_units: float) -> Sizes:
    """Sizes in nodes that serve `own_units` each, for the same demand."""
    ratio = base_units / own_units

    def nodes(base: Nodes) -> Nodes:
        return nodes_for(base * ratio, 1.0)

    return Sizes(nodes(sizes.min), nodes(sizes.desired), nodes(sizes.max))


def merged(sizes: Sizes, start: datetime, hours: int, end: datetime) -> tuple[Window, ...]:
    """The sizes as windows from a start to an end, equal neighbours merged."""
    rows = np.stack([sizes.min, sizes.desired, sizes.max])
    changes = np.flatnonzero((rows[:, 1:] != rows[:, :-1]).any(axis=0)) + 1
    opens = [0, *changes.tolist()]
    instants = [start + timedelta(hours=index * hours) for index in opens]
    return tuple(
        Window(start=first, end=last, min=low, desired=desired, max=high)
        for first, last, (low, desired, high) in zip(
            instants, [*instants[1:], end], rows[:, opens].T.tolist(), strict=True
        )
    )
