"""Which offers can serve a pool, and the best base and spot offers at a site.

A site is one provider's region: a plan is for one cluster, so all its pools are at one site. At every
site the feasible offers are screened by what they would have cost on the recent history; spot offers
are grouped into families with the same units per node, because a group counts nodes.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from trimtab.catalogue.offers import Offer
from trimtab.errors import InfeasibleError, allowed
from trimtab.planning.economics import (
    Prices,
    best_commitment,
    effective_spot_price,
    hourly_cost,
    nodes_for,
)
from trimtab.planning.request import PlanRequest, PoolRequest, Term
from trimtab.workloads.matching import (
    OfferIndex,
    explain_no_match,
    replicas_per_node,
    units_per_node,
)
from trimtab.workloads.model import Owner, Unit, Workload

SPOT_SHARE_ONE_POOL = 0.5
SPOT_SHARE_SEVERAL_POOLS = 0.8
"""Of interruptible demand. One spot pool can be gone for hours at a time; over several, published
traces find at least one up nearly always, but seldom all."""
SPOT_FAMILY_SPREAD = 1.5
"""A spot group takes types up to this many times as dear as its cheapest: more pools, fewer
interruptions."""
MAX_SPOT_TYPES = 4
MIN_NODES = 6
"""Prefer node sizes that leave a pool at least this many nodes: two in each of three zones."""
TIE = 0.005
"""Costs within half a percent are equal: price tables are not more exact than that."""
SCREENED_PER_SITE = 12


@dataclass(frozen=True)
class Site:
    """One provider's region."""

    provider: str
    region: str


@dataclass(frozen=True)
class SpotFamily:
    """Interchangeable spot types: in order of preference, equal units per node.

    Attributes:
        offers: cheapest first.
        units_per_node: of each.
        usd_per_node_hour: mean list spot price of the types that the group is expected to run.
        effective_usd_per_node_hour: the same with the expected cost of interruptions.
        pools: spot pools (type x zone) that the group draws from.
    """

    offers: tuple[Offer, ...]
    units_per_node: float
    usd_per_node_hour: float
    effective_usd_per_node_hour: float
    pools: int


@dataclass(frozen=True)
class Supply:
    """What a pool would run at a site, and what that would have cost on the recent history."""

    site: Site
    base: Offer
    units_per_node: float
    term: Term | None
    prices: Prices
    spot: SpotFamily | None
    screened_usd_per_hour: float
    list_price: "Supply | None" = None
    """What the pool would run at the site if it bought on demand alone; None: this very offer."""


class Market:
    """The offers where the cluster may be, and which of them suit which workloads.

    Pools of a fleet repeat a few shapes of workload: each shape is matched once.

    Raises:
        InfeasibleError: nothing is on offer there.
    """

    def __init__(self, request: PlanRequest) -> None:
        self.offers = [
            offer
            for offer in request.catalogue
            if (not request.providers or offer.provider in request.providers)
            and (not request.regions or offer.region in request.regions)
        ]
        if not self.offers:
            raise InfeasibleError(
                f"no offer is at {_place(request)}",
                where=request.catalogue.source,
                mend="allowed are "
                + allowed({f"{offer.provider} {offer.region}" for offer in request.catalogue}),
            )
        # Kept, so that nothing else can take its place in a table of markets.
        self.catalogue = request.catalogue
        self._index = OfferIndex(self.offers)
        self._suiting: dict[Workload, frozenset[int]] = {}
        self._found: dict[tuple[object, ...], dict[Site, list[tuple[Offer, float]]]] = {}

    def at_sites(self, pool: PoolRequest) -> dict[Site, list[tuple[Offer, float]]]:
        """As `feasible`, by site."""
        key = (pool.unit, *(_shape(workload) for workload in pool.workloads))
        if key not in self._found:
            self._found[key] = by_site(feasible(pool, self))
        return self._found[key]

    def suitable(self, workload: Workload) -> frozenset[int]:
        """Identities of the offers that suit a workload."""
        shape = _shape(workload)
        if shape not in self._suiting:
            self._suiting[shape] = frozenset(map(id, self._index.suitable(workload)))
        return self._suiting[shape]


