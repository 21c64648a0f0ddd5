"""What volumes cost: by hand from the book's rates, and never 0 for what is not known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.pricing.book import built_in_book
from trimtab.storage.backends import backends
from trimtab.storage.carbon import kgco2e_per_tib_hour
from trimtab.storage.prices import owned_price, price_of

BOOK = built_in_book()


@pytest.mark.parametrize(
    ("name", "region", "volume", "usd"),
    [
        # us-east-1: 0.08 a GiB; 0.005 an IOPS above 3000; 0.04 a MiB/s above 125.
        ("ebs-gp3", "us-east-1", (500, 3000, 125), 40.0),
        ("ebs-gp3", "us-east-1", (500, 4000, 225), 40.0 + 5.0 + 4.0),
        # 0.125 a GiB; 0.065 an IOPS up to 32 000, 0.0455 above.
        ("ebs-io2", "us-east-1", (100, 1000, 0), 12.5 + 65.0),
        ("ebs-io2", "us-east-1", (100, 42_000, 0), 12.5 + 32_000 * 0.065 + 10_000 * 0.0455),
        ("ebs-st1", "us-east-1", (1000, 100, 20), 45.0),
        # 1 MiB/s comes with every 20 GiB, the next costs 6.
        ("efs", "us-east-1", (100, 0, 15), 30.0 + 60.0),
        # A P10 for whatever is above 64 and up to 128 GiB.
        ("azure-disk-premium", "eastus", (65, 0, 0), 19.71),
        ("azure-disk-premium", "eastus", (128, 0, 0), 19.71),
        ("azure-disk-premium", "eastus", (129, 0, 0), 38.012142),
    ],
)
def test_a_volume_costs_what_its_rates_say(
    name: str, region: str, volume: tuple[float, float, float], usd: float
) -> None:
    price = price_of(backends()[name], region, BOOK)
    assert float(price.usd_per_month(*volume)) == pytest.approx(usd)


def test_fsx_for_scratch_has_its_own_price() -> None:
    backend = backends()["fsx-lustre"]
    lasts, scratch = (
        price_of(backend, "us-east-1", BOOK, "shared"),
        price_of(backend, "us-east-1", BOOK, "scratch"),
    )
    assert (lasts.usd_per_gib_month, scratch.usd_per_gib_month) == (0.145, 0.14)


def test_a_part_without_a_price_makes_only_what_has_it_unpriced() -> None:
    price = price_of(backends()["azure-disk-premium-v2"], "eastus", BOOK)
    assert price.unpriced == {"iops", "mibps"}
    assert float(price.usd_per_month(100, 3000, 119)) == pytest.approx(8.0)
    assert np.isnan(price.usd_per_month(100, 4000, 119))
    assert np.isnan(price.usd_per_month(100, 3000, 200))


def test_operations_are_counted_by_their_mean_and_unknown_ones_are_not_nothing() -> None:
    price = price_of(backends()["azure-disk-standard-ssd"], "eastus", BOOK)
    # 10 a second are 26.28 million a month, at 0.002 for 10 000.
    assert float(price.usd_per_month(100, 0, 0, 10.0)) == pytest.approx(9.6 + 5.256)
    assert np.isnan(price.usd_per_month(100, 0, 0, np.nan))


@pytest.mark.parametrize("name", list(backends()))
def test_nothing_is_priced_in_a_region_that_does_not_exist(name: str) -> None:
    price = price_of(backends()[name], "nowhere-1", BOOK)
    assert price.usd_per_gib_month is None
    assert np.isnan(price.usd_per_month(100))


def test_ones_own_storage_costs_what_its_owner_says() -> None:
    backend = backends()["ceph-block"]
    assert float(owned_price(backend, "attic", 0.03).usd_per_month(100)) == pytest.approx(3.0)
    assert np.isnan(owned_price(backend, "attic", None).usd_per_month(100))


@given(
    gib=st.floats(1, 16_000),
    iops=st.floats(0, 60_000),
    mibps=st.floats(0, 2_000),
    more=st.floats(0, 1_000),
)
def test_more_of_anything_is_no_cheaper(gib: float, iops: float, mibps: float, more: float) -> None:
    for name in ("ebs-gp3", "ebs-io2", "efs"):
        price = price_of(backends()[name], "us-east-1", BOOK)
        usd = float(price.usd_per_month(gib, iops, mibps))
        assert float(price.usd_per_month(gib, iops + more, mibps)) >= usd - 1e-9
        assert float(price.usd_per_month(gib, iops, mibps + more)) >= usd - 1e-9
        assert float(price.usd_per_month(gib + more, iops, mibps)) >= usd - 1e-9 or name == "efs"


def test_carbon_is_watts_copies_pue_and_grid() -> None:
    # Cloud Carbon Footprint: 1.2 W a TB on SSD, two copies of EBS, PUE 1.135.
    from trimtab.carbon.coefficients import grid_of

    grid = grid_of("aws", "us-east-1")
    assert grid is not None
    expected = 1.2 * 1.099511627776 * 2 * 1.135 * grid.gco2e_per_kwh / 1e6
    assert kgco2e_per_tib_hour(backends()["ebs-gp3"], "aws", "us-east-1") == pytest.approx(expected)


def test_carbon_of_what_nobody_states_is_not_known() -> None:
    assert kgco2e_per_tib_hour(backends()["ceph-block"], "on-premises", "attic") is None
    assert kgco2e_per_tib_hour(backends()["ebs-gp3"], "aws", "nowhere-1") is None
