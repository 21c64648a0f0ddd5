"""Backtests as plain data: what the command prints as JSON and writes to a file. Pure.

Money is US dollars; None is not known, never 0. Hours are those of the series' replayed part.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from trimtab.backtest import ahead as ordered_ahead
from trimtab.backtest.baselines import OPTIMUM
from trimtab.backtest.model import Backtest, Market, Outcome, Setting
from trimtab.backtest.pooling import Pooled, pooled, pooled_optimum
from trimtab.backtest.provisioning import Comparison
from trimtab.backtest.rounding import number, numbers
from trimtab.clock import format_instant


def document(
    backtests: Sequence[Backtest],
    notes: Sequence[str] = (),
    *,
    ahead: Comparison | None = None,
    hourly: bool = False,
) -> dict[str, Any]:
    """The backtests, one a series, and their figures over all series.

    Args:
        backtests: at least one.
        notes: what else a reader must know.
        ahead: capacity ordered ahead on the same series, in the same order.
        hourly: with every hour of every policy, so that all sums can be checked.
    """
    replayed = [series(each, hourly=hourly) for each in backtests]
    data = {"series": replayed, "pooled": pooled_rows(backtests), "notes": list(notes)}
    if ahead is not None:
        for one, compared in zip(replayed, ahead.series, strict=True):
            one["ordered_ahead"] = ordered_ahead.rows(compared)
        data["ordered_ahead"] = {
            "lead_hours": ahead.lead_hours,
            "autoscalers": ordered_ahead.AUTOSCALERS,
            "pooled": ordered_ahead.pooled_rows(ahead),
        }
    return data


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
        "demand_unit_hours": number(setting.demand[setting.test_from :].sum()),
        "decide_every_hours": setting.decide_every_hours,
        "full_term": setting.full_term,
        "market": _market(setting.market),
        "policies": rows(backtest),
        "calibration": None
        if found is None
        else {
            "levels": list(found.levels),
            "observed": [number(share) for share in found.observed],
            "hours": found.hours,
        },
    }
    if hourly:
        data["hourly"] = _hourly(setting, [backtest.optimum, *backtest.outcomes])
        data["fans"] = [
            {
                "start": format_instant(setting.at(fan.hour)),
                "quantiles": [numbers(row) for row in fan.quantiles],
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
        "usd": number(outcome.usd),
        "usd_beyond_series": number(outcome.usd_after),
        "usd_per_unit_hour": number(outcome.usd / demand) if demand else None,
        "over_optimum": number(outcome.regret),
        "shortage_unit_hours": number(outcome.shortage_unit_hours),
        "interruptions": number(outcome.interruptions),
        "kgco2e": number(outcome.kgco2e),
        "purchases": len(outcome.purchases),
        "units_purchased": number(sum(each.quantity for each in outcome.purchases)),
        "committed_unit_hours": number(outcome.committed.sum()),
        "on_demand_unit_hours": number(outcome.on_demand.sum()),
        "spot_unit_hours": number(outcome.spot.sum()),
    }


def pooled_rows(backtests: Sequence[Backtest]) -> list[dict[str, Any]]:
    """Every policy over all series, cheapest first; only those that every series was replayed with.

    `over_optimum` is the sum of costs over the sum of optima, minus one; its range is over the series.
    """
    replayed = [each for each in pooled(backtests) if each.replayed == len(backtests)]
    ordered = sorted(replayed, key=lambda each: each.usd)
    return [_pooled_row(each) for each in (pooled_optimum(backtests), *ordered)]


def _pooled_row(each: Pooled) -> dict[str, Any]:
    known = each.known if len(each.known) else np.array([np.nan])
    return {
        "policy": each.policy,
        "usd": number(each.usd),
        "over_optimum": number(each.over_optimum),
        "over_optimum_min": number(known.min()),
        "over_optimum_median": number(np.median(known)),
        "over_optimum_max": number(known.max()),
        "shortage_unit_hours": number(each.shortage_unit_hours),
        "interruptions": number(each.interruptions),
        "kgco2e": number(each.kgco2e),
        "purchases": each.purchases,
    }


def _market(market: Market) -> dict[str, Any]:
    return {
        "on_demand_usd_per_hour": number(market.on_demand_usd_per_hour),
        "products": [
            {
                "name": product.name,
                "usd_per_hour": number(product.usd_per_hour),
                "term_hours": product.term_hours,
            }
            for product in market.products
        ],
        "zones": [
            {"name": name, "spot_usd_per_hour": number(usd)}
            for name, usd in zip(market.zones, market.spot_usd_per_hour, strict=True)
        ],
        "restart_hours": number(market.restart_hours),
        "launch_hours": number(market.launch_hours),
    }


def _hourly(setting: Setting, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    return {
        "demand": numbers(setting.demand[setting.test_from :]),
        "spot_available": {
            zone: numbers(row[setting.test_from :])
            for zone, row in zip(setting.market.zones, setting.spot_available, strict=True)
        },
        "policies": [
            {
                "policy": each.policy,
                "usd": numbers(each.usd_per_hour),
                "committed": numbers(each.committed),
                "on_demand": numbers(each.on_demand),
                "spot": numbers(each.spot),
                "shortage_unit_hours": numbers(each.shortage),
                "purchases": [
                    {
                        "start": format_instant(setting.at(one.hour)),
                        "quantity": number(one.quantity),
                        "product": one.product.name,
                    }
                    for one in each.purchases
                ],
            }
            for each in outcomes
        ],
    }
