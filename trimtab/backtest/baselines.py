"""The rules that every backtest prints beside the planner. Each sees only the past.

`rolling` decides at every decision hour and buys what it lacks; `once` decides at the first, from the
history alone, and renews what lapses. Cost Explorer's recommendation is the level that would have cost
least over a trailing window: of all usage (spot ignored), of what greedy spot leaves (the residual
rule), or with greedy spot replayed beside every level.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trimtab.backtest.dispatch import affordable
from trimtab.backtest.model import Dispatch, Past, Policy
from trimtab.backtest.replay import Basis

Array = NDArray[np.float64]

HOURS_PER_DAY = 24
COST_EXPLORER_DAYS = (7, 30, 60)
"""What AWS Cost Explorer offers to look back on."""
RESIDUAL_DAYS = (3, 7, 14, 30, 60)
REPLAYED_DAYS = (7, 14, 30)
MEAN_DAYS = 30

ON_DEMAND = "all on-demand"
ON_DEMAND_SPOT = "on-demand + spot"
REACTIVE = "reactive autoscaler"
HEDGED = "SpotHedge"
SKI_RENTAL = "ski-rental"
BEST_CONSTANT = "best constant in hindsight"
OPTIMUM = "clairvoyant optimum"


@dataclass(frozen=True)
class Nothing:
    """Commits nothing; the dispatch is all there is to it."""

    name: str
    dispatch: Dispatch
    every_hours: int | None = None

    def wants(self, past: Past) -> float:  # noqa: ARG002 - the protocol's
        return 0.0


@dataclass(frozen=True)
class Constant:
    """Holds one level throughout; decided every hour, so that a lapse is renewed at once."""

    name: str
    level: float
    dispatch: Dispatch = Dispatch.SPOT
    every_hours: int | None = 1

    def wants(self, past: Past) -> float:  # noqa: ARG002 - the protocol's
        return self.level


@dataclass(frozen=True)
class CostExplorer:
    """The level that would have cost least over a trailing window.

    Attributes:
        days: the window, cut to what history there is.
        rolling: decided again and again, or once.
        basis: what the window is charged for.
        dispatch: whether spot is used once decided.
    """

    days: int
    rolling: bool
    basis: Basis
    dispatch: Dispatch = Dispatch.SPOT
    every_hours: int | None = None

    @property
    def name(self) -> str:
        """`residual CE 7 d, rolling`, `CE 30 d, once` or `CE 30 d + spot, once`."""
        kind = "CE" if self.basis is Basis.DEMAND else f"{self.basis.value} CE"
        spots = self.dispatch is Dispatch.SPOT and self.basis is Basis.DEMAND
        mode = "rolling" if self.rolling else "once"
        return f"{kind} {self.days} d{' + spot' if spots else ''}, {mode}"

    def wants(self, past: Past) -> float:
        product = past.market.product
        if product is None:
            return 0.0
        seen = past.replay if self.rolling else past.replay.until(past.since)
        return seen.best_level(self.days * HOURS_PER_DAY, product.usd_per_hour, self.basis)


@dataclass(frozen=True)
class MeanForecast:
    """Commits the mean of the last month's demand, the usual point forecast of a whole term."""

    days: int = MEAN_DAYS
    dispatch: Dispatch = Dispatch.SPOT
    every_hours: int | None = None

    @property
    def name(self) -> str:
        """With its window."""
        return f"mean forecast, {self.days} d"

    def wants(self, past: Past) -> float:
        return float(past.demand[-self.days * HOURS_PER_DAY :].mean())


@dataclass(frozen=True)
class SkiRental:
    """Deterministic online reservation, decided every hour (Wang, Li, Liang 2013, arXiv 1305.5608).

    A unit is reserved as soon as what it would have cost unreserved over the last term reaches what
    the term costs; hours before its own reservation count as reserved, too, so that no usage is
    counted for two units. It starts knowing nothing: history before the replay is not looked at. A
    commitment that is paid by the hour, used or not, has no discounted use: without spot the
    rule costs at most twice the optimum. With spot, a unit-hour that spot could have served counts
    at spot's price.
    """

    name: str = SKI_RENTAL
    dispatch: Dispatch = Dispatch.SPOT
    every_hours: int | None = 1

    def wants(self, past: Past) -> float:
        product, market = past.market.product, past.market
        held = float(past.held[0])
        if product is None:
            return 0.0
        first = max(past.since, past.hour - product.term_hours)
        need = past.demand[first:] - self._reserved(past, first, product.term_hours)
        if not len(need) or need.max() <= 0:
            return held
        offered = affordable(past.spot_available[:, first:], market)
        # Of a unit-hour that spot may serve, the dearest zone on offer is what it may cost.
        dear = np.where(offered > 0, market.spot_usd_per_hour[:, None], 0.0).max(axis=0, initial=0)
        residual = need - offered.sum(axis=0)
        more = _last_worth(
            np.concatenate([need, residual]),
            np.concatenate([dear, market.on_demand_usd_per_hour - dear]),
            product.usd_per_hour * product.term_hours,
        )
        return held + more

    @staticmethod
    def _reserved(past: Past, first: int, term: int) -> Array:
        """Units reserved in each hour from `first` on, each also in the term before its purchase."""
        steps = np.zeros(past.hour - first + 1)
        for purchase in reversed(past.bought):
            if purchase.hour + term <= first:
                break
            # Hours h with |h - purchase| < term; the steps' running sum is what is reserved.
            steps[max(purchase.hour - term + 1, first) - first] += purchase.quantity
            steps[min(purchase.hour + term, past.hour) - first] -= purchase.quantity
        reserved: Array = np.maximum(np.cumsum(steps)[:-1], 0.0)
        return reserved


def _last_worth(heights: Array, usd: Array, price: float) -> float:
    """The largest u > 0 with Σ usd over heights ≥ u at least the price; 0 when there is none."""
    order = np.argsort(-heights, kind="stable")
    paid = np.cumsum(usd[order])
    # A relative allowance: n hours at p must reach n·p in spite of rounding.
    reached = np.flatnonzero(paid >= price * (1 - 1e-12))
    return max(float(heights[order[reached[0]]]), 0.0) if len(reached) else 0.0


def baselines(*, spot: bool) -> tuple[Policy, ...]:
    """Every rule but the best constant and the optimum, which know the future.

    Args:
        spot: whether the market has any; without, rules that differ only in its use are one.
    """
    plain = Dispatch.ON_DEMAND
    rules: list[Policy] = [Nothing(ON_DEMAND, plain), Nothing(REACTIVE, Dispatch.REACTIVE)]
    if spot:
        rules += [Nothing(ON_DEMAND_SPOT, Dispatch.SPOT), Nothing(HEDGED, Dispatch.HEDGED)]
    rules += [MeanForecast(), SkiRental()]
    modes = (False, True)
    families = (
        (Basis.DEMAND, plain, COST_EXPLORER_DAYS),
        (Basis.DEMAND, Dispatch.SPOT, COST_EXPLORER_DAYS),
        (Basis.REPLAYED, Dispatch.SPOT, REPLAYED_DAYS),
        (Basis.RESIDUAL, Dispatch.SPOT, RESIDUAL_DAYS),
    )
    rules += [
        CostExplorer(days, rolling, basis, dispatch)
        for basis, dispatch, windows in (families if spot else families[-1:])
        for rolling in modes
        for days in windows
    ]
    return tuple(rules)
