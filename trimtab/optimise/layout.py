"""Who may use what: owner groups, and pools of nodes that serve the same workloads alike.

Nodes of one type at sites that the same workloads may use are interchangeable for serving, so the
programme assigns workloads to pools, not to sources; costs, limits and carbon stay with the source.
Residency and latency decide membership and thereby remove columns. An elastic layout writes the removed
columns too, so that a contradiction can name the rule.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from trimtab.optimise.draft import Condition
from trimtab.optimise.lp import Array
from trimtab.optimise.problem import (
    HeldSavingsPlan,
    Node,
    OnDemand,
    SavingsPlan,
    Spot,
    Workload,
)
from trimtab.optimise.validate import Data


@dataclass(frozen=True)
class Pool:
    """Interchangeable nodes.

    Attributes:
        sites: a class of sites that the same workloads may use.
        spot: served by spot; `risky` where the node is taken away at the period's end.
        interruptions_per_hour, redo_usd_per_hour: of its spot sources; 0 for firm nodes.
    """

    type: str
    sites: tuple[str, ...]
    spot: bool = False
    risky: bool = False
    interruptions_per_hour: float = 0.0
    redo_usd_per_hour: float = 0.0


@dataclass(frozen=True)
class Access:
    """A workload that may use a pool; `removed_by` names the rule that forbids it after all."""

    pool: Pool
    workload: int
    units_per_node: float
    removed_by: Condition | None = None


@dataclass(frozen=True, eq=False)
class Layout:
    """The groups and pools of a problem."""

    data: Data
    elastic: bool = False

    @cached_property
    def groups(self) -> tuple[str | None, ...]:
        """Owners with a budget, then None for all others together, if there are any."""
        budgeted = [*self.data.problem.limits.budgets_usd]
        others = any(each.owner not in budgeted for each in self.data.problem.workloads)
        return (*budgeted, None) if others or not budgeted else tuple(budgeted)

    def group(self, workload: Workload) -> int:
        """The index of the workload's group."""
        named = workload.owner if workload.owner in self.groups else None
        return self.groups.index(named)

    @cached_property
    def site_class(self) -> dict[str, tuple[str, ...]]:
        """Each site with the sites that the same workloads may use."""
        # A rule that may give way must allow or forbid the whole class, whatever the other rule says.
        members: dict[tuple[object, ...], list[str]] = {}
        for site in self.data.problem.sites:
            rules = [removal(each, (site.name,)) for each in self.data.problem.workloads]
            users = tuple(rules) if self.elastic else tuple(rule is None for rule in rules)
            members.setdefault(users, []).append(site.name)
        return {name: tuple(same) for same in members.values() for name in same}

    def firm(self, type_name: str, site: str) -> Pool:
        """The pool of nodes that are not taken away."""
        return Pool(type_name, self.site_class[site])

    def spot(self, source: Spot, *, risky: bool) -> Pool:
        """The pool of a spot source's nodes; who is interrupted matters only if losses differ."""
        if self.same_restart_hours is not None:
            return Pool(source.type, self.site_class[source.site], spot=True)
        return Pool(
            source.type,
            self.site_class[source.site],
            True,
            risky,
            source.interruptions_per_hour,
            self.redo_usd_per_hour(source),
        )

    def redo_usd_per_hour(self, source: Spot) -> float:
        """What doing an hour of lost work again costs."""
        if source.redo_usd_per_hour is not None:
            return source.redo_usd_per_hour
        rivals = [
            each.usd_per_hour
            for each in self.data.problem.sources
            if isinstance(each, OnDemand) and each.type == source.type
        ]
        row = self.data.spots.index(source)
        prices = self.data.spot_usd_per_hour[:, row][self.data.spot_nodes[:, row] > 0]
        return min(rivals) if rivals else float(prices.mean()) if len(prices) else 0.0

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """The sources that are nodes, not payments."""
        return tuple(
            each
            for each in self.data.problem.sources
            if not isinstance(each, SavingsPlan | HeldSavingsPlan)
        )

    @cached_property
    def access(self) -> tuple[Access, ...]:
        """Every workload with every pool that it may use, or might if a rule gave way."""
        pools: dict[Pool, None] = {}
        for source in self.nodes:
            if isinstance(source, Spot):
                pools[self.spot(source, risky=False)] = None
                pools[self.spot(source, risky=True)] = None
            else:
                pools[self.firm(source.type, source.site)] = None
        found = []
        for pool in pools:
            for index, workload in enumerate(self.data.problem.workloads):
                units = workload.units_per_node.get(pool.type, 0.0)
                rule = removal(workload, pool.sites)
                usable = units > 0 and not (pool.spot and workload.spot_share <= 0)
                if usable and (rule is None or self.elastic):
                    found.append(Access(pool, index, units, rule))
        return tuple(found)

    @cached_property
    def restart_hours(self) -> frozenset[float]:
        """What an interruption loses, over the workloads that may use spot."""
        spots = [each for each in self.data.problem.workloads if each.spot_share > 0]
        return frozenset(each.restart_hours for each in spots) or frozenset({0.0})

    @property
    def same_restart_hours(self) -> float | None:
        """What an interruption loses if that is the same for all: then a source can bear it.

        Not where nodes may run idle because they were started for every scenario: those lose nothing.
        """
        idle = any(self.data.boundary(each.lead_hours) for each in self.data.spots)
        same = len(self.restart_hours) == 1 and not (idle and len(self.data.weights) > 1)
        return next(iter(self.restart_hours)) if same else None

    def spot_cells(self, row: int) -> tuple[Array, Array]:
        """Nodes of a spot source that survive the period, and those that don't; each (S, T)."""
        nodes = self.data.spot_nodes[:, row]
        if self.restart_hours == {0.0}:
            return nodes, np.zeros_like(nodes)
        after = np.concatenate([nodes[:, 1:], nodes[:, -1:]], axis=1)
        safe = np.minimum(nodes, after)
        return safe, nodes - safe


def removal(workload: Workload, sites: tuple[str, ...]) -> Condition | None:
    """The rule that keeps a workload from a class of sites; None when it may use them."""
    resident = workload.residency is None or workload.residency.issuperset(sites)
    near = workload.latency is None or workload.latency.issuperset(sites)
    if resident and near:
        return None
    if resident:
        return Condition.LATENCY
    return Condition.RESIDENCY if near else Condition.RESIDENCY_AND_LATENCY
