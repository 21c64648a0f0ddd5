"""`trimtab offers`: what can be bought, per hour and per accelerator-hour."""

from collections.abc import Callable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from trimtab.cli.choices import check_known, unknown
from trimtab.cli.output import Column, Format, info, print_table
from trimtab.cli.parameters import option
from trimtab.errors import InfeasibleError, InputError

if TYPE_CHECKING:
    from trimtab.catalogue.offers import Offer

MAX_ROWS = 2_000
"""Nobody reads more, and laying a table out takes milliseconds a row."""
PRICES = {
    "on_demand": "on-demand",
    "spot": "spot",
    "reserved_1y": "1 year",
    "reserved_3y": "3 years",
}
"""Prefixes of an offer's prices, and their headings."""


def offers(
    offers: Annotated[
        Path | None, option(help="Price table, CSV; default: the built-in one.")
    ] = None,
    provider: Annotated[
        list[str] | None, option(help="Show only this provider's; repeatable.")
    ] = None,
    region: Annotated[list[str] | None, option(help="Show only this region's; repeatable.")] = None,
    accelerator: Annotated[
        list[str] | None,
        option(help="Show only types with this model or family, such as a100; repeatable."),
    ] = None,
    instance_type: Annotated[
        list[str] | None,
        option(help="Show only this type; * and ? match, as in 'p5.*'; repeatable."),
    ] = None,
    output: Annotated[Format, option("--format", help="How to print the result.")] = Format.TABLE,
) -> None:
    """List the offers of a price table, per hour and per accelerator-hour.

    A price that the table does not have is shown as absent, never as 0. JSON adds the emissions, the
    interruption band, the date and the source of each offer.

    \b
    Examples:
      trimtab offers --accelerator h100
      trimtab offers --provider aws --region us-east-1 --instance-type 'p4*'
      trimtab offers --offers prices.csv --format json
    """
    from trimtab.catalogue.accelerators import resolve_accelerator
    from trimtab.catalogue.reader import load_offers

    catalogue = load_offers(offers)
    models = {model for name in accelerator or () for model in _resolved(name, resolve_accelerator)}
    check_known("--provider", provider, {each.provider for each in catalogue}, catalogue.source)
    check_known("--region", region, {each.region for each in catalogue}, catalogue.source)
    types = {each.instance_type for each in catalogue}
    for pattern in instance_type or ():
        if not any(fnmatchcase(name, pattern) for name in types):
            unknown("--instance-type", pattern, types, catalogue.source)
    rows = [
        _row(offer)
        for offer in catalogue
        if (not provider or offer.provider in provider)
        and (not region or offer.region in region)
        and (not accelerator or offer.accelerator in models)
        and (
            not instance_type
            or any(fnmatchcase(offer.instance_type, pattern) for pattern in instance_type)
        )
    ]
    if not rows:
        raise InfeasibleError(
            f"none of its {len(catalogue)} offers is all that was asked for",
            where=catalogue.source,
            mend="ask for less at once, or give another table with --offers",
        )
    if output is Format.TABLE and len(rows) > MAX_ROWS:
        raise InputError(
            f"{len(rows):,} offers of {catalogue.source} are too many for a table",
            where="--format",
            mend="narrow them with --region, --accelerator or --instance-type, or ask for json",
        )
    print_table(_columns(output), rows, output)
    dates = sorted({row["as_of"] for row in rows})
    info(
        f"{len(rows)} of {len(catalogue)} offers of {catalogue.source}, "
        f"prices of {dates[0]} to {dates[-1]}"
    )


def _resolved(name: str, resolve: Callable[[str], tuple[str, ...]]) -> tuple[str, ...]:
    try:
        return resolve(name)
    except InputError as error:
        raise InputError(error.message, where="--accelerator", mend=error.mend) from None


def _row(offer: "Offer") -> dict[str, Any]:
    band = offer.interruption_band
    row: dict[str, Any] = {
        "provider": offer.provider,
        "region": offer.region,
        "instance_type": offer.instance_type,
        "architecture": offer.architecture,
        "vcpu": offer.vcpu,
        "memory_gib": offer.memory_gib,
        "accelerator": offer.accelerator,
        "accelerator_count": offer.accelerator_count,
        "interruption_band_low_percent": band.low_percent if band else None,
        "interruption_band_high_percent": band.high_percent if band else None,
        "gco2e_per_hour": offer.gco2e_per_hour,
        "as_of": offer.as_of.isoformat(),
        "source": offer.source,
    }
    for way in PRICES:
        price = getattr(offer, f"{way}_usd_per_hour")
        count = offer.accelerator_count
        row[f"{way}_usd_per_hour"] = price
        row[f"{way}_usd_per_accelerator_hour"] = (
            price / count if price is not None and count else None
        )
    return row


def _columns(output: Format) -> list[Column]:
    def plain(value: float) -> str:
        return f"{value:g}"

    def dollars(value: float) -> str:
        return f"{value:,.4f}" if value < 1 else f"{value:,.2f}"

    columns = [
        Column("provider", "provider"),
        Column("region", "region"),
        Column("instance_type", "type"),
        Column("vcpu", "vCPU", "right", plain),
        Column("memory_gib", "GiB", "right", plain),
        Column("accelerator", "accelerator"),
        Column("accelerator_count", "count", "right", plain),
        *(
            Column(f"{option}_usd_per_hour", f"{title} $/h", "right", dollars)
            for option, title in PRICES.items()
        ),
        *(
            Column(f"{option}_usd_per_accelerator_hour", f"{title} $/accel-h", "right", dollars)
            for option, title in PRICES.items()
        ),
    ]
    if output is Format.JSON:
        columns += [
            Column(key, key)
            for key in (
                "architecture",
                "interruption_band_low_percent",
                "interruption_band_high_percent",
                "gco2e_per_hour",
                "as_of",
                "source",
            )
        ]
    return columns
