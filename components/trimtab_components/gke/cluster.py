"""A GKE cluster whose node pools are those of a capacity plan."""

import ipaddress
import re
from typing import Any

import pulumi
import pulumi_gcp as gcp

from trimtab.errors import InputError
from trimtab.plan.attribution import plan_tags
from trimtab.plan.labels import DIGEST_TAG, PLAN_TAG
from trimtab.plan.sizing import Sizes
from trimtab.provision.arguments import checked
from trimtab.provision.gke.clusters import DEFAULT_PODS_CIDR, MAX_ACCOUNT_ID, NODE_ROLES
from trimtab.provision.gke.labels import gcp_labels
from trimtab.provision.gke.pools import NodePoolShape, PoolChoices, node_pool_shapes
from trimtab.provision.gke.provisioning import Standard
from trimtab.provision.gke.sizes import Fixed, PoolSizes, Slice, Total, initial_per_zone
from trimtab.provision.names import bounded_name
from trimtab.provision.planned import Planned, planned
from trimtab.provision.pool_settings import check_places
from trimtab_components.gke.arguments import GkeClusterArgs, GkeSettings
from trimtab_components.gke.network import GkeNetwork, existing_network, own_network
from trimtab_components.gke.node_pool import NodePoolHost, node_pool
from trimtab_components.kubeconfig import exec_kubeconfig
from trimtab_components.order import standing_first

__all__ = ["GkeCluster", "GkeClusterArgs"]

ADMIN_ROLE = "roles/container.admin"
SYSTEM_TAINT = {
    "key": "components.gke.io/gke-managed-components",
    "value": "true",
    "effect": "NO_SCHEDULE",
}
"""Keeps all but GKE's own pods, which tolerate it, off the system pool."""
POD_BITS = 8
"""Of a node's own block of pods, a /24, which holds 110 pods with room to replace them."""
_NAME = re.compile(r"[a-z](?:[a-z0-9-]{0,38}[a-z0-9])?")
_OUTPUTS = (
    "cluster_name",
    "endpoint",
    "kubeconfig",
    "network",
    "subnetwork",
    "workload_pool",
    "node_service_account",
    "node_pool_names",
)
_OF_A_PLAN = tuple(gcp_labels(dict.fromkeys((PLAN_TAG, DIGEST_TAG), ""), ""))
"""Labels that change with the plan: machines do not bear them."""
# Their zones do not begin with a.
_LETTERS = {"europe-west1": "bcd", "us-east1": "bcd"}

_Checked = GkeSettings


