"""AWS databases but RDS: DynamoDB, DocumentDB, Neptune, Redshift, and their moves."""

from collections.abc import Iterator

from trimtab.pricing.amount import Amount, between, exactly
from trimtab.pricing.estimation import Estimation
from trimtab.pricing.estimators import estimates
from trimtab.pricing.estimators.aws.tariff import by_use, tariff
from trimtab.pricing.model import Basis, Charge, Gap, Part
from trimtab.resources.inputs import Inputs

_MOST_REDSHIFT_NODES = 128


@estimates("aws_dynamodb_table")
def table(at: Estimation) -> Iterator[Part]:
    """Capacity or requests, here and in each region that replicates it; data, and backups that are on."""
    where = _class(at.inputs)
    if _by_request(at.inputs):
        yield from by_use(
            at,
            ("write requests", f"aws/dynamodb/{where}/wru", "write_requests_millions"),
            ("read requests", f"aws/dynamodb/{where}/rru", "read_requests_millions"),
        )
        writes, basis = at.usage("write_requests_millions")
        yield from _replicas(at, "writes", f"aws/dynamodb/{where}/wru", writes, basis)
    else:
        for label, rate, units in _provisioned(at.inputs, where):
            yield _capacity(at, label, rate, units)
            if units is not None:
                yield from _replicas(at, label, rate, units, Basis.DECLARED)
    yield from at.used("data", f"aws/dynamodb/{where}/storage", "storage_gb")
    stored, basis = at.usage("storage_gb")
    yield from _replicas(at, "data", f"aws/dynamodb/{where}/storage", stored, basis)
    if at.inputs.flag("point_in_time_recovery.enabled"):
        yield from at.used("point-in-time recovery", "aws/dynamodb/pitr", "storage_gb")
    if at.inputs.flag("stream_enabled"):
        yield from at.used("stream reads", "aws/dynamodb/stream", "stream_reads_millions")


def _class(table: Inputs) -> str:
    infrequent = table.text("table_class") == "STANDARD_INFREQUENT_ACCESS"
    return "infrequent" if infrequent else "standard"


def _by_request(table: Inputs) -> bool:
    return table.text("billing_mode", "PROVISIONED") == "PAY_PER_REQUEST"


def _provisioned(table: Inputs, where: str) -> Iterator[tuple[str, str, Amount | None]]:
    """The capacity that a table and its global indexes reserve: what, its rate, and how much; None where
    only a deployment will know."""
    tables = [table, *table.blocks("global_secondary_index")]
    for label, name, unit in (
        ("write capacity", "write_capacity", "wcu"),
        ("read capacity", "read_capacity", "rcu"),
    ):
        known = not any(each.unknown(name) for each in tables)
        units = exactly(sum(each.number(name) or 0.0 for each in tables)) if known else None
        yield label, f"aws/dynamodb/{where}/{unit}", units


def _capacity(at: Estimation, label: str, rate: str, units: Amount | None) -> Part:
    if units is None:
        return Gap(label, "only a deployment will know how much")
    return at.charge(label, rate, units)


def _replicas(
    at: Estimation, what: str, name: str, quantity: Amount, basis: Basis
) -> Iterator[Part]:
    """A replica has the table's capacity and data, and takes its writes, each at its region's price."""
    if quantity.high == 0:
        return
    for replica in at.inputs.blocks("replica"):
        region = replica.text("region_name", "an unknown region")
        tiers = at.facts.book.tiers(name, region)
        label = f"replicated {what} in {region}"
        if tiers is None:
            yield Gap(label, f"no price of {name} in {region}")
        else:
            yield Charge(label, tiers[0].rate, quantity, basis)


@estimates("aws_dynamodb_table_replica")
def table_replica(at: Estimation) -> Iterator[Part]:
    """Its table's capacity, or the writes of one that is paid by request, again here; and its data."""
    source = at.referred("global_table_arn", "aws_dynamodb_table")
    where = "standard" if source is None else _class(source.inputs)
    if source is None or _by_request(source.inputs):
        yield from at.used(
            "replicated writes", f"aws/dynamodb/{where}/wru", "write_requests_millions"
        )
    else:
        for label, rate, units in _provisioned(source.inputs, where):
            yield _capacity(at, f"replicated {label}", rate, units)
    yield from at.used("data", f"aws/dynamodb/{where}/storage", "storage_gb")


