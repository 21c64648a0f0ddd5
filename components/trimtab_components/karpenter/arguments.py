"""What `KarpenterPools` is given: its arguments at the boundary, and the same checked."""

import re
from typing import Annotated, Any, Literal, NotRequired, Self, TypedDict

import pulumi
from pydantic import Field, model_validator

from trimtab.plan.eks import AmiFamily
from trimtab.plan.types import Count, Flag
from trimtab.provision.arguments import Arguments, PlanArguments
from trimtab.provision.karpenter.budgets import WEEKDAYS, Maintenance, Weekday
from trimtab.provision.karpenter.shapes import Mode
from trimtab_components.arguments import RunningSizes
from trimtab_components.eks.late import LateKeyArn
from trimtab_components.pool_settings import PoolSettings

Limits = Literal["window", "span"]
_Namespace = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]
_Tags = Annotated[dict[str, str], Field(min_length=1, max_length=20)]


class MaintenanceWindow(TypedDict):
    """When nodes may be replaced although their work must not be interrupted. Times are UTC."""

    start: str
    """When it begins, HH:MM."""
    hours: int
    """How long it lasts, 1 to 24."""
    days: NotRequired[list[str]]
    """On which days it begins: mon, tue, wed, thu, fri, sat, sun; default all."""


class ReservationTags(TypedDict):
    """Held reservations by what they bear, for a group whose plan does not name their id."""

    tags: dict[str, str]
    """The tags of the reservations."""
    owner_id: NotRequired[str]
    """The account that shares them, twelve digits; default the cluster's own."""


class BufferSettings(TypedDict):
    """A pool's headroom: nodes held ready for what the forecast thinks likely."""

    namespace: str
    """The namespace of the CapacityBuffer and its PodTemplate; it must exist."""
    requests: NotRequired[dict[str, str]]
    """What one chunk asks for; default one node's accelerators, or its vCPUs where the pool's demand is
    counted in them."""
    nodes: NotRequired[int]
    """Chunks; default the 90 % quantile of the pool's demand less its mean, in nodes."""


class KarpenterPoolsArgs(TypedDict):
    """What the pools are made from. All but `volume_key_arn` must be known at plan time."""

    plan: Any
    """The CapacityPlan: the document itself, or the path of its file."""
    cluster_name: str
    """The cluster's name; subnets and security groups bear it in the tag karpenter.sh/discovery."""
    mode: NotRequired[str]
    """Who runs Karpenter: karpenter (the default), installed in the cluster; or eks-auto, EKS Auto
    Mode."""
    plan_pools: NotRequired[list[str]]
    """Names of the plan's pools that are provisioned here; default all."""
    pools: NotRequired[dict[str, PoolSettings]]
    """How nodes are set up, by pool (`trainers`) or group (`trainers/spot`)."""
    node_role: NotRequired[str]
    """Name of the nodes' IAM role; default KarpenterNodeRole-<cluster_name>."""
    as_of: NotRequired[str]
    """The instant whose window holds, ISO 8601; default the plan's start."""
    running: NotRequired[dict[str, RunningSizes]]
    """Sizes that run now, by group key (`<pool>-<group>-<generation>`); min is what a static NodePool
    keeps. Default nothing runs."""
    limits: NotRequired[str]
    """Nodes at most: the max of the window that holds (window, the default), or the highest max from
    now to the plan's end (span) where deployments are rarer than windows."""
    static_baseline: NotRequired[bool]
    """Whether nodes that are paid for and needed in every window are kept by static NodePools; needs
    the feature staticCapacity (alpha). Default false."""
    release: NotRequired[list[str]]
    """Pools whose static nodes go when the plan keeps fewer; the others' stay. Default none."""
    overlays: NotRequired[bool]
    """Whether Karpenter is told what commitments and interruptions make of prices; needs the feature
    nodeOverlay (alpha). Default false."""
    approved: NotRequired[list[str]]
    """Digests of the plan's proposed commitments that have been approved and bought since."""
    buffers: NotRequired[dict[str, BufferSettings]]
    """Headroom by pool; needs the feature capacityBuffer (alpha). Default none."""
    maintenance: NotRequired[MaintenanceWindow]
    """When busy nodes may be replaced whose work must not be interrupted; default never."""
    reservations: NotRequired[dict[str, ReservationTags]]
    """How held reservations are found, by `<pool>/<group>`, where the plan does not name their id."""
    ami_family: NotRequired[str]
    """The nodes' image: AL2023 (the default) or BOTTLEROCKET."""
    ami_version: NotRequired[str]
    """Version of the image's alias; default latest, which replaces nodes at each new image."""
    volume_gib: NotRequired[int]
    """Size of a node's volume; default 100."""
    volume_key_arn: NotRequired[pulumi.Input[str]]
    """An existing key for the nodes' volumes; default AWS's. Whoever starts the machines must be let use
    it: Karpenter's controller by its own `volume_key_arn`, EKS Auto Mode by the key's policy."""
    metadata_hop_limit: NotRequired[int]
    """Network hops of instance metadata; default 1, which keeps pods from the node's role."""
    tags: NotRequired[dict[str, str]]
    """Tags of every machine and volume, besides those of the plan."""


