"""A sparse linear programme assembled from arrays, and HiGHS behind one function.

Blocks of columns and rows are added with numpy index arrays, entries as broadcast triples; nothing is
called once per cell. This is the only module that imports highspy, and only when a programme is solved.
Infeasible and unbounded are results, since they can be explained; a time limit or a numerical failure
is an `EngineError` in plain words.
"""

from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trimtab.errors import EngineError

Array = NDArray[np.float64]
Indices = NDArray[np.int64]

INFINITY = float("inf")
TIME_LIMIT_SECONDS = 120.0
DEVEX = 1
"""Pricing rule of the dual simplex: on two-stage programmes of 170,000 columns it took about half the
time of the solver's own choice (steepest edge)."""


DOUBLETON_EQUATIONS = 1 << 9
"""The presolve rule that is left out: it substitutes into the long columns of first-stage quantities one
row at a time; on 40 pools of 500 scenarios that took 10 s of 11, and the rest took 0.5 s without it."""


class Status(Enum):
    """How a solve ended."""

    OPTIMAL = "optimal"
    INFEASIBLE = "infeasible"
    UNBOUNDED = "unbounded"


@dataclass(frozen=True)
class Outcome:
    """A solve's end; the arrays are empty unless it is optimal.

    Attributes:
        status: how it ended.
        objective: the minimum; NaN unless optimal.
        x: the value of each column.
        row_dual: by how much the objective grows per unit that a row's active bound rises.
    """

    status: Status
    objective: float
    x: Array
    row_dual: Array


class Model:
    """Minimise cost·x subject to lower ≤ x ≤ upper and row_lower ≤ A x ≤ row_upper."""

    def __init__(self) -> None:
        self._columns: list[tuple[Array, Array, Array, NDArray[np.bool_]]] = []
        self._rows: list[tuple[Array, Array]] = []
        self._entries: list[tuple[Indices, Indices, Array]] = []
        self._costs: list[tuple[Indices, Array]] = []
        self.column_count = 0
        self.row_count = 0

    def columns(
        self,
        shape: tuple[int, ...],
        cost: ArrayLike = 0.0,
        lower: ArrayLike = 0.0,
        upper: ArrayLike = INFINITY,
        *,
        integer: bool = False,
    ) -> Indices:
        """Add a block of columns; costs and bounds broadcast to its shape.

        Returns:
            The columns' indices, of that shape.
        """
        size = int(np.prod(shape, dtype=np.int64))
        self._columns.append(
            (_flat(cost, shape), _flat(lower, shape), _flat(upper, shape), np.full(size, integer))
        )
        indices = self.column_count + np.arange(size, dtype=np.int64).reshape(shape)
        self.column_count += size
        return indices

    def cost(self, columns: ArrayLike, costs: ArrayLike) -> None:
        """Add to the costs of columns; the two broadcast, and equal columns sum up."""
        column, cost = np.broadcast_arrays(columns, costs)
        self._costs.append((column.ravel().astype(np.int64), _flat(cost, None)))

    def rows(
        self, shape: tuple[int, ...], lower: ArrayLike = -INFINITY, upper: ArrayLike = INFINITY
    ) -> Indices:
        """Add a block of rows without entries; bounds broadcast to its shape."""
        size = int(np.prod(shape, dtype=np.int64))
        self._rows.append((_flat(lower, shape), _flat(upper, shape)))
        indices = self.row_count + np.arange(size, dtype=np.int64).reshape(shape)
        self.row_count += size
        return indices

    def add(self, rows: ArrayLike, columns: ArrayLike, values: ArrayLike) -> None:
        """Add entries; the three broadcast against each other, and equal places sum up."""
        row, column, value = np.broadcast_arrays(rows, columns, values)
        self._entries.append(
            (row.ravel().astype(np.int64), column.ravel().astype(np.int64), _flat(value, None))
        )

    def arrays(self) -> "Arrays":
        """The programme as one compressed row-wise matrix and its bounds."""
        cost, lower, upper, integer = (
            np.concatenate([block[part] for block in self._columns] or [np.zeros(0)])
            for part in range(4)
        )
        row_lower, row_upper = (
            np.concatenate([block[part] for block in self._rows] or [np.zeros(0)])
            for part in range(2)
        )
        for columns, costs in self._costs:
            np.add.at(cost, columns, costs)
        start, index, value = self._compressed()
        return Arrays(
            cost, lower, upper, integer.astype(bool), row_lower, row_upper, start, index, value
        )

    def _compressed(self) -> tuple[Indices, Indices, Array]:
        none = np.zeros(0, dtype=np.int64)
        row: Indices = np.concatenate([none, *(entry[0] for entry in self._entries)])
        column: Indices = np.concatenate([none, *(entry[1] for entry in self._entries)])
        value: Array = np.concatenate([np.zeros(0), *(entry[2] for entry in self._entries)])
        if len(value):
            place = row * self.column_count + column
            order = np.argsort(place, kind="stable")
            first = np.flatnonzero(np.diff(place[order], prepend=-1))
            value = np.add.reduceat(value[order], first)
            kept = order[first][value != 0]
            row, column, value = row[kept], column[kept], value[value != 0]
        counts = np.bincount(row, minlength=self.row_count)
        start: Indices = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        return start, column, value


