"""Every kind of resource that carries a plan out, one small module each.

To add a kind: a module with a subclass of `GroupAdapter` or `Follower`, and a line here.
"""

from collections.abc import Mapping
from typing import Any

from trimtab_functions.capacity.adapters.aks_node_pool import AksNodePool
from trimtab_functions.capacity.adapters.autoscaling_schedule import ScheduledAction
from trimtab_functions.capacity.adapters.base import GroupAdapter, Kind
from trimtab_functions.capacity.adapters.capacity_block import CapacityBlockReservation
from trimtab_functions.capacity.adapters.capacity_reservation import CapacityReservation
from trimtab_functions.capacity.adapters.cluster_api import ClusterApiMachines
from trimtab_functions.capacity.adapters.eks_node_group import EksNodeGroup
from trimtab_functions.capacity.adapters.followers import Follower
from trimtab_functions.capacity.adapters.gke_node_pool import GkeNodePool
from trimtab_functions.capacity.adapters.hpa import HorizontalPodAutoscaler
from trimtab_functions.capacity.adapters.karpenter_followers import (
    CapacityBuffer,
    NodeClass,
    NodeOverlay,
)
from trimtab_functions.capacity.adapters.karpenter_node_pool import KarpenterNodePool
from trimtab_functions.capacity.adapters.karpenter_static import StaticNodePool
from trimtab_functions.capacity.adapters.keda import ScaledObject
from trimtab_functions.capacity.adapters.knative import KnativeService
from trimtab_functions.capacity.adapters.kueue import Quota, ResourceFlavor
from trimtab_functions.capacity.adapters.lambda_concurrency import (
    ProvisionedConcurrency,
    ReservedConcurrency,
)
from trimtab_functions.capacity.adapters.launch_template import LaunchTemplate
from trimtab_functions.capacity.adapters.wrapped import (
    WrappedFollower,
    WrappedGroup,
    is_object,
    unwrapped,
)

GROUP_ADAPTERS: Mapping[str, GroupAdapter] = {
    "AKS": AksNodePool(),
    "ClusterAPI": ClusterApiMachines(),
    "EKS": EksNodeGroup(),
    "GKE": GkeNodePool(),
    "Karpenter": KarpenterNodePool(),
}
"""By the name that a step's input has for what it composes."""

FOLLOWERS: tuple[Follower, ...] = (
    StaticNodePool(),
    NodeClass(),
    NodeOverlay(),
    CapacityBuffer(),
    Quota(),
    ResourceFlavor(),
    HorizontalPodAutoscaler(),
    ScaledObject(),
    KnativeService(),
    LaunchTemplate(),
    CapacityReservation(),
    CapacityBlockReservation(),
    ScheduledAction(),
    ReservedConcurrency(),
    ProvisionedConcurrency(),
)

_GROUP_KINDS = {kind: adapter for adapter in GROUP_ADAPTERS.values() for kind in adapter.kinds}
_FOLLOWER_KINDS = {kind: follower for follower in FOLLOWERS for kind in follower.kinds}
_WRAPPED_GROUPS = {each: WrappedGroup(each) for each in GROUP_ADAPTERS.values()}
_WRAPPED_FOLLOWERS = {each: WrappedFollower(each) for each in FOLLOWERS}


def group_adapter(document: Mapping[str, Any]) -> GroupAdapter | None:
    """Who reads a document as a group's resource."""
    inside = is_object(document)
    manifest = unwrapped(document) if inside else document
    found = _GROUP_KINDS.get(Kind.of(manifest))
    if found is None or not found.reads(dict(manifest)):
        return None
    return _WRAPPED_GROUPS[found] if inside else found


def follower(document: Mapping[str, Any]) -> Follower | None:
    """Who reads a document as one that follows a pool or a group."""
    inside = is_object(document)
    found = _FOLLOWER_KINDS.get(Kind.of(unwrapped(document) if inside else document))
    if found is None:
        return None
    return _WRAPPED_FOLLOWERS[found] if inside else found
