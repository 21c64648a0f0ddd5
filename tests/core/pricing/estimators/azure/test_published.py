"""What Infracost's tests say that Azure resources cost, to the cent.

Figures: monthly costs of the goldens in internal/providers/terraform/azure/testdata of infracost at
95ba4f49a, without what its usage file adds. Where this differs on purpose, `test_where_this_differs` says why.
"""

from typing import Any

import pytest

from support.estimates import estimate, resource
from trimtab.pricing.model import Basis, Estimate, Nodes

EAST, WEST, EUROPE = "eastus", "westus", "westeurope"

CASES: list[tuple[str, dict[str, Any], str, float]] = [
    # the golden's directory is the kind without azurerm_, the figure its resource's
    ("azurerm_public_ip", {"sku": "Standard", "allocation_method": "Static"}, EAST, 3.65),
    ("azurerm_public_ip", {"sku": "Standard", "sku_tier": "Global"}, EAST, 7.30),
    ("azurerm_public_ip_prefix", {}, EAST, 4.38),
    ("azurerm_nat_gateway", {}, EUROPE, 32.85),
    (
        "azurerm_managed_disk",
        {"storage_account_type": "Premium_LRS", "disk_size_gb": 10},
        EAST,
        2.40,
    ),
    (
        "azurerm_managed_disk",
        {"storage_account_type": "Standard_LRS", "disk_size_gb": 1},
        EAST,
        1.54,
    ),
    (
        "azurerm_managed_disk",
        {"storage_account_type": "StandardSSD_LRS", "disk_size_gb": 1000},
        EAST,
        76.80,
    ),
    (
        "azurerm_managed_disk",
        {
            "storage_account_type": "UltraSSD_LRS",
            "disk_size_gb": 2048,
            "disk_iops_read_write": 4000,
            "disk_mbps_read_write": 20,
        },
        EAST,
        450.74,
    ),
    ("azurerm_service_plan", {"sku_name": "P1v2", "os_type": "Linux"}, EAST, 73.73),
    ("azurerm_service_plan", {"sku_name": "S1", "os_type": "Windows"}, EAST, 73.00),
    ("azurerm_service_plan", {"sku_name": "I6v2", "os_type": "Windows"}, EAST, 12777.92),
    (
        "azurerm_redis_cache",
        {"sku_name": "Standard", "family": "C", "capacity": 3},
        EAST,
        328.50,
    ),
    ("azurerm_redis_cache", {"sku_name": "Basic", "family": "C", "capacity": 4}, EAST, 153.30),
    (
        "azurerm_redis_cache",
        {"sku_name": "Premium", "family": "P", "capacity": 1, "shard_count": 3},
        EAST,
        1213.26,
    ),
    (
        "azurerm_redis_cache",
        {"sku_name": "Premium", "capacity": 3, "shard_count": 3, "replicas_per_primary": 3},
        EAST,
        9714.84,
    ),
    ("azurerm_managed_redis", {"sku_name": "Balanced_B3"}, EAST, 94.90),
    (
        "azurerm_managed_redis",
        {"sku_name": "Balanced_B3", "high_availability_enabled": False},
        EAST,
        47.45,
    ),
    ("azurerm_mssql_database", {"sku_name": "S12"}, EAST, 4415.59),
    ("azurerm_mssql_database", {"sku_name": "S1"}, EAST, 29.44),
    ("azurerm_mssql_database", {"sku_name": "P6"}, EAST, 3650.00),
    (
        "azurerm_mssql_database",
        {"sku_name": "BC_Gen5_8", "max_size_gb": 10},
        EAST,
        1777.90 + 2190.00 + 2.50,
    ),
    (
        "azurerm_mssql_database",
        {"sku_name": "BC_M_8", "max_size_gb": 50},
        EAST,
        9804.08 + 2190.00 + 12.50,
    ),
    (
        "azurerm_mssql_elasticpool",
        {"sku": [{"name": "StandardPool", "capacity": 200}]},
        EUROPE,
        441.04,
    ),
    (
        "azurerm_mssql_managed_instance",
        {"sku_name": "GP_Gen5", "vcores": 4, "storage_size_in_gb": 32},
        EUROPE,
        488.92 + 291.90,
    ),
    (
        "azurerm_postgresql_flexible_server",
        {"sku_name": "GP_Standard_D4s_v3", "storage_mb": 32768},
        WEST,
        284.70 + 4.42,
    ),
    (
        "azurerm_postgresql_flexible_server",
        {"sku_name": "MO_Standard_E4s_v3", "storage_mb": 65536},
        WEST,
        382.81 + 8.83,
    ),
    (
        "azurerm_postgresql_flexible_server",
        {"sku_name": "B_Standard_B1ms", "storage_mb": 131072},
        WEST,
        16.06 + 17.66,
    ),
    (
        "azurerm_postgresql_server",
        {"sku_name": "GP_Gen5_4", "storage_mb": 4096000},
        EAST,
        255.79 + 460.00,
    ),
    ("azurerm_cosmosdb_sql_database", {"throughput": 500}, WEST, 29.20),
    ("azurerm_container_registry", {"sku": "Basic"}, EUROPE, 5.00),
    (
        "azurerm_container_registry",
        {"sku": "Premium", "georeplications": [{"location": "eastus"}]},
        EUROPE,
        100.00,
    ),
    ("azurerm_application_gateway", {"sku": [{"tier": "Standard_v2"}]}, EAST, 146.00),
    ("azurerm_application_gateway", {"sku": [{"tier": "WAF_v2"}]}, EAST, 262.80),
    ("azurerm_firewall", {"sku_tier": "Standard"}, EAST, 912.50),
    ("azurerm_firewall", {"sku_tier": "Premium"}, EAST, 1277.50),
    ("azurerm_virtual_network_gateway", {"type": "Vpn", "sku": "VpnGw2"}, EAST, 357.70),
    ("azurerm_virtual_network_gateway", {"type": "Vpn", "sku": "Basic"}, EAST, 26.28),
    ("azurerm_dns_zone", {}, WEST, 0.50),
    ("azurerm_private_dns_zone", {}, WEST, 0.50),
    ("azurerm_private_dns_resolver_inbound_endpoint", {}, EUROPE, 180.00),
    ("azurerm_private_endpoint", {}, WEST, 7.30),
    ("azurerm_bastion_host", {}, "australiaeast", 138.70),
    ("azurerm_eventhub_namespace", {"sku": "Standard", "capacity": 2}, EAST, 43.80),
    ("azurerm_eventhub_namespace", {"sku": "Premium", "capacity": 1}, EAST, 749.71),
    ("azurerm_servicebus_namespace", {"sku": "Premium", "capacity": 2}, EUROPE, 1354.15),
    ("azurerm_servicebus_namespace", {"sku": "Standard"}, EUROPE, 9.81),
    (
        "azurerm_search_service",
        {"sku": "basic", "partition_count": 2, "replica_count": 2},
        EAST,
        294.92,
    ),
    ("azurerm_search_service", {"sku": "storage_optimized_l1"}, EAST, 2802.47),
    ("azurerm_api_management", {"sku_name": "Premium_1"}, EAST, 2795.17),
    ("azurerm_network_ddos_protection_plan", {}, EUROPE, 2943.55),
    ("azurerm_synapse_sql_pool", {"sku_name": "DW200c"}, EUROPE, 2204.60),
    ("azurerm_monitor_metric_alert", {"criteria": [{}, {}], "scopes": ["a"]}, EAST, 0.20),
    ("azurerm_virtual_hub", {}, EUROPE, 182.50),
    ("azurerm_iothub", {"sku": [{"name": "S1", "capacity": 4}]}, EUROPE, 100.00),
]


