"""The commitment rule at many origins of one history, worked out together.

`policy.consensus` at every origin would count the same days again and again. Here the hours of each day
in which a layer is in use are counted once for each distinct top of the windows, and windows are
differences of running sums. Counts are whole numbers, so the sums are exact.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from trimtab.planning.policy import DEFAULT, STEPS, Parameters, window_days

Array = NDArray[np.float64]
HOURS_PER_DAY = 24


def consensus_at(
    demand: Array,
    ends: Sequence[int],
    paying_share: float,
    term_hours: int,
    parameters: Parameters = DEFAULT,
) -> Array:
    """The level that the windows agree on, at each of several decisions.

    Args:
        demand: what on-demand would serve without a commitment, per hour, shape (T,).
        ends: hours of the decisions, each at least a day and whole days before T.
        paying_share, term_hours, parameters: as `policy.consensus` takes them.

    Returns:
        `policy.consensus(demand[:end], None, …)` for each end, shape (len(ends),).
    """
    first = len(demand) % HOURS_PER_DAY
    by_day = demand[first:].reshape(-1, HOURS_PER_DAY)
    last = (np.asarray(ends) - first) // HOURS_PER_DAY
    # Days seen at each decision bound its windows.
    days = np.array([window_days(term_hours, int(seen), parameters) for seen in last])
    longest = days.max(axis=1)
    tops = np.array([by_day[e - d : e].max() for e, d in zip(last, longest, strict=True)])
    wanted = np.empty(len(last))
    for top in np.unique(tops):
        at = np.flatnonzero(tops == top)
        levels = np.linspace(0.0, float(top), STEPS + 1)
        layers = (levels[1:] + levels[:-1]) / 2
        wanted[at] = _levels(by_day, layers, levels, last[at], days[at], paying_share, parameters)
    return wanted


def _levels(
    by_day: Array,
    layers: Array,
    levels: Array,
    last: NDArray[np.int64],
    days: NDArray[np.int64],
    paying_share: float,
    parameters: Parameters,
) -> Array:
    """The consensus of decisions whose windows share one set of layers, shape (decisions,)."""
    used = HOURS_PER_DAY - _below(by_day, layers)
    zero = np.zeros((1, len(layers)), dtype=np.int64)
    once = np.concatenate([zero, np.cumsum(used, axis=0)])
    twice = np.concatenate([zero, np.cumsum(used * used, axis=0)])
    begin = last[:, None] - days
    count = days[..., None]
    mean = (once[last][:, None] - once[begin]) / count / HOURS_PER_DAY
    square = (twice[last][:, None] - twice[begin]) / count / HOURS_PER_DAY**2
    error = np.sqrt(np.maximum(square - mean**2, 0.0) / count)
    surplus = mean - parameters.demand_errors * error - paying_share
    gain = np.concatenate([np.zeros((*days.shape, 1)), np.cumsum(surplus, axis=-1)], axis=-1)
    median: Array = np.median(levels[gain.argmax(axis=-1)], axis=1)
    return median


def _below(by_day: Array, layers: Array) -> NDArray[np.int64]:
    """Hours of each day in which demand does not reach above a layer, shape (days, layers)."""
    # A value is above the layers up to its place among them: places are counted, then summed up.
    place = np.searchsorted(layers, by_day, side="left")
    bins = len(layers) + 1
    rows = np.arange(len(by_day))[:, None] * bins
    counts = np.bincount((place + rows).ravel(), minlength=len(by_day) * bins)
    below: NDArray[np.int64] = np.cumsum(counts.reshape(len(by_day), bins), axis=1)[:, :-1]
    return below
