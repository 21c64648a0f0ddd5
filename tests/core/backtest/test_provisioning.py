"""The replay beside autoscalers: its arithmetic on hand-made demand, its outcome on real demand."""

from functools import cache

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from numpy.typing import NDArray

from benchmarks.evidence_data import present, series
from trimtab.backtest.frontiers import Family, Hull
from trimtab.backtest.provisioning import Comparison, autoscaler, compare

Array = NDArray[np.float64]


def test_an_autoscaler_orders_the_highest_of_its_window_a_lead_ahead() -> None:
    demand = np.array([[4.0, 1.0, 2.0, 8.0, 0.0]])
    assert_array_equal(autoscaler(demand, 1, 1, 0.5), [[np.nan, 6.0, 1.5, 3.0, 12.0]])
    assert_array_equal(autoscaler(demand, 2, 2, 0.0), [[np.nan, np.nan, 4.0, 4.0, 2.0]])


def test_a_hull_keeps_what_no_mixture_beats() -> None:
    cost, shortage = [0.0, 4.0, 4.0, 6.0, 8.0, 9.0], [10.0, 2.0, 5.0, 1.9, 0.0, 0.5]
    names = ("nothing", "good", "dominated", "inside", "all", "dearer and worse")
    hull = Hull.of(Family(names, np.array(cost)[:, None], np.array(shortage)[:, None]))
    assert hull.names == ("nothing", "good", "all")
    assert_allclose(hull.daily_at_cost(2.0), [6.0])
    assert_allclose(hull.daily_at_cost(6.0), [1.0])
    assert_allclose(hull.daily_at_cost(60.0), [0.0])
    assert hull.cost_at_shortage(6.0) == pytest.approx(2.0)
    assert hull.cost_at_shortage(0.0) == pytest.approx(8.0)


def test_a_shortage_below_every_setting_has_no_cost() -> None:
    hull = Hull.of(Family(("nothing", "some"), np.array([[0.0], [1.0]]), np.array([[9.0], [3.0]])))
    assert hull.cost_at_shortage(2.9) is None


def test_the_plain_autoscaler_is_charged_for_every_hour_and_lacks_what_it_did_not_foresee() -> None:
    demand = np.array([1.0, 2.0, 3.0, 4.0, 2.0, 6.0])
    compared = compare({"a": demand}, usd_per_unit_hour=2.0, headrooms=(0.0, 0.5))
    (only,) = compared.series
    assert (only.hours, only.demand_unit_hours) == (3, 12.0)
    tight, loose = only.points
    assert (tight.cost_usd, tight.shortage_unit_hours) == (2.0 * (3 + 4 + 2), 1.0 + 0.0 + 4.0)
    assert (loose.cost_usd, loose.shortage_unit_hours) == (2.0 * 1.5 * (3 + 4 + 2), 0.0 + 0.0 + 3.0)


def days(count: int = 14, seed: int = 0) -> Array:
    """A noisy working day."""
    hours = np.arange(count * 24)
    noise = np.random.default_rng(seed).normal(0.0, 5.0, len(hours))
    wave: Array = 200.0 + 100.0 * np.sin(2 * np.pi * hours / 24) + noise
    return wave


@cache
def compared_days() -> Comparison:
    """Two noisy days' comparison."""
    return compare({"a": days(), "b": days(10, seed=1)})


def test_no_autoscaler_beats_the_best_and_the_plain_one_is_among_them() -> None:
    for each in (*compared_days().series, compared_days().pooled):
        for point in each.points:
            assert point.best_shortage_unit_hours <= point.shortage_unit_hours * (1 + 1e-12)
            assert point.best_cost_usd is not None
            assert point.best_cost_usd <= point.cost_usd * (1 + 1e-12)


