"""Axes of numbers: round ticks, and how a page writes figures."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

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
    steps = [abs(b - a) for a, b in pairwise(values)]
    step = min(steps, default=largest)
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
