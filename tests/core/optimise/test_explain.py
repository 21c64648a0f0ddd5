"""Contradictions are named, minimal, and mended by what the message says."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from support.optimise_cases import LIST, SERVE, YEAR, problem, random_problem
from trimtab.errors import EngineError, InfeasibleError
from trimtab.optimise.draft import Condition
from trimtab.optimise.explain import Relaxation, conflicts, unbounded
from trimtab.optimise.lp import Outcome, Solver
from trimtab.optimise.problem import (
    ExpectedShortage,
    Limits,
    OnDemand,
    Problem,
    Reservation,
    SavingsPlan,
    Spot,
    TailShortage,
)
from trimtab.optimise.solve import solve
from trimtab.optimise.validate import check

TEN = [10.0, 10.0]
TRAIN = replace(SERVE, name="train", owner="team-b")
CASES = [
    pytest.param(
        problem(
            TEN,
            LIST,
            workloads=[replace(SERVE, shortage_limit=ExpectedShortage(0.01))],
            limits=Limits(budgets_usd={"team-a": 50.0}),
        ),
        "the budget of team-a (50 USD) and the shortage limit of serve (1 %) can't both hold; "
        "raise the budget of team-a to 59.4 USD or allow serve 16.67 % shortage",
        id="a budget and a shortage limit",
    ),
    pytest.param(
        problem(TEN, LIST, limits=Limits(carbon_cap_kg=1.5)),
        "the carbon cap (1.5 kg) and the shortage limit of serve (none allowed) can't both hold; "
        "raise the carbon cap to 2 kg or allow serve 25 % shortage",
        id="a carbon cap",
    ),
    pytest.param(
        problem(TEN, replace(LIST, max_nodes=6.0), replace(YEAR, max_nodes=3.0)),
        "the limit of list (6 nodes), the limit of year (3 nodes) and the shortage limit of serve "
        "(none allowed) can't all hold; raise the limit of list to 7 nodes or raise the limit of "
        "year to 4 nodes or allow serve 10 % shortage",
        id="two quotas",
    ),
    pytest.param(
        problem(TEN, replace(LIST, lead_hours=1.0, running=4.0)),
        "the start-up time of list (4 nodes run now) and the shortage limit of serve (none "
        "allowed) can't both hold; have 10 nodes of list running at the start or allow serve 30 % "
        "shortage",
        id="a lead time",
    ),
    pytest.param(
        problem(TEN, LIST, workloads=[replace(SERVE, residency=frozenset({"south"}))]),
        "the shortage limit of serve (none allowed) and the residency of serve (only south) can't "
        "both hold; allow serve 100 % shortage or let serve run in north",
        id="residency removes every source",
    ),
    pytest.param(
        problem(TEN, LIST, workloads=[replace(SERVE, latency=frozenset())]),
        "the shortage limit of serve (none allowed) and the latency of serve (no site) can't both "
        "hold; allow serve 100 % shortage or let serve run in north",
        id="latency removes every source",
    ),
    pytest.param(
        problem(TEN, LIST, workloads=[replace(SERVE, units_per_node={})]),
        "the shortage limit of serve (none allowed) can't hold; allow serve 100 % shortage",
        id="nothing runs it",
    ),
    pytest.param(
        problem(
            [10.0],
            Spot("spot", "gpu", "north", 1.0),
            workloads=[replace(SERVE, spot_share=0.4)],
            spot_nodes=[[[50.0]]],
        ),
        "the spot share of serve (40 %) and the shortage limit of serve (none allowed) can't both "
        "hold; let spot serve 100 % of serve or allow serve 100 % shortage",
        id="a spot share without on-demand",
    ),
    pytest.param(
        problem(
            [[10.0], [20.0]],
            replace(LIST, max_nodes=10.0),
            workloads=[replace(SERVE, shortage_limit=TailShortage(0.1, 0.5))],
        ),
        "the limit of list (10 nodes) and the shortage limit of serve (10 % in the worst 50 %) "
        "can't both hold; raise the limit of list to 18 nodes or allow serve 50 % shortage",
        id="a limit on the tail",
    ),
    pytest.param(
        problem(
            [[[4.0], [4.0]]],
            replace(LIST, max_nodes=100.0),
            workloads=[SERVE, TRAIN],
            limits=Limits(budgets_usd={"team-a": 6.0, "team-b": 3.0}),
        ),
        "the budget of team-a (6 USD) and the shortage limit of serve (none allowed) can't both "
        "hold; the budget of team-b (3 USD) and the shortage limit of train (none allowed) can't "
        "both hold; raise the budget of team-a to 12 USD or allow serve 50 % shortage, and raise "
        "the budget of team-b to 12 USD or allow train 75 % shortage",
        id="two contradictions at once",
    ),
]


@pytest.mark.parametrize(("asked", "message"), CASES)
def test_what_contradicts_what_and_the_smallest_mend(asked: Problem, message: str) -> None:
    with pytest.raises(InfeasibleError) as refusal:
        solve(asked)
    assert str(refusal.value) == message


def relaxed(asked: Problem, change: Relaxation) -> Problem:
    """The problem with one condition changed as the message says."""
    limits = asked.limits
    if change.condition is Condition.BUDGET:
        budgets = {**limits.budgets_usd, change.subject: change.limit}
        return replace(asked, limits=replace(limits, budgets_usd=budgets))
    if change.condition is Condition.CARBON:
        return replace(asked, limits=replace(limits, carbon_cap_kg=change.limit))
    if change.condition in (Condition.QUANTITY, Condition.LEAD):
        fields = {
            each.name: "running"
            if change.condition is Condition.LEAD
            else "max_usd_per_hour"
            if isinstance(each, SavingsPlan)
            else "max_nodes"
            for each in asked.sources
        }
        named = next(each for each in asked.sources if each.name == change.subject)
        more: dict[str, Any] = {fields[change.subject]: change.limit}
        swapped: Any = replace(named, **more)
        sources = tuple(swapped if each is named else each for each in asked.sources)
        return replace(asked, sources=sources)
    workload = next(each for each in asked.workloads if each.name == change.subject)
    if change.condition is Condition.SHORTAGE:
        share = min(change.limit, 1.0)
        given = workload.shortage_limit
        limit = replace(given, share=share) if given is not None else ExpectedShortage(share)
        mended = replace(workload, shortage_limit=limit)
    elif change.condition is Condition.SPOT_SHARE:
        mended = replace(workload, spot_share=min(change.limit, 1.0))
    else:
        rule = "residency" if change.condition is Condition.RESIDENCY else "latency"
        allowed = frozenset(getattr(workload, rule)) | frozenset(change.sites)
        wider: dict[str, Any] = {rule: allowed}
        mended = replace(workload, **wider)
    workloads = tuple(mended if each is workload else each for each in asked.workloads)
    return replace(asked, workloads=workloads)


def tight(seed: int) -> Problem:
    """A random problem without a price of shortage, and with narrow limits."""
    pick = np.random.default_rng(seed)
    asked = random_problem(seed)
    workloads = tuple(
        replace(
            each,
            shortage_usd_per_unit_hour=None,
            residency=frozenset({"south"}) if pick.random() < 0.3 else each.residency,
        )
        for each in asked.workloads
    )
    sources = tuple(
        replace(each, max_nodes=3.0)
        if isinstance(each, OnDemand | Reservation) and pick.random() < 0.5
        else each
        for each in asked.sources
    )
    limits = replace(asked.limits, budgets_usd={"team-0": 10.0}, carbon_cap_kg=5.0)
    return replace(asked, workloads=workloads, sources=sources, limits=limits)


@given(st.integers(0, 10**9).map(tight))
@settings(max_examples=25, deadline=None)
def test_each_mend_suffices_and_less_does_not(asked: Problem) -> None:
    found = conflicts(check(asked))
    if not found:
        solve(asked)
        return
    with pytest.raises(InfeasibleError):
        solve(asked)
    assume(len(found) == 1)
    assert found[0].last
    for change in found[0].relaxations:
        solve(relaxed(asked, change))
        if change.limit > 0 and not change.sites:
            before = _limit(asked, change)
            less = replace(change, limit=before + (change.limit - before) * 0.9)
            # A tenth of the change must exceed what rounding up to four figures adds.
            if before < change.limit * 0.98:
                with pytest.raises(InfeasibleError):
                    solve(relaxed(asked, less))


def _limit(asked: Problem, change: Relaxation) -> float:
    """The limit as it stands."""
    if change.condition is Condition.BUDGET:
        return asked.limits.budgets_usd[change.subject]
    if change.condition is Condition.CARBON:
        return asked.limits.carbon_cap_kg or 0.0
    source = next((each for each in asked.sources if each.name == change.subject), None)
    if source is not None:
        field = "running" if change.condition is Condition.LEAD else "max_nodes"
        return float(getattr(source, field, 0.0) or 0.0)
    workload = next(each for each in asked.workloads if each.name == change.subject)
    if change.condition is Condition.SPOT_SHARE:
        return workload.spot_share
    return workload.shortage_limit.share if workload.shortage_limit else 0.0


def test_prices_below_zero_are_named_as_what_is_unbounded() -> None:
    asked = problem(
        TEN, LIST, replace(YEAR, usd_per_hour=-1.0), SavingsPlan("plan", {"list": 0.0}, 9)
    )
    data = check(problem(TEN, LIST))
    error = unbounded(replace(data, problem=asked))
    assert isinstance(error, InfeasibleError)
    assert str(error) == (
        "buying without end would pay: year costs -1 USD, plan at list costs 0 USD an hour; "
        "give the prices that are paid, or a limit of the quantity"
    )
    assert isinstance(unbounded(data), EngineError)


def test_out_of_time_still_says_what_contradicts(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = problem(
        [[[10.0], [10.0]]],
        LIST,
        workloads=[SERVE, replace(TRAIN, owner="team-a")],
        limits=Limits(budgets_usd={"team-a": 50.0}),
    )
    run, solves = Solver.run, []

    def impatient(solver: Solver) -> Outcome:
        solves.append(1)
        if len(solves) > 1:
            raise EngineError("no time left")
        return run(solver)

    monkeypatch.setattr(Solver, "run", impatient)
    found = conflicts(check(asked))
    assert found[0].words == (
        "the budget of team-a (50 USD)",
        "the shortage limit of serve (none allowed)",
        "the shortage limit of train (none allowed)",
    )
    assert (found[0].relaxations, found[0].last) == ((), False)
