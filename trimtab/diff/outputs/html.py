"""A diff as one HTML file with charts, which needs nothing else.

Everything can be read without the script: it sorts the table of changes and opens what a link leads to.
Same diff, same bytes.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from trimtab.diff.model import BudgetState, Change, Diff, Severity
from trimtab.diff.outputs import charts, reading, working
from trimtab.diff.outputs.figures import (
    kg_cell,
    percent,
    plain,
    plural,
    usd,
    usd_cell,
    usd_change_cell,
    usd_range,
    usd_with_range,
)
from trimtab.page.document import asset, document
from trimtab.page.markup import Content, Html, join, tag
from trimtab.pricing.amount import Amount
from trimtab.pricing.model import Estimate


@dataclass(frozen=True, slots=True)
class HtmlOptions:
    """How the page is written.

    Attributes:
        title: its heading.
        rows: how many changes it has in full; the rest is summed.
    """

    title: str = "What the change costs"
    rows: int = 1_000


def html(diff: Diff, options: HtmlOptions | None = None) -> str:
    """The page."""
    options = options or HtmlOptions()
    diff = reading.settled(diff)
    changes = reading.shown(diff)
    kept = changes[: options.rows]
    body = [
        tag("header", tag("h1", options.title), _lead(diff), _tiles(diff)),
        tag("main", *_sections(diff, changes, kept)),
        _footer(diff),
    ]
    style, script = (asset(__package__ or "", name) for name in ("diff.css", "diff.js"))
    return document(options.title, style, script, *body)


def _sections(diff: Diff, changes: Sequence[Change], kept: Sequence[Change]) -> Iterator[Html]:
    if changes:
        yield charts.all_charts(diff)
    if diff.findings:
        yield _section("findings", "Findings", _findings(diff))
    if diff.budgets:
        yield _section("budgets", "Budgets", _budgets(diff))
    yield _section("changes", "Changes of cost", *_changes(diff, changes, kept))
    if found := reading.gaps(diff):
        yield _section("unpriced", "Not priced, and in no sum", _gaps(diff, found))
    if kept:
        yield _section("working", "How it was worked out", *map(_worked, range(len(kept)), kept))
    notes = [plain(each) for each in diff.notes]
    notes += [f"{whose}: {note}" for note, whose in reading.notes_of(kept)]
    if notes:
        yield _section("notes", "Notes", _list(notes))
    if found_sources := reading.sources(changes):
        texts = [f"{each.source}, {each.dates}" for each in found_sources]
        yield _section("sources", "Sources of prices, with their dates", _list(texts))


def _section(name: str, title: str, *content: Content) -> Html:
    heading = f"{name}-title"
    return tag("section", tag("h2", title, id=heading), *content, aria_labelledby=heading, id=name)


def _list(texts: Iterable[str]) -> Html:
    return tag("ul", *(tag("li", text) for text in texts), class_="plain")


def _lead(diff: Diff) -> Html:
    said = ", ".join(reading.headline(diff))
    parts: list[Content] = [tag("p", f"{said}.", class_="lead")]
    if incomplete := reading.incomplete(diff):
        parts.append(tag("p", incomplete))
    return join(*parts)


def _tiles(diff: Diff) -> Html:
    first, last, delta = diff.before, diff.after, diff.delta
    entries = [
        ("Before, a month", usd_cell(first.usd), _span(first.usd)),
        ("After, a month", usd_cell(last.usd), _span(last.usd)),
        ("Difference", usd_change_cell(delta.usd), _span(delta.usd)),
    ]
    if any(any(each) for each in (first.kgco2e, last.kgco2e)):
        after = working.kilograms(last.kgco2e)
        entries.append(("kg CO2e a month", kg_cell(delta.kgco2e), f"{after} after"))
    if any(any(each) for each in (first.interruptions, last.interruptions)):
        after = working.kilograms(last.interruptions)
        entries.append(("Spot interruptions", kg_cell(delta.interruptions), f"{after} after"))
    if last.unmet_share is not None:
        entries.append(("Demand unmet, at most", percent(last.unmet_share), "after"))
    if diff.untagged is not None and any(diff.untagged.usd):
        entries.append(("With no owner", usd_cell(diff.untagged.usd), "after"))
    if count := len(list(reading.unpriced(diff))):
        entries.append(("Not or partly priced", plural(count, "resource"), "in no sum"))
    return tag(
        "ul",
        *(tag("li", tag("span", a), tag("b", b), tag("small", c)) for a, b, c in entries),
        class_="tiles",
    )


def _span(amount: Amount) -> str:
    """The bounds, unless they stand for the expectation already."""
    return usd_range(amount) if amount.expected is not None else ""


def _scrolling(
    caption: str, head: Sequence[Content], rows: Iterable[Html], kind: str = "prose"
) -> Html:
    """A table that scrolls sideways by itself where the page is narrower."""
    heads = (each if isinstance(each, Html) else tag("th", each, scope="col") for each in head)
    table = tag(
        "table",
        tag("caption", caption, class_="hidden"),
        tag("thead", tag("tr", *heads)),
        tag("tbody", *rows),
        class_=kind,
    )
    # Focusable, so that the keyboard can scroll it.
    return tag("div", table, class_="scroll", tabindex=0, role="region", aria_label=caption)


def _findings(diff: Diff) -> Html:
    names = {change.key: reading.name_of(change.estimate) for change in diff.changes}
    rows = [
        tag(
            "tr",
            tag("th", names.get(each.key, plain(each.key)) or "the change", scope="row"),
            tag("td", tag("b", str(each.severity), class_=_GRAVE.get(each.severity))),
            tag("td", f"{plain(each.message)}; {plain(each.mend)}", class_="text"),
            tag("td", each.rule.id),
            tag("td", "yes" if each.introduced else "no"),
        )
        for each in diff.findings
    ]
    head = ("resource", "severity", "what is wrong, and what to do", "rule", "new")
    return _scrolling("Findings", head, rows)


_GRAVE = {Severity.ERROR: "bad", Severity.WARNING: "warn"}


def _budgets(diff: Diff) -> Html:
    rows = []
    for each in diff.budgets:
        used = reading.used(each)
        grave = "bad" if each.state is BudgetState.EXCEEDED else "warn"
        mark = None if each.state is BudgetState.WITHIN else grave
        state = f"{each.state}{', by this change' if each.newly else ''}"
        figures = (usd(each.usd_per_month), usd(each.before), usd(each.after), used)
        rows.append(
            tag(
                "tr",
                tag("th", plain(each.name), scope="row"),
                *(tag("td", figure) for figure in figures),
                tag("td", tag("b", state, class_=mark) if mark else state, class_="text"),
            )
        )
    state_head = tag("th", "state", scope="col", class_="text")
    head = ("budget", "$ a month", "before", "after", "used", state_head)
    return _scrolling("Budgets", head, rows, "figures")


_COLUMNS = (
    ("resource", "text"),
    ("$ a month before", "number"),
    ("after", "number"),
    ("difference", "number"),
    ("kg CO2e", "number"),
    ("kind", "text"),
    ("owner", "text"),
)


def _changes(diff: Diff, changes: Sequence[Change], kept: Sequence[Change]) -> Iterator[Html]:
    if kept:
        head = [
            tag("th", tag("button", title, type="button", data_sort=kind), scope="col")
            for title, kind in _COLUMNS
        ]
        rows = [_change(place, change) for place, change in enumerate(kept)]
        yield _scrolling("Changes of cost, the biggest first", head, rows, "changes")
    if more := changes[len(kept) :]:
        yield tag("p", f"{plural(len(more), 'more change')}: {reading.together(more)}.")
    if left := reading.rest(diff, changes):
        yield tag("p", left)
    marks = "".join(map(reading.marks_of, kept))
    said = [f"{letter}: {text}" for letter, text in reading.MARKS.items() if letter in marks]
    if said:
        yield tag("p", f"{'; '.join(said)}.", class_="marks")


def _change(place: int, change: Change) -> Html:
    estimate = change.estimate
    marks = reading.marks_of(change)
    delta = change.usd_per_month
    span = "" if delta is None else _span(delta)
    direction = None
    if delta is not None and delta.expected:
        direction = "more" if delta.expected > 0 else "fewer"
    return tag(
        "tr",
        tag(
            "th",
            tag(
                "span", reading.SIGNS[change.operation], class_="sign", title=str(change.operation)
            ),
            tag("a", reading.name_of(estimate), href=f"#r{place}"),
            tag("sup", marks) if marks else None,
            scope="row",
            data_value=reading.name_of(estimate),
        ),
        tag("td", reading.side_cell(change.before), data_value=_value(_usd(change.before))),
        tag("td", reading.side_cell(change.after), data_value=_value(_usd(change.after))),
        tag(
            "td",
            tag("b", usd_change_cell(delta), class_=direction),
            tag("small", span) if span else None,
            data_value=_value(delta),
        ),
        tag("td", reading.emissions_cell(change), data_value=_value(change.kgco2e_per_month)),
        tag("td", reading.kind_of(estimate), class_="text"),
        tag("td", reading.owner_name(change.owner), class_="text"),
    )


def _usd(side: Estimate | None) -> Amount | None:
    return None if side is None else side.usd_per_month


def _value(amount: Amount | None) -> str:
    """What a column is sorted by; "" is not known."""
    if amount is None or amount.expected is None:
        return ""
    return f"{amount.expected:.6f}"


def _gaps(diff: Diff, found: Sequence[reading.GapRow]) -> Html:
    rows = [
        tag(
            "tr",
            tag("th", each.type, scope="row"),
            tag("td", f"{each.count:,}"),
            tag("td", each.example, class_="text"),
            tag("td", f"{each.label}: {each.reason}", class_="text"),
        )
        for each in found
    ]
    caption = f"Not priced: {percent(diff.unpriced_share)} of what costs money"
    return _scrolling(caption, ("type", "how many", "such as", "what and why"), rows)


def _worked(place: int, change: Change) -> Html:
    estimate = change.estimate
    resource = estimate.resource
    before, after = reading.side_cell(change.before), reading.side_cell(change.after)
    facts = [plain(resource.type), plain(resource.key), plain(resource.where)]
    parts: list[Content] = [
        tag(
            "summary",
            tag("span", reading.name_of(estimate)),
            tag("small", f" {change.operation}, {before} → {after}"),
        ),
        tag("p", tag("small", " · ".join(each for each in facts if each))),
    ]
    if change.fields:
        parts.append(_list(_field(change)))
    sides = [("before", change.before), ("after", change.after)]
    if change.before == change.after:
        sides = sides[1:]
    parts += [_side(title, side) for title, side in sides if side is not None]
    return tag("details", *parts, id=f"r{place}")


def _field(change: Change) -> Iterator[str]:
    for field in change.fields:
        before = reading.ABSENT if field.before is None else plain(field.before)
        after = reading.ABSENT if field.after is None else plain(field.after)
        replaces = ", replaces it" if field.replaces else ""
        yield f"{plain(field.path)}: {before} → {after}{replaces}"


def _side(title: str, estimate: Estimate) -> Html:
    rows = [
        tag(
            "tr",
            tag("th", plain(charge.label), scope="row"),
            tag("td", working.product(charge).rpartition(" = ")[0], class_="text"),
            tag("td", usd_with_range(charge.usd_per_month)),
            tag("td", working.basis(charge, estimate), class_="text"),
            tag("td", working.price(charge), class_="text"),
        )
        for charge in estimate.charges
    ]
    if estimate.usd_per_month is not None:
        cells = (tag("td"), tag("td", working.sum_line(estimate)), tag("td"), tag("td"))
        rows.append(tag("tr", tag("th", "sum", scope="row"), *cells, class_="sum"))
    table = None
    if rows:
        head = (title, "quantity x rate", "$ a month", "quantity is", "price is")
        table = _scrolling(f"{title}: {reading.name_of(estimate)}", head, rows)
    rest = list(working.remarks(estimate))
    return join(table, _list(f"{title}: {line}" for line in rest) if rest else None)


def _footer(diff: Diff) -> Html:
    prices = f"; {'; '.join(map(plain, diff.prices))}" if diff.prices else ""
    said = f"{reading.compared(diff)}, for a month of 730 hours, as of {diff.as_of:%Y-%m-%d %H:%M} UTC{prices}."
    return tag("footer", said)
