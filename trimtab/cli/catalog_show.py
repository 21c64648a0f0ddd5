"""`trimtab catalog show`: a machine over its regions, a rate, or the layers that there are."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from trimtab.cli.choices import check_known
from trimtab.cli.output import Column, Format, info, print_table
from trimtab.errors import InfeasibleError, InputError
from trimtab.pricing.book.cache import cache_folder
from trimtab.pricing.live.listing import FoundOffer, FoundRate, Held, Listing

MAX_ROWS = 2_000
OPTIONS = {"on-demand": "on_demand", "spot": "spot", "1y": "reserved_1y", "3y": "reserved_3y"}
_TITLES = {
    "on_demand": "on-demand",
    "spot": "spot",
    "reserved_1y": "1 year",
    "reserved_3y": "3 years",
}


def run(
    name: str | None,
    providers: Sequence[str] | None,
    regions: Sequence[str] | None,
    sort: str,
    folder: Path | None,
    output: Format,
) -> None:
    """Print what is known.

    Raises:
        InputError: an option is wrong, or nothing has such a name; near names are told.
        InfeasibleError: what has the name is not where it is asked for.
    """
    if sort not in OPTIONS:
        raise InputError(
            f"unknown option {sort!r}", where="--sort", mend=f"use one of {', '.join(OPTIONS)}"
        )
    listing = Listing(folder or cache_folder())
    check_known("--provider", providers, set(listing.providers), "the price tables")
    if name is None:
        _print_layers(listing, providers, regions, output)
    elif "/" in name:
        _print_rates(listing, name, providers, regions, output)
    else:
        _print_machine(listing, name, providers or listing.providers, regions, sort, output)


# A machine.


def _print_machine(
    listing: Listing,
    name: str,
    providers: Sequence[str],
    regions: Sequence[str] | None,
    sort: str,
    output: Format,
) -> None:
    known = list(listing.offers(name, providers))
    if not known:
        raise InputError(
            f"no price table has a machine {name!r}",
            mend=_near(name, listing.types(providers)) or "see trimtab catalog show",
        )
    found = [each for each in known if _priced(each)]
    rows = [_row(each) for each in found if not regions or each.offer.region in regions]
    if not rows:
        places = ", ".join(each.offer.region for each in found) or "no region"
        raise InfeasibleError(
            f"{name} is priced in {places}",
            where="--region" if regions else None,
            mend=None if regions else "fetch its prices: trimtab catalog refresh",
        )
    first = [OPTIONS[sort], *OPTIONS.values()]
    rows.sort(key=lambda row: tuple(_last(row[f"{option}_usd_per_hour"]) for option in first))
    print_table(_columns(rows, output), rows, output)
    info(f"{name}: cheapest {'; '.join(_cheapest(rows))}")


def _cheapest(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Each option's cheapest region, the cheapest option first."""
    found = []
    for option, prefix in OPTIONS.items():
        priced = [row for row in rows if row[f"{prefix}_usd_per_hour"] is not None]
        if priced:
            best = min(priced, key=lambda row: row[f"{prefix}_usd_per_hour"])
            found.append((best[f"{prefix}_usd_per_hour"], option, best))
    return [
        f"{option} {_dollars(usd)} $/h in {row['provider']} {row['region']}"
        for usd, option, row in sorted(found, key=lambda each: each[0])
    ]


def _priced(found: FoundOffer) -> bool:
    """Of some machines only the interruptions are known."""
    return any(
        getattr(found.offer, f"{each}_usd_per_hour") is not None for each in OPTIONS.values()
    )


def _row(found: FoundOffer) -> dict[str, Any]:
    from trimtab.carbon.emissions import node_emissions

    offer = found.offer
    emissions = node_emissions(offer)
    band = offer.interruption_band
    row: dict[str, Any] = {
        "provider": offer.provider,
        "region": offer.region,
        "instance_type": offer.instance_type,
        "vcpu": offer.vcpu,
        "memory_gib": offer.memory_gib,
        "accelerator": offer.accelerator,
        "accelerator_count": offer.accelerator_count,
        "interruption_band_low_percent": band.low_percent if band else None,
        "interruption_band_high_percent": band.high_percent if band else None,
        "interruptions": f"{band.low_percent:g}-{band.high_percent:g} %" if band else None,
        "gco2e_per_hour": emissions.gco2e_per_hour if emissions else offer.gco2e_per_hour,
        "gco2e_method": emissions.method if emissions else None,
        "as_of": offer.as_of.isoformat(),
        "layer": found.layer,
        "source": offer.source,
    }
    for option in OPTIONS.values():
        usd = getattr(offer, f"{option}_usd_per_hour")
        count = offer.accelerator_count
        row[f"{option}_usd_per_hour"] = usd
        row[f"{option}_usd_per_accelerator_hour"] = usd / count if usd and count else None
    return row


