"""What a series' past says at many past hours at once: levels, seasons, trend.

Everything is computed for all series (rows) and all past origins (columns) together, and at each
origin from earlier hours only, so that a past forecast is as honest as today's.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trimtab.forecast.horizon import Ints
from trimtab.forecast.model import HOURS_PER_DAY, HOURS_PER_WEEK, Floats

RATES = (0.3, 0.1, 0.03)
"""Smoothing per hour: memories of about 3, 10 and 33 hours."""
SEASON_DAYS = 14
SEASON_WEEKS = 4
HALF_DAY = HOURS_PER_DAY // 2
SLOPE_HOURS = 2 * HOURS_PER_DAY
SLOPE_SPAN = HOURS_PER_WEEK + SLOPE_HOURS
"""Hours that a slope looks back over."""


@dataclass(frozen=True, eq=False)
class States:
    """At J origins of N series.

    Attributes:
        age: hours of history before the origin, shape (N, J).
        levels: exponentially smoothed, freed of the daily season, one per rate, (N, J, len(RATES)).
        last: the last hour, freed of the daily season, (N, J).
        week: mean of the last week, or of what there is of it, (N, J).
        slope: change per hour over the last week, 0 where the history is too short, (N, J).
        daily: what each of the next 24 hours adds by the hour of the day, shrunk, (N, J, 24).
        weekly: what each of the next 168 adds to that by the hour of the week, (N, J, 168).
        ago: each of the next 168 a week ago, NaN where nothing was, (N, J, 168).
    """

    age: Ints
    levels: Floats
    last: Floats
    week: Floats
    slope: Floats
    daily: Floats
    weekly: Floats
    ago: Floats

    def at(self, origins: "slice | Ints") -> "States":
        """The same at some of the origins."""
        return States(**{name: value[:, origins] for name, value in vars(self).items()})


def states(history: Floats, origins: Ints) -> States:
    """The states of each series at each origin.

    Args:
        history: demand per hour, shape (N, T), NaN before a series begins.
        origins: hours of the history, each a forecast's first hour, rising, shape (J,), in [1, T].
    """
    count, length = history.shape
    first = np.isnan(history).sum(axis=1)
    sums = np.zeros((count, length + 1))
    np.cumsum(np.nan_to_num(history), axis=1, out=sums[:, 1:])
    centred = _deviations(history, sums, first)
    smooth = _smoothed(history, first, origins)
    weights = _folded_weights()
    found = States(
        age=np.maximum(origins[None, :] - first[:, None], 0),
        levels=smooth,
        last=history[:, origins - 1].copy(),
        week=_mean(sums, first, origins, origins - HOURS_PER_WEEK),
        slope=_slope(sums, first, origins),
        daily=np.zeros((count, len(origins), HOURS_PER_DAY)),
        weekly=np.zeros((count, len(origins), HOURS_PER_WEEK)),
        ago=np.full((count, len(origins), HOURS_PER_WEEK), np.nan),
    )
    for j, origin in enumerate(origins):
        if origin >= HOURS_PER_WEEK:
            found.ago[:, j] = history[:, origin - HOURS_PER_WEEK : origin]
        if (
            j and (origins[-1] - origin) % HOURS_PER_DAY
        ):  # half-days: the morning's profiles, turned
            gap = int(origin - origins[j - 1])
            found.daily[:, j] = np.roll(found.daily[:, j - 1], -gap, axis=1)
            found.weekly[:, j] = np.roll(found.weekly[:, j - 1], -gap, axis=1)
            continue
        daily = _profile(centred, int(origin) - HALF_DAY, HOURS_PER_DAY, SEASON_DAYS)
        found.daily[:, j] = np.roll(daily, -HALF_DAY, axis=1)
        found.weekly[:, j] = _weekly(history, int(origin), found.daily[:, j])
    found.ago[found.age < HOURS_PER_WEEK] = np.nan
    found.levels[:] -= np.einsum("njh,ah->nja", found.daily, weights)
    found.last[:] -= found.daily[:, :, -1]
    return found


def _smoothed(history: Floats, first: Ints, origins: Ints) -> Floats:
    """Levels after the last hour before each origin, (N, J, len(RATES)); a mean at first."""
    count, length = history.shape
    level = np.zeros((len(RATES), count))
    out = np.zeros((len(origins), len(RATES), count))
    place = {int(origin): j for j, origin in enumerate(origins)}
    columns = np.nan_to_num(history).T.copy()
    rates = np.array(RATES)[:, None]
    for hour in range(length):
        ages = hour - first + 1
        rate = np.maximum(rates, 1 / np.maximum(ages, 1)) if hour < 64 or ages.min() < 64 else rates
        level += rate * (columns[hour] - level) * (ages > 0)
        if hour + 1 in place:
            out[place[hour + 1]] = level
    return np.ascontiguousarray(out.transpose(2, 0, 1))


def _folded_weights() -> Floats:
    """How much of each hour of the day is in a smoothed level, (len(RATES), 24).

    Column h is the hour of the day that lies h hours after the origin.
    """
    back = np.arange(40 * HOURS_PER_DAY)
    hour = (-1 - back) % HOURS_PER_DAY
    return np.stack([np.bincount(hour, rate * (1 - rate) ** back, HOURS_PER_DAY) for rate in RATES])


def _mean(sums: Floats, first: Ints, ends: Ints, begins: Ints) -> Floats:
    """Means of [begin, end) per series and origin, of what there is; shape (N, J)."""
    begin = np.maximum(begins[None, :], first[:, None])
    begin = np.minimum(begin, ends[None, :] - 1)
    rows = np.arange(len(sums))[:, None]
    total = sums[:, ends] - sums[rows, begin]
    mean: Floats = total / (ends[None, :] - begin)
    return mean


def _slope(sums: Floats, first: Ints, origins: Ints) -> Floats:
    """Last two days against the two days a week before, per hour; shape (N, J)."""
    before = origins - HOURS_PER_WEEK
    now = _mean(sums, first, origins, origins - SLOPE_HOURS)
    then = _mean(sums, first, np.maximum(before, 1), np.maximum(before - SLOPE_HOURS, 0))
    known = (before - SLOPE_HOURS)[None, :] >= first[:, None]
    return np.where(known, (now - then) / HOURS_PER_WEEK, 0.0)


def _deviations(history: Floats, sums: Floats, first: Ints) -> Floats:
    """Each hour against the mean of the 24 around it; NaN within half a day of the ends."""
    out = np.full(history.shape, np.nan)
    inner = slice(HALF_DAY, history.shape[1] - HALF_DAY)
    if history.shape[1] > HOURS_PER_DAY:
        day = sums[:, HOURS_PER_DAY:] - sums[:, :-HOURS_PER_DAY]
        around = (day[:, :-1] + day[:, 1:]) / (2 * HOURS_PER_DAY)
        out[:, inner] = history[:, inner] - around
        hours = np.arange(history.shape[1])
        out[hours[None, :] < first[:, None] + HALF_DAY] = np.nan
    return out


def _profile(deviations: Floats, end: int, season: int, cycles: int) -> Floats:
    """Mean deviation per hour of the season over the last cycles before an hour, shrunk; (N, season).

    Shrunk by how much of its variance is signal: the means of so few cycles vary by chance.
    """
    cycles = min(cycles, end // season)
    if cycles < 2:
        return np.zeros((len(deviations), season))
    rows = deviations[:, end - cycles * season : end].reshape(-1, cycles, season)
    return _shrunk(rows)


def _weekly(history: Floats, origin: int, daily: Floats) -> Floats:
    cycles = min(SEASON_WEEKS, origin // HOURS_PER_WEEK)
    if cycles < 2:
        return np.zeros((len(history), HOURS_PER_WEEK))
    rows = history[:, origin - cycles * HOURS_PER_WEEK : origin]
    rows = rows.reshape(-1, cycles, HOURS_PER_WEEK)
    rows = rows - rows.mean(axis=2, keepdims=True) - np.tile(daily, 7)[:, None, :]
    return _shrunk(rows)


def _shrunk(rows: Floats) -> Floats:
    """Means over cycles, shape (N, cycles, season) to (N, season), times the share that is signal."""
    known: NDArray[np.bool_] = np.all(np.isfinite(rows), axis=2)
    cycles = known.sum(axis=1)
    rows = np.where(known[:, :, None], rows, 0.0)
    mean = rows.sum(axis=1) / np.maximum(cycles, 1)[:, None]
    scatter = (rows**2).sum(axis=1) / np.maximum(cycles, 1)[:, None] - mean**2
    noise = scatter.mean(axis=1) / np.maximum(cycles - 1, 1)
    signal = (mean**2).mean(axis=1)
    share = np.where(cycles >= 2, 1 - noise / np.maximum(signal, 1e-30), 0.0)
    shrunk: Floats = mean * np.clip(share, 0.0, 1.0)[:, None]
    return shrunk
