"""What each baseline decides, computed by hand; a term is 4 h at 6 $/h, on-demand 10 $/h."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as limits

from support.backtest_settings import market, setting, settings
from trimtab.backtest.baselines import (
    HEDGED,
    ON_DEMAND,
    ON_DEMAND_SPOT,
    REACTIVE,
    Constant,
    CostExplorer,
    MeanForecast,
    SkiRental,
    baselines,
)
from trimtab.backtest.dispatch import Dispatch
from trimtab.backtest.model import Policy, Setting
from trimtab.backtest.replay import Basis
from trimtab.backtest.run import clairvoyant_optimum, decide, run

DAY = 24


def bought(policy: Policy, one: Setting) -> list[tuple[int, float]]:
    """Hour from the start of the test, and quantity."""
    return [(each.hour - one.test_from, round(each.quantity, 9)) for each in decide(policy, one)]


def hourly(*parts: tuple[int, float]) -> list[float]:
    """Demand as (hours, level) stretches."""
    return [level for hours, level in parts for _ in range(hours)]


@pytest.mark.parametrize(
    ("rolling", "expected"),
    [
        (False, [(0, 3), (4, 3)]),
        # With 6 of 10 $ the level is the 0.4 quantile: eight hours of 8 in 72 do not move it.
        (True, [(0, 3), (4, 3)]),
    ],
)
def test_cost_explorer_holds_the_quantile_of_its_window(
    rolling: bool, expected: list[tuple[int, float]]
) -> None:
    one = setting(hourly((3 * DAY, 3), (8, 8)), 3 * DAY)
    assert bought(CostExplorer(3, rolling, Basis.DEMAND), one) == expected


def test_a_rolling_rule_buys_what_its_level_lacks_and_keeps_what_it_has() -> None:
    one = setting(hourly((DAY, 3), (DAY, 6), (DAY, 1)), DAY, market(term_hours=100), every=8)
    rolling = CostExplorer(1, True, Basis.DEMAND)
    # The window is a day: its 0.4 quantile is 6 once 15 of 24 hours are, at hour 16.
    (first, level), (second, more) = bought(rolling, one)
    assert (first, level, second) == (0, 3, 16)
    # Beyond the history's maximum the levels are 2 % apart.
    assert more == pytest.approx(3, abs=0.06)
    assert bought(CostExplorer(1, False, Basis.DEMAND), one) == [(0, 3)]


def test_the_residual_rule_leaves_to_spot_what_spot_served() -> None:
    available = [[2.0] * (DAY + 4)]
    one = setting(hourly((DAY + 4, 6)), DAY, market(spot=[1]), available)
    assert bought(CostExplorer(7, False, Basis.RESIDUAL), one) == [(0, 4)]
    assert bought(CostExplorer(7, False, Basis.DEMAND), one) == [(0, 6)]


def test_the_replayed_rule_commits_where_spot_costs_more_than_the_term() -> None:
    available = [[2.0] * (DAY + 4)]
    one = setting(hourly((DAY + 4, 6)), DAY, market(spot=[7]), available)
    assert bought(CostExplorer(7, False, Basis.REPLAYED), one) == [(0, 6)]
    assert bought(CostExplorer(7, False, Basis.RESIDUAL), one) == [(0, 4)]


def test_the_mean_forecast_commits_the_mean() -> None:
    one = setting(hourly((12, 2), (12, 6), (4, 9)), DAY, every=4)
    assert bought(MeanForecast(), one) == [(0, 4)]


def test_a_constant_is_renewed_as_it_lapses() -> None:
    one = setting(hourly((DAY, 2), (9, 2)), DAY, every=3)
    assert bought(Constant("five", 5.0), one) == [(0, 5), (4, 5), (8, 5)]


@pytest.mark.parametrize(
    ("case", "demand", "expected"),
    [
        # A term costs 24 $, an hour on-demand 10 $: the third hour of use pays for it.
        ("three hours of use reserve", (5, 5, 5, 5, 5, 5), [(3, 5)]),
        ("two do not", (5, 5, 0, 0, 0, 5), []),
        ("what was used in fewer hours stays on-demand", (5, 2, 2, 2, 2, 2), [(3, 2)]),
        # Hour 0 leaves the window of four hours before three of them are used.
        ("use must fall into one term", (5, 0, 5, 0, 5, 0, 5, 0), []),
        # Reserved at 3 for hours 3 to 6; after it the hours count anew.
        ("what lapses is paid on-demand again first", (1,) * 12, [(3, 1), (10, 1)]),
        ("hours before a reservation count as reserved", (1, 1, 1, 2, 2, 2, 2), [(3, 1), (6, 1)]),
    ],
)
def test_ski_rental_reserves_what_has_paid_for_itself(
    case: str, demand: Sequence[float], expected: list[tuple[int, float]]
) -> None:
    one = setting([7.0] * DAY + list(demand), DAY)
    assert bought(SkiRental(), one) == expected


def test_ski_rental_counts_an_hour_that_spot_may_serve_at_spots_price() -> None:
    """Spot at 4 $: six hours of it pay for a term of 24 $, but a term has only four."""
    demand = [5.0] * (DAY + 8)
    one = setting(demand, DAY, market(spot=[4]), [[2.0] * len(demand)])
    assert bought(SkiRental(), one)[0] == (3, 3)


@given(settings(spot=False))
def test_ski_rental_costs_at_most_twice_the_optimum(any_setting: Setting) -> None:
    """The published bound for use without a price of its own; it sees an hour only when it is over, which adds at most an hour's use."""
    one = setting(
        any_setting.demand.tolist(), any_setting.test_from, any_setting.market, full_term=True
    )
    result = run(one, [SkiRental()])
    product = one.market.products[0]
    late = one.market.on_demand_usd_per_hour / (product.usd_per_hour * product.term_hours)
    assert result.outcomes[0].usd <= (2 + late) * result.optimum.usd + 1e-6


