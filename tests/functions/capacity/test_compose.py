"""Whole responses of the capacity function, one case a row.

The plan is a pool `trainer` with one on-demand group; its windows of four hours hold 2-3-4, then
3-4-6, then 1-2-4 nodes (min-desired-max).
"""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from support import plans
from support.capacity_requests import NODE_GROUP, answer, request
from trimtab.plan.document import parse_plan

HOUR = timedelta(hours=1)
FIRST, SECOND, THIRD = (plans.START + each * HOUR for each in (1, 5, 9))
AFTER = plans.START + 13 * HOUR
KEY = "trainer-main-0a1b2c"
OLD_KEY = "trainer-main-ffffff"


def plan(*groups: dict[str, Any], pool: Mapping[str, Any] | None = None, **spec: Any) -> Any:
    members = list(groups) or [plans.group("main", {"option": "on-demand"})]
    changes = {"groups": members, **(pool or {})}
    return plans.plan_data(pools=[plans.pool(**changes)], **spec)


PLAN = plan()
DIGEST = parse_plan(PLAN, "plan").digest


def expected_group(
    low: int,
    high: int,
    initial: int,
    *,
    raise_to: int | None = None,
    generation: str = "0a1b2c",
    group: str = "main",
    option: str = "on-demand",
    digest: str = DIGEST,
    **provider: Any,
) -> dict[str, Any]:
    """A composed NodeGroup, in full."""
    name = f"trainer-{group}-{generation}"
    scaling = {"minSize": low, "maxSize": high}
    return {
        **NODE_GROUP,
        "metadata": {
            "labels": {
                "app.kubernetes.io/managed-by": "trimtab",
                "trimtab.dev/plan": "example",
                "trimtab.dev/plan-digest": digest,
                "trimtab.dev/pool": "trainer",
                "trimtab.dev/group": group,
                "trimtab.dev/generation": generation,
                "trimtab.dev/purchase-option": option,
            },
            "annotations": {"crossplane.io/external-name": name},
        },
        "spec": {
            "managementPolicies": ["Observe", "Create", "Update", "Delete"],
            "providerConfigRef": {"kind": "ClusterProviderConfig", "name": "default"},
            "initProvider": {"scalingConfig": {"desiredSize": initial}},
            "forProvider": {
                "region": "us-east-1",
                "clusterName": "ml",
                "nodeRoleArn": "arn:aws:iam::111122223333:role/node",
                "subnetIds": ["subnet-a", "subnet-b"],
                "capacityType": "ON_DEMAND",
                "instanceTypes": ["p4d.24xlarge"],
                "amiType": "AL2023_x86_64_NVIDIA",
                "labels": {
                    "gpu-type": "nvidia-a100",
                    "trimtab.dev/pool": "trainer",
                    "trimtab.dev/group": group,
                    "trimtab.dev/purchase-option": option,
                },
                "tags": {
                    "team": "vision",
                    "project": "multimodal",
                    "model": "mm-7b",
                    "managed-by": "trimtab",
                    "trimtab:plan": "example",
                    "trimtab:plan-digest": digest,
                    "trimtab:pool": "trainer",
                    "trimtab:group": group,
                    "trimtab:purchase-option": option,
                },
                "scalingConfig": scaling
                if raise_to is None
                else {**scaling, "desiredSize": raise_to},
                **provider,
            },
        },
    }


def running(desired: int, *, ready: bool = True, **group: Any) -> dict[str, Any]:
    """The node group as the API server has it, with AWS's desired size."""
    low, high, initial = group.pop("low", 2), group.pop("high", 4), group.pop("initial", 3)
    document = copy.deepcopy(expected_group(low, high, initial, **group))
    document["metadata"]["name"] = "ml-x7k2p"
    document["metadata"]["uid"] = "0f5e"
    document["metadata"]["labels"]["crossplane.io/composite"] = "ml"
    document["spec"]["forProvider"]["tags"]["crossplane-name"] = "ml-x7k2p"
    document["status"] = {
        "atProvider": {"scalingConfig": {"minSize": low, "maxSize": high, "desiredSize": desired}},
        "conditions": [{"type": "Ready", "status": "True" if ready else "False"}],
    }
    return document


