"""The planner as a policy: what the plan's commitment rule would have bought at each decision."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from trimtab.backtest.dispatch import affordable
from trimtab.backtest.model import Array, Dispatch, Past, Policy
from trimtab.backtest.replay import Basis
from trimtab.optimise.clairvoyant import Product
from trimtab.planning.commitment import TRAILING_DAYS
from trimtab.planning.policy import (
    DEFAULT,
    HISTORY_DAYS_PER_TERM_HOUR,
    HOURS_PER_DAY,
    Ledger,
    Parameters,
    choose,
    consensus,
    origins,
)

NAME = "planner"
OWN = "consensus"


@dataclass(frozen=True)
class Planner:
    """Decides as `trimtab.planning.commitment.decide`: the consensus rule with its fallback.

    Attributes:
        parameters: of the rule.
    """

    name: str = NAME
    dispatch: Dispatch = Dispatch.SPOT
    every_hours: int | None = None
    parameters: Parameters = DEFAULT
    _memo: dict[bytes, float] = field(default_factory=dict, compare=False, repr=False)
    """Levels at past origins, by what was known there: the next decision asks for them again."""

    def wants(self, past: Past) -> float:
        product = past.market.product
        if product is None or product.usd_per_hour >= past.market.on_demand_usd_per_hour:
            return 0.0
        if len(past.demand) < product.term_hours * HISTORY_DAYS_PER_TERM_HOUR * HOURS_PER_DAY:
            return 0.0
        spot = affordable(past.spot_available, past.market).sum(axis=0)
        at = origins(past.hour)
        ends = [*at.tolist(), past.hour]
        wanted = {OWN: [self._consensus(past, product, spot, end) for end in ends]}
        if not len(at):
            return wanted[OWN][-1]
        wanted |= _cost_explorer(past, product, ends)
        before = past.replay.spot_usd_before[:, ends]
        ledger = Ledger(
            past.replay.levels,
            np.diff(before, axis=1),
            np.diff(ends),
            product.usd_per_hour,
            product.term_hours,
        )
        return choose(OWN, wanted, ledger, self.parameters).level

    def _consensus(self, past: Past, product: Product, spot: Array, end: int) -> float:
        demand, offered = past.demand[:end], spot[:end]
        seen = hashlib.blake2b(demand.tobytes(), digest_size=16)
        seen.update(offered.tobytes())
        seen.update(repr(product).encode())
        key = seen.digest()
        if key not in self._memo:
            share = product.usd_per_hour / past.market.on_demand_usd_per_hour
            self._memo[key] = consensus(
                demand, offered, share, product.term_hours, self.parameters
            )
        return self._memo[key]


def _cost_explorer(past: Past, product: Product, ends: list[int]) -> Mapping[str, list[float]]:
    """The residual Cost-Explorer rules' levels at each instant."""
    return {
        f"trailing {days} d": [
            past.replay.until(end).best_level(
                days * HOURS_PER_DAY, product.usd_per_hour, Basis.RESIDUAL
            )
            for end in ends
        ]
        for days in TRAILING_DAYS
    }


def planner(parameters: Parameters = DEFAULT) -> Policy:
    """The planner, by default with the parameters that the plan uses."""
    return Planner(parameters=parameters)
