"""Whole responses of the capacity function, one case a row; `support.capacity_cases` has the plan."""

from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from support import plans
from support.capacity_cases import (
    AFTER,
    DIGEST,
    HOUR,
    KEY,
    PLAN,
    SECOND,
    THIRD,
    Case,
    expected_group,
    plan,
    running,
    stand,
)
from support.capacity_requests import answer, request
from support.structural import closed
from trimtab.plan.document import parse_plan

OLD_KEY = "trainer-main-ffffff"
XRD = Path(__file__).parents[3] / "functions" / "apis" / "nodegroupset" / "definition.yaml"
VERSION = yaml.safe_load(XRD.read_text("utf-8"))["spec"]["versions"][0]
PROPERTIES = VERSION["schema"]["openAPIV3Schema"]["properties"]
STATUS = PROPERTIES["status"]["properties"]["capacity"]
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
            "pool trainer: the plan is for eu-central-1, the resources are for us-east-1; name a plan of that region",
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
            "pool trainer: the plan is for gcp, and NodeGroup is aws's",
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
        changes=f"trainer/main: {KEY} is created, 2-3-4 nodes",
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
        {KEY: (expected_group(3, 6, 4, bounds="04 3..6"), True)},
        (f"{KEY}: Planned 3-4-6",),
        FOUND,
        AS_PLANNED,
        now=SECOND,
        observed=RUNNING,
        changes="trainer/main: 2-4-4 nodes become 3-4-6 in the window from 2026-11-01T04:00:00Z",
    ),
    Case(
        "a desired size below the new min is raised in the same change",
        PLAN,
        {KEY: (expected_group(3, 6, 4, bounds="04 3..6", raise_to=3), True)},
        (f"{KEY}: Planned 3-3-6 (desired raised from 2 to the new min 3)",),
        FOUND,
        AS_PLANNED,
        now=SECOND,
        observed={KEY: running(2)},
        changes="trainer/main: 2-2-4 nodes become 3-3-6 in the window from 2026-11-01T04:00:00Z",
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
        {KEY: (expected_group(2, 6, 2, bounds="08 2..4"), True)},
        (
            (
                f"{KEY}: Planned 2-6-6 (on the way from 3-6 to 1-4, step by step; "
                "max held at the 6 nodes that run until they fall to 4)"
            ),
        ),
        FOUND,
        AS_PLANNED,
        now=THIRD,
        observed={KEY: running(6, low=3, high=6)},
        changes="trainer/main: 3-6-6 nodes become 2-6-6 in the window from 2026-11-01T08:00:00Z",
    ),
    Case(
        "a group planned at no nodes gets the smallest max that EKS takes",
        OTHER,
        {KEY: (expected_group(0, 1, 0, bounds="00 0..0", digest=OTHER_DIGEST), False)},
        (f"{KEY}: Planned 0-0-1",),
        ("TRUE", "PlanFound", f"team/example, digest {OTHER_DIGEST}"),
        AS_PLANNED,
        changes=f"trainer/main: {KEY} is created, 0-0-1 nodes",
    ),
    Case(
        "a node group that AWS has not reported yet is raised from what it is created with",
        PLAN,
        {KEY: (expected_group(3, 6, 4, bounds="04 3..6", raise_to=3), False)},
        (f"{KEY}: Planned 3-3-6 (desired raised from 2 to the new min 3)",),
        FOUND,
        AS_PLANNED,
        now=SECOND,
        observed={
            KEY: {k: v for k, v in running(0, initial=2).items() if k != "status"},
        },
        changes="trainer/main: 2-2-4 nodes become 3-3-6 in the window from 2026-11-01T04:00:00Z",
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
        changes=f"trainer/main: {KEY} is created, 2-4-4 nodes",
    ),
    Case(
        "an old generation goes once the new one is ready",
        PLAN,
        {KEY: (expected_group(2, 4, 4), True)},
        (f"{KEY}: Planned 2-4-4",),
        FOUND,
        AS_PLANNED,
        observed={OLD_KEY: running(4, generation="ffffff"), KEY: running(4)},
        changes="trainer/main: trainer-main-ffffff is removed: what replaces it is ready",
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
        changes="trainer/gone: trainer-gone-0a1b2c is removed: what replaces it is ready",
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
        changes=f"trainer/main: {KEY} is created, 2-3-4 nodes",
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
        changes=f"trainer/main: {KEY} is created, 2-3-4 nodes",
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
        changes=f"trainer/main: {KEY} is created, 2-3-4 nodes",
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
        changes=f"trainer/main: {KEY} is created, 2-3-4 nodes",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_response(case: Case) -> None:
    req = request(case.plan_sent, observed=case.observed, spec=case.spec)

    told = answer(req, case.now)

    status = told["desired"]["composite"]["resource"].pop("status")
    assert told == case.response()
    assert tuple(map(stand, status["capacity"]["groups"])) == case.stands


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_xrd_has_all_that_the_status_says(case: Case) -> None:
    req = request(case.plan_sent, observed=case.observed, spec=case.spec)
    capacity = answer(req, case.now)["desired"]["composite"]["resource"]["status"]["capacity"]
    validator = Draft202012Validator(closed(STATUS))
    assert [each.message for each in validator.iter_errors(capacity)] == []
