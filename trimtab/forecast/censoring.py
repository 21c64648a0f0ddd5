"""Demand that a limit may have cut off: which hours, and what was probably wanted in them.

A censored regression (Tobit) on a logarithmic scale, by expectation and maximisation. The mean of an
hour is the weighted mean of the same hour on the days around it, with what is imputed there; the
deviation is taken from observed values alone. A capped hour gets what is expected beyond its limit.

Every step rises with the values that go in, so imputation is monotone: another capped hour never
lowers anything. It is held: at most `REACH` deviations or twice above what was seen or is usual at
that hour, whichever is less. Where every day is cut at one level, nothing varies, the deviation is
near zero and hardly anything is added: what lies beyond is then unknown, and `capped_share` says so.

Measured on 900 synthetic series of 8 weeks (daily and weekly seasons, lognormal noise of 20 %
autocorrelated from hour to hour by 0.98), each cut at a quantile of its own:

| hours capped | mean demand, capped as it stands | imputed |
|---|---|---|
| 6 % | 0.8 % too low | 0.2 % too high |
| 21 % | 4.2 % too low | 0.3 % too high |
| 51 % | 14.3 % too low | 1.4 % too low |
| 81 % | 29.4 % too low | 18.9 % too low |
"""

import functools
import math

import numpy as np
from numpy.typing import NDArray

from trimtab.forecast.model import HOURS_PER_DAY, Array

TOLERANCE = 0.01
"""Telemetry and limits are rounded; within 1 % demand is at its limit."""

CHUNK = 1024
"""Series at a time, so that memory stays bounded."""
ROUNDS = 20
OFFSET = 0.01
"""Added before the logarithm, as a share of the mean, so that an hour without demand has one."""
REACH = 2.0
"""How many deviations beyond the usual, or beyond what was seen, an hour is raised at most."""
MOST = math.log(2.0)
"""And at most to twice that."""
LARGEST_DEVIATION = 0.5
DAYS_AROUND = 14
FADING_DAYS = 7.0
SAME_WEEKDAY = 3.0
"""Weight of a day that is a whole number of weeks away, over that of its neighbours."""


def capped_hours(demand: Array, limit: Array, tolerance: float = TOLERANCE) -> NDArray[np.bool_]:
    """Which hours' demand stood at its limit, so that more may have been wanted.

    Demand clearly above its limit is not capped: the series counts what waits, too, and saw it all.

    Args:
        demand: per hour, shape (N, T) or (T,), NaN where there is none.
        limit: shape as demand, or one that broadcasts to it ((N, 1): one a series); NaN where it
            is not known or there was none.
        tolerance: how far from its limit demand still counts as at it, a share of the limit.

    Returns:
        Shape of demand; False wherever demand or limit is NaN.
    """
    # A comparison with NaN is False.
    return np.abs(demand - limit) <= tolerance * limit


def capped_share(demand: Array, capped: NDArray[np.bool_]) -> Array:
    """Share of each series' hours that are capped, shape (N,) or (); 0 where it has no hours."""
    hours = (~np.isnan(demand)).sum(axis=-1)
    share: Array = capped.sum(axis=-1) / np.maximum(hours, 1)
    return share


def imputed(demand: Array, capped: NDArray[np.bool_]) -> Array:
    """Demand with its capped hours at what was probably wanted, elsewhere unchanged.

    Args:
        demand: per hour, shape (N, T) or (T,), NaN before a series begins.
        capped: of the same shape.

    Returns:
        A new array of the same shape, nowhere below `demand`.
    """
    if demand.ndim == 1:
        single: Array = imputed(demand[None], capped[None])[0]
        return single
    result = demand.copy()
    rows = np.flatnonzero((capped & ~np.isnan(demand)).any(axis=1))
    for begin in range(0, len(rows), CHUNK):
        part = rows[begin : begin + CHUNK]
        result[part] = _imputed(demand[part], capped[part])
    return result


