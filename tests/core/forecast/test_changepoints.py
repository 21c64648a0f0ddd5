"""Lasting shifts of a series' level: found within days, and not where there are none.

The rates are those of seeded synthetic series: six weeks of hours with a daily and a weekly season under
multiplicative noise. The bounds are wider than what was measured (in the module's docstring) by a few
standard errors of a hundred series.
"""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from trimtab.demand.reader import read_series
from trimtab.forecast import changepoints
from trimtab.forecast.changepoints import memory_start, regimes

REAL = Path(__file__).parents[4] / "shared" / "data" / "demand"
DAYS = 42
HOURS = DAYS * 24
SERIES = 100
NAN = float("nan")

Array = NDArray[np.float64]


def noise(kind: str, rng: np.random.Generator, shape: tuple[int, int]) -> Array:
    """Logarithms: white (10 %), autocorrelated by 0.98 an hour (5 or 10 %), a walk of 3 % a day."""
    fresh = rng.standard_normal(shape)
    if kind == "white":
        return 0.1 * fresh
    if kind == "walk":
        return np.cumsum(fresh * 0.03 / np.sqrt(24), axis=1)
    deviation = {"small": 0.05, "autocorrelated": 0.1}[kind]
    values = np.empty(shape)
    values[:, 0] = fresh[:, 0]
    for hour in range(1, shape[1]):
        values[:, hour] = 0.98 * values[:, hour - 1] + np.sqrt(1 - 0.98**2) * fresh[:, hour]
    return deviation * values


