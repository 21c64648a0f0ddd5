"""The arguments of `GkeCluster`, and which of them go together."""

from typing import Annotated, Any, Literal, NotRequired, Self, TypedDict

import pulumi
from pydantic import Field, model_validator

from trimtab.plan.types import Count, Flag
from trimtab.provision.arguments import PlanArguments
from trimtab.provision.gke.clusters import (
    DEFAULT_CIDR,
    DEFAULT_PODS_CIDR,
    DEFAULT_SERVICES_CIDR,
)
from trimtab.provision.gke.pools import Driver
from trimtab_components.arguments import RunningSizes
from trimtab_components.blocks import Block, check_apart
from trimtab_components.pool_settings import PoolSettings


class GkeClusterArgs(TypedDict):
    """What the cluster is made from. All but ids, names of networks and keys must be known at plan
    time."""

    plan: Any
    """The CapacityPlan: the document itself, or the path of its file."""
    as_of: NotRequired[str]
    """The instant whose window holds, ISO 8601; default the plan's start. GKE has no schedules: later
    windows come with the deployment that states their instant."""
    running: NotRequired[dict[str, RunningSizes]]
    """Sizes that run now, by group key (`<pool>-<group>-<generation>`); default nothing runs."""
    autoscaled: NotRequired[bool]
    """Whether GKE's autoscaler moves each pool between min and max; default true. Without it every
    pool has its desired size, which its zones must divide."""
    plan_pools: NotRequired[list[str]]
    """The plan's pools that get node pools; default all."""
    pools: NotRequired[dict[str, PoolSettings]]
    """How nodes are set up, by pool (`trainers`) or by group (`trainers/spot`)."""
    pool_zones: NotRequired[dict[str, list[str]]]
    """Zones of a pool's or group's nodes where they differ from the cluster's: few zones have
    accelerators."""
    tpu_topologies: NotRequired[dict[str, str]]
    """Topology of a pool's or group's TPU slices, for example 4x8; default single hosts."""
    queued: NotRequired[list[str]]
    """Pools or groups whose GPU nodes come through ProvisioningRequests alone (Dynamic Workload
    Scheduler): all of a job's nodes at once, when there is room."""
    project: NotRequired[str]
    """The Google Cloud project; default the stack's gcp:project."""
    region: NotRequired[str]
    """The region; default the stack's gcp:region. The plan must be for it."""
    zone: NotRequired[str]
    """The one zone of a zonal control plane; default a regional one."""
    zones: NotRequired[list[str]]
    """Zones of the nodes; default the plan's, the control plane's one, or three of the region."""
    kubernetes_version: NotRequired[str]
    """The least minor version; default the release channel's."""
    release_channel: NotRequired[str]
    """RAPID, REGULAR (the default), STABLE or EXTENDED: how soon GKE upgrades the cluster."""
    network: NotRequired[pulumi.Input[str]]
    """An existing VPC; with `subnetwork`, instead of a network of the cluster's own."""
    subnetwork: NotRequired[pulumi.Input[str]]
    """The existing VPC's subnetwork for nodes."""
    pods_range: NotRequired[str]
    """Name of the existing subnetwork's secondary range for pods; default GKE makes one."""
    services_range: NotRequired[str]
    """Name of the existing subnetwork's secondary range for services; default GKE makes one."""
    cidr: NotRequired[str]
    """The own network's block for nodes; default 10.0.0.0/20."""
    pods_cidr: NotRequired[str]
    """The own network's block for pods, a /24 for each node; default 10.64.0.0/12."""
    services_cidr: NotRequired[str]
    """The own network's block for services; default 10.80.0.0/20."""
    nat: NotRequired[str]
    """The own network's Cloud NAT: single (the default; one serves all zones of a region) or none."""
    private_nodes: NotRequired[bool]
    """Whether nodes have private addresses only; default true."""
    public_endpoint: NotRequired[bool]
    """Whether the API server is reachable from the internet; default true. It is always reachable
    from the VPC."""
    public_access_cidrs: NotRequired[list[str]]
    """Blocks that may reach the API server; default all."""
    secrets_key: NotRequired[pulumi.Input[str]]
    """Cloud KMS key that encrypts Kubernetes' Secrets; GKE's service agent must be allowed to use it.
    Default Google's own encryption."""
    disk_key: NotRequired[pulumi.Input[str]]
    """Cloud KMS key of the nodes' disks; default Google's own encryption."""
    admin_members: NotRequired[list[str]]
    """IAM principals that administer this cluster alone, for example group:ml@example.com."""
    node_service_account: NotRequired[pulumi.Input[str]]
    """Email of the nodes' service account; default one of the cluster's own with the least rights."""
    system_machine_type: NotRequired[str]
    """Machine type of the pool for the cluster's own pods; default e2-standard-4."""
    system_nodes: NotRequired[int]
    """Least nodes of that pool, which may double; default 3. With 0 there is none, and the plan's
    pools carry those pods."""
    image_type: NotRequired[str]
    """The nodes' image: COS_CONTAINERD (the default) or UBUNTU_CONTAINERD."""
    gpu_driver: NotRequired[str]
    """Who brings NVIDIA's driver: default (GKE, its usual version), latest (GKE, the newest) or none
    (somebody else, such as the GPU operator)."""
    volume_gib: NotRequired[int]
    """Size of a node's boot disk; default 100."""
    deletion_protection: NotRequired[bool]
    """Whether the cluster refuses to be deleted; default true."""
    tags: NotRequired[dict[str, str]]
    """Labels of every resource that takes them, besides those of the plan."""


