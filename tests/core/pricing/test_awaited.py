"""An input that only a deployment will know has not its provider's default: what hangs on it is a gap."""

from typing import Any

import pytest

from support.estimates import estimate, resource
from trimtab.pricing.model import Status
from trimtab.resources.inputs import UNKNOWN

REGIONS = {"aws": "us-east-1", "azurerm": "eastus", "google": "us-central1"}
CASES: list[tuple[str, dict[str, Any], str]] = [
    ("aws_ebs_volume", {"size": 10}, "type"),
    (
        "aws_db_instance",
        {"engine": "postgres", "instance_class": "db.m5.large", "allocated_storage": 100},
        "storage_type",
    ),
    ("aws_dms_replication_instance", {}, "allocated_storage"),
    ("azurerm_redis_cache", {"sku_name": "Premium", "capacity": 1}, "shard_count"),
    ("azurerm_eventhub_namespace", {"sku": "Standard"}, "capacity"),
    ("azurerm_servicebus_namespace", {"sku": "Premium"}, "capacity"),
    ("azurerm_postgresql_flexible_server", {"sku_name": "GP_Standard_D4s_v3"}, "storage_mb"),
    ("azurerm_mssql_database", {"sku_name": "GP_Gen5_2"}, "max_size_gb"),
    ("azurerm_firewall", {}, "sku_tier"),
    ("azurerm_virtual_network_gateway", {"type": "Vpn"}, "sku"),
    ("azurerm_bastion_host", {"sku": "Standard"}, "scale_units"),
    ("aws_opensearch_domain", {"cluster_config": [{"warm_enabled": UNKNOWN}]}, ""),
    ("aws_opensearch_domain", {"ebs_options": [{"ebs_enabled": UNKNOWN}]}, ""),
    ("aws_rds_cluster", {}, "engine"),
    ("aws_kendra_index", {}, "edition"),
    ("aws_directory_service_directory", {}, "type"),
    ("google_spanner_instance", {"config": "regional-us-central1"}, "num_nodes"),
    ("google_cloud_run_v2_service", {"scaling": [{"min_instance_count": UNKNOWN}]}, ""),
    ("google_cloudfunctions2_function", {"service_config": [{"available_memory": UNKNOWN}]}, ""),
    ("google_container_cluster", {"location": "us-central1-a"}, "enable_autopilot"),
    (
        "google_container_cluster",
        {"location": "us-central1-a", "initial_node_count": 1},
        "remove_default_node_pool",
    ),
    (
        "google_container_node_pool",
        {
            "location": "us-central1-a",
            "node_count": 1,
            "node_config": [{"disk_size_gb": UNKNOWN}],
        },
        "",
    ),
    (
        "google_sql_database_instance",
        {"settings": [{"tier": "db-custom-2-7680", "disk_size": UNKNOWN}]},
        "",
    ),
    (
        "google_compute_instance",
        {
            "machine_type": "n2-standard-4",
            "boot_disk": [{"initialize_params": [{"size": UNKNOWN}]}],
        },
        "",
    ),
]


@pytest.mark.parametrize(("kind", "inputs", "name"), CASES, ids=[kind for kind, _, _ in CASES])
def test_a_size_that_nobody_knows_yet_is_a_gap(
    kind: str, inputs: dict[str, Any], name: str
) -> None:
    region = REGIONS[kind.split("_")[0]]
    asked = {**inputs, name: UNKNOWN} if name else inputs
    priced = estimate(resource(kind, asked, region=region))
    assert priced.status in (Status.PARTLY, Status.NOT_PRICED)
    reasons = [gap.reason for gap in priced.gaps]
    assert any("deployment will know" in each or "before a deployment" in each for each in reasons)
