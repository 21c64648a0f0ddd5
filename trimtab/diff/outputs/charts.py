"""The charts of a diff's page: from before to after, step by step, and what each owner pays.

Every chart is a list of rows: a name, a bar, a figure. The bars are inline SVG whose positions are
percentages, so that they stretch with the page and the text does not. Figures are expectations; what has
none is not drawn, and the caption says so.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from trimtab.diff.model import Change, Diff
from trimtab.diff.outputs import reading
from trimtab.diff.outputs.figures import number, number_change, plural, usd, usd_change
from trimtab.page.markup import Html, join, tag
from trimtab.page.scales import nice_ticks, tick_labels
from trimtab.pricing.amount import Amount

STEPS = 10
OWNERS = 12
INTERVALS = 5
NOISE = 1e-9
"""The share of a total by which sums of the same figures in another order may differ."""
UNSEEN = 0.004
"""A narrower bar is drawn this wide, as a share of the axis: it is there."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One row.

    Attributes:
        label: what it is.
        value: the figure beside it.
        kind: the style's class: `total`, `up`, `down`, `before`, `after`.
        start, end: where the bar lies, in the chart's unit.
        also: a second bar below, likewise.
    """

    label: str
    value: str
    kind: str
    start: float
    end: float
    also: tuple[str, float, float] | None = None


@dataclass(frozen=True, slots=True)
class Unit:
    """How a chart's figures are written, and what its axis puts before them."""

    total: Callable[[float], str]
    change: Callable[[float], str]
    prefix: str = ""


DOLLARS = Unit(usd, usd_change, "$")
KILOGRAMS = Unit(number, number_change)


def cost(diff: Diff) -> Html:
    """The biggest changes, each from where the one before it ended."""
    return _waterfall(
        "cost",
        "Cost a month, from before to after",
        diff,
        lambda change: change.usd_per_month,
        (diff.before.usd, diff.after.usd),
        DOLLARS,
    )


def carbon(diff: Diff) -> Html:
    """The same for emissions; nothing where neither side has any."""
    totals = (diff.before.kgco2e, diff.after.kgco2e)
    if not any(any(each) for each in totals):
        return Html()
    return _waterfall(
        "carbon",
        "Emissions a month, from before to after (kg CO2e)",
        diff,
        lambda change: change.kgco2e_per_month,
        totals,
        KILOGRAMS,
    )


def _waterfall(
    name: str,
    title: str,
    diff: Diff,
    delta_of: Callable[[Change], Amount | None],
    totals: tuple[Amount, Amount],
    unit: Unit,
) -> Html:
    first, last = (each.expected or 0.0 for each in totals)
    steps = []
    missing = 0
    for change in diff.changes:
        delta = delta_of(change)
        if delta is None or delta.expected is None:
            missing += 1
        elif delta.expected:
            steps.append((delta.expected, reading.name_of(change.estimate)))
    steps.sort(key=lambda step: (-abs(step[0]), step[1]))
    bars = [Bar("before", unit.total(first), "total", 0.0, first)]
    at = first
    for delta_value, label in steps[:STEPS]:
        bars.append(_step(label, at, delta_value, unit))
        at += delta_value
    others = last - at
    if len(steps) > STEPS:
        bars.append(_step(plural(len(steps) - STEPS, "other change"), at, others, unit))
    elif abs(others) > NOISE * max(first, last):
        # A side of it has a figure and the other none, so that the sums know what no change does.
        bars.append(_step("changes without a single figure", at, others, unit))
    bars.append(Bar("after", unit.total(last), "total", 0.0, last))
    caption = "What is expected, the biggest changes first."
    if missing:
        are = "is" if missing == 1 else "are"
        caption += f" {plural(missing, 'change')} without a single figure {are} not drawn."
    said = f"From {unit.total(first)} to {unit.total(last)}; {len(steps):,} changes."
    keys = (("up", "more"), ("down", "less"))
    return _figure(name, title, caption, said, bars, unit, keys)


def _step(label: str, at: float, delta: float, unit: Unit) -> Bar:
    kind = "up" if delta > 0 else "down"
    return Bar(label, unit.change(delta), kind, min(at, at + delta), max(at, at + delta))


