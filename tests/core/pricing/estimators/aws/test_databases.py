"""AWS databases and caches, computed by hand from the tables that the book names."""

from datetime import UTC, datetime

import pytest

from support.estimates import bill, estimate, resource
from trimtab.pricing.amount import between
from trimtab.pricing.model import Status
from trimtab.resources.inputs import UNKNOWN

POSTGRES = {
    "engine": "postgres",
    "engineVersion": "17.2",
    "instanceClass": "db.m5.large",
    "allocatedStorage": 100,
    "storageType": "gp3",
}


def test_an_instance_is_paid_by_class_and_storage() -> None:
    priced = estimate(resource("aws_db_instance", POSTGRES, camel=True))
    # 730 h x 0.178, and 100 GiB x 0.115
    assert bill(priced) == {
        "instance, db.m5.large": 129.94,
        "storage, gp3": 11.50,
        "backups beyond the free": 0.0,
    }
    assert priced.status is Status.PRICED


def test_a_standby_is_paid_as_a_second_instance_with_its_storage() -> None:
    priced = estimate(resource("aws_db_instance", {**POSTGRES, "multiAz": True}, camel=True))
    # 2 x 129.94, and 2 x 11.50
    assert bill(priced)["instance with standby, db.m5.large"] == 259.88
    assert bill(priced)["storage, gp3"] == 23.00


@pytest.mark.parametrize(
    ("engine", "gib", "iops", "usd"),
    [
        ("postgres", 100, 3_500, 10.00),  # 500 beyond 3,000 x 0.02
        ("postgres", 400, 12_000, None),  # striped: 12,000 come with it
        ("oracle-se2", 200, 12_500, 10.00),  # striped from 200 GiB on
        ("sqlserver-se", 1_000, 3_500, 10.00),  # never striped
    ],
)
def test_the_iops_that_come_with_a_disk_hang_on_engine_and_size(
    engine: str, gib: int, iops: int, usd: float | None
) -> None:
    inputs = {**POSTGRES, "engine": engine, "allocatedStorage": gib, "iops": iops}
    charged = bill(estimate(resource("aws_db_instance", inputs, camel=True)))
    assert charged.get("IOPS beyond the baseline") == usd


def test_throughput_beyond_the_baseline_costs_and_nobody_knows_what() -> None:
    inputs = {**POSTGRES, "storageThroughput": 250}
    priced = estimate(resource("aws_db_instance", inputs, camel=True))
    assert [gap.label for gap in priced.gaps] == ["throughput beyond the baseline"]
    within = {**POSTGRES, "storageThroughput": 125}
    assert estimate(resource("aws_db_instance", within, camel=True)).gaps == ()


def test_an_instance_that_the_internet_reaches_has_a_public_address() -> None:
    inputs = {**POSTGRES, "publiclyAccessible": True}
    # 730 h x 0.005
    assert bill(estimate(resource("aws_db_instance", inputs, camel=True)))[
        "public IPv4 address"
    ] == (3.65)


def test_sql_server_with_a_standby_has_a_price_of_its_own() -> None:
    inputs = {"engine": "sqlserver-se", "instance_class": "db.m5.xlarge", "multi_az": True}
    priced = estimate(resource("aws_db_instance", inputs))
    # 730 h x 2.448
    assert 1787.04 in bill(priced).values()
    web = estimate(resource("aws_db_instance", {**inputs, "engine": "sqlserver-web"}))
    assert web.gaps[0].reason.startswith("no price of aws/rds/instance/sqlserver-web/multi-az")


@pytest.mark.parametrize(
    ("inputs", "reason"),
    [
        ({"snapshot_identifier": "s"}, "its snapshot says which engine it runs"),
        ({"engine": "mysql"}, "only a deployment will know its engine and class"),
        ({"engine": UNKNOWN}, "only a deployment will know its engine and class"),
        ({"engine": "db2-ae", "instance_class": "db.m6i.large"}, "no price of the engine db2-ae"),
        (
            {"engine": "mysql", "instance_class": "db.t3.micro", "multi_az": UNKNOWN},
            "only a deployment will know whether it has a standby",
        ),
        (
            {"engine": "mysql", "instance_class": "db.m99.large"},
            "no price of aws/rds/instance/mysql/single-az/db.m99.large in us-east-1",
        ),
    ],
)
def test_what_an_instance_does_not_say_is_a_gap(inputs: dict[str, object], reason: str) -> None:
    assert estimate(resource("aws_db_instance", inputs)).gaps[0].reason == reason


