"""From pydantic's schema to the structural schema that `apiextensions.k8s.io/v1` takes.

No references, no unions, no patterns on keys, closed by pruning. A tagged union becomes one object with
every member's fields and CEL rules that keep them apart. Bounds stay, for the API server counts a
rule's cost by the worst case that they allow.
"""

from collections.abc import Mapping
from typing import Any

from trimtab.schemas.json_schema import Schema, name_of

# What a structural schema has no use for or may not have.
_NOT_STRUCTURAL = {
    "title", "$ref", "anyOf", "oneOf", "discriminator", "const", "propertyNames", "examples",
}  # fmt: skip
INT_OR_STRING = "x-kubernetes-int-or-string"


def structural(node: Schema, definitions: Mapping[str, Schema]) -> Schema:
    """The structural schema of a node of pydantic's, its references resolved."""
    outer = {
        key: _without_nulls(value) if key == "default" else value
        for key, value in node.items()
        if key not in _NOT_STRUCTURAL and not (key == "default" and value is None)
    }
    if reference := node.get("$ref"):
        return {**structural(definitions[name_of(reference)], definitions), **outer}
    if "discriminator" in node:
        return {**_merged(node, definitions), **outer}
    if INT_OR_STRING in node:
        # The API server applies each bound to the type that it speaks of.
        bounds = [{k: v for k, v in each.items() if k != "type"} for each in node["anyOf"]]
        return {**outer, **{key: value for each in bounds for key, value in each.items()}}
    if choices := [each for each in node.get("anyOf", ()) if each.get("type") != "null"]:
        (only,) = choices
        return {**structural(only, definitions), **outer, "nullable": True}
    if "const" in node:
        outer["enum"] = [node["const"]]
    if "exclusiveMinimum" in outer:
        outer |= {"minimum": outer["exclusiveMinimum"], "exclusiveMinimum": True}
    if patterns := outer.pop("patternProperties", None):
        (values,) = patterns.values()
        outer["additionalProperties"] = structural(values, definitions)
    elif outer.get("additionalProperties") is False:
        del outer["additionalProperties"]
    if "properties" in outer:
        outer["properties"] = {
            name: structural(each, definitions) for name, each in outer["properties"].items()
        }
    if "items" in outer:
        outer["items"] = structural(outer["items"], definitions)
    if "description" in outer:
        outer["description"] = one_line(outer["description"])
    return outer


def one_line(text: str) -> str:
    """The text without line breaks and indentation."""
    return " ".join(text.split())


def _without_nulls(value: Any) -> Any:
    """A default that states only what is: a null is what an absent field is."""
    if isinstance(value, dict):
        return {key: _without_nulls(each) for key, each in value.items() if each is not None}
    return value


def _merged(union: Schema, definitions: Mapping[str, Schema]) -> Schema:
    """A tagged union as one object with every member's fields, and rules that keep them apart."""
    tag = union["discriminator"]["propertyName"]
    members = {
        value: structural(definitions[name_of(reference)], definitions)
        for value, reference in union["discriminator"]["mapping"].items()
    }
    properties: dict[str, Schema] = {tag: {"type": "string", "enum": sorted(members)}}
    owners: dict[str, list[str]] = {}
    rules: list[Schema] = []
    for value in sorted(members):
        member = members[value]
        rules += member.get("x-kubernetes-validations", [])
        for name, each in member["properties"].items():
            if name == tag:
                continue
            if properties.setdefault(name, each) != each:
                raise TypeError(f"{name} differs between the members of a union")
            owners.setdefault(name, []).append(value)
    for name, options in owners.items():
        listed = ", ".join(f"'{option}'" for option in options)
        rules.append(
            {
                "rule": f"!has(self.{name}) || self.{tag} in [{listed}]",
                "message": f"{name} goes only with {tag} {' or '.join(options)}",
            }
        )
        for value in options:
            if name in members[value].get("required", ()):
                rules.append(
                    {
                        "rule": f"self.{tag} != '{value}' || has(self.{name})",
                        "message": f"{tag} {value} needs {name}",
                    }
                )
    described = "; ".join(f"{v}: {members[v].get('description', '')}" for v in sorted(members))
    return {
        "type": "object",
        "description": described,
        "required": [tag],
        "properties": properties,
        "x-kubernetes-validations": rules,
    }
