"""The charts of one backtest: demand with its forecasts, capacity, cost over the optimum, calibration.

Each function takes a `Backtest` and the prefix of its identifiers, and decides what is drawn; `chart`
draws it.
"""

from collections.abc import Sequence

import numpy as np

from trimtab.backtest.model import Array, Backtest, Calibration, Fan, Outcome
from trimtab.backtest.report.chart import (
    Axis,
    Chart,
    EndLabel,
    Key,
    TimeAxis,
    figure,
    percentage,
)
from trimtab.backtest.report.markup import Html, join, tag
from trimtab.backtest.report.paths import (
    BAND_TOLERANCE,
    COLUMNS,
    DEPTH,
    band,
    middles,
    polyline,
    step_area,
    step_band,
    step_line,
    straight_line,
)
from trimtab.backtest.report.reading import best_rules, dearest, level_at
from trimtab.backtest.report.scales import (
    Tick,
    amount,
    date,
    instant,
    money,
    nice_ticks,
    per_hour_unit,
    percent,
    tick_labels,
    time_ticks,
)
from trimtab.forecast.model import HOURS_PER_WEEK

RULES_SHOWN = 3
OFF_SCALE = 2.5
"""A line that ends so many times higher than the next leaves the plot; its label says where it ends."""


def demand(backtest: Backtest, prefix: str) -> Html:
    """Demand over the whole series, history in grey, with the forecasts made on the way."""
    setting = backtest.setting
    first = setting.test_from - _history_shown(backtest)
    shown = setting.demand[first:]
    hours, began = len(shown), setting.test_from - first
    fans = until_next(backtest.fans, len(setting.demand))
    bands = [_fan_quantiles(fan) for fan in fans]
    peak = max([float(shown.max()), *(float(q[4].max()) for q in bands)])
    y = _axis(0.0, peak)
    width = min(hours, COLUMNS)
    past, test = shown.copy(), shown.copy()
    past[began:], test[:began] = np.nan, np.nan
    shapes: dict[str, list[str]] = {"p80": [], "p50": [], "median": []}
    for fan, (p10, p25, p50, p75, p90) in zip(fans, bands, strict=True):
        at = fan.hour - first
        shapes["p80"].append(band(p10, p90, y.low, y.high, at))
        shapes["p50"].append(band(p25, p75, y.low, y.high, at))
        middle: Array = DEPTH * (1 - (p50 - y.low) / (y.high - y.low))
        shapes["median"].append(polyline(middles(at, len(p50)), middle, BAND_TOLERANCE))
    fan_shapes = tag(
        "g",
        tag("path", d="".join(shapes["p80"]), class_="band p80"),
        tag("path", d="".join(shapes["p50"]), class_="band p50"),
        tag("path", d="".join(shapes["median"]), class_="line median"),
        transform=None if hours == width else f"scale({width / hours:.6g} 1)",
    )
    data = join(
        tag("rect", width=width * began / hours, height=DEPTH, class_="past"),
        fan_shapes if fans else None,
        tag("path", d=step_line(past, y.low, y.high), class_="line history"),
        tag("path", d=step_line(test, y.low, y.high), class_="line demand", data_label="demand"),
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
    wanted = setting.demand
    chart = Chart(
        name=f"{prefix}-demand",
        title="Demand and its forecasts",
        description=f"Demand of {setting.name} from {date(setting.start)}, {hours:,} hours, mean "
        f"{amount(float(wanted.mean()))} and peak {amount(float(wanted.max()))} "
        f"{setting.unit}, with {len(fans)} forecast fans.",
        x=_time(backtest, first),
        y=y,
        unit=f"{setting.unit}, hourly",
        data=tag("g", data, id=f"{prefix}-drawn"),
        columns=width,
        keys=tuple(keys),
        time=TimeAxis(setting.at(first), hours),
    )
    return join(figure(chart, caption), _close_ups(backtest, fans, chart, prefix, first))


def _close_ups(
    backtest: Backtest, fans: Sequence[Fan], chart: Chart, prefix: str, first: int
) -> Html | None:
    """Each forecast by itself: windows onto the drawing of the whole, so nothing is drawn twice."""
    if not fans:
        return None
    setting = backtest.setting
    scale = chart.columns / (len(setting.demand) - first)
    panels = []
    for index, fan in enumerate(fans):
        hours = fan.quantiles.shape[1]
        began = setting.at(fan.hour)
        came = setting.demand[fan.hour : fan.hour + hours]
        low, _, _, _, high = _fan_quantiles(fan)
        y = _axis(float(min(low.min(), came.min())), float(max(high.max(), came.max())), 3)
        top, bottom = (DEPTH * (1 - chart.y.share(value)) for value in (y.high, y.low))
        panel = Chart(
            name=f"{prefix}-fan{index}",
            title=f"Made {instant(began)} UTC",
            description=f"The forecast made at hour {fan.hour} and the demand that came.",
            x=Axis(0.0, float(hours), time_ticks(began, hours, (3, 4, 4))),
            y=y,
            unit="",
            data=tag("use", href=f"#{prefix}-drawn"),
            columns=hours * scale,
            window=((fan.hour - first) * scale, top, hours * scale, bottom - top),
            height_px=120,
        )
        panels.append(figure(panel))
    return tag("div", *panels, class_="panels")


def capacity(backtest: Backtest, prefix: str) -> Html:
    """What the planner paid for in each hour, by purchase option, under the demand."""
    setting, planner = backtest.setting, backtest.planner
    wanted = setting.demand[setting.test_from :]
    layers = [("reserved", "reserved", planner.committed)]
    if setting.market.zones:
        layers.append(("spot", "spot", planner.spot))
    layers.append(("on-demand", "on-demand", planner.on_demand))
    paid = [values for _, _, values in layers]
    tops = np.cumsum(paid, axis=0)
    y = _axis(0.0, float(max(tops[-1].max(), wanted.max())))
    areas = [
        tag(
            "path",
            d=step_area(top, y.low, y.high),
            class_=f"area {kind}",
            data_label=label,
            data_stack=True,
        )
        for (kind, label, _), top in zip(layers, tops, strict=True)
    ]
    width = min(len(wanted), COLUMNS)
    data = join(
        *reversed(areas),
        tag("path", d=step_line(wanted, y.low, y.high), class_="line demand", data_label="demand"),
        _shortage(wanted, planner.shortage, y, width),
    )
    total = float(tops[-1].sum())
    shares = [float(each.sum()) / total if total else 0.0 for each in paid]
    missed = planner.shortage_unit_hours
    needed = float(wanted.sum())
    keys = [
        Key(kind, label, percent(share), shape="area")
        for (kind, label, _), share in zip(layers, shares, strict=True)
    ]
    lack = f"{percent(missed / needed, 2)} of demand" if needed else "none"
    keys += [Key("demand", "demand"), Key("shortage", "shortage", lack, shape="area")]
    idle = float(np.maximum(planner.committed - wanted, 0.0).sum())
    held = float(planner.committed.sum())
    caption = "Shares are of the unit-hours paid for; what lies above the demand line was idle."
    if held:
        caption += f" {percent(idle / held)} of the committed unit-hours were not needed."
    return figure(
        Chart(
            name=f"{prefix}-capacity",
            title="Capacity that the planner paid for",
            description="Stacked: "
            + ", ".join(
                f"{label} {percent(s)}" for (_, label, _), s in zip(layers, shares, strict=True)
            )
            + f" of the unit-hours; shortage {amount(missed)} {per_hour_unit(setting.unit)}.",
            x=_time(backtest, setting.test_from),
            y=y,
            unit=f"{setting.unit}, hourly",
            data=data,
            columns=width,
            keys=tuple(keys),
            time=TimeAxis(setting.at(setting.test_from), setting.hours),
        ),
        caption,
    )


def cost(backtest: Backtest, prefix: str) -> Html:
    """What each policy has cost over the clairvoyant optimum so far."""
    setting = backtest.setting
    planner, optimum = backtest.planner, backtest.optimum
    rules = best_rules(backtest, RULES_SHOWN)
    shown = [("planner", planner)]
    shown += [(f"rule-{index}", outcome) for index, outcome in enumerate(rules, start=1)]
    worst = dearest(backtest)
    if worst is not None and worst not in rules:
        shown.append(("list", worst))
    lines = [(kind, outcome, over(outcome, optimum)) for kind, outcome in shown]
    peaks = sorted(float(line.max()) for _, _, line in lines)
    inside = peaks[-1]
    if len(peaks) > 1 and peaks[-2] > 0 and peaks[-1] > OFF_SCALE * peaks[-2]:
        inside = peaks[-2]
    y = _axis(min(0.0, *(float(line.min()) for *_, line in lines)), inside)
    marks = iter("ABCDEFGH")
    paths, keys, ends = [], [], []
    for kind, outcome, line in lines:
        mark = next(marks)
        path = straight_line(line, y.low, y.high)
        paths.append(tag("path", d=path, class_=f"line {kind}", data_label=outcome.policy))
        share = regret(outcome)
        keys.append(Key(kind, outcome.policy, f"{money(outcome.usd)} (+{share})", mark))
        end = float(line[-1])
        arrow = "↑ " if end > y.high else ""
        label = f"{arrow}{_short(outcome.policy)}: {_signed(end)}"
        ends.append(EndLabel(kind, label, arrow.strip() + mark, end))
    keys.append(Key("optimum", optimum.policy, money(optimum.usd), "O"))
    ends.append(EndLabel("optimum", _short(optimum.policy), "O", 0.0))
    zero = DEPTH * (1 - y.share(0.0))
    paths.append(tag("path", d=f"M0 {zero:.0f}H{COLUMNS}", class_="line optimum"))
    caption = "Running total, each policy less the optimum; the optimum knew the future."
    if inside < peaks[-1]:
        caption += " What leaves the plot at the top ends where its label says."
    if any(outcome.usd_after for _, outcome in shown):
        caption += " Charges for terms beyond the series are in the table, not here."
    return figure(
        Chart(
            name=f"{prefix}-cost",
            title="Cost over the clairvoyant optimum",
            description="; ".join(
                f"{o.policy} {money(o.usd)}, {regret(o)} over the optimum" for _, o in shown
            ),
            x=_time(backtest, setting.test_from),
            y=y,
            unit="USD over the optimum, running total",
            data=join(*reversed(paths)),
            columns=COLUMNS,
            keys=tuple(keys),
            ends=tuple(ends),
            time=TimeAxis(setting.at(setting.test_from), setting.hours),
        ),
        caption,
    )


def calibration(found: Calibration, prefix: str) -> Html:
    """How often demand came below each forecast quantile, against how often it should have."""
    ticks = tuple(Tick(v, f"{100 * v:.0f} %") for v in (0.0, 0.25, 0.5, 0.75, 1.0))
    axis = Axis(0.0, 1.0, ticks)
    points = [
        tag("circle", cx=percentage(level), cy=percentage(1 - seen), r=3.5, class_="point")
        for level, seen in zip(found.levels, found.observed, strict=True)
    ]
    xs = [round(DEPTH * level) for level in found.levels]
    ys = [round(DEPTH * (1 - seen)) for seen in found.observed]
    path = "M" + "L".join(f"{px} {py}" for px, py in zip(xs, ys, strict=True))
    data = join(
        tag("path", d=f"M0 {DEPTH}L{DEPTH} 0", class_="line diagonal"),
        tag("path", d=path, class_="line planner"),
    )
    held = {width: _held(found, width) for width in (0.5, 0.8)}
    seen = ", ".join(f"the {100 * w:.0f} % band held {percent(s)}" for w, s in held.items())
    return figure(
        Chart(
            name=f"{prefix}-calibration",
            title="Calibration of the forecasts",
            description=f"Observed against nominal share at {len(found.levels)} levels: {seen}.",
            x=axis,
            y=axis,
            unit="share of hours at or below",
            data=data,
            columns=DEPTH,
            keys=(Key("planner", "observed"), Key("diagonal", "perfect")),
            over=join(*points),
            x_title="forecast quantile",
        ),
        f"Of {found.hours:,} forecast hours {seen}. Below the diagonal a quantile was too low.",
    )


def until_next(fans: Sequence[Fan], end: int) -> tuple[Fan, ...]:
    """The fans, each cut where the next begins, so that none covers another; the last at `end`."""
    ends = [fan.hour for fan in fans[1:]] + [end] * bool(fans)
    cut = [Fan(f.hour, f.quantiles[:, : e - f.hour]) for f, e in zip(fans, ends, strict=True)]
    return tuple(fan for fan in cut if fan.quantiles.shape[1])


def over(outcome: Outcome, optimum: Outcome) -> Array:
    """What an outcome has cost over the optimum up to each hour's end, USD; shape (H + 1,)."""
    excess = np.cumsum(outcome.usd_per_hour - optimum.usd_per_hour)
    return np.concatenate([[0.0], excess])


def regret(outcome: Outcome) -> str:
    """An outcome's cost over the optimum as text."""
    return percent(outcome.regret) if np.isfinite(outcome.regret) else "not defined"


def _history_shown(backtest: Backtest) -> int:
    """Hours of history that are drawn: a week at least, and half as much as is replayed."""
    setting = backtest.setting
    return min(setting.test_from, max(HOURS_PER_WEEK, setting.hours // 2))


def _fan_quantiles(fan: Fan) -> tuple[Array, ...]:
    return tuple(level_at(fan.quantiles, level) for level in (0.1, 0.25, 0.5, 0.75, 0.9))


def _held(found: Calibration, width: float) -> float:
    """The share of hours inside the central band of a width."""
    outer = np.interp([0.5 - width / 2, 0.5 + width / 2], found.levels, found.observed)
    return float(outer[1] - outer[0])


def _axis(low: float, high: float, intervals: int = 6) -> Axis:
    values = nice_ticks(low, high if high > low else low + 1.0, intervals)
    labels = tick_labels(values)
    ticks = tuple(Tick(value, label) for value, label in zip(values, labels, strict=True))
    return Axis(values[0], values[-1], ticks)


def _time(backtest: Backtest, first: int) -> Axis:
    setting = backtest.setting
    hours = len(setting.demand) - first
    return Axis(0.0, float(hours), time_ticks(setting.at(first), hours))


def _shortage(wanted: Array, shortage: Array, y: Axis, width: int) -> Html | None:
    """The unserved part of the demand, hanging from the demand's line."""
    hours = np.flatnonzero(shortage > 0)
    if not len(hours):
        return None
    runs = np.split(hours, np.flatnonzero(np.diff(hours) > 1) + 1)
    bands = []
    for run in runs:
        part = slice(int(run[0]), int(run[-1]) + 1)
        bands.append(
            step_band(wanted[part] - shortage[part], wanted[part], y.low, y.high, int(run[0]))
        )
    scale = None if len(wanted) == width else f"scale({width / len(wanted):.6g} 1)"
    return tag("path", d="".join(bands), class_="area shortage", transform=scale)


def _short(name: str, most: int = 26) -> str:
    """The name, its middle left out where it is long: rules differ in their ends."""
    if len(name) <= most:
        return name
    head = (most - 1) // 2
    return f"{name[:head].rstrip()}…{name[len(name) - (most - 1 - head) :].lstrip()}"


def _signed(usd: float) -> str:
    return f"+{money(usd)}" if usd >= 0 else money(usd)
