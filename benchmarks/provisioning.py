"""Hour-ahead provisioning beside reactive autoscalers on every hourly series of at least 14 days.

`make bench ARGS=provisioning` prints the tables; `make bench ARGS="provisioning --json FILE"` writes every
result, too. Each series is scaled to a mean of 300 units, its first half is history, capacity is paid for
at the evidence's on-demand price. docs/provisioning.md says what the columns mean.
"""

import argparse
import json
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.evidence_data import SHIFTS, V100, present, series
from trimtab.backtest.provisioning import LEVELS, Comparison, Series, compare
from trimtab.forecast.fleet import forecast_fleet
from trimtab.forecast.model import Fleet, interpolate
from trimtab.planning.provisioning import (
    LOSS_HOURS,
    PREDICTORS,
    PRIOR,
    REACTIVE,
    SHARPNESS,
    capacity,
    forecasts,
    mixed,
    replay,
)

Array = NDArray[np.float64]

LEADS = (1, 2, 6)
SPARE_SHARES = (0.005, 0.01, 0.02, 0.03, 0.05, 0.08, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0, 2.0, 5.0)
"""Constant spare capacity that the sensitivity grants the autoscalers, over the history's mean."""
CONSTANTS = tuple((sharp, half) for sharp in (6.0, 12.0, 24.0) for half in (72.0, 168.0, 672.0))
AHEAD = (1, 2, 3, 4, 6, 9, 12, 18, 24)
ORIGIN_STEP = 13
"""Hours between origins: no divisor of a day, so that every hour of the day comes up."""
FLEET, PLAN_LEVELS = 40, (0.1, 0.5, 0.9, 0.95, 0.99)


def main() -> None:
    """Compare, print, and write what was asked for."""
    parser = argparse.ArgumentParser(prog="provisioning", description=__doc__)
    parser.add_argument("--json", type=Path, help="write every result to this file")
    options = parser.parse_args()
    if not present():
        sys.exit("error: the shared data is not beside the repository")
    price = V100.on_demand
    results = print_leads()
    variants: dict[str, Comparison] = {}
    variants["lead time 1 h, autoscalers with constant spare capacity too"] = compare(
        series(), usd_per_unit_hour=price, spare_shares=SPARE_SHARES
    )
    for label, demand in shifted().items():
        variants[f"lead time 1 h, {label}"] = compare(demand, usd_per_unit_hour=price)
    for title, compared in variants.items():
        print_summaries(title, compared)
    results |= variants
    print_constants()
    print_near()
    print_speed()
    if options.json:
        options.json.write_text(json.dumps({k: plain(v) for k, v in results.items()}, indent=1))


def print_leads() -> dict[str, Comparison]:
    """The comparison at each lead time, printed, and at the first one series by series."""
    found = {}
    for lead in LEADS:
        title = f"lead time {lead} h"
        found[title] = compare(series(), lead, usd_per_unit_hour=V100.on_demand)
        print_summaries(title, found[title])
    print_series(found[f"lead time {LEADS[0]} h"])
    return found


def shifted() -> dict[str, dict[str, Array]]:
    """Every series with its level moved by 30 %, in mid-history or mid-test."""
    variants = {}
    for factor, share in SHIFTS:
        moved = {}
        for name, demand in series().items():
            moved[name] = demand.copy()
            moved[name][int(len(demand) * share) :] *= factor
        place = "mid-history" if share < 0.5 else "mid-test"
        variants[f"{factor - 1:+.0%} in {place}"] = moved
    return variants


