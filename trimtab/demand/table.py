"""The bytes of a demand file as columns of numbers: CSV or Parquet, told apart by content.

What a format can get wrong is refused here (no such column, ragged row, not a number, not an
instant); whether the numbers make a demand series is judged in `trimtab.demand.reader`.
"""

import csv
import difflib
import io
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from trimtab.errors import EngineError, InputError

if TYPE_CHECKING:
    from _csv import Reader

COLUMNS = ("timestamp", "demand", "peak", "limit")
REQUIRED = ("timestamp", "demand")

# Names that other tools give these columns; an error says which one was probably meant.
SYNONYMS = {
    "timestamp": ("time", "date", "datetime", "ts", "ds", "instant", "__index_level_0__"),
    "demand": ("value", "y", "usage", "load", "count", "gpus", "nodes", "vcpus", "replicas"),
    "peak": ("max", "maximum"),
    "limit": ("capacity", "quota", "allocatable"),
}

# Content that is no text, by its first bytes, and the mend.
NOT_TEXT = {
    b"\x1f\x8b": ("is compressed (gzip)", "decompress it first"),
    b"\x28\xb5\x2f\xfd": ("is compressed (zstd)", "decompress it first"),
    b"PK\x03\x04": ("is a zip archive or a spreadsheet", "save it as CSV"),
    b"\xff\xfe": ("is UTF-16 text", "save it as UTF-8"),
    b"\xfe\xff": ("is UTF-16 text", "save it as UTF-8"),
}
PARQUET = b"PAR1"

ISO_MEND = "write ISO 8601 in UTC, for example 2026-03-01T00:00:00Z"
VALUE_MEND = "give a number, or leave the whole row out: a short gap is filled and recorded"
LIMIT_MEND = "give a number, or leave the cell blank where the limit is not known"


@dataclass(frozen=True)
class Table:
    """A file's columns, row for row.

    Attributes:
        where: how an error names the file.
        seconds: the timestamps, seconds since 1970 in UTC, shape (rows,).
        zoned: whether the timestamps carried a time zone.
        demand: shape (rows,), unchecked floats.
        peak: the same, or None when the file has no such column.
        limit: the same, NaN where a cell is blank.
        place: how an error names a row (counted from 0): file and line, or file and row.
    """

    where: str
    seconds: NDArray[np.int64]
    zoned: bool
    demand: NDArray[np.float64]
    peak: NDArray[np.float64] | None
    limit: NDArray[np.float64] | None
    place: Callable[[int], str]


def read_table(data: bytes, where: str) -> Table:
    """The columns of a CSV or Parquet file.

    Raises:
        InputError: not such a file, a column is missing, or a cell is no instant or number.
        EngineError: it is Parquet and pyarrow is not installed.
    """
    if data.startswith(PARQUET):
        return _read_parquet(data, where)
    for magic, (message, mend) in NOT_TEXT.items():
        if data.startswith(magic):
            raise InputError(message, where=where, mend=mend)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"is neither Parquet nor UTF-8 text (byte {error.start})",
            where=where,
            mend="save it as UTF-8 CSV",
        ) from None
    return _read_csv(text, where)


def _read_csv(text: str, where: str) -> Table:
    head = text.lstrip().split("\n", 1)[0]
    delimiter = next((mark for mark in ",;\t" if mark in head), ",")

    def parse() -> "Reader":
        lines = io.StringIO(text, newline="")
        return csv.reader(lines, delimiter=delimiter, skipinitialspace=True, strict=True)

    def place(row: int) -> str:
        # Blank lines and quoted line breaks move lines against rows: only an error pays for that.
        reader = parse()
        filled = (cells for cells in reader if not _is_blank(cells))
        next(itertools.islice(filled, row + 1, None))  # row 0 follows the header
        return f"{where}, line {reader.line_num}"

    reader = parse()
    try:
        rows = [cells for cells in reader if not _is_blank(cells)]
    except csv.Error as error:
        raise InputError(
            f"is not well-formed CSV ({error})",
            where=f"{where}, line {reader.line_num}",
            mend="mend the quoting",
        ) from None
    if not rows:
        raise InputError("is empty", where=where, mend="give a header and one row per step")
    names = [name.strip() for name in rows.pop(0)]
    if _is_instant(names[0]):
        raise InputError(
            "is data where the header should be",
            where=place(-1),
            mend=f"begin the file with a line {','.join(COLUMNS[: len(names)])}",
        )
    index = _find_columns(names, where)
    if not rows:
        raise InputError("has a header and no rows", where=where, mend="give one row per step")
    for row, cells in enumerate(rows):
        if len(cells) != len(names):
            raise InputError(
                f"has {len(cells)} cells where the header has {len(names)}",
                where=place(row),
                mend="write one cell per column, and decimals with a point",
            )
    columns = list(zip(*rows, strict=True))
    seconds, zoned = _instants(columns[index["timestamp"]], place)
    return Table(
        where,
        seconds,
        zoned,
        _numbers("demand", columns[index["demand"]], place),
        _numbers("peak", columns[index["peak"]], place) if "peak" in index else None,
        _limits(columns[index["limit"]], place) if "limit" in index else None,
        place,
    )


