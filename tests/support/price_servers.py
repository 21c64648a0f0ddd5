"""Stand-ins for the providers' price lists: their protocols and shapes, with prices written by hand.

The shapes are those of the providers' documentation: AWS's GetProducts and DescribeSavingsPlansOfferingRates
(botocore's models), Azure's Retail Prices, Google Cloud's skus.list.
"""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass
class Prices:
    """What a stand-in answers.

    Attributes:
        products: of AWS's Price List.
        plans: of AWS's Savings Plans.
        items: of Azure.
        services, skus: of Google Cloud: display names with ids, and each id's SKUs.
        page: how many there are on a page.
        busy: statuses to answer first, one a request; with a Retry-After of 0 s.
        cut: how many answers to cut short.
        asked: the requests that came: path with query, and body.
        held: a part that blocks until it is set: the name of a service.
    """

    products: list[Mapping[str, Any]] = field(default_factory=list)
    plans: list[Mapping[str, Any]] = field(default_factory=list)
    items: list[Mapping[str, Any]] = field(default_factory=list)
    services: dict[str, str] = field(default_factory=dict)
    skus: dict[str, list[Mapping[str, Any]]] = field(default_factory=dict)
    page: int = 2
    busy: list[int] = field(default_factory=list)
    cut: int = 0
    asked: list[tuple[str, str]] = field(default_factory=list)
    held: str = ""
    reached: threading.Event = field(default_factory=threading.Event)
    go: threading.Event = field(default_factory=threading.Event)
    url: str = ""

    def answer(self, path: str, headers: Mapping[str, str], body: str) -> Any:
        target = headers.get("X-Amz-Target", "")
        if target.endswith("GetProducts"):
            return self._get_products(json.loads(body))
        if path == "/DescribeSavingsPlansOfferingRates":
            return self._plans(json.loads(body))
        parts = urlsplit(path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path == "/api/retail/prices":
            return self._azure(query)
        if parts.path == "/v1/services":
            listed = [
                {"name": f"services/{each}", "serviceId": each, "displayName": name}
                for name, each in self.services.items()
            ]
            return self._google(listed, "services", query)
        service = parts.path.split("/")[3]
        return self._google(self.skus.get(service, []), "skus", query)

    def _get_products(self, asked: Mapping[str, Any]) -> Any:
        if self.held and asked["ServiceCode"] == self.held:
            self.reached.set()
            self.go.wait(30)
        wanted = {each["Field"]: each["Value"] for each in asked["Filters"]}

        def of(product: Mapping[str, Any]) -> bool:
            said = {
                **product["product"]["attributes"],
                "productFamily": product["product"]["productFamily"],
            }
            return product["serviceCode"] == asked["ServiceCode"] and all(
                said.get(name) == value for name, value in wanted.items()
            )

        found = [json.dumps(each) for each in self.products if of(each)]
        start = int(asked.get("NextToken") or 0)
        answer: dict[str, Any] = {
            "FormatVersion": "aws_v1",
            "PriceList": found[start : start + self.page],
        }
        if start + self.page < len(found):
            answer["NextToken"] = str(start + self.page)
        return answer

    def _plans(self, asked: Mapping[str, Any]) -> Any:
        (region,) = [each["values"][0] for each in asked["filters"] if each["name"] == "region"]
        found = [
            each for each in self.plans if {"name": "region", "value": region} in each["properties"]
        ]
        start = int(asked.get("nextToken") or 0)
        more = str(start + self.page) if start + self.page < len(found) else ""
        return {"searchResults": found[start : start + self.page], "nextToken": more}

    def _azure(self, query: Mapping[str, str]) -> Any:
        wanted = query["$filter"]
        found = [
            item
            for item in self.items
            if f"serviceName eq '{item['serviceName']}'" in wanted
            and f"armRegionName eq '{item['armRegionName']}'" in wanted
        ]
        start = int(query.get("$skip", 0))
        link = None
        if start + self.page < len(found):
            from urllib.parse import urlencode

            following = {**query, "$skip": str(start + self.page)}
            link = f"{self.url}/api/retail/prices?{urlencode(following)}"
        return {
            "BillingCurrency": query.get("currencyCode", "USD"),
            "Items": found[start : start + self.page],
            "NextPageLink": link,
            "Count": len(found),
        }

    def _google(self, listed: list[Any], name: str, query: Mapping[str, str]) -> Any:
        start = int(query.get("pageToken", 0))
        more = str(start + self.page) if start + self.page < len(listed) else ""
        return {name: listed[start : start + self.page], "nextPageToken": more}


@contextmanager
def serving(prices: Prices) -> Iterator[Prices]:
    """The stand-in on a port of this machine; its `url` is set meanwhile."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._respond()

        def do_POST(self) -> None:
            self._respond()

        def log_message(self, *arguments: object) -> None:
            pass

        def _respond(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            prices.asked.append((self.path, body))
            status = prices.busy.pop(0) if prices.busy else 200
            if status == 200:
                data = json.dumps(prices.answer(self.path, self.headers, body)).encode()  # type: ignore[arg-type]
            else:
                data = b'{"error": {"message": "not now"}}'
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Retry-After", "0")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            if prices.cut and status == 200:
                prices.cut -= 1
                self.wfile.write(data[: len(data) // 2])
                self.close_connection = True
                return
            self.wfile.write(data)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    prices.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield prices
    finally:
        prices.go.set()
        server.shutdown()
        thread.join()
        server.server_close()


# Shapes, with as few fields as are read.


def product(
    service: str,
    family: str,
    region: str,
    unit: str,
    *tiers: tuple[float, str],
    sku: str = "SKU1",
    currency: str = "USD",
    reserved: Mapping[str, str] | None = None,
    **attributes: str,
) -> Mapping[str, Any]:
    """A product of AWS's Price List; `reserved` gives dollars an hour without upfront by length: `1yr`."""
    terms: dict[str, Any] = {
        "OnDemand": {
            f"{sku}.JRTCKXETXF": {
                "priceDimensions": {
                    f"{sku}.JRTCKXETXF.{place}": {
                        "unit": unit,
                        "beginRange": f"{begin:g}",
                        "endRange": "Inf",
                        "pricePerUnit": {currency: usd},
                    }
                    for place, (begin, usd) in enumerate(tiers)
                },
                "termAttributes": {},
            }
        }
    }
    if reserved:
        terms["Reserved"] = {
            f"{sku}.{length}.{option}": {
                "priceDimensions": {
                    "a": {"unit": "Hrs", "pricePerUnit": {"USD": usd}},
                    "b": {"unit": "Quantity", "pricePerUnit": {"USD": upfront}},
                },
                "termAttributes": {
                    "LeaseContractLength": length,
                    "OfferingClass": "standard",
                    "PurchaseOption": option,
                },
            }
            for length, hourly in reserved.items()
            for option, usd, upfront in (("No Upfront", hourly, "0"), ("All Upfront", "0", "999"))
        }
    return {
        "product": {
            "productFamily": family,
            "sku": sku,
            "attributes": {"servicecode": service, "regionCode": region, **attributes},
        },
        "serviceCode": service,
        "terms": terms,
        "version": "20261120000000",
        "publicationDate": "2026-11-20T00:00:00Z",
    }


def machine(
    instance_type: str, region: str, usd: str, *, vcpu: str, memory: str, **fields: Any
) -> Mapping[str, Any]:
    """A shared Linux machine of AWS's Price List."""
    attributes: dict[str, Any] = {
        "operatingSystem": "Linux",
        "tenancy": "Shared",
        "preInstalledSw": "NA",
        "capacitystatus": "Used",
        "marketoption": "OnDemand",
        "instanceType": instance_type,
        "vcpu": vcpu,
        "memory": memory,
        "usagetype": f"BoxUsage:{instance_type}",
    }
    return product(
        "AmazonEC2",
        "Compute Instance",
        region,
        "Hrs",
        (0, usd),
        sku=instance_type,
        **attributes,
        **fields,
    )


def nat_gateway(region: str, usd: str, prefix: str = "") -> Mapping[str, Any]:
    """A NAT gateway's hour in AWS's Price List."""
    return product(
        "AmazonEC2", "NAT Gateway", region, "Hrs", (0, usd),
        sku="NAT", usagetype=f"{prefix}NatGateway-Hours",
    )  # fmt: skip


def plan(instance_type: str, region: str, rate: str, *, kind: str, years: int) -> Mapping[str, Any]:
    """A rate of an AWS Savings Plan."""
    return {
        "savingsPlanOffering": {
            "offeringId": "00000000-0000-0000-0000-000000000001",
            "paymentOption": "No Upfront",
            "planType": kind,
            "durationSeconds": years * 31536000,
            "currency": "USD",
            "planDescription": "a plan",
        },
        "rate": rate,
        "unit": "Hrs",
        "productType": "EC2",
        "serviceCode": "AmazonEC2",
        "usageType": f"BoxUsage:{instance_type}",
        "operation": "RunInstances",
        "properties": [
            {"name": "region", "value": region},
            {"name": "instanceType", "value": instance_type},
            {"name": "productDescription", "value": "Linux/UNIX"},
            {"name": "tenancy", "value": "shared"},
        ],
    }


def item(service: str, region: str, usd: float, unit: str, **fields: Any) -> Mapping[str, Any]:
    """An item of Azure's Retail Prices."""
    return {
        "currencyCode": "USD",
        "tierMinimumUnits": 0.0,
        "retailPrice": usd,
        "unitPrice": usd,
        "armRegionName": region,
        "location": "somewhere",
        "effectiveStartDate": "2026-01-01T00:00:00Z",
        "meterId": "m-1",
        "meterName": "",
        "productName": "",
        "skuName": "",
        "serviceName": service,
        "unitOfMeasure": unit,
        "type": "Consumption",
        "isPrimaryMeterRegion": True,
        "armSkuName": "",
        **fields,
    }


def sku(
    description: str,
    unit: str,
    *tiers: tuple[float, float],
    regions: tuple[str, ...] = ("us-central1",),
    group: str = "",
    usage: str = "OnDemand",
    currency: str = "USD",
) -> Mapping[str, Any]:
    """A SKU of Google Cloud's billing catalogue."""
    rates = [
        {
            "startUsageAmount": start,
            "unitPrice": {
                "currencyCode": currency,
                "units": str(int(usd)),
                "nanos": round((usd - int(usd)) * 1e9),
            },
        }
        for start, usd in tiers
    ]
    return {
        "name": "services/0000/skus/1111",
        "skuId": description[:12],
        "description": description,
        "category": {
            "serviceDisplayName": "Compute Engine",
            "resourceFamily": "Compute",
            "resourceGroup": group,
            "usageType": usage,
        },
        "serviceRegions": list(regions),
        "pricingInfo": [
            {
                "effectiveTime": "2026-11-20T00:00:00Z",
                "summary": "",
                "pricingExpression": {
                    "usageUnit": unit,
                    "displayQuantity": 1,
                    "tieredRates": rates,
                },
                "currencyConversionRate": 1,
            }
        ],
        "serviceProviderName": "Google",
    }
