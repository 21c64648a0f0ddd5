"""What runs once the scenario is known: on-demand, plan-covered, committed, owned and spot nodes.

Every block of nodes supplies one pool for one owner group. Spot comes as the nodes that survive the
period and those that a fall of availability takes away: since a forced interruption depends on one
period's nodes only, w_t ≥ s_t-1 - A_t needs no row of its own.

Start-up lead times: within the lead only what runs now serves; for as long again every scenario shares
its starts, which were decided before anything was known.
"""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from trimtab.optimise.draft import Block, Condition, Draft, Part
from trimtab.optimise.first_stage import Committed, Place
from trimtab.optimise.layout import Layout, Pool
from trimtab.optimise.lp import Array, Indices
from trimtab.optimise.problem import HeldSavingsPlan, OnDemand, Owned, SavingsPlan, Spot


@dataclass(frozen=True, eq=False)
class Use:
    """Nodes in use: of one source, or of several commitments in the order in which they fill."""

    sources: tuple[str, ...]
    pool: Pool
    group: int
    block: Block
    committed: bool = False


def second_stage(draft: Draft, layout: Layout, committed: Committed) -> list[Use]:
    """Write the columns and rows of every source of nodes."""
    uses = []
    plans = _plans(draft, layout, committed)
    row = 0
    for source in draft.data.problem.sources:
        if isinstance(source, OnDemand):
            uses += _on_demand(draft, layout, source, plans[source.name])
        elif isinstance(source, Spot):
            uses += _spot(draft, layout, source, row)
            row += 1
        elif isinstance(source, Owned):
            uses += _owned(draft, layout, source)
    for place, names in committed.places.items():
        uses += _committed(draft, layout, committed, place, names)
    return uses


Covered = dict[str, list[list[Block]]]
"""On-demand source to the blocks of each group that savings plans pay for."""


def _plans(draft: Draft, layout: Layout, committed: Committed) -> Covered:
    groups = len(layout.groups)
    covered: Covered = defaultdict(lambda: [[] for _ in range(groups)])
    for plan in committed.plans:
        spends = []
        for group in range(groups):
            rows = draft.model.rows((len(draft.cells),), upper=0.0)
            for name, rate in plan.rates.items():
                block = draft.block()
                draft.model.add(rows, block.columns, rate)
                covered[name][group].append(block)
            spends.append(rows)
        if isinstance(plan, SavingsPlan):
            for group, rows in enumerate(spends):
                column = np.tile(committed.active[plan.name][group], draft.scenarios)
                draft.model.add(rows, column, -1.0)
        else:
            _share(draft, committed, plan, spends)
    return covered


def _share(
    draft: Draft, committed: Committed, plan: HeldSavingsPlan, spends: list[Indices]
) -> None:
    """Let the groups share a held plan's amount in every cell."""
    total = draft.model.rows((len(draft.cells),), upper=draft.of_period(committed.fixed[plan.name]))
    for rows in spends:
        part = draft.block()
        draft.model.add(total, part.columns, 1.0)
        draft.model.add(rows, part.columns, -1.0)


def _on_demand(
    draft: Draft, layout: Layout, source: OnDemand, covered: list[list[Block]]
) -> list[Use]:
    pool = layout.firm(source.type, source.site)
    kg = draft.data.kg_per_node_hour(source.type, source.site)
    uses: list[Use] = []
    blocks: list[Block] = []
    lead = draft.data.boundary(source.lead_hours)
    for group, plans in enumerate(covered):
        block = draft.block()
        draft.charge(
            Part.ON_DEMAND, group, block.columns, source.usd_per_hour * draft.expected_hours
        )
        for each in (block, *plans):
            draft.emit(each, kg)
            uses.append(Use((source.name,), pool, group, each))
            blocks.append(each)
    _same_starts(draft, blocks, lead)
    if source.max_nodes is not None:
        draft.limit_cells(Condition.QUANTITY, source.name, blocks, source.max_nodes)
    _within_lead(draft, source, blocks, lead)
    return uses


