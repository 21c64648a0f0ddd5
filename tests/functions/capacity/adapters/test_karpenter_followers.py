"""Karpenter's static NodePools, node classes, overlays and buffers of earlier steps."""

from typing import Any

import pytest

from support import plans
from support.following import now_of
from support.karpenter import line
from trimtab.errors import InputError
from trimtab.plan.sizing import Sizes
from trimtab.policy.model import Stability
from trimtab_functions.capacity.adapters import follower, group_adapter
from trimtab_functions.capacity.adapters.karpenter_followers import (
    CapacityBuffer,
    NodeClass,
    NodeOverlay,
)
from trimtab_functions.capacity.adapters.karpenter_static import StaticNodePool

HELD = {"option": "reserved", "term": "1y"}
PROPOSED = {**HELD, "commitment": plans.DIGEST}
ODCR = {"option": "reserved", "term": "open", "reservation": {"id": "cr-0a"}}
GROUPED = {"option": "reserved", "term": "open", "reservation": {"groupArn": "arn:aws:x"}}
SPOT = {"option": "spot", "pools": 2}


def one(purchase: dict[str, Any], pool: Any = None, spec: Any = None, **changes: Any) -> Any:
    """A plan of one group `g`."""
    made = plans.pool(groups=[plans.group("g", purchase, **changes)], **(pool or {}))
    return plans.plan(pools=[made], **(spec or {}))


def document(kind: str, version: str, spec: Any = None, **annotations: str) -> dict[str, Any]:
    notes = {f"trimtab.dev/{key}": value for key, value in annotations.items()}
    metadata = {"name": "own", **({"annotations": notes} if notes else {})}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec or {}}


STATIC = document(
    "NodePool", "karpenter.sh/v1",
    {"replicas": 0, "weight": 10, "limits": {"cpu": "4"},
     "template": {"spec": {"nodeClassRef": {"name": "c"}}}},
)  # fmt: skip
BASELINE = plans.windows((3, 4, 5), (2, 5, 5), (4, 4, 5))


def static_running(replicas: int, types: tuple[str, ...] = ("p4d.24xlarge",)) -> dict[str, Any]:
    made = StaticNodePool().follow(STATIC, None, now_of(one(HELD, windows=BASELINE))).document
    assert made is not None
    for each in made["spec"]["template"]["spec"]["requirements"]:
        if each["key"] == "node.kubernetes.io/instance-type":
            each["values"] = list(types)
    return {**made, "spec": {**made["spec"], "replicas": float(replicas)}}


@pytest.mark.parametrize(
    ("window", "runs", "release", "nodes"),
    [(0, None, False, 2), (2, None, False, 4), (0, 1, False, 2), (0, 3, False, 3), (0, 3, True, 2)],
    ids=["the least of the windows left", "of the last one", "grows at once", "never shrinks unasked",
         "released"],
)  # fmt: skip
def test_static_nodes(window: int, runs: int | None, release: bool, nodes: int) -> None:
    base = STATIC if not release else {
        **STATIC, "metadata": {"name": "own", "annotations": {"trimtab.dev/release": "true"}}
    }  # fmt: skip
    observed = None if runs is None else static_running(runs)
    made = StaticNodePool().follow(base, observed, now_of(one(HELD, windows=BASELINE), window, "g"))
    assert made.document is not None
    spec = made.document["spec"]
    assert (spec["replicas"], spec["limits"]) == (nodes, {"nodes": str(nodes)})
    assert "weight" not in spec
    assert made.sizes == Sizes(nodes, nodes, nodes)
    assert (made.reason is not None) == (runs == 3 and not release)


def test_static_nodes_of_a_proposal_come_once_it_is_bought() -> None:
    plan = one(PROPOSED, spec={"commitments": [line(5)]}, windows=BASELINE)
    for digests, nodes in (("", 0), (plans.DIGEST, 2)):
        base = {
            **STATIC,
            "metadata": {"name": "own", "annotations": {"trimtab.dev/approved": digests}},
        }
        assert StaticNodePool().follow(base, None, now_of(plan, group="g")).sizes == Sizes(
            nodes, nodes, nodes
        )


def test_a_static_node_pool_of_other_machines_is_kept_and_a_person_told() -> None:
    observed = static_running(3, ("p5.48xlarge",))
    made = StaticNodePool().follow(STATIC, observed, now_of(one(HELD, windows=BASELINE), group="g"))
    assert made.refused
    assert made.document is not None
    assert made.document["spec"]["template"] == observed["spec"]["template"]
    assert made.document["spec"]["replicas"] == 3
    kept = StaticNodePool().held(STATIC, observed)
    assert kept is not None
    assert kept["spec"] == made.document["spec"]
    assert StaticNodePool().held(STATIC, None) is None


def test_it_is_a_follower_and_no_group() -> None:
    assert group_adapter(STATIC) is None
    assert isinstance(follower(STATIC), StaticNodePool)


CLASS = document(
    "EC2NodeClass", "karpenter.k8s.aws/v1", {"role": "r", "tags": {"team": "x", "a": "b"}}
)


