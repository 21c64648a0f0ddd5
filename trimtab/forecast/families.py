"""The families' quantiles at past origins and now.

Two kinds. A point family (`points`) is surrounded by its own past errors: those of the last four
weeks that were known at the origin, per stretch of the horizon. A window family is what demand was:
over the last 3, 7 or 28 days, or in the same hours of the last 14 days.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimtab.forecast.changepoints import regimes
from trimtab.forecast.horizon import Horizon, Ints
from trimtab.forecast.model import HOURS_PER_DAY, HOURS_PER_WEEK, LEVELS, Floats
from trimtab.forecast.order import quantiles
from trimtab.forecast.points import NAMES as POINTS
from trimtab.forecast.points import points
from trimtab.forecast.states import States

WINDOW_DAYS = (3, 7, 28)
DAILY_DAYS = 14
NAMES = (*POINTS, *(f"last {days} d" for days in WINDOW_DAYS), f"hour of day, {DAILY_DAYS} d")
IDLE_DAYS = (7, 28)
"""Demand is taken to be zero as often as in the window of these in which that was rarer."""
ERROR_STEP = 12
"""Hours between the origins whose errors are collected."""
ERROR_HOURS = 28 * HOURS_PER_DAY
REFRESH_DAYS = 4
"""How often the errors' quantiles are taken anew on the way through the past."""
LEAST_BUSY = 0.8
"""Where demand is zero more than a fifth of the time, a run of zeros or a burst is no shift."""
LEAST_MEMORY = 2 * HOURS_PER_DAY
"""What a window keeps at least, however recent the last shift."""
PRIOR_BLOCKS = 4.0
"""The prior shape of errors counts as much as so many stretches that don't overlap."""


@dataclass(frozen=True, eq=False)
class Families:
    """The families at K origins of N series.

    Attributes:
        state: at the origins.
        offsets: quantiles of the point families' errors, (N, K, len(POINTS), B, len(LEVELS)).
        windows: quantiles of the windows, (N, K, len(WINDOW_DAYS), len(LEVELS)).
        daily: quantiles by the hours that follow the origin, (N, K, 24, len(LEVELS)).
        idle: share of hours in which demand is taken to be zero, (N, K).
    """

    state: States
    offsets: Floats
    windows: Floats
    daily: Floats
    idle: Floats

    def at(self, origins: slice | Ints) -> "Families":
        """The same at some of the origins."""
        return Families(
            self.state.at(origins),
            self.offsets[:, origins],
            self.windows[:, origins],
            self.daily[:, origins],
            self.idle[:, origins],
        )

    def quantiles(self, ahead: Horizon) -> Floats:
        """All families' quantiles, shape (len(NAMES), N, K, len(LEVELS), P), not below zero."""
        series, origins = self.idle.shape
        shape = (len(NAMES), series, origins, len(LEVELS), len(ahead.ahead))
        out = np.empty(shape, dtype=np.float32)
        point = points(self.state, ahead).astype(np.float32)
        for family in range(len(POINTS)):
            offset = self.offsets[:, :, family].swapaxes(2, 3)
            for b, part in enumerate(ahead.slices):
                np.add(
                    point[:, :, family, None, part],
                    offset[..., b, None],
                    out=out[family, ..., part],
                )
        np.maximum(out[: len(POINTS)], 0, out=out[: len(POINTS)])
        for i in range(len(WINDOW_DAYS)):
            out[len(POINTS) + i] = self.windows[:, :, i, :, None]
        out[-1] = self.daily.swapaxes(2, 3)[..., (ahead.ahead - 1) % HOURS_PER_DAY]
        return out


def families(
    history: Floats,
    dense: States,
    origins: Ints,
    kept: Ints,
    ahead: Horizon,
    shapes: Floats,
) -> Families:
    """The families at the kept origins.

    Args:
        history: shape (N, T), NaN before a series begins.
        dense: states at all origins, ERROR_STEP apart.
        origins: their hours, shape (J,).
        kept: which of them are wanted, shape (K,), a day apart, the last of them now.
        ahead: the hours ahead at which errors are taken.
        shapes: prior quantiles of errors over the last week's standard deviation,
            (len(POINTS), B, len(LEVELS)).
    """
    hours = origins[kept]
    memory = _memories(history, hours)
    windows, daily, idle = _windows(history, hours, memory.start)
    offsets = _offsets(history, dense, origins, kept, ahead, shapes, memory)
    return Families(dense.at(kept), offsets, windows, daily, idle)


def spread(history: Floats, hour: int) -> Floats:
    """Standard deviation of the week before an hour, or of what there is of it, (N,)."""
    week = history[:, max(hour - HOURS_PER_WEEK, 0) : hour]
    known = ~np.isnan(week)
    count = np.maximum(known.sum(axis=1), 1)
    mean = np.where(known, week, 0).sum(axis=1) / count
    square = np.where(known, (week - mean[:, None]) ** 2, 0).sum(axis=1) / count
    root: Floats = np.sqrt(square).astype(np.float32)
    return root


@dataclass(frozen=True, eq=False)
class _Memory:
    """From which hour on each series counts at each origin, (N, K): for windows, and for errors."""

    start: Ints
    errors: Ints


