"""Which CapacityPlan the function asks Crossplane for, where else one may stand, and which one it takes."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from crossplane.function.proto.v1 import run_function_pb2 as fnv1

from support import plans
from support.capacity_cases import FIRST, KEY, PLAN, running
from support.capacity_requests import answer, request
from trimtab_functions import structs
from trimtab_functions.capacity.compose import Composer
from trimtab_functions.capacity.settings import DEFAULT_CONTEXT_KEY

HOUR = timedelta(hours=1)
INPUT = {"apiVersion": "capacity.fn.trimtab.dev/v1alpha1", "kind": "Input"}
BY_LABELS = {**INPUT, "plan": {"matchLabels": {"cluster": "ml"}}}
NO_REF = {"planRef": None}


def usable(req: fnv1.RunFunctionRequest, now: datetime = FIRST) -> tuple[str, str]:
    """The reason and the message of PlanUsable."""
    told = answer(req, now)["conditions"][0]
    return told["reason"], told["message"]


def test_a_bootstrap_requirement_brings_the_plan_with_the_first_call() -> None:
    other = {**PLAN, "metadata": {"name": "another"}}
    assert usable(request(other))[0] == "PlanNotFetched"
    elsewhere = {**PLAN, "metadata": {"name": "example", "namespace": "other"}}
    assert usable(request(elsewhere))[0] == "PlanNotFetched"
    ours = {**PLAN, "metadata": {"name": "example", "namespace": "team"}}
    assert usable(request(ours))[0] == "PlanFound"


def test_a_plan_may_come_from_a_fixed_name_or_another_field_or_by_labels() -> None:
    def asked_for(source: dict[str, Any], **spec: Any) -> Any:
        told = answer(request(step_input={**INPUT, "plan": source}, spec=spec), FIRST)
        wanted = told["requirements"]["resources"]["capacity-plan"]
        return wanted["namespace"], wanted.get("matchName") or wanted["matchLabels"]["labels"]

    assert asked_for({"name": "fixed"}) == ("team", "fixed")
    assert asked_for({"name": "fixed", "namespace": "plans"}) == ("plans", "fixed")
    assert asked_for({"fromFieldPath": "spec.a.b"}, a={"b": "deep"}) == ("team", "deep")
    assert asked_for({"matchLabels": {"a": "b"}}) == ("team", {"a": "b"})


# --- In the XR, and in the context ---------------------------------------------------------------


@pytest.mark.parametrize("inline", [PLAN, PLAN["spec"]], ids=["the document", "its spec"])
def test_a_plan_may_stand_in_the_xr(inline: Any) -> None:
    told = answer(request(spec={**NO_REF, "plan": inline}), FIRST)
    assert told["conditions"][0]["reason"] == "PlanFound"
    assert "requirements" not in told
    plan = told["desired"]["composite"]["resource"]["status"]["capacity"]["plan"]
    assert plan["source"] == "the plan in the XR's spec.plan"
    assert plan["name"] == ("example" if "spec" in inline else "ml")
    assert "namespace" not in plan
    assert list(told["desired"]["resources"]) == [KEY]


def test_a_plan_may_stand_in_another_field_of_the_xr() -> None:
    step = {**INPUT, "plan": {"inlineFieldPath": "spec.capacity.plan"}}
    req = request(step_input=step, spec={**NO_REF, "capacity": {"plan": PLAN, "other": 1}})
    assert usable(req)[0] == "PlanFound"


def test_a_plan_may_come_in_the_pipelines_context() -> None:
    req = request(spec=NO_REF)
    req.context.fields[DEFAULT_CONTEXT_KEY].struct_value.CopyFrom(structs.from_data(PLAN))
    told = answer(req, FIRST)
    assert told["conditions"][0]["reason"] == "PlanFound"
    plan = told["desired"]["composite"]["resource"]["status"]["capacity"]["plan"]
    assert plan["source"] == f"the plan in the context's {DEFAULT_CONTEXT_KEY}"


@pytest.mark.parametrize("wrong", ["text", [1], 3.0])
def test_what_is_no_object_is_no_plan_and_keeps_what_runs(wrong: Any) -> None:
    req = request(spec={**NO_REF, "plan": wrong}, observed={KEY: running(4)})
    told = answer(req, FIRST)
    assert told["conditions"][0]["message"] == (
        "the plan in the XR's spec.plan: is no object; write a plan there, or nothing"
    )
    assert told["conditions"][0]["reason"] == "PlanInvalid"
    assert list(told["desired"]["resources"]) == [KEY]


def test_an_inline_plans_wrong_field_is_named() -> None:
    spec = {**PLAN["spec"], "validUntil": "soon"}
    reason, message = usable(request(spec={**NO_REF, "plan": spec}))
    assert reason == "PlanInvalid"
    assert message.startswith(
        "the plan in the XR's spec.plan: spec.validUntil: 'soon' is no instant"
    )


def test_a_source_that_is_stated_and_fails_is_not_replaced_by_the_next() -> None:
    stated: dict[str, Any] = {"spec": {"plan": PLAN}, "observed": {KEY: running(4)}}
    assert usable(request(None, **stated))[0] == "PlanNotFound"
    assert usable(request(False, **stated))[0] == "PlanNotFetched"
    req = request(spec={**NO_REF, "plan": "text"})
    req.context.fields[DEFAULT_CONTEXT_KEY].struct_value.CopyFrom(structs.from_data(PLAN))
    assert usable(req)[0] == "PlanInvalid"


def test_a_named_key_of_the_context_without_a_plan_is_told() -> None:
    step = {**INPUT, "plan": {"contextKey": "team.example/plan"}}
    reason, message = usable(request(step_input=step, spec=NO_REF))
    assert (reason, message) == (
        "PlanNotFound",
        (
            "there is no plan in the context's team.example/plan; mend the earlier step that is to put "
            "it there"
        ),
    )


def test_without_any_source_the_input_is_wrong() -> None:
    reason, message = usable(request(spec=NO_REF))
    assert reason == "InputInvalid"
    assert message.startswith("the XR's spec.planRef.name: names no CapacityPlan")


def test_while_the_input_is_wrong_nobody_is_told_to_delete_what_runs() -> None:
    for step, spec in (({**INPUT, "mdoe": "Compose"}, {}), (INPUT, {"pools": "trainer"})):
        told = answer(request(PLAN, step_input=step, spec=spec, observed={KEY: running(4)}), FIRST)
        assert told["conditions"][0]["reason"] == "InputInvalid"
        (group,) = told["desired"]["composite"]["resource"]["status"]["capacity"]["groups"]
        assert (group["state"], "reason" in group) == ("Held", False)


# --- When it holds -------------------------------------------------------------------------------


def test_a_plan_for_a_later_time_shrinks_and_creates_nothing_until_it_begins() -> None:
    before = plans.START - 2 * HOUR
    told = answer(request(PLAN, observed={KEY: running(4)}), before)
    assert told["conditions"][0] == {
        "type": "PlanUsable",
        "status": "STATUS_CONDITION_UNKNOWN",
        "reason": "PlanNotStarted",
        "message": "team/example begins at 2026-11-01T00:00:00Z; what runs is kept until then",
    }
    assert "results" not in told
    assert told["meta"]["ttl"] == "60s"
    # A planner begins plans at the next full hour: that one counts.
    assert usable(request(PLAN), plans.START - HOUR)[0] == "PlanFound"
    soon = answer(request(PLAN), plans.START - HOUR - timedelta(seconds=20))
    assert (soon["conditions"][0]["reason"], soon["meta"]["ttl"]) == ("PlanNotStarted", "20s")


@pytest.mark.parametrize(("seconds", "ttl"), [(600, "600s"), (10, "10s")])
def test_the_input_says_how_long_an_answer_may_live(seconds: int, ttl: str) -> None:
    step = {**INPUT, "refreshSeconds": seconds}
    assert answer(request(PLAN, step_input=step), FIRST)["meta"]["ttl"] == ttl


def test_an_answer_ends_with_the_window_whoever_follows_it() -> None:
    replicas = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"labels": {"trimtab.dev/pool": "trainer"}},
        "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "a"}, "maxReplicas": 9},
    }
    now = plans.START + 4 * HOUR - timedelta(seconds=5)
    told = answer(request(PLAN, mode="Inject", desired={"hpa": replicas}), now)
    assert told["conditions"][0]["reason"] == "PlanFound"
    assert told["meta"]["ttl"] == "5s"


# --- Several, by labels --------------------------------------------------------------------------


def labelled(name: str, as_of: int = 0, start: int = 0, until: int = 12, **spec: Any) -> Any:
    """A plan with the labels that are asked for; times in hours after START."""
    times = {
        key: (plans.START + hours * HOUR).isoformat()
        for key, hours in (("asOf", as_of), ("start", start), ("validUntil", until))
    }
    metadata = {"name": name, "namespace": "team", "labels": {"cluster": "ml"}}
    return {**PLAN, "metadata": metadata, "spec": {**PLAN["spec"], **times, **spec}}


def chosen(*found: Any, now: datetime = FIRST) -> tuple[str, str]:
    """The reason of PlanUsable, and the message's first word: which plan it speaks of."""
    reasons = set()
    for order in (found, found[::-1]):
        req = request(step_input=BY_LABELS, spec=NO_REF)
        req.required_resources["capacity-plan"].SetInParent()
        for each in order:
            items = req.required_resources["capacity-plan"].items
            items.add().resource.CopyFrom(structs.from_data(each))
        reason, message = usable(req, now)
        reasons.add((reason, message.split()[0].rstrip(",")))
    (only,) = reasons
    return only


