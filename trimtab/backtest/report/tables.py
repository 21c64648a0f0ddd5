"""The tables of a report: the policies of one series, the policies over all, the market, the facts."""

from collections.abc import Sequence
from datetime import timedelta
from typing import TypeAlias

import numpy as np

from trimtab.backtest.model import Backtest, Market, Outcome, Setting
from trimtab.backtest.pooling import Pooled, cheapest_first
from trimtab.backtest.report.reading import is_hindsight
from trimtab.backtest.report.scales import instant, per_hour_unit
from trimtab.clock import format_duration
from trimtab.page.markup import Html, join, tag
from trimtab.page.scales import amount, money, number, percent

UNKNOWN = "not known"
CARBON = "carbon"

Row: TypeAlias = tuple[Html, Sequence[str], str | None]
"""A policy's name, its figures, and the style's class of its row."""
CENT_DIGITS = 4


def policies(backtest: Backtest) -> Html:
    """Every policy with what it cost, cheapest first, the optimum at the top."""
    outcomes = sorted(backtest.outcomes, key=lambda each: each.usd)
    demand = float(backtest.setting.demand[backtest.setting.test_from :].sum())
    unit, hours = backtest.setting.unit, per_hour_unit(backtest.setting.unit)
    head = (
        "policy",
        "cost",
        "over the optimum",
        "shortage",
        "interruptions",
        CARBON,
        "purchases",
    )
    notes = ("", "USD", "", f"{hours} (of demand)", "", "kg CO₂e", f"number ({unit})")
    rows: list[Row] = [(_named(backtest.optimum), _cells(backtest.optimum, demand), "optimum")]
    for outcome in outcomes:
        kind = "planner" if outcome is backtest.planner else None
        rows.append((_named(outcome), _cells(outcome, demand), kind))
    return _policies(f"Policies on {backtest.setting.name}, cheapest first", head, notes, rows)


def _cells(outcome: Outcome, demand: float) -> tuple[str, ...]:
    bought = sum(each.quantity for each in outcome.purchases)
    missed = outcome.shortage_unit_hours
    purchases = f"{len(outcome.purchases):,} ({amount(bought)})" if bought else "none"
    return (
        money(outcome.usd),
        share(outcome.regret),
        f"{amount(missed)} ({percent(missed / demand, 2)})" if missed else "0",
        amount(outcome.interruptions),
        UNKNOWN if outcome.kgco2e is None else amount(outcome.kgco2e),
        purchases,
    )


def _named(outcome: "Outcome | Pooled") -> Html:
    foresight = tag("small", " knew the future") if is_hindsight(outcome) else None
    return join(outcome.policy, foresight)


def _policies(
    caption: str,
    head: Sequence[str],
    notes: Sequence[str],
    rows: Sequence[Row],
) -> Html:
    """The table; carbon has a column only where some of it is known."""
    carbon = head.index(CARBON)
    known = any(cells[carbon - 1] != UNKNOWN for _, cells, _ in rows)
    kept = [place for place in range(1, len(head)) if known or place != carbon]
    lines = [
        tag(
            "tr",
            tag("th", name, scope="row"),
            *(tag("td", cells[place - 1]) for place in kept),
            class_=kind,
        )
        for name, cells, kind in rows
    ]
    kept.insert(0, 0)
    return scrolling(caption, [head[p] for p in kept], [notes[p] for p in kept], lines)


def share(value: float) -> str:
    """A cost over the optimum's."""
    return percent(value) if np.isfinite(value) else "not defined"