def declared(priced: Estimate) -> float:
    """The dollars a month of what the program declares, without machines and without usage."""
    running = {id(charge) for each in priced.machines for charge in each.charges}
    return sum(
        charge.usd_per_month.expected or 0.0
        for charge in priced.charges
        if charge.basis is Basis.DECLARED and id(charge) not in running
    )


@pytest.mark.parametrize(("kind", "inputs", "region", "usd"), CASES)
def test_a_resource_costs_what_infracost_says(
    kind: str, inputs: dict[str, Any], region: str, usd: float
) -> None:
    priced = estimate(resource(kind, inputs, region=region))
    assert declared(priced) == pytest.approx(usd, abs=0.0151)


def test_at_least_fifteen_kinds_are_compared() -> None:
    assert len({kind for kind, *_ in CASES}) >= 30


def test_where_this_differs() -> None:
    # a standard load balancer is paid for with five rules (0.025 an hour); Infracost charges 0.01 a rule
    balancer = resource("azurerm_lb", {"sku": "Standard"}, region=EUROPE, key="lb")
    rule = resource("azurerm_lb_rule", references={"loadbalancer_id": ("lb",)}, key="rule")
    assert declared(estimate(balancer, rule)) == pytest.approx(730 * 0.025)
    # a standby doubles a flexible server; Infracost leaves it out (148.19 + 4.42)
    inputs: dict[str, Any] = {
        "sku_name": "GP_Standard_D2ads_v5",
        "storage_mb": 32768,
        "high_availability": [{"mode": "ZoneRedundant"}],
    }
    priced = estimate(resource("azurerm_postgresql_flexible_server", inputs, region=WEST))
    assert declared(priced) == pytest.approx(2 * (148.19 + 4.416), abs=0.01)
    # a gateway's fixed instance is ten capacity units; Infracost takes it for one (1,460 unit-hours)
    inputs = {"sku": [{"tier": "Standard_v2", "capacity": 2}]}
    priced = estimate(resource("azurerm_application_gateway", inputs, region=EAST))
    assert declared(priced) == pytest.approx(146.00 + 20 * 730 * 0.008)
    # a database's size is 32 GB where none is declared; Infracost takes 5 GB (0.58)
    priced = estimate(resource("azurerm_mssql_database", {"sku_name": "GP_Gen5_4"}, region=EAST))
    assert declared(priced) == pytest.approx(444.47 + 291.90 + 32 * 0.115, abs=0.01)


