"""A tier's demand over time: CSV or Parquet with `timestamp`, `gib`, and where known `iops` and `mibps`.

Each column is read as a demand series is (`trimtab.demand.reader`): the same checks, the same repairs, and
errors that name the file, the line and the column.
"""

import csv
import io
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from trimtab.demand.reader import read_series
from trimtab.demand.series import DemandSeries
from trimtab.demand.table import PARQUET
from trimtab.errors import InputError
from trimtab.files import read_bytes, sha256

COLUMNS = ("gib", "iops", "mibps")
MOST = {"gib": 2.0**30, "iops": 1e9, "mibps": 2.0**24}
"""More of a tier is a slip of units: an exbibyte, a billion operations a second, 16 TiB/s."""
_UNITS = {"gib": "GiB", "iops": "operations a second", "mibps": "MiB/s"}


@dataclass(frozen=True)
class TierSeries:
    """What a file of a tier's demand holds."""

    gib: DemandSeries
    iops: DemandSeries | None
    mibps: DemandSeries | None


def read_tier_series(path: Path) -> TierSeries:
    """The columns of a tier's demand.

    Raises:
        InputError: the file can't be read, a column is missing or misspelt, or is no sound series.
        EngineError: it is Parquet and pyarrow is not installed.
    """
    data = read_bytes(path)
    names = _parquet_names(data, path) if data.startswith(PARQUET) else _csv_names(data, path)
    digest = sha256(data)
    found = {name: _column(data, path, names, name, digest) for name in COLUMNS if name in names}
    return TierSeries(found["gib"], found.get("iops"), found.get("mibps"))


def _column(data: bytes, path: Path, names: list[str], name: str, digest: str) -> DemandSeries:
    """One column, handed to the reader of demand under the names that it knows."""
    whole = (
        _parquet_column(data, name) if data.startswith(PARQUET) else _csv_column(data, names, name)
    )
    try:
        series = read_series("-", name=f"{path.stem} {name}", stdin=io.BytesIO(whole))
    except InputError as error:
        where = (error.where or "").replace("standard input", str(path))
        message = error.message.replace("demand", name, 1)
        raise InputError(message, where=where, mend=error.mend) from None
    most = float(series.demand.max(initial=0.0))
    if most > MOST[name]:
        raise InputError(
            f"{name} reaches {most:.4g}, and no tier has more than {MOST[name]:.4g}",
            where=str(path),
            mend=f"check the units: give {_UNITS[name]}",
        )
    return replace(series, source=path.name, digest=digest)


def _check(names: list[str], path: Path) -> list[str]:
    for column in ("timestamp", *COLUMNS):
        if names.count(column) > 1:
            raise InputError(f"has the column {column} twice", where=str(path), mend="keep one")
    missing = [column for column in ("timestamp", "gib") if column not in names]
    shown = ", ".join(names[:12])
    if missing:
        raise InputError(
            f"has no column {missing[0]} (found {shown})",
            where=str(path),
            mend="write timestamp,gib and, where they are known, iops and mibps",
        )
    for column in ("iops", "mibps"):
        others = [name for name in names if name not in (*COLUMNS, "timestamp")]
        near = get_close_matches(column, [name.casefold() for name in others], n=1, cutoff=0.7)
        if column not in names and near:
            raise InputError(
                f"has a column {near[0]!r} that may be meant as {column!r}",
                where=str(path),
                mend="rename it, or give it another name",
            )
    return names


def _csv_names(data: bytes, path: Path) -> list[str]:
    text = _text(data, path)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_mark(text), skipinitialspace=True)
    return _check([name.strip() for name in next(reader, [])], path)


def _csv_column(data: bytes, names: list[str], name: str) -> bytes:
    """The same file with the column called demand, and whatever else might pass for one renamed."""
    text = data.decode("utf-8-sig")
    mark = _mark(text)
    head, _, body = text.partition("\n")
    renamed = [
        "timestamp" if each == "timestamp" else "demand" if each == name else f"other {i}"
        for i, each in enumerate(names)
    ]
    blank = len(head) - len(head.lstrip("\n"))
    return ("\n" * blank + mark.join(renamed) + "\n" + body).encode()


def _text(data: bytes, path: Path) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"is neither Parquet nor UTF-8 text (byte {error.start})",
            where=str(path),
            mend="save it as UTF-8 CSV",
        ) from None


def _mark(text: str) -> str:
    head = text.split("\n", 1)[0]
    return next((mark for mark in ",;\t" if mark in head), ",")


# Any below: pyarrow ships no types.


def _parquet(data: bytes, columns: list[str] | None = None) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    return pq.read_table(pa.BufferReader(data), columns=columns)


def _parquet_names(data: bytes, path: Path) -> list[str]:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        read_series("-", stdin=io.BytesIO(data))  # it says what is missing
        raise
    try:
        return _check(list(pq.read_schema(pa.BufferReader(data)).names), path)
    except (pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise InputError(
            f"is not well-formed Parquet ({reason})", where=str(path), mend="write it again"
        ) from None


def _parquet_column(data: bytes, name: str) -> bytes:
    import pyarrow.parquet as pq

    out = io.BytesIO()
    pq.write_table(_parquet(data, ["timestamp", name]).rename_columns(["timestamp", "demand"]), out)
    return out.getvalue()
