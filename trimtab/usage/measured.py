"""Usage that a bill measured: a FOCUS export's quantities, as a month's usage of each resource.

FOCUS (the FinOps Open Cost and Usage Specification) has a row for each resource, price and period, with how
much was consumed. `meters.csv` says which rows are which usage key, by their unit and description as the
clouds write them. Quantities of the whole export are scaled to a month of 730 hours.

A bill names a resource in full (an ARN), a program often by the part that is its own (`nat-0123`): a
resource is found by either.
"""

import csv
import gzip
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, TextIO

from trimtab.clock import HOURS_PER_MONTH, parse_instant
from trimtab.errors import EngineError, InputError
from trimtab.usage.names import names_in_bills

COLUMNS = (
    "ResourceId",
    "ConsumedQuantity",
    "ConsumedUnit",
    "ChargeDescription",
    "ChargePeriodStart",
    "ChargePeriodEnd",
)
SHORTEST_HOURS = 24.0
"""An export of less says nothing about a month."""

Measured = Mapping[tuple[str, str], Mapping[str, float]]
"""Quantities a month by usage key, by kind and the resource's name in bills."""


@dataclass(frozen=True, slots=True)
class Meter:
    """Which rows of a bill are a usage key.

    Attributes:
        kind, key: the usage key.
        unit: `ConsumedUnit` of its rows.
        description: what their `ChargeDescription` matches.
        per: how many of the bill's units make one of the key's.
    """

    kind: str
    key: str
    unit: str
    description: str
    per: float


def load_measured(path: Path) -> Measured:
    """A month's usage by resource, from a FOCUS export: CSV, CSV.gz or Parquet.

    Raises:
        InputError: it is no FOCUS export, has a row that can't be read, or covers less than a day.
        EngineError: it is Parquet, and pyarrow is not installed.
    """
    sums: dict[tuple[str, str], dict[str, float]] = {}
    first, last = datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC)
    for where, row in _rows(path):
        start, end = (_instant(row, name, where) for name in COLUMNS[-2:])
        first, last = min(first, start), max(last, end)
        name, quantity = row["ResourceId"], row["ConsumedQuantity"]
        if name in _NOTHING or quantity in _NOTHING:
            continue
        for meter in _meters_of(row["ConsumedUnit"] or "", row["ChargeDescription"] or ""):
            amount = _number(quantity, where)
            for alias in names_in_bills(name):
                of_it = sums.setdefault((meter.kind, alias), {})
                of_it[meter.key] = of_it.get(meter.key, 0.0) + amount / meter.per
    hours = (last - first).total_seconds() / 3600 if first < last else 0.0
    if hours < SHORTEST_HOURS:
        raise InputError(
            f"covers {hours:.0f} hours, too few to say what a month uses",
            where=str(path),
            mend="export a day at the least",
        )
    scale = HOURS_PER_MONTH / hours
    # A correction may outweigh what it corrects; less than nothing is not used.
    return {
        place: {key: max(amount, 0.0) * scale for key, amount in amounts.items()}
        for place, amounts in sums.items()
    }


_NOTHING = ("", "NULL", None)


@cache
def meters() -> tuple[Meter, ...]:
    """The rows of meters.csv."""
    text = files("trimtab.usage").joinpath("meters.csv").read_text("utf-8")
    return tuple(
        Meter(row["kind"], row["key"], row["unit"], row["description"], float(row["per"]))
        for row in csv.DictReader(text.splitlines())
    )


@cache
def _meters_of(unit: str, description: str) -> tuple[Meter, ...]:
    return tuple(
        meter
        for meter in meters()
        if meter.unit == unit and fnmatchcase(description, meter.description)
    )


def _rows(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each row with its place."""
    if path.suffix == ".parquet":
        yield from _parquet(path)
        return
    line = 0
    try:
        with _opened(path) as stream:
            reader = csv.DictReader(stream)
            _check(reader.fieldnames or (), path)
            for row in reader:
                line = reader.line_num
                yield f"{path}, line {line}", row
    except (csv.Error, UnicodeDecodeError, EOFError, OSError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(
            f"can't be read beyond line {line} ({reason})" if line else f"can't be read ({reason})",
            where=str(path),
            mend="check the path, or export it again",
        ) from None


def _opened(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return io.TextIOWrapper(gzip.GzipFile(path), encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def _parquet(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    try:
        from pyarrow import ArrowInvalid, parquet
    except ModuleNotFoundError:
        raise EngineError(
            "Parquet needs pyarrow", where=str(path), mend="install trimtab[parquet], or export CSV"
        ) from None
    try:
        table = parquet.ParquetFile(path)
    except (OSError, ArrowInvalid) as error:
        raise InputError(f"is no Parquet file ({error})", where=str(path)) from None
    _check(table.schema_arrow.names, path)
    number = 0
    for batch in table.iter_batches(columns=list(COLUMNS)):
        for row in batch.to_pylist():
            number += 1
            yield f"{path}, row {number}", row


def _check(columns: Iterable[str], path: Path) -> None:
    missing = [name for name in COLUMNS if name not in columns]
    if missing:
        raise InputError(
            f"has no column {', '.join(missing)}",
            where=str(path),
            mend="give a FOCUS 1.0 export, with its own column names",
        )


def _instant(row: Mapping[str, Any], name: str, where: str) -> datetime:
    value = row[name]
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    return _parsed(str(value), f"{where}, {name}")


@cache
def _parse(text: str) -> datetime | None:
    try:
        return parse_instant(text)
    except ValueError:
        return None


def _parsed(text: str, where: str) -> datetime:
    found = _parse(text)
    if found is None:
        raise InputError(f"{text!r} is no instant", where=where, mend="write it in ISO 8601")
    return found


def _number(value: Any, where: str) -> float:
    from trimtab.resources.inputs import as_number

    number = as_number(value) if isinstance(value, str | int | float) else as_number(str(value))
    if number is None:
        raise InputError(f"{value!r} is no number", where=f"{where}, ConsumedQuantity")
    return number