@dataclass(frozen=True)
class Case:
    """A request, and what matters of the answer: everything but the requirement and the tag.

    Attributes:
        groups: the node groups desired, by key, with whether each is ready.
        stands: `resource: state min-desired-max (reason)` of each group in the status.
        plan: the condition PlanUsable: its status, reason and message.
        capacity: the condition CapacityPlanned, likewise.
        ready: whether the XR is left to be as ready as its resources are.
    """

    name: str
    plan_sent: Any
    groups: Mapping[str, tuple[dict[str, Any], bool]]
    stands: tuple[str, ...]
    plan: tuple[str, str, str]
    capacity: tuple[str, str, str]
    now: datetime = FIRST
    observed: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    spec: Mapping[str, Any] = field(default_factory=dict)
    ready: bool = True
    ttl: str = "60s"


FOUND = ("TRUE", "PlanFound", f"team/example, digest {DIGEST}")
AS_PLANNED = ("TRUE", "AsPlanned", "node groups with the plan's sizes: 1")
KEPT = ("FALSE", "KeptRunning", f"kept as they are: {KEY}")
NOTHING = ("FALSE", "KeptRunning", "kept as they are: none")
# An autoscaler has moved it from 3 to 4 nodes within 2-4.
RUNNING = {KEY: running(4)}
UNCHANGED = {KEY: (expected_group(2, 4, 3), True)}
HELD = (f"{KEY}: Held 2-4-4",)

OTHER = plan(plans.group("main", {"option": "on-demand"}, windows=plans.windows((0, 0, 0))))
OTHER_DIGEST = parse_plan(OTHER, "plan").digest

