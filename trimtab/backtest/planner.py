"""The planner as a policy: what `trimtab plan` would have committed at each decision.

Each decision forecasts from its past and chooses the level as the plan does. Until there are four weeks
of history nothing is bound, as in a plan.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from trimtab.backtest.dispatch import affordable
from trimtab.backtest.model import Array, Dispatch, Past, Policy
from trimtab.forecast.model import HOURS_PER_WEEK, Forecast
from trimtab.planning.commitment import decide
from trimtab.planning.economics import Prices

NAME = "planner"
WINDOW_HOURS = 2 * HOURS_PER_WEEK


@dataclass(frozen=True)
class Planner:
    """Decides as `trimtab.planning.commitment.decide`.

    Attributes:
        forecaster: from a history, the instant that follows it and a horizon in hours; the plan's by default.
    """

    name: str = NAME
    dispatch: Dispatch = Dispatch.SPOT
    every_hours: int | None = None
    forecaster: Callable[[Array, datetime, int], Forecast] | None = None

    def wants(self, past: Past) -> float:
        product = past.market.product
        if product is None:
            return 0.0
        from trimtab.forecast.forecaster import forecast

        ahead = (self.forecaster or forecast)(past.demand, past.at, HOURS_PER_WEEK)
        offered = affordable(past.spot_available, past.market)[:, -WINDOW_HOURS:]
        supply, mean = float(offered.sum(axis=0).mean()), float(past.demand[-WINDOW_HOURS:].mean())
        spot = float(past.market.spot_usd_per_hour.min()) if supply > 0 else None
        prices = Prices(
            past.market.on_demand_usd_per_hour,
            product.usd_per_hour,
            spot,
            min(1.0, supply / mean) if mean > 0 else 0.0,
        )
        return float(decide(past.demand, ahead, 1.0, prices).nodes)


def planner(excluded: str | None = None) -> Policy:  # noqa: ARG001 - nothing is learnt yet
    """The planner.

    Args:
        excluded: a series on which none of its parameters may have been learnt.
    """
    return Planner()
