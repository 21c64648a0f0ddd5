"""One cluster's part of a plan that covers several: a cloud's, or that of a site with owned machines.

A plan names where each group is: owned ones at their site, all others at the plan's. What speaks of one
cluster alone, such as its queues' quotas, is made from that cluster's part. A pool that is in two clusters
is in both parts, each with its own groups; its `expected` stays that of the whole pool.
"""

from typing import Any

from trimtab.errors import InputError, allowed
from trimtab.plan.model import CapacityPlan, Group, Pool, Site

OWNED = "owned"


def sites_of(plan: CapacityPlan) -> tuple[str, ...]:
    """The sites of the plan's owned machines, in its order."""
    found = (_site(group) for pool in plan.spec.pools for group in pool.groups)
    return tuple(dict.fromkeys(site for site in found if site is not None))


def part_of(plan: CapacityPlan, site: str | None, where: str = "") -> CapacityPlan:
    """The groups of one cluster, and what of the plan speaks of them.

    Args:
        plan: of all clusters.
        site: of owned machines; None: the cloud's part.
        where: the caller, for errors.

    Raises:
        InputError: the plan has no group there.
    """
    pools = tuple(
        pool.model_copy(update={"groups": groups})
        for pool in plan.spec.pools
        if (groups := tuple(group for group in pool.groups if _site(group) == site))
    )
    if not pools:
        there = "the plan buys nothing" if site is None else f"the plan has no group at {site}"
        sites = sites_of(plan)
        mend = f"use one of {allowed(list(sites))}" if sites else "name no site: it owns nothing"
        raise InputError(there, where=where or None, mend=mend)
    spec, names = plan.spec, {pool.name for pool in pools}
    storage = tuple(tier for tier in spec.storage or () if tier.site == site)
    changes: dict[str, Any] = {
        "pools": pools,
        "storage": storage or None,
        "commitments": tuple(
            line for line in spec.commitments if site is None and line.pool in names
        ),
        "evidence": spec.evidence.model_copy(
            update={
                "forecasts": tuple(f for f in spec.evidence.forecasts if f.pool in names),
                "decisions": tuple(d for d in spec.evidence.decisions if d.pool in names),
                "held": tuple(h for h in spec.evidence.held or () if _has(pools, h.pool, h.group))
                or None,
                "stability": tuple(
                    s for s in spec.evidence.stability or () if _has(pools, s.pool, s.group)
                )
                or None,
            }
        ),
    }
    if site is not None:
        changes["site"] = Site(provider=OWNED, region=site)
    # A copy of its own: the digest is worked out once for each document.
    return CapacityPlan(metadata=plan.metadata, spec=spec.model_copy(update=changes))


def _site(group: Group) -> str | None:
    purchase = group.purchase
    return purchase.site if purchase.option == "owned" else None


def _has(pools: tuple[Pool, ...], pool: str | None, group: str | None) -> bool:
    return any(p.name == pool and any(g.name == group for g in p.groups) for p in pools)
