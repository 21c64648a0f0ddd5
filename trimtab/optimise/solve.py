"""Solve a problem: in closed form where that is exact, else as a linear programme.

Ties are broken by the solver's fixed rules (one thread, simplex, fixed seed): equal inputs give equal
answers, though not equal inputs in another order.
"""

from dataclasses import replace
from enum import Enum
from itertools import product

import numpy as np

from trimtab.optimise import closed_form
from trimtab.optimise.explain import infeasible, unbounded
from trimtab.optimise.lp import TIME_LIMIT_SECONDS, Array, Arrays, Indices, Outcome, Solver, Status
from trimtab.optimise.lp import solve as solve_once
from trimtab.optimise.problem import Problem
from trimtab.optimise.programme import Programme, build
from trimtab.optimise.solution import NEGLIGIBLE, Solution, read
from trimtab.optimise.validate import check

MOST_ENUMERATED = 4
"""Up to this many fractional purchases, every way of rounding them is tried."""


class Whole(Enum):
    """How purchases become whole nodes and steps; running nodes stay fractions of a window."""

    RELAXED = "relaxed"
    ROUNDED = "rounded"
    EXACT = "exact"


def solve(
    problem: Problem,
    *,
    whole: Whole = Whole.RELAXED,
    closed_form_allowed: bool = True,
    time_limit_seconds: float = TIME_LIMIT_SECONDS,
) -> Solution:
    """The cheapest plan of a problem.

    Args:
        problem: is checked first.
        whole: fractions of nodes may be bought; or the relaxed purchases are rounded up or down,
            whichever costs less; or a mixed-integer programme, for few purchases.
        closed_form_allowed: take the closed form where it is exact.
        time_limit_seconds: of each programme.

    Raises:
        InputError: a field is malformed, contradictory or absurd.
        InfeasibleError: conditions contradict each other; says which, and what would mend it.
        EngineError: the solver is missing, ran out of time or failed.
    """
    data = check(problem)
    if closed_form_allowed and whole is Whole.RELAXED and not closed_form.obstacles(data):
        return closed_form.solve(data)
    programme = build(data)
    solver = Solver(programme.arrays, time_limit_seconds=time_limit_seconds)
    outcome = solver.run()
    if outcome.status is Status.INFEASIBLE:
        raise infeasible(data, time_limit_seconds=time_limit_seconds)
    if outcome.status is Status.UNBOUNDED:
        raise unbounded(data)
    relaxed = read(programme, outcome, "linear programme", float("nan"))
    relaxed = replace(relaxed, relaxed_usd=relaxed.usd)
    if whole is Whole.RELAXED:
        return relaxed
    if whole is Whole.ROUNDED:
        rounded = _rounded(programme, solver, outcome)
        if rounded is not None:
            return read(programme, rounded, "linear programme, rounded", relaxed.usd)
    exact = solve_once(_integral(programme), time_limit_seconds=time_limit_seconds)
    if exact.status is Status.INFEASIBLE:
        raise infeasible(data, time_limit_seconds=time_limit_seconds)
    return read(programme, exact, "mixed-integer programme", relaxed.usd)


def _whole_columns(programme: Programme) -> Indices:
    return np.array([each.column for each in programme.purchases if each.whole], dtype=np.int64)


def _integral(programme: Programme) -> Arrays:
    integer = programme.arrays.integer.copy()
    integer[_whole_columns(programme)] = True
    return replace(programme.arrays, integer=integer)


def _rounded(programme: Programme, solver: Solver, relaxed: Outcome) -> Outcome | None:
    """The best of the roundings tried; None if none of them is feasible."""
    columns = _whole_columns(programme)
    values = relaxed.x[columns]
    lower = np.floor(values + NEGLIGIBLE)
    fractional = np.flatnonzero(values - lower > NEGLIGIBLE)
    best: Outcome | None = None
    for rounding in _roundings(values, lower, fractional):
        solver.set_columns(columns, rounding, rounding)
        outcome = solver.run()
        better = best is None or outcome.objective < best.objective
        if outcome.status is Status.OPTIMAL and better:
            best = outcome
    return best


def _roundings(values: Array, lower: Array, fractional: Indices) -> list[Array]:
    up = np.zeros_like(values)
    if len(fractional) > MOST_ENUMERATED:
        nearest = np.round(values)
        up[fractional] = 1.0
        # Nearest costs least as a rule; only up is feasible when what binds is a shortage limit.
        return [nearest, lower + up, lower]
    found = []
    for choice in product((0.0, 1.0), repeat=len(fractional)):
        rounding = lower.copy()
        rounding[fractional] += np.array(choice)
        found.append(rounding)
    return found