def over_all(found: Sequence[Pooled], optimum: Pooled, names: Sequence[str]) -> Html:
    """Every policy over all series, least pooled cost first, the optimum at the top."""
    head = (
        "policy",
        "cost",
        "over the optimum, pooled",
        "median",
        "lowest to highest",
        "shortage",
        "interruptions",
        CARBON,
    )
    notes = ("", "USD", "", "", "by series", "of demand", "", "kg CO₂e")
    rows: list[Row] = []
    for each in (optimum, *cheapest_first(found)):
        known = each.known
        span = f"{share(known.min())} to {share(known.max())}" if len(known) else "not defined"
        cells = (
            money(each.usd),
            share(each.over_optimum),
            share(float(np.median(known))) if len(known) else "not defined",
            span,
            percent(each.shortage_share, 2),
            amount(each.interruptions),
            UNKNOWN if each.kgco2e is None else amount(each.kgco2e),
        )
        name = _named(each)
        if each.replayed < len(names):
            name = join(name, tag("small", f" on {each.replayed} of {len(names)}"))
        kind = {id(found[0]): "planner", id(optimum): "optimum"}.get(id(each))
        rows.append((name, cells, kind))
    return _policies(f"Policies over {len(names)} series, cheapest first", head, notes, rows)


def market(found: Market, backtests: Sequence[Backtest]) -> Html:
    """The prices of one market, with what each option saves on the list price."""
    listed = found.on_demand_usd_per_hour
    unit = backtests[0].setting.unit
    rows = [_price("on-demand", listed, listed, "hour by hour")]
    for product in found.products:
        term = format_duration(timedelta(hours=product.term_hours))
        rows.append(_price(product.name, product.usd_per_hour, listed, f"committed for {term}"))
    for zone, name in enumerate(found.zones):
        offered = [each.setting.spot_available[zone] for each in backtests]
        depth = max(float(each.max(initial=0.0)) for each in offered)
        up = float(np.mean(np.concatenate([each > 0 for each in offered])))
        note = f"offered in {percent(up, 0)} of the hours, up to {amount(depth)} {unit}"
        rows.append(_price(f"spot, {name}", float(found.spot_usd_per_hour[zone]), listed, note))
    head = ("purchase option", "price", "below list", "terms")
    notes = ("", f"USD per {per_hour_unit(unit)[:-1]}", "", "")
    return scrolling("Prices", head, notes, rows, "prices")


def _price(name: str, usd: float, listed: float, note: str) -> Html:
    saving = percent(1 - usd / listed, 0) if listed and usd != listed else ""
    return tag(
        "tr",
        tag("th", name, scope="row"),
        tag("td", f"${number(usd, CENT_DIGITS)}"),
        tag("td", saving),
        tag("td", note, class_="prose"),
    )


def facts(setting: Setting) -> Html:
    """What was replayed, as terms and their values."""
    test = setting.demand[setting.test_from :]
    history = format_duration(timedelta(hours=setting.test_from))
    ended = instant(setting.at(len(setting.demand)))
    replayed = f"{instant(setting.at(setting.test_from))} to {ended} UTC, {setting.hours:,} h"
    entries = (
        ("History", f"{instant(setting.start)} UTC, {history}"),
        ("Replayed", replayed),
        (
            "Demand replayed",
            f"mean {amount(float(test.mean()))}, peak {amount(float(test.max()))} {setting.unit}",
        ),
        ("Decisions", f"every {format_duration(timedelta(hours=setting.decide_every_hours))}"),
    )
    return terms(entries)


def terms(entries: Sequence[tuple[str, str]]) -> Html:
    """A list of terms and what they mean."""
    return tag(
        "dl",
        *(tag("div", tag("dt", term), tag("dd", meaning)) for term, meaning in entries),
        class_="facts",
    )


def scrolling(
    caption: str,
    head: Sequence[str],
    notes: Sequence[str],
    rows: Sequence[Html],
    kind: str = "policies",
) -> Html:
    """A table that scrolls sideways by itself where the page is narrower."""
    heads = (
        tag("th", join(name, tag("small", note) if note else None), scope="col")
        for name, note in zip(head, notes, strict=True)
    )
    table = tag(
        "table",
        tag("caption", caption),
        tag("thead", tag("tr", *heads)),
        tag("tbody", *rows),
        class_=kind,
    )
    # Focusable, so that the keyboard can scroll it.
    return tag("div", table, class_="scroll", tabindex=0, role="region", aria_label=caption)
