"""The chart of demand and of the forecasts that were made on the way.

The whole first, then each forecast by itself: windows onto the drawing of the whole, in which a week of
a year is too narrow to be read.
"""

from collections.abc import Sequence

import numpy as np

from trimtab.backtest.model import Array, Backtest, Fan, Setting
from trimtab.backtest.report.chart import Chart, Key, TimeAxis, figure, time_axis, value_axis
from trimtab.backtest.report.paths import (
    BAND_TOLERANCE,
    COLUMNS,
    DEPTH,
    band,
    middles,
    polyline,
    step_line,
)
from trimtab.backtest.report.reading import level_at
from trimtab.backtest.report.scales import date, instant
from trimtab.forecast.model import HOURS_PER_WEEK
from trimtab.page.markup import Html, join, tag
from trimtab.page.scales import amount

CLOSE_UPS = 6
"""Most forecasts that are shown by themselves, spread over all."""


def demand(backtest: Backtest, prefix: str) -> Html:
    """Demand with some of its history in grey, and the forecasts made on the way."""
    setting = backtest.setting
    first = setting.test_from - _history_shown(setting)
    shown = setting.demand[first:]
    hours, began = len(shown), setting.test_from - first
    fans = until_next(backtest.fans, len(setting.demand))
    highest = [float(level_at(fan.quantiles, 0.9).max()) for fan in fans]
    y = value_axis(0.0, max([float(shown.max()), *highest]))
    width = min(hours, COLUMNS)
    past, test = shown.copy(), shown.copy()
    past[began:], test[:began] = np.nan, np.nan
    line = step_line(test, y.low, y.high)
    bands = tag("g", *_bands(fans, first, y.low, y.high), id=f"{prefix}-fans")
    scale = None if hours == width else f"scale({width / hours:.6g} 1)"
    data = join(
        tag("rect", width=width * began / hours, height=DEPTH, class_="past"),
        tag("g", bands, transform=scale) if fans else None,
        tag("path", d=step_line(past, y.low, y.high), class_="line history"),
        tag("path", d=line, class_="line demand", data_label="demand", id=f"{prefix}-line"),
    )
    keys = [Key("history", "history"), Key("demand", "demand replayed")]
    caption = f"Grey: the last {began:,} of {setting.test_from:,} hours of history. "
    if fans:
        keys += [
            Key("median", "forecast, median"),
            Key("p50", "50 % band", shape="band"),
            Key("p80", "80 % band", shape="band"),
        ]
        caption += (
            "Each forecast saw only what lay before it, and is drawn until the next was made; the "
            "close-ups have axes of their own."
        )
    chart = Chart(
        name=f"{prefix}-demand",
        title="Demand and its forecasts",
        description=f"Demand of {setting.name} from {date(setting.at(first))}, {hours:,} hours, mean "
        f"{amount(float(shown.mean()))} and peak {amount(float(shown.max()))} "
        f"{setting.unit}, with {len(fans)} forecast fans.",
        x=time_axis(setting.at(first), hours),
        y=y,
        unit=f"{setting.unit}, hourly",
        data=data,
        columns=width,
        keys=tuple(keys),
        time=TimeAxis(setting.at(first), hours),
    )
    return join(figure(chart, caption), _close_ups(setting, fans, chart, prefix, first))


def until_next(fans: Sequence[Fan], end: int) -> tuple[Fan, ...]:
    """The fans, each cut where the next begins, so that none covers another; the last at `end`."""
    ends = [fan.hour for fan in fans[1:]] + [end] * bool(fans)
    cut = [Fan(f.hour, f.quantiles[:, : e - f.hour]) for f, e in zip(fans, ends, strict=True)]
    return tuple(fan for fan in cut if fan.quantiles.shape[1])


def _history_shown(setting: Setting) -> int:
    """Hours of history that are drawn: a week at least, and half as much as is replayed."""
    return min(setting.test_from, max(HOURS_PER_WEEK, setting.hours // 2))


def _bands(fans: Sequence[Fan], first: int, low: float, high: float) -> tuple[Html, ...]:
    """All bands and medians in columns of an hour, `first` at 0."""
    outer, inner, medians = [], [], []
    for fan in fans:
        p10, p25, p50, p75, p90 = _shape(fan)
        at = fan.hour - first
        outer.append(band(p10, p90, low, high, at))
        inner.append(band(p25, p75, low, high, at))
        depth: Array = DEPTH * (1 - (p50 - low) / (high - low))
        medians.append(polyline(middles(at, len(p50)), depth, BAND_TOLERANCE))
    return (
        tag("path", d="".join(outer), class_="band p80"),
        tag("path", d="".join(inner), class_="band p50"),
        tag("path", d="".join(medians), class_="line median"),
    )


def _shape(fan: Fan) -> tuple[Array, ...]:
    return tuple(level_at(fan.quantiles, level) for level in (0.1, 0.25, 0.5, 0.75, 0.9))


def _close_ups(
    setting: Setting, fans: Sequence[Fan], chart: Chart, prefix: str, first: int
) -> Html | None:
    if not fans:
        return None
    places = np.unique(np.linspace(0, len(fans) - 1, CLOSE_UPS).round().astype(np.int64)).tolist()
    whole = chart.columns == len(setting.demand) - first
    panels = []
    for place in places:
        fan = fans[place]
        hours, at = fan.quantiles.shape[1], fan.hour - first
        began = setting.at(fan.hour)
        came = setting.demand[fan.hour : fan.hour + hours]
        low, _, _, _, high = _shape(fan)
        y = value_axis(float(min(low.min(), came.min())), float(max(high.max(), came.max())), 3)
        top, bottom = (DEPTH * (1 - chart.y.share(value)) for value in (y.high, y.low))
        if whole:
            line = tag("use", href=f"#{prefix}-line")
        else:
            # The whole has a column for several hours; here each has its own.
            path = step_line(came, chart.y.low, chart.y.high)
            line = tag("path", d=path, class_="line demand", transform=f"translate({at} 0)")
        panel = Chart(
            name=f"{prefix}-fan{place}",
            title=f"Made {instant(began)} UTC",
            description=f"The forecast made at hour {fan.hour} and the demand that came.",
            x=time_axis(began, hours, (3, 4, 4)),
            y=y,
            unit="",
            data=join(tag("use", href=f"#{prefix}-fans"), line),
            columns=hours,
            window=(at, top, hours, bottom - top),
            height_px=120,
        )
        panels.append(figure(panel))
    return tag("div", *panels, class_="panels")
