"""What a pool has before anything is bought: held commitments, owned machines, approved lines.

What is held is paid for whether it runs or not, so it is sunk: it is used first, and only what is
lacking is bought. Held nodes of the pool's own base type stand in its `reserved` group, where bought
ones will stand too, so that a purchase moves no node; other types have groups of their own. Savings
plans count as nodes of the base type at its committed rate. What ends inside the plan's span is a
decision: as many as the commitment rule still asks for are proposed for renewal, the rest lapses.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

import numpy as np

from trimtab.catalogue.offers import Offer
from trimtab.clock import format_instant
from trimtab.forecast.model import Array
from trimtab.plan.document import rounded
from trimtab.plan.evidence import HeldEvidence
from trimtab.plan.model import HeldReservation, Purchase
from trimtab.planning.economics import Nodes
from trimtab.planning.request import Term


@dataclass(frozen=True)
class Span:
    """The plan's span in windows of equal length (the last may be shorter)."""

    start: datetime
    hours: int
    window_hours: int

    @property
    def end(self) -> datetime:
        """The end of the last window."""
        return self.start + timedelta(hours=self.hours)

    @property
    def windows(self) -> int:
        """How many windows there are."""
        return -(-self.hours // self.window_hours)

    def active(self, starts: datetime, expires: datetime | None) -> Nodes:
        """1 in the windows that lie wholly within [starts, expires), else 0; shape (windows,)."""
        opens = [self.start + timedelta(hours=w * self.window_hours) for w in range(self.windows)]
        closes = [*opens[1:], self.end]
        return np.array(
            [
                starts <= first and (expires is None or last <= expires)
                for first, last in zip(opens, closes, strict=True)
            ],
            dtype=np.int64,
        )

    def hourly(self, per_window: Array | Nodes) -> Array:
        """Values per window as values per hour, shape (hours,)."""
        return np.repeat(np.asarray(per_window, np.float64), self.window_hours)[: self.hours]


@dataclass(frozen=True)
class HeldGroup:
    """Held nodes of one type that is not the pool's base; `nodes` per window."""

    name: str
    purchase: Purchase
    offer: Offer
    units_per_node: float
    nodes: Nodes
    usd_per_node_hour: float | None


@dataclass(frozen=True)
class Row:
    """One holding and the pool that uses it; no pool: nobody does, for `idle` says why.

    `reservation` names a targeted ODCR; `starts` and `zone` are a capacity block's;
    `basis` says how an owned machine's price came about.
    """

    id: str
    option: str
    pool: str | None
    group: str | None
    instance_type: str | None
    nodes: int
    usd_per_node_hour: float | None
    expires: datetime | None
    active: Nodes
    term: Term | None = None
    idle: str = ""
    reservation: HeldReservation | None = None
    starts: datetime | None = None
    zone: str | None = None
    basis: str = ""


@dataclass(frozen=True)
class Renewal:
    """Nodes of a holding that ends inside the span, to be bought again from then on."""

    id: str
    nodes: int
    starts: datetime


@dataclass(frozen=True)
class Committed:
    """Committed base nodes with what each costs.

    Attributes:
        nodes: held, renewed and new ones, per window.
        new: of them those to be bought for the whole span.
        renewals: those to be bought in the place of what ends.
        usd_per_hour: of all, run or not, mean over the span.
    """

    nodes: Nodes
    new: int
    renewals: tuple[Renewal, ...]
    usd_per_hour: float


@dataclass(frozen=True)
class Holdings:
    """What one pool has. `base_rows` are nodes of its base type, `groups` of others."""

    span: Span
    groups: tuple[HeldGroup, ...] = ()
    base_rows: tuple[Row, ...] = ()
    other_rows: tuple[Row, ...] = ()

    @cached_property
    def base(self) -> Nodes:
        """Held base nodes per window."""
        held = np.zeros(self.span.windows, dtype=np.int64)
        return sum((row.nodes * row.active for row in self.base_rows), start=held)

    @cached_property
    def served(self) -> Array:
        """Demand that the groups of other types serve, per hour, shape (hours,)."""
        units = np.zeros(self.span.windows, dtype=np.float64)
        for group in self.groups:
            units += group.nodes * group.units_per_node
        return self.span.hourly(units)

    @property
    def sunk_usd_per_hour(self) -> float:
        """What the groups of other types cost, run or not; the base's is in `committed`."""
        each = (self.span.hourly(g.nodes) * (g.usd_per_node_hour or 0.0) for g in self.groups)
        return float(sum((hours.mean() for hours in each), start=0.0))

    def lasting_units(self, base_units: float) -> float:
        """Demand that is still served by what is held when the span has ended."""
        other = sum(float(g.nodes[-1]) * g.units_per_node for g in self.groups)
        expiring = {row.id for row in self.base_rows if self.ends_inside(row)}
        base = sum(
            row.nodes * int(row.active[-1]) for row in self.base_rows if row.id not in expiring
        )
        return other + base * base_units

    def ends_inside(self, row: Row) -> bool:
        """Whether a holding ends within the span, so that its renewal is to be decided."""
        return row.expires is not None and row.expires <= self.span.end

    def committed(self, lacking: int, usd_per_node_hour: float | None) -> Committed:
        """The base nodes when so many are lacking beside what lasts.

        Of the lacking ones, those that a holding which ends inside the span still has are renewed
        when it ends; the others are new.
        """
        nodes, left = self.base.copy(), lacking
        renewals: list[Renewal] = []
        for row in sorted(self.base_rows, key=lambda r: (r.expires or self.span.end, r.id)):
            # A savings plan or reservation without a term is not a line that can be bought again.
            if not (left and self.ends_inside(row) and row.active.any() and row.term):
                continue
            renewed = min(row.nodes, left)
            left -= renewed
            last = int(np.flatnonzero(row.active)[-1])
            nodes[last + 1 :] += renewed
            renewals.append(Renewal(row.id, renewed, row.expires or self.span.end))
        nodes = nodes + left
        price = usd_per_node_hour or 0.0
        held_usd = sum(
            float(self.span.hourly(row.active * row.nodes).mean()) * (row.usd_per_node_hour or 0.0)
            for row in self.base_rows
        )
        bought = float(self.span.hourly(nodes - self.base).mean()) * price
        return Committed(nodes, left, tuple(renewals), held_usd + bought)


def evidence(
    holdings: Holdings, committed: Committed, needed: Array, utilisation: float
) -> list[HeldEvidence]:
    """What the plan does with each holding of a pool.

    Args:
        holdings: the pool's.
        committed: its base nodes, with the renewals.
        needed: expected demand per hour, shape (hours,), that tells how far other types are used.
        utilisation: part of the base nodes' hours that the forecast needs.
    """
    renewed = {renewal.id: renewal.nodes for renewal in committed.renewals}
    rows = []
    for row in (*holdings.base_rows, *holdings.other_rows):
        base = row.group == "reserved"
        used = utilisation if base else _utilisation(row, holdings, needed)
        rows.append(_evidence(row, holdings.ends_inside(row), renewed.get(row.id, 0), used))
    return rows


def idle_evidence(row: Row) -> HeldEvidence:
    """A holding that no pool uses."""
    return _evidence(row, False, 0, None)


def _evidence(row: Row, ends: bool, renewed: int, used: float | None) -> HeldEvidence:
    if row.idle:
        decision, reason = "idle", row.idle
    elif not ends:
        decision, reason = "used", "paid for whether it runs or not, so it is used first"
    elif renewed:
        when = format_instant(row.expires) if row.expires else ""
        lapses = f", {row.nodes - renewed} lapse" if renewed < row.nodes else ""
        decision = "renewed"
        reason = f"ends {when}; {renewed} of {row.nodes} nodes are proposed again{lapses}"
    else:
        when = format_instant(row.expires) if row.expires else ""
        decision = "lapses"
        reason = (
            f"ends {when}; what lasts beside it, or is cheaper, serves the demand that pays for "
            "a commitment"
            if row.term
            else f"ends {when}; it can't be renewed as it is"
        )
    return HeldEvidence.model_validate(
        {
            "id": row.id,
            "option": row.option,
            "pool": row.pool if not row.idle else None,
            "group": row.group if not row.idle else None,
            "instance_type": row.instance_type,
            "nodes": row.nodes,
            "usd_per_hour": None
            if row.usd_per_node_hour is None
            else rounded(row.usd_per_node_hour),
            "basis": row.basis or None,
            "expires": row.expires,
            "decision": decision,
            "utilisation": None if used is None else rounded(min(1.0, used)),
            "reason": reason,
        }
    )


def _utilisation(row: Row, holdings: Holdings, needed: Array) -> float:
    """Part of the hours' nodes that expected demand needs, of the row's group in merit order."""
    left = needed
    for group in holdings.groups:
        nodes = holdings.span.hourly(group.nodes)
        used = np.minimum(nodes, np.ceil(left / group.units_per_node))
        if group.name == row.group:
            return float(used.sum() / nodes.sum()) if nodes.sum() else 0.0
        left = np.maximum(left - nodes * group.units_per_node, 0.0)
    return 0.0
