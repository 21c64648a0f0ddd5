"""Price tables: CSV to offers.

The schema, one row an instance type in a region; blank means unknown, never zero:

    provider, region, instance_type, vcpu, memory_gib, accelerator, accelerator_count,
    on_demand_usd_hour, spot_usd_hour, reserved_1y_usd_hour, reserved_3y_usd_hour, as_of, source

and, where known: architecture (`x86_64` or `arm64`, else inferred from the name),
interruption_band_low_percent and interruption_band_high_percent (both or neither), gco2e_per_hour, and
currency (`USD`: no other is read, for nothing here knows an exchange rate).
Columns may stand in any order. (provider, region, instance_type) is the key. A spot price above the
on-demand price is kept: it is a fact of some markets, and no planner buys it.

Tables have tens of thousands of rows over few distinct values, so each column's distinct texts are
parsed once; only an error goes back to look for its line.
"""

import csv
import difflib
import io
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache
from importlib import resources
from itertools import repeat
from pathlib import Path
from typing import Any, NoReturn

from trimtab.catalogue.accelerators import canonical_model
from trimtab.catalogue.architecture import infer_architecture
from trimtab.catalogue.offers import InterruptionBand, Offer
from trimtab.collector import paused
from trimtab.errors import InputError
from trimtab.files import read_bytes, read_text, sha256

BUILT_IN = "built-in offers"
ABSURD_USD_PER_HOUR = 100_000.0
"""No single node costs this much an hour; a larger figure is in another unit."""


@dataclass(frozen=True)
class Catalogue:
    """The offers of one price table.

    Attributes:
        source: the file, or `built-in offers`.
        digest: `sha256:` of its bytes, for a plan's evidence.
        offers: in the table's order.
    """

    source: str
    digest: str
    offers: tuple[Offer, ...]

    def __len__(self) -> int:
        return len(self.offers)

    def __iter__(self) -> Iterator[Offer]:
        return iter(self.offers)


def load_offers(path: Path | None = None) -> Catalogue:
    """The offers of a price table, or of the built-in one when no path is given.

    Raises:
        InputError: the file cannot be read, or a row is wrong; names line, column and mend.
    """
    if path is None:
        table = resources.files("trimtab.catalogue") / "builtin_offers.csv"
        return parse_offers(table.read_text(encoding="utf-8"), BUILT_IN)
    catalogue = parse_offers(read_text(path), str(path))
    return replace(catalogue, digest=sha256(read_bytes(path)))


def parse_offers(text: str, source: str) -> Catalogue:
    """The offers in a CSV text; `source` names it in errors.

    Raises:
        InputError: as `load_offers`.
    """
    with paused():
        return _parse(text, source)


def _parse(text: str, source: str) -> Catalogue:
    header, *rows = _rows(text, source)
    names = [name.strip() for name in header]
    _check_header(names, source)
    if not rows:
        raise InputError("has no offers", where=source, mend="add a row below the header")
    columns = dict(zip(names, zip(*rows, strict=True), strict=True))

    def fail(row: int, column: str, message: str, mend: str | None) -> NoReturn:
        where = f"{source}, line {_line_of(text, row)}, column {column}"
        raise InputError(message, where=where, mend=mend)

    parsed: dict[str, list[Any]] = {}
    for name, parse in _PARSERS.items():
        if name in columns:
            try:
                values = {cell: parse(cell.strip()) for cell in set(columns[name])}
            except InputError:
                _fail_at_first(columns[name], name, parse, fail)
            parsed[name] = [values[cell] for cell in columns[name]]

    _check_keys(parsed, fail)
    _check_accelerators(parsed, fail)
    offers = tuple(_build(row) for row in zip(*_offer_columns(parsed, fail), strict=True))
    return Catalogue(source, sha256(text.encode()), offers)


# Cells.


def _name(pattern: str, what: str) -> Callable[[str], str]:
    compiled = re.compile(pattern)

    def parse(cell: str) -> str:
        if not compiled.fullmatch(cell):
            raise InputError(
                f"{cell!r} is not {what}" if cell else "is blank", mend=f"write {what}"
            )
        return cell

    return parse


