"""Who owns a field of an object, as the API server tells in `metadata.managedFields`.

Crossplane applies composed objects server-side and by force. A field that it applied once, leaves out
later and nobody else owns is deleted; one that somebody else has moved since is that manager's, and
stays. So a size that an autoscaler is to own is stated for as long as nobody but Crossplane has
written it, with the value that stands there, and left out from the autoscaler's first move on.

Pure. Facts: Kubernetes' page on server-side apply (2026-11); Crossplane 2.2 applies composed objects as
`apiextensions.crossplane.io/composed/<hash>`. Tried against kube-apiserver 1.36 in
tests/e2e/test_adapters_clouds.py.
"""

import json
from collections.abc import Mapping
from typing import Any

from trimtab_functions.capacity.adapters.objects import EXTERNAL_NAME
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


def composed_part(document: Mapping[str, Any]) -> dict[str, Any] | None:
    """What Crossplane applied of an object and still owns: its labels, annotations and spec.

    To apply just that again changes nothing. What somebody else has moved since is not among it.

    Returns:
        None where the object does not say who owns its fields.
    """
    fields = [
        mapping(each.get("fieldsV1"))
        for each in _managers(document)
        if (text(each.get("manager")) or "").startswith(COMPOSED_MANAGER)
        and each.get("operation") == "Apply"
        and not each.get("subresource")
    ]
    if not fields:
        return None
    found: dict[str, Any] = {k: document[k] for k in ("apiVersion", "kind") if k in document}
    metadata = _part(section(document, "metadata"), mapping(fields[0].get("f:metadata")))
    labels, annotations = mapping(metadata.get("labels")), mapping(metadata.get("annotations"))
    # Crossplane puts its own there again.
    kept = {k: v for k, v in annotations.items() if not k.startswith(_OF_CROSSPLANE)}
    kept |= {k: v for k, v in annotations.items() if k == EXTERNAL_NAME}
    found["metadata"] = {
        "labels": {k: v for k, v in labels.items() if not k.startswith(_OF_CROSSPLANE)}
    }
    if kept:
        found["metadata"]["annotations"] = kept
    found["spec"] = _part(section(document, "spec"), mapping(fields[0].get("f:spec")))
    return found


_OF_CROSSPLANE = "crossplane.io/"


def _part(value: Any, fields: Mapping[str, Any]) -> Any:
    """The part of a value that a set of fields names (`FieldsV1`: f: keys, k: and v: items)."""
    if not fields:
        return value
    if isinstance(value, Mapping):
        return {
            k: _part(v, mapping(fields[f"f:{k}"])) for k, v in value.items() if f"f:{k}" in fields
        }
    if isinstance(value, list):
        return [part for each in value for part in _item(each, fields)]
    return value


def _item(item: Any, fields: Mapping[str, Any]) -> list[Any]:
    """The item's part, or nothing where the fields don't name it."""
    for name, inner in fields.items():
        sort, _, key = name.partition(":")
        if sort not in ("k", "v"):
            continue
        wanted = _parsed(key)
        if sort == "v" and wanted == item:
            return [item]
        if sort == "k" and isinstance(item, Mapping) and _is_keyed(item, wanted):
            return [_part(item, mapping(inner))]
    return []


def _is_keyed(item: Mapping[str, Any], keys: object) -> bool:
    return isinstance(keys, dict) and all(item.get(k) == v for k, v in keys.items())


def _parsed(text_of_key: str) -> Any:
    try:
        return json.loads(text_of_key)
    except ValueError:
        return None
