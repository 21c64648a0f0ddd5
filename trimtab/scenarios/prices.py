"""Paths of spot prices: mean-reverting round today's price where a history says how, else constant.

The logarithm of the price is an Ornstein-Uhlenbeck process that starts at today's price and reverts
to it; its mean is corrected so that the expected price is today's at every hour. Innovations are
correlated, more inside a region than across. Published histories are monthly (a cloud that posts
spot prices changes them about that often): within a week the paths drift where the real price would
stand still or jump once; their spread at the week's end is what was fitted.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trimtab.forecast.model import Array
from trimtab.scenarios.copula import Factors
from trimtab.spot.prices import PriceHistory

INSIDE_CORRELATION = 0.89
"""Of monthly changes of log spot prices between machine types of one family in one region of GCP,
June 2023 to July 2026, the mean over pairs; between regions 0.39."""
ACROSS_CORRELATION = 0.39
LEAST_PRICES = 12
"""Fewer dated prices than this tell nothing about reversion."""


@dataclass(frozen=True)
class PriceDynamics:
    """How a spot price moves.

    Attributes:
        volatility: standard deviation of the log price in the long run.
        reversion_per_hour: rate at which a deviation decays, above 0.
    """

    volatility: float
    reversion_per_hour: float


def fit_prices(history: PriceHistory) -> PriceDynamics | None:
    """The dynamics behind a history; None where it is too short or the price never moved.

    The first-order autocorrelation at the history's median spacing gives the reversion.
    """
    logs = np.log(history.usd_per_hour)
    deviations = logs - logs.mean()
    variance = float((deviations**2).mean())
    if len(logs) < LEAST_PRICES or variance < 1e-12:
        return None
    carried = float((deviations[1:] * deviations[:-1]).sum() / (deviations**2).sum())
    spacing_hours = 24 * float(np.median(np.diff(history.days)))
    return PriceDynamics(
        math.sqrt(variance), -math.log(np.clip(carried, 0.01, 0.99)) / spacing_hours
    )


def price_paths(
    usd_per_hour: Array,
    dynamics: Sequence[PriceDynamics | None],
    regions: NDArray[np.int64],
    hours: int,
    count: int,
    seed: int,
    *,
    inside: float = INSIDE_CORRELATION,
    across: float = ACROSS_CORRELATION,
) -> Array:
    """Equally likely paths of spot prices; every second one mirrors the one before.

    Args:
        usd_per_hour: today's spot price of each zone, shape (Z,), positive.
        dynamics: of each zone; a zone with None stays at today's price.
        regions: index of each zone's region, shape (Z,).
        hours: how many, H; the first is an hour from now.
        count: how many paths, S.
        seed: equal arguments give equal paths.
        inside: correlation of innovations between zones of one region.
        across: the same between zones of different regions, at most `inside`.

    Returns:
        Shape (S, Z, H), positive.
    """
    moving = [one or PriceDynamics(0.0, 1.0) for one in dynamics]
    volatility = np.array([one.volatility for one in moving])
    carried = np.exp(-np.array([one.reversion_per_hour for one in moving]))
    rng = np.random.default_rng([seed, 2])
    factors = Factors(regions, inside, across)
    logs = np.zeros((hours + 1, -(-count // 2), len(moving)))
    for hour in range(hours):
        shocks = factors.shocks(logs.shape[1], rng)
        logs[hour + 1] = carried * logs[hour] + volatility * np.sqrt(1 - carried**2) * shocks
    at = np.arange(1, hours + 1)[:, None, None]
    variance = volatility**2 * (1 - carried ** (2 * at))
    both = np.stack([logs[1:], -logs[1:]], axis=2).reshape(hours, -1, len(moving))[:, :count]
    prices: Array = usd_per_hour * np.exp(both - variance / 2)
    return np.ascontiguousarray(prices.transpose(1, 2, 0))
