"""The programme as built costs what the programme as written costs, on any mix of features."""

import pytest
from hypothesis import given, settings

from support.naive_optimum import Naive
from support.optimise_cases import random_problems
from trimtab.errors import InfeasibleError
from trimtab.optimise.lp import Status
from trimtab.optimise.problem import Problem
from trimtab.optimise.solve import solve


@given(random_problems)
@settings(max_examples=120, deadline=None)
def test_pools_recursions_and_merit_order_change_no_cost(problem: Problem) -> None:
    naive = Naive(problem)
    if naive.outcome.status is Status.INFEASIBLE:
        with pytest.raises(InfeasibleError):
            solve(problem, closed_form_allowed=False)
        return
    solution = solve(problem, closed_form_allowed=False)
    assert solution.usd == pytest.approx(naive.usd, rel=1e-6, abs=1e-6)
