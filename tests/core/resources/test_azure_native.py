"""azure-native's resources by azurerm's names, and what they cost then."""

from typing import Any

import pytest

from support.estimates import bill, estimate, resource
from trimtab.pricing.estimators import estimated_kinds, is_free
from trimtab.resources.azure_native import translate
from trimtab.resources.azure_native_free import FREE
from trimtab.resources.azure_native_tables import FIELDS, KINDS
from trimtab.resources.inputs import SECRET, UNKNOWN


def translated(token: str, inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    found = translate(f"azure-native:{token}", inputs)
    assert found is not None
    return found


@pytest.mark.parametrize(
    "token",
    [
        "azure-native:containerservice:AgentPool",
        "azure-native:containerservice/v20230101:AgentPool",
        "azure-native:containerservice/v20230102preview:AgentPool",
        "azure-native_containerservice_v20230101:containerservice:AgentPool",
        "azure-native_containerservice_v20230101:containerservice/v20230101:AgentPool",
    ],
)
def test_the_version_of_the_api_makes_no_difference(token: str) -> None:
    assert translate(token, {"vmSize": "Standard_D2s_v5"}) == (
        "azurerm_kubernetes_cluster_node_pool",
        {"vm_size": "Standard_D2s_v5"},
    )


@pytest.mark.parametrize("token", ["azure-native:mars:Rover", "azure-native", "pulumi:x", ""])
def test_a_type_that_is_not_in_the_tables_is_none(token: str) -> None:
    assert translate(token, {}) is None


CASES: list[tuple[str, dict[str, Any], str, dict[str, Any]]] = [
    (
        "containerservice:ManagedCluster",
        {
            "location": "eastus",
            "sku": {"name": "Base", "tier": "Standard"},
            "agentPoolProfiles": [
                {"vmSize": "Standard_D2s_v5", "count": 3, "osDiskSizeGB": 64, "mode": "System"},
                {"vmSize": "Standard_D4s_v5", "scaleSetPriority": "Spot"},
            ],
            "networkProfile": {"outboundType": "loadBalancer"},
        },
        "azurerm_kubernetes_cluster",
        {
            "location": "eastus",
            "sku_tier": "Standard",
            "default_node_pool": [
                {"vm_size": "Standard_D2s_v5", "node_count": 3, "os_disk_size_gb": 64},
                {"vm_size": "Standard_D4s_v5", "priority": "Spot"},
            ],
            "network_profile": [{"outbound_type": "loadBalancer"}],
        },
    ),
    (
        "compute:VirtualMachine",
        {
            "hardwareProfile": {"vmSize": "Standard_D2s_v5"},
            "osProfile": {"windowsConfiguration": {}},
            "storageProfile": {
                "imageReference": {"publisher": "Canonical"},
                "osDisk": {"managedDisk": {"storageAccountType": "Premium_LRS"}},
                "dataDisks": [{"diskSizeGB": 100, "createOption": "Empty", "lun": 0}],
            },
        },
        "azurerm_virtual_machine",
        {
            "vm_size": "Standard_D2s_v5",
            "os_profile_windows_config": {},
            "storage_image_reference": [{"publisher": "Canonical"}],
            "storage_os_disk": [{"managed_disk_type": "Premium_LRS"}],
            "storage_data_disk": [{"disk_size_gb": 100, "create_option": "Empty"}],
        },
    ),
    (
        "storage:StorageAccount",
        {"kind": "StorageV2", "sku": {"name": "Standard_RAGRS"}, "accessTier": "Cool"},
        "azurerm_storage_account",
        {
            "account_kind": "StorageV2",
            "access_tier": "Cool",
            "account_tier": "Standard",
            "account_replication_type": "RAGRS",
        },
    ),
    (
        "sql:Database",
        {
            "sku": {"name": "GP_S_Gen5", "tier": "GeneralPurpose", "capacity": 2},
            "maxSizeBytes": 34359738368,
            "autoPauseDelay": 60,
        },
        "azurerm_mssql_database",
        {"sku_name": "GP_S_Gen5_2", "max_size_gb": 32.0, "auto_pause_delay_in_minutes": 60},
    ),
    (
        "sql:Database",
        {"sku": {"name": "GP", "family": "Gen5", "capacity": 4}},
        "azurerm_mssql_database",
        {"sku_name": "GP_Gen5_4"},
    ),
    ("sql:Database", {"sku": {"name": "S0"}}, "azurerm_mssql_database", {"sku_name": "S0"}),
    (
        "dbforpostgresql:Server",
        {
            "sku": {"name": "Standard_D2ds_v5", "tier": "GeneralPurpose"},
            "storage": {"storageSizeGB": 128},
            "highAvailability": {"mode": "ZoneRedundant"},
        },
        "azurerm_postgresql_flexible_server",
        {
            "sku_name": "GP_Standard_D2ds_v5",
            "storage_mb": 131072.0,
            "high_availability": [{"mode": "ZoneRedundant"}],
        },
    ),
    (
        "dbforpostgresql/v20171201:Server",
        {"sku": {"name": "B_Gen5_1", "tier": "Basic"}},
        "azurerm_postgresql_server",
        {"sku_name": "B_Gen5_1"},
    ),
    (
        "dbformysql:Server",
        {"sku": {"name": "Standard_B1ms", "tier": "Burstable"}, "storage": {"storageSizeGB": 64}},
        "azurerm_mysql_flexible_server",
        {"sku_name": "B_Standard_B1ms", "storage": [{"size_gb": 64}], "storage_mb": 65536.0},
    ),
    (
        "web:AppServicePlan",
        {"kind": "Linux", "reserved": True, "sku": {"name": "P1v3", "capacity": 2}},
        "azurerm_service_plan",
        {"sku_name": "P1v3", "worker_count": 2, "os_type": "Linux"},
    ),
    ("web:WebApp", {"kind": "functionapp,linux"}, "azurerm_linux_function_app", {}),
    ("web:WebApp", {"kind": "app"}, "azurerm_linux_web_app", {}),
    (
        "web:WebApp",
        {"serverFarmId": UNKNOWN},
        "azurerm_linux_web_app",
        {"service_plan_id": UNKNOWN},
    ),
    (
        "cdn:Profile",
        {"sku": {"name": "Premium_AzureFrontDoor"}},
        "azurerm_cdn_frontdoor_profile",
        {"sku_name": "Premium_AzureFrontDoor"},
    ),
    ("cdn:Profile", {"sku": {"name": UNKNOWN}}, "azurerm_cdn_profile", {"sku_name": UNKNOWN}),
    (
        "documentdb:DatabaseAccount",
        {
            "locations": [{"locationName": "westus", "failoverPriority": 0}],
            "capabilities": [{"name": "EnableServerless"}],
        },
        "azurerm_cosmosdb_account",
        {
            "geo_location": [{"location": "westus"}],
            "capabilities": [{"name": "EnableServerless"}],
        },
    ),
    (
        "containerinstance:ContainerGroup",
        {
            "osType": "Linux",
            "containers": [{"resources": {"requests": {"cpu": 1, "memoryInGB": 1.5}}}],
        },
        "azurerm_container_group",
        {"os_type": "Linux", "container": [{"cpu": 1, "memory": 1.5}]},
    ),
    (
        "apimanagement:ApiManagementService",
        {"sku": {"name": "Developer", "capacity": 1}},
        "azurerm_api_management",
        {"sku_name": "Developer_1"},
    ),
    ("network:PrivateZone", {}, "azurerm_private_dns_zone", {}),
    (
        "resources:ResourceGroup",
        {"location": "eastus"},
        "azurerm_resource_group",
        {"location": "eastus"},
    ),
]


@pytest.mark.parametrize(("token", "inputs", "kind", "expected"), CASES)
def test_inputs_are_carried_over(
    token: str, inputs: dict[str, Any], kind: str, expected: dict[str, Any]
) -> None:
    assert translated(token, inputs) == (kind, expected)


def test_what_is_not_known_stays_so() -> None:
    _, made = translated("compute:Disk", {"sku": UNKNOWN, "diskSizeGB": SECRET})
    assert made == {"storage_account_type": UNKNOWN, "disk_size_gb": SECRET}
    _, made = translated("containerservice:ManagedCluster", {"agentPoolProfiles": UNKNOWN})
    assert made == {"default_node_pool": UNKNOWN}
    _, made = translated("storage:StorageAccount", {"sku": UNKNOWN})
    assert made == {"account_tier": UNKNOWN, "account_replication_type": UNKNOWN}


def test_a_translation_is_priced_as_azurerms_is() -> None:
    native = {"sku": {"name": "Premium_LRS"}, "diskSizeGB": 512, "location": "eastus"}
    kind, made = translated("compute:Disk", native)
    assert bill(estimate(resource(kind, made, region="eastus"))) == {
        "disk: Premium SSD P20 LRS": 73.22
    }
    rules = [{"name": "http"}, {"name": "https"}]
    native = {"sku": {"name": "Standard"}, "loadBalancingRules": rules}
    kind, made = translated("network:LoadBalancer", native)
    assert bill(estimate(resource(kind, made, region="eastus")))["load balancer"] == 18.25


def test_every_kind_is_estimated_or_free() -> None:
    estimated = set(estimated_kinds())
    for name, kind in KINDS.items():
        assert kind in estimated or is_free(resource(kind)), name
    for name, kind in FREE.items():
        assert kind not in estimated, name
        assert is_free(resource(kind)), name


def test_a_type_that_costs_nothing_itself_is_in_one_table() -> None:
    assert not set(FREE) & set(FIELDS)


@pytest.mark.parametrize("value", [None, 3, "x", [], [3], {}, {"name": 3}, UNKNOWN, SECRET])
def test_inputs_of_any_shape_are_no_error(value: Any) -> None:
    names = (
        "sku",
        "storage",
        "agentPoolProfiles",
        "properties",
        "template",
        "kind",
        "networkProfile",
    )
    for name in FIELDS:
        translate(f"azure-native:{name}", dict.fromkeys(names, value))
