"""The published JSON Schema and CRD: generated, committed, and of the shape that readers need."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from trimtab.plan.model import CapacityPlan
from trimtab.plan.schema import CRD_FILE, crd, dump_crd, json_schema, published

ROOT = Path(__file__).parents[3]
STRUCTURAL_FORBIDS = {"$ref", "anyOf", "oneOf", "const", "title", "patternProperties", "$defs"}


@pytest.mark.parametrize("file", sorted(published()))
def test_the_committed_file_is_what_the_generator_writes(file: str) -> None:
    assert (ROOT / file).read_text("utf-8") == published()[file], "run `make schemas`"


def test_writing_is_deterministic_and_reads_back() -> None:
    assert dump_crd() == dump_crd()
    assert yaml.safe_load(dump_crd()) == crd()


def test_every_published_json_schema_is_one() -> None:
    for file, text in published().items():
        if file != CRD_FILE:
            schema = yaml.safe_load(text)
            Draft202012Validator.check_schema(schema)
            assert schema["$id"].startswith("https://trimtab.dev/schemas/v1alpha1/")


def test_the_json_schema_says_the_rules_in_words() -> None:
    window = json_schema()["$defs"]["Window"]
    assert "Rules: a window must start before it ends;" in window["description"]
    assert not any(key.startswith("x-kubernetes") for node in _nodes(json_schema()) for key in node)


def test_every_bound_is_one_that_json_schema_knows() -> None:
    # pydantic writes `ge` and `le` where a validator hides the type that they bound.
    for node in _nodes(json_schema()):
        assert not {"ge", "le", "gt", "lt", "min_length", "max_length"} & set(node)


def test_the_crd_is_structural() -> None:
    for node in _nodes(_spec()):
        assert not STRUCTURAL_FORBIDS & set(node), node
        if node.get("type") == "object":
            assert "properties" in node or "additionalProperties" in node


def test_every_list_map_and_text_of_the_crd_is_bounded() -> None:
    """Rules cost by the worst case, and without bounds the API server would refuse them."""
    for node in _nodes(_spec()):
        if node.get("type") == "array":
            assert "maxItems" in node, node
        if node.get("type") == "object" and "additionalProperties" in node:
            assert "maxProperties" in node, node
        if node.get("type") == "string":
            assert {"maxLength", "enum", "format"} & set(node), node


def test_pools_and_groups_are_keyed_by_name() -> None:
    pools = _spec()["properties"]["pools"]
    for keyed in (pools, pools["items"]["properties"]["groups"]):
        assert keyed["x-kubernetes-list-type"] == "map"
        assert keyed["x-kubernetes-list-map-keys"] == ["name"]
        assert "name" in keyed["items"]["required"]


def test_a_purchase_is_one_object_with_the_rules_that_keep_its_options_apart() -> None:
    groups = _spec()["properties"]["pools"]["items"]["properties"]["groups"]
    purchase = groups["items"]["properties"]["purchase"]
    assert purchase["required"] == ["option"]
    assert sorted(purchase["properties"]) == [
        "commitment", "endsAt", "option", "pools", "reservation", "reservationId", "site",
        "startsAt", "term", "zone",
    ]  # fmt: skip
    rules = {each["message"]: each["rule"] for each in purchase["x-kubernetes-validations"]}
    assert rules["option spot needs pools"] == "self.option != 'spot' || has(self.pools)"
    assert rules["pools goes only with option spot"] == (
        "!has(self.pools) || self.option in ['spot']"
    )
    assert "option reserved needs commitment" not in rules  # it may be held already


def test_every_invariant_stands_in_the_crd() -> None:
    stated = {rule["rule"] for node in _nodes(_spec()) for rule in _rules(node)}
    for definition in CapacityPlan.model_json_schema()["$defs"].values():
        assert {rule["rule"] for rule in _rules(definition)} <= stated


def test_the_crd_keeps_defaults_and_lets_what_may_be_absent_be_null() -> None:
    group = _spec()["properties"]["pools"]["items"]["properties"]["groups"]["items"]["properties"]
    assert group["taints"]["default"] == []
    assert group["accelerator"]["nullable"] is True
    assert "nullable" not in group["windows"]


def _spec() -> dict[str, Any]:
    schema = crd()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    spec: dict[str, Any] = schema["properties"]["spec"]
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
