"""The optimiser's programme written out as the text has it, to compare the real one with.

One variable per source, workload, scenario and period; commitments by covering rows over their term;
interruptions by their own variables; deferred work by pairs of arrival and service; no pools. Slow, and
meant to be read beside docs/optimiser.md.
"""

from typing import Any

import numpy as np

from trimtab.optimise.lp import Model, Outcome, solve
from trimtab.optimise.problem import (
    CapacityBlock,
    ChanceOfShortage,
    HeldReservation,
    HeldSavingsPlan,
    OnDemand,
    Owned,
    Problem,
    Reservation,
    SavingsPlan,
    Spot,
    TailShortage,
    Workload,
)


class Naive:
    """Writes and solves the programme; `outcome` has the result, `usd` the expected cost."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.hours = np.asarray(problem.hours, dtype=float)
        self.begin = np.cumsum(self.hours) - self.hours
        self.demand = np.asarray(problem.scenarios.demand, dtype=float)
        self.S, self.P, self.T = self.demand.shape
        weights = problem.scenarios.weights
        self.weights = np.full(self.S, 1 / self.S) if weights is None else np.asarray(weights)
        self.model = Model()
        self.constant = 0.0
        budgets = problem.limits.budgets_usd
        self.spent: dict[str | None, list[tuple[int, float]]] = {owner: [] for owner in budgets}
        self.owners: list[str | None] = [*budgets]
        if any(each.owner not in budgets for each in problem.workloads):
            self.owners.append(None)
        self.kg: list[tuple[int, float]] = []
        self.active: dict[tuple[str, str | None], np.ndarray[Any, Any]] = {}
        self.use: dict[tuple[str, int, int, int], int] = {}
        self.covered: dict[tuple[str, str, int, int, int], int] = {}
        self.idle: dict[tuple[str, str | None, str | None, int, int], int] = {}
        self._commitments()
        self._sources()
        for index, workload in enumerate(problem.workloads):
            self._workload(index, workload)
        self._limits()
        self.outcome: Outcome = solve(self.model.arrays())
        self.usd = self.outcome.objective + self.constant

    def owner(self, index: int) -> str | None:
        owner = self.problem.workloads[index].owner
        return owner if owner in self.spent else None

    def column(self, usd: float, owner: str | None, upper: float = np.inf) -> int:
        column = int(self.model.columns((), cost=usd, upper=upper))
        if owner in self.spent and usd:
            self.spent[owner].append((column, usd))
        return column

    def row(self, terms: list[tuple[int, float]], lower: float, upper: float) -> None:
        row = int(self.model.rows((), lower=lower, upper=upper))
        for column, value in terms:
            self.model.add(row, column, value)

    def boundary(self, hours: float) -> int:
        edges: list[float] = [*self.begin.tolist(), float(self.hours.sum())]
        if hours >= edges[-1]:
            return len(self.hours)
        return min(range(len(edges)), key=lambda t: abs(edges[t] - hours))

    def of(self, kind: Any) -> list[Any]:
        return [each for each in self.problem.sources if isinstance(each, kind)]

    def _commitments(self) -> None:
        for product in self.of(Reservation | SavingsPlan):
            starts: dict[str | None, list[tuple[int, int]]] = {each: [] for each in self.owners}
            earliest = next((t for t in range(self.T) if self.begin[t] >= product.lead_hours), None)
            allowed: list[int] = list(product.starts or ())
            if product.starts is None and earliest is not None:
                long = product.term_hours > self.hours.sum()
                allowed = [earliest] if long else list(range(earliest, self.T))
            for owner in self.owners:
                starts[owner] = [(t, self.column(0.0, owner)) for t in allowed]
            for held in self.of(HeldReservation | HeldSavingsPlan):
                end = self.boundary(held.expires_hours)
                if held.renewal != product.name or end >= self.T:
                    continue
                most = held.nodes if isinstance(held, HeldReservation) else held.usd_per_hour
                again = [(owner, self.column(0.0, owner)) for owner in self.owners]
                self.row([(column, 1.0) for _, column in again], -np.inf, most)
                for owner, column in again:
                    starts[owner].append((end, column))
            price = product.usd_per_hour if isinstance(product, Reservation) else 1.0
            for owner in self.owners:
                columns = [self.column(price * self.hours[t], owner) for t in range(self.T)]
                self.active[product.name, owner] = np.array(columns)
                for t in range(self.T):
                    covering = [
                        (column, -1.0)
                        for start, column in starts[owner]
                        if start <= t < self.boundary(self.begin[start] + product.term_hours)
                    ]
                    self.row([(columns[t], 1.0), *covering], 0.0, 0.0)
            most = (
                product.max_nodes if isinstance(product, Reservation) else product.max_usd_per_hour
            )
            if most is not None:
                for t in range(self.T):
                    terms = [(int(self.active[product.name, each][t]), 1.0) for each in self.owners]
                    self.row(terms, -np.inf, most)
        for block in self.of(CapacityBlock):
            bought = [self.column(block.usd_per_node, owner) for owner in self.owners]
            self.row([(column, 1.0) for column in bought], -np.inf, block.max_nodes)
            for owner, column in zip(self.owners, bought, strict=True):
                spans = [column if block.first <= t < block.end else -1 for t in range(self.T)]
                self.active[block.name, owner] = np.array(spans)

    def may_use(self, source: Any, index: int) -> bool:
        workload = self.problem.workloads[index]
        rules = [rule for rule in (workload.residency, workload.latency) if rule is not None]
        return (
            workload.units_per_node.get(source.type, 0.0) > 0
            and all(source.site in rule for rule in rules)
            and not (isinstance(source, Spot) and workload.spot_share == 0)
        )

    def _kg(self, source: Any, t: int) -> float:
        kw = next(each.kw for each in self.problem.types if each.name == source.type)
        site = next(each for each in self.problem.sites if each.name == source.site)
        if kw is None or site.gco2e_per_kwh is None:
            return 0.0
        return float(np.broadcast_to(np.asarray(site.gco2e_per_kwh), (self.T,))[t]) * kw / 1000

    def _sources(self) -> None:
        problem = self.problem
        spots = self.of(Spot)
        plans = self.of(SavingsPlan | HeldSavingsPlan)
        price_of_carbon = problem.limits.carbon_usd_per_kg
        for source in problem.sources:
            if isinstance(source, SavingsPlan | HeldSavingsPlan):
                continue
            paid = isinstance(source, OnDemand | Spot | Owned)
            for index in range(self.P):
                if not self.may_use(source, index):
                    continue
                for s in range(self.S):
                    for t in range(self.T):
                        hours = self.weights[s] * self.hours[t]
                        kg = self._kg(source, t) * hours
                        usd = self.price(source, s, t) if paid else 0.0
                        column = self.column(usd * hours, self.owner(index))
                        self._emit(column, kg, price_of_carbon)
                        self.use[source.name, index, s, t] = column
                        for plan in plans if isinstance(source, OnDemand) else []:
                            if source.name in plan.rates:
                                column = self.column(0.0, self.owner(index))
                                self._emit(column, kg, price_of_carbon)
                                self.covered[plan.name, source.name, index, s, t] = column
        for source in self.of(OnDemand | Spot):
            self._idle(source)
        for s in range(self.S):
            for t in range(self.T):
                self._capacity(s, t)
        for source in [*self.of(OnDemand), *spots]:
            self._starts(source)
        for row, source in enumerate(spots):
            self._interruptions(row, source)
        for held in self.of(HeldReservation | HeldSavingsPlan):
            if not (isinstance(held, HeldReservation) and held.releasable):
                nodes = held.nodes if isinstance(held, HeldReservation) else 1.0
                hours = self.hours[: self.boundary(held.expires_hours)].sum()
                self.constant += nodes * held.usd_per_hour * hours

    def price(self, source: Any, s: int, t: int) -> float:
        if source.usd_per_hour is not None:
            return float(source.usd_per_hour)
        prices = np.asarray(self.problem.scenarios.spot_usd_per_hour)
        return float(prices[s, self.of(Spot).index(source), t])

    def _idle(self, source: OnDemand | Spot) -> None:
        """Nodes that run and serve nobody: worth it only where all scenarios share their starts."""
        for owner in self.owners:
            for s in range(self.S):
                for t in range(self.T):
                    hours = self.weights[s] * self.hours[t]
                    kg = self._kg(source, t) * hours
                    for plan in (None, *self.of(SavingsPlan | HeldSavingsPlan)):
                        if plan is not None and source.name not in plan.rates:
                            continue
                        price = 0.0 if plan else self.price(source, s, t)
                        column = self.column(price * hours, owner)
                        self.idle[source.name, plan and plan.name, owner, s, t] = column
                        self._emit(column, kg, self.problem.limits.carbon_usd_per_kg)

    def _emit(self, column: int, kg: float, usd_per_kg: float) -> None:
        self.kg.append((column, kg))
        self.model.cost(column, kg * usd_per_kg)

    def used(self, name: str, s: int, t: int, owner: object = "all") -> list[tuple[int, float]]:
        found = [
            (column, 1.0)
            for (source, _, who, s2, t2), column in self.idle.items()
            if (source, s2, t2) == (name, s, t) and owner in ("all", who)
        ]
        for index in range(self.P):
            if owner != "all" and self.owner(index) != owner:
                continue
            if (name, index, s, t) in self.use:
                found.append((self.use[name, index, s, t], 1.0))
            for (_, source, p, s2, t2), column in self.covered.items():
                if (source, p, s2, t2) == (name, index, s, t):
                    found.append((column, 1.0))
        return found

    def _capacity(self, s: int, t: int) -> None:
        spots = self.of(Spot)
        for source in self.problem.sources:
            match source:
                case OnDemand() if source.max_nodes is not None:
                    self.row(self.used(source.name, s, t), -np.inf, source.max_nodes)
                case Spot():
                    depth = np.asarray(self.problem.scenarios.spot_nodes)[s, spots.index(source), t]
                    most = min(depth, np.inf if source.max_nodes is None else source.max_nodes)
                    self.row(self.used(source.name, s, t), -np.inf, most)
                case Owned():
                    self.row(self.used(source.name, s, t), -np.inf, source.nodes)
                case Reservation() | CapacityBlock():
                    for owner in self.owners:
                        column = int(self.active[source.name, owner][t])
                        bought = [(column, -1.0)] if column >= 0 else []
                        terms = self.used(source.name, s, t, owner)
                        self.row([*terms, *bought], -np.inf, 0.0)
                case HeldReservation():
                    self._held(source, s, t)
                case SavingsPlan() | HeldSavingsPlan():
                    self._plan(source, s, t)
                case _:
                    pass

    def _held(self, source: HeldReservation, s: int, t: int) -> None:
        there = source.nodes if t < self.boundary(source.expires_hours) else 0.0
        terms = self.used(source.name, s, t)
        if not source.releasable:
            self.row(terms, -np.inf, there)
            return
        if (source.name, None) not in self.active:
            kept = [
                self.column(source.usd_per_hour * self.hours[u], "nobody") for u in range(self.T)
            ]
            self.active[source.name, None] = np.array(kept)
            for u in range(1, self.T):
                self.row([(kept[u], 1.0), (kept[u - 1], -1.0)], -np.inf, 0.0)
        column = int(self.active[source.name, None][t])
        self.row([(column, 1.0)], -np.inf, there)
        self.row([*terms, (column, -1.0)], -np.inf, 0.0)

    def _plan(self, plan: SavingsPlan | HeldSavingsPlan, s: int, t: int) -> None:
        every: list[tuple[int, float]] = []
        for owner in self.owners:
            terms = [
                (column, plan.rates[source])
                for (name, source, p, s2, t2), column in self.covered.items()
                if (name, s2, t2) == (plan.name, s, t) and self.owner(p) == owner
            ]
            terms += [
                (column, plan.rates[source])
                for (source, name, who, s2, t2), column in self.idle.items()
                if (name, who, s2, t2) == (plan.name, owner, s, t)
            ]
            every += terms
            if isinstance(plan, SavingsPlan):
                bought = (int(self.active[plan.name, owner][t]), -1.0)
                self.row([*terms, bought], -np.inf, 0.0)
        if isinstance(plan, HeldSavingsPlan):
            there = plan.usd_per_hour if t < self.boundary(plan.expires_hours) else 0.0
            self.row(every, -np.inf, there)

    def _starts(self, source: OnDemand | Spot) -> None:
        lead = self.boundary(source.lead_hours)
        for t in range(min(lead, self.T)):
            for s in range(self.S):
                self.row(self.used(source.name, s, t), -np.inf, source.running)
        for t in range(lead, min(2 * lead, self.T)):
            started = self.column(0.0, "nobody")
            for s in range(self.S):
                missing = 0.0
                if isinstance(source, Spot):
                    row = self.of(Spot).index(source)
                    nodes = np.asarray(self.problem.scenarios.spot_nodes)[:, row, t]
                    missing = float(nodes.max() - nodes[s])
                terms = self.used(source.name, s, t)
                self.row([*terms, (started, -1.0)], -missing, 0.0)

    def _interruptions(self, row: int, source: Spot) -> None:
        rivals = [each.usd_per_hour for each in self.of(OnDemand) if each.type == source.type]
        redo = source.redo_usd_per_hour
        if redo is None:
            redo = min(rivals)
        nodes = np.asarray(self.problem.scenarios.spot_nodes)[:, row]
        for s in range(self.S):
            for t in range(self.T):
                terms = []
                for index, workload in enumerate(self.problem.workloads):
                    column = self.use.get((source.name, index, s, t))
                    if column is None:
                        continue
                    usd = workload.restart_hours * redo * self.weights[s]
                    hazard = usd * source.interruptions_per_hour * self.hours[t]
                    self.model.cost(column, hazard)
                    if self.owner(index) in self.spent:
                        self.spent[self.owner(index)].append((column, hazard))
                    lost = self.column(usd, self.owner(index))
                    self.row([(column, 1.0), (lost, -1.0)], 0.0, np.inf)
                    terms += [(column, 1.0), (lost, -1.0)]
                # Idle nodes are taken first, and lose nothing.
                if t + 1 < self.T:
                    self.row(terms, -np.inf, float(nodes[s, t + 1]))

    def _workload(self, index: int, workload: Workload) -> None:
        served = self._served(index, workload)
        price, limit = workload.shortage_usd_per_unit_hour, workload.shortage_limit
        allowed = price is not None or limit is not None
        short = np.array(
            [
                [
                    self.column(
                        (price or 0.0) * self.weights[s] * self.hours[t],
                        "nobody",
                        np.inf if allowed else 0.0,
                    )
                    for t in range(self.T)
                ]
                for s in range(self.S)
            ]
        )
        later = workload.deferrable_share if workload.max_delay_hours else 0.0
        for s in range(self.S):
            inflow: list[list[tuple[int, float]]] = [[] for _ in range(self.T)]
            for t in range(self.T):
                moved = []
                for u in range(t + 1, self.T):
                    if self.begin[u] - self.begin[t] <= workload.max_delay_hours and later:
                        column = self.column(0.0, "nobody")
                        moved.append((column, 1.0))
                        inflow[u].append((column, -1.0))
                self.row(moved, -np.inf, later * self.demand[s, index, t] * self.hours[t])
                inflow[t] += moved
            for t in range(self.T):
                terms = [
                    *((column, units * self.hours[t]) for column, units, _ in served[s][t]),
                    (int(short[s, t]), self.hours[t]),
                    *inflow[t],
                ]
                work = self.demand[s, index, t] * self.hours[t]
                self.row(terms, work, work)
                share = workload.spot_share
                by_source = [
                    (column, units * ((1 - share) if spot else -share))
                    for column, units, spot in served[s][t]
                ]
                self.row(by_source, -np.inf, 0.0)
        if limit is not None:
            self._shortage(index, workload, short)

    def _served(self, index: int, workload: Workload) -> list[list[list[tuple[int, float, bool]]]]:
        units = workload.units_per_node
        table: list[list[list[tuple[int, float, bool]]]] = [
            [[] for _ in range(self.T)] for _ in range(self.S)
        ]
        of_type = {each.name: each for each in self.problem.sources}
        for (name, p, s, t), column in self.use.items():
            if p == index:
                source: Any = of_type[name]
                table[s][t].append((column, units[source.type], isinstance(source, Spot)))
        for (_, name, p, s, t), column in self.covered.items():
            if p == index:
                source = of_type[name]
                table[s][t].append((column, units[source.type], False))
        return table

    def _shortage(self, index: int, workload: Workload, short: np.ndarray[Any, Any]) -> None:
        limit = workload.shortage_limit
        assert limit is not None
        work = (self.demand[:, index] * self.hours).sum(axis=1)
        if isinstance(limit, TailShortage | ChanceOfShortage):
            level = limit.level if isinstance(limit, TailShortage) else 1 - limit.probability
            threshold = self.column(0.0, "nobody")
            terms = [(threshold, 1.0)]
            for s in range(self.S):
                beyond = self.column(0.0, "nobody")
                terms.append((beyond, self.weights[s] / (1 - level)))
                if work[s]:
                    losses = [(int(short[s, t]), self.hours[t] / work[s]) for t in range(self.T)]
                    self.row([*losses, (threshold, -1.0), (beyond, -1.0)], -np.inf, 0.0)
            self.row(terms, -np.inf, limit.share)
            return
        terms = [
            (int(short[s, t]), self.weights[s] * self.hours[t])
            for s in range(self.S)
            for t in range(self.T)
        ]
        self.row(terms, -np.inf, limit.share * float(self.weights @ work))

    def _limits(self) -> None:
        limits = self.problem.limits
        if limits.carbon_cap_kg is not None:
            self.row(self.kg, -np.inf, limits.carbon_cap_kg)
        for owner, budget in limits.budgets_usd.items():
            self.row(self.spent[owner], -np.inf, budget)
