"""Joint paths of demand: the forecast's quantiles hour by hour, the past's dependence over hours.

Marginals and dependence come from different places and are joined by ranks, as the Schaake shuffle
does (Clark et al., J. Hydrometeorology 5, 2004): for each series and hour the paths hold the
forecast's quantiles at the levels (i + 1/2) / S, every one once, so that means and quantiles are
reproduced whatever the number of paths; which path gets which is decided by templates.

A template is drawn from past ranks by the stationary block bootstrap (Politis and Romano, JASA 89,
1994): blocks of geometric length, each starting on a random day at the hour of the day that it is
put to, the same blocks for all series, so that what moved together goes on moving together. Blocks
forget after two days, and a forecast that is too low on Monday is mostly too low on Friday: so each
template also leans, over the whole horizon, the way that one past window of its length leant, again
the same window for all series. `docs/scenarios.md` measures both.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from trimtab.forecast.model import HOURS_PER_DAY, LEVELS, Array, Floats
from trimtab.scenarios.ranks import normalised, scores

BLOCK_HOURS: Final = 48.0
"""Mean length of a block. The theory's order T^(1/3) gives 12 h for ten weeks; a day is the least
that keeps the day's shape. Between 24 and 96 h the measured scores hardly differ."""
PERSISTENT_SHARE: Final = 0.6
"""Share of the templates' variance that leans one way over the whole horizon. Chosen on the fifteen
hourly series of the evidence, where 0.3 to 0.8 score nearly alike and 0 much worse."""
TAIL_LEVELS: Final = (2, -3)
"""The inner levels (0.05 and 0.95) from which the outer tails' slope is taken."""


def demand_paths(
    quantiles: Floats,
    ranks: Array,
    count: int,
    seed: int,
    *,
    block_hours: float = BLOCK_HOURS,
    persistent_share: float = PERSISTENT_SHARE,
    flat_tails: bool = False,
) -> Array:
    """Equally likely joint paths of demand.

    Args:
        quantiles: calibrated forecasts, shape (N, len(LEVELS), H), rising along the levels.
        ranks: of the past, shape (N, R), whole days, the last column the hour before the forecast's
            first (`history_ranks`, or `origin_ranks` stacked); NaN where unknown. Series whose
            histories end at different instants would be tied together wrongly.
        count: how many paths, S.
        seed: equal arguments give equal paths.
        block_hours: mean length of a block, at least 1.
        persistent_share: from 0 (blocks only) to 1 (every hour of a path on one level).
        flat_tails: hold the outer quantiles flat below 1 % and above 99 %, as
            `trimtab.forecast.model.interpolate` does, instead of exponential tails with the slope
            between 95 % and 99 %. Matters above 50 paths only.

    Returns:
        Shape (S, N, H). For each series and hour the S values are the same multiset whatever the
        ranks and the seed: the quantiles at the levels (i + 1/2) / S.

    Raises:
        ValueError: shapes that do not fit, no path or no known rank.
    """
    series, levels, hours = quantiles.shape
    if levels != len(LEVELS) or len(ranks) != series or ranks.shape[1] % HOURS_PER_DAY:
        raise ValueError(f"quantiles {quantiles.shape} and ranks {ranks.shape} do not fit")
    if count < 1 or not ranks.shape[1] or block_hours < 1 or not 0 <= persistent_share <= 1:
        raise ValueError("a count, a rank, a block or a share is out of its range")
    rng = np.random.default_rng(seed)
    past = scores(ranks).astype(np.float32)
    template = past[:, _blocks(past.shape[1], count, hours, block_hours, rng).T]
    template *= np.float32(np.sqrt(1 - persistent_share))
    leanings = np.sqrt(persistent_share) * _leanings(past, hours)
    windows = _stratified(past.shape[1], count, rng)
    template += leanings[:, None, windows].astype(np.float32)
    # Equal templates are put in random order: the order of the draws must not decide.
    template += rng.uniform(-1e-4, 1e-4, template.shape).astype(np.float32)
    paths = np.empty(template.shape)
    values = marginals(quantiles, count, flat_tails=flat_tails)
    np.put_along_axis(paths, template.argsort(axis=-1), values, axis=-1)
    return np.ascontiguousarray(paths.transpose(2, 0, 1))


def marginals(quantiles: Floats, count: int, *, flat_tails: bool = False) -> Array:
    """The quantiles at the levels (i + 1/2) / count, rising; shape (N, H, count).

    Linear between LEVELS. Beyond them an exponential tail whose slope is that between the 95 % and
    the 99 % quantile (mirrored below, not under zero), or flat.

    Args:
        quantiles: shape (N, len(LEVELS), H).
        count: how many levels.
        flat_tails: hold the outer quantiles instead.
    """
    levels = (np.arange(count) + 0.5) / count
    position = np.interp(levels, LEVELS, np.arange(len(LEVELS)))
    below = np.minimum(position.astype(np.int64), len(LEVELS) - 2)
    weight = position - below
    by_hour = quantiles.transpose(0, 2, 1)
    values: Array = (1 - weight) * by_hour[..., below] + weight * by_hour[..., below + 1]
    if flat_tails:
        return values
    inner_low, inner_high = TAIL_LEVELS
    for outer, inner, mass in ((0, inner_low, levels), (-1, inner_high, 1 - levels)):
        rim = min(LEVELS[outer], 1 - LEVELS[outer])
        beyond = mass < rim
        slope = (by_hour[..., outer] - by_hour[..., inner]) / np.log(
            min(LEVELS[inner], 1 - LEVELS[inner]) / rim
        )
        values[..., beyond] += slope[..., None] * np.log(rim / mass[beyond])
    return np.maximum(values, np.minimum(by_hour[..., :1], 0.0))


def _blocks(
    length: int, count: int, hours: int, block_hours: float, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Which past hour stands at each hour of each template; shape (count, hours).

    Hour h takes a past hour of the same hour of the day; past the end, blocks go on at the start.
    """
    days = length // HOURS_PER_DAY
    at = np.arange(hours)
    starts = rng.integers(0, days, (count, hours)) * HOURS_PER_DAY + at % HOURS_PER_DAY
    starts[:, 0] = _stratified(days, count, rng) * HOURS_PER_DAY
    begins = rng.random((count, hours)) < 1 / block_hours
    begins[:, 0] = True
    begun = np.maximum.accumulate(np.where(begins, at, 0), axis=1)
    return (np.take_along_axis(starts, begun, axis=1) + at - begun) % length


def _leanings(past: NDArray[np.float32], hours: int) -> Array:
    """Mean score of the window that starts at each past hour, scaled to variance 1; as `past`.

    Windows are as long as the horizon, but no longer than a quarter of the past, so that there are
    several to draw from.
    """
    length = past.shape[1]
    window = max(1, min(hours, length // 4))
    sums = np.pad(np.tile(past.astype(np.float64), 2), ((0, 0), (1, 0))).cumsum(axis=1)
    means = (sums[:, window : window + length] - sums[:, :length]) / window
    return normalised(means - means.mean(axis=1, keepdims=True))


def _stratified(length: int, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Positions in [0, length), spread evenly over it, in random order; shape (count,)."""
    spread = (np.arange(count) + rng.random()) * length / count
    return rng.permutation(spread.astype(np.int64) % length)
