"""How past hours ranked within what was expected of them: the raw material of dependence.

A rank is a number in (0, 1): 0.9 says that the hour came out at the 90th percentile of what its
season or its forecast led to expect. Ranks carry how errors hang together over hours and series and
nothing of their size; the size comes from the forecast. Unknown ranks are NaN.
"""

from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from trimtab.forecast.model import HOURS_PER_DAY, LEVELS, Array, Floats

TRAILING_DAYS = 7
LEAST_TRAILING_DAYS = 3
SCORE_STEPS = 10_000


def history_ranks(history: Array) -> Array:
    """Ranks of each series' hours, once its daily season and its slow level are taken out.

    What is ranked is the hour less the mean of the same hour on the seven days before: the error of
    the plainest forecast. A series with less than two weeks is taken against the mean of the same
    hour over all its days.

    Args:
        history: hourly demand, shape (N, T), all series on one clock, the last column the hour
            before the forecast's first; NaN where a series has no value.

    Returns:
        Shape (N, R), R whole days (at most T // 24, a week less where every series has two).

    Raises:
        ValueError: there is less than a day.
    """
    series, length = history.shape
    days = length // HOURS_PER_DAY
    if not days:
        raise ValueError(f"ranks need a day of history, not {length} h")
    by_day = history[:, length - days * HOURS_PER_DAY :].reshape(series, days, HOURS_PER_DAY)
    residuals = _less_trailing_mean(by_day)
    short = (~np.isnan(residuals)).sum(axis=(1, 2)) < TRAILING_DAYS * HOURS_PER_DAY
    if short.any():
        residuals[short] = by_day[short] - _mean(by_day[short])[:, None]
    else:
        residuals = residuals[:, TRAILING_DAYS:]
    # What rounding told apart is equal: a flat series must not look like one that moves.
    grains = 1e-9 * np.maximum(np.nanmax(np.abs(by_day), axis=(1, 2), initial=0.0), 1e-300)
    residuals = np.round(residuals / grains[:, None, None])
    return np.stack([_ranked(row) for row in residuals.reshape(series, -1)])


def pit(quantiles: Floats, truth: Array) -> Array:
    """Where the truth fell within a forecast: the probability integral transform, as ranks.

    Linear between LEVELS. Truth beyond the outer quantiles takes the middle of the tail's mass, and
    truth on a value that several levels share takes the middle of their mass.

    Args:
        quantiles: shape (..., len(LEVELS), H), rising along the levels.
        truth: shape (..., H), NaN where it is not known.

    Returns:
        Shape (..., H), in (0, 1); NaN where the truth is.
    """
    value = truth[..., None, :]
    low = _cdf(quantiles, truth, (quantiles < value).sum(axis=-2))
    high = _cdf(quantiles, truth, (quantiles <= value).sum(axis=-2))
    first, last = truth < quantiles[..., 0, :], truth > quantiles[..., -1, :]
    low = np.where(truth <= quantiles[..., 0, :], 0.0, low)
    high = np.where(truth >= quantiles[..., -1, :], 1.0, high)
    ranks: Array = (np.where(last, LEVELS[-1], low) + np.where(first, LEVELS[0], high)) / 2
    return np.where(np.isnan(truth), np.nan, ranks)


def origin_ranks(quantiles: Floats, origins: NDArray[np.int64], history: Array) -> Array:
    """Ranks of a history's hours under the latest past forecast that spoke of each.

    Args:
        quantiles: forecasts made at the origins, shape (K, len(LEVELS), H).
        origins: index into the history of each one's first hour, shape (K,), rising.
        history: shape (T,).

    Returns:
        Shape (T,), NaN where no forecast spoke.
    """
    ranks = np.full(len(history), np.nan)
    for origin, ahead in zip(origins, quantiles, strict=True):
        came = history[origin : origin + ahead.shape[1]]
        ranks[origin : origin + len(came)] = pit(ahead[:, : len(came)], came)
    return ranks


