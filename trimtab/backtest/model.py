"""What a backtest is made of: the setting, what a decision may see of it, the policy, the outcome.

A setting is one demand series on one market. Its first `test_from` hours are history; the rest is
replayed. A policy decides at stated hours, from a `Past` that holds nothing later, how much commitment
it wants to hold; what it lacks is bought for a whole term and can't be given back. Spot and on-demand
serve what the commitment does not. Quantities are units of demand and may be fractional. One hour is
one step everywhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from trimtab.backtest.dispatch import Dispatch
from trimtab.backtest.market import Market
from trimtab.backtest.replay import Replay
from trimtab.optimise.clairvoyant import Product

Array = NDArray[np.float64]

__all__ = [
    "Array", "Backtest", "Calibration", "Dispatch", "Fan", "Market", "Outcome", "Past", "Policy",
    "Product", "Purchase", "Setting",
]  # fmt: skip


@dataclass(frozen=True, eq=False)
class Setting:
    """One series on one market, T hours.

    Attributes:
        name: of the series.
        unit: what it counts.
        start: the beginning of its first hour.
        demand: shape (T,), units.
        test_from: the first hour that is replayed; what lies before is history.
        market: the prices.
        spot_available: units that each zone offers, shape (Z, T).
        decide_every_hours: a policy decides at `test_from` and every so many hours from there.
        full_term: charge every purchase to the end of its term, beyond the series too (the policies
            and the optimum alike); by default only the hours inside the series are charged.
        gco2e_per_unit_hour: emissions of a running unit, shape (T,), or None where not known.
    """

    name: str
    unit: str
    start: datetime
    demand: Array
    test_from: int
    market: Market
    spot_available: Array
    decide_every_hours: int = 24
    full_term: bool = False
    gco2e_per_unit_hour: Array | None = None

    def __post_init__(self) -> None:
        hours, zones = len(self.demand), len(self.market.zones)
        if self.spot_available.shape != (zones, hours):
            raise ValueError(f"spot_available {self.spot_available.shape}, not {(zones, hours)}")
        if self.market.spot_usd_per_hour.shape != (zones,):
            raise ValueError(f"{self.market.spot_usd_per_hour.shape} spot prices for {zones} zones")
        if not 0 < self.test_from < hours:
            raise ValueError(f"a test from hour {self.test_from} of {hours}")

    @property
    def hours(self) -> int:
        """How many hours are replayed."""
        return len(self.demand) - self.test_from

    def at(self, hour: int) -> datetime:
        """The beginning of an hour of the series."""
        return self.start + timedelta(hours=hour)

    @cached_property
    def replay(self) -> Replay:
        """What every constant level costs in every hour; a decision gets a `Past.replay` of it."""
        return Replay.of(self.demand, self.spot_available, self.market, self.test_from)

    def past(
        self, hour: int, held: Array | None = None, bought: "tuple[Purchase, ...]" = ()
    ) -> "Past":
        """What a decision at an hour may see."""
        if held is None:
            held = np.zeros(self.market.longest_term_hours)
        return Past(
            hour=hour,
            since=self.test_from,
            at=self.at(hour),
            demand=_locked(self.demand[:hour]),
            spot_available=_locked(self.spot_available[:, :hour]),
            market=self.market,
            decide_every_hours=self.decide_every_hours,
            held=_locked(held),
            bought=bought,
            replay=self.replay.until(hour),
        )

    def shifted(self, factor: float, from_hour: int) -> "Setting":
        """The same with demand times a factor from an hour on: an artificial level shift."""
        demand = self.demand.copy()
        demand[from_hour:] *= factor
        return replace(self, demand=demand)


def _locked(values: Array) -> Array:
    """The same numbers, not to be written to: what a policy does must not reach the next one."""
    view = values.view()
    view.setflags(write=False)
    return view


@dataclass(frozen=True)
class Purchase:
    """So many units of a product, committed from an hour of the series on for the product's term."""

    hour: int
    quantity: float
    product: Product


@dataclass(frozen=True, eq=False)
class Past:
    """All that a decision at an hour may see; t hours have passed.

    Attributes:
        hour: t, the hour that begins now; its demand is not known yet.
        since: the hour at which the policy's replay began; before it nothing was held.
        at: the instant of the decision.
        demand: shape (t,).
        spot_available: shape (Z, t).
        market: the prices that hold.
        decide_every_hours: when the next decision comes.
        held: units already committed in hour t, t+1, …, shape (longest term,).
        bought: the policy's own purchases so far.
        replay: what each constant level of commitment would have cost in the hours seen.
    """

    hour: int
    since: int
    at: datetime
    demand: Array
    spot_available: Array
    market: Market
    decide_every_hours: int
    held: Array
    bought: tuple[Purchase, ...]
    replay: Replay


class Policy(Protocol):
    """How much to commit, decided again and again; pure: equal pasts, equal answers."""

    @property
    def name(self) -> str:
        """What tables call it."""
        ...

    @property
    def dispatch(self) -> Dispatch:
        """What serves the rest."""
        ...

    @property
    def every_hours(self) -> int | None:
        """Hours between its decisions; None: the setting's."""
        ...

    def wants(self, past: Past) -> float | Sequence[tuple[Product, float]]:
        """The units it wants committed from now on, or what it buys of each product.

        A level below what is held buys nothing; one above buys the difference.
        """
        ...


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a policy would have cost; H replayed hours.

    Attributes:
        policy: its name.
        usd: all that is charged: the hours' cost and `usd_after`.
        usd_per_hour: cost in each hour: commitment, on-demand, spot, interruptions; shape (H,).
        usd_after: charged for the terms' hours beyond the series; 0 unless the full term is charged.
        committed, on_demand, spot: units paid for in each hour, shape (H,).
        shortage: unit-hours of demand that launching units did not serve, shape (H,).
        interruptions: spot units taken away by force.
        kgco2e: emissions of what ran, or None where not known; idle commitments emit nothing.
        purchases: in order of time.
        regret: cost over the optimum's, minus one; NaN where only the optimum is free.
    """

    policy: str
    usd: float
    usd_per_hour: Array
    usd_after: float
    committed: Array
    on_demand: Array
    spot: Array
    shortage: Array
    interruptions: float
    kgco2e: float | None
    purchases: tuple[Purchase, ...]
    regret: float

    @property
    def shortage_unit_hours(self) -> float:
        """Demand not served, in all."""
        return float(self.shortage.sum())


@dataclass(frozen=True, eq=False)
class Fan:
    """A forecast made on the way: quantiles of the hours from `hour` on, shape (levels, hours)."""

    hour: int
    quantiles: Array


@dataclass(frozen=True)
class Calibration:
    """How often demand came below each quantile of the fans; perfect when both are equal.

    Attributes:
        levels: nominal, rising.
        observed: share of the forecast hours whose demand was at or below the quantile.
        hours: how many forecast hours were compared.
    """

    levels: tuple[float, ...]
    observed: tuple[float, ...]
    hours: int


@dataclass(frozen=True, eq=False)
class Backtest:
    """A setting, what each policy made of it, and what it could have cost at best.

    Attributes:
        setting: what was replayed.
        outcomes: the planner first, then the baselines in their fixed order.
        optimum: the clairvoyant optimum as an outcome, regret 0.
        fans: forecasts made on the way, rising in `hour`; may be empty.
        calibration: of the fans; None without any.
    """

    setting: Setting
    outcomes: tuple[Outcome, ...]
    optimum: Outcome
    fans: tuple[Fan, ...]
    calibration: Calibration | None

    @property
    def planner(self) -> Outcome:
        """The planner's outcome."""
        return self.outcomes[0]
