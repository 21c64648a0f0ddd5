"""Build the rates of AWS services by region: `python -m tools.rates --watcher DIR --maps DIR --as-of DATE`.

Sources are checkouts or git directories (`DIR@COMMIT` for another commit than HEAD): `v0rts/aws-price-watcher`
and, for what it lacks, `lamngockhuong/aws-price`; both keep the data of AWS's own price pages.

A rate is taken over only if its price in us-east-1 is the one that the book has from elsewhere, to half a per
cent; what is not is printed. What the book's hand-kept tables (`rates/aws/*.csv`) say of a region stays.

Exit codes: 0 done, 1 a source can't be read.
"""

import argparse
import csv
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from tools.machines.model import UnusableSourceError
from tools.rates.classes import class_prices
from tools.rates.pages import Pages

RATES = Path(__file__).resolve().parents[2] / "trimtab" / "pricing" / "book" / "rates" / "aws"
COLUMNS = "rate,region,from,usd,unit,as_of,source"
EVERYWHERE = "*"
DEFAULT = "*"
"""The rate of the row that says what the blank cells after it stand for."""

OWN_TABLES = {"rds": "/instance/", "elasticache": "/cache.", "opensearch": "/instance/", "emr": "/"}
"""Services whose classes are many, and what the names of those have: a table for each region, which only
their resources read."""

KNOWN_REGION = "us-east-1"
TOLERANCE = 0.005

WATCHER, MAPS = "aws-price-watcher", "aws-price-maps"
"""Ids of the sources."""

Line = tuple[str, str, str, str, str, str, str]
"""The cells of a rate's row."""


