"""A document as a custom resource: its declaration, and the CustomResourceDefinition made of it.

The model says what an object may hold; the declaration only what a model can't know: its plural, what
`kubectl get` prints, whether its spec may change. So a file, a JSON Schema and a cluster cannot say
different things.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

import yaml

from trimtab.plan.document import api_version_of, kind_of
from trimtab.plan.types import Document
from trimtab.schemas.json_schema import STATUS, Schema, dump_json_schema, json_schema, name_of
from trimtab.schemas.structural import one_line, structural

SCHEMA_FOLDER = "docs/schemas"
CRD_FOLDER = "functions/apis/crds"
LONGEST_NAME = 253
"""Of an object, as Kubernetes has it."""


@dataclass(frozen=True)
class Column:
    """A column of `kubectl get`.

    Attributes:
        name: its head.
        path: the field, a JSONPath.
        type: as the API server knows it. A date is printed as an age, which lies of one that is ahead:
            those are strings.
        priority: 0 is always printed, 1 with `-o wide`.
    """

    name: str
    path: str
    type: Literal["string", "integer", "number", "boolean", "date"] = "string"
    priority: int = 0

    def declared(self) -> Schema:
        """As the CRD has it."""
        column: Schema = {"name": self.name, "jsonPath": self.path, "type": self.type}
        return {**column, "priority": self.priority} if self.priority else column


AGE = Column("Age", ".metadata.creationTimestamp", "date")


@dataclass(frozen=True)
class CustomResource:
    """What a document is in a cluster.

    Attributes:
        model: the whole document.
        module: the file that its model stands in, for who reads the generated one.
        plural: its name in addresses.
        short_names: what `kubectl get` takes in its place.
        columns: of `kubectl get`, besides the name.
        immutable: what an edit of the spec is told; None where it may change.
        status: the schema of `status`; whatever a cluster's tools write unless told.
    """

    model: type[Document]
    module: str
    plural: str
    short_names: tuple[str, ...]
    columns: tuple[Column, ...]
    scope: Literal["Namespaced", "Cluster"] = "Namespaced"
    immutable: str | None = None
    status: Schema = field(
        default_factory=lambda: {
            "type": "object",
            "description": STATUS,
            "x-kubernetes-preserve-unknown-fields": True,
        }
    )

    @property
    def kind(self) -> str:
        """The document's kind."""
        return kind_of(self.model)

    @property
    def group(self) -> str:
        """Its API group."""
        return api_version_of(self.model).partition("/")[0]

    @property
    def version(self) -> str:
        """Its API version within the group."""
        return api_version_of(self.model).partition("/")[2]

    @property
    def crd_file(self) -> str:
        """Where the CRD is published, under the repository's root."""
        return f"{CRD_FOLDER}/{self.plural}.{self.group}.yaml"

    @property
    def schema_file(self) -> str:
        """Where the JSON Schema is published, under the repository's root."""
        return f"{SCHEMA_FOLDER}/{self.kind.lower()}-{self.version}.schema.json"

    def json_schema(self) -> Schema:
        """The JSON Schema of the document's file or of the object that a cluster returns."""
        address = f"https://{self.group}/schemas/{self.version}/{self.kind.lower()}.json"
        return json_schema(self.model, address)

    def crd(self) -> Schema:
        """The CustomResourceDefinition, apiextensions.k8s.io/v1."""
        return {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": f"{self.plural}.{self.group}"},
            "spec": {
                "group": self.group,
                "scope": self.scope,
                "names": {
                    "kind": self.kind,
                    "listKind": f"{self.kind}List",
                    "plural": self.plural,
                    "singular": self.kind.lower(),
                    "shortNames": list(self.short_names),
                    "categories": ["trimtab"],
                },
                "versions": [
                    {
                        "name": self.version,
                        "served": True,
                        "storage": True,
                        "additionalPrinterColumns": [each.declared() for each in self.columns],
                        "subresources": {"status": {}},
                        "schema": {"openAPIV3Schema": self._object()},
                    }
                ],
            },
        }

    def dump_json_schema(self) -> str:
        """The JSON Schema as the published file has it."""
        return dump_json_schema(self.json_schema())

    def dump_crd(self) -> str:
        """The CRD as the published file has it."""
        text: str = yaml.dump(
            self.crd(), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100
        )
        return f"# Generated from {self.module} by `make schemas`; edit the model instead.\n{text}"

    def _object(self) -> Schema:
        generated = self.model.model_json_schema(by_alias=True)
        definitions = generated["$defs"]
        spec = structural(generated["properties"]["spec"], definitions)
        if self.immutable is not None:
            rules = spec.get("x-kubernetes-validations", [])
            unchanged = {"rule": "self == oldSelf", "message": self.immutable}
            spec["x-kubernetes-validations"] = [*rules, unchanged]
        return {
            "type": "object",
            "description": one_line(self.model.__doc__ or ""),
            "required": ["spec"],
            "properties": {
                "apiVersion": {"type": "string"},
                "kind": {"type": "string"},
                "metadata": _metadata(generated["properties"]["metadata"], definitions),
                "spec": spec,
                "status": self.status,
            },
        }


class _Dumper(yaml.SafeDumper):
    """Writes in full what stands twice: an anchor is nothing that a reader of a CRD expects."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True


def _metadata(node: Schema, definitions: dict[str, Schema]) -> Schema:
    """The server checks metadata itself; a CRD may only ask more of the name."""
    name = definitions[name_of(node["$ref"])]["properties"]["name"]
    if name.get("maxLength", LONGEST_NAME) >= LONGEST_NAME:
        return {"type": "object"}
    return {"type": "object", "properties": {"name": structural(name, definitions)}}
