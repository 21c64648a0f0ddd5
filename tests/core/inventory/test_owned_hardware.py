"""An owned machine's cost and emissions from its papers, against arithmetic done by hand."""

import pytest

from trimtab.errors import InputError
from trimtab.inventory.document import parse_inventory
from trimtab.inventory.hardware import Hardware, Power
from trimtab.inventory.model import OwnedNodes

PAPERS = (
    "purchaseUsd: 300000, lifeYears: 5, residualUsd: 30000, maintenanceUsdPerYear: 20000, "
    "idleWatts: 2000, maxWatts: 10200, utilisation: 0.6, pue: 1.3, usdPerKwh: 0.2, "
    "gco2ePerKwh: 380, embodiedKgco2e: 4000, siteUsdPerMonth: 500, connectivityUsdPerMonth: 73"
)


def inventory(own: str) -> str:
    return (
        "apiVersion: trimtab.dev/v1alpha1\nkind: CapacityInventory\nspec:\n  owned:\n"
        f"  - {{id: hall, pool: t, site: hall-2, instanceType: dgx, quantity: 2, unitsPerNode: 8, {own}}}\n"
    )


def owned(own: str) -> OwnedNodes:
    (found,) = parse_inventory(inventory(own), "own.yaml").owned
    return found


def test_cost_is_amortisation_energy_and_running() -> None:
    found = owned(f"hardware: {{{PAPERS}}}")
    capital = 270_000 / 43_800
    energy = 6.92 * 1.3 * 0.2  # 2,000 + 8,200 x 0.6 = 6,920 W
    running = 20_000 / 8_760 + 573 / 730
    assert found.usd_per_hour == pytest.approx(capital + energy + running)
    assert found.usd_per_hour == pytest.approx(11.0316, abs=1e-4)


def test_carbon_is_energy_and_the_making() -> None:
    found = owned(f"hardware: {{{PAPERS}}}")
    assert found.gco2e_per_hour == pytest.approx(6.92 * 1.3 * 380 + 4_000_000 / 43_800)
    assert found.gco2e_per_hour == pytest.approx(3509.804, abs=1e-3)


def test_the_arithmetic_is_said_in_one_sentence() -> None:
    assert owned(f"hardware: {{{PAPERS}}}").basis == (
        "$11.0316 an hour = $6.1644 ($300,000 less $30,000 over 5 years) + $1.7992 energy "
        "(6920 W at 60% load x PUE 1.3 x $0.2 a kWh) + $3.0680 maintenance, line and site; "
        "3509.8 g CO2e an hour = 3418.5 g of energy (380 g a kWh, as its owner gave it) + "
        "91.3 g of its making (4000 kg over 5 years)"
    )


def test_the_least_papers_leave_emissions_unknown() -> None:
    found = owned("hardware: {purchaseUsd: 876, lifeYears: 1, watts: 100, usdPerKwh: 0.3}")
    assert found.usd_per_hour == pytest.approx(0.1 + 0.03)
    assert found.gco2e_per_hour is None
    assert found.basis.endswith("; emissions not known: no grid is stated")


def test_a_grid_is_that_of_a_clouds_region_and_the_making_left_out_is_said() -> None:
    own = "purchaseUsd: 0, lifeYears: 4, watts: 100, usdPerKwh: 0.3"
    found = owned(f"hardware: {{{own}, grid: {{provider: gcp, region: europe-west3}}}}")
    assert found.gco2e_per_hour == pytest.approx(27.582)  # 0.1 kWh x 275.82 g
    assert found.basis.endswith(
        "27.6 g of energy (275.82 g a kWh, the grid of gcp europe-west3 in 2024) + its making, "
        "which is not stated and left out"
    )


def test_a_machine_names_its_accelerators() -> None:
    found = owned("accelerator: NVIDIA-L4, accelerators: 2")
    assert (found.accelerator, found.accelerator_count) == ("l4", 2.0)
    assert owned("accelerator: l4").accelerator_count == 1.0
    assert (owned("usdPerHour: 1.5").usd_per_hour, owned("gco2ePerHour: 7").gco2e_per_hour) == (
        1.5,
        7,
    )


