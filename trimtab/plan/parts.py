"""One cluster's part of a plan that covers several: a cloud's, or that of a site with owned machines.

A plan names where each group is: owned ones at their site, all others at the plan's. What speaks of one
cluster alone, such as its queues' quotas or the cloud's budgets, is made from that cluster's part. A pool that is in
two clusters is in both parts, each with its own groups and what those cost; demand and shortage stay the
whole pool's. A part bears the digest of the plan that it is of: that is the one that was reviewed.
"""

from typing import Any

from trimtab.errors import InputError, allowed
from trimtab.plan.document import rounded
from trimtab.plan.model import Baseline, CapacityPlan, Group, Pool, Site
from trimtab.plan.shared import Interval

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
        _with_groups(pool, groups, site)
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
    part = CapacityPlan(metadata=plan.metadata, spec=spec.model_copy(update=changes))
    vars(part)["digest"] = plan.digest
    return part


def _with_groups(pool: Pool, groups: tuple[Group, ...], site: str | None) -> Pool:
    """The pool with some of its groups; what owned ones cost and emit is the same in every scenario."""
    if len(groups) == len(pool.groups):
        return pool
    own = [group.expected for group in pool.groups if _site(group) is not None]
    here = [group.expected for group in groups] if site is not None else own
    usd = sum(each.usd_per_hour or 0.0 for each in here)
    kg = [each.kgco2e_per_hour for each in here]
    known = None if None in kg else sum(each or 0.0 for each in kg)
    expected = pool.expected
    if site is not None:
        changes: dict[str, Any] = {
            "usd_per_hour": _constant(usd),
            "usd_per_hour_unapproved": _constant(usd),
            "kgco2e_per_hour": None if known is None else _constant(known),
            "interruption_usd_per_hour": None,
            "baselines": (),
        }
    else:
        carbon = expected.kgco2e_per_hour
        changes = {
            "usd_per_hour": _less(expected.usd_per_hour, usd),
            "usd_per_hour_unapproved": _less(expected.usd_per_hour_unapproved, usd),
            "kgco2e_per_hour": None if carbon is None or known is None else _less(carbon, known),
            "baselines": tuple(_without(each, usd, known) for each in expected.baselines),
        }
    return pool.model_copy(
        update={"groups": groups, "expected": expected.model_copy(update=changes)}
    )


def _without(baseline: Baseline, usd: float, kg: float | None) -> Baseline:
    carbon = baseline.kgco2e_per_hour
    left = None if carbon is None or kg is None else rounded(max(carbon - kg, 0.0))
    return baseline.model_copy(
        update={"usd_per_hour": _less(baseline.usd_per_hour, usd), "kgco2e_per_hour": left}
    )


def _constant(value: float) -> Interval:
    return Interval(mean=rounded(value), low=rounded(value), high=rounded(value))


def _less(interval: Interval, value: float) -> Interval:
    return Interval(
        mean=rounded(max(interval.mean - value, 0.0)),
        low=rounded(max(interval.low - value, 0.0)),
        high=rounded(max(interval.high - value, 0.0)),
    )


def _site(group: Group) -> str | None:
    purchase = group.purchase
    return purchase.site if purchase.option == "owned" else None


def _has(pools: tuple[Pool, ...], pool: str | None, group: str | None) -> bool:
    return any(p.name == pool and any(g.name == group for g in p.groups) for p in pools)
