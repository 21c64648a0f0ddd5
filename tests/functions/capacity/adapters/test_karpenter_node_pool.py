"""Karpenter's dynamic NodePools: what is read, what is written, and what stays."""

import copy
from typing import Any

import pytest

from support import plans
from trimtab.errors import InputError
from trimtab.plan.sizing import Sizes
from trimtab.provision.karpenter.shapes import Mode
from trimtab_functions.capacity.adapters import group_adapter
from trimtab_functions.capacity.adapters.base import Scaling
from trimtab_functions.capacity.adapters.beside import Beside
from trimtab_functions.capacity.adapters.karpenter_node_pool import KarpenterNodePool
from trimtab_functions.capacity.adapters.karpenter_pool_words import Machines
from trimtab_functions.capacity.adapters.karpenter_settings import KarpenterSettings
from trimtab_functions.capacity.documents import section

ADAPTER = KarpenterNodePool()
HELD = {"option": "reserved", "term": "1y"}
ODCR = {"option": "reserved", "term": "open", "reservation": {"id": "cr-0a", "zone": "us-east-1b"}}
SPOT = {"option": "spot", "pools": 2}
STEADY = {"option": "on-demand"}
TAINT = {"key": "trimtab.dev/purchase-option", "value": "spot", "effect": "NoSchedule"}
TEMPLATE: dict[str, Any] = {
    "apiVersion": "karpenter.sh/v1",
    "kind": "NodePool",
    "metadata": {
        "name": "gpus",
        "labels": {"trimtab.dev/pool": "trainer", "trimtab.dev/group": "main"},
    },
    "spec": {
        "limits": {"memory": "10Ti", "nodes": "9"},
        "template": {
            "metadata": {"labels": {"zone": "a"}},
            "spec": {
                "nodeClassRef": {"group": "karpenter.k8s.aws", "kind": "EC2NodeClass", "name": "g"},
                "requirements": [
                    {"key": "karpenter.sh/capacity-type", "operator": "In", "values": ["spot"]},
                    {"key": "karpenter.k8s.aws/instance-hypervisor", "operator": "In",
                     "values": ["nitro"]},
                ],
                "taints": [{"key": "own", "effect": "NoSchedule"}],
            },
        },
    },
}  # fmt: skip


def one(purchase: dict[str, Any], **changes: Any) -> Any:
    """A plan of one group."""
    return plans.plan(pools=[plans.pool(groups=[plans.group("main", purchase, **changes)])])


def injected(base: dict[str, Any], plan: Any) -> dict[str, Any]:
    pool = plan.spec.pools[0]
    return ADAPTER.planned(base, ADAPTER.decide(plan, pool, pool.groups[0], base))


def beside(sizes: Sizes, group: Any, **companions: Any) -> Beside:
    return Beside(
        own=None,
        companions=companions,
        group=group,
        sizes=sizes,
        window=group.windows[0],
        later=lambda: group.windows[1:],
    )


def requirement(document: dict[str, Any], key: str) -> list[str]:
    found = section(document, "spec", "template", "spec")["requirements"]
    return [value for each in found if each["key"] == key for value in each["values"]]


def test_a_template_gets_the_plans_machines_and_keeps_what_is_its_own() -> None:
    base = copy.deepcopy(TEMPLATE)
    made = injected(base, one(SPOT, taints=[TAINT]))
    assert base == TEMPLATE
    assert requirement(made, "karpenter.sh/capacity-type") == ["spot"]
    assert requirement(made, "node.kubernetes.io/instance-type") == ["p4d.24xlarge"]
    assert requirement(made, "kubernetes.io/arch") == ["amd64"]
    assert requirement(made, "karpenter.k8s.aws/instance-hypervisor") == ["nitro"]
    spec = made["spec"]["template"]["spec"]
    assert spec["nodeClassRef"] == TEMPLATE["spec"]["template"]["spec"]["nodeClassRef"]
    assert spec["taints"] == [{"key": "own", "effect": "NoSchedule"}, TAINT]
    assert made["spec"]["template"]["metadata"]["labels"] == {
        "zone": "a",
        "gpu-type": "nvidia-a100",
        "trimtab.dev/pool": "trainer",
        "trimtab.dev/group": "main",
        "trimtab.dev/purchase-option": "spot",
    }
    assert made["spec"]["weight"] == 100
    # Karpenter's own defaults would end and move work that nobody asked about.
    assert spec["expireAfter"] == "720h"
    assert made["spec"]["disruption"]["consolidationPolicy"] == "WhenEmptyOrUnderutilized"


