"""Azure's caches: Redis by node, managed Redis by node."""

from collections.abc import Iterator

from trimtab.pricing.estimation import Estimation
from trimtab.pricing.estimators import estimates
from trimtab.pricing.model import Gap, Part


@estimates("azurerm_redis_cache")
def redis(at: Estimation) -> Iterator[Part]:
    """A basic cache has one node, a standard one two, a premium one a primary and replicas per shard."""
    tier = at.inputs.text("sku_name").lower()
    capacity = at.inputs.number("capacity")
    if not tier or capacity is None:
        yield Gap("nodes", "their size is known only after deployment")
        return
    if gap := at.awaited(
        "nodes", "family", "shard_count", "replicas_per_primary", "replicas_per_master"
    ):
        yield gap
        return
    family = at.inputs.text("family", "P" if tier == "premium" else "C").lower()
    size = f"{family}{capacity:g}"
    nodes = {"basic": 1.0, "standard": 2.0}.get(tier)
    if nodes is None:
        shards = max(at.inputs.count("shard_count", 1), 1)
        replicas = at.inputs.number("replicas_per_primary") or at.inputs.number(
            "replicas_per_master"
        )
        nodes = shards * (1 + (replicas or 1.0))
    yield at.charge(f"nodes: {tier} {size.upper()}", f"azure/redis/{tier}/{size}", nodes)


@estimates("azurerm_managed_redis")
def managed_redis(at: Estimation) -> Iterator[Part]:
    """Two nodes, or one without high availability."""
    sku = at.inputs.text("sku_name")
    if not sku:
        yield Gap("nodes", "their size is known only after deployment")
        return
    nodes = 2.0 if at.inputs.flag("high_availability_enabled", True) else 1.0
    yield at.charge(f"nodes: {sku}", f"azure/redis-managed/{sku.lower()}", nodes)


@estimates("azurerm_redis_enterprise_cluster")
def redis_enterprise(at: Estimation) -> Iterator[Part]:
    """By its capacity; no source gives a price."""
    yield Gap("nodes", f"no price of {at.inputs.text('sku_name', 'Redis Enterprise')}")
