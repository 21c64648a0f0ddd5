"""Ranks: where hours stood within what was expected of them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.forecast.model import LEVELS, Array, interpolate
from trimtab.scenarios.ranks import history_ranks, origin_ranks, pit, scores

NORMAL = np.quantile(np.random.default_rng(0).normal(100, 10, 100_000), LEVELS)


def noise(series: int, days: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).gamma(4, 10, (series, days * 24))


def test_truth_between_two_levels_is_placed_between_them() -> None:
    quantiles = np.array(LEVELS)[:, None] * 100
    assert pit(quantiles, np.array([37.0])) == pytest.approx([0.37])
    assert pit(quantiles, np.array([50.0])) == pytest.approx([0.5])


@pytest.mark.parametrize(
    ("what", "truth", "rank"),
    [
        ("below the lowest quantile", 0.5, 0.005),
        ("above the highest quantile", 100.0, 0.995),
    ],
)
def test_truth_in_a_tail_takes_the_middle_of_its_mass(what: str, truth: float, rank: float) -> None:
    quantiles = np.array(LEVELS)[:, None] * 100
    assert pit(quantiles, np.array([truth])) == pytest.approx([rank]), what


def test_truth_on_a_value_that_many_levels_share_takes_the_middle_of_their_mass() -> None:
    idle = np.zeros((len(LEVELS), 1))
    idle[LEVELS.index(0.8) + 1 :] = [[1.0], [2.0], [3.0], [4.0], [5.0]]
    assert pit(idle, np.array([0.0])) == pytest.approx([0.4])
    constant = np.full((len(LEVELS), 1), 8.0)
    assert pit(constant, np.array([8.0])) == pytest.approx([0.5])


def test_unknown_truth_has_no_rank() -> None:
    assert np.isnan(pit(np.array(LEVELS)[:, None], np.array([np.nan]))).all()


@settings(deadline=None)
@given(seed=st.integers(0, 2**32 - 1), level=st.floats(0.011, 0.989))
def test_the_transform_undoes_the_interpolation_of_a_rising_forecast(
    seed: int, level: float
) -> None:
    quantiles = np.random.default_rng(seed).uniform(0.1, 9, (len(LEVELS), 5)).cumsum(axis=0)
    back = pit(quantiles, interpolate(quantiles, np.array([level]))[0])
    assert back == pytest.approx(level, abs=1e-6)


def test_ranks_of_truth_drawn_from_its_forecast_are_uniform() -> None:
    truth = np.random.default_rng(1).normal(100, 10, 20_000)
    ranks = pit(np.repeat(NORMAL[:, None], len(truth), axis=1), truth)
    assert np.quantile(ranks, [0.1, 0.5, 0.9]) == pytest.approx([0.1, 0.5, 0.9], abs=0.02)


def test_the_latest_forecast_speaks_for_an_hour() -> None:
    history = np.array([9.0, 50, 50, 50, 50, 9])
    low, high = np.array(LEVELS)[:, None] * 10, np.array(LEVELS)[:, None] * 100
    ahead = np.stack([np.repeat(low, 3, axis=1), np.repeat(high, 3, axis=1)])
    ranks = origin_ranks(ahead, np.array([1, 2]), history)
    assert ranks == pytest.approx([np.nan, 0.995, 0.5, 0.5, 0.5, np.nan], nan_ok=True)


def test_a_season_and_a_slow_level_leave_no_trace_in_the_ranks() -> None:
    hours = np.arange(60 * 24)
    season = 100 * np.sin(hours / 24 * 2 * np.pi)
    bare = noise(1, 60)
    ranks = history_ranks(bare + season)
    # The season is a sum of equal terms; only rounding may differ.
    assert np.abs(ranks - history_ranks(bare)).max() < 1e-9
    drift = history_ranks(bare + 0.5 * hours)[0].reshape(-1, 24).mean(axis=1)
    assert abs(np.corrcoef(drift, np.arange(len(drift)))[0, 1]) < 0.3


@pytest.mark.parametrize(("days", "rows"), [(1, 1), (6, 6), (13, 13), (14, 7), (30, 23)])
def test_ranks_are_of_whole_days_and_end_with_the_history(days: int, rows: int) -> None:
    history = noise(2, days + 1)[:, 24 - 7 :][:, : days * 24 + 7]
    ranks = history_ranks(history)
    assert ranks.shape == (2, rows * 24)
    assert ((ranks > 0) & (ranks < 1)).all()
    moved = history.copy()
    moved[:, -1] = 1e6
    assert (history_ranks(moved)[:, -1] > 0.95).all() or days == 1


def test_less_than_a_day_has_no_ranks() -> None:
    with pytest.raises(ValueError, match="a day of history, not 23 h"):
        history_ranks(np.ones((1, 23)))


def test_a_constant_series_ranks_in_the_middle() -> None:
    assert history_ranks(np.full((1, 24 * 20), 0.1)) == pytest.approx(0.5)
    assert not scores(history_ranks(np.full((1, 24 * 20), 0.1))).any()


def test_a_young_series_is_ranked_beside_an_old_one() -> None:
    history = noise(2, 30)
    history[1, : 25 * 24] = np.nan
    ranks = history_ranks(history)
    assert ranks.shape == (2, 30 * 24)
    assert (~np.isnan(ranks[1])).sum() == 5 * 24
    filled = scores(ranks)
    assert np.isfinite(filled).all()
    assert filled.std(axis=1) == pytest.approx(1)
    # The known days stand where they were; the others repeat them, the latest next to the known.
    assert (filled[1, -10 * 24 : -5 * 24] == filled[1, -5 * 24 :]).all()


def test_a_series_without_a_known_day_is_refused() -> None:
    history = noise(2, 3)
    history[1] = np.nan
    with pytest.raises(ValueError, match="no whole day"):
        scores(history_ranks(history))
