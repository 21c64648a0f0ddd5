"""Reading a demand series from a file or standard input: one regular step, or one clear error.

A series decides how much is bought, so nothing doubtful is let through: whatever is out of order,
repeated, off the step, not finite, negative or absurd is an error that names the file, the line and
the mend. Two things are repaired, because telemetry has them every month and the repair is
harmless, and both are recorded for the plan's evidence: a short gap is filled by a straight line,
and timestamps without a time zone are taken as UTC.
"""

import sys
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from trimtab.clock import format_duration, format_instant
from trimtab.demand.series import EPOCH, DemandSeries, too_short
from trimtab.demand.table import Table, read_table
from trimtab.errors import InputError
from trimtab.files import read_bytes, sha256

DEFAULT_MAX_GAP = timedelta(hours=6)
MAXIMUM_REPAIRED = 0.05
"""Share of steps that may be filled; beyond it the series is more guess than measurement."""

MAXIMUM_DEMAND = 1e12
FIRST_YEAR, LAST_YEAR = 1970, 2199
PEAK_TOLERANCE = 1e-6
"""Relative: means and peaks come out of different sums and roundings."""

SECOND = timedelta(seconds=1)


def read_series(
    source: str | Path,
    *,
    max_gap: timedelta = DEFAULT_MAX_GAP,
    name: str | None = None,
    stdin: BinaryIO | None = None,
) -> DemandSeries:
    """The demand series in a CSV or Parquet file: timestamp, demand, optional peak and limit.

    Args:
        source: a path, or `-` for standard input.
        max_gap: the longest gap (time without a value) that is filled; zero fills none.
        name: what reports call the series; by default the file's name without its suffix.
        stdin: what `-` reads; by default the process's standard input.

    Raises:
        InputError: the file can't be read or is no sound series.
        EngineError: it is Parquet and pyarrow is not installed.
    """
    if max_gap < timedelta(0):
        raise InputError("is negative", where="--max-gap", mend="give 0h or more")
    if str(source) == "-":
        data = (stdin or sys.stdin.buffer).read()
        where, base, stem = "standard input", "stdin", "stdin"
    else:
        path = Path(source)
        data = read_bytes(path)
        where, base, stem = str(path), path.name, path.stem
    table = read_table(data, where)
    _check_values(table)
    _check_order(table)
    step = _find_step(table)
    repairs = [] if table.zoned else ["Timestamps carry no time zone: taken as UTC."]
    index = (table.seconds - table.seconds[0]) // step
    repairs += _fill_gaps(table, index, step * SECOND, max_gap)
    grid = np.arange(index[-1] + 1)
    return DemandSeries(
        name=name or stem,
        start=EPOCH + int(table.seconds[0]) * SECOND,
        step=step * SECOND,
        demand=np.interp(grid, index, table.demand),
        peak=None if table.peak is None else np.interp(grid, index, table.peak),
        limit=None if table.limit is None else _limits(table.limit, index),
        repairs=tuple(repairs),
        source=base,
        digest=sha256(data),
    )


def _check_values(table: Table) -> None:
    years = table.seconds.astype("datetime64[s]").astype("datetime64[Y]").astype(np.int64) + 1970
    row = _first((years < FIRST_YEAR) | (years > LAST_YEAR))
    if row is not None:
        raise InputError(
            f"timestamp lies in the year {years[row]}",
            where=table.place(row),
            mend=f"give instants from {FIRST_YEAR} to {LAST_YEAR}",
        )
    columns = {"demand": table.demand} | ({} if table.peak is None else {"peak": table.peak})
    for name, values in columns.items():
        # Written so that a NaN fails it too.
        sound = (values >= 0) & (values <= MAXIMUM_DEMAND)
        row = _first(~sound)
        if row is None:
            continue
        value = float(values[row])
        if np.isnan(value):
            problem, mend = "is NaN", "leave the row out: a short gap is filled and recorded"
        elif np.isinf(value):
            problem, mend = "is infinite", "leave the row out: a short gap is filled and recorded"
        elif value < 0:
            problem, mend = f"is negative ({value:g})", "demand is a quantity, 0 or more"
        else:
            problem = f"is {value:g}, more than {MAXIMUM_DEMAND:g}"
            mend = "check its unit"
        raise InputError(f"{name} {problem}", where=table.place(row), mend=mend)
    if table.peak is not None:
        row = _first(table.peak < table.demand * (1 - PEAK_TOLERANCE))
        if row is not None:
            raise InputError(
                f"peak {table.peak[row]:g} is below the step's mean demand {table.demand[row]:g}",
                where=table.place(row),
                mend="peak is the highest demand within the step; check that the columns are "
                "not swapped",
            )
    if table.limit is not None:
        _check_limit(table, table.limit)


