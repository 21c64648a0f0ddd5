"""Launch templates, scheduled actions and Lambda's concurrency that follow a pool or a group."""

from typing import Any

import pytest

from support import plans
from support.capacity_requests import answer, request
from support.following import now_of
from trimtab.errors import InputError
from trimtab.policy.model import Stability
from trimtab_functions.capacity.adapters.autoscaling_schedule import ScheduledAction
from trimtab_functions.capacity.adapters.lambda_concurrency import (
    ProvisionedConcurrency,
    ReservedConcurrency,
)
from trimtab_functions.capacity.adapters.launch_template import LaunchTemplate

ARN = "arn:aws:resource-groups:us-east-1:111122223333:group/reserved"
HELD = {"option": "reserved", "term": "open", "reservation": {"id": "cr-0123456789abcdef0"}}
GROUPED = {"option": "reserved", "term": "open", "reservation": {"groupArn": ARN}}
BLOCK = {"option": "capacity-block", "reservationId": "cr-1", "endsAt": "2026-12-01T00:00:00Z"}
TEMPLATE: dict[str, Any] = {
    "apiVersion": "ec2.aws.m.upbound.io/v1beta1",
    "kind": "LaunchTemplate",
    "metadata": {"labels": {"trimtab.dev/pool": "trainer", "trimtab.dev/group": "main"}},
    "spec": {
        "managementPolicies": ["*"],
        "forProvider": {
            "region": "us-east-1",
            "imageId": "ami-1",
            "tags": {"own": "yes", "team": "mine"},
            "tagSpecifications": [
                {"resourceType": "instance", "tags": {"own": "yes"}},
                {"resourceType": "network-interface", "tags": {"a": "b"}},
            ],
        },
    },
}
OWNER = {"team": "vision", "project": "multimodal", "model": "mm-7b", "managed-by": "trimtab"}
MACHINES = {**OWNER, "trimtab:pool": "trainer"}


def of(purchase: dict[str, Any] | None = None, **pool: Any) -> Any:
    group = plans.group("main", purchase or {"option": "on-demand"})
    return plans.plan(pools=[plans.pool(**{"groups": [group], **pool})])


@pytest.mark.parametrize(("purchase", "fields"), [
    ({"option": "on-demand"}, {}),
    (HELD, {"capacityReservationSpecification": {
        "capacityReservationTarget": {"capacityReservationId": "cr-0123456789abcdef0"}}}),
    (GROUPED, {"capacityReservationSpecification": {
        "capacityReservationTarget": {"capacityReservationResourceGroupArn": ARN}}}),
    (BLOCK, {
        "capacityReservationSpecification": {
            "capacityReservationTarget": {"capacityReservationId": "cr-1"}},
        "instanceMarketOptions": {"marketType": "capacity-block"},
        "instanceType": "p4d.24xlarge"}),
])  # fmt: skip
def test_a_template_gets_what_its_group_holds_and_whose_it_is(
    purchase: dict[str, Any], fields: dict[str, Any]
) -> None:
    plan = of(purchase)
    told = LaunchTemplate().follow(TEMPLATE, None, now_of(plan, 0, "main"))
    option = purchase["option"]
    machines = {**MACHINES, "trimtab:group": "main", "trimtab:purchase-option": option}
    resource = {**machines, "trimtab:plan": "example", "trimtab:plan-digest": plan.digest}
    assert told.document == {
        **TEMPLATE,
        "spec": {
            "managementPolicies": ["Observe", "Create", "Update", "Delete"],
            "forProvider": {
                "region": "us-east-1",
                "imageId": "ami-1",
                "tags": {"own": "yes", **resource},
                "tagSpecifications": [
                    {"resourceType": "instance", "tags": {"own": "yes", **machines}},
                    {"resourceType": "network-interface", "tags": {"a": "b"}},
                    {"resourceType": "volume", "tags": machines},
                ],
                **fields,
            },
        },
    }