CASES = [
    Case(
        "before the plan is fetched nothing is composed",
        False,
        {},
        (),
        ("UNKNOWN", "PlanNotFetched", "waiting for Crossplane to fetch CapacityPlan team/example"),
        NOTHING,
        ready=False,
    ),
    Case(
        "before the plan is fetched what runs is kept",
        False,
        UNCHANGED,
        HELD,
        ("UNKNOWN", "PlanNotFetched", "waiting for Crossplane to fetch CapacityPlan team/example"),
        KEPT,
        observed=RUNNING,
    ),
    Case(
        "without the plan what runs is kept, and the user is told to create it",
        None,
        UNCHANGED,
        HELD,
        (
            "FALSE",
            "PlanNotFound",
            "there is no CapacityPlan team/example; create it, or name another in the XR",
        ),
        KEPT,
        observed=RUNNING,
    ),
    Case(
        "an invalid plan keeps what runs, and its wrong field is named",
        plan(pool={"unit": "gpu"}),
        UNCHANGED,
        HELD,
        (
            "FALSE",
            "PlanInvalid",
            (
                "CapacityPlan team/example: spec.pools[0].unit: Input should be 'gpus', 'nodes', "
                "'vcpus', 'replicas' or 'requests-per-second' (found 'gpu')"
            ),
        ),
        KEPT,
        observed=RUNNING,
    ),
    Case(
        "an expired plan keeps what runs",
        PLAN,
        UNCHANGED,
        HELD,
        (
            "FALSE",
            "PlanExpired",
            "team/example expired at 2026-11-01T12:00:00Z; make a new plan",
        ),
        KEPT,
        now=AFTER,
        observed=RUNNING,
    ),
    Case(
        "an expired plan creates nothing",
        PLAN,
        {},
        (),
        (
            "FALSE",
            "PlanExpired",
            "team/example expired at 2026-11-01T12:00:00Z; make a new plan",
        ),
        NOTHING,
        now=AFTER,
        ready=False,
    ),
    Case(
        "a plan for another pool keeps what runs, and its pools are listed",
        plan(pool={"name": "serving"}),
        UNCHANGED,
        HELD,
        (
            "FALSE",
            "PlanForAnotherPool",
            "plan example has no pool trainer; name one of serving",
        ),
        KEPT,
        observed=RUNNING,
    ),
    Case(
        "a plan for another region is not followed",
        plan(site={"provider": "aws", "region": "eu-central-1"}),
        UNCHANGED,
        HELD,
        (
            "FALSE",
            "PlanForAnotherPlace",
            "pool trainer: the plan is for eu-central-1, the node groups are for us-east-1",
        ),
        KEPT,
        observed=RUNNING,
    ),
    Case(
        "a plan for another provider is not followed",
        plan(site={"provider": "gcp", "region": "us-east-1"}),
        UNCHANGED,
        HELD,
        (
            "FALSE",
            "PlanForAnotherPlace",
            "pool trainer: the plan is for gcp, and these are EKS node groups",
        ),
        KEPT,
        observed=RUNNING,
    ),
    Case(
        "a setting that is missing keeps what runs, and is named",
        PLAN,
        UNCHANGED,
        HELD,
        ("FALSE", "InputInvalid", "the XR's spec: clusterName: Field required"),
        KEPT,
        spec={"clusterName": None},
        observed=RUNNING,
    ),
    Case(
        "a group that nothing runs of is created with the window's desired size",
        PLAN,
        {KEY: (expected_group(2, 4, 3), False)},
        (f"{KEY}: Planned 2-3-4",),
        FOUND,
        AS_PLANNED,
    ),
    Case(
        "what an autoscaler chose within the window is left alone",
        PLAN,
        {KEY: (expected_group(2, 4, 3), True)},
        (f"{KEY}: Planned 2-4-4",),
        FOUND,
        AS_PLANNED,
        observed=RUNNING,
    ),
    Case(
        "the next window's min and max take the place of the last one's",
        PLAN,
        {KEY: (expected_group(3, 6, 4), True)},
        (f"{KEY}: Planned 3-4-6",),
        FOUND,
        AS_PLANNED,
        now=SECOND,
        observed=RUNNING,
    ),
    Case(
        "a desired size below the new min is raised in the same change",
        PLAN,
        {KEY: (expected_group(3, 6, 4, raise_to=3), True)},
        (f"{KEY}: Planned 3-3-6 (desired raised from 2 to the new min 3)",),
        FOUND,
        AS_PLANNED,
        now=SECOND,
        observed={KEY: running(2)},
    ),
    Case(
        "a desired size that has risen is released to the autoscaler",
        PLAN,
        {KEY: (expected_group(3, 6, 4), True)},
        (f"{KEY}: Planned 3-3-6",),
        FOUND,
        AS_PLANNED,
        now=SECOND,
        observed={KEY: running(3, low=3, high=6, raise_to=3)},
    ),
    Case(
        "a raise that is under way survives the plan's loss",
        None,
        {KEY: (expected_group(3, 6, 4, raise_to=3), True)},
        (f"{KEY}: Held 3-3-6",),
        (
            "FALSE",
            "PlanNotFound",
            "there is no CapacityPlan team/example; create it, or name another in the XR",
        ),
        KEPT,
        observed={KEY: running(2, low=3, high=6, initial=4, raise_to=3)},
    ),
    Case(
        "a max below what runs is held until that has fallen",
        PLAN,
        {KEY: (expected_group(1, 6, 2), True)},
        (f"{KEY}: Planned 1-6-6 (max held at the 6 nodes that run until they fall to 4)",),
        FOUND,
        AS_PLANNED,
        now=THIRD,
        observed={KEY: running(6, low=3, high=6)},
    ),
    Case(
        "a group planned at no nodes gets the smallest max that EKS takes",
        OTHER,
        {KEY: (expected_group(0, 1, 0, digest=OTHER_DIGEST), False)},
        (f"{KEY}: Planned 0-0-1",),
        ("TRUE", "PlanFound", f"team/example, digest {OTHER_DIGEST}"),
        AS_PLANNED,
    ),
    Case(
        "a node group that AWS has not reported yet is raised from what it is created with",
        PLAN,
        {KEY: (expected_group(3, 6, 4, raise_to=3), False)},
        (f"{KEY}: Planned 3-3-6 (desired raised from 2 to the new min 3)",),
        FOUND,
        AS_PLANNED,
        now=SECOND,
        observed={
            KEY: {k: v for k, v in running(0, initial=2).items() if k != "status"},
        },
    ),
    Case(
        "an old generation is kept until the new one is ready, which starts as large",
        PLAN,
        {
            KEY: (expected_group(2, 4, 4), False),
            OLD_KEY: (expected_group(2, 4, 3, generation="ffffff"), True),
        },
        (
            f"{KEY}: Planned 2-4-4",
            f"{OLD_KEY}: Retiring 2-4-4 (kept until {KEY} is ready)",
        ),
        FOUND,
        ("FALSE", "Replacing", f"kept until what replaces them is ready: {OLD_KEY}"),
        observed={OLD_KEY: running(4, generation="ffffff")},
    ),
    Case(
        "an old generation goes once the new one is ready",
        PLAN,
        {KEY: (expected_group(2, 4, 4), True)},
        (f"{KEY}: Planned 2-4-4",),
        FOUND,
        AS_PLANNED,
        observed={OLD_KEY: running(4, generation="ffffff"), KEY: running(4)},
    ),
    Case(
        "a group that has left the plan is kept until the pool is ready",
        PLAN,
        {
            KEY: (expected_group(2, 4, 3), False),
            "trainer-gone-0a1b2c": (expected_group(1, 2, 1, group="gone"), True),
        },
        (
            (
                "trainer-gone-0a1b2c: Retiring 1-2-2 "
                "(it has left the plan: kept until the pool's groups are ready)"
            ),
            f"{KEY}: Planned 2-3-4",
        ),
        FOUND,
        (
            "FALSE",
            "Replacing",
            "kept until what replaces them is ready: trainer-gone-0a1b2c",
        ),
        observed={
            KEY: running(3, ready=False),
            "trainer-gone-0a1b2c": running(2, group="gone", low=1, high=2, initial=1),
        },
    ),
    Case(
        "a group that has left the plan goes once the pool is ready",
        PLAN,
        {KEY: (expected_group(2, 4, 3), True)},
        (f"{KEY}: Planned 2-3-4",),
        FOUND,
        AS_PLANNED,
        observed={KEY: running(3), "trainer-gone-0a1b2c": running(2, group="gone")},
    ),
    Case(
        "a pool that the XR no longer names keeps its node groups until someone deletes them",
        PLAN,
        {
            KEY: (expected_group(2, 4, 3), False),
            "other-main-0a1b2c": (
                {
                    **(old := expected_group(2, 4, 3)),
                    "metadata": {
                        **old["metadata"],
                        "labels": {**old["metadata"]["labels"], "trimtab.dev/pool": "other"},
                    },
                },
                True,
            ),
        },
        (
            (
                "other-main-0a1b2c: Held 2-4-4 "
                "(pool other is not among the XR's pools: delete it by hand)"
            ),
            f"{KEY}: Planned 2-3-4",
        ),
        FOUND,
        ("FALSE", "KeptRunning", "kept as they are: other-main-0a1b2c"),
        observed={
            "other-main-0a1b2c": {
                **(was := running(4)),
                "metadata": {
                    **was["metadata"],
                    "labels": {**was["metadata"]["labels"], "trimtab.dev/pool": "other"},
                },
            }
        },
    ),
    Case(
        "the response lives until the window ends",
        PLAN,
        {KEY: (expected_group(2, 4, 3), False)},
        (f"{KEY}: Planned 2-3-4",),
        FOUND,
        AS_PLANNED,
        now=plans.START + 4 * HOUR - timedelta(seconds=12, milliseconds=300),
        ttl="13s",
    ),
    Case(
        "the response lives for a second at the least",
        PLAN,
        {KEY: (expected_group(2, 4, 3), False)},
        (f"{KEY}: Planned 2-3-4",),
        FOUND,
        AS_PLANNED,
        now=plans.START + 4 * HOUR - timedelta(milliseconds=1),
        ttl="1s",
    ),
    Case(
        "the response lives until the plan expires",
        plan(validUntil=(plans.START + 2 * HOUR).isoformat()),
        {
            KEY: (
                expected_group(
                    2,
                    4,
                    3,
                    digest=(
                        short := parse_plan(
                            plan(validUntil=(plans.START + 2 * HOUR).isoformat()), ""
                        ).digest
                    ),
                ),
                False,
            )
        },
        (f"{KEY}: Planned 2-3-4",),
        ("TRUE", "PlanFound", f"team/example, digest {short}"),
        AS_PLANNED,
        now=plans.START + 2 * HOUR - timedelta(seconds=30),
        ttl="30s",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_response(case: Case) -> None:
    req = request(case.plan_sent, observed=case.observed, spec=case.spec)

    told = answer(req, case.now)

    status = told["desired"]["composite"]["resource"].pop("status")
    conditions = [
        case_condition("PlanUsable", case.plan),
        case_condition("CapacityPlanned", case.capacity),
    ]
    asks = case.plan[1] != "InputInvalid"
    assert told == {
        "meta": {"tag": "a-tag", "ttl": case.ttl},
        "context": {},
        "desired": {
            "composite": {"resource": {}, **({} if case.ready else {"ready": "READY_FALSE"})},
            **resources(case.groups),
        },
        "conditions": conditions,
        **({"requirements": REQUIREMENTS} if asks else {}),
        **warnings(case),
    }
    assert tuple(map(stand, status["capacity"]["groups"])) == case.stands


REQUIREMENTS = {
    "resources": {
        "capacity-plan": {
            "apiVersion": "trimtab.dev/v1alpha1",
            "kind": "CapacityPlan",
            "matchName": "example",
            "namespace": "team",
        }
    }
}


def resources(groups: Mapping[str, tuple[dict[str, Any], bool]]) -> dict[str, Any]:
    each = {
        key: {"resource": document, "ready": "READY_TRUE" if ready else "READY_FALSE"}
        for key, (document, ready) in groups.items()
    }
    return {"resources": each} if each else {}


def case_condition(kind: str, told: tuple[str, str, str]) -> dict[str, str]:
    status, reason, message = told
    return {
        "type": kind,
        "status": f"STATUS_CONDITION_{status}",
        "reason": reason,
        "message": message,
    }


def warnings(case: Case) -> dict[str, Any]:
    """An event tells of what only a person can change."""
    status, reason, message = case.plan
    if status != "FALSE":
        return {}
    return {"results": [{"severity": "SEVERITY_WARNING", "message": f"{reason}: {message}"}]}


def stand(group: Mapping[str, Any]) -> str:
    sizes = "-".join(str(group[each]) for each in ("min", "desired", "max"))
    reason = f" ({group['reason']})" if "reason" in group else ""
    return f"{group['resource']}: {group['state']} {sizes}{reason}"


def test_the_status_says_which_plan_and_window_hold_and_what_it_costs() -> None:
    unpriced = plans.group("spot", {"option": "spot", "pools": 1}, expected={"nodes": 2.0})
    sent = plan(plans.group("main", {"option": "on-demand"}), unpriced)
    told = answer(request(sent), SECOND)
    assert told["desired"]["composite"]["resource"]["status"]["capacity"] == {
        "plan": {
            "name": "example",
            "digest": parse_plan(sent, "plan").digest,
            "validUntil": "2026-11-01T12:00:00Z",
        },
        "window": {"start": "2026-11-01T04:00:00Z", "end": "2026-11-01T08:00:00Z"},
        "expected": {"usdPerHour": 98.31, "notPriced": ["trainer/spot"]},
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
        ),
    }


def test_a_group_that_eks_cannot_provision_is_refused_and_the_others_are_not() -> None:
    block = {"option": "capacity-block", "reservationId": "cr-1", "endsAt": "2026-12-01T00:00:00Z"}
    sent = plan(plans.group("main", {"option": "on-demand"}), plans.group("block", block))
    told = answer(request(sent), FIRST)
    assert list(told["desired"]["resources"]) == [KEY]
    message = (
        "trainer/block: the XR's spec.launchTemplates: trainer/block: capacity block cr-1 needs a "
        "launch template that names it; add one whose market type is capacity-block"
    )
    assert told["conditions"][1] == case_condition(
        "CapacityPlanned", ("FALSE", "GroupsRefused", message)
    )
    assert told["results"] == [
        {"severity": "SEVERITY_WARNING", "message": f"GroupsRefused: {message}"}
    ]


def test_of_many_refusals_the_first_are_told_and_the_others_counted() -> None:
    block = {"option": "capacity-block", "reservationId": "cr-1", "endsAt": "2026-12-01T00:00:00Z"}
    sent = plan(*(plans.group(f"block-{each}", block) for each in range(10, 21)))
    message = answer(request(sent), FIRST)["conditions"][1]["message"]
    assert message.count("needs a launch template") == 8
    assert message.endswith("; and 3 more")


def test_a_bootstrap_requirement_brings_the_plan_with_the_first_call() -> None:
    other = {**PLAN, "metadata": {"name": "another"}}
    assert answer(request(other), FIRST)["conditions"][0]["reason"] == "PlanNotFetched"
    elsewhere = {**PLAN, "metadata": {"name": "example", "namespace": "other"}}
    assert answer(request(elsewhere), FIRST)["conditions"][0]["reason"] == "PlanNotFetched"
    ours = {**PLAN, "metadata": {"name": "example", "namespace": "team"}}
    assert answer(request(ours), FIRST)["conditions"][0]["reason"] == "PlanFound"


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


def test_node_groups_that_are_alike_keep_their_own_keys() -> None:
    alike = {"one": running(4), "two": running(4)}
    assert sorted(answer(request(observed=alike), FIRST)["desired"]["resources"]) == ["one", "two"]


def test_a_plan_may_come_from_a_fixed_name_or_another_field() -> None:
    def asked_for(source: dict[str, Any], **spec: Any) -> Any:
        step = {"apiVersion": "capacity.fn.trimtab.dev/v1alpha1", "kind": "Input", "plan": source}
        told = answer(request(step_input=step, spec=spec), FIRST)
        wanted = told["requirements"]["resources"]["capacity-plan"]
        return wanted.get("namespace"), wanted["matchName"]

    assert asked_for({"name": "fixed"}) == ("team", "fixed")
    assert asked_for({"name": "fixed", "namespace": "plans"}) == ("plans", "fixed")
    assert asked_for({"fromFieldPath": "spec.a.b"}, a={"b": "deep"}) == ("team", "deep")
