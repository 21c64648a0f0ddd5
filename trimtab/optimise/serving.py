"""Which pool serves which workload, what goes short and what waits.

Per workload and cell: nodes times units per node, plus shortage, plus work taken from or added to the
backlog, equal demand. Work may wait as long as its delay allows: with one delay per workload the oldest
first is best, so the backlog at a period's end is at most what arrived recently enough, and nothing
waits past the horizon.
"""

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np

from trimtab.optimise.draft import Block, Condition, Draft, Named, Part
from trimtab.optimise.layout import Access, Layout, Pool
from trimtab.optimise.lp import Array, Indices
from trimtab.optimise.problem import ChanceOfShortage, ExpectedShortage, Workload
from trimtab.optimise.second_stage import Use

LIFT = 1.0 + 1e-6
"""A higher priority's price of shortage per node is at least a lower one's times this."""


@dataclass(frozen=True, eq=False)
class Serving:
    """The columns of the demand side.

    Attributes:
        served: who serves whom, in nodes.
        shortage: workload to columns, one per cell, in units.
        backlog: workload to columns, one per cell, in unit-hours at the period's end.
    """

    served: list[tuple[Access, Block]] = field(default_factory=list)
    shortage: dict[int, Indices] = field(default_factory=dict)
    backlog: dict[int, Indices] = field(default_factory=dict)


def serve(draft: Draft, layout: Layout, uses: list[Use]) -> Serving:
    """Write the demand side, and what ties it to the supply."""
    serving = Serving()
    _assign(draft, layout, uses, serving)
    prices = effective_prices(layout.data.problem.workloads)
    for index in range(len(prices)):
        mine = [(each, block) for each, block in serving.served if each.workload == index]
        demand = draft.data.demand[:, index].ravel()
        balance = draft.model.rows((len(draft.cells),), lower=demand, upper=demand)
        for access, block in mine:
            draft.model.add(balance[block.cells], block.columns, access.units_per_node)
        _shortage(draft, serving, index, balance, prices[index])
        _backlog(draft, serving, index, balance)
        _spot_share(draft, serving, index, mine)
    _removed(draft, serving)
    return serving


def _assign(draft: Draft, layout: Layout, uses: list[Use], serving: Serving) -> None:
    """Nodes that serve are at most the nodes in use, by pool, owner group and cell."""
    supply: dict[tuple[Pool, int], list[Block]] = defaultdict(list)
    for use in uses:
        supply[use.pool, use.group].append(use.block)
    workloads = draft.data.problem.workloads
    users: dict[tuple[Pool, int], list[Access]] = defaultdict(list)
    for access in layout.access:
        users[access.pool, layout.group(workloads[access.workload])].append(access)
    for (pool, group), accesses in users.items():
        blocks = supply[pool, group]
        cells = np.unique(np.concatenate([block.cells for block in blocks]))
        rows = draft.model.rows((len(cells),), upper=0.0)
        place = np.full(len(draft.cells), -1)
        place[cells] = rows
        for block in blocks:
            draft.model.add(place[block.cells], block.columns, -1.0)
        for access in accesses:
            served = draft.block(cells)
            draft.model.add(rows, served.columns, 1.0)
            if layout.same_restart_hours is None:
                _interruptions(draft, pool, group, workloads[access.workload], served)
            serving.served.append((access, served))


def _interruptions(draft: Draft, pool: Pool, group: int, workload: Workload, served: Block) -> None:
    """Which workload is interrupted matters, for they lose different amounts of work."""
    lost = workload.restart_hours * pool.redo_usd_per_hour
    if pool.spot and lost:
        per_node = draft.interruptions(pool.interruptions_per_hour, risky=pool.risky)
        draft.charge(Part.INTERRUPTIONS, group, served.columns, lost * per_node[served.cells])


def _shortage(
    draft: Draft,
    serving: Serving,
    index: int,
    balance: Indices,
    effective_usd: float | None,
) -> None:
    workload = draft.data.problem.workloads[index]
    price, limit = workload.shortage_usd_per_unit_hour, workload.shortage_limit
    free = price is not None and limit is None
    share = limit.share if limit is not None else 0.0
    if not (free or share > 0 or draft.elastic):
        return
    columns = draft.model.columns((len(draft.cells),))
    draft.model.add(balance, columns, 1.0)
    serving.shortage[index] = columns
    if price is not None and effective_usd is not None:
        draft.charge(Part.SHORTAGE, -1, columns, price * draft.expected_hours)
        # Lifted for the order of priorities, but reported at its own price.
        draft.model.cost(columns, (effective_usd - price) * draft.expected_hours)
    if free:
        return
    demand = draft.data.demand[:, index]
    if limit is None or isinstance(limit, ExpectedShortage):
        total = float((demand.ravel() * draft.expected_hours).sum())
        row = draft.model.rows((1,), upper=share * total)
        draft.model.add(row[0], columns, draft.expected_hours)
        draft.name(Condition.SHORTAGE, workload.name, share, row, total)
        return
    level = 1 - limit.probability if isinstance(limit, ChanceOfShortage) else limit.level
    _tail(draft, workload, columns, demand, share, level)


