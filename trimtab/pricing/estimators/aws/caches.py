"""AWS caches: ElastiCache, MemoryDB, DAX: nodes by the hour, or what a serverless cache holds."""

from collections.abc import Iterator

from trimtab.pricing.amount import Amount, between, exactly
from trimtab.pricing.estimation import Estimation
from trimtab.pricing.estimators import estimates
from trimtab.pricing.estimators.aws.tariff import by_use
from trimtab.pricing.model import Basis, Gap, PaidElsewhere, Part

_MOST_SHARDS, _MOST_REPLICAS = 500, 5
_MOST_NODES = 60
_MOST_DAX_NODES = 11


@estimates("aws_elasticache_cluster")
def cache_cluster(at: Estimation) -> Iterator[Part]:
    """Nodes of Memcached, or one of Redis; a member of a replication group is paid for there."""
    if at.inputs.has("replication_group_id"):
        yield PaidElsewhere("among the nodes of its replication group")
        return
    nodes, basis = at.counted("num_cache_nodes", most=_MOST_NODES)
    yield from _nodes(at, "redis", nodes, basis)
    yield from _snapshots(at)


@estimates("aws_elasticache_replication_group")
def replication_group(at: Estimation) -> Iterator[Part]:
    """Each shard's primary and its replicas."""
    if at.inputs.has("global_replication_group_id") and not at.inputs.has("node_type"):
        yield Gap("nodes", "the global replication group says of which type")
        return
    nodes, basis = _group_size(at)
    yield from _nodes(at, "redis", nodes, basis)
    yield from _snapshots(at)


def _group_size(at: Estimation) -> tuple[Amount, Basis]:
    for name in ("num_cache_clusters", "number_cache_clusters"):
        if at.inputs.unknown(name):
            return between(1, _MOST_REPLICAS + 1), Basis.BOUNDS
        if at.inputs.has(name):
            return exactly(at.inputs.count(name, 1)), Basis.DECLARED
    prefix = "cluster_mode." if at.inputs.has("cluster_mode.num_node_groups") else ""
    return _shards(at, f"{prefix}num_node_groups", f"{prefix}replicas_per_node_group", 0)


def _shards(at: Estimation, shards: str, replicas: str, default: int) -> tuple[Amount, Basis]:
    """Shards x (1 + replicas), bounded by what AWS allows where a number is not known."""
    if at.inputs.unknown(shards) or at.inputs.unknown(replicas):
        least = at.inputs.count(shards, 1) * (1 + at.inputs.count(replicas, 0))
        most = at.inputs.count(shards, _MOST_SHARDS) * (
            1 + at.inputs.count(replicas, _MOST_REPLICAS)
        )
        return between(least, most), Basis.BOUNDS
    count = at.inputs.count(shards, 1) * (1 + at.inputs.count(replicas, default))
    return exactly(count), Basis.DECLARED


def _nodes(at: Estimation, default: str, nodes: Amount, basis: Basis) -> Iterator[Part]:
    node_type = at.inputs.text("node_type")
    if not node_type:
        yield Gap("nodes", "only a deployment will know their type")
        return
    engine = "valkey" if at.inputs.text("engine", default).lower() == "valkey" else "redis"
    rate = f"aws/elasticache/{engine}/{node_type}"
    yield at.charge(f"nodes, {node_type}", rate, nodes, basis=basis)


def _snapshots(at: Estimation) -> Iterator[Part]:
    if (at.inputs.number("snapshot_retention_limit") or 0) > 0:
        yield from at.used("snapshots beyond the free", "aws/elasticache/backup", "backup_gb")


@estimates("aws_elasticache_serverless_cache")
def serverless_cache(at: Estimation) -> Iterator[Part]:
    """What it holds by the hour, and processing units."""
    engine = "valkey" if at.inputs.text("engine").lower() == "valkey" else "redis"
    yield from by_use(
        at,
        ("data held", f"aws/elasticache/serverless/{engine}/data", "average_gb"),
        ("processing units", f"aws/elasticache/serverless/{engine}/ecpu", "ecpus_millions"),
    )


@estimates("aws_memorydb_cluster")
def memorydb(at: Estimation) -> Iterator[Part]:
    """Each shard's primary and its replicas, one of them by default; what is written is not counted."""
    node_type = at.inputs.text("node_type")
    if not node_type:
        yield Gap("nodes", "only a deployment will know their type")
        return
    nodes, basis = _shards(at, "num_shards", "num_replicas_per_shard", 1)
    engine = "valkey" if at.inputs.text("engine", "redis").lower() == "valkey" else "redis"
    rate = f"aws/memorydb/{engine}/{node_type}"
    yield at.charge(f"nodes, {node_type}", rate, nodes, basis=basis)


@estimates("aws_dax_cluster")
def dax(at: Estimation) -> Iterator[Part]:
    """Nodes by the hour."""
    node_type = at.inputs.text("node_type")
    nodes, basis = at.counted("replication_factor", most=_MOST_DAX_NODES)
    yield at.charge(f"nodes, {node_type}", f"aws/dax/{node_type}", nodes, basis=basis)