def scores(ranks: Array) -> Array:
    """Normal scores of ranks, each row scaled to variance 1 (to 0 where it does not vary).

    Days on which a series has an unknown rank take those of its own known days in turn: its own
    rhythm is kept, its tie to the others is lost there.

    Args:
        ranks: shape (N, R), R whole days.

    Raises:
        ValueError: a series has no day without an unknown rank.
    """
    filled = np.stack([_filled(row) for row in ranks])
    grid, table = _score_table()
    normal = np.interp(filled, grid, table)
    normal -= normal.mean(axis=1, keepdims=True)
    return normalised(normal)


def normalised(rows: Array) -> Array:
    """Rows over their standard deviation; rows that do not vary stay as they are."""
    spread = rows.std(axis=1, keepdims=True)
    scaled: Array = rows / np.where(spread > 1e-12, spread, 1.0)
    return scaled


def _less_trailing_mean(by_day: Array) -> Array:
    """Each hour less the mean of the same hour on the days before; shape (N, days, 24)."""
    known = ~np.isnan(by_day)
    padded = ((0, 0), (TRAILING_DAYS + 1, 0), (0, 0))
    sums = np.pad(np.where(known, by_day, 0.0), padded).cumsum(axis=1)
    counts = np.pad(known, padded).cumsum(axis=1)
    before = slice(TRAILING_DAYS, -1)
    total = sums[:, before] - sums[:, : -TRAILING_DAYS - 1]
    count = counts[:, before] - counts[:, : -TRAILING_DAYS - 1]
    enough = count >= LEAST_TRAILING_DAYS
    less: Array = by_day - np.where(enough, total / np.maximum(count, 1), np.nan)
    less[:, :TRAILING_DAYS] = np.nan  # a mean of fewer days than the others' would be noisier
    return less


def _mean(by_day: Array) -> Array:
    """Mean per series and hour of the day over the known days, 0 where none is; shape (N, 24)."""
    known = ~np.isnan(by_day)
    mean: Array = np.where(known, by_day, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    return mean


def _ranked(row: Array) -> Array:
    """Ranks among the known values, equal values sharing their mean rank; shape (R,)."""
    ranks = np.full(len(row), np.nan)
    known = ~np.isnan(row)
    if known.any():
        _, which, counts = np.unique(row[known], return_inverse=True, return_counts=True)
        ranks[known] = ((counts.cumsum() - counts / 2) / counts.sum())[which]
    return ranks


def _cdf(quantiles: Floats, truth: Array, above: NDArray[np.int64]) -> Array:
    """Level at which the truth stands between the quantiles `above - 1` and `above`."""
    lower = np.clip(above - 1, 0, len(LEVELS) - 2)
    ends = [
        np.take_along_axis(quantiles, (lower + step)[..., None, :], axis=-2)[..., 0, :]
        for step in (0, 1)
    ]
    width = ends[1] - ends[0]
    share = np.clip((truth - ends[0]) / np.where(width > 0, width, 1.0), 0.0, 1.0)
    levels = np.array(LEVELS)
    level: Array = levels[lower] + share * (levels[lower + 1] - levels[lower])
    return level


def _filled(row: Array) -> Array:
    by_day = row.reshape(-1, HOURS_PER_DAY)
    unknown = np.isnan(by_day).any(axis=1)
    if not unknown.any():
        return row
    if unknown.all():
        raise ValueError("a series has no whole day of known ranks")
    filled = by_day.copy()
    # The latest unknown day takes the latest known one, and so on backwards.
    filled[unknown] = np.resize(by_day[~unknown][::-1], filled[unknown].shape)[::-1]
    return filled.reshape(-1)


@lru_cache(maxsize=1)
def _score_table() -> tuple[Array, Array]:
    grid = (np.arange(SCORE_STEPS) + 0.5) / SCORE_STEPS
    return grid, np.array([NormalDist().inv_cdf(level) for level in grid])