def _check_limit(table: Table, limit: NDArray[np.float64]) -> None:
    row = _first((limit < 0) | (limit > MAXIMUM_DEMAND))
    if row is not None:
        value = float(limit[row])
        problem, mend = f"is {value:g}, more than {MAXIMUM_DEMAND:g}", "check its unit"
        if np.isinf(value):
            problem, mend = "is infinite", "leave the cell blank where there is no limit"
        if value < 0:
            problem = f"is negative ({value:g})"
            mend = "give the capacity that was there, 0 or more"
        raise InputError(f"limit {problem}", where=table.place(row), mend=mend)
    if np.isnan(limit).all():
        raise InputError(
            "has a column limit without a value",
            where=table.where,
            mend="give the capacity that was there at each step, or leave the column out",
        )


def _check_order(table: Table) -> None:
    fault = _first(np.diff(table.seconds) <= 0)
    if fault is None:
        return
    row = fault + 1
    shown = _instant(table.seconds[row])
    twin = _first(table.seconds[:row] == table.seconds[row])
    if twin is not None:
        mend = "keep one row per timestamp"
        if not table.zoned:
            mend += " (local time repeats an hour in autumn: write UTC)"
        raise InputError(
            f"repeats the timestamp {shown} of {_short(table, twin)}",
            where=table.place(row),
            mend=mend,
        )
    raise InputError(
        f"{shown} comes after {_instant(table.seconds[fault])}: out of order",
        where=table.place(row),
        mend="sort the rows by timestamp, oldest first",
    )


def _find_step(table: Table) -> int:
    """The commonest interval in seconds, of which every interval must be a multiple."""
    if len(table.seconds) < 3:
        raise InputError(
            f"is too short: {len(table.seconds)} row(s) do not show a step",
            where=table.where,
            mend="give a longer series",
        )
    intervals = np.diff(table.seconds)
    # np.unique sorts, so of equally common intervals the shortest is the step.
    lengths, counts = np.unique(intervals, return_counts=True)
    step = int(lengths[counts.argmax()])
    fault = _first(intervals % step != 0)
    if fault is not None:
        raise InputError(
            f"mixed steps: {_length(intervals[fault])} since the row before, where the step is "
            f"{_length(step)}",
            where=table.place(fault + 1),
            mend="bring the series to one regular step",
        )
    return step


def _fill_gaps(
    table: Table, index: NDArray[np.int64], step: timedelta, max_gap: timedelta
) -> list[str]:
    """One sentence per gap that interpolation will fill; an error where that would be too much."""
    steps = int(index[-1]) + 1
    missing = np.diff(index) - 1
    gaps: list[int] = np.flatnonzero(missing).tolist()

    def span(gap: int) -> str:
        first = _instant(table.seconds[gap] + step // SECOND)
        return f"{first} to {_instant(table.seconds[gap + 1])}"

    for gap in gaps:
        length = int(missing[gap]) * step
        if length > max_gap:
            raise InputError(
                f"a gap of {format_duration(length)} from {span(gap)}, longer than the "
                f"{format_duration(max_gap)} that may be filled",
                where=table.place(gap + 1),
                mend="fill it from another source, cut the series there, or raise --max-gap",
            )
    shortness = too_short(steps, step)
    if shortness:
        raise InputError(shortness, where=table.where, mend="give a longer series")
    filled = int(missing.sum())
    if filled > MAXIMUM_REPAIRED * steps:
        raise InputError(
            f"{filled} of {steps} steps are missing ({filled / steps:.1%}, the first from "
            f"{span(gaps[0])}); at most {MAXIMUM_REPAIRED:.0%} may be filled",
            where=table.where,
            mend="export the series again, or cut it to a sounder part",
        )
    return [
        f"Gap from {span(gap)} ({missing[gap]} step{'s' if missing[gap] > 1 else ''} of "
        f"{format_duration(step)}): filled by a straight line."
        for gap in gaps
    ]


def _limits(limit: NDArray[np.float64], index: NDArray[np.int64]) -> NDArray[np.float64]:
    """The limit at every step; in a gap it is not known."""
    whole = np.full(index[-1] + 1, np.nan)
    whole[index] = limit
    return whole


def _first(mask: NDArray[np.bool_]) -> int | None:
    row = int(mask.argmax()) if mask.size else 0
    return row if mask.size and mask[row] else None


def _instant(seconds: int | np.int64) -> str:
    return format_instant(EPOCH + int(seconds) * SECOND)


def _length(seconds: int | np.int64) -> str:
    return format_duration(int(seconds) * SECOND)


def _short(table: Table, row: int) -> str:
    """A row without its file: `line 7`."""
    return table.place(row).removeprefix(f"{table.where}, ")