def test_a_replica_has_the_engine_and_size_of_its_source() -> None:
    source = resource("aws_db_instance", POSTGRES, name="main", camel=True)
    replica = resource(
        "aws_db_instance",
        {"instanceClass": "db.m5.large", "replicateSourceDb": UNKNOWN, "storageType": "gp3"},
        name="replica",
        camel=True,
        references={"replicate_source_db": (source.key,)},
    )
    assert bill(estimate(replica, source)) == bill(estimate(source))


@pytest.mark.parametrize(
    ("engine", "version", "on", "usd_per_month"),
    [
        # two vCPUs x 730 h x 0.10 in years 1 and 2, x 0.20 in year 3
        ("postgres", "13.4", datetime(2026, 11, 1, tzinfo=UTC), 146.00),
        ("postgres", "12", datetime(2027, 3, 1, tzinfo=UTC), 292.00),
        ("mysql", "8.0.36", datetime(2026, 8, 1, tzinfo=UTC), 146.00),
        ("mysql", "8.0.36", datetime(2026, 7, 31, tzinfo=UTC), None),
        ("mysql", "5.7", datetime(2026, 2, 28, tzinfo=UTC), 146.00),
        ("mysql", "5.7", datetime(2026, 3, 1, tzinfo=UTC), 292.00),
        ("mysql", "8.4", datetime(2026, 11, 1, tzinfo=UTC), None),
        ("mysql", "", datetime(2026, 11, 1, tzinfo=UTC), None),
    ],
)
def test_an_old_version_pays_for_its_support(
    engine: str, version: str, on: datetime, usd_per_month: float | None
) -> None:
    inputs = {"engine": engine, "engine_version": version, "instance_class": "db.m5.large"}
    charged = bill(estimate(resource("aws_db_instance", inputs), as_of=on))
    assert [usd for label, usd in charged.items() if label.startswith("extended support")] == (
        [] if usd_per_month is None else [usd_per_month]
    )


def test_a_support_that_was_declined_is_not_charged() -> None:
    inputs = {
        "engine": "postgres",
        "engine_version": "12",
        "instance_class": "db.m5.large",
        "engine_lifecycle_support": "open-source-rds-extended-support-disabled",
    }
    assert "extended support, year 1 or 2" not in bill(
        estimate(resource("aws_db_instance", inputs))
    )


def test_insights_kept_longer_than_a_week_are_paid_by_vcpu() -> None:
    inputs = {
        "engine": "mysql",
        "instance_class": "db.m5.xlarge",
        "performance_insights_enabled": True,
        "performance_insights_retention_period": 731,
    }
    # four vCPUs x 3.815
    charged = bill(estimate(resource("aws_db_instance", inputs)))
    assert charged["Performance Insights retention"] == 15.26
    short = {**inputs, "performance_insights_retention_period": 7}
    assert "Performance Insights retention" not in bill(
        estimate(resource("aws_db_instance", short))
    )


def test_an_io_optimised_cluster_pays_no_io_and_more_for_the_rest() -> None:
    standard = bill(estimate(resource("aws_rds_cluster", {"engine": "aurora-mysql"})))
    # 100 GB x 0.10, and 10 million x 0.20
    assert standard["storage"] == 10.00
    assert standard["I/O requests"] == 2.00
    optimised = {"engine": "aurora-mysql", "storageType": "aurora-iopt1"}
    charged = bill(estimate(resource("aws_rds_cluster", optimised, camel=True)))
    # 100 GB x 0.225
    assert charged["storage"] == 22.50
    assert "I/O requests" not in charged


