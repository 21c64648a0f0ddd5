"""AWS's Price List: products of a service in a region, as rates and machines.

A product is a JSON text: `product` with its `productFamily` and `attributes`, and `terms`: `OnDemand` and,
for machines, `Reserved`, each with price dimensions by currency, unit and range.
(https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/using-price-list-query-api-reading-price-list-files.html)
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from trimtab.errors import EngineError
from trimtab.pricing.book.tables import check_currency
from trimtab.pricing.live.meters import Meter, meters
from trimtab.pricing.live.model import MachineRow, RateRow

_MACHINES = {
    "operatingSystem": "Linux",
    "tenancy": "Shared",
    "preInstalledSw": "NA",
    "capacitystatus": "Used",
    "marketoption": "OnDemand",
}
"""Shared Linux machines without software that costs: those that Karpenter's provider prices, too."""
_BARE_METAL = "Compute Instance (bare metal)"
_TERMS = {"1yr": "reserved_1y", "3yr": "reserved_3y"}


def rates(client: Any, service: str, region: str) -> Iterator[RateRow]:
    """The rates of a service in a region.

    Args:
        client: boto3's, of `pricing`.
        service: a service code.
        region: AWS's name.

    Raises:
        EngineError: an answer can't be read.
        InputError: prices are not in US dollars.
    """
    table = meters("aws")[service]
    for family, ours in _by_family(table).items():
        asked = {"regionCode": region, **({"productFamily": family} if family else {})}
        for product in _products(client, service, asked):
            attributes = _attributes(product)
            per, tiers = _on_demand(product)
            if not tiers:
                continue
            sku = product["product"].get("sku", "?")
            rows = (meter.row(region, attributes, per, tiers, f"SKU {sku}") for meter in ours)
            yield from (row for row in rows if row is not None)


def machines(client: Any, region: str) -> Iterator[MachineRow]:
    """On-demand and reserved prices of a region's machines, and their size.

    Raises:
        EngineError: an answer can't be read.
        InputError: prices are not in US dollars.
    """
    for family in ("Compute Instance", _BARE_METAL):
        for product in _products(
            client, "AmazonEC2", {"regionCode": region, "productFamily": family, **_MACHINES}
        ):
            row = _machine(region, product)
            if row is not None:
                yield row


def _machine(region: str, product: Mapping[str, Any]) -> MachineRow | None:
    attributes = _attributes(product)
    _, tiers = _on_demand(product)
    instance_type = attributes.get("instanceType", "")
    usd = tiers[0][1] if tiers else 0.0
    if "." not in instance_type or usd <= 0:
        return None
    cells: dict[str, float | str | None] = {
        "on_demand": usd,
        "vcpu": _number(attributes.get("vcpu", "")),
        "memory_gib": _number(attributes.get("memory", "").removesuffix("GiB")),
    }
    for term in product["terms"].get("Reserved", {}).values():
        what = term.get("termAttributes", {})
        column = _TERMS.get(what.get("LeaseContractLength", ""))
        if column and (what.get("OfferingClass"), what.get("PurchaseOption")) == (
            "standard",
            "No Upfront",
        ):
            hourly = [
                _usd(each) for each in term["priceDimensions"].values() if each["unit"] == "Hrs"
            ]
            cells[column] = sum(hourly) or None
    return MachineRow(region, instance_type, cells)


def _by_family(table: Iterable[Meter]) -> dict[str | None, list[Meter]]:
    """Meters by the product family that a query can ask for; one without is asked of the whole service."""
    found: dict[str | None, list[Meter]] = {}
    for meter in table:
        found.setdefault(meter.exact("productFamily"), []).append(meter)
    return found


def _products(client: Any, service: str, asked: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
    filters = [
        {"Type": "TERM_MATCH", "Field": field, "Value": value} for field, value in asked.items()
    ]
    pages = client.get_paginator("get_products").paginate(
        ServiceCode=service, Filters=filters, FormatVersion="aws_v1"
    )
    for page in pages:
        for text in page["PriceList"]:
            try:
                product = json.loads(text)
                product["product"]["attributes"], product["terms"]
            except (ValueError, KeyError, TypeError):
                raise EngineError(
                    f"the Price List of {service} has a product that can't be read: {text[:60]!r}",
                    mend="run it again: an answer may have been cut short",
                ) from None
            yield product


def _attributes(product: Mapping[str, Any]) -> dict[str, str]:
    found: dict[str, str] = product["product"]["attributes"]
    return {**found, "productFamily": product["product"].get("productFamily", "")}


def _on_demand(product: Mapping[str, Any]) -> tuple[str, list[tuple[float, float]]]:
    """The unit, and from which quantity on how many dollars."""
    unit, tiers = "", []
    for term in product["terms"].get("OnDemand", {}).values():
        for each in term["priceDimensions"].values():
            unit = each["unit"]
            tiers.append((float(each.get("beginRange") or 0), _usd(each)))
    return unit, sorted(tiers)


def _usd(dimension: Mapping[str, Any]) -> float:
    prices = dimension["pricePerUnit"]
    if "USD" not in prices:
        check_currency(next(iter(prices), "no currency"), "AWS Price List")
    return float(prices["USD"])


def _number(text: str) -> float | None:
    text = text.replace(",", "").strip()
    return float(text) if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text) else None
