"""What the optimiser answers, and how it is read off the solved programme.

A programme serves workloads from pools; here the nodes in use go back to their sources: commitments
fill in the order held, blocks, new; the rest of a pool by what each source runs. Emissions are counted
on nodes in use, whether or not carbon has a price.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from trimtab.optimise.draft import Condition, Named, Part
from trimtab.optimise.first_stage import Committed
from trimtab.optimise.layout import Pool
from trimtab.optimise.lp import Array, Outcome
from trimtab.optimise.problem import HeldSavingsPlan, Problem, SavingsPlan
from trimtab.optimise.programme import Programme
from trimtab.optimise.second_stage import Use
from trimtab.optimise.validate import Data, notes
from trimtab.optimise.words import shadow_words

NEGLIGIBLE = 1e-7
"""Quantities below this are the solver's tolerance, not decisions."""


@dataclass(frozen=True)
class Bought:
    """A purchase that the optimum makes.

    Attributes:
        owner: whose budget it is charged to; None for all without one.
        start: period.
        quantity: nodes, or USD an hour for a savings plan.
        renews: the held commitment that it renews; None for a new one.
    """

    product: str
    owner: str | None
    start: int
    quantity: float
    renews: str | None = None


@dataclass(frozen=True)
class ShadowPrice:
    """What a binding condition costs: US dollars saved per unit that it is relaxed by.

    Attributes:
        condition, subject: which condition, and of what.
        usd_per_unit: per USD of a budget, kg of a carbon cap, share of a limit, node of a quantity.
        words: the same as a sentence.
    """

    condition: Condition
    subject: str
    usd_per_unit: float
    words: str


@dataclass(frozen=True, eq=False)
class Solution:
    """The cheapest plan; I sources, P workloads, S scenarios, T periods, in the problem's order.

    Attributes:
        data: the checked problem.
        usd: expected cost over the horizon, the sum of `parts`.
        parts: cost by part; commitments held and bound anyway are in it.
        kg: expected emissions of nodes in use; None when a source in use has unknown ones.
        bought: purchases and renewals.
        active: product or block to (T,) nodes (USD an hour for a savings plan) active.
        nodes: (I, S, T) nodes in use of each source; 0 for savings plans, whose nodes are on-demand.
        serving: (I, P, T) expected nodes of each source in use for each workload.
        shortage: (P, S) unit-hours unserved over the horizon.
        shortage_share: (P,) expected share of the expected demand unserved.
        tail_share: (P,) mean share unserved in the worst 5 % of the scenarios (CVaR).
        deferred: (P, T) expected unit-hours that wait at each period's end.
        shadow_prices: of the conditions that bind; empty where none does.
        method: how it was found.
        relaxed_usd: the cost if nodes could be bought in fractions.
    """

    data: Data
    usd: float
    parts: Mapping[Part, float]
    kg: float | None
    bought: tuple[Bought, ...]
    active: Mapping[str, Array]
    nodes: Array
    serving: Array
    shortage: Array
    shortage_share: Array
    tail_share: Array
    deferred: Array
    shadow_prices: tuple[ShadowPrice, ...]
    notes: tuple[str, ...]
    method: str
    relaxed_usd: float

    @property
    def rounding_loss(self) -> float:
        """Cost over the relaxed programme's, minus one."""
        return self.usd / self.relaxed_usd - 1.0 if self.relaxed_usd else 0.0

    def source(self, name: str) -> int:
        """The index of a source."""
        return [each.name for each in self.data.problem.sources].index(name)

    def expected_nodes(self) -> Array:
        """(I, T) expected nodes in use."""
        return np.asarray(np.einsum("s,ist->it", self.data.weights, self.nodes))

    def quantiles(self, name: str, levels: Sequence[float]) -> Array:
        """(len(levels), T) quantiles over the scenarios of a source's nodes in use."""
        nodes = self.nodes[self.source(name)]
        return weighted_quantiles(nodes, self.data.weights, levels)


def weighted_quantiles(values: Array, weights: Array, levels: Sequence[float]) -> Array:
    """(len(levels), T) lower quantiles of (S, T) values with (S,) weights."""
    order = np.argsort(values, axis=0, kind="stable")
    reached = np.cumsum(weights[order], axis=0)
    ranked = np.take_along_axis(values, order, axis=0)
    rows = [np.argmax(reached >= level - 1e-9, axis=0) for level in levels]
    return np.stack([np.take_along_axis(ranked, row[None], axis=0)[0] for row in rows])


def tail_mean(losses: Array, weights: Array, level: float) -> Array:
    """CVaR: the mean of the worst 1 - level of (…, S) losses with (S,) weights."""
    order = np.argsort(-losses, axis=-1, kind="stable")
    ranked = np.take_along_axis(losses, order, axis=-1)
    before = np.cumsum(weights[order], axis=-1) - weights[order]
    taken = np.clip(1 - level - before, 0.0, weights[order])
    return np.asarray((ranked * taken).sum(axis=-1) / (1 - level))


