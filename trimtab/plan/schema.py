"""The CapacityPlan's JSON Schema and CustomResourceDefinition, generated from the pydantic model.

Editors and CI check a plan's file against the JSON Schema; a cluster checks the same document against
the CRD. Both come from `CapacityPlan` alone, so neither can drift from what Trimtab reads: what one
accepts the others accept. Only the rules that span fields are the JSON Schema's to state in words
alone, for it can compare no two values; pydantic checks them as the `Invariant`s' Python, the API
server as their CEL.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from trimtab.plan.document import SERVER_METADATA
from trimtab.plan.model import API_VERSION, KIND, CapacityPlan

Schema = dict[str, Any]

SCHEMA_ID = "https://trimtab.dev/schemas/v1alpha1/capacityplan.json"
SCHEMA_FILE = "docs/schemas/capacityplan-v1alpha1.schema.json"
WORKLOAD_SCHEMA_FILE = "docs/schemas/workload-v1alpha1.schema.json"
EVENTS_SCHEMA_FILE = "docs/schemas/demandevents-v1alpha1.schema.json"
INVENTORY_SCHEMA_FILE = "docs/schemas/capacityinventory-v1alpha1.schema.json"
APPROVAL_SCHEMA_FILE = "docs/schemas/commitmentapproval-v1alpha1.schema.json"
LIMITS_SCHEMA_FILE = "docs/schemas/planninglimits-v1alpha1.schema.json"
CRD_FILE = "functions/apis/crds/capacityplans.trimtab.dev.yaml"
PLURAL = "capacityplans"
_STATUS = "For a cluster's own tools; Trimtab writes none and passes it over."
_PRINTER_COLUMNS = (
    ("Provider", ".spec.site.provider", "string"),
    ("Region", ".spec.site.region", "string"),
    # Not a date: kubectl prints those as an age, and this one lies ahead.
    ("Valid until", ".spec.validUntil", "string"),
    ("Age", ".metadata.creationTimestamp", "date"),
)
# What a structural schema has no use for or may not have.
_NOT_STRUCTURAL = {"title", "$ref", "anyOf", "oneOf", "discriminator", "const", "propertyNames"}


def json_schema() -> Schema:
    """The JSON Schema, draft 2020-12, of a plan's file or of the object that a cluster returns."""
    generated = CapacityPlan.model_json_schema(by_alias=True)
    definitions = {name: _documented(each) for name, each in generated["$defs"].items()}
    for each in _unions(generated["$defs"].values()):
        tag = each["discriminator"]["propertyName"]
        for reference in each["discriminator"]["mapping"].values():
            member = definitions[_name(reference)]
            member["required"] = [tag, *member.get("required", ())]
            member["properties"][tag] = _without_null(member["properties"][tag])
    definitions["Metadata"]["properties"] |= dict.fromkeys(sorted(SERVER_METADATA), True)
    root = _documented(generated)
    root["properties"] |= {
        "apiVersion": {"const": API_VERSION},
        "kind": {"const": KIND},
        "status": {"description": _STATUS},
    }
    root["required"] = ["apiVersion", "kind", *root["required"]]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        **{key: value for key, value in root.items() if key != "$defs"},
        "title": f"{KIND} {API_VERSION}",
        "$defs": definitions,
    }


def crd() -> Schema:
    """The CustomResourceDefinition `capacityplans.trimtab.dev`, apiextensions.k8s.io/v1."""
    group, version = API_VERSION.split("/")
    generated = CapacityPlan.model_json_schema(by_alias=True)
    definitions = generated["$defs"]
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{PLURAL}.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {
                "kind": KIND,
                "listKind": f"{KIND}List",
                "plural": PLURAL,
                "singular": KIND.lower(),
                "shortNames": ["cplan"],
            },
            "versions": [
                {
                    "name": version,
                    "served": True,
                    "storage": True,
                    "additionalPrinterColumns": [
                        {"name": name, "jsonPath": path, "type": kind}
                        for name, path, kind in _PRINTER_COLUMNS
                    ],
                    "subresources": {"status": {}},
                    "schema": {
                        "openAPIV3Schema": {
                            "type": "object",
                            "description": _one_line(CapacityPlan.__doc__ or ""),
                            "required": ["spec"],
                            "properties": {
                                "apiVersion": {"type": "string"},
                                "kind": {"type": "string"},
                                "metadata": {"type": "object"},
                                "spec": _structural(generated["properties"]["spec"], definitions),
                                "status": {
                                    "type": "object",
                                    "description": _STATUS,
                                    "x-kubernetes-preserve-unknown-fields": True,
                                },
                            },
                        }
                    },
                }
            ],
        },
    }


