"""Karpenter's feature gates: which the pools' arguments need, and how mature each is.

Pure. A gate is switched on because a pool needs it, never besides. Source: Karpenter v1.14.1, chart
values `settings.featureGates` and the settings reference, 2026-11.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Feature:
    """A feature gate.

    Attributes:
        stage: alpha or beta.
        since: Karpenter's version that brought the stage.
        default: whether Karpenter switches it on where nothing is said.
    """

    stage: str
    since: str
    default: bool = False


FEATURES: dict[str, Feature] = {
    "reservedCapacity": Feature("beta", "1.6", default=True),
    "staticCapacity": Feature("alpha", "1.8"),
    "nodeOverlay": Feature("alpha", "1.7"),
    "capacityBuffer": Feature("alpha", "1.13"),
    "spotToSpotConsolidation": Feature("alpha", "0.34"),
    "nodeRepair": Feature("alpha", "1.1"),
}

RESERVED_CAPACITY = "reservedCapacity"


def features_for(pools: Mapping[str, Any]) -> list[str]:
    """The features that `KarpenterController` must switch on for pools with these arguments.

    Args:
        pools: the arguments of `KarpenterPools`; EKS Auto Mode has no gates to switch.
    """
    if pools.get("mode", "karpenter") != "karpenter":
        return []
    wanted = {
        RESERVED_CAPACITY: True,
        "staticCapacity": pools.get("static_baseline"),
        "nodeOverlay": pools.get("overlays"),
        "capacityBuffer": pools.get("buffers"),
    }
    return [name for name, needed in wanted.items() if needed]
