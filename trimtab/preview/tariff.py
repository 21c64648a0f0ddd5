"""What a resource without nodes costs: a fixed hourly price, nothing, or not known.

Two tables beside this module: `fixed_prices.csv` (price by type and region, with as-of date and
source) and `free_types.csv` (types that a provider does not charge for). A row's `unless` names an
input, or `input=value`, that makes it not hold. Whatever is in neither is not priced.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from typing import Any

from trimtab.preview.records import ResourceRecord

FREE = 0.0


@dataclass(frozen=True)
class FixedPrice:
    """A price of one resource type.

    Attributes:
        type: the type token.
        region: the provider's region, or `*` for all of them.
        unless: an input that changes the price.
        usd_per_hour: for as long as the resource exists.
        covers: what the price includes, or leaves out.
        as_of: date of the price.
        source: where it comes from.
    """

    type: str
    region: str
    unless: str
    usd_per_hour: float
    covers: str
    as_of: date
    source: str


@dataclass(frozen=True)
class Tariff:
    """What a resource costs per hour: None when not priced, and then why; or what a price covers."""

    usd_per_hour: float | None
    note: str = ""


def tariff(record: ResourceRecord, region: str | None) -> Tariff:
    """The tariff of a resource that bears no nodes.

    Args:
        record: the resource.
        region: where it is; None when that is not known.
    """
    for pattern, unless in free_types():
        if fnmatchcase(record.type, pattern):
            if _holds(record.inputs, unless):
                return Tariff(None, f"{unless} costs money of its own")
            return Tariff(FREE)
    prices = [price for price in fixed_prices() if price.type == record.type]
    if not prices:
        return Tariff(None, "no price for this type")
    for price in prices:
        if price.region in {"*", region}:
            if _holds(record.inputs, price.unless):
                return Tariff(None, f"{price.unless} changes the price")
            return Tariff(price.usd_per_hour, price.covers)
    return Tariff(None, f"no price in {region or 'an unknown region'}")


@cache
def fixed_prices() -> tuple[FixedPrice, ...]:
    """The rows of fixed_prices.csv."""
    return tuple(
        FixedPrice(
            type=row["type"],
            region=row["region"],
            unless=row["unless"],
            usd_per_hour=float(row["usd_per_hour"]),
            covers=row["covers"],
            as_of=date.fromisoformat(row["as_of"]),
            source=row["source"],
        )
        for row in _rows("fixed_prices.csv")
    )


@cache
def free_types() -> tuple[tuple[str, str], ...]:
    """Type patterns and their `unless` from free_types.csv."""
    return tuple((row["type"], row["unless"]) for row in _rows("free_types.csv"))


def value_at(inputs: Mapping[str, Any], path: str) -> Any:
    """The input at a dotted path, or None."""
    value: Any = inputs
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _holds(inputs: Mapping[str, Any], condition: str) -> bool:
    if not condition:
        return False
    path, _, wanted = condition.partition("=")
    value = value_at(inputs, path)
    return value == wanted if wanted else value not in (None, [], {})


def _rows(name: str) -> list[dict[str, str]]:
    text = files(__package__).joinpath(name).read_text("utf-8")
    return list(csv.DictReader(text.splitlines()))
