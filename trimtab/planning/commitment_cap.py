"""A bound on what new commitments bind per hour, over all pools: the ones that save most stay.

Each pool's commitment is a stack of nodes, the lowest the surest. Nodes are given up from the tops, the
one that saves least per dollar bound first, until what is left is within the bound.
"""

import heapq
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from trimtab.forecast.model import Forecast
from trimtab.planning.commitment import Decision
from trimtab.planning.economics import nodes_for
from trimtab.planning.holdings import Holdings
from trimtab.planning.supply import Supply


def capped(
    decisions: Sequence[Decision],
    supplies: Sequence[Supply],
    ahead: Sequence[Forecast],
    holdings: Sequence[Holdings],
    usd_per_hour: float,
) -> list[Decision]:
    """The decisions, binding at most so much per hour together.

    Args:
        decisions: of each pool.
        supplies: what each runs.
        ahead: each one's forecast.
        holdings: what each has already; its nodes stand below the new ones.
        usd_per_hour: the bound.
    """
    prices = [supply.prices.committed or 0.0 for supply in supplies]
    nodes = [decision.nodes for decision in decisions]
    bound = sum(n * p for n, p in zip(nodes, prices, strict=True))
    needed = [
        np.sort(nodes_for(each.scenarios(), supply.units_per_node), axis=None)
        for each, supply in zip(ahead, supplies, strict=True)
    ]
    below = [
        int(held.lasting_units(supply.units_per_node) / supply.units_per_node)
        for held, supply in zip(holdings, supplies, strict=True)
    ]

    def saving(pool: int) -> float:
        """What the topmost node saves per dollar that it binds."""
        samples, level = needed[pool], below[pool] + nodes[pool]
        used = 1.0 - np.searchsorted(samples, level - 1, side="right") / len(samples)
        return float(used) * supplies[pool].prices.on_demand / max(prices[pool], 1e-9)

    heap = [(saving(i), i) for i, n in enumerate(nodes) if n]
    heapq.heapify(heap)
    while heap and bound > usd_per_hour + 1e-9:
        _, pool = heapq.heappop(heap)
        nodes[pool] -= 1
        bound -= prices[pool]
        if nodes[pool]:
            heapq.heappush(heap, (saving(pool), pool))
    return [
        decision
        if n == decision.nodes
        else replace(
            decision,
            nodes=n,
            guardrail=f"{n} of {decision.nodes} nodes, for new commitments may bind "
            f"${usd_per_hour:,.2f} an hour in all",
        )
        for decision, n in zip(decisions, nodes, strict=True)
    ]