def _number(what: str, below: float = math.inf) -> Callable[[str], float | None]:
    def parse(cell: str) -> float | None:
        if not cell:
            return None
        try:
            value = float(cell)
        except ValueError:
            raise InputError(
                f"{cell!r} is not a number", mend="write a plain decimal, or leave it blank"
            ) from None
        if not math.isfinite(value) or value <= 0:
            raise InputError(
                f"{cell!r} is not a positive number", mend="leave it blank where it is unknown"
            )
        if value >= below:
            raise InputError(
                f"{cell} is {what} beyond any node's", mend=f"write it below {below:,.0f}"
            )
        return value

    return parse


def _percent(cell: str) -> float | None:
    if not cell:
        return None
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if not 0 <= value <= 100:
        raise InputError(f"{cell!r} is not a percentage", mend="write a number from 0 to 100")
    return value


def _date(cell: str) -> date:
    try:
        return datetime.strptime(cell, "%Y-%m-%d").date()  # noqa: DTZ007
    except ValueError:
        raise InputError(
            f"{cell!r} is not a date" if cell else "is blank",
            mend="write the price's date as 2026-01-31",
        ) from None


def _architecture(cell: str) -> str | None:
    if cell not in ("", "x86_64", "arm64"):
        raise InputError(
            f"unknown architecture {cell!r}", mend="write x86_64, arm64, or leave it blank"
        )
    return cell or None


def _currency(cell: str) -> None:
    if cell.upper() not in ("", "USD"):
        raise InputError(
            f"prices are in {cell}, and every other price is in US dollars",
            mend="convert them at a rate of your own, and write USD",
        )


def _accelerator(cell: str) -> str | None:
    return canonical_model(cell) if cell else None


_price = _number("a price in US dollars an hour", ABSURD_USD_PER_HOUR)
_PARSERS: dict[str, Callable[[str], Any]] = {
    "provider": _name(r"[a-z][a-z0-9-]*", "a provider in lower case, such as aws"),
    "region": _name(r"[A-Za-z0-9][\w .-]*", "a region's name"),
    "instance_type": _name(r"[A-Za-z0-9][\w.+-]*", "an instance type's name"),
    "vcpu": _number("a count of vCPUs", 1e5),
    "memory_gib": _number("a memory in GiB", 1e6),
    "accelerator": _accelerator,
    "accelerator_count": _number("a count of accelerators", 1e4),
    "on_demand_usd_hour": _price,
    "spot_usd_hour": _price,
    "reserved_1y_usd_hour": _price,
    "reserved_3y_usd_hour": _price,
    "as_of": _date,
    "source": str,
    "architecture": _architecture,
    "interruption_band_low_percent": _percent,
    "interruption_band_high_percent": _percent,
    "gco2e_per_hour": _number("an emission in grams of CO2e an hour"),
    "currency": _currency,
}
_OPTIONAL = (
    "architecture",
    "interruption_band_low_percent",
    "interruption_band_high_percent",
    "gco2e_per_hour",
    "currency",
)
_REQUIRED = tuple(name for name in _PARSERS if name not in _OPTIONAL)


# Rows.


