"""Fewer scenarios: which are kept, and whose weight goes where."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.scenarios.reduction import reduced, reduction


@settings(max_examples=60, deadline=None)
@given(
    count=st.integers(1, 25),
    features=st.integers(1, 6),
    keep=st.integers(1, 30),
    seed=st.integers(0, 2**32 - 1),
)
def test_weights_sum_to_one_and_go_to_the_nearest(
    count: int, features: int, keep: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(count, features))
    mass = rng.dirichlet(np.ones(count))
    kept = reduction(points, keep, mass)
    assert len(kept.chosen) == min(keep, count)
    assert (np.diff(kept.chosen) > 0).all()
    assert kept.weights.sum() == pytest.approx(1)
    distance = np.linalg.norm(points[:, None] - points[kept.chosen], axis=2)
    expected = np.zeros(len(kept.chosen))
    np.add.at(expected, distance.argmin(axis=1), mass)
    assert kept.weights == pytest.approx(expected)


def test_each_step_keeps_what_lowers_the_expected_distance_most() -> None:
    points = np.array([[0.0], [1.0], [2.0], [10.0], [11.0]])
    assert reduction(points, 1).chosen.tolist() == [2]
    two = reduction(points, 2)
    assert two.chosen.tolist() == [2, 3]  # 3 and 4 tie: 3 + 0 + 1 either way, the first is taken
    assert two.weights.tolist() == pytest.approx([0.6, 0.4])


def test_twins_among_the_kept_keep_their_own_weights() -> None:
    kept = reduction(np.zeros((4, 2)), 2)
    assert kept.weights.sum() == pytest.approx(1)
    assert (kept.weights > 0).all()


def test_a_series_in_another_unit_weighs_the_same_unless_told_otherwise() -> None:
    paths = np.random.default_rng(3).gamma(2, 1, (30, 2, 12))
    larger = paths * np.array([1.0, 1000.0])[:, None]
    _, alike = reduced(paths, 5)
    kept, weights = reduced(larger, 5)
    assert weights == pytest.approx(alike)
    assert kept.shape == (5, 2, 12)
    by_money, _ = reduced(larger, 5, scale=np.array([0.0, 1.0]))
    alone, _ = reduced(larger[:, 1:], 5)
    assert (by_money[:, 1:] == alone).all()


def test_enough_room_keeps_everything_as_it_was() -> None:
    paths = np.random.default_rng(3).gamma(2, 1, (6, 1, 4))
    given_weights = np.array([0.5, 0.1, 0.1, 0.1, 0.1, 0.1])
    kept, weights = reduced(paths, 6, weights=given_weights)
    assert (kept == paths).all()
    assert (weights == given_weights).all()


@pytest.mark.parametrize(("count", "keep"), [(3, 0), (0, 3)])
def test_nothing_to_keep_is_refused(count: int, keep: int) -> None:
    with pytest.raises(ValueError, match="can't keep"):
        reduction(np.ones((count, 2)), keep)
