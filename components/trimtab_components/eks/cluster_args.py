"""The arguments of `HeterogeneousCluster`, and which of them go together.

What one part of the cluster needs stands in that part's own dictionary (`encryption`, `auto_mode`,
`hybrid` …), described in the module that carries it out.
"""

from typing import Annotated, Any, Literal, NotRequired, Self, TypedDict

import pulumi
from pydantic import AfterValidator, Field, TypeAdapter, model_validator

from trimtab.plan.eks import AmiFamily
from trimtab.plan.types import Count, Flag
from trimtab.provision.arguments import Arguments, PlanArguments
from trimtab.provision.eks.subnets import DEFAULT_CIDR
from trimtab_components.arguments import RunningSizes
from trimtab_components.blocks import Block
from trimtab_components.eks.access import KEY_PATTERN, Access, ClusterAccess
from trimtab_components.eks.addons import Addon, ClusterAddon
from trimtab_components.eks.encryption import ClusterEncryption, Encryption
from trimtab_components.eks.endpoints import Endpoints, NetworkEndpoints
from trimtab_components.eks.hybrid import ClusterHybridNodes, HybridNodes
from trimtab_components.eks.late import PRINCIPAL_PATTERN, LateText
from trimtab_components.eks.network import Nat, check_ways_out
from trimtab_components.eks.pod_identity import ClusterPodIdentity, PodIdentity
from trimtab_components.pool_settings import PoolSettings

KUBERNETES_VERSION = "1.35"
"""In EKS's standard support until 2027-03-27 (EKS version calendar, 2026-11)."""


class ClusterAutoMode(TypedDict):
    """EKS Auto Mode: AWS runs the nodes, their network, storage and load balancers."""

    enabled: NotRequired[bool]
    """Whether it is on; default true. False turns it off in a cluster that had it."""
    node_pools: NotRequired[list[str]]
    """EKS's own NodePools: general-purpose, system; default system, for the cluster's own pods. The
    plan's pools come from `KarpenterPools`."""


class ControlPlane(TypedDict):
    """The control plane's size, support and protection."""

    tier: NotRequired[str]
    """Provisioned capacity: standard, tier-xl, tier-2xl, tier-4xl or tier-8xl; default standard,
    which EKS scales by itself. The others cost by the hour."""
    support: NotRequired[str]
    """What happens when the version's standard support ends: EXTENDED (it goes on, at a higher
    price) or STANDARD (EKS upgrades the cluster); default AWS's, EXTENDED."""
    deletion_protection: NotRequired[bool]
    """Whether EKS refuses to delete the cluster; default false."""
    zonal_shift: NotRequired[bool]
    """Whether traffic may be moved away from an impaired zone; default false."""