def owners(diff: Diff) -> Html:
    """What each owner pays, before above after; nothing where nobody pays."""
    paying = [each for each in diff.owners if each.before.usd.expected or each.after.usd.expected]
    if not paying:
        return Html()
    bars = []
    for each in paying[:OWNERS]:
        first, last = each.before.usd.expected or 0.0, each.after.usd.expected or 0.0
        change = usd_change(last - first)
        also = ("after", 0.0, last)
        bars.append(Bar(reading.owner_name(each.owner), change, "before", 0.0, first, also))
    left = len(paying) - len(bars)
    caption = "What is expected; the figure is the difference, the biggest first."
    if left > 0:
        caption += f" {plural(left, 'more owner')} not drawn."
    said = "; ".join(f"{bar.label} {bar.value}" for bar in bars)
    keys = (("before", "before"), ("after", "after"))
    title = "Cost a month by owner"
    return _figure("owners", title, caption, said, bars, DOLLARS, keys)


def _figure(
    name: str,
    title: str,
    caption: str,
    description: str,
    bars: Sequence[Bar],
    unit: Unit,
    keys: Sequence[tuple[str, str]],
) -> Html:
    ends = [value for bar in bars for value in (bar.start, bar.end, *(bar.also or ())[1:])]
    ticks = nice_ticks(min(0.0, *ends), max(0.0, *ends), INTERVALS)
    low, span = ticks[0], ticks[-1] - ticks[0]

    def at(value: float) -> float:
        return 100 * (value - low) / span

    grid = tag(
        "g",
        *(
            tag("line", x1=f"{at(t):.2f}%", x2=f"{at(t):.2f}%", y2="100%", class_=_zero(t))
            for t in ticks
        ),
        class_="grid",
    )
    rows = [_row(bar, grid, at) for bar in bars]
    rows.append(_axis(ticks, unit, at))
    legend = [
        tag(
            "li",
            tag(
                "svg",
                tag("rect", width=24, height=12, class_=kind),
                class_="swatch",
                width=24,
                height=12,
                aria_hidden="true",
            ),
            tag("span", label),
        )
        for kind, label in keys
    ]
    return tag(
        "figure",
        tag("figcaption", tag("h3", title, id=f"{name}-title"), tag("p", caption)),
        tag("ul", *legend, class_="legend"),
        tag("ul", *rows, class_="bars", aria_label=f"{title}. {description}"),
        id=name,
        class_="chart",
    )


def _zero(value: float) -> str | None:
    return "zero" if value == 0 else None


def _row(bar: Bar, grid: Html, at: Callable[[float], float]) -> Html:
    drawn = [_rect(bar.kind, bar.start, bar.end, at, bar.also is not None, 0)]
    if bar.also is not None:
        drawn.append(_rect(bar.also[0], bar.also[1], bar.also[2], at, True, 1))
    drawing = tag(
        "svg", grid, *drawn, width="100%", height="100%", aria_hidden="true", focusable="false"
    )
    return tag(
        "li",
        tag("span", bar.label, class_="name"),
        tag("span", drawing, class_="bar"),
        tag("b", bar.value),
        class_="whole" if bar.kind == "total" else None,
    )


def _rect(
    kind: str, start: float, end: float, at: Callable[[float], float], half: bool, place: int
) -> Html:
    left, right = at(start), at(end)
    if start == end:
        return Html()
    width = max(right - left, 100 * UNSEEN)
    y, height = (f"{14 + 38 * place}%", "34%") if half else ("18%", "64%")
    return tag("rect", x=f"{left:.3f}%", y=y, width=f"{width:.3f}%", height=height, class_=kind)


def _axis(ticks: Sequence[float], unit: Unit, at: Callable[[float], float]) -> Html:
    labels = []
    for index, (tick, label) in enumerate(zip(ticks, tick_labels(ticks, unit.prefix), strict=True)):
        place = "first" if index == 0 else "last" if index == len(ticks) - 1 else "middle"
        narrow = "" if index in (0, len(ticks) - 1) or tick == 0 else " wide"
        x = f"{at(tick):.2f}%"
        labels.append(tag("text", label, x=x, y=13, class_=f"{place}{narrow}"))
    drawing = tag("svg", *labels, width="100%", height=18)
    return tag(
        "li",
        tag("span", class_="name"),
        tag("span", drawing, class_="bar"),
        tag("b"),
        class_="axis",
        aria_hidden="true",
    )


def all_charts(diff: Diff) -> Html:
    """Cost, owners and carbon."""
    return tag("div", join(cost(diff), owners(diff), carbon(diff)), class_="charts")
