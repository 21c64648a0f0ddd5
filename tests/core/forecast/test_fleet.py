"""Fleets: what must hold for every series whatever stands beside it, and what the special ones get."""

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.errors import InputError
from trimtab.forecast import fleet as fleets
from trimtab.forecast.fleet import FleetForecast, forecast_chunks, forecast_fleet
from trimtab.forecast.forecaster import forecast
from trimtab.forecast.model import LEVELS, Array, Effect, Fleet

END = datetime(2026, 1, 1, tzinfo=UTC)
MEDIAN, LOW, HIGH = (LEVELS.index(level) for level in (0.5, 0.1, 0.9))


def of(*rows: Array) -> Fleet:
    """A fleet of series of any lengths, right-aligned."""
    demand = np.full((len(rows), max(map(len, rows))), np.nan)
    for line, row in zip(demand, rows, strict=True):
        line[-len(row) :] = row
    return Fleet(tuple(f"s{n}" for n in range(len(rows))), demand, (END,) * len(rows))


def wave(days: int, seed: int = 0, level: float = 100.0, noise: float = 5.0) -> Array:
    """A daily wave with noise, never negative."""
    hours = np.arange(days * 24)
    drawn = np.random.default_rng(seed).normal(0, noise, len(hours))
    return np.maximum(level * (1 + 0.3 * np.sin(hours / 24 * 2 * np.pi)) + drawn, 0)


def quantiles(*rows: Array, hours: int = 48) -> Array:
    return forecast_fleet(of(*rows), hours, keep_origins=False).quantiles.astype(np.float64)