class HeterogeneousClusterArgs(TypedDict):
    """What the cluster is made from. All but ids and ARNs must be known at plan time."""

    plan: Any
    """The CapacityPlan: the document itself, or the path of its file."""
    as_of: NotRequired[str]
    """The instant whose window holds, ISO 8601; default the plan's start."""
    running: NotRequired[dict[str, RunningSizes]]
    """Sizes that run now, by group key (`<pool>-<group>-<generation>`); default nothing runs."""
    autoscaled: NotRequired[bool]
    """Whether an autoscaler owns the desired sizes: then schedules leave them alone and never lower
    a max. Default false: the plan's desired sizes are followed."""
    plan_pools: NotRequired[list[str]]
    """The plan's pools that get node groups; default all, or none with Auto Mode. The others are
    Karpenter's or Auto Mode's, through `KarpenterPools`."""
    pools: NotRequired[dict[str, PoolSettings]]
    """How nodes are set up, by pool (`trainers`) or by group (`trainers/spot`)."""
    region: NotRequired[str]
    """The AWS region; default the stack's aws:region. The plan must be for it."""
    cluster_name: NotRequired[str]
    """The cluster's name in EKS, which can't change; default the component's. State the old one when
    the component is renamed."""
    kubernetes_version: NotRequired[str]
    """The minor version of the control plane and, after it, of the node groups: a newer one replaces
    their nodes as updates allow. Capacity blocks keep theirs."""
    control_plane: NotRequired[ControlPlane]
    """The control plane's size, support and protection."""
    vpc_id: NotRequired[pulumi.Input[str]]
    """An existing VPC; with `subnet_ids`, instead of a network of the cluster's own."""
    subnet_ids: NotRequired[list[pulumi.Input[str]]]
    """Subnets of the existing VPC for control plane and nodes, in two zones at least."""
    zone_subnet_ids: NotRequired[dict[str, pulumi.Input[str]]]
    """The existing VPC's subnet for nodes in each zone, for groups that must stay in one (held
    reservations, capacity blocks)."""
    cidr: NotRequired[str]
    """The own network's IPv4 block; default 10.0.0.0/16."""
    zones: NotRequired[list[str]]
    """The own network's zones; default the plan's, or three of the region."""
    nat: NotRequired[str]
    """The own network's NAT gateways: none, single (the default) or per-zone."""
    internet_access: NotRequired[bool]
    """Whether anything leads out of the own network; default true. Without it nodes reach AWS through
    `endpoints` alone, and images come from registries inside."""
    endpoints: NotRequired[NetworkEndpoints]
    """The own network's interface endpoints of AWS services; default none. S3 always has a gateway
    endpoint, which is free."""
    public_endpoint: NotRequired[bool]
    """Whether the API server is reachable from the internet; default true. It is always reachable
    from the VPC."""
    public_access_cidrs: NotRequired[list[str]]
    """Blocks that may reach the public endpoint; default all."""
    encryption: NotRequired[ClusterEncryption]
    """Keys of one's own; default AWS's."""
    admin_arns: NotRequired[list[str]]
    """IAM principals that administer the cluster, each through an access entry."""
    creator_is_admin: NotRequired[bool]
    """Whether whoever creates the cluster administers it; default true. It counts at creation only."""
    access: NotRequired[dict[str, ClusterAccess]]
    """Further access entries, by a name of yours that stays."""
    pod_identities: NotRequired[dict[str, ClusterPodIdentity]]
    """IAM roles of service accounts, by a name of yours that stays."""
    addons: NotRequired[dict[str, ClusterAddon]]
    """EKS add-ons by name, besides the defaults: vpc-cni, kube-proxy, eks-pod-identity-agent, coredns
    and metrics-server; with Auto Mode alone metrics-server only."""
    auto_mode: NotRequired[ClusterAutoMode]
    """EKS Auto Mode; default off."""
    hybrid: NotRequired[ClusterHybridNodes]
    """Machines on premises that join the cluster; default none."""
    log_types: NotRequired[list[str]]
    """Control plane logs to keep; they cost by volume. Default none."""
    ami_family: NotRequired[str]
    """The nodes' image: AL2023 (the default) or BOTTLEROCKET. Another one makes other node groups, and
    then drains the old: EKS can't change it in place."""
    volume_gib: NotRequired[int]
    """Size of a node's volume; default 100."""
    metadata_hop_limit: NotRequired[int]
    """Network hops of instance metadata; default 1, which keeps pods from the node's role."""
    tags: NotRequired[dict[str, str]]
    """Tags of every resource, besides those of the plan."""


class AutoMode(Arguments):
    """`ClusterAutoMode`, checked."""

    enabled: Flag = True
    node_pools: tuple[Literal["general-purpose", "system"], ...] | None = None

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        if not self.enabled and self.node_pools:
            raise ValueError("node_pools of an Auto Mode that is not enabled; drop them")
        if len(set(self.node_pools or ())) < len(self.node_pools or ()):
            raise ValueError("node_pools: one is named twice; give each once")
        return self


class ControlPlaneSettings(Arguments):
    """`ControlPlane`, checked."""

    tier: Literal["standard", "tier-xl", "tier-2xl", "tier-4xl", "tier-8xl"] | None = None
    support: Literal["STANDARD", "EXTENDED"] | None = None
    deletion_protection: Flag | None = None
    zonal_shift: Flag | None = None


def _by_zone(value: Any) -> Any:
    return _BY_ZONE.validate_python(value)


_LogType = Literal["api", "audit", "authenticator", "controllerManager", "scheduler"]
_PrincipalArn = Annotated[str, Field(pattern=PRINCIPAL_PATTERN)]
_Key = Annotated[str, Field(pattern=KEY_PATTERN)]
_Zone = Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d+[a-z]$")]
_BY_ZONE = TypeAdapter(dict[_Zone, LateText])
_EXISTING = ("vpc_id", "subnet_ids")
_OWN = ("cidr", "zones", "nat", "internet_access", "endpoints")


