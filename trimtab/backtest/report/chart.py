"""A chart as inline SVG that any width can show: geometry stretches, text does not.

The outer `<svg>` fills its column and has a fixed height; positions along it are percentages, so that
labels keep their size on a phone and in print. The data sit in an inner `<svg>` whose coordinates
(see `paths`) are stretched over the same area. Margins are the style sheet's: text may overflow the
drawing, and a margin of the plot's kind (`ends`, for labels to the right) holds it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from trimtab.backtest.report.paths import DEPTH
from trimtab.backtest.report.scales import time_ticks
from trimtab.page.markup import Html, join, tag
from trimtab.page.scales import Tick, nice_ticks, tick_labels

LABEL_GAP_PX = 17.0
"""What two labels to the right of a plot need between their middles."""


@dataclass(frozen=True)
class Axis:
    """A linear axis.

    Attributes:
        low: the value at its left or bottom end.
        high: the value at its right or top end.
        ticks: its marks, within [low, high].
    """

    low: float
    high: float
    ticks: tuple[Tick, ...]

    def share(self, value: float) -> float:
        """Where a value lies: 0 at the low end, 1 at the high end."""
        return (value - self.low) / (self.high - self.low)


def value_axis(low: float, high: float, intervals: int = 6) -> Axis:
    """An axis of round values that covers [low, high]."""
    values = nice_ticks(low, high if high > low else low + 1.0, intervals)
    labels = tick_labels(values)
    ticks = tuple(Tick(value, label) for value, label in zip(values, labels, strict=True))
    return Axis(values[0], values[-1], ticks)


def time_axis(start: datetime, hours: int, counts: Sequence[int] = (4, 6, 12)) -> Axis:
    """An axis in hours from an instant, with calendar ticks; `counts` as `time_ticks` has them."""
    return Axis(0.0, float(hours), time_ticks(start, hours, counts))


@dataclass(frozen=True)
class Key:
    """An entry of a legend.

    Attributes:
        kind: the style's class; the swatch is drawn with it.
        label: what it is.
        value: a figure beside it, or nothing.
        mark: the sign that stands at the line's end where there is no room for the label.
        shape: `line`, `area` or `band`.
    """

    kind: str
    label: str
    value: str = ""
    mark: str = ""
    shape: str = "line"


@dataclass(frozen=True)
class EndLabel:
    """A text to the right of a plot, at the height where its line ends."""

    kind: str
    text: str
    mark: str
    at: float


@dataclass(frozen=True)
class TimeAxis:
    """What the readout needs to name an hour: the axis' beginning and length."""

    start: datetime
    hours: int


@dataclass(frozen=True)
class Chart:
    """All of a chart but its caption.

    Attributes:
        name: its identifier, unique on the page.
        title: what it shows, in a few words.
        description: the same for those who can't see it, with the main figures.
        x: the horizontal axis.
        y: the vertical axis.
        unit: of the vertical axis, written above it.
        data: the inner drawing, in coordinates of `columns` by DEPTH.
        columns: the inner drawing's width.
        window: of the inner drawing, the part that is shown: left, top, width, height; None for all.
        keys: the legend.
        over: marks above the data, placed by percentages.
        ends: labels to the right.
        time: for charts over time.
        height_px: the plot's height.
        x_title: under the horizontal axis; nothing where it is time.
    """

    name: str
    title: str
    description: str
    x: Axis
    y: Axis
    unit: str
    data: Html
    columns: float
    window: tuple[float, float, float, float] | None = None
    keys: tuple[Key, ...] = ()
    over: Html = field(default_factory=Html)
    ends: tuple[EndLabel, ...] = ()
    time: TimeAxis | None = None
    height_px: int = 260
    x_title: str = ""


def percentage(share: float) -> str:
    """A share as SVG writes it, to a hundredth of a per cent."""
    return f"{100 * share:.2f}".rstrip("0").rstrip(".") + "%"


