"""AWS RDS and Aurora: instances, their storage, backups, and what old versions cost beyond."""

import math
from collections.abc import Iterator

from trimtab.pricing.amount import Amount, between
from trimtab.pricing.estimation import Estimation
from trimtab.pricing.estimators import estimates
from trimtab.pricing.estimators.aws.rds_common import (
    engine_of,
    extended_support,
    performance_insights,
    vcpus,
)
from trimtab.pricing.estimators.aws.tariff import by_use, tariff
from trimtab.pricing.model import Basis, Gap, Part
from trimtab.resources.model import Resource

_STORAGE = {"gp2", "gp3", "io1", "io2", "standard"}
_GP3_INCLUDED = (3_000, 125)
_GP3_INCLUDED_STRIPED = (12_000, 500)
"""IOPS and MiB/s that come with a gp3 disk, and with one that RDS stripes over four volumes."""

_GP3_STRIPED_FROM_GIB = {"oracle": 200.0, "sqlserver": math.inf}
_GP3_STRIPED_FROM_GIB_ELSE = 400.0


@estimates("aws_db_instance")
def instance(at: Estimation) -> Iterator[Part]:
    """The instance (twice, with a standby), storage and IOPS, backups beyond the free ones.

    A replica asks for what its source is; one restored from a snapshot, or whose class only a
    deployment will know, is a gap.
    """
    origin = _source(at)
    engine = engine_of(Estimation(origin, at.facts))
    instance_class = at.inputs.text("instance_class")
    copies = 2 if at.inputs.flag("multi_az") else 1
    note = "with its standby" if copies == 2 else ""
    if engine is None or not instance_class:
        yield Gap("database instance", _why_not(at, origin))
    elif at.inputs.unknown("multi_az"):
        yield Gap("database instance", "only a deployment will know whether it has a standby")
    else:
        yield _machine(at, engine, instance_class, copies)
    size = _number(at, origin, "allocated_storage")
    kind = at.inputs.text("storage_type") or ("io1" if at.inputs.has("iops") else "gp2")
    if engine == "aurora":
        pass  # the cluster pays for Aurora's storage
    elif size is None or kind not in _STORAGE or at.inputs.unknown("storage_type"):
        yield Gap("storage", "only a deployment will know how much, or of which type")
    else:
        yield at.charge(f"storage, {kind}", f"aws/rds/storage/{kind}", size * copies, note=note)
        yield from _iops(at, origin, kind, size, copies)
    if at.inputs.flag("publicly_accessible"):
        yield at.charge("public IPv4 address", "aws/public-ipv4/hour")
    yield from at.used("backups beyond the free", "aws/rds/backup", "backup_gb")
    yield from performance_insights(at, instance_class)
    units = vcpus(instance_class)
    yield from extended_support(
        at,
        origin.inputs.text("engine").lower(),
        at.inputs.text("engine_version") or origin.inputs.text("engine_version"),
        None if units is None else float(units * copies),
    )


def _source(at: Estimation) -> Resource:
    """The resource that says engine and size: a replica's source, else the instance itself."""
    if at.inputs.has("engine"):
        return at.resource
    return at.referred("replicate_source_db", "aws_db_instance") or at.resource


def _why_not(at: Estimation, origin: Resource) -> str:
    engine = origin.inputs.text("engine")
    if at.inputs.has("snapshot_identifier") and not engine:
        return "its snapshot says which engine it runs"
    if not engine or not at.inputs.text("instance_class"):
        return "only a deployment will know its engine and class"
    return f"no price of the engine {engine}"


def _machine(at: Estimation, engine: str, instance_class: str, copies: int) -> Part:
    """A class by the hour; two of it where it has a standby that is priced no other way."""
    if copies == 1:
        rate = f"aws/rds/instance/{engine}/single-az/{instance_class}"
        return at.charge(f"instance, {instance_class}", rate)
    label = f"instance with standby, {instance_class}"
    rate = f"aws/rds/instance/{engine}/multi-az/{instance_class}"
    if at.rate(rate) is not None or engine.startswith("sqlserver"):
        return at.charge(label, rate)
    single = f"aws/rds/instance/{engine}/single-az/{instance_class}"
    return at.charge(label, single, copies, note="a standby is priced as a second instance")


def _number(at: Estimation, origin: Resource, name: str) -> float | None:
    own = at.inputs.number(name)
    return origin.inputs.number(name) if own is None else own


