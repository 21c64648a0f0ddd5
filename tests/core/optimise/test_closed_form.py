"""Closed form and linear programme agree wherever the closed form says it is exact."""

from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.optimise_cases import LIST, NORTH, SERVE, SOUTH, YEAR, problem
from trimtab.optimise.closed_form import best_level, exact_in_closed_form, obstacles
from trimtab.optimise.problem import (
    ExpectedShortage,
    HeldReservation,
    Limits,
    NodeType,
    OnDemand,
    Owned,
    Problem,
    Reservation,
    SavingsPlan,
    Scenarios,
    Spot,
    Workload,
)
from trimtab.optimise.solve import solve
from trimtab.optimise.validate import check
from trimtab.planning.economics import Prices, best_commitment


def separable(seed: int) -> Problem:
    """Two workloads on types of their own, each with on-demand, a commitment and spot, or less."""
    pick = np.random.default_rng(seed)
    periods, scenarios = int(pick.integers(1, 6)), int(pick.integers(1, 8))
    sources: list[OnDemand | Reservation | Spot] = []
    workloads = []
    for index in range(2):
        usd = float(pick.uniform(1, 5))
        kind = f"t{index}"
        sources.append(OnDemand(f"{kind}-list", kind, "north", usd))
        if pick.random() < 0.8:
            rate = usd * float(pick.uniform(0.2, 1.1))
            sources.append(Reservation(f"{kind}-year", kind, "north", rate, 8760))
        if pick.random() < 0.7:
            most = 3.0 if pick.random() < 0.5 else None
            hazard = float(pick.choice([0.0, 0.05]))
            spot = usd * float(pick.uniform(0.2, 1.2))
            sources.append(
                Spot(f"{kind}-spot", kind, "south", spot, most, interruptions_per_hour=hazard)
            )
        workloads.append(
            Workload(
                f"w{index}",
                "team",
                {kind: float(pick.choice([1.0, 2.5]))},
                spot_share=float(pick.choice([0.0, 0.4, 1.0])),
                restart_hours=float(pick.choice([0.0, 0.5])),
            )
        )
    spots = sum(isinstance(each, Spot) for each in sources)
    return Problem(
        pick.choice([1.0, 2.0, 6.0], periods),
        (NodeType("t0"), NodeType("t1")),
        (NORTH, SOUTH),
        tuple(workloads),
        tuple(sources),
        Scenarios(
            pick.integers(0, 20, (scenarios, 2, periods)).astype(float),
            None,
            pick.integers(0, 8, (scenarios, spots, periods)).astype(float) if spots else None,
        ),
    )


@given(st.integers(0, 10**9).map(separable))
@settings(max_examples=100, deadline=None)
def test_both_ways_cost_the_same(asked: Problem) -> None:
    closed, linear = solve(asked), solve(asked, closed_form_allowed=False)
    assert (closed.method, linear.method) == ("closed form", "linear programme")
    assert closed.usd == pytest.approx(linear.usd, rel=1e-6, abs=1e-9)
    assert closed.usd == pytest.approx(sum(closed.parts.values()))
    for way in (closed, linear):
        demand = np.asarray(asked.scenarios.demand)
        for index, workload in enumerate(asked.workloads):
            kind, units = next(iter(workload.units_per_node.items()))
            rows = [row for row, each in enumerate(asked.sources) if each.name.startswith(kind)]
            served = way.nodes[rows].sum(axis=0) * units
            np.testing.assert_allclose(served, demand[:, index], atol=1e-6)


@given(st.lists(st.integers(1, 40), min_size=1, max_size=30), st.floats(0.05, 1.2))
@settings(max_examples=50, deadline=None)
def test_without_spot_it_is_the_quantile_and_the_planner_s_rule(
    demand: list[int], discount: float
) -> None:
    needed = np.array(demand, dtype=float)[:, None]
    level = best_level(
        needed,
        np.zeros((0, *needed.shape)),
        np.zeros((0, *needed.shape)),
        3.0,
        3.0 * discount,
        np.full(needed.shape, 1 / len(needed)),
    )
    rule = best_commitment(np.array(demand), Prices(on_demand=3.0, committed=3.0 * discount))
    costs = [
        3.0 * discount * each + 3.0 * np.maximum(needed - each, 0).mean() for each in (level, rule)
    ]
    assert costs[0] == pytest.approx(costs[1])
    if discount < 1:
        # F(C) ≥ 1 - c/p, and no lower level reaches it.
        assert (needed <= level).mean() >= 1 - discount - 1e-9