def _shape(workload: Workload) -> Workload:
    """The workload without what has no bearing on the offers that suit it."""
    return replace(workload, name="", source="", replicas=1, owner=Owner())


def feasible(pool: PoolRequest, market: Market) -> list[tuple[Offer, float]]:
    """The offers that suit every workload of a pool where the cluster may be, with units per node.

    Raises:
        InfeasibleError: there is none; says which constraint excluded how many.
        InputError: a throughput is missing.
    """
    common = frozenset.intersection(*(market.suitable(each) for each in pool.workloads))
    found = [
        (offer, units)
        for offer in market.offers
        if id(offer) in common and (units := _units(pool, offer)) > 0
    ]
    if not any(offer.on_demand_usd_per_hour is not None for offer, _ in found):
        if found:
            raise InfeasibleError(
                f"none of the {len(found)} offers that suit pool {pool.name} has an on-demand price",
                where=market.catalogue.source,
                mend="give a price table with --offers that has one",
            )
        raise explain_no_match(pool.workloads, market.offers)
    return found


def by_site(found: Iterable[tuple[Offer, float]]) -> dict[Site, list[tuple[Offer, float]]]:
    """Feasible offers grouped by site."""
    sites: dict[Site, list[tuple[Offer, float]]] = defaultdict(list)
    for offer, units in found:
        sites[Site(offer.provider, offer.region)].append((offer, units))
    return dict(sites)


@dataclass(frozen=True)
class Incumbent:
    """The type that a pool runs: another one pays only where it saves more than moving costs.

    Attributes:
        instance_type: what runs, or is held.
        moving_hours: cost of moving one node over its price per hour, spread over the plan's hours.
    """

    instance_type: str
    moving_hours: float


@dataclass(frozen=True)
class Preferences:
    """What weighs on the choice beside prices.

    Attributes:
        incumbent: the type that the pool runs, where that is known.
        spot_cap: most of its demand that spot may serve.
        usd_per_gco2e: internal price of carbon; it decides, and is in no cost that is shown.
        only: the one type to take, or None.
    """

    incumbent: Incumbent | None = None
    spot_cap: float = 1.0
    usd_per_gco2e: float = 0.0
    only: str | None = None


def best_supply(
    site: Site,
    offers: Sequence[tuple[Offer, float]],
    recent: NDArray[np.float64],
    request: PlanRequest,
    workloads: Sequence[Workload],
    preferences: Preferences = Preferences(),
) -> Supply | None:
    """The base offer, and spot beside it, that would have served the recent demand at least cost.

    Args:
        site: where.
        offers: feasible there, with units per node.
        recent: hourly demand that they are screened on, shape (T,).
        request: terms and zones.
        workloads: the pool's.
        preferences: what weighs on the choice beside prices.

    Returns:
        None when no offer there has an on-demand price.
    """
    share = interruptible_share(workloads) if preferences.spot_cap > 0 else 0.0
    restart_hours = max((w.restart_hours for w in workloads if w.interruptible), default=0.0)
    spot = spot_family(offers, len(request.zones), restart_hours) if share > 0 else None
    incumbent = preferences.incumbent
    kept = preferences.only or (incumbent.instance_type if incumbent else None)
    options = [
        supply
        for offer, units in _screened(offers, request.terms, kept)
        if (supply := _supply(site, offer, units, spot, share, recent, request.terms))
        and preferences.only in (None, offer.instance_type)
    ]
    if preferences.spot_cap < 1:
        options = [_capped(option, preferences.spot_cap, recent) for option in options]
    if preferences.usd_per_gco2e:
        dirtiest = max((o.gco2e_per_hour / u for o, u in offers if o.gco2e_per_hour), default=0.0)
        options = [
            _with_carbon(option, preferences.usd_per_gco2e, dirtiest, recent) for option in options
        ]
    if not options:
        return None
    return _preferred(options, recent, incumbent)


def _capped(supply: Supply, cap: float, recent: NDArray[np.float64]) -> Supply:
    """The supply with at most that share of its nodes on spot, and costed so."""
    if supply.prices.spot_share <= cap:
        return supply
    prices = replace(supply.prices, spot_share=cap)
    needed = nodes_for(recent, supply.units_per_node)
    cost = hourly_cost(needed, best_commitment(needed, prices), prices).mean()
    return replace(supply, prices=prices, screened_usd_per_hour=float(cost))


