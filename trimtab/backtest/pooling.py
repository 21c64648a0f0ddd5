"""Policies over several series: sums, and what they hide, the range over the series."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trimtab.backtest.model import Array, Backtest, Outcome


@dataclass(frozen=True)
class Pooled:
    """One policy over several series.

    Attributes:
        policy: its name.
        regrets: cost over the optimum's minus one by series, in the series' order; NaN where it was
            not replayed or the optimum is free.
        replayed: on how many series it was.
        usd: cost over these.
        over_optimum: the same over the optimum's cost of the same series, minus one; NaN where that
            is nothing.
        shortage_unit_hours: in all.
        shortage_share: of the demand of the same series.
        interruptions: in all.
        kgco2e: in all, or None where one is not known.
        purchases: how many.
    """

    policy: str
    regrets: tuple[float, ...]
    replayed: int
    usd: float
    over_optimum: float
    shortage_unit_hours: float
    shortage_share: float
    interruptions: float
    kgco2e: float | None
    purchases: int

    @property
    def known(self) -> Array:
        """The regrets that are finite; may be empty."""
        regrets = np.array(self.regrets)
        found: Array = regrets[np.isfinite(regrets)]
        return found


def pooled(backtests: Sequence[Backtest]) -> tuple[Pooled, ...]:
    """Every policy over all series, the planner first, in the order of first appearance."""
    names: dict[str, None] = {}
    found = []
    for backtest in backtests:
        names.update(dict.fromkeys(each.policy for each in backtest.outcomes))
        found.append({each.policy: each for each in backtest.outcomes})
    return tuple(_pooled(name, backtests, [each.get(name) for each in found]) for name in names)


def pooled_optimum(backtests: Sequence[Backtest]) -> Pooled:
    """The clairvoyant optimum over all series."""
    optima = [each.optimum for each in backtests]
    return _pooled(optima[0].policy, backtests, optima)


def cheapest_first(found: Sequence[Pooled]) -> list[Pooled]:
    """By pooled cost over the optimum; sums of cost would favour what was replayed on fewer series."""
    known = [each for each in found if np.isfinite(each.over_optimum)]
    rest = [each for each in found if not np.isfinite(each.over_optimum)]
    return [*sorted(known, key=lambda each: each.over_optimum), *rest]


def _pooled(name: str, backtests: Sequence[Backtest], outcomes: Sequence[Outcome | None]) -> Pooled:
    met = [(b, o) for b, o in zip(backtests, outcomes, strict=True) if o is not None]
    optimum = sum(backtest.optimum.usd for backtest, _ in met)
    demand = sum(
        float(backtest.setting.demand[backtest.setting.test_from :].sum()) for backtest, _ in met
    )
    usd = sum(outcome.usd for _, outcome in met)
    shortage = sum(outcome.shortage_unit_hours for _, outcome in met)
    carbon = [outcome.kgco2e for _, outcome in met if outcome.kgco2e is not None]
    return Pooled(
        policy=name,
        regrets=tuple(float("nan") if each is None else each.regret for each in outcomes),
        replayed=len(met),
        usd=usd,
        over_optimum=usd / optimum - 1 if optimum else float("nan"),
        shortage_unit_hours=shortage,
        shortage_share=shortage / demand if demand else 0.0,
        interruptions=sum(outcome.interruptions for _, outcome in met),
        kgco2e=sum(carbon) if len(carbon) == len(met) else None,
        purchases=sum(len(outcome.purchases) for _, outcome in met),
    )
