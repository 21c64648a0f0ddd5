"""Every feature on a case small enough to be solved by hand or by enumeration."""

from dataclasses import replace
from itertools import product as every
from typing import Any

import numpy as np
import pytest

from support.optimise_cases import LIST, SERVE, YEAR, problem
from trimtab.optimise.draft import Condition, Part
from trimtab.optimise.problem import (
    CapacityBlock,
    ChanceOfShortage,
    ExpectedShortage,
    HeldReservation,
    HeldSavingsPlan,
    Limits,
    NodeType,
    OnDemand,
    Owned,
    Reservation,
    SavingsPlan,
    Spot,
    TailShortage,
    Workload,
)
from trimtab.optimise.solution import tail_mean, weighted_quantiles
from trimtab.optimise.solve import Whole, solve

SPOT = Spot("spot", "gpu", "north", 1.0)
ON_SPOT = replace(SERVE, spot_share=1.0)


def test_a_term_inside_the_horizon_by_enumeration() -> None:
    demand = np.array([1.0, 3.0, 3.0, 2.0, 0.0, 2.0])
    term = Reservation("term", "gpu", "north", 2.0, term_hours=3)
    best = min(
        sum(
            2.0 * held + 3.0 * max(need - held, 0)
            for hour, need in enumerate(demand)
            for held in [sum(start[max(0, hour - 2) : hour + 1])]
        )
        for start in every(range(3), repeat=6)
    )
    solution = solve(problem(demand, LIST, term))
    assert solution.usd == pytest.approx(best)
    assert solution.parts[Part.COMMITMENTS] == pytest.approx(2.0 * solution.active["term"].sum())


def test_a_term_beyond_the_horizon_starts_at_once_and_its_horizon_stands_for_it() -> None:
    solution = solve(problem([4.0, 4.0, 4.0, 1.0], LIST, YEAR))
    assert [(each.product, each.start, each.quantity) for each in solution.bought] == [
        ("year", 0, 4.0)
    ]
    assert solution.notes == (
        "year binds for 8760 h, longer than the horizon of 4 h, which stands for the term",
    )


def test_a_lead_time_of_a_commitment_delays_its_start() -> None:
    solution = solve(problem([4.0, 4.0, 4.0], LIST, replace(YEAR, lead_hours=1.5)))
    assert [(each.start, each.quantity) for each in solution.bought] == [(2, 4.0)]
    assert solution.usd == 2 * 12.0 + 8.0


def test_a_savings_plan_is_spent_where_it_saves_most() -> None:
    # 4 USD/h buy two small nodes at 2 (saving 1 each) or one big one at 4 (saving 3).
    big = OnDemand("big-list", "big", "north", 7.0)
    plan = SavingsPlan("plan", {"list": 2.0, "big-list": 4.0}, 8760, max_usd_per_hour=4.0)
    workloads = [SERVE, Workload("train", "team-b", {"big": 1.0})]
    solution = solve(
        problem(
            [[[2.0], [1.0]]],
            LIST,
            big,
            plan,
            workloads=workloads,
            types=[NodeType("gpu"), NodeType("big")],
        )
    )
    assert solution.active["plan"][0] == pytest.approx(4.0)
    assert solution.usd == pytest.approx(4.0 + 2 * 3.0)
    np.testing.assert_allclose(solution.expected_nodes()[:, 0], [2.0, 1.0, 0.0])
    assert solution.shadow_prices[0].words == (
        "the expected cost would fall by 0.5 USD for each further USD/h of plan"
    )


def test_a_block_is_bought_in_whole_steps() -> None:
    block = CapacityBlock(
        "block", "gpu", "north", 3.0, first=1, end=3, max_nodes=8.0, step_nodes=4.0
    )
    asked = problem([1.0, 6.0, 6.0, 1.0], LIST, block)
    assert solve(asked).active["block"].tolist() == [0.0, 6.0, 6.0, 0.0]
    whole = solve(asked, whole=Whole.ROUNDED)
    # 4 at 12 USD and 2 on demand for 2 h at 12 USD; or 8 at 24 USD.
    assert whole.usd == 3.0 + 24.0 + 3.0
    assert whole.rounding_loss == pytest.approx(30.0 / 24.0 - 1.0)