@pytest.mark.parametrize(
    ("purchase", "stated", "terms"),
    [
        (SPOT, None, None),
        (HELD, None, None),
        (ODCR, None, [{"id": "cr-0a"}]),
        (ODCR, [{"tags": {"own": "1"}}], [{"tags": {"own": "1"}}]),
        (GROUPED, [{"tags": {"own": "1"}}], [{"tags": {"own": "1"}}]),
    ],
    ids=["spot", "a Savings Plan", "by its id", "the author's stay", "a group's, by the author's"],
)
def test_a_node_class_selects_reservations(purchase: Any, stated: Any, terms: Any) -> None:
    given = {} if stated is None else {"capacityReservationSelectorTerms": stated}
    base = {**CLASS, "spec": {**CLASS["spec"], **given}}
    made = NodeClass().follow(base, None, now_of(one(purchase), group="g")).document
    assert made is not None
    assert made["spec"].get("capacityReservationSelectorTerms") == terms
    assert made["spec"]["role"] == "r"
    tags = made["spec"]["tags"]
    assert tags["a"] == "b"
    assert (tags["team"], tags["trimtab:group"]) == ("vision", "g")
    assert "trimtab:plan-digest" not in tags  # it would roll every node with every plan


def test_a_resource_group_is_not_guessed() -> None:
    with pytest.raises(InputError, match="can't select the reservations of a resource group"):
        NodeClass().follow(CLASS, None, now_of(one(GROUPED), group="g"))


OVERLAY = document(
    "NodeOverlay", "karpenter.sh/v1alpha1",
    {"price": "1.0", "requirements": [
        {"key": "karpenter.sh/nodepool", "operator": "In", "values": ["mine"]},
        {"key": "karpenter.sh/capacity-type", "operator": "In", "values": ["reserved"]}]},
)  # fmt: skip


def test_an_overlay_says_what_is_paid_for() -> None:
    made = NodeOverlay().follow(OVERLAY, None, now_of(one(HELD), group="g")).document
    assert made is not None
    assert made["spec"] == {
        "weight": 100,
        "priceAdjustment": "-99.99999%",
        "requirements": [
            {"key": "karpenter.sh/nodepool", "operator": "In", "values": ["mine"]},
            {"key": "karpenter.sh/capacity-type", "operator": "In", "values": ["on-demand"]},
            {
                "key": "node.kubernetes.io/instance-type",
                "operator": "In",
                "values": ["p4d.24xlarge"],
            },
        ],
    }
    kept = NodeOverlay().held(OVERLAY, {**made, "status": {}})
    assert kept == {**OVERLAY, "spec": made["spec"]}
    assert NodeOverlay().held(OVERLAY, None) is None


@pytest.mark.parametrize(
    ("plan", "reason"),
    [
        (one({"option": "on-demand"}), "its list price is the true one: no overlay"),
        (one(SPOT), "its list price is the true one: no overlay"),
        (one(PROPOSED, spec={"commitments": [line(5)]}), "0 of 4 nodes are paid for"),
    ],
    ids=["on demand", "no interruptions are priced", "a proposal"],
)
def test_no_overlay_where_the_list_price_is_the_true_one(plan: Any, reason: str) -> None:
    made = NodeOverlay().follow(OVERLAY, OVERLAY, now_of(plan, group="g"))
    assert made.document is None
    assert made.reason is not None
    assert made.reason.startswith(reason)


def test_an_overlay_says_what_interruptions_cost() -> None:
    plan = one(SPOT)
    expected = plan.spec.pools[0].expected.model_copy(update={"interruption_usd_per_hour": 4.5})
    pool = plan.spec.pools[0].model_copy(update={"expected": expected})
    made = NodeOverlay().follow(OVERLAY, None, now_of(plan, group="g", pool=pool)).document
    assert made is not None
    assert made["spec"]["priceAdjustment"] == "+1.50000"


BUFFER = document(
    "CapacityBuffer", "autoscaling.x-k8s.io/v1beta1", {"podTemplateRef": {"name": "p"}}
)


@pytest.mark.parametrize(
    ("sizes", "chunks"), [((2, 3, 4), 3), ((0, 0, 1), 1), ((0, 0, 0), 0)],
    ids=["the quantile less the mean", "the room that is left", "no room"],
)  # fmt: skip
def test_a_buffer_is_the_forecasts_headroom(sizes: tuple[int, int, int], chunks: int) -> None:
    plan = one({"option": "on-demand"}, windows=plans.windows(sizes))
    made = CapacityBuffer().follow(BUFFER, None, now_of(plan)).document
    assert made is not None
    assert made["spec"] == {"podTemplateRef": {"name": "p"}, "replicas": chunks}


def test_a_buffer_shrinks_by_steps_and_stays_without_a_plan() -> None:
    observed = document(
        "CapacityBuffer", "autoscaling.x-k8s.io/v1beta1",
        {"podTemplateRef": {"name": "p"}, "replicas": 40.0},
    )  # fmt: skip
    plan = one({"option": "on-demand"})
    made = CapacityBuffer().follow(BUFFER, observed, now_of(plan, stability=Stability()))
    assert made.document is not None
    assert made.document["spec"]["replicas"] == 20
    assert CapacityBuffer().held(BUFFER, observed) == observed
    assert CapacityBuffer().held(BUFFER, None) is None