Zone = Annotated[str, Field(pattern=r"^[a-z]+-[a-z]+\d+-[a-z]$")]
_Member = Annotated[
    str, Field(pattern=r"^(user|group|serviceAccount|domain|principal|principalSet):.+")
]
_EXISTING = ("network", "subnetwork", "pods_range", "services_range")
_OWN = ("cidr", "pods_cidr", "services_cidr", "nat")


class GkeSettings(PlanArguments):
    """`GkeClusterArgs`, checked."""

    autoscaled: Flag = True
    pool_zones: dict[str, Annotated[tuple[Zone, ...], Field(min_length=1)]] = Field(
        default_factory=dict
    )
    tpu_topologies: dict[str, str] = Field(default_factory=dict)
    queued: tuple[str, ...] = ()
    project: str | None = None
    region: str | None = None
    zone: Zone | None = None
    zones: Annotated[tuple[Zone, ...], Field(min_length=1)] | None = None
    kubernetes_version: Annotated[str, Field(pattern=r"^1\.\d{2}$")] | None = None
    release_channel: Literal["RAPID", "REGULAR", "STABLE", "EXTENDED"] = "REGULAR"
    network: Any = None
    subnetwork: Any = None
    pods_range: str | None = None
    services_range: str | None = None
    cidr: Block | None = None
    pods_cidr: Block | None = None
    services_cidr: Block | None = None
    nat: str | None = None
    private_nodes: Flag = True
    public_endpoint: Flag = True
    public_access_cidrs: tuple[Block, ...] = ()
    secrets_key: Any = None
    disk_key: Any = None
    admin_members: tuple[_Member, ...] = ()
    node_service_account: Any = None
    system_machine_type: Annotated[str, Field(min_length=1)] = "e2-standard-4"
    system_nodes: Annotated[Count, Field(ge=0, le=100)] = 3
    image_type: Literal["COS_CONTAINERD", "UBUNTU_CONTAINERD"] = "COS_CONTAINERD"
    gpu_driver: Driver = "default"
    volume_gib: Annotated[Count, Field(ge=20, le=16384)] = 100
    deletion_protection: Flag = True

    @model_validator(mode="after")
    def _one_network(self) -> Self:
        existing = [n for n in _EXISTING if getattr(self, n) is not None]
        own = [n for n in _OWN if getattr(self, n) is not None]
        if existing and own:
            raise ValueError(
                f"{existing[0]} names an existing network, {own[0]} describes one to make; "
                f"give network with subnetwork, or any of {', '.join(_OWN)}"
            )
        if existing and (self.network is None or self.subnetwork is None):
            raise ValueError(f"{existing[0]} alone is no network; give network with subnetwork")
        if (self.pods_range is None) != (self.services_range is None):
            raise ValueError("pods_range and services_range go together; give both or neither")
        if self.nat == "per-zone":
            raise ValueError(
                "nat: one Cloud NAT serves every zone of a region; give single or none"
            )
        if self.nat not in (None, "single", "none"):
            raise ValueError(f"nat: {self.nat} is no choice; give single or none")
        if self.nat is not None and not self.private_nodes:
            raise ValueError("nat serves private nodes; drop it, or give private_nodes true")
        return self

    @model_validator(mode="after")
    def _apart(self) -> Self:
        blocks = {
            "cidr": self.cidr or DEFAULT_CIDR,
            "pods_cidr": self.pods_cidr or DEFAULT_PODS_CIDR,
            "services_cidr": self.services_cidr or DEFAULT_SERVICES_CIDR,
        }
        check_apart(blocks)
        return self

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if not self.public_endpoint and not self.private_nodes:
            raise ValueError("public_endpoint false needs private_nodes; give private_nodes true")
        if self.zone is not None and self.zones is not None and self.zone not in self.zones:
            raise ValueError(
                f"zone {self.zone} is not among zones; a zonal cluster's nodes begin in its own"
            )
        return self
