"""The charts of what was replayed: capacity, cost over the optimum, calibration of the forecasts.

Each function takes a `Backtest` and the prefix of its identifiers, and decides what is drawn; `chart`
draws it.
"""

import numpy as np

from trimtab.backtest.model import Array, Backtest, Calibration, Outcome
from trimtab.backtest.report.chart import (
    Axis,
    Chart,
    EndLabel,
    Key,
    TimeAxis,
    figure,
    percentage,
    time_axis,
    value_axis,
)
from trimtab.backtest.report.paths import (
    COLUMNS,
    DEPTH,
    means,
    step_area,
    step_band,
    step_line,
    straight_line,
)
from trimtab.backtest.report.reading import best_rules, dearest
from trimtab.backtest.report.scales import per_hour_unit
from trimtab.page.markup import Html, join, tag
from trimtab.page.scales import Tick, amount, money, percent

RULES_SHOWN = 3
OFF_SCALE = 2.5
"""A line that ends so many times higher than the next leaves the plot; its label says where it ends."""


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
    # Hours that share a column would hide the layers behind the swings of the demand.
    per = 1 if setting.hours <= COLUMNS else 24 * -(-setting.hours // (24 * COLUMNS))
    drawn = [means(top, per) for top in tops]
    demand, missing = means(wanted, per), means(planner.shortage, per)
    y = value_axis(0.0, float(max(drawn[-1].max(), demand.max())))
    areas = [
        tag(
            "path",
            d=step_area(top, y.low, y.high),
            class_=f"area {kind}",
            data_label=label,
            data_stack=True,
        )
        for (kind, label, _), top in zip(layers, drawn, strict=True)
    ]
    data = join(
        *reversed(areas),
        tag("path", d=step_line(demand, y.low, y.high), class_="line demand", data_label="demand"),
        _shortage(demand, missing, y),
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
            x=time_axis(setting.at(setting.test_from), setting.hours),
            y=y,
            unit=f"{setting.unit}, " + ("hourly" if per == 1 else f"means of {per} h"),
            data=data,
            columns=setting.hours / per,
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
    y = value_axis(min(0.0, *(float(line.min()) for *_, line in lines)), inside)
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
            x=time_axis(setting.at(setting.test_from), setting.hours, (4, 5, 7)),
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


def over(outcome: Outcome, optimum: Outcome) -> Array:
    """What an outcome has cost over the optimum up to each hour's end, USD; shape (H + 1,)."""
    excess = np.cumsum(outcome.usd_per_hour - optimum.usd_per_hour)
    return np.concatenate([[0.0], excess])


def regret(outcome: Outcome) -> str:
    """An outcome's cost over the optimum as text."""
    return percent(outcome.regret) if np.isfinite(outcome.regret) else "not defined"


def _held(found: Calibration, width: float) -> float:
    """The share of hours inside the central band of a width."""
    outer = np.interp([0.5 - width / 2, 0.5 + width / 2], found.levels, found.observed)
    return float(outer[1] - outer[0])


def _shortage(wanted: Array, shortage: Array, y: Axis) -> Html | None:
    """The unserved part of the demand, hanging from the demand's line."""
    where = np.flatnonzero(shortage > 0)
    if not len(where):
        return None
    runs = np.split(where, np.flatnonzero(np.diff(where) > 1) + 1)
    bands = []
    for run in runs:
        part = slice(int(run[0]), int(run[-1]) + 1)
        bands.append(
            step_band(wanted[part] - shortage[part], wanted[part], y.low, y.high, int(run[0]))
        )
    return tag("path", d="".join(bands), class_="area shortage")


def _short(name: str, most: int = 26) -> str:
    """The name, its middle left out where it is long: rules differ in their ends."""
    if len(name) <= most:
        return name
    head = (most - 1) // 2
    return f"{name[:head].rstrip()}…{name[len(name) - (most - 1 - head) :].lstrip()}"


def _signed(usd: float) -> str:
    return f"+{money(usd)}" if usd >= 0 else money(usd)
