"""The function's smaller parts: settings, Structs, the memo, and the published schemas."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from google.protobuf import json_format
from google.protobuf import struct_pb2 as structpb
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from support.capacity_requests import SPEC
from support.structural import closed
from trimtab.errors import InputError
from trimtab.plan.document import load_plan
from trimtab_functions import structs
from trimtab_functions.capacity import input_crd
from trimtab_functions.capacity.adapters.eks_settings import EksSettings
from trimtab_functions.capacity.compose import REQUIREMENT
from trimtab_functions.capacity.settings import (
    INPUT_API_VERSION,
    INPUT_KIND,
    ComposeSpec,
    Input,
    parse_compose,
    parse_input,
)
from trimtab_functions.capacity.sources import Stated, plan_source
from trimtab_functions.memo import Memo

FUNCTIONS = Path(__file__).parents[3] / "functions"
INPUT = {"apiVersion": INPUT_API_VERSION, "kind": INPUT_KIND}
LAUNCH = {"pool": "trainer", "group": "spot", "id": "lt-1", "version": "1"}

ACCEPTED_INPUTS: list[dict[str, Any]] = [
    INPUT,
    {**INPUT, "mode": "Inject"},
    {**INPUT, "plan": {"name": "a"}},
    {**INPUT, "plan": {"fromFieldPath": "spec.planRef.name", "namespace": "plans"}},
    {**INPUT, "metadata": {"name": "x"}},
    {**INPUT, "plan": {"matchLabels": {"team": "vision"}}},
    {**INPUT, "plan": {"inlineFieldPath": "spec.capacity.plan", "contextKey": "a/b"}},
    {**INPUT, "statusFieldPath": "status.nodes.capacity"},
    {**INPUT, "policy": {"name": "platform", "namespace": "policies"}, "refreshSeconds": 600},
    {**INPUT, "compose": {"as": "Karpenter", "fromFieldPath": "spec.nodes"}},
    {**INPUT, "targets": [{"match": {"kind": "NodeGroup"}, "pool": "a", "group": "b"}]},
    {**INPUT, "targets": [{"match": {"name": "x-*"}, "pool": "a", "fields": {"min": "spec.min"}}]},
]
REJECTED_INPUTS: list[tuple[dict[str, Any], str]] = [
    ({**INPUT, "mode": "inject"}, "mode: Input should be 'Compose' or 'Inject' (found 'inject')"),
    ({**INPUT, "mdoe": "Inject"}, "mdoe: unknown field; did you mean mode?"),
    ({**INPUT, "plan": {"nmae": "a"}}, "plan.nmae: unknown field; did you mean name?"),
    ({**INPUT, "plan": {"name": "A b"}}, "plan.name: String should match pattern"),
    ({**INPUT, "plan": {"fromFieldPath": "spec..a"}}, "plan.fromFieldPath: String should match"),
    ({**INPUT, "kind": "Inputs"}, "kind: Input should be 'Input'"),
    ({**INPUT, "policy": {}}, "policy.name: Field required"),
    ({**INPUT, "statusFieldPath": "spec.capacity"}, "statusFieldPath: String should match pattern"),
    ({**INPUT, "refreshSeconds": 9}, "refreshSeconds: Input should be greater than or equal to 10"),
    ({**INPUT, "refreshSeconds": 60.5}, "refreshSeconds: Input should be a valid integer"),
    ({**INPUT, "compose": {"as": "GEKS"}}, "compose.as: Input should be 'EKS', 'GKE'"),
    ({**INPUT, "targets": [{"pool": "a"}]}, "targets[0].match: Field required"),
]
BOTH = {**INPUT, "plan": {"name": "a", "fromFieldPath": "spec.a"}}

ACCEPTED_SPECS: list[dict[str, Any]] = [
    SPEC,
    {**SPEC, "amiFamily": "BOTTLEROCKET", "launchTemplates": [LAUNCH]},
    {**SPEC, "providerConfigRef": {"kind": "ProviderConfig", "name": "team"}},
]
REJECTED_SPECS: list[tuple[dict[str, Any], str]] = [
    ({k: v for k, v in SPEC.items() if k != "region"}, "region: Field required"),
    ({**SPEC, "pools": ["Trainer"]}, "pools[0]: String should match pattern"),
    ({**SPEC, "subnetIds": "subnet-a"}, "subnetIds: Input should be a valid list"),
    ({**SPEC, "amiFamily": "AL2"}, "amiFamily: Input should be 'AL2023' or 'BOTTLEROCKET'"),
    ({**SPEC, "providerConfigRef": {"kind": "Config"}}, "providerConfigRef.kind: Input should be"),
    ({**SPEC, "launchTemplates": [{"pool": "a"}]}, "launchTemplates[0].group: Field required"),
]


def parse_spec(spec: dict[str, Any]) -> tuple[ComposeSpec, EksSettings]:
    """The XR's spec, read to the end."""
    compose = parse_compose(Input().compose, {"spec": spec})
    if isinstance(compose.settings, InputError):
        raise compose.settings
    assert isinstance(compose.settings, EksSettings)
    return compose, compose.settings


