"""XRDs of tests' own kinds, as Crossplane v2 takes them."""

from collections.abc import Mapping
from typing import Any

FREE: Mapping[str, Any] = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
"""The schema of an object that may hold anything."""


def xrd(
    api_version: str,
    kind: str,
    plural: str,
    spec: Mapping[str, Any] = FREE,
    *,
    scope: str = "Namespaced",
    capacity: bool = True,
) -> dict[str, Any]:
    """An XRD of one version.

    Args:
        api_version: group and version.
        kind, plural: its names.
        spec: the schema of `spec`.
        scope: Namespaced or Cluster.
        capacity: whether `status.capacity` is declared, as the capacity function asks.
    """
    group, _, version = api_version.partition("/")
    properties = {"spec": dict(spec)}
    if capacity:
        properties["status"] = {"type": "object", "properties": {"capacity": dict(FREE)}}
    schema = {"openAPIV3Schema": {"type": "object", "properties": properties}}
    return {
        "apiVersion": "apiextensions.crossplane.io/v2",
        "kind": "CompositeResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "scope": scope,
            "names": {"kind": kind, "plural": plural},
            "versions": [
                {"name": version, "served": True, "referenceable": True, "schema": schema}
            ],
        },
    }