def _tail(
    draft: Draft, workload: Workload, columns: Indices, demand: Array, share: float, level: float
) -> None:
    """CVaR of the share unserved: threshold + E[(share - threshold)+] / (1 - level) ≤ limit."""
    if level >= 1:
        level = 1 - 1e-9
    totals = demand @ draft.data.hours
    per_unit = np.divide(1.0, totals, out=np.zeros_like(totals), where=totals > 0)
    threshold = draft.model.columns((1,))
    beyond = draft.model.columns((draft.scenarios,))
    rows = draft.model.rows((draft.scenarios,), upper=0.0)
    share_of = np.outer(per_unit, draft.data.hours).ravel()
    draft.model.add(np.repeat(rows, draft.periods), columns, share_of)
    draft.model.add(rows, threshold[0], -1.0)
    draft.model.add(rows, beyond, -1.0)
    row = draft.model.rows((1,), upper=share)
    draft.model.add(row[0], threshold, 1.0)
    draft.model.add(row[0], beyond, draft.data.weights / (1 - level))
    draft.name(Condition.SHORTAGE, workload.name, share, row)


def _backlog(draft: Draft, serving: Serving, index: int, balance: Indices) -> None:
    workload = draft.data.problem.workloads[index]
    if not workload.deferrable_share or not workload.max_delay_hours:
        return
    data = draft.data
    arrivals = workload.deferrable_share * data.demand[:, index] * data.hours
    # What arrived in a period still may wait at the end of another when the next starts in time.
    after = np.append(data.begin[1:], np.inf)
    waits = after[None, :] - data.begin[:, None] <= workload.max_delay_hours + 1e-9
    upper = arrivals @ (waits & (np.arange(draft.periods) >= np.arange(draft.periods)[:, None]))
    columns = draft.model.columns((draft.scenarios, draft.periods), upper=upper)
    per_hour = draft.of_period(1.0 / data.hours).reshape(columns.shape)
    rows = balance.reshape(columns.shape)
    draft.model.add(rows, columns, per_hour)
    draft.model.add(rows[:, 1:], columns[:, :-1], -per_hour[:, 1:])
    # Only what arrives in a period can join the backlog there.
    joins = draft.model.rows(columns.shape, upper=arrivals)
    draft.model.add(joins, columns, 1.0)
    draft.model.add(joins[:, 1:], columns[:, :-1], -1.0)
    serving.backlog[index] = columns.ravel()


def _spot_share(
    draft: Draft, serving: Serving, index: int, mine: list[tuple[Access, Block]]
) -> None:
    """Spot serves at most its share of what is served: demand less shortage and backlog's growth."""
    workload = draft.data.problem.workloads[index]
    share = workload.spot_share
    spot = [(access, block) for access, block in mine if access.pool.spot]
    if share >= 1 or not spot:
        return
    demand = draft.data.demand[:, index].ravel()
    rows = draft.model.rows((len(draft.cells),), upper=share * demand)
    for access, block in spot:
        draft.model.add(rows[block.cells], block.columns, access.units_per_node)
    if index in serving.shortage:
        draft.model.add(rows, serving.shortage[index], share)
    if index in serving.backlog:
        shape = (draft.scenarios, draft.periods)
        columns, grid = serving.backlog[index].reshape(shape), rows.reshape(shape)
        per_hour = share * draft.of_period(1.0 / draft.data.hours).reshape(shape)
        draft.model.add(grid, columns, per_hour)
        draft.model.add(grid[:, 1:], columns[:, :-1], -per_hour[:, 1:])
    draft.name(Condition.SPOT_SHARE, workload.name, share, rows, demand)


def _removed(draft: Draft, serving: Serving) -> None:
    """Elastic: the columns that a rule removes, as one condition per workload and rule."""
    by_rule: dict[tuple[Condition, int], list[Indices]] = defaultdict(list)
    for access, block in serving.served:
        if access.removed_by is not None:
            by_rule[access.removed_by, access.workload].append(block.columns)
    for (rule, index), columns in by_rule.items():
        name = draft.data.problem.workloads[index].name
        none = np.zeros(0, dtype=np.int64)
        draft.named.append(Named(rule, name, 0.0, none, np.concatenate(columns), np.zeros(0)))


def effective_prices(workloads: tuple[Workload, ...]) -> list[float | None]:
    """Prices of shortage per unit-hour, lifted so that a node serves the higher priority first."""
    prices = [each.shortage_usd_per_unit_hour for each in workloads]
    for high in sorted(range(len(workloads)), key=lambda index: workloads[index].priority):
        own = prices[high]
        if own is None:
            continue
        for low, other in enumerate(workloads):
            price = prices[low]
            if price is None or other.priority >= workloads[high].priority:
                continue
            for name, units in workloads[high].units_per_node.items():
                per_node = price * other.units_per_node.get(name, 0.0)
                if units > 0 and per_node > 0:
                    own = max(own, per_node * LIFT / units)
        prices[high] = own
    return prices
