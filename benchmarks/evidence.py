"""The evidence: what the planner and every baseline cost over the clairvoyant optimum on real series.

`make bench ARGS=evidence` prints the tables, and after them what `provisioning` measures of capacity
ordered hours ahead and `forecast_accuracy` of the forecasts; `make bench ARGS="evidence --json FILE"`
writes every single result of the policies, too. A pooled figure is the sum of costs over the sum of optima;
beside it stand the least, the median and the largest over the series. Every policy sees only its past.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks import provisioning
from benchmarks.evidence_data import DEPTHS, V100, present, series, setting, shifted, today
from benchmarks.measure import ROOT
from trimtab.backtest.baselines import BEST_CONSTANT as HINDSIGHT
from trimtab.backtest.baselines import ON_DEMAND_SPOT, baselines
from trimtab.backtest.model import Policy, Setting
from trimtab.backtest.planner import NAME as PLANNER
from trimtab.backtest.planner import planner
from trimtab.backtest.run import run
from trimtab.planning.policy import DEFAULT, Parameters

LEFT_OUT = "planner, series left out"
OFFERS_DEPTH = 60
SHIFTS_DEPTHS = (0, 60)
TABLES = ("depth", "full-term", "offers", "shifts")
SECTIONS = ("provisioning", "forecast")
"""What follows the tables, from benchmarks of their own; always on all series."""
TOLERATED = 0.02
"""How much dearer than the better simple rule the planner may be on any one series."""
SIMPLE = ("residual CE 30 d, once", "residual CE 7 d, rolling", ON_DEMAND_SPOT)
"""The simple rules that a reader would pick without hindsight."""


@dataclass(frozen=True)
class Record:
    """One policy on one setting."""

    table: str
    column: str
    series: str
    policy: str
    usd: float
    optimum_usd: float
    shortage_unit_hours: float
    interruptions: float
    purchases: int
    demand_unit_hours: float


def main(arguments: Sequence[str]) -> int:
    """Run, print, write; the exit code is 2 where the shared data is absent."""
    parser = argparse.ArgumentParser(prog="evidence", description="Print the evidence tables.")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every result there")
    parser.add_argument(
        "--table", action="append", choices=(*TABLES, *SECTIONS), help="only this; repeatable"
    )
    parser.add_argument(
        "--series",
        action="append",
        choices=sorted(series()) or None,
        help="only this, in the policies' tables; repeatable",
    )
    parser.add_argument("--without-planner", action="store_true", help="baselines only")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args(arguments)
    if not present():
        print("error: the shared data is not beside the repository")
        return 2
    asked = tuple(options.table or (*TABLES, *SECTIONS))
    tables = tuple(each for each in TABLES if each in asked)
    records = _records(tables, options) if tables else []
    for table in tables:
        _print_table(table, [record for record in records if record.table == table])
    if "depth" in tables and not options.without_planner:
        _print_series([record for record in records if record.table == "depth"])
    if options.json:
        options.json.write_text(json.dumps([asdict(one) for one in records], indent=1) + "\n")
    if "provisioning" in asked:
        _print_provisioning()
    return _print_forecasts() if "forecast" in asked else 0


def _records(tables: tuple[str, ...], options: argparse.Namespace) -> list[Record]:
    """Every policy on every setting of the tables, series by series."""
    names = tuple(options.series or series())
    # The longest first, so that no process waits for it at the end.
    names = tuple(sorted(names, key=lambda name: -len(series()[name])))
    tasks = [(name, tables, not options.without_planner) for name in names]
    _tell(f"replaying {len(tasks)} series for the tables {', '.join(tables)}: takes minutes")
    with ProcessPoolExecutor(options.jobs) as pool:
        records = []
        for done, part in enumerate(pool.map(_measure, tasks), 1):
            records += part
            _tell(f"{done} of {len(tasks)} series")
    records += left_out(records)
    return [record for record in records if record.policy not in TRIED]


def _print_provisioning() -> None:
    _tell("replaying capacity ordered ahead, beside autoscalers")
    print(
        "\n5. Capacity ordered hours ahead, beside the reactive autoscaler, at equal cost or shortage"
    )
    print("columns: docs/provisioning.md, Columns; more tables: make bench ARGS=provisioning")
    provisioning.print_leads()


def _print_forecasts() -> int:
    """In a process of its own: it limits the threads of its libraries before it loads them."""
    _tell("scoring forecasts; the first time, statsforecast's models take minutes")
    print("\n6. Forecasts: accuracy and coverage beside statsforecast's models")
    print("columns: docs/forecasting.md, Beside statsforecast", flush=True)
    command = [sys.executable, "-m", "benchmarks.forecast_accuracy"]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


GRID = (
    DEFAULT,
    *(
        Parameters(windows_of_term=windows, demand_errors=errors, margin=margin)
        for windows in ((1 / 14, 1 / 4, 1 / 2), (1 / 9, 1 / 4, 1 / 2), (1 / 14, 1 / 5, 1 / 3))
        for errors in (0.75, 1.25, 2.0)
        for margin in (0.15, 0.25)
    ),
)
"""Parameters that a series left out is decided with: the set that did best on all the others."""


def left_out(records: Sequence[Record]) -> list[Record]:
    """For each series the records of the parameters that cost least on the others; none without others."""
    tried = [record for record in records if record.policy in TRIED]
    names = list(dict.fromkeys(record.series for record in tried))
    found = []
    for series_name in names if len(names) > 1 else ():
        usd = {
            policy: sum(r.usd for r in tried if r.policy == policy and r.series != series_name)
            for policy in TRIED
        }
        best = min(usd, key=lambda policy: usd[policy])
        found += [
            replace(record, policy=LEFT_OUT)
            for record in tried
            if record.series == series_name and record.policy == best
        ]
    return found


TRIED = tuple(f"{PLANNER} {number}" for number in range(len(GRID)))


def _settings(name: str, tables: Iterable[str]) -> list[tuple[str, str, Setting]]:
    """Table, column and setting of all that a series is measured on."""
    made = []
    if "depth" in tables:
        made += [("depth", f"depth {depth}", setting(name, depth)) for depth in DEPTHS]
    if "full-term" in tables:
        made += [
            ("full-term", f"depth {depth}", setting(name, depth, full_term=True))
            for depth in DEPTHS
        ]
    if "offers" in tables:
        made += [("offers", one.name, setting(name, OFFERS_DEPTH, one)) for one in today()]
    if "shifts" in tables:
        made += [
            ("shifts", f"depth {depth}, {label}", moved)
            for depth in SHIFTS_DEPTHS
            for label, moved in shifted(setting(name, depth))
        ]
    return made


def _measure(task: tuple[str, tuple[str, ...], bool]) -> list[Record]:
    name, tables, with_planner = task
    records = []
    mine = planner()
    grid = [
        replace(mine, name=label, parameters=parameters)  # they share forecasts and levels
        for label, parameters in zip(TRIED, GRID, strict=True)
    ]
    for table, column, each in _settings(name, tables):
        policies: list[Policy] = list(baselines(spot=bool(each.market.zones)))
        if with_planner:
            policies.insert(0, mine)
        if with_planner and table == "depth":
            policies += grid
        result = run(each, policies)
        records += [
            Record(
                table,
                column,
                name,
                outcome.policy,
                outcome.usd,
                result.optimum.usd,
                outcome.shortage_unit_hours,
                outcome.interruptions,
                len(outcome.purchases),
                float(each.demand[each.test_from :].sum()),
            )
            for outcome in result.outcomes
        ]
    return records


# Printing.

TITLES = {
    "depth": f"1. Cost over the clairvoyant optimum, {V100.name}, by spot depth per zone",
    "full-term": "2. The same, every purchase charged for its full term (policies and optimum alike)",
    "offers": f"3. Today's offers, their terms scaled to 28 days, spot depth {OFFERS_DEPTH}",
    "shifts": "4. Level shifts: demand times 0.7 or 1.3 from a quarter or three quarters on",
}


def _print_table(table: str, records: list[Record]) -> None:
    print(f"\n{TITLES[table]}\npooled over {len({r.series for r in records})} series, in %")
    print("columns: docs/backtest.md, The evidence")
    columns = list(dict.fromkeys(record.column for record in records))
    policies = list(dict.fromkeys(record.policy for record in records))
    width = max(map(len, policies))
    if table in {"offers", "shifts"}:
        for number, column in enumerate(columns, 1):
            print(f"  [{number}] {column}")
        heads = [f"[{number}]" for number in range(1, len(columns) + 1)]
    else:
        heads = columns
    brief = len(columns) > 4
    cell = 8 if brief else 30
    print(f"{'':{width}}" + "".join(f"{head:>{cell}}" for head in heads))
    if not brief:
        print(f"{'':{width}}" + f"{'pooled     min  med   max':>{cell}}" * len(columns))
    for policy in policies:
        cells = []
        for column in columns:
            found = [r for r in records if r.policy == policy and r.column == column]
            cells.append(_cell(found, brief=brief))
        print(f"{policy:{width}}" + "".join(f"{text:>{cell}}" for text in cells))
    if table == "depth":
        _print_shortage(records, policies, columns)


def _print_shortage(records: list[Record], policies: Sequence[str], columns: Sequence[str]) -> None:
    """Beside the cost, never in it."""
    print("\nBeside it, demand not served while units started, in % of demand, pooled")
    width = max(map(len, policies))
    print(f"{'':{width}}" + "".join(f"{column:>12}" for column in columns))
    for policy in policies:
        shares = []
        for column in columns:
            found = [r for r in records if r.policy == policy and r.column == column]
            demand = sum(record.demand_unit_hours for record in found)
            missed = sum(record.shortage_unit_hours for record in found)
            shares.append(f"{100 * missed / demand:.2f}" if demand else "-")
        print(f"{policy:{width}}" + "".join(f"{share:>12}" for share in shares))


def _cell(records: list[Record], *, brief: bool) -> str:
    if not records:
        return "-"
    optimum = sum(record.optimum_usd for record in records)
    pooled = 100 * (sum(record.usd for record in records) / optimum - 1)
    if brief:
        return f"{pooled:.2f}"
    each = np.array([100 * (record.usd / record.optimum_usd - 1) for record in records])
    return f"{pooled:7.2f}  {each.min():6.1f}{np.median(each):6.1f}{each.max():7.1f}"


def _print_series(records: list[Record]) -> None:
    """The planner on each series against the better simple rule, and against the best of all."""
    print(
        "\nPer series: the planner's cost against the better simple rule and the best baseline, in %"
    )
    print("columns: docs/backtest.md, The evidence")
    print(f"simple rules: {'; '.join(SIMPLE)}")
    columns = list(dict.fromkeys(record.column for record in records))
    names = list(dict.fromkeys(record.series for record in records))
    width = max(map(len, names))
    print(f"{'':{width}}" + "".join(f"{column:>20}" for column in columns))
    table = []
    for name in sorted(names):
        row = []
        for column in columns:
            usd = {r.policy: r.usd for r in records if r.series == name and r.column == column}
            rules = {p: v for p, v in usd.items() if p not in {PLANNER, LEFT_OUT, HINDSIGHT}}
            simple = min(value for policy, value in rules.items() if policy in SIMPLE)
            row += [
                100 * (usd[PLANNER] / simple - 1),
                100 * (usd[PLANNER] / min(rules.values()) - 1),
            ]
        table.append(row)
        print(f"{name:{width}}" + "".join(f"{value:10.2f}" for value in row))
    figures = np.array(table)
    for label, values in (("median", np.median(figures, axis=0)), ("worst", figures.max(axis=0))):
        print(f"{label:{width}}" + "".join(f"{value:10.2f}" for value in values))
    above = int((figures[:, ::2] > 100 * TOLERATED).sum())
    print(
        f"more than {TOLERATED:.0%} above the better simple rule: {above} of {figures[:, ::2].size}"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
