"""AWS file and object storage, backups, and their transfer; EBS is in `ebs`."""

from collections.abc import Iterator
from dataclasses import replace

from trimtab.pricing.amount import between, exactly
from trimtab.pricing.estimation import Estimation
from trimtab.pricing.estimators import estimates
from trimtab.pricing.estimators.aws.tariff import by_use, tariff
from trimtab.pricing.model import Basis, Charge, Gap, Part


@estimates("aws_s3_bucket")
def bucket(at: Estimation) -> Iterator[Part]:
    """What is kept in each storage class, and the requests and retrievals of each that is used.

    A class costs nothing while the usage file says nothing of it, but for Standard, which has defaults.
    """
    parts = by_use(
        at,
        ("Standard storage", "aws/s3/standard/storage", "storage_gb"),
        ("Standard writes", "aws/s3/standard/put", "put_requests_1k"),
        ("Standard reads", "aws/s3/standard/get", "get_requests_1k"),
        *_S3_CLASSES,
    )
    moves = any(map(at.inputs.get, ("lifecycle_rule", "lifecycle_rules")))
    for place, part in enumerate(parts):
        if moves and not place and isinstance(part, Charge):
            part = replace(part, note=_LIFECYCLE)
        yield part


_LIFECYCLE = "what lifecycle rules move or delete, only a usage file says"


_S3_CLASSES = (
    ("Intelligent-Tiering, frequent", "aws/s3/intelligent/frequent", "intelligent_frequent_gb"),
    (
        "Intelligent-Tiering, infrequent",
        "aws/s3/intelligent/infrequent",
        "intelligent_infrequent_gb",
    ),
    ("Intelligent-Tiering, archive", "aws/s3/intelligent/archive", "intelligent_archive_gb"),
    (
        "Intelligent-Tiering, deep archive",
        "aws/s3/intelligent/deep-archive",
        "intelligent_deep_archive_gb",
    ),
    ("Intelligent-Tiering monitoring", "aws/s3/intelligent/monitoring", "intelligent_objects_1k"),
    ("Standard-IA storage", "aws/s3/standard-ia/storage", "standard_ia_gb"),
    ("Standard-IA retrieval", "aws/s3/standard-ia/retrieval", "standard_ia_retrieval_gb"),
    ("One Zone-IA storage", "aws/s3/one-zone-ia/storage", "one_zone_ia_gb"),
    ("One Zone-IA retrieval", "aws/s3/one-zone-ia/retrieval", "one_zone_ia_retrieval_gb"),
    ("Glacier Instant storage", "aws/s3/glacier-instant/storage", "glacier_instant_gb"),
    ("Glacier Flexible storage", "aws/s3/glacier-flexible/storage", "glacier_flexible_gb"),
    (
        "Glacier Flexible retrieval",
        "aws/s3/glacier-flexible/retrieval",
        "glacier_flexible_retrieval_gb",
    ),
    ("Glacier Deep Archive storage", "aws/s3/glacier-deep/storage", "glacier_deep_gb"),
    (
        "Glacier Deep Archive retrieval",
        "aws/s3/glacier-deep/retrieval",
        "glacier_deep_retrieval_gb",
    ),
    ("lifecycle transitions", "aws/s3/lifecycle-transition", "lifecycle_transitions_1k"),
)

tariff(
    "aws_s3_bucket_analytics_configuration",
    used=[("objects monitored", "aws/s3/analytics", "objects_millions")],
)
tariff(
    "aws_s3_bucket_inventory",
    used=[("objects listed", "aws/s3/inventory", "objects_millions")],
)
tariff(
    "aws_s3_directory_bucket",
    used=[("Express One Zone storage", "aws/s3/express/storage", "storage_gb")],
)
tariff("aws_glacier_vault", used=[("archives", "aws/s3/glacier-flexible/storage", "storage_gb")])


@estimates("aws_efs_file_system")
def efs(at: Estimation) -> Iterator[Part]:
    """What is kept, in its class and the infrequent one, and throughput as it is bought."""
    zone = "one-zone" if at.inputs.has("availability_zone_name") else "regional"
    yield from at.used("storage", f"aws/efs/{zone}/storage", "storage_gb")
    if at.inputs.has("lifecycle_policy"):
        yield from by_use(
            at,
            ("infrequent access storage", f"aws/efs/{zone}/infrequent", "infrequent_access_gb"),
            ("infrequent access transfer", "aws/efs/infrequent/transfer", "infrequent_transfer_gb"),
        )
    match at.inputs.text("throughput_mode", "bursting"):
        case "provisioned":
            yield from _provisioned_throughput(at, zone)
        case "elastic":
            yield from by_use(
                at,
                ("elastic throughput, reads", "aws/efs/elastic/read", "read_gb"),
                ("elastic throughput, writes", "aws/efs/elastic/write", "write_gb"),
            )


