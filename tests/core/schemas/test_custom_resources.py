"""The published JSON Schemas and CRDs: generated, committed, and of the shape that readers need."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from support.object_cases import ACCEPTED, APPROVAL, POLICY, REJECTED, WORKLOAD, parse
from support.plan_cases import Case
from trimtab.errors import InputError
from trimtab.schemas.custom_resources import CustomResource
from trimtab.schemas.published import CUSTOM_RESOURCES, published

ROOT = Path(__file__).parents[3]
STRUCTURAL_FORBIDS = {"$ref", "anyOf", "oneOf", "const", "title", "patternProperties", "$defs"}
BY_KIND = {each.kind: each for each in CUSTOM_RESOURCES}

resources = pytest.mark.parametrize("resource", CUSTOM_RESOURCES, ids=lambda each: each.kind)


@pytest.mark.parametrize("file", sorted(published()))
def test_the_committed_file_is_what_the_generator_writes(file: str) -> None:
    assert (ROOT / file).read_text("utf-8") == published()[file], "run `make schemas`"


@pytest.mark.parametrize("folder", ["docs/schemas", "functions/apis/crds"])
def test_nothing_else_stands_with_the_generated_files(folder: str) -> None:
    """A file whose kind is gone would go on being installed."""
    there = {f"{folder}/{file.name}" for file in (ROOT / folder).iterdir()}
    assert there == {file for file in published() if file.startswith(f"{folder}/")}


@resources
def test_writing_is_deterministic_and_reads_back(resource: CustomResource) -> None:
    assert resource.dump_crd() == resource.dump_crd()
    assert yaml.safe_load(resource.dump_crd()) == resource.crd()


def test_every_published_json_schema_is_one() -> None:
    for file, text in published().items():
        if file.endswith(".json"):
            schema = yaml.safe_load(text)
            Draft202012Validator.check_schema(schema)
            assert schema["$id"].startswith("https://trimtab.dev/schemas/v1alpha1/")


@resources
def test_the_json_schema_has_no_word_of_kubernetes_or_pydantic(resource: CustomResource) -> None:
    # pydantic writes `ge` and `le` where a validator hides the type that they bound.
    for node in _nodes(resource.json_schema()):
        assert not any(key.startswith("x-kubernetes") for key in node)
        assert not {"ge", "le", "gt", "lt", "min_length", "max_length"} & set(node)


@resources
def test_the_crd_is_structural(resource: CustomResource) -> None:
    for node in _nodes(_spec(resource)):
        assert not STRUCTURAL_FORBIDS & set(node), node
        if node.get("type") == "object":
            assert "properties" in node or "additionalProperties" in node


@resources
def test_every_list_map_and_text_of_the_crd_is_bounded(resource: CustomResource) -> None:
    """Rules cost by the worst case, and without bounds the API server would refuse them."""
    for node in _nodes(_spec(resource)):
        if node.get("type") == "array":
            assert "maxItems" in node, node
        if node.get("type") == "object" and "additionalProperties" in node:
            assert "maxProperties" in node, node
        if node.get("type") == "string" or "x-kubernetes-int-or-string" in node:
            assert {"maxLength", "enum", "format"} & set(node), node


@resources
def test_every_invariant_stands_in_the_crd(resource: CustomResource) -> None:
    stated = {rule["rule"] for node in _nodes(_spec(resource)) for rule in _rules(node)}
    generated = resource.model.model_json_schema()["$defs"].values()
    declared = {rule["rule"] for definition in generated for rule in _rules(definition)}
    assert declared
    assert declared <= stated


@resources
def test_no_default_states_a_null(resource: CustomResource) -> None:
    for node in _nodes(_spec(resource)):
        default = node.get("default", ())
        assert default is not None
        assert not isinstance(default, dict) or None not in default.values()


def test_only_an_approval_is_immutable() -> None:
    unchanged = {
        kind: [rule["message"] for rule in _rules(_spec(each)) if rule["rule"] == "self == oldSelf"]
        for kind, each in BY_KIND.items()
    }
    approval = ["an approval can't be changed; record another one"]
    assert unchanged == {
        "CapacityPlan": [], "CommitmentApproval": approval, "Workload": [], "CapacityPolicy": [],
    }  # fmt: skip


def test_a_workloads_name_is_a_label_in_its_crd_too() -> None:
    metadata = {kind: _schema(each)["properties"]["metadata"] for kind, each in BY_KIND.items()}
    assert metadata["Workload"]["properties"]["name"]["maxLength"] == 63
    assert metadata["CapacityPlan"] == {"type": "object"}


def test_a_quantity_is_text_or_a_whole_number() -> None:
    quantity = _spec(BY_KIND["Workload"])["properties"]["resources"]["additionalProperties"]
    assert "type" not in quantity
    assert quantity["x-kubernetes-int-or-string"] is True
    assert (quantity["minimum"], quantity["maxLength"]) == (0, 64)


@pytest.mark.parametrize("base", [APPROVAL, WORKLOAD, POLICY], ids=lambda base: base["kind"])
def test_a_document_says_no_more_than_what_it_is(base: dict[str, Any]) -> None:
    """pydantic's own names are no keys of a document."""
    snake = {**base, "api_version": base["apiVersion"]}
    with pytest.raises(InputError, match="unknown field"):
        parse(snake)
    assert not _validator(base).is_valid(snake)


@pytest.mark.parametrize("case", ACCEPTED, ids=str)
def test_trimtab_and_the_json_schema_accept(case: Case) -> None:
    parse(case.document)
    assert [e.message for e in _validator(case.document).iter_errors(case.document)] == []


@pytest.mark.parametrize("case", REJECTED, ids=str)
def test_trimtab_and_the_json_schema_reject(case: Case) -> None:
    with pytest.raises(InputError) as error:
        parse(case.document)
    assert str(error.value).startswith("document: ")
    assert (case.pydantic or "") in str(error.value)
    accepted = _validator(case.document).is_valid(case.document)
    assert accepted == (case.not_in_schema is not None)


def _validator(document: dict[str, Any]) -> Draft202012Validator:
    return Draft202012Validator(BY_KIND[document["kind"]].json_schema())


def _schema(resource: CustomResource) -> dict[str, Any]:
    schema: dict[str, Any] = resource.crd()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    return schema


def _spec(resource: CustomResource) -> dict[str, Any]:
    spec: dict[str, Any] = _schema(resource)["properties"]["spec"]
    return spec


def _rules(node: dict[str, Any]) -> list[dict[str, str]]:
    rules: list[dict[str, str]] = node.get("x-kubernetes-validations", [])
    return rules


def _nodes(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The schema and every schema in it; not the maps that hold them by field name."""
    yield schema
    for holder in ("properties", "$defs", "patternProperties"):
        for each in schema.get(holder, {}).values():
            if isinstance(each, dict):
                yield from _nodes(each)
    for key in ("items", "additionalProperties", "propertyNames"):
        if isinstance(schema.get(key), dict):
            yield from _nodes(schema[key])
    for key in ("anyOf", "oneOf"):
        for each in schema.get(key, []):
            yield from _nodes(each)
