"""Headroom for what the forecast thinks likely."""

from typing import Any

import pytest

from support.karpenter import SPOT, STEADY
from support.plans import group, plan, pool
from trimtab.errors import InputError
from trimtab.plan.model import Taint
from trimtab.provision.karpenter.buffers import buffer_objects, headroom_nodes

SPOT_TAINT = Taint(key="trimtab.dev/purchase-option", value="spot", effect="NoSchedule")
GPU_TAINT = Taint(key="nvidia.com/gpu", value="present", effect="NoSchedule")
BATCH = Taint(key="example.com/batch", effect="NoExecute")


def made(nodes: int = 3, requests: dict[str, str] | None = None, **changes: Any) -> Any:
    one = plan(pools=[pool(**changes)])
    return buffer_objects(
        one,
        one.spec.pools[0],
        nodes,
        [SPOT_TAINT, GPU_TAINT, GPU_TAINT, BATCH],
        "ml",
        requests,
        "K",
    )


def test_headroom_is_the_high_quantile_less_the_mean_in_nodes() -> None:
    one = plan().spec.pools[0]  # mean 60, high 80, 8 units a node
    assert headroom_nodes(one, 100) == 3
    assert headroom_nodes(one, 2) == 2


def test_certain_demand_and_spot_alone_have_none() -> None:
    certain = pool()
    certain["expected"]["demand"] = {"mean": 60.0, "low": 60.0, "high": 60.0}
    assert headroom_nodes(plan(pools=[certain]).spec.pools[0], 9) == 0
    assert headroom_nodes(plan(pools=[pool(groups=[group("s", SPOT)])]).spec.pools[0], 9) == 0


def test_a_chunk_is_one_nodes_worth_on_the_pools_nodes() -> None:
    template, buffer = made()
    assert buffer.spec == {"podTemplateRef": {"name": "trainer-headroom"}, "replicas": 3}
    assert (template.name, template.namespace, buffer.namespace) == ("trainer-headroom", "ml", "ml")
    spec = template.body["template"]["spec"]
    assert spec["nodeSelector"] == {"trimtab.dev/pool": "trainer"}
    (container,) = spec["containers"]
    gpus = {"nvidia.com/gpu": "8"}
    assert container["resources"] == {"requests": gpus, "limits": gpus}


def test_it_bears_every_taint_but_spots() -> None:
    assert made()[0].body["template"]["spec"]["tolerations"] == [
        {"key": "example.com/batch", "effect": "NoExecute", "operator": "Exists"},
        {"key": "nvidia.com/gpu", "effect": "NoSchedule", "operator": "Equal", "value": "present"},
    ]


def test_a_pool_counted_in_vcpus_asks_for_the_nodes_vcpus() -> None:
    member = group("o", STEADY, accelerator=None, unitsPerNode=31.66)
    template, _ = made(unit="vcpus", groups=[member])
    (container,) = template.body["template"]["spec"]["containers"]
    assert container["resources"]["requests"] == {"cpu": "31660m"}


def test_otherwise_the_user_says_what_a_chunk_asks_for() -> None:
    member = group("o", STEADY, accelerator=None)
    with pytest.raises(InputError, match=r"give buffers\.trainer\.requests"):
        made(unit="requests-per-second", groups=[member])
    template, _ = made(requests={"cpu": "4"}, unit="requests-per-second", groups=[member])
    (container,) = template.body["template"]["spec"]["containers"]
    assert container["resources"] == {"requests": {"cpu": "4"}, "limits": {}}
