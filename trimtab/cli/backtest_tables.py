"""How `trimtab backtest` shows its results as tables.

Columns that have nothing to say are left out: emissions that are not known, interruptions without spot.
Where a terminal is too narrow for the rest, figures that follow from others give way, and a note says so.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from trimtab.backtest.ahead import AUTOSCALERS
from trimtab.backtest.ahead import rows as ahead_rows
from trimtab.backtest.document import pooled_rows, rows
from trimtab.backtest.model import Backtest
from trimtab.backtest.provisioning import Comparison
from trimtab.cli.output import ABSENT, Column, Format, console, info, print_table

_GIVES_WAY = (
    "purchases",
    "usd_per_unit_hour",
    "units_purchased",
    "planner_usd",
    "planner_shortage_unit_hours",
    "autoscaler_unmet",
    "interruptions",
    "kgco2e",
    "over_optimum_median",
)
"""Columns in the order in which they give way to a narrow terminal."""
_GAP = 3


def print_tables(found: Sequence[Backtest], ahead: Comparison) -> None:
    """Print a table of policies and one of orders ahead for each series, then both over all series."""
    spot = any(each.setting.market.zones for each in found)
    for each, compared in zip(found, ahead.series, strict=True):
        setting = each.setting
        days = setting.hours / 24
        title = (
            f"{setting.name}: {days:.1f} d replayed after {setting.test_from / 24:.1f} d of history, "
            f"decided every {setting.decide_every_hours} h"
        )
        _print(_columns(), rows(each), title, spot=spot)
        _print(_ahead_columns(), ahead_rows(compared), _ahead_title(ahead, each), spot=spot)
    if len(found) > 1:
        title = (
            f"{len(found)} series: cost over the sum of the optima, and its range over the series"
        )
        _print(_pooled_columns(), pooled_rows(found), title, spot=spot)
        _print(_ahead_columns(), ahead_rows(ahead.pooled), _ahead_title(ahead), spot=spot)


def _print(
    columns: Sequence[Column], rows: Sequence[Mapping[str, Any]], title: str, *, spot: bool
) -> None:
    shown = [
        column
        for column in columns
        if any(row.get(column.key) is not None for row in rows)
        and (spot or column.key != "interruptions")
    ]
    fitting = list(shown)
    width = console().width
    for key in _GIVES_WAY:
        if _width(shown, rows) > width:
            shown = [column for column in shown if column.key != key]
    print_table(shown, rows, Format.TABLE, title)
    left = [column.title.replace("\n", " ") for column in fitting if column not in shown]
    if left:
        info(f"note: no room in {width} columns for {', '.join(left)}; pipe it to see all")


def _width(columns: Sequence[Column], rows: Sequence[Mapping[str, Any]]) -> int:
    def widest(column: Column) -> int:
        values = [row.get(column.key) for row in rows]
        cells = [ABSENT if value is None else column.show(value) for value in values]
        return max(map(len, (*column.title.splitlines(), *cells)))

    return sum(map(widest, columns)) + _GAP * (len(columns) - 1) + 2


def _ahead_title(ahead: Comparison, one: Backtest | None = None) -> str:
    whose = f"{one.setting.name}: " if one else f"{len(ahead.series)} series, one setting for all: "
    return (
        f"{whose}capacity ordered {ahead.lead_hours} h ahead; / plain and / best: the planner's over "
        f"the plain autoscaler's, over the best's of {AUTOSCALERS} in hindsight; below 1 is better"
    )


def _money(usd: float) -> str:
    return f"{usd:,.0f}" if abs(usd) >= 1000 else f"{usd:,.2f}"


def _percent(share: float) -> str:
    return f"{share:.2%}"


def _quantity(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.1f}"


def _beside() -> list[Column]:
    return [
        Column("shortage_unit_hours", "shortage\nunit-h", "right", _quantity),
        Column("interruptions", "interrupted\nunits", "right", _quantity),
        Column("kgco2e", "kg CO2e", "right", _quantity),
        Column("purchases", "purchases", "right"),
    ]


def _columns() -> list[Column]:
    return [
        Column("policy", "policy"),
        Column("usd", "$", "right", _money),
        Column("usd_per_unit_hour", "$/unit-h", "right", lambda usd: f"{usd:.4g}"),
        Column("over_optimum", "over\noptimum", "right", _percent),
        *_beside(),
        Column("units_purchased", "units\nbought", "right", _quantity),
    ]


def _ahead_columns() -> list[Column]:
    def ratio(key: str, title: str) -> Column:
        return Column(key, title, "right", lambda value: f"{value:.3f}")

    return [
        Column("headroom", "headroom", "right", lambda share: f"{share:.0%}"),
        Column("autoscaler_usd", "plain\n$", "right", _money),
        Column("autoscaler_shortage_unit_hours", "plain\nunit-h", "right", _quantity),
        Column("autoscaler_unmet", "plain\nof demand", "right", _percent),
        Column("planner_shortage_unit_hours", "planner at\nthat $, unit-h", "right", _quantity),
        ratio("shortage_over_autoscaler", "shortage\n/ plain"),
        ratio("shortage_over_best", "shortage\n/ best"),
        Column("planner_usd", "planner at\nthat unit-h, $", "right", _money),
        ratio("cost_over_autoscaler", "cost\n/ plain"),
        ratio("cost_over_best", "cost\n/ best"),
    ]


def _pooled_columns() -> list[Column]:
    def over(key: str, title: str) -> Column:
        return Column(f"over_optimum{key}", title, "right", _percent)

    columns: list[Any] = [Column("policy", "policy"), Column("usd", "$", "right", _money)]
    columns += [over("", "over\noptimum"), over("_min", "least"), over("_median", "median")]
    return [*columns, over("_max", "most"), *_beside()]
