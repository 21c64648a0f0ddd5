"""Crossplane's own engine renders the example Composition with the capacity function as a process."""

import copy
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.capacity_function import CapacityFunction, capacity_function, template_function
from support.crossplane_cli import CrossplaneCli
from trimtab.plan.attribution import group_key, group_tags, node_labels
from trimtab.plan.document import load_plan
from trimtab.plan.eks import ami_type, capacity_type
from trimtab.plan.model import CapacityPlan, Group, Pool
from trimtab.plan.sizing import window_at

pytestmark = pytest.mark.engine

ROOT = Path(__file__).parents[2]
FUNCTIONS = ROOT / "functions"
EXAMPLES = FUNCTIONS / "examples"
COMPOSITION = FUNCTIONS / "apis" / "nodegroupset" / "composition.yaml"
DEFINITION = FUNCTIONS / "apis" / "nodegroupset" / "definition.yaml"
INPUT_CRD = FUNCTIONS / "package" / "input" / "capacity.fn.trimtab.dev_inputs.yaml"
NODE_GROUP_CRD = Path(__file__).parent / "crds" / "nodegroups.eks.aws.m.upbound.io.yaml"
NAME = "function-trimtab-capacity"
RESOURCE_NAME = "crossplane.io/composition-resource-name"

Document = dict[str, Any]


@pytest.fixture(scope="module")
def function(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CapacityFunction]:
    with capacity_function(tmp_path_factory.mktemp("function")) as served:
        yield served


@pytest.fixture(scope="module")
def plan() -> CapacityPlan:
    return load_plan(EXAMPLES / "plan.yaml")


def read(path: Path) -> Document:
    document: Document = yaml.safe_load(path.read_text("utf-8"))
    return document


def render(
    crossplane: CrossplaneCli, function: CapacityFunction, **given: Any
) -> tuple[Document, dict[str, Document]]:
    """The example's XR, and its composed resources by name."""
    options = {"required_resources": EXAMPLES / "plan.yaml", "results": False, **given}
    xr, *composed = crossplane.render(
        EXAMPLES / "xr.yaml",
        COMPOSITION,
        {NAME: function.target},
        xrd=DEFINITION,
        **options,
    )
    return xr, {each["metadata"]["annotations"][RESOURCE_NAME]: each for each in composed}


def condition(xr: Document, kind: str) -> tuple[str, str]:
    each = next(each for each in xr["status"]["conditions"] if each["type"] == kind)
    return each["status"], each["reason"]


def groups(plan: CapacityPlan) -> Iterator[tuple[Pool, Group]]:
    for pool in plan.spec.pools:
        for group in pool.groups:
            yield pool, group


def exists(documents: Mapping[str, Document], desired: int, ready: str = "True") -> list[Document]:
    """Rendered node groups as they stand once the provider has made them."""
    observed = []
    for document in documents.values():
        document = copy.deepcopy(document)
        document["metadata"]["name"] = document["metadata"]["annotations"][RESOURCE_NAME]
        bounds = document["spec"]["forProvider"]["scalingConfig"]
        document["status"] = {
            "atProvider": {"scalingConfig": {**bounds, "desiredSize": desired}},
            "conditions": [{"type": "Ready", "status": ready, "reason": "Available"}],
        }
        observed.append(document)
    return observed


def test_the_composed_node_groups_have_the_plans_numbers(
    crossplane: CrossplaneCli, function: CapacityFunction, plan: CapacityPlan
) -> None:
    xr, composed = render(crossplane, function)
    now = datetime.now(UTC)
    assert sorted(composed) == sorted(group_key(*each) for each in groups(plan))
    for pool, group in groups(plan):
        spec = composed[group_key(pool, group)]["spec"]
        window = window_at(group, now)
        provider = spec["forProvider"]
        assert provider["scalingConfig"] == {"minSize": window.min, "maxSize": window.max}
        assert spec["initProvider"]["scalingConfig"] == {"desiredSize": window.desired}
        assert provider["capacityType"] == capacity_type(group)
        assert provider["amiType"] == ami_type(group)
        assert provider["instanceTypes"] == [offer.instance_type for offer in group.offers]
        # What tells an autoscaler of a node before there is one stands there too.
        assert provider["labels"].items() >= node_labels(pool, group).items()
        assert provider["tags"].items() >= group_tags(plan, pool, group).items()
        assert "LateInitialize" not in spec["managementPolicies"]
    assert condition(xr, "PlanUsable") == ("True", "PlanFound")
    assert condition(xr, "CapacityPlanned") == ("True", "AsPlanned")
    assert condition(xr, "Ready") == ("False", "Creating")
    assert xr["status"]["capacity"]["plan"]["digest"] == plan.digest
    assert xr["status"]["capacity"]["expected"]["usdPerHour"] == pytest.approx(
        sum(group.expected.usd_per_hour or 0 for _, group in groups(plan))
    )


