"""What holds for every plan, whatever runs and whatever is missing."""

import copy
from datetime import timedelta
from typing import Any

from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from hypothesis import given, settings
from hypothesis import strategies as st

from support import plans
from support.capacity_requests import NODE_GROUP, request, respond
from trimtab_functions import structs
from trimtab_functions.capacity.compose import Composer

sizes = st.tuples(*[st.integers(0, 40)] * 3).map(lambda each: tuple(sorted(each)))
counts = st.one_of(st.none(), st.integers(0, 60), st.just(2.5), st.just("three"), st.just(-1))
purchases: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [
        {"option": "on-demand"},
        {"option": "reserved", "term": "3y"},
        {"option": "spot", "pools": 2},
        {"option": "owned", "site": "oslo"},
    ]
)
generations = st.sampled_from(["0a1b2c", "ffffff", "123456"])


@st.composite
def plan_documents(draw: st.DrawFn) -> dict[str, Any]:
    names = draw(st.lists(st.sampled_from("abcd"), min_size=1, max_size=4, unique=True))
    groups = [
        plans.group(
            name,
            draw(purchases),
            generation=draw(generations),
            windows=plans.windows(*draw(st.lists(sizes, min_size=1, max_size=4))),
        )
        for name in names
    ]
    pool = draw(st.sampled_from(["trainer", "trainer", "trainer", "other"]))
    return plans.plan_data(pools=[plans.pool(name=pool, groups=groups)])


@st.composite
def node_groups(draw: st.DrawFn) -> dict[str, dict[str, Any]]:
    """Node groups that exist, some of them with nonsense in their fields."""
    found = {}
    for name in draw(st.lists(st.sampled_from("abcde"), max_size=4, unique=True)):
        generation = draw(generations)
        bounds = {"minSize": draw(counts), "maxSize": draw(counts), "desiredSize": draw(counts)}
        stated = {k: v for k, v in bounds.items() if v is not None}
        labels = {
            "app.kubernetes.io/managed-by": "trimtab",
            "trimtab.dev/pool": "trainer",
            "trimtab.dev/group": name,
            "trimtab.dev/generation": generation,
        }
        found[f"trainer-{name}-{generation}"] = {
            **NODE_GROUP,
            "metadata": {"labels": labels},
            "spec": {
                "forProvider": {"region": "us-east-1", "scalingConfig": stated},
                "initProvider": {"scalingConfig": {"desiredSize": draw(counts)}},
            },
            "status": {
                "atProvider": {"scalingConfig": {"desiredSize": draw(counts)}},
                "conditions": [
                    {"type": "Ready", "status": draw(st.sampled_from(["True", "False"]))}
                ],
            },
        }
    return found


hours = st.integers(0, 30).map(lambda each: plans.START + timedelta(hours=each))
plans_sent = st.one_of(st.just(False), st.none(), st.just({**NODE_GROUP}), plan_documents())


def scaling(rsp: fnv1.RunFunctionResponse, key: str) -> tuple[dict[str, float], float]:
    spec = rsp.desired.resources[key].resource["spec"]
    bounds = dict(spec["forProvider"]["scalingConfig"].items())
    return bounds, spec["initProvider"]["scalingConfig"]["desiredSize"]


def whole(value: Any) -> bool:
    return isinstance(value, int) and value >= 0


def reported(document: dict[str, Any]) -> int | None:
    """The desired size that AWS reports, when it is a size."""
    value = document["status"]["atProvider"]["scalingConfig"]["desiredSize"]
    return value if whole(value) else None


@settings(max_examples=300, deadline=None)
@given(plan=plans_sent, observed=node_groups(), now=hours)
def test_what_runs_is_never_shrunk_by_force(plan: Any, observed: Any, now: Any) -> None:
    rsp = respond(request(plan, observed=observed), now)
    usable = rsp.conditions[0].reason == "PlanFound"
    for key, document in observed.items():
        if key not in rsp.desired.resources:
            # Only a usable plan takes a node group away, and only for a ready one in its place.
            assert usable
            continue
        runs = reported(document)
        stated = document["spec"]["forProvider"]["scalingConfig"]
        if runs is None or not (whole(stated.get("minSize")) and whole(stated.get("maxSize"))):
            continue
        bounds, _ = scaling(rsp, key)
        assert bounds["maxSize"] >= runs
        assert bounds.get("desiredSize", runs) >= runs
        if not usable:
            assert bounds["minSize"] == stated["minSize"]
            assert bounds["maxSize"] >= stated["maxSize"]