def _imputed(demand: Array, capped: NDArray[np.bool_]) -> Array:
    n, hours = demand.shape
    days = -(-hours // HOURS_PER_DAY)
    lead = days * HOURS_PER_DAY - hours
    seen = ~np.isnan(demand)
    offset = OFFSET * np.where(seen, demand, 0.0).sum(axis=1) / np.maximum(seen.sum(axis=1), 1)
    offset = np.where(offset > 0, offset, 1.0)[:, None]
    filled = np.where(seen, np.log(np.where(seen, demand, 0.0) + offset), 0.0)
    y, known = _by_hour(filled, lead), _by_hour(seen.astype(np.float64), lead)
    cut = _by_hour((capped & seen).astype(np.float64), lead) > 0
    weights = _weights(days)
    around = np.maximum(known @ weights, 1e-12)

    def usual(values: Array) -> Array:
        """The weighted mean of the same hour on other days; the hour itself where there are none."""
        mean: Array = np.where(around > 1e-9, (values * known) @ weights / around, y)
        return mean

    normal = usual(y)
    deviation = _deviation(np.where(known > 0, y - normal, np.nan))
    at = np.nonzero(cut)
    floor, sigma = y[at], np.broadcast_to(deviation[:, None, None], y.shape)[at]
    reach = np.minimum(REACH * sigma, MOST)
    ceiling = np.maximum(floor, normal[at]) + reach
    now = y.copy()
    beyond = np.zeros_like(floor)
    for _ in range(ROUNDS):
        mean = usual(now)[at]
        below = (floor - mean) / sigma
        hazard = _hazard(below)
        now[at] = np.clip(mean + sigma * hazard, floor, ceiling)
        beyond = sigma**2 * np.clip(1 + below * hazard - hazard**2, 0.0, 1.0)
    # The mean of a lognormal lies above its median by half the variance.
    now[at] = np.minimum(now[at] + beyond / 2, ceiling)
    flat = now.transpose(0, 2, 1).reshape(n, -1)[:, lead:]
    raised = np.where(capped & seen, np.exp(flat) - offset, demand)
    return np.where(seen, np.maximum(raised, demand), demand)


def _by_hour(values: Array, lead: int) -> Array:
    """Shape (n, T) to (n, 24, days), the first day filled up with zeros."""
    whole = np.concatenate([np.zeros((len(values), lead)), values], axis=1)
    return np.ascontiguousarray(whole.reshape(len(values), -1, HOURS_PER_DAY).transpose(0, 2, 1))


@functools.cache
def _weights(days: int) -> Array:
    """How much a day (row) says of another (column); nothing of itself."""
    apart = np.abs(np.subtract.outer(np.arange(days), np.arange(days)))
    weights = np.exp(-apart / FADING_DAYS) * np.where(apart % 7 == 0, SAME_WEEKDAY, 1.0)
    weights[(apart == 0) | (apart > DAYS_AROUND)] = 0.0
    weights.setflags(write=False)
    found: Array = weights
    return found


def _deviation(residual: Array) -> Array:
    """Deviation of an hour about its usual, from what lies below it, shape (n,).

    A limit cuts above, so below is what is seen whole. Hours of the day that are always cut hardly
    vary: the upper quartile over hours of the day is that of hours which do.
    """
    residual[np.isnan(residual).all(axis=2)] = 0.0
    # An outage is no noise: what is far below is held.
    bound = -3 * 1.4826 * np.nanmedian(np.abs(residual), axis=2, keepdims=True)
    below = np.clip(residual, bound, 0.0)
    by_hour = np.sqrt(2 * np.nanmean(below**2, axis=2))
    deviation: Array = np.quantile(by_hour, 0.75, axis=1)
    return np.clip(deviation, 1e-6, LARGEST_DEVIATION)


HAZARD_RANGE = 8.0


@functools.cache
def _hazards() -> tuple[Array, Array]:
    at = np.linspace(-HAZARD_RANGE, HAZARD_RANGE, 3201)
    tails = np.array([math.erfc(x / math.sqrt(2)) / 2 for x in at])
    return at, np.exp(-(at**2) / 2) / math.sqrt(2 * math.pi) / tails


def _hazard(at: Array) -> Array:
    """Density over tail of the standard normal, from a table; beyond it, its bound."""
    hazard: Array = np.where(at > HAZARD_RANGE, at, np.interp(at, *_hazards()))
    return hazard
