"""Google Cloud's billing catalogue: rates, and machines composed of their components."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from support.price_servers import Prices, serving, sku
from trimtab.errors import EngineError, InputError
from trimtab.pricing.live import gcp
from trimtab.pricing.live.model import MachineRow, RateRow, Wanted

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
PLACES = ("us-central1", "us-west1")


@pytest.fixture
def prices(monkeypatch: pytest.MonkeyPatch) -> Iterator[Prices]:
    with serving(Prices(services={"Compute Engine": "C-1", "Cloud SQL": "S-1"})) as found:
        monkeypatch.setenv(gcp.VARIABLE, found.url)
        monkeypatch.setenv(gcp.KEY_VARIABLE, "key-1")
        yield found


def fetched(service: str = "Compute Engine", *regions: str) -> list[RateRow | MachineRow]:
    jobs = gcp.gcp_jobs(Wanted(NOW, (), regions, (service,)))
    return [row for job in jobs for row in job.fetch()]


def machines(*regions: str) -> dict[tuple[str, str], dict[str, object]]:
    rows = fetched("Compute Engine", *regions)
    return {
        (row.instance_type, row.region): dict(row.cells)
        for row in rows
        if isinstance(row, MachineRow)
    }


def test_a_machine_is_the_sum_of_its_components(prices: Prices) -> None:
    prices.skus["C-1"] = [
        sku("N2 Instance Core running in Americas", "h", (0, 0.031611), regions=PLACES),
        sku("N2 Instance Ram running in Americas", "GiBy.h", (0, 0.004237), regions=PLACES),
        sku("Spot Preemptible N2 Instance Core running in Iowa", "h", (0, 0.0157395)),
        sku("Spot Preemptible N2 Instance Ram running in Iowa", "GiBy.h", (0, 0.0021105)),
        sku("Commitment v1: N2 Cpu in Americas for 1 Year", "h", (0, 0.019915), usage="Commit1Yr"),
        sku("Commitment v1: N2 Ram in Americas for 1 Year", "GiBy.h", (0, 0.002669)),
        sku("Commitment v1: N2 Cpu in Americas for 3 Years", "h", (0, 0.014225)),
    ]
    found = machines()
    # 4 x 0.031611 + 16 x 0.004237 = 0.194236; spot 4 x 0.0157395 + 16 x 0.0021105 = 0.096726;
    # 1 year 4 x 0.019915 + 16 x 0.002669 = 0.122364; of 3 years only the cores are known.
    assert found["n2-standard-4", "us-central1"] == {
        "on_demand": pytest.approx(0.194236),
        "spot": pytest.approx(0.096726),
        "reserved_1y": pytest.approx(0.122364),
        "reserved_3y": None,
    }
    assert found["n2-standard-4", "us-west1"]["spot"] is None
    assert {name.split("-")[0] for name, _ in found} == {"n2"}
    assert set(machines("us-west1")) == {(name, "us-west1") for name, _ in found}


def test_accelerators_and_the_disks_that_come_along_are_parts_of_the_price(prices: Prices) -> None:
    prices.skus["C-1"] = [
        sku("A2 Instance Core running in Americas", "h", (0, 0.031611)),
        sku("A2 Instance Ram running in Americas", "GiBy.h", (0, 0.004237)),
        sku("Nvidia Tesla A100 80GB GPU running in Americas", "h", (0, 3.92808)),
        sku("SSD backed Local Storage", "GiBy.mo", (0, 0.08)),
    ]
    found = machines()
    # 12 x 0.031611 + 170 x 0.004237 + 3.92808 + 375 x 0.08 / 730 = 5.068798, as the built-in table has it.
    assert found["a2-ultragpu-1g", "us-central1"]["on_demand"] == pytest.approx(5.068798, abs=1e-6)
    assert ("a2-highgpu-1g", "us-central1") not in found  # no price of an A100 of 40 GB


def test_shared_cores_are_charged_in_part(prices: Prices) -> None:
    prices.skus["C-1"] = [
        sku("E2 Instance Core running in Americas", "h", (0, 0.02181159)),
        sku("E2 Instance Ram running in Americas", "GiBy.h", (0, 0.00292353)),
    ]
    # A quarter of a core and 1 GiB: 0.0083764.
    assert machines()["e2-micro", "us-central1"]["on_demand"] == pytest.approx(0.008376, abs=1e-6)


def test_custom_and_reserved_capacity_is_no_component(prices: Prices) -> None:
    prices.skus["C-1"] = [
        sku("N2 Custom Instance Core running in Americas", "h", (0, 0.033174)),
        sku("Reserved A3 Instance Core running in Americas", "h", (0, 0.05)),
        sku("N2 Instance Core running in Americas", "h", (0, 0.03)),
        sku("N2 Instance Core running in Iowa", "h", (0, 0.04)),  # which of them?
        sku("N2 Instance Ram running in Americas", "GiBy.h", (0, 0.004)),
    ]
    rows = fetched()
    assert [row for row in rows if isinstance(row, MachineRow)] == []
    assert [row.rate for row in rows if isinstance(row, RateRow)] == ["gcp/compute/n2/custom/vcpu"]


def test_rates_are_of_the_regions_that_a_sku_names(prices: Prices) -> None:
    prices.skus["C-1"] = [
        sku("Balanced PD Capacity", "GiBy.mo", (0, 0.1), regions=PLACES),
        sku("Static Ip Charge", "h", (0, 0.0), (1, 0.01), regions=("global",)),
    ]
    assert [(row.rate, row.region, row.tiers) for row in fetched() if isinstance(row, RateRow)] == [
        ("gcp/compute/disk/pd-balanced", "us-central1", ((0.0, 0.1),)),
        ("gcp/compute/disk/pd-balanced", "us-west1", ((0.0, 0.1),)),
        ("gcp/compute/address/unused", "*", ((0.0, 0.01),)),
    ]
    narrowed = fetched("Compute Engine", "us-west1")
    assert [row.region for row in narrowed] == ["us-west1", "*"]


def test_the_databases_of_one_engine_are_those_of_the_other(prices: Prices) -> None:
    prices.skus["S-1"] = [
        sku("Cloud SQL for MySQL: Zonal - vCPU in Iowa", "h", (0, 0.0413)),
        sku("Cloud SQL for PostgreSQL: Zonal - vCPU in Iowa", "h", (0, 0.0413)),
        sku("Cloud SQL for PostgreSQL: Regional - vCPU in Iowa", "h", (0, 0.0826)),
    ]
    rows = fetched("Cloud SQL")
    assert {(row.rate, row.tiers) for row in rows if isinstance(row, RateRow)} == {
        ("gcp/sql/vcpu", ((0.0, 0.0413),))
    }


def test_the_key_is_in_no_address(prices: Prices) -> None:
    prices.skus["C-1"] = [sku("Balanced PD Capacity", "GiBy.mo", (0, 0.1))] * 3
    fetched()
    assert len(prices.asked) == 3  # the services, and two pages
    assert not any("key-1" in path for path, _ in prices.asked)


def test_without_a_key_there_is_one_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(gcp.KEY_VARIABLE, raising=False)
    with pytest.raises(EngineError, match="wants an API key; set GOOGLE_API_KEY"):
        list(gcp.gcp_jobs(Wanted(NOW)))


def test_a_key_that_is_refused_is_one_error(prices: Prices) -> None:
    prices.busy = [403]
    with pytest.raises(EngineError, match=r"answered 403 \(not now\); allow the key"):
        fetched()


def test_another_currency_is_refused(prices: Prices) -> None:
    prices.skus["C-1"] = [sku("Balanced PD Capacity", "GiBy.mo", (0, 0.09), currency="EUR")]
    with pytest.raises(InputError, match="has prices in EUR"):
        fetched()


def test_a_service_that_went_is_one_error(prices: Prices) -> None:
    prices.services = {"Compute Engine": "C-1"}
    with pytest.raises(EngineError, match="no service 'Cloud SQL'"):
        fetched("Cloud SQL")


def test_an_answer_of_another_shape_is_one_error() -> None:
    jobs = gcp.gcp_jobs(Wanted(NOW, (), (), ("Cloud SQL",)), lambda _: [])
    with pytest.raises(EngineError, match="without services"):
        list(next(jobs).fetch())