def test_a_held_commitment_is_renewed_only_as_far_as_it_pays() -> None:
    held = HeldReservation("old", "gpu", "north", 5.0, 2.0, expires_hours=2.0, renewal="year")
    demand = [[5.0, 5.0, 5.0, 5.0], [5.0, 5.0, 2.0, 2.0]]
    on_sale = replace(YEAR, lead_hours=100.0)
    solution = solve(problem(demand, LIST, on_sale, held, weights=[0.5, 0.5]))
    # Half of the scenarios need the last three nodes: 0.5 · 3 < 2, so two are renewed.
    assert [(each.renews, each.start, each.quantity) for each in solution.bought] == [
        ("old", 2, 2.0)
    ]
    assert solution.parts[Part.HELD] == 20.0
    assert solution.usd == pytest.approx(20.0 + 2 * 2 * 2.0 + 0.5 * 2 * 3 * 3.0)


def test_a_capacity_reservation_is_released_when_it_is_not_needed_again() -> None:
    held = HeldReservation("odcr", "gpu", "north", 4.0, 3.0, 100.0, releasable=True)
    solution = solve(problem([4.0, 2.0, 3.0, 1.0], replace(LIST, usd_per_hour=7.0), held))
    # Kept for the 3 of the third hour, since on-demand would cost more; then given back.
    assert solution.usd == pytest.approx(3.0 * (4 + 3 + 3 + 1))
    assert solution.parts == {Part.HELD: pytest.approx(33.0), Part.ON_DEMAND: 0.0}


def test_a_held_plan_pays_until_it_expires() -> None:
    held = HeldSavingsPlan("old", {"list": 2.0}, 4.0, expires_hours=1.0)
    solution = solve(problem([3.0, 3.0], LIST, held))
    assert solution.parts == {Part.HELD: 4.0, Part.ON_DEMAND: pytest.approx(3.0 + 9.0)}


def test_owned_nodes_come_first_when_they_cost_least() -> None:
    solution = solve(problem([3.0, 1.0], LIST, Owned("rack", "gpu", "north", 2.0, 0.5)))
    assert solution.usd == pytest.approx(3 * 0.5 + 3.0)
    np.testing.assert_allclose(solution.expected_nodes(), [[1, 0], [2, 1]])


def test_until_the_lead_is_over_only_what_runs_serves() -> None:
    serve = replace(SERVE, shortage_usd_per_unit_hour=10.0)
    slow = replace(LIST, lead_hours=1.0, running=2.0)
    solution = solve(problem([3.0, 3.0], slow, workloads=[serve]))
    np.testing.assert_allclose(solution.shortage, [[1.0]])
    assert solution.shadow_prices[0].words == (
        "the expected cost would fall by 7 USD for each further node of list that ran at the start"
    )


def test_what_is_started_before_anything_is_known_is_the_same_everywhere() -> None:
    serve = replace(SERVE, shortage_usd_per_unit_hour=5.0)
    slow = replace(LIST, lead_hours=1.0, running=2.0)
    demand = [[2.0, 8.0, 8.0], [2.0, 2.0, 2.0]]
    solution = solve(problem(demand, slow, workloads=[serve]))
    # A node more than 2 costs 3 in both scenarios and saves 5 in one: nobody starts it.
    np.testing.assert_allclose(solution.nodes[0], [[2, 2, 8], [2, 2, 2]])
    np.testing.assert_allclose(solution.shortage, [[6.0, 0.0]])


def test_spot_about_to_vanish_is_used_as_long_as_the_restart_pays() -> None:
    available = [[[4.0, 0.0]]]
    cheap, dear = (replace(ON_SPOT, restart_hours=hours) for hours in (0.5, 0.8))
    used = solve(problem([4.0, 0.0], LIST, SPOT, workloads=[cheap], spot_nodes=available))
    unused = solve(problem([4.0, 0.0], LIST, SPOT, workloads=[dear], spot_nodes=available))
    assert used.parts[Part.INTERRUPTIONS] == pytest.approx(4 * 0.5 * 3.0)
    assert (used.usd, unused.usd) == (4 * 1.0 + 6.0, 12.0)


