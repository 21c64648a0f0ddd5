"""What is known of a machine or a rate, over all regions and layers, and how old each layer is.

Reads the tables of prices only, built-in and fetched, as `trimtab diff` does: a region's offer is the first
layer's that has the type, with the facts of the layers below it.
"""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from functools import cached_property
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

from trimtab.pricing.book import RATE_COLUMNS, FolderLayer, PriceBook
from trimtab.pricing.book.machines import BUILT_IN_FOLDER, known_types, machine_table, regions

if TYPE_CHECKING:
    from trimtab.catalogue.offers import Offer

FETCHED, BUILT_IN = "fetched", "built-in"


@dataclass(frozen=True)
class FoundOffer:
    """An offer, and the layer that its prices are of."""

    offer: "Offer"
    layer: str


@dataclass(frozen=True)
class FoundRate:
    """A tier of a rate, and the layer that it is of."""

    rate: str
    region: str
    start: float
    usd: float
    unit: str
    as_of: str
    source: str
    layer: str


@dataclass(frozen=True)
class Held:
    """How much a layer has of a provider, in one region or in all.

    Attributes:
        regions: how many of them hold machines or rates.
        machines, rates: how many types with prices, and tiers of rates.
        oldest, newest: days of prices.
    """

    layer: str
    provider: str
    region: str
    regions: int
    machines: int
    rates: int
    oldest: date | None
    newest: date | None


class Listing:
    """The layers of prices, to be looked through.

    Args:
        fetched: the folder of fetched prices; one that is not there is no layer.
    """

    def __init__(self, fetched: Path) -> None:
        self.layers: dict[str, Path] = {}
        if (fetched / "state.json").is_file():
            self.layers[FETCHED] = fetched
        self.layers[BUILT_IN] = BUILT_IN_FOLDER
        self.book = PriceBook([FolderLayer(folder) for folder in self.layers.values()])

    @cached_property
    def providers(self) -> tuple[str, ...]:
        """Those that any layer has, sorted."""
        found = {
            path.name
            for folder in self.layers.values()
            for part in ("machines", "rates")
            for path in (folder / part).glob("*")
            if path.is_dir()
        }
        return tuple(sorted(found))

    def types(self, providers: Iterable[str]) -> tuple[str, ...]:
        """Every machine type of some providers, sorted."""
        found = {
            name
            for folder in self.layers.values()
            for provider in providers
            for name in known_types(provider, folder)
        }
        return tuple(sorted(found))

    def offers(self, instance_type: str, providers: Iterable[str]) -> Iterator[FoundOffer]:
        """What a type costs in each region of the providers that have it."""
        for provider in providers:
            holding = {
                layer: folder
                for layer, folder in self.layers.items()
                if instance_type in known_types(provider, folder)
            }
            places = {region for folder in holding.values() for region in regions(provider, folder)}
            for region in sorted(places):
                offer = self.book.offer(provider, region, instance_type)
                if offer is not None:
                    yield FoundOffer(offer, self._layer(offer, holding))

    def machines(self, provider: str, region: str) -> Sequence["Offer"]:
        """Every machine of a region."""
        return self.book.offers(provider, region)

    def regions(self, provider: str) -> tuple[str, ...]:
        """Regions in which any layer has machines of a provider."""
        found = {name for folder in self.layers.values() for name in regions(provider, folder)}
        return tuple(sorted(found))

    def rates(self, pattern: str) -> list[FoundRate]:
        """Rates by name or pattern; the provider may be left out. The first layer that has one decides."""
        found: list[FoundRate] = []
        decided: set[tuple[str, str]] = set()
        for layer, folder in self.layers.items():
            here = [
                each for each in self._rates(layer, folder, pattern)
                if (each.rate, each.region) not in decided
            ]  # fmt: skip
            decided.update((each.rate, each.region) for each in here)
            found.extend(here)
        return sorted(found, key=lambda each: (each.rate, each.region, each.start))

    def rate_names(self) -> tuple[str, ...]:
        """Every rate's name, sorted."""
        names = {
            row[0]
            for folder in self.layers.values()
            for path in _rate_tables(folder)
            for row in _rate_cells(path)
        }
        return tuple(sorted(names))

    def held(self, provider: str | None = None) -> Iterator[Held]:
        """How much each layer has, a line a provider; of one provider, a line a region."""
        for layer, folder in self.layers.items():
            for name in self.providers if provider is None else (provider,):
                counted = _counted(folder, name)
                if not counted:
                    continue
                if provider is None:
                    yield _held(layer, name, "", counted.values(), len(counted.keys() - {"*"}))
                else:
                    for region, each in sorted(counted.items()):
                        yield _held(layer, name, region, [each], 1)

    def _layer(self, offer: "Offer", holding: dict[str, Path]) -> str:
        for layer, folder in holding.items():
            if offer.instance_type in machine_table(folder, offer.provider, offer.region):
                return layer
        return BUILT_IN

    def _rates(self, layer: str, folder: Path, pattern: str) -> Iterator[FoundRate]:
        sources = FolderLayer(folder).sources
        for path in _rate_tables(folder):
            for name, region, start, usd, unit, as_of, source in _rate_cells(path):
                if fnmatchcase(name, pattern) or fnmatchcase(name.partition("/")[2], pattern):
                    yield FoundRate(
                        name,
                        region,
                        float(start or 0),
                        float(usd),
                        unit,
                        as_of,
                        sources.get(source, source),
                        layer,
                    )


