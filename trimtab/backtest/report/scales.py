"""Axes: round ticks for numbers, calendar ticks for hours, and how a report writes both."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

MINUS = "\N{MINUS SIGN}"
THIN = "\N{NARROW NO-BREAK SPACE}"


@dataclass(frozen=True)
class Tick:
    """A mark on an axis.

    Attributes:
        at: its value; of a time axis, hours since the axis begins.
        label: what is written beside it.
        level: 0 is written at every width, 1 on a tablet, 2 on a desktop only.
    """

    at: float
    label: str
    level: int = 0


def nice_ticks(low: float, high: float, intervals: int = 6) -> tuple[float, ...]:
    """Round values (steps of 1, 2, 2.5 or 5 times a power of ten) that cover [low, high].

    The first is at or below low and the last at or above high, so that they bound the axis; there
    are as many as the finest step gives that needs no more than so many intervals.
    """
    if not (math.isfinite(low) and math.isfinite(high)) or high < low:
        raise ValueError(f"no axis from {low} to {high}")
    if high == low:
        low, high = (0.0, high) if high > 0 else (low, 0.0) if low < 0 else (0.0, 1.0)
    power = 10.0 ** math.floor(math.log10((high - low) / intervals))
    for factor in (1, 2, 2.5, 5, 10, 20):
        step = factor * power
        first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
        if last - first <= intervals:
            break
    return tuple(float(f"{k * step:.12g}") for k in range(first, last + 1))


def number(value: float, digits: int = 0) -> str:
    """With thousands separators: `12,346`, `0.25`."""
    written = f"{abs(value):,.{digits}f}"
    negative = value < 0 and written.strip("0.,")
    return f"{MINUS}{written}" if negative else written


def amount(value: float) -> str:
    """A quantity to about four figures: `12,346`, `83.4`, `0.042`."""
    size = abs(value)
    if size >= 1000 or value == round(value):
        return number(value)
    digits = 1 if size >= 10 else 2 if size >= 1 else 3
    return number(value, digits)


def money(value: float) -> str:
    """US dollars, whole above a hundred: `$12,346`, `$24.18`."""
    written = number(abs(value), 0 if abs(value) >= 100 else 2)
    return f"{MINUS if value < 0 and written.strip('0.,') else ''}${written}"


def percent(share: float, digits: int = 1) -> str:
    """A share as `4.2 %`."""
    return f"{number(100 * share, digits)}{THIN}%"


def tick_labels(values: Sequence[float], prefix: str = "") -> tuple[str, ...]:
    """The values of one axis, all to the same digits, large ones in k, M or bn."""
    largest = max((abs(v) for v in values), default=0.0)
    steps = np.diff(values)
    step = float(np.min(np.abs(steps))) if len(steps) else largest
    size, suffix = next(
        ((s, n) for s, n in ((1e9, "bn"), (1e6, "M"), (1e4, "k")) if largest >= s), (1.0, "")
    )
    if suffix == "k":
        size = 1e3
    fine = step / size
    # 250 is three digits; 2.5 needs one, 0.25 two: what the step itself needs.
    digits = next((d for d in range(7) if abs(round(fine, d) - fine) < 1e-9 * max(fine, 1)), 6)
    return tuple(
        f"{MINUS if v < 0 else ''}{prefix}{number(abs(v) / size, digits)}{suffix}"
        if v
        else f"{prefix}0"
        for v in values
    )


_HOUR_STEPS = (1, 2, 3, 6, 12)
_DAY_STEPS = (1, 2, 4, 7, 14)
_MONTH_STEPS = (1, 2, 3, 6, 12, 24, 60, 120)


def time_ticks(start: datetime, hours: int, counts: Sequence[int] = (4, 6, 12)) -> tuple[Tick, ...]:
    """Calendar ticks of an axis that begins at `start` (UTC) and lasts `hours`.

    Every level keeps every n-th tick of the next, so that they never stand side by side.

    Args:
        start: the axis' beginning.
        hours: its length.
        counts: how many labels fit at each level, narrowest first.
    """
    finest = _calendar(start, hours, counts[-1])
    strides = [1]
    for most in reversed(counts[:-1]):
        stride = strides[0]
        while -(-len(finest) // stride) > most:
            stride += strides[0]
        strides.insert(0, stride)
    return tuple(
        Tick(at, label, next(level for level, stride in enumerate(strides) if index % stride == 0))
        for index, (at, label) in enumerate(finest)
    )


def _calendar(start: datetime, hours: int, most: int) -> list[tuple[float, str]]:
    """The finest calendar step that gives at most so many labels."""
    end = start + timedelta(hours=hours)
    midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
    for step in _HOUR_STEPS:
        if hours / step <= most:
            first = midnight
            return _labelled(start, end, [first + timedelta(hours=h) for h in _range(step, hours)])
    for days in _DAY_STEPS:
        if hours / 24 / days <= most:
            # Weeks begin on Monday.
            anchor = midnight - timedelta(days=midnight.weekday() if days >= 7 else 0)
            dates = [anchor + timedelta(days=d) for d in range(0, hours // 24 + 2 * days + 2, days)]
            return _labelled(start, end, dates)
    for months in _MONTH_STEPS:
        if hours / 730 / months <= most or months == _MONTH_STEPS[-1]:
            firsts = []
            index = start.year * 12 + start.month - 1
            index -= index % months
            while (year := index // 12) <= end.year:
                firsts.append(midnight.replace(year=year, month=index % 12 + 1, day=1))
                index += months
            return _labelled(start, end, firsts)
    raise AssertionError("the last step always fits")


def _range(step: int, hours: int) -> range:
    return range(0, hours + 24 + step, step)


def _labelled(start: datetime, end: datetime, at: Sequence[datetime]) -> list[tuple[float, str]]:
    found = [each for each in at if start <= each <= end]
    years = start.year != end.year
    whole = all(each.hour == 0 for each in at)
    return [
        ((each - start) / timedelta(hours=1), _instant(each, years=years, whole=whole))
        for each in found
    ]


def _instant(at: datetime, *, years: bool, whole: bool) -> str:
    if not whole:
        return f"{at:%H:%M}" if at.hour else f"{at.day} {at:%b}"
    if years and at.day == 1 and at.month == 1:
        return f"{at.year}"
    return f"{at.day} {at:%b}"


def per_hour_unit(unit: str) -> str:
    """The unit of a quantity over time: `GPU-hours` of GPUs, `node-hours` of nodes."""
    plural = len(unit) > 3 and unit.endswith("s") and not unit.endswith(("ss", "/s"))
    return f"{unit[:-1] if plural else unit}-hours"


def date(at: datetime) -> str:
    """A day as `3 Mar 2026`."""
    return f"{at.day} {at:%b %Y}"


def instant(at: datetime) -> str:
    """An hour as `3 Mar 2026 14:00`."""
    return f"{date(at)} {at:%H:%M}"