def test_an_xr_whose_node_groups_are_ready_is_ready(
    crossplane: CrossplaneCli, function: CapacityFunction
) -> None:
    _, composed = render(crossplane, function)
    xr, again = render(crossplane, function, observed_resources=exists(composed, 5))
    assert condition(xr, "Ready") == ("True", "Available")
    assert again.keys() == composed.keys()


def test_what_runs_survives_the_plans_loss(
    crossplane: CrossplaneCli, function: CapacityFunction
) -> None:
    _, composed = render(crossplane, function)
    observed = exists(composed, 4)
    _, before = render(crossplane, function, observed_resources=observed)
    xr, after = render(
        crossplane, function, observed_resources=exists(before, 4), required_resources=()
    )
    assert condition(xr, "PlanUsable") == ("False", "PlanNotFound")
    assert condition(xr, "Ready") == ("True", "Available")
    assert after.keys() == before.keys()
    for key, document in after.items():
        assert document["spec"] == before[key]["spec"]


def test_without_a_plan_there_is_nothing_and_the_xr_is_not_ready(
    crossplane: CrossplaneCli, function: CapacityFunction
) -> None:
    xr, composed = render(crossplane, function, required_resources=())
    assert composed == {}
    assert condition(xr, "PlanUsable") == ("False", "PlanNotFound")
    assert condition(xr, "Ready")[0] == "False"


def test_a_step_before_it_is_injected_and_a_bootstrap_requirement_brings_the_plan(
    crossplane: CrossplaneCli, function: CapacityFunction, plan: CapacityPlan, tmp_path: Path
) -> None:
    composition = read(EXAMPLES / "inject" / "composition.yaml")
    first, _ = composition["spec"]["pipeline"]
    rendered = yaml.safe_load(
        first["input"]["inline"]["template"].replace(
            "{{ .observed.composite.resource.spec.subnetIds | toJson }}", '["subnet-1"]'
        )
    )
    first["input"] = {
        "apiVersion": "test.trimtab.dev/v1",
        "kind": "Templates",
        "resources": {"spot-nodes": rendered},
    }
    xr = read(EXAMPLES / "inject" / "xr.yaml")
    with template_function(tmp_path) as templates:
        told, node_group = crossplane.render(
            xr,
            composition,
            {"function-go-templating": templates.target, NAME: function.target},
            required_resources=EXAMPLES / "plan.yaml",
            results=False,
        )
    ((pool, spot),) = [each for each in groups(plan) if each[1].name == "spot"]
    window = window_at(spot, datetime.now(UTC))
    provider = node_group["spec"]["forProvider"]
    assert provider["scalingConfig"] == {"minSize": window.min, "maxSize": window.max}
    assert provider["capacityType"] == "SPOT"
    assert provider["labels"] == node_labels(pool, spot)
    assert provider["clusterNameSelector"] == {"matchControllerRef": True}
    assert node_group["metadata"]["annotations"][RESOURCE_NAME] == "spot-nodes"
    assert condition(told, "CapacityPlanned") == ("True", "AsPlanned")


def stepped(**changes: Any) -> Document:
    """The example Composition with these fields in its step's input."""
    composition = read(COMPOSITION)
    composition["spec"]["pipeline"][0]["input"] |= changes
    return composition


def policy(**spec: Any) -> Document:
    return {
        "apiVersion": "trimtab.dev/v1alpha1",
        "kind": "CapacityPolicy",
        "metadata": {"name": "platform", "namespace": "ml"},
        "spec": spec,
    }


def test_crossplane_finds_plans_by_labels_and_the_policy_by_its_name(
    crossplane: CrossplaneCli, function: CapacityFunction, plan: CapacityPlan
) -> None:
    document = read(EXAMPLES / "plan.yaml")
    document["metadata"]["labels"] = {"cluster": "ml"}
    older = copy.deepcopy(document)
    older["metadata"]["name"], older["spec"]["asOf"] = "older", "2026-10-01T00:00:00Z"
    composition = stepped(plan={"matchLabels": {"cluster": "ml"}}, policy={"name": "platform"})
    no_spot = policy(allowed={"purchaseOptions": ["reserved", "on-demand"]})
    xr, *composed = crossplane.render(
        EXAMPLES / "xr.yaml",
        composition,
        {NAME: function.target},
        xrd=DEFINITION,
        required_resources=[older, document, no_spot],
    )
    assert condition(xr, "PlanUsable") == ("True", "PlanFound")
    assert condition(xr, "CapacityPlanned") == ("False", "PolicyHolds")
    assert xr["status"]["capacity"]["plan"]["name"] == plan.metadata.name
    kinds = [each["kind"] for each in composed]
    assert kinds.count("NodeGroup") == 2
    told = [each["message"] for each in composed if each["kind"] == "Result"]
    assert any(each.startswith("PolicyHolds: trainer/spot: CapacityPolicy") for each in told)
    assert any("trainer-reserved-0a1b2c is created, 5-5-5 nodes" in each for each in told)

    xr, *composed = crossplane.render(
        EXAMPLES / "xr.yaml",
        composition,
        {NAME: function.target},
        xrd=DEFINITION,
        required_resources=[document],
        results=False,
    )
    assert condition(xr, "PlanUsable") == ("False", "PolicyNotFound")
    assert composed == []


