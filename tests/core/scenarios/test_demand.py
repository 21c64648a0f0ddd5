"""Paths of demand: the forecast's marginals, the past's dependence."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.forecast.model import LEVELS, Array, interpolate
from trimtab.scenarios.demand import demand_paths, marginals
from trimtab.scenarios.ranks import history_ranks

RISING = np.array(LEVELS)[:, None] * 100


def forecasts(series: int, hours: int, seed: int = 0) -> Array:
    rng = np.random.default_rng(seed)
    return rng.uniform(0, 9, (series, len(LEVELS), hours)).cumsum(axis=1)


def red_noise(days: int, memory: float, seed: int = 0, series: int = 1) -> Array:
    """Gaussian AR(1), variance 1, shape (series, days * 24)."""
    steps = np.random.default_rng(seed).normal(size=(series, days * 24))
    for hour in range(1, days * 24):
        steps[:, hour] = memory * steps[:, hour - 1] + np.sqrt(1 - memory**2) * steps[:, hour]
    return steps


def correlation(first: Array, second: Array) -> float:
    return float(np.corrcoef(first.ravel(), second.ravel())[0, 1])


@settings(max_examples=40, deadline=None)
@given(
    series=st.integers(1, 3),
    hours=st.integers(1, 60),
    count=st.integers(1, 60),
    days=st.integers(1, 20),
    seed=st.integers(0, 2**32 - 1),
)
def test_every_hour_holds_the_forecast_s_quantiles_once(
    series: int, hours: int, count: int, days: int, seed: int
) -> None:
    quantiles = forecasts(series, hours, seed)
    ranks = history_ranks(np.random.default_rng(seed).gamma(2, 10, (series, days * 24)))
    paths = demand_paths(quantiles, ranks, count, seed)
    assert paths.shape == (count, series, hours)
    expected = marginals(quantiles, count)
    assert np.sort(paths, axis=0).transpose(1, 2, 0) == pytest.approx(expected)
    assert (paths >= 0).all()
    assert (paths == demand_paths(quantiles, ranks, count, seed)).all()


@pytest.mark.parametrize("count", [10, 50])
def test_up_to_fifty_levels_are_those_of_the_forecast_itself(count: int) -> None:
    quantiles = forecasts(1, 5)
    levels = (np.arange(count) + 0.5) / count
    by_level = interpolate(quantiles[0], levels)
    assert marginals(quantiles, count)[0] == pytest.approx(by_level.T)


def test_tails_beyond_the_forecast_s_levels_are_those_of_an_exponential() -> None:
    exponential = -np.log(1 - np.array(LEVELS))
    high = marginals(exponential[None, :, None], 2000)[0, 0]
    levels = (np.arange(2000) + 0.5) / 2000
    outer = levels > 0.99
    assert high[outer] == pytest.approx(-np.log(1 - levels[outer]))
    low = marginals(10 - exponential[::-1][None, :, None], 2000)[0, 0]
    assert low[levels < 0.01] == pytest.approx(10 + np.log(levels[levels < 0.01]))


def test_tails_can_be_flat_and_never_fall_below_zero() -> None:
    flat = marginals(RISING[None], 1000, flat_tails=True)
    assert (flat.min(), flat.max()) == (pytest.approx(1), pytest.approx(99))
    near_zero = np.array([0.1, 2.0, *([5.0] * 21)])[None, :, None]
    assert marginals(near_zero, 1000).min() == 0
    assert np.ptp(marginals(np.full((1, len(LEVELS), 1), 8.0), 500)) == 0


def test_other_seeds_give_other_paths_with_the_same_marginals() -> None:
    quantiles, ranks = forecasts(1, 48), history_ranks(red_noise(30, 0.9))
    first, second = (demand_paths(quantiles, ranks, 50, seed) for seed in (1, 2))
    assert (first != second).any()
    assert first.mean(axis=0) == pytest.approx(second.mean(axis=0))


@pytest.mark.parametrize("memory", [0.5, 0.9])
def test_neighbouring_hours_hang_together_as_they_did(memory: float) -> None:
    ranks = history_ranks(red_noise(120, memory))
    quantiles = np.tile(np.quantile(red_noise(400, 0), LEVELS)[None, :, None], (1, 1, 72)) + 10
    paths = demand_paths(quantiles, ranks, 400, 1, persistent_share=0.0)[:, 0]
    # The ranks are of differences from a mean of seven noisy days, a block breaks every 48 hours.
    for lag in (1, 3):
        past = correlation(ranks[:, lag:], ranks[:, :-lag])
        drawn = correlation(paths[:, lag:], paths[:, :-lag])
        assert drawn == pytest.approx(past * (1 - 1 / 48) ** lag, abs=0.06)


def test_what_hangs_together_at_one_time_of_day_does_so_at_that_time() -> None:
    ranks = np.random.default_rng(4).random((1, 120, 24))
    ranks[:, :, 6:12] = ranks[:, :, 6:7]  # mornings are of a piece, other hours are not
    paths = demand_paths(
        np.tile(RISING, (1, 48))[None], ranks.reshape(1, -1), 400, 2, persistent_share=0.0
    )
    by_day = np.atleast_2d(np.corrcoef(paths[:, 0].T))
    mornings = [by_day[6, 11], by_day[30, 35]]
    assert min(mornings) > 0.8
    assert max(abs(by_day[12, 17]), abs(by_day[0, 5]), abs(by_day[24, 29])) < 0.2


def test_series_hang_together_as_they_did() -> None:
    common, own = red_noise(90, 0.8, 1), red_noise(90, 0.8, 2, series=3)
    history = np.concatenate([common + own[:1], common + own[1:2], own[2:]])
    paths = demand_paths(forecasts(3, 168), history_ranks(history), 300, 5)
    standard = (paths - paths.mean(axis=0)) / paths.std(axis=0)
    assert correlation(standard[:, 0], standard[:, 1]) == pytest.approx(0.5, abs=0.12)
    assert abs(correlation(standard[:, 0], standard[:, 2])) < 0.15


def test_the_persistent_share_moves_whole_paths() -> None:
    quantiles, ranks = np.tile(RISING, (1, 168))[None], history_ranks(red_noise(60, 0.5))
    spreads = [
        float(demand_paths(quantiles, ranks, 200, 3, persistent_share=share).mean(axis=2).std())
        for share in (0.0, 0.5, 1.0)
    ]
    assert spreads[0] < spreads[1] < spreads[2]
    # On one level throughout, a path's mean spreads as an hour does.
    one_hour = marginals(quantiles, 200)[0, 0].std()
    assert spreads[2] == pytest.approx(one_hour, rel=0.02)


def test_a_week_s_interval_covers_what_comes_where_hour_by_hour_can_t() -> None:
    truth, ranks = red_noise(400 * 7, 0.97, 8), history_ranks(red_noise(90, 0.97, 9))
    weeks = truth.reshape(400, 168).mean(axis=1) + 10
    quantiles = np.tile(np.quantile(truth, LEVELS)[None, :, None], (1, 1, 168)) + 10
    paths = demand_paths(quantiles, ranks, 400, 1)[:, 0]
    shuffled = np.random.default_rng(1).permuted(paths, axis=0)
    covered = []
    for sample in (paths, shuffled):
        low, high = np.quantile(sample.mean(axis=1), [0.1, 0.9])
        covered.append(float(((weeks >= low) & (weeks <= high)).mean()))
    assert covered[0] > 0.75
    assert covered[1] < 0.3


def test_a_constant_series_has_constant_paths() -> None:
    quantiles = np.full((1, len(LEVELS), 24), 8.0)
    assert (demand_paths(quantiles, history_ranks(np.full((1, 480), 8.0)), 20, 0) == 8).all()


@pytest.mark.parametrize(
    ("series", "rows", "count", "block", "share"),
    [(2, 24, 5, 48, 0.5), (1, 30, 5, 48, 0.5), (1, 0, 5, 48, 0.5), (1, 24, 0, 48, 0.5),
     (1, 24, 5, 0.5, 0.5), (1, 24, 5, 48, 1.1)],
    ids=["ranks of another number of series", "ranks of broken days", "no ranks", "no paths",
         "a block shorter than an hour", "a share above one"],
)  # fmt: skip
def test_arguments_out_of_range_are_refused(
    series: int, rows: int, count: int, block: float, share: float
) -> None:
    ranks = np.full((1, rows), 0.5)
    with pytest.raises(ValueError, match=r"do not fit|out of its range"):
        demand_paths(
            forecasts(series, 5), ranks, count, 0, block_hours=block, persistent_share=share
        )
