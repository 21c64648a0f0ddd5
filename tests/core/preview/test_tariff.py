"""The two tariff tables: well formed, dated, sourced, and never in conflict."""

from datetime import date
from fnmatch import fnmatchcase

from trimtab.preview.tariff import fixed_prices, free_types


def test_every_price_is_positive_dated_and_sourced() -> None:
    for row in fixed_prices():
        assert row.usd_per_hour > 0, row
        assert date(2024, 1, 1) <= row.as_of <= date(2026, 11, 23), row
        assert row.source.startswith("https://"), row
        assert row.covers, row


def test_a_type_and_region_has_one_price() -> None:
    keys = [(row.type, row.region) for row in fixed_prices()]
    assert len(set(keys)) == len(keys)
    everywhere = {kind for kind, region in keys if region == "*"}
    assert not everywhere & {kind for kind, region in keys if region != "*"}


def test_no_type_is_both_priced_and_free() -> None:
    for row in fixed_prices():
        assert not [pattern for pattern, _ in free_types() if fnmatchcase(row.type, pattern)]
