"""Capacity ordered hours ahead, beside autoscalers: one table a series, and one of all."""

from trimtab.backtest.ahead import AUTOSCALERS
from trimtab.backtest.provisioning import Comparison, Point, Series
from trimtab.backtest.report.scales import per_hour_unit
from trimtab.backtest.report.tables import scrolling
from trimtab.page.markup import Html, join, tag
from trimtab.page.scales import amount, money, percent

RATIO_DIGITS = 3


def ordered_ahead(compared: Comparison, one: Series, unit: str, identifier: str) -> Html:
    """A series' table, or all series' (`Comparison.pooled`), with what its figures are."""
    hours = per_hour_unit(unit)
    whose = "One setting for all series, their sums." if one is compared.pooled else ""
    said = (
        f"A node ordered now serves {compared.lead_hours} h later; all that is ordered is paid for "
        "at the on-demand price. Left the autoscaler that orders the last observation with headroom. "
        "Beside it what the planner's orders leave unmet at the same cost, and cost at the same "
        f"shortage: also over the best of {AUTOSCALERS} autoscalers. Both sides' settings are picked "
        f"afterwards. Below 1 the planner is better. {whose}"
    ).strip()
    head = (
        "headroom",
        "autoscaler's cost",
        "its shortage",
        "planner's shortage",
        "over the autoscaler's",
        "over the best's",
        "planner's cost",
        "over the autoscaler's",
        "over the best's",
    )
    notes = (
        "on the last observation",
        "USD",
        f"{hours} (of demand)",
        f"at equal cost, {hours}",
        "",
        "",
        "at equal shortage, USD",
        "",
        "",
    )
    rows = [_row(point, one.demand_unit_hours) for point in one.points]
    caption = f"Capacity ordered {compared.lead_hours} h ahead, beside autoscalers"
    return join(
        tag("h3", "Ordering ahead", id=identifier),
        tag("p", said),
        scrolling(caption, head, notes, rows),
    )


def _row(point: Point, demand: float) -> Html:
    unmet = point.shortage_unit_hours
    cells = (
        money(point.cost_usd),
        f"{amount(unmet)} ({percent(unmet / demand, 2)})" if unmet else "0",
        amount(point.planner_shortage_unit_hours),
        _ratio(point.shortage_ratio),
        _ratio(point.shortage_ratio_to_best),
        "none as low" if point.planner_cost_usd is None else money(point.planner_cost_usd),
        _ratio(point.cost_ratio),
        _ratio(point.cost_ratio_to_best),
    )
    return tag(
        "tr",
        tag("th", percent(point.headroom, 0), scope="row"),
        *(tag("td", cell) for cell in cells),
    )


def _ratio(value: float | None) -> str:
    return "none" if value is None else f"{value:.{RATIO_DIGITS}f}"
