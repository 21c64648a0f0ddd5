"""Google Cloud's billing catalogue: the SKUs of a service, each with its regions and a price by quantity.

A service's SKUs are of all regions at once, page by page; machines have no SKU and are composed of those of
their cores, memory, accelerators and disks (`gcp_machines`).
(https://cloud.google.com/billing/docs/reference/rest/v1/services.skus/list)
The API wants a key, any project's: GOOGLE_API_KEY. TRIMTAB_GCP_PRICES names another address.
"""

import os
import urllib.parse
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any, TypeAlias

from trimtab.errors import EngineError
from trimtab.http import call_json
from trimtab.pricing.book.tables import check_currency
from trimtab.pricing.live.gcp_machines import Components
from trimtab.pricing.live.meters import meters
from trimtab.pricing.live.model import ALL, GLOBAL, PRICES, Job, RateRow, Row, Wanted

URL = "https://cloudbilling.googleapis.com"
VARIABLE = "TRIMTAB_GCP_PRICES"
KEY_VARIABLE = "GOOGLE_API_KEY"
COMPUTE = "Compute Engine"

Fetch: TypeAlias = Callable[[str], Any]
"""The JSON of a path and query."""


def gcp_jobs(wanted: Wanted, fetch: Fetch | None = None) -> Iterator[Job]:
    """The jobs of Google Cloud, one a service, for all regions or those wanted.

    Args:
        wanted: which regions and services; `machines` come with Compute Engine.
        fetch: asks for a path; default: over HTTP, with the user's key.

    Raises:
        EngineError: there is no key, or the services can't be listed.
    """
    services = [
        name
        for name in meters("gcp")
        if wanted.service(name) or (name == COMPUTE and wanted.service("machines"))
    ]
    if not services:
        return
    ask = fetch or _fetcher()
    ids: dict[str, str] = {}
    for service in services:
        yield Job(
            "gcp",
            (*wanted.regions, GLOBAL) if wanted.regions else (ALL,),
            service,
            f"Google Cloud Billing Catalog API ({service})",
            partial(rows, ask, ids, service, wanted.regions),
            PRICES if service == COMPUTE else (),
            required=service == COMPUTE,
        )


def rows(
    fetch: Fetch, ids: dict[str, str], service: str, regions: Iterable[str] = ()
) -> Iterator[Row]:
    """The rates of a service, and of Compute Engine its machines.

    Args:
        fetch: asks for a path.
        ids: the services' ids by name, filled when it is empty.
        service: a display name.
        regions: only these and what is global; empty for all.

    Raises:
        EngineError: the service is not there, or an answer can't be read.
        InputError: prices are not in US dollars.
    """
    kept = set(regions)
    components = Components()
    for sku in _pages(fetch, f"/v1/{_service(fetch, ids, service)}/skus", "skus"):
        places = [_place(name) for name in sku.get("serviceRegions", ())]
        here = [place for place in places if not kept or place in kept or place == GLOBAL]
        per, tiers = _price(sku)
        if not here or not tiers:
            continue
        if service == COMPUTE:
            components.add(sku["description"], here, per, tiers[-1][1])
        yield from _rates(service, sku, here, per, tiers)
    yield from components.machines()


def _rates(
    service: str,
    sku: Mapping[str, Any],
    places: Iterable[str],
    per: str,
    tiers: list[tuple[float, float]],
) -> Iterator[RateRow]:
    category = sku.get("category", {})
    attributes = {"description": sku["description"], **category}
    for meter in meters("gcp")[service]:
        for place in places:
            row = meter.row(place, attributes, per, tiers, f"SKU {sku['skuId']}")
            if row is None:
                break
            yield row


def _place(name: str) -> str:
    return GLOBAL if name == "global" else name


def _price(sku: Mapping[str, Any]) -> tuple[str, list[tuple[float, float]]]:
    """The unit, and from which quantity on how many dollars: as the last of its prices has it."""
    prices = sku.get("pricingInfo") or [{}]
    expression = prices[-1].get("pricingExpression", {})
    tiers = []
    for tier in expression.get("tieredRates", ()):
        money = tier["unitPrice"]
        check_currency(money.get("currencyCode", ""), "Google Cloud's billing catalogue")
        usd = int(money.get("units") or 0) + int(money.get("nanos") or 0) / 1e9
        tiers.append((float(tier.get("startUsageAmount") or 0), usd))
    return expression.get("usageUnit", ""), sorted(tiers)


def _service(fetch: Fetch, ids: dict[str, str], service: str) -> str:
    if not ids:
        listed = _pages(fetch, "/v1/services", "services")
        ids.update({each["displayName"]: each["name"] for each in listed})
    if service not in ids:
        raise EngineError(f"Google Cloud's billing catalogue has no service {service!r}")
    return ids[service]


def _pages(fetch: Fetch, path: str, items: str) -> Iterator[Mapping[str, Any]]:
    token = ""
    while True:
        query = {"pageSize": "5000", **({"currencyCode": "USD"} if items == "skus" else {})}
        if token:
            query["pageToken"] = token
        page = fetch(f"{path}?{urllib.parse.urlencode(query)}")
        if not isinstance(page, dict) or not isinstance(page.get(items, []), list):
            raise EngineError(
                f"Google Cloud's billing catalogue answered without {items}",
                mend="run it again: what is fetched stays",
            )
        yield from page.get(items, [])
        token = page.get("nextPageToken") or ""
        if not token:
            return


def _fetcher() -> Fetch:
    key = os.environ.get(KEY_VARIABLE)
    base = os.environ.get(VARIABLE) or URL
    if not key:
        raise EngineError(
            "Google Cloud's billing catalogue wants an API key",
            mend=f"set {KEY_VARIABLE}, or leave it out with --provider aws --provider azure",
        )
    mends = {
        400: f"check {KEY_VARIABLE}",
        403: f"allow the key of {KEY_VARIABLE} the Cloud Billing API",
    }

    def fetch(path: str) -> Any:
        # In a header: an address is written to logs.
        return call_json(f"{base}{path}", headers={"X-Goog-Api-Key": key}, mends=mends)[0]

    return fetch
