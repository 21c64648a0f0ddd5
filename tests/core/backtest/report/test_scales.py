"""Axes: what ticks cover, where they stand, and how figures are written."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.backtest.report.scales import date, per_hour_unit, time_ticks
from trimtab.page.scales import MINUS, amount, money, nice_ticks, percent, tick_labels

SIZES = st.floats(-1e9, 1e9, allow_nan=False, allow_subnormal=False)
STARTS = st.integers(0, 24 * 365 * 10).map(
    lambda hour: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(hours=hour)
)


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


@given(STARTS, st.integers(1, 24 * 365 * 12))
def test_time_ticks_lie_inside_and_fit_every_width(start: datetime, hours: int) -> None:
    counts = (4, 6, 12)
    ticks = time_ticks(start, hours, counts)
    at = [tick.at for tick in ticks]
    assert at == sorted(set(at))
    assert all(0 <= each <= hours for each in at)
    for level, most in enumerate(counts):
        assert sum(tick.level <= level for tick in ticks) <= most + 1


@given(STARTS, st.integers(24 * 3, 24 * 365 * 3))
def test_a_narrow_screens_ticks_are_evenly_among_a_wide_ones(start: datetime, hours: int) -> None:
    ticks = time_ticks(start, hours)
    narrow = [index for index, tick in enumerate(ticks) if tick.level == 0]
    assert len(set(np.diff(narrow).tolist())) <= 1


@pytest.mark.parametrize(
    ("start", "hours", "labels"),
    [
        ("2026-03-01T00", 24, ["1 Mar", "06:00", "12:00", "18:00", "2 Mar"]),
        ("2026-03-01T06", 96, ["2 Mar", "3 Mar", "4 Mar", "5 Mar"]),
        ("2026-03-04T00", 24 * 28, ["9 Mar", "16 Mar", "23 Mar", "30 Mar"]),
        ("2025-11-15T00", 24 * 120, ["1 Dec", "2026", "1 Feb", "1 Mar"]),
        ("2026-03-01T05", 2, ["05:00", "06:00", "07:00"]),
    ],
)
def test_time_ticks_fall_on_the_calendar(start: str, hours: int, labels: list[str]) -> None:
    began = datetime.fromisoformat(start).replace(tzinfo=UTC)
    ticks = time_ticks(began, hours, (5,))
    assert [tick.label for tick in ticks] == labels
    for tick in ticks:
        at = began + timedelta(hours=tick.at)
        assert tick.label in (f"{at.day} {at:%b}", f"{at:%H:%M}", str(at.year))


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
        (date(datetime(2026, 3, 9, tzinfo=UTC)), "9 Mar 2026"),
        (per_hour_unit("GPUs"), "GPU-hours"),
        (per_hour_unit("nodes"), "node-hours"),
        (per_hour_unit("requests/s"), "requests/s-hours"),
        (per_hour_unit("qps"), "qps-hours"),
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