def main(arguments: list[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(description="Build the rates of AWS services by region.")
    parser.add_argument("--watcher", required=True, metavar="DIR", help="aws-price-watcher")
    parser.add_argument("--maps", required=True, metavar="DIR", help="aws-price")
    parser.add_argument("--as-of", required=True, metavar="DATE", help="of the watcher's copy")
    parser.add_argument("--to", type=Path, default=RATES, help="default: %(default)s")
    given = parser.parse_args(arguments)
    try:
        pages = Pages(given.watcher, given.maps)
        found = [*_services(pages, given.as_of), *_classes(pages, given.as_of)]
    except (OSError, UnusableSourceError) as error:
        print(error, file=sys.stderr)
        return 1
    by_hand = _kept(given.to.glob("*.csv"))
    kept = _trusted(found, by_hand, _kept(given.to.glob("*/*.csv")))
    _write(given.to, [line for line in kept if not _said(line, by_hand)])
    return 0


def _services(pages: Pages, as_of: str) -> Iterator[Line]:
    """Every tier of a rate, in the regions that have them all."""
    tiers: dict[str, list[dict[str, str]]] = defaultdict(list)
    with (Path(__file__).parent / "services.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            tiers[row["rate"]].append(row)
    for rate, rows in tiers.items():
        priced = [pages.prices(row["page"], row["name"]) for row in rows]
        for region in sorted(set.intersection(*(set(prices) for prices in priced))):
            for row, prices in zip(rows, priced, strict=True):
                usd = _number(prices[region] * float(row["times"]))
                yield rate, region, row["from"], usd, row["unit"], *_origin(row["page"], as_of)


def _classes(pages: Pages, as_of: str) -> Iterator[Line]:
    for rate, region, unit, usd in class_prices(pages):
        yield rate, region, "", _number(usd), unit, as_of, WATCHER


def _origin(page: str, as_of: str) -> tuple[str, str]:
    return ("2025-11-04", MAPS) if page == "natgateway" else (as_of, WATCHER)


def _kept(tables: Iterator[Path]) -> dict[tuple[str, str], list[Line]]:
    """What tables say by rate and region, without the rows that this tool wrote."""
    found: dict[tuple[str, str], list[Line]] = defaultdict(list)
    for path in sorted(tables):
        blank = dict.fromkeys(COLUMNS.split(","), "")
        with path.open(encoding="utf-8", newline="") as stream:
            for row in csv.DictReader(stream):
                if row["rate"] == DEFAULT:
                    blank = row
                    continue
                rate, region, *rest = (row[name] or blank[name] for name in blank)
                start, usd, unit, as_of, source = rest
                if source not in (WATCHER, MAPS):
                    line = (rate, region, start, usd, unit, as_of, source)
                    found[rate, region].append(line)
    return found


def _said(line: Line, by_hand: Mapping[tuple[str, str], list[Line]]) -> bool:
    """Whether the hand-kept tables have a rate in a region: `*` is everywhere but in GovCloud."""
    rate, region, *_ = line
    everywhere = (rate, EVERYWHERE) in by_hand and not region.startswith("us-gov-")
    return everywhere or (rate, region) in by_hand


def _trusted(
    found: list[Line],
    by_hand: dict[tuple[str, str], list[Line]],
    tables: dict[tuple[str, str], list[Line]],
) -> list[Line]:
    """The lines of rates that agree in us-east-1; of the tables, what the pages no longer have."""
    by_place: dict[tuple[str, str], list[Line]] = defaultdict(list)
    for line in found:
        by_place[line[0], line[1]].append(line)
    refused = set()
    for (rate, region), known in (by_hand | tables).items():
        if region == KNOWN_REGION and (rate, region) in by_place:
            ours, theirs = (
                [(line[2], float(line[3])) for line in lines]
                for lines in (known, by_place[rate, region])
            )
            if not _alike(ours, theirs):
                refused.add(rate)
                print(f"left out: {rate} is {theirs}, the book has {ours}")
    print(f"{sum(key[1] == KNOWN_REGION and key in by_place for key in by_hand)} rates compared")
    elsewhere = {
        (rate, region): known
        for (rate, of), known in by_hand.items()
        for region in ({place[1] for place in by_place} if of == EVERYWHERE else {of})
        if not (of == EVERYWHERE and region.startswith("us-gov-"))
    }
    for place, known in sorted(elsewhere.items()):
        if place[0] in refused or place not in by_place or place[1] == KNOWN_REGION:
            continue
        ours, theirs = (
            [(line[2], float(line[3])) for line in lines] for lines in (known, by_place[place])
        )
        if not _alike(ours, theirs):
            print(
                f"differs: {place} is {theirs}, the book has {ours} of {known[0][5]} {known[0][6]}"
            )
    lines = [line for place, here in by_place.items() if place[0] not in refused for line in here]
    taken = {line[:2] for line in lines}
    return lines + [line for place, here in tables.items() if place not in taken for line in here]


def _alike(ours: list[tuple[str, float]], theirs: list[tuple[str, float]]) -> bool:
    """Whether the tiers that the book has are the page's; the page may have more."""
    known = dict(theirs)
    return all(start in known and abs(known[start] - usd) <= TOLERANCE * usd for start, usd in ours)


def _write(folder: Path, lines: list[Line]) -> None:
    tables: dict[Path, list[Line]] = defaultdict(list)
    for line in lines:
        service = line[0].split("/")[1]
        own = OWN_TABLES.get(service, "?") in line[0]
        tables[folder / (service if own else "regions") / f"{line[1]}.csv"].append(line)
    for path, rows in tables.items():
        path.parent.mkdir(exist_ok=True)
        ordered = sorted(rows, key=lambda line: (line[0], float(line[2] or 0)))
        as_of, source = _commonest(line[5:] for line in ordered)
        first = f"{DEFAULT},{path.stem},,,,{as_of},{source}"
        written = [_cells(line, (as_of, source)) for line in ordered]
        path.write_text("\n".join([COLUMNS, first, *written, ""]), "utf-8")


def _cells(line: Line, usual: tuple[str, str]) -> str:
    rate, _, start, usd, unit, *origin = line
    cells = [rate, "", start, usd, unit, *(["", ""] if tuple(origin) == usual else origin)]
    return ",".join(cells).rstrip(",")


def _commonest(values: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    counted = Counter(values)
    return min(counted, key=lambda value: (-counted[value], value))


def _number(usd: float) -> str:
    return f"{usd:.10f}".rstrip("0").rstrip(".")


if __name__ == "__main__":
    raise SystemExit(main())
