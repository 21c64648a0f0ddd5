"""Which resource types bear nodes, and the sizes that a resource's inputs ask for."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from trimtab.plan.sizing import Sizes
from trimtab.preview.tariff import value_at

REGIONAL_ZONES = 3
"""Zones of a regional GKE pool that does not list its own."""


def _sizes(inputs: Mapping[str, Any], *paths: str) -> Sizes | None:
    low, desired, high = (value_at(inputs, path) for path in paths)
    if isinstance(low, int) and isinstance(high, int) and isinstance(desired, int | None):
        return Sizes(low, low if desired is None else desired, high)
    return None


def _node_group(inputs: Mapping[str, Any]) -> Sizes | None:
    return _sizes(
        inputs, "scalingConfig.minSize", "scalingConfig.desiredSize", "scalingConfig.maxSize"
    )


def _auto_scaling_group(inputs: Mapping[str, Any]) -> Sizes | None:
    return _sizes(inputs, "minSize", "desiredCapacity", "maxSize")


def _karpenter_pool(inputs: Mapping[str, Any]) -> Sizes | None:
    return _sizes(inputs, "spec.replicas", "spec.replicas", "spec.replicas")


def _gke_pool(inputs: Mapping[str, Any]) -> Sizes | None:
    """A GKE pool: `total…` bounds are the pool's, every other count is a zone's."""
    zones = _gke_zones(inputs)
    if zones is None:
        return None
    each = _sizes(inputs, "nodeCount", "nodeCount", "nodeCount")
    if each is None:
        each = _sizes(
            inputs, "autoscaling.minNodeCount", "initialNodeCount", "autoscaling.maxNodeCount"
        )
    if each is not None:
        return Sizes(each.min * zones, each.desired * zones, each.max * zones)
    low = value_at(inputs, "autoscaling.totalMinNodeCount")
    high = value_at(inputs, "autoscaling.totalMaxNodeCount")
    initial = value_at(inputs, "initialNodeCount")
    if not isinstance(low, int) or not isinstance(high, int):
        return None
    desired = initial * zones if isinstance(initial, int) else low
    return Sizes(low, min(max(desired, low), high), high)


def _gke_zones(inputs: Mapping[str, Any]) -> int | None:
    zones = inputs.get("nodeLocations")
    if isinstance(zones, list):
        return len(zones) or None
    location = inputs.get("location")
    if not isinstance(location, str):
        return None
    return 1 if re.search(r"\d-[a-z]$", location) else REGIONAL_ZONES


def _aks_pool(inputs: Mapping[str, Any]) -> Sizes | None:
    return _sizes(inputs, "minCount", "nodeCount", "maxCount") or _sizes(
        inputs, "nodeCount", "nodeCount", "nodeCount"
    )


KARPENTER_NODE_POOL = "kubernetes:karpenter.sh/v1:NodePool"

NODES: dict[str, Callable[[Mapping[str, Any]], Sizes | None]] = {
    "aws:eks/nodeGroup:NodeGroup": _node_group,
    "aws:autoscaling/group:Group": _auto_scaling_group,
    "azure:containerservice/kubernetesClusterNodePool:KubernetesClusterNodePool": _aks_pool,
    "gcp:container/nodePool:NodePool": _gke_pool,
    KARPENTER_NODE_POOL: _karpenter_pool,
    "kubernetes:core/v1:NodePatch": lambda _: Sizes(1, 1, 1),  # marks one owned machine
}
"""The types that bear nodes, and how to read the sizes that they ask for."""

SIZED_BY_PLAN = {KARPENTER_NODE_POOL}
"""Types that may leave their size to an autoscaler; the plan's window then says it."""
