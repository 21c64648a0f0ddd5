"""GKE NodePools: what is known to run, and how sizes are written."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from trimtab.plan.sizing import Sizes
from trimtab_functions.capacity.adapters.base import Running, Scaling
from trimtab_functions.capacity.adapters.gke_node_pool import GkeNodePool

ADAPTER = GkeNodePool()
ZONES = ["us-central1-a", "us-central1-b", "us-central1-c"]

Document = dict[str, Any]


def base(**provider: Any) -> Document:
    """An earlier step's node pool."""
    stated = {"location": "us-central1", "nodeLocations": ZONES, **provider}
    return {
        "apiVersion": "container.gcp.m.upbound.io/v1beta1",
        "kind": "NodePool",
        "metadata": {"labels": {"trimtab.dev/pool": "trainer", "trimtab.dev/group": "main"}},
        "spec": {"forProvider": stated},
    }


TOTALS = {"totalMinNodeCount": 2.0, "totalMaxNodeCount": 9.0}


@dataclass(frozen=True)
class RunningCase:
    """A node pool, and what is known to run of it."""

    name: str
    provider: dict[str, Any]
    reported: dict[str, Any] | None
    sizes: tuple[int, int, int] | None
    initial: dict[str, Any] = field(default_factory=dict)


RUNNING = (
    RunningCase("nothing is known", {}, None, None),
    RunningCase(
        "before it is created, what it is created with",
        {"autoscaling": TOTALS},
        None,
        (2, 6, 9),
        {"initialNodeCount": 2.0},
    ),
    RunningCase(
        "a mean of each zone, rounded down",
        {"autoscaling": TOTALS},
        {"nodeCount": 2.0, "managedInstanceGroupUrls": ["a", "b", "c"]},
        (2, 6, 9),
    ),
    RunningCase(
        "bounds of each zone are the whole pool's",
        {"autoscaling": {"minNodeCount": 1.0, "maxNodeCount": 4.0}},
        {"nodeCount": 2.0, "managedInstanceGroupUrls": ["a", "b"]},
        (2, 4, 8),
    ),
    RunningCase(
        "a provider that does not count: as many as may run",
        {"autoscaling": TOTALS, "ignoreNodeCountChanges": True},
        {"nodeCount": 0.0, "managedInstanceGroupUrls": ["a"]},
        (2, 9, 9),
    ),
    RunningCase(
        "a fixed number",
        {"nodeCount": 2.0},
        {"nodeCount": 2.0, "managedInstanceGroupUrls": ["a", "b", "c"]},
        (6, 6, 6),
    ),
    RunningCase(
        "bounds that only GKE has",
        {},
        {"nodeCount": 1.0, "nodeLocations": ["a"], "autoscaling": {"totalMaxNodeCount": 3.0}},
        (0, 1, 3),
    ),
    RunningCase("nonsense", {"autoscaling": "x", "nodeCount": -1}, {"nodeCount": "x"}, None),
)


@pytest.mark.parametrize("case", RUNNING, ids=lambda case: case.name)
def test_what_runs_is_read(case: RunningCase) -> None:
    document = base(**case.provider)
    document["spec"]["initProvider"] = case.initial
    if case.reported is not None:
        document["status"] = {"atProvider": case.reported}
    sizes = None if case.sizes is None else Sizes(*case.sizes)
    assert ADAPTER.running(document) == Running(sizes, 6 if case.initial else None)


@pytest.mark.parametrize(
    ("provider", "scaling", "expected", "initial"),
    [
        (
            {},
            Scaling(Sizes(2, 5, 9), 5),
            {"autoscaling": {"totalMinNodeCount": 2, "totalMaxNodeCount": 9, "locationPolicy": "BALANCED"}},
            2,
        ),
        (
            {"nodeConfig": {"spot": True}, "nodeCount": 3, "nodeLocations": ZONES[:1]},
            Scaling(Sizes(0, 5, 9), 5),
            {"autoscaling": {"totalMinNodeCount": 0, "totalMaxNodeCount": 9, "locationPolicy": "ANY"}},
            5,
        ),
        ({"autoscaling": TOTALS}, Scaling(Sizes(0, 0, 0), 0), {"nodeCount": 0}, None),
        (
            {"queuedProvisioning": {"enabled": True}},
            Scaling(Sizes(0, 2, 4), 2),
            {"autoscaling": {"totalMinNodeCount": 0, "totalMaxNodeCount": 4, "locationPolicy": "ANY"}},
            0,
        ),
        (
            {"nodeConfig": {"machineType": "ct5lp-hightpu-4t"}, "placementPolicy": {"tpuTopology": "4x4"}},
            Scaling(Sizes(4, 4, 4), 4),
            {"nodeCount": 4},
            None,
        ),
        (
            {"nodeConfig": {"machineType": "ct5lp-hightpu-4t"}, "placementPolicy": {"tpuTopology": "4x4"}},
            Scaling(Sizes(0, 4, 4), 4),
            {"autoscaling": {"minNodeCount": 0, "maxNodeCount": 4, "locationPolicy": "ANY"}},
            0,
        ),
    ],
    ids=["totals", "spot, one zone", "none", "queued", "a slice that is always there", "a slice"],
)  # fmt: skip
def test_sizes_are_written(
    provider: dict[str, Any], scaling: Scaling, expected: dict[str, Any], initial: int | None
) -> None:
    document = base(**provider)
    document["spec"]["initProvider"] = {"initialNodeCount": 7, "nodeConfig": {}}
    spec = ADAPTER.sized(document, scaling)["spec"]
    sizes = ("autoscaling", "nodeCount", "initialNodeCount")
    assert {k: v for k, v in spec["forProvider"].items() if k in sizes} == expected
    assert spec["initProvider"].get("initialNodeCount") == initial
    assert spec["initProvider"]["nodeConfig"] == {}
    assert document["spec"]["initProvider"]["initialNodeCount"] == 7  # nothing given is changed
