"""The families' quantiles at past origins and now.

Two kinds. A point family (`points`) is surrounded by its own past errors: those of the last four
weeks that were known at the origin, per stretch of the horizon. A window family is what demand was:
over the last 3, 7 or 28 days, or in the same hours of the last 14 days.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimtab.forecast.changepoints import regimes
from trimtab.forecast.horizon import Horizon, Ints
from trimtab.forecast.model import HOURS_PER_DAY, HOURS_PER_WEEK, LEVELS, Floats
from trimtab.forecast.order import quantiles
from trimtab.forecast.points import NAMES as POINTS
from trimtab.forecast.points import points
from trimtab.forecast.states import SLOPE_SPAN, States

WINDOW_DAYS = (3, 7, 28)
DAILY_DAYS = 14
NAMES = (*POINTS, *(f"last {days} d" for days in WINDOW_DAYS), f"hour of day, {DAILY_DAYS} d")
IDLE_DAYS = (7, 28)
"""Demand is taken to be zero as often as in the window of these in which that was rarer."""
ERROR_STEP = 12
"""Hours between the origins whose errors are collected."""
ERROR_HOURS = 28 * HOURS_PER_DAY
REFRESH_DAYS = 7
"""How often the errors' quantiles are taken anew on the way through the past."""
MEMORY_DAYS = 14
"""How often change points are looked for on that way."""
LEAST_BUSY = 0.8
"""Where demand is zero more than a fifth of the time, a run of zeros or a burst is no shift."""
LEAST_MEMORY = 2 * HOURS_PER_DAY
"""What a window keeps at least, however recent the last shift."""
PRIOR_BLOCKS = 4.0
"""The prior shape of errors counts as much as so many stretches that don't overlap."""


@dataclass(frozen=True, eq=False)
class Families:
    """The families at K origins of N series; series stand last, where sums run fastest.

    Attributes:
        state: at the origins.
        offsets: quantiles of the point families' errors, (K, len(POINTS), B, len(LEVELS), N).
        windows: quantiles of the windows, (K, len(WINDOW_DAYS), len(LEVELS), N).
        daily: quantiles by the hours that follow the origin, (K, 24, len(LEVELS), N).
        idle: share of hours in which demand is taken to be zero, (K, N).
    """

    state: States
    offsets: Floats
    windows: Floats
    daily: Floats
    idle: Floats

    def quantiles(self, origin: int, ahead: Horizon) -> Floats:
        """All families' quantiles at one of the origins, not below zero.

        Shape (len(NAMES), len(LEVELS), P, N).
        """
        shape = (len(NAMES), len(LEVELS), len(ahead.ahead), self.idle.shape[1])
        out = np.empty(shape, dtype=np.float32)
        here = self.state.at(slice(origin, origin + 1) if origin >= 0 else slice(origin, None))
        point = points(here, ahead)[:, 0].transpose(1, 2, 0).astype(np.float32)
        for b, part in enumerate(ahead.slices):
            offset = self.offsets[origin, :, b, :, None, :]
            np.add(point[:, None, part], offset, out=out[: len(POINTS), :, part])
        np.maximum(out[: len(POINTS)], 0, out=out[: len(POINTS)])
        out[len(POINTS) : -1] = self.windows[origin, :, :, None, :]
        out[-1] = self.daily[origin, (ahead.ahead - 1) % HOURS_PER_DAY].swapaxes(0, 1)
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
    state = dense.at(kept)
    across = (hours[:, None] - memory.errors < SLOPE_SPAN).T
    state = replace(state, slope=np.where(across, 0.0, state.slope))
    return Families(state, offsets, windows, daily, idle)


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
    """From which hour on each series counts at each origin, (K, N): for windows, and for errors."""

    start: Ints
    errors: Ints


def _memories(history: Floats, hours: Ints) -> _Memory:
    """Change points as they were seen at each origin, looked for anew every few days.

    A shift shortens the memory of both; a trend's end that of errors only: lag that was measured
    while demand grew must not be added once it has stopped.
    """
    start = np.zeros((len(hours), len(history)), dtype=np.int64)
    errors = np.zeros_like(start)
    for k in _refreshed(len(hours), MEMORY_DAYS):
        past = history[:, : int(hours[k])].astype(np.float64)
        regime = regimes(past)
        busy = np.nanmean(past[:, -max(IDLE_DAYS) * HOURS_PER_DAY :] > 0, axis=1) > LEAST_BUSY
        start[k] = np.where(busy, regime.start, 0)
        errors[k] = np.maximum(regime.start, regime.trend_end)
    _held(start, MEMORY_DAYS)
    _held(errors, MEMORY_DAYS)
    return _Memory(start, errors)


