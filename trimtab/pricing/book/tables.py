"""Tables of a layer's folder: read whole, parsed by the row."""

import csv
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

from trimtab.errors import InputError
from trimtab.files import read_text

FETCH_AGAIN = "fetch the prices again: trimtab catalog refresh"
DEFAULTS = "*"


class Table(Mapping[str, str]):
    """A CSV file by the first cell of its rows, which are parsed when they are asked for.

    A file of 1,000 rows is read in a fraction of a millisecond: a change asks for few of them. The first
    column can't be quoted, and no cell has a line break. A file that is not there has no rows.

    Args:
        path: the file.
        key: the name of the first column.

    Raises:
        InputError: the file can't be read, or its first column is another.
    """

    def __init__(self, path: Path, key: str) -> None:
        self.path = path
        self._lines: dict[str, str] = {}
        self._columns: list[str] = []
        self._defaults: dict[str, str] = {}
        if not path.is_file():
            return
        header, _, rest = read_text(path).replace("\r\n", "\n").partition("\n")
        self._columns = header.strip().split(",")
        if self._columns[0] != key:
            raise InputError(
                f"has {self._columns[0]!r} as its first column, not {key}",
                where=str(path),
                mend=FETCH_AGAIN,
            )
        lines = [line for line in rest.split("\n") if line]
        self._lines = {line.partition(",")[0]: line for line in lines}
        if DEFAULTS in self._lines:
            defaults = self.row(DEFAULTS)
            del self._lines[DEFAULTS]
            self._defaults = {name: cell for name, cell in defaults.items() if cell}

    def __getitem__(self, key: str) -> str:
        return self._lines[key]

    def __contains__(self, key: object) -> bool:
        return key in self._lines

    def __iter__(self) -> Iterator[str]:
        return iter(self._lines)

    def __len__(self) -> int:
        return len(self._lines)

    def row(self, key: str) -> dict[str, str]:
        """The cells of a row by their column; those left blank or off as the row `*` has them."""
        (cells,) = csv.reader([self._lines[key]])
        if len(cells) > len(self._columns):
            raise InputError(
                f"has {len(cells)} fields, the header {len(self._columns)}",
                where=self.where(key),
                mend=FETCH_AGAIN,
            )
        filled = {name: cell for name, cell in zip(self._columns, cells, strict=False) if cell}
        return {**self._defaults, **filled}

    def where(self, key: str) -> str:
        """How errors name a row."""
        return f"{self.path}, {key}"


def rows(path: Path, columns: Iterable[str]) -> list[dict[str, str]]:
    """The rows of a table of this package's or the cache's.

    Raises:
        InputError: a column is missing, or prices are not in US dollars.
    """
    header, *lines = list(csv.reader(read_text(path).splitlines())) or [[]]
    found = [_named(header, cells) for cells in lines if cells]
    if found and (missing := [name for name in columns if name not in found[0]]):
        raise InputError(f"has no column {', '.join(missing)}", where=str(path), mend=FETCH_AGAIN)
    if found and "currency" in found[0]:
        for row in found:
            check_currency(row["currency"] or "", str(path))
    return found


def _named(header: list[str], cells: list[str]) -> dict[str, str]:
    """As `csv.DictReader` names them, in a third of the time; a cell that is left off is blank."""
    if len(cells) < len(header):
        cells = [*cells, *[""] * (len(header) - len(cells))]
    return dict(zip(header, cells, strict=False))


def names_a_file(name: str) -> bool:
    """Whether a region or service, as a program writes it, can be a table's name: no path, no pattern."""
    return _FILE_NAME.fullmatch(name) is not None


_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,99}")


@cache
def read_sources(folder: Path) -> Mapping[str, str]:
    """What the ids of a layer's sources stand for."""
    path = folder / "sources.csv"
    if not path.is_file():
        return {}
    return {row["source"]: row["text"] for row in rows(path, ("source", "text"))}


def check_currency(currency: str, where: str) -> None:
    """Refuse prices that are not in US dollars: nothing here knows an exchange rate.

    Raises:
        InputError: the currency is another.
    """
    if currency.strip().upper() not in ("", "USD"):
        raise InputError(
            f"has prices in {currency.strip()}, and every other price is in US dollars",
            where=where,
            mend="convert them at a rate of your own, and write USD as their currency",
        )


def number(
    row: Mapping[str, str], column: str, where: str, *, above_zero: bool = False
) -> float | None:
    """A cell as a number; None where it is blank.

    Raises:
        InputError: it is no finite number of 0 or more (above 0: nothing is free that is listed).
    """
    cell = row.get(column, "")
    if not cell:
        return None
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or value < 0 or (above_zero and value == 0):
        raise InputError(
            f"{column} {cell!r} is not a positive number",
            where=where,
            mend="correct it, or leave it blank where it is not known",
        )
    return value
