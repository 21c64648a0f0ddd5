"""What a report reads out of a backtest: which baselines matter, and a forecast's quantiles."""

import numpy as np

from trimtab.backtest.baselines import BEST_CONSTANT, ON_DEMAND
from trimtab.backtest.model import Array, Backtest, Outcome
from trimtab.backtest.pooling import Pooled
from trimtab.forecast.model import LEVELS, interpolate


def is_hindsight(outcome: Outcome | Pooled) -> bool:
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
