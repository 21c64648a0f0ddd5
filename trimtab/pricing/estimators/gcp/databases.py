"""Google Cloud's other databases: Memorystore, AlloyDB, Spanner, Bigtable, Firestore."""

from collections.abc import Iterator

from trimtab.pricing.amount import Amount, between, exactly
from trimtab.pricing.estimation import Estimation
from trimtab.pricing.estimators import estimates
from trimtab.pricing.estimators.gcp.places import last, located, region_of
from trimtab.pricing.model import Basis, Gap, Part
from trimtab.resources.inputs import Inputs

_REDIS_TIERS = ((4.0, "m1"), (10.0, "m2"), (35.0, "m3"), (100.0, "m4"))
"""The most GiB of each capacity tier; more is the last."""

_ALLOYDB_GIB_PER_VCPU = 8.0


@estimates("google_redis_instance")
def redis_instance(at: Estimation) -> Iterator[Part]:
    """By the memory that is provisioned; the more of it, the less a GiB."""
    at = located(at, "region", "location_id")
    gib = at.inputs.number("memory_size_gb")
    if gib is None:
        yield Gap("Redis", "its size is not known before a deployment")
        return
    if at.inputs.text("read_replicas_mode") == "READ_REPLICAS_ENABLED":
        yield Gap("Redis with read replicas", "no source gives the price of their nodes")
        return
    service = "standard" if at.inputs.text("tier", "BASIC").upper() == "STANDARD_HA" else "basic"
    size = next((name for most, name in _REDIS_TIERS if gib <= most), "m5")
    yield at.charge(f"Redis, {service} {size.upper()}", f"gcp/redis/{service}/{size}", gib)


@estimates("google_redis_cluster")
def redis_cluster(at: Estimation) -> Iterator[Part]:
    """By nodes: shards, each with its replicas."""
    at = located(at, "region")
    shards = at.inputs.number("shard_count")
    if shards is None:
        yield Gap("Redis cluster", "its number of shards is not known before a deployment")
        return
    nodes = shards * (1 + (at.inputs.number("replica_count") or 0.0))
    kind = at.inputs.text("node_type", "REDIS_HIGHMEM_MEDIUM").lower()
    yield at.charge("Redis cluster nodes", f"gcp/redis/cluster/{kind}", nodes)
    if at.inputs.text("persistence_config.mode").upper() == "AOF":
        yield Gap("append-only files", "charged by a size that the cluster chooses")
    if at.inputs.has("automated_backup_config"):
        yield from at.used("backups", "gcp/redis/cluster/backup", "backup_storage_gb")


@estimates("google_memcache_instance")
def memcache(at: Estimation) -> Iterator[Part]:
    """By its nodes' vCPUs and memory."""
    at = located(at, "region")
    nodes = at.inputs.number("node_count")
    vcpu = at.inputs.number("node_config.cpu_count")
    mib = at.inputs.number("node_config.memory_size_mb")
    if nodes is None or vcpu is None or mib is None:
        yield Gap("Memcached", "its nodes are not known before a deployment")
        return
    yield at.charge("Memcached vCPUs", "gcp/memcache/vcpu", nodes * vcpu)
    yield at.charge("Memcached memory", "gcp/memcache/memory", nodes * mib / 1024)


@estimates("google_alloydb_cluster")
def alloydb_cluster(at: Estimation) -> Iterator[Part]:
    """By what it keeps; its machines are charged with its instances."""
    at = located(at, "location")
    yield from at.used("storage", "gcp/alloydb/storage", "storage_gb")
    yield from at.used("backups", "gcp/alloydb/backup", "backup_storage_gb")