def _with_carbon(
    supply: Supply, usd_per_gram: float, dirtiest: float, recent: NDArray[np.float64]
) -> Supply:
    """The supply with what its emissions cost.

    A type without a figure is taken to emit as much per unit as the dirtiest there that has one.
    """
    grams = supply.base.gco2e_per_hour
    if grams is None:
        grams = dirtiest * supply.units_per_node
    nodes = float(nodes_for(recent, supply.units_per_node).mean())
    usd = nodes * grams * usd_per_gram
    return replace(supply, screened_usd_per_hour=supply.screened_usd_per_hour + usd)


def with_list_price(
    supply: Supply, offers: Sequence[tuple[Offer, float]], recent: NDArray[np.float64]
) -> Supply:
    """The supply with what the pool would run there if it bought on demand alone.

    Args:
        supply: the best at its site.
        offers: feasible at that site, with units per node.
        recent: as `best_supply` was given it.
    """
    plain = [
        option
        for offer, units in _screened(offers, ())
        if (option := _supply(supply.site, offer, units, None, 0.0, recent, ()))
    ]
    return replace(supply, list_price=_preferred(plain, recent))


def _preferred(
    options: Sequence[Supply], recent: NDArray[np.float64], incumbent: Incumbent | None = None
) -> Supply:
    """The cheapest; of those that cost the same, the fewest nodes that are enough to spread.

    What runs stays unless the cheapest saves more than moving every node to it costs.
    """
    cheapest = min(option.screened_usd_per_hour for option in options)
    if incumbent:
        for option in options:
            if option.base.instance_type == incumbent.instance_type:
                nodes = float(nodes_for(recent, option.units_per_node).mean())
                moving = nodes * incumbent.moving_hours * option.prices.on_demand
                if option.screened_usd_per_hour - cheapest <= moving + 1e-9:
                    return option
    equal = [o for o in options if o.screened_usd_per_hour <= cheapest * (1 + TIE) + 1e-9]

    def preference(option: Supply) -> tuple[bool, float, float, str]:
        nodes = float(recent.mean()) / option.units_per_node
        # Fewest nodes that still leave enough to spread; else as many as there are.
        enough = nodes >= MIN_NODES
        size = -option.units_per_node if enough else option.units_per_node
        return (not enough, size, option.screened_usd_per_hour, option.base.instance_type)

    return min(equal, key=preference)


def interruptible_share(workloads: Sequence[Workload]) -> float:
    """Share of a pool's demand that may be interrupted: by replicas x what a replica asks for."""
    weights = [
        w.replicas * (w.replica.accelerator_count or w.replica.vcpu or 1.0) for w in workloads
    ]
    total = sum(weights)
    if total <= 0:
        return 1.0 if all(w.interruptible for w in workloads) else 0.0
    return sum(x for w, x in zip(workloads, weights, strict=True) if w.interruptible) / total


def spot_family(
    offers: Sequence[tuple[Offer, float]], zones: int, restart_hours: float
) -> SpotFamily | None:
    """The cheapest family of spot types, several pools before one; None when spot never pays.

    A type pays when its price, with what interruptions cost, is below its own on-demand price.
    """
    families: dict[tuple[float, str, str | None], list[tuple[float, Offer]]] = defaultdict(list)
    for offer, units in offers:
        spot, list_price = offer.spot_usd_per_hour, offer.on_demand_usd_per_hour
        if spot is None or list_price is None:
            continue
        price = effective_spot_price(spot, list_price, offer.interruption_band, restart_hours)
        if price < list_price:
            kind = offer.accelerator.split("-")[0] if offer.accelerator else None
            families[units, offer.architecture, kind].append((price, offer))
    choices = [_family(units, members, zones) for (units, _, _), members in families.items()]
    several = [choice for choice in choices if choice.pools > 1]
    return min(
        several or choices,
        key=lambda f: (
            f.effective_usd_per_node_hour / f.units_per_node,
            -f.pools,
            f.units_per_node,
        ),
        default=None,
    )


