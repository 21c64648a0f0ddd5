"""CRDs of other people's kinds, just enough for an API server to store and admit their objects."""

from typing import Any


def least_crd(group: str, version: str, kind: str, *, scope: str = "Namespaced") -> dict[str, Any]:
    """A CRD whose spec is whatever an object has; the plural is the kind's with an s or -ies."""
    singular = kind.lower()
    plural = f"{singular[:-1]}ies" if singular.endswith("y") else f"{singular}s"
    plural = f"{singular}es" if singular.endswith("s") else plural
    schema = {
        "type": "object",
        "properties": {"spec": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
    }
    served = {"name": version, "served": True, "storage": True}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "scope": scope,
            "names": {"kind": kind, "plural": plural, "singular": singular},
            "versions": [{**served, "schema": {"openAPIV3Schema": schema}}],
        },
    }
