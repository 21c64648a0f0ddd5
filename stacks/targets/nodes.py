"""What nodes need inside their cluster: Karpenter's objects, and the accelerators' drivers and plugins."""

from collections.abc import Mapping
from typing import Any

import pulumi

from targets.kinds import Late
from trimtab.plan.model import CapacityPlan
from trimtab_components import Accelerators, KarpenterPools

NODES: dict[str, Any] = {"accelerators": Late("accelerators.accelerators:AcceleratorsArgs")}
"""Its settings."""


def node_pools(
    name: str,
    plan: CapacityPlan,
    cluster: str,
    settings: Mapping[str, Any],
    options: pulumi.ResourceOptions,
) -> KarpenterPools:
    """The plan's groups as Karpenter's objects."""
    arguments: Any = {"plan": plan, "cluster_name": cluster, **settings}
    return KarpenterPools(name, arguments, options)


def drivers(
    name: str,
    plan: CapacityPlan,
    settings: Mapping[str, Any],
    accelerators: Mapping[str, Any],
    options: pulumi.ResourceOptions,
) -> None:
    """What the plan's accelerators need in the cluster, if it has any."""
    arguments: Any = {
        "plan": plan,
        "image": settings.get("ami_family", "AL2023"),
        "pools": settings.get("pools", {}),
        **accelerators,
    }
    Accelerators(name, arguments, options)