def test_of_normal_demand_it_is_the_textbook_quantile() -> None:
    demand = np.array([NormalDist(100, 15).inv_cdf((i + 0.5) / 4000) for i in range(4000)])
    solution = solve(problem(demand[:, None], LIST, replace(YEAR, usd_per_hour=1.2)))
    assert solution.bought[0].quantity == pytest.approx(NormalDist(100, 15).inv_cdf(0.6), abs=0.02)


def test_with_spot_depth_the_marginal_saving_meets_the_price() -> None:
    demand = np.arange(1.0, 101.0)
    spot = Spot("spot", "gpu", "north", 1.0)
    asked = problem(
        demand[:, None],
        LIST,
        replace(YEAR, usd_per_hour=1.505),
        spot,
        workloads=[replace(SERVE, spot_share=1.0)],
        spot_nodes=np.full((100, 1, 1), 20.0),
    )
    level = solve(asked).bought[0].quantity
    # 1.0 · P(C < D ≤ C + 20) + 3.0 · P(D > C + 20) = 0.2 + 3 (0.8 - C/100) crosses 1.505 at C = 36.5.
    assert level == 37.0


def separable_problem() -> Problem:
    return problem([[4.0, 2.0], [1.0, 3.0]], LIST, YEAR)


@pytest.mark.parametrize(
    ("changed", "obstacle"),
    [
        pytest.param(separable_problem(), None, id="nothing coupled"),
        pytest.param(
            replace(separable_problem(), limits=Limits(carbon_usd_per_kg=0.1)),
            "carbon has a price or a cap",
            id="a price of carbon",
        ),
        pytest.param(
            replace(separable_problem(), limits=Limits(budgets_usd={"team-a": 1.0})),
            "there are budgets",
            id="a budget",
        ),
        pytest.param(
            problem([[1.0]], LIST, SavingsPlan("plan", {"list": 2.0}, 8760)),
            "a savings plan is spent on several sources",
            id="a savings plan",
        ),
        pytest.param(
            problem([[[1.0], [1.0]]], LIST, workloads=[SERVE, replace(SERVE, name="train")]),
            "workloads share nodes",
            id="two workloads on one type",
        ),
        pytest.param(
            problem(
                [[1.0]], LIST, workloads=[replace(SERVE, shortage_limit=ExpectedShortage(0.1))]
            ),
            "serve may go short up to a limit",
            id="a shortage limit",
        ),
        pytest.param(
            problem(
                [[1.0]],
                LIST,
                workloads=[replace(SERVE, deferrable_share=0.5, max_delay_hours=1.0)],
            ),
            "serve may wait",
            id="deferrable work",
        ),
        pytest.param(
            problem([[1.0]], LIST, replace(LIST, name="also")),
            "serve has several offers of a kind, or no on-demand",
            id="two on-demand offers",
        ),
        pytest.param(
            problem([[1.0]], LIST, Owned("rack", "gpu", "north", 2.0)),
            "serve has blocks, owned nodes or commitments held",
            id="owned nodes",
        ),
        pytest.param(
            problem([[1.0]], LIST, HeldReservation("old", "gpu", "north", 1.0, 2.0, 10.0)),
            "serve has blocks, owned nodes or commitments held",
            id="a commitment held",
        ),
        pytest.param(
            problem([[1.0]], replace(LIST, max_nodes=2.0)), "list is limited", id="a quota"
        ),
        pytest.param(
            problem([[1.0, 1.0]], replace(LIST, lead_hours=1.0)),
            "list takes time to start",
            id="a lead time",
        ),
        pytest.param(
            problem([[1.0, 1.0]], LIST, replace(YEAR, term_hours=1.0)),
            "year is limited, or starts or ends inside the horizon",
            id="a term inside the horizon",
        ),
        pytest.param(
            problem([[1.0]], LIST, workloads=[replace(SERVE, shortage_usd_per_unit_hour=2.0)]),
            "shortage of serve is cheaper than list",
            id="cheap shortage",
        ),
    ],
)
def test_when_it_is_exact(changed: Problem, obstacle: str | None) -> None:
    assert exact_in_closed_form(changed) is (obstacle is None)
    assert obstacles(check(changed)) == (() if obstacle is None else (obstacle,))
