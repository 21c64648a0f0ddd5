"""The forecaster's parts: quantiles of samples, stretches, states, calibration."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.forecast import horizon, priors
from trimtab.forecast.combine import LEVEL_SLICES, PART, STARTS, combined
from trimtab.forecast.families import NAMES
from trimtab.forecast.model import LEVELS, Floats
from trimtab.forecast.order import quantiles
from trimtab.forecast.points import NAMES as POINTS
from trimtab.forecast.points import points
from trimtab.forecast.states import states
from trimtab.forecast.tracker import HIGH, LOW, calibrated, tracked


@settings(deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40), st.integers(0, 10))
def test_quantiles_of_samples_rise_within_them_and_leave_out_what_is_missing(
    values: list[float], missing: int
) -> None:
    sample = np.array([*values, *[np.nan] * missing])
    said = quantiles(sample)
    assert (np.diff(said) >= 0).all()
    assert said[0] >= min(values)
    assert said[-1] <= max(values)
    assert said.tobytes() == quantiles(np.roll(sample, 3)).tobytes()


def test_quantiles_of_many_samples_are_those_of_the_distribution() -> None:
    sample = np.random.default_rng(0).uniform(0, 1, 100_000)
    assert quantiles(sample) == pytest.approx(np.array(LEVELS), abs=0.006)


def test_quantiles_of_nothing_are_unknown() -> None:
    assert np.isnan(quantiles(np.full(5, np.nan))).all()


@settings(deadline=None)
@given(st.integers(1, 1500))
def test_every_hour_ahead_is_in_one_stretch_and_the_last_is_judged(hours: int) -> None:
    every, judged = horizon.every_hour(hours), horizon.judged(hours)
    assert judged.ahead[0] == 1
    assert judged.ahead[-1] == every.ahead[-1] == every.reach[-1] == hours
    assert (np.diff(judged.ahead) > 0).all()
    for one in (every, judged):
        assert (one.ahead <= one.reach[one.stretch]).all()
        covered = np.concatenate([one.ahead[part] for part in one.slices])
        assert covered.tolist() == one.ahead.tolist()


def test_the_parts_of_the_distribution_mirror_each_other() -> None:
    assert (PART[::-1] == len(STARTS) - 1 - PART).all()
    assert [len(PART[levels]) for levels in LEVEL_SLICES] == [5, 4, 5, 4, 5]


def test_the_daily_season_is_told_from_the_hour_that_follows_the_origin() -> None:
    hours = np.arange(24 * 20)
    history = (100 + 20 * np.sin(hours / 24 * 2 * np.pi))[None, :]
    for origin in (240, 247, 300):
        state = states(history, np.array([origin]))
        coming = history[0, origin : origin + 24] - 100
        assert state.daily[0, 0] == pytest.approx(coming, abs=0.5)
        assert state.levels[0, 0] == pytest.approx(100, abs=2)


def test_noise_is_not_taken_for_a_season() -> None:
    history = np.random.default_rng(0).normal(100, 10, (1, 24 * 30))
    state = states(history, np.array([720]))
    assert np.abs(state.daily).max() < 2.5
    assert np.abs(state.weekly).max() < 5


def test_states_know_only_what_came_before() -> None:
    rng = np.random.default_rng(1)
    history = rng.gamma(2, 10, (3, 500))
    changed = history.copy()
    changed[:, 400:] = rng.gamma(2, 90, (3, 100))
    origins = np.array([100, 250, 400])
    for name, value in vars(states(history, origins)).items():
        assert value == pytest.approx(vars(states(changed, origins))[name], nan_ok=True), name


def test_points_continue_a_flat_series_at_its_level() -> None:
    history = np.full((1, 24 * 30), 7.0)
    said = points(states(history, np.array([720])), horizon.every_hour(168))
    assert said.shape == (1, 1, len(POINTS), 168)
    assert said == pytest.approx(7.0)


def test_equal_weights_average_the_families() -> None:
    ahead = horizon.every_hour(30)
    said = np.random.default_rng(2).random((len(NAMES), len(LEVELS), 30, 4)).astype(np.float32)
    said.sort(axis=1)
    weights = np.full(
        (len(NAMES), len(ahead.reach), len(STARTS), 4), 1 / len(NAMES), dtype=np.float32
    )
    out = combined(said, weights, np.zeros(4, dtype=np.float32), ahead)
    assert out == pytest.approx(said.mean(axis=0), rel=1e-5)
    idle = combined(said, weights, np.full(4, 0.6, dtype=np.float32), ahead)
    assert (idle[: LEVELS.index(0.6) + 1] == 0).all()
    assert (idle[-1] > 0).all()


def calibration(raw: Floats, truth: Floats, capped: bool = False) -> Floats:
    """Calibrated quantiles at the last origin of one series; (K, L) and (K,) of one hour ahead."""
    ahead = horizon.every_hour(1)
    start = priors.documented(ahead).start
    offsets = tracked(
        raw[:, :, None, None].astype(np.float32),
        truth[:, None, None].astype(np.float32),
        np.full((len(truth), 1, 1), capped),
        start,
        np.full((len(truth), 1), 10_000),
        ahead,
    )
    return calibrated(raw[-1, :, None, None], offsets[-1], ahead)[:, 0, 0]


def claims(days: int, half: float) -> Floats:
    """Quantiles that claim demand between 100 - half and 100 + half."""
    return np.tile(100 + half * (2 * np.array(LEVELS) - 1), (days, 1))


def test_calibration_widens_what_was_too_narrow_and_narrows_what_was_too_wide() -> None:
    truth = np.random.default_rng(3).normal(100, 10, 400)
    narrow, wide = calibration(claims(400, 5), truth), calibration(claims(400, 60), truth)
    right = 2 * 1.2816 * 10
    assert narrow[HIGH] - narrow[LOW] == pytest.approx(right, rel=0.25)
    assert wide[HIGH] - wide[LOW] == pytest.approx(right, rel=0.25)


def test_calibration_follows_truth_that_lies_to_one_side() -> None:
    said = calibration(claims(300, 10), np.random.default_rng(4).normal(120, 5, 300))
    assert said[LEVELS.index(0.5)] == pytest.approx(120, abs=5)


def test_a_truth_at_its_limit_pushes_no_quantile_down() -> None:
    """Demand was capped at 80: quantiles above are not wrong, however often it was."""
    truth = np.full(300, 80.0)
    told, blind = calibration(claims(300, 10), truth, True), calibration(claims(300, 10), truth)
    assert told[LEVELS.index(0.5)] >= 99
    assert blind[LEVELS.index(0.5)] < 90


def test_calibration_that_has_seen_nothing_keeps_the_prior() -> None:
    raw = claims(10, 10)
    said = calibration(raw, np.full(10, np.nan))
    assert said == pytest.approx(raw[-1], abs=3)
    assert (np.diff(said) >= 0).all()


def test_lenders_move_the_prior_by_their_number() -> None:
    ahead = horizon.judged(48)
    own = priors.documented(ahead)
    few, many = (
        priors.pooled(
            own,
            np.repeat(own.weights[..., None], n, axis=-1),
            np.repeat(3 * own.shapes[..., None], n, axis=-1),
            np.repeat(own.start[..., None], n, axis=-1),
        )
        for n in (2, 2000)
    )
    assert few.shapes[0, 0, -1] < 1.3 * own.shapes[0, 0, -1]
    assert many.shapes[0, 0, -1] == pytest.approx(3 * own.shapes[0, 0, -1], rel=0.03)
    assert many.weights == pytest.approx(own.weights)
