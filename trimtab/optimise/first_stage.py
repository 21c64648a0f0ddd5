"""The columns that are decided before anything is known: commitments, blocks, renewals, releases.

A commitment k of owner group g is active in period t by recursion, a_t = a_t-1 + starts at t - expiries
at t, not by a row per period over a whole term of purchases: far fewer entries. A renewal starts at the
expiry of what it renews, without lead time. Terms and expiries fall on the nearest period boundary.
"""

from dataclasses import dataclass, field

import numpy as np

from trimtab.optimise.draft import Condition, Draft, Part, Purchase
from trimtab.optimise.layout import Layout
from trimtab.optimise.lp import Array, Indices
from trimtab.optimise.problem import (
    CapacityBlock,
    HeldReservation,
    HeldSavingsPlan,
    Reservation,
    SavingsPlan,
)

Place = tuple[str, str]
"""A type at a site."""


@dataclass(frozen=True, eq=False)
class Committed:
    """First-stage capacity, by period.

    Attributes:
        active: product or block to its columns (G, T), -1 where it can't be active.
        unit: nodes (or USD/h) per unit of those columns.
        fixed: (T,) of what is held and can't be given back.
        released: (T,) columns of what is held and can.
        places: type and site to the sources there, what is held first.
        plans: savings plans, on sale or held.
    """

    active: dict[str, Indices] = field(default_factory=dict)
    unit: dict[str, float] = field(default_factory=dict)
    fixed: dict[str, Array] = field(default_factory=dict)
    released: dict[str, Indices] = field(default_factory=dict)
    places: dict[Place, list[str]] = field(default_factory=dict)
    plans: list[SavingsPlan | HeldSavingsPlan] = field(default_factory=list)

    def is_held(self, name: str) -> bool:
        """Whether a source is held rather than on sale."""
        return name in self.fixed or name in self.released

    def level(self, name: str, group: int, x: Array) -> Array:
        """(T,) nodes of a source, of the group if it is the group's own."""
        if name in self.fixed:
            return self.fixed[name]
        if name in self.released:
            return x[self.released[name]]
        columns = self.active[name][group]
        return np.where(columns >= 0, x[columns], 0.0) * self.unit[name]


def first_stage(draft: Draft, layout: Layout) -> Committed:
    """Write the columns and rows of every commitment."""
    committed = Committed()
    sources = draft.data.problem.sources
    for source in sources:
        if isinstance(source, HeldReservation):
            committed.places.setdefault((source.type, source.site), []).append(source.name)
            _held(draft, committed, source)
        elif isinstance(source, HeldSavingsPlan):
            _held(draft, committed, source)
            committed.plans.append(source)
    for source in sources:
        if isinstance(source, CapacityBlock):
            committed.places.setdefault((source.type, source.site), []).append(source.name)
            _block(draft, layout, committed, source)
    for source in sources:
        if isinstance(source, Reservation | SavingsPlan):
            if isinstance(source, Reservation):
                committed.places.setdefault((source.type, source.site), []).append(source.name)
            else:
                committed.plans.append(source)
            renewals = [
                each
                for each in sources
                if isinstance(each, HeldReservation | HeldSavingsPlan)
                and each.renewal == source.name
            ]
            _product(draft, layout, committed, source, renewals)
    return committed


def _held(draft: Draft, committed: Committed, source: HeldReservation | HeldSavingsPlan) -> None:
    data = draft.data
    until = np.arange(draft.periods) < data.boundary(source.expires_hours)
    if isinstance(source, HeldSavingsPlan):
        amount, usd_per_hour, releasable = source.usd_per_hour, 1.0, False
    else:
        amount, usd_per_hour = source.nodes, source.usd_per_hour
        releasable = source.releasable
    if not releasable:
        committed.fixed[source.name] = np.where(until, amount, 0.0)
        draft.constant_usd += amount * usd_per_hour * float(data.hours @ until)
        return
    kept = draft.model.columns((draft.periods,), upper=amount * until)
    draft.charge(Part.HELD, -1, kept, usd_per_hour * data.hours)
    falling = draft.model.rows((draft.periods - 1,), upper=0.0)
    draft.model.add(falling, kept[1:], 1.0)
    draft.model.add(falling, kept[:-1], -1.0)
    committed.released[source.name] = kept


def _block(draft: Draft, layout: Layout, committed: Committed, source: CapacityBlock) -> None:
    groups = len(layout.groups)
    steps = draft.model.columns((groups,))
    active = np.full((groups, draft.periods), -1)
    for group in range(groups):
        usd = source.usd_per_node * source.step_nodes
        draft.charge(Part.COMMITMENTS, group, steps[group : group + 1], usd)
        active[group, source.first : source.end] = steps[group]
        draft.purchases.append(
            Purchase(
                source.name, group, source.first, int(steps[group]), source.step_nodes, whole=True
            )
        )
    row = draft.model.rows((1,), upper=source.max_nodes)
    draft.model.add(row, steps, source.step_nodes)
    draft.name(Condition.QUANTITY, source.name, source.max_nodes, row)
    committed.active[source.name] = active
    committed.unit[source.name] = source.step_nodes


def _product(
    draft: Draft,
    layout: Layout,
    committed: Committed,
    product: Reservation | SavingsPlan,
    renewals: list[HeldReservation | HeldSavingsPlan],
) -> None:
    data, model = draft.data, draft.model
    groups, periods = len(layout.groups), draft.periods
    active = model.columns((groups, periods))
    usd_per_hour = product.usd_per_hour if isinstance(product, Reservation) else 1.0
    for group in range(groups):
        draft.charge(Part.COMMITMENTS, group, active[group], usd_per_hour * data.hours)
    flow = model.rows((groups, periods), lower=0.0, upper=0.0)
    model.add(flow, active, 1.0)
    model.add(flow[:, 1:], active[:, :-1], -1.0)
    whole = isinstance(product, Reservation)

    def start(period: int, columns: Indices, renews: str | None) -> None:
        expiry = data.boundary(float(data.begin[period]) + product.term_hours)
        model.add(flow[:, period], columns, -1.0)
        if expiry < periods:
            model.add(flow[:, expiry], columns, 1.0)
        for group in range(groups):
            column = int(columns[group])
            draft.purchases.append(
                Purchase(product.name, group, period, column, 1.0, whole, renews)
            )

    for period in start_periods(draft, product):
        start(period, model.columns((groups,)), None)
    for held in renewals:
        expiry = data.boundary(held.expires_hours)
        if expiry < periods:
            amount = held.nodes if isinstance(held, HeldReservation) else held.usd_per_hour
            columns = model.columns((groups,))
            model.add(model.rows((1,), upper=amount), columns, 1.0)
            start(expiry, columns, held.name)
    most = product.max_nodes if isinstance(product, Reservation) else product.max_usd_per_hour
    if most is not None:
        rows = model.rows((periods,), upper=most)
        model.add(rows, active, 1.0)
        draft.name(Condition.QUANTITY, product.name, most, rows)
    committed.active[product.name] = active
    committed.unit[product.name] = 1.0


def start_periods(draft: Draft, product: Reservation | SavingsPlan) -> tuple[int, ...]:
    """The periods in which a purchase may start."""
    if product.starts is not None:
        return product.starts
    earliest = draft.data.first_from(product.lead_hours)
    if product.term_hours > draft.data.horizon_hours:
        return (earliest,) if earliest < draft.periods else ()
    return tuple(range(earliest, draft.periods))
