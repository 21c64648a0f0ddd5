"""Azure's Retail Prices: pages of items, each a meter's price in a region (armRegionName).

`type` says whether an item is `Consumption`, with spot machines among them, or a `Reservation`, whose price
is of its whole term. (https://learn.microsoft.com/rest/api/cost-management/retail-prices/azure-retail-prices)
The API needs no key. TRIMTAB_AZURE_PRICES names another address, such as a mirror.
"""

import os
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import Any, TypeAlias

from trimtab.errors import EngineError
from trimtab.http import call_json
from trimtab.pricing.book.machines import regions
from trimtab.pricing.book.tables import check_currency
from trimtab.pricing.live.meters import meters
from trimtab.pricing.live.model import GLOBAL, Job, MachineRow, RateRow, Wanted

URL = "https://prices.azure.com/api/retail/prices"
VARIABLE = "TRIMTAB_AZURE_PRICES"
MACHINES = "Virtual Machines"
_HOURS = {"1 Year": ("reserved_1y", 8760.0), "3 Years": ("reserved_3y", 26280.0)}
_EVERYWHERE = {"", "global"}
_NOT_LINUX = ("Windows", "Cloud Services", "CloudServices", "Dedicated Host")
_NOT_SOLD = ("Low Priority", "Expired", "Free")

Fetch: TypeAlias = Callable[[str], Any]
"""The JSON of an address."""


def azure_jobs(wanted: Wanted, fetch: Fetch | None = None) -> Iterator[Job]:
    """The jobs of Azure, region by region, machines first; then what costs the same everywhere.

    Args:
        wanted: which regions and services.
        fetch: asks for an address; default: over HTTP.
    """
    ask = fetch or _fetch
    for region in (*(wanted.regions or regions("azure")), GLOBAL):
        if region != GLOBAL and wanted.service("machines"):
            yield Job(
                "azure",
                (region,),
                "machines",
                "Azure Retail Prices API (Virtual Machines, Linux)",
                partial(machines, ask, region, wanted.now),
                ("on_demand", "spot", "reserved_1y", "reserved_3y"),
                required=True,
            )
        for service in meters("azure"):
            if wanted.service(service):
                source = f"Azure Retail Prices API ({service})"
                fetching = partial(rates, ask, service, region, wanted.now)
                yield Job("azure", (region,), service, source, fetching)


def machines(fetch: Fetch, region: str, now: datetime) -> Iterator[MachineRow]:
    """What Linux machines cost in a region: consumption, spot, and reserved without Windows.

    A price is given once for each day from which it held: the last that has begun stands, and of two of one
    day the higher.

    Raises:
        EngineError: an answer can't be read.
        InputError: prices are not in US dollars.
    """
    found: dict[tuple[str, str], tuple[str, float]] = {}
    for item in _items(fetch, MACHINES, region):
        instance_type = item.get("armSkuName") or ""
        usd = float(item["retailPrice"])
        priced = _machine_price(item, usd)
        if priced and instance_type and usd > 0 and _begun(item, now):
            column, hourly = priced
            key = (instance_type, column)
            found[key] = max(found.get(key, ("", 0.0)), (_since(item), hourly))
    for (instance_type, column), (_, usd) in sorted(found.items()):
        yield MachineRow(region, instance_type, {column: usd})


def _machine_price(item: Mapping[str, Any], usd: float) -> tuple[str, float] | None:
    """Which price of a machine an item is, in dollars an hour; None for what is no shared Linux machine."""
    names = " ".join(str(item.get(name) or "") for name in ("productName", "skuName", "meterName"))
    if any(name in names for name in (*_NOT_LINUX, *_NOT_SOLD)) or item.get("tierMinimumUnits"):
        return None
    if item["type"] == "Consumption" and item["unitOfMeasure"] == "1 Hour":
        return "spot" if str(item["skuName"]).endswith(" Spot") else "on_demand", usd
    if item["type"] == "Reservation" and item.get("reservationTerm") in _HOURS:
        column, hours = _HOURS[item["reservationTerm"]]
        return column, usd / hours
    return None


def rates(fetch: Fetch, service: str, region: str, now: datetime) -> Iterator[RateRow]:
    """The rates of a service in a region; of `*`, those that Azure gives no region.

    Raises:
        EngineError: an answer can't be read.
        InputError: prices are not in US dollars.
    """
    found: dict[str, tuple[Mapping[str, Any], dict[float, tuple[str, float]]]] = {}
    for item in _items(fetch, service, region):
        if item["type"] == "Consumption" and _begun(item, now):
            _, tiers = found.setdefault(f"{item['meterId']} {item['skuName']}", (item, {}))
            start = float(item.get("tierMinimumUnits") or 0)
            price = (_since(item), float(item["retailPrice"]))
            tiers[start] = max(tiers.get(start, ("", 0.0)), price)
    for item, tiers in found.values():
        attributes = {name: value for name, value in item.items() if isinstance(value, str)}
        stands = [(start, usd) for start, (_, usd) in sorted(tiers.items())]
        for meter in meters("azure")[service]:
            row = meter.row(
                region, attributes, item["unitOfMeasure"], stands, f"meter {item['meterId']}"
            )
            if row is not None:
                yield row


def _since(item: Mapping[str, Any]) -> str:
    return str(item.get("effectiveStartDate") or "")


def _begun(item: Mapping[str, Any], now: datetime) -> bool:
    return _since(item)[:10] <= now.date().isoformat()


def _items(fetch: Fetch, service: str, region: str) -> Iterator[Mapping[str, Any]]:
    place = "Global" if region == GLOBAL else region
    asked = f"serviceName eq '{service}' and armRegionName eq '{place}'"
    query = urllib.parse.urlencode({"currencyCode": "USD", "$filter": asked})
    base = os.environ.get(VARIABLE) or URL
    url: str | None = f"{base}?{query}"
    while url:
        page = fetch(url)
        try:
            items, following = page["Items"], page["NextPageLink"]
        except (KeyError, TypeError):
            raise EngineError(
                "Azure's Retail Prices answered without Items and NextPageLink",
                mend="run it again: what is fetched stays",
            ) from None
        for item in items:
            check_currency(str(item.get("currencyCode", "")), "Azure Retail Prices")
            here = str(item.get("armRegionName") or "").lower()
            if here == region or (region == GLOBAL and here in _EVERYWHERE):
                yield item
        url = _next(base, following)


def _next(base: str, link: str | None) -> str | None:
    """The next page; the API names it whole, and a link that leads elsewhere is not followed."""
    if not link:
        return None
    ours, theirs = urllib.parse.urlsplit(base), urllib.parse.urlsplit(link)
    if ours.hostname != theirs.hostname:
        raise EngineError(f"Azure's next page is at {theirs.hostname}, not {ours.hostname}")
    return link


def _fetch(url: str) -> Any:
    return call_json(url, mends={400: "check --region: Azure writes them as eastus"})[0]
