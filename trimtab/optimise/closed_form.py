"""The commitment level in closed form, where nothing ties one workload or period to another.

For one commitment at c, on-demand at p_o and spot in segments of depth S at p_s < p_o, the n-th committed
node saves in each hour what the node it displaces would have cost. Savings fall with n, so the level C is
where their mean meets the price:

    c = p_s P(C < D ≤ C + S) + p_o P(D > C + S),       without spot  C = F⁻¹(1 - c / p_o)

with P over scenarios and hours. S and p_s may differ by scenario and period, and spot that a fall of
availability takes away is a second segment, dearer by the restart. The mean saving is a step function,
so one sort of its steps finds C exactly. `obstacles` says why a problem is not of this kind.
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from trimtab.optimise.draft import Part
from trimtab.optimise.layout import Layout
from trimtab.optimise.lp import Array
from trimtab.optimise.problem import (
    HeldSavingsPlan,
    Node,
    OnDemand,
    Problem,
    Reservation,
    SavingsPlan,
    Spot,
)
from trimtab.optimise.solution import Bought, Solution, emissions, shares
from trimtab.optimise.validate import Data, check, notes

TIE = 1e-12
"""A saving that exceeds the price by less than this share is a tie; the lower level is taken."""


def exact_in_closed_form(problem: Problem) -> bool:
    """Whether `solve` needs no linear programme for a problem.

    Raises:
        InputError: the problem is malformed.
    """
    return not obstacles(check(problem))


def obstacles(data: Data) -> tuple[str, ...]:
    """Why the closed form is not exact, a phrase each; none when it is."""
    problem, layout = data.problem, Layout(data)
    found = []
    if problem.limits.carbon_usd_per_kg or problem.limits.carbon_cap_kg is not None:
        found.append("carbon has a price or a cap")
    if problem.limits.budgets_usd:
        found.append("there are budgets")
    if any(isinstance(each, SavingsPlan | HeldSavingsPlan) for each in problem.sources):
        found.append("a savings plan is spent on several sources")
    users = Counter(access.pool for access in layout.access)
    if any(count > 1 for count in users.values()):
        found.append("workloads share nodes")
    for index, workload in enumerate(problem.workloads):
        if workload.shortage_limit is not None:
            found.append(f"{workload.name} may go short up to a limit")
        if workload.deferrable_share and workload.max_delay_hours:
            found.append(f"{workload.name} may wait")
        found += _obstacles_of(data, layout, index)
    return tuple(found)


def _obstacles_of(data: Data, layout: Layout, index: int) -> list[str]:
    workload = data.problem.workloads[index]
    sources = reachable(layout, index)
    kinds = Counter(type(each) for each in sources)
    found = []
    if len({each.type for each in sources}) != 1:
        found.append(f"{workload.name} can run on several types, or on none")
    if kinds[OnDemand] != 1 or kinds[Reservation] > 1 or kinds[Spot] > 1:
        found.append(f"{workload.name} has several offers of a kind, or no on-demand")
    if kinds.total() > kinds[OnDemand] + kinds[Reservation] + kinds[Spot]:
        found.append(f"{workload.name} has blocks, owned nodes or commitments held")
    for source in sources:
        if isinstance(source, OnDemand | Spot) and data.boundary(source.lead_hours):
            found.append(f"{source.name} takes time to start")
        if isinstance(source, OnDemand):
            if source.max_nodes is not None:
                found.append(f"{source.name} is limited")
            price, units = workload.shortage_usd_per_unit_hour, workload.units_per_node[source.type]
            if price is not None and price * units < source.usd_per_hour:
                found.append(f"shortage of {workload.name} is cheaper than {source.name}")
        if isinstance(source, Reservation) and (
            source.max_nodes is not None
            or (source.starts not in ((0,), None))
            or source.lead_hours > 0
            or source.term_hours < data.horizon_hours
            or (source.starts is None and source.term_hours <= data.horizon_hours)
        ):
            found.append(f"{source.name} is limited, or starts or ends inside the horizon")
    return found


def reachable(layout: Layout, index: int) -> list[Node]:
    """The sources that a workload may use."""
    mine = {
        (access.pool.type, site, access.pool.spot)
        for access in layout.access
        if access.workload == index
        for site in access.pool.sites
    }
    return [each for each in layout.nodes if (each.type, each.site, isinstance(each, Spot)) in mine]


@dataclass(frozen=True, eq=False)
class _Segments:
    """Spot of one workload: caps and prices per node-hour, (2, S, T); dearer than on-demand is 0."""

    source: Spot | None
    caps: Array
    prices: Array
    restart_usd: Array


def solve(data: Data) -> Solution:
    """The optimum of a problem without obstacles."""
    problem, layout = data.problem, Layout(data)
    scenarios, workloads, periods = data.demand.shape
    rows = {each.name: row for row, each in enumerate(problem.sources)}
    nodes = np.zeros((len(rows), scenarios, periods))
    serving = np.zeros((len(rows), workloads, periods))
    parts = dict.fromkeys((Part.COMMITMENTS, Part.ON_DEMAND, Part.SPOT, Part.INTERRUPTIONS), 0.0)
    bought, active = [], {}
    weight = np.outer(data.weights, data.hours)
    for index, workload in enumerate(problem.workloads):
        sources = reachable(layout, index)
        on_demand = next(each for each in sources if isinstance(each, OnDemand))
        product = next((each for each in sources if isinstance(each, Reservation)), None)
        needed = data.demand[:, index] / workload.units_per_node[on_demand.type]
        spot = _segments(data, layout, index, on_demand, needed)
        level = 0.0
        if product is not None:
            level = best_level(
                needed, spot.caps, spot.prices, on_demand.usd_per_hour, product.usd_per_hour, weight
            )
            active[product.name] = np.full(periods, level)
            parts[Part.COMMITMENTS] += product.usd_per_hour * level * data.horizon_hours
            if level > 0:
                bought.append(Bought(product.name, None, 0, level))
            nodes[rows[product.name]] = np.minimum(needed, level)
        rest = np.maximum(needed - level, 0.0)
        safe = np.minimum(rest, spot.caps[0])
        risky = np.minimum(rest - safe, spot.caps[1])
        nodes[rows[on_demand.name]] = rest - safe - risky
        parts[Part.ON_DEMAND] += on_demand.usd_per_hour * float(
            (weight * (rest - safe - risky)).sum()
        )
        if spot.source is not None:
            nodes[rows[spot.source.name]] = safe + risky
            lost = spot.restart_usd * np.stack([safe, risky]) * weight
            spent = (spot.prices - spot.restart_usd) * np.stack([safe, risky]) * weight
            parts[Part.INTERRUPTIONS] += float(lost.sum())
            parts[Part.SPOT] += float(spent.sum())
        for source in sources:
            serving[rows[source.name], index] = data.weights @ nodes[rows[source.name]]
    shortage = np.zeros((workloads, scenarios))
    share, tail = shares(data, shortage)
    usd = sum(parts.values())
    return Solution(
        data,
        usd,
        {part: value for part, value in parts.items() if value},
        emissions(data, nodes),
        tuple(bought),
        active,
        nodes,
        serving,
        shortage,
        share,
        tail,
        np.zeros((workloads, periods)),
        (),
        notes(data),
        "closed form",
        usd,
    )


def best_level(
    needed: Array, caps: Array, prices: Array, on_demand: float, committed: float, weight: Array
) -> float:
    """The commitment that minimises the expected cost.

    Args:
        needed: (S, T) nodes.
        caps, prices: (J, S, T) segments of spot in merit order, no dearer than on-demand.
        on_demand, committed: USD per node-hour.
        weight: (S, T) expected hours of each cell.
    """
    # The price that a node displaces rises by a step at each of these levels, seen from above.
    below = np.concatenate([np.zeros_like(needed)[None], np.cumsum(caps, axis=0)])
    merit = np.concatenate([prices, np.full_like(needed, on_demand)[None]])
    steps = np.diff(merit, axis=0, prepend=0.0) * weight
    levels = np.maximum(needed - below, 0.0).ravel()
    order = np.argsort(-levels, kind="stable")
    saving = np.cumsum(steps.ravel()[order])
    pays = np.flatnonzero(saving > committed * weight.sum() * (1 + TIE))
    return float(levels[order[pays[0]]]) if len(pays) else 0.0


def _segments(
    data: Data, layout: Layout, index: int, on_demand: OnDemand, needed: Array
) -> _Segments:
    workload = data.problem.workloads[index]
    shape = (2, *needed.shape)
    source = next((each for each in reachable(layout, index) if isinstance(each, Spot)), None)
    if source is None:
        return _Segments(None, np.zeros(shape), np.zeros(shape), np.zeros(shape))
    row = data.spots.index(source)
    lost = workload.restart_hours * layout.redo_usd_per_hour(source)
    restart = np.empty(shape)
    restart[0] = lost * source.interruptions_per_hour
    restart[1] = restart[0] + lost / data.hours
    prices = data.spot_usd_per_hour[:, row] + restart
    safe, risky = layout.spot_cells(row)
    most = workload.spot_share * needed
    if source.max_nodes is not None:
        most = np.minimum(most, source.max_nodes)
    safe = np.minimum(safe, most)
    caps = np.stack([safe, np.minimum(risky, most - safe)])
    caps = np.where(prices < on_demand.usd_per_hour, caps, 0.0)
    return _Segments(source, caps, np.minimum(prices, on_demand.usd_per_hour), restart)
