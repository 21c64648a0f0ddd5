"""All pools as one fleet: aligned at their ends, with limits and events, and cut to the plan's span."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from trimtab.demand.events import Add, Event, Multiply, Size
from trimtab.forecast.model import LEVELS, Fleet, Forecast, Origins
from trimtab.planning.forecasting import Asked, default_forecaster, forecasts
from trimtab.planning.histories import History

START = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


@dataclass
class Fake:
    """Forecasts each series at its last value, the hour ahead added; remembers what it was asked."""

    fleet: Fleet | None = None
    hours: int = 0
    said: list[Any] = field(default_factory=list)

    def __call__(self, fleet: Fleet, hours: int, progress: Any) -> "Fake":
        self.fleet, self.hours = fleet, hours
        return self

    def series(self, n: int) -> Forecast:
        assert self.fleet is not None
        last, length = self.fleet.demand[n, -1], self.fleet.demand.shape[1]
        row = last + np.arange(self.hours) / 100
        quantiles = np.tile(row, (len(LEVELS), 1))
        origins = Origins(np.array([length - 24]), quantiles[None])
        return Forecast(self.fleet.ends[n], quantiles, "fake", "", origins, None, None, None)


def history(hours: int = 48, end: datetime = START, **changes: Any) -> History:
    return History(np.full(hours, 10.0), end, 1.0, (), **changes)


def ask(name: str, past: History, *events: Event, hours: int = 24) -> Asked:
    return Asked(name, past, START, hours, events)


def test_series_of_all_lengths_are_aligned_at_their_ends() -> None:
    fake = Fake()
    found = forecasts([ask("a", history(48)), ask("b", history(72))], fake, None)
    # Past origins count from each series' own beginning.
    assert [each.origins.hours.tolist() for each in found] == [[24], [48]]
    assert fake.fleet is not None
    assert fake.fleet.demand.shape == (2, 72)
    assert np.isnan(fake.fleet.demand[0, :24]).all()
    assert not np.isnan(fake.fleet.demand[0, 24:]).any()
    assert fake.fleet.capped is None
    assert fake.fleet.past_effect is None


def test_hours_between_the_history_and_the_plan_are_forecast_and_left_out() -> None:
    fake = Fake()
    early = history(end=START - 5 * HOUR)
    late, on_time = forecasts([ask("a", early), ask("b", history())], fake, None)
    assert fake.hours == 29
    for found in (late, on_time):
        assert found.start == START
        assert found.hours == 24
    assert late.quantiles[0, 0] == pytest.approx(10.05)
    assert on_time.quantiles[0, 0] == pytest.approx(10.0)


def test_capped_hours_go_along_on_the_right_hours() -> None:
    fake = Fake()
    capped = np.zeros(48, dtype=np.bool_)
    capped[-3:] = True
    forecasts([ask("a", history(capped=capped)), ask("b", history(72))], fake, None)
    assert fake.fleet is not None
    assert fake.fleet.capped is not None
    assert fake.fleet.capped[0].nonzero()[0].tolist() == [69, 70, 71]
    assert not fake.fleet.capped[1].any()


def test_events_are_taken_out_of_the_past_and_put_into_the_span() -> None:
    fake = Fake()
    double = Event("sale", START - 2 * HOUR, START + 2 * HOUR, Multiply(Size(2, 2, 2)), ("a",))
    more = Event("launch", START + 10 * HOUR, None, Add(Size(5, 5, 5)), ("a",))
    changed, plain = forecasts(
        [ask("a", history(), double, more), ask("b", history(), double, more)], fake, None
    )
    assert fake.fleet is not None
    assert fake.fleet.past_effect is not None
    assert fake.fleet.ahead_effect is None
    assert fake.fleet.past_effect.multiply[0, -3:].tolist() == [1.0, 2.0, 2.0]
    assert (fake.fleet.past_effect.multiply[1] == 1).all()
    middle = LEVELS.index(0.5)
    assert changed.quantiles[middle, :3] == pytest.approx([20.0, 20.02, 10.02])
    assert changed.quantiles[middle, 10] == pytest.approx(15.1)
    assert plain.quantiles[middle, 10] == pytest.approx(10.1)
    # A past forecast has what the event did to its hours: the last two of its day.
    assert changed.origins.quantiles[0, middle, 21:24] == pytest.approx([10.21, 20.44, 20.46])
    assert plain.origins.quantiles[0, middle, 22] == pytest.approx(10.22)


def test_past_origins_of_the_real_forecaster_lie_in_each_series_own_past() -> None:
    rng = np.random.default_rng(7)
    asked = [
        ask(f"s{days}", History(rng.gamma(9, 10, days * 24), START, 1.0, ()))
        for days in (30, 45, 80)
    ]
    for each, found in zip(asked, forecasts(asked, default_forecaster, None), strict=True):
        length = len(each.history.demand)
        assert len(found.origins.hours)
        assert (found.origins.hours > 0).all()
        assert (found.origins.hours < length).all()
        assert length - found.origins.hours[-1] < 20 * 24
