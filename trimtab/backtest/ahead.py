"""Capacity ordered hours ahead, for backtests' settings: the comparison, and its figures as plain data.

`provisioning` replays the orders; this puts the series, their splits and their price to it, and turns
what it finds into rows. Ratios are the planner's over another's: below 1 the planner is better.
"""

from collections.abc import Sequence
from typing import Any, Final

from trimtab.backtest.model import Setting
from trimtab.backtest.provisioning import (
    HEADROOMS,
    STABILISATION_HOURS,
    Comparison,
    Series,
    compare,
)
from trimtab.backtest.rounding import number

MOST_LEAD_HOURS: Final = 24
"""A node that takes longer to come is no autoscaler's business."""
AUTOSCALERS: Final = len(STABILISATION_HOURS) * len(HEADROOMS) + 1
"""Settings that hindsight picks the best autoscalers from, per series; one orders nothing."""


def ordered_ahead(settings: Sequence[Setting], lead_hours: int) -> Comparison:
    """The planner's orders beside autoscalers' on the replayed hours of each setting.

    Args:
        settings: at least one, of different names, one on-demand price for all.
        lead_hours: hours that a node takes to come, at most `MOST_LEAD_HOURS` and each history.
    """
    return compare(
        {each.name: each.demand for each in settings},
        lead_hours,
        usd_per_unit_hour=settings[0].market.on_demand_usd_per_hour,
        test_from={each.name: each.test_from for each in settings},
    )


def rows(series: Series) -> list[dict[str, Any]]:
    """A row for each plain autoscaler: what it cost and left unmet, and the planner beside it.

    `planner_shortage_unit_hours` is at the autoscaler's cost, `planner_usd` at its shortage; `best` are
    the best autoscalers in hindsight. A ratio is None where it would divide by nothing, or where no
    setting leaves as little unmet.
    """
    demand = series.demand_unit_hours
    return [
        {
            "headroom": point.headroom,
            "autoscaler_usd": number(point.cost_usd),
            "autoscaler_shortage_unit_hours": number(point.shortage_unit_hours),
            "autoscaler_unmet": number(point.shortage_unit_hours / demand) if demand else None,
            "planner_shortage_unit_hours": number(point.planner_shortage_unit_hours),
            "best_shortage_unit_hours": number(point.best_shortage_unit_hours),
            "shortage_over_autoscaler": number(point.shortage_ratio),
            "shortage_over_best": number(point.shortage_ratio_to_best),
            "planner_usd": number(point.planner_cost_usd),
            "best_usd": number(point.best_cost_usd),
            "cost_over_autoscaler": number(point.cost_ratio),
            "cost_over_best": number(point.cost_ratio_to_best),
            "behind_beyond_noise": point.behind,
        }
        for point in series.points
    ]


def pooled_rows(compared: Comparison) -> list[dict[str, Any]]:
    """The same with one setting for all series, and the medians over the series that tell anything."""
    found = []
    for row, summary in zip(rows(compared.pooled), compared.summaries(), strict=True):
        found.append(
            {
                **{key: value for key, value in row.items() if key != "behind_beyond_noise"},
                "series_counted": summary.counted,
                "median_shortage_over_autoscaler": number(summary.median_shortage_ratio),
                "median_shortage_over_best": number(summary.median_shortage_ratio_to_best),
                "median_cost_over_autoscaler": number(summary.median_cost_ratio),
                "median_cost_over_best": number(summary.median_cost_ratio_to_best),
                "behind_beyond_noise": list(summary.behind),
            }
        )
    return found
