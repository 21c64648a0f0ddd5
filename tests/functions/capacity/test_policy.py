"""How a CapacityPolicy holds a plan back: nothing begins or grows against it, and nothing is taken away."""

from datetime import timedelta
from typing import Any

import pytest

from support import plans
from support.capacity_cases import FIRST, KEY, PLAN, SECOND, THIRD, plan, running
from support.capacity_requests import answer, request
from trimtab.plan.document import parse_plan
from trimtab_functions import structs

INPUT = {
    "apiVersion": "capacity.fn.trimtab.dev/v1alpha1",
    "kind": "Input",
    "policy": {"name": "platform"},
}
OLD_KEY = "trainer-main-ffffff"


def told(
    policy: Any, sent: Any = PLAN, now: Any = FIRST, *, step: Any = None, **observed: Any
) -> dict[str, Any]:
    """The answer under a policy: its spec, None (there is none), or False (not fetched)."""
    req = request(sent, step_input=step or INPUT, observed=observed)
    if policy is None:
        req.required_resources["capacity-policy"].SetInParent()
    elif policy is not False:
        document = {
            "apiVersion": "trimtab.dev/v1alpha1",
            "kind": "CapacityPolicy",
            "metadata": {"name": "platform", "namespace": "team"},
            "spec": policy,
        }
        items = req.required_resources["capacity-policy"].items
        items.add().resource.CopyFrom(structs.from_data(document))
    found: dict[str, Any] = answer(req, now)
    return found


def stands(answered: dict[str, Any]) -> list[str]:
    groups = answered["desired"]["composite"]["resource"]["status"]["capacity"]["groups"]
    return [
        f"{each['resource']}: {each['state']} {each.get('min')}-{each.get('max')}"
        for each in groups
    ]


def conditions(answered: dict[str, Any]) -> list[str]:
    return [each["reason"] for each in answered["conditions"]]


def test_the_policy_is_asked_for_by_its_name() -> None:
    step = {**INPUT, "policy": {"name": "platform", "namespace": "policies"}}
    wanted = told(False, step=step)["requirements"]["resources"]["capacity-policy"]
    assert wanted == {
        "apiVersion": "trimtab.dev/v1alpha1",
        "kind": "CapacityPolicy",
        "matchName": "platform",
        "namespace": "policies",
    }


@pytest.mark.parametrize(
    ("policy", "reason", "message"),
    [
        (False, "PolicyNotFetched", "waiting for Crossplane to fetch CapacityPolicy team/platform"),
        (None, "PolicyNotFound", "there is no CapacityPolicy team/platform; create it, or name"),
        ({"limit": {}}, "PolicyInvalid", "CapacityPolicy team/platform: spec.limit: unknown field"),
    ],
    ids=["not fetched", "absent", "invalid"],
)
def test_a_policy_that_is_not_there_holds_everything(
    policy: Any, reason: str, message: str
) -> None:
    answered = told(policy, now=SECOND, **{KEY: running(4)})
    assert conditions(answered) == [reason, "KeptRunning"]
    assert answered["conditions"][0]["message"].startswith(message)
    assert stands(answered) == [f"{KEY}: Held 2-4"]
    assert stands(told(policy)) == []


def test_what_is_wrong_with_the_plan_is_told_before_the_policys_absence() -> None:
    assert conditions(told(None, None))[0] == "PlanNotFound"


def test_a_policys_stability_takes_the_place_of_the_defaults() -> None:
    large = {KEY: running(20, low=10, high=40, initial=10)}
    assert stands(told({}, now=SECOND, **large)) == [f"{KEY}: Planned 5-20"]
    cautious = {"stability": {"maxStepDownShare": 0.1}}
    assert stands(told(cautious, now=SECOND, **large)) == [f"{KEY}: Planned 9-36"]
    steady = {"stability": {"hysteresisNodes": 40, "hysteresisShare": 1.0}}
    assert stands(told(steady, now=SECOND, **large)) == [f"{KEY}: Planned 10-40"]


NOT_SPOT = {"allowed": {"purchaseOptions": ["reserved", "spot"]}}


def test_what_the_policy_forbids_is_not_created() -> None:
    answered = told(NOT_SPOT)
    assert conditions(answered) == ["PlanFound", "PolicyHolds"]
    message = (
        "trainer/main: CapacityPolicy team/platform: on-demand is not among "
        "allowed.purchaseOptions (reserved, spot)"
    )
    assert answered["conditions"][1]["message"] == message
    assert answered["results"] == [
        {"severity": "SEVERITY_WARNING", "message": f"PolicyHolds: {message}"}
    ]
    assert stands(answered) == [f"{KEY}: Withheld None-None"]
    assert "resources" not in answered["desired"]