def figure(chart: Chart, caption: Html | str = "") -> Html:
    """The chart as a `<figure>` with its heading, legend and plot."""
    window = chart.window or (0, 0, chart.columns, DEPTH)
    drawing = tag(
        "svg",
        tag("title", chart.title, id=f"{chart.name}-title"),
        tag("desc", chart.description, id=f"{chart.name}-desc"),
        _grid(chart),
        tag(
            "svg",
            chart.data,
            class_="data",
            width="100%",
            height="100%",
            viewBox=" ".join(f"{edge:.8g}" for edge in window),
            preserveAspectRatio="none",
        ),
        chart.over,
        _ends(chart),
        class_="drawing",
        role="img",
        aria_labelledby=f"{chart.name}-title {chart.name}-desc",
        width="100%",
        height=chart.height_px,
    )
    hover = None
    if chart.time:
        hover = tag(
            "div",
            class_="hover",
            aria_hidden="true",
            data_start=int(chart.time.start.timestamp()),
            data_hours=chart.time.hours,
            data_low=f"{chart.y.low:.12g}",
            data_high=f"{chart.y.high:.12g}",
            data_prefix="$" if chart.unit.startswith("USD") else "",
        )
    return tag(
        "figure",
        tag("figcaption", tag("h4", chart.title), tag("p", caption) if caption else None),
        legend(chart.keys),
        tag("p", chart.unit, class_="unit") if chart.unit else None,
        tag("div", drawing, hover, class_="plot ends" if chart.ends else "plot"),
        tag("p", chart.x_title, class_="x-title") if chart.x_title else None,
        id=chart.name,
        class_=f"chart chart-{chart.name.rpartition('-')[2]}",
    )


def legend(keys: Sequence[Key]) -> Html:
    """The entries with their swatches, as a list."""
    if not keys:
        return Html()
    return tag("ul", *(_key(each) for each in keys), class_="legend")


def _key(key: Key) -> Html:
    if key.shape == "line":
        shape = tag("path", d="M0 6H24", class_=f"line {key.kind}")
    else:
        shape = tag("rect", width=24, height=12, class_=f"{key.shape} {key.kind}")
    swatch = tag("svg", shape, class_="swatch", width=24, height=12, aria_hidden="true")
    return tag(
        "li",
        swatch,
        tag("span", key.mark, class_="mark") if key.mark else None,
        tag("span", key.label),
        tag("b", key.value) if key.value else None,
    )


def _grid(chart: Chart) -> Html:
    lines = []
    for tick in chart.y.ticks:
        y = percentage(1 - chart.y.share(tick.at))
        zero = "zero" if tick.at == 0 else None
        lines.append(tag("line", x2="100%", y1=y, y2=y, class_=zero))
        lines.append(tag("text", tick.label, y=y, class_="y"))
    for tick in chart.x.ticks:
        x = percentage(chart.x.share(tick.at))
        level = f"x level-{tick.level}"
        lines.append(tag("text", tick.label, x=x, y="100%", class_=level))
    return tag("g", *lines, class_="grid")


def _ends(chart: Chart) -> Html:
    spread = spread_out([_pixels(chart, each) for each in chart.ends], chart.height_px)
    labels = []
    for each, at in zip(chart.ends, spread, strict=True):
        own = min(max(_pixels(chart, each), 0.0), chart.height_px)
        labels.append(
            tag(
                "svg",
                tag("path", d=f"M0 0L12 {at - own:.1f}", class_=f"line leader {each.kind}"),
                x="100%",
                y=own,
                overflow="visible",
            )
        )
        labels.append(tag("text", each.text, x="100%", dx=16, y=at, dy=".32em", class_="end wide"))
        labels.append(tag("text", each.mark, x="100%", dx=16, y=at, dy=".32em", class_="end mark"))
    return join(*labels)


def _pixels(chart: Chart, label: EndLabel) -> float:
    return (1 - chart.y.share(label.at)) * chart.height_px


def spread_out(wanted: Sequence[float], height: float, gap: float = LABEL_GAP_PX) -> list[float]:
    """Positions near the wanted ones, at least `gap` apart and within [0, height], in their order.

    Where they can't all fit, the gap shrinks evenly. Labels of one place keep the given order.
    """
    count = len(wanted)
    if count == 0:
        return []
    gap = min(gap, height / max(count - 1, 1))
    order = sorted(range(count), key=lambda i: wanted[i])
    # Runs of labels that touch, each centred on the mean of what its members want.
    runs: list[list[int]] = []
    for index in order:
        runs.append([index])
        while len(runs) > 1 and _top(runs[-1], wanted, gap, height) < (
            _top(runs[-2], wanted, gap, height) + gap * len(runs[-2])
        ):
            last = runs.pop()
            runs[-1] += last
    placed = [0.0] * count
    for run in runs:
        top = _top(run, wanted, gap, height)
        for offset, index in enumerate(run):
            placed[index] = top + gap * offset
    return placed


def _top(run: Sequence[int], wanted: Sequence[float], gap: float, height: float) -> float:
    extent = gap * (len(run) - 1)
    middle = sum(wanted[i] for i in run) / len(run)
    return min(max(middle - extent / 2, 0.0), height - extent)
