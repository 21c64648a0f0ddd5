"""What storage of one's own costs and emits, against sums done by hand."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.errors import InputError
from trimtab.inventory.document import parse_inventory
from trimtab.inventory.hardware import Hardware, Power
from trimtab.storage.owned import OwnedStoragePapers

# Three servers of two 7.68 TB disks: 6 x 7.68e12 / 2**40 = 41.9095 TiB.
SERVERS = Hardware(
    purchase_usd=43_800,
    life_years=5,
    residual_usd=0,
    maintenance_usd_per_year=876,
    power=Power(watts=900),
    pue=1.5,
    usd_per_kwh=0.20,
    gco2e_per_kwh=400,
    embodied_kgco2e=4_380,
)
PAPERS = OwnedStoragePapers(hardware=SERVERS, raw_tib=41.9095, raw_per_stored=3)


def test_the_price_is_the_hand_s() -> None:
    # Capital 43,800 / 43,800 h = 1.00; energy 0.9 kW x 1.5 x 0.20 = 0.27; maintenance 876 / 8,760 = 0.10.
    assert SERVERS.usd_per_hour == pytest.approx(1.37)
    # 41.9095 x 1,024 x 0.85 / 3 = 12,159.34 GiB.
    assert PAPERS.stored_gib == pytest.approx(12_159.34, abs=0.01)
    # 1.37 x 730 / 12,159.34
    assert PAPERS.usd_per_gib_month == pytest.approx(0.082249, abs=1e-6)


def test_carbon_is_of_use_and_of_making() -> None:
    # 0.9 x 1.5 x 400 = 540 g an hour of energy, 4,380 kg over 43,800 h = 100 g; 11.87436 TiB stored.
    assert PAPERS.kgco2e_per_tib_hour == pytest.approx(0.640 / 11.87436, rel=1e-6)
    unknown = replace(PAPERS, hardware=replace(SERVERS, gco2e_per_kwh=None))
    assert unknown.kgco2e_per_tib_hour is None


def test_the_arithmetic_says_what_was_done() -> None:
    assert PAPERS.arithmetic.startswith(
        "$0.0822 a GiB-month = $1.3700 an hour x 730 h / 12,159 GiB (41.9095 TiB raw x 85% / 3); "
        "$1.3700 an hour = $1.0000 ($43,800 less $0 over 5 years)"
    )


@given(copies=st.floats(1, 10), fill=st.floats(0.05, 1), more=st.floats(1.01, 5))
def test_copies_and_empty_room_cost_in_proportion(copies: float, fill: float, more: float) -> None:
    one = OwnedStoragePapers(hardware=SERVERS, raw_tib=10, raw_per_stored=copies, fill=fill)
    wider = replace(one, raw_per_stored=copies * more)
    assert wider.usd_per_gib_month == pytest.approx(one.usd_per_gib_month * more)
    assert one.usd_per_gib_month * one.stored_gib == pytest.approx(SERVERS.usd_per_hour * 730)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"raw_tib": 0.0}, "raw_tib is 0; give the TiB of its disks together"),
        ({"raw_per_stored": 0.5}, "raw_per_stored is 0.5; give 1 or more: 3 for three copies"),
        ({"fill": 1.2}, "fill is 1.2; give a share above 0 and up to 1"),
        ({"fill": float("nan")}, "fill is nan; give a share above 0 and up to 1"),
    ],
)
def test_what_holds_nothing_is_refused(change: dict[str, float], says: str) -> None:
    with pytest.raises(InputError) as error:
        replace(PAPERS, **change)  # type: ignore[arg-type]  # floats by name
    assert str(error.value) == says


ROW = "id: ceph-1, backend: ceph-block, site: hall"
HARDWARE = (
    "hardware: {purchaseUsd: 43800, lifeYears: 5, maintenanceUsdPerYear: 876, watts: 900, pue: 1.5, "
    "usdPerKwh: 0.2, gco2ePerKwh: 400, embodiedKgco2e: 4380}"
)


def inventory(own: str) -> str:
    return (
        "apiVersion: trimtab.dev/v1alpha1\nkind: CapacityInventory\nspec:\n  ownedStorage:\n"
        f"  - {{{ROW}, {own}}}\n"
    )


def test_an_inventory_takes_the_papers_in_place_of_the_figures() -> None:
    text = inventory(f"{HARDWARE}, rawTib: 41.9095, rawPerStored: 3")
    (found,) = parse_inventory(text, "own.yaml").owned_storage
    assert found.gib == PAPERS.stored_gib
    assert found.usd_per_gib_month == PAPERS.usd_per_gib_month
    assert found.kgco2e_per_tib_hour == PAPERS.kgco2e_per_tib_hour


@pytest.mark.parametrize(
    ("own", "said"),
    [
        ("usdPerGibMonth: 0.1", "gib: is missing; give what is usable, or hardware"),
        ("gib: 9, rawTib: 4", "rawTib: has no effect without hardware; add its papers, or drop it"),
        (f"{HARDWARE}, rawTib: 4", "rawPerStored: is missing; give it beside hardware"),
        (
            f"{HARDWARE}, rawTib: 4, rawPerStored: 3, gib: 9",
            "gib: stands beside hardware, from which it follows; drop one of the two",
        ),
    ],
)
def test_papers_that_say_too_little_or_too_much_are_refused(own: str, said: str) -> None:
    with pytest.raises(InputError) as error:
        parse_inventory(inventory(own), "own.yaml")
    assert str(error.value) == f"own.yaml, line 5, document 1, spec.ownedStorage[0].{said}"