def test_what_the_policy_forbids_does_not_grow_and_still_shrinks() -> None:
    runs = {KEY: running(3)}
    answered = told(NOT_SPOT, now=SECOND, **runs)
    assert stands(answered) == [f"{KEY}: Planned 2-4"]
    (group,) = answered["desired"]["composite"]["resource"]["status"]["capacity"]["groups"]
    assert group["reason"].startswith("not larger, by CapacityPolicy team/platform: on-demand is")
    large = {KEY: running(4, low=3, high=8)}
    assert stands(told(NOT_SPOT, now=THIRD, **large)) == [f"{KEY}: Planned 2-4"]


def test_limits_hold_every_group_of_the_pool() -> None:
    limits = {"limits": {"pools": [{"name": "trainer", "maxNodes": 5}]}}
    answered = told(limits, now=FIRST, **{KEY: running(3)})
    assert conditions(answered) == ["PlanFound", "PolicyHolds"]
    assert answered["conditions"][1]["message"] == (
        "trainer/main: CapacityPolicy team/platform: pool trainer may reach 6 nodes, above "
        "limits.pools[trainer].maxNodes (5)"
    )
    enough = {"limits": {"maxNodes": 6, "maxUsdPerHour": 200.0}}
    assert conditions(told(enough, **{KEY: running(3)})) == ["PlanFound", "AsPlanned"]


def test_a_new_generation_may_need_a_person() -> None:
    no_start = {"plans": {"mayStartGroups": False}}
    answered = told(no_start, **{OLD_KEY: running(4, generation="ffffff")})
    assert conditions(answered) == ["PlanFound", "PolicyHolds"]
    assert stands(answered) == [f"{OLD_KEY}: Held 2-4"]
    assert conditions(told(no_start, **{KEY: running(4)})) == ["PlanFound", "AsPlanned"]
    assert stands(told(no_start)) == [f"{KEY}: Withheld None-None"]


def test_a_plan_that_is_too_old_for_the_policy_has_expired() -> None:
    answered = told({"plans": {"maxAgeHours": 0.5}}, **{KEY: running(4)})
    assert conditions(answered) == ["PlanExpired", "KeptRunning"]
    assert answered["conditions"][0]["message"] == (
        "team/example expired at 2026-11-01T00:30:00Z by the CapacityPolicy's plans.maxAgeHours; "
        "make a new plan"
    )
    soon = plans.START + timedelta(minutes=29, seconds=30)
    assert told({"plans": {"maxAgeHours": 0.5}}, now=soon)["meta"]["ttl"] == "30s"


def test_only_approved_plans_are_believed_where_the_policy_says_so() -> None:
    digest = parse_plan(PLAN, "").digest
    assert conditions(told({"plans": {"approvedDigests": [digest]}}))[0] == "PlanFound"
    answered = told({"plans": {"approvedDigests": ["0" * 12]}}, **{KEY: running(4)})
    assert conditions(answered) == ["PlanNotApproved", "KeptRunning"]
    assert answered["conditions"][0]["message"] == (
        f"team/example: the plan's digest {digest} is not among plans.approvedDigests of the "
        "CapacityPolicy; add it there"
    )


def test_a_group_that_may_not_begin_keeps_the_others_from_shrinking() -> None:
    spot = plans.group("spot", {"option": "spot", "pools": 1})
    sent = plan(plans.group("main", {"option": "on-demand"}), spot)
    no_spot = {"allowed": {"purchaseOptions": ["on-demand"]}}
    answered = told(no_spot, sent, THIRD, **{KEY: running(6, low=3, high=6)})
    main, _ = answered["desired"]["composite"]["resource"]["status"]["capacity"]["groups"]
    assert (main["min"], main["max"]) == (3, 6)
    assert main["reason"] == "not smaller while nodes are still to come of trainer/spot"


def test_a_thousand_groups_are_checked_at_once() -> None:
    groups = [
        plans.group(f"g{each}", {"option": "on-demand"}, windows=plans.windows(*[(1, 2, 3)] * 2))
        for each in range(16)
    ]
    sent = plans.plan_data(
        pools=[plans.pool(name=f"pool-{each}", groups=groups) for each in range(63)]
    )
    names = [f"pool-{each}" for each in range(63)]
    req = request(sent, step_input=INPUT, spec={"pools": names})
    document = {
        "apiVersion": "trimtab.dev/v1alpha1",
        "kind": "CapacityPolicy",
        "metadata": {"name": "platform", "namespace": "team"},
        "spec": {"limits": {"maxNodes": 5}},
    }
    items = req.required_resources["capacity-policy"].items
    items.add().resource.CopyFrom(structs.from_data(document))
    answered = answer(req, FIRST)
    message = answered["conditions"][1]["message"]
    assert message.count("the plan may reach 3024 nodes") == 8
    assert message.endswith("and 1000 more")
