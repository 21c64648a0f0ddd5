"""Axes of numbers: what ticks cover, where they stand, and how figures are written."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.page.scales import MINUS, amount, money, nice_ticks, percent, tick_labels

SIZES = st.floats(-1e9, 1e9, allow_nan=False, allow_subnormal=False)


@given(SIZES, st.floats(1e-6, 1e9), st.integers(2, 9))
def test_ticks_cover_the_range_in_equal_steps(low: float, span: float, intervals: int) -> None:
    high = low + max(span, abs(low) * 1e-9)
    ticks = np.array(nice_ticks(low, high, intervals))
    steps = np.diff(ticks)
    assert ticks[0] <= low + 1e-6 * (high - low)
    assert ticks[-1] >= high - 1e-6 * (high - low)
    assert 1 <= len(steps) <= intervals
    assert steps == pytest.approx(steps[0], rel=1e-5)


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0, 404, (0, 100, 200, 300, 400, 500)),
        (0, 610, (0, 200, 400, 600, 800)),
        (-0.3, 1.1, (-0.5, 0, 0.5, 1, 1.5)),
        (0, 0, (0, 0.2, 0.4, 0.6, 0.8, 1)),
        (7, 7, (0, 2, 4, 6, 8)),
    ],
)
def test_ticks_are_round(low: float, high: float, ticks: tuple[float, ...]) -> None:
    assert nice_ticks(low, high) == ticks


@pytest.mark.parametrize(("low", "high"), [(1, 0), (0, float("nan")), (0, float("inf"))])
def test_no_axis_without_a_range(low: float, high: float) -> None:
    with pytest.raises(ValueError, match=r"no axis"):
        nice_ticks(low, high)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (amount(12345.6), "12,346"),
        (amount(83.44), "83.4"),
        (amount(4.0), "4"),
        (amount(0.0421), "0.042"),
        (money(12345.6), "$12,346"),
        (money(24.184), "$24.18"),
        (money(-1500.0), f"{MINUS}$1,500"),
        (money(-0.001), "$0.00"),
        (percent(0.0416), "4.2\u202f%"),
        (percent(-0.00001), "0.0\u202f%"),
    ],
)
def test_figures_are_written_as_people_read_them(written: str, expected: str) -> None:
    assert written == expected


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ((0, 200, 400), ("0", "200", "400")),
        ((0, 2500, 5000), ("0", "2,500", "5,000")),
        ((-10000, 0, 10000), (f"{MINUS}10k", "0", "10k")),
        ((0, 2.5e6, 5e6), ("0", "2.5M", "5.0M")),
        ((0, 0.25, 0.5), ("0", "0.25", "0.50")),
    ],
)
def test_an_axis_writes_its_ticks_alike(values: tuple[float, ...], labels: tuple[str, ...]) -> None:
    assert tick_labels(values) == labels
