"""Which pool uses which holding, and as nodes of what.

All pools are at one site by then, and each has its base type; a holding elsewhere, of a type that suits
nobody, ended or not begun, is idle and says why.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from trimtab.catalogue.offers import Offer
from trimtab.clock import format_instant
from trimtab.errors import InputError
from trimtab.forecast.model import Array
from trimtab.inventory.model import HeldNodes, Inventory, OwnedNodes, SavingsPlan
from trimtab.plan.model import (
    BLOCK_DRAIN,
    CapacityBlock,
    HeldReservation,
    Owned,
    Purchase,
    Reserved,
)
from trimtab.plan.types import MAX_GROUPS
from trimtab.planning.economics import nodes_for
from trimtab.planning.holdings import HeldGroup, Holdings, Row, Span
from trimtab.planning.own_sites import unfit
from trimtab.planning.request import PoolRequest, Term
from trimtab.planning.supply import Supply

PLAN_GROUPS = 3
"""reserved, spot and on-demand stand beside the groups of what is held."""
_MERIT = {"owned": 0, "reserved": 1, "capacity-block": 2}


@dataclass(frozen=True)
class Candidate:
    """A pool that may use what is held: its offers at the site with units per node, recent demand."""

    request: PoolRequest
    supply: Supply
    offers: Sequence[tuple[Offer, float]]
    recent: Array

    def offer(self, instance_type: str) -> tuple[Offer, float] | None:
        """The offer of that type, where it suits the pool."""
        return next((o for o in self.offers if o[0].instance_type == instance_type), None)

    def committed_rate(self, term: Term) -> float | None:
        """Price of a base node under a commitment of that term."""
        base = self.supply.base
        return base.reserved_1y_usd_per_hour if term == "1y" else base.reserved_3y_usd_per_hour


def allocate(
    candidates: Sequence[Candidate], inventory: Inventory, span: Span
) -> tuple[list[Holdings], list[Row]]:
    """Which pool uses what; all pools are at one site.

    A holding that names its pool is that pool's. Any other goes to the pools that can use it, in the
    plan's order, to each as far as its highest recent demand reaches; what is left, to the first.

    Returns:
        What each candidate has, and the rows of what none of them uses.

    Raises:
        InputError: one pool would need more groups than a plan has.
    """
    site = candidates[0].supply.site
    taken: dict[str, list[tuple[Row, Offer, float]]] = {c.request.name: [] for c in candidates}
    idle: list[Row] = []
    room = {c.request.name: float(c.recent.max(initial=0.0)) for c in candidates}

    def give(c: Candidate, row: Row, offer: Offer, units: float) -> None:
        taken[c.request.name].append((row, offer, units))
        room[c.request.name] -= row.nodes * units

    for each in sorted(inventory.owned, key=lambda o: o.id):
        owner = next((c for c in candidates if c.request.name == each.pool), None)
        row = _row(each, span)
        why = unfit(each, owner.request) if owner else f"no pool {each.pool} is planned"
        if owner is None or why:
            idle.append(replace(row, pool=None, idle=why))
        else:
            give(owner, row, _owned_offer(each, owner.supply.base.as_of), each.units_per_node)
    held: list[HeldNodes | SavingsPlan] = [*inventory.nodes, *inventory.savings_plans]
    held.sort(key=lambda h: (h.pool is None, h.id))
    for holding in held:
        row = _row(holding, span)
        reason = _unusable(holding, row, candidates, span)
        left: float = holding.quantity if isinstance(holding, HeldNodes) else holding.usd_per_hour
        users = [
            (c, found)
            for c in candidates
            if not reason
            and holding.pool in (None, c.request.name)
            and (found := _nodes_in(holding, c))
        ]
        wants = [
            int(nodes_for(np.array([room[c.request.name]]), found[1])[0]) for c, found in users
        ]
        # What nobody needs is paid for all the same: it is there for the first one's peaks.
        spare = max(0, int(left / users[0][1][2] + 1e-9) - sum(wants)) if users else 0
        for i, (c, (offer, units, each_takes, price)) in enumerate(users):
            most = int(left / each_takes + 1e-9)
            nodes = min(most, wants[i] + (spare if i == 0 else 0))
            if nodes:
                left -= nodes * each_takes
                named = replace(
                    row,
                    pool=c.request.name,
                    nodes=nodes,
                    instance_type=offer.instance_type,
                    usd_per_node_hour=price,
                )
                give(c, named, offer, units)
        if isinstance(holding, HeldNodes) and left >= 1:
            unused = reason or f"no pool at {site.provider} {site.region} can run it"
            idle.append(replace(row, nodes=int(left), idle=unused))
        elif isinstance(holding, SavingsPlan) and left >= holding.usd_per_hour:
            unused = reason or "no pool's type has a committed rate that it could pay"
            idle.append(replace(row, idle=unused))
    return [
        _grouped(c.request, c.supply.base.instance_type, taken[c.request.name], span)
        for c in candidates
    ], idle


def own_holdings(
    request: PoolRequest, inventory: Inventory, span: Span
) -> tuple[Holdings, list[Row]]:
    """What a pool has that owned machines alone may serve, and the rows of what may not serve it.

    Raises:
        InputError: the pool would need more groups than a plan has.
    """
    taken: list[tuple[Row, Offer, float]] = []
    idle: list[Row] = []
    for each in sorted(inventory.owned, key=lambda o: o.id):
        if each.pool != request.name:
            continue
        row = _row(each, span)
        if why := unfit(each, request):
            idle.append(replace(row, pool=None, idle=why))
        else:
            taken.append((row, _owned_offer(each, span.start.date()), each.units_per_node))
    return _grouped(request, None, taken, span), idle


def _row(holding: HeldNodes | SavingsPlan | OwnedNodes, span: Span) -> Row:
    if isinstance(holding, OwnedNodes):
        return Row(
            holding.id, "owned", holding.pool, None, holding.instance_type, holding.quantity,
            holding.usd_per_hour, None, np.ones(span.windows, dtype=np.int64), basis=holding.basis,
        )  # fmt: skip
    if isinstance(holding, SavingsPlan):
        return Row(
            holding.id, "savings-plan", holding.pool, None, None, 0, None, holding.expires,
            span.active(holding.starts, holding.expires),
        )  # fmt: skip
    until = holding.expires
    if holding.option == "capacity-block" and until is not None:
        until = until - BLOCK_DRAIN
    option = "approved" if holding.id.startswith("approval ") else holding.option
    return Row(
        holding.id, option, holding.pool, None, holding.instance_type, holding.quantity,
        holding.usd_per_hour, holding.expires, span.active(holding.starts, until), holding.term,
        reservation=_reservation(holding), starts=holding.starts, zone=holding.zone,
    )  # fmt: skip


def _reservation(holding: HeldNodes) -> HeldReservation | None:
    """What the nodes of a targeted reservation ask for."""
    if not holding.targeted:
        return None
    return HeldReservation(
        id=None if holding.group_arn else holding.id,
        group_arn=holding.group_arn,
        zone=holding.zone,
    )


def _unusable(
    holding: HeldNodes | SavingsPlan, row: Row, candidates: Sequence[Candidate], span: Span
) -> str:
    """Why nobody can use a holding; empty where someone may."""
    site = candidates[0].supply.site
    if holding.provider != site.provider or holding.region not in (None, site.region):
        where = " ".join(filter(None, (holding.provider, holding.region)))
        return f"it is at {where}, the cluster at {site.provider} {site.region}"
    if holding.expires is not None and holding.expires <= span.start:
        return f"it ended {format_instant(holding.expires)}"
    if not row.active.any():
        return f"no whole window of the plan lies within it (from {format_instant(holding.starts)})"
    names = [c.request.name for c in candidates]
    if holding.pool is not None and holding.pool not in names:
        return f"no pool {holding.pool} is planned"
    return ""


def _nodes_in(
    holding: HeldNodes | SavingsPlan, c: Candidate
) -> tuple[Offer, float, float, float | None] | None:
    """How a pool would use a holding: offer, units a node, what a node takes of it, its price."""
    if isinstance(holding, SavingsPlan):
        rate, kinds = c.committed_rate(holding.term), holding.instance_types
        if rate is None or (kinds and c.supply.base.instance_type not in kinds):
            return None
        return c.supply.base, c.supply.units_per_node, rate, rate
    found = c.offer(holding.instance_type)
    if found is None:
        return None
    price = holding.usd_per_hour
    if price is None and holding.option == "odcr":
        price = found[0].on_demand_usd_per_hour
    return found[0], found[1], 1.0, price


def _grouped(
    request: PoolRequest,
    base: str | None,
    taken: Sequence[tuple[Row, Offer, float]],
    span: Span,
) -> Holdings:
    """What a pool has, by groups; nodes of its base type stand in the reserved one."""
    base_rows: list[Row] = []
    groups: dict[str, HeldGroup] = {}
    other_rows: list[Row] = []
    for row, offer, units in taken:
        same = offer.instance_type == base
        own_group = row.option in ("owned", "capacity-block") or row.reservation is not None
        if same and not own_group:
            base_rows.append(replace(row, group="reserved"))
            continue
        group = _group_of(row, offer, units)
        other_rows.append(replace(row, group=group.name))
        before = groups.get(group.name)
        groups[group.name] = _together(before, group) if before else group
    if len(groups) > MAX_GROUPS - PLAN_GROUPS:
        raise InputError(
            f"pool {request.name} would need {len(groups)} groups for what is held, more than "
            f"{MAX_GROUPS - PLAN_GROUPS}",
            where="--inventory",
            mend="bring holdings of one kind together, or give some to other pools",
        )
    order = sorted(groups.values(), key=lambda g: (_MERIT[g.purchase.option], g.name))
    return Holdings(span, tuple(order), tuple(base_rows), tuple(other_rows))


def _group_of(row: Row, offer: Offer, units: float) -> HeldGroup:
    purchase: Purchase
    if row.option == "owned":
        name, purchase = f"owned-{row.id}", Owned(site=offer.region)
    elif row.option == "capacity-block" and row.expires is not None:
        name = f"block-{row.id}"
        purchase = CapacityBlock(
            reservation_id=row.id, starts_at=row.starts, ends_at=row.expires, zone=row.zone
        )
    elif row.reservation is not None:
        name, purchase = f"held-{row.id}", Reserved(term="open", reservation=row.reservation)
    else:
        name, purchase = f"held-{offer.instance_type}", Reserved(term=row.term or "open")
    return HeldGroup(
        slug(name), purchase, offer, units, row.nodes * row.active, row.usd_per_node_hour
    )


def _together(one: HeldGroup, other: HeldGroup) -> HeldGroup:
    """Two holdings of one type in one group, at their mean price."""
    counts = float(one.nodes.mean()), float(other.nodes.mean())
    prices = one.usd_per_node_hour, other.usd_per_node_hour
    price = (
        None
        if prices[0] is None or prices[1] is None
        else (prices[0] * counts[0] + prices[1] * counts[1]) / max(sum(counts), 1e-9)
    )
    return replace(one, nodes=one.nodes + other.nodes, usd_per_node_hour=price)


def _owned_offer(owned: OwnedNodes, as_of: date) -> Offer:
    """An owned machine in the words of an offer: it has no list price anywhere."""
    return Offer(
        provider="owned",
        region=owned.site,
        instance_type=owned.instance_type,
        vcpu=None,
        memory_gib=None,
        accelerator=owned.accelerator,
        accelerator_count=owned.accelerator_count,
        architecture=owned.architecture,
        on_demand_usd_per_hour=None,
        spot_usd_per_hour=None,
        reserved_1y_usd_per_hour=None,
        reserved_3y_usd_per_hour=None,
        interruption_band=None,
        gco2e_per_hour=owned.gco2e_per_hour,
        as_of=as_of,
        source="inventory",
    )


def slug(text: str, limit: int = 40) -> str:
    """The text as a group's name: lower case, digits and single hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:limit].strip("-")
