"""The commitment lines that a pool proposes: new ones, and renewals of what ends."""

from typing import Any

import numpy as np

from trimtab.clock import format_instant
from trimtab.inventory.purchase import line_digest
from trimtab.plan.document import rounded
from trimtab.plan.model import Commitment
from trimtab.planning.economics import Nodes
from trimtab.planning.holdings import Committed, Renewal, Span
from trimtab.planning.request import PoolRequest
from trimtab.planning.supply import Supply

TERM_HOURS = {"1y": 8_760, "3y": 26_280}


def proposals(
    request: PoolRequest, supply: Supply, committed: Committed, needed: Nodes, span: Span
) -> tuple[Commitment, ...]:
    """The lines, new nodes first.

    Args:
        request: the pool.
        supply: its base offer and prices.
        committed: held, renewed and new base nodes.
        needed: base nodes that scenarios need, shape (scenarios, hours).
        span: the plan's.
    """
    price, term = supply.prices.committed, supply.term
    if price is None or term is None:
        return ()
    parts: list[tuple[int, Renewal | None]] = [(committed.new, None)]
    parts += [(renewal.nodes, renewal) for renewal in committed.renewals]
    # Nodes are counted from below: what lasts, what is renewed, what is new.
    top = np.repeat(committed.nodes, span.window_hours)[: span.hours]
    lines = []
    for quantity, renewal in parts:
        if quantity:
            beyond = needed - (top - quantity)
            lines.append(_line(request, supply, quantity, beyond, renewal))
        top = top - quantity
    return tuple(lines)


def _line(
    request: PoolRequest, supply: Supply, quantity: int, beyond: Nodes, renewal: Renewal | None
) -> Commitment:
    """One line; `beyond` counts the nodes that are needed above what stands below it."""
    price, term = supply.prices.committed or 0.0, supply.term or "1y"
    identity: dict[str, Any] = {
        "pool": request.name,
        "provider": supply.site.provider,
        "region": supply.site.region,
        "instanceType": supply.base.instance_type,
        "term": term,
        "quantity": quantity,
        "usdPerHour": rounded(price),
    }
    if renewal:
        identity |= {"renews": renewal.id, "starts": format_instant(renewal.starts)}
    return Commitment(
        digest=line_digest(identity),
        pool=request.name,
        group="reserved",
        provider=supply.site.provider,
        region=supply.site.region,
        instance_type=supply.base.instance_type,
        term=term,
        quantity=quantity,
        usd_per_hour=rounded(price),
        on_demand_usd_per_hour=rounded(supply.prices.on_demand),
        binding_usd=rounded(price * quantity * TERM_HOURS[term]),
        break_even_utilisation=rounded(price / supply.prices.on_demand),
        expected_utilisation=rounded(float(np.clip(beyond, 0, quantity).mean()) / quantity),
        last_node_utilisation=rounded(float((beyond >= quantity).mean())),
        renews=renewal.id if renewal else None,
        starts=renewal.starts if renewal else None,
    )
