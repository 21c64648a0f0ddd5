"""The types of `azure-native` that Azure takes no money for by themselves, and what azurerm calls them."""

from collections.abc import Mapping

_FREE = {
    "resources": "ResourceGroup=resource_group Deployment=template_deployment",
    "managedidentity": (
        "UserAssignedIdentity=user_assigned_identity"
        " FederatedIdentityCredential=federated_identity_credential"
    ),
    "authorization": (
        "RoleAssignment=role_assignment RoleDefinition=role_definition"
        " PolicyAssignment=resource_policy_assignment PolicyDefinition=policy_definition"
        " PolicySetDefinition=policy_set_definition ManagementLockByScope=management_lock"
        " ManagementLockAtResourceGroupLevel=management_lock"
    ),
    "network": (
        "VirtualNetwork=virtual_network Subnet=subnet NetworkInterface=network_interface"
        " NetworkSecurityGroup=network_security_group SecurityRule=network_security_rule"
        " RouteTable=route_table Route=route ApplicationSecurityGroup=application_security_group"
        " LocalNetworkGateway=local_network_gateway PrivateLinkService=private_link_service"
        " NetworkWatcher=network_watcher IpGroup=ip_group FirewallPolicy=firewall_policy"
        " FirewallPolicyRuleCollectionGroup=firewall_policy_rule_collection_group"
        " WebApplicationFirewallPolicy=web_application_firewall_policy VirtualWan=virtual_wan"
        " HubVirtualNetworkConnection=virtual_hub_connection VpnSite=vpn_site"
        " HubRouteTable=virtual_hub_route_table PrivateDnsZoneGroup=private_dns_zone_group"
        " VirtualNetworkLink=private_dns_zone_virtual_network_link RecordSet=dns_a_record"
        " PrivateRecordSet=private_dns_a_record NetworkProfile=network_profile"
        " DnsResolver=private_dns_resolver ForwardingRule=private_dns_resolver_forwarding_rule"
        " ServiceEndpointPolicy=subnet_service_endpoint_storage_policy InboundNatRule=lb_nat_rule"
    ),
    "dns": "RecordSet=dns_a_record",
    "privatedns": (
        "PrivateRecordSet=private_dns_a_record"
        " VirtualNetworkLink=private_dns_zone_virtual_network_link"
    ),
    "compute": (
        "AvailabilitySet=availability_set ProximityPlacementGroup=proximity_placement_group"
        " VirtualMachineExtension=virtual_machine_extension SshPublicKey=ssh_public_key"
        " VirtualMachineScaleSetExtension=virtual_machine_scale_set_extension"
        " VirtualMachineRunCommandByVirtualMachine=virtual_machine_run_command"
        " DiskEncryptionSet=disk_encryption_set CapacityReservationGroup=capacity_reservation_group"
        " DedicatedHostGroup=dedicated_host_group Gallery=shared_image_gallery"
        " GalleryImage=shared_image DiskAccess=disk_access"
    ),
    "containerservice": "MaintenanceConfiguration=maintenance_configuration",
    "storage": (
        "BlobContainer=storage_container Blob=storage_blob Queue=storage_queue Table=storage_table"
        " ManagementPolicy=storage_management_policy StorageAccountStaticWebsite=storage_account_static_website"
        " BlobServiceProperties=storage_account_blob_properties"
        " FileServiceProperties=storage_account_share_properties"
        " EncryptionScope=storage_encryption_scope LocalUser=storage_account_local_user"
        " BlobInventoryPolicy=storage_blob_inventory_policy"
    ),
    "sql": (
        "Server=mssql_server FirewallRule=mssql_firewall_rule"
        " VirtualNetworkRule=mssql_virtual_network_rule FailoverGroup=mssql_failover_group"
        " ServerAzureADAdministrator=mssql_server_administrator"
        " ServerSecurityAlertPolicy=mssql_server_security_alert_policy"
        " TransparentDataEncryption=mssql_server_transparent_data_encryption"
    ),
    "dbforpostgresql": (
        "Database=postgresql_flexible_server_database"
        " FirewallRule=postgresql_flexible_server_firewall_rule"
        " Configuration=postgresql_flexible_server_configuration"
        " Administrator=postgresql_flexible_server_active_directory_administrator"
    ),
    "dbformysql": (
        "Database=mysql_flexible_database FirewallRule=mysql_flexible_server_firewall_rule"
        " Configuration=mysql_flexible_server_configuration"
    ),
    "dbformariadb": "Database=mariadb_database FirewallRule=mariadb_firewall_rule",
    "documentdb": (
        "SqlResourceSqlRoleAssignment=cosmosdb_sql_role_assignment"
        " SqlResourceSqlRoleDefinition=cosmosdb_sql_role_definition"
    ),
    "web": (
        "WebAppSlot=linux_web_app_slot WebAppHostNameBinding=app_service_custom_hostname_binding"
        " WebAppApplicationSettings=app_service_settings Connection=api_connection"
        " WebAppSourceControl=app_service_source_control"
        " WebAppSwiftVirtualNetworkConnection=app_service_virtual_network_swift_connection"
    ),
    "containerregistry": "Webhook=container_registry_webhook Token=container_registry_token",
    "app": (
        "ManagedEnvironmentsStorage=container_app_environment_storage"
        " Certificate=container_app_environment_certificate"
        " DaprComponent=container_app_environment_dapr_component"
    ),
    "keyvault": ("Secret=key_vault_secret AccessPolicy=key_vault_access_policy"),
    "eventhub": (
        "EventHub=eventhub ConsumerGroup=eventhub_consumer_group"
        " EventHubAuthorizationRule=eventhub_authorization_rule"
        " NamespaceAuthorizationRule=eventhub_namespace_authorization_rule"
    ),
    "servicebus": (
        "Queue=servicebus_queue Topic=servicebus_topic Subscription=servicebus_subscription"
        " Rule=servicebus_subscription_rule"
        " NamespaceAuthorizationRule=servicebus_namespace_authorization_rule"
    ),
    "eventgrid": (
        "EventSubscription=eventgrid_event_subscription"
        " SystemTopicEventSubscription=eventgrid_system_topic_event_subscription"
        " DomainTopic=eventgrid_domain_topic"
    ),
    "notificationhubs": "NotificationHub=notification_hub",
    "cdn": (
        "AFDEndpoint=cdn_frontdoor_endpoint AFDOrigin=cdn_frontdoor_origin"
        " AFDOriginGroup=cdn_frontdoor_origin_group Route=cdn_frontdoor_route"
        " Rule=cdn_frontdoor_rule RuleSet=cdn_frontdoor_rule_set"
        " AFDCustomDomain=cdn_frontdoor_custom_domain CustomDomain=cdn_endpoint_custom_domain"
        " SecurityPolicy=cdn_frontdoor_security_policy"
    ),
    "machinelearningservices": "Workspace=machine_learning_workspace",
    "desktopvirtualization": (
        "HostPool=virtual_desktop_host_pool Workspace=virtual_desktop_workspace"
        " ApplicationGroup=virtual_desktop_application_group"
    ),
    "batch": "BatchAccount=batch_account",
    "netapp": "Account=netapp_account Volume=netapp_volume CapacityPoolVolume=netapp_volume",
    "portal": "Dashboard=portal_dashboard",
    "synapse": "IpFirewallRule=synapse_firewall_rule",
    "insights": (
        "ActivityLogAlert=monitor_activity_log_alert"
        " DataCollectionEndpoint=monitor_data_collection_endpoint"
    ),
    "monitor": (
        "ActivityLogAlert=monitor_activity_log_alert"
        " DataCollectionEndpoint=monitor_data_collection_endpoint"
        " DataCollectionRuleAssociation=monitor_data_collection_rule_association"
    ),
    "securityinsights": (
        "ScheduledAlertRule=sentinel_alert_rule_scheduled"
        " CustomizableConnectorDefinition=sentinel_data_connector_definition"
        " AutomationRule=sentinel_automation_rule Watchlist=sentinel_watchlist"
    ),
    "operationalinsights": "SavedSearch=log_analytics_saved_search Table=log_analytics_workspace_table",
    "consumption": "Budget=consumption_budget_resource_group",
    "costmanagement": "Budget=consumption_budget_resource_group",
    "management": "ManagementGroup=management_group",
}

FREE: Mapping[str, str] = {
    f"{module}:{name}": f"azurerm_{kind}"
    for module, types in _FREE.items()
    for name, kind in (each.split("=") for each in types.split())
}
"""azurerm's kind of each type that Azure takes no money for by itself."""
