"""CommitmentApprovals: asked for where something acts on them, judged by the clock, never guessed."""

from datetime import timedelta
from typing import Any

from support import plans
from support.capacity_cases import FIRST, KEY, plan
from support.capacity_requests import answer, request
from trimtab.inventory.purchase import ReservationLine
from trimtab_functions import structs

SITE = {"provider": "aws", "region": "us-east-1", "zones": ["us-east-1a"]}
PLAN = plan(site=SITE)
RESERVATION: dict[str, Any] = {
    "apiVersion": "ec2.aws.m.upbound.io/v1beta1",
    "kind": "CapacityReservation",
    "metadata": {"labels": {"trimtab.dev/pool": "trainer", "trimtab.dev/group": "main"}},
    "spec": {"forProvider": {"region": "us-east-1"}},
}
LINE = ReservationLine(
    plan="example", pool="trainer", group="main", region="us-east-1", zone="us-east-1a",
    instance_type="p4d.24xlarge", quantity=1, usd_per_hour=32.77,
)  # fmt: skip
HOUR = timedelta(hours=1)


def approval(name: str = "yes", **spec: Any) -> dict[str, Any]:
    given = {
        "plan": "example",
        "commitment": LINE.digest(),
        "quantity": 1,
        "ceilingUsdPerHour": 40.0,
        "approvedBy": "finops",
        "approvedAt": "2026-10-01T00:00:00Z",
        "expires": "2026-12-01T00:00:00Z",
        **spec,
    }
    labels = {"trimtab.dev/plan": "example"}
    return {
        "apiVersion": "trimtab.dev/v1alpha1",
        "kind": "CommitmentApproval",
        "metadata": {"name": name, "namespace": "team", "labels": labels},
        "spec": given,
    }


def told(*approvals: Any, fetched: bool = True, now: Any = FIRST, **observed: Any) -> Any:
    req = request(PLAN, desired={"hold": RESERVATION}, observed=observed)
    if fetched:
        req.required_resources["commitment-approvals"].SetInParent()
    for each in approvals:
        items = req.required_resources["commitment-approvals"].items
        items.add().resource.CopyFrom(structs.from_data(each))
    return answer(req, now)


def bought(answered: Any) -> bool:
    return "hold" in answered["desired"].get("resources", {})


def test_approvals_are_asked_for_only_where_something_acts_on_them() -> None:
    assert told()["requirements"]["resources"]["commitment-approvals"] == {
        "apiVersion": "trimtab.dev/v1alpha1",
        "kind": "CommitmentApproval",
        "matchLabels": {"labels": {"trimtab.dev/plan": "example"}},
        "namespace": "team",
    }
    assert list(answer(request(PLAN), FIRST)["requirements"]["resources"]) == ["capacity-plan"]


def test_only_an_approved_line_is_bought() -> None:
    assert bought(told(approval()))
    assert not bought(told())
    assert not bought(told(approval(commitment=plans.DIGEST)))
    assert not bought(told(fetched=False))


def test_an_approval_holds_from_when_it_was_given_until_it_expires() -> None:
    begins = (FIRST + HOUR).isoformat()
    early = told(approval(approvedAt=begins), now=FIRST + HOUR - timedelta(seconds=9))
    assert not bought(early)
    assert early["meta"]["ttl"] == "9s"
    assert bought(told(approval(approvedAt=begins), now=FIRST + HOUR))
    ends = approval(expires=(FIRST + HOUR).isoformat())
    late = told(ends, now=FIRST + HOUR - timedelta(seconds=9))
    assert bought(late)
    assert late["meta"]["ttl"] == "9s"
    assert not bought(told(ends, now=FIRST + HOUR))


def test_what_was_bought_stays_when_its_approval_ends_or_is_not_fetched() -> None:
    made = told(approval())["desired"]["resources"]["hold"]["resource"]
    exists = {**made, "status": {"atProvider": {"id": "cr-1"}}}
    for answered in (told(hold=exists), told(fetched=False, hold=exists)):
        assert bought(answered)
    lost = told(approval(), hold=exists, fetched=True, now=plans.START + 20 * HOUR)
    assert lost["conditions"][0]["reason"] == "PlanExpired"
    assert bought(lost)


def test_an_approval_that_cannot_be_read_approves_nothing_and_is_told() -> None:
    answered = told(approval("broken", quantity="one"))
    assert not bought(answered)
    assert "CommitmentApproval team/broken: spec.quantity" in answered["conditions"][1]["message"]
    assert bought(told(approval("broken", quantity="one"), approval()))
    assert KEY in answered["desired"]["resources"]


def test_one_approval_buys_once_though_the_template_takes_another_name_or_goes() -> None:
    asked = told(approval())["desired"]["resources"]["hold"]["resource"]
    named = {**asked["metadata"], "annotations": {"crossplane.io/external-name": "cr-0123"}}
    status = {"atProvider": {"id": "cr-0123"}}
    for exists in (asked, {**asked, "metadata": named, "status": status}):
        for desired in ({"renamed": RESERVATION}, {}):
            req = request(PLAN, desired=desired, observed={"hold": exists})
            item = req.required_resources["commitment-approvals"].items.add()
            item.resource.CopyFrom(structs.from_data(approval()))
            found = answer(req, FIRST)
            assert set(found["desired"]["resources"]) & {"hold", "renamed"} == {"hold"}
            policies = found["desired"]["resources"]["hold"]["resource"]["spec"]
            assert not {"Create", "Delete"} & set(policies["managementPolicies"])
            message = found["conditions"][1]["message"]
            assert ("renamed: hold is given the same already" in message) is bool(desired)


def test_what_was_bought_is_let_go_when_a_person_deletes_it() -> None:
    asked = told(approval())["desired"]["resources"]["hold"]["resource"]
    going = {**asked["metadata"], "deletionTimestamp": "2026-11-01T00:00:00Z"}
    found = answer(request(PLAN, observed={"hold": {**asked, "metadata": going}}), FIRST)
    assert "hold" not in found["desired"]["resources"]


def test_one_approval_buys_once_inside_an_object_too() -> None:
    labels = RESERVATION["metadata"]["labels"]
    wrapped = {
        "apiVersion": "kubernetes.m.crossplane.io/v1alpha1",
        "kind": "Object",
        "metadata": {"labels": labels},
        "spec": {"forProvider": {"manifest": RESERVATION}},
    }

    def found(desired: dict[str, Any], observed: dict[str, Any]) -> dict[str, Any]:
        req = request(PLAN, desired=desired, observed=observed)
        item = req.required_resources["commitment-approvals"].items.add()
        item.resource.CopyFrom(structs.from_data(approval()))
        resources: dict[str, Any] = answer(req, FIRST)["desired"]["resources"]
        return resources

    exists = {"hold": found({"hold": wrapped}, {})["hold"]["resource"]}
    assert set(found({"renamed": wrapped}, exists)) & {"hold", "renamed"} == {"hold"}