def _spot(draft: Draft, layout: Layout, source: Spot, row: int) -> list[Use]:
    kg = draft.data.kg_per_node_hour(source.type, source.site)
    price = draft.data.spot_usd_per_hour[:, row].ravel() * draft.expected_hours
    lead = draft.data.boundary(source.lead_hours)
    shares = layout.spot_cells(row)
    # Where all workloads lose the same, the source bears it; else the workload that it serves.
    lost = (layout.same_restart_hours or 0.0) * layout.redo_usd_per_hour(source)
    uses: list[Use] = []
    every: list[Block] = []
    groups = len(layout.groups)
    for nodes, risky in zip(shares, (False, True), strict=True):
        cells = np.flatnonzero(nodes.ravel() > 0)
        depth = nodes.ravel()[cells]
        pool = layout.spot(source, risky=risky)
        blocks = [draft.block(cells, upper=depth) for _ in range(groups)]
        per_node = draft.interruptions(source.interruptions_per_hour, risky=risky)
        for group, block in enumerate(blocks):
            draft.charge(Part.SPOT, group, block.columns, price[cells])
            if lost:
                draft.charge(Part.INTERRUPTIONS, group, block.columns, lost * per_node[cells])
            draft.emit(block, kg)
            uses.append(Use((source.name,), pool, group, block))
        if groups > 1:
            together = draft.model.rows((len(cells),), upper=depth)
            for block in blocks:
                draft.model.add(together, block.columns, 1.0)
        every += blocks
    _same_starts(draft, every, lead, nodes=draft.data.spot_nodes[:, row])
    if source.max_nodes is not None:
        draft.limit_cells(Condition.QUANTITY, source.name, every, source.max_nodes)
    _within_lead(draft, source, every, lead)
    return uses


def _within_lead(draft: Draft, source: OnDemand | Spot, blocks: list[Block], lead: int) -> None:
    """Until the lead is over no more serve than run now."""
    if lead:
        cells = draft.cells[draft.cells % draft.periods < lead]
        draft.limit_cells(Condition.LEAD, source.name, blocks, source.running, cells)


def _same_starts(
    draft: Draft,
    blocks: list[Block],
    lead: int,
    nodes: Array | None = None,
) -> None:
    """For as long again as the lead, what starts is the same in every scenario.

    What spot takes away may be missing: at most the scenarios' most nodes less those of the scenario.
    """
    periods = np.arange(lead, min(2 * lead, draft.periods))
    if draft.scenarios == 1 or not len(periods):
        return
    cells = (np.arange(draft.scenarios)[:, None] * draft.periods + periods).ravel()
    rows = draft.model.rows((len(cells),), lower=0.0, upper=0.0)
    place = np.full(len(draft.cells), -1)
    place[cells] = rows
    for block in blocks:
        held = place[block.cells] >= 0
        draft.model.add(place[block.cells[held]], block.columns[held], 1.0)
    started = np.tile(draft.model.columns((len(periods),)), draft.scenarios)
    draft.model.add(rows, started, -1.0)
    if nodes is not None:
        missing = (nodes.max(axis=0) - nodes)[:, periods].ravel()
        draft.model.add(rows, draft.model.columns((len(cells),), upper=missing), 1.0)


def _owned(draft: Draft, layout: Layout, source: Owned) -> list[Use]:
    pool = layout.firm(source.type, source.site)
    kg = draft.data.kg_per_node_hour(source.type, source.site)
    uses = []
    rows = draft.model.rows((len(draft.cells),), upper=source.nodes)
    for group in range(len(layout.groups)):
        block = draft.block()
        draft.charge(Part.OWNED, group, block.columns, source.usd_per_hour * draft.expected_hours)
        draft.emit(block, kg)
        draft.model.add(rows, block.columns, 1.0)
        uses.append(Use((source.name,), pool, group, block))
    return uses


def _committed(
    draft: Draft, layout: Layout, committed: Committed, place: Place, names: list[str]
) -> list[Use]:
    """Use of all commitments to one type at one site, up to what is active there."""
    pool = layout.firm(*place)
    kg = draft.data.kg_per_node_hour(*place)
    model = draft.model
    fixed = sum((committed.fixed[name] for name in names if name in committed.fixed), np.zeros(1))
    shared = draft.of_period(np.broadcast_to(fixed, (draft.periods,)))
    kept = [committed.released[name] for name in names if name in committed.released]
    groups = len(layout.groups)
    alone = groups == 1
    total = model.rows((len(draft.cells),), upper=shared)
    for columns in kept:
        model.add(total, np.tile(columns, draft.scenarios), -1.0)
    uses = []
    for group in range(groups):
        block = draft.block()
        draft.emit(block, kg)
        # Held first; but several groups share what is held, and use their own first.
        order = tuple(names) if alone else tuple(sorted(names, key=committed.is_held))
        uses.append(Use(order, pool, group, block, committed=True))
        rows = total
        if not alone:
            # What is held is shared; what this group buys is its own.
            rows = model.rows((len(draft.cells),), upper=0.0)
            part = draft.block()
            model.add(total, part.columns, 1.0)
            model.add(rows, part.columns, -1.0)
        model.add(rows, block.columns, 1.0)
        for name in names:
            if name in committed.active:
                columns = np.tile(committed.active[name][group], draft.scenarios)
                held = columns >= 0
                model.add(rows[held], columns[held], -committed.unit[name])
    return uses
