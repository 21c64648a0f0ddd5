"""Injection into node groups that earlier steps composed."""

import copy
from typing import Any

import pytest

from support import plans
from support.capacity_requests import NODE_GROUP, answer, request
from trimtab.plan.document import parse_plan

NOW = plans.START
PLAN = plans.plan_data(pools=[plans.pool(groups=[plans.group("main", {"option": "on-demand"})])])
DIGEST = parse_plan(PLAN, "plan").digest
HOME = "gpu-nodes"
MOVED = "gpu-nodes-0a1b2c"

TEMPLATE: dict[str, Any] = {
    **NODE_GROUP,
    "metadata": {
        "name": "ml-gpu",
        "labels": {
            "app.kubernetes.io/managed-by": "templates",
            "trimtab.dev/pool": "trainer",
            "trimtab.dev/group": "main",
        },
    },
    "spec": {
        "forProvider": {
            "region": "us-east-1",
            "clusterNameSelector": {"matchControllerRef": True},
            "labels": {"zone": "a", "trimtab.dev/pool": "wrong"},
            "tags": {"cost-centre": "42"},
            "taint": [
                {"key": "nvidia.com/gpu", "value": "present", "effect": "NO_SCHEDULE"},
                {"key": "own", "value": "old", "effect": "NO_EXECUTE"},
            ],
            "scalingConfig": {"minSize": 0, "maxSize": 1, "desiredSize": 0},
            "diskSize": 200,
        },
        "initProvider": {"scalingConfig": {"minSize": 0, "desiredSize": 0}, "diskSize": 100},
        "writeConnectionSecretToRef": {"name": "nodes"},
    },
}


def injected(bounds: str = "2..4", **changes: Any) -> dict[str, Any]:
    """The template as the plan completes it, in its first window of 2-3-4 nodes."""
    document = copy.deepcopy(TEMPLATE)
    moved = f"2026-11-01T00:00:00Z {bounds}"
    document["metadata"]["annotations"] = {"trimtab.dev/bounds": moved}
    document["metadata"]["labels"] |= {
        "trimtab.dev/plan": "example",
        "trimtab.dev/plan-digest": DIGEST,
        "trimtab.dev/generation": "0a1b2c",
        "trimtab.dev/purchase-option": "on-demand",
    }
    document["spec"]["managementPolicies"] = ["Observe", "Create", "Update", "Delete"]
    document["spec"]["initProvider"]["scalingConfig"] = {"desiredSize": 3}
    provider = document["spec"]["forProvider"]
    provider |= {
        "capacityType": "ON_DEMAND",
        "instanceTypes": ["p4d.24xlarge"],
        "amiType": "AL2023_x86_64_NVIDIA",
        "scalingConfig": {"minSize": 2, "maxSize": 4},
    }
    provider["labels"] |= {
        "gpu-type": "nvidia-a100",
        "trimtab.dev/pool": "trainer",
        "trimtab.dev/group": "main",
        "trimtab.dev/purchase-option": "on-demand",
    }
    provider["tags"] |= {
        "team": "vision",
        "project": "multimodal",
        "model": "mm-7b",
        "managed-by": "trimtab",
        "trimtab:plan": "example",
        "trimtab:plan-digest": DIGEST,
        "trimtab:pool": "trainer",
        "trimtab:group": "main",
        "trimtab:purchase-option": "on-demand",
    }
    document["spec"]["forProvider"] = provider | changes
    return document


def exists(document: dict[str, Any], desired: int = 3, *, ready: bool = True) -> dict[str, Any]:
    """A node group as the API server has it."""
    document = copy.deepcopy(document)
    bounds = document["spec"]["forProvider"].get("scalingConfig", {})
    document["status"] = {
        "atProvider": {"scalingConfig": {**bounds, "desiredSize": desired}},
        "conditions": [{"type": "Ready", "status": "True" if ready else "False"}],
    }
    return document


def before_trimtab(*instance_types: str) -> dict[str, Any]:
    """The earlier step's node group as it ran before the capacity function joined the pipeline."""
    document = copy.deepcopy(TEMPLATE)
    del document["metadata"]["labels"]["trimtab.dev/pool"]
    del document["metadata"]["labels"]["trimtab.dev/group"]
    document["spec"]["forProvider"] |= {
        "instanceTypes": list(instance_types),
        "scalingConfig": {"minSize": 1, "maxSize": 9, "desiredSize": 6},
    }
    return exists(document, 6)