def test_a_serverless_instance_stays_within_its_clusters_capacity() -> None:
    scaling = {"min_capacity": 4, "max_capacity": 16}
    cluster = resource(
        "aws_rds_cluster",
        {"engine": "aurora-postgresql", "serverlessv2_scaling_configuration": [scaling]},
    )
    instance = resource(
        "aws_rds_cluster_instance",
        {"instance_class": "db.serverless", "cluster_identifier": UNKNOWN},
        references={"cluster_identifier": (cluster.key,)},
    )
    priced = estimate(instance, cluster)
    # the default of 2 is below the least of 4: 4 x 730 h x 0.12
    assert priced.charges[0].quantity == between(4, 16, 4)
    assert bill(priced) == {"capacity units": 350.40}


def test_a_multi_az_cluster_of_mysql_says_what_it_can_not_price() -> None:
    inputs = {"engine": "mysql", "db_cluster_instance_class": "db.m5d.large"}
    priced = estimate(resource("aws_rds_cluster", inputs))
    assert priced.gaps[0].reason == "no price of a Multi-AZ cluster's db.m5d.large"


def test_a_proxy_is_paid_by_the_vcpus_behind_it() -> None:
    # two vCPUs x 730 h x 0.015
    assert bill(estimate(resource("aws_db_proxy"))) == {"vCPUs behind it": 21.90}


def test_valkey_costs_a_fifth_less_than_redis() -> None:
    nodes = {"nodeType": "cache.t4g.medium", "numNodeGroups": 2, "replicasPerNodeGroup": 1}
    redis = bill(
        estimate(
            resource("aws_elasticache_replication_group", {**nodes, "engine": "redis"}, camel=True)
        )
    )
    valkey = bill(
        estimate(
            resource("aws_elasticache_replication_group", {**nodes, "engine": "valkey"}, camel=True)
        )
    )
    # 2 x (1 + 1) nodes x 730 h x 0.065, and x 0.052
    assert redis == {"nodes, cache.t4g.medium": 189.80}
    assert valkey == {"nodes, cache.t4g.medium": 151.84}


def test_the_nodes_of_a_group_that_are_not_known_are_bounded() -> None:
    unknown = {"node_type": "cache.t3.micro", "num_cache_clusters": UNKNOWN}
    priced = estimate(resource("aws_elasticache_replication_group", unknown))
    assert priced.charges[0].quantity == between(1, 6)
    replicas = {
        "node_type": "cache.t3.micro",
        "num_node_groups": 3,
        "replicas_per_node_group": UNKNOWN,
    }
    priced = estimate(resource("aws_elasticache_replication_group", replicas))
    assert priced.charges[0].quantity == between(3, 18)


def test_a_member_of_a_replication_group_is_paid_there() -> None:
    member = resource("aws_elasticache_cluster", {"replication_group_id": UNKNOWN})
    assert estimate(member).status is Status.COVERED


def test_a_serverless_cache_is_paid_by_what_it_holds() -> None:
    # 1 GB x 730 h x 0.125, and 100 million x 0.0034
    redis = estimate(resource("aws_elasticache_serverless_cache", {"engine": "redis"}))
    assert bill(redis) == {"data held": 91.25, "processing units": 0.34}


def test_memorydb_has_a_replica_unless_told_otherwise() -> None:
    # (1 + 1) x 730 h x 0.048
    priced = estimate(resource("aws_memorydb_cluster", {"node_type": "db.t4g.small"}))
    assert bill(priced) == {"nodes, db.t4g.small": 70.08}


def test_a_table_on_demand_is_paid_by_requests_and_its_indexes_by_capacity() -> None:
    on_demand = {"billingMode": "PAY_PER_REQUEST"}
    # 1 million x 0.625, 10 million x 0.125, 10 GB x 0.25
    assert bill(estimate(resource("aws_dynamodb_table", on_demand, camel=True))) == {
        "write requests": 0.62,
        "read requests": 1.25,
        "data": 2.50,
    }
    provisioned = {
        "read_capacity": 5,
        "write_capacity": 5,
        "global_secondary_index": [{"read_capacity": 10, "write_capacity": 20}],
    }
    # 25 x 730 h x 0.00065, and 15 x 730 h x 0.00013
    charged = bill(estimate(resource("aws_dynamodb_table", provisioned)))
    assert charged["write capacity"] == 11.86
    assert charged["read capacity"] == 1.42