def test_the_machines_of_a_cluster_are_counted_as_infracost_counts_them() -> None:
    # paid_5nc_32gb: 5 nodes, 3,650 hours; uptime SLA 73.00; S4 disks 7.68
    pool = {"vm_size": "Standard_D2_v2", "node_count": 5, "os_disk_size_gb": 32}
    inputs: dict[str, Any] = {"sku_tier": "Paid", "default_node_pool": [pool]}
    inputs["network_profile"] = [{"load_balancer_sku": "basic"}]
    priced = estimate(resource("azurerm_kubernetes_cluster", inputs, region=EAST))
    assert declared(priced) == pytest.approx(73.00 + 7.68)
    nodes: list[Nodes] = [each.nodes for each in priced.machines]
    assert [(each.count.expected, each.instance_types) for each in nodes] == [
        (5, ("Standard_D2_v2",))
    ]


def test_a_windows_pool_costs_what_infracost_says() -> None:
    # windows: 5 nodes of D2_v2, 3,650 hours, 868.70
    inputs = {
        "vm_size": "Standard_D2_v2",
        "node_count": 5,
        "os_type": "Windows",
        "os_disk_type": "Ephemeral",
    }
    priced = estimate(resource("azurerm_kubernetes_cluster_node_pool", inputs, region=EAST))
    assert priced.usd_per_month is not None
    assert priced.usd_per_month.expected == pytest.approx(868.70)
