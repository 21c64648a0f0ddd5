"""A programme in the making: its columns, what each costs and emits, and the conditions by name.

Every scenario and period is a cell, numbered s · T + t; a block of second-stage columns knows its
cells, so that columns which could only be 0 (spot where there is none) are never written.

In an elastic draft every named condition has slack columns that let it give way; closing them (upper
bound 0) enforces it again. That is how a contradiction is found and the smallest relaxation measured.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

import numpy as np
from numpy.typing import ArrayLike

from trimtab.optimise.lp import Array, Indices, Model
from trimtab.optimise.validate import Data


class Condition(Enum):
    """The kinds of condition that can contradict each other."""

    BUDGET = "budget"
    CARBON = "carbon cap"
    SHORTAGE = "shortage limit"
    QUANTITY = "limit of quantity"
    SPOT_SHARE = "spot share"
    LEAD = "start-up lead"
    RESIDENCY = "residency"
    LATENCY = "latency"
    RESIDENCY_AND_LATENCY = "residency and latency"


class Part(Enum):
    """What the expected cost consists of."""

    COMMITMENTS = "commitments"
    HELD = "held commitments"
    ON_DEMAND = "on-demand"
    SPOT = "spot"
    OWNED = "owned"
    INTERRUPTIONS = "interruptions"
    CARBON = "carbon"
    SHORTAGE = "shortage"


BUDGETED = frozenset({Part.COMMITMENTS, Part.ON_DEMAND, Part.SPOT, Part.OWNED, Part.INTERRUPTIONS})
"""What a budget covers: decided here, and paid to somebody."""


@dataclass(frozen=True, eq=False)
class Named:
    """One named condition.

    Attributes:
        subject: the owner, workload or source that it binds; empty for the carbon cap.
        limit: its right-hand side, in its own unit.
        rows: of the programme; empty where it only removes columns.
        slack: columns that let it give way, in the unit of `limit`; empty unless elastic.
        scale: by how much the rows' bounds rise per unit of the limit.
    """

    condition: Condition
    subject: str
    limit: float
    rows: Indices
    slack: Indices
    scale: Array


@dataclass(frozen=True, eq=False)
class Block:
    """Second-stage columns and the cells that they are of; both (N,)."""

    cells: Indices
    columns: Indices


@dataclass(frozen=True, eq=False)
class Charge:
    """Expected US dollars per unit of each column, and the owner group that they are charged to."""

    part: Part
    group: int
    columns: Indices
    usd: Array


@dataclass(frozen=True)
class Purchase:
    """A first-stage decision: so many units (nodes, USD/h) or steps from a period on.

    Attributes:
        unit: nodes or USD/h per unit of the column.
        whole: whether only whole numbers of the column can be bought.
        renews: the held commitment that it renews.
    """

    product: str
    group: int
    start: int
    column: int
    unit: float
    whole: bool
    renews: str | None = None


@dataclass(eq=False)
class Draft:
    """What the builders share and fill."""

    data: Data
    elastic: bool = False
    model: Model = field(default_factory=Model)
    charges: list[Charge] = field(default_factory=list)
    emissions: list[tuple[Indices, Array]] = field(default_factory=list)
    named: list[Named] = field(default_factory=list)
    purchases: list[Purchase] = field(default_factory=list)
    constant_usd: float = 0.0

    def __post_init__(self) -> None:
        self.scenarios, _, self.periods = self.data.demand.shape
        self.cells = np.arange(self.scenarios * self.periods)
        # Expected hours of each cell: what a price per hour is multiplied with.
        self.expected_hours: Array = np.outer(self.data.weights, self.data.hours).ravel()

    def of_period(self, values: Array) -> Array:
        """(T,) values at every cell."""
        return np.tile(values, self.scenarios)

    def block(self, cells: Indices | None = None, upper: ArrayLike = np.inf) -> Block:
        """New second-stage columns, at all cells or at some."""
        cells = self.cells if cells is None else cells
        return Block(cells, self.model.columns((len(cells),), upper=upper))

    def charge(self, part: Part, group: int, columns: Indices, usd: ArrayLike) -> None:
        """Let columns cost expected dollars."""
        spread = np.array(np.broadcast_to(np.asarray(usd, dtype=np.float64), columns.shape))
        self.charges.append(Charge(part, group, columns, spread))
        self.model.cost(columns, spread)

    def emit(self, block: Block, kg_per_node_hour: Array | None) -> None:
        """Let nodes in use emit; unknown emissions are counted nowhere."""
        if kg_per_node_hour is not None:
            kg = self.of_period(kg_per_node_hour) * self.expected_hours
            self.emissions.append((block.columns, kg[block.cells]))

    def interruptions(self, per_hour: float, *, risky: bool) -> Array:
        """Expected interruptions of one spot node at every cell."""
        forced = np.repeat(self.data.weights, self.periods) if risky else 0.0
        return per_hour * self.expected_hours + forced

    def limit_cells(
        self,
        condition: Condition,
        subject: str,
        blocks: Sequence[Block],
        limit: float,
        cells: Indices | None = None,
    ) -> None:
        """At each cell (all, or those given) the blocks together are at most the limit."""
        cells = self.cells if cells is None else cells
        rows = self.model.rows((len(cells),), upper=limit)
        place = np.full(len(self.cells), -1)
        place[cells] = rows
        for block in blocks:
            held = place[block.cells] >= 0
            self.model.add(place[block.cells[held]], block.columns[held], 1.0)
        self.name(condition, subject, limit, rows)

    def name(
        self,
        condition: Condition,
        subject: str,
        limit: float,
        rows: Indices,
        scale: ArrayLike = 1.0,
    ) -> None:
        """Name rows of the form `… ≤ limit · scale`; elastic, one slack lets them all give way."""
        slack = np.zeros(0, dtype=np.int64)
        by_row = np.array(np.broadcast_to(np.asarray(scale, dtype=np.float64), rows.shape))
        if self.elastic:
            slack = self.model.columns((1,))
            self.model.add(rows, slack[0], -by_row)
        self.named.append(Named(condition, subject, limit, rows, slack, by_row))
