"""An AKS cluster whose user node pools are those of a capacity plan."""

import ipaddress
import re
from collections.abc import Sequence
from typing import Any

import pulumi
import pulumi_azure as azure

from trimtab.errors import InputError
from trimtab.plan.attribution import plan_tags
from trimtab.provision.aks.pools import (
    Fixed,
    HeldGroup,
    NodePoolShape,
    PoolChoices,
    azure_zone,
    node_pool_shapes,
)
from trimtab.provision.aks.tags import check_azure_tags
from trimtab.provision.arguments import checked
from trimtab.provision.planned import Planned, planned
from trimtab.provision.pool_settings import check_places
from trimtab_components.aks.arguments import AksClusterArgs, AksSettings
from trimtab_components.aks.network import AksNetwork, own_network
from trimtab_components.aks.node_pool import NodePoolHost, node_pool
from trimtab_components.kubeconfig import exec_kubeconfig
from trimtab_components.order import standing_first

__all__ = ["AksCluster", "AksClusterArgs"]

ENTRA_SERVER = "6dae42f8-4368-4678-94ff-3960e28e3630"
"""The application id of every AKS API server in Entra: what a token is asked for."""
POD_BITS = 8
"""Of a node's own block of pods in the overlay network."""
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,38}[A-Za-z0-9])?")
_OUTPUTS = (
    "cluster_name",
    "endpoint",
    "kubeconfig",
    "resource_group",
    "subnet_id",
    "oidc_issuer_url",
    "node_pool_names",
)

_Checked = AksSettings


class AksCluster(pulumi.ComponentResource):
    """An AKS cluster with a user node pool for each group of a CapacityPlan."""

    cluster_name: pulumi.Output[str]
    """The cluster's name in AKS."""
    endpoint: pulumi.Output[str]
    """The API server's address."""
    kubeconfig: pulumi.Output[str]
    """A kubeconfig that gets its token through kubelogin; it holds no credential."""
    resource_group: pulumi.Output[str]
    """Name of the cluster's resource group."""
    subnet_id: pulumi.Output[str]
    """The nodes' subnet's id."""
    oidc_issuer_url: pulumi.Output[str]
    """The issuer of service accounts' tokens, for federated credentials."""
    node_pool_names: pulumi.Output[list[str]]
    """The user node pools' names in AKS, in the plan's order."""

    def __init__(
        self, name: str, args: AksClusterArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """
        Args:
            name: the component's name; its children's begin with it, and the cluster bears it.
            args: see `AksClusterArgs`.
            opts: Pulumi's options; providers are handed down.

        Raises:
            InputError: an argument is unknown, wrong or contradicts another, or AKS has nothing for
                a group of the plan.
            StalePlanError: the plan has expired, or is for another provider or region.
        """
        where = f'AksCluster "{name}"'
        if not _NAME.fullmatch(name):
            raise InputError(
                "its name can't be a cluster's",
                where=where,
                mend="use at most 40 letters, digits and hyphens, a letter or digit at both ends",
            )
        settings = checked(_Checked, args, where)
        check_azure_tags(settings.tags, where)
        region = settings.region or pulumi.Config("azure").get("location")
        if region is None:
            raise InputError("no region is configured", where=where, mend="set azure:location")
        plan = planned(settings, "azure", region, where)
        zones = settings.zones or plan.plan.spec.site.zones
        shapes = _shapes(settings, plan, region, zones)
        _check_room(settings, shapes, where)
        tags = {**settings.tags, **plan_tags(plan.plan)}
        super().__init__("trimtab:index:AksCluster", name, {}, opts)

        first = standing_first(opts)
        child = pulumi.ResourceOptions(parent=self, depends_on=first)
        group = settings.resource_group
        if group is None:
            group = azure.core.ResourceGroup(
                f"{name}-group", location=region, tags=tags, opts=child
            ).name
        network = (
            AksNetwork(settings.subnet_id, "loadBalancer")
            if settings.subnet_id is not None
            else own_network(name, settings, group, region, tags, self, first)
        )
        identity, rights = self._identity(
            name, settings, group, region, tags, network, shapes, first
        )
        cluster = azure.containerservice.KubernetesCluster(
            name,
            name=name,
            resource_group_name=group,
            location=region,
            dns_prefix=name,
            kubernetes_version=settings.kubernetes_version,
            automatic_upgrade_channel=(
                None if settings.upgrade_channel == "none" else settings.upgrade_channel
            ),
            sku_tier=settings.tier,
            cost_analysis_enabled=settings.tier != "Free",
            identity={"type": "UserAssigned", "identity_ids": [identity]},
            default_node_pool=_system_pool(
                settings, tuple(azure_zone(z, region, where) for z in zones), network, tags
            ),
            network_profile={
                "network_plugin": "azure",
                "network_plugin_mode": "overlay",
                "network_data_plane": "cilium",
                "network_policy": "cilium",
                "outbound_type": network.outbound,
                "load_balancer_sku": "standard",
                "pod_cidr": settings.pods_cidr,
                "service_cidr": settings.services_cidr,
                "dns_service_ip": _tenth(settings.services_cidr),
            },
            private_cluster_enabled=not settings.public_endpoint,
            api_server_access_profile=_who_may_reach(settings, network),
            azure_active_directory_role_based_access_control={
                "admin_group_object_ids": list(dict.fromkeys(settings.admin_groups)),
                "azure_rbac_enabled": True,
            },
            local_account_disabled=True,
            oidc_issuer_enabled=True,
            workload_identity_enabled=True,
            key_management_service=(
                {"key_vault_key_id": settings.secrets_key}
                if settings.secrets_key is not None
                else None
            ),
            disk_encryption_set_id=settings.disk_encryption_set_id,
            tags=tags,
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=[*first, *network.ready, *rights],
                ignore_changes=["defaultNodePool.nodeCount"],
            ),
        )
        host = NodePoolHost(
            cluster.id,
            group,
            region,
            network.subnet_id,
            settings.kubernetes_version,
            settings.os_sku,
            tuple(first),
        )
        pools = [node_pool(f"{name}-{shape.key}", shape, host, self) for shape in shapes]

        self.cluster_name = cluster.name
        self.endpoint = cluster.kube_configs.apply(lambda found: str(found[0].host))
        self.kubeconfig = pulumi.Output.all(
            cluster.name,
            self.endpoint,
            cluster.kube_configs.apply(lambda found: found[0].cluster_ca_certificate),
        ).apply(lambda parts: _kubeconfig(*parts))
        self.resource_group = pulumi.Output.from_input(group)
        self.subnet_id = pulumi.Output.from_input(network.subnet_id)
        self.oidc_issuer_url = cluster.oidc_issuer_url
        self.node_pool_names = pulumi.Output.all(*[pool.name for pool in pools])
        self.register_outputs({key: getattr(self, key) for key in _OUTPUTS})

    def _identity(
        self,
        name: str,
        settings: AksSettings,
        group: pulumi.Input[str],
        region: str,
        tags: dict[str, str],
        network: AksNetwork,
        shapes: Sequence[NodePoolShape],
        first: list[Any],
    ) -> tuple[pulumi.Input[str], list[pulumi.Resource]]:
        """The control plane's identity, and what gives it its rights."""
        if settings.identity_id is not None:
            return settings.identity_id, []
        child = pulumi.ResourceOptions(parent=self, depends_on=first)
        identity = azure.authorization.UserAssignedIdentity(
            f"{name}-control-plane",
            resource_group_name=group,
            location=region,
            tags=tags,
            opts=child,
        )
        scopes: dict[str, tuple[pulumi.Input[str], str]] = {
            "subnet": (network.subnet_id, "Network Contributor")
        }
        # A reservation is used through a role on its group, and on nothing beside it.
        for shape in shapes:
            if isinstance(shape.priority, HeldGroup):
                scopes[shape.key] = (shape.priority.id, "Contributor")
        rights: list[pulumi.Resource] = [
            azure.authorization.Assignment(
                f"{name}-control-plane-{what}",
                scope=scope,
                role_definition_name=role,
                principal_id=identity.principal_id,
                principal_type="ServicePrincipal",
                opts=child,
            )
            for what, (scope, role) in scopes.items()
        ]
        return identity.id, rights