def test_what_the_author_says_of_disruption_and_zones_stays() -> None:
    base = copy.deepcopy(TEMPLATE)
    base["spec"]["disruption"] = {"consolidateAfter": "1h"}
    base["spec"]["template"]["spec"]["expireAfter"] = "24h"
    zone = {"key": "topology.kubernetes.io/zone", "operator": "In", "values": ["us-east-1f"]}
    base["spec"]["template"]["spec"]["requirements"].append(zone)
    steady = injected(base, one(STEADY))
    assert steady["spec"]["disruption"] == {"consolidateAfter": "1h"}
    assert steady["spec"]["template"]["spec"]["expireAfter"] == "24h"
    assert requirement(steady, "topology.kubernetes.io/zone") == ["us-east-1f"]
    # But where the purchase is, the nodes are.
    pinned = injected(base, one(ODCR))
    assert requirement(pinned, "topology.kubernetes.io/zone") == ["us-east-1b"]
    assert requirement(pinned, "karpenter.sh/capacity-type") == ["reserved"]


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"limits": {"nodes": "6"}}, Sizes(0, 3, 6)),
        ({"limits": {"nodes": 6}}, Sizes(0, 3, 6)),
        ({"limits": {"nodes": "2"}}, Sizes(0, 2, 2)),  # more run than the limit allows
        ({"limits": {"nodes": "6.5"}}, None),
        ({"limits": {"nodes": "six"}}, None),
        ({"limits": {"cpu": "96"}}, None),
        ({}, None),
    ],
)
def test_running(spec: dict[str, Any], expected: Sizes | None) -> None:
    document = {"spec": spec, "status": {"nodes": 3.0}}
    assert ADAPTER.running(document).sizes == expected


def test_what_can_not_change_in_place_is_what_karpenter_would_roll() -> None:
    running = ADAPTER.fixed(injected(TEMPLATE, one(STEADY)))
    assert running == Machines(frozenset({"on-demand"}), frozenset({"p4d.24xlarge"}))
    assert running.gives(running)
    offers = [{"instanceType": each} for each in ("p4d.24xlarge", "p5.48xlarge")]
    for other in (one(SPOT), one(STEADY, offers=offers)):
        assert not running.gives(ADAPTER.fixed(injected(TEMPLATE, other)))
    unknown = Machines(frozenset(), frozenset())
    assert unknown.gives(running)


def test_the_limit_is_in_nodes_and_vcpus_and_leaves_others_alone() -> None:
    plan = one(STEADY)
    group = plan.spec.pools[0].groups[0]
    document = ADAPTER.sized(injected(TEMPLATE, plan), Scaling(Sizes(0, 2, 4), 2))
    made = ADAPTER.attach(document, beside(Sizes(0, 2, 4), group)).document
    assert made is not None
    assert made["spec"]["limits"] == {"memory": "10Ti", "nodes": "4", "cpu": "384"}


def test_owned_machines_are_refused() -> None:
    with pytest.raises(InputError, match="can't provision owned machines"):
        injected(TEMPLATE, one({"option": "owned", "site": "cellar"}))


def static(replicas: int) -> dict[str, Any]:
    return {
        "apiVersion": "karpenter.sh/v1",
        "kind": "NodePool",
        "metadata": {"name": "trainer-main-0a1b2c-static", "labels": {"a": "b"}, "uid": "1"},
        "spec": {"replicas": float(replicas), "limits": {"nodes": str(replicas)}},
        "status": {"nodes": replicas},
    }


@pytest.mark.parametrize(
    ("runs", "release", "limit", "kept"),
    [(None, False, "2", False), (2, False, "2", False), (3, False, "1", True),
     (3, True, "2", False), (9, False, "0", True)],
    ids=["not made yet", "as planned", "more than planned", "released", "more than the max"],
)  # fmt: skip
def test_a_static_baseline_is_left_out_of_the_limit_and_never_shrinks_unasked(
    runs: int | None, release: bool, limit: str, kept: bool
) -> None:
    plan = one(HELD, windows=plans.windows((2, 3, 4), (3, 4, 6)))
    base = copy.deepcopy(TEMPLATE)
    base["metadata"]["annotations"] = {"trimtab.dev/static-baseline": "true"}
    if release:
        base["metadata"]["annotations"]["trimtab.dev/release"] = "true"
    document = injected(base, plan)
    assert document["metadata"]["annotations"]["trimtab.dev/static-nodes"] == "2"
    there = {} if runs is None else {"static": static(runs)}
    group = plan.spec.pools[0].groups[0]
    made = ADAPTER.attach(document, beside(Sizes(0, 0, 4), group, **there))
    assert made.document is not None
    assert made.document["spec"]["limits"]["nodes"] == limit
    assert (made.note is not None) == kept
    if kept:
        held = made.companions["static"]
        assert held["metadata"] == {"labels": {"a": "b"}, "name": "trainer-main-0a1b2c-static"}
        assert held["spec"]["replicas"] == runs