@given(settings(whole=True))
@limits(max_examples=40)
def test_the_best_constant_is_no_dearer_than_any_rule_that_decides_once(
    any_setting: Setting,
) -> None:
    rules = [CostExplorer(days, False, basis) for days in (1, 3, 30) for basis in Basis]
    outcomes = run(any_setting, rules).outcomes
    assert all(outcomes[-1].usd <= each.usd + 1e-6 for each in outcomes)


def test_without_spot_the_rules_that_differ_in_its_use_are_one() -> None:
    names = [policy.name for policy in baselines(spot=False)]
    assert names[:2] == [ON_DEMAND, REACTIVE]
    assert not {ON_DEMAND_SPOT, HEDGED} & set(names)
    assert len(names) == len(set(names)) == 14


def test_with_spot_every_baseline_of_the_evidence_is_there() -> None:
    names = [policy.name for policy in baselines(spot=True)]
    assert len(names) == len(set(names))
    assert {
        ON_DEMAND,
        ON_DEMAND_SPOT,
        REACTIVE,
        HEDGED,
        "mean forecast, 30 d",
        "ski-rental",
        *(f"CE {days} d, {mode}" for days in (7, 30, 60) for mode in ("once", "rolling")),
        *(f"CE {days} d + spot, {mode}" for days in (7, 30, 60) for mode in ("once", "rolling")),
        *(f"residual CE {days} d, rolling" for days in (3, 7, 14, 30, 60)),
        *(f"residual CE {days} d, once" for days in (3, 7, 14, 30, 60)),
        *(f"replayed CE {days} d, rolling" for days in (7, 14, 30)),
    } <= set(names)


def test_nothing_on_sale_is_nothing_committed() -> None:
    one = setting([3.0] * 30, 24, market(committed=None))
    result = run(one, baselines(spot=False))
    assert not any(outcome.purchases for outcome in result.outcomes)
    assert {outcome.usd for outcome in result.outcomes} == {180.0}
    assert clairvoyant_optimum(one).usd == 180.0
    assert np.isclose(result.outcomes[0].regret, 0)


def test_every_dispatch_is_some_baselines() -> None:
    assert {policy.dispatch for policy in baselines(spot=True)} == set(Dispatch)
