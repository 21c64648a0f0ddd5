"""The built-in offers: complete, consistent, sourced, and in agreement with an independent table."""

import csv
import re
from collections import Counter, defaultdict
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path

import pytest

from tools import catalogue_carbon
from trimtab.carbon.coefficients import grid_of
from trimtab.catalogue.accelerators import ACCELERATORS, ARM64_ONLY

ROOT = Path(__file__).parents[3]
TABLE = ROOT / "trimtab" / "catalogue" / "builtin_offers.csv"
SOURCES = (TABLE.parent / "SOURCES.md").read_text(encoding="utf-8")
INDEPENDENT = ROOT.parent / "shared" / "data" / "prices" / "offers.csv"

COLUMNS = [
    "provider",
    "region",
    "instance_type",
    "vcpu",
    "memory_gib",
    "accelerator",
    "accelerator_count",
    "architecture",
    "on_demand_usd_hour",
    "spot_usd_hour",
    "reserved_1y_usd_hour",
    "reserved_3y_usd_hour",
    "interruption_band_low_percent",
    "interruption_band_high_percent",
    "gco2e_per_hour",
    "as_of",
    "source",
]
SHARED_COLUMNS = [
    column
    for column in COLUMNS
    if column not in {"architecture", "gco2e_per_hour"} and "band" not in column
]
PRICES = [column for column in COLUMNS if column.endswith("_usd_hour")]
BANDS = {("", ""), ("0", "5"), ("5", "10"), ("10", "15"), ("15", "20"), ("20", "100")}
UNPUBLISHED_POWER = {
    "trainium",
    "trainium2",
    "inferentia2",
    "tpu-v5e",
    "tpu-v5p",
    "tpu-v6e",
    "fpga",
}

Row = dict[str, str]


