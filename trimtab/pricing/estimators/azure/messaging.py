"""Azure's messaging and analytics: hubs, buses, search, Synapse, Data Factory, AI services."""

import re
from collections.abc import Iterator

from trimtab.pricing.amount import between
from trimtab.pricing.estimation import Estimation
from trimtab.pricing.estimators import estimates
from trimtab.pricing.estimators.azure.relations import followers
from trimtab.pricing.model import Basis, Gap, Part

_SEARCH = {
    "standard": "standard",
    "standard2": "standard2",
    "standard3": "standard3",
    "storage_optimized_l1": "storage_optimized_l1",
    "storage_optimized_l2": "storage_optimized_l2",
    "basic": "basic",
}
_SPARK_VCORES = {"small": 4, "medium": 8, "large": 16, "xlarge": 32, "xxlarge": 64}
_DWU = re.compile(r"^DW(\d+)c$", re.IGNORECASE)


@estimates("azurerm_eventhub_namespace")
def event_hubs(at: Estimation) -> Iterator[Part]:
    """By its throughput units, between what it has and what it may inflate to; and by events."""
    sku = at.inputs.text("sku").lower()
    if not sku:
        yield Gap("capacity", "its tier is known only after deployment")
        return
    if gap := at.awaited("capacity", "capacity", "maximum_throughput_units"):
        yield gap
        return
    units = at.inputs.number("capacity") or 1.0
    most = at.inputs.number("maximum_throughput_units") or units
    amount, basis = between(units, max(units, most), units), Basis.DECLARED
    if most > units:
        basis = Basis.BOUNDS
    yield at.charge(f"capacity: {sku}", f"azure/event-hubs/{sku}", amount, basis=basis)
    hubs = followers(at, "azurerm_eventhub")
    if sku == "standard" and any(each.inputs.flag("capture_description.enabled") for each in hubs):
        yield at.charge("capture", "azure/event-hubs/capture", amount, basis=basis)
    if sku in ("basic", "standard"):
        yield from at.used("events", "azure/event-hubs/ingress", "events_1m")


@estimates("azurerm_eventhub_cluster")
def event_hubs_cluster(at: Estimation) -> Iterator[Part]:
    """By its dedicated capacity units."""
    units = at.inputs.text("sku_name", "Dedicated_1").rpartition("_")[2]
    count = float(units) if units.isdecimal() else 1.0
    yield at.charge("capacity: dedicated", "azure/event-hubs/dedicated", count)


@estimates("azurerm_servicebus_namespace")
def service_bus(at: Estimation) -> Iterator[Part]:
    """Basic by operations, standard by the month and operations beyond the included, premium by units."""
    sku = at.inputs.text("sku").lower()
    if sku == "premium":
        units = at.inputs.number("capacity") or 1.0
        charge = at.charge("messaging units", "azure/servicebus/premium", units)
        yield at.awaited("messaging units", "capacity") or charge
        return
    if sku == "standard":
        yield at.charge("namespace", "azure/servicebus/standard")
    elif sku != "basic":
        yield Gap("namespace", "its tier is known only after deployment")
        return
    yield from at.used("operations", f"azure/servicebus/{sku}/operations", "operations_1m")


@estimates("azurerm_signalr_service", "azurerm_web_pubsub")
def signalr(at: Estimation) -> Iterator[Part]:
    """By its units; the free tier costs nothing."""
    name = at.inputs.text("sku.name") or at.inputs.text("sku")
    tier = name.partition("_")[0].lower()
    units = at.inputs.number("sku.capacity") or at.inputs.number("capacity") or 1.0
    if tier == "free":
        return
    service = "signalr" if at.resource.kind == "azurerm_signalr_service" else "web-pubsub"
    yield at.charge(f"units: {tier}", f"azure/{service}/{tier}", units)
    yield from at.used("messages beyond the included", f"azure/{service}/messages", "messages_1m")


@estimates("azurerm_notification_hub_namespace")
def notification_hub(at: Estimation) -> Iterator[Part]:
    """By its tier's month; the free tier costs nothing."""
    tier = at.inputs.text("sku_name").lower()
    if tier != "free":
        yield at.charge(f"namespace: {tier}", f"azure/notification-hub/{tier}")


@estimates("azurerm_eventgrid_topic", "azurerm_eventgrid_system_topic", "azurerm_eventgrid_domain")
def event_grid(at: Estimation) -> Iterator[Part]:
    """By operations."""
    yield from at.used("operations", "azure/event-grid/operations", "operations_100k")


@estimates("azurerm_iothub")
def iot_hub(at: Estimation) -> Iterator[Part]:
    """By its units; the free tier costs nothing."""
    sku = at.inputs.text("sku.name").lower()
    units = at.inputs.number("sku.capacity") or 1.0
    if sku != "f1":
        yield at.charge(f"units: {sku.upper()}", f"azure/iot-hub/{sku}", units)


@estimates("azurerm_search_service")
def search_service(at: Estimation) -> Iterator[Part]:
    """By search units, partitions times replicas; the free tier costs nothing."""
    sku = at.inputs.text("sku").lower()
    if sku == "free":
        return
    units = float(at.inputs.count("partition_count", 1)) * at.inputs.count("replica_count", 1)
    name = _SEARCH.get(sku, sku)
    yield at.charge(f"search units: {sku}", f"azure/search/{name}", units)
    yield from at.used("images read", "azure/search/images", "images_1k")