class GkeCluster(pulumi.ComponentResource):
    """A GKE cluster with a node pool for each group of a CapacityPlan."""

    cluster_name: pulumi.Output[str]
    """The cluster's name in GKE."""
    endpoint: pulumi.Output[str]
    """The API server's address; the private one where there is no public one."""
    kubeconfig: pulumi.Output[str]
    """A kubeconfig that gets its token through gke-gcloud-auth-plugin; it holds no credential."""
    network: pulumi.Output[str]
    """The VPC's id."""
    subnetwork: pulumi.Output[str]
    """The nodes' subnetwork's id."""
    workload_pool: pulumi.Output[str]
    """The pool of identities that Kubernetes' service accounts have in Google Cloud."""
    node_service_account: pulumi.Output[str]
    """Email of the nodes' service account."""
    node_pool_names: pulumi.Output[list[str]]
    """The node pools' names in GKE, in the plan's order."""

    def __init__(
        self, name: str, args: GkeClusterArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """
        Args:
            name: the component's name; its children's begin with it, and the cluster bears it.
            args: see `GkeClusterArgs`.
            opts: Pulumi's options; providers are handed down.

        Raises:
            InputError: an argument is unknown, wrong or contradicts another, or GKE has nothing for
                a group of the plan.
            StalePlanError: the plan has expired, or is for another provider or region.
        """
        where = f'GkeCluster "{name}"'
        if not _NAME.fullmatch(name):
            raise InputError(
                "its name can't be a cluster's",
                where=where,
                mend="use at most 40 lower-case letters, digits and hyphens, a letter first",
            )
        settings = checked(_Checked, args, where)
        region = _configured("region", settings.region, where)
        project = _configured("project", settings.project, where)
        plan = planned(settings, "gcp", region, where)
        zones = _zones(settings, plan, region)
        shapes = _shapes(settings, plan, zones)
        labels = gcp_labels({**settings.tags, **plan_tags(plan.plan)}, where)
        _check_room(settings, shapes, where)
        super().__init__("trimtab:index:GkeCluster", name, {}, opts)

        first = standing_first(opts)
        location = settings.zone or region
        site = (
            existing_network(settings)
            if settings.network is not None
            else own_network(name, settings, project, region, self, first)
        )
        account, bindings = self._node_account(name, settings, project, first)
        cluster = self._cluster(
            name, settings, project, location, zones, labels, site, account, first
        )
        host = NodePoolHost(
            project=project,
            location=location,
            cluster=cluster.name,
            service_account=account,
            image_type=settings.image_type,
            driver=settings.gpu_driver,
            private=settings.private_nodes,
            disk_key=settings.disk_key,
            ready=(*first, *bindings, *site.ready),
        )
        for member in dict.fromkeys(settings.admin_members):
            self._admin(name, member, project, location, first)
        system = _system_pool(settings, zones, labels)
        pools = [
            node_pool(f"{name}-{shape.key}", shape, host, self)
            for shape in (*((system,) if system else ()), *shapes)
        ]

        self.cluster_name = cluster.name
        self.endpoint = cluster.endpoint
        self.kubeconfig = pulumi.Output.all(
            cluster.name,
            cluster.endpoint,
            cluster.master_auth.apply(lambda auth: auth.cluster_ca_certificate if auth else None),
        ).apply(lambda parts: _kubeconfig(*parts))
        self.network = pulumi.Output.from_input(site.network)
        self.subnetwork = pulumi.Output.from_input(site.subnetwork)
        self.workload_pool = pulumi.Output.from_input(f"{project}.svc.id.goog")
        self.node_service_account = pulumi.Output.from_input(account)
        self.node_pool_names = pulumi.Output.all(
            *[p.name for p in pools[len(pools) - len(shapes) :]]
        )
        self.register_outputs({key: getattr(self, key) for key in _OUTPUTS})

    def _cluster(
        self,
        name: str,
        settings: GkeSettings,
        project: str,
        location: str,
        zones: tuple[str, ...],
        labels: dict[str, str],
        site: GkeNetwork,
        account: pulumi.Input[str],
        first: list[Any],
    ) -> gcp.container.Cluster:
        container = gcp.container
        authorised = [
            container.ClusterMasterAuthorizedNetworksConfigCidrBlockArgs(cidr_block=each)
            for each in settings.public_access_cidrs
        ]
        # GKE makes a pool with every cluster. It is removed at once, but its nodes are the nodes'
        # account's too: the default account of a project has far more rights.
        node_config = container.ClusterNodeConfigArgs(
            service_account=account, boot_disk_kms_key=settings.disk_key
        )
        others = [zone for zone in zones if zone != settings.zone]
        return container.Cluster(
            name,
            name=name,
            project=project,
            location=location,
            node_locations=others if settings.zone else list(zones),
            min_master_version=settings.kubernetes_version,
            release_channel=container.ClusterReleaseChannelArgs(channel=settings.release_channel),
            network=site.network,
            subnetwork=site.subnetwork,
            networking_mode="VPC_NATIVE",
            datapath_provider="ADVANCED_DATAPATH",
            ip_allocation_policy=container.ClusterIpAllocationPolicyArgs(
                cluster_secondary_range_name=site.pods_range,
                services_secondary_range_name=site.services_range,
            ),
            private_cluster_config=container.ClusterPrivateClusterConfigArgs(
                enable_private_nodes=settings.private_nodes,
                enable_private_endpoint=not settings.public_endpoint,
            ),
            master_authorized_networks_config=(
                container.ClusterMasterAuthorizedNetworksConfigArgs(cidr_blocks=authorised)
                if authorised or not settings.public_endpoint
                else None
            ),
            database_encryption=(
                container.ClusterDatabaseEncryptionArgs(
                    state="ENCRYPTED", key_name=settings.secrets_key
                )
                if settings.secrets_key is not None
                else None
            ),
            workload_identity_config=container.ClusterWorkloadIdentityConfigArgs(
                workload_pool=f"{project}.svc.id.goog"
            ),
            cost_management_config=container.ClusterCostManagementConfigArgs(enabled=True),
            enable_shielded_nodes=True,
            initial_node_count=1,
            remove_default_node_pool=True,
            node_config=node_config,
            resource_labels=labels,
            deletion_protection=settings.deletion_protection,
            # The node configuration is the removed pool's.
            opts=pulumi.ResourceOptions(
                parent=self, depends_on=[*first, *site.ready], ignore_changes=["nodeConfig"]
            ),
        )

    def _node_account(
        self, name: str, settings: GkeSettings, project: str, first: list[Any]
    ) -> tuple[pulumi.Input[str], list[pulumi.Resource]]:
        """The nodes' service account, and what gives it its rights."""
        if settings.node_service_account is not None:
            return settings.node_service_account, []
        child = pulumi.ResourceOptions(parent=self, depends_on=first)
        account = gcp.serviceaccount.Account(
            f"{name}-nodes",
            project=project,
            account_id=bounded_name(f"{name}-nodes", MAX_ACCOUNT_ID),
            display_name=f"Nodes of GKE cluster {name}",
            opts=child,
        )
        bindings: list[pulumi.Resource] = [
            gcp.projects.IAMMember(
                f"{name}-nodes-{role.partition('/')[2].replace('.', '-')}",
                project=project,
                role=role,
                member=account.member,
                opts=child,
            )
            for role in NODE_ROLES
        ]
        return account.email, bindings

    def _admin(self, name: str, member: str, project: str, location: str, first: list[Any]) -> None:
        # Named by the principal: dropping one from the list leaves the others alone.
        who = re.sub(r"[^a-z0-9]+", "-", member.lower()).strip("-")
        resource = f"projects/{project}/locations/{location}/clusters/{name}"
        gcp.projects.IAMMember(
            f"{name}-admin-{who}",
            project=project,
            role=ADMIN_ROLE,
            member=member,
            condition=gcp.projects.IAMMemberConditionArgs(
                title=f"cluster {name}",
                description=f"Only GKE cluster {name} in {location}",
                expression=f'resource.name == "{resource}" || '
                f'resource.name.startsWith("{resource}/")',
            ),
            opts=pulumi.ResourceOptions(parent=self, depends_on=first),
        )


def _configured(name: str, stated: str | None, where: str) -> str:
    found = stated or pulumi.Config("gcp").get(name)
    if found is None:
        raise InputError(f"no {name} is configured", where=where, mend=f"set gcp:{name}")
    return found


def _zones(settings: GkeSettings, plan: Planned, region: str) -> tuple[str, ...]:
    one = (settings.zone,) if settings.zone else None
    stated = settings.zones or one or plan.plan.spec.site.zones
    zones = tuple(stated) or tuple(f"{region}-{z}" for z in _LETTERS.get(region, "abc"))
    named = [("zones", zone) for zone in (*zones, *(one or ()))]
    named += [
        (f"pool_zones.{key}", zone) for key, each in settings.pool_zones.items() for zone in each
    ]
    for argument, zone in named:
        if zone.rpartition("-")[0] != region:
            raise InputError(
                f"{argument}: {zone} is not in {region}",
                where=plan.where,
                mend=f"give zones such as {region}-b",
            )
    return zones


def _shapes(
    settings: GkeSettings, plan: Planned, zones: tuple[str, ...]
) -> tuple[NodePoolShape, ...]:
    for argument, stated in (
        ("pool_zones", settings.pool_zones),
        ("tpu_topologies", settings.tpu_topologies),
        ("queued", settings.queued),
    ):
        check_places(stated, plan.plan, argument, plan.where)
    choices = PoolChoices(
        zones=zones,
        volume_gib=settings.volume_gib,
        autoscaled=settings.autoscaled,
        tags=settings.tags,
        pool_zones=settings.pool_zones,
        tpu_topologies=settings.tpu_topologies,
        queued=frozenset(settings.queued),
        driver=settings.gpu_driver,
    )
    return node_pool_shapes(plan, choices)


def _system_pool(
    settings: GkeSettings, zones: tuple[str, ...], labels: dict[str, str]
) -> NodePoolShape | None:
    least = settings.system_nodes
    if least == 0:
        return None
    sizes = Sizes(least, least, 2 * least)
    return NodePoolShape(
        key="system",
        name="system",
        machine_type=settings.system_machine_type,
        zones=zones,
        sizes=Total(least, 2 * least, initial_per_zone(sizes, len(zones)), any_zone=False),
        provisioning=Standard(),
        labels={},
        taints=(SYSTEM_TAINT,),
        resource_labels={k: v for k, v in labels.items() if k not in _OF_A_PLAN},
        volume_gib=settings.volume_gib,
        gpus=None,
        surge=1,
        unavailable=0,
        reason=None,
    )


def _most(sizes: PoolSizes, zones: int) -> int:
    match sizes:
        case Total(max=most):
            return most
        case Slice(hosts=hosts):
            return hosts
        case Fixed(per_zone=each):
            return each * zones


def _check_room(settings: GkeSettings, shapes: tuple[NodePoolShape, ...], where: str) -> None:
    """Refuse a block for pods that the plan's nodes would use up."""
    if settings.network is not None:
        return
    block = ipaddress.ip_network(settings.pods_cidr or DEFAULT_PODS_CIDR)
    room = 2 ** max(0, block.max_prefixlen - block.prefixlen - POD_BITS)
    nodes = 2 * settings.system_nodes
    nodes += sum(_most(shape.sizes, len(shape.zones)) for shape in shapes)
    if nodes > room:
        raise InputError(
            f"pods_cidr: {block} has room for {room} nodes, and the plan may have {nodes}",
            where=where,
            mend="give a larger block for pods",
        )


def _kubeconfig(name: str, endpoint: str, authority: str | None) -> str:
    token = {
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "command": "gke-gcloud-auth-plugin",
        "provideClusterInfo": True,
    }
    return exec_kubeconfig(name, f"https://{endpoint}", authority, token)
