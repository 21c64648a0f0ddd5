"""Series as SVG path data: whole numbers, relative steps, and no more columns than a screen shows.

A plot's coordinates are COLUMNS wide and DEPTH deep whatever its size on screen: the browser stretches
it. A series longer than the columns keeps the lowest and the highest value of each column, so a spike
of one hour survives in a year; a shorter one is drawn hour by hour. An hour's value holds for the
hour, so lines are steps.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

COLUMNS = 960
DEPTH = 1000
BAND_TOLERANCE = 2.0
"""Half a pixel of a plot 250 pixels high."""


@dataclass(frozen=True)
class Columns:
    """The lowest and highest of a series in each column; equal where a column is one hour.

    Attributes:
        low: shape (columns,); NaN where the column has no value.
        high: the same.
    """

    low: Array
    high: Array


def columns(values: Array, most: int = COLUMNS) -> Columns:
    """Reduce a series to at most so many columns; NaN are left out where others are there.

    Args:
        values: shape (hours,).
        most: the number of columns; a longer series is cut into that many, as equal as can be.
    """
    hours = len(values)
    if hours <= most:
        return Columns(values, values)
    starts = np.arange(most) * hours // most
    known = ~np.isnan(values)
    some = np.logical_or.reduceat(known, starts)
    low = np.minimum.reduceat(np.where(known, values, np.inf), starts)
    high = np.maximum.reduceat(np.where(known, values, -np.inf), starts)
    return Columns(np.where(some, low, np.nan), np.where(some, high, np.nan))


def means(values: Array, per: int) -> Array:
    """Means of so many hours each, from the first on; the last of those that are left.

    Args:
        values: shape (hours,), finite.
        per: how many hours share a mean.
    """
    starts = np.arange(0, len(values), per)
    counts = np.minimum(per, len(values) - starts)
    mean: Array = np.add.reduceat(values, starts) / counts
    return mean


def to_depth(values: Array, low: float, high: float) -> NDArray[np.int64]:
    """Values as whole coordinates, `low` at the bottom (DEPTH) and `high` at the top (0).

    A little beyond either end is kept, for a line that leaves the plot; far beyond is cut.
    """
    scaled = DEPTH * (1 - (values - low) / (high - low))
    at: NDArray[np.int64] = np.rint(np.clip(scaled, -DEPTH, 2 * DEPTH)).astype(np.int64)
    return at


def step_line(values: Array, low: float, high: float) -> str:
    """An open path of steps, one column each, beginning at column 0; NaN breaks it."""
    reduced = columns(values)
    known = ~(np.isnan(reduced.low) | np.isnan(reduced.high))
    # Of each column the end nearer to where the pen is comes first.
    bottoms = to_depth(np.where(known, reduced.low, low), low, high).tolist()
    tops = to_depth(np.where(known, reduced.high, low), low, high).tolist()
    path: list[str] = []
    pen: int | None = None
    run = 0
    for column, (top, bottom) in enumerate(zip(tops, bottoms, strict=True)):
        if not known[column]:
            _flat(path, run)
            pen, run = None, 0
            continue
        if pen is None:
            path.append(f"M{column} {bottom}")
            pen = bottom
        near, far = (top, bottom) if abs(top - pen) <= abs(bottom - pen) else (bottom, top)
        if near != pen or far != pen:
            _flat(path, run)
            run = 0
            path.extend(f"v{to - frm}" for frm, to in ((pen, near), (near, far)) if to != frm)
            pen = far
        run += 1
    _flat(path, run)
    return "".join(path)


def _flat(path: list[str], run: int) -> None:
    if run:
        path.append(f"h{run}")


def step_area(values: Array, low: float, high: float) -> str:
    """The closed area between the steps of a series' highest values and the plot's bottom.

    The path of `step_line` lies on its upper edge. NaN count as the bottom.
    """
    top = columns(np.nan_to_num(values, nan=low)).high
    line = step_line(top, low, high)
    return f"{line}V{DEPTH}H0Z" if line else ""


def step_band(lower: Array, upper: Array, low: float, high: float, first: int = 0) -> str:
    """The closed area between two series of equal length, drawn hour by hour.

    Args:
        lower: shape (n,), finite.
        upper: shape (n,), finite.
        low: the axis' bottom.
        high: the axis' top.
        first: the column at which they begin.
    """
    tops, bottoms = to_depth(upper, low, high).tolist(), to_depth(lower, low, high).tolist()
    path = [f"M{first} {tops[0]}"]
    pen, run = tops[0], 0
    for step, edge in ((1, tops), (-1, bottoms[::-1])):
        for at in edge:
            if at != pen:
                if run:
                    path.append(f"h{run}")
                    run = 0
                path.append(f"v{at - pen}")
                pen = at
            run += step
        if run:
            path.append(f"h{run}")
            run = 0
    return "".join(path) + "Z"


def straight_line(values: Array, low: float, high: float, tolerance: float = 0.6) -> str:
    """An open path through a smooth series (a running total), spread over the whole width.

    Points are left out where they lie within `tolerance` of the path.
    """
    x = np.linspace(0, COLUMNS, len(values)) if len(values) > 1 else np.zeros(1)
    return polyline(x, DEPTH * (1 - (values - low) / (high - low)), tolerance)


def band(lower: Array, upper: Array, low: float, high: float, first: int = 0) -> str:
    """The closed area between two smooth series of equal length, drawn from the middle of each hour.

    Args:
        lower: shape (n,), finite.
        upper: shape (n,), finite.
        low: the axis' bottom.
        high: the axis' top.
        first: the column at which they begin.
    """
    x = middles(first, len(lower))
    edges: list[Array] = [DEPTH * (1 - (each - low) / (high - low)) for each in (upper, lower)]
    top, bottom = (
        polyline(x, edges[0], BAND_TOLERANCE),
        polyline(x[::-1], edges[1][::-1], BAND_TOLERANCE),
    )
    return f"{top}L{bottom[1:]}Z"


def middles(first: int, count: int) -> Array:
    """The middle of each of so many columns."""
    x: Array = np.arange(first, first + count, dtype=np.float64) + 0.5
    return x


def polyline(x: Array, y: Array, tolerance: float) -> str:
    """An open path through points, without those within `tolerance` of it in y.

    Ramer, Douglas and Peucker's method with the vertical distance. x is written to a half column.
    """
    count = len(x)
    keep = np.zeros(count, dtype=bool)
    keep[[0, -1]] = True
    spans = [(0, count - 1)]
    while spans:
        first, last = spans.pop()
        if last - first < 2:
            continue
        inner = slice(first + 1, last)
        share = (x[inner] - x[first]) / (x[last] - x[first])
        error = np.abs(y[inner] - (y[first] + share * (y[last] - y[first])))
        worst = int(np.argmax(error))
        if error[worst] > tolerance:
            middle = first + 1 + worst
            keep[middle] = True
            spans += [(first, middle), (middle, last)]
    px, py = np.rint(2 * x[keep]) / 2, np.rint(y[keep]).astype(np.int64)
    moves = zip(np.diff(px).tolist(), np.diff(py).tolist(), strict=True)
    steps = " ".join(f"{dx:g} {dy}" for dx, dy in moves)
    # A sign parts two numbers as well as a space does.
    return f"M{px[0]:g} {py[0]}l{steps}".replace(" -", "-")
