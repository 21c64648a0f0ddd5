"""CSV files of the spot readers: a header that is known, rows of one length, cells that parse."""

import csv
import difflib
import io
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from trimtab.errors import InputError

Value = TypeVar("Value")


@dataclass(frozen=True)
class Column:
    """The cells of one column, and how an error names their places."""

    source: str
    name: str
    lines: tuple[int, ...]
    cells: tuple[str, ...]

    def place(self, row: int) -> str:
        """File, line and column of a row, counted from 0."""
        return f"{self.source}, line {self.lines[row]}, column {self.name}"

    def parsed(self, parse: Callable[[str], Value]) -> list[Value]:
        """Every cell through a parser that raises InputError; the error gains the place."""
        values = []
        for row, cell in enumerate(self.cells):
            try:
                values.append(parse(cell))
            except InputError as error:
                raise InputError(error.message, where=self.place(row), mend=error.mend) from None
        return values


def read_columns(
    text: str, source: str, required: tuple[str, ...], known: tuple[str, ...] = ()
) -> dict[str, Column]:
    """The columns of a CSV text by name; blank lines are dropped.

    Args:
        text: the file's.
        source: how errors name it.
        required: columns that must be there.
        known: further columns that may be there.

    Raises:
        InputError: not CSV, no row, or a header with a missing, unknown or repeated column.
    """
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[list[str]] = []
    lines: list[int] = []
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append([cell.strip() for cell in cells])
                lines.append(reader.line_num)
    except csv.Error as error:
        raise InputError(
            f"is not CSV ({error})", where=f"{source}, line {reader.line_num}"
        ) from None
    if not rows:
        raise InputError("is empty", where=source, mend=f"start it with {','.join(required)}")
    names = rows.pop(0)
    _check_header(names, f"{source}, line {lines.pop(0)}", required, known)
    if not rows:
        raise InputError("has no row below its header", where=source)
    for line, cells in zip(lines, rows, strict=True):
        if len(cells) != len(names):
            raise InputError(
                f"has {len(cells)} fields, the header {len(names)}", where=f"{source}, line {line}"
            )
    columns = zip(*rows, strict=True)
    return {
        name: Column(source, name, tuple(lines), cells)
        for name, cells in zip(names, columns, strict=True)
    }


def number(cell: str) -> float:
    """A finite number, not negative.

    Raises:
        InputError: it is blank, or not one.
    """
    try:
        value = float(cell)
    except ValueError:
        what = f"{cell!r} is not a number" if cell else "is blank"
        raise InputError(what, mend="write a plain decimal") from None
    if not math.isfinite(value) or value < 0:
        raise InputError(f"{cell!r} is not a number from 0 up", mend="write a plain decimal")
    return value


def _check_header(
    names: list[str], where: str, required: tuple[str, ...], known: tuple[str, ...]
) -> None:
    every = (*required, *known)
    for name in names:
        if name not in every:
            near = difflib.get_close_matches(name, every, n=1)
            mend = f"did you mean {near[0]}?" if near else f"remove it; known: {', '.join(every)}"
            raise InputError(f"unknown column {name!r}", where=where, mend=mend)
        if names.count(name) > 1:
            raise InputError(f"column {name} stands twice", where=where, mend="remove one")
    if missing := [name for name in required if name not in names]:
        raise InputError(
            f"column {', '.join(missing)} is missing", where=where, mend="add it to the file"
        )
