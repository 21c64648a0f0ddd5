"""Spot price histories from CSV: one dated price per region and instance type a row.

    date,region,instance_type,spot_usd_hour

and, read over: on_demand_usd_hour, reserved_1y_usd_hour, reserved_3y_usd_hour. A blank spot price
is unknown and its row left out: what was not priced is never $0.
"""

import math
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trimtab.errors import InputError
from trimtab.files import read_text
from trimtab.forecast.model import Array
from trimtab.spot.table import number, read_columns

COLUMNS = ("date", "region", "instance_type", "spot_usd_hour")
READ_OVER = ("on_demand_usd_hour", "reserved_1y_usd_hour", "reserved_3y_usd_hour")


@dataclass(frozen=True, eq=False)
class PriceHistory:
    """The spot prices of one instance type in one region.

    Attributes:
        region: the provider's name of the region.
        instance_type: the provider's name of the type.
        days: of each price, days since 1 January of year 1, shape (M,), rising.
        usd_per_hour: shape (M,), positive.
    """

    region: str
    instance_type: str
    days: NDArray[np.int64]
    usd_per_hour: Array

    @property
    def latest(self) -> date:
        """The day of the last price."""
        return date.fromordinal(int(self.days[-1]))


def read_prices(path: Path) -> tuple[PriceHistory, ...]:
    """Every history in a file, by region and instance type.

    Raises:
        InputError: the file cannot be read, or a row is wrong; names line, column and mend.
    """
    return parse_prices(read_text(path), str(path))


def parse_prices(text: str, source: str) -> tuple[PriceHistory, ...]:
    """Every history in a CSV text; `source` names it in errors.

    Raises:
        InputError: as `read_prices`.
    """
    columns = read_columns(text, source, COLUMNS, READ_OVER)
    days = columns["date"].parsed(_day)
    prices = columns["spot_usd_hour"].parsed(_price)
    regions = columns["region"].parsed(_name)
    types = columns["instance_type"].parsed(_name)
    found: dict[tuple[str, str], dict[int, float]] = {}
    for row, key in enumerate(zip(regions, types, strict=True)):
        if math.isnan(prices[row]):
            continue
        history = found.setdefault(key, {})
        if days[row] in history:
            raise InputError(
                f"{key[1]} in {key[0]} has two prices on {columns['date'].cells[row]}",
                where=columns["date"].place(row),
                mend="keep one",
            )
        history[days[row]] = prices[row]
    if not found:
        raise InputError("has no spot price", where=source, mend="fill in spot_usd_hour")
    return tuple(
        PriceHistory(
            *key,
            np.array(sorted(found[key])),
            np.array([found[key][d] for d in sorted(found[key])]),
        )
        for key in sorted(found)
    )


def _day(cell: str) -> int:
    try:
        return date.fromisoformat(cell).toordinal()
    except ValueError:
        raise InputError(
            f"{cell!r} is not a date" if cell else "is blank", mend="write it as 2026-01-31"
        ) from None


def _price(cell: str) -> float:
    if not cell:
        return math.nan
    value = number(cell)
    if value == 0:
        raise InputError("is 0", mend="leave it blank where the price is unknown")
    return value


def _name(cell: str) -> str:
    if not cell:
        raise InputError("is blank", mend="write the provider's name for it")
    return cell