def _instance(at: Estimation, service: str, cluster: str) -> Iterator[Part]:
    """A cluster's instance by its class; dearer where the cluster pays no I/O."""
    instance_class = at.inputs.text("instance_class")
    if not instance_class:
        yield Gap("instance", "only a deployment will know its class")
        return
    owner = at.referred("cluster_identifier", cluster)
    optimised = owner is not None and owner.inputs.text("storage_type").startswith("iopt")
    suffix = "-io-optimised" if optimised else ""
    rate = f"aws/{service}/instance{suffix}/{instance_class}"
    yield at.charge(f"instance, {instance_class}", rate)


@estimates("aws_docdb_cluster_instance")
def docdb_instance(at: Estimation) -> Iterator[Part]:
    """By the hour of its class."""
    yield from _instance(at, "docdb", "aws_docdb_cluster")


@estimates("aws_neptune_cluster_instance")
def neptune_instance(at: Estimation) -> Iterator[Part]:
    """By the hour of its class."""
    yield from _instance(at, "neptune", "aws_neptune_cluster")


@estimates("aws_docdb_cluster", "aws_neptune_cluster")
def graph_or_document_cluster(at: Estimation) -> Iterator[Part]:
    """Storage, I/O and backups; its machines are the cluster's instances."""
    service = at.resource.kind.split("_")[1]
    optimised = at.inputs.text("storage_type").startswith("iopt")
    suffix = "-io-optimised" if optimised else ""
    yield from at.used("storage", f"aws/{service}/storage{suffix}", "storage_gb")
    if not optimised:
        yield from at.used("I/O requests", f"aws/{service}/io", "io_requests_millions")
    yield from at.used("backups beyond the free", f"aws/{service}/backup", "backup_gb")


tariff("aws_docdb_cluster_snapshot", used=[("snapshot", "aws/docdb/backup", "backup_gb")])
tariff("aws_neptune_cluster_snapshot", used=[("snapshot", "aws/neptune/backup", "backup_gb")])


@estimates("aws_redshift_cluster")
def redshift(at: Estimation) -> Iterator[Part]:
    """Nodes by the hour; managed storage of RA3, and what is scanned in S3."""
    node_type = at.inputs.text("node_type")
    if not node_type:
        yield Gap("nodes", "only a deployment will know their type")
        return
    nodes, basis = at.counted("number_of_nodes", most=_MOST_REDSHIFT_NODES)
    if at.inputs.unknown("multi_az"):
        nodes, basis = between(nodes.low, 2 * nodes.high), Basis.BOUNDS
    zones = 2 if at.inputs.flag("multi_az") else 1
    yield at.charge(
        f"nodes, {node_type}",
        f"aws/redshift/node/{node_type}",
        nodes.times(zones),
        basis=basis,
        note="as many again in a second zone" if zones > 1 else "",
    )
    if node_type.startswith("ra3"):
        yield from at.used("managed storage", "aws/redshift/storage", "storage_gb")
    yield from by_use(
        at,
        ("Spectrum", "aws/redshift/spectrum", "spectrum_tb"),
        ("snapshots beyond the free", "aws/redshift/backup", "backup_gb"),
    )


tariff(
    "aws_redshiftserverless_workgroup",
    used=[("processing units", "aws/redshift/serverless/rpu", "rpu_hours")],
)
tariff(
    "aws_redshiftserverless_namespace",
    used=[("managed storage", "aws/redshift/storage", "storage_gb")],
)


@estimates("aws_dms_replication_instance")
def dms(at: Estimation) -> Iterator[Part]:
    """By the hour of its class, twice with a standby; storage beyond what comes with it."""
    instance_class = at.inputs.text("replication_instance_class")
    zone = "multi-az" if at.inputs.flag("multi_az") else "single-az"
    yield at.charge(f"instance, {instance_class}", f"aws/dms/{zone}/{instance_class}")
    if gap := at.awaited("storage beyond the free", "allocated_storage"):
        yield gap
    size = at.inputs.number("allocated_storage")
    if size is None:
        return
    included = 50 if instance_class.startswith("dms.t") else 100
    if size > included:
        yield at.charge("storage beyond the free", f"aws/dms/{zone}/storage", size - included)


tariff(
    "aws_timestreamwrite_table",
    used=[
        ("writes", "aws/timestream/writes", "writes_millions"),
        ("magnetic storage", "aws/timestream/magnetic", "magnetic_storage_gb"),
    ],
)
tariff(
    "aws_keyspaces_table",
    used=[("data", "aws/keyspaces/storage", "storage_gb")],
)
