"""Calendar axes: where ticks stand, and how instants are written."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.backtest.report.scales import date, per_hour_unit, time_ticks

STARTS = st.integers(0, 24 * 365 * 10).map(
    lambda hour: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(hours=hour)
)


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
        (date(datetime(2026, 3, 9, tzinfo=UTC)), "9 Mar 2026"),
        (per_hour_unit("GPUs"), "GPU-hours"),
        (per_hour_unit("nodes"), "node-hours"),
        (per_hour_unit("requests/s"), "requests/s-hours"),
        (per_hour_unit("qps"), "qps-hours"),
    ],
)
def test_days_and_units_are_written_as_people_read_them(written: str, expected: str) -> None:
    assert written == expected
