"""A series by itself: its times, its history up to an instant, and coarser steps."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.demand.series import DemandSeries
from trimtab.errors import InputError

START = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def series(
    count: int = 48,
    *,
    start: datetime = START,
    step: timedelta = HOUR,
    peak: bool = True,
) -> DemandSeries:
    demand = np.arange(count, dtype=np.float64)
    return DemandSeries(
        "pool", start, step, demand, demand + 0.5 if peak else None, ("note",), "s.csv", "sha256:0"
    )


def test_end_and_times() -> None:
    whole = series(48)
    assert whole.end == START + timedelta(days=2)
    assert whole.times().dtype == np.dtype("datetime64[s]")
    assert str(whole.times()[0]) == "2026-03-01T00:00:00"
    assert str(whole.times()[-1]) == "2026-03-02T23:00:00"
    assert len(whole.times()) == len(whole) == 48


def test_arrays_are_copies_that_cannot_be_written() -> None:
    given_array = np.ones(30)
    whole = DemandSeries("pool", START, HOUR, given_array, given_array)
    given_array[0] = 9.0
    assert whole.demand[0] == 1.0
    assert whole.peak is not None
    for array in (whole.demand, whole.peak, whole.until(START + 25 * HOUR).demand):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 2.0


def test_shapes_must_agree() -> None:
    with pytest.raises(ValueError, match="peak"):
        DemandSeries("pool", START, HOUR, np.ones(30), np.ones(29))
    with pytest.raises(ValueError, match="one dimension"):
        DemandSeries("pool", START, HOUR, np.ones((5, 6)))


UNTIL = {
    "the end": (timedelta(hours=48), 48),
    "after the end": (timedelta(days=400), 48),
    "a step's bound": (timedelta(hours=30), 30),
    # The step that has begun is not over: its mean can't be known yet.
    "inside a step": (timedelta(hours=30, minutes=59), 30),
    "the least": (timedelta(hours=24), 24),
}


@pytest.mark.parametrize(("after", "known"), UNTIL.values(), ids=UNTIL.keys())
def test_until_sees_only_the_steps_that_had_ended(after: timedelta, known: int) -> None:
    history = series(48).until(START + after)
    assert history.start == START
    assert history.demand.tolist() == [*range(known)]
    assert history.peak is not None
    assert history.peak.tolist() == [n + 0.5 for n in range(known)]
    assert history.end <= START + after
    assert (history.repairs, history.digest) == (("note",), "sha256:0")


@pytest.mark.parametrize("after", [timedelta(hours=23), timedelta(0), timedelta(days=-9)])
def test_too_little_before_the_instant_is_an_error(after: timedelta) -> None:
    with pytest.raises(InputError) as caught:
        series(48).until(START + after)
    held = max(int(after / HOUR), 0)
    assert f"the series is too short: {held} steps of 1 h" in str(caught.value)
    assert str(caught.value).startswith("s.csv: before ")
    assert "choose an --as-of up to 2026-03-03T00:00:00Z" in str(caught.value)


def test_hourly_takes_the_mean_and_the_highest_peak() -> None:
    hourly = series(12, step=20 * MINUTE).hourly()
    assert (hourly.start, hourly.step) == (START, HOUR)
    assert hourly.demand.tolist() == [1.0, 4.0, 7.0, 10.0]
    assert hourly.peak is not None
    assert hourly.peak.tolist() == [2.5, 5.5, 8.5, 11.5]
    assert hourly.repairs == ("note",)


def test_without_a_peak_the_highest_demand_is_the_peak() -> None:
    hourly = series(12, step=20 * MINUTE, peak=False).hourly()
    assert hourly.peak is not None
    assert hourly.peak.tolist() == [2.0, 5.0, 8.0, 11.0]


def test_the_same_step_changes_nothing() -> None:
    whole = series(48, peak=False)
    assert whole.hourly() is whole
    assert whole.peak is None


def test_hours_that_are_not_full_are_left_out_and_said_so() -> None:
    hourly = series(12, start=START + 40 * MINUTE, step=20 * MINUTE).hourly()
    assert hourly.start == START + HOUR
    assert hourly.demand.tolist() == [2.0, 5.0, 8.0]
    assert hourly.repairs == (
        "note",
        "3 steps of 20 min at the ends fill no whole step of 1 h: left out",
    )


COARSER = {
    "days to hours": (30, START, timedelta(days=1), "a step of 1 d can't be brought to 1 h"),
    "7 minutes": (300, START, 7 * MINUTE, "a step of 7 min can't be brought to 1 h; give a series"),
    "off the grid": (
        300,
        START + MINUTE,
        20 * MINUTE,
        "steps of 20 min from 2026-03-01T00:01:00Z do not meet the bounds of 1 h; shift",
    ),
    "no full hour": (3, START + 20 * MINUTE, 20 * MINUTE, "too short for one whole step of 1 h"),
}


@pytest.mark.parametrize(("count", "start", "step", "message"), COARSER.values(), ids=COARSER)
def test_what_does_not_fit_an_hour_is_an_error(
    count: int, start: datetime, step: timedelta, message: str
) -> None:
    with pytest.raises(InputError) as caught:
        series(count, start=start, step=step).hourly()
    assert message in str(caught.value)
    assert caught.value.where == "s.csv"


@given(
    minutes=st.sampled_from([1, 5, 10, 15, 30]),
    late=st.integers(0, 59),
    values=st.lists(st.floats(0, 1e9), min_size=120, max_size=200),
)
def test_hours_hold_what_their_steps_held(minutes: int, late: int, values: list[float]) -> None:
    step = minutes * MINUTE
    fine = DemandSeries("pool", START + (late * step) % HOUR, step, np.array(values))
    hourly = fine.hourly()
    ratio = 60 // minutes
    first = (hourly.start - fine.start) // step
    assert 0 <= first < ratio
    assert 0 <= (fine.end - hourly.end) // step < ratio
    used = fine.demand[first : first + len(hourly) * ratio].reshape(-1, ratio)
    assert np.allclose(hourly.demand * ratio, used.sum(axis=1))
    assert hourly.peak is not None
    assert hourly.peak.tolist() == used.max(axis=1).tolist()
    assert hourly.start.minute == 0
