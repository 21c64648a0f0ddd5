"""The prices of `trimtab backtest`: stated per unit-hour, or an offer's over its units."""

import math
from dataclasses import dataclass
from pathlib import Path

from trimtab.catalogue.known import with_known_facts
from trimtab.catalogue.offers import Offer
from trimtab.catalogue.reader import Catalogue, load_offers
from trimtab.cli.backtest_options import BacktestOptions, Source, Told
from trimtab.cli.choices import check_known
from trimtab.errors import InputError, allowed
from trimtab.workloads.model import Unit

MOST_USD = 1e6
"""Per unit-hour. No unit costs as much; beyond it the optimum's programme loses its digits."""
_ONE_PRICE = "prices come either from --on-demand, --reserved and --spot, or from --instance-type"


@dataclass(frozen=True)
class UnitPrices:
    """US dollars per unit-hour, and emissions where the offer has them."""

    on_demand: float
    reserved: float | None
    spot: float | None
    gco2e_per_unit_hour: float | None = None


def read_prices(options: BacktestOptions, unit: Unit, told: Told) -> UnitPrices:
    """The prices that the options state.

    Raises:
        InputError: none, two of a kind, no price, or an offer that lacks what is needed.
    """
    if options.instance_type is not None:
        stated = (options.on_demand, options.reserved, options.spot)
        if any(price is not None for price in stated):
            raise InputError(_ONE_PRICE, where="--instance-type", mend="give one or the other")
        return _offer_prices(options, unit, told)
    for option, given in (
        ("--offers", options.offers),
        ("--region", options.region),
        ("--provider", options.provider),
        ("--units-per-node", options.units_per_node),
    ):
        if given is not None:
            raise InputError(
                "needs --instance-type", where=option, mend="name the type to take prices from"
            )
    if options.on_demand is None:
        raise InputError(
            "no price is given",
            where="--on-demand",
            mend="give it per unit-hour, or --instance-type and --region",
        )
    prices = UnitPrices(
        _price(options.on_demand, "--on-demand", least=True),
        None if options.reserved is None else _price(options.reserved, "--reserved"),
        None if options.spot is None else _price(options.spot, "--spot"),
    )
    _say_prices(prices, told)
    return prices


def _price(usd: float, option: str, *, least: bool = False) -> float:
    if not math.isfinite(usd) or usd < 0 or (least and usd == 0):
        raise InputError(
            f"{usd:g} is no price",
            where=option,
            mend="give US dollars per unit-hour" + (", above 0" if least else ", 0 or more"),
        )
    if usd > MOST_USD:
        raise InputError(
            f"{usd:g} is more than ${MOST_USD:,.0f} per unit-hour",
            where=option,
            mend="check its unit",
        )
    return usd


def _offer_prices(options: BacktestOptions, unit: Unit, told: Told) -> UnitPrices:
    catalogue, _ = with_known_facts(load_offers(options.offers))
    told.sources.append(Source(Path(catalogue.source).name, catalogue.digest))
    offer = _offer(options, catalogue)
    units = _units_per_node(options, unit, offer)
    place = f"{catalogue.source}, {offer.provider} {offer.region} {offer.instance_type}"
    if offer.on_demand_usd_per_hour is None:
        raise InputError("has no on-demand price", where=place, mend="give prices with --on-demand")
    reserved = (
        offer.reserved_3y_usd_per_hour
        if options.commitment == "3y"
        else offer.reserved_1y_usd_per_hour
    )

    def per_unit(usd: float | None) -> float | None:
        return None if usd is None else usd / units

    size = "" if unit is Unit.NODES and units == 1 else f", {units:g} {unit.value} a node"
    told.notes.append(
        f"prices: {offer.provider} {offer.region} {offer.instance_type} of {offer.as_of}{size}"
    )
    prices = UnitPrices(
        offer.on_demand_usd_per_hour / units,
        per_unit(reserved),
        per_unit(offer.spot_usd_per_hour),
        per_unit(offer.gco2e_per_hour),
    )
    _say_prices(prices, told)
    return prices


def _offer(options: BacktestOptions, catalogue: Catalogue) -> Offer:
    name = options.instance_type or ""
    check_known(
        "--instance-type", [name], {each.instance_type for each in catalogue}, catalogue.source
    )
    found = [
        each
        for each in catalogue
        if each.instance_type == name
        and options.provider in (None, each.provider)
        and options.region in (None, each.region)
    ]
    regions = {each.region for each in catalogue if each.instance_type == name}
    if not found:
        raise InputError(
            f"{name} is not on offer there in {catalogue.source}",
            where="--region",
            mend=f"use one of {allowed(regions)}",
        )
    if len(found) > 1:
        raise InputError(
            f"{name} is on offer in {len(found)} regions of {catalogue.source}",
            where="--instance-type",
            mend=f"name one with --region: {allowed(regions)}",
        )
    return found[0]


def _units_per_node(options: BacktestOptions, unit: Unit, offer: Offer) -> float:
    if options.units_per_node is not None:
        if not 0 < options.units_per_node < math.inf:
            raise InputError(
                f"{options.units_per_node:g} units a node is no size",
                where="--units-per-node",
                mend="give a number above 0",
            )
        return options.units_per_node
    known = {
        Unit.GPUS: offer.accelerator_count,
        Unit.VCPUS: offer.vcpu,
        Unit.NODES: 1.0,
    }.get(unit)
    if not known:
        raise InputError(
            f"how many {unit.value} a {offer.instance_type} serves is not known",
            where="--units-per-node",
            mend="state it",
        )
    return known


def _say_prices(prices: UnitPrices, told: Told) -> None:
    if prices.reserved is None:
        told.notes.append("no commitment is on sale: every policy commits nothing")
    elif prices.reserved >= prices.on_demand:
        told.notes.append(
            f"the commitment at ${prices.reserved:g} is not below on-demand at "
            f"${prices.on_demand:g}: it never pays"
        )
    if prices.spot is not None and prices.spot >= prices.on_demand:
        told.notes.append(
            f"spot at ${prices.spot:g} is not below on-demand at ${prices.on_demand:g}: it is "
            "never used"
        )
