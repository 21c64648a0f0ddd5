"""Azure's monitoring, keeping, messaging and analytics, computed by hand."""

from typing import Any

import pytest

from support.estimates import bill, estimate, resource
from trimtab.pricing.amount import exactly
from trimtab.pricing.estimators import estimated_kinds
from trimtab.pricing.model import Status
from trimtab.usage.model import Usage, UsageEntry


def of(kind: str, region: str, camel: bool = False, **inputs: Any) -> dict[str, float | None]:
    return bill(estimate(resource(f"azurerm_{kind}", inputs, region=region, camel=camel)))


def test_logs_are_paid_for_as_they_come_in_and_when_they_are_kept() -> None:
    assert of("log_analytics_workspace", "eastus", sku="PerGB2018") == {"logs taken in": 23.00}
    found = of("log_analytics_workspace", "westeurope", camel=True, retentionInDays=90)
    # 10 GB x 2.99; 10 GB x (90 - 31) / 30.42 months x 0.13
    assert found == {"logs taken in": 29.90, "logs kept beyond 31 days": 2.52}


def test_five_gigabytes_of_logs_are_free_where_the_price_list_says_so() -> None:
    usage = Usage((UsageEntry("", "", {"ingested_gb": exactly(25.0)}),))
    one = resource("azurerm_log_analytics_workspace", region="westus2")
    assert bill(estimate(one, usage=usage)) == {
        "logs taken in": 0.0,
        "logs taken in beyond 5": 46.00,  # 20 GB x 2.30
    }


def test_insights_on_a_workspace_are_paid_for_there() -> None:
    assert of("application_insights", "eastus", workspace_id="x") == {}
    assert of("application_insights", "eastus") == {"telemetry": 23.00}


def test_alerts() -> None:
    found = of("monitor_metric_alert", "global", criteria=[{}, {}], scopes=["a", "b"])
    assert found == {"metric series": 0.40}  # 2 x 2 x 0.10
    found = of("monitor_scheduled_query_rules_alert_v2", "eastus", evaluation_frequency="PT5M")
    assert found == {"log alert every 5 minutes": 1.50}
    assert of("monitor_metric_alert", "global", enabled=False) == {}


def test_vaults_and_keys() -> None:
    assert of("key_vault", "westeurope") == {"operations": 0.30}  # 10 x 0.03
    assert of("key_vault_key", "westeurope", key_type="RSA") == {}
    assert of("key_vault_key", "westeurope", key_type="RSA-HSM") == {"HSM key": 1.00}


def test_backups_by_redundancy_and_machines_by_size() -> None:
    found = of("recovery_services_vault", "westeurope", storage_mode_type="LocallyRedundant")
    assert found == {"backups: LRS": 2.24}  # 100 GB x 0.0224
    machine = resource(
        "azurerm_linux_virtual_machine",
        {"os_disk": [{"disk_size_gb": 600}]},
        key="machine",
    )
    kept = resource(
        "azurerm_backup_protected_vm",
        region="westeurope",
        references={"source_vm_id": ("machine",)},
    )
    assert bill(estimate(kept, machine)) == {"protected machine by 500 GB": 20.00}  # 2 x 10


def test_event_hubs_lie_between_what_they_have_and_what_they_may_inflate_to() -> None:
    inputs = {"sku": "Standard", "capacity": 1, "maximum_throughput_units": 10}
    priced = estimate(resource("azurerm_eventhub_namespace", inputs, region="eastus"))
    cost = priced.charges[0].usd_per_month
    # 730 h x 0.03 x (1 or 10)
    assert cost.low == pytest.approx(21.90)
    assert cost.expected == pytest.approx(21.90)
    assert cost.high == pytest.approx(219.00)


def test_capture_is_paid_for_with_each_unit() -> None:
    space = resource(
        "azurerm_eventhub_namespace",
        {"sku": "Standard", "capacity": 2},
        region="eastus",
        key="space",
    )
    hub = resource(
        "azurerm_eventhub",
        {"capture_description": [{"enabled": True}]},
        references={"namespace_id": ("space",)},
        key="hub",
    )
    assert bill(estimate(space, hub))["capture"] == 146.00  # 2 x 730 h x 0.10


def test_a_bus_includes_13_million_operations() -> None:
    usage = Usage((UsageEntry("", "", {"operations_1m": exactly(113.0)}),))
    one = resource("azurerm_servicebus_namespace", {"sku": "Standard"}, region="westeurope")
    assert bill(estimate(one, usage=usage)) == {
        "namespace": 9.81,
        "operations": 0.0,
        "operations beyond 13": 69.60,  # 87 x 0.80
        "operations beyond 100": 6.50,  # 13 x 0.50
    }


def test_search_is_paid_for_by_partitions_times_replicas() -> None:
    found = of("search_service", "eastus", sku="standard2", partition_count=2, replica_count=3)
    assert found["search units: standard2"] == 5886.72  # 6 x 730 h x 1.344


def test_a_spark_pool_pauses_itself_down_to_nothing() -> None:
    inputs = {
        "node_size": "Small",
        "auto_scale": [{"min_node_count": 3, "max_node_count": 10}],
        "auto_pause": [{"delay_in_minutes": 15}],
    }
    cost = estimate(resource("azurerm_synapse_spark_pool", inputs, region="westeurope"))
    assert cost.usd_per_month is not None
    # 10 x 4 vCores x 730 h x 0.154583
    assert cost.usd_per_month.low == 0
    assert cost.usd_per_month.high == pytest.approx(4513.8, abs=0.1)


@pytest.mark.parametrize(
    "kind", ["databricks_workspace", "cognitive_deployment", "kusto_cluster", "eventgrid_x"]
)
def test_what_has_no_price_is_a_gap_and_never_0(kind: str) -> None:
    priced = estimate(resource(f"azurerm_{kind}", region="eastus"))
    assert priced.status is Status.NOT_PRICED
    assert priced.usd_per_month is None


@pytest.mark.parametrize(
    "kind",
    [
        "resource_group",
        "virtual_network",
        "subnet_network_security_group_association",
        "network_interface",
        "network_security_rule",
        "role_assignment",
        "user_assigned_identity",
        "storage_container",
        "linux_web_app",
        "mssql_firewall_rule",
        "postgresql_flexible_server_database",
        "api_management_api",
        "nat_gateway_public_ip_association",
        "key_vault_secret",
        "availability_set",
    ],
)
def test_what_azure_takes_no_money_for_is_free(kind: str) -> None:
    assert estimate(resource(f"azurerm_{kind}", region="eastus")).status is Status.FREE


def test_every_kind_can_be_estimated_of_nothing() -> None:
    # an estimator that fails on absent inputs would end the whole run
    for kind in estimated_kinds():
        if kind.startswith("azurerm_"):
            for region in ("eastus", None):
                estimate(resource(kind, region=region))