@estimates("google_alloydb_instance")
def alloydb_instance(at: Estimation) -> Iterator[Part]:
    """By vCPUs and memory of its nodes: a regional primary has two, a read pool as many as it says."""
    cluster = at.referred("cluster", "google_alloydb_cluster")
    if cluster is not None:
        at = at.elsewhere(region_of(cluster.inputs.text("location", at.region or "")))
    vcpu = at.inputs.number("machine_config.cpu_count")
    if vcpu is None and not at.inputs.has("machine_config"):
        vcpu = 2.0
    pool = at.inputs.text("instance_type").upper() == "READ_POOL"
    nodes = at.inputs.number("read_pool_config.node_count") if pool else 2.0
    if not pool and at.inputs.text("availability_type").upper() == "ZONAL":
        nodes = 1.0
    if vcpu is None or nodes is None:
        yield Gap("AlloyDB machines", "their size is not known before a deployment")
        return
    said = {1.0: "", 2.0: ", with a standby"}.get(nodes, "") if not pool else ", read pool"
    yield at.charge(f"vCPUs{said}", "gcp/alloydb/vcpu", vcpu * nodes)
    yield at.charge(f"memory{said}", "gcp/alloydb/memory", vcpu * nodes * _ALLOYDB_GIB_PER_VCPU)


@estimates("google_spanner_instance")
def spanner(at: Estimation) -> Iterator[Part]:
    """By nodes (1,000 processing units each), and by what its databases keep."""
    if gap := at.awaited("Spanner nodes", "config", "edition", "num_nodes", "processing_units"):
        yield gap
        return
    config = last(at.inputs.text("config"))
    at = at.elsewhere(config.removeprefix("regional-")) if config else at
    edition = at.inputs.text("edition", "STANDARD").lower().replace("_", "-")
    edition = "standard" if edition == "edition-unspecified" else edition
    nodes, basis = _spanner_nodes(at)
    yield at.charge("Spanner nodes", f"gcp/spanner/{edition}/node", nodes, basis=basis)
    yield from at.used("storage", "gcp/spanner/storage", "storage_gb")


def _spanner_nodes(at: Estimation) -> tuple[Amount, Basis]:
    limits = "autoscaling_config.autoscaling_limits"
    if at.inputs.has("autoscaling_config"):
        for names, units in ((("min_nodes", "max_nodes"), 1.0), (_UNITS, 1000.0)):
            low, high = (at.inputs.number(f"{limits}.{name}") for name in names)
            if low is not None and high is not None:
                return between(low / units, high / units), Basis.BOUNDS
        return Amount(0.0, None, float("inf")), Basis.BOUNDS
    nodes = at.inputs.number("num_nodes")
    units_asked = at.inputs.number("processing_units")
    if nodes is None and units_asked is not None:
        nodes = units_asked / 1000
    return exactly(1.0 if nodes is None else nodes), Basis.DECLARED


_UNITS = ("min_processing_units", "max_processing_units")


@estimates("google_bigtable_instance")
def bigtable(at: Estimation) -> Iterator[Part]:
    """By each cluster's nodes, and by what it keeps."""
    if not at.inputs.blocks("cluster"):
        yield Gap("Bigtable nodes", "its clusters are not known before a deployment")
    development = at.inputs.text("instance_type").upper() == "DEVELOPMENT"
    for cluster in at.inputs.blocks("cluster"):
        here = at.elsewhere(region_of(cluster.text("zone", at.region or "")))
        nodes, basis = _bigtable_nodes(cluster, development)
        yield here.charge("Bigtable nodes", "gcp/bigtable/node", nodes, basis=basis)
        kind = cluster.text("storage_type", "SSD").lower()
        yield from here.used(f"{kind.upper()} storage", f"gcp/bigtable/{kind}", "storage_gb")


def _bigtable_nodes(cluster: Inputs, development: bool) -> tuple[Amount, Basis]:
    if cluster.has("autoscaling_config"):
        low = cluster.number("autoscaling_config.min_nodes")
        high = cluster.number("autoscaling_config.max_nodes")
        most = float("inf") if high is None else high
        return between(low or 0.0, most), Basis.BOUNDS
    number = cluster.number("num_nodes")
    return exactly(1.0 if development or number is None else number), Basis.DECLARED


@estimates("google_firestore_database")
def firestore(at: Estimation) -> Iterator[Part]:
    """By reads, writes, deletes, and what it keeps; the free daily allowance is not taken off."""
    at = located(at, "location_id")
    for what in ("reads", "writes", "deletes"):
        yield from at.used(what, f"gcp/firestore/{what}", what, 1e5)
    yield from at.used("storage", "gcp/firestore/storage", "storage_gb")
