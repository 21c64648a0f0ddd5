"""Availability traces from CSV: `offset_seconds,available`, one row a tick.

Offsets count from any instant that all traces of one clock share; they rise in one regular step.
`available` is 0 or 1 for one instance, else how many instances were up.
"""

from pathlib import Path

import numpy as np

from trimtab.errors import InputError
from trimtab.files import read_text
from trimtab.forecast.model import Array
from trimtab.spot.table import Column, number, read_columns
from trimtab.spot.trace import SpotTrace

COLUMNS = ("offset_seconds", "available")


def read_availability(
    path: Path, *, name: str | None = None, depth: float | None = None
) -> SpotTrace:
    """The trace in a file.

    Args:
        path: of the CSV file.
        name: what reports call it; the file's name without its ending when not given.
        depth: how many instances were asked for, where the trace never had them all.

    Raises:
        InputError: the file cannot be read, or a row is wrong; names line, column and mend.
    """
    return parse_availability(read_text(path), str(path), name=name or path.stem, depth=depth)


def parse_availability(
    text: str, source: str, *, name: str, depth: float | None = None
) -> SpotTrace:
    """The trace in a CSV text; `source` names it in errors.

    Raises:
        InputError: as `read_availability`.
    """
    columns = read_columns(text, source, COLUMNS)
    offsets = np.array(columns["offset_seconds"].parsed(number))
    step = _step(offsets, columns["offset_seconds"])
    available = np.array(columns["available"].parsed(number))
    most = float(available.max())
    if depth is not None and most > depth:
        row = int((available > depth).argmax())
        raise InputError(
            f"{available[row]:g} instances are more than the depth of {depth:g}",
            where=columns["available"].place(row),
            mend="state the number that was asked for",
        )
    held = depth or most or 1.0
    return SpotTrace(name, int(offsets[0]), step, held, available / held)


def _step(offsets: Array, column: Column) -> int:
    """Whole seconds from tick to tick."""
    broken = np.flatnonzero(offsets != np.floor(offsets))
    if len(broken):
        raise InputError(
            f"{column.cells[broken[0]]} is not a whole number of seconds",
            where=column.place(int(broken[0])),
            mend="round offsets to seconds",
        )
    if len(offsets) < 2:
        raise InputError("has one tick: no step can be told", where=column.source)
    steps = np.diff(offsets)
    # The commonest step is meant: the first one might itself be the gap.
    values, counts = np.unique(steps[steps > 0], return_counts=True)
    step = int(values[counts.argmax()]) if len(values) else 0
    wrong = np.flatnonzero(steps != step) if step else np.array([0])
    if len(wrong):
        row = int(wrong[0])
        message = f"goes from {offsets[row]:.0f} to {offsets[row + 1]:.0f}"
        if steps[row] <= 0:
            message += ": offsets must rise"
            mend = "sort the rows and drop repeated ones"
        else:
            message += f" where the step is {step} s"
            mend = "write a row for every step, or cut the file at the gap"
        raise InputError(message, where=column.place(row + 1), mend=mend)
    return step
