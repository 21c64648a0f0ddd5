"""What a horizon would have cost with perfect foresight: the denominator of a backtest's regret.

One SKU, whole demand served in every hour t, from commitments k, on-demand and spot zones z:

    minimise  Σ c_k a_kt + p_o o_t + Σ p_zt s_zt + κ w_zt + carbon
    a_kt = a_k,t-1 + r_kt - r_k,t-L,   Σ_k a_kt + o_t + Σ_z s_zt ≥ d_t,
    s_zt ≤ A_zt,   w_zt ≥ s_z,t-1 - A_zt      (forced interruptions)

Since w depends on s of one hour only, an hour's spot is a merit order of its own: min(A_zt, A_z,t+1)
nodes that survive the hour at p_zt, and the rest at p_zt + κ. So the programme needs one column per
distinct price in an hour, not per zone; the split over zones follows from the merit order afterwards,
and is exact. Quantities may be fractional; with whole demand and availability an optimal basis is whole.

A horizon cuts terms short. By default a commitment is charged for its hours inside the horizon only,
which favours buying late; `full_term` charges what is bought to the end of its term.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trimtab.errors import EngineError, InputError
from trimtab.optimise.lp import Array, Model, Status, solve


@dataclass(frozen=True)
class Product:
    """A commitment on sale: paid for every hour of its term, used or not."""

    name: str
    usd_per_hour: float
    term_hours: int


@dataclass(frozen=True)
class Optimum:
    """The cheapest that could have been done; K products, Z zones, T hours.

    Attributes:
        usd: its cost over the horizon; what was held before is not in it.
        committed: (K, T) nodes committed by this optimum's own purchases.
        on_demand: (T,) nodes.
        spot: (Z, T) nodes.
        interruptions: (Z, T) spot nodes taken away at the start of the hour.
        purchases: (K, T) nodes bought at the start of the hour.
    """

    usd: float
    committed: Array
    on_demand: Array
    spot: Array
    interruptions: Array
    purchases: Array


def clairvoyant(
    demand: ArrayLike,
    on_demand_usd_per_hour: ArrayLike,
    products: Sequence[Product],
    spot_available: ArrayLike,
    spot_usd_per_hour: ArrayLike,
    interruption_usd: float,
    *,
    full_term: bool = False,
    carbon_usd: ArrayLike | None = None,
    held: ArrayLike | None = None,
    purchase_hours: ArrayLike | None = None,
) -> Optimum:
    """The perfect-foresight optimum.

    Args:
        demand: (T,) nodes needed.
        on_demand_usd_per_hour: scalar or (T,).
        products: commitments on sale; may be none.
        spot_available: (Z, T) nodes that spot offers; Z may be 0.
        spot_usd_per_hour: (Z,) or (Z, T); NaN only where nothing is available.
        interruption_usd: κ, the cost of one node's forced interruption.
        full_term: charge a purchase to the end of its term, beyond the horizon too.
        carbon_usd: what the carbon of a running node-hour costs: (T,) for all alike, or (1 + Z, T)
            with on-demand and commitments first, then the zones. Idle commitments emit nothing.
        held: (T,) nodes held from before the horizon; paid anyway, so not charged here.
        purchase_hours: (T,) booleans, true where a purchase may start; all, if None.

    Raises:
        InputError: a shape does not fit, or a figure is negative, missing or not finite.
        EngineError: the solver is missing or failed.
    """
    market = _Market.of(demand, on_demand_usd_per_hour, spot_available, spot_usd_per_hour)
    if not np.isfinite(interruption_usd) or interruption_usd < 0:
        raise InputError(f"{interruption_usd} USD is no cost", where="interruption_usd")
    hours = len(market.demand)
    zones = len(market.available)
    carbon = _carbon(carbon_usd, zones, hours)
    caps, prices = market.segments(float(interruption_usd))
    # Every hour's demand pays the home site's carbon; a zone pays or saves the difference to it.
    prices = prices + np.tile(carbon[1:] - carbon[0], (2, 1))
    own = _shaped(held, "held", (hours,)) if held is not None else np.zeros(hours)
    # What is cheaper than nothing runs ahead of commitments already paid, up to the whole demand.
    first = _fill(market.demand, caps, np.where(prices < 0, prices, np.inf))
    need = np.maximum(market.demand - first.sum(axis=0) - own, 0.0)
    useful = np.where((prices >= 0) & (prices < market.on_demand), caps, 0.0)
    bought, active = _commit(
        need, market.on_demand, products, useful, prices, full_term, _starts(purchase_hours, hours)
    )
    rest = np.maximum(need - active.sum(axis=0), 0.0)
    segments = first + _fill(rest, useful, prices)
    spot = segments[:zones] + segments[zones:]
    lost = np.zeros_like(spot)
    lost[:, 1:] = np.maximum(spot[:, :-1] - market.available[:, 1:], 0.0)
    on_demand = np.maximum(rest - (segments - first).sum(axis=0), 0.0)
    rates = np.array([product.usd_per_hour for product in products])
    terms = np.array([product.term_hours for product in products])
    paid = bought.sum(axis=1) * terms if full_term else active.sum(axis=1)
    usd = (
        float(rates @ paid)
        + float(market.on_demand @ on_demand)
        + float((prices * segments).sum())
        + float(carbon[0] @ market.demand)
    )
    return Optimum(usd, active, on_demand, spot, lost, bought)


@dataclass(frozen=True)
class _Market:
    """Checked arrays: demand and on-demand (T,), spot depth and price (Z, T)."""

    demand: Array
    on_demand: Array
    available: Array
    spot: Array

    @classmethod
    def of(
        cls, demand: ArrayLike, on_demand: ArrayLike, available: ArrayLike, spot: ArrayLike
    ) -> "_Market":
        needed = np.asarray(demand, dtype=np.float64)
        if needed.ndim != 1 or not len(needed):
            raise InputError(f"a shape of {needed.shape}, not (hours,)", where="demand")
        hours = len(needed)
        depth = np.asarray(available, dtype=np.float64).reshape(-1, hours)
        price = np.asarray(spot, dtype=np.float64)
        price = price[:, None] if price.ndim == 1 else price.reshape(-1, hours)
        if len(price) != len(depth):
            raise InputError(
                f"{len(price)} zones have a price and {len(depth)} an availability",
                where="spot_usd_per_hour",
            )
        price = np.where(depth > 0, price, 0.0)
        return cls(
            _shaped(needed, "demand", (hours,)),
            _shaped(on_demand, "on_demand_usd_per_hour", (hours,)),
            _shaped(depth, "spot_available", depth.shape),
            _shaped(price, "spot_usd_per_hour", depth.shape),
        )

    def segments(self, interruption_usd: float) -> tuple[Array, Array]:
        """Caps and prices (2 Z, T): the nodes of each zone that survive the hour, then the rest."""
        after = np.concatenate([self.available[:, 1:], self.available[:, -1:]], axis=1)
        safe = np.minimum(self.available, after)
        caps = np.concatenate([safe, self.available - safe])
        return caps, np.concatenate([self.spot, self.spot + interruption_usd])


def _commit(
    need: Array,
    on_demand: Array,
    products: Sequence[Product],
    caps: Array,
    prices: Array,
    full_term: bool,
    may_start: NDArray[np.bool_],
) -> tuple[Array, Array]:
    """Purchases and active commitments, both (K, T)."""
    hours = len(need)
    if not products:
        return np.zeros((0, hours)), np.zeros((0, hours))
    for each in products:
        if not np.isfinite(each.usd_per_hour) or each.usd_per_hour < 0 or each.term_hours < 1:
            raise InputError(
                f"{each.usd_per_hour} USD an hour over {each.term_hours} h is no commitment",
                where=f"products, {each.name}",
                mend="give a price of 0 or more and a term of at least an hour",
            )
    rates = np.array([[product.usd_per_hour] for product in products])
    terms = np.array([[product.term_hours] for product in products])
    shape = (len(products), hours)
    model = Model()
    starts = model.columns(
        shape, cost=rates * terms if full_term else 0.0, upper=np.where(may_start, np.inf, 0.0)
    )
    active = model.columns(shape, cost=0.0 if full_term else rates)
    hour, price, cap = _merged(caps, prices, need)
    spot = model.columns((len(hour),), cost=price, upper=cap)
    bought = model.columns((hours,), cost=on_demand)
    cover = model.rows((hours,), lower=need)
    model.add(cover, active, 1.0)
    model.add(cover, bought, 1.0)
    model.add(cover[hour], spot, 1.0)
    # The recursion, not a row per hour over a whole term of purchases: far fewer entries.
    flow = model.rows(shape, lower=0.0, upper=0.0)
    model.add(flow, active, 1.0)
    model.add(flow[:, 1:], active[:, :-1], -1.0)
    model.add(flow, starts, -1.0)
    for row, product in enumerate(products):
        if product.term_hours < hours:
            ends = starts[row, : hours - product.term_hours]
            model.add(flow[row, product.term_hours :], ends, 1.0)
    outcome = solve(model.arrays())
    if outcome.status is not Status.OPTIMAL:
        raise EngineError(f"the clairvoyant programme is {outcome.status.value}")
    values = np.where(np.abs(outcome.x) < 1e-9, 0.0, outcome.x)
    return values[starts], values[active]


def _merged(caps: Array, prices: Array, need: Array) -> tuple[NDArray[np.int64], Array, Array]:
    """The hour, price and cap of each distinct price in an hour, up to what the hour needs."""
    order = np.argsort(prices, axis=0, kind="stable")
    sorted_caps = np.take_along_axis(caps, order, axis=0)
    above = np.cumsum(sorted_caps, axis=0) - sorted_caps
    sorted_caps = np.minimum(sorted_caps, np.maximum(need - above, 0.0))
    sorted_prices = np.take_along_axis(prices, order, axis=0)
    cap, price = sorted_caps.T.ravel(), sorted_prices.T.ravel()
    hour = np.repeat(np.arange(len(need)), len(caps))
    some = cap > 0
    hour, price, cap = hour[some], price[some], cap[some]
    if not len(hour):
        return hour, price, cap
    new = (np.diff(hour, prepend=-1) != 0) | (np.diff(price, prepend=np.nan) != 0)
    first = np.flatnonzero(new)
    return hour[first], price[first], np.add.reduceat(cap, first)


def _fill(need: Array, caps: Array, prices: Array) -> Array:
    """What each segment serves in merit order; infinite prices serve nothing."""
    usable = np.where(np.isinf(prices), 0.0, caps)
    order = np.argsort(prices, axis=0, kind="stable")
    sorted_caps = np.take_along_axis(usable, order, axis=0)
    above = np.cumsum(sorted_caps, axis=0) - sorted_caps
    used = np.minimum(sorted_caps, np.maximum(need - above, 0.0))
    filled = np.zeros_like(caps)
    np.put_along_axis(filled, order, used, axis=0)
    return filled


def _carbon(carbon_usd: ArrayLike | None, zones: int, hours: int) -> Array:
    if carbon_usd is None:
        return np.zeros((1 + zones, hours))
    given = np.asarray(carbon_usd, dtype=np.float64)
    if given.ndim == 1:
        given = np.broadcast_to(given, (1 + zones, len(given)))
    return _shaped(given, "carbon_usd", (1 + zones, hours))


def _starts(purchase_hours: ArrayLike | None, hours: int) -> NDArray[np.bool_]:
    if purchase_hours is None:
        return np.ones(hours, dtype=bool)
    return _shaped(purchase_hours, "purchase_hours", (hours,)) > 0


def _shaped(values: ArrayLike, name: str, shape: tuple[int, ...]) -> Array:
    """The values as floats of that shape, none negative or missing; a scalar is spread."""
    array = np.asarray(values, dtype=np.float64)
    if array.ndim and array.shape != shape:
        raise InputError(f"a shape of {array.shape}, not {shape}", where=name)
    if not np.isfinite(array).all() or (array < 0).any():
        raise InputError(
            "a value is negative or missing", where=name, mend="give finite values of 0 or more"
        )
    return np.array(np.broadcast_to(array, shape))
