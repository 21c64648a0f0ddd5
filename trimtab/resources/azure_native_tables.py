"""What `azure-native` calls what azurerm has: kinds, and the inputs that a price depends on.

A key is a module and a type without the API's version, `compute:Disk`. A field is a path of azurerm's names
with where it is in the native inputs: a path, or a path to blocks and their fields. Source: the input
properties of the two providers' types (pulumi.com/registry/packages/azure-native and azurerm's documents).
"""

from collections.abc import Mapping
from typing import TypeAlias

Fields: TypeAlias = Mapping[str, "str | tuple[str, Fields]"]

_POOL: Fields = {
    "vm_size": "vmSize",
    "node_count": "count",
    "auto_scaling_enabled": "enableAutoScaling",
    "min_count": "minCount",
    "max_count": "maxCount",
    "os_disk_size_gb": "osDiskSizeGB",
    "os_disk_type": "osDiskType",
    "os_type": "osType",
    "os_sku": "osSKU",
    "priority": "scaleSetPriority",
}

_OS_DISK: Fields = {
    "managed_disk_type": "managedDisk.storageAccountType",
    "disk_size_gb": "diskSizeGB",
    "os_type": "osType",
    "diff_disk_settings": "diffDiskSettings",
}

_DATA_DISK: Fields = {
    "managed_disk_type": "managedDisk.storageAccountType",
    "managed_disk_id": "managedDisk.id",
    "disk_size_gb": "diskSizeGB",
    "create_option": "createOption",
}

_THROUGHPUT: Fields = {
    "account_name": "accountName",
    "database_name": "databaseName",
    "throughput": "options.throughput",
    "autoscale_settings.max_throughput": "options.autoscaleSettings.maxThroughput",
}

_SKU: Fields = {"sku.name": "sku.name", "sku.tier": "sku.tier", "sku.capacity": "sku.capacity"}
_SKU_NAME: Fields = {"sku": "sku.name"}
_SKU_NAMED: Fields = {"sku_name": "sku.name"}

_REDIS: Fields = {
    "sku_name": "sku.name",
    "family": "sku.family",
    "capacity": "sku.capacity",
    "shard_count": "shardCount",
    "replicas_per_primary": "replicasPerPrimary",
}

_RECEIVERS: Fields = {"sms_receiver": "smsReceivers"}

_ALERT: Fields = {
    "enabled": "enabled",
    "scopes": "scopes",
    "criteria": ("criteria.allOf", {"name": "name"}),
}