def _memories(history: Floats, hours: Ints) -> _Memory:
    """Change points as they were seen at each origin, looked for anew every few days.

    A shift shortens the memory of both; a trend's end that of errors only: lag that was measured
    while demand grew must not be added once it has stopped.
    """
    start = np.zeros((len(history), len(hours)), dtype=np.int64)
    errors = np.zeros_like(start)
    for k in _refreshed(len(hours)):
        past = history[:, : int(hours[k])].astype(np.float64)
        regime = regimes(past)
        busy = np.nanmean(past[:, -max(IDLE_DAYS) * HOURS_PER_DAY :] > 0, axis=1) > LEAST_BUSY
        start[:, k] = np.where(busy, regime.start, 0)
        errors[:, k] = np.maximum(regime.start, regime.trend_end)
    _held(start, len(hours))
    _held(errors, len(hours))
    return _Memory(start, errors)


def _refreshed(count: int) -> list[int]:
    """The origins at which what is costly is computed anew: the last, and every few days back."""
    return sorted({0, *range(count - 1, -1, -REFRESH_DAYS)})


def _held(values: NDArray[Any], count: int) -> None:
    """Fill in the origins between: each with the last value before it."""
    fresh = _refreshed(count)
    for begin, end in zip(fresh, [*fresh[1:], count], strict=True):
        values[:, begin:end] = values[:, begin : begin + 1]


def _windows(history: Floats, hours: Ints, start: Ints) -> tuple[Floats, Floats, Floats]:
    count = len(history)
    longest = max(WINDOW_DAYS) * HOURS_PER_DAY
    padded = np.full((count, longest + history.shape[1]), np.nan, dtype=np.float32)
    padded[:, longest:] = history
    windows = np.empty((count, len(hours), len(WINDOW_DAYS), len(LEVELS)), dtype=np.float32)
    daily = np.empty((count, len(hours), HOURS_PER_DAY, len(LEVELS)), dtype=np.float32)
    idle = np.ones((count, len(hours)), dtype=np.float32)
    for k, hour in enumerate(hours):
        past = padded[:, int(hour) : int(hour) + longest]
        since = np.minimum(start[:, k], hour - LEAST_MEMORY) - (int(hour) - longest)
        if (since > 0).any():
            past = np.where(np.arange(longest) < since[:, None], np.float32(np.nan), past)
        for i, days in enumerate(WINDOW_DAYS):
            windows[:, k, i] = quantiles(past[:, longest - days * HOURS_PER_DAY :])
        for days in IDLE_DAYS:
            window = past[:, longest - days * HOURS_PER_DAY :]
            known = np.maximum((~np.isnan(window)).sum(axis=1), 1)
            idle[:, k] = np.minimum(idle[:, k], (window == 0).sum(axis=1) / known)
        same = past[:, longest - DAILY_DAYS * HOURS_PER_DAY :]
        same = same.reshape(count, DAILY_DAYS, HOURS_PER_DAY).swapaxes(1, 2)
        around = np.concatenate([np.roll(same, shift, axis=1) for shift in (-1, 0, 1)], axis=2)
        daily[:, k] = quantiles(around)
    return windows, daily, idle


def _offsets(
    history: Floats,
    dense: States,
    origins: Ints,
    kept: Ints,
    ahead: Horizon,
    shapes: Floats,
    memory: _Memory,
) -> Floats:
    count = len(history)
    errors = _errors(history, dense, origins, ahead)
    shape = (count, len(kept), len(POINTS), len(ahead.reach), len(LEVELS))
    out = np.empty(shape, dtype=np.float32)
    for k in _refreshed(len(kept)):
        prior = spread(history, int(origins[kept[k]]))[:, None, None, None] * shapes
        for b, part in enumerate(ahead.slices):
            end = int(kept[k]) + 1 - -(-int(ahead.reach[b]) // ERROR_STEP)
            begin = max(end - ERROR_HOURS // ERROR_STEP, 0)
            if end <= begin:
                out[:, k, :, b] = prior[:, :, b]
                continue
            sample = errors[:, :, begin:end, part]
            old = origins[None, begin:end] < memory.errors[:, k, None]
            if old.any():
                sample = np.where(old[:, None, :, None], np.float32(np.nan), sample)
            known = (~np.isnan(sample[..., 0])).sum(axis=2)
            blocks = known * min(ERROR_STEP / float(ahead.reach[b]), 1.0)
            share = (blocks / (blocks + PRIOR_BLOCKS))[..., None].astype(np.float32)
            found = np.nan_to_num(quantiles(sample.reshape(count, len(POINTS), -1)))
            out[:, k, :, b] = share * found + (1 - share) * prior[:, :, b]
    _held(out, len(kept))
    return out


def _errors(history: Floats, dense: States, origins: Ints, ahead: Horizon) -> Floats:
    """The point families' errors, (N, len(POINTS), J, P), NaN where the truth is not known yet."""
    padded = np.pad(history, ((0, 0), (0, int(ahead.ahead[-1]))), constant_values=np.nan)
    truth = padded[:, origins[:, None] + ahead.ahead[None, :] - 1]
    errors = (truth[:, :, None, :] - points(dense, ahead)).astype(np.float32)
    errors[dense.age < HOURS_PER_DAY] = np.nan
    return np.ascontiguousarray(errors.swapaxes(1, 2))
