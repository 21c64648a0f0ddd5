"""What a group is in Kueue's words."""

from fractions import Fraction
from typing import Any

import pytest

from support.plans import group, plan, pool
from trimtab.plan.model import PURCHASE_OPTIONS, Pool
from trimtab.provision.queueing.flavors import (
    flavor_taints,
    flavor_tolerations,
    in_merit_order,
    per_node,
    quota,
    written,
)

SPOT = {"key": "trimtab.dev/purchase-option", "value": "spot", "effect": "NoSchedule"}
GPU = {"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"}


def one(option: str, taints: list[dict[str, str]], **changes: Any) -> Pool:
    purchase = {"spot": {"option": "spot", "pools": 1}}.get(option, {"option": option})
    made = plan(pools=[pool(groups=[group("g", purchase, taints=taints)], **changes)])
    return made.spec.pools[0]


@pytest.mark.parametrize(
    ("option", "share", "taints", "bears", "tolerates"),
    [
        ("spot", 0.5, [SPOT], [SPOT], []),
        ("spot", 0.5, [], [SPOT], []),
        ("spot", 0.5, [{**SPOT, "effect": "NoExecute"}], [SPOT], []),
        ("spot", 0.5, [GPU, SPOT], [GPU, SPOT], ["nvidia.com/gpu"]),
        ("spot", 1.0, [], [], []),
        ("spot", 1.0, [SPOT], [SPOT], ["trimtab.dev/purchase-option"]),
        ("on-demand", 0.0, [GPU], [GPU], ["nvidia.com/gpu"]),
    ],
)
def test_spot_is_not_tolerated_for_work_where_some_must_not_be_interrupted(
    option: str,
    share: float,
    taints: list[dict[str, str]],
    bears: list[dict[str, str]],
    tolerates: list[str],
) -> None:
    of = one(option, taints, interruptibleShare=share)
    found = flavor_taints(of, of.groups[0])
    assert [each.model_dump() for each in found] == bears
    assert [each["key"] for each in flavor_tolerations(of, found)] == tolerates


def test_flavors_are_tried_in_merit_order() -> None:
    names = [each.name for each in in_merit_order(plan().spec.pools[0].groups)]
    assert names == ["reserved", "spot", "on-demand"]
    assert PURCHASE_OPTIONS[-1] == "on-demand"


def test_a_node_holds_accelerators_and_vcpus_where_demand_is_counted_in_them() -> None:
    of = one("on-demand", [])
    assert per_node(of, of.groups[0]) == {"nvidia.com/gpu": 8}
    cpus = of.model_copy(update={"unit": "vcpus"})
    changed = of.groups[0].model_copy(update={"accelerator": None, "units_per_node": 3.92})
    assert per_node(cpus, changed) == {"cpu": Fraction("3.92")}


@pytest.mark.parametrize(
    ("resource", "each_node", "nodes", "text"),
    [
        ("nvidia.com/gpu", "8", 4, "32"),
        ("nvidia.com/gpu", "0.25", 7, "1"),
        ("cpu", "3.92", 3, "11760m"),
        ("cpu", "0.0004", 3, "1m"),
        ("cpu", "4", 3, "12"),
        ("memory", str(2**30), 2, "2048Mi"),
        ("memory", "1500000", 1, "1Mi"),
        ("memory", "0", 5, "0"),
        ("pods", "100", 3, "300"),
    ],
)
def test_a_quota_is_what_the_nodes_hold_rounded_down(
    resource: str, each_node: str, nodes: int, text: str
) -> None:
    assert written(resource, quota(resource, Fraction(each_node), nodes)) == text