def _is_blank(cells: list[str]) -> bool:
    return not cells or cells == [""]


def _read_parquet(data: bytes, where: str) -> Table:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise EngineError(
            "reading Parquet needs pyarrow",
            where=where,
            mend="install trimtab[parquet], or save the series as CSV",
        ) from None

    def place(row: int) -> str:
        return f"{where}, row {row + 1}"

    try:
        source = pq.ParquetFile(pa.BufferReader(data))
        names = list(source.schema_arrow.names)
        index = _find_columns(names, where)
        # Only what is used is decoded: a telemetry export may have hundreds of other columns.
        table = source.read(columns=list(index)).combine_chunks()
    except (pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise InputError(
            f"is not well-formed Parquet ({reason})", where=where, mend="write the file again"
        ) from None
    if not table.num_rows:
        raise InputError("has columns and no rows", where=where, mend="give one row per step")
    seconds, zoned = _arrow_instants(table.column("timestamp"), where, place)
    return Table(
        where,
        seconds,
        zoned,
        _arrow_numbers("demand", table.column("demand"), where, place),
        _arrow_numbers("peak", table.column("peak"), where, place) if "peak" in index else None,
        _arrow_limits(table.column("limit"), where) if "limit" in index else None,
        place,
    )


def _find_columns(names: Sequence[str], where: str) -> dict[str, int]:
    """Where each known column stands; `peak` and `limit` may be absent, but not misspelt."""
    for name in COLUMNS:
        if names.count(name) > 1:
            raise InputError(f"has the column {name} twice", where=where, mend="keep one")
    found = {name: names.index(name) for name in COLUMNS if name in names}
    others = [name for name in names if name not in found]
    for name in COLUMNS:
        if name in found:
            continue
        meant = _near_miss(name, others)
        if name in REQUIRED:
            shown = ", ".join(repr(other) for other in names[:12])
            more = f" and {len(names) - 12} more" if len(names) > 12 else ""
            raise InputError(
                f"has no column {name} (found {shown}{more})",
                where=where,
                mend=f"rename {meant!r} to {name!r}" if meant else f"add a column {name!r}",
            )
        if meant and meant.casefold() not in SYNONYMS[name]:
            raise InputError(
                f"has a column {meant!r} that may be meant as {name!r}",
                where=where,
                mend=f"rename it to {name!r}, or to something else",
            )
    return found


def _near_miss(name: str, others: Sequence[str]) -> str | None:
    folded = {other.casefold().strip(): other for other in reversed(others)}
    for synonym in SYNONYMS[name]:
        if synonym in folded:
            return folded[synonym]
    close = difflib.get_close_matches(name, folded, n=1, cutoff=0.8)
    return folded[close[0]] if close else None


def _is_instant(cell: str) -> bool:
    try:
        datetime.fromisoformat(cell)
    except ValueError:
        return False
    return True


def _instants(cells: Sequence[str], place: Callable[[int], str]) -> tuple[NDArray[np.int64], bool]:
    """ISO 8601 texts as seconds since 1970, and whether they carry a time zone."""
    cells = [cell.strip() for cell in cells]
    try:
        moments = [datetime.fromisoformat(cell) for cell in cells]
    except ValueError:
        row = next(row for row, cell in enumerate(cells) if not _is_instant(cell))
        raise _not_an_instant(cells[row], place(row)) from None
    # Epoch milliseconds can pass for a basic-format date of the year 1604.
    for row, cell in enumerate(cells):
        if cell.isdecimal():
            raise _not_an_instant(cell, place(row))
    zoned = moments[0].tzinfo is not None
    for row, moment in enumerate(moments):
        if (moment.tzinfo is not None) != zoned:
            raise InputError(
                f"timestamp {cells[row]} {'lacks' if zoned else 'has'} a time zone, "
                f"unlike the rows before it",
                where=place(row),
                mend="write all of them in UTC with a Z",
            )
    if not zoned:
        moments = [moment.replace(tzinfo=UTC) for moment in moments]
    exact = np.array([moment.timestamp() for moment in moments])
    uneven = np.flatnonzero(exact % 1)
    if uneven.size:
        raise _fractional(cells[uneven[0]], place(int(uneven[0])))
    return exact.astype(np.int64), zoned


def _not_an_instant(cell: str, where: str) -> InputError:
    if not cell:
        return InputError("timestamp is empty", where=where, mend=ISO_MEND)
    try:
        float(cell)
    except ValueError:
        return InputError(f"timestamp {cell[:40]!r} is no instant", where=where, mend=ISO_MEND)
    return InputError(
        f"timestamp {cell[:40]} is a bare number (epoch seconds?)", where=where, mend=ISO_MEND
    )


def _fractional(shown: str, where: str) -> InputError:
    return InputError(
        f"timestamp {shown} has a fraction of a second",
        where=where,
        mend="round the timestamps to whole seconds",
    )


def _numbers(name: str, cells: Sequence[str], place: Callable[[int], str]) -> NDArray[np.float64]:
    values = np.empty(len(cells))
    for row, cell in enumerate(cells):
        try:
            values[row] = _number(cell)
        except ValueError:
            raise _not_a_number(name, cell.strip()[:40], place(row)) from None
    return values


def _limits(cells: Sequence[str], place: Callable[[int], str]) -> NDArray[np.float64]:
    """A blank cell is a limit that is not known, or none."""
    return _numbers("limit", [cell if cell.strip() else "nan" for cell in cells], place)


def _number(cell: str) -> float:
    # float() takes 1_000 for a thousand; in a data file it is a slip.
    if "_" in cell:
        raise ValueError
    return float(cell)


def _not_a_number(name: str, cell: str, where: str) -> InputError:
    if not cell:
        return InputError(f"{name} is empty", where=where, mend=VALUE_MEND)
    mend = LIMIT_MEND if name == "limit" else VALUE_MEND
    if "," in cell:
        mend = "write a decimal point and no thousands separator"
    return InputError(f"{name} {cell!r} is not a number", where=where, mend=mend)


# Any below: pyarrow ships no types.


def _arrow_instants(
    column: Any, where: str, place: Callable[[int], str]
) -> tuple[NDArray[np.int64], bool]:
    import pyarrow as pa

    _refuse_nulls("timestamp", column, place)
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _instants(column.to_pylist(), place)
    if pa.types.is_date(kind):
        return column.cast(pa.timestamp("s")).cast(pa.int64()).to_numpy(), False
    if not pa.types.is_timestamp(kind):
        raise InputError(
            f"timestamp is of type {kind}",
            where=where,
            mend="store it as a Parquet timestamp in UTC",
        )
    ticks = column.cast(pa.int64()).to_numpy()
    per_second = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[kind.unit]
    uneven = np.flatnonzero(ticks % per_second)
    if uneven.size:
        row = int(uneven[0])
        raise _fractional(str(column[row].cast(pa.string())), place(row))
    return ticks // per_second, kind.tz is not None


def _arrow_numbers(
    name: str, column: Any, where: str, place: Callable[[int], str]
) -> NDArray[np.float64]:
    _refuse_nulls(name, column, place)
    return _arrow_floats(name, column, where)


def _arrow_limits(column: Any, where: str) -> NDArray[np.float64]:
    import pyarrow as pa

    if pa.types.is_null(column.type):
        return np.full(len(column), np.nan)
    return _arrow_floats("limit", column, where)


def _arrow_floats(name: str, column: Any, where: str) -> NDArray[np.float64]:
    """Numbers of any type as floats, NaN for nulls."""
    import pyarrow as pa

    kind = column.type
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)):
        raise InputError(
            f"{name} is of type {kind}, not a number", where=where, mend="store it as double"
        )
    values: NDArray[np.float64] = column.cast(pa.float64(), safe=False).to_numpy()
    return values


def _refuse_nulls(name: str, column: Any, place: Callable[[int], str]) -> None:
    if column.null_count:
        row = int(np.flatnonzero(column.is_null().to_numpy())[0])
        raise InputError(f"{name} is empty", where=place(row), mend=VALUE_MEND)
