"""The replay: costs by hand, and what holds for every policy on every setting."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from support.backtest_settings import market, setting, settings
from trimtab.backtest.baselines import Constant, Nothing, baselines
from trimtab.backtest.dispatch import Dispatch
from trimtab.backtest.model import Outcome, Past, Policy, Product, Setting
from trimtab.backtest.planner import planner
from trimtab.backtest.run import charge, clairvoyant_optimum, decide, run

HISTORY = [1.0] * 24
EVERY = [*baselines(spot=True), planner()]


def outcome(policy: Policy, one: Setting) -> Outcome:
    return run(one, [policy]).outcomes[0]


def test_a_commitment_is_charged_for_its_hours_inside_the_series() -> None:
    one = setting([*HISTORY, 3.0, 3.0, 1.0, 1.0, 4.0, 4.0], 24)
    paid = outcome(Constant("two", 2.0), one)
    assert paid.usd_per_hour.tolist() == [22, 22, 12, 12, 32, 32]
    assert (paid.usd, paid.usd_after) == (132, 0)
    assert paid.committed.tolist() == [2] * 6
    assert paid.on_demand.tolist() == [1, 1, 0, 0, 2, 2]


def test_a_full_term_is_charged_beyond_the_series() -> None:
    one = setting([*HISTORY, 3.0, 3.0, 1.0, 1.0, 4.0, 4.0], 24, full_term=True)
    paid = outcome(Constant("two", 2.0), one)
    assert (paid.usd, paid.usd_after) == (132 + 24, 24)


def test_an_interruption_costs_the_restart_and_is_counted() -> None:
    one = setting([*HISTORY, 3.0, 3.0, 3.0], 24, market(spot=[2]), [[0.0] * 24 + [3.0, 1.0, 3.0]])
    paid = outcome(Nothing("spot", Dispatch.SPOT), one)
    # Two units are lost at 5 $ each and run on-demand for an hour.
    assert paid.usd_per_hour.tolist() == [6, 2 + 20 + 10, 6]
    assert paid.interruptions == 2
    assert paid.spot.tolist() == [3, 1, 3]


def test_a_launch_is_paid_for_and_what_it_does_not_serve_is_shortage() -> None:
    prices = market(launch_hours=0.25)
    one = setting([*HISTORY, 3.0, 7.0, 5.0, 6.0], 24, prices)
    paid = outcome(Nothing("on-demand", Dispatch.ON_DEMAND), one)
    assert paid.shortage.tolist() == [0, 1, 0, 0.25]
    assert paid.usd == 210
    assert paid.shortage_unit_hours == 1.25


def test_capacity_beyond_the_demand_bridges_a_launch() -> None:
    prices = market(launch_hours=0.25)
    one = setting([*HISTORY, 3.0, 7.0, 5.0, 6.0], 24, prices)
    paid = outcome(Nothing("reactive", Dispatch.REACTIVE), one)
    # Seven still run in the hour of five, so the hour of six finds one too few.
    assert paid.on_demand.tolist() == [3, 7, 7, 6]
    assert paid.shortage.tolist() == [0, 1, 0, 0]


def test_a_purchase_turns_running_units_into_committed_ones_without_a_launch() -> None:
    class Later:
        name, dispatch, every_hours = "later", Dispatch.ON_DEMAND, None

        def wants(self, past: Past) -> float:
            return 3.0 if past.hour >= 26 else 0.0

    one = setting([*HISTORY, 3.0, 3.0, 3.0, 3.0], 24, market(launch_hours=0.5))
    paid = outcome(Later(), one)
    assert paid.on_demand.tolist() == [3, 3, 0, 0]
    assert paid.shortage_unit_hours == 0


def test_what_runs_emits_and_an_idle_commitment_does_not() -> None:
    available = [[0.0] * 24 + [2.0, 0.0, 0.0]]
    one = setting(
        [*HISTORY, 4.0, 4.0, 1.0],
        24,
        market(spot=[1], restart_hours=0.5),
        available,
        gco2e=[0.0] * 24 + [100.0, 200.0, 1000.0],
    )
    paid = outcome(Constant("two", 2.0), one)
    # Hour 1 loses 2 units: an hour of work, half an hour each, is done again.
    assert paid.kgco2e == pytest.approx((4 * 100 + (4 + 1) * 200 + 1 * 1000) / 1000)
    optimum = clairvoyant_optimum(one)
    assert optimum.kgco2e == pytest.approx((4 * 100 + (4 + 1) * 200 + 1 * 1000) / 1000)


def test_a_policy_may_buy_product_by_product() -> None:
    class Both:
        name, dispatch, every_hours = "both", Dispatch.SPOT, 100

        def wants(self, past: Past) -> list[tuple[Product, float]]:
            return [(product, 1.0) for product in past.market.products]

    two = (Product("short", 6.0, 2), Product("long", 5.0, 4))
    one = setting([*HISTORY, 2.0, 2.0, 2.0, 2.0], 24, replace(market(), products=two))
    paid = outcome(Both(), one)
    assert paid.committed.tolist() == [2, 2, 1, 1]
    assert paid.usd_per_hour.tolist() == [11, 11, 15, 15]
    assert [each.product.name for each in paid.purchases] == ["short", "long"]


def test_a_level_that_is_no_number_is_a_defect_of_the_policy() -> None:
    with pytest.raises(ValueError, match="wants nan at hour 24"):
        decide(Constant("none", float("nan")), setting([*HISTORY, 1.0], 24))


@pytest.mark.parametrize("field", ["demand", "spot_available", "held"])
def test_a_past_can_not_be_written_to(field: str) -> None:
    class Greedy:
        name, dispatch, every_hours = "greedy", Dispatch.SPOT, None

        def wants(self, past: Past) -> float:
            getattr(past, field)[...] = 99
            return 1.0

    with pytest.raises(ValueError, match="read-only"):
        decide(Greedy(), setting([*HISTORY, 1.0], 24))


@given(settings())
@limits(max_examples=60, deadline=None)
def test_no_policy_is_cheaper_than_the_optimum(any_setting: Setting) -> None:
    result = run(any_setting, baselines(spot=bool(any_setting.market.zones)))
    for each in result.outcomes:
        assert each.usd >= result.optimum.usd * (1 - 1e-9) - 1e-6, each.policy


@given(settings(spot=True), st.data())
@limits(max_examples=60, deadline=None)
def test_more_spot_never_raises_the_optimum(any_setting: Setting, data: st.DataObject) -> None:
    more = any_setting.spot_available + data.draw(st.sampled_from([0.5, 1.0, 7.0])) * (
        np.arange(len(any_setting.demand)) % data.draw(st.integers(1, 5)) == 0
    )
    richer = replace(any_setting, spot_available=more)
    assert clairvoyant_optimum(richer).usd <= clairvoyant_optimum(any_setting).usd + 1e-6


def peeks(policy: Policy, one: Setting, later: Setting, hour: int) -> bool:
    """Whether a decision up to an hour, or a cost before it, differs with what comes from it on."""
    made = [decide(policy, each) for each in (one, later)]
    until = [[each for each in purchases if each.hour <= hour] for purchases in made]
    usd = [
        charge(each, [policy], [purchases], 1.0)[0].usd_per_hour[: hour - one.test_from]
        for each, purchases in zip((one, later), made, strict=True)
    ]
    return until[0] != until[1] or bool((usd[0] != usd[1]).any())


@pytest.mark.parametrize("policy", EVERY, ids=lambda policy: policy.name)
@given(any_setting=settings(spot=True), data=st.data())
@limits(max_examples=15, deadline=None)
def test_the_future_changes_no_decision_and_no_hour_before_it(
    policy: Policy, any_setting: Setting, data: st.DataObject
) -> None:
    hour = data.draw(st.integers(any_setting.test_from, len(any_setting.demand) - 1))
    factor = data.draw(st.sampled_from([0.0, 0.5, 3.0, 50.0]))
    demand, available = any_setting.demand.copy(), any_setting.spot_available.copy()
    demand[hour:] = demand[hour:] * factor + data.draw(st.integers(0, 9))
    available[:, hour:] = available[:, hour:][:, ::-1] * factor
    later = replace(any_setting, demand=demand, spot_available=available)
    assert not peeks(policy, any_setting, later, hour)


def test_a_policy_that_peeks_is_found_out() -> None:
    class Peeking:
        name, dispatch, every_hours = "peeking", Dispatch.SPOT, None

        def wants(self, past: Past) -> float:
            whole = past.demand.base
            assert whole is not None
            return float(whole[-1])

    one = setting([*HISTORY, 1.0, 1.0, 1.0], 24)
    assert peeks(Peeking(), one, setting([*HISTORY, 1.0, 1.0, 9.0], 24), 26)


@given(settings())
@limits(max_examples=30, deadline=None)
def test_the_optimums_outcome_costs_what_the_solver_says(any_setting: Setting) -> None:
    """Its hours, charged as any policy's, sum to the programme's objective; it serves all."""
    optimum = clairvoyant_optimum(any_setting)
    capacity = optimum.committed + optimum.on_demand + optimum.spot
    assert (capacity >= any_setting.demand[any_setting.test_from :] - 1e-6).all()
    assert optimum.regret == 0
    assert optimum.usd == pytest.approx(float(optimum.usd_per_hour.sum()) + optimum.usd_after)