def inject(
    plan: Any = PLAN,
    template: dict[str, Any] | None = TEMPLATE,
    mode: str = "Inject",
    **observed: Any,
) -> tuple[dict[str, Any], dict[str, str]]:
    """The node groups desired, and the state of each in the XR's status."""
    desired = {HOME: template} if template else {}
    told = answer(
        request(plan, mode=mode, observed=observed.get("observed"), desired=desired), NOW
    )["desired"]
    groups = told["composite"]["resource"]["status"]["capacity"]["groups"]
    states = {each["resource"]: each["state"] for each in groups}
    documents = {key: each["resource"] for key, each in told.get("resources", {}).items()}
    return documents, states


@pytest.mark.parametrize("mode", ["Inject", "Compose"])
def test_the_plan_completes_the_template_and_leaves_its_own_fields(mode: str) -> None:
    documents, states = inject(mode=mode)
    assert documents == {HOME: injected()}
    assert states == {HOME: "Planned"}


def test_a_taint_of_the_plan_replaces_the_templates_of_that_key_and_effect() -> None:
    taints = [{"key": "own", "value": "new", "effect": "NoExecute"}]
    group = plans.group("main", {"option": "on-demand"}, taints=taints)
    documents, _ = inject(plans.plan_data(pools=[plans.pool(groups=[group])]))
    assert documents[HOME]["spec"]["forProvider"]["taint"] == [
        {"key": "nvidia.com/gpu", "value": "present", "effect": "NO_SCHEDULE"},
        {"key": "own", "value": "new", "effect": "NO_EXECUTE"},
    ]


@pytest.mark.parametrize(
    "plan", [False, None, {**PLAN, "spec": {}}], ids=["unfetched", "absent", "bad"]
)
def test_without_a_plan_a_template_waits_until_the_plan_says_what_it_is(plan: Any) -> None:
    documents, states = inject(plan)
    assert documents == {}
    assert states == {HOME: "Withheld"}


@pytest.mark.parametrize(
    "plan", [False, None, {**PLAN, "spec": {}}], ids=["unfetched", "absent", "bad"]
)
def test_without_a_plan_what_runs_keeps_what_the_plan_decided(plan: Any) -> None:
    documents, states = inject(plan, observed={HOME: exists(injected(), 4)})
    assert documents == {HOME: injected()}
    assert states == {HOME: "Held"}


def test_late_initialisation_is_taken_out_of_the_templates_policies() -> None:
    template = copy.deepcopy(TEMPLATE)
    template["spec"]["managementPolicies"] = ["Observe", "LateInitialize", "Update"]
    documents, _ = inject(template=template)
    assert documents[HOME]["spec"]["managementPolicies"] == ["Observe", "Update"]


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ("CUSTOM", "CUSTOM"),
        ("BOTTLEROCKET_x86_64", "BOTTLEROCKET_x86_64_NVIDIA"),
        ("AL2023_x86_64_STANDARD", "AL2023_x86_64_NVIDIA"),
    ],
)
def test_the_templates_ami_type_chooses_the_family(stated: str, expected: str) -> None:
    template = copy.deepcopy(TEMPLATE)
    template["spec"]["forProvider"]["amiType"] = stated
    documents, _ = inject(template=template)
    assert documents[HOME]["spec"]["forProvider"]["amiType"] == expected


def test_what_ran_before_is_adopted_when_it_has_the_plans_nodes() -> None:
    documents, states = inject(observed={HOME: before_trimtab("p4d.24xlarge")})
    # Six nodes run within 1-9: max goes half of the way to the plan's four, and is held at the six.
    assert documents == {HOME: injected("2..5", scalingConfig={"minSize": 2, "maxSize": 6})}
    assert states == {HOME: "Planned"}


@pytest.mark.parametrize(
    ("changes", "adopted"),
    [
        ({"instanceTypes": ["p4de.24xlarge", "p4d.24xlarge"]}, True),
        ({"capacityType": "ON_DEMAND", "amiType": "AL2023_x86_64_NVIDIA"}, True),
        ({"amiType": "CUSTOM"}, True),
        ({"instanceTypes": ["p4d.24xlarge"]}, False),
        ({"capacityType": "SPOT"}, False),
        ({"amiType": "AL2023_x86_64_STANDARD"}, False),
    ],
    ids=str,
)
def test_the_same_nodes_are_those_that_eks_would_make_alike(
    changes: dict[str, Any], adopted: bool
) -> None:
    offers = [{"instanceType": each} for each in ("p4d.24xlarge", "p4de.24xlarge")]
    group = plans.group("main", {"option": "on-demand"}, offers=offers)
    old = before_trimtab("p4d.24xlarge", "p4de.24xlarge")
    old["spec"]["forProvider"] |= changes
    documents, _ = inject(plans.plan_data(pools=[plans.pool(groups=[group])]), observed={HOME: old})
    assert (sorted(documents) == [HOME]) == adopted