@settings(max_examples=25, deadline=None)
@given(
    kind=st.sampled_from(("gamma", "bursts", "steps", "integers", "trend")),
    hours=st.integers(24, 24 * 25),
    ahead=st.integers(1, 200),
    seed=st.integers(0, 2**32 - 1),
)
def test_quantiles_rise_from_zero_and_every_share_is_a_share(
    kind: str, hours: int, ahead: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    history = {
        "gamma": rng.gamma(0.5, 20, hours),
        "bursts": rng.exponential(5, hours) * (rng.random(hours) < 0.05),
        "steps": np.repeat(rng.exponential(50, hours // 24 + 1), 24)[:hours],
        "integers": rng.poisson(1.5, hours).astype(np.float64),
        "trend": np.arange(hours) * rng.random() + rng.random(hours),
    }[kind]
    result = forecast_fleet(of(history), ahead)
    said = result.quantiles[0]
    assert said.shape == (len(LEVELS), ahead)
    assert np.isfinite(said).all()
    assert (said >= 0).all()
    assert (np.diff(said, axis=0) >= 0).all()
    for share in (*result.coverage80, *result.calibrated_coverage80):
        assert np.isnan(share) or 0 <= share <= 1
    assert result.weights.sum() == pytest.approx(1, rel=1e-5)


@settings(max_examples=8, deadline=None)
@given(factor=st.floats(1e-3, 1e6), seed=st.integers(0, 1000))
def test_a_unit_ten_times_as_small_gives_quantiles_ten_times_as_large(
    factor: float, seed: int
) -> None:
    history = np.random.default_rng(seed).gamma(2, 10, 24 * 12)
    one, many = quantiles(history), quantiles(history * factor)
    assert many == pytest.approx(one * factor, rel=1e-3, abs=1e-3 * factor)


def test_the_same_input_gives_the_same_bytes() -> None:
    rows = [wave(20, seed) for seed in range(5)]
    assert quantiles(*rows).tobytes() == quantiles(*rows).tobytes()


def test_a_series_does_not_depend_on_its_place_or_its_chunk(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = [wave(16 + seed, seed, 10.0 * (seed + 1)) for seed in range(7)]
    whole = quantiles(*rows)
    turned = quantiles(*rows[::-1])[::-1]
    assert turned == pytest.approx(whole, rel=1e-4)
    monkeypatch.setattr(fleets, "CHUNK", 2)
    assert quantiles(*rows) == pytest.approx(whole, rel=1e-4)


def test_threads_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleets, "CHUNK", 2)
    fleet = of(*(wave(10, seed) for seed in range(7)))
    told: list[tuple[str, int, int]] = []
    one, two = (
        forecast_fleet(fleet, 24, threads=n, progress=lambda *step: told.append(step))
        for n in (1, 2)
    )
    assert one.quantiles.tobytes() == two.quantiles.tobytes()
    assert one.names == two.names == fleet.names
    assert told == [("forecasting", done, 7) for done in (2, 4, 6, 7)] * 2


def test_chunks_come_in_the_fleets_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleets, "CHUNK", 3)
    fleet = of(*(wave(8, seed) for seed in range(8)))
    parts = list(forecast_chunks(fleet, 24, threads=2))
    assert [len(part) for part in parts] == [3, 3, 2]
    assert tuple(name for part in parts for name in part.names) == fleet.names


def test_a_shorter_series_in_a_matrix_is_forecast_as_if_alone() -> None:
    """Without lenders (fewer than two series of two weeks) the prior is that of a series alone."""
    short, long = wave(5, 1), wave(30, 2)
    both = forecast_fleet(of(short, long), 48)
    alone = forecast_fleet(of(short), 48)
    assert both.quantiles[0] == pytest.approx(alone.quantiles[0], rel=1e-4)
    assert both.origins is not None
    assert alone.origins is not None
    ages = both.origins[0].hours - (len(long) - len(short))
    assert ages.tolist() == alone.origins[0].hours.tolist()


@pytest.mark.parametrize("value", [0.0, 0.1, 8.0, 1e9])
def test_what_does_not_vary_is_forecast_exactly(value: float) -> None:
    result = forecast_fleet(of(np.full(24 * 40, value)), 72)
    assert (result.quantiles == np.float32(value)).all()
    assert result.reasons == ("the series does not vary",)
    assert result.origins is not None
    assert (result.origins[0].quantiles == np.float32(value)).all()


def test_a_day_of_history_is_enough() -> None:
    result = forecast_fleet(of(wave(1)), 168)
    assert 50 < result.quantiles[0, MEDIAN].mean() < 150
    assert result.reasons == ("1.0 d of history: little to judge the families by",)
    assert np.isnan(result.calibrated_coverage80).all()


def test_demand_that_is_mostly_zero_is_forecast_zero_as_often_as_it_was() -> None:
    rng = np.random.default_rng(5)
    history = np.where(rng.random(24 * 40) < 0.1, rng.exponential(10, 24 * 40), 0.0)
    said = quantiles(history, hours=72)[0]
    assert (said[LEVELS.index(0.8)] == 0).all()
    assert (said[LEVELS.index(0.99)] > 0).all()


@pytest.mark.parametrize("factor", [0.7, 1.3])
def test_a_shift_of_level_is_followed_within_days(factor: float) -> None:
    history = wave(50, 3)
    history[-24 * 4 :] *= factor
    said = quantiles(history, hours=72)[0]
    truth = 100 * factor
    assert said[MEDIAN].mean() == pytest.approx(truth, rel=0.06)
    assert said[LOW].mean() < truth < said[HIGH].mean()


def test_a_trend_is_carried_on() -> None:
    history = wave(56, 4) + np.arange(56 * 24) * 0.5
    said = quantiles(history, hours=168)[0]
    assert said[MEDIAN].mean() == pytest.approx(100 + 0.5 * (56 * 24 + 84), rel=0.03)


def test_a_week_with_quiet_weekends_is_recognised() -> None:
    hours = np.arange(24 * 49)
    busy = np.where(hours // 24 % 7 < 5, 100.0, 30.0)  # ends with a weekend: day 0 is a Monday
    history = busy + np.random.default_rng(6).normal(0, 3, len(hours))
    said = quantiles(history, hours=168)[0, MEDIAN]
    assert said[: 5 * 24].mean() > 80
    assert said[5 * 24 :].mean() < 50


def test_new_series_learn_from_the_fleet() -> None:
    """Errors in this fleet are a tenth of what a series alone is given credit for."""
    settled = [
        np.abs(np.cumsum(np.random.default_rng(n).normal(0, 1, 900)) + 300) for n in range(40)
    ]
    new = settled[0][-30:]
    alone = quantiles(new, hours=24)[0]
    lent = quantiles(new, *settled[1:], hours=24)[0]
    assert not np.allclose(alone, lent, rtol=1e-3)
    assert (np.diff(lent, axis=0) >= 0).all()


def test_known_events_are_taken_out_of_the_past_and_put_into_what_comes() -> None:
    base = wave(40, 7)
    past = Effect(np.ones((1, 960)), np.zeros((1, 960)))
    past.multiply[0, 400:448] = 3.0
    ahead = Effect(np.ones((1, 48)), np.zeros((1, 48)))
    ahead.multiply[0, 24:] = 2.0
    ahead.add[0, :24] = -1000.0
    seen = base * past.multiply[0]
    fleet = Fleet(("s0",), seen[None, :], (END,), past_effect=past, ahead_effect=ahead)
    said = forecast_fleet(fleet, 48, keep_origins=False).quantiles[0]
    plain = quantiles(base)[0]
    assert said[:, 24:] == pytest.approx(2 * plain[:, 24:], rel=1e-3)
    assert (said[:, :24] == 0).all()


def test_demand_at_its_limit_is_not_taken_for_all_there_was() -> None:
    wanted = wave(40, 8)
    limit = 110.0
    fleet = of(np.minimum(wanted, limit))
    capped = Fleet(fleet.names, fleet.demand, fleet.ends, capped=fleet.demand >= limit)
    blind = forecast_fleet(fleet, 48, keep_origins=False)
    told = forecast_fleet(capped, 48, keep_origins=False)
    peak = slice(4, 9)
    assert told.quantiles[0, HIGH, peak].mean() > blind.quantiles[0, HIGH, peak].mean()
    assert told.quantiles[0, HIGH, peak].mean() > limit
    assert told.calibrated_coverage80[0] > 0.7


@pytest.mark.parametrize(
    ("row", "hours", "message"),
    [
        (np.ones(23), 24, "series s0 has less than a day of history; give at least 24 hours"),
        (np.r_[np.ones(24), -1.0], 24, "series s0 has infinite or negative demand; give finite demand of at least 0"),
        (np.r_[np.ones(24), np.inf], 24, "series s0 has infinite or negative demand; give finite demand of at least 0"),
        (np.r_[np.ones(24), np.nan, 1.0], 24, "series s0 has a gap, or ends before the matrix does; fill gaps; align each series at its end"),
        (np.r_[np.ones(24), np.nan], 24, "series s0 has a gap, or ends before the matrix does; fill gaps; align each series at its end"),
        (np.ones(24), 0, "0 hours can't be forecast; ask for at least one"),
    ],
)  # fmt: skip
def test_what_is_no_history_is_refused(row: Array, hours: int, message: str) -> None:
    with pytest.raises(InputError) as refused:
        forecast_fleet(of(row), hours)
    assert str(refused.value) == message


def test_a_single_forecast_is_a_fleet_of_one() -> None:
    history = wave(30, 9)
    fleet: FleetForecast = forecast_fleet(of(history), 72)
    one = forecast(history, END, 72)
    assert (one.quantiles == fleet.quantiles[0]).all()
    assert one.model == fleet.model(0)
    assert one.model.startswith("combined: ")
    assert one.origins.quantiles.shape[1:] == (len(LEVELS), 72)
    assert one.start == END


def test_past_forecasts_know_only_their_past() -> None:
    """What a forecast at an origin says is what it would have said then."""
    history = wave(40, 10)
    full = forecast(history, END, 48)
    origin = int(full.origins.hours[-1])
    then = forecast(history[:origin], END, 48)
    assert full.origins.quantiles[-1] == pytest.approx(then.quantiles, rel=0.05, abs=1.0)
    changed = history.copy()
    changed[origin:] *= 5
    other = forecast(changed, END, 48)
    scale = changed.mean() / history.mean()
    assert other.origins.quantiles[-1] == pytest.approx(
        full.origins.quantiles[-1], rel=0.02, abs=0.5 * scale
    )
