"""Labels and taints of a group's nodes, alike for every provisioner."""

from typing import Any

import pytest

from support.plans import group, plan, pool
from trimtab.plan.model import Taint
from trimtab.provision.nodes import NodeMarks, accelerator_taint_key, node_marks
from trimtab.provision.pool_settings import Settings

GPU = Taint(key="nvidia.com/gpu", value="present", effect="NoSchedule")
TEAM = Taint(key="trimtab.dev/team", value="vision", effect="NoSchedule")
READY = Taint(key="trimtab.dev/accelerator-not-ready", value="true", effect="NoSchedule")
SPOT = {"key": "trimtab.dev/purchase-option", "value": "spot", "effect": "NoSchedule"}


def marks(chosen: Settings | None = None, **changes: Any) -> NodeMarks:
    one = plan(pools=[pool(groups=[group("g", {"option": "spot", "pools": 2}, **changes)])])
    (only,) = one.spec.pools
    return node_marks(only, only.groups[0], chosen or Settings())


def test_nodes_say_where_they_belong_and_what_selectors_ask() -> None:
    assert marks().labels == {
        "gpu-type": "nvidia-a100",
        "trimtab.dev/pool": "trainer",
        "trimtab.dev/group": "g",
        "trimtab.dev/purchase-option": "spot",
    }


@pytest.mark.parametrize(
    ("chosen", "added"),
    [
        (Settings(mig_profile="all-1g.5gb"), {"nvidia.com/mig.config": "all-1g.5gb"}),
        (
            Settings(sharing="time-slicing", sharing_replicas=4),
            {"nvidia.com/device-plugin.config": "time-slicing-4"},
        ),
    ],
)
def test_a_profile_is_a_label(chosen: Settings, added: dict[str, str]) -> None:
    assert marks(chosen).labels == {**marks().labels, **added}


@pytest.mark.parametrize(
    ("chosen", "changes", "taints", "startup"),
    [
        (Settings(), {}, (), ()),
        (Settings(), {"taints": [SPOT]}, (Taint(**SPOT),), ()),
        (Settings(accelerator_taint=True), {}, (GPU,), ()),
        (Settings(accelerator_taint=True), {"accelerator": None}, (), ()),
        (Settings(team_taint=True), {"taints": [SPOT]}, (Taint(**SPOT), TEAM), ()),
        (Settings(readiness_taint=True), {}, (), (READY,)),
        # The plan's own taint and the chosen one are the same.
        (Settings(accelerator_taint=True), {"taints": [GPU.model_dump()]}, (GPU,), ()),
    ],
)
def test_taints_are_the_plans_and_the_chosen_ones(
    chosen: Settings,
    changes: dict[str, Any],
    taints: tuple[Taint, ...],
    startup: tuple[Taint, ...],
) -> None:
    found = marks(chosen, **changes)
    assert (found.taints, found.startup_taints) == (taints, startup)


@pytest.mark.parametrize(
    ("resource", "key"),
    [
        ("nvidia.com/gpu", "nvidia.com/gpu"),
        ("nvidia.com/mig-1g.5gb", "nvidia.com/gpu"),
        ("aws.amazon.com/neuron", "aws.amazon.com/neuron"),
        ("amd.com/gpu", "amd.com/gpu"),
    ],
)
def test_slices_are_tainted_as_their_device_is(resource: str, key: str) -> None:
    assert accelerator_taint_key(resource) == key
