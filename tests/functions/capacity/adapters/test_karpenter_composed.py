"""Karpenter's objects, autoscalers and quotas through the whole function: plain, and inside Objects."""

import copy
from typing import Any

import pytest

from support import plans
from support.capacity_requests import answer, request
from trimtab_functions.capacity.adapters import follower, group_adapter
from trimtab_functions.capacity.adapters.wrapped import (
    WrappedFollower,
    WrappedGroup,
    is_object,
    unwrapped,
)

NOW, NEXT = plans.START, plans.START.replace(hour=5)
HELD = {"option": "reserved", "term": "1y"}
GROUPS = [
    plans.group("held", HELD, windows=plans.windows((2, 3, 4), (3, 4, 6), (2, 2, 4))),
    plans.group("rest", {"option": "on-demand"}),
]
PLAN = plans.plan_data(pools=[plans.pool(groups=GROUPS)])
PART: dict[str, Any] = {"staticBaseline": True, "overlays": True}
STEP = {
    "apiVersion": "capacity.fn.trimtab.dev/v1alpha1",
    "kind": "Input",
    "mode": "Compose",
    "compose": {"as": "Karpenter"},
}
OBJECTS = {"objects": {"kind": "ProviderConfig", "name": "workloads"}}


def composed(
    plan: Any = PLAN, observed: Any = None, now: Any = NOW, **part: Any
) -> dict[str, dict[str, Any]]:
    """What is desired, by key."""
    spec = {"karpenter": {**PART, **part}}
    req = request(plan, spec=spec, step_input=STEP, observed=observed or {})
    found = answer(req, now)["desired"].get("resources", {})
    return {key: each["resource"] for key, each in found.items()}


def exists(desired: dict[str, Any], nodes: int = 0, ready: bool = True) -> dict[str, Any]:
    """What was desired, as the API server and Karpenter or provider-kubernetes have it."""
    found = {}
    for key, document in copy.deepcopy(desired).items():
        conditions = [{"type": "Ready", "status": "True" if ready else "False"}]
        status = {"conditions": conditions, "nodes": nodes}
        document["metadata"].setdefault("name", "made-up")
        document["metadata"]["uid"] = "1"
        if is_object(document):
            manifest = {**document["spec"]["forProvider"]["manifest"], "status": status}
            document["status"] = {"conditions": conditions, "atProvider": {"manifest": manifest}}
        else:
            document["status"] = status
        found[key] = document
    return found


KEYS = [
    "trainer-held-0a1b2c",
    "trainer-held-0a1b2c-node-class",
    "trainer-held-0a1b2c-overlay",
    "trainer-held-0a1b2c-static",
    "trainer-rest-0a1b2c",
    "trainer-rest-0a1b2c-node-class",
]


def limits(desired: dict[str, Any], key: str = "trainer-held-0a1b2c") -> Any:
    document = desired[key]
    return (unwrapped(document) if is_object(document) else document)["spec"]["limits"]


@pytest.mark.parametrize("part", [{}, OBJECTS], ids=["plain", "inside Objects"])
def test_a_pool_is_composed_and_follows_its_windows(part: dict[str, Any]) -> None:
    made = composed(**part)
    assert sorted(made) == KEYS
    assert limits(made) == {"nodes": "2", "cpu": "192"}
    assert limits(made, "trainer-held-0a1b2c-static") == {"nodes": "2"}
    later = composed(observed=exists(made), now=NEXT, **part)
    assert sorted(later) == KEYS
    assert limits(later) == {"nodes": "4", "cpu": "384"}
    # Nothing moves but the limits and what remembers them.
    for key in KEYS:
        before, after = copy.deepcopy(made[key]), copy.deepcopy(later[key])
        for each in (before, after):
            each["metadata"].pop("annotations", None)
            inner = unwrapped(each) if is_object(each) else each
            inner["spec"].pop("limits", None)
        assert before == after, key


@pytest.mark.parametrize("part", [{}, OBJECTS], ids=["plain", "inside Objects"])
def test_the_same_request_gets_the_same_answer(part: dict[str, Any]) -> None:
    made = composed(**part)
    assert composed(observed=exists(made, nodes=1), **part) == composed(
        observed=exists(made, nodes=2), **part
    )