def test_a_replica_has_capacity_and_data_of_its_own() -> None:
    inputs = {
        "read_capacity": 10,
        "write_capacity": 5,
        "replica": [{"region_name": "us-east-2"}],
    }
    charged = bill(estimate(resource("aws_dynamodb_table", inputs)))
    # 5 x 730 h x 0.00065, 10 x 730 h x 0.00013, 10 GB x 0.25: the same in both regions
    assert charged["write capacity"] == charged["replicated write capacity in us-east-2"] == 2.37
    assert charged["read capacity"] == charged["replicated read capacity in us-east-2"] == 0.95
    assert charged["data"] == charged["replicated data in us-east-2"] == 2.50


def test_a_replica_that_is_declared_apart_has_its_tables_capacity() -> None:
    table = resource("aws_dynamodb_table", {"read_capacity": 10, "write_capacity": 5}, key="table")
    refers = {"global_table_arn": ("table",)}
    replica = resource("aws_dynamodb_table_replica", region="us-east-2", references=refers)
    assert bill(estimate(replica, table)) == {
        "replicated write capacity": 2.37,  # 5 x 730 h x 0.00065
        "replicated read capacity": 0.95,  # 10 x 730 h x 0.00013
        "data": 2.50,  # 10 GB x 0.25
    }
    by_request = resource("aws_dynamodb_table", {"billing_mode": "PAY_PER_REQUEST"}, key="table")
    # a million writes x 0.625
    assert bill(estimate(replica, by_request))["replicated writes"] == 0.62
    assert bill(estimate(replica))["replicated writes"] == 0.62


def test_a_replica_where_nothing_has_a_price_is_a_gap() -> None:
    inputs = {"billing_mode": "PAY_PER_REQUEST", "replica": [{"region_name": "mars-1"}]}
    priced = estimate(resource("aws_dynamodb_table", inputs))
    assert [gap.label for gap in priced.gaps] == [
        "replicated writes in mars-1",
        "replicated data in mars-1",
    ]


def test_a_capacity_that_is_not_known_is_a_gap() -> None:
    inputs = {"read_capacity": UNKNOWN, "write_capacity": 1}
    priced = estimate(resource("aws_dynamodb_table", inputs))
    assert [gap.label for gap in priced.gaps] == ["read capacity"]
    assert priced.status is Status.PARTLY


def test_redshift_is_paid_by_node() -> None:
    inputs = {"nodeType": "ra3.4xlarge", "numberOfNodes": 2}
    charged = bill(estimate(resource("aws_redshift_cluster", inputs, camel=True)))
    # 2 x 730 h x 3.26, and 1,000 GB x 0.024
    assert charged["nodes, ra3.4xlarge"] == 4_759.60
    assert charged["managed storage"] == 24.00
    charged = bill(
        estimate(resource("aws_redshift_cluster", {**inputs, "multiAz": True}, camel=True))
    )
    assert charged["nodes, ra3.4xlarge"] == 9_519.20  # as many again in a second zone
    assert charged["managed storage"] == 24.00


def test_a_domain_pays_nodes_and_each_nodes_storage() -> None:
    inputs = {
        "clusterConfig": {"instanceType": "t3.small.search", "instanceCount": 3},
        "ebsOptions": {
            "ebsEnabled": True,
            "volumeSize": 100,
            "volumeType": "gp3",
            "throughput": 225,
        },
    }
    # 3 x 730 h x 0.036; 3 x 100 GiB x 0.122; 3 x (225 - 125) MiB/s x 0.064
    assert bill(estimate(resource("aws_opensearch_domain", inputs, camel=True))) == {
        "data nodes, t3.small": 78.84,
        "storage, gp3": 36.60,
        "throughput": 19.20,
    }


def test_a_domain_whose_nodes_are_not_counted_is_bounded() -> None:
    config = {"instance_type": "t3.small.search", "instance_count": UNKNOWN}
    priced = estimate(resource("aws_opensearch_domain", {"cluster_config": [config]}))
    assert priced.charges[0].quantity == between(1, 80)
