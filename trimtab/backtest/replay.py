"""What every constant level of commitment would have cost in every hour, beside the commitment itself.

Computed once for a series on a market; a rule that looks at a trailing window is then two look-ups. The
grid of levels is made from the history alone, and row h of any slice `until(h)` depends on nothing from
h on: looking at it is no peeking.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from trimtab.backtest.dispatch import affordable, greedy, merit_order
from trimtab.backtest.market import Market

Array = NDArray[np.float64]

STEPS = 300
"""Levels up to the history's maximum; a third of a per cent of it is no decision's difference."""
GROWTH = 1.02
"""Ratio of neighbouring levels beyond it, reached only when demand gets there."""


@dataclass(frozen=True, eq=False)
class Replay:
    """K levels of commitment over T hours; what the commitment itself costs is not in it.

    Attributes:
        levels: units held, rising from 0, shape (K,).
        demand: shape (T,).
        on_demand_usd_per_hour: list price.
        spot_usd: cost of each hour with greedy spot, interruptions included, shape (K, T).
        spot_usd_before: its sum over the hours before each, shape (K, T + 1).
    """

    levels: Array
    demand: Array
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
        usd = np.empty((len(levels), len(demand)))
        need = np.maximum(demand - levels[:, None], 0.0)
        offered = affordable(available, market)
        if offered.any():
            order = merit_order(available, market.spot_usd_per_hour)
            spot, lost = greedy(need, offered, order)
            usd[:] = (need - spot.sum(axis=1)) * price + lost.sum(axis=1) * market.interruption_usd
            usd += np.einsum("kzt,z->kt", spot, market.spot_usd_per_hour)
        else:
            usd[:] = need * price
        return cls(levels, demand, price, usd, _before(usd))

    def until(self, hour: int) -> "Replay":
        """The hours before an hour."""
        return Replay(
            self.levels,
            self.demand[:hour],
            self.on_demand_usd_per_hour,
            self.spot_usd[:, :hour],
            self.spot_usd_before[:, : hour + 1],
        )

    @cached_property
    def on_demand_usd(self) -> Array:
        """Cost of each hour when spot is left alone, shape (K, T)."""
        lack: Array = np.maximum(self.demand - self.levels[:, None], 0.0)
        return lack * self.on_demand_usd_per_hour

    def mean_usd(self, window_hours: int, *, spot: bool) -> Array:
        """Mean cost per hour of each level over the last hours, at most all; shape (K,)."""
        hours = len(self.demand)
        first = max(0, hours - window_hours)
        if spot:
            total = self.spot_usd_before[:, hours] - self.spot_usd_before[:, first]
        else:
            lack = np.maximum(self.demand[first:] - self.levels[:, None], 0.0)
            total = lack.sum(axis=1) * self.on_demand_usd_per_hour
        mean: Array = total / (hours - first)
        return mean

    def best_level(self, window_hours: int, usd_per_hour: float, *, spot: bool) -> float:
        """The level that would have cost least over the last hours, the lowest of equals.

        Args:
            window_hours: how far back to look.
            usd_per_hour: of a committed unit.
            spot: whether greedy spot serves the rest, or on-demand alone.
        """
        cost = self.mean_usd(window_hours, spot=spot) + usd_per_hour * self.levels
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