@pytest.mark.parametrize("part", [{}, OBJECTS], ids=["plain", "inside Objects"])
@pytest.mark.parametrize("lost", [None, False], ids=["no plan", "not fetched"])
def test_without_a_plan_nothing_changes(part: dict[str, Any], lost: Any) -> None:
    made = composed(**part)
    kept = composed(lost, observed=exists(made, nodes=1), **part)
    assert sorted(kept) == KEYS
    for key in KEYS:
        assert kept[key]["spec"] == made[key]["spec"], key


def test_inside_an_object_names_and_labels_are_the_same_and_the_object_is_crossplanes() -> None:
    plain, inside = composed(), composed(**OBJECTS)
    for key in KEYS:
        document = inside[key]
        assert "name" not in document["metadata"]
        assert document["spec"]["providerConfigRef"] == {
            "kind": "ProviderConfig",
            "name": "workloads",
        }
        assert "LateInitialize" not in document["spec"]["managementPolicies"]
        manifest = document["spec"]["forProvider"]["manifest"]
        assert manifest["metadata"]["name"] == plain[key]["metadata"]["name"]
        assert manifest["spec"] == plain[key]["spec"]
        assert document["metadata"]["labels"]["trimtab.dev/pool"] == "trainer"
        assert manifest["metadata"]["labels"]["trimtab.dev/pool"] == "trainer"


@pytest.mark.parametrize("part", [{}, OBJECTS], ids=["plain", "inside Objects"])
def test_changed_offers_are_another_node_pool_and_the_old_one_goes_when_that_is_ready(
    part: dict[str, Any],
) -> None:
    made = exists(composed(**part), nodes=2)
    changed = copy.deepcopy(PLAN)
    group = changed["spec"]["pools"][0]["groups"][1]
    group["generation"], group["offers"] = "ffffff", [{"instanceType": "p5.48xlarge"}]
    new, old = "trainer-rest-ffffff", "trainer-rest-0a1b2c"
    both = composed(changed, observed=made, **part)
    assert {new, f"{new}-node-class", old, f"{old}-node-class"} <= set(both)
    assert both[old]["spec"] == composed(**part)[old]["spec"]
    waiting = composed(changed, observed={**made, **exists(both, ready=False)}, **part)
    assert old in waiting
    # A NodePool without nodes is ready when its node class is.
    after = composed(changed, observed={**made, **exists(both, nodes=0)}, **part)
    assert new in after
    assert not {old, f"{old}-node-class"} & set(after)


@pytest.mark.parametrize("part", [{}, OBJECTS], ids=["plain", "inside Objects"])
def test_static_nodes_stay_until_their_pool_is_released(part: dict[str, Any]) -> None:
    made = exists(composed(**part), nodes=2)
    less = copy.deepcopy(PLAN)
    for window in less["spec"]["pools"][0]["groups"][0]["windows"]:
        window["min"] = 0
    key = "trainer-held-0a1b2c-static"

    def replicas(desired: dict[str, Any]) -> Any:
        document = desired[key]
        return (unwrapped(document) if is_object(document) else document)["spec"]["replicas"]

    kept = composed(less, observed=made, **part)
    assert replicas(kept) == 2
    assert limits(kept) == {"nodes": "2", "cpu": "192"}
    off = composed(less, observed=made, **{**part, "staticBaseline": False})
    assert replicas(off) == 2
    released = composed(less, observed=made, **{**part, "release": ["trainer"]})
    assert key not in released
    assert limits(released) == {"nodes": "4", "cpu": "384"}


@pytest.mark.parametrize("part", [{}, OBJECTS], ids=["plain", "inside Objects"])
def test_a_reservation_that_nothing_selects_is_told(part: dict[str, Any]) -> None:
    open_one = {"option": "reserved", "term": "open"}
    plan = plans.plan_data(pools=[plans.pool(groups=[plans.group("odcr", open_one)])])
    req = request(plan, spec={"karpenter": part}, step_input=STEP)
    said = answer(req, NOW)
    status = said["desired"].get("composite", {}).get("resource", {}).get("status", {})
    # An XR whose XRD declares no status has the report in the pipeline's context.
    found = status.get("capacity") or said["context"]["trimtab.dev/capacity-status"]
    told = [each.get("reason", "") for each in found["groups"] if "max" in each]
    assert len(told) == 1
    assert told[0].startswith(
        "trainer/odcr is paid for by an open capacity reservation that nothing"
    )


