"""An EKS cluster whose node groups are those of a capacity plan."""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, NotRequired, Self, TypedDict

import pulumi
import pulumi_aws as aws
from pydantic import Field, model_validator

from trimtab.errors import InputError
from trimtab.plan.attribution import plan_tags
from trimtab.plan.eks import AmiFamily
from trimtab.plan.model import CapacityPlan
from trimtab.plan.sizing import Sizes
from trimtab.plan.types import Count, Flag
from trimtab_components.arguments import (
    Arguments,
    Running,
    RunningSizes,
    checked,
    instant_of,
    plan_of,
)
from trimtab_components.eks.groups import NodeGroupShape, node_group_shape
from trimtab_components.eks.network import DEFAULT_CIDR, Nat, Network, NetworkArgs
from trimtab_components.eks.node_group import NodeGroupHost, PlannedNodeGroup
from trimtab_components.eks.roles import partition, service_role
from trimtab_components.eks.subnets import default_zones
from trimtab_components.sized_groups import check_site, check_tags, sized_groups

KUBERNETES_VERSION = "1.35"
"""In EKS's standard support until 2027-03-27 (EKS version calendar, 2026-11)."""

CLUSTER_POLICIES = ("AmazonEKSClusterPolicy",)
NODE_POLICIES = (
    "AmazonEKSWorkerNodePolicy",
    "AmazonEKS_CNI_Policy",
    "AmazonEC2ContainerRegistryPullOnly",
)
ADMIN_POLICY = "AmazonEKSClusterAdminPolicy"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,39}")


class HeterogeneousClusterArgs(TypedDict):
    """What the cluster is made from. All but `vpc_id` and `subnet_ids` must be known at plan time."""

    plan: Any
    """The CapacityPlan: the document itself, or the path of its file."""
    as_of: NotRequired[str]
    """The instant whose window holds, ISO 8601; default the plan's start."""
    running: NotRequired[dict[str, RunningSizes]]
    """Sizes that run now, by group key (`<pool>-<group>-<generation>`); default nothing runs."""
    autoscaled: NotRequired[bool]
    """Whether an autoscaler owns the desired sizes: then schedules leave them alone and never lower
    a max. Default false: the plan's desired sizes are followed."""
    region: NotRequired[str]
    """The AWS region; default the stack's aws:region. The plan must be for it."""
    kubernetes_version: NotRequired[str]
    """The control plane's minor version."""
    vpc_id: NotRequired[pulumi.Input[str]]
    """An existing VPC; with `subnet_ids`, instead of a network of the cluster's own."""
    subnet_ids: NotRequired[list[pulumi.Input[str]]]
    """Subnets of the existing VPC for control plane and nodes, in two zones at least."""
    cidr: NotRequired[str]
    """The own network's IPv4 block; default 10.0.0.0/16."""
    zones: NotRequired[list[str]]
    """The own network's zones; default the plan's, or three of the region."""
    nat: NotRequired[str]
    """The own network's NAT gateways: none, single (the default) or per-zone."""
    public_endpoint: NotRequired[bool]
    """Whether the API server is reachable from the internet; default true. It is always reachable
    from the VPC."""
    public_access_cidrs: NotRequired[list[str]]
    """Blocks that may reach the public endpoint; default all."""
    admin_arns: NotRequired[list[str]]
    """IAM principals that administer the cluster, each through an access entry."""
    creator_is_admin: NotRequired[bool]
    """Whether whoever creates the cluster administers it; default true. Fixed at creation."""
    log_types: NotRequired[list[str]]
    """Control plane logs to keep; they cost by volume. Default none."""
    ami_family: NotRequired[str]
    """The nodes' image: AL2023 (the default) or BOTTLEROCKET. Fixed while a group's generation lasts:
    EKS can't change it in place, and refuses a second group of the name."""
    volume_gib: NotRequired[int]
    """Size of a node's volume; default 100."""
    metadata_hop_limit: NotRequired[int]
    """Network hops of instance metadata; default 1, which keeps pods from the node's role."""
    tags: NotRequired[dict[str, str]]
    """Tags of every resource, besides those of the plan."""


_LogType = Literal["api", "audit", "authenticator", "controllerManager", "scheduler"]
_PrincipalArn = Annotated[str, Field(pattern=r"^arn:aws[a-z-]*:iam::\d{12}:.+")]


