"""How a pool's nodes are set up, at the boundary; checked by `trimtab.provision.pool_settings`."""

from typing import NotRequired, TypedDict


class PoolSettings(TypedDict):
    """How a pool's nodes are set up."""

    ami_family: NotRequired[str]
    """The nodes' image where it differs from the cluster's: AL2023 or BOTTLEROCKET."""
    volume_gib: NotRequired[int]
    """Size of a node's volume where it differs from the cluster's."""
    efa: NotRequired[bool]
    """Whether nodes get every EFA interface that the machine has, for training across nodes."""
    placement_group: NotRequired[bool]
    """Whether nodes stand close together, in a cluster placement group."""
    local_storage: NotRequired[str]
    """The machine's own NVMe disks: none (left alone, the default) or raid0 (one filesystem for
    pods and images; it dies with the node)."""
    mig_profile: NotRequired[str]
    """MIG layout of every GPU of a node, for example all-1g.10gb."""
    sharing: NotRequired[str]
    """How containers share one GPU of the pool: none, time-slicing or mps."""
    sharing_replicas: NotRequired[int]
    """Containers a GPU where it is shared, 2 or more."""
    accelerator_taint: NotRequired[bool]
    """Whether only work that asks for the accelerator may run there; default false."""
    team_taint: NotRequired[bool]
    """Whether only work of the pool's team may run there; default false."""
    readiness_taint: NotRequired[bool]
    """Whether nodes stay closed until their accelerators can be allocated; default false."""
    max_unavailable_percentage: NotRequired[int]
    """Nodes that an update may take at once, as a share of the group."""
    node_repair: NotRequired[bool]
    """Whether the cloud replaces nodes that it finds unhealthy; default false."""