def _provisioned_throughput(at: Estimation, zone: str) -> Iterator[Part]:
    """What is bought beyond the 50 KiB/s that come with each GB of the standard class."""
    bought = at.inputs.number("provisioned_throughput_in_mibps")
    if bought is None:
        yield Gap("provisioned throughput", "only a deployment will know how much")
        return
    stored, basis = at.usage("storage_gb")
    included = stored.times(0.05)  # 1 MiB/s comes with every 20 GB
    expected = None if included.expected is None else max(bought - included.expected, 0.0)
    beyond = between(max(bought - included.high, 0.0), max(bought - included.low, 0.0), expected)
    yield at.charge(
        "provisioned throughput", f"aws/efs/{zone}/throughput", beyond, basis=basis,
        note="beyond what comes with the storage",
    )  # fmt: skip


@estimates(
    "aws_fsx_lustre_file_system",
    "aws_fsx_openzfs_file_system",
    "aws_fsx_windows_file_system",
    "aws_fsx_ontap_file_system",
)
def fsx(at: Estimation) -> Iterator[Part]:
    """Capacity, throughput, IOPS beyond those that come with it, and backups."""
    system = at.resource.kind.split("_")[2]
    if system == "lustre":
        yield from _lustre(at)
        return
    deployment = at.inputs.text("deployment_type", "SINGLE_AZ_1")
    zone = "multi-az" if deployment.startswith("MULTI_AZ") else "single-az"
    medium = at.inputs.text("storage_type", "SSD").lower()
    yield from _capacity(at, f"aws/fsx/{system}/{zone}/{medium}", f"{medium.upper()} storage")
    throughput = at.inputs.number("throughput_capacity")
    if throughput is None:
        yield Gap("throughput capacity", "only a deployment will know how much")
    else:
        rate = f"aws/fsx/{system}/{zone}/throughput"
        yield at.charge("throughput capacity", rate, throughput)
    if at.inputs.text("disk_iops_configuration.mode") == "USER_PROVISIONED":
        yield from _iops(at, system, zone)
    yield from at.used("backups", f"aws/fsx/{system}/backup", "backup_gb")


def _capacity(at: Estimation, rate: str, label: str) -> Iterator[Part]:
    capacity = at.inputs.number("storage_capacity")
    if capacity is None:
        yield Gap(label, "only a deployment will know the capacity")
        return
    yield at.charge(label, rate, capacity)


def _iops(at: Estimation, system: str, zone: str) -> Iterator[Part]:
    """Three IOPS come with each GiB."""
    iops = at.inputs.number("disk_iops_configuration.iops")
    capacity = at.inputs.number("storage_capacity")
    if iops is None or capacity is None:
        yield Gap("provisioned IOPS", "only a deployment will know how many")
    elif iops > 3 * capacity:
        yield at.charge("provisioned IOPS", f"aws/fsx/{system}/{zone}/iops", iops - 3 * capacity)


def _lustre(at: Estimation) -> Iterator[Part]:
    """A price per GiB that hangs on the deployment, its medium and its throughput."""
    deployment = at.inputs.text("deployment_type", "SCRATCH_1").lower().replace("_", "-")
    medium = at.inputs.text("storage_type", "SSD").lower()
    if deployment.startswith("scratch"):
        rate = "aws/fsx/lustre/scratch"
    else:
        throughput = at.inputs.text("per_unit_storage_throughput", "unknown")
        rate = f"aws/fsx/lustre/{deployment}/{medium}/{throughput}"
    yield from _capacity(at, rate, f"storage, {deployment}")
    if not deployment.startswith("scratch"):
        yield from at.used("backups", "aws/fsx/lustre/backup", "backup_gb")


tariff(
    "aws_fsx_backup",
    used=[("backup", "aws/fsx/windows/backup", "backup_gb")],
)
tariff(
    "aws_backup_vault",
    "aws_backup_logically_air_gapped_vault",
    used=[
        ("EBS snapshots", "aws/backup/ebs", "ebs_snapshot_gb"),
        ("EFS backups", "aws/backup/efs", "efs_backup_gb"),
        ("RDS snapshots", "aws/backup/rds", "rds_snapshot_gb"),
        ("DynamoDB backups", "aws/backup/dynamodb", "dynamodb_backup_gb"),
        ("S3 backups", "aws/backup/s3", "s3_backup_gb"),
    ],
)
tariff("aws_datasync_task", used=[("data copied", "aws/datasync/data", "data_copied_gb")])
tariff(
    "aws_storagegateway_gateway",
    used=[("data written to AWS", "aws/storage-gateway/data", "data_written_gb")],
)
tariff(
    "aws_transfer_connector",
    used=[("data transferred", "aws/transfer/data", "data_transferred_gb")],
)


@estimates("aws_transfer_server")
def transfer_server(at: Estimation) -> Iterator[Part]:
    """Each protocol by the hour, and what passes."""
    length = at.inputs.length("protocols")
    count = between(1, 4) if length is None else exactly(max(length, 1))
    basis = Basis.BOUNDS if length is None else Basis.DECLARED
    yield at.charge("protocols", "aws/transfer/protocol/hour", count, basis=basis)
    yield from at.used("data transferred", "aws/transfer/data", "data_transferred_gb")