class _Checked(Arguments):
    plan: Any
    as_of: str | None = None
    running: dict[str, Running] = Field(default_factory=dict)
    autoscaled: Flag = False
    region: str | None = None
    kubernetes_version: Annotated[str, Field(pattern=r"^1\.\d{2}$")] = KUBERNETES_VERSION
    vpc_id: Any = None
    subnet_ids: Any = None
    cidr: str | None = None
    zones: tuple[str, ...] | None = None
    nat: Nat | None = None
    public_endpoint: Flag = True
    public_access_cidrs: tuple[str, ...] = ()
    admin_arns: tuple[_PrincipalArn, ...] = ()
    creator_is_admin: Flag = True
    log_types: tuple[_LogType, ...] = ()
    ami_family: AmiFamily = "AL2023"
    volume_gib: Annotated[Count, Field(ge=20, le=16384)] = 100
    metadata_hop_limit: Annotated[Count, Field(ge=1, le=64)] = 1
    tags: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_network(self) -> Self:
        existing = [n for n in ("vpc_id", "subnet_ids") if getattr(self, n) is not None]
        own = [n for n in ("cidr", "zones", "nat") if getattr(self, n) is not None]
        if existing and own:
            raise ValueError(
                f"{existing[0]} names an existing network, {own[0]} describes one to make; "
                "give vpc_id with subnet_ids, or any of cidr, zones, nat"
            )
        if len(existing) == 1:
            raise ValueError(f"{existing[0]} alone is no network; give vpc_id with subnet_ids")
        if isinstance(self.subnet_ids, list) and len(self.subnet_ids) < 2:
            raise ValueError("subnet_ids: EKS needs subnets in two zones at least")
        return self

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if self.public_access_cidrs and not self.public_endpoint:
            raise ValueError("public_access_cidrs without public_endpoint; drop one of them")
        if not self.admin_arns and not self.creator_is_admin:
            raise ValueError("nobody could administer the cluster; give admin_arns")
        return self


