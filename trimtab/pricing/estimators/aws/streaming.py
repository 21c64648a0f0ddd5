"""AWS streams and brokers: Kinesis, Firehose, Flink, Kafka, MQ."""

from collections.abc import Iterator

from trimtab.pricing.estimation import Estimation
from trimtab.pricing.estimators import estimates
from trimtab.pricing.estimators.aws.tariff import by_use, tariff
from trimtab.pricing.model import Gap, Part

_MOST_SHARDS = 500
_MOST_BROKERS = 60


@estimates("aws_kinesis_stream")
def stream(at: Estimation) -> Iterator[Part]:
    """Shards by the hour and what is put; or, on demand, the stream and what flows."""
    if at.inputs.text("stream_mode_details.stream_mode", "PROVISIONED") == "ON_DEMAND":
        yield at.charge("on-demand stream", "aws/kinesis/on-demand/hour")
        yield from by_use(
            at,
            ("data in", "aws/kinesis/on-demand/in", "data_in_gb"),
            ("data out", "aws/kinesis/on-demand/out", "data_out_gb"),
        )
        return
    shards, basis = at.counted("shard_count", most=_MOST_SHARDS)
    yield at.charge("shards", "aws/kinesis/shard/hour", shards, basis=basis)
    yield from at.used("put units", "aws/kinesis/put", "put_units_millions")
    if (at.inputs.number("retention_period") or 24) > 24:
        yield at.charge("longer retention", "aws/kinesis/retention/hour", shards, basis=basis)


tariff(
    "aws_kinesis_stream_consumer",
    used=[
        ("consumer's shards", "aws/kinesis/fan-out/hour", "shards"),
        ("data out", "aws/kinesis/fan-out/out", "data_out_gb"),
    ],
)


@estimates("aws_kinesis_firehose_delivery_stream")
def firehose(at: Estimation) -> Iterator[Part]:
    """What is taken in, converted, and delivered into a network of the user's."""
    yield from at.used("data in", "aws/firehose/in", "data_in_gb")
    converted = (
        "extended_s3_configuration.data_format_conversion_configuration",
        "s3_configuration.data_format_conversion_configuration",
    )
    if any(
        at.inputs.has(path) and at.inputs.flag(f"{path}.enabled", default=True)
        for path in converted
    ):
        yield from at.used("format conversion", "aws/firehose/conversion", "data_in_gb")
    for name in ("elasticsearch_configuration", "opensearch_configuration"):
        subnets = at.inputs.length(f"{name}.vpc_config.subnet_ids")
        if subnets:
            yield from at.used("data into the network", "aws/firehose/vpc/data", "data_in_gb")
            yield at.charge("delivery in each zone", "aws/firehose/vpc/hour", subnets)


@estimates("aws_kinesis_analytics_application", "aws_kinesisanalyticsv2_application")
def analytics_application(at: Estimation) -> Iterator[Part]:
    """Processing units by the hour; Flink needs one more, and storage."""
    yield from at.used("processing units", "aws/kinesis-analytics/kpu/hour", "average_kpus")
    if at.inputs.text("runtime_environment").startswith("FLINK"):
        yield at.charge("orchestration unit", "aws/kinesis-analytics/kpu/hour")
        yield from by_use(
            at,
            ("running storage", "aws/kinesis-analytics/storage", "running_storage_gb"),
            ("backups", "aws/kinesis-analytics/backup", "backup_gb"),
        )


tariff(
    "aws_kinesisanalyticsv2_application_snapshot",
    used=[("backup", "aws/kinesis-analytics/backup", "backup_gb")],
)


@estimates("aws_msk_cluster")
def kafka(at: Estimation) -> Iterator[Part]:
    """Brokers by the hour, and each broker's storage."""
    instance = at.inputs.text("broker_node_group_info.instance_type")
    if not instance:
        yield Gap("brokers", "only a deployment will know their type")
        return
    brokers, basis = at.counted("number_of_broker_nodes", 2, least=2, most=_MOST_BROKERS)
    yield at.charge(f"brokers, {instance}", f"aws/msk/{instance}", brokers, basis=basis)
    size = at.inputs.number(
        "broker_node_group_info.storage_info.ebs_storage_info.volume_size"
    ) or at.inputs.number("broker_node_group_info.ebs_volume_size")
    if instance.startswith("express."):
        yield from at.used("storage", "aws/msk/express/storage", "storage_gb")
    elif size is None:
        yield Gap("storage", "only a deployment will know how much")
    else:
        yield at.charge("storage", "aws/msk/storage", brokers.times(size), basis=basis)


@estimates("aws_msk_serverless_cluster")
def kafka_serverless(at: Estimation) -> Iterator[Part]:
    """The cluster by the hour, its partitions, and what flows and is kept."""
    yield at.charge("cluster", "aws/msk/serverless/hour")
    yield from by_use(
        at,
        ("partitions", "aws/msk/serverless/partition/hour", "partitions"),
        ("storage", "aws/msk/serverless/storage", "storage_gb"),
        ("data in", "aws/msk/serverless/in", "data_in_gb"),
        ("data out", "aws/msk/serverless/out", "data_out_gb"),
    )


_BROKERS = {"SINGLE_INSTANCE": 1, "ACTIVE_STANDBY_MULTI_AZ": 2, "CLUSTER_MULTI_AZ": 3}


@estimates("aws_mq_broker")
def broker(at: Estimation) -> Iterator[Part]:
    """Each broker by the hour, and what they keep: ActiveMQ on EFS unless told otherwise."""
    engine = at.inputs.text("engine_type", "ActiveMQ").lower()
    instance = at.inputs.text("host_instance_type")
    mode = at.inputs.text("deployment_mode", "SINGLE_INSTANCE").upper()
    if not instance or mode not in _BROKERS or at.inputs.unknown("deployment_mode"):
        yield Gap("brokers", "only a deployment will know their type and number")
        return
    yield at.charge(f"brokers, {instance}", f"aws/mq/{engine}/{instance}", _BROKERS[mode])
    medium = "ebs" if engine == "rabbitmq" else at.inputs.text("storage_type", "efs").lower()
    brokers = _BROKERS[mode] if engine == "rabbitmq" else 1
    stored, basis = at.usage("storage_gb")
    yield at.charge("storage", f"aws/mq/storage/{medium}", stored.times(brokers), basis=basis)
