"""What of the XR's status its XRD declares.

Pure. Crossplane applies the status server-side, and an API server refuses all of it for one field that
the XR's schema lacks. So what is written under a field that nobody promised is cut down to what the
schema takes. Schemas are OpenAPI v3 as an API server publishes them (kubernetes.io, "Specifying a
structural schema"): `properties`, `items`, `additionalProperties`, `required`, and the extension
`x-kubernetes-preserve-unknown-fields`.
"""

from collections.abc import Callable, Mapping
from typing import Any

from trimtab_functions.capacity.documents import mapping

PRESERVES = "x-kubernetes-preserve-unknown-fields"

_NOTHING = object()


def kept(value: Mapping[str, Any], schema: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The part of an object that its schema takes; None where it takes none of it.

    Args:
        value: of JSON.
        schema: the object's; None where no schema has it.
    """
    found = _NOTHING if schema is None else _kept(value, schema)
    return found if isinstance(found, dict) and (found or not value) else None


def _kept(value: Any, schema: Mapping[str, Any]) -> Any:
    stated = schema.get("type")
    if schema.get("x-kubernetes-int-or-string") is True:
        return value if isinstance(value, str) or _is_whole(value) else _NOTHING
    if stated is not None and not _TYPES.get(stated, _never)(value):
        return _NOTHING
    if "enum" in schema and value not in schema["enum"]:
        return _NOTHING
    if isinstance(value, Mapping):
        return _object(value, schema)
    if isinstance(value, list):
        items = mapping(schema.get("items"))
        found = [_kept(each, items) for each in value]
        # A list with gaps would say something else.
        return _NOTHING if any(each is _NOTHING for each in found) else found
    return value


def _object(value: Mapping[str, Any], schema: Mapping[str, Any]) -> Any:
    properties = mapping(schema.get("properties"))
    others = schema.get("additionalProperties", schema.get(PRESERVES) is True)
    found = {}
    for key, each in value.items():
        if key in properties:
            part = _kept(each, mapping(properties[key]))
        elif isinstance(others, Mapping):
            part = _kept(each, others)
        else:
            part = each if others is True else _NOTHING
        if part is not _NOTHING:
            found[key] = part
    required = schema.get("required")
    if isinstance(required, list) and not all(each in found for each in required):
        return _NOTHING
    return found


def _is_whole(value: Any) -> bool:
    return _is_number(value) and float(value).is_integer()


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _never(_: Any) -> bool:
    return False


_TYPES: Mapping[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, Mapping),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": _is_whole,
    "number": _is_number,
}
