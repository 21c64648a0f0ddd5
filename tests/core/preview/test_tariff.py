"""The tariff tables: well formed, dated, sourced, and never in conflict."""

from datetime import date
from fnmatch import fnmatchcase

import pytest

from trimtab.preview.records import SECRET, UNKNOWN
from trimtab.preview.tariff import fixed_prices, free_types, region_of, usage_prices


def test_every_price_is_positive_dated_and_sourced() -> None:
    for row in fixed_prices():
        # A price of nothing only names what the others leave out.
        price = row.usd_per_hour
        assert price is None or price > 0 or row.covers.startswith("without "), row
        assert row.source.startswith("https://"), row
        assert row.covers, row
        assert row.charge, row
    for usage in usage_prices():
        assert usage.rate.startswith("by "), usage
        assert usage.source.startswith("https://"), usage
    for day in [row.as_of for row in fixed_prices()] + [row.as_of for row in usage_prices()]:
        assert date(2024, 1, 1) <= day <= date(2026, 11, 23)


def test_a_charge_has_one_price_under_one_condition() -> None:
    keys = [(row.type, row.charge, row.region, row.when) for row in fixed_prices()]
    assert len(set(keys)) == len(keys)


def test_no_row_stands_behind_one_that_always_decides() -> None:
    decided: set[tuple[str, str, str]] = set()
    for row in fixed_prices():
        key = (row.type, row.charge, row.region)
        assert key not in decided, row
        if not row.when and row.since is None:
            decided.add(key)


def test_a_type_is_priced_and_free_only_under_a_condition() -> None:
    charged = {row.type for row in fixed_prices()} | {row.type for row in usage_prices()}
    for pattern, unless in free_types():
        assert unless or not [kind for kind in charged if fnmatchcase(kind, pattern)], pattern


@pytest.mark.parametrize(
    ("inputs", "region"),
    [
        ({"region": "us-east-1"}, "us-east-1"),
        ({"location": "us-central1"}, "us-central1"),
        ({"location": "us-central1-a"}, "us-central1"),
        ({"location": "West Europe"}, "westeurope"),
        ({"location": UNKNOWN, "region": SECRET}, None),
        ({}, None),
    ],
)
def test_a_region_is_read_as_each_provider_writes_it(
    inputs: dict[str, str], region: str | None
) -> None:
    assert region_of(inputs) == region
