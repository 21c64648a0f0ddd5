"""How large the stores' volumes are, and of which class."""

import math
from collections.abc import Mapping

from trimtab.errors import InputError, allowed
from trimtab.plan.model import CapacityPlan

METRICS_TIER = "metrics"
"""A storage tier of the plan with this name is what the stores' volumes are of."""
DEFAULT_GIB = {"prometheus": 100, "alertmanager": 2, "grafana": 5, "loki": 50, "tempo": 20}
"""GiB of a volume. A start, not a forecast: an alert says days ahead when one fills up."""


def storage_class(plan: CapacityPlan, stated: str | None) -> str | None:
    """The class that is stated, else of the plan's tier for metrics; None: the cluster's default."""
    tiers = {tier.name for tier in plan.spec.storage or ()}
    return stated or (METRICS_TIER if METRICS_TIER in tiers else None)


def store_sizes(plan: CapacityPlan, stated: Mapping[str, int], where: str) -> dict[str, int]:
    """GiB of each store's volume: as stated, of the plan's tier for Prometheus, or the default.

    Raises:
        InputError: there is no such store.
    """
    for store in stated:
        if store not in DEFAULT_GIB:
            raise InputError(
                f"storage_gib: {store} is no store",
                where=where,
                mend=f"use one of {allowed(list(DEFAULT_GIB))}",
            )
    planned = {}
    for tier in plan.spec.storage or ():
        if tier.name == METRICS_TIER:
            planned["prometheus"] = max(1, math.ceil(tier.windows[-1].gib / tier.volumes))
    return {**DEFAULT_GIB, **planned, **stated}


def volumes(sizes: Mapping[str, int], parts: tuple[str, ...], replicas: int) -> dict[str, int]:
    """GiB that the parts claim in all, by store."""
    found = {}
    if "prometheus" in parts:
        found = {
            "prometheus": sizes["prometheus"] * replicas,
            "alertmanager": sizes["alertmanager"] * replicas,
            "grafana": sizes["grafana"],
        }
    return {**found, **{store: sizes[store] for store in ("loki", "tempo") if store in parts}}
