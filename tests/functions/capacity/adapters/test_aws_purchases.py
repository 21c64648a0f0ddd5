"""Capacity reservations and blocks: what is bought with leave, and what nothing buys."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support import plans
from support.capacity_requests import answer, request
from support.following import now_of
from trimtab.errors import InputError
from trimtab.inventory.model import Approval
from trimtab.inventory.purchase import BlockLine, ReservationLine
from trimtab_functions.capacity.adapters.capacity_block import CapacityBlockReservation
from trimtab_functions.capacity.adapters.capacity_reservation import CapacityReservation
from trimtab_functions.capacity.adapters.followers import Follower

SITE = {"provider": "aws", "region": "us-east-1", "zones": ["us-east-1a"]}
LABELS = {"trimtab.dev/pool": "trainer", "trimtab.dev/group": "main"}
RESERVATION: dict[str, Any] = {
    "apiVersion": "ec2.aws.m.upbound.io/v1beta1",
    "kind": "CapacityReservation",
    "metadata": {"labels": LABELS},
    "spec": {"forProvider": {"region": "us-east-1", "tags": {"own": "yes"}}},
}
BLOCK: dict[str, Any] = {
    "apiVersion": "ec2.aws.m.upbound.io/v1beta1",
    "kind": "CapacityBlockReservation",
    "metadata": {
        "labels": LABELS,
        "annotations": {
            "trimtab.dev/starts-at": "2026-12-01T11:30:00Z",
            "trimtab.dev/ends-at": "2026-12-03T11:30:00Z",
            "trimtab.dev/fee-usd": "9000",
            "trimtab.dev/instance-count": "4",
        },
    },
    "spec": {"forProvider": {"region": "us-east-1", "capacityBlockOfferingId": "cbo-1"}},
}
LINE = ReservationLine(
    plan="example", pool="trainer", group="main", region="us-east-1", zone="us-east-1a",
    instance_type="p4d.24xlarge", quantity=1, usd_per_hour=32.77,
)  # fmt: skip
BLOCK_LINE = BlockLine(
    plan="example", pool="trainer", group="main", region="us-east-1", zone="us-east-1a",
    instance_type="p4d.24xlarge", quantity=4, offering_id="cbo-1", fee_usd=9000.0,
    starts=datetime(2026, 12, 1, 11, 30, tzinfo=UTC),
    ends=datetime(2026, 12, 3, 11, 30, tzinfo=UTC),
)  # fmt: skip
LEAVE = Approval(
    "yes", "example", LINE.digest(), 1, 33.0, "finops", datetime(2026, 10, 1, tzinfo=UTC),
    datetime(2027, 1, 1, tzinfo=UTC),
)  # fmt: skip
BLOCK_LEAVE = replace(LEAVE, commitment=BLOCK_LINE.digest(), quantity=4, ceiling_usd_per_hour=50.0)
KINDS = [
    (CapacityReservation(), RESERVATION, LINE, LEAVE),
    (CapacityBlockReservation(), BLOCK, BLOCK_LINE, BLOCK_LEAVE),
]


def a_plan(**group: Any) -> Any:
    changed = plans.group("main", group.pop("purchase", {"option": "on-demand"}), **group)
    return plans.plan(pools=[plans.pool(groups=[changed])], site=SITE)


def now(*approvals: Approval, plan: Any = None) -> Any:
    return now_of(plan or a_plan(), 0, "main", approvals=approvals)


def stating(base: dict[str, Any], **provider: Any) -> dict[str, Any]:
    fields = {**base["spec"]["forProvider"], **provider}
    return {**base, "spec": {**base["spec"], "forProvider": fields}}


def as_observed(document: Any, *, bought: bool) -> dict[str, Any]:
    provider = {**document["spec"]["forProvider"]}
    provider["tags"] = {**provider["tags"], "crossplane-name": "x"}
    found = {**document, "spec": {**document["spec"], "forProvider": provider}}
    found["metadata"] = {**document["metadata"], "uid": "1"}
    if bought:
        found["metadata"]["annotations"] = {"crossplane.io/external-name": "cr-0123"}
        found["status"] = {"atProvider": {"id": "cr-0123"}}
    return found


NOT_ENOUGH: list[tuple[str, dict[str, Any], str]] = [
    ("another line", {"commitment": plans.DIGEST}, "no approval names the line sha256:"),
    ("another plan's", {"plan": "other"}, "it is for the plan other"),
    ("too few", {"quantity": 0}, "are to be bought on it, and 0 are approved"),
    ("too dear", {"ceiling_usd_per_hour": 20.0}, "is above its ceiling of $20"),
]


@pytest.mark.parametrize(("follower", "base", "line", "leave"), KINDS)
@pytest.mark.parametrize(("changes", "why"), [each[1:] for each in NOT_ENOUGH])
def test_what_is_not_approved_is_not_bought_and_the_reason_says_how_to_approve_it(
    follower: Follower, base: Any, line: Any, leave: Approval, changes: dict[str, Any], why: str
) -> None:
    told = follower.follow(base, None, now(replace(leave, **changes)))
    assert (told.document, told.refused) == (None, True)
    assert why in (told.reason or "")
    for part in (
        f"spec: {{plan: example, commitment: '{line.digest()}', quantity: {line.quantity}, ",
        f"ceilingUsdPerHour: {line.usd_per_hour:.6g}, approvedBy: <who>",
        "labels: {trimtab.dev/plan: example}",
    ):
        assert part in (told.reason or "")
    assert "\n" not in (told.reason or "")


@pytest.mark.parametrize(("follower", "base", "line", "leave"), KINDS)
def test_without_any_approval_nothing_is_bought(
    follower: Follower, base: Any, line: Any, leave: Approval
) -> None:
    told = follower.follow(base, None, now())
    assert (told.document, told.refused) == (None, True)
    assert (told.reason or "").startswith(f"no approval names the line {line.digest()}")
    assert follower.held(base, None) is None
    assert leave.commitment == line.digest()


@pytest.mark.parametrize(("follower", "base", "line", "leave"), KINDS)
def test_what_is_approved_is_bought_and_never_deleted(
    follower: Follower, base: Any, line: Any, leave: Approval
) -> None:
    told = follower.follow(base, None, now(leave))
    assert (told.reason, told.refused, told.claim) == ("approved by yes", False, line.digest())
    assert told.document is not None
    spec = told.document["spec"]
    assert spec["managementPolicies"] == ["Observe", "Create", "Update"]
    own = {**base["spec"]["forProvider"], "tags": spec["forProvider"]["tags"]}
    assert {**spec["forProvider"], **own} == spec["forProvider"]
    tags = spec["forProvider"]["tags"]
    assert tags["trimtab:commitment"] == line.digest()
    assert (tags["trimtab:approval"], tags["team"]) == ("yes", "vision")
    if isinstance(line, ReservationLine):
        bought = {key: spec["forProvider"][key] for key in ("instanceType", "instanceCount")}
        assert bought == {"instanceType": "p4d.24xlarge", "instanceCount": 1}
        assert spec["forProvider"]["availabilityZone"] == "us-east-1a"
        assert tags["own"] == "yes"


@pytest.mark.parametrize(("follower", "base", "line", "leave"), KINDS)
@pytest.mark.parametrize("approved", [True, False])
def test_what_is_bought_stays_as_it_is_with_and_without_its_approval(
    follower: Follower, base: Any, line: Any, leave: Approval, approved: bool
) -> None:
    made = follower.follow(base, None, now(leave)).document
    exists = as_observed(made, bought=True)
    told = follower.follow(base, exists, now(*([leave] if approved else [])))
    assert made is not None
    assert told.document is not None
    assert told.document["spec"]["forProvider"] == made["spec"]["forProvider"]
    assert told.document["spec"]["managementPolicies"] == ["Observe", "Update"]
    assert (told.refused, told.claim) == (False, line.digest())
    assert follower.held(base, exists) == told.document


@pytest.mark.parametrize(("follower", "base", "line", "leave"), KINDS)
def test_what_was_asked_for_and_lost_its_leave_before_it_was_bought_is_only_observed(
    follower: Follower, base: Any, line: Any, leave: Approval
) -> None:
    pending = as_observed(follower.follow(base, None, now(leave)).document, bought=False)
    assert line.digest() == leave.commitment
    for told in (follower.follow(base, pending, now()).document, follower.held(base, pending)):
        assert told is not None
        assert told["spec"]["managementPolicies"] == ["Observe"]
    again = follower.follow(base, pending, now(leave)).document
    assert again is not None
    assert again["spec"]["managementPolicies"] == ["Observe", "Create", "Update"]


def bought(count: int) -> dict[str, Any]:
    line = replace(LINE, quantity=count)
    base = stating(RESERVATION, instanceCount=count)
    leave = replace(LEAVE, commitment=line.digest(), quantity=count)
    made = CapacityReservation().follow(base, None, now(leave)).document
    return as_observed(made, bought=True)


@pytest.mark.parametrize(("asked", "leaves", "count", "refused"), [
    (4, (), 2, True),
    (4, (replace(LEAVE, quantity=4),), 2, True),
    (4, (replace(LEAVE, commitment=replace(LINE, quantity=4).digest(), quantity=4),), 4, False),
    (4, (replace(LEAVE, commitment=replace(LINE, quantity=4).digest(), quantity=3),), 2, True),
    (1, (), 2, False),
    (0, (), 2, False),
])  # fmt: skip
def test_a_reservation_grows_with_leave_alone_and_is_never_made_smaller(
    asked: int, leaves: tuple[Approval, ...], count: int, refused: bool
) -> None:
    base = stating(RESERVATION, instanceCount=asked)
    told = CapacityReservation().follow(base, bought(2), now(*leaves))
    assert told.document is not None
    assert told.document["spec"]["forProvider"]["instanceCount"] == count
    assert told.refused is refused
    assert ("Delete" in told.document["spec"]["managementPolicies"]) is False


def test_a_plan_that_wants_more_than_is_bought_is_told_and_is_no_refusal() -> None:
    more = a_plan(windows=plans.windows((5, 5, 5), hours=12))
    told = CapacityReservation().follow(RESERVATION, bought(2), now(plan=more))
    assert told.document is not None
    assert told.document["spec"]["forProvider"]["instanceCount"] == 2
    assert told.refused is False
    assert (told.reason or "").startswith("kept as large as it is: no approval names the line")


def test_a_count_of_the_templates_that_is_larger_than_what_is_approved_is_refused() -> None:
    base = stating(RESERVATION, instanceCount=9)
    told = CapacityReservation().follow(base, None, now(LEAVE))
    assert (told.document, told.refused) == (None, True)
    assert f"'{replace(LINE, quantity=9).digest()}', quantity: 9" in (told.reason or "")


def test_a_reservation_that_is_named_is_held_already_and_only_observed() -> None:
    named = {**RESERVATION["metadata"], "annotations": {"crossplane.io/external-name": "cr-9"}}
    told = CapacityReservation().follow({**RESERVATION, "metadata": named}, None, now())
    assert told.document is not None
    assert told.document["spec"]["managementPolicies"] == ["Observe"]
    assert told.document["spec"]["forProvider"] == RESERVATION["spec"]["forProvider"]
    assert told.reason == "cr-9 is held already"


def test_the_nodes_that_every_window_has_are_reserved_and_none_where_one_has_none() -> None:
    windows = plans.windows((3, 3, 4), (2, 3, 6), (0, 0, 4))
    told = CapacityReservation().follow(RESERVATION, None, now(plan=a_plan(windows=windows)))
    assert (told.document, told.reason) == (None, "the plan needs none")
    windows = plans.windows((3, 3, 4), (2, 3, 6), (5, 5, 5))
    told = CapacityReservation().follow(RESERVATION, None, now(plan=a_plan(windows=windows)))
    assert "quantity: 2" in (told.reason or "")


@pytest.mark.parametrize(("base", "plan", "message"), [
    (stating(RESERVATION, region="eu-west-1"), None,
     "trainer/main: the plan is for us-east-1, and this would buy in eu-west-1"),
    (stating(RESERVATION, instanceType="p5.48xlarge"), None,
     "trainer/main: the plan's group does not run p5.48xlarge; buy p4d.24xlarge"),
    (RESERVATION, plans.plan(pools=[plans.pool(groups=[plans.group("main", {"option": "on-demand"})])]),
     "trainer/main: no zone is stated to buy in; give spec.forProvider.availabilityZone"),
    (RESERVATION, a_plan(purchase={"option": "spot", "pools": 1}),
     "trainer/main: no reservation serves spot nodes"),
    (stating(RESERVATION, endDate="soon"), None, "trainer/main: endDate: "),
])  # fmt: skip
def test_what_can_not_be_reserved_is_refused(base: Any, plan: Any, message: str) -> None:
    with pytest.raises(InputError) as error:
        CapacityReservation().follow(base, None, now(plan=plan))
    assert str(error.value).startswith(message)


def noted(**notes: str | None) -> dict[str, Any]:
    given = {**BLOCK["metadata"]["annotations"]}
    for key, value in notes.items():
        given[f"trimtab.dev/{key.replace('_', '-')}"] = value
    kept = {key: value for key, value in given.items() if value is not None}
    return {**BLOCK, "metadata": {**BLOCK["metadata"], "annotations": kept}}


@pytest.mark.parametrize(("base", "message"), [
    (noted(starts_at=None), "trainer/main: the block's span is not stated; give the annotation"),
    (noted(ends_at="later"), "trainer/main: trimtab.dev/ends-at: "),
    (noted(ends_at="2026-12-01T11:30:00Z"), "capacity-block of trainer/main: a capacity block must"),
    (noted(fee_usd="-1"), "trainer/main: trimtab.dev/fee-usd: '-1' is no price"),
    (noted(instance_count="1.5"), "trainer/main: trimtab.dev/instance-count: '1.5' is no count"),
    ({**BLOCK, "spec": {"forProvider": {}}}, "trainer/main: names no offering to buy"),
])  # fmt: skip
def test_a_block_that_is_not_wholly_stated_is_refused(base: Any, message: str) -> None:
    with pytest.raises(InputError) as error:
        CapacityBlockReservation().follow(base, None, now())
    assert str(error.value).startswith(message)


def test_a_block_without_a_price_can_not_be_approved() -> None:
    told = CapacityBlockReservation().follow(noted(fee_usd=None), None, now(BLOCK_LEAVE))
    assert (told.document, told.refused) == (None, True)
    assert (told.reason or "").endswith("what is not priced can't be approved")


STEPS = st.lists(
    st.tuples(
        st.one_of(st.none(), st.integers(0, 6)),  # the template's count
        st.integers(0, 6),  # the plan's least
        st.integers(0, 6),  # nodes that are approved; 0: none
        st.sampled_from([10.0, 40.0]),  # the ceiling
        st.sampled_from(["follow", "hold"]),
        st.booleans(),  # whether AWS has sold it by now
    ),
    max_size=12,
)


@settings(max_examples=300, deadline=None)
@given(STEPS)
def test_whatever_comes_nothing_is_bought_without_leave_and_nothing_bought_is_lost(
    steps: list[tuple[int | None, int, int, float, str, bool]],
) -> None:
    follower, exists, held = CapacityReservation(), None, 0
    for asked, least, approved, ceiling, how, sold in steps:
        base = RESERVATION if asked is None else stating(RESERVATION, instanceCount=asked)
        plan = a_plan(windows=plans.windows((least, least, 6), hours=12))
        wanted = replace(LINE, quantity=max(1, least if asked is None else asked))
        leave = replace(
            LEAVE, commitment=wanted.digest(), quantity=approved, ceiling_usd_per_hour=ceiling
        )
        leaves = [leave] if approved else []
        has_leave = approved >= wanted.quantity and ceiling > 32.77
        if how == "hold":
            made = follower.held(base, exists)
        else:
            made = follower.follow(base, exists, now(*leaves, plan=plan)).document
        if made is None:
            assert held == 0
            continue
        policies = made["spec"]["managementPolicies"]
        assert "Delete" not in policies
        if "Create" in policies:
            assert (held, how, has_leave) == (0, "follow", True)
        if held:
            count = made["spec"]["forProvider"]["instanceCount"]
            assert count >= held
            assert count == held or (has_leave and count == wanted.quantity)
            held = count
        bought_now = sold and "Create" in policies
        exists = as_observed(made, bought=bool(held) or bought_now)
        if bought_now:
            held = made["spec"]["forProvider"]["instanceCount"]


def document(approval: Approval, **changes: Any) -> dict[str, Any]:
    spec = {
        "plan": approval.plan,
        "commitment": approval.commitment,
        "quantity": approval.quantity,
        "ceilingUsdPerHour": approval.ceiling_usd_per_hour,
        "approvedBy": approval.approved_by,
        "approvedAt": approval.approved_at.isoformat(),
        "expires": approval.expires.isoformat(),
        **changes,
    }
    return {
        "apiVersion": "trimtab.dev/v1alpha1",
        "kind": "CommitmentApproval",
        "metadata": {
            "name": approval.name,
            "namespace": "team",
            "labels": {"trimtab.dev/plan": "example"},
        },
        "spec": spec,
    }


PLAN_SENT = plans.plan_data(
    pools=[plans.pool(groups=[plans.group("main", {"option": "on-demand"})])], site=SITE
)


@pytest.mark.parametrize(("approvals", "bought"), [
    ([document(LEAVE)], True),
    ([document(LEAVE, expires="2026-11-01T00:30:00Z")], False),
    ([document(LEAVE, approvedAt="2026-11-02T00:00:00Z")], False),
    ([document(LEAVE, commitment=plans.DIGEST)], False),
    ([], False),
    (None, False),
])  # fmt: skip
def test_the_function_buys_once_on_an_approval_that_holds_now(
    approvals: list[dict[str, Any]] | None, bought: bool
) -> None:
    twice = {"one": RESERVATION, "two": RESERVATION}
    req = request(PLAN_SENT, mode="Inject", desired=twice)
    if approvals is not None:
        req.required_resources["commitment-approvals"].SetInParent()
        for each in approvals:
            req.required_resources["commitment-approvals"].items.add().resource.update(each)
    told = answer(req, plans.START.replace(hour=1))
    assert list(told["desired"].get("resources", {})) == (["one"] if bought else [])
    if bought:
        assert (
            "trainer/main: two: one is given the same already" in told["conditions"][1]["message"]
        )