def test_a_plan_may_stand_in_the_xr(crossplane: CrossplaneCli, function: CapacityFunction) -> None:
    xr = read(EXAMPLES / "xr.yaml")
    del xr["spec"]["planRef"]
    xr["spec"]["plan"] = read(EXAMPLES / "plan.yaml")["spec"]
    told, *composed = crossplane.render(
        xr, COMPOSITION, {NAME: function.target}, xrd=open_xrd(), results=False
    )
    assert condition(told, "PlanUsable") == ("True", "PlanFound")
    assert told["status"]["capacity"]["plan"]["source"] == "the plan in the XR's spec.plan"
    assert len([each for each in composed if each["kind"] == "NodeGroup"]) == 3


def open_xrd() -> Document:
    """The XRD of a team that lets a plan stand in its XR."""
    definition = read(DEFINITION)
    spec = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    spec["required"].remove("planRef")
    spec["properties"]["plan"] = {
        "type": "object",
        "x-kubernetes-preserve-unknown-fields": True,
    }
    return definition


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"plan": {"name": "a", "matchLabels": {"b": "c"}}}, "give only one of name"),
        ({"plan": {"matchLabels": {}}}, "matchLabels must have a label"),
        ({"refreshSeconds": 5}, "refreshSeconds"),
        ({"targets": [{"match": {}, "pool": "a"}]}, "matches everything matches too much"),
        ({"policy": {"nmae": "a"}}, "nmae"),
        ({"compose": {"as": "ECS"}}, "compose.as"),
    ],
    ids=str,
)
def test_crossplane_refuses_an_input(
    crossplane: CrossplaneCli, changes: Mapping[str, Any], message: str
) -> None:
    step = stepped(**changes)["spec"]["pipeline"][0]["input"]
    named = step | {"metadata": {"name": "input", "namespace": "ml"}}
    found = crossplane.validate([read(INPUT_CRD)], named)
    assert not found.ok
    assert message in found.report


def test_crossplane_accepts_the_xr_and_the_providers_schema_the_node_groups(
    crossplane: CrossplaneCli, function: CapacityFunction
) -> None:
    xr, composed = render(crossplane, function)
    _, raised = render(crossplane, function, observed_resources=exists(composed, 0))
    reported = read(EXAMPLES / "xr.yaml") | {"status": xr["status"]}
    step = read(COMPOSITION)["spec"]["pipeline"][0]["input"]
    # An input is never an object, so it has no name of its own.
    named = step | {"metadata": {"name": "input", "namespace": "ml"}}
    extensions = [read(DEFINITION), read(NODE_GROUP_CRD), read(INPUT_CRD)]
    documents = [reported, named, *composed.values(), *raised.values()]
    assert raised["trainer-reserved-0a1b2c"]["spec"]["forProvider"]["scalingConfig"] == {
        "minSize": 5,
        "desiredSize": 5,
        "maxSize": 5,
    }
    found = crossplane.validate(extensions, documents)
    assert found.ok, found.report


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"pools": []}, "spec.pools"),
        ({"pools": ["Trainer"]}, "spec.pools[0]"),
        ({"planRef": {}}, "spec.planRef.name"),
        ({"amiFamily": "AL2"}, "spec.amiFamily"),
        ({"regoin": "us-east-1"}, "regoin"),
        ({"subnetIds": "subnet-a"}, "spec.subnetIds"),
    ],
    ids=lambda each: ",".join(each) if isinstance(each, dict) else each,
)
def test_crossplane_refuses_an_xr(
    crossplane: CrossplaneCli, changes: Mapping[str, Any], message: str
) -> None:
    xr = read(EXAMPLES / "xr.yaml")
    xr["spec"] |= changes
    found = crossplane.validate([read(DEFINITION)], xr)
    assert not found.ok
    assert message in found.report


def test_the_examples_functions_name_the_process_of_the_readme() -> None:
    document = read(EXAMPLES / "functions.yaml")
    assert document["metadata"]["name"] == NAME
    target = "render.crossplane.io/runtime-development-target"
    assert document["metadata"]["annotations"][target] == "localhost:9443"
