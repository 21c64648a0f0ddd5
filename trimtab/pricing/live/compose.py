"""From parts to the tables that the book reads: rates by service and region, machines by region.

A machine's on-demand, spot and reserved prices come from different parts, each of its own date: the row's
as_of is the on-demand price's, and the source says the others'. A column that no part of the region tells is
filled from the built-in table and says so, because a row of this layer hides the one below it; a price that a
part does tell of other types and not of this one stays unknown.

For the three clouds a type without a fetched on-demand price is left to the built-in table, where that has it.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from trimtab.files import write_atomic
from trimtab.pricing.live.model import GLOBAL, PRICES, SHAPE

if TYPE_CHECKING:
    from trimtab.catalogue.offers import Offer
    from trimtab.pricing.live.store import Part

RATE_COLUMNS = ("rate", "region", "from", "usd", "unit", "as_of", "source")
MACHINE_COLUMNS = ("instance_type", *PRICES, "as_of", "source")
GLOBAL_TABLE = "fetched"
_FIRST = ("reserved", "machines", "savings-plans")
"""Which of several parts that tell a price is believed: no upfront as it is sold, then as listed."""


def compose(
    folder: Path, parts: Mapping[str, "Part"], provider: str, regions: Iterable[str]
) -> None:
    """Write the tables of some regions of a provider anew, and the sources.

    Args:
        folder: the fetched prices'.
        parts: all that there are, by key.
        provider: whose.
        regions: those whose parts changed; `*` for prices that are the same everywhere.
    """
    from trimtab.pricing.live.store import MACHINES, RATES, part_path

    ours = [part for part in parts.values() if part.provider == provider]
    ours.sort(
        key=lambda part: (
            _FIRST.index(part.service) if part.service in _FIRST else len(_FIRST),
            part.key,
        )
    )
    for region in sorted(regions):
        here = [
            (
                part,
                {
                    kind: part_path(folder, provider, region, part.service, kind)
                    for kind in (RATES, MACHINES)
                },
            )
            for part in ours
            if part.region == region
        ]
        _rates(folder, provider, region, [(part, paths[RATES]) for part, paths in here])
        if region != GLOBAL:
            _machines(folder, provider, region, [(part, paths[MACHINES]) for part, paths in here])
    _sources(folder, parts.values())


def source_id(part: "Part") -> str:
    """How tables name a part's source: by service and day, for many regions share them."""
    return f"{part.provider}-{part.service}-{part.on}".replace(" ", "-").lower()


def _sources(folder: Path, parts: Iterable["Part"]) -> None:
    texts = {source_id(part): f"{part.source}, fetched {part.on}" for part in parts}
    lines = sorted(texts.items())
    write_atomic(folder / "sources.csv", _table(("source", "text"), lines))


# Rates.


def _rates(folder: Path, provider: str, region: str, parts: Iterable[tuple["Part", Path]]) -> None:
    tables: dict[str, list[tuple[str, ...]]] = {}
    seen: dict[tuple[str, str], Part] = {}
    for part, path in parts:
        source = source_id(part)
        for row in _read(path):
            # Two services may price one rate; the first part's stands.
            if seen.setdefault((row["rate"], region), part) is part:
                service = GLOBAL_TABLE if region == GLOBAL else row["rate"].split("/")[1]
                line = (
                    row["rate"],
                    region,
                    row["from"],
                    row["usd"],
                    row["unit"],
                    f"{part.on}",
                    source,
                )
                tables.setdefault(service, []).append(line)
    rates = folder / "rates" / provider
    for service, lines in tables.items():
        _write(_rate_table(rates, service, region), _table(RATE_COLUMNS, sorted(lines)))
    if region != GLOBAL:
        for path in rates.glob(f"*/{region}.csv"):
            if path.parent.name not in tables:
                path.unlink()
    elif not tables:
        _rate_table(rates, GLOBAL_TABLE, region).unlink(missing_ok=True)


def _rate_table(rates: Path, service: str, region: str) -> Path:
    return rates / f"{service}.csv" if region == GLOBAL else rates / service / f"{region}.csv"


# Machines.