def print_summaries(title: str, compared: Comparison) -> None:
    """Pooled, median and worst, at each operating point."""
    print(f"\n{title}: the planner over the plain autoscaler / over the best autoscalers")
    print(
        f"{'headroom':>8}  {'unmet':>6}  {'shortage, pooled':>16}  {'one left out':>13}  {'median':>13}"
        f"  {'cost, pooled':>13}  {'median':>13}  {'worst':>6}  of       behind beyond noise"
    )
    for each in compared.summaries():
        pooled = each.pooled
        unmet = pooled.shortage_unit_hours / compared.pooled.demand_unit_hours
        print(
            f"{each.headroom:>8.0%}  {unmet:>6.1%}"
            f"  {ratio(pooled.shortage_ratio):>8} / {ratio(pooled.shortage_ratio_to_best)}"
            f"  {ratio(each.least_pooled_to_best)} - {ratio(each.most_pooled_to_best)}"
            f"  {ratio(each.median_shortage_ratio)} / {ratio(each.median_shortage_ratio_to_best)}"
            f"  {ratio(pooled.cost_ratio)} / {ratio(pooled.cost_ratio_to_best)}"
            f"  {ratio(each.median_cost_ratio)} / {ratio(each.median_cost_ratio_to_best)}"
            f"  {ratio(each.worst_cost_ratio_to_best)}  {each.counted:<7}"
            f"  {', '.join(each.behind) or 'none'}"
        )


def print_series(compared: Comparison) -> None:
    """Every series: what is unmet, shortage over the best autoscaler's, cost over theirs."""
    print("\nlead time 1 h, per series: unmet by the plain autoscaler, in % of demand")
    print("  shortage at equal cost and cost at equal shortage, over the best autoscalers")
    heads = "".join(f"{point.headroom:>24.0%}" for point in compared.pooled.points)
    print(f"{'':18}{heads}")
    for each in (*compared.series, compared.pooled):
        print(f"{each.name:18}" + "".join(f"{cell(each, i):>24}" for i in range(len(each.points))))


def cell(each: Series, index: int) -> str:
    """One operating point of a series; a star where the planner is behind by more than noise."""
    point = each.points[index]
    unmet = point.shortage_unit_hours / max(each.demand_unit_hours, 1e-12)
    shortage, cost = ratio(point.shortage_ratio_to_best), ratio(point.cost_ratio_to_best)
    return f"{unmet:.2%} {shortage}{'*' if point.behind else ''} {cost}"


def print_constants() -> None:
    """What the constants chosen over all series are worth: others, left-one-out, bases left out."""
    rows = series()
    every = np.array([losses(demand) for demand in rows.values()])
    default = CONSTANTS.index((SHARPNESS, LOSS_HOURS))
    grid = np.log(every[:, : len(CONSTANTS)])
    means = grid.mean(axis=0)
    print(
        "\nlead time 1 h: pinball loss over the last value's, geometric mean over series and levels"
    )
    for (sharp, half), value in zip(CONSTANTS, np.exp(means), strict=True):
        print(f"  sharpness {sharp:>4.0f}, losses' half-life {half:>4.0f} h: {value:.3f}")
    left_out = [
        grid[index, (grid.sum(axis=0) - grid[index]).argmin()] for index in range(len(rows))
    ]
    print(
        f"  chosen anew for each series on the other {len(rows) - 1}: {np.exp(np.mean(left_out)):.3f}"
    )
    print(f"  as they stand: {np.exp(means[default]):.3f}")
    for name, value in zip(
        groups(), np.exp(np.log(every[:, len(CONSTANTS) :]).mean(axis=0)), strict=True
    ):
        print(f"  without the predictors from {name}: {value:.3f}")


def losses(demand: Array) -> list[float]:
    """Loss over the last value's in the second half: per pair of constants, then without each group."""
    row, taus = demand[None, :], np.array([level for level in LEVELS if level >= 0.5])
    first = len(demand) // 2
    asked = forecasts(row, 1, taus)

    def loss(ordered: Array) -> Array:
        miss = demand[first:, None] - ordered[first - 1 : -1]
        total: Array = np.maximum(taus * miss, (taus - 1.0) * miss).sum(axis=0)
        return total

    def relative(ordered: Array) -> float:
        last = loss(np.repeat(demand[:, None], len(taus), axis=1))
        return float(np.exp(np.log(loss(ordered) / last).mean()))

    found = [
        relative(mixed(row, asked, 1, taus, PRIOR, sharp, half)[0]) for sharp, half in CONSTANTS
    ]
    without = [
        relative(mixed(row, asked[..., kept], 1, taus, PRIOR[kept])[0])
        for kept in groups().values()
    ]
    return found + without