@dataclass(frozen=True)
class Arrays:
    """A programme in compressed row storage, as HiGHS takes it."""

    cost: Array
    lower: Array
    upper: Array
    integer: NDArray[np.bool_]
    row_lower: Array
    row_upper: Array
    start: Indices
    index: Indices
    value: Array

    @property
    def size(self) -> tuple[int, int, int]:
        """Rows, columns and non-zero entries."""
        return len(self.row_lower), len(self.cost), len(self.value)

    def pulled(self, row_dual: Array) -> Array:
        """Aᵀ y per column: what the rows' duals say that a unit of it is worth."""
        row = np.repeat(np.arange(len(self.row_lower)), np.diff(self.start))
        sums: Array = np.bincount(self.index, self.value * row_dual[row], len(self.cost)).astype(
            np.float64
        )
        return sums

    def without_costs(self) -> "Arrays":
        """The same conditions with nothing to minimise."""
        return replace(self, cost=np.zeros_like(self.cost))


def solve(programme: Arrays, *, time_limit_seconds: float = TIME_LIMIT_SECONDS) -> Outcome:
    """Solve one programme; deterministic: one thread, the dual simplex, fixed options and seed.

    Raises:
        EngineError: the library is missing, or HiGHS ended without an answer.
    """
    solver = Solver(programme, time_limit_seconds=time_limit_seconds)
    return solver.run()


