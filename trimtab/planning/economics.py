"""What a mix of purchase options costs, and the commitment level that minimises it.

Everything is counted in nodes of the pool's base offer. Per hour, n nodes are needed; C are committed
and paid for whether used or not; of the rest spot serves as much as it may, at most a share of the
n nodes; on-demand serves what is left. Pure arithmetic on arrays.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimtab.catalogue.offers import InterruptionBand
from trimtab.clock import HOURS_PER_MONTH

Nodes = NDArray[np.int64]

OPEN_BAND_PERCENT = 35.0
"""Where AWS's open-ended top band (over 20 %) is taken to lie; a stated guess, and the one used where
no band is known, since published traces (Can't Be Late, NSDI'24) show far worse."""
ROUNDING = 1e-6
"""Demand that exceeds whole nodes by less than this share of a node is no extra node."""


@dataclass(frozen=True)
class Prices:
    """US dollars per hour of one base node.

    Attributes:
        on_demand: list price.
        committed: the commitment's price, paid whether used or not; None where there is none.
        spot: spot price with the expected cost of interruptions; None where spot is not used.
        spot_share: largest share of the needed nodes that spot may serve.
    """

    on_demand: float
    committed: float | None = None
    spot: float | None = None
    spot_share: float = 0.0


@dataclass(frozen=True)
class Split:
    """Nodes by purchase option, same shape as the needed nodes; committed counts what is used."""

    committed: Nodes
    spot: Nodes
    on_demand: Nodes


def nodes_for(demand: NDArray[np.floating[Any]], units_per_node: float) -> Nodes:
    """Whole nodes that serve a demand; same shape."""
    nodes: Nodes = np.ceil(demand / units_per_node - ROUNDING).clip(min=0).astype(np.int64)
    return nodes


def split(needed: Nodes, committed: int | Nodes, spot_share: float) -> Split:
    """Which option serves what, in merit order: committed, spot, on-demand.

    `committed` may change along the last axis of the needed nodes.
    """
    used = np.minimum(needed, committed)
    rest = needed - used
    spot = np.minimum(rest, np.floor(spot_share * needed + ROUNDING).astype(np.int64))
    return Split(used, spot, rest - spot)


def hourly_cost(needed: Nodes, committed: int, prices: Prices) -> NDArray[np.float64]:
    """Cost per hour of serving the needed nodes; same shape.

    Raises:
        ValueError: nodes are committed and there is no price for it.
    """
    if committed and prices.committed is None:
        raise ValueError("a commitment has no price")
    parts = split(needed, committed, prices.spot_share if prices.spot is not None else 0.0)
    cost: NDArray[np.float64] = (
        committed * (prices.committed or 0.0)
        + parts.spot * (prices.spot or 0.0)
        + parts.on_demand * prices.on_demand
    )
    return cost


def best_commitment(needed: Nodes, prices: Prices) -> int:
    """The commitment that minimises the mean of `hourly_cost` over equally likely needs.

    In closed form: one more committed node saves the on-demand price whenever on-demand is in use
    above it, else the spot price whenever spot is. Savings fall as the commitment grows; the level
    is the last one whose saving exceeds its price. Without spot this is F⁻¹(1 - c/p).

    Args:
        needed: equally likely needs, any shape, not empty.
        prices: of one node.
    """
    if prices.committed is None:
        return 0
    samples = np.sort(needed, axis=None)
    spot_share = prices.spot_share if prices.spot is not None else 0.0
    by_spot = np.floor(spot_share * samples + ROUNDING).astype(np.int64)
    # Above this many committed nodes, an hour needs no on-demand node any more. It rises with the
    # need, since of one more node spot takes at most one.
    on_demand_until = samples - by_spot
    levels = np.arange(samples[-1], dtype=np.int64)
    in_use = 1.0 - np.searchsorted(samples, levels, side="right") / len(samples)
    on_demand = 1.0 - np.searchsorted(on_demand_until, levels, side="right") / len(samples)
    saving = prices.on_demand * on_demand + (prices.spot or 0.0) * (in_use - on_demand)
    return int((saving > prices.committed).sum())


def interruptions_per_hour(band: InterruptionBand | None) -> float:
    """Expected interruptions of one spot node per hour, from the share interrupted in a month."""
    if band is None or band.high_percent >= 100:
        percent = OPEN_BAND_PERCENT
    else:
        percent = (band.low_percent + band.high_percent) / 2
    return -math.log1p(-percent / 100) / HOURS_PER_MONTH


def effective_spot_price(
    spot: float, on_demand: float, band: InterruptionBand | None, restart_hours: float
) -> float:
    """Spot price of a node-hour with what its interruptions are expected to cost.

    An interruption loses `restart_hours` of one node's work, done again at the on-demand price.
    """
    return spot + interruptions_per_hour(band) * restart_hours * on_demand