@estimates("azurerm_synapse_workspace")
def synapse_workspace(at: Estimation) -> Iterator[Part]:
    """By what serverless queries read; its pools pay for themselves."""
    yield from at.used("serverless SQL", "azure/synapse/serverless-sql", "queried_tb")


@estimates("azurerm_synapse_sql_pool")
def synapse_sql_pool(at: Estimation) -> Iterator[Part]:
    """By its data warehouse units, unless paused; and by storage."""
    found = _DWU.match(at.inputs.text("sku_name"))
    if found is None:
        yield Gap("compute", "its size is known only after deployment")
        return
    units = float(found[1]) / 100
    yield at.charge(f"compute: DW{found[1]}c", "azure/synapse/dwu-100", units)
    yield from at.used("storage", "azure/synapse/storage", "storage_tb")


@estimates("azurerm_synapse_spark_pool")
def synapse_spark_pool(at: Estimation) -> Iterator[Part]:
    """By its nodes while it runs: from none, where it pauses itself, to its most."""
    size = at.inputs.text("node_size").lower()
    cores = _SPARK_VCORES.get(size)
    if cores is None:
        yield Gap("nodes", "their size is known only after deployment")
        return
    fixed = at.inputs.number("node_count")
    low = at.inputs.number("auto_scale.min_node_count") or fixed or 0.0
    high = at.inputs.number("auto_scale.max_node_count") or fixed or low
    least = 0.0 if at.inputs.has("auto_pause") else low * cores
    yield at.charge(
        f"nodes: {size}", "azure/synapse/spark", between(least, high * cores), basis=Basis.BOUNDS
    )


@estimates("azurerm_data_factory")
def data_factory(at: Estimation) -> Iterator[Part]:
    """By its pipelines' runs and what they move."""
    yield from at.used("activity runs", "azure/data-factory/orchestration", "runs_1k")
    yield from at.used("data movement", "azure/data-factory/movement", "diu_hours")


@estimates("azurerm_powerbi_embedded")
def power_bi(at: Estimation) -> Iterator[Part]:
    """By its SKU's hour."""
    sku = at.inputs.text("sku_name").lower()
    yield at.charge(f"capacity: {sku.upper()}", f"azure/powerbi/{sku}")


@estimates("azurerm_cognitive_account", "azurerm_ai_services")
def cognitive_account(at: Estimation) -> Iterator[Part]:
    """By what is asked of it; the free tier costs nothing, and OpenAI's models pay for themselves."""
    if at.inputs.text("sku_name").upper() == "F0" or at.inputs.text("kind") == "OpenAI":
        return
    yield Gap("requests", f"no price of what is asked of {at.inputs.text('kind', 'AI services')}")


@estimates("azurerm_cognitive_deployment")
def cognitive_deployment(at: Estimation) -> Iterator[Part]:
    """By tokens, or by provisioned units; no price is kept of models, which change by the month."""
    model = at.inputs.text("model.name", "a model")
    yield Gap("tokens", f"no price of {model}")


@estimates(
    "azurerm_databricks_workspace",
    "azurerm_hdinsight_hadoop_cluster",
    "azurerm_hdinsight_hbase_cluster",
    "azurerm_hdinsight_interactive_query_cluster",
    "azurerm_hdinsight_kafka_cluster",
    "azurerm_hdinsight_spark_cluster",
    "azurerm_kusto_cluster",
    "azurerm_stream_analytics_job",
    "azurerm_stream_analytics_cluster",
    "azurerm_analysis_services_server",
    "azurerm_purview_account",
    "azurerm_fabric_capacity",
    "azurerm_iotcentral_application",
    "azurerm_digital_twins_instance",
    "azurerm_maps_account",
    "azurerm_bot_service_azure_bot",
    "azurerm_bot_channels_registration",
    "azurerm_communication_service",
    "azurerm_machine_learning_inference_cluster",
    "azurerm_media_services_account",
    "azurerm_logic_app_integration_account",
    "azurerm_integration_service_environment",
    "azurerm_service_fabric_cluster",
    "azurerm_service_fabric_managed_cluster",
    "azurerm_vmware_private_cloud",
    "azurerm_dev_center",
    "azurerm_load_test",
    "azurerm_relay_namespace",
    "azurerm_healthcare_workspace",
    "azurerm_logic_app_workflow",
    "azurerm_api_management_standalone_gateway",
    "azurerm_container_registry_agent_pool",
    "azurerm_data_factory_integration_runtime_azure_ssis",
    "azurerm_data_factory_integration_runtime_managed",
    "azurerm_iothub_device_update_account",
    "azurerm_network_manager",
    "azurerm_resource_deployment_script_azure_cli",
    "azurerm_resource_deployment_script_azure_power_shell",
)
def not_priced(at: Estimation) -> Iterator[Part]:
    """By what is done with it; no price is kept."""
    yield Gap("use", f"no price of {at.resource.kind.removeprefix('azurerm_').replace('_', ' ')}")
