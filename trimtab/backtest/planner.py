"""The planner as a policy: what the plan's commitment rule would have bought at each decision."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np

from trimtab.backtest.dispatch import affordable
from trimtab.backtest.model import Array, Dispatch, Past
from trimtab.backtest.replay import Basis
from trimtab.forecast.model import HOURS_PER_WEEK, Forecast, interpolate
from trimtab.optimise.clairvoyant import Product
from trimtab.planning.commitment import TRAILING_DAYS
from trimtab.planning.policy import (
    DEFAULT,
    HISTORY_DAYS_PER_TERM_HOUR,
    HOURS_PER_DAY,
    NOTHING,
    Ledger,
    Parameters,
    choose,
    consensus,
    held_to,
    origins,
)

NAME = "planner"
OWN = "consensus"
AHEAD_LEVELS = (np.arange(50) + 0.5) / 50
SPOT_LEVELS = (np.arange(24) + 0.5) / 24
Forecaster = Callable[[Array, datetime, int], Forecast]


@dataclass(frozen=True)
class Planner:
    """Decides as `trimtab.planning.commitment.decide`: the consensus rule with its fallback.

    Attributes:
        parameters: of the rule.
        forecaster: from a history, the instant that follows it and a horizon in hours; by default the
            plan's.
    """

    name: str = NAME
    dispatch: Dispatch = Dispatch.SPOT
    every_hours: int | None = None
    parameters: Parameters = DEFAULT
    forecaster: Forecaster | None = None
    _levels: dict[bytes, tuple[float, ...]] = field(default_factory=dict, compare=False, repr=False)
    """Rules' levels at past origins, by what was known there: the next decision asks for them again."""
    _ahead: dict[bytes, Array] = field(default_factory=dict, compare=False, repr=False)
    """Forecasts by what was known: the same demand is replayed on several markets."""

    def wants(self, past: Past) -> float:
        product = past.market.product
        if product is None or product.usd_per_hour >= past.market.on_demand_usd_per_hour:
            return 0.0
        if len(past.demand) < product.term_hours * HISTORY_DAYS_PER_TERM_HOUR * HOURS_PER_DAY:
            return 0.0
        spot = affordable(past.spot_available, past.market).sum(axis=0)
        replaced = past.market.on_demand_usd_per_hour
        if spot.any() and product.usd_per_hour < past.market.spot_usd_per_hour.min():
            # It replaces spot too, which costs at least this.
            replaced, spot = float(past.market.spot_usd_per_hour.min()), np.zeros_like(spot)
        share = product.usd_per_hour / replaced
        level = self._chosen(past, product, spot, share)
        offered = np.quantile(spot, SPOT_LEVELS) if spot.any() else np.zeros(1)
        left = np.maximum(self._scenarios(past)[:, None] - offered, 0.0)
        return held_to(level, left, share, self.parameters)

    def _chosen(self, past: Past, product: Product, spot: Array, share: float) -> float:
        """The level of the rule that decides."""
        at = origins(past.hour)
        ends = [*at.tolist(), past.hour]
        seen = [_Seen.of(past, product, spot, share, end) for end in ends]
        wanted = {OWN: [self._consensus(each) for each in seen]}
        if not len(at):
            return wanted[OWN][-1]
        trailing = zip(*(self._trailing(each) for each in seen), strict=True)
        wanted |= {
            f"trailing {days} d": list(each)
            for days, each in zip(TRAILING_DAYS, trailing, strict=True)
        }
        wanted[NOTHING] = [0.0] * len(ends)
        ledger = Ledger(
            past.replay.levels,
            np.diff(past.replay.spot_usd_before[:, ends], axis=1),
            np.diff(ends),
            product.usd_per_hour,
            product.term_hours,
        )
        return choose(OWN, wanted, ledger, self.parameters).level

    def _scenarios(self, past: Past) -> Array:
        """Equally likely demand in the week ahead, a hundred values."""
        key = hashlib.blake2b(past.demand.tobytes(), digest_size=16).digest()
        if key not in self._ahead:
            from trimtab.forecast.forecaster import forecast

            ahead = (self.forecaster or forecast)(past.demand, past.at, HOURS_PER_WEEK)
            spread = interpolate(np.asarray(ahead.quantiles, dtype=np.float64), AHEAD_LEVELS)
            self._ahead[key] = np.quantile(spread, (np.arange(100) + 0.5) / 100)
        return self._ahead[key]

    def _consensus(self, seen: "_Seen") -> float:
        # What does not bear on the consensus stays out, so that variants share it.
        bearing = replace(self.parameters, advantage=0.0, margin=0.0)
        key = seen.digest + repr(bearing).encode()
        if key not in self._levels:
            demand, term = seen.past.demand[: seen.end], seen.product.term_hours
            level = consensus(demand, seen.spot, seen.share, term, self.parameters)
            self._levels[key] = (level,)
        return self._levels[key][0]

    def _trailing(self, seen: "_Seen") -> tuple[float, ...]:
        """The residual Cost-Explorer rules' levels, in the order of TRAILING_DAYS."""
        if seen.digest not in self._levels:
            replay = seen.past.replay.until(seen.end)
            self._levels[seen.digest] = tuple(
                replay.best_level(days * HOURS_PER_DAY, seen.product.usd_per_hour, Basis.RESIDUAL)
                for days in TRAILING_DAYS
            )
        return self._levels[seen.digest]


@dataclass(frozen=True, eq=False)
class _Seen:
    """What a rule knows at an origin, with a digest of it."""

    past: Past
    product: Product
    spot: Array
    share: float
    end: int
    digest: bytes

    @classmethod
    def of(cls, past: Past, product: Product, spot: Array, share: float, end: int) -> "_Seen":
        digest = hashlib.blake2b(past.demand[:end].tobytes(), digest_size=16)
        digest.update(spot[:end].tobytes())
        digest.update(past.spot_available[:, :end].tobytes())
        digest.update(repr((product, share, past.market.on_demand_usd_per_hour)).encode())
        return cls(past, product, spot[:end], share, end, digest.digest())


def planner(parameters: Parameters = DEFAULT) -> Planner:
    """The planner, by default with the parameters that the plan uses."""
    return Planner(parameters=parameters)
