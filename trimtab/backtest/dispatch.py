"""What serves each hour above the commitment, and what that costs in units.

An hour is dispatched knowing the hours up to it, itself included: an autoscaler sees the demand that is
there, not the one to come. Several commitment paths (P) are dispatched at once; the loop is over hours,
since what runs on spot stays where it runs.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from trimtab.backtest.market import Market

Array = NDArray[np.float64]
Order = NDArray[np.intp]

HEDGE_EXTRA = 0.2
"""SpotHedge's over-provisioning as a share of the target; the paper (arXiv 2411.01438) leaves the
number to the operator."""


class Dispatch(Enum):
    """What serves the demand above the commitment."""

    ON_DEMAND = "on-demand"
    """On-demand, hour by hour."""
    SPOT = "greedy spot"
    """Spot as far as it goes and costs less than on-demand: what runs is kept, then the cheapest
    zone, of equal prices the one with the best mean availability so far; on-demand for the rest."""
    REACTIVE = "reactive"
    """On-demand, scaled down an hour after the demand fell."""
    HEDGED = "hedged spot"
    """SpotHedge: more spot than demanded, spread over the zones, on-demand while spot lacks."""


@dataclass(frozen=True, eq=False)
class Served:
    """Units by purchase option; P paths, Z zones, H hours.

    Attributes:
        on_demand: shape (P, H).
        spot: shape (P, Z, H).
        lost: spot units taken away at the start of the hour, shape (P, Z, H).
    """

    on_demand: Array
    spot: Array
    lost: Array


def merit_order(available: Array, usd_per_hour: Array) -> Order:
    """Which zone is filled first in each hour, shape (H, Z).

    The cheapest; of equal prices the one with the best mean availability in the hours before; then
    the first of the market's. Nothing later than an hour has a say in its order.

    Args:
        available: units per zone, shape (Z, H), from the first hour that was ever seen.
        usd_per_hour: shape (Z,).
    """
    zones, hours = available.shape
    seen = np.zeros((hours, zones))
    seen[1:] = (np.cumsum(available, axis=1) / np.arange(1, hours + 1)).T[:-1]
    place = np.broadcast_to(np.arange(zones), seen.shape)
    price = np.broadcast_to(usd_per_hour, seen.shape)
    return np.lexsort((place, -seen, price), axis=-1)


def serve(
    dispatch: Dispatch,
    committed: Array,
    demand: Array,
    available: Array,
    order: Order,
    market: Market,
) -> Served:
    """Dispatch H hours from a standing start: nothing runs on spot before the first.

    Args:
        dispatch: the rule.
        committed: units held, shape (P, H).
        demand: shape (H,).
        available: shape (Z, H).
        order: as `merit_order`, of these hours, shape (H, Z).
        market: the prices.
    """
    need = np.maximum(demand - committed, 0.0)
    shape = (len(need), len(available), len(demand))
    nothing = np.zeros(shape)
    if dispatch is Dispatch.REACTIVE:
        before = np.concatenate([need[:, :1], need[:, :-1]], axis=1)
        return Served(np.maximum(need, before), nothing, nothing)
    if dispatch is Dispatch.ON_DEMAND or not len(available):
        return Served(need, nothing, nothing)
    offered = affordable(available, market)
    if dispatch is Dispatch.SPOT:
        spot, lost = greedy(need, offered, order)
        return Served(np.maximum(need - spot.sum(axis=1), 0.0), spot, lost)
    pairs = [_hedged(row, offered) for row in need]
    spot, lost = np.stack([one for one, _ in pairs]), np.stack([other for _, other in pairs])
    target = need * (1 + HEDGE_EXTRA)
    return Served(np.clip(target - spot.sum(axis=1), 0.0, need), spot, lost)


def affordable(available: Array, market: Market) -> Array:
    """The availability of the zones whose price is below on-demand's; elsewhere none."""
    cheap = market.spot_usd_per_hour < market.on_demand_usd_per_hour
    return np.where(cheap[:, None], available, 0.0)


def greedy(need: Array, available: Array, order: Order) -> tuple[Array, Array]:
    """Spot units that run and that are lost in every hour, both (P, Z, H); see `greedy_hours`."""
    shape = (need.shape[1], len(need), len(available))
    spot, lost = np.zeros(shape), np.zeros(shape)
    for hour, (runs, gone) in enumerate(greedy_hours(need, available, order)):
        spot[hour], lost[hour] = runs, gone
    return spot.transpose(1, 2, 0), lost.transpose(1, 2, 0)


def greedy_hours(need: Array, available: Array, order: Order) -> Iterator[tuple[Array, Array]]:
    """Hour by hour the spot units that run and those that are lost at its start, both (P, Z).

    What runs and is still offered is kept, the worst zone given up first when less is needed; then
    the zones are filled in their order.

    Args:
        need: units above the commitment, shape (P, H).
        available: shape (Z, H).
        order: as `merit_order`, shape (H, Z).
    """
    runs = np.zeros((len(need), len(available)))
    for hour in range(need.shape[1]):
        offered, rank = available[:, hour], order[hour]
        gone = np.maximum(runs - offered, 0.0)
        kept = (runs - gone)[:, rank]
        wanted = need[:, hour : hour + 1]
        kept = np.minimum(kept, np.maximum(wanted - (np.cumsum(kept, axis=1) - kept), 0.0))
        room = offered[rank] - kept
        lack = wanted - kept.sum(axis=1, keepdims=True)
        kept += np.minimum(room, np.maximum(lack - (np.cumsum(room, axis=1) - room), 0.0))
        runs = np.empty_like(kept)
        runs[:, rank] = kept
        yield runs, gone


def _hedged(need: Array, available: Array) -> tuple[Array, Array]:
    """SpotHedge's spot units and losses, both (Z, H): the target and its extra, level over zones."""
    spot, lost = np.zeros(available.shape), np.zeros(available.shape)
    runs = np.zeros(len(available))
    for hour, wanted in enumerate(need * (1 + HEDGE_EXTRA)):
        offered = available[:, hour]
        gone = np.maximum(runs - offered, 0.0)
        kept = runs - gone
        grows = kept.sum() < wanted
        low, high = (kept, offered) if grows else (np.zeros_like(kept), kept)
        runs = _level(low, high, float(wanted))
        spot[:, hour], lost[:, hour] = runs, gone
    return spot, lost


def _level(low: Array, high: Array, total: float) -> Array:
    """As equal shares as the bounds allow that sum to the total, or to the bounds' own sum."""
    marks = np.sort(np.concatenate([low, high]))
    sums = np.clip(marks[:, None], low, high).sum(axis=1)
    share = np.interp(total, sums, marks)
    level: Array = np.clip(share, low, high)
    return level
