"""An EKS cluster whose node groups are those of a capacity plan."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from trimtab.errors import InputError
from trimtab.plan.attribution import plan_tags
from trimtab.provision.arguments import checked, instant_of, plan_of, said_by
from trimtab.provision.eks.addons import EBS_CSI, REPAIR_AGENT
from trimtab.provision.eks.groups import NodeGroupShape
from trimtab.provision.eks.roles import CNI_POLICY, NODE_POLICIES
from trimtab.provision.eks.subnets import DEFAULT_CIDR
from trimtab.provision.karpenter.shapes import DISCOVERY_TAG
from trimtab.provision.pool_settings import SettingsByGroup
from trimtab.provision.sized_groups import check_site, check_tags
from trimtab_components.eks.access import (
    AUTO_NODE_POLICY,
    Access,
    AccessPolicy,
    access_entry,
    administrator,
)
from trimtab_components.eks.addons import (
    Addon,
    ChosenAddon,
    addon_roles,
    chosen_addons,
    install_addons,
    nodes_need_cni_policy,
)
from trimtab_components.eks.cluster_args import ClusterSettings, HeterogeneousClusterArgs
from trimtab_components.eks.control_plane import control_plane
from trimtab_components.eks.encryption import account_id, volume_policy
from trimtab_components.eks.fabric import efa_security_group
from trimtab_components.eks.hybrid import HybridMachines, owned_groups
from trimtab_components.eks.kubeconfig import kubeconfig
from trimtab_components.eks.layout import cluster_groups, cluster_warnings, cluster_zones
from trimtab_components.eks.network import Network, NetworkArgs
from trimtab_components.eks.node_group import NodeGroupHost, PlannedNodeGroup
from trimtab_components.eks.pod_identity import pod_identity
from trimtab_components.eks.roles import ServiceRole, service_role
from trimtab_components.order import children_wait

__all__ = ["HeterogeneousCluster", "HeterogeneousClusterArgs"]

AUTO_NODE_POLICIES = ("AmazonEKSWorkerNodeMinimalPolicy", "AmazonEC2ContainerRegistryPullOnly")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,39}")
_ROLE_NAME_ROOM = 56
"""IAM takes 64 characters, of which Pulumi adds 8."""

_Checked = ClusterSettings


@dataclass(frozen=True)
class _Site:
    """Where the cluster stands: a network of its own or an existing one."""

    vpc_id: pulumi.Output[str]
    subnet_ids: Any
    node_subnet_ids: Any
    zone_subnet_ids: Mapping[str, Any]
    route_table_ids: pulumi.Output[list[str]]
    ready: tuple[pulumi.Resource, ...]


class HeterogeneousCluster(pulumi.ComponentResource):
    """An EKS cluster with one managed node group for each group of a CapacityPlan."""

    cluster_name: pulumi.Output[str]
    """The cluster's name in EKS."""
    cluster_arn: pulumi.Output[str]
    """The cluster's ARN."""
    endpoint: pulumi.Output[str]
    """The API server's address."""
    certificate_authority: pulumi.Output[str]
    """The API server's certificate authority, base64."""
    kubeconfig: pulumi.Output[str]
    """A kubeconfig that gets its token through the aws command; it holds no credential."""
    vpc_id: pulumi.Output[str]
    """The VPC's id."""
    node_subnet_ids: pulumi.Output[list[str]]
    """Subnets for nodes."""
    zone_subnet_ids: pulumi.Output[dict[str, str]]
    """The nodes' subnet in each zone, as far as it is known."""
    route_table_ids: pulumi.Output[list[str]]
    """The own network's route tables for nodes, for routes of your own; none in an existing one."""
    security_group_id: pulumi.Output[str]
    """The security group that EKS makes for control plane and nodes; it bears the tag
    karpenter.sh/discovery."""
    node_role_name: pulumi.Output[str]
    """Name of the nodes' role: Auto Mode's, or else the node groups'."""
    node_role_arn: pulumi.Output[str]
    """The same role's ARN."""
    node_group_names: pulumi.Output[list[str]]
    """The node groups' names in EKS, in the plan's order."""
    hybrid_role_arn: pulumi.Output[str]
    """The role of machines on premises; empty without `hybrid`."""
    hybrid_node_configs: pulumi.Output[dict[str, str]]
    """A NodeConfig for `nodeadm init -c`, by owned group of the plan; secret with credentials ssm."""

    def __init__(
        self,
        name: str,
        args: HeterogeneousClusterArgs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """
        Args:
            name: the component's name; its children's begin with it, and the cluster bears it.
            args: see `HeterogeneousClusterArgs`.
            opts: Pulumi's options; providers are handed down.

        Raises:
            InputError: an argument is unknown, wrong or contradicts another, or EKS has nothing for
                a group of the plan.
            StalePlanError: the plan has expired, or is for another provider or region.
        """
        where = f'HeterogeneousCluster "{name}"'
        if not _NAME.fullmatch(name):
            raise InputError(
                "its name can't be a cluster's and begin those of its roles",
                where=where,
                mend="use at most 40 letters, digits and hyphens, a letter or digit first",
            )
        settings = checked(_Checked, args, where)
        with said_by(where):
            plan = plan_of(settings.plan, where)
            region = _region(settings, where)
            check_site(plan, "aws", region)
            check_tags(settings.tags, where)
            as_of = instant_of(settings.as_of, plan, where)
            by_group = SettingsByGroup(plan, settings.pools, where)
            zones = cluster_zones(settings, plan, region)
            shapes = cluster_groups(plan, as_of, settings, by_group, zones, where)
            owned = owned_groups(plan, by_group) if settings.hybrid is not None else ()
            repaired = {REPAIR_AGENT: Addon()} if any(shape.node_repair for shape in shapes) else {}
            addons = chosen_addons(
                {**repaired, **settings.addons},
                node_groups=bool(shapes),
                auto_mode=settings.auto,
                hosts_pods=bool(shapes or settings.built_in_pools),
                where=where,
            )
        _check_role_names(name, settings, where)
        super().__init__("trimtab:index:HeterogeneousCluster", name, {}, children_wait(opts))

        self._name, self._region, self._settings = name, region, settings
        self._eks_name = settings.cluster_name or name
        self._tags = {**settings.tags, **plan_tags(plan)}
        for warning in cluster_warnings(settings, shapes, addons):
            pulumi.log.warn(f"{name}: {warning}", resource=self)
        site = self._site(zones)
        of_groups, of_auto = self._group_role(addons), self._auto_role()
        cluster = control_plane(
            name, settings, site.subnet_ids, of_auto.arn if of_auto else None, **self._common
        )
        group_id = _security_group(cluster)
        aws.ec2.Tag(
            f"{name}-discovery",
            resource_id=group_id,
            key=DISCOVERY_TAG,
            value=self._eks_name,
            opts=self._child(),
        )
        self._access(cluster, of_auto)
        groups = self._nodes(cluster, site, of_groups, addons, shapes)
        for key, identity in settings.pod_identities.items():
            pod_identity(f"{name}-pod-{key}", identity, cluster.name, **self._common)

        self.hybrid_role_arn = pulumi.Output.from_input("")
        self.hybrid_node_configs = pulumi.Output.from_input({})
        if settings.hybrid is not None:
            machines = HybridMachines(
                f"{name}-hybrid",
                cluster,
                settings.hybrid,
                owned,
                region=region,
                account=account_id(self),
                tags=self._tags,
                opts=self._child(),
            )
            self.hybrid_role_arn = machines.role_arn
            self.hybrid_node_configs = machines.node_configs

        self.cluster_name = cluster.name
        self.cluster_arn = cluster.arn
        self.endpoint = cluster.endpoint
        self.certificate_authority = cluster.certificate_authority.apply(
            lambda each: str(each.data)
        )
        self.kubeconfig = pulumi.Output.all(
            cluster.name, cluster.endpoint, cluster.certificate_authority
        ).apply(lambda parts: kubeconfig(parts[0], parts[1], parts[2]["data"], region))
        self.vpc_id = site.vpc_id
        self.node_subnet_ids = pulumi.Output.from_input(site.node_subnet_ids)
        # Plain: how many things follow from it is decided before there are any subnets.
        existing = settings.subnet_ids if isinstance(settings.subnet_ids, list) else None
        self.node_subnet_count = len(zones if existing is None else existing)
        self.zone_subnet_ids = pulumi.Output.from_input(dict(site.zone_subnet_ids))
        self.route_table_ids = site.route_table_ids
        self.security_group_id = group_id
        role = of_auto or of_groups
        self.node_role_name = role.name if role else pulumi.Output.from_input("")
        self.node_role_arn = role.arn if role else pulumi.Output.from_input("")
        self.node_group_names = pulumi.Output.all(*[group.node_group_name for group in groups])
        self.register_outputs({key: getattr(self, key) for key in type(self).__annotations__})

    @property
    def _common(self) -> dict[str, Any]:
        return {"region": self._region, "tags": self._tags, "parent": self}

    def _child(
        self, depends_on: Sequence[pulumi.Resource] = (), **more: Any
    ) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, depends_on=list(depends_on), **more)

    def _site(self, zones: Collection[str]) -> _Site:
        """The VPC, the control plane's subnets and the nodes': existing ones, or a network made."""
        settings = self._settings
        if settings.vpc_id is not None:
            return _Site(
                pulumi.Output.from_input(settings.vpc_id),
                settings.subnet_ids,
                settings.subnet_ids,
                settings.zone_subnet_ids or {},
                pulumi.Output.from_input([]),
                (),
            )
        made: NetworkArgs = {
            "region": self._region,
            "zones": list(zones),
            "cidr": settings.cidr or DEFAULT_CIDR,
            "internet_access": settings.internet_access is not False,
            "discovery": self._eks_name,
            "tags": self._tags,
        }
        if settings.nat is not None:
            made["nat"] = settings.nat
        if settings.endpoints is not None:
            made["endpoints"] = {"services": list(settings.endpoints.services)}
        network = Network(f"{self._name}-network", made, self._child())
        return _Site(
            network.vpc_id,
            network.subnet_ids,
            network.node_subnet_ids,
            network.by_zone,
            network.route_table_ids,
            tuple(network.ready),
        )

    def _group_role(self, addons: Sequence[ChosenAddon]) -> ServiceRole | None:
        """The node groups' role, unless Auto Mode has all the nodes."""
        if self._settings.auto and not self._settings.plan_pools:
            return None
        policies = (*NODE_POLICIES, *([CNI_POLICY] if nodes_need_cni_policy(addons) else []))
        return service_role(f"{self._name}-nodes", "ec2", policies, **self._common)

    def _auto_role(self) -> ServiceRole | None:
        """The role of Auto Mode's nodes. A role has one access entry, of one type, and EKS makes that of
        a node group's role: so the two can't share one."""
        if not self._settings.auto:
            return None
        return service_role(
            f"{self._name}-auto-nodes",
            "ec2",
            AUTO_NODE_POLICIES,
            **self._common,
            # KarpenterPools looks for this name where none is stated.
            role_name=f"KarpenterNodeRole-{self._eks_name}",
        )

    def _access(self, cluster: aws.eks.Cluster, of_auto: ServiceRole | None) -> None:
        settings, name = self._settings, self._name
        for arn in dict.fromkeys(settings.admin_arns):
            administrator(name, arn, cluster.name, **self._common)
        for key, access in settings.access.items():
            access_entry(f"{name}-access-{key}", access, cluster.name, **self._common)
        # With NodePools of its own EKS makes the entry itself.
        if of_auto is not None and not settings.built_in_pools:
            policy = AccessPolicy(policy=AUTO_NODE_POLICY)
            machines = Access(principal_arn=of_auto.arn, type="EC2", policies=(policy,))
            access_entry(f"{name}-auto-nodes", machines, cluster.name, **self._common)

    def _nodes(
        self,
        cluster: aws.eks.Cluster,
        site: _Site,
        nodes: ServiceRole | None,
        addons: Sequence[ChosenAddon],
        shapes: Sequence[NodeGroupShape],
    ) -> list[PlannedNodeGroup]:
        """The add-ons, and between them the node groups."""
        settings, name = self._settings, self._name
        roles = addon_roles(name, addons, **self._common)
        key = settings.encryption.volume_key_arn if settings.encryption else None
        if key is not None and EBS_CSI in roles.names:
            policy = aws.iam.RolePolicy(
                f"{name}-ebs-csi-key",
                role=roles.names[EBS_CSI],
                policy=pulumi.Output.from_input(key).apply(volume_policy),
                opts=self._child(),
            )
            roles.ready[EBS_CSI] = (*roles.ready[EBS_CSI], policy)
        first = [each for each in addons if each.on_every_node]
        later = [each for each in addons if not each.on_every_node]
        before = install_addons(
            name, first, cluster.name, roles=roles, tags=self._tags, parent=self
        )
        groups: list[PlannedNodeGroup] = []
        if nodes is not None:
            fabric: tuple[pulumi.Output[str], ...] = ()
            if any(shape.interfaces for shape in shapes):
                # A template that states interfaces states their groups too: EKS adds none to it.
                fabric = (
                    _security_group(cluster),
                    efa_security_group(f"{name}-efa", site.vpc_id, self._tags, self._child()),
                )
            host = NodeGroupHost(
                cluster_name=cluster.name,
                role_arn=nodes.arn,
                subnet_ids=site.node_subnet_ids,
                metadata_hop_limit=settings.metadata_hop_limit,
                ready=(*nodes.attachments, *site.ready, *before),
                zone_subnet_ids=site.zone_subnet_ids,
                volume_key_arn=key,
                kubernetes_version=settings.kubernetes_version,
                efa_security_group_ids=fabric,
            )
            groups = [
                PlannedNodeGroup(f"{name}-{shape.name}", shape, host, self._child())
                for shape in shapes
            ]
        install_addons(
            name,
            later,
            cluster.name,
            roles=roles,
            tags=self._tags,
            parent=self,
            after=[*before, *groups],
        )
        return groups


def _security_group(cluster: aws.eks.Cluster) -> pulumi.Output[str]:
    """The group that EKS makes for control plane and nodes."""
    return cluster.vpc_config.apply(lambda config: str(config.cluster_security_group_id))


def _region(settings: ClusterSettings, where: str) -> str:
    region = settings.region or pulumi.Config("aws").get("region")
    if region is None:
        raise InputError("no region is configured", where=where, mend="set aws:region")
    return region


def _check_role_names(name: str, settings: ClusterSettings, where: str) -> None:
    for key, identity in settings.pod_identities.items():
        if identity.role_arn is None and len(f"{name}-pod-{key}") > _ROLE_NAME_ROOM:
            raise InputError(
                f"pod_identities.{key}: a role of that name would be too long for IAM",
                where=where,
                mend=f"give a key of at most {_ROLE_NAME_ROOM - len(name) - 5} characters",
            )
