"""Backtests as plain data: what the command prints as JSON and writes to a file. Pure.

Money is US dollars; None is not known, never 0. Hours are those of the series' replayed part.
"""

from collections.abc import Sequence
from math import isfinite
from typing import Any

import numpy as np

from trimtab.backtest.baselines import OPTIMUM
from trimtab.backtest.model import Array, Backtest, Market, Outcome, Setting
from trimtab.clock import format_instant

DIGITS = 9
"""Significant digits of a number: beyond the data's, and the same bytes on every machine."""


def document(
    backtests: Sequence[Backtest], notes: Sequence[str] = (), *, hourly: bool = False
) -> dict[str, Any]:
    """The backtests, one a series, and their figures over all series.

    Args:
        backtests: at least one.
        notes: what else a reader must know.
        hourly: with every hour of every policy, so that all sums can be checked.
    """
    return {
        "series": [series(each, hourly=hourly) for each in backtests],
        "pooled": pooled_rows(backtests),
        "notes": list(notes),
    }


def series(backtest: Backtest, *, hourly: bool = False) -> dict[str, Any]:
    """One backtest as plain data."""
    setting, found = backtest.setting, backtest.calibration
    data: dict[str, Any] = {
        "name": setting.name,
        "unit": setting.unit,
        "history_start": format_instant(setting.start),
        "start": format_instant(setting.at(setting.test_from)),
        "end": format_instant(setting.at(len(setting.demand))),
        "hours_of_history": setting.test_from,
        "hours_replayed": setting.hours,
        "demand_unit_hours": _number(setting.demand[setting.test_from :].sum()),
        "decide_every_hours": setting.decide_every_hours,
        "full_term": setting.full_term,
        "market": _market(setting.market),
        "policies": rows(backtest),
        "calibration": None
        if found is None
        else {
            "levels": list(found.levels),
            "observed": [_number(share) for share in found.observed],
            "hours": found.hours,
        },
    }
    if hourly:
        data["hourly"] = _hourly(setting, [backtest.optimum, *backtest.outcomes])
        data["fans"] = [
            {
                "start": format_instant(setting.at(fan.hour)),
                "quantiles": [_numbers(row) for row in fan.quantiles],
            }
            for fan in backtest.fans
        ]
    return data


def rows(backtest: Backtest) -> list[dict[str, Any]]:
    """Every policy and the optimum, cheapest first; the optimum leads its equals."""
    ordered = sorted([backtest.optimum, *backtest.outcomes], key=lambda each: each.usd)
    return [_row(each, backtest.setting) for each in _optimum_first(ordered)]


def _optimum_first(ordered: list[Outcome]) -> list[Outcome]:
    # A policy that reached the optimum may be cheaper by rounding.
    return sorted(ordered, key=lambda each: each.policy != OPTIMUM)


def _row(outcome: Outcome, setting: Setting) -> dict[str, Any]:
    demand = float(setting.demand[setting.test_from :].sum())
    return {
        "policy": outcome.policy,
        "usd": _number(outcome.usd),
        "usd_beyond_series": _number(outcome.usd_after),
        "usd_per_unit_hour": _number(outcome.usd / demand) if demand else None,
        "over_optimum": _number(outcome.regret),
        "shortage_unit_hours": _number(outcome.shortage_unit_hours),
        "interruptions": _number(outcome.interruptions),
        "kgco2e": _number(outcome.kgco2e),
        "purchases": len(outcome.purchases),
        "units_purchased": _number(sum(each.quantity for each in outcome.purchases)),
        "committed_unit_hours": _number(outcome.committed.sum()),
        "on_demand_unit_hours": _number(outcome.on_demand.sum()),
        "spot_unit_hours": _number(outcome.spot.sum()),
    }


def pooled_rows(backtests: Sequence[Backtest]) -> list[dict[str, Any]]:
    """Every policy over all series, cheapest first; only those that every series was replayed with.

    `over_optimum` is the sum of costs over the sum of optima, minus one; its range is over the series.
    """
    named = [
        {each.policy: each for each in (backtest.optimum, *backtest.outcomes)}
        for backtest in backtests
    ]
    common = [name for name in named[0] if all(name in each for each in named)]
    optimum = sum(backtest.optimum.usd for backtest in backtests)
    made = []
    for name in common:
        found = [each[name] for each in named]
        usd = sum(each.usd for each in found)
        regrets = np.array([each.regret for each in found])
        known = regrets[np.isfinite(regrets)]
        carbon = [each.kgco2e for each in found if each.kgco2e is not None]
        made.append(
            {
                "policy": name,
                "usd": _number(usd),
                "over_optimum": _number(usd / optimum - 1) if optimum else None,
                "over_optimum_min": _number(known.min()) if len(known) else None,
                "over_optimum_median": _number(np.median(known)) if len(known) else None,
                "over_optimum_max": _number(known.max()) if len(known) else None,
                "shortage_unit_hours": _number(sum(each.shortage_unit_hours for each in found)),
                "interruptions": _number(sum(each.interruptions for each in found)),
                "kgco2e": _number(sum(carbon)) if len(carbon) == len(found) else None,
                "purchases": sum(len(each.purchases) for each in found),
            }
        )
    return sorted(made, key=lambda row: (row["policy"] != OPTIMUM, row["usd"]))


def _market(market: Market) -> dict[str, Any]:
    return {
        "on_demand_usd_per_hour": _number(market.on_demand_usd_per_hour),
        "products": [
            {
                "name": product.name,
                "usd_per_hour": _number(product.usd_per_hour),
                "term_hours": product.term_hours,
            }
            for product in market.products
        ],
        "zones": [
            {"name": name, "spot_usd_per_hour": _number(usd)}
            for name, usd in zip(market.zones, market.spot_usd_per_hour, strict=True)
        ],
        "restart_hours": _number(market.restart_hours),
        "launch_hours": _number(market.launch_hours),
    }


def _hourly(setting: Setting, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    return {
        "demand": _numbers(setting.demand[setting.test_from :]),
        "spot_available": {
            zone: _numbers(row[setting.test_from :])
            for zone, row in zip(setting.market.zones, setting.spot_available, strict=True)
        },
        "policies": [
            {
                "policy": each.policy,
                "usd": _numbers(each.usd_per_hour),
                "committed": _numbers(each.committed),
                "on_demand": _numbers(each.on_demand),
                "spot": _numbers(each.spot),
                "shortage_unit_hours": _numbers(each.shortage),
                "purchases": [
                    {
                        "start": format_instant(setting.at(one.hour)),
                        "quantity": _number(one.quantity),
                        "product": one.product.name,
                    }
                    for one in each.purchases
                ],
            }
            for each in outcomes
        ],
    }


def _number(value: float | np.floating[Any] | None) -> float | None:
    if value is None or not isfinite(value):
        return None
    rounded = float(f"{float(value):.{DIGITS}g}")
    return rounded or 0.0  # a negative zero


def _numbers(values: Array) -> list[float | None]:
    return [_number(value) for value in values.tolist()]
