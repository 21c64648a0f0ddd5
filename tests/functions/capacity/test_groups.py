"""Which node groups are composed, in whose words, and what the status tells of them."""

from typing import Any

from support import plans
from support.capacity_cases import (
    FIRST,
    KEY,
    PLAN,
    SECOND,
    condition,
    expected_group,
    plan,
    running,
)
from support.capacity_requests import NODE_GROUP, answer, request
from trimtab.plan.document import parse_plan


def test_the_status_says_which_plan_and_window_hold_and_what_it_costs() -> None:
    unpriced = plans.group("spot", {"option": "spot", "pools": 1}, expected={"nodes": 2.0})
    sent = plan(plans.group("main", {"option": "on-demand"}), unpriced)
    told = answer(request(sent), SECOND)
    assert told["desired"]["composite"]["resource"]["status"]["capacity"] == {
        "plan": {
            "name": "example",
            "namespace": "team",
            "digest": parse_plan(sent, "plan").digest,
            "validUntil": "2026-11-01T12:00:00Z",
            "source": "CapacityPlan team/example",
        },
        "window": {"start": "2026-11-01T04:00:00Z", "end": "2026-11-01T08:00:00Z"},
        "expected": {
            "usdPerHour": 98.31,
            "kgco2ePerHour": 5.7,
            "notPriced": ["trainer/spot"],
        },
        "pools": [
            {
                "name": "trainer",
                "usdPerHour": 60,
                "shortageShare": 0.001,
                "why": "trailing 30 d: cheapest on the replayed history",
            }
        ],
        "groups": [
            {
                "pool": "trainer",
                "name": "main",
                "resource": KEY,
                "state": "Planned",
                "generation": "0a1b2c",
                "purchaseOption": "on-demand",
                "min": 3,
                "desired": 4,
                "max": 6,
                "usdPerHour": 98.31,
                "kgco2ePerHour": 5.7,
                "why": (
                    "on-demand is 60% of the pool's planned capacity; the plan has 3-4-6 nodes "
                    "from 2026-11-01T04:00:00Z to 2026-11-01T08:00:00Z"
                ),
            },
            {
                "pool": "trainer",
                "name": "spot",
                "resource": "trainer-spot-0a1b2c",
                "state": "Planned",
                "generation": "0a1b2c",
                "purchaseOption": "spot",
                "min": 3,
                "desired": 4,
                "max": 6,
                "why": (
                    "spot is 40% of the pool's planned capacity; the plan has 3-4-6 nodes "
                    "from 2026-11-01T04:00:00Z to 2026-11-01T08:00:00Z"
                ),
            },
        ],
    }


def test_every_purchase_option_is_composed_in_ekss_words() -> None:
    block = {"option": "capacity-block", "reservationId": "cr-1", "endsAt": "2026-12-01T00:00:00Z"}
    taint = {"key": "trimtab.dev/purchase-option", "value": "spot", "effect": "NoSchedule"}
    sent = plan(
        plans.group("reserved", {"option": "reserved", "term": "1y"}),
        plans.group("spot", {"option": "spot", "pools": 2}, taints=[taint]),
        plans.group("block", block),
        plans.group("metal", {"option": "owned", "site": "oslo"}),
    )
    launch = {"pool": "trainer", "group": "block", "id": "lt-1", "version": "3"}
    digest = parse_plan(sent, "plan").digest
    told = answer(request(sent, spec={"launchTemplates": [launch]}), FIRST)

    def group(name: str, option: str, capacity_type: str, **provider: Any) -> dict[str, Any]:
        document = expected_group(
            2,
            4,
            3,
            group=name,
            option=option,
            digest=digest,
            capacityType=capacity_type,
            **provider,
        )
        if option == "capacity-block":
            del document["spec"]["forProvider"]["instanceTypes"]  # the launch template's
        return {"resource": document, "ready": "READY_FALSE"}

    eks_taint = {**taint, "effect": "NO_SCHEDULE"}
    assert told["desired"]["resources"] == {
        "trainer-reserved-0a1b2c": group("reserved", "reserved", "ON_DEMAND"),
        "trainer-spot-0a1b2c": group("spot", "spot", "SPOT", taint=[eks_taint]),
        "trainer-block-0a1b2c": group(
            "block",
            "capacity-block",
            "CAPACITY_BLOCK",
            launchTemplate={"id": "lt-1", "version": "3"},
            updateConfig={"maxUnavailable": 1, "updateStrategy": "MINIMAL"},
        ),
    }


def test_a_group_that_eks_cannot_provision_is_refused_and_the_others_are_not() -> None:
    held = {"option": "reserved", "term": "open", "reservation": {"id": "mine"}}
    sent = plan(plans.group("main", {"option": "on-demand"}), plans.group("held", held))
    told = answer(request(sent), FIRST)
    assert list(told["desired"]["resources"]) == [KEY]
    message = (
        "trainer/held: pool trainer, group held: purchase.reservation.id: mine is no id of a capacity "
        "reservation; give the id that AWS gave it, such as cr-0123456789abcdef0, in the inventory"
    )
    assert told["conditions"][1] == condition(
        "CapacityPlanned", ("FALSE", "GroupsRefused", message)
    )
    assert told["results"][:1] == [
        {"severity": "SEVERITY_WARNING", "message": f"GroupsRefused: {message}"}
    ]


def test_of_many_refusals_the_first_are_told_and_the_others_counted() -> None:
    held = {"option": "reserved", "term": "open", "reservation": {"id": "mine"}}
    sent = plan(*(plans.group(f"held-{each}", held) for each in range(10, 21)))
    message = answer(request(sent), FIRST)["conditions"][1]["message"]
    assert message.count("no id of a capacity reservation") == 8
    assert message.endswith("; and 3 more")
    # The condition has it whole; an event takes no more than 1 kB.
    (event,) = answer(request(sent), FIRST)["results"]
    assert event["message"].startswith("GroupsRefused: trainer/held-10")
    assert len(event["message"]) == 1000


def test_node_groups_that_are_alike_keep_their_own_keys() -> None:
    alike = {"one": running(4), "two": running(4)}
    assert sorted(answer(request(observed=alike), FIRST)["desired"]["resources"]) == ["one", "two"]


def test_what_others_desire_passes_unharmed() -> None:
    bucket = {
        "apiVersion": "s3.aws.m.upbound.io/v1beta1",
        "kind": "Bucket",
        "spec": {"a": [None, {}]},
    }
    foreign = {**NODE_GROUP, "spec": {"forProvider": {"region": "eu-west-1"}}}
    req = request(PLAN, desired={"bucket": bucket, "nodes": foreign})
    req.desired.composite.resource.update({"status": {"capacity": 1, "url": "https://a"}})
    req.context.update({"key": "value"})
    told = answer(req, FIRST)
    assert told["context"] == {"key": "value"}
    assert told["desired"]["resources"]["bucket"] == {"resource": bucket}
    assert told["desired"]["resources"]["nodes"] == {"resource": foreign}
    assert told["desired"]["composite"]["resource"]["status"]["url"] == "https://a"
