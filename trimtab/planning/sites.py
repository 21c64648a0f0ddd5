"""Where the cluster is: one site for all pools, the cheapest for their sum on recent demand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from trimtab.catalogue.offers import Offer
from trimtab.errors import InfeasibleError
from trimtab.forecast.model import HOURS_PER_DAY, Array
from trimtab.inventory.model import Inventory
from trimtab.plan.document import rounded
from trimtab.plan.evidence import SiteEvidence
from trimtab.planning.guardrails import Steadiness
from trimtab.planning.own_sites import unfit
from trimtab.planning.present import HOUR, Present
from trimtab.planning.request import PlanRequest, PoolRequest
from trimtab.planning.supply import (
    Incumbent,
    Market,
    Preferences,
    Site,
    Supply,
    best_supply,
    with_list_price,
)

SCREENING_DAYS = 30
Found = Sequence[tuple[Offer, float]]


@dataclass(frozen=True)
class Chosen:
    """The site, and per pool in the request's order what it would run there.

    Attributes:
        supplies: the best supply of each pool.
        offers: what suits each pool at the site, with units per node.
        recent: demand that they were screened on.
        evidence: every site that serves all pools, cheapest first.
        settled: whether the site was given by what runs.
    """

    supplies: list[Supply]
    offers: list[Found]
    recent: list[Array]
    evidence: list[SiteEvidence]
    settled: bool


def choose_site(
    request: PlanRequest,
    demand: Sequence[Array],
    present: Present,
    policies: Sequence[Steadiness],
    market: Market | None = None,
    only: Mapping[str, str] = MappingProxyType({}),
    at: Site | None = None,
    extra_usd_per_kg: float = 0.0,
) -> Chosen:
    """The cheapest site for all pools together, or the one where the cluster is already.

    Args:
        request: what is asked.
        demand: each pool's hourly past.
        present: what runs, and where.
        policies: how reluctantly each pool's sizes fall; gives the cost of moving a node.
        market: the request's, where it is at hand.
        only: pools whose type is settled.
        at: the one site to look at, or None.
        extra_usd_per_kg: price of carbon beyond the limits' own.

    Raises:
        InfeasibleError: no offer suits a pool, or no one site serves all of them.
    """
    market = market or Market(request)
    recent = [past[-SCREENING_DAYS * HOURS_PER_DAY :] for past in demand]
    offers_at = [market.at_sites(pool) for pool in request.pools]
    home = present.site()
    sites = set().union(*offers_at)
    settled = home is not None and Site(*home) in sites
    wanted = {Site(*home)} if home and settled else sites
    if at is not None:
        wanted = {at}
    hours = request.horizon / HOUR
    spot_caps = dict(request.limits.spot_shares)
    usd_per_gco2e = request.limits.usd_per_tonne / 1e6 + extra_usd_per_kg / 1e3
    per_pool: list[dict[Site, Supply]] = []
    for pool, offered, past, policy in zip(request.pools, offers_at, recent, policies, strict=True):
        found = {}
        for site, offers in offered.items():
            if site not in wanted:
                continue
            held = _held_units(request.inventory, request.pools, pool, site, offers)
            rest = np.maximum(past - held, 0.0) if held else past
            wishes = Preferences(
                incumbent=_incumbent(request.inventory, pool, present, policy, hours, offers),
                spot_cap=spot_caps.get(pool.name, 1.0),
                usd_per_gco2e=usd_per_gco2e,
                only=only.get(pool.name),
            )
            supply = best_supply(site, offers, rest, request, pool.workloads, wishes)
            if supply:
                found[site] = supply
        per_pool.append(found)
    order, usd = _ranked(request, per_pool)
    best = order[0]
    return Chosen(
        supplies=[
            with_list_price(found[best], offers[best], past)
            for found, offers, past in zip(per_pool, offers_at, recent, strict=True)
        ],
        offers=[offers[best] for offers in offers_at],
        recent=recent,
        evidence=[
            SiteEvidence(provider=s.provider, region=s.region, usd_per_hour=usd[s]) for s in order
        ],
        settled=settled,
    )


def _ranked(
    request: PlanRequest, per_pool: Sequence[Mapping[Site, Supply]]
) -> tuple[list[Site], dict[Site, float]]:
    """The sites that serve every pool, cheapest first, with what all pools cost there."""
    common = set.intersection(*(set(found) for found in per_pool))
    if not common:
        where = "; ".join(
            f"{pool.name}: {len(found)} sites"
            for pool, found in zip(request.pools, per_pool, strict=True)
        )
        raise InfeasibleError(
            f"no one region serves every pool ({where})",
            where=request.catalogue.source,
            mend="plan the pools apart, or widen --region or the workloads' allowed regions",
        )
    usd = {
        site: rounded(sum(found[site].screened_usd_per_hour for found in per_pool))
        for site in common
    }
    return sorted(common, key=lambda s: (usd[s], s.provider, s.region)), usd


def _held_units(
    inventory: Inventory | None,
    pools: Sequence[PoolRequest],
    pool: PoolRequest,
    site: Site,
    offers: Found,
) -> float:
    """Demand of the pool that what is held at a site serves; what is nobody's own is divided evenly."""
    if inventory is None:
        return 0.0
    units = {offer.instance_type: each for offer, each in offers}
    held = sum(
        each.quantity * each.units_per_node
        for each in inventory.owned
        if each.pool == pool.name and not unfit(each, pool)
    )
    for each in inventory.nodes:
        here = (each.provider, each.region) == (site.provider, site.region)
        if here and each.pool in (None, pool.name):
            share = 1 if each.pool else len(pools)
            held += each.quantity * units.get(each.instance_type, 0.0) / share
    return float(held)


def _incumbent(
    inventory: Inventory | None,
    pool: PoolRequest,
    present: Present,
    policy: Steadiness,
    hours: float,
    offers: Found,
) -> Incumbent | None:
    """The type that the pool runs: as planned before, else the one of which it holds most."""
    kind = present.instance_type(pool.name)
    if kind is None and inventory:
        units = {offer.instance_type: each for offer, each in offers}
        held = [
            (each.quantity * units[each.instance_type], each.instance_type)
            for each in inventory.nodes
            if each.instance_type in units
            and each.option != "capacity-block"
            and each.pool in (None, pool.name)
        ]
        kind = max(held)[1] if held else None
    return Incumbent(kind, policy.moving_hours / hours) if kind else None