def test_a_template_of_a_whole_pool_gets_tags_alone() -> None:
    plan = of(groups=[plans.group("main", {"option": "on-demand"}),
                      plans.group("metal", {"option": "owned", "site": "oslo"})])  # fmt: skip
    told = LaunchTemplate().follow(TEMPLATE, None, now_of(plan))
    assert told.document is not None
    specified = told.document["spec"]["forProvider"]["tagSpecifications"]
    assert specified[-1] == {"resourceType": "volume", "tags": MACHINES}


def test_a_template_of_a_whole_pool_can_not_name_what_one_group_holds() -> None:
    with pytest.raises(InputError, match="group main runs on capacity that a launch template must"):
        LaunchTemplate().follow(TEMPLATE, None, now_of(of(HELD)))


def test_another_plan_of_the_same_groups_makes_no_other_version() -> None:
    first, second = of(HELD), of(HELD, shortageTolerance=0.02)
    made = [
        LaunchTemplate().follow(TEMPLATE, None, now_of(each, 0, "main")) for each in (first, second)
    ]
    one, two = [dict(each.document["spec"]["forProvider"]) for each in made if each.document]
    assert one.pop("tags") != two.pop("tags")
    assert one == two


def test_a_template_waits_for_a_plan_and_keeps_what_one_gave_it() -> None:
    assert LaunchTemplate().held(TEMPLATE, None) is None
    exists = LaunchTemplate().follow(TEMPLATE, None, now_of(of(HELD), 0, "main")).document
    assert exists is not None
    kept = LaunchTemplate().held(TEMPLATE, exists)
    assert kept is not None
    assert kept["spec"] == exists["spec"]


SCHEDULE: dict[str, Any] = {
    "apiVersion": "autoscaling.aws.m.upbound.io/v1beta1",
    "kind": "Schedule",
    "metadata": {"labels": TEMPLATE["metadata"]["labels"]},
    "spec": {"forProvider": {"region": "us-east-1", "autoscalingGroupName": "asg-1"}},
}


@pytest.mark.parametrize(("window", "start", "sizes"), [
    (0, "2026-11-01T04:00:00Z", (3, 6)),
    # Max only grows: a schedule can't see what runs.
    (1, "2026-11-01T08:00:00Z", (1, 6)),
])  # fmt: skip
def test_a_scheduled_action_has_the_next_windows_bounds(
    window: int, start: str, sizes: tuple[int, int]
) -> None:
    told = ScheduledAction().follow(SCHEDULE, None, now_of(of(), window, "main"))
    assert told.document is not None
    assert told.document["spec"]["forProvider"] == {
        "region": "us-east-1", "autoscalingGroupName": "asg-1", "startTime": start,
        "minSize": sizes[0], "maxSize": sizes[1], "desiredCapacity": -1,
    }  # fmt: skip
    assert told.reason == f"from {start} on"


def test_a_scheduled_action_without_a_window_ahead_is_withheld() -> None:
    told = ScheduledAction().follow(SCHEDULE, None, now_of(of(), 2, "main"))
    assert (told.document, told.reason) == (None, "the plan has no window ahead")
    assert ScheduledAction().held(SCHEDULE, None) is None


def a_lambda(kind: str, **provider: Any) -> dict[str, Any]:
    return {
        "apiVersion": "lambda.aws.m.upbound.io/v1beta1",
        "kind": kind,
        "metadata": {"labels": {"trimtab.dev/pool": "trainer"}},
        "spec": {"forProvider": {"region": "us-east-1", **provider}},
    }


FUNCTION = a_lambda("Function", memorySize=512)
WARM = a_lambda("ProvisionedConcurrencyConfig", functionName="chat", qualifier="live")
RESERVED, PROVISIONED = "reservedConcurrentExecutions", "provisionedConcurrentExecutions"
CALM = Stability()


def serving(*sizes: tuple[int, int, int], unit: str = "replicas", per_node: float = 10.0) -> Any:
    group = plans.group(
        "main", {"option": "on-demand"}, windows=plans.windows(*sizes), unitsPerNode=per_node
    )
    return of(groups=[group], unit=unit)


def concurrency(document: Any, field: str) -> Any:
    return document["spec"]["forProvider"][field]


