"""The whole report: one HTML file that needs nothing else.

Everything can be read without the script; it only adds readouts under the pointer. Same backtests,
same bytes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trimtab.backtest.model import Backtest, Market
from trimtab.backtest.pooling import cheapest_first, pooled, pooled_optimum
from trimtab.backtest.provisioning import Comparison
from trimtab.backtest.report import charts, overview, tables
from trimtab.backtest.report.ahead import ordered_ahead
from trimtab.backtest.report.demand import demand
from trimtab.backtest.report.reading import best_rules, dearest, is_hindsight
from trimtab.backtest.report.scales import per_hour_unit
from trimtab.errors import InputError
from trimtab.page.document import asset, document
from trimtab.page.markup import Html, join, tag
from trimtab.page.scales import amount, money, percent


@dataclass(frozen=True)
class Source:
    """An input that the backtests were made from: what it is called, and the digest of its bytes."""

    name: str
    digest: str


def render(
    backtests: Sequence[Backtest],
    *,
    title: str | None = None,
    ahead: Comparison | None = None,
    sources: Sequence[Source] = (),
    notes: Sequence[str] = (),
) -> str:
    """The report of one or several backtests, one a series, as an HTML document.

    Args:
        backtests: at least one; their optimum's and policies' hours are their setting's.
        ahead: capacity ordered ahead on the same series, in the same order.
        title: the page's heading; by default the series' name, or how many there are.
        sources: the inputs, for the closing section.
        notes: what else a reader must know, a sentence each: repairs, assumptions.

    Raises:
        InputError: there is nothing to report.
    """
    if not backtests:
        raise InputError("no backtest to report", where="report")
    names = [each.setting.name for each in backtests]
    if title is None:
        title = f"Backtest of {names[0] if len(names) == 1 else f'{len(names)} series'}"
    body = [_head(title, backtests)]
    if len(backtests) > 1:
        body.append(_overview(backtests, names, ahead))
    markets = _markets(backtests)
    for place, each in enumerate(backtests):
        below = Html()
        if ahead is not None:
            below = ordered_ahead(ahead, ahead.series[place], each.setting.unit, f"s{place}-ahead")
        body.append(_series(each, f"s{place}", below, alone=len(backtests) == 1))
    body.append(_conditions(backtests, markets, sources, notes))
    style, script = (asset(__package__ or "", name) for name in ("report.css", "report.js"))
    return document(title, style, script, *body)


def _head(title: str, backtests: Sequence[Backtest]) -> Html:
    one = backtests[0].setting
    many = len(backtests)
    what = one.name if many == 1 else f"{many} demand series"
    hours = sum(each.setting.hours for each in backtests)
    lead = (
        f"{what}: {hours:,} hours replayed. At each decision a policy saw only what had happened by "
        "then; the clairvoyant optimum saw everything, and is what costs are compared with."
    )
    tiles = _tiles(backtests[0]) if many == 1 else Html()
    return tag("header", tag("h1", title), tag("p", lead), tiles)


def _tiles(backtest: Backtest) -> Html:
    """The figures that a reader wants first."""
    planner = backtest.planner
    rules = best_rules(backtest, 1)
    listed = dearest(backtest)
    unit = backtest.setting.unit
    needed = float(backtest.setting.demand[backtest.setting.test_from :].sum())
    missed = planner.shortage_unit_hours
    entries = [
        ("Planner's cost", money(planner.usd), f"optimum {money(backtest.optimum.usd)}"),
        ("Over the optimum", tables.share(planner.regret), "what foresight would have saved"),
    ]
    if rules:
        entries.append(
            _against(
                "best simple rule",
                rules[0].usd,
                planner.usd,
                f"{rules[0].policy}, picked afterwards",
            )
        )
    if listed is not None:
        entries.append(_against("all on-demand", listed.usd, planner.usd, money(listed.usd)))
    entries.append(
        (
            "Shortage",
            percent(missed / needed if needed else 0.0, 2),
            f"{amount(missed)} {per_hour_unit(unit)}",
        )
    )
    if planner.kgco2e is not None:
        entries.append(("Carbon", f"{amount(planner.kgco2e)} kg", "CO₂e of what ran"))
    return tag(
        "ul",
        *(tag("li", tag("span", a), tag("b", b), tag("small", c)) for a, b, c in entries),
        class_="tiles",
    )


def _against(what: str, other: float, own: float, note: str) -> tuple[str, str, str]:
    gain = 1 - own / other if other else 0.0
    word = "cheaper" if gain >= 0 else "dearer"
    digits = 1 if abs(gain) >= 0.001 else 2
    return (f"Against {what}", f"{percent(abs(gain), digits)} {word}", note)


def _overview(
    backtests: Sequence[Backtest], names: Sequence[str], ahead: Comparison | None
) -> Html:
    found = pooled(backtests)
    planner = found[0]
    known = planner.known
    everywhere = [each for each in found[1:] if each.replayed == planner.replayed]
    rules = [each for each in everywhere if not is_hindsight(each)]
    entries = [
        ("Planner over the optimum, pooled", tables.share(planner.over_optimum), money(planner.usd))
    ]
    if len(known):
        span = f"{percent(known.min())} to {percent(known.max())}"
        entries.append(("Median series", percent(float(np.median(known))), span))
    if rules:
        best = cheapest_first(rules)[0]
        entries.append(
            _against("best simple rule", best.usd, planner.usd, f"{best.policy}, picked afterwards")
        )
        entries.append(_cheapest(backtests))
    entries.append(("Shortage", percent(planner.shortage_share, 2), "of demand"))
    return tag(
        "section",
        tag("h2", "All series", id="all"),
        tag(
            "ul",
            *(tag("li", tag("span", a), tag("b", b), tag("small", c)) for a, b, c in entries),
            class_="tiles",
        ),
        overview.strip(found, names),
        tables.over_all(found, pooled_optimum(backtests), names),
        Html()
        if ahead is None
        else ordered_ahead(ahead, ahead.pooled, backtests[0].setting.unit, "all-ahead"),
        tag(
            "nav",
            tag(
                "ul",
                *(tag("li", tag("a", name, href=f"#s{index}")) for index, name in enumerate(names)),
                class_="contents",
            ),
            aria_label="Series",
        ),
        aria_labelledby="all",
    )


def _cheapest(backtests: Sequence[Backtest]) -> tuple[str, str, str]:
    """On how many series no rule that somebody could have followed was cheaper."""
    won = sum(
        each.planner.usd <= best_rules(each, 1)[0].usd for each in backtests if best_rules(each, 1)
    )
    return ("Planner cheapest on", f"{won} of {len(backtests)}", "series, rules without foresight")


def _series(backtest: Backtest, name: str, ahead: Html, *, alone: bool) -> Html:
    setting = backtest.setting
    pair = [charts.cost(backtest, name)]
    if backtest.calibration is not None:
        pair.append(charts.calibration(backtest.calibration, name))
    return tag(
        "section",
        tag("h2", setting.name, id=name),
        tables.facts(setting),
        None if alone else _tiles(backtest),
        tag(
            "div",
            demand(backtest, name),
            charts.capacity(backtest, name),
            tag("div", *pair, class_="pair"),
            class_="charts",
        ),
        tables.policies(backtest),
        ahead,
        aria_labelledby=name,
    )


def _markets(backtests: Sequence[Backtest]) -> list[list[Backtest]]:
    """The backtests by market: equal prices and terms, in order of first appearance."""
    groups: dict[tuple[object, ...], list[Backtest]] = {}
    for each in backtests:
        groups.setdefault((_identity(each.setting.market), each.setting.unit), []).append(each)
    return list(groups.values())


def _identity(market: Market) -> tuple[object, ...]:
    return (
        market.on_demand_usd_per_hour,
        market.products,
        market.zones,
        tuple(market.spot_usd_per_hour.tolist()),
        market.restart_hours,
        market.launch_hours,
    )


def _conditions(
    backtests: Sequence[Backtest],
    markets: Sequence[Sequence[Backtest]],
    sources: Sequence[Source],
    notes: Sequence[str],
) -> Html:
    prices = []
    for group in markets:
        if len(markets) > 1:
            prices.append(tag("h3", ", ".join(each.setting.name for each in group)))
        prices.append(tables.market(group[0].setting.market, group))
    rules = [tag("li", each) for each in (*_rules(backtests), *notes)]
    inputs = None
    if sources:
        inputs = join(
            tag("h3", "Inputs"),
            tag(
                "ul",
                *(tag("li", each.name, " ", tag("code", each.digest)) for each in sources),
                class_="conditions",
            ),
        )
    return tag(
        "section",
        tag("h2", "Prices, terms and conditions", id="conditions"),
        *prices,
        tag("ul", *rules, class_="conditions"),
        inputs,
        aria_labelledby="conditions",
    )


def _rules(backtests: Sequence[Backtest]) -> list[str]:
    """What was charged and what was seen, as sentences."""
    settings = [each.setting for each in backtests]
    commitment = (
        "A commitment serves from the hour it is bought, is paid for every hour of its term, used or "
        "not, and can't be given back. What it does not serve is bought in the hour itself."
    )
    found = [
        "A decision sees demand, prices and spot availability up to its hour, and what is held.",
        commitment,
    ]
    if all(each.full_term for each in settings):
        found.append(
            "Every purchase is charged to the end of its term, beyond the series too; so is the "
            "optimum's."
        )
    elif not any(each.full_term for each in settings):
        found.append(
            "Only the hours inside the series are charged: a term that runs on beyond its end costs "
            "nothing there, for the policies and the optimum alike."
        )
    else:
        full = ", ".join(each.name for each in settings if each.full_term)
        found.append(f"Terms are charged to their end, beyond the series too, on: {full}.")
    restarts = sorted({each.market.restart_hours for each in settings})
    launches = sorted({each.market.launch_hours for each in settings})
    hours = " or ".join(f"{value:g}" for value in restarts)
    minutes = " or ".join(f"{60 * value:g}" for value in launches)
    lost = f"{hours} h at the list price: restart and lost work."
    launch = (
        f"A launched unit serves after {minutes} min; it is paid for from the start, and what it "
        "does not serve is shortage."
    )
    found += [
        f"A forced interruption of a spot unit costs {lost}",
        launch,
        "Shortage is reported in unit-hours beside the cost, and has no price in it.",
        "The optimum knows all demand and spot availability, and may buy at any hour.",
    ]
    return found