def wrapped(manifest: dict[str, Any], **labels: str) -> dict[str, Any]:
    return {
        "apiVersion": "kubernetes.m.crossplane.io/v1alpha1",
        "kind": "Object",
        "metadata": {"labels": labels} if labels else {},
        "spec": {"forProvider": {"manifest": manifest}, "watch": True},
    }


HPA: dict[str, Any] = {
    "apiVersion": "autoscaling/v2",
    "kind": "HorizontalPodAutoscaler",
    "metadata": {
        "name": "chat",
        "namespace": "serving",
        "labels": {"trimtab.dev/pool": "trainer"},
        "annotations": {"trimtab.dev/units-per-replica": "8"},
    },
    "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "chat"}, "maxReplicas": 1},
}


def test_a_manifest_inside_an_object_is_found_by_its_own_labels() -> None:
    req = request(PLAN, mode="Inject", desired={"scaler": wrapped(HPA)})
    found = answer(req, NOW)["desired"]["resources"]["scaler"]["resource"]
    assert found["spec"]["watch"] is True
    manifest = found["spec"]["forProvider"]["manifest"]
    assert (manifest["spec"]["minReplicas"], manifest["spec"]["maxReplicas"]) == (4, 8)
    observed = exists({"scaler": found})
    observed["scaler"]["status"]["atProvider"]["manifest"]["status"] = {"currentReplicas": 30}
    small = copy.deepcopy(PLAN)
    for group in small["spec"]["pools"][0]["groups"]:
        group["windows"] = plans.windows((2, 3, 4), (0, 0, 1), (0, 0, 1))
    again = request(small, mode="Inject", desired={"scaler": wrapped(HPA)}, observed=observed)
    held = answer(again, NEXT)["desired"]["resources"]["scaler"]["resource"]
    assert held["spec"]["forProvider"]["manifest"]["spec"]["maxReplicas"] == 30


def test_without_a_plan_an_object_keeps_its_manifest() -> None:
    req = request(PLAN, mode="Inject", desired={"scaler": wrapped(HPA)})
    made = answer(req, NOW)["desired"]["resources"]["scaler"]["resource"]
    lost = request(
        None, mode="Inject", desired={"scaler": wrapped(HPA)}, observed=exists({"scaler": made})
    )
    kept = answer(lost, NOW)["desired"]["resources"]["scaler"]["resource"]
    assert kept["spec"] == made["spec"]
    first = request(None, mode="Inject", desired={"scaler": wrapped(HPA)})
    assert "resources" not in answer(first, NOW)["desired"]


def test_a_labelled_node_pool_inside_an_object_is_completed_and_kept() -> None:
    manifest = {
        "apiVersion": "karpenter.sh/v1",
        "kind": "NodePool",
        "metadata": {"name": "gpus"},
        "spec": {"template": {"spec": {"nodeClassRef": {"name": "c"}}}},
    }
    labels = {"trimtab.dev/pool": "trainer", "trimtab.dev/group": "rest"}
    desired = {"gpus": wrapped(manifest, **labels)}
    made = answer(request(PLAN, mode="Inject", desired=desired), NOW)
    found = made["desired"]["resources"]["gpus"]["resource"]
    assert limits({"gpus": found}, "gpus") == {"nodes": "4", "cpu": "384"}
    observed = exists({"gpus": found}, nodes=3)
    (status,) = answer(request(PLAN, mode="Inject", desired=desired, observed=observed), NOW)[
        "desired"
    ]["composite"]["resource"]["status"]["capacity"]["groups"]
    assert (status["state"], status["min"], status["desired"], status["max"]) == (
        "Planned", 0, 3, 4
    )  # fmt: skip
    lost = request(None, mode="Inject", desired=desired, observed=observed)
    kept = answer(lost, NOW)["desired"]["resources"]["gpus"]["resource"]
    assert kept["spec"] == found["spec"]


def test_what_an_object_holds_decides_who_reads_it() -> None:
    assert isinstance(follower(wrapped(HPA)), WrappedFollower)
    pool = {"apiVersion": "karpenter.sh/v1", "kind": "NodePool"}
    assert isinstance(group_adapter(wrapped(pool)), WrappedGroup)
    assert group_adapter(wrapped({**pool, "spec": {"replicas": 1}})) is None
    for odd in ({}, {"kind": "Object"}, wrapped(wrapped(pool)), wrapped({"kind": "ConfigMap"})):
        assert group_adapter(odd) is None
        assert follower(odd) is None
    assert not is_object({"apiVersion": "example.org/v1", "kind": "Object"})
