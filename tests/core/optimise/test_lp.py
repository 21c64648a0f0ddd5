"""The solver's edge: results that can be explained, errors in plain words, entries that sum up."""

import sys

import numpy as np
import pytest

from trimtab.errors import EngineError
from trimtab.optimise.lp import Model, Solver, Status, solve


def test_equal_places_sum_and_zeros_vanish() -> None:
    model = Model()
    x = model.columns((2,), cost=[1.0, 3.0])
    model.cost(x[0], [0.5, 0.5])
    row = model.rows((1,), lower=6.0)
    model.add(row, x, 1.0)
    model.add(row, x, [1.0, -1.0])
    arrays = model.arrays()
    assert arrays.size == (1, 2, 1)
    outcome = solve(arrays)
    assert outcome.status is Status.OPTIMAL
    assert outcome.objective == 6.0
    np.testing.assert_array_equal(outcome.x, [3.0, 0.0])
    np.testing.assert_array_equal(arrays.pulled(outcome.row_dual), [2.0, 0.0])


def test_infeasible_and_unbounded_are_told_apart() -> None:
    infeasible, unbounded = Model(), Model()
    x = infeasible.columns((2,), upper=1.0)
    infeasible.add(infeasible.rows((1,), lower=3.0), x, 1.0)
    y = unbounded.columns((2,), cost=[-1.0, 0.0])
    unbounded.add(unbounded.rows((1,), lower=0.0), y, [1.0, -1.0])
    assert solve(infeasible.arrays()).status is Status.INFEASIBLE
    assert solve(unbounded.arrays()).status is Status.UNBOUNDED


def test_whole_columns() -> None:
    model = Model()
    x = model.columns((1,), cost=1.0, integer=True)
    model.add(model.rows((1,), lower=2.5), x, 1.0)
    assert solve(model.arrays()).objective == 3.0


def test_changed_bounds_and_costs_are_solved_anew() -> None:
    model = Model()
    x = model.columns((2,), cost=[1.0, 2.0])
    model.add(model.rows((1,), lower=4.0), x, 1.0)
    solver = Solver(model.arrays())
    assert solver.run().objective == 4.0
    solver.set_columns(x[:1], 0.0, 1.0)
    assert solver.run().objective == 7.0
    solver.set_costs(x, [5.0, 1.0])
    assert solver.run().objective == 4.0
    solver.set_columns(x, 0.0, 1.0)
    assert solver.run().status is Status.INFEASIBLE


def test_nothing_to_decide() -> None:
    assert solve(Model().arrays()).objective == 0.0


def test_no_time_is_said_in_plain_words() -> None:
    model = Model()
    x = model.columns((30, 30), cost=np.random.default_rng(0).uniform(size=(30, 30)), integer=True)
    rows, columns = model.rows((30,), lower=1.5), model.rows((30,), upper=2.0)
    model.add(rows[:, None], x, np.random.default_rng(1).uniform(size=(30, 30)))
    model.add(columns[None, :], x, 1.0)
    with pytest.raises(EngineError) as failure:
        solve(model.arrays(), time_limit_seconds=0.0)
    assert str(failure.value) == (
        "no optimum within 0 s for 900 quantities under 60 conditions; "
        "take fewer scenarios or longer periods, or allow more time"
    )


def test_a_missing_library_is_named_with_its_mend(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "highspy", None)
    with pytest.raises(EngineError) as failure:
        solve(Model().arrays())
    assert str(failure.value) == (
        "the solver's library is missing (highspy); "
        "install it with: pip install 'trimtab[optimise]'"
    )