@pytest.mark.parametrize(("sizes", "reserved", "provisioned"), [
    ((2, 3, 5), 50, 20), ((0, 3, 5), 50, 1), ((0, 0, 0), 1, 1),
])  # fmt: skip
def test_the_least_is_kept_warm_and_the_most_is_reserved(
    sizes: tuple[int, int, int], reserved: int, provisioned: int
) -> None:
    now = now_of(serving(sizes))
    made = ReservedConcurrency().follow(FUNCTION, None, now).document
    assert made is not None
    assert concurrency(made, RESERVED) == reserved
    assert made["spec"]["forProvider"]["memorySize"] == 512
    assert made["spec"]["managementPolicies"] == ["Observe", "Create", "Update", "Delete"]
    told = ProvisionedConcurrency().follow(WARM, None, now)
    assert concurrency(told.document, PROVISIONED) == provisioned
    least = "held at 1, the least that Lambda takes"
    assert told.reason == (None if sizes[0] else least)


def test_requests_a_second_need_what_one_execution_serves() -> None:
    plan = serving((2, 3, 5), unit="requests-per-second", per_node=100.0)
    with pytest.raises(InputError, match="is not stated, and demand of pool"):
        ReservedConcurrency().follow(FUNCTION, None, now_of(plan))
    noted = {**FUNCTION["metadata"], "annotations": {"trimtab.dev/units-per-replica": "4"}}
    made = ReservedConcurrency().follow({**FUNCTION, "metadata": noted}, None, now_of(plan))
    assert concurrency(made.document, RESERVED) == 125


def test_concurrency_is_no_gpu() -> None:
    with pytest.raises(InputError, match="concurrency is no gpus"):
        ReservedConcurrency().follow(FUNCTION, None, now_of(serving((1, 1, 1), unit="gpus")))


@pytest.mark.parametrize(("follower", "base", "field", "first", "second"), [
    (ReservedConcurrency(), FUNCTION, RESERVED, 100, 50),
    (ProvisionedConcurrency(), WARM, PROVISIONED, 100, 50),
])  # fmt: skip
def test_it_shrinks_once_a_window_a_part_at_a_time(
    follower: Any, base: Any, field: str, first: int, second: int
) -> None:
    plan = serving((10, 10, 10), (2, 2, 2), (2, 2, 2))
    exists = follower.follow(base, None, now_of(plan, 0, stability=CALM)).document
    assert concurrency(exists, field) == first
    smaller = follower.follow(base, exists, now_of(plan, 1, stability=CALM)).document
    assert concurrency(smaller, field) >= second
    assert concurrency(smaller, field) < first
    again = follower.follow(base, smaller, now_of(plan, 1, stability=CALM)).document
    assert again == smaller
    assert concurrency(follower.held(base, smaller), field) == concurrency(smaller, field)


def test_a_function_is_made_without_a_plan_and_what_is_kept_warm_is_not() -> None:
    made = ReservedConcurrency().held(FUNCTION, None)
    assert made["spec"]["forProvider"] == FUNCTION["spec"]["forProvider"]
    assert ProvisionedConcurrency().held(WARM, None) is None


def test_all_of_them_are_found_by_the_function() -> None:
    sent = plans.plan_data(pools=[plans.pool(
        groups=[plans.group("main", {"option": "on-demand"}, unitsPerNode=2.0)], unit="replicas"
    )])  # fmt: skip
    desired = {"lt": TEMPLATE, "at": SCHEDULE, "fn": FUNCTION, "warm": WARM}
    told = answer(request(sent, mode="Inject", desired=desired), plans.START.replace(hour=1))
    made = {key: each["resource"] for key, each in told["desired"]["resources"].items()}
    assert sorted(made) == sorted(desired)
    assert concurrency(made["fn"], RESERVED) == 8
    assert concurrency(made["warm"], PROVISIONED) == 4
    assert made["at"]["spec"]["forProvider"]["startTime"] == "2026-11-01T04:00:00Z"
    assert made["lt"]["metadata"]["labels"]["trimtab.dev/purchase-option"] == "on-demand"
    assert told["conditions"][1]["reason"] == "AsPlanned"