class Solver:
    """HiGHS holding one programme, so that changed bounds and costs solve from the last basis."""

    def __init__(
        self,
        programme: Arrays,
        *,
        time_limit_seconds: float = TIME_LIMIT_SECONDS,
        interior: bool = False,
    ) -> None:
        """Pass the programme.

        Args:
            programme: with every column and row there will be.
            time_limit_seconds: of each solve, or of all of them together if `interior`.
            interior: by the interior point method, without a basis: for large programmes of which
                only feasibility, the objective and approximate duals are asked.

        Raises:
            EngineError: the library is missing or refuses the programme.
        """
        highspy = _highspy()
        self._api = highspy
        self._programme = programme
        self._limit = time_limit_seconds
        self._highs = highspy.Highs()
        for name, value in (
            ("output_flag", False),
            ("threads", 1),
            ("parallel", "off"),
            ("random_seed", 0),
            ("mip_rel_gap", 0.0),
            ("simplex_dual_edge_weight_strategy", DEVEX),
            ("presolve_rule_off", DOUBLETON_EQUATIONS),
        ):
            self._highs.setOptionValue(name, value)
        self._interior = interior
        if interior:
            self._highs.setOptionValue("solver", "ipm")
            self._highs.setOptionValue("run_crossover", "off")
        self._pass()

    def _pass(self) -> None:
        p, api = self._programme, self._api
        rows, columns, entries = p.size
        status = self._highs.passModel(
            *(columns, rows, entries),
            *(int(api.MatrixFormat.kRowwise), int(api.ObjSense.kMinimize), 0.0),
            *(p.cost, p.lower, p.upper, p.row_lower, p.row_upper),
            *(p.start.astype(np.int32), p.index.astype(np.int32), p.value),
            p.integer.astype(np.int32),
        )
        if status == api.HighsStatus.kError:
            raise EngineError(
                "the solver refused the programme",
                mend="look for prices or quantities beyond 1e20 in the inputs",
            )

    def set_columns(self, columns: Indices, lower: ArrayLike, upper: ArrayLike) -> None:
        """Change the bounds of some columns."""
        flat = columns.ravel()
        self._highs.changeColsBounds(
            len(flat),
            flat.astype(np.int32),
            _flat(lower, columns.shape),
            _flat(upper, columns.shape),
        )

    def set_costs(self, columns: Indices, cost: ArrayLike) -> None:
        """Change the costs of some columns."""
        flat = columns.ravel()
        self._highs.changeColsCost(len(flat), flat.astype(np.int32), _flat(cost, columns.shape))

    def run(self) -> Outcome:
        """Solve from where the last solve ended.

        Raises:
            EngineError: HiGHS ended without an answer.
        """
        highs, kinds = self._highs, self._api.HighsModelStatus
        # The solver's clock runs on over its solves.
        began = 0.0 if self._interior else highs.getRunTime()
        highs.setOptionValue("time_limit", began + self._limit)
        highs.run()
        status = highs.getModelStatus()
        if status == kinds.kUnboundedOrInfeasible:
            # Presolve could not tell the two apart; the simplex can.
            highs.setOptionValue("presolve", "off")
            highs.run()
            status = highs.getModelStatus()
            highs.setOptionValue("presolve", "choose")
        empty = np.zeros(0)
        if status in (kinds.kInfeasible, kinds.kUnboundedOrInfeasible):
            return Outcome(Status.INFEASIBLE, float("nan"), empty, empty)
        if status == kinds.kUnbounded:
            return Outcome(Status.UNBOUNDED, float("nan"), empty, empty)
        if status == kinds.kModelEmpty:
            return Outcome(Status.OPTIMAL, 0.0, empty, empty)
        if status != kinds.kOptimal:
            raise self._failure(status)
        solution = highs.getSolution()
        return Outcome(
            Status.OPTIMAL,
            float(highs.getInfo().objective_function_value),
            np.asarray(solution.col_value, dtype=np.float64),
            np.asarray(solution.row_dual, dtype=np.float64),
        )

    def _failure(self, status: Any) -> EngineError:
        rows, columns, entries = self._programme.size
        size = f"{columns:,} quantities under {rows:,} conditions"
        if status == self._api.HighsModelStatus.kTimeLimit:
            return EngineError(
                f"no optimum within {self._limit:g} s for {size}",
                mend="take fewer scenarios or longer periods, or allow more time",
            )
        return EngineError(
            f"the solver gave up on {size}, {entries:,} entries, for numerical reasons",
            mend="look for prices or quantities that differ by more than a factor of 1e9",
        )


def _flat(values: ArrayLike, shape: tuple[int, ...] | None) -> Array:
    array = np.asarray(values, dtype=np.float64)
    return np.ascontiguousarray(array if shape is None else np.broadcast_to(array, shape)).ravel()


def _highspy() -> Any:
    """The solver's library.

    Raises:
        EngineError: the extra is not installed.
    """
    try:
        import highspy
    except ImportError as error:
        raise EngineError(
            f"the solver's library is missing ({error.name})",
            mend="install it with: pip install 'trimtab[optimise]'",
        ) from None
    return highspy