def read(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


ROWS = read(TABLE)


def key(row: Row) -> tuple[str, str, str]:
    return row["provider"], row["region"], row["instance_type"]


def number(text: str) -> Decimal | None:
    """A cell as a number; None where it is blank."""
    return Decimal(text) if text else None


def test_the_file_is_plain_csv_with_the_agreed_columns() -> None:
    raw = TABLE.read_bytes()
    assert raw.decode("utf-8").splitlines()[0].split(",") == COLUMNS
    assert b"\r" not in raw
    assert raw.endswith(b"\n")
    assert not raw.startswith(b"\xef\xbb\xbf")
    assert all(None not in row and None not in row.values() for row in ROWS)


def test_about_a_hundred_offers_and_none_twice() -> None:
    assert 90 <= len(ROWS) <= 130
    assert [k for k, count in Counter(map(key, ROWS)).items() if count > 1] == []


@pytest.mark.parametrize("provider", ["aws", "gcp", "azure"])
def test_every_provider_has_several_regions_and_cpu_only_types(provider: str) -> None:
    rows = [row for row in ROWS if row["provider"] == provider]
    assert len({row["region"] for row in rows}) >= 3
    assert {row["architecture"] for row in rows} == {"x86_64", "arm64"}
    assert any(not row["accelerator"] for row in rows)


@pytest.mark.parametrize(
    "models",
    [
        {"a10g", "l4"},
        {"l40s"},
        {"a100-40gb", "a100-80gb"},
        {"h100-80gb"},
        {"h200-141gb"},
        {"b200"},
        {"gb200"},
        {"trainium", "trainium2"},
        {"inferentia2"},
        {"tpu-v5e", "tpu-v5p", "tpu-v6e"},
        {"fpga"},
    ],
    ids=lambda models: "+".join(sorted(models)),
)
def test_every_class_of_accelerator_is_on_offer(models: set[str]) -> None:
    assert models <= {row["accelerator"] for row in ROWS}


@pytest.mark.parametrize("models", [{"a10g", "l4"}, {"a100-40gb"}, {"h100-80gb"}, {"h200-141gb"}])
def test_the_common_accelerators_are_on_offer_in_several_regions(models: set[str]) -> None:
    regions = {(row["provider"], row["region"]) for row in ROWS if row["accelerator"] in models}
    assert len(regions) >= 3


@pytest.mark.parametrize("kind", ["g5.xlarge", "g6.xlarge", "p4d.24xlarge"])
def test_the_types_of_the_examples_have_every_price_in_us_east_1(kind: str) -> None:
    (row,) = [row for row in ROWS if key(row) == ("aws", "us-east-1", kind)]
    assert [column for column in PRICES if not row[column]] == []


@pytest.mark.parametrize("row", ROWS, ids=lambda row: "-".join(key(row)))
class TestRow:
    def test_names_and_sizes(self, row: Row) -> None:
        assert re.fullmatch(r"[a-z][a-z0-9-]+[0-9]?", row["region"])
        assert re.fullmatch(r"[A-Za-z0-9._-]+", row["instance_type"])
        assert row["architecture"] in {"x86_64", "arm64"}
        vcpu, gib = number(row["vcpu"]), number(row["memory_gib"])
        assert vcpu is not None
        assert gib is not None
        assert 1 <= vcpu <= 512
        assert 1 <= gib / vcpu <= 20

    def test_the_accelerator_is_a_known_model_with_a_count(self, row: Row) -> None:
        assert bool(row["accelerator"]) == bool(row["accelerator_count"])
        if row["accelerator"]:
            assert row["accelerator"] in ACCELERATORS
            assert f"`{row['accelerator']}`" in SOURCES
            assert int(row["accelerator_count"]) >= 1
        if row["accelerator"] in ARM64_ONLY:
            assert row["architecture"] == "arm64"

    def test_prices_are_positive_and_no_option_is_dearer_than_on_demand(self, row: Row) -> None:
        prices = {column: number(row[column]) for column in PRICES}
        known = {column: price for column, price in prices.items() if price is not None}
        assert known, "an offer without any price is of no use"
        assert all(price > 0 for price in known.values())
        on_demand = prices["on_demand_usd_hour"]
        if on_demand is None:
            assert "no on-demand price" in row["source"]
        else:
            assert max(known.values()) == on_demand
        one, three = prices["reserved_1y_usd_hour"], prices["reserved_3y_usd_hour"]
        if one is not None and three is not None:
            assert three < one

    def test_the_interruption_band_is_one_of_the_advisors(self, row: Row) -> None:
        band = (row["interruption_band_low_percent"], row["interruption_band_high_percent"])
        assert band in BANDS
        assert (band != ("", "")) == ("band: alexei-led/spotinfo" in row["source"])
        if band != ("", ""):
            assert row["provider"] == "aws"
            assert row["spot_usd_hour"]

    def test_the_date_is_past_and_in_the_source(self, row: Row) -> None:
        as_of = date.fromisoformat(row["as_of"])
        assert date(2026, 1, 1) <= as_of <= datetime.now(UTC).date()
        assert row["as_of"] in row["source"] or not row["on_demand_usd_hour"]

    def test_every_clause_of_the_source_is_explained_in_sources_md(self, row: Row) -> None:
        named = re.findall(r"^\| `([^`]+)`", SOURCES, flags=re.MULTILINE)
        clauses = [clause.strip() for clause in row["source"].split(";")]
        for clause in clauses:
            known = any(name in clause for name in named)
            assert known or clause.startswith("no on-demand price: "), clause
        assert bool(row["reserved_3y_usd_hour"]) == ("reserved" in row["source"])
        assert ("estimate" in row["source"]) <= bool(row["spot_usd_hour"])

    def test_emissions_are_plausible_or_their_absence_is_explained(self, row: Row) -> None:
        grams = number(row["gco2e_per_hour"])
        if grams is None:
            assert row["accelerator"] in UNPUBLISHED_POWER
            return
        # Between making alone and 20 W a vCPU and 1.5 kW a device on a grid of 600 g/kWh.
        devices = int(row["accelerator_count"] or 0)
        vcpu = Decimal(row["vcpu"])
        assert vcpu * Decimal("0.1") + 4 * devices < grams < vcpu * 12 + devices * 900

    def test_numbers_are_written_plainly(self, row: Row) -> None:
        for column in [*PRICES, "vcpu", "memory_gib", "gco2e_per_hour"]:
            try:
                value = number(row[column])
            except InvalidOperation:
                pytest.fail(f"{column}: {row[column]!r} is not a number")
            assert value is None or format(value, "f") == row[column]


def test_the_emissions_column_is_what_the_tool_writes() -> None:
    text = TABLE.read_bytes().decode("utf-8")
    assert catalogue_carbon.filled(text, str(TABLE)) == text


def test_a_type_emits_more_where_the_grid_is_dirtier() -> None:
    grams: dict[str, list[tuple[float, Decimal]]] = defaultdict(list)
    for row in ROWS:
        if row["provider"] == "aws" and row["gco2e_per_hour"]:
            grid = grid_of("aws", row["region"])
            assert grid is not None
            grams[row["instance_type"]].append((grid.gco2e_per_kwh, Decimal(row["gco2e_per_hour"])))
    several = [sorted(pairs) for pairs in grams.values() if len(pairs) > 1]
    assert several
    assert all(pairs == sorted(pairs, key=lambda pair: pair[1]) for pairs in several)


def test_on_demand_prices_and_sizes_agree_with_an_independent_table() -> None:
    if not INDEPENDENT.exists():
        pytest.skip(f"no independent price table at {INDEPENDENT}")
    ours = {key(row): row for row in ROWS}
    compared = 0
    mismatches: list[tuple[object, ...]] = []
    with INDEPENDENT.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream)
        assert reader.fieldnames == SHARED_COLUMNS
        for theirs in reader:
            row = ours.get(key(theirs))
            if row is None:
                continue
            compared += 1
            price, other = (number(r["on_demand_usd_hour"]) for r in (row, theirs))
            if price and other and abs(price / other - 1) > Decimal("0.05"):
                mismatches.append((key(row), "on_demand_usd_hour", price, other))
            mismatches.extend(
                (key(row), column, row[column], theirs[column])
                for column in ("vcpu", "memory_gib", "accelerator", "accelerator_count")
                if theirs[column] and row[column] != theirs[column]
            )
    assert mismatches == []
    assert compared >= 60