def _family(units: float, members: list[tuple[float, Offer]], zones: int) -> SpotFamily:
    members.sort(key=lambda member: (member[0], member[1].instance_type))
    near = [m for m in members if m[0] <= SPOT_FAMILY_SPREAD * members[0][0]][:MAX_SPOT_TYPES]
    # Spread over two pools, the group runs about as much of the second type as of the first.
    running = near[:2]
    return SpotFamily(
        offers=tuple(offer for _, offer in near),
        units_per_node=units,
        usd_per_node_hour=sum(o.spot_usd_per_hour or 0.0 for _, o in running) / len(running),
        effective_usd_per_node_hour=sum(price for price, _ in running) / len(running),
        pools=len(near) * max(zones, 1),
    )


def _screened(
    offers: Sequence[tuple[Offer, float]], terms: Sequence[Term], kept: str | None = None
) -> list[tuple[Offer, float]]:
    """The offers worth costing: the cheapest per unit by list price and by commitment, and `kept`."""
    priced = [(o, u) for o, u in offers if o.on_demand_usd_per_hour is not None]

    def by(price: float | None, units: float) -> float:
        return float("inf") if price is None else price / units

    cheap = sorted(priced, key=lambda x: (by(x[0].on_demand_usd_per_hour, x[1]), -x[1]))
    held = sorted(priced, key=lambda x: (by(committed_rate(x[0], terms)[0], x[1]), -x[1]))
    running = [each for each in priced if each[0].instance_type == kept]
    worth = [*cheap[:SCREENED_PER_SITE], *held[:SCREENED_PER_SITE], *running]
    chosen = {id(o): (o, u) for o, u in worth}
    return list(chosen.values())


def _supply(
    site: Site,
    offer: Offer,
    units: float,
    spot: SpotFamily | None,
    interruptible: float,
    recent: NDArray[np.float64],
    terms: Sequence[Term],
) -> Supply | None:
    if offer.on_demand_usd_per_hour is None:
        return None
    committed, term = committed_rate(offer, terms)
    spot_price = spot.effective_usd_per_node_hour / spot.units_per_node * units if spot else None
    if spot_price is not None and spot_price >= offer.on_demand_usd_per_hour:
        spot, spot_price = None, None
    cap = SPOT_SHARE_SEVERAL_POOLS if spot and spot.pools > 1 else SPOT_SHARE_ONE_POOL
    prices = Prices(
        on_demand=offer.on_demand_usd_per_hour,
        committed=committed,
        spot=spot_price,
        spot_share=interruptible * cap if spot else 0.0,
    )
    needed = nodes_for(recent, units)
    cost = hourly_cost(needed, best_commitment(needed, prices), prices).mean()
    return Supply(site, offer, units, term, prices, spot, float(cost))


def committed_rate(offer: Offer, terms: Sequence[Term]) -> tuple[float | None, Term | None]:
    """The cheapest commitment that pays against list price, and its term."""
    rates: dict[Term, float | None] = {
        "1y": offer.reserved_1y_usd_per_hour,
        "3y": offer.reserved_3y_usd_per_hour,
    }
    list_price = offer.on_demand_usd_per_hour or float("inf")
    paying = [
        (rate, term)
        for term, rate in rates.items()
        if term in terms and rate is not None and rate < list_price
    ]
    return min(paying, default=(None, None))


def _units(pool: PoolRequest, offer: Offer) -> float:
    """Units that one node serves, whatever mix of the pool's workloads is on it."""
    units = min(units_per_node(workload, offer, pool.unit) for workload in pool.workloads)
    if pool.unit in {Unit.GPUS, Unit.VCPUS}:
        # vCPUs or memory can run out before the unit does: what does not fit is not supply.
        for workload in pool.workloads:
            replica = workload.replica
            each = replica.accelerator_count if pool.unit is Unit.GPUS else replica.vcpu
            if each > 0:
                units = min(units, replicas_per_node(workload, offer) * each)
    return units


def _place(request: PlanRequest) -> str:
    parts = [", ".join(request.providers), ", ".join(request.regions)]
    return " ".join(part for part in parts if part) or "any site"
