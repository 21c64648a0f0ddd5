"""What must hold whatever the problem: more options never cost more, tighter limits never less."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from support.optimise_cases import random_problem, random_problems
from trimtab.errors import InfeasibleError
from trimtab.optimise.problem import (
    HeldReservation,
    HeldSavingsPlan,
    Limits,
    OnDemand,
    Problem,
    Reservation,
    SavingsPlan,
    Scenarios,
    Spot,
)
from trimtab.optimise.solution import Solution
from trimtab.optimise.solve import solve

few = settings(max_examples=25, deadline=None)


def solved(asked: Problem) -> Solution | None:
    try:
        return solve(asked)
    except InfeasibleError:
        return None


@given(random_problems)
@few
def test_equal_inputs_give_equal_answers(asked: Problem) -> None:
    first, second = solved(asked), solved(asked)
    if first is None or second is None:
        assert first is second
        return
    assert first.usd == second.usd
    np.testing.assert_array_equal(first.nodes, second.nodes)
    assert first.bought == second.bought


@given(random_problems)
@few
def test_the_order_of_the_scenarios_changes_no_cost(asked: Problem) -> None:
    given = asked.scenarios
    count = len(np.asarray(given.demand))
    order = np.random.default_rng(count).permutation(count)

    def turned(values: Any) -> Any:
        return None if values is None else np.asarray(values)[order]

    other = Scenarios(
        np.asarray(given.demand)[order],
        turned(given.weights),
        turned(given.spot_nodes),
        turned(given.spot_usd_per_hour),
    )
    one, two = solved(asked), solved(replace(asked, scenarios=other))
    assert (one is None) is (two is None)
    if one is not None and two is not None:
        assert one.usd == pytest.approx(two.usd, rel=1e-6, abs=1e-9)


@given(random_problems)
@few
def test_a_source_more_never_costs_more(asked: Problem) -> None:
    on_sale = [
        index
        for index, each in enumerate(asked.sources)
        if isinstance(each, Reservation | SavingsPlan)
    ]
    assume(on_sale)
    dropped = asked.sources[on_sale[0]]
    fewer = tuple(
        replace(each, renewal=None)
        if isinstance(each, HeldReservation | HeldSavingsPlan) and each.renewal == dropped.name
        else each
        for each in asked.sources
        if each is not dropped
    )
    without, with_it = solved(replace(asked, sources=fewer)), solved(asked)
    if without is not None:
        assert with_it is not None
        assert with_it.usd <= without.usd * (1 + 1e-6) + 1e-6


@given(random_problems, st.sampled_from([0.5, 0.9]))
@few
def test_a_tighter_budget_or_cap_never_costs_less(asked: Problem, factor: float) -> None:
    free = solved(replace(asked, limits=Limits()))
    assume(free is not None)
    assert free is not None
    assume(free.kg)
    costs = [free.usd]
    for share in (1.0, factor, factor**2):
        cap = Limits(
            carbon_cap_kg=(free.kg or 0.0) * share, budgets_usd={"team-0": free.usd * share}
        )
        found = solved(replace(asked, limits=cap))
        costs.append(found.usd if found is not None else np.inf)
    for looser, tighter in pairwise(costs):
        assert tighter >= looser * (1 - 1e-6) - 1e-6


@given(random_problems)
@few
def test_a_higher_price_of_carbon_never_raises_carbon(asked: Problem) -> None:
    # With nodes that may idle the emissions of what idles are the optimiser's choice.
    sources = tuple(
        replace(each, lead_hours=0.0) if isinstance(each, OnDemand | Spot) else each
        for each in asked.sources
    )
    emitted = []
    for price in (0.01, 1.0, 20.0):
        limits = replace(asked.limits, carbon_usd_per_kg=price, carbon_cap_kg=None)
        found = solved(replace(asked, sources=sources, limits=limits))
        assume(found is not None)
        assert found is not None
        assert found.kg is not None
        emitted.append(found.kg)
    assert emitted[1] <= emitted[0] + 1e-6
    assert emitted[2] <= emitted[1] + 1e-6


@given(st.integers(0, 10**9), st.sampled_from([0.1, 7.0]))
@few
def test_prices_scale_the_cost_and_nothing_else(seed: int, factor: float) -> None:
    asked = replace(random_problem(seed), limits=Limits())

    def scaled(each: Any) -> Any:
        fields = ("usd_per_hour", "usd_per_node")
        changes: dict[str, Any] = {
            field: getattr(each, field) * factor
            for field in fields
            if getattr(each, field, None) is not None
        }
        if isinstance(each, SavingsPlan | HeldSavingsPlan):
            changes["rates"] = {name: rate * factor for name, rate in each.rates.items()}
        return replace(each, **changes)

    given = asked.scenarios
    prices = given.spot_usd_per_hour
    other = replace(
        asked,
        sources=tuple(scaled(each) for each in asked.sources),
        workloads=tuple(
            replace(each, shortage_usd_per_unit_hour=20.0 * factor) for each in asked.workloads
        ),
        scenarios=replace(
            given, spot_usd_per_hour=None if prices is None else np.asarray(prices) * factor
        ),
    )
    one, two = solved(asked), solved(other)
    assert (one is None) is (two is None)
    if one is not None and two is not None:
        assert two.usd == pytest.approx(one.usd * factor, rel=1e-6, abs=1e-6)


@given(random_problems)
@few
def test_what_is_reported_adds_up(asked: Problem) -> None:
    found = solved(asked)
    if found is None:
        return
    assert found.usd == pytest.approx(sum(found.parts.values()))
    np.testing.assert_array_less(-1e-7, found.nodes)
    # Work served, waiting and short is the demand: nothing is lost on the way back to the sources.
    demand = np.asarray(asked.scenarios.demand)
    hours, weights = np.asarray(asked.hours), found.data.weights
    for index, workload in enumerate(asked.workloads):
        units = np.array(
            [workload.units_per_node.get(getattr(each, "type", ""), 0.0) for each in asked.sources]
        )
        served = float((units @ found.serving[:, index]) @ hours)
        wanted = float(weights @ demand[:, index] @ hours)
        short = float(found.shortage[index] @ weights)
        assert served + short == pytest.approx(wanted, rel=1e-6, abs=1e-5)
    totals = found.expected_nodes()
    assert (found.serving.sum(axis=1) <= totals + 1e-6).all()
