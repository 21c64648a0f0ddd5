"""Scheduled events that move demand: launches, migrations, campaigns, closures.

An event multiplies a series or adds to it from its start on, until its end or for good. What lies
before the forecast explains the history and is taken out of it; what lies after shapes the forecast.
`effects` turns events into matrices, `spread` says how uncertain they are, `without` and `widened`
are the two uses. The file that events come from is read by `read_events`.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trimtab.errors import InputError, allowed
from trimtab.forecast.model import Array, Effect

HOUR = timedelta(hours=1)
SEEN_AFTER = timedelta(days=1)
Z80 = 1.2815515655446004
"""A normal distribution's 90 % quantile: half the width of its 80 % interval, in deviations."""


@dataclass(frozen=True)
class Size:
    """How large an effect is: expected, and its 10 % and 90 % quantiles (equal where certain)."""

    low: float
    expected: float
    high: float


@dataclass(frozen=True)
class Multiply:
    """Demand becomes this multiple of what it would have been; positive."""

    size: Size


@dataclass(frozen=True)
class Add:
    """Demand becomes so much more (or, negative, less), in the series' unit."""

    size: Size


@dataclass(frozen=True)
class Event:
    """One scheduled change of demand.

    Attributes:
        name: unique in its file.
        start: from when it has an effect, UTC.
        end: until when (exclusive), UTC; None where it lasts.
        effect: what it does once it is at its full size.
        series: the pools or series that it concerns; None: all.
        ramp: how long after its start it takes to its full size, growing by a straight line.
        reason: why, in its author's words.
        where: file, line and field, for errors.
    """

    name: str
    start: datetime
    end: datetime | None
    effect: Multiply | Add
    series: tuple[str, ...] | None = None
    ramp: timedelta = timedelta(0)
    reason: str = ""
    where: str = ""

    def concerns(self, name: str) -> bool:
        """Whether the event moves the series of that name."""
        return self.series is None or name in self.series


@dataclass(frozen=True)
class Spread:
    """An effect with the bounds of its 80 % interval.

    Attributes:
        low: the effect at its 10 % quantile.
        expected: as `effects` gives it.
        high: the effect at its 90 % quantile.
    """

    low: Effect
    expected: Effect
    high: Effect


def read_events(path: Path) -> tuple[Event, ...]:
    """The events of a `DemandEvents` file, in its order.

    Raises:
        InputError: the file cannot be read, or a field of it is wrong.
    """
    from trimtab.demand.events_file import parse_events
    from trimtab.files import read_text

    return parse_events(read_text(path), str(path))


def check_names(events: Sequence[Event], known: Collection[str]) -> None:
    """Check that every event names series that there are.

    Raises:
        InputError: one does not; says where, and what is allowed.
    """
    from trimtab.catalogue.accelerators import did_you_mean

    for event in events:
        for name in event.series or ():
            if name not in known:
                raise InputError(
                    f"event {event.name} concerns {name!r}, which is no pool or series",
                    where=event.where or None,
                    mend=f"{did_you_mean(name, sorted(known))}use one of {allowed(set(known))}",
                )


def effects(events: Sequence[Event], names: Sequence[str], start: datetime, hours: int) -> Effect:
    """What the events are expected to do: demand = base * multiply + add.

    Args:
        events: overlapping factors multiply, overlapping additions add up.
        names: the series, in the order of the rows.
        start: the first hour's beginning.
        hours: how many; a window of the past serves `without`, one of the future the forecast.

    Returns:
        Matrices of shape (len(names), hours); an hour that an event covers in part has that part
        of its effect. Additions are not multiplied.
    """
    return spread(events, names, start, hours).expected