class HeterogeneousCluster(pulumi.ComponentResource):
    """An EKS cluster with one managed node group for each group of a CapacityPlan."""

    cluster_name: pulumi.Output[str]
    """The cluster's name in EKS."""
    endpoint: pulumi.Output[str]
    """The API server's address."""
    kubeconfig: pulumi.Output[str]
    """A kubeconfig that gets its token through the aws command; it holds no credential."""
    vpc_id: pulumi.Output[str]
    """The VPC's id."""
    node_group_names: pulumi.Output[list[str]]
    """The node groups' names in EKS, in the plan's order."""

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
        plan = plan_of(settings.plan, where)
        region = _region(settings, where)
        check_site(plan, "aws", region)
        check_tags(settings.tags, where)
        as_of = instant_of(settings.as_of, plan, where)
        shapes = _shapes(plan, as_of, settings)
        super().__init__("trimtab:index:HeterogeneousCluster", name, {}, opts)

        tags = {**settings.tags, **plan_tags(plan)}
        child = pulumi.ResourceOptions(parent=self)
        self.vpc_id, subnet_ids, node_subnet_ids = self._network(name, settings, plan, region, tags)
        control_plane = service_role(
            f"{name}-control-plane",
            "eks",
            CLUSTER_POLICIES,
            region=region,
            tags=tags,
            parent=self,
        )
        nodes = service_role(
            f"{name}-nodes", "ec2", NODE_POLICIES, region=region, tags=tags, parent=self
        )
        cluster = aws.eks.Cluster(
            name,
            name=name,
            version=settings.kubernetes_version,
            role_arn=control_plane.arn,
            access_config={
                "authentication_mode": "API",
                "bootstrap_cluster_creator_admin_permissions": settings.creator_is_admin,
            },
            vpc_config={
                "subnet_ids": subnet_ids,
                "endpoint_private_access": True,
                "endpoint_public_access": settings.public_endpoint,
                "public_access_cidrs": list(settings.public_access_cidrs) or None,
            },
            enabled_cluster_log_types=list(settings.log_types) or None,
            tags=tags,
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(control_plane.attachments)),
        )
        for arn in dict.fromkeys(settings.admin_arns):
            self._admin(name, arn, cluster, region, tags, child)
        host = NodeGroupHost(
            cluster.name, nodes.arn, node_subnet_ids, settings.metadata_hop_limit, nodes.attachments
        )
        groups = [PlannedNodeGroup(f"{name}-{shape.name}", shape, host, child) for shape in shapes]

        self.cluster_name = cluster.name
        self.endpoint = cluster.endpoint
        self.kubeconfig = pulumi.Output.all(
            cluster.name, cluster.endpoint, cluster.certificate_authority
        ).apply(lambda parts: _kubeconfig(parts[0], parts[1], parts[2]["data"], region))
        self.node_group_names = pulumi.Output.all(*[group.node_group_name for group in groups])
        self.register_outputs(
            {
                "cluster_name": self.cluster_name,
                "endpoint": self.endpoint,
                "kubeconfig": self.kubeconfig,
                "vpc_id": self.vpc_id,
                "node_group_names": self.node_group_names,
            }
        )

    def _network(
        self,
        name: str,
        settings: _Checked,
        plan: CapacityPlan,
        region: str,
        tags: Mapping[str, str],
    ) -> tuple[pulumi.Output[str], Any, Any]:
        """The VPC, the control plane's subnets and the nodes': existing ones, or a network made."""
        if settings.vpc_id is not None:
            return (
                pulumi.Output.from_input(settings.vpc_id),
                settings.subnet_ids,
                settings.subnet_ids,
            )
        made: NetworkArgs = {
            "region": region,
            "zones": list(settings.zones or plan.spec.site.zones or default_zones(region)),
            "cidr": settings.cidr or DEFAULT_CIDR,
            "nat": settings.nat or "single",
            "tags": dict(tags),
        }
        network = Network(f"{name}-network", made, pulumi.ResourceOptions(parent=self))
        return network.vpc_id, network.subnet_ids, network.node_subnet_ids

    def _admin(
        self,
        name: str,
        arn: str,
        cluster: aws.eks.Cluster,
        region: str,
        tags: Mapping[str, str],
        options: pulumi.ResourceOptions,
    ) -> None:
        # Named by the principal: dropping one from the list leaves the others alone.
        who = f"{name}-admin-{arn.partition('::')[2].replace(':', '-').replace('/', '-')}"
        entry = aws.eks.AccessEntry(
            who,
            cluster_name=cluster.name,
            principal_arn=arn,
            type="STANDARD",
            tags=dict(tags),
            opts=options,
        )
        aws.eks.AccessPolicyAssociation(
            who,
            cluster_name=cluster.name,
            principal_arn=entry.principal_arn,
            policy_arn=f"arn:{partition(region)}:eks::aws:cluster-access-policy/{ADMIN_POLICY}",
            access_scope={"type": "cluster"},
            opts=options,
        )


def _region(settings: _Checked, where: str) -> str:
    region = settings.region or pulumi.Config("aws").get("region")
    if region is None:
        raise InputError("no region is configured", where=where, mend="set aws:region")
    return region


def _shapes(plan: CapacityPlan, as_of: datetime, settings: _Checked) -> tuple[NodeGroupShape, ...]:
    running = {
        key: Sizes(sizes.min, sizes.desired, sizes.max) for key, sizes in settings.running.items()
    }
    return tuple(
        node_group_shape(
            plan,
            sized,
            as_of=as_of,
            family=settings.ami_family,
            volume_gib=settings.volume_gib,
            autoscaled=settings.autoscaled,
            extra_tags=settings.tags,
        )
        for sized in sized_groups(plan, as_of, running)
    )


def _kubeconfig(name: str, endpoint: str, authority: str, region: str) -> str:
    token = ["eks", "get-token", "--cluster-name", name, "--region", region, "--output", "json"]
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {
                "name": name,
                "cluster": {"server": endpoint, "certificate-authority-data": authority},
            }
        ],
        "users": [
            {
                "name": name,
                "user": {
                    "exec": {
                        "apiVersion": "client.authentication.k8s.io/v1",
                        "command": "aws",
                        "args": token,
                        "interactiveMode": "Never",
                    }
                },
            }
        ],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "current-context": name,
    }
    return json.dumps(config)