def _machines(folder: Path, provider: str, region: str, parts: list[tuple["Part", Path]]) -> None:
    told: dict[str, dict[str, tuple[str, Part]]] = {}
    columns: set[str] = set()
    for part, path in parts:
        for row in _read(path):
            cells = told.setdefault(row["instance_type"], {})
            for name in (*PRICES, *SHAPE):
                if row.get(name):
                    cells.setdefault(name, (row[name], part))
                    columns.add(name)
    built_in = _built_in(provider, region)
    lines, shapes = [], {}
    for instance_type, cells in sorted(told.items()):
        offer = built_in.get(instance_type)
        line = _line(instance_type, cells, columns, offer)
        if line is not None:
            lines.append(line)
            shapes[instance_type] = _shape(provider, instance_type, cells, offer)
    table = folder / "machines" / provider / f"{region}.csv"
    if not lines:
        table.unlink(missing_ok=True)
        return
    _write(table, _table(MACHINE_COLUMNS, lines))
    _add_shapes(table.with_name("shapes.csv"), shapes)


def _line(
    instance_type: str,
    cells: Mapping[str, tuple[str, "Part"]],
    columns: set[str],
    offer: "Offer | None",
) -> tuple[str, ...] | None:
    """A row; None where the built-in table knows more, or nothing is known of its price."""
    if "on_demand" not in cells and offer is not None:
        return None
    prices: list[str] = []
    sources: dict[str, None] = {}
    kept: list[str] = []
    for name in PRICES:
        text = ""
        if name in cells:
            text, part = cells[name]
            sources[source_id(part)] = None
        elif name not in columns and offer is not None:
            usd: float | None = getattr(offer, f"{name}_usd_per_hour")
            if usd is not None:
                text = f"{usd:.12g}"
                kept.append(name.replace("_", " "))
        prices.append(text)
    if not any(prices):
        return None
    if kept and offer is not None:
        sources[f"{' and '.join(kept)}: the built-in price of {offer.as_of}"] = None
    dated = next(cells[name][1] for name in PRICES if name in cells)
    return (instance_type, *prices, f"{dated.on}", "+".join(sources))


def _shape(
    provider: str,
    instance_type: str,
    cells: Mapping[str, tuple[str, "Part"]],
    offer: "Offer | None",
) -> dict[str, str]:
    """What the machine has: as told, else as the built-in table has it, in whatever region."""
    from trimtab.pricing.live.store import cell

    known: Mapping[str, str]
    if offer is None:
        known = known_shapes(provider).get(instance_type, {})
    else:
        known = {name: cell(getattr(offer, name)) for name in SHAPE}
    said = {name: text for name, (text, _) in cells.items() if name in SHAPE}
    return {name: said.get(name) or known.get(name, "") for name in SHAPE}


def _add_shapes(path: Path, shapes: Mapping[str, Mapping[str, str]]) -> None:
    """Shapes are a provider's, not a region's: those of other regions stay."""
    known = {row["instance_type"]: row for row in _read(path)}
    for instance_type, shape in shapes.items():
        before = known.get(instance_type, {})
        known[instance_type] = {name: shape[name] or before.get(name, "") for name in SHAPE}
    lines = [
        (instance_type, *(row[name] for name in SHAPE))
        for instance_type, row in sorted(known.items())
    ]
    _write(path, _table(("instance_type", *SHAPE), lines))


def _built_in(provider: str, region: str) -> "Mapping[str, Offer]":
    from trimtab.pricing.book.machines import BUILT_IN_FOLDER, machine_table

    return machine_table(BUILT_IN_FOLDER, provider, region)


@cache
def known_shapes(provider: str) -> Mapping[str, Mapping[str, str]]:
    """What the package knows each type of a provider to have, in whatever region it is priced."""
    from trimtab.pricing.book.machines import BUILT_IN_FOLDER
    from trimtab.pricing.book.tables import rows

    offers = BUILT_IN_FOLDER.parents[1] / "catalogue" / "builtin_offers.csv"
    own = {row["instance_type"]: row for row in rows(offers, SHAPE) if row["provider"] == provider}
    shapes = BUILT_IN_FOLDER / "machines" / provider / "shapes.csv"
    return {**{row["instance_type"]: row for row in _read(shapes)}, **own}


# Tables.


def _read(path: Path) -> Iterator[dict[str, str]]:
    if not path.is_file():
        return
    with path.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            yield {name: text or "" for name, text in row.items()}


def _table(header: Iterable[str], lines: Iterable[Iterable[str]]) -> str:
    text = io.StringIO()
    sheet = csv.writer(text, lineterminator="\n")
    sheet.writerow(header)
    sheet.writerows(lines)
    return text.getvalue()


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, text)