def test_what_ran_before_on_other_nodes_is_kept_until_its_successor_is_ready() -> None:
    old = before_trimtab("g5.xlarge")
    documents, states = inject(observed={HOME: old})
    # It begins where the old one is, 1-9 with six nodes, and max goes half of the way to four.
    successor = injected("2..5", scalingConfig={"minSize": 2, "maxSize": 5})
    successor["metadata"]["name"] = "ml-gpu-0a1b2c"
    successor["spec"]["initProvider"]["scalingConfig"]["desiredSize"] = 5
    assert documents[MOVED] == successor
    kept = documents[HOME]["spec"]["forProvider"]
    assert (kept["instanceTypes"], kept["scalingConfig"]) == (
        ["g5.xlarge"],
        {"minSize": 1, "maxSize": 9},
    )
    assert states == {HOME: "Retiring", MOVED: "Planned"}

    documents, states = inject(observed={HOME: old, MOVED: exists(successor, 3, ready=False)})
    assert states == {HOME: "Retiring", MOVED: "Planned"}

    documents, states = inject(observed={HOME: old, MOVED: exists(successor, 3)})
    assert states == {MOVED: "Planned"}
    assert list(documents) == [MOVED]

    documents, states = inject(observed={MOVED: exists(successor, 3)})
    assert states == {MOVED: "Planned"}
    assert list(documents) == [MOVED]

    documents, states = inject(None, observed={MOVED: exists(successor, 3)})
    assert states == {MOVED: "Held", HOME: "Withheld"}
    assert list(documents) == [MOVED]


def test_a_template_for_a_group_that_the_plan_lacks_is_refused() -> None:
    template = copy.deepcopy(TEMPLATE)
    template["metadata"]["labels"]["trimtab.dev/group"] = "spto"
    told = answer(request(PLAN, mode="Inject", desired={HOME: template}), NOW)
    assert told["conditions"][1]["message"] == (
        "trainer/spto: the plan's pool has no such group, which gpu-nodes names; use one of main"
    )
    assert "resources" not in told["desired"]


def test_a_template_for_a_group_that_the_plan_lacks_holds_no_other_back() -> None:
    stray = copy.deepcopy(TEMPLATE)
    stray["metadata"]["labels"]["trimtab.dev/group"] = "spot"
    large = injected("8..16", scalingConfig={"minSize": 8, "maxSize": 16})
    large["metadata"]["annotations"]["trimtab.dev/bounds"] = "2026-10-31T20:00:00Z 8..16"
    req = request(
        PLAN,
        mode="Inject",
        desired={HOME: TEMPLATE, "stray": stray},
        observed={HOME: exists(large, 8)},
    )
    told = answer(req, NOW)
    assert told["conditions"][1]["reason"] == "GroupsRefused"
    provider = told["desired"]["resources"][HOME]["resource"]["spec"]["forProvider"]
    assert provider["scalingConfig"] == {"minSize": 4, "maxSize": 8}


def test_two_templates_for_one_group_are_refused_and_neither_runs_away() -> None:
    second = copy.deepcopy(TEMPLATE)
    req = request(
        PLAN,
        mode="Inject",
        desired={"a": TEMPLATE, "b": second},
        observed={"a": exists(injected()), "b": exists(injected())},
    )
    told = answer(req, NOW)
    assert told["conditions"][1]["message"] == (
        "trainer/main: b and a are both labelled so; give one of them another group, or take its"
        " labels off"
    )
    assert sorted(told["desired"]["resources"]) == ["a", "b"]


def test_in_mode_inject_the_earlier_steps_alone_say_which_groups_exist() -> None:
    documents, states = inject(template=None, observed={HOME: exists(injected())})
    assert (documents, states) == ({}, {})


def test_a_template_of_another_region_is_not_sized_by_this_plan() -> None:
    template = copy.deepcopy(TEMPLATE)
    template["spec"]["forProvider"]["region"] = "eu-west-1"
    told = answer(request(PLAN, mode="Inject", desired={HOME: template}), NOW)
    assert told["conditions"][0]["reason"] == "PlanForAnotherPlace"