def _iops(at: Estimation, origin: Resource, kind: str, size: float, copies: int) -> Iterator[Part]:
    """io1 and io2 pay for all; gp3 for what is beyond that which comes with its size."""
    iops = _number(at, origin, "iops")
    if kind in ("io1", "io2"):
        if iops is None:
            yield Gap("provisioned IOPS", "only a deployment will know how many")
        else:
            least = 1000.0
            rate = f"aws/rds/storage/{kind}/iops"
            yield at.charge("provisioned IOPS", rate, max(iops, least) * copies)
    elif kind == "gp3":
        engine = origin.inputs.text("engine").lower().partition("-")[0]
        striped = size >= _GP3_STRIPED_FROM_GIB.get(engine, _GP3_STRIPED_FROM_GIB_ELSE)
        free_iops, free_mibps = _GP3_INCLUDED_STRIPED if striped else _GP3_INCLUDED
        mibps = _number(at, origin, "storage_throughput")
        for label, name, wanted, included in (
            ("IOPS beyond the baseline", "iops", iops, free_iops),
            ("throughput beyond the baseline", "throughput", mibps, free_mibps),
        ):
            if wanted is not None and wanted > included:
                beyond = (wanted - included) * copies
                yield at.charge(label, f"aws/rds/storage/gp3/{name}", beyond)
    elif kind == "standard":
        yield from at.used("I/O requests", "aws/rds/storage/standard/io", "io_requests_millions")


@estimates("aws_rds_cluster")
def cluster(at: Estimation) -> Iterator[Part]:
    """Aurora's storage, I/O and backups; its machines are the cluster's instances.

    A Multi-AZ cluster of MySQL or PostgreSQL brings three machines of its own.
    """
    if gap := at.awaited("cluster", "engine"):
        yield gap
        return
    engine = at.inputs.text("engine", "aurora").lower()
    if not engine.startswith("aurora"):
        yield from _multi_az_cluster(at)
        return
    optimised = at.inputs.text("storage_type") == "aurora-iopt1"
    storage = "aws/rds/aurora/storage-io-optimised" if optimised else "aws/rds/aurora/storage"
    yield from at.used("storage", storage, "storage_gb")
    if not optimised:
        yield from at.used("I/O requests", "aws/rds/aurora/io", "io_requests_millions")
    if at.inputs.text("engine_mode") == "serverless":
        yield from at.used("capacity, serverless v1", "aws/rds/aurora/acu-v1", "acu_hours")
    yield from at.used("backups beyond the free", "aws/rds/aurora/backup", "backup_gb")
    if (at.inputs.number("backtrack_window") or 0) > 0:
        yield from at.used("backtrack", "aws/rds/aurora/backtrack", "backtrack_millions")


def _multi_az_cluster(at: Estimation) -> Iterator[Part]:
    instance_class = at.inputs.text("db_cluster_instance_class") or "of an unknown class"
    yield Gap("three instances", f"no price of a Multi-AZ cluster's {instance_class}")
    size = at.inputs.number("allocated_storage")
    if size is None:
        yield Gap("storage", "only a deployment will know how much")
    else:
        kind = at.inputs.text("storage_type", "io1")
        rate = f"aws/rds/cluster-storage/{kind}"
        yield at.charge(f"storage, {kind}", rate, size)


@estimates("aws_rds_cluster_instance")
def cluster_instance(at: Estimation) -> Iterator[Part]:
    """By the hour of its class, or by the capacity that a serverless one is at."""
    owner = at.referred("cluster_identifier", "aws_rds_cluster")
    optimised = owner is not None and owner.inputs.text("storage_type") == "aurora-iopt1"
    suffix = "-io-optimised" if optimised else ""
    instance_class = at.inputs.text("instance_class")
    engine = at.inputs.text("engine") or (owner.inputs.text("engine") if owner else "")
    version = at.inputs.text("engine_version") or (
        owner.inputs.text("engine_version") if owner else ""
    )
    if not instance_class:
        yield Gap("instance", "only a deployment will know its class")
        return
    if instance_class == "db.serverless":
        capacity, basis = _capacity(at, owner)
        yield at.charge("capacity units", f"aws/rds/aurora/acu{suffix}", capacity, basis=basis)
        yield from extended_support(at, engine, version, capacity, "acu")
        return
    rate = f"aws/rds/instance/aurora{suffix}/single-az/{instance_class}"
    yield at.charge(f"instance, {instance_class}", rate)
    yield from performance_insights(at, instance_class)
    units = vcpus(instance_class)
    yield from extended_support(at, engine, version, None if units is None else float(units))


def _capacity(at: Estimation, owner: Resource | None) -> tuple[Amount, Basis]:
    """The average capacity, within what the cluster may scale between."""
    used, basis = at.usage("average_acu")
    if owner is None:
        return used, basis
    least = owner.inputs.number("serverlessv2_scaling_configuration.min_capacity")
    most = owner.inputs.number("serverlessv2_scaling_configuration.max_capacity")
    if least is None or most is None:
        return used, basis
    if basis is Basis.DEFAULT:
        expected = used.expected
        within = None if expected is None else min(max(expected, least), most)
        return between(least, most, within), basis
    return used, basis


tariff(
    "aws_db_snapshot",
    "aws_db_cluster_snapshot",
    used=[("snapshot", "aws/rds/backup", "backup_gb")],
)


@estimates("aws_db_proxy")
def proxy(at: Estimation) -> Iterator[Part]:
    """By the vCPUs of the databases behind it, two at least."""
    yield from by_use(at, ("vCPUs behind it", "aws/rds/proxy/vcpu", "target_vcpus"))