def _rows(text: str, source: str) -> list[list[str]]:
    """Every record, the header first, all of one length; blank lines dropped."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        rows = [row for row in reader if row]
    except csv.Error as error:
        raise InputError(
            f"is not CSV ({error})", where=f"{source}, line {reader.line_num}"
        ) from None
    if not rows:
        raise InputError("is empty", where=source, mend=f"start it with {','.join(_REQUIRED)}")
    width = len(rows[0])
    for index, row in enumerate(rows):
        if len(row) != width:
            raise InputError(
                f"has {len(row)} fields, the header {width}",
                where=f"{source}, line {_line_of(text, index - 1)}",
                mend="quote fields that hold a comma, and leave unknown ones blank",
            )
    return rows


def _line_of(text: str, row: int) -> int:
    """The line on which data row `row` (0 for the first below the header) starts."""
    reader = csv.reader(io.StringIO(text, newline=""))
    start, records = 1, -1
    for record in reader:
        if record:
            if records == row:
                return start
            records += 1
        start = reader.line_num + 1
    return start


def _check_header(names: list[str], source: str) -> None:
    where = f"{source}, line 1"
    for name in names:
        if name not in _PARSERS:
            near = difflib.get_close_matches(name, _PARSERS, n=1)
            mend = (
                f"did you mean {near[0]}?" if near else f"remove it; known: {', '.join(_PARSERS)}"
            )
            raise InputError(f"unknown column {name!r}", where=where, mend=mend)
        if names.count(name) > 1:
            raise InputError(f"column {name} stands twice", where=where, mend="remove one")
    if missing := [name for name in _REQUIRED if name not in names]:
        raise InputError(
            f"column {', '.join(missing)} is missing",
            where=where,
            mend="add it; its cells may be blank where a figure is unknown",
        )


_Fail = Callable[[int, str, str, str | None], NoReturn]


def _fail_at_first(
    cells: tuple[str, ...], column: str, parse: Callable[[str], Any], fail: _Fail
) -> NoReturn:
    """Report the first cell that does not parse."""
    for row, cell in enumerate(cells):
        try:
            parse(cell.strip())
        except InputError as error:
            fail(row, column, error.message, error.mend)
    raise AssertionError(f"a cell of {column} failed once and not again")


def _check_keys(parsed: dict[str, list[Any]], fail: _Fail) -> None:
    keys = list(zip(parsed["provider"], parsed["region"], parsed["instance_type"], strict=True))
    if len(set(keys)) == len(keys):
        return
    seen: set[tuple[str, str, str]] = set()
    for row, key in enumerate(keys):
        if key in seen:
            fail(
                row,
                "instance_type",
                f"{key[2]} in {key[0]} {key[1]} stands twice",
                "keep one row for each provider, region and instance type",
            )
        seen.add(key)


def _check_accelerators(parsed: dict[str, list[Any]], fail: _Fail) -> None:
    pairs = zip(parsed["accelerator"], parsed["accelerator_count"], strict=True)
    for row, (accelerator, count) in enumerate(pairs):
        if accelerator is None and count is not None:
            fail(row, "accelerator_count", "counts no accelerator", "name the accelerator too")


def _offer_columns(parsed: dict[str, list[Any]], fail: _Fail) -> list[list[Any]]:
    """The columns in the order of `Offer`'s fields."""
    size = len(parsed["provider"])
    unknown: list[Any] = list(repeat(None, size))
    stated = parsed.get("architecture", unknown)
    infer = lru_cache(maxsize=None)(infer_architecture)
    architecture = [
        given or infer(provider, instance_type, accelerator)
        for given, provider, instance_type, accelerator in zip(
            stated,
            parsed["provider"],
            parsed["instance_type"],
            parsed["accelerator"],
            strict=True,
        )
    ]
    return [
        *(parsed[name] for name in _REQUIRED[:7]),
        architecture,
        *(parsed[name] for name in _REQUIRED[7:11]),
        _bands(parsed, unknown, fail),
        parsed.get("gco2e_per_hour", unknown),
        parsed["as_of"],
        parsed["source"],
    ]


def _bands(
    parsed: dict[str, list[Any]], unknown: list[Any], fail: _Fail
) -> list[InterruptionBand | None]:
    lows = parsed.get("interruption_band_low_percent", unknown)
    highs = parsed.get("interruption_band_high_percent", unknown)
    bands: dict[tuple[float | None, float | None], InterruptionBand | None] = {(None, None): None}
    for row, (low, high) in enumerate(zip(lows, highs, strict=True)):
        if (low, high) in bands:
            continue
        if low is None or high is None:
            missing = "low" if low is None else "high"
            fail(row, f"interruption_band_{missing}_percent", "is blank", "state both ends or none")
        if low > high:
            fail(row, "interruption_band_low_percent", "is above the high end", "swap them")
        bands[low, high] = InterruptionBand(low, high)
    return [bands[pair] for pair in zip(lows, highs, strict=True)]


_FIELDS = tuple(Offer.__dataclass_fields__)


def _build(row: tuple[Any, ...]) -> Offer:
    # A frozen dataclass sets each field through object.__setattr__: too slow for 45,000 rows.
    offer = object.__new__(Offer)
    offer.__dict__.update(zip(_FIELDS, row, strict=True))
    return offer
