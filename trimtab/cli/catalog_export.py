"""`trimtab catalog export`: the machines that are known, in the schema of `trimtab.catalogue.reader`."""

import csv
import io
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from trimtab.catalogue.offers import Offer
from trimtab.cli.choices import check_known
from trimtab.cli.output import info
from trimtab.errors import InfeasibleError
from trimtab.files import write_atomic
from trimtab.pricing.book.cache import cache_folder
from trimtab.pricing.live.listing import Listing

COLUMNS = (
    "provider",
    "region",
    "instance_type",
    "vcpu",
    "memory_gib",
    "accelerator",
    "accelerator_count",
    "on_demand_usd_hour",
    "spot_usd_hour",
    "reserved_1y_usd_hour",
    "reserved_3y_usd_hour",
    "interruption_band_low_percent",
    "interruption_band_high_percent",
    "gco2e_per_hour",
    "architecture",
    "as_of",
    "source",
)


def run(
    out: Path, providers: Sequence[str] | None, regions: Sequence[str] | None, folder: Path | None
) -> None:
    """Write the machines of all layers.

    Raises:
        InputError: a provider or region is not known, or the file can't be written.
        InfeasibleError: no machine is what was asked for.
    """
    write(out, folder or cache_folder(), tuple(providers or ()), tuple(regions or ()))


def write(out: Path, folder: Path, providers: Sequence[str], regions: Sequence[str]) -> None:
    """Write the machines of some providers and regions, of all where none are named; `gpu` is every GPU
    cloud."""
    listing = Listing(folder)
    known = set(listing.providers)
    clouds = known - {"aws", "azure", "gcp"}
    named = {each for name in providers for each in (clouds if name == "gpu" else {name})}
    check_known("--provider", named, known, "the price tables")
    text = io.StringIO()
    sheet = csv.writer(text, lineterminator="\n")
    sheet.writerow(COLUMNS)
    count = 0
    for offer in _offers(listing, sorted(named or known), set(regions)):
        sheet.writerow(_cells(offer))
        count += 1
    if not count:
        raise InfeasibleError(
            "no machine is all that was asked for",
            where="--region",
            mend="see what there is: trimtab catalog show",
        )
    if str(out) == "-":
        sys.stdout.write(text.getvalue())
    else:
        write_atomic(out, text.getvalue())
    info(f"{count:,} machines are in {'the output' if str(out) == '-' else out}")


def _offers(listing: Listing, providers: Iterable[str], regions: set[str]) -> Iterator[Offer]:
    for provider in providers:
        for region in listing.regions(provider):
            if not regions or region in regions:
                yield from listing.machines(provider, region)


def _cells(offer: Offer) -> tuple[str, ...]:
    band = offer.interruption_band
    values = (
        offer.provider,
        offer.region,
        offer.instance_type,
        offer.vcpu,
        offer.memory_gib,
        offer.accelerator,
        offer.accelerator_count,
        offer.on_demand_usd_per_hour,
        offer.spot_usd_per_hour,
        offer.reserved_1y_usd_per_hour,
        offer.reserved_3y_usd_per_hour,
        band.low_percent if band else None,
        band.high_percent if band else None,
        offer.gco2e_per_hour,
        offer.architecture,
        offer.as_of.isoformat(),
        offer.source,
    )
    return tuple(
        "" if value is None else f"{value:.12g}" if isinstance(value, float) else str(value)
        for value in values
    )