def test_a_static_node_pool_launches_no_group() -> None:
    assert group_adapter(static(3)) is None
    assert isinstance(group_adapter(TEMPLATE), KarpenterNodePool)


@pytest.mark.parametrize(
    ("part", "says"),
    [
        ({"release": ["other"]}, "release: other is no pool of the plan"),
        ({"reservations": {"trainer/x": {"tags": {"a": "b"}}}}, "reservations: trainer/x is no"),
        ({"tags": {"trimtab:pool": "x"}}, "trimtab:pool is set from the plan"),
        ({"pools": {"trainer": {"colour": 1}}}, "colour: unknown field"),
        ({"pools": {"trainer": {"placementGroup": True}}}, "composes no placement group"),
    ],
)
def test_settings_that_do_not_fit_the_plan(part: dict[str, Any], says: str) -> None:
    plan = one(STEADY)
    pool = plan.spec.pools[0]
    settings = KarpenterSettings.model_validate({"clusterName": "c", "karpenter": part})
    with pytest.raises(InputError, match=says):
        ADAPTER.compose(settings, plan, pool, pool.groups[0])


@pytest.mark.parametrize("mode", ["karpenter", "eks-auto"])
def test_what_is_composed_is_named_as_the_component_names_it(mode: Mode) -> None:
    plan = one(HELD, windows=plans.windows((2, 3, 4), (3, 4, 6)))
    pool = plan.spec.pools[0]
    part = {"mode": mode, "staticBaseline": True, "release": ["trainer"]}
    settings = KarpenterSettings.model_validate({"clusterName": "c", "karpenter": part})
    made = ADAPTER.compose(settings, plan, pool, pool.groups[0])
    name = "trainer-main-0a1b2c"
    assert made.document["metadata"]["name"] == name
    assert made.document["metadata"]["annotations"] == {
        "trimtab.dev/static-nodes": "2",
        "trimtab.dev/release": "true",
    }
    names = {end: each["metadata"]["name"] for end, each in made.companions.items()}
    assert names == {"node-class": name, "static": f"{name}-static"}
    assert made.companions["static"]["spec"]["replicas"] == 2
    # The composed NodePool is complete: the plan's word adds nothing to it.
    decided = ADAPTER.decide(plan, pool, pool.groups[0], made.document)
    assert ADAPTER.planned(made.document, decided) == made.document


def test_another_clouds_node_class_is_not_composed() -> None:
    site = {"provider": "azure", "region": "eastus"}
    plan = plans.plan(site=site, pools=[plans.pool(groups=[plans.group("main", STEADY)])])
    pool = plan.spec.pools[0]
    settings = KarpenterSettings.model_validate({"clusterName": "c"})
    with pytest.raises(InputError, match="the plan is for azure"):
        ADAPTER.compose(settings, plan, pool, pool.groups[0])
    # But a NodePool of one's own is completed.
    assert requirement(injected(TEMPLATE, plan), "karpenter.sh/capacity-type") == ["on-demand"]


def test_without_a_plan_it_stays_as_it_is() -> None:
    observed = ADAPTER.sized(injected(TEMPLATE, one(STEADY)), Scaling(Sizes(0, 2, 4), 2))
    observed["metadata"]["uid"] = "1"
    observed["metadata"]["annotations"] = {
        "karpenter.sh/nodepool-hash": "1",
        "trimtab.dev/bounds": "x",
    }
    base = copy.deepcopy(TEMPLATE)
    base["spec"]["disruption"] = {"consolidateAfter": "2h"}
    kept = ADAPTER.held(observed, base)
    assert kept["spec"]["limits"] == observed["spec"]["limits"]
    assert kept["spec"]["template"] == observed["spec"]["template"]
    assert kept["spec"]["disruption"] == {"consolidateAfter": "2h"}  # the author's
    assert kept["metadata"]["annotations"] == {"trimtab.dev/bounds": "x"}
    alone = ADAPTER.held(observed, None)
    assert alone["spec"] == observed["spec"]
    assert alone["metadata"]["annotations"] == {"trimtab.dev/bounds": "x"}  # not Karpenter's own