def dump_json_schema(schema: Schema | None = None) -> str:
    """A JSON Schema, the plan's unless told, as a published file has it."""
    return json.dumps(schema or json_schema(), indent=2, ensure_ascii=False) + "\n"


def dump_crd() -> str:
    """The CRD as the published file has it."""
    text: str = yaml.safe_dump(crd(), sort_keys=False, allow_unicode=True, width=100)
    return (
        f"# Generated from trimtab/plan/model.py by `make schemas`; edit the model instead.\n{text}"
    )


def published() -> dict[str, str]:
    """The generated files: path under the repository's root, and content."""
    # The documents know nothing of each other; only the published files stand together.
    from trimtab.demand.events_file import events_schema
    from trimtab.inventory.approvals import approval_schema
    from trimtab.inventory.document import inventory_schema
    from trimtab.limits.document import limits_schema
    from trimtab.workloads.schema import workload_schema

    return {
        SCHEMA_FILE: dump_json_schema(),
        WORKLOAD_SCHEMA_FILE: dump_json_schema(workload_schema()),
        EVENTS_SCHEMA_FILE: dump_json_schema(events_schema()),
        INVENTORY_SCHEMA_FILE: dump_json_schema(inventory_schema()),
        APPROVAL_SCHEMA_FILE: dump_json_schema(approval_schema()),
        LIMITS_SCHEMA_FILE: dump_json_schema(limits_schema()),
        CRD_FILE: dump_crd(),
    }


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


def _structural(node: Schema, definitions: Mapping[str, Schema]) -> Schema:
    """A schema that apiextensions.k8s.io/v1 takes: no references, no unions, closed by pruning."""
    outer = {
        key: value
        for key, value in node.items()
        if key not in _NOT_STRUCTURAL and not (key == "default" and value is None)
    }
    if reference := node.get("$ref"):
        return {**_structural(definitions[_name(reference)], definitions), **outer}
    if "discriminator" in node:
        return {**_merged(node, definitions), **outer}
    if choices := [each for each in node.get("anyOf", ()) if each.get("type") != "null"]:
        (only,) = choices
        return {**_structural(only, definitions), **outer, "nullable": True}
    if "const" in node:
        outer["enum"] = [node["const"]]
    if "exclusiveMinimum" in outer:
        outer |= {"minimum": outer["exclusiveMinimum"], "exclusiveMinimum": True}
    if patterns := outer.pop("patternProperties", None):
        (values,) = patterns.values()
        outer["additionalProperties"] = _structural(values, definitions)
    elif outer.get("additionalProperties") is False:
        del outer["additionalProperties"]
    if "properties" in outer:
        outer["properties"] = {
            name: _structural(each, definitions) for name, each in outer["properties"].items()
        }
    if "items" in outer:
        outer["items"] = _structural(outer["items"], definitions)
    if "description" in outer:
        outer["description"] = _one_line(outer["description"])
    return outer


def _merged(union: Schema, definitions: Mapping[str, Schema]) -> Schema:
    """A tagged union as one object with every member's fields, and rules that keep them apart."""
    tag = union["discriminator"]["propertyName"]
    members = {
        value: _structural(definitions[_name(reference)], definitions)
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


def _name(reference: str) -> str:
    return reference.rpartition("/")[2]


def _one_line(text: str) -> str:
    return " ".join(text.split())