def demand(kind: str, series: int = SERIES, hours: int = HOURS, seed: int = 5) -> Array:
    rng = np.random.default_rng(seed)
    clock = np.arange(hours) + rng.integers(0, 168, (series, 1))
    season = 1 + 0.3 * np.sin(2 * np.pi * clock / 24)
    weekend = np.where(clock // 24 % 7 >= 5, 0.7, 1.0)
    return 100 * season * weekend * np.exp(noise(kind, rng, (series, hours)))


def shifted(values: Array, factor: float, hours_ago: int) -> Array:
    result = values.copy()
    result[:, -hours_ago:] *= factor
    return result


def found(values: Array, hours_ago: int) -> float:
    """Share of the series whose memory begins within 30 hours of the shift."""
    away = memory_start(values) - (values.shape[1] - hours_ago)
    return float((np.abs(away) <= 30).mean())


@pytest.mark.parametrize(
    ("kind", "most"), [("white", 0.03), ("small", 0.1), ("autocorrelated", 0.12), ("walk", 0.3)]
)
def test_seasons_and_noise_are_no_shift(kind: str, most: float) -> None:
    assert (memory_start(demand(kind)) > 0).mean() <= most


FOUND = {
    # noise, factor, hours ago, least share
    "a rise of 30 %, two days ago": ("white", 1.3, 48, 0.9),
    "a rise of 30 % in slow noise, two days ago": ("small", 1.3, 48, 0.85),
    "a rise of 30 % on a walk, at noon": ("walk", 1.3, 60, 0.8),
    "a fall of 30 %, three days ago": ("small", 0.7, 72, 0.9),
    "a fall of 30 % on a walk, three days ago": ("walk", 0.7, 79, 0.85),
    "a fall of 30 %, five days ago": ("white", 0.7, 120, 0.9),
    "a rise by half where noise is strong": ("autocorrelated", 1.5, 72, 0.6),
    "a halving where noise is strong": ("autocorrelated", 0.5, 72, 0.85),
    "a halving ten days ago": ("autocorrelated", 0.5, 240, 0.85),
}


@pytest.mark.parametrize(("kind", "factor", "ago", "least"), FOUND.values(), ids=FOUND)
def test_a_shift_is_found(kind: str, factor: float, ago: int, least: float) -> None:
    assert found(shifted(demand(kind), factor, ago), ago) >= least


def test_a_fall_of_a_day_and_a_half_may_still_be_an_outage() -> None:
    assert found(shifted(demand("small"), 0.01, 36), 36) <= 0.05


@pytest.mark.parametrize("ago", [26, 79, 250, 500])
def test_a_days_outage_is_no_shift(ago: int) -> None:
    values = demand("small")
    values[:, -ago : HOURS - ago + 24] = 0.0
    assert (memory_start(values) > 0).mean() <= 0.35


def test_spikes_of_some_hours_are_no_shift() -> None:
    values = demand("small")
    for ago in (5, 30, 100, 269, 400):
        values[:, -ago : HOURS - ago + 5] *= 4
    assert (memory_start(values) > 0).mean() <= 0.2


def test_slow_drift_is_one_regime_that_goes_on() -> None:
    drift = np.exp(0.015 * np.arange(HOURS) / 24)
    last = regimes(demand("small") * drift)
    assert (last.start > 0).mean() <= 0.1
    assert last.trending.mean() >= 0.75


ENDED = {
    "a week ago": ("white", 7, 0.45),
    "ten days ago": ("white", 10, 0.6),
    "ten days ago, in slow noise": ("small", 10, 0.2),
}


@pytest.mark.parametrize(("kind", "ago", "least"), ENDED.values(), ids=ENDED)
def test_growth_that_has_ended_is_seen_to_have(kind: str, ago: int, least: float) -> None:
    knot = DAYS - ago
    days = np.arange(HOURS) / 24
    grown = np.exp(0.015 * np.clip(days - 14, 0, knot - 14))
    end = regimes(demand(kind) * grown).trend_end
    assert (np.abs(end - knot * 24) <= 72).mean() >= least


def test_where_nothing_ends_hardly_an_end_is_seen() -> None:
    assert (regimes(demand("small")).trend_end >= 0).mean() <= 0.1


@pytest.mark.parametrize(
    "history",
    [
        np.full((2, 1000), 7.0),
        np.zeros((2, 1000)),
        np.ones((2, 30)),
        np.ones((2, 1)),
        np.ones((0, 500)),
    ],
    ids=["constant", "idle", "a day", "an hour", "no series"],
)
def test_what_cannot_have_shifted(history: Array) -> None:
    last = regimes(history)
    assert last.start.tolist() == [0] * len(history)
    assert not last.trending.any()
    assert (last.trend_end == -1).all()


def test_a_series_that_begins_late_speaks_from_its_beginning() -> None:
    values = demand("white", series=4)
    values[0, :301] = NAN
    values[1, :-1] = NAN
    values[2, :] = NAN
    values[3, :300] = NAN
    values[3, -100:] *= 2
    start = memory_start(values)
    assert start[:3].tolist() == [301, HOURS - 1, HOURS]
    assert abs(start[3] - (HOURS - 100)) <= 24


@pytest.mark.parametrize("hours", [9 * 24, 14 * 24 + 7, 28 * 24])
def test_a_series_that_begins_late_is_judged_as_if_it_stood_alone(hours: int) -> None:
    values = shifted(demand("autocorrelated"), 1.5, 79)
    late = values.copy()
    late[:, :-hours] = NAN
    alone = memory_start(values[:, -hours:])
    assert ((memory_start(late) - (HOURS - hours)) == alone).mean() >= 0.95


def test_a_hole_is_refused() -> None:
    with pytest.raises(ValueError, match="after a series' beginning"):
        memory_start(np.array([[1.0, NAN, 2.0]]))


def test_each_series_is_judged_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    values = shifted(demand("autocorrelated", series=7), 1.5, 80)
    values[2, :500] = NAN
    together = regimes(values)
    monkeypatch.setattr(changepoints, "CHUNK", 3)
    apart = regimes(values)
    alone = [regimes(row[None]).start[0] for row in values]
    assert together.start.tolist() == apart.start.tolist() == alone
    assert together.trend_end.tolist() == apart.trend_end.tolist()


@given(
    seed=st.integers(0, 2**16),
    scale=st.sampled_from([1e-6, 0.1, 1e7]),
    factor=st.sampled_from([0.0, 0.5, 1.0, 3.0]),
    hours=st.integers(1, 500),
)
def test_the_unit_does_not_matter_and_the_start_lies_inside(
    seed: int, scale: float, factor: float, hours: int
) -> None:
    values = shifted(demand("walk", series=3, hours=500, seed=seed), factor, hours)
    start = memory_start(values)
    assert ((start >= 0) & (start < 500)).all()
    assert memory_start(values * scale).tolist() == start.tolist()


@pytest.mark.skipif(not REAL.is_dir(), reason="the shared data is not here")
def test_on_real_series() -> None:
    def start(name: str, day: float) -> float:
        known = int(day * 24)
        history = read_series(REAL / f"{name}.csv").demand[:known]
        return float(memory_start(history[None, -1344:])[0] + max(known - 1344, 0)) / 24

    # The fall of November 2017 by a quarter.
    for day in (51.0, 55.5, 60.0):
        assert start("philly_nodes", day) == pytest.approx(47.5, abs=1.1)
    # A day's outage of the whole site, and growth: no shifts.
    for day in (12.5, 20.0, 31.0):
        assert start("earth_vc6YE", day) == 0
        assert start("dlrm_cpu_cores", min(day, 30.9)) == 0
