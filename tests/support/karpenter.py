"""What Karpenter's tests share: purchases, a proposed commitment, and a plan's objects."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from support.plans import DIGEST, START
from trimtab.plan.model import CapacityPlan
from trimtab.plan.sizing import Sizes
from trimtab.provision.karpenter.node_class import NodeSettings
from trimtab.provision.karpenter.objects import Choices, GroupObjects, group_objects
from trimtab.provision.karpenter.static import Baseline
from trimtab.provision.sized_groups import SizedGroup, sized_groups

HELD: dict[str, Any] = {"option": "reserved", "term": "1y"}
PROPOSED: dict[str, Any] = {**HELD, "commitment": DIGEST}
SPOT: dict[str, Any] = {"option": "spot", "pools": 2}
STEADY: dict[str, Any] = {"option": "on-demand"}


def line(quantity: int) -> dict[str, Any]:
    """A proposed commitment of the group `g`."""
    return {
        "digest": DIGEST, "pool": "trainer", "group": "g", "provider": "aws", "region": "us-east-1",
        "instanceType": "p4d.24xlarge", "term": "1y", "quantity": quantity, "usdPerHour": 20.0,
        "onDemandUsdPerHour": 32.0, "bindingUsd": 1.0, "breakEvenUtilisation": 0.6,
        "expectedUtilisation": 1.0, "lastNodeUtilisation": 1.0,
    }  # fmt: skip


def every_object(
    plan: CapacityPlan,
    *,
    as_of: datetime = START,
    baseline: Baseline | None = None,
    running: Mapping[str, Sizes] | None = None,
    overlays: bool = True,
    **more: Any,
) -> list[tuple[SizedGroup, GroupObjects]]:
    """The objects of every group."""
    observed = running or {}
    choices = Choices(
        NodeSettings("c", "r"),
        as_of,
        overlays=overlays,
        baseline=baseline or Baseline(),
        running=observed,
        **more,
    )
    sized = sized_groups(plan, as_of, observed)
    return [(each, group_objects(plan, each, choices)) for each in sized]