def _columns(rows: Sequence[dict[str, Any]], output: Format) -> list[Column]:
    accelerated = output is Format.JSON or any((row["accelerator_count"] or 0) > 1 for row in rows)
    columns = [Column("provider", "provider"), Column("region", "region")]
    for kind, title in (("hour", "$/h"), ("accelerator_hour", "$/accel-h")):
        if kind == "hour" or accelerated:
            columns += [
                Column(f"{option}_usd_per_{kind}", f"{_TITLES[option]} {title}", "right", _dollars)
                for option in OPTIONS.values()
            ]
    if output is Format.JSON:
        more = (
            "instance_type", "vcpu", "memory_gib", "accelerator", "accelerator_count",
            "interruption_band_low_percent", "interruption_band_high_percent", "gco2e_method", "source",
        )  # fmt: skip
        columns += [Column(key, key) for key in more]
    else:
        columns.append(Column("interruptions", "interrupted/month"))
    columns += [
        Column("gco2e_per_hour", "gCO2e/h", "right", lambda grams: f"{grams:,.0f}"),
        Column("as_of", "as of"),
        Column("layer", "layer"),
    ]
    return columns


# Rates.


def _print_rates(
    listing: Listing,
    name: str,
    providers: Sequence[str] | None,
    regions: Sequence[str] | None,
    output: Format,
) -> None:
    found = listing.rates(name)
    if not found:
        raise InputError(
            f"no price table has a rate {name!r}",
            mend=_near(name, listing.rate_names()) or "see docs/diff/prices.md for their names",
        )
    rows = [
        _rate_row(each)
        for each in found
        if (not providers or each.rate.split("/")[0] in providers)
        and (not regions or each.region in (*regions, "*"))
    ]
    if not rows:
        places = sorted({each.region for each in found})
        raise InfeasibleError(f"{name} is priced in {', '.join(places)} only", where="--region")
    if output is Format.TABLE and len(rows) > MAX_ROWS:
        raise InputError(
            f"{len(rows):,} rates are too many for a table",
            where=name,
            mend="narrow them with --region, or ask for --format json",
        )
    columns = [
        Column("rate", "rate"),
        Column("region", "region"),
        Column("from", "from", "right", lambda start: f"{start:,.12g}"),
        Column("usd", "$", "right", lambda usd: f"{usd:.12g}"),
        Column("unit", "per"),
        Column("as_of", "as of"),
        Column("layer", "layer"),
    ]
    if output is Format.JSON:
        columns.append(Column("source", "source"))
    print_table(columns, rows, output)


def _rate_row(found: FoundRate) -> dict[str, Any]:
    return {
        "rate": found.rate,
        "region": found.region,
        "from": found.start,
        "usd": found.usd,
        "unit": found.unit,
        "as_of": found.as_of,
        "layer": found.layer,
        "source": found.source,
    }


# Layers.


def _print_layers(
    listing: Listing,
    providers: Sequence[str] | None,
    regions: Sequence[str] | None,
    output: Format,
) -> None:
    held = [
        each for provider in providers or (None,) for each in listing.held(provider)
        if not regions or not providers or each.region in regions
    ]  # fmt: skip
    columns = [
        Column("layer", "layer"),
        Column("provider", "provider"),
        *([Column("region", "region")] if providers else [Column("regions", "regions", "right")]),
        Column("machines", "machines", "right", lambda count: f"{count:,}"),
        Column("rates", "rates", "right", lambda count: f"{count:,}"),
        Column("oldest", "oldest"),
        Column("newest", "newest"),
    ]
    print_table(columns, [_held_row(each) for each in held], output)
    for layer, folder in listing.layers.items():
        info(f"{layer} prices: {folder}")
    if len(listing.layers) == 1:
        info("nothing is fetched: trimtab catalog refresh")


def _held_row(held: Held) -> dict[str, Any]:
    return {
        "layer": held.layer,
        "provider": held.provider,
        "region": held.region,
        "regions": held.regions,
        "machines": held.machines,
        "rates": held.rates,
        "oldest": held.oldest.isoformat() if held.oldest else None,
        "newest": held.newest.isoformat() if held.newest else None,
    }


# Words.


def _near(name: str, known: Sequence[str]) -> str:
    import difflib

    near = difflib.get_close_matches(name, known, n=3, cutoff=0.6)
    return f"did you mean {' or '.join(near)}?" if near else ""


def _last(usd: float | None) -> float:
    return float("inf") if usd is None else usd


def _dollars(usd: float) -> str:
    return f"{usd:,.4f}" if usd < 1 else f"{usd:,.2f}"