def _shapes(
    settings: AksSettings, plan: Planned, region: str, zones: tuple[str, ...]
) -> tuple[NodePoolShape, ...]:
    check_places(settings.pool_zones, plan.plan, "pool_zones", plan.where)
    choices = PoolChoices(
        region=region,
        zones=zones,
        volume_gib=settings.volume_gib,
        autoscaled=settings.autoscaled,
        driver=settings.gpu_driver,
        tags=settings.tags,
        pool_zones=settings.pool_zones,
    )
    return node_pool_shapes(plan, choices)


def _system_pool(
    settings: AksSettings, zones: tuple[str, ...], network: AksNetwork, tags: dict[str, str]
) -> Any:
    return azure.containerservice.KubernetesClusterDefaultNodePoolArgs(
        name="system",
        vm_size=settings.system_vm_size,
        auto_scaling_enabled=True,
        min_count=settings.system_nodes,
        max_count=2 * settings.system_nodes,
        node_count=settings.system_nodes,
        only_critical_addons_enabled=True,
        orchestrator_version=settings.kubernetes_version,
        os_sku=settings.os_sku,
        os_disk_size_gb=settings.volume_gib,
        vnet_subnet_id=network.subnet_id,
        zones=list(zones) or None,
        temporary_name_for_rotation="systemtmp",
        upgrade_settings=azure.containerservice.KubernetesClusterDefaultNodePoolUpgradeSettingsArgs(
            max_surge="10%"
        ),
        tags=tags,
    )


def _who_may_reach(settings: AksSettings, network: AksNetwork) -> Any:
    """The blocks that may reach the public endpoint, the nodes' own way out among them."""
    if not settings.public_access_cidrs:
        return None
    blocks: list[Any] = list(settings.public_access_cidrs)
    if network.address is not None:
        blocks.append(pulumi.Output.concat(network.address, "/32"))
    return {"authorized_ip_ranges": blocks}


def _check_room(settings: AksSettings, shapes: Sequence[NodePoolShape], where: str) -> None:
    """Refuse a block for pods that the plan's nodes would use up: the overlay gives each a /24."""
    block = ipaddress.ip_network(settings.pods_cidr)
    room = 2 ** max(0, block.max_prefixlen - block.prefixlen - POD_BITS)
    nodes = 2 * settings.system_nodes
    nodes += sum(s.sizes.nodes if isinstance(s.sizes, Fixed) else s.sizes.max for s in shapes)
    if nodes > room:
        raise InputError(
            f"pods_cidr: {block} has room for {room} nodes, and the plan may have {nodes}",
            where=where,
            mend="give a larger block for pods",
        )


def _tenth(block: str) -> str:
    """The address of the cluster's DNS: the tenth of the services' block, as AKS has it."""
    return str(ipaddress.ip_network(block)[10])


def _kubeconfig(name: str, endpoint: str, authority: str | None) -> str:
    token = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": "kubelogin",
        "args": ["get-token", "--login", "azurecli", "--server-id", ENTRA_SERVER],
    }
    return exec_kubeconfig(name, endpoint, authority, token)
