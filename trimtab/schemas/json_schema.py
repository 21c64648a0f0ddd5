"""The JSON Schema of a document that is both a file and a Kubernetes object, from its model.

Rules that span fields are stated in words alone, for JSON Schema can compare no two values; pydantic
checks them as the `Invariant`s' Python, the API server as their CEL.
"""

import json
from collections.abc import Iterable
from typing import Any

from trimtab.plan.document import SERVER_METADATA, api_version_of, kind_of
from trimtab.plan.types import Document

Schema = dict[str, Any]

STATUS = "For a cluster's own tools; Trimtab writes none and passes it over."


def json_schema(model: type[Document], schema_id: str) -> Schema:
    """The JSON Schema, draft 2020-12, of a document's file or of the object that a cluster returns.

    Args:
        model: the whole document: apiVersion, kind, metadata and spec.
        schema_id: its address.
    """
    generated = model.model_json_schema(by_alias=True)
    definitions = {name: _documented(each) for name, each in generated["$defs"].items()}
    for each in _unions(generated["$defs"].values()):
        tag = each["discriminator"]["propertyName"]
        for reference in each["discriminator"]["mapping"].values():
            member = definitions[name_of(reference)]
            member["required"] = [tag, *member.get("required", ())]
            member["properties"][tag] = _without_null(member["properties"][tag])
    metadata = definitions[name_of(generated["properties"]["metadata"]["$ref"])]
    metadata["properties"] |= dict.fromkeys(sorted(SERVER_METADATA), True)
    root = _documented(generated)
    root["properties"] |= {
        "apiVersion": {"const": api_version_of(model)},
        "kind": {"const": kind_of(model)},
        "status": {"description": STATUS},
    }
    named = ["apiVersion", "kind"]
    root["required"] = named + [each for each in root["required"] if each not in named]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": schema_id,
        **{key: value for key, value in root.items() if key != "$defs"},
        "title": f"{kind_of(model)} {api_version_of(model)}",
        "$defs": definitions,
    }


def dump_json_schema(schema: Schema) -> str:
    """A JSON Schema as a published file has it."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def name_of(reference: str) -> str:
    """The definition that a `$ref` names."""
    return reference.rpartition("/")[2]


def _documented(node: Any) -> Any:
    """pydantic's schema without Kubernetes' extensions: rules in words, optional fields nullable."""
    if isinstance(node, list):
        return [_documented(each) for each in node]
    if not isinstance(node, dict):
        return node
    found = {
        key: _documented(value)
        for key, value in node.items()
        # pydantic's titles are the fields' names again.
        if not key.startswith("x-kubernetes-") and not (key == "title" and isinstance(value, str))
    }
    if rules := node.get("x-kubernetes-validations"):
        words = "; ".join(rule["message"] for rule in rules)
        found["description"] = f"{node.get('description', '')}\n\nRules: {words}.".strip()
    if "patternProperties" in found:
        found.setdefault("additionalProperties", False)
    if isinstance(properties := found.get("properties"), dict):
        required = found.get("required", [])
        found["properties"] = {
            name: each if name in required else _or_null(each) for name, each in properties.items()
        }
    return found


def _or_null(node: Schema) -> Schema:
    """The schema, or null: Kubernetes takes a null for an absent field, and so does pydantic here."""
    if any(each.get("type") == "null" for each in node.get("anyOf", ())):
        return node
    outer: Schema = {key: node[key] for key in ("description", "default") if key in node}
    inner = {key: value for key, value in node.items() if key not in outer}
    return {**outer, "anyOf": [inner, {"type": "null"}]}


def _without_null(node: Schema) -> Schema:
    inner: Schema = node["anyOf"][0] if "anyOf" in node else node
    return inner


def _unions(nodes: Iterable[Any]) -> Iterable[Schema]:
    """The discriminated unions among the properties of these objects."""
    for node in nodes:
        for each in node.get("properties", {}).values():
            if "discriminator" in each:
                yield each