def test_the_workload_that_loses_least_is_interrupted() -> None:
    workloads = [
        replace(ON_SPOT, name="long", restart_hours=0.6),
        replace(ON_SPOT, name="short", restart_hours=0.1),
    ]
    asked = problem(
        [[[2.0, 0.0], [2.0, 0.0]]], LIST, SPOT, workloads=workloads, spot_nodes=[[[4.0, 2.0]]]
    )
    assert solve(asked).parts[Part.INTERRUPTIONS] == pytest.approx(2 * 0.1 * 3.0)


def test_spot_serves_its_share_and_no_pool_more_than_its_cap() -> None:
    other = replace(SPOT, name="other", site="south", max_nodes=1.0)
    asked = problem(
        [8.0],
        LIST,
        SPOT,
        other,
        workloads=[replace(SERVE, spot_share=0.5)],
        spot_nodes=[[[2.0], [9.0]]],
    )
    np.testing.assert_allclose(solve(asked).expected_nodes()[:, 0], [5.0, 2.0, 1.0])


def test_spot_dearer_than_on_demand_is_never_used_and_said_to_be() -> None:
    dear = replace(SPOT, usd_per_hour=3.5)
    solution = solve(problem([8.0], LIST, dear, workloads=[ON_SPOT], spot_nodes=[[[9.0]]]))
    assert solution.nodes[solution.source("spot")].sum() == 0.0
    assert solution.notes == ("spot is never cheaper than on-demand there (3.5 against 3 USD/h)",)


def test_each_workload_gets_the_type_that_serves_it_cheapest() -> None:
    types = [NodeType("gpu"), NodeType("new")]
    new = OnDemand("new-list", "new", "north", 5.0)
    workloads = [
        Workload("train", "team-a", {"gpu": 1.0, "new": 3.0}),
        Workload("serve", "team-b", {"gpu": 1.0, "new": 1.2}),
    ]
    solution = solve(problem([[[6.0], [6.0]]], LIST, new, types=types, workloads=workloads))
    assert solution.usd == pytest.approx(2 * 5.0 + 6 * 3.0)
    np.testing.assert_allclose(solution.serving[:, :, 0], [[0, 6], [2, 0]])


@pytest.mark.parametrize("rule", ["residency", "latency"])
def test_residency_and_latency_hold_at_any_price(rule: str) -> None:
    cheap = OnDemand("south-list", "gpu", "south", 0.1)
    only: dict[str, Any] = {rule: frozenset({"north"})}
    bound = replace(SERVE, **only)
    solution = solve(problem([5.0], LIST, cheap, workloads=[bound]))
    np.testing.assert_allclose(solution.expected_nodes()[:, 0], [5.0, 0.0])


def test_a_price_of_carbon_moves_work_to_the_cleaner_site_once_it_pays() -> None:
    cheap = OnDemand("south-list", "gpu", "south", 2.9)
    # South emits 0.4 kg more per node-hour and costs 0.1 USD less: the scale tips at 0.25 USD/kg.
    for price, kg in ((0.2, 2.5), (0.3, 0.5)):
        solution = solve(problem([5.0], LIST, cheap, limits=Limits(carbon_usd_per_kg=price)))
        assert solution.kg == pytest.approx(kg)
        assert solution.parts[Part.CARBON] == pytest.approx(price * kg)


def test_a_cap_on_carbon_binds_and_says_what_a_kg_is_worth() -> None:
    cheap = OnDemand("south-list", "gpu", "south", 2.9)
    solution = solve(problem([5.0], LIST, cheap, limits=Limits(carbon_cap_kg=1.5)))
    assert solution.kg == pytest.approx(1.5)
    shadow = next(each for each in solution.shadow_prices if each.condition is Condition.CARBON)
    assert shadow.usd_per_unit == pytest.approx(0.25)
    assert shadow.words == (
        "the expected cost would fall by 0.25 USD for each further kg of the carbon cap"
    )


def test_a_budget_binds_its_owner_alone() -> None:
    workloads = [
        replace(SERVE, shortage_usd_per_unit_hour=9.0),
        replace(SERVE, name="train", owner="team-b"),
    ]
    solution = solve(
        problem(
            [[[4.0], [4.0]]], LIST, workloads=workloads, limits=Limits(budgets_usd={"team-a": 6.0})
        )
    )
    np.testing.assert_allclose(solution.shortage, [[2.0], [0.0]])
    budget = next(each for each in solution.shadow_prices if each.condition is Condition.BUDGET)
    assert budget.usd_per_unit == pytest.approx(2.0)


