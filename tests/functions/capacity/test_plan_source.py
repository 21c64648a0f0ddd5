"""Which CapacityPlan the function asks Crossplane for, and which of those sent it takes."""

from typing import Any

from support.capacity_cases import FIRST, PLAN
from support.capacity_requests import answer, request


def test_a_bootstrap_requirement_brings_the_plan_with_the_first_call() -> None:
    other = {**PLAN, "metadata": {"name": "another"}}
    assert answer(request(other), FIRST)["conditions"][0]["reason"] == "PlanNotFetched"
    elsewhere = {**PLAN, "metadata": {"name": "example", "namespace": "other"}}
    assert answer(request(elsewhere), FIRST)["conditions"][0]["reason"] == "PlanNotFetched"
    ours = {**PLAN, "metadata": {"name": "example", "namespace": "team"}}
    assert answer(request(ours), FIRST)["conditions"][0]["reason"] == "PlanFound"


def test_a_plan_may_come_from_a_fixed_name_or_another_field() -> None:
    def asked_for(source: dict[str, Any], **spec: Any) -> Any:
        step = {"apiVersion": "capacity.fn.trimtab.dev/v1alpha1", "kind": "Input", "plan": source}
        told = answer(request(step_input=step, spec=spec), FIRST)
        wanted = told["requirements"]["resources"]["capacity-plan"]
        return wanted.get("namespace"), wanted["matchName"]

    assert asked_for({"name": "fixed"}) == ("team", "fixed")
    assert asked_for({"name": "fixed", "namespace": "plans"}) == ("plans", "fixed")
    assert asked_for({"fromFieldPath": "spec.a.b"}, a={"b": "deep"}) == ("team", "deep")