def test_of_several_plans_the_latest_made_that_holds_is_followed() -> None:
    old, new = labelled("a", -2), labelled("b", -1)
    assert chosen(old, new) == ("PlanFound", "team/b")
    expired = labelled("c", 0, 0, 1)
    assert chosen(old, new, expired, now=plans.START + 2 * HOUR) == ("PlanFound", "team/b")
    later = labelled("d", 0, 6)
    assert chosen(old, new, later) == ("PlanFound", "team/b")
    assert chosen(old, new, later, now=plans.START + 6 * HOUR) == ("PlanFound", "team/d")


def test_of_two_made_at_once_the_first_by_name_is_followed() -> None:
    assert chosen(labelled("b"), labelled("a")) == ("PlanFound", "team/a")


def test_where_none_holds_the_next_to_begin_is_named_else_the_last_that_did() -> None:
    past, older = labelled("a", -3, -3, 0), labelled("b", -4, -4, 0)
    assert chosen(past, labelled("c", 0, 9), labelled("d", 0, 6)) == ("PlanNotStarted", "team/d")
    assert chosen(past, older) == ("PlanExpired", "team/a")


def test_one_that_cannot_be_read_stops_only_what_it_may_be_meant_to_replace() -> None:
    good = labelled("b", -1)
    assert chosen(good, labelled("a", -2, pools=[])) == ("PlanFound", "team/b")
    assert chosen(good, labelled("a", 0, pools=[])) == ("PlanInvalid", "CapacityPlan")
    nonsense = {"kind": "CapacityPlan", "metadata": good["metadata"] | {"name": "c"}}
    assert chosen(good, nonsense) == ("PlanInvalid", "CapacityPlan")


def test_without_a_labelled_plan_the_user_is_told() -> None:
    req = request(None, step_input=BY_LABELS, spec=NO_REF)
    assert usable(req) == (
        "PlanNotFound",
        (
            "there is no CapacityPlan with cluster=ml in namespace team; create one, or give one these "
            "labels"
        ),
    )
    assert usable(request(False, step_input=BY_LABELS))[1] == (
        "waiting for Crossplane to fetch CapacityPlan with cluster=ml in namespace team"
    )


def test_an_answer_ends_when_another_plan_begins() -> None:
    req = request(step_input=BY_LABELS, spec=NO_REF)
    items = req.required_resources["capacity-plan"].items
    for each in (labelled("a", -1), labelled("b", 0, 3)):
        items.add().resource.CopyFrom(structs.from_data(each))
    now = plans.START + 2 * HOUR - timedelta(seconds=7)
    assert answer(req, now)["meta"]["ttl"] == "7s"


def test_equal_plans_are_read_once_wherever_they_come_from() -> None:
    composer = Composer(lambda: FIRST)
    for _ in range(3):
        answer(request(spec={**NO_REF, "plan": PLAN}), FIRST, composer)
        answer(request(PLAN), FIRST, composer)
    assert composer.memos["plans"].misses == 2
