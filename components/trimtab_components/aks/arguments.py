"""The arguments of `AksCluster`, and which of them go together."""

from typing import Annotated, Any, Literal, NotRequired, Self, TypedDict

import pulumi
from pydantic import Field, model_validator

from trimtab.plan.types import Count, Flag
from trimtab.provision.aks.pools import Driver
from trimtab.provision.arguments import PlanArguments
from trimtab_components.arguments import RunningSizes
from trimtab_components.blocks import Block, check_apart
from trimtab_components.pool_settings import PoolSettings

DEFAULT_CIDR = "10.0.0.0/16"
DEFAULT_PODS_CIDR = "10.244.0.0/16"
DEFAULT_SERVICES_CIDR = "10.245.0.0/16"


class AksClusterArgs(TypedDict):
    """What the cluster is made from. All but ids and names of what exists must be known at plan time."""

    plan: Any
    """The CapacityPlan: the document itself, or the path of its file."""
    as_of: NotRequired[str]
    """The instant whose window holds, ISO 8601; default the plan's start. AKS has no schedules: later
    windows come with the deployment that states their instant."""
    running: NotRequired[dict[str, RunningSizes]]
    """Sizes that run now, by group key (`<pool>-<group>-<generation>`); default nothing runs."""
    autoscaled: NotRequired[bool]
    """Whether AKS's autoscaler moves each pool between min and max; default true. Without it every
    pool has its desired size."""
    plan_pools: NotRequired[list[str]]
    """The plan's pools that get node pools; default all."""
    pools: NotRequired[dict[str, PoolSettings]]
    """How nodes are set up, by pool (`trainers`) or by group (`trainers/spot`)."""
    pool_zones: NotRequired[dict[str, list[str]]]
    """Zones of a pool's or group's nodes where they differ from the cluster's: few zones have
    accelerators."""
    region: NotRequired[str]
    """The Azure location; default the stack's azure:location. The plan must be for it."""
    resource_group: NotRequired[pulumi.Input[str]]
    """Name of an existing resource group; default one of the cluster's own."""
    zones: NotRequired[list[str]]
    """Zones of the nodes, such as 1; default the plan's, or none, which leaves it to Azure."""
    kubernetes_version: NotRequired[str]
    """The minor version; default AKS's."""
    upgrade_channel: NotRequired[str]
    """How AKS upgrades the cluster: none, patch (the default), stable, rapid or node-image."""
    tier: NotRequired[str]
    """The control plane's: Free, Standard (the default, with an uptime agreement and the cost of each
    namespace) or Premium."""
    subnet_id: NotRequired[pulumi.Input[str]]
    """An existing subnet for nodes, instead of a network of the cluster's own."""
    cidr: NotRequired[str]
    """The own network's block for nodes; default 10.0.0.0/16."""
    pods_cidr: NotRequired[str]
    """Block of the pods' overlay network; default 10.244.0.0/16, a /24 for each node."""
    services_cidr: NotRequired[str]
    """Block of services; default 10.245.0.0/16."""
    nat: NotRequired[str]
    """The own network's way out: single (a NAT gateway, the default) or none (the cluster's load
    balancer)."""
    public_endpoint: NotRequired[bool]
    """Whether the API server is reachable from the internet; default true. Fixed at creation."""
    public_access_cidrs: NotRequired[list[str]]
    """Blocks that may reach the public endpoint; default all."""
    secrets_key: NotRequired[pulumi.Input[str]]
    """Versioned id of the Key Vault key that encrypts etcd; the cluster's identity must be allowed to
    use it, so give `identity_id` too. Default Azure's own encryption."""
    disk_encryption_set_id: NotRequired[pulumi.Input[str]]
    """Disk encryption set of nodes' disks and volumes; default Azure's own encryption."""
    identity_id: NotRequired[pulumi.Input[str]]
    """The control plane's existing user-assigned identity, with its rights; default one of the
    cluster's own, with the rights that it needs."""
    admin_groups: NotRequired[list[str]]
    """Object ids of the Entra groups that administer the cluster; nobody else can, for there are no
    local accounts."""
    system_vm_size: NotRequired[str]
    """VM size of the system pool, which AKS needs for its own pods; default Standard_D4s_v5."""
    system_nodes: NotRequired[int]
    """Least nodes of the system pool, which may double; default 3."""
    os_sku: NotRequired[str]
    """The nodes' image: Ubuntu (the default) or AzureLinux."""
    gpu_driver: NotRequired[str]
    """Who brings NVIDIA's driver: default (AKS) or none (somebody else, such as the GPU operator)."""
    volume_gib: NotRequired[int]
    """Size of a node's disk; default 128."""
    tags: NotRequired[dict[str, str]]
    """Tags of every resource, besides those of the plan."""


