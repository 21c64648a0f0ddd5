"""Karpenter's objects through random reconciles: plans that come, go and take turns, while nodes come and go."""

import copy
from datetime import timedelta
from typing import Any

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from support import plans
from support.capacity_requests import answer, request
from trimtab_functions.capacity.adapters.wrapped import is_object, unwrapped
from trimtab_functions.capacity.compose import Composer

STEP = {
    "apiVersion": "capacity.fn.trimtab.dev/v1alpha1",
    "kind": "Input",
    "compose": {"as": "Karpenter"},
}
Document = dict[str, Any]
sizes = st.tuples(*[st.integers(0, 20)] * 3).map(lambda each: tuple(sorted(each)))
windows = st.lists(sizes, min_size=3, max_size=3)


@st.composite
def plan_documents(draw: st.DrawFn) -> Document:
    held, rest = (plans.windows(*draw(windows)) for _ in range(2))
    generation = draw(st.sampled_from(["0a1b2c", "ffffff"]))
    groups = [
        plans.group("held", {"option": "reserved", "term": "1y"}, windows=held),
        plans.group("rest", {"option": "on-demand"}, windows=rest, generation=generation),
    ]
    return plans.plan_data(pools=[plans.pool(groups=groups)])


@st.composite
def reconciles(draw: st.DrawFn) -> list[tuple[Any, int, list[int], bool]]:
    """Each: the plan that arrives, hours since the last, nodes that run, whether all is ready."""
    two = [draw(plan_documents()), draw(plan_documents())]
    arriving = st.sampled_from([*two, *two, None, False, {"kind": "CapacityPlan"}])
    nodes = st.lists(st.integers(0, 30), min_size=4, max_size=4)
    step = st.tuples(arriving, st.integers(0, 3), nodes, st.booleans())
    return draw(st.lists(step, min_size=1, max_size=8))


def manifest(document: Document) -> Document:
    return unwrapped(document) if is_object(document) else document


def as_it_runs(desired: dict[str, Document], nodes: list[int], ready: bool) -> dict[str, Document]:
    found = {}
    for index, (key, made) in enumerate(sorted(desired.items())):
        document = copy.deepcopy(made)
        conditions = [{"type": "Ready", "status": "True" if ready else "False"}]
        status = {"conditions": conditions, "nodes": nodes[index % len(nodes)]}
        if is_object(document):
            inner = {**document["spec"]["forProvider"]["manifest"], "status": status}
            document["status"] = {"conditions": conditions, "atProvider": {"manifest": inner}}
        else:
            document["status"] = status
        found[key] = document
    return found


# Without shrinking, which takes minutes: eight steps are short enough to read.
@settings(max_examples=30, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(steps=reconciles())
def test_plain_and_inside_objects_alike_nothing_shrinks_unasked(steps: Any) -> None:
    plain: dict[str, Document] = {}
    inside: dict[str, Document] = {}
    now = plans.START
    for plan, hours, nodes, ready in steps:
        now += timedelta(hours=hours)
        plain = check(plain, plan, now, {"staticBaseline": True})
        inside = check(inside, plan, now, {"staticBaseline": True, "objects": {"name": "w"}})
        assert set(plain) == set(inside)
        for key, document in plain.items():
            assert manifest(inside[key])["spec"] == document["spec"], key
        plain, inside = (as_it_runs(each, nodes, ready) for each in (plain, inside))


def check(
    observed: dict[str, Document], plan: Any, now: Any, part: Document
) -> dict[str, Document]:
    """One reconcile, and what must hold of it; what is desired."""
    req = request(plan, spec={"karpenter": part}, step_input=STEP, observed=observed)
    composer = Composer(lambda: now)
    found = answer(req, now, composer)
    assert answer(req, now, composer) == answer(req, now) == found
    desired = {key: each["resource"] for key, each in found["desired"].get("resources", {}).items()}
    usable = found["conditions"][0]["reason"] == "PlanFound"
    for key, old in observed.items():
        if not usable:
            assert desired[key]["spec"] == old["spec"], key
        if key not in desired:
            # Only what another generation has replaced, and never what nobody released.
            assert not key.endswith("-static")
            continue
        before, after = manifest(old)["spec"], manifest(desired[key])["spec"]
        if "replicas" in before:
            assert after["replicas"] >= before["replicas"], key
            assert after["limits"] == {"nodes": str(after["replicas"])}
    if not usable:
        assert set(desired) == set(observed)
    return desired
