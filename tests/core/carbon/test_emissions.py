"""What a machine emits, by hand; equal to the built-in offers; and what must hold of any machine."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.carbon.coefficients import grid_of, host_of, mean_host, table
from trimtab.carbon.emissions import node_emissions, owned_emissions
from trimtab.catalogue.accelerators import ACCELERATORS
from trimtab.catalogue.offers import Offer
from trimtab.catalogue.reader import load_offers
from trimtab.pricing.book.machines import BUILT_IN_FOLDER, machine_table, regions


def offer(
    instance_type: str = "m7i.4xlarge",
    vcpu: float | None = 16,
    gib: float | None = 64,
    accelerator: str | None = None,
    count: float | None = None,
    provider: str = "aws",
    region: str = "us-east-1",
) -> Offer:
    return Offer(
        provider,
        region,
        instance_type,
        vcpu,
        gib,
        accelerator,
        count,
        "x86_64",
        on_demand_usd_per_hour=1.0,
        spot_usd_per_hour=None,
        reserved_1y_usd_per_hour=None,
        reserved_3y_usd_per_hour=None,
        interruption_band=None,
        gco2e_per_hour=None,
        as_of=date(2026, 7, 20),
        source="test",
    )


def grams(one: Offer, utilisation: float = 0.5) -> float:
    found = node_emissions(one, utilisation)
    assert found is not None
    return found.gco2e_per_hour


def test_a_cpu_node_by_hand() -> None:
    found = node_emissions(offer())
    assert found is not None
    # Sapphire Rapids at half load: 16 x (1.0363 + (4.1605 - 1.0363) / 2) = 41.5744 W; memory
    # 64 x 0.392 = 25.088 W; together 66.6624 W, x PUE 1.135 = 0.075661824 kWh in an hour.
    assert found.energy_kwh_per_hour == pytest.approx(0.075661824)
    # x 379.069 g/kWh
    assert found.energy_gco2e_per_hour == pytest.approx(28.681052, abs=1e-5)
    # 1,100 kg x 16 / 192 + 64 x 533 / 384 kg = 91.667 + 88.833 = 180.5 kg, over 35,040 h
    assert found.embodied_gco2e_per_hour == pytest.approx(180_500 / 35_040)
    assert found.year == 2020
    assert found.method.startswith("Sapphire Rapids CPU; 50% load, PUE 1.135, grid 379.069 g/kWh")
    assert "eGRID 2020" in found.method


def test_a_gpu_node_by_hand_idle_and_busy() -> None:
    node = offer("g6.xlarge", 4, 16, "l4", 1, region="eu-west-1")
    idle, busy = node_emissions(node, 0.0), node_emissions(node, 1.0)
    assert idle is not None
    assert busy is not None
    # EPYC 3rd Gen 4 x 0.4556 + 16 x 0.392 + L4 72 x 0.12 = 1.8224 + 6.272 + 8.64 = 16.7344 W
    assert idle.energy_kwh_per_hour == pytest.approx(0.0167344 * 1.135)
    # 4 x 1.9573 + 6.272 + 72 x 1.02 = 7.8292 + 6.272 + 73.44 = 87.5412 W
    assert busy.energy_kwh_per_hour == pytest.approx(0.0875412 * 1.135)
    assert busy.energy_gco2e_per_hour == pytest.approx(0.0875412 * 1.135 * 278.6)
    # 1,100 x 4 / 192 + 16 x 533 / 384 + 150 kg = 195.125 kg
    assert idle.embodied_gco2e_per_hour == busy.embodied_gco2e_per_hour
    assert idle.embodied_gco2e_per_hour == pytest.approx(195_125 / 35_040)


@pytest.mark.parametrize(
    ("instance_type", "provider", "cpu", "host_vcpu"),
    [
        ("m5.xlarge", "aws", "Skylake", 96),
        ("t4g.medium", "aws", "Graviton", 64),
        ("a3-highgpu-8g", "gcp", "Sapphire Rapids", 208),
        ("n1-standard-4", "gcp", "Skylake", 96),
        ("m1-ultramem-40", "gcp", "Broadwell", 160),
        ("Standard_D16s_v5", "azure", "Ice Lake", 96),
        ("Standard_E16-4s_v5", "azure", "Ice Lake", 96),
        ("Standard_D4as_v5_Promo", "azure", "EPYC 3rd Gen", 96),
        ("Standard_D8ps_v6", "azure", "Graviton", 96),
    ],
)
def test_a_type_is_cut_from_its_familys_host(
    instance_type: str, provider: str, cpu: str, host_vcpu: float
) -> None:
    host = host_of(provider, instance_type)
    assert host is not None
    assert (host.cpu.name, host.vcpu, host.known) == (cpu, host_vcpu, True)


def test_a_family_that_is_not_known_takes_the_providers_mean_and_says_so() -> None:
    unknown = node_emissions(offer("z99.large", 2, 8))
    mean = mean_host("aws")
    assert unknown is not None
    assert mean is not None
    watts = 2 * (mean.cpu.idle_watts + mean.cpu.full_watts) / 2 + 8 * 0.392
    assert unknown.energy_kwh_per_hour == pytest.approx(watts / 1000 * 1.135)
    assert unknown.method.startswith("CPU not known: mean of aws's families; ")


@pytest.mark.parametrize(
    "unknown",
    [
        offer(region="mars-1"),
        offer(provider="oci"),
        offer(vcpu=None),
        offer(gib=None),
        offer("trn1.32xlarge", 128, 512, "trainium", 16),
        offer("ct5lp-hightpu-4t", 112, 192, "tpu-v5e", 4, "gcp", "us-central1"),
        offer("g6.xlarge", 4, 16, "l4", None),
    ],
    ids=["region", "provider", "vcpu", "memory", "trainium", "tpu", "devices"],
)
def test_what_is_not_known_leaves_no_clean_looking_rest(unknown: Offer) -> None:
    assert node_emissions(unknown) is None


def test_every_built_in_offer_has_the_figure_of_its_own_column() -> None:
    compared = 0
    for one in load_offers():
        found = node_emissions(one)
        if one.gco2e_per_hour is None:
            assert found is None
        else:
            assert found is not None
            assert f"{found.gco2e_per_hour:.1f}" == f"{one.gco2e_per_hour:.1f}"
            compared += 1
    assert compared > 90


def test_a_machine_of_ones_own_by_hand() -> None:
    # 500 W x PUE 1.4 = 0.7 kWh; x 300 g; 1,314 kg over 5 x 8,760 h = 30 g
    found = owned_emissions(500, 300, pue=1.4, embodied_kgco2e=1_314, life_years=5)
    assert found.energy_kwh_per_hour == pytest.approx(0.7)
    assert found.energy_gco2e_per_hour == pytest.approx(210)
    assert found.embodied_gco2e_per_hour == pytest.approx(30)
    assert found.year is None
    assert "left out" not in found.method
    assert "its making left out" in owned_emissions(500, 300).method


TYPES = [(row["provider"], row["family"]) for row in table("hosts")]
PLACES = {"aws": "eu-west-1", "azure": "westeurope", "gcp": "europe-west4"}
MODELS = sorted(
    row["accelerator"] for row in table("accelerators") if "/" not in row["accelerator"]
)


def named(provider: str, family: str) -> str:
    """A type of a family: what comes after the name does not matter."""
    if provider == "aws":
        return f"{family}.large"
    return f"{family}-4" if provider == "gcp" else f"Standard_{family}"


nodes = st.builds(
    lambda place, vcpu, gib, model, count: offer(
        named(*place), vcpu, gib, model, count if model else None, place[0], PLACES[place[0]]
    ),
    st.sampled_from(TYPES),
    st.floats(0.25, 896),
    st.floats(0.5, 32_768),
    st.sampled_from([None, *MODELS]),
    st.floats(0.125, 16),
)
loads = st.floats(0, 1)


@given(nodes, loads, st.floats(0, 512))
def test_more_of_anything_never_emits_less(node: Offer, load: float, more: float) -> None:
    assert node.vcpu is not None
    assert node.memory_gib is not None
    least = grams(node, load)
    assert least > 0
    assert grams(replace(node, vcpu=node.vcpu + more), load) >= least
    assert grams(replace(node, memory_gib=node.memory_gib + more), load) >= least
    if node.accelerator_count is not None:
        assert grams(replace(node, accelerator_count=node.accelerator_count + more), load) >= least


@given(nodes, loads, loads)
def test_a_busier_machine_never_emits_less(node: Offer, one: float, other: float) -> None:
    assert grams(node, min(one, other)) <= grams(node, max(one, other))


def test_every_figure_has_a_source_and_a_plausible_size() -> None:
    texts = {row["source"] for row in table("sources")}
    for name in ("cpus", "accelerators", "grid", "pue", "constants"):
        assert {row["source"] for row in table(name)} <= texts
    for row in table("cpus"):
        assert 0 < float(row["idle_watts_per_vcpu"]) < float(row["full_watts_per_vcpu"]) < 10
    for row in table("grid"):
        assert 0 < float(row["gco2e_per_kwh"]) < 1000
        assert 2019 <= int(row["year"]) <= 2026
    assert all(1 <= float(row["pue"]) < 2 for row in table("pue"))
    assert set(MODELS) <= set(ACCELERATORS)


def test_no_row_stands_twice() -> None:
    for name, keys in {"hosts": 2, "grid": 2, "pue": 2, "cpus": 1, "accelerators": 1}.items():
        rows = [tuple(row.values())[:keys] for row in table(name)]
        assert len(rows) == len(set(rows))


@pytest.mark.parametrize(
    ("provider", "unknown"), [("aws", ["ca-west-1"]), ("azure", []), ("gcp", [])]
)
def test_every_region_with_machines_has_its_grid(provider: str, unknown: list[str]) -> None:
    """But those in whose place no source has a figure: their machines' emissions are not known."""
    assert [place for place in regions(provider) if grid_of(provider, place) is None] == unknown


@pytest.mark.parametrize(
    ("provider", "region"), [("aws", "us-east-1"), ("azure", "eastus"), ("gcp", "us-central1")]
)
def test_nearly_every_machine_of_known_size_has_emissions(provider: str, region: str) -> None:
    sized = [
        one
        for one in machine_table(BUILT_IN_FOLDER, provider, region).values()
        if one.vcpu is not None and one.memory_gib is not None
    ]
    known = [one for one in sized if node_emissions(one) is not None]
    assert len(known) >= 0.95 * len(sized)