class ClusterSettings(PlanArguments):
    """`HeterogeneousClusterArgs`, checked."""

    autoscaled: Flag = False
    region: str | None = None
    cluster_name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,39}$")] | None = None
    kubernetes_version: Annotated[str, Field(pattern=r"^1\.\d{2}$")] = KUBERNETES_VERSION
    control_plane: ControlPlaneSettings = ControlPlaneSettings()
    vpc_id: Any = None
    subnet_ids: Any = None
    zone_subnet_ids: Annotated[Any, AfterValidator(_by_zone)] = None
    cidr: str | None = None
    zones: tuple[str, ...] | None = None
    nat: Nat | None = None
    internet_access: Flag | None = None
    endpoints: Endpoints | None = None
    public_endpoint: Flag = True
    public_access_cidrs: tuple[Block, ...] = ()
    encryption: Encryption | None = None
    admin_arns: tuple[_PrincipalArn, ...] = ()
    creator_is_admin: Flag = True
    access: dict[_Key, Access] = Field(default_factory=dict)
    pod_identities: dict[_Key, PodIdentity] = Field(default_factory=dict)
    addons: dict[str, Addon] = Field(default_factory=dict)
    auto_mode: AutoMode | None = None
    hybrid: HybridNodes | None = None
    log_types: tuple[_LogType, ...] = ()
    ami_family: AmiFamily = "AL2023"
    volume_gib: Annotated[Count, Field(ge=20, le=16384)] = 100
    metadata_hop_limit: Annotated[Count, Field(ge=1, le=64)] = 1

    @property
    def auto(self) -> bool:
        """Whether EKS runs nodes itself."""
        return self.auto_mode is not None and self.auto_mode.enabled

    @property
    def built_in_pools(self) -> tuple[str, ...]:
        """EKS's own NodePools."""
        if self.auto_mode is None or not self.auto_mode.enabled:
            return ()
        pools = self.auto_mode.node_pools
        return ("system",) if pools is None else pools

    @property
    def nodes_need_public_addresses(self) -> bool:
        """Whether nodes of an own network reach AWS through the internet gateway alone."""
        if self.vpc_id is not None or self.internet_access is False or self.nat != "none":
            return False
        return self.endpoints is None or bool(self.endpoints.missing)

    @model_validator(mode="after")
    def _one_network(self) -> Self:
        existing = [n for n in _EXISTING if getattr(self, n) is not None]
        own = [n for n in _OWN if getattr(self, n) is not None]
        if existing and own:
            raise ValueError(
                f"{existing[0]} names an existing network, {own[0]} describes one to make; "
                f"give vpc_id with subnet_ids, or any of {', '.join(_OWN)}"
            )
        if len(existing) == 1:
            raise ValueError(f"{existing[0]} alone is no network; give vpc_id with subnet_ids")
        if isinstance(self.subnet_ids, list) and len(self.subnet_ids) < 2:
            raise ValueError("subnet_ids: EKS needs subnets in two zones at least")
        if self.zone_subnet_ids and not existing:
            raise ValueError("zone_subnet_ids are of an existing network; drop them")
        check_ways_out(self.nat, self.internet_access is not False, self.endpoints)
        return self

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if self.public_access_cidrs and not self.public_endpoint:
            raise ValueError("public_access_cidrs without public_endpoint; drop one of them")
        entries = [*self.admin_arns, *(each.principal_arn for each in self.access.values())]
        if not entries and not self.creator_is_admin:
            raise ValueError("nobody could administer the cluster; give admin_arns")
        arns: list[Any] = list(dict.fromkeys(self.admin_arns))
        arns += [each.principal_arn for each in self.access.values()]
        known = [arn for arn in arns if isinstance(arn, str)]
        twice = sorted({arn for arn in known if known.count(arn) > 1})
        if twice:
            raise ValueError(f"access: {twice[0]} has two entries; EKS takes one a principal")
        return self

    @model_validator(mode="after")
    def _some_nodes(self) -> Self:
        if self.plan_pools == () and not self.auto and self.hybrid is None:
            raise ValueError(
                "plan_pools is empty, so nothing would run the cluster's own pods; name a pool, or "
                "give auto_mode or hybrid"
            )
        key = self.encryption.volume_key_arn if self.encryption is not None else None
        if self.auto and not self.plan_pools and key is not None:
            raise ValueError(
                "encryption.volume_key_arn is of node groups' volumes, and Auto Mode has none; state "
                "the key in its node classes, or give plan_pools"
            )
        return self

    @model_validator(mode="after")
    def _other_site(self) -> Self:
        if self.hybrid is not None and self.vpc_id is None:
            self.hybrid.check_apart_from(self.cidr or DEFAULT_CIDR)
        return self
