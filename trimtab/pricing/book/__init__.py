"""The book of prices: a rate by its name and region, a machine by its type and region.

A book has layers, asked in order: what the user gives (`--offers`), what `trimtab catalog refresh` fetched,
and what is built in. A layer is a folder:

    rates/<provider>/*.csv          columns rate, region, from, usd, unit, as_of, source
    rates/<provider>/regions/<region>.csv    the same, of one region
    rates/<provider>/<service>/<region>.csv  the same, of a service whose rates are many
    machines/<provider>/shapes.csv  what each instance type has
    machines/<provider>/<region>.csv  what each costs there
    sources.csv                     columns source, text: what the ids in the others stand for

In a table of rates, a row whose rate is `*` says what the blank cells of the rows after it stand for.

Files are read when they are first asked for: a change in one region of one provider reads three or four. A
price that is in no layer is not known; nothing is ever taken from another region.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from math import inf
from pathlib import Path
from typing import Protocol

from trimtab.catalogue.offers import Offer
from trimtab.errors import InputError
from trimtab.pricing.book.machines import BUILT_IN_FOLDER, machine_table
from trimtab.pricing.book.tables import FETCH_AGAIN, names_a_file, read_sources, rows
from trimtab.pricing.model import Rate

RATE_COLUMNS = ("rate", "region", "from", "usd", "unit", "as_of", "source")


@dataclass(frozen=True, slots=True)
class Tier:
    """A rate from a quantity on: of what is used beyond `start` (and below the next tier's)."""

    start: float
    rate: Rate


class Layer(Protocol):
    """Where prices are looked up; each answers None for what it does not know."""

    def tiers(self, rate: str, region: str) -> tuple[Tier, ...] | None: ...

    def offer(self, provider: str, region: str, instance_type: str) -> Offer | None: ...

    def offers(self, provider: str, region: str) -> Iterable[Offer]: ...


class PriceBook:
    """Layers of prices, the first that knows one decides."""

    def __init__(self, layers: Sequence[Layer]) -> None:
        self._layers = tuple(layers)
        self._tiers: dict[tuple[str, str], tuple[Tier, ...] | None] = {}
        self._offers: dict[tuple[str, str, str], Offer | None] = {}
        self._regions: dict[tuple[str, str], tuple[Offer, ...]] = {}

    def rate(self, name: str, region: str | None) -> Rate | None:
        """The rate of a name (`aws/ebs/gp3/storage`) in a region: of its first tier, where it has several."""
        found = self.tiers(name, region)
        return found[0].rate if found else None

    def tiers(self, name: str, region: str | None) -> tuple[Tier, ...] | None:
        """The tiers of a rate, by rising start; one that is not tiered has one from 0."""
        key = (name, region or "*")
        if key not in self._tiers:
            found = (layer.tiers(*key) for layer in self._layers)
            self._tiers[key] = next((tiers for tiers in found if tiers), None)
        return self._tiers[key]

    def offer(self, provider: str, region: str | None, instance_type: str) -> Offer | None:
        """A machine with its prices; None where the region is not known or nobody knows the type there."""
        if region is None:
            return None
        key = (provider, region, instance_type)
        if key not in self._offers:
            found = [offer for layer in self._layers if (offer := layer.offer(*key))]
            self._offers[key] = _with_facts(found) if found else None
        return self._offers[key]

    def offers(self, provider: str, region: str) -> tuple[Offer, ...]:
        """Every machine of a region, sorted by type."""
        key = (provider, region)
        if key not in self._regions:
            known: dict[str, list[Offer]] = {}
            for layer in self._layers:
                for offer in layer.offers(provider, region):
                    known.setdefault(offer.instance_type, []).append(offer)
            self._regions[key] = tuple(_with_facts(known[name]) for name in sorted(known))
        return self._regions[key]


_FACTS = (
    "vcpu",
    "memory_gib",
    "accelerator",
    "accelerator_count",
    "interruption_band",
    "gco2e_per_hour",
)


def _with_facts(offers: Sequence[Offer]) -> Offer:
    """The first layer's offer; what it does not say of the machine itself is from the layers below it.

    Prices are never mixed: one that the first layer leaves blank stays unknown.
    """
    first, *others = offers
    filled = {
        name: value
        for name in _FACTS
        if getattr(first, name) is None
        and (value := next((v for o in others if (v := getattr(o, name)) is not None), None))
        is not None
    }
    return replace(first, **filled) if filled else first


def apart(region: str) -> bool:
    """Whether a region has a price list of its own, so that what holds everywhere does not hold there:
    those of governments, and of China."""
    return region.startswith(("us-gov-", "cn-", "usgov", "usdod", "china", "eusc-"))


class FolderLayer:
    """A layer in a folder: the package's own, or the cache of fetched prices."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._rates: dict[str, dict[tuple[str, str], list[dict[str, str]]]] = {}

    def tiers(self, rate: str, region: str) -> tuple[Tier, ...] | None:
        provider, service = rate.split("/", 2)[:2]
        known = self._table(provider, "*")
        found = known.get((rate, region))
        if found is None and not apart(region):
            found = known.get((rate, "*"))
        if found is None and region != "*":
            places = (f"{provider}/regions", f"{provider}/{service}")
            tables = (self._table(place, region) for place in places)
            found = next((rows for table in tables if (rows := table.get((rate, region)))), None)
        return self._parsed(found) if found else None

    def offer(self, provider: str, region: str, instance_type: str) -> Offer | None:
        return machine_table(self.folder, provider, region).get(instance_type)

    def offers(self, provider: str, region: str) -> Iterable[Offer]:
        return machine_table(self.folder, provider, region).values()

    @cached_property
    def sources(self) -> Mapping[str, str]:
        """What the ids of sources stand for."""
        return read_sources(self.folder)

    def _table(self, part: str, region: str) -> dict[tuple[str, str], list[dict[str, str]]]:
        """The rows of a provider's rates, or of a service's in a region; {} where there is no table.

        They are parsed when they are asked for: a change needs few of them.
        """
        name = f"{part}/{region}"
        if name not in self._rates:
            self._rates[name] = self._read_rates(part, region)
        return self._rates[name]

    def _read_rates(self, part: str, region: str) -> dict[tuple[str, str], list[dict[str, str]]]:
        found: dict[tuple[str, str], list[dict[str, str]]] = {}
        if not all(names_a_file(name) for name in (*part.split("/"), region.replace("*", "x"))):
            return {}
        for path in sorted((self.folder / "rates" / part).glob(f"{region}.csv")):
            blank: dict[str, str] = {}
            for row in rows(path, RATE_COLUMNS):
                if row["rate"] == "*":
                    blank = {name: cell for name, cell in row.items() if cell and name != "rate"}
                    continue
                row |= {name: cell for name, cell in blank.items() if not row[name]}
                found.setdefault((row["rate"], row["region"]), []).append(row)
        return found

    def _parsed(self, found: list[dict[str, str]]) -> tuple[Tier, ...]:
        try:
            tiers = [Tier(float(row["from"] or 0), self._rate(row)) for row in found]
        except (TypeError, ValueError):
            tiers = []
        if (
            not all(0 <= each.start < inf and 0 <= each.rate.usd < inf for each in tiers)
            or not tiers
        ):
            named = f"{found[0]['rate']} in {found[0]['region']}"
            raise InputError(
                f"the price of {named} is none", where=str(self.folder), mend=FETCH_AGAIN
            )
        return tuple(sorted(tiers, key=lambda tier: tier.start))

    def _rate(self, row: dict[str, str]) -> Rate:
        return Rate(
            id=row["rate"],
            region=row["region"],
            usd=float(row["usd"]),
            unit=row["unit"],
            as_of=date.fromisoformat(row["as_of"]),
            source=self.sources.get(row["source"], row["source"]),
        )


class OffersLayer:
    """A user's own table of machines (`--offers`): it has no rates of anything else.

    Args:
        offers: such as a `trimtab.catalogue.reader.Catalogue`.
    """

    def __init__(self, offers: Iterable[Offer]) -> None:
        self._offers = {
            (offer.provider, offer.region, offer.instance_type): offer for offer in offers
        }

    def tiers(self, rate: str, region: str) -> tuple[Tier, ...] | None:
        del rate, region
        return None

    def offer(self, provider: str, region: str, instance_type: str) -> Offer | None:
        return self._offers.get((provider, region, instance_type))

    def offers(self, provider: str, region: str) -> Iterable[Offer]:
        place = (provider, region)
        return [offer for key, offer in self._offers.items() if key[:2] == place]


def built_in_book() -> PriceBook:
    """The book that the package brings."""
    return PriceBook([FolderLayer(BUILT_IN_FOLDER)])