def groups() -> dict[str, Array]:
    """For each base, and for the reactive ones, which predictors remain without them."""
    of = [base for base, kernels in PREDICTORS.items() for _ in kernels] + ["autoscalers"] * len(
        REACTIVE
    )
    return {name: np.array([each != name for each in of]) for name in dict.fromkeys(of)}


def print_near() -> None:
    """The rule's quantiles beside the forecast's, by how far ahead: where it should stand in for them."""
    rows, levels = list(series().values()), np.array(PLAN_LEVELS)
    hours = max(len(demand) for demand in rows)
    demand = np.stack([np.pad(d, (hours - len(d), 0), constant_values=np.nan) for d in rows])
    first = np.array([hours - len(d) + len(d) // 2 for d in rows])
    ruled = {ahead: replay(demand, ahead, PLAN_LEVELS) for ahead in AHEAD}
    lost = np.zeros((3, len(rows), len(AHEAD)))
    origins = range(hours - max(AHEAD) - 1, int(first.min()), -ORIGIN_STEP)
    for origin in origins:
        among = np.flatnonzero(first <= origin)
        fleet = Fleet(
            tuple(str(n) for n in among),
            demand[among, : origin + 1],
            (datetime(2026, 1, 1, tzinfo=UTC),) * len(among),
        )
        ahead = forecast_fleet(fleet, max(AHEAD), keep_origins=False)
        for place, n in enumerate(among):
            theirs = interpolate(ahead.quantiles[place].astype(np.float64), levels)
            for column, lead in enumerate(AHEAD):
                ours = ruled[lead][n, origin]
                for which, ordered in enumerate((theirs[:, lead - 1], ours)):
                    miss = demand[n, origin + lead] - ordered
                    lost[which, n, column] += np.maximum(levels * miss, (levels - 1) * miss).sum()
                miss = demand[n, origin + lead] - (ours + theirs[:, lead - 1]) / 2
                lost[2, n, column] += np.maximum(levels * miss, (levels - 1) * miss).sum()
    print(
        f"\nhours ahead: pinball loss over the forecast's, levels {PLAN_LEVELS}, {len(origins)} origins"
    )
    print(
        "        the rule: mean, pooled, series better   half and half: mean, pooled, series better"
    )
    for column, lead in enumerate(AHEAD):
        cells = []
        for which in (1, 2):
            relative = lost[which, :, column] / lost[0, :, column]
            pooled = lost[which, :, column].sum() / lost[0, :, column].sum()
            cells.append(
                f"{np.exp(np.log(relative).mean()):.3f} {pooled:.3f} {(relative < 1).sum()}"
            )
        print(f"  {lead:>2} h  {cells[0]:>20}  {cells[1]:>20}")


def print_speed() -> None:
    """How long one decision for a fleet takes."""
    rows = [demand[-336:] for demand in series().values()]
    history = np.tile(np.stack(rows), (FLEET // len(rows) + 1, 4))[:FLEET]
    began = time.perf_counter()
    capacity(history, 1, PLAN_LEVELS)
    took = time.perf_counter() - began
    print(
        f"\none decision for {FLEET} series, {history.shape[1]} hours, {len(PLAN_LEVELS)} levels: {took:.1f} s"
    )


def ratio(value: float | None) -> str:
    """A ratio in five characters."""
    return "  -  " if value is None else f"{value:5.3f}"


def plain(compared: Comparison) -> Mapping[str, Any]:
    """A comparison and its summaries as plain data."""
    summaries: Sequence[Any] = [asdict(each) for each in compared.summaries()]
    return {**asdict(compared), "summaries": summaries}


if __name__ == "__main__":
    main()
