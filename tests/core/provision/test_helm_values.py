"""Helm values laid over one another, as Helm does it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.provision.helm_values import enabled, merge

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)
TREES = st.dictionaries(st.sampled_from("abc"), VALUES, max_size=3)


@given(TREES, TREES)
def test_what_is_laid_over_wins_and_nothing_else_is_lost(
    base: dict[str, Any], over: dict[str, Any]
) -> None:
    merged = merge(base, over)
    assert merge(merged, over) == merged
    assert merge(base, {}) == base
    assert set(merged) == set(base) | set(over)
    for key, value in over.items():
        if not isinstance(value, dict) or not isinstance(base.get(key), dict):
            assert merged[key] == value


@pytest.mark.parametrize(
    ("values", "found"),
    [({}, None), ({"nfd": {"enabled": False}}, False), ({"nfd": {}}, None), ({"nfd": True}, True)],
    ids=["no section", "a section that says", "a section that says nothing", "a plain value"],
)
def test_a_section_says_whether_its_part_is_there(values: dict[str, Any], found: Any) -> None:
    assert enabled(values, "nfd") is found