def test_power_lies_on_the_line_between_idle_and_full_load() -> None:
    power = Power(idle_watts=40.0, max_watts=240.0, utilisation=0.25)
    assert power.mean_watts == 90.0
    machine = Hardware(purchase_usd=0, life_years=1, power=power, usd_per_kwh=1.0)
    assert machine.usd_per_hour == pytest.approx(0.09)


AT = "own.yaml, line 5, document 1, spec.owned[0]"
LEAST = "purchaseUsd: 876, lifeYears: 1, usdPerKwh: 0.3"
REFUSED = {
    "both forms": (
        f"usdPerHour: 3, hardware: {{{PAPERS}}}",
        f"{AT}.usdPerHour: stands beside hardware, from which it follows; drop one of the two",
    ),
    "a carbon figure beside papers": (
        f"gco2ePerHour: 3, hardware: {{{PAPERS}}}",
        f"{AT}.gco2ePerHour: stands beside hardware, from which it follows; drop one of the two",
    ),
    "no power": (
        f"hardware: {{{LEAST}}}",
        (
            f"{AT}.hardware: must state watts, the mean at the wall, or idleWatts, maxWatts and "
            "utilisation; give exactly one of the two"
        ),
    ),
    "both ways of power": (
        f"hardware: {{{LEAST}, watts: 5, utilisation: 0.5}}",
        (
            f"{AT}.hardware: must state watts, the mean at the wall, or idleWatts, maxWatts and "
            "utilisation; give exactly one of the two"
        ),
    ),
    "half of the line": (
        f"hardware: {{{LEAST}, idleWatts: 5, maxWatts: 9}}",
        (
            f"{AT}.hardware: must state watts, the mean at the wall, or idleWatts, maxWatts and "
            "utilisation; give exactly one of the two"
        ),
    ),
    "full load below none": (
        f"hardware: {{{LEAST}, idleWatts: 50, maxWatts: 9, utilisation: 0.5}}",
        f"{AT}.hardware: maxWatts 9 is below idleWatts 50; check the two figures",
    ),
    "sold for more than it cost": (
        f"hardware: {{{LEAST}, watts: 5, residualUsd: 900}}",
        f"{AT}.hardware.residualUsd: 900 is above the purchase, 876; check the two figures",
    ),
    "two grids": (
        f"hardware: {{{LEAST}, watts: 5, gco2ePerKwh: 5, grid: {{provider: aws, region: us-east-1}}}}",
        f"{AT}.hardware.grid: stands beside gco2ePerKwh; drop one of the two",
    ),
    "a grid that nobody knows": (
        f"hardware: {{{LEAST}, watts: 5, grid: {{provider: aws, region: mars}}}}",
        (
            f"{AT}.hardware.grid: no grid is known for aws mars; name a cloud's region on the same "
            "grid, or give gco2ePerKwh"
        ),
    ),
    "a life of no length": (
        "hardware: {purchaseUsd: 1, lifeYears: 0, watts: 5, usdPerKwh: 0.3}",
        f"{AT}.hardware.lifeYears: 0: input should be greater than 0",
    ),
    "no tariff": (
        "hardware: {purchaseUsd: 1, lifeYears: 1, watts: 5}",
        f"{AT}.hardware.usdPerKwh: is missing; add it",
    ),
    "a typo": (
        f"hardware: {{{LEAST}, wats: 5}}",
        (
            f"{AT}.hardware.wats: unknown key; did you mean watts? allowed: purchaseUsd, lifeYears, "
            "residualUsd, maintenanceUsdPerYear, watts, idleWatts, maxWatts, utilisation, pue, "
            "usdPerKwh, gco2ePerKwh, grid, embodiedKgco2e, connectivityUsdPerMonth, siteUsdPerMonth"
        ),
    ),
    "a family for a model": (
        "accelerator: h100",
        f"{AT}.accelerator: h100 may be h100-80gb, h100-94gb, h100-mega-80gb; name the one that it is",
    ),
    "a count of nothing": (
        "accelerators: 2",
        f"{AT}.accelerators: counts a model that is not stated; add accelerator",
    ),
}


@pytest.mark.parametrize(("own", "message"), REFUSED.values(), ids=REFUSED)
def test_what_papers_may_not_say(own: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        owned(own)
    assert str(caught.value) == message