def input_schema() -> Any:
    path = FUNCTIONS / "package" / "input" / "capacity.fn.trimtab.dev_inputs.yaml"
    crd = yaml.safe_load(path.read_text("utf-8"))
    return closed(crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"])


def spec_schema() -> Any:
    path = FUNCTIONS / "apis" / "nodegroupset" / "definition.yaml"
    xrd = yaml.safe_load(path.read_text("utf-8"))
    schema = xrd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    return closed(schema["properties"]["spec"])


@pytest.mark.parametrize("document", [*ACCEPTED_INPUTS, *(each for each, _ in REJECTED_INPUTS)])
def test_the_inputs_schema_agrees_with_the_function(document: dict[str, Any]) -> None:
    schema = input_schema()
    for fixed in ("apiVersion", "kind"):
        # A CRD's own group, version and kind are checked by the API server.
        schema["properties"][fixed] = {"const": INPUT[fixed]}
    assert Draft202012Validator(schema).is_valid(document) == (document in ACCEPTED_INPUTS)


@pytest.mark.parametrize("document", ACCEPTED_INPUTS)
def test_an_input_is_accepted(document: dict[str, Any]) -> None:
    parse_input(document)


@pytest.mark.parametrize(("document", "message"), REJECTED_INPUTS)
def test_an_input_is_refused(document: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as error:
        parse_input(document)
    assert str(error.value).startswith(f"the pipeline step's input: {message}")


def test_an_input_names_its_plan_once() -> None:
    with pytest.raises(InputError, match="give only one of name, fromFieldPath and matchLabels"):
        parse_input(BOTH)


@pytest.mark.parametrize("spec", [*ACCEPTED_SPECS, *(each for each, _ in REJECTED_SPECS)])
def test_the_xrds_schema_agrees_with_the_function(spec: dict[str, Any]) -> None:
    assert Draft202012Validator(spec_schema()).is_valid(spec) == (spec in ACCEPTED_SPECS)


@pytest.mark.parametrize("spec", ACCEPTED_SPECS)
def test_a_spec_is_accepted(spec: dict[str, Any]) -> None:
    parse_spec(spec)


@pytest.mark.parametrize(("spec", "message"), REJECTED_SPECS)
def test_a_spec_is_refused(spec: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as error:
        parse_spec(spec)
    assert str(error.value).startswith(f"the XR's spec: {message}")


def test_the_schemas_have_the_functions_fields_and_defaults() -> None:
    fields = {field.alias for field in EksSettings.model_fields.values()}
    assert set(spec_schema()["properties"]) == fields | {"planRef", "pools"}
    _, settings = parse_spec(SPEC)
    assert spec_schema()["properties"]["amiFamily"]["default"] == settings.ami_family
    reference = settings.provider_config_ref
    defaults = spec_schema()["properties"]["providerConfigRef"]["properties"]
    assert (defaults["kind"]["default"], defaults["name"]["default"]) == (
        reference.kind,
        reference.name,
    )
    assert set(input_schema()["properties"]) == {f.alias for f in Input.model_fields.values()}
    assert input_schema()["properties"]["mode"]["default"] == Input().mode


def test_the_inputs_crd_is_made_of_its_model() -> None:
    assert (FUNCTIONS.parent / input_crd.FILE).read_text("utf-8") == input_crd.dump()
    told = input_crd.crd()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    assert list(undescribed(told, "")) == ["apiVersion", "kind", "metadata"]


def undescribed(schema: Any, path: str) -> Iterator[str]:
    """Fields without a description."""
    for name, each in schema.get("properties", {}).items():
        here = f"{path}.{name}".lstrip(".")
        if "description" not in each:
            yield here
        yield from undescribed(each, here)
        yield from undescribed(each.get("items", {}), f"{here}[]")


def test_an_xr_that_names_no_plan_is_refused_with_the_field() -> None:
    with pytest.raises(InputError) as error:
        plan_source(
            Input().plan,
            {"metadata": {"namespace": "a"}, "spec": {"planRef": {"name": 3.0}}},
            Stated(),
        )
    assert str(error.value) == (
        "the XR's spec.planRef.name: names no CapacityPlan; give the plan's name there, or plan.name "
        "in the pipeline step's input"
    )


def test_a_cluster_scoped_xr_needs_the_plans_namespace() -> None:
    xr = {"metadata": {"name": "a"}, "spec": {"planRef": {"name": "b"}}}
    with pytest.raises(InputError) as error:
        plan_source(Input().plan, xr, Stated())
    assert str(error.value) == (
        "the XR has no namespace to take the CapacityPlan from; give plan.namespace in the pipeline "
        "step's input"
    )
    step = parse_input(
        {**INPUT, "plan": {"namespace": "plans", "fromFieldPath": "spec.planRef.name"}}
    )
    assert str(plan_source(step.plan, xr, Stated())) == "plans/b"


def test_the_examples_are_what_the_function_takes() -> None:
    load_plan(FUNCTIONS / "examples" / "plan.yaml")
    xr = yaml.safe_load((FUNCTIONS / "examples" / "xr.yaml").read_text("utf-8"))
    parse_spec(xr["spec"])
    for path in ("apis/nodegroupset/composition.yaml", "examples/inject/composition.yaml"):
        composition = yaml.safe_load((FUNCTIONS / path).read_text("utf-8"))
        step = composition["spec"]["pipeline"][-1]
        parse_input(step["input"])
        for required in step.get("requirements", {}).get("requiredResources", []):
            assert required["requirementName"] == REQUIREMENT


json_documents = st.dictionaries(
    st.text(max_size=6),
    st.recursive(
        st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=6), inner),
        max_leaves=20,
    ),
    max_size=4,
)


@given(json_documents)
def test_structs_are_read_and_written_as_the_sdk_does(document: dict[str, Any]) -> None:
    struct = structs.from_data(document)
    assert struct == json_format.ParseDict(document, structpb.Struct())
    assert structs.to_data(struct) == json_format.MessageToDict(struct)


@given(json_documents, st.text(max_size=6))
def test_reading_a_struct_changes_nothing(document: dict[str, Any], key: str) -> None:
    struct = structs.from_data(document)
    before = struct.SerializeToString(deterministic=True)
    assert structs.item(struct, key) == document.get(key)
    found = structs.child(struct, key)
    assert (found is not None) == isinstance(document.get(key), dict)
    assert structs.item(structs.child(None, key), key) is None
    assert struct.SerializeToString(deterministic=True) == before


def test_replacing_leaves_nothing_of_what_was_there() -> None:
    struct = structs.from_data({"spec": {"a": {"old": 1.0}, "b": "kept"}})
    structs.replace(struct, ("spec", "a"), {"new": 2})
    structs.replace(struct, ("spec", "c", "d"), {"deep": True})
    assert structs.to_data(struct) == {
        "spec": {"a": {"new": 2.0}, "b": "kept", "c": {"d": {"deep": True}}}
    }


def test_a_memo_is_bounded_by_number_and_by_size() -> None:
    made: list[str] = []

    def make(key: str) -> str:
        made.append(key)
        return key.upper()

    def get(memo: Memo[str], key: str, size: int = 1) -> str:
        return memo.get(key, size, lambda: make(key))

    by_number: Memo[str] = Memo(2, 100)
    assert [get(by_number, key) for key in ("a", "b", "a", "c", "a", "b")] == list("ABACAB")
    assert made == ["a", "b", "c", "b"]  # b was the least recently used when c came
    by_size: Memo[str] = Memo(100, 10)
    for key, size in (("a", 4), ("b", 4), ("c", 4)):
        get(by_size, key, size)
    assert len(by_size) == 2
    get(by_size, "large", 50)
    assert len(by_size) == 1  # the last result is kept, whatever its size
