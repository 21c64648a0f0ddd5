"""Which of a provider's meters is which of our rates: a table of data, `meters_<provider>.csv`.

    rate     our name; `{size}` is the group of that name in a filter, in lower case with `-` for a space
    unit     ours
    service  the provider's service: a service code (AWS), serviceName (Azure), display name (Google Cloud)
    filters  joined by `;`, all must hold: `field=text` exactly; `field~pattern` somewhere; `field!pattern`
             nowhere; `field@pattern` the whole of an AWS usage type without its region's prefix
    per      the provider's unit, a pattern that must match whole: a meter that changes its unit is not read
    factor   our price is theirs times this: 1000 for a price of each request as one of 1K requests
    free     `kept` where the estimators take a free tier off themselves; else it is dropped, because what is
             free is free once an account and not for each resource
    start    from which quantity on, in our unit, where each tier is a meter of its own

A price that two meters give differently is ambiguous and left out.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from trimtab.pricing.live.model import RateRow

_REGION_PREFIX = re.compile(r"^(?:[A-Z]{2,4}[0-9]|EU|[a-z]{2}(?:-[a-z]+)+-[0-9])-")
"""`EUC1-`, `EU-`, and of KMS `eu-central-1-`."""
_FILTER = re.compile(r"([A-Za-z]+)([=~!@])(.*)", re.DOTALL)


@dataclass(frozen=True)
class Meter:
    """A row of the table.

    Attributes:
        rate, unit, service, per, factor, keeps_free, start: the columns.
        filters: field, operator, text, and that as a pattern.
    """

    rate: str
    unit: str
    service: str
    filters: tuple[tuple[str, str, str, re.Pattern[str]], ...]
    per: re.Pattern[str]
    factor: float
    keeps_free: bool
    start: float = 0.0

    def exact(self, field: str) -> str | None:
        """The text that a field must be, where a filter says so: a query can ask for it."""
        return next(
            (text for name, operator, text, _ in self.filters if (name, operator) == (field, "=")),
            None,
        )

    def name(self, attributes: Mapping[str, str]) -> str | None:
        """The rate that a product is; None where it is not this meter's."""
        groups: dict[str, str] = {}
        for field, operator, text, pattern in self.filters:
            value = attributes.get(field, "")
            if operator == "=":
                if value != text:
                    return None
                continue
            if operator == "@":
                found = pattern.fullmatch(_REGION_PREFIX.sub("", value))
            else:
                found = pattern.search(value)
            if (found is None) != (operator == "!"):
                return None
            if found is not None:
                groups.update(found.groupdict(default=""))
        return self.rate.format_map({k: v.lower().replace(" ", "-") for k, v in groups.items()})

    def row(
        self,
        region: str,
        attributes: Mapping[str, str],
        per: str,
        tiers: Iterable[tuple[float, float]],
        meter: str,
    ) -> RateRow | None:
        """A product's price as our rate.

        Args:
            region: where it holds, or `*`.
            attributes: what the filters look at.
            per: the unit of the price.
            tiers: from which quantity on in that unit, and US dollars.
            meter: how messages name the product.
        """
        name = self.name(attributes)
        if name is None or not self.per.fullmatch(per):
            return None
        ours = sorted((self.start + start / self.factor, usd * self.factor) for start, usd in tiers)
        if not self.keeps_free:
            paid = [tier for tier in ours if tier[1] > 0]
            ours = [(self.start, paid[0][1]), *paid[1:]] if paid else []
        if not ours:
            return None
        return RateRow(region, name, self.unit, tuple(ours), meter)


@cache
def meters(provider: str) -> Mapping[str, tuple[Meter, ...]]:
    """The meters of a provider by service, in the table's order."""
    table = Path(__file__).with_name(f"meters_{provider}.csv")
    found: dict[str, list[Meter]] = {}
    with table.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            found.setdefault(row["service"], []).append(_meter(row))
    return {service: tuple(each) for service, each in found.items()}


def _meter(row: Mapping[str, str]) -> Meter:
    filters = []
    for text in row["filters"].split(";"):
        found = _FILTER.fullmatch(text)
        if found is None:
            raise ValueError(f"{row['rate']}: {text!r} is no filter")
        pattern = re.compile(re.escape(found[3]) if found[2] == "=" else found[3])
        filters.append((found[1], found[2], found[3], pattern))
    return Meter(
        rate=row["rate"],
        unit=row["unit"],
        service=row["service"],
        filters=tuple(filters),
        per=re.compile(row["per"] or ".*"),
        factor=float(row["factor"] or 1),
        keeps_free=row["free"] == "kept",
        start=float(row.get("start") or 0),
    )


def unambiguous(rows: Iterable[RateRow]) -> Iterator[RateRow | str]:
    """Each rate of a region once, its tiers together; what meters disagree on is said as a sentence."""
    known: dict[tuple[str, str], RateRow] = {}
    torn: dict[tuple[str, str], str] = {}
    for row in rows:
        key = (row.rate, row.region)
        first = known.setdefault(key, row)
        tiers = dict(first.tiers)
        if any(tiers.setdefault(start, usd) != usd for start, usd in row.tiers):
            torn[key] = f"{row.rate} in {row.region}: {first.meter} and {row.meter} differ"
        elif len(tiers) > len(first.tiers):
            known[key] = replace(first, tiers=tuple(sorted(tiers.items())))
    for key, row in known.items():
        yield torn.get(key, row)