# Counting.


@dataclass
class _Count:
    machines: int = 0
    rates: int = 0
    oldest: str = ""
    newest: str = ""

    def date(self, text: str) -> None:
        if text:
            self.oldest = min(self.oldest or text, text)
            self.newest = max(self.newest, text)


def _counted(folder: Path, provider: str) -> dict[str, _Count]:
    found: dict[str, _Count] = {}
    for path in _rate_tables(folder, provider):
        for row in _rate_cells(path):
            count = found.setdefault(row[1], _Count())
            count.rates += 1
            count.date(row[5])
    for region in regions(provider, folder):
        count = found.setdefault(region, _Count())
        path = folder / "machines" / provider / f"{region}.csv"
        rows = list(_cells(path)) if path.is_file() else []
        header = _header(path) if rows else []
        column = header.index("as_of") if "as_of" in header else len(header)
        names = {row[0] for row in rows} - {"*"}
        count.machines += len(names)
        for day in {row[column] for row in rows if column < len(row)}:
            count.date(day)
        if folder == BUILT_IN_FOLDER:  # which begins with a table of its own
            count.machines += len(machine_table(folder, provider, region).keys() - names)
    return found


def _held(layer: str, provider: str, region: str, counts: Iterable[_Count], places: int) -> Held:
    each = list(counts)
    days = [day for count in each for day in (count.oldest, count.newest) if day]
    return Held(
        layer,
        provider,
        region,
        places,
        sum(count.machines for count in each),
        sum(count.rates for count in each),
        date.fromisoformat(min(days)) if days else None,
        date.fromisoformat(max(days)) if days else None,
    )


# Tables.


def _rate_tables(folder: Path, provider: str = "*") -> list[Path]:
    rates = folder / "rates"
    return sorted([*rates.glob(f"{provider}/*.csv"), *rates.glob(f"{provider}/*/*.csv")])


def _header(path: Path) -> list[str]:
    with path.open(encoding="utf-8", newline="") as stream:
        return next(csv.reader(stream), [])


def _rate_cells(path: Path) -> Iterator[list[str]]:
    """The rows of a table of rates, with what a row `*` says of the blank cells after it."""
    blank = [""] * len(RATE_COLUMNS)
    for row in _cells(path):
        filled = [cell or other for cell, other in zip_longest(row, blank, fillvalue="")]
        if row[0] == "*":
            blank = ["", *filled[1:]]
        else:
            yield filled


def _cells(path: Path) -> Iterator[list[str]]:
    """The rows below the header."""
    with path.open(encoding="utf-8", newline="") as stream:
        sheet = csv.reader(stream)
        next(sheet, None)
        yield from sheet