def test_shortage_limits_in_expectation_in_the_tail_and_by_chance() -> None:
    demand = [[10.0], [10.0], [10.0], [20.0]]
    few = replace(LIST, usd_per_hour=3.0, max_nodes=16.0)
    tail = TailShortage(0.2, level=0.75)
    for limit, short in (
        (ExpectedShortage(0.1), 1.25),
        (tail, 4.0),
        (ChanceOfShortage(0.2, probability=0.25), 4.0),
    ):
        serve = replace(SERVE, shortage_limit=limit)
        solution = solve(problem(demand, few, workloads=[serve]))
        if isinstance(limit, ExpectedShortage):
            assert (solution.shortage @ solution.data.weights)[0] == pytest.approx(short)
            assert solution.shortage_share[0] == pytest.approx(0.1)
        else:
            worst = tail_mean(
                solution.shortage / np.array([10, 10, 10, 20]), solution.data.weights, 0.75
            )
            assert worst[0] == pytest.approx(0.2)
            assert solution.shortage[0, 3] == pytest.approx(short)


def test_work_that_may_wait_fills_the_valley_within_its_delay() -> None:
    patient = replace(SERVE, deferrable_share=0.5, max_delay_hours=1.0)
    year = replace(YEAR, usd_per_hour=1.0)
    solution = solve(problem([8.0, 0.0, 8.0, 0.0], LIST, year, workloads=[patient]))
    # Half of each peak waits an hour: four nodes serve everything.
    assert solution.usd == pytest.approx(4 * 4 * 1.0)
    np.testing.assert_allclose(solution.deferred, [[4.0, 0.0, 4.0, 0.0]])


def test_the_lower_priority_goes_short_first() -> None:
    few = replace(LIST, max_nodes=4.0)
    workloads = [
        replace(SERVE, name="batch", shortage_usd_per_unit_hour=50.0),
        replace(SERVE, name="serve", shortage_usd_per_unit_hour=5.0, priority=1),
    ]
    solution = solve(problem([[[3.0], [3.0]]], few, workloads=workloads))
    np.testing.assert_allclose(solution.shortage, [[2.0], [0.0]])
    assert solution.parts[Part.SHORTAGE] == pytest.approx(100.0)


def test_whole_nodes_by_enumeration() -> None:
    generator = np.random.default_rng(7)
    demand = generator.uniform(0, 6, (5, 2, 3))
    big = OnDemand("big-list", "big", "north", 5.0)
    big_year = Reservation("big-year", "big", "north", 3.3, 8760)
    workloads = [
        Workload("a", "team", {"gpu": 1.0, "big": 1.7}),
        Workload("b", "team", {"gpu": 1.0, "big": 2.3}),
    ]
    asked = problem(
        demand,
        LIST,
        YEAR,
        big,
        big_year,
        workloads=workloads,
        types=[NodeType("gpu"), NodeType("big")],
    )
    relaxed, rounded, exact = (solve(asked, whole=way) for way in Whole)

    def cost(small: int, large: int) -> float:
        held = [
            HeldReservation("h1", "gpu", "north", small, 2.0, 1e9),
            HeldReservation("h2", "big", "north", large, 3.3, 1e9),
        ]
        return solve(problem(demand, LIST, big, *held, workloads=workloads, types=asked.types)).usd

    best = min(cost(small, large) for small in range(7) for large in range(6))
    assert exact.usd == pytest.approx(best)
    assert relaxed.usd <= exact.usd <= rounded.usd + 1e-9
    assert rounded.rounding_loss < 0.05
    for way in (rounded, exact):
        for each in way.bought:
            assert each.quantity == pytest.approx(round(each.quantity))


def test_quantiles_over_weighted_scenarios() -> None:
    values = np.array([[1.0, 5.0], [2.0, 4.0], [3.0, 3.0]])
    found = weighted_quantiles(values, np.array([0.5, 0.25, 0.25]), (0.5, 0.75, 1.0))
    np.testing.assert_array_equal(found, [[1.0, 4.0], [2.0, 5.0], [3.0, 5.0]])
    solution = solve(problem([[1.0], [2.0], [9.0]], LIST))
    np.testing.assert_array_equal(solution.quantiles("list", (0.5,)), [[2.0]])