def spread(events: Sequence[Event], names: Sequence[str], start: datetime, hours: int) -> Spread:
    """The events' effect with its uncertainty; arguments as `effects`.

    Events are taken as independent: on the scale in which they act (logarithmic for factors) their
    deviations combine as the root of the sum of squares. An event that has been at its full size for a
    day when the window starts is in the history as it turned out, so it widens nothing.
    """
    shape = (len(names), hours)
    factor, shift = np.zeros(shape), np.zeros(shape)
    # Squares of the deviations below and above: of the factors' logarithms, of the additions.
    factor_below, factor_above = np.zeros(shape), np.zeros(shape)
    shift_below, shift_above = np.zeros(shape), np.zeros(shape)
    for event in events:
        rows = np.array([event.concerns(name) for name in names], dtype=np.bool_)
        weight = _weight(event, start, hours)
        if not (rows.any() and weight.any()):
            continue
        size = event.effect.size
        if event.start + event.ramp + SEEN_AFTER <= start:
            size = Size(size.expected, size.expected, size.expected)
        if isinstance(event.effect, Multiply):
            low, expected, high = (np.log1p((s - 1) * weight) for s in _sizes(size))
            factor[rows] += expected
            factor_below[rows] += (expected - low) ** 2
            factor_above[rows] += (high - expected) ** 2
        else:
            low, expected, high = (s * weight for s in _sizes(size))
            shift[rows] += expected
            shift_below[rows] += (expected - low) ** 2
            shift_above[rows] += (high - expected) ** 2
    return Spread(
        Effect(np.exp(factor - np.sqrt(factor_below)), shift - np.sqrt(shift_below)),
        Effect(np.exp(factor), shift),
        Effect(np.exp(factor + np.sqrt(factor_above)), shift + np.sqrt(shift_above)),
    )


def without(history: Array, effect: Effect) -> Array:
    """The history as it would have been without the events, shape (N, T), not below zero."""
    base: Array = np.maximum((history - effect.add) / effect.multiply, 0.0)
    return base


def widened(quantiles: Array, spread: Spread, levels: Sequence[float]) -> Array:
    """Quantiles of demand with the events in it.

    Args:
        quantiles: of demand without the events, shape (N, len(levels), hours), rising along levels.
        spread: of the same series and hours.
        levels: of the quantiles, 0.5 among them.

    Returns:
        The same shape, rising along levels, not below zero. The forecast's own deviation from its
        median and the events' (a normal one whose 80 % interval is the spread's, each side by
        itself) are taken as independent: they combine as the root of the sum of squares.
    """
    middle = list(levels).index(0.5)
    expected = _applied(quantiles, spread.expected)
    median = expected[:, middle : middle + 1]
    own = expected - median
    base = quantiles[:, middle]
    below = np.maximum(median[:, 0] - _at(base, spread.low), 0)
    above = np.maximum(_at(base, spread.high) - median[:, 0], 0)
    deviations = _normal_quantiles(levels) / Z80
    events = np.where(deviations[:, None] < 0, below[:, None], above[:, None])
    events = events * deviations[:, None]
    combined = median + np.sign(deviations)[:, None] * np.hypot(own, events)
    result: Array = np.maximum(np.maximum.accumulate(combined, axis=1), 0.0)
    return result


def _applied(quantiles: Array, effect: Effect) -> Array:
    result: Array = quantiles * effect.multiply[:, None] + effect.add[:, None]
    return result


def _at(base: Array, effect: Effect) -> Array:
    result: Array = base * effect.multiply + effect.add
    return result


def _normal_quantiles(levels: Sequence[float]) -> Array:
    from statistics import NormalDist

    return np.array([NormalDist().inv_cdf(level) for level in levels])


def _sizes(size: Size) -> tuple[float, float, float]:
    return size.low, size.expected, size.high


def _weight(event: Event, start: datetime, hours: int) -> NDArray[np.float64]:
    """The mean over each hour of how far the event has come: 0 before, 1 at full size."""
    begin = (event.start - start) / HOUR
    until = np.inf if event.end is None else (event.end - start) / HOUR
    edges = np.minimum(np.arange(hours + 1, dtype=np.float64), until) - begin
    ramp = event.ramp / HOUR
    # The integral of a straight rise to 1 that is then held.
    inside = np.clip(edges, 0, ramp)
    risen = inside**2 / (2 * ramp) if ramp else np.zeros_like(edges)
    weight: NDArray[np.float64] = np.diff(risen + np.maximum(edges - ramp, 0))
    return weight
