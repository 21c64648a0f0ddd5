"""What a report reads out of backtests."""

from dataclasses import replace

import numpy as np
import pytest

from support.report_cases import TEST_FROM, backtest, setting
from trimtab.backtest.baselines import BEST_CONSTANT, ON_DEMAND
from trimtab.backtest.model import Backtest, Fan
from trimtab.backtest.pooling import cheapest_first, pooled
from trimtab.backtest.report.charts import over
from trimtab.backtest.report.demand import until_next
from trimtab.backtest.report.reading import best_rules, dearest, is_hindsight, level_at
from trimtab.forecast.model import LEVELS


@pytest.fixture(scope="module")
def one() -> Backtest:
    return backtest()


@pytest.fixture(scope="module")
def other() -> Backtest:
    """Without spot, so that some of the policies are missing."""
    return backtest(setting("other", 30.0, spot=False))


def test_the_best_rules_are_those_that_somebody_could_have_followed(one: Backtest) -> None:
    found = best_rules(one, 3)
    assert len(found) == 3
    assert [each.usd for each in found] == sorted(each.usd for each in found)
    assert BEST_CONSTANT not in [each.policy for each in found]
    assert one.planner not in found
    rest = [o for o in one.outcomes[1:] if o not in found and not is_hindsight(o)]
    assert min(each.usd for each in rest) >= found[-1].usd


def test_all_on_demand_is_found_by_its_name(one: Backtest) -> None:
    listed = dearest(one)
    assert listed is not None
    assert listed.policy == ON_DEMAND
    assert dearest(replace(one, outcomes=one.outcomes[:1])) is None


def test_a_pooled_figure_is_the_sum_of_costs_over_the_sum_of_optima(
    one: Backtest, other: Backtest
) -> None:
    planner = pooled([one, other])[0]
    usd, optimum = one.planner.usd + other.planner.usd, one.optimum.usd + other.optimum.usd
    assert planner.policy == "planner"
    assert planner.replayed == 2
    assert planner.usd == pytest.approx(usd)
    assert planner.over_optimum == pytest.approx(usd / optimum - 1)
    assert planner.regrets == (one.planner.regret, other.planner.regret)
    assert planner.kgco2e == pytest.approx((one.planner.kgco2e or 0) + (other.planner.kgco2e or 0))
    demand = one.setting.demand[TEST_FROM:].sum() + other.setting.demand[TEST_FROM:].sum()
    missed = one.planner.shortage_unit_hours + other.planner.shortage_unit_hours
    assert planner.shortage_share == pytest.approx(missed / demand)


def test_what_was_replayed_on_some_series_is_compared_on_those(
    one: Backtest, other: Backtest
) -> None:
    found = {each.policy: each for each in pooled([one, other])}
    hedge = found["SpotHedge"]
    alone = next(each for each in one.outcomes if each.policy == "SpotHedge")
    assert hedge.replayed == 1
    assert hedge.over_optimum == pytest.approx(alone.regret)
    assert np.isnan(hedge.regrets[1])


def test_one_series_of_unknown_carbon_makes_the_sum_unknown(one: Backtest) -> None:
    blind = replace(one, outcomes=(replace(one.planner, kgco2e=None),))
    assert pooled([one, blind])[0].kgco2e is None
    assert pooled([blind, one])[0].kgco2e is None


def test_policies_are_ranked_by_pooled_regret_and_unknown_ones_come_last(one: Backtest) -> None:
    found = pooled([one])
    lost = replace(found[0], over_optimum=float("nan"))
    ranked = cheapest_first([lost, *found[1:]])
    assert ranked[-1] is lost
    rest = [each.over_optimum for each in ranked[:-1]]
    assert rest == sorted(rest)


def test_a_running_total_ends_at_the_difference_of_the_costs(one: Backtest) -> None:
    total = over(one.planner, one.optimum)
    assert len(total) == one.setting.hours + 1
    assert total[0] == 0
    assert total[-1] == pytest.approx(one.planner.usd - one.optimum.usd)


def test_fans_are_cut_where_the_next_begins() -> None:
    quantiles = np.zeros((len(LEVELS), 100))
    fans = [Fan(hour, quantiles) for hour in (10, 50, 50, 300)]
    cut = until_next(fans, 350)
    assert [(fan.hour, fan.quantiles.shape[1]) for fan in cut] == [(10, 40), (50, 100), (300, 50)]


def test_a_level_between_two_is_interpolated() -> None:
    quantiles = np.repeat(np.array(LEVELS)[:, None], 3, axis=1)
    assert level_at(quantiles, 0.125) == pytest.approx(0.125)
    with pytest.raises(ValueError, match=r"2 levels, not 23"):
        level_at(quantiles[:2], 0.5)