def read(programme: Programme, outcome: Outcome, method: str, relaxed_usd: float) -> Solution:
    """The solution of a solved programme."""
    data, x = programme.data, outcome.x
    scenarios, workloads, periods = data.demand.shape
    parts: dict[Part, float] = defaultdict(float)
    if programme.constant_usd:
        parts[Part.HELD] = programme.constant_usd
    for charge in programme.charges:
        parts[charge.part] += float(charge.usd @ x[charge.columns])
    shortage = np.zeros((workloads, scenarios))
    for index, columns in programme.serving.shortage.items():
        shortage[index] = _clean(x[columns]).reshape(scenarios, periods) @ data.hours
    deferred = np.zeros((workloads, periods))
    for index, columns in programme.serving.backlog.items():
        deferred[index] = data.weights @ _clean(x[columns]).reshape(scenarios, periods)
    nodes, serving = _nodes(programme, x)
    share, tail = shares(data, shortage)
    return Solution(
        data,
        sum(parts.values()),
        dict(parts),
        emissions(data, nodes),
        _bought(programme, x),
        _active(programme, x),
        nodes,
        serving,
        shortage,
        share,
        tail,
        deferred,
        _shadow_prices(data.problem, programme.named, outcome),
        notes(data),
        method,
        relaxed_usd,
    )


def shares(data: Data, shortage: Array) -> tuple[Array, Array]:
    """(P,) expected share unserved, and its mean over the worst 5 % of the scenarios."""
    wanted = np.einsum("spt,t->ps", data.demand, data.hours)
    mean = wanted @ data.weights
    expected = np.divide(shortage @ data.weights, mean, out=np.zeros(len(mean)), where=mean > 0)
    each = np.divide(shortage, wanted, out=np.zeros_like(wanted), where=wanted > 0)
    return expected, tail_mean(each, data.weights, 0.95)


def emissions(data: Data, nodes: Array) -> float | None:
    """Expected kg of the nodes in use; None when any of them has unknown ones."""
    total = 0.0
    for row, source in enumerate(data.problem.sources):
        used = np.einsum("s,st->t", data.weights, nodes[row]) * data.hours
        if not used.any():
            continue
        if isinstance(source, SavingsPlan | HeldSavingsPlan):
            continue
        rates = data.kg_per_node_hour(source.type, source.site)
        if rates is None:
            return None
        total += float(rates @ used)
    return total


def _clean(values: Array) -> Array:
    return np.where(np.abs(values) < NEGLIGIBLE, 0.0, values)


def _bought(programme: Programme, x: Array) -> tuple[Bought, ...]:
    groups = programme.layout.groups
    return tuple(
        Bought(
            each.product,
            groups[each.group],
            each.start,
            float(x[each.column]) * each.unit,
            each.renews,
        )
        for each in programme.purchases
        if x[each.column] > NEGLIGIBLE
    )


def _active(programme: Programme, x: Array) -> dict[str, Array]:
    active = {}
    for name, columns in programme.committed.active.items():
        values = np.where(columns >= 0, x[columns], 0.0).sum(axis=0)
        active[name] = _clean(values * programme.committed.unit[name])
    return active


def _nodes(programme: Programme, x: Array) -> tuple[Array, Array]:
    """Nodes in use by source, (I, S, T), and the expected ones by workload, (I, P, T)."""
    data = programme.data
    scenarios, workloads, periods = data.demand.shape
    rows = {each.name: row for row, each in enumerate(data.problem.sources)}
    cells = scenarios * periods
    nodes = np.zeros((len(rows), cells))
    serving = np.zeros((len(rows), workloads, periods))
    by_pool: dict[tuple[Pool, int], list[Use]] = defaultdict(list)
    for use in programme.uses:
        by_pool[use.pool, use.group].append(use)
    served: dict[tuple[Pool, int], list[tuple[int, Array]]] = defaultdict(list)
    for access, block in programme.serving.served:
        workload = data.problem.workloads[access.workload]
        full = np.zeros(cells)
        full[block.cells] = _clean(x[block.columns])
        key = (access.pool, programme.layout.group(workload))
        served[key].append((access.workload, full))
    for key, uses in by_pool.items():
        needed = sum((full for _, full in served[key]), np.zeros(cells))
        used = _in_use(programme.committed, uses, x, needed)
        total = sum((values for _, values in used), np.zeros(cells))
        for name, values in used:
            nodes[rows[name]] += values
            part = np.divide(values, total, out=np.zeros(cells), where=total > NEGLIGIBLE)
            for index, full in served[key]:
                by_scenario = (part * full).reshape(scenarios, periods)
                serving[rows[name], index] += data.weights @ by_scenario
    return nodes.reshape(-1, scenarios, periods), serving


def _in_use(
    committed: Committed, uses: list[Use], x: Array, needed: Array
) -> list[tuple[str, Array]]:
    """What each source of one pool and group runs; commitments only what is needed of them."""
    run = []
    for use in uses:
        values = np.zeros(len(needed))
        values[use.block.cells] = _clean(x[use.block.columns])
        run.append(values)
    idle = sum(run, np.zeros(len(needed))) - needed
    found = []
    for use, values in zip(uses, run, strict=True):
        if not use.committed:
            found.append((use.sources[0], values))
            continue
        spared = np.clip(idle, 0.0, values)
        idle = idle - spared
        left = values - spared
        for name in use.sources[:-1]:
            level = committed.level(name, use.group, x)
            filled = np.minimum(left, np.tile(level, len(left) // len(level)))
            found.append((name, _clean(filled)))
            left = left - filled
        found.append((use.sources[-1], _clean(left)))
    return found


def _shadow_prices(
    problem: Problem, named: Sequence[Named], outcome: Outcome
) -> tuple[ShadowPrice, ...]:
    if not len(outcome.row_dual):
        return ()
    found = []
    for each in named:
        usd = -float((outcome.row_dual[each.rows] * each.scale).sum())
        if usd > NEGLIGIBLE:
            words = shadow_words(problem, each.condition, each.subject, usd)
            found.append(ShadowPrice(each.condition, each.subject, usd, words))
    return tuple(found)