_PRICED: Mapping[str, tuple[str, Fields]] = {
    "containerservice:ManagedCluster": (
        "kubernetes_cluster",
        {
            "sku_tier": "sku.tier",
            "default_node_pool": ("agentPoolProfiles", _POOL),
            "network_profile": (
                "networkProfile",
                {
                    "load_balancer_sku": "loadBalancerSku",
                    "outbound_type": "outboundType",
                    "load_balancer_profile.managed_outbound_ip_count": (
                        "loadBalancerProfile.managedOutboundIPs.count"
                    ),
                },
            ),
        },
    ),
    "containerservice:AgentPool": ("kubernetes_cluster_node_pool", _POOL),
    "containerservice:Fleet": ("kubernetes_fleet_manager", {}),
    "compute:VirtualMachine": (
        "virtual_machine",
        {
            "vm_size": "hardwareProfile.vmSize",
            "priority": "priority",
            "license_type": "licenseType",
            "dedicated_host_id": "host.id",
            "capacity_reservation_group_id": "capacityReservation.capacityReservationGroup.id",
            "os_profile_windows_config": "osProfile.windowsConfiguration",
            "storage_image_reference": (
                "storageProfile.imageReference",
                {"publisher": "publisher"},
            ),
            "storage_os_disk": ("storageProfile.osDisk", _OS_DISK),
            "storage_data_disk": ("storageProfile.dataDisks", _DATA_DISK),
        },
    ),
    "compute:VirtualMachineScaleSet": (
        "virtual_machine_scale_set",
        {
            **_SKU,
            "priority": "virtualMachineProfile.priority",
            "license_type": "virtualMachineProfile.licenseType",
            "os_profile_windows_config": "virtualMachineProfile.osProfile.windowsConfiguration",
            "storage_profile_image_reference": (
                "virtualMachineProfile.storageProfile.imageReference",
                {"publisher": "publisher"},
            ),
            "storage_profile_os_disk": ("virtualMachineProfile.storageProfile.osDisk", _OS_DISK),
            "storage_profile_data_disk": (
                "virtualMachineProfile.storageProfile.dataDisks",
                _DATA_DISK,
            ),
        },
    ),
    "compute:Disk": (
        "managed_disk",
        {
            "storage_account_type": "sku.name",
            "disk_size_gb": "diskSizeGB",
            "disk_iops_read_write": "diskIOPSReadWrite",
            "disk_mbps_read_write": "diskMBpsReadWrite",
            "tier": "tier",
        },
    ),
    "compute:Snapshot": ("snapshot", {"disk_size_gb": "diskSizeGB"}),
    "compute:Image": (
        "image",
        {
            "os_disk": ("storageProfile.osDisk", {"size_gb": "diskSizeGB"}),
            "data_disk": ("storageProfile.dataDisks", {"size_gb": "diskSizeGB"}),
        },
    ),
    "compute:GalleryImageVersion": ("shared_image_version", {}),
    "compute:CapacityReservation": ("capacity_reservation", _SKU),
    "compute:DedicatedHost": ("dedicated_host", _SKU_NAMED),
    "storage:StorageAccount": (
        "storage_account",
        {"account_kind": "kind", "access_tier": "accessTier"},
    ),
    "storage:FileShare": (
        "storage_share",
        {"quota": "shareQuota", "access_tier": "accessTier", "storage_account_name": "accountName"},
    ),
    "netapp:Pool": ("netapp_pool", {"service_level": "serviceLevel"}),
    "netapp:CapacityPool": ("netapp_pool", {"service_level": "serviceLevel"}),
    "network:PublicIPAddress": (
        "public_ip",
        {
            "sku": "sku.name",
            "sku_tier": "sku.tier",
            "allocation_method": "publicIPAllocationMethod",
            "ip_version": "publicIPAddressVersion",
        },
    ),
    "network:PublicIPPrefix": ("public_ip_prefix", _SKU_NAME),
    "network:NatGateway": ("nat_gateway", _SKU_NAME),
    "network:LoadBalancer": (
        "lb",
        {
            "sku": "sku.name",
            "load_balancing_rules": "loadBalancingRules",
            "outbound_rules": "outboundRules",
        },
    ),
    "network:ApplicationGateway": (
        "application_gateway",
        {
            **_SKU,
            "autoscale_configuration": (
                "autoscaleConfiguration",
                {"min_capacity": "minCapacity", "max_capacity": "maxCapacity"},
            ),
        },
    ),
    "network:AzureFirewall": ("firewall", {"sku_name": "sku.name", "sku_tier": "sku.tier"}),
    "network:BastionHost": ("bastion_host", {"sku": "sku.name", "scale_units": "scaleUnits"}),
    "network:VirtualNetworkGateway": (
        "virtual_network_gateway",
        {"sku": "sku.name", "type": "gatewayType"},
    ),
    "network:VirtualNetworkGatewayConnection": (
        "virtual_network_gateway_connection",
        {"type": "connectionType", "virtual_network_gateway_id": "virtualNetworkGateway1.id"},
    ),
    "network:PrivateEndpoint": ("private_endpoint", {}),
    "network:VirtualNetworkPeering": ("virtual_network_peering", {}),
    "network:ExpressRouteCircuit": ("express_route_circuit", _SKU),
    "network:ExpressRouteGateway": (
        "express_route_gateway",
        {"scale_units": "autoScaleConfiguration.bounds.min"},
    ),
    "network:VirtualHub": ("virtual_hub", {"sku": "sku"}),
    "network:VpnGateway": ("vpn_gateway", {"scale_unit": "vpnGatewayScaleUnit"}),
    "network:VpnConnection": ("vpn_gateway_connection", {}),
    "network:P2sVpnGateway": ("point_to_site_vpn_gateway", {"scale_unit": "vpnGatewayScaleUnit"}),
    "network:DdosProtectionPlan": ("network_ddos_protection_plan", {}),
    "network:FlowLog": (
        "network_watcher_flow_log",
        {
            "traffic_analytics.enabled": (
                "flowAnalyticsConfiguration.networkWatcherFlowAnalyticsConfiguration.enabled"
            ),
            "traffic_analytics.interval_in_minutes": (
                "flowAnalyticsConfiguration.networkWatcherFlowAnalyticsConfiguration"
                ".trafficAnalyticsInterval"
            ),
        },
    ),
    "cdn:Endpoint": ("cdn_endpoint", {"profile_name": "profileName"}),
    "cdn:Profile": ("", _SKU_NAMED),
    "sql:Database": (
        "mssql_database",
        {
            "elastic_pool_id": "elasticPoolId",
            "zone_redundant": "zoneRedundant",
            "min_capacity": "minCapacity",
            "auto_pause_delay_in_minutes": "autoPauseDelay",
            "license_type": "licenseType",
            "read_replica_count": "highAvailabilityReplicaCount",
            "storage_account_type": "requestedBackupStorageRedundancy",
        },
    ),
    "sql:ElasticPool": (
        "mssql_elasticpool",
        {**_SKU, "zone_redundant": "zoneRedundant", "license_type": "licenseType"},
    ),
    "sql:ManagedInstance": (
        "mssql_managed_instance",
        {
            "sku_name": "sku.name",
            "vcores": "vCores",
            "storage_size_in_gb": "storageSizeInGB",
            "license_type": "licenseType",
            "storage_account_type": "requestedBackupStorageRedundancy",
        },
    ),
    "dbforpostgresql:Server": ("", {}),
    "dbforpostgresql:SingleServer": (
        "postgresql_server",
        {"sku_name": "sku.name", "storage_mb": "properties.storageProfile.storageMB"},
    ),
    "dbformysql:Server": (
        "",
        {"storage.size_gb": "storage.storageSizeGB", "storage.iops": "storage.iops"},
    ),
    "dbformysql:SingleServer": (
        "mysql_server",
        {"sku_name": "sku.name", "storage_mb": "properties.storageProfile.storageMB"},
    ),
    "dbformariadb:Server": (
        "mariadb_server",
        {"sku_name": "sku.name", "storage_mb": "properties.storageProfile.storageMB"},
    ),
    "documentdb:DatabaseAccount": (
        "cosmosdb_account",
        {
            "geo_location": ("locations", {"location": "locationName"}),
            "capabilities": ("capabilities", {"name": "name"}),
            "multiple_write_locations_enabled": "enableMultipleWriteLocations",
            "backup.type": "backupPolicy.type",
        },
    ),
    "documentdb:SqlResourceSqlDatabase": ("cosmosdb_sql_database", _THROUGHPUT),
    "documentdb:SqlResourceSqlContainer": ("cosmosdb_sql_container", _THROUGHPUT),
    "documentdb:MongoDBResourceMongoDBDatabase": ("cosmosdb_mongo_database", _THROUGHPUT),
    "documentdb:MongoDBResourceMongoDBCollection": ("cosmosdb_mongo_collection", _THROUGHPUT),
    "documentdb:GremlinResourceGremlinDatabase": ("cosmosdb_gremlin_database", _THROUGHPUT),
    "documentdb:GremlinResourceGremlinGraph": ("cosmosdb_gremlin_graph", _THROUGHPUT),
    "documentdb:CassandraResourceCassandraKeyspace": ("cosmosdb_cassandra_keyspace", _THROUGHPUT),
    "documentdb:CassandraResourceCassandraTable": ("cosmosdb_cassandra_table", _THROUGHPUT),
    "documentdb:TableResourceTable": ("cosmosdb_table", _THROUGHPUT),
    "cache:Redis": ("redis_cache", _REDIS),
    "cache:RedisEnterprise": ("", _SKU_NAMED),
    "web:AppServicePlan": (
        "service_plan",
        {"sku_name": "sku.name", "worker_count": "sku.capacity"},
    ),
    "web:WebApp": ("", {"service_plan_id": "serverFarmId"}),
    "web:StaticSite": ("static_web_app", {"sku_tier": "sku.name"}),
    "web:AppServiceEnvironment": ("app_service_environment_v3", {}),
    "containerregistry:Registry": ("container_registry", _SKU_NAME),
    "containerinstance:ContainerGroup": (
        "container_group",
        {
            "os_type": "osType",
            "restart_policy": "restartPolicy",
            "container": (
                "containers",
                {
                    "cpu": "resources.requests.cpu",
                    "memory": "resources.requests.memoryInGB",
                    "gpu": "resources.requests.gpu",
                },
            ),
        },
    ),
    "app:ContainerApp": (
        "container_app",
        {
            "workload_profile_name": "workloadProfileName",
            "ingress": "configuration.ingress",
            "template": (
                "template",
                {
                    "min_replicas": "scale.minReplicas",
                    "max_replicas": "scale.maxReplicas",
                    "container": (
                        "containers",
                        {"cpu": "resources.cpu", "memory": "resources.memory"},
                    ),
                },
            ),
        },
    ),
    "app:ManagedEnvironment": (
        "container_app_environment",
        {
            "workload_profile": (
                "workloadProfiles",
                {"workload_profile_type": "workloadProfileType"},
            )
        },
    ),
    "app:Job": ("container_app_job", {}),
    "operationalinsights:Workspace": (
        "log_analytics_workspace",
        {
            "sku": "sku.name",
            "reservation_capacity_in_gb_per_day": "sku.capacityReservationLevel",
            "retention_in_days": "retentionInDays",
        },
    ),
    "operationalinsights:Cluster": ("log_analytics_cluster", {}),
    "insights:Component": ("application_insights", {"workspace_id": "workspaceResourceId"}),
    "insights:WebTest": (
        "application_insights_web_test",
        {"kind": "webTestKind", "frequency": "frequency"},
    ),
    "insights:MetricAlert": ("monitor_metric_alert", _ALERT),
    "insights:ScheduledQueryRule": (
        "monitor_scheduled_query_rules_alert_v2",
        {"enabled": "enabled", "evaluation_frequency": "evaluationFrequency"},
    ),
    "insights:ActionGroup": ("monitor_action_group", _RECEIVERS),
    "insights:DiagnosticSetting": (
        "monitor_diagnostic_setting",
        {
            "storage_account_id": "storageAccountId",
            "eventhub_authorization_rule_id": "eventHubAuthorizationRuleId",
        },
    ),
    "insights:AutoscaleSetting": (
        "monitor_autoscale_setting",
        {
            "profile": (
                "profiles",
                {"capacity": ("capacity", {"minimum": "minimum", "maximum": "maximum"})},
            )
        },
    ),
    "monitor:AzureMonitorWorkspace": ("monitor_workspace", {}),
    "insights:DataCollectionRule": (
        "monitor_data_collection_rule",
        {"destinations.monitor_account": "destinations.monitoringAccounts"},
    ),
    "dashboard:Grafana": ("dashboard_grafana", _SKU_NAME),
    "keyvault:Vault": ("key_vault", {"sku_name": "properties.sku.name"}),
    "keyvault:Key": ("key_vault_key", {"key_type": "properties.kty"}),
    "keyvault:ManagedHsm": ("key_vault_managed_hardware_security_module", {}),
    "eventhub:Namespace": ("eventhub_namespace", {"sku": "sku.name", "capacity": "sku.capacity"}),
    "eventhub:Cluster": ("eventhub_cluster", {}),
    "servicebus:Namespace": (
        "servicebus_namespace",
        {"sku": "sku.name", "capacity": "sku.capacity"},
    ),
    "signalrservice:SignalR": ("signalr_service", _SKU),
    "webpubsub:WebPubSub": ("web_pubsub", {"sku": "sku.name", "capacity": "sku.capacity"}),
    "notificationhubs:Namespace": ("notification_hub_namespace", _SKU_NAMED),
    "eventgrid:Topic": ("eventgrid_topic", {}),
    "eventgrid:SystemTopic": ("eventgrid_system_topic", {}),
    "eventgrid:Domain": ("eventgrid_domain", {}),
    "devices:IotHubResource": ("iothub", _SKU),
    "search:Service": (
        "search_service",
        {
            "sku": "sku.name",
            "partition_count": "partitionCount",
            "replica_count": "replicaCount",
        },
    ),
    "cognitiveservices:Account": ("cognitive_account", {"kind": "kind", "sku_name": "sku.name"}),
    "cognitiveservices:Deployment": (
        "cognitive_deployment",
        {"model.name": "properties.model.name"},
    ),
    "apimanagement:ApiManagementService": ("api_management", {}),
    "appconfiguration:ConfigurationStore": ("app_configuration", _SKU_NAME),
    "automation:AutomationAccount": ("automation_account", {}),
    "recoveryservices:Vault": (
        "recovery_services_vault",
        {"storage_mode_type": "properties.redundancySettings.standardTierStorageRedundancy"},
    ),
    "dataprotection:BackupVault": ("data_protection_backup_vault", {}),
    "datafactory:Factory": ("data_factory", {}),
    "synapse:Workspace": ("synapse_workspace", {}),
    "synapse:SqlPool": ("synapse_sql_pool", _SKU_NAMED),
    "synapse:BigDataPool": (
        "synapse_spark_pool",
        {
            "node_size": "nodeSize",
            "node_count": "nodeCount",
            "auto_scale.min_node_count": "autoScale.minNodeCount",
            "auto_scale.max_node_count": "autoScale.maxNodeCount",
            "auto_pause": "autoPause",
        },
    ),
    "machinelearningservices:Compute": (
        "",
        {
            "vm_size": "properties.properties.vmSize",
            "virtual_machine_size": "properties.properties.vmSize",
            "vm_priority": "properties.properties.vmPriority",
            "scale_settings.min_node_count": "properties.properties.scaleSettings.minNodeCount",
            "scale_settings.max_node_count": "properties.properties.scaleSettings.maxNodeCount",
        },
    ),
    "batch:Pool": (
        "batch_pool",
        {
            "vm_size": "vmSize",
            "auto_scale": "scaleSettings.autoScale",
            "fixed_scale.target_dedicated_nodes": "scaleSettings.fixedScale.targetDedicatedNodes",
            "fixed_scale.target_low_priority_nodes": (
                "scaleSettings.fixedScale.targetLowPriorityNodes"
            ),
        },
    ),
    "dns:Zone": ("dns_zone", {}),
    "privatedns:PrivateZone": ("private_dns_zone", {}),
    "dnsresolver:InboundEndpoint": ("private_dns_resolver_inbound_endpoint", {}),
    "dnsresolver:OutboundEndpoint": ("private_dns_resolver_outbound_endpoint", {}),
    "dnsresolver:DnsForwardingRuleset": ("private_dns_resolver_dns_forwarding_ruleset", {}),
    "trafficmanager:Profile": ("traffic_manager_profile", {}),
    "trafficmanager:Endpoint": ("traffic_manager_azure_endpoint", {}),
    "databricks:Workspace": ("databricks_workspace", {}),
    "kusto:Cluster": ("kusto_cluster", {}),
    "hdinsight:Cluster": ("hdinsight_spark_cluster", {}),
    "redhatopenshift:OpenShiftCluster": ("redhat_openshift_cluster", {}),
    "logic:Workflow": ("logic_app_workflow", {}),
    "securityinsights:SentinelOnboardingState": (
        "sentinel_log_analytics_workspace_onboarding",
        {},
    ),
}