def _refreshed(count: int, days: int = REFRESH_DAYS) -> list[int]:
    """The origins at which what is costly is computed anew: the last, and every few days back.

    Counted from the end, so that a series' forecast doesn't depend on how long its neighbours are.
    """
    return list(range(count - 1, -1, -days))[::-1]


def _held(values: NDArray[Any], days: int = REFRESH_DAYS) -> None:
    """Fill in the origins (first axis) between: each with the last value before it."""
    fresh = _refreshed(len(values), days)
    for begin, end in zip(fresh, [*fresh[1:], len(values)], strict=True):
        values[begin:end] = values[begin]


def _windows(history: Floats, hours: Ints, start: Ints) -> tuple[Floats, Floats, Floats]:
    count = len(history)
    longest = max(WINDOW_DAYS) * HOURS_PER_DAY
    padded = np.full((count, longest + history.shape[1]), np.nan, dtype=np.float32)
    padded[:, longest:] = history
    shape = (len(hours), len(WINDOW_DAYS), len(LEVELS), count)
    windows = np.empty(shape, dtype=np.float32)
    daily = np.empty((len(hours), HOURS_PER_DAY, len(LEVELS), count), dtype=np.float32)
    idle = np.ones((len(hours), count), dtype=np.float32)
    for k, hour in enumerate(hours):
        past = padded[:, int(hour) : int(hour) + longest]
        since = np.minimum(start[k], hour - LEAST_MEMORY) - (int(hour) - longest)
        if (since > 0).any():
            past = np.where(np.arange(longest) < since[:, None], np.float32(np.nan), past)
        for i, days in enumerate(WINDOW_DAYS):
            windows[k, i] = quantiles(past[:, longest - days * HOURS_PER_DAY :]).T
        for days in IDLE_DAYS:
            window = past[:, longest - days * HOURS_PER_DAY :]
            known = np.maximum((~np.isnan(window)).sum(axis=1), 1)
            idle[k] = np.minimum(idle[k], (window == 0).sum(axis=1) / known)
        same = past[:, longest - DAILY_DAYS * HOURS_PER_DAY :]
        same = same.reshape(count, DAILY_DAYS, HOURS_PER_DAY).swapaxes(1, 2)
        around = np.concatenate([np.roll(same, shift, axis=1) for shift in (-1, 0, 1)], axis=2)
        daily[k] = quantiles(around).transpose(1, 2, 0)
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
    shape = (len(kept), len(POINTS), len(ahead.reach), len(LEVELS), count)
    seen = np.zeros(shape, dtype=np.float32)
    share = np.zeros((*shape[:3], 1, count), dtype=np.float32)
    for k in _refreshed(len(kept)):
        for b, part in enumerate(ahead.slices):
            end = int(kept[k]) + 1 - -(-int(ahead.reach[b]) // ERROR_STEP)
            begin = max(end - ERROR_HOURS // ERROR_STEP, 0)
            if end <= begin:
                continue
            sample = errors[:, :, begin:end, part]
            old = origins[None, begin:end] < memory.errors[k][:, None]
            if old.any():
                sample = np.where(old[:, None, :, None], np.float32(np.nan), sample)
            known = (~np.isnan(sample[..., 0])).sum(axis=2).T
            blocks = known * min(ERROR_STEP / float(ahead.reach[b]), 1.0)
            share[k, :, b, 0] = blocks / (blocks + PRIOR_BLOCKS)
            found = np.nan_to_num(quantiles(sample.reshape(count, len(POINTS), -1)))
            seen[k, :, b] = found.transpose(1, 2, 0)
    _held(seen)
    _held(share)
    deviation = np.stack([spread(history, int(hour)) for hour in origins[kept]])
    seen *= share
    seen += (1 - share) * shapes[..., None] * deviation[:, None, None, None]
    return seen


def _errors(history: Floats, dense: States, origins: Ints, ahead: Horizon) -> Floats:
    """The point families' errors, (N, len(POINTS), J, P), NaN where the truth is not known yet."""
    padded = np.pad(history, ((0, 0), (0, int(ahead.ahead[-1]))), constant_values=np.nan)
    truth = padded[:, origins[:, None] + ahead.ahead[None, :] - 1]
    errors = (truth[:, :, None, :] - points(dense, ahead)).astype(np.float32)
    errors[dense.age < HOURS_PER_DAY] = np.nan
    return np.ascontiguousarray(errors.swapaxes(1, 2))
