"""What a resource without nodes costs: an hourly price, nothing, by use, or not known.

Three tables beside this module. `fixed_prices.csv`: what is paid for as long as a resource exists, by
type and region; a resource's price is the sum of its charges. `usage_prices.csv`: types that cost only
what flows through them, which no preview knows: their rates are said, not guessed. `free_types.csv`:
types that a provider does not charge for. Whatever is in none of them is not priced.

A condition is `input` (given), `input=value` or `input!=value` (another, or not given), several joined by
`&`. What only a deployment will know is given, and equals nothing.
"""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from typing import Any

from trimtab.preview.records import SECRET, UNKNOWN, ResourceRecord


class Known(StrEnum):
    """What is known of a type's price."""

    PRICED = "priced"
    FREE = "free"
    BY_USE = "by use"
    NOT_PRICED = "not priced"


@dataclass(frozen=True)
class FixedPrice:
    """One charge of one resource type.

    Attributes:
        type: the type token.
        charge: what is charged; of the rows of a type's charge, the first that applies decides.
        region: the provider's region, or `*` for all of them.
        when: the condition under which the row applies.
        since: the date from which it applies; None for always.
        each: an input whose list's length multiplies the price, such as an endpoint's subnets.
        usd_per_hour: for as long as the resource exists; None: it costs, but what is not known.
        covers: what the price includes, or leaves out.
        as_of: date of the price.
        source: where it comes from.
    """

    type: str
    charge: str
    region: str
    when: str
    since: date | None
    each: str
    usd_per_hour: float | None
    covers: str
    as_of: date
    source: str


@dataclass(frozen=True)
class UsagePrice:
    """A type that costs by use.

    Attributes:
        type: the type token.
        when: the condition under which the row applies.
        rate: what is paid for what, as a reader should see it.
        as_of: date of the rate.
        source: where it comes from.
    """

    type: str
    when: str
    rate: str
    as_of: date
    source: str


@dataclass(frozen=True)
class Tariff:
    """What is known of a resource's price: US dollars an hour where priced, and what to say of it."""

    known: Known
    usd_per_hour: float | None = None
    note: str = ""


def tariff(record: ResourceRecord, region: str | None, on: date | None = None) -> Tariff:
    """The tariff of a resource that bears no nodes.

    Args:
        record: the resource.
        region: where it is; None when that is not known.
        on: the date; None for before every dated charge.
    """
    unless = ""
    for pattern, exception in free_types():
        if fnmatchcase(record.type, pattern):
            if not exception or not _holds(record.inputs, exception):
                return Tariff(Known.FREE)
            unless = exception
    charges = [price for price in fixed_prices() if price.type == record.type]
    if charges:
        return _sum(record, charges, region, on)
    for usage in usage_prices():
        if usage.type == record.type and _holds(record.inputs, usage.when):
            return Tariff(Known.BY_USE, note=usage.rate)
    reason = f"{unless} costs money of its own" if unless else "no price for this type"
    return Tariff(Known.NOT_PRICED, note=reason)


def _sum(
    record: ResourceRecord, charges: Sequence[FixedPrice], region: str | None, on: date | None
) -> Tariff:
    total, covers = 0.0, []
    for charge in dict.fromkeys(price.charge for price in charges):
        rows = [
            price
            for price in charges
            if price.charge == charge
            and _holds(record.inputs, price.when)
            and (price.since is None or (on is not None and on >= price.since))
        ]
        if not rows:
            continue
        row = next((price for price in rows if price.region in {"*", region}), None)
        if row is None:
            place = region or "an unknown region"
            return Tariff(Known.NOT_PRICED, note=f"no price in {place}")
        if row.usd_per_hour is None:
            return Tariff(Known.NOT_PRICED, note=row.covers)
        count = _count(record.inputs, row.each)
        if count is None:
            return Tariff(Known.NOT_PRICED, note=f"{row.each} is known only once it is deployed")
        total += row.usd_per_hour * count
        covers.append(row.covers)
    if not covers:
        return Tariff(Known.NOT_PRICED, note="no price for this kind of it")
    return Tariff(Known.PRICED, total, "; ".join(covers))


@cache
def fixed_prices() -> tuple[FixedPrice, ...]:
    """The rows of fixed_prices.csv."""
    return tuple(
        FixedPrice(
            type=row["type"],
            charge=row["charge"],
            region=row["region"],
            when=row["when"],
            since=date.fromisoformat(row["since"]) if row["since"] else None,
            each=row["each"],
            usd_per_hour=float(row["usd_per_hour"]) if row["usd_per_hour"] else None,
            covers=row["covers"],
            as_of=date.fromisoformat(row["as_of"]),
            source=row["source"],
        )
        for row in _rows("fixed_prices.csv")
    )


@cache
def usage_prices() -> tuple[UsagePrice, ...]:
    """The rows of usage_prices.csv."""
    return tuple(
        UsagePrice(
            type=row["type"],
            when=row["when"],
            rate=row["rate"],
            as_of=date.fromisoformat(row["as_of"]),
            source=row["source"],
        )
        for row in _rows("usage_prices.csv")
    )


@cache
def free_types() -> tuple[tuple[str, str], ...]:
    """Type patterns and the conditions that make them not free, from free_types.csv."""
    return tuple((row["type"], row["unless"]) for row in _rows("free_types.csv"))


def region_of(inputs: Mapping[str, Any]) -> str | None:
    """The region that a resource states, whichever way its provider calls it; None when it does not.

    A zone of Google Cloud's stands for its region, and Azure takes a region's display name, too.
    """
    for name in ("region", "location"):
        value = inputs.get(name)
        if isinstance(value, str) and value and value not in (UNKNOWN, SECRET):
            return _ZONE.sub(r"\1", value.lower().replace(" ", ""))
    return None


_ZONE = re.compile(r"^([a-z]+-[a-z]+\d+)-[a-z]$")


def value_at(inputs: Mapping[str, Any], path: str) -> Any:
    """The input at a dotted path, or None."""
    value: Any = inputs
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _holds(inputs: Mapping[str, Any], condition: str) -> bool:
    """Whether every part of a condition holds; none of them: yes."""
    return all(_part_holds(inputs, part) for part in condition.split("&") if part)


def _part_holds(inputs: Mapping[str, Any], part: str) -> bool:
    path, _, wanted = part.partition("=")
    other = path.endswith("!")
    value = value_at(inputs, path.removesuffix("!"))
    if not wanted:
        return value not in (None, [], {})
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return (text == wanted) is not other


def _count(inputs: Mapping[str, Any], path: str) -> int | None:
    """How often a price is paid; None where only the deployment will know."""
    if not path:
        return 1
    value = value_at(inputs, path)
    if value is None:
        return 1
    return len(value) if isinstance(value, list) else None


def _rows(name: str) -> list[dict[str, str]]:
    text = files(__package__).joinpath(name).read_text("utf-8")
    return list(csv.DictReader(text.splitlines()))