class CheckedMaintenance(Arguments):
    """`MaintenanceWindow`, checked."""

    start: Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
    hours: Annotated[Count, Field(ge=1, le=24)]
    days: Annotated[tuple[Weekday, ...], Field(min_length=1)] = WEEKDAYS

    def window(self) -> Maintenance:
        """The same in minutes."""
        hour, minute = map(int, self.start.split(":"))
        days = tuple(day for day in WEEKDAYS if day in self.days)
        return Maintenance(days, hour * 60 + minute, self.hours * 60)


class CheckedReservation(Arguments):
    """`ReservationTags`, checked."""

    tags: _Tags
    owner_id: Annotated[str, Field(pattern=r"^\d{12}$")] | None = None


class CheckedBuffer(Arguments):
    """`BufferSettings`, checked."""

    namespace: _Namespace
    requests: Annotated[dict[str, str], Field(min_length=1)] | None = None
    nodes: Annotated[Count, Field(ge=1)] | None = None


class Checked(PlanArguments):
    """`KarpenterPoolsArgs`, checked; `pools` by `pool_settings`."""

    cluster_name: Annotated[str, Field(min_length=1, max_length=100)]
    mode: Mode = "karpenter"
    node_role: str | None = None
    limits: Limits = "window"
    static_baseline: Flag = False
    release: tuple[str, ...] = ()
    overlays: Flag = False
    approved: tuple[str, ...] = ()
    buffers: dict[str, CheckedBuffer] = Field(default_factory=dict)
    maintenance: CheckedMaintenance | None = None
    reservations: dict[str, CheckedReservation] = Field(default_factory=dict)
    ami_family: AmiFamily | None = None
    ami_version: Annotated[str, Field(pattern=r"^(latest|v[0-9.]+)$")] | None = None
    volume_gib: Annotated[Count, Field(ge=20, le=16384)] = 100
    volume_key_arn: LateKeyArn = None
    metadata_hop_limit: Annotated[Count, Field(ge=1, le=64)] | None = None

    @model_validator(mode="after")
    def _within_auto_mode(self) -> Self:
        if self.mode == "karpenter":
            return self
        stated = ("overlays", "buffers", "ami_family", "ami_version", "metadata_hop_limit")
        for name in stated:
            if getattr(self, name):
                raise ValueError(f"EKS Auto Mode has no {name}; drop it, or set mode to karpenter")
        return self

    @model_validator(mode="after")
    def _with_something_to_decide(self) -> Self:
        if self.release and not self.static_baseline:
            raise ValueError("release speaks of static nodes; drop it, or set static_baseline")
        if self.approved and not (self.static_baseline or self.overlays):
            raise ValueError("approved has no effect; drop it, or set static_baseline or overlays")
        for digest in self.approved:
            if not re.fullmatch(r"sha256:[0-9a-f]{64}", digest):
                raise ValueError(f"approved: {digest} is no digest; give sha256: and 64 digits")
        return self
