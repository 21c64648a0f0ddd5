"""Who owns a field of an object, as the API server tells in `metadata.managedFields`.

Crossplane applies composed objects server-side and by force. A field that it applied once, leaves out
later and nobody else owns is deleted; one that somebody else has moved since is that manager's, and
stays. So a size that an autoscaler is to own is stated for as long as nobody but Crossplane has
written it, with the value that stands there, and left out from the autoscaler's first move on.

Pure. Facts: Kubernetes' page on server-side apply (2026-11); Crossplane 2.2 applies composed objects as
`apiextensions.crossplane.io/composed/<hash>`. Tried against kube-apiserver 1.36 in
tests/e2e/test_adapters_clouds.py.
"""

from collections.abc import Mapping
from typing import Any

from trimtab_functions.capacity.documents import Path, at, items, mapping, section, text

COMPOSED_MANAGER = "apiextensions.crossplane.io/composed"


def only_composed(document: Mapping[str, Any], path: Path) -> bool:
    """Whether Crossplane, and nobody else, owns the field that stands at a path.

    An object that does not say who owns its fields says no.
    """
    if at(document, *path) is None:
        return False
    owners = [each for each in _managers(document) if _owns(each, path)]
    return bool(owners) and all(
        (text(each.get("manager")) or "").startswith(COMPOSED_MANAGER)
        and each.get("operation") == "Apply"
        for each in owners
    )


def _managers(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = items(section(document, "metadata").get("managedFields"))
    return [mapping(each) for each in found]


def _owns(manager: Mapping[str, Any], path: Path) -> bool:
    """Whether the manager's fields have the path, or something above it as a whole."""
    fields = mapping(manager.get("fieldsV1"))
    for part in path:
        name = f"f:{part}"
        if name not in fields:
            return False
        fields = mapping(fields[name])
        if not fields:
            return True
    return False
