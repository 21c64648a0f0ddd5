"""What a step of mode Inject says when it finds less to size than its user means."""

from typing import Any

import pytest
from crossplane.function.proto.v1 import run_function_pb2 as fnv1

from support.capacity_cases import FIRST, plan
from support.capacity_requests import NODE_GROUP, request, respond

STEP = {"apiVersion": "capacity.fn.trimtab.dev/v1alpha1", "kind": "Input", "mode": "Inject"}
LABELS = {"trimtab.dev/pool": "trainer", "trimtab.dev/group": "main"}
NODES = {**NODE_GROUP, "metadata": {"labels": LABELS}, "spec": {"forProvider": {}}}
PLAIN = {**NODE_GROUP, "spec": {"forProvider": {}}}
MACHINES = {"apiVersion": "example.org/v1", "kind": "MachineSet", "spec": {}}
LABELLED_MACHINES = {**MACHINES, "metadata": {"labels": LABELS}}


def told(
    desired: dict[str, Any], *targets: dict[str, Any], **step: Any
) -> tuple[str, str, list[str]]:
    """Reason and message of the condition, and the warnings."""
    rsp = answered(desired, *targets, **step)
    condition = next(each for each in rsp.conditions if each.type == "CapacityPlanned")
    warnings = [each.message for each in rsp.results if each.severity == fnv1.SEVERITY_WARNING]
    return condition.reason, condition.message, warnings


def answered(
    desired: dict[str, Any], *targets: dict[str, Any], **step: Any
) -> fnv1.RunFunctionResponse:
    step_input = {**STEP, "targets": list(targets), **step}
    return respond(request(plan(), desired=desired, step_input=step_input), FIRST)


def target(name: str, **more: Any) -> dict[str, Any]:
    return {"match": {"name": name}, "pool": "trainer", **more}


@pytest.mark.parametrize(
    ("desired", "targets", "says"),
    [
        pytest.param(
            {"nodes": NODES},
            [target("nodes", group="main"), target("wrkers-*", group="main")],
            "targets[1] matches no resource of an earlier step; mend its match",
            id="a target matches nothing",
        ),
        pytest.param(
            {"nodes": NODES, "machines": MACHINES},
            [target("machines", group="main")],
            "targets[0] matches machines, and no adapter knows a MachineSet; give fields",
            id="a target is for a kind without an adapter",
        ),
        pytest.param(
            {"nodes": PLAIN},
            [],
            "no resource of an earlier step is labelled trimtab.dev/pool; label one, or add a target",
            id="nobody asks for anything",
        ),
        pytest.param(
            {"machines": LABELLED_MACHINES},
            [],
            "no adapter knows the kind of machines; add a target with fields for it",
            id="all that is labelled is of unknown kinds",
        ),
    ],
)
def test_what_follows_nothing_is_told(
    desired: dict[str, Any], targets: list[dict[str, Any]], says: str
) -> None:
    assert told(desired, *targets) == ("NothingMatched", says, [f"NothingMatched: {says}"])


def test_what_is_labelled_beside_is_told_without_a_warning() -> None:
    assert told({"nodes": NODES, "machines": LABELLED_MACHINES}) == (
        "AsPlanned",
        "node groups with the plan's sizes: 1; of kinds that no adapter knows: machines",
        [],
    )


def test_a_target_that_another_goes_before_matches_all_the_same() -> None:
    first, second = target("node*", group="main"), target("nodes", group="main")
    assert told({"nodes": PLAIN}, first, second)[0] == "AsPlanned"
    fields = {"fields": {"max": "spec.replicas"}}
    assert told({"m": LABELLED_MACHINES}, target("m", group="main", **fields))[0] == "AsPlanned"


def test_a_step_that_finds_nothing_leaves_the_xrs_readiness_alone() -> None:
    assert answered({"nodes": PLAIN}).desired.composite.ready == fnv1.READY_UNSPECIFIED
    # What is not composed yet makes it unready still.
    step = {**STEP}
    rsp = respond(request(None, desired={"nodes": NODES}, step_input=step), FIRST)
    assert rsp.desired.composite.ready == fnv1.READY_FALSE


def test_a_pool_that_the_plan_lacks_is_told_with_who_names_it() -> None:
    other = {**NODES, "metadata": {"labels": {**LABELS, "trimtab.dev/pool": "trainr"}}}
    rsp = answered({"nodes": other})
    assert rsp.conditions[0].message == (
        "plan example has no pool trainr (of nodes); name one of trainer"
    )
