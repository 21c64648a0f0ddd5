"""Machines and their prices in one region of one provider, as offers.

A layer's folder has, for each provider:

    machines/<provider>/shapes.csv    instance_type, vcpu, memory_gib, accelerator, accelerator_count,
                                      architecture
    machines/<provider>/<region>.csv  instance_type, on_demand, spot, reserved_1y, reserved_3y (US dollars
                                      per node-hour), band (`5-10`: percent of spot machines taken back in
                                      a month), as_of, source, gco2e_per_hour, currency

Columns may stand in any order and, but for the first, be absent; a row may end early. A blank cell is not
known. The row `*` says what holds for cells left blank: one as_of and one source for a whole file.
`source` is ids of the layer's sources.csv, several joined by `+`.

A file is read when its region is first asked for, and a row is parsed when its type is. A machine whose
shape is not known has prices and no size.
The package's own layer begins with `trimtab/catalogue/builtin_offers.csv`: what that has is not repeated here.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from pathlib import Path

from trimtab.catalogue.offers import InterruptionBand, Offer
from trimtab.errors import InputError
from trimtab.pricing.book.tables import (
    Table,
    check_currency,
    names_a_file,
    number,
    read_sources,
    rows,
)

PRICE_COLUMNS = ("on_demand", "spot", "reserved_1y", "reserved_3y")
SHAPES = "shapes"
BUILT_IN_FOLDER = Path(__file__).resolve().parent
"""The layer that every book ends with."""


_BUILT_IN_OFFERS = BUILT_IN_FOLDER.parents[1] / "catalogue" / "builtin_offers.csv"


class MachineTable(Mapping[str, Offer]):
    """The offers of one region by instance type, each made when it is first asked for."""

    def __init__(
        self, folder: Path, provider: str, region: str, given: Mapping[str, Offer] | None = None
    ) -> None:
        self._folder, self._provider, self._region = folder, provider, region
        self._offers: dict[str, Offer] = dict(given or {})
        self._prices = _table(folder, provider, region)
        self._shapes = _shapes(folder, provider)
        self._names = [*self._offers, *(name for name in self._prices if name not in self._offers)]

    def __getitem__(self, instance_type: str) -> Offer:
        if instance_type not in self._offers:
            self._offers[instance_type] = self._offer(instance_type)
        return self._offers[instance_type]

    def __contains__(self, instance_type: object) -> bool:
        return instance_type in self._offers or instance_type in self._prices

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def _offer(self, instance_type: str) -> Offer:
        row, where = self._prices.row(instance_type), self._prices.where(instance_type)
        shape = self._shapes.row(instance_type) if instance_type in self._shapes else {}
        here = self._shapes.where(instance_type) if shape else where
        try:
            as_of = date.fromisoformat(row.get("as_of", ""))
        except ValueError:
            raise InputError(
                f"as_of {row.get('as_of', '')!r} is not a date",
                where=where,
                mend="write the price's date as 2026-01-31",
            ) from None
        check_currency(row.get("currency", ""), where)
        listed, spot, one_year, three_years = (
            number(row, name, where, above_zero=True) for name in PRICE_COLUMNS
        )
        return Offer(
            provider=self._provider,
            region=self._region,
            instance_type=instance_type,
            vcpu=number(shape, "vcpu", here),
            memory_gib=number(shape, "memory_gib", here),
            accelerator=shape.get("accelerator") or None,
            accelerator_count=number(shape, "accelerator_count", here),
            architecture=shape.get("architecture") or self._architecture(instance_type),
            on_demand_usd_per_hour=listed,
            spot_usd_per_hour=spot,
            reserved_1y_usd_per_hour=one_year,
            reserved_3y_usd_per_hour=three_years,
            interruption_band=_band(row.get("band", ""), where),
            gco2e_per_hour=number(row, "gco2e_per_hour", where),
            as_of=as_of,
            source=self._source(row.get("source", "")),
        )

    def _architecture(self, instance_type: str) -> str:
        from trimtab.catalogue.architecture import infer_architecture

        return infer_architecture(self._provider, instance_type, None)

    def _source(self, ids: str) -> str:
        texts = read_sources(self._folder)
        return "; ".join(texts.get(each, each) for each in ids.split("+"))


@cache
def machine_table(folder: Path, provider: str, region: str) -> Mapping[str, Offer]:
    """The offers of a region, by instance type; none where the layer does not know the region.

    Args:
        folder: the layer's.
        provider: `aws`, `azure`, `gcp` or another.
        region: by the provider's own name.

    Raises:
        InputError: a file or, when its type is asked for, a row can't be read; names it and the mend.
    """
    if not names_a_file(region):
        return {}
    given = _built_in(provider, region) if folder == BUILT_IN_FOLDER else {}
    return MachineTable(folder, provider, region, given)


def regions(provider: str, folder: Path = BUILT_IN_FOLDER) -> tuple[str, ...]:
    """The regions of a provider in which a layer knows machines, sorted."""
    tables = (folder / "machines" / provider).glob("*.csv")
    names = {path.stem for path in tables if path.stem != SHAPES}
    if folder == BUILT_IN_FOLDER:
        names |= {row["region"] for row in _built_in_rows() if row["provider"] == provider}
    return tuple(sorted(names))


def known_types(provider: str, folder: Path = BUILT_IN_FOLDER) -> tuple[str, ...]:
    """The instance types of a provider that a layer knows, in whatever region, sorted."""
    names = set(_shapes(folder, provider))
    if folder == BUILT_IN_FOLDER:
        names |= {row["instance_type"] for row in _built_in_rows() if row["provider"] == provider}
    return tuple(sorted(names))


@cache
def _shapes(folder: Path, provider: str) -> Table:
    return _table(folder, provider, SHAPES)


def _table(folder: Path, provider: str, name: str) -> Table:
    return Table(folder / "machines" / provider / f"{name}.csv", "instance_type")


def _built_in(provider: str, region: str) -> dict[str, Offer]:
    return {
        row["instance_type"]: _built_in_offer(row)
        for row in _built_in_rows()
        if (row["provider"], row["region"]) == (provider, region)
    }


@cache
def _built_in_rows() -> tuple[dict[str, str], ...]:
    """The rows of the built-in offers, as they stand: their reader takes 40 ms to import."""
    return tuple(rows(_BUILT_IN_OFFERS, ("instance_type",)))


def _built_in_offer(row: dict[str, str]) -> Offer:
    low, high = (_cell(row, f"interruption_band_{end}_percent") for end in ("low", "high"))
    return Offer(
        provider=row["provider"],
        region=row["region"],
        instance_type=row["instance_type"],
        vcpu=_cell(row, "vcpu"),
        memory_gib=_cell(row, "memory_gib"),
        accelerator=row["accelerator"] or None,
        accelerator_count=_cell(row, "accelerator_count"),
        architecture=row["architecture"],
        on_demand_usd_per_hour=_cell(row, "on_demand_usd_hour"),
        spot_usd_per_hour=_cell(row, "spot_usd_hour"),
        reserved_1y_usd_per_hour=_cell(row, "reserved_1y_usd_hour"),
        reserved_3y_usd_per_hour=_cell(row, "reserved_3y_usd_hour"),
        interruption_band=None if low is None or high is None else InterruptionBand(low, high),
        gco2e_per_hour=_cell(row, "gco2e_per_hour"),
        as_of=date.fromisoformat(row["as_of"]),
        source=row["source"],
    )


def _cell(row: dict[str, str], column: str) -> float | None:
    return float(row[column]) if row[column] else None


def _band(text: str, where: str) -> InterruptionBand | None:
    if not text:
        return None
    low, _, high = text.partition("-")
    try:
        return InterruptionBand(float(low), float(high))
    except ValueError:
        raise InputError(
            f"band {text!r} is not a range of percent",
            where=where,
            mend="write it as 5-10, or leave it blank",
        ) from None
