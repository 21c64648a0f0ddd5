"""A Kubernetes object as plain data, before anything makes it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class KubeObject:
    """An object.

    Attributes:
        key: what tells it from its siblings, for the name of the resource.
        body: its fields beside apiVersion, kind and metadata, in the API's own words.
        labels, annotations: its own; whoever makes it adds those of all.
        after: keys of the objects that must stand first.
    """

    key: str
    api_version: str
    kind: str
    name: str
    body: Mapping[str, Any]
    namespace: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    after: tuple[str, ...] = ()

    def metadata(self, labels: Mapping[str, str]) -> dict[str, Any]:
        """The object's metadata, with labels beside its own."""
        both = {**labels, **self.labels}
        return {
            "name": self.name,
            **({"namespace": self.namespace} if self.namespace else {}),
            **({"labels": both} if both else {}),
            **({"annotations": dict(self.annotations)} if self.annotations else {}),
        }

    def manifest(self, labels: Mapping[str, str] | None = None) -> dict[str, Any]:
        """The whole object."""
        return {
            "apiVersion": self.api_version,
            "kind": self.kind,
            "metadata": self.metadata(labels or {}),
            **self.body,
        }


def from_manifest(key: str, document: Mapping[str, Any], after: tuple[str, ...] = ()) -> KubeObject:
    """An object of a manifest's document."""
    metadata = document["metadata"]
    body = {k: v for k, v in document.items() if k not in ("apiVersion", "kind", "metadata")}
    return KubeObject(
        key,
        document["apiVersion"],
        document["kind"],
        metadata["name"],
        body,
        metadata.get("namespace"),
        metadata.get("labels", {}),
        metadata.get("annotations", {}),
        after,
    )
