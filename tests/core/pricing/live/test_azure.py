"""Azure's Retail Prices: machines and rates of pages, and answers that can't be used."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from support.price_servers import Prices, item, serving
from trimtab.errors import EngineError, InputError
from trimtab.pricing.live import azure
from trimtab.pricing.live.model import MachineRow, RateRow, Wanted

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture
def prices(monkeypatch: pytest.MonkeyPatch) -> Iterator[Prices]:
    with serving(Prices()) as found:
        monkeypatch.setenv(azure.VARIABLE, f"{found.url}/api/retail/prices")
        yield found


def vm(name: str, usd: float, sku: str, **fields: Any) -> Any:
    said = {
        "armSkuName": name,
        "skuName": sku,
        "meterName": sku,
        "productName": "Virtual Machines Dsv5 Series",
        **fields,
    }
    return item("Virtual Machines", fields.get("armRegionName", "eastus"), usd, "1 Hour", **said)


def machines(region: str = "eastus") -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, Any]] = {}
    for row in azure.machines(azure._fetch, region, NOW):
        found.setdefault(row.instance_type, {}).update(row.cells)
    return found


def test_machines_have_four_prices_of_linux_alone(prices: Prices) -> None:
    name = "Standard_D4s_v5"
    prices.items = [
        vm(name, 0.192, "D4s v5"),
        vm(name, 0.376, "D4s v5", productName="Virtual Machines Dsv5 Series Windows"),
        vm(name, 0.0384, "D4s v5 Low Priority"),
        vm(name, 0.0355, "D4s v5 Spot"),
        vm(name, 0.1, "D4s v5", type="DevTestConsumption"),
        vm(name, 993.0, "D4s v5", type="Reservation", reservationTerm="1 Year"),
        vm(name, 1918.0, "D4s v5", type="Reservation", reservationTerm="3 Years"),
        vm("Standard_D8s_v5", 0.384, "D8s v5", armRegionName="westeurope"),
    ]
    # A reservation's price is of its term: 993 / 8760 h, 1918 / 26280 h.
    assert machines() == {
        name: {
            "on_demand": 0.192,
            "spot": 0.0355,
            "reserved_1y": pytest.approx(0.113356, abs=1e-6),
            "reserved_3y": pytest.approx(0.072983, abs=1e-6),
        }
    }
    assert len(prices.asked) == 4  # two items a page


def test_the_last_price_that_has_begun_stands(prices: Prices) -> None:
    name = "Standard_D4s_v5"
    prices.items = [
        vm(name, 0.192, "D4s v5", effectiveStartDate="2026-03-01T00:00:00Z"),
        vm(name, 0.2, "D4s v5", effectiveStartDate="2025-03-01T00:00:00Z"),
        vm(name, 0.25, "D4s v5", effectiveStartDate="2026-12-01T00:00:00Z"),
    ]
    assert machines() == {name: {"on_demand": 0.192}}


def test_rates_have_their_tiers(prices: Prices) -> None:
    blob = {
        "productName": "General Block Blob v2",
        "skuName": "Hot LRS",
        "meterName": "Hot LRS Data Stored",
    }
    prices.items = [
        item("Storage", "eastus", 0.0208, "1 GB/Month", **blob),
        item("Storage", "eastus", 0.019968, "1 GB/Month", tierMinimumUnits=51200.0, **blob),
        item(
            "Storage", "eastus", 0.000164, "1 GiB/Hour", meterId="m-2",
            productName="Ultra Disks", skuName="Ultra LRS", meterName="Ultra LRS Provisioned Capacity",
        ),
    ]  # fmt: skip
    found = list(azure.rates(azure._fetch, "Storage", "eastus", NOW))
    # 0.000164 $ a GiB and hour is 0.11972 $ a month of 730 h.
    assert found == [
        RateRow(
            "eastus", "azure/blob/hot/lrs", "GB-month",
            ((0.0, 0.0208), (51200.0, 0.019968)), "meter m-1",
        ),
        RateRow(
            "eastus", "azure/disk/ultra/storage", "GiB-month",
            ((0.0, 0.000164 * 730),), "meter m-2",
        ),
    ]  # fmt: skip


def test_what_has_no_region_is_a_price_of_everywhere(prices: Prices) -> None:
    prices.items = [
        item(
            "Load Balancer", "Global", 0.025, "1 Hour",
            skuName="Standard", meterName="Standard Included LB Rules and Outbound Rules",
        )
    ]  # fmt: skip
    (found,) = azure.rates(azure._fetch, "Load Balancer", "*", NOW)
    assert (found.region, found.rate) == ("*", "azure/lb/standard")


def test_a_busy_server_and_a_cut_answer_are_asked_again(
    prices: Prices, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr("trimtab.http.time.sleep", waits.append)
    prices.items = [vm("Standard_D4s_v5", 0.192, "D4s v5")]
    prices.busy = [429, 503]
    prices.cut = 1
    assert machines() == {"Standard_D4s_v5": {"on_demand": 0.192}}
    # The server says 0 s twice; a broken answer waits for itself.
    assert waits == [0.0, 0.0, 4.0]


def test_a_server_that_stays_busy_is_one_error(
    prices: Prices, monkeypatch: pytest.MonkeyPatch
) -> None:
    prices.busy = [503] * 4
    with pytest.raises(
        EngineError, match=r"GET http://.*/api/retail/prices answered 503 \(not now\)"
    ):
        machines()


def test_another_currency_is_refused(prices: Prices) -> None:
    prices.items = [vm("Standard_D4s_v5", 0.18, "D4s v5", currencyCode="EUR")]
    with pytest.raises(InputError, match="Azure Retail Prices: has prices in EUR"):
        machines()


@pytest.mark.parametrize("page", [{}, {"Items": []}, [], None])
def test_an_answer_of_another_shape_is_one_error(page: object) -> None:
    with pytest.raises(EngineError, match="without Items and NextPageLink"):
        list(azure.machines(lambda _: page, "eastus", NOW))


def test_a_page_that_leads_to_another_host_is_not_followed() -> None:
    page = {"Items": [], "NextPageLink": "https://example.com/api/retail/prices?$skip=1000"}
    with pytest.raises(EngineError, match=r"next page is at example\.com, not prices\.azure\.com"):
        list(azure.machines(lambda _: page, "eastus", NOW))


def test_jobs_are_of_each_region_and_of_everywhere() -> None:
    wanted = Wanted(NOW, (), ("eastus",), ("machines", "storage"))
    assert [job.key for job in azure.azure_jobs(wanted, lambda _: None)] == [
        "azure/eastus/machines",
        "azure/eastus/Storage",
        "azure/*/Storage",
    ]


def test_a_row_is_of_a_machine() -> None:
    page = {"Items": [vm("Standard_D4s_v5", 0.192, "D4s v5")], "NextPageLink": None}
    (row,) = azure.machines(lambda _: page, "eastus", NOW)
    assert row == MachineRow("eastus", "Standard_D4s_v5", {"on_demand": 0.192})
