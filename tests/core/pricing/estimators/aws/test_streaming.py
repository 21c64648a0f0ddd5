"""AWS streams and brokers, computed by hand from the price pages that the book names."""

from support.estimates import bill, estimate, resource
from trimtab.pricing.amount import between
from trimtab.pricing.model import Status
from trimtab.resources.inputs import UNKNOWN


def test_a_provisioned_stream_is_paid_by_shard() -> None:
    priced = estimate(resource("aws_kinesis_stream", {"shardCount": 2}, camel=True))
    # 2 x 730 h x 0.015, and 10 million x 0.014
    assert bill(priced) == {"shards": 21.90, "put units": 0.14}


def test_a_longer_retention_is_paid_by_shard() -> None:
    charged = bill(estimate(resource("aws_kinesis_stream", {"retention_period": 48})))
    # 730 h x 0.02
    assert charged["longer retention"] == 14.60


def test_a_stream_on_demand_is_paid_by_what_flows() -> None:
    inputs = {"streamModeDetails": {"streamMode": "ON_DEMAND"}}
    # 730 h x 0.04; 100 GB x 0.08; 100 GB x 0.04
    assert bill(estimate(resource("aws_kinesis_stream", inputs, camel=True))) == {
        "on-demand stream": 29.20,
        "data in": 8.00,
        "data out": 4.00,
    }


def test_shards_that_are_not_known_are_bounded() -> None:
    priced = estimate(resource("aws_kinesis_stream", {"shard_count": UNKNOWN}))
    assert priced.charges[0].quantity == between(1, 500)
    assert priced.status is Status.BOUNDED


def test_firehose_pays_for_conversion_and_for_each_zone_of_a_network() -> None:
    inputs = {
        "extended_s3_configuration": [{"data_format_conversion_configuration": [{"x": 1}]}],
        "elasticsearch_configuration": [{"vpc_config": [{"subnet_ids": ["a", "b"]}]}],
    }
    priced = estimate(resource("aws_kinesis_firehose_delivery_stream", inputs, region="eu-west-2"))
    # 100 GB x 0.035; x 0.021; x 0.01; 2 zones x 730 h x 0.011
    assert bill(priced) == {
        "data in": 3.50,
        "format conversion": 2.10,
        "data into the network": 1.00,
        "delivery in each zone": 16.06,
    }


def test_a_conversion_that_is_off_costs_nothing() -> None:
    off = {"data_format_conversion_configuration": [{"enabled": False}]}
    inputs = {"extended_s3_configuration": [off]}
    priced = estimate(resource("aws_kinesis_firehose_delivery_stream", inputs, region="eu-west-2"))
    assert list(bill(priced)) == ["data in"]


def test_flink_needs_one_unit_more_than_it_works_with() -> None:
    sql = estimate(resource("aws_kinesis_analytics_application"))
    # 730 h x 0.11
    assert bill(sql) == {"processing units": 80.30}
    inputs = {"runtimeEnvironment": "FLINK-1_20"}
    flink = bill(estimate(resource("aws_kinesisanalyticsv2_application", inputs, camel=True)))
    assert flink["orchestration unit"] == 80.30


def test_kafka_is_paid_by_broker_and_each_brokers_storage() -> None:
    inputs = {
        "numberOfBrokerNodes": 3,
        "brokerNodeGroupInfo": {
            "instanceType": "kafka.m5.large",
            "storageInfo": {"ebsStorageInfo": {"volumeSize": 100}},
        },
    }
    # 3 x 730 h x 0.21, and 3 x 100 GiB x 0.10
    assert bill(estimate(resource("aws_msk_cluster", inputs, camel=True))) == {
        "brokers, kafka.m5.large": 459.90,
        "storage": 30.00,
    }


def test_brokers_that_are_not_counted_are_bounded_with_their_storage() -> None:
    group = {"instance_type": "kafka.m5.large", "ebs_volume_size": 100}
    inputs = {"number_of_broker_nodes": UNKNOWN, "broker_node_group_info": [group]}
    priced = estimate(resource("aws_msk_cluster", inputs))
    assert priced.charges[0].quantity == between(2, 60)
    assert priced.charges[1].quantity == between(200, 6000)


def test_serverless_kafka_is_paid_by_the_hour_and_partition() -> None:
    priced = estimate(resource("aws_msk_serverless_cluster"))
    # 730 h x 0.75, and 10 x 730 h x 0.0015; what flows has no price in the book
    assert bill(priced) == {"cluster": 547.50, "partitions": 10.95}
    assert priced.status is Status.PARTLY


def test_a_broker_is_paid_for_each_of_its_deployment() -> None:
    single = {"hostInstanceType": "mq.t3.micro", "engineType": "ActiveMQ"}
    # 730 h x 0.02704, and 1 GB x 0.30 on EFS
    assert bill(estimate(resource("aws_mq_broker", single, camel=True))) == {
        "brokers, mq.t3.micro": 19.74,
        "storage": 0.30,
    }
    unknown = {"host_instance_type": "mq.m5.large", "deployment_mode": UNKNOWN}
    assert estimate(resource("aws_mq_broker", unknown)).status is Status.NOT_PRICED


def test_a_region_without_a_price_is_a_gap() -> None:
    assert estimate(resource("aws_kinesis_stream", region="mars-1")).status is Status.NOT_PRICED