_Uuid = Annotated[str, Field(pattern=r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")]


class AksSettings(PlanArguments):
    """`AksClusterArgs`, checked."""

    autoscaled: Flag = True
    pool_zones: dict[str, Annotated[tuple[str, ...], Field(min_length=1)]] = Field(
        default_factory=dict
    )
    region: Annotated[str, Field(pattern=r"^[a-z0-9]+$")] | None = None
    resource_group: Any = None
    zones: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    kubernetes_version: Annotated[str, Field(pattern=r"^1\.\d{2}$")] | None = None
    upgrade_channel: Literal["none", "patch", "stable", "rapid", "node-image"] = "patch"
    tier: Literal["Free", "Standard", "Premium"] = "Standard"
    subnet_id: Any = None
    cidr: Block | None = None
    pods_cidr: Block = DEFAULT_PODS_CIDR
    services_cidr: Block = DEFAULT_SERVICES_CIDR
    nat: str | None = None
    public_endpoint: Flag = True
    public_access_cidrs: tuple[Block, ...] = ()
    secrets_key: Any = None
    disk_encryption_set_id: Any = None
    identity_id: Any = None
    admin_groups: tuple[_Uuid, ...] = ()
    system_vm_size: Annotated[str, Field(pattern=r"^Standard_[A-Z][A-Za-z0-9_-]*$")] = (
        "Standard_D4s_v5"
    )
    system_nodes: Annotated[Count, Field(ge=1, le=100)] = 3
    os_sku: Literal["Ubuntu", "AzureLinux"] = "Ubuntu"
    gpu_driver: Driver = "default"
    volume_gib: Annotated[Count, Field(ge=30, le=2048)] = 128

    @model_validator(mode="after")
    def _one_network(self) -> Self:
        own = [n for n in ("cidr", "nat") if getattr(self, n) is not None]
        if self.subnet_id is not None and own:
            raise ValueError(
                f"subnet_id names an existing network, {own[0]} describes one to make; "
                "give subnet_id, or any of cidr, nat"
            )
        if self.nat == "per-zone":
            raise ValueError("nat: a subnet of Azure has one NAT gateway; give single or none")
        if self.nat not in (None, "single", "none"):
            raise ValueError(f"nat: {self.nat} is no choice; give single or none")
        blocks = {"pods_cidr": self.pods_cidr, "services_cidr": self.services_cidr}
        if self.subnet_id is None:
            blocks["cidr"] = self.cidr or DEFAULT_CIDR
        check_apart(blocks)
        return self

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if self.public_access_cidrs and not self.public_endpoint:
            raise ValueError("public_access_cidrs without public_endpoint; drop one of them")
        if not self.admin_groups:
            raise ValueError("nobody could administer the cluster; give admin_groups")
        if self.kubernetes_version is not None and self.upgrade_channel in ("stable", "rapid"):
            raise ValueError(
                f"upgrade_channel {self.upgrade_channel} moves the minor version, and "
                f"kubernetes_version {self.kubernetes_version} would move it back; drop one of them"
            )
        if self.secrets_key is not None and self.identity_id is None:
            raise ValueError(
                "secrets_key needs an identity that may use the key before the cluster is made; "
                "give identity_id"
            )
        return self