@settings(max_examples=150, deadline=None)
@given(plan=plan_documents(), observed=node_groups(), now=hours)
def test_min_desired_and_max_are_always_in_order(plan: Any, observed: Any, now: Any) -> None:
    rsp = respond(request(plan, observed=observed), now)
    groups = rsp.desired.composite.resource["status"]["capacity"]["groups"]
    for group in groups:
        if "min" in group:
            assert group["min"] <= group["desired"] <= group["max"]
            bounds, initial = scaling(rsp, group["resource"])
            assert (bounds["minSize"], bounds["maxSize"]) == (group["min"], group["max"])
            assert bounds["minSize"] <= initial <= bounds["maxSize"]
            # EKS refuses a min above what runs, and a max of none.
            assert bounds["minSize"] <= bounds.get("desiredSize", group["desired"])
            assert bounds["maxSize"] >= 1


@settings(max_examples=200, deadline=None)
@given(plan=plans_sent, observed=node_groups(), now=hours, minutes=st.integers(0, 59))
def test_the_answer_hangs_on_the_request_and_the_window_alone(
    plan: Any, observed: Any, now: Any, minutes: int
) -> None:
    req = request(plan, observed=observed)
    first = respond(req, now)
    # Another process, with other requests behind it, later in the same window; windows are whole hours.
    later = now + timedelta(minutes=minutes)
    other = Composer(lambda: later)
    respond(request(None, observed=observed), later, other)
    respond(request(copy.deepcopy(plan)), later, other)
    again = respond(req, later, other)
    assert 1 <= again.meta.ttl.ToSeconds() <= 60
    again.meta.ttl.CopyFrom(first.meta.ttl)
    assert again == first


@settings(max_examples=100, deadline=None)
@given(plan=plan_documents(), now=hours)
def test_what_is_desired_settles_once_it_runs_as_desired(plan: Any, now: Any) -> None:
    rsp = respond(request(plan), now)
    observed = {}
    for key, desired in rsp.desired.resources.items():
        bounds, initial = scaling(rsp, key)
        observed[key] = fnv1.Resource()
        observed[key].CopyFrom(desired)
        observed[key].resource.update(
            {
                "status": {
                    "atProvider": {"scalingConfig": {**bounds, "desiredSize": initial}},
                    "conditions": [{"type": "Ready", "status": "True"}],
                }
            }
        )
    req = request(plan)
    for key, each in observed.items():
        req.observed.resources[key].CopyFrom(each)
    again = respond(req, now)
    for key, desired in again.desired.resources.items():
        assert desired.resource == rsp.desired.resources[key].resource
        assert desired.ready == fnv1.READY_TRUE


STEP = {"apiVersion": "capacity.fn.trimtab.dev/v1alpha1", "kind": "Input"}
json_values = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=12,
)
words = st.sampled_from(
    ["metadata", "spec", "status", "labels", "forProvider", "initProvider", "scalingConfig"]
)
nonsense = st.recursive(
    json_values, lambda inner: st.dictionaries(words, inner, max_size=4), max_leaves=12
)


@settings(max_examples=100, deadline=None)
@given(*[nonsense] * 7)
def test_nonsense_anywhere_is_answered(
    observed: Any, desired: Any, spec: Any, plan: Any, step: Any, policy: Any, context: Any
) -> None:
    labels = {"trimtab.dev/pool": "trainer", "trimtab.dev/group": "a"}

    def labelled(value: Any) -> dict[str, Any]:
        body = value if isinstance(value, dict) else {"spec": value}
        metadata = body.get("metadata")
        metadata = metadata if isinstance(metadata, dict) else {}
        return {**body, **NODE_GROUP, "metadata": {**metadata, "labels": labels}}

    named = {"policy": {"name": "platform"}, "plan": {"inlineFieldPath": "spec.plan"}}
    stepped = step if isinstance(step, dict) else {**STEP, **named}
    req = request(
        {"metadata": {"name": "example"}, "spec": plan},
        spec={"planRef": None, **spec} if isinstance(spec, dict) else {"pools": spec},
        step_input=stepped,
        observed={"one": labelled(observed)},
        desired={"two": labelled(desired)},
    )
    items = req.required_resources["capacity-policy"].items
    metadata = {"name": "platform", "namespace": "team"}
    items.add().resource.CopyFrom(structs.from_data({"metadata": metadata, "spec": policy}))
    req.context.CopyFrom(structs.from_data({"trimtab.dev/capacity-plan": context}))
    rsp = respond(req, plans.START)
    assert [each.type for each in rsp.conditions] == ["PlanUsable", "CapacityPlanned"]
    assert rsp.meta.ttl.ToSeconds() == 60