_MOVED = {
    "network:Zone": "dns:Zone",
    "network:PrivateZone": "privatedns:PrivateZone",
    "network:InboundEndpoint": "dnsresolver:InboundEndpoint",
    "network:OutboundEndpoint": "dnsresolver:OutboundEndpoint",
    "network:DnsForwardingRuleset": "dnsresolver:DnsForwardingRuleset",
    "network:Profile": "trafficmanager:Profile",
    "network:Endpoint": "trafficmanager:Endpoint",
    "redis:Redis": "cache:Redis",
    "redisenterprise:RedisEnterprise": "cache:RedisEnterprise",
    "applicationinsights:Component": "insights:Component",
    "applicationinsights:WebTest": "insights:WebTest",
    "monitor:DataCollectionRule": "insights:DataCollectionRule",
    "web:ContainerApp": "app:ContainerApp",
    "monitor:MetricAlert": "insights:MetricAlert",
    "monitor:ScheduledQueryRule": "insights:ScheduledQueryRule",
    "monitor:ActionGroup": "insights:ActionGroup",
    "monitor:DiagnosticSetting": "insights:DiagnosticSetting",
    "monitor:AutoscaleSetting": "insights:AutoscaleSetting",
    "iothub:IotHubResource": "devices:IotHubResource",
    "signalrservice:WebPubSub": "webpubsub:WebPubSub",
    "cosmosdb:DatabaseAccount": "documentdb:DatabaseAccount",
    **{
        f"cosmosdb:{name.partition(':')[2]}": name
        for name in _PRICED
        if name.startswith("documentdb:") and "Resource" in name
    },
}
"""Types that another version of the provider has in another module."""

_ALL = {**_PRICED, **{name: _PRICED[same] for name, same in _MOVED.items()}}

KINDS: Mapping[str, str] = {name: f"azurerm_{kind}" for name, (kind, _) in _ALL.items() if kind}
"""azurerm's kind of each type that costs something; types of which an input decides are not here."""

FIELDS: Mapping[str, Fields] = {name: fields for name, (_, fields) in _ALL.items()}