def test_frontiers_fall_as_cost_rises() -> None:
    for each in (*compared_days().series, compared_days().pooled):
        for frontier in (each.planner, each.autoscaler):
            assert frontier.settings[0] == "nothing"
            assert frontier.shortage_unit_hours[0] == pytest.approx(each.demand_unit_hours)
            assert (np.diff(frontier.cost_usd) > 0).all()
            assert (np.diff(frontier.shortage_unit_hours) < 0).all()


def test_pooled_adds_series_up() -> None:
    compared = compared_days()
    assert compared.pooled.hours == sum(each.hours for each in compared.series)
    for index, point in enumerate(compared.pooled.points):
        parts = [each.points[index] for each in compared.series]
        assert point.cost_usd == pytest.approx(sum(part.cost_usd for part in parts))
        assert point.shortage_unit_hours == pytest.approx(
            sum(part.shortage_unit_hours for part in parts)
        )


def test_the_price_scales_cost_and_no_ratio() -> None:
    cheap, dear = (
        compared_days(),
        compare({"a": days(), "b": days(10, seed=1)}, usd_per_unit_hour=3.06),
    )
    for one, other in zip(cheap.pooled.points, dear.pooled.points, strict=True):
        assert other.cost_usd == pytest.approx(3.06 * one.cost_usd)
        assert other.shortage_ratio == pytest.approx(one.shortage_ratio)
        assert other.cost_ratio_to_best == pytest.approx(one.cost_ratio_to_best)


@pytest.mark.parametrize("lead", [1, 3])
def test_a_daily_pattern_beats_every_autoscaler(lead: int) -> None:
    compared = compare({"a": days()}, lead, headrooms=(0.1, 0.2))
    for point in compared.pooled.points:
        assert point.shortage_ratio_to_best is not None
        assert point.shortage_ratio_to_best < 0.5
        assert not point.behind


def test_a_random_walk_is_within_a_hair_of_the_best_autoscaler() -> None:
    rng = np.random.default_rng(5)
    walks = {
        f"walk {n}": 300.0 + np.cumsum(rng.normal(0.0, 3.0, 700)).clip(-250.0) for n in range(4)
    }
    compared = compare(walks, headrooms=(0.0, 0.01, 0.02))
    for point in compared.pooled.points:
        assert point.cost_ratio_to_best is not None
        assert point.cost_ratio_to_best < 1.002


def test_steady_demand_is_met_at_its_own_cost_by_both() -> None:
    """The last bit of a capacity is neither shortage nor a reason to order more."""
    (only,) = compare({"steady": np.full(144, 80.0)}).series
    assert only.points[0].planner_cost_usd == pytest.approx(80.0 * 72)
    assert only.points[0].best_cost_usd == pytest.approx(80.0 * 72)
    assert only.planner.shortage_unit_hours[-1] == 0


def test_without_demand_there_is_nothing_to_compare() -> None:
    point = compare({"idle": np.zeros(48)}).summaries()[0]
    assert (point.counted, point.behind, point.worst) == (0, (), None)
    assert point.median_shortage_ratio is None
    assert point.pooled.shortage_ratio is None


def test_a_test_before_the_first_order_is_refused() -> None:
    with pytest.raises(ValueError, match=r"a test of a from hour 1 of 9"):
        compare({"a": np.ones(9)}, 2, test_from={"a": 1})


@pytest.mark.skipif(not present(), reason="the shared data is not here")
@pytest.mark.parametrize(
    ("lead", "least_pooled", "least_median"),
    [(1, 0.85, 0.95), (2, 0.90, 0.97)],
)
def test_on_real_demand_less_is_unmet_at_equal_cost(
    lead: int, least_pooled: float, least_median: float
) -> None:
    for summary in compare(series(), lead).summaries()[1:]:
        pooled, middle = (
            summary.pooled.shortage_ratio_to_best,
            summary.median_shortage_ratio_to_best,
        )
        assert pooled is not None
        assert middle is not None
        assert pooled < least_pooled
        assert middle < least_median
        assert lead > 1 or not summary.behind
