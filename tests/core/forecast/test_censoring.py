"""Capped hours: which they are, and what imputation may and may not do."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from trimtab.forecast.censoring import capped_hours, capped_share, imputed

WEEKS = 8
HOURS = WEEKS * 168
NAN = float("nan")


def demand(series: int, seed: int, noise: float = 0.2, hours: int = HOURS) -> NDArray[np.float64]:
    """Daily and weekly seasons under lognormal noise, autocorrelated by 0.98 from hour to hour."""
    rng = np.random.default_rng(seed)
    fresh = rng.standard_normal((series, hours)) * noise * np.sqrt(1 - 0.98**2)
    walk = np.empty((series, hours))
    walk[:, 0] = rng.standard_normal(series) * noise
    for hour in range(1, hours):
        walk[:, hour] = 0.98 * walk[:, hour - 1] + fresh[:, hour]
    clock = np.arange(hours) + rng.integers(0, 168, (series, 1))
    season = 1 + 0.3 * np.sin(2 * np.pi * clock / 24)
    weekend = np.where(clock // 24 % 7 >= 5, 0.8, 1.0)
    return 100 * season * weekend * np.exp(walk)


CAPPED: dict[str, tuple[list[float], list[float], list[bool]]] = {
    "at its limit": ([10, 9], [10, 10], [True, False]),
    "within the tolerance": ([9.9, 10.1, 9.89, 10.11], [10] * 4, [True, True, False, False]),
    # A series that counts what is queued sees beyond the limit.
    "far above": ([20], [10], [False]),
    "a limit that is not known": ([10, 10], [NAN, 10], [False, True]),
    "before the series begins": ([NAN, 10], [10, 10], [False, True]),
    "nothing there at all": ([0, 1], [0, 0], [True, False]),
}


@pytest.mark.parametrize(("values", "limit", "expected"), CAPPED.values(), ids=CAPPED)
def test_which_hours_are_capped(
    values: list[float], limit: list[float], expected: list[bool]
) -> None:
    assert capped_hours(np.array(values), np.array(limit)).tolist() == expected


def test_one_limit_a_series() -> None:
    values = np.array([[1.0, 2.0, 3.0], [1.0, 2.0, 3.0], [NAN, 3.0, 3.0]])
    mask = capped_hours(values, np.array([[2.0], [NAN], [3.0]]))
    assert mask.tolist() == [[False, True, False], [False] * 3, [False, True, True]]
    assert capped_share(values, mask).tolist() == [1 / 3, 0.0, 1.0]


def test_the_mean_is_recovered() -> None:
    truth = demand(60, seed=11)
    for quantile, left in ((0.95, 0.6), (0.8, 0.3), (0.5, 0.3)):
        limit = np.quantile(truth, quantile, axis=1, keepdims=True)
        seen = np.minimum(truth, limit)
        found = imputed(seen, capped_hours(seen, limit))
        missed = 1 - seen.mean() / truth.mean()
        assert abs(1 - found.mean() / truth.mean()) < left * missed
        assert found.mean() < 1.01 * truth.mean()


def test_an_hour_is_nearer_to_what_was_wanted() -> None:
    truth = demand(60, seed=12)
    limit = np.quantile(truth, 0.8, axis=1, keepdims=True)
    seen = np.minimum(truth, limit)
    capped = capped_hours(seen, limit)
    found = imputed(seen, capped)
    assert np.abs(found - truth)[capped].mean() < 0.8 * np.abs(seen - truth)[capped].mean()


def test_a_level_that_never_gives_way_tells_nothing_of_what_lies_beyond() -> None:
    flat = np.full((1, HOURS), 8.0)
    capped = np.ones_like(flat, dtype=np.bool_)
    assert np.allclose(imputed(flat, capped), flat, rtol=1e-3)
    assert capped_share(flat, capped).tolist() == [1.0]


def test_an_outage_is_filled_with_what_is_usual() -> None:
    truth = demand(1, seed=3, noise=0.05)
    seen = truth.copy()
    seen[:, 500:524] = 0.0
    found = imputed(seen, seen == 0)
    assert np.allclose(found[:, 500:524], truth[:, 500:524], rtol=0.3)


def test_a_series_that_begins_late_is_only_filled_where_it_is() -> None:
    seen = demand(2, seed=4)
    seen[0, :700] = NAN
    seen[1, :] = NAN
    capped = capped_hours(seen, np.array([[120.0], [120.0]]), tolerance=0.1)
    found = imputed(seen, capped)
    assert np.isnan(found[0, :700]).all()
    assert np.isnan(found[1]).all()
    assert not np.isnan(found[0, 700:]).any()
    assert (found[0, 700:] > seen[0, 700:]).any()


CASES = {
    "seed": st.integers(0, 2**16),
    "hours": st.sampled_from([5, 24, 30, 200, 336]),
    "share": st.floats(0, 1),
}


def drawn(seed: int, hours: int, share: float) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    rng = np.random.default_rng(seed)
    values = demand(3, seed, hours=hours) * (rng.random((3, hours)) > 0.02)
    return values, rng.random((3, hours)) < share


@given(**CASES)
def test_nothing_is_lowered_and_what_is_not_capped_stays(
    seed: int, hours: int, share: float
) -> None:
    values, capped = drawn(seed, hours, share)
    kept = values.copy()
    found = imputed(values, capped)
    assert np.array_equal(values, kept)
    assert np.isfinite(found).all()
    assert (found >= values).all()
    assert np.array_equal(found[~capped], values[~capped])
    assert np.array_equal(imputed(values, np.zeros_like(capped)), values)


@given(**CASES, more=st.floats(0, 1))
def test_another_capped_hour_lowers_nothing(
    seed: int, hours: int, share: float, more: float
) -> None:
    values, capped = drawn(seed, hours, share)
    wider = capped | (np.random.default_rng(seed + 1).random(capped.shape) < more)
    narrow, wide = imputed(values, capped), imputed(values, wider)
    assert (wide >= narrow * (1 - 1e-9)).all()


@given(**CASES, scale=st.sampled_from([1e-3, 7.0, 1e6]))
def test_the_unit_does_not_matter(seed: int, hours: int, share: float, scale: float) -> None:
    values, capped = drawn(seed, hours, share)
    assert np.allclose(imputed(values * scale, capped), imputed(values, capped) * scale)


@given(**CASES)
def test_a_series_is_imputed_by_itself(seed: int, hours: int, share: float) -> None:
    values, capped = drawn(seed, hours, share)
    together = imputed(values, capped)
    for row in range(3):
        assert np.allclose(imputed(values[row], capped[row]), together[row])
