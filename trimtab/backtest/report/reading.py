"""What a report reads out of backtests: which baselines matter, and figures over several series."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trimtab.backtest.baselines import BEST_CONSTANT, ON_DEMAND
from trimtab.backtest.model import Array, Backtest, Outcome
from trimtab.forecast.model import LEVELS, interpolate


def is_hindsight(outcome: "Outcome | Pooled") -> bool:
    """Whether a baseline knew the future: nobody could have followed it."""
    return outcome.policy == BEST_CONSTANT


def best_rules(backtest: Backtest, count: int) -> tuple[Outcome, ...]:
    """The cheapest baselines that somebody could have followed, cheapest first."""
    rules = [each for each in backtest.outcomes[1:] if not is_hindsight(each)]
    return tuple(sorted(rules, key=lambda each: each.usd)[:count])


def dearest(backtest: Backtest) -> Outcome | None:
    """All on-demand, which needs no decision; None where it was not replayed."""
    return next((each for each in backtest.outcomes[1:] if each.policy == ON_DEMAND), None)


def level_at(quantiles: Array, level: float) -> Array:
    """A quantile of a forecast, shape (hours,), from its levels, shape (levels, hours)."""
    if len(quantiles) != len(LEVELS):
        raise ValueError(f"{len(quantiles)} levels, not {len(LEVELS)}")
    at: Array = interpolate(quantiles, np.array([level]))[0]
    return at


@dataclass(frozen=True)
class Pooled:
    """One policy over several series.

    Attributes:
        policy: its name.
        regrets: cost over the optimum's minus one by series, in the series' order; NaN where it was
            not replayed or the optimum is free.
        replayed: on how many series it was.
        usd: cost over these.
        over_optimum: the same over the optimum's cost of the same series, minus one.
        shortage_share: of the demand of the same series.
        interruptions: in all.
        kgco2e: in all, or None where one is not known.
    """

    policy: str
    regrets: tuple[float, ...]
    replayed: int
    usd: float
    over_optimum: float
    shortage_share: float
    interruptions: float
    kgco2e: float | None


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
    regrets, replayed = [], 0
    usd = optimum = shortage = demand = interruptions = 0.0
    carbon: float | None = 0.0
    for backtest, outcome in zip(backtests, outcomes, strict=True):
        if outcome is None:
            regrets.append(float("nan"))
            continue
        regrets.append(outcome.regret)
        replayed += 1
        usd += outcome.usd
        optimum += backtest.optimum.usd
        shortage += outcome.shortage_unit_hours
        demand += float(backtest.setting.demand[backtest.setting.test_from :].sum())
        interruptions += outcome.interruptions
        known = carbon is not None and outcome.kgco2e is not None
        carbon = carbon + outcome.kgco2e if known else None  # type: ignore[operator]
    return Pooled(
        policy=name,
        regrets=tuple(regrets),
        replayed=replayed,
        usd=usd,
        over_optimum=usd / optimum - 1 if optimum else float("nan"),
        shortage_share=shortage / demand if demand else 0.0,
        interruptions=interruptions,
        kgco2e=carbon,
    )
