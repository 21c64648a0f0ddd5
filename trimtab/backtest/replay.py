"""What every constant level of commitment would have cost in every hour, beside the commitment itself.

Computed once for a series on a market; a rule that looks at a trailing window is then two look-ups. The
grid of levels is made from the history alone, and row h of any slice `until(h)` depends on nothing from
h on: looking at it is no peeking.
"""

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from trimtab.backtest.dispatch import affordable, greedy_hours, merit_order
from trimtab.backtest.market import Market

Array = NDArray[np.float64]

STEPS = 300
"""Levels up to the history's maximum; a third of a per cent of it is no decision's difference."""
GROWTH = 1.02
"""Ratio of neighbouring levels beyond it, reached only when demand gets there."""


class Basis(Enum):
    """What a trailing rule charges its window for."""

    DEMAND = "demand"
    """On-demand for all that a level does not serve: spot is ignored."""
    RESIDUAL = "residual"
    """The same on what greedy spot leaves when nothing is committed."""
    REPLAYED = "replayed"
    """Greedy spot beside the level itself, interruptions included, then on-demand."""


@dataclass(frozen=True, eq=False)
class Replay:
    """K levels of commitment over T hours; what the commitment itself costs is not in it.

    Attributes:
        levels: units held, rising from 0, shape (K,).
        demand: shape (T,).
        residual: units on-demand beside greedy spot when nothing is committed, shape (T,).
        on_demand_usd_per_hour: list price.
        spot_usd: cost of each hour with greedy spot, interruptions included, shape (K, T).
        spot_usd_before: its sum over the hours before each, shape (K, T + 1).
    """

    levels: Array
    demand: Array
    residual: Array
    on_demand_usd_per_hour: float
    spot_usd: Array
    spot_usd_before: Array

    @classmethod
    def of(cls, demand: Array, available: Array, market: Market, history: int) -> "Replay":
        """Replay T hours; the first `history` of them set the grid of levels.

        Args:
            demand: shape (T,).
            available: spot units per zone, shape (Z, T).
            market: the prices.
            history: hours known before the first decision, at least 1.
        """
        levels = _grid(demand, history)
        price = market.on_demand_usd_per_hour
        need = np.maximum(demand - levels[:, None], 0.0)
        usd = need * price
        residual = demand
        offered = affordable(available, market)
        if offered.any():
            order = merit_order(available, market.spot_usd_per_hour)
            residual = np.empty_like(demand)
            # Every hour of every level and zone at once would be gigabytes for a long series.
            for hour, (runs, gone) in enumerate(greedy_hours(need, offered, order)):
                left = np.maximum(need[:, hour] - runs.sum(axis=1), 0.0)
                residual[hour] = left[0]
                usd[:, hour] = left * price + runs @ market.spot_usd_per_hour
                usd[:, hour] += gone.sum(axis=1) * market.interruption_usd
        return cls(levels, demand, residual, price, usd, _before(usd))

    def until(self, hour: int) -> "Replay":
        """The hours before an hour."""
        return Replay(
            self.levels,
            self.demand[:hour],
            self.residual[:hour],
            self.on_demand_usd_per_hour,
            self.spot_usd[:, :hour],
            self.spot_usd_before[:, : hour + 1],
        )

    def mean_usd(self, window_hours: int, basis: Basis) -> Array:
        """Mean cost per hour of each level over the last hours, at most all; shape (K,)."""
        hours = len(self.demand)
        first = max(0, hours - window_hours)
        if basis is Basis.REPLAYED:
            total = self.spot_usd_before[:, hours] - self.spot_usd_before[:, first]
        else:
            units = self.demand if basis is Basis.DEMAND else self.residual
            lack = np.maximum(units[first:] - self.levels[:, None], 0.0)
            total = lack.sum(axis=1) * self.on_demand_usd_per_hour
        mean: Array = total / (hours - first)
        return mean

    def best_level(self, window_hours: int, usd_per_hour: float, basis: Basis) -> float:
        """The level that would have cost least over the last hours, the lowest of equals.

        Args:
            window_hours: how far back to look.
            usd_per_hour: of a committed unit.
            basis: what the window is charged for.
        """
        cost = self.mean_usd(window_hours, basis) + usd_per_hour * self.levels
        return float(self.levels[np.argmin(cost)])


def _grid(demand: Array, history: int) -> Array:
    """Even steps to the history's maximum, then growing ones to the series' maximum.

    Demand beyond the history adds rows, and changes none; a row above all demand seen so far is
    never the cheapest, since it only adds what idles.
    """
    top = float(demand[:history].max()) or 1.0
    levels = top * np.arange(STEPS + 1) / STEPS
    highest = float(demand.max())
    if highest > top:
        # A million-fold growth is 700 more rows.
        count = int(np.ceil(np.log(highest / top) / np.log(GROWTH)))
        levels = np.concatenate([levels, top * GROWTH ** np.arange(1, count + 1)])
    return levels


def _before(usd: Array) -> Array:
    before = np.zeros((usd.shape[0], usd.shape[1] + 1))
    np.cumsum(usd, axis=1, out=before[:, 1:])
    return before
