"""Kubernetes objects as plain data: reading what may be missing or malformed, without complaint.

Pure. What is malformed counts as absent: an object that exists was accepted by somebody else, and a
wrong field in it is no reason to lose it.
"""

from collections.abc import Callable, Mapping
from typing import Any

from trimtab.plan.types import MAX_NODES

Document = dict[str, Any]
Path = tuple[str, ...]


def section(document: Mapping[str, Any], *path: str) -> Mapping[str, Any]:
    """The object at a path, or an empty one where there is none."""
    return mapping(at(document, *path))


def at(document: Mapping[str, Any], *path: str) -> Any:
    """What stands at a path of keys; None where there is nothing."""
    value: Any = document
    for part in path:
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def mapping(value: object) -> Mapping[str, Any]:
    """An object, or an empty one in the place of anything else."""
    return value if isinstance(value, Mapping) else {}


def items(value: object) -> list[Any]:
    """A list, or an empty one in the place of anything else."""
    return value if isinstance(value, list) else []


def text(value: object) -> str | None:
    """Text that is not empty."""
    return value if isinstance(value, str) and value else None


def texts(value: object) -> tuple[str, ...]:
    """The texts of a list."""
    return tuple(each for each in items(value) if isinstance(each, str))


def count(value: object) -> int | None:
    """A whole number of nodes; protobuf's Struct has floats only."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if 0 <= value <= MAX_NODES and value == int(value) else None


def first_count(*values: object) -> int | None:
    """The first of them that is a whole number."""
    return next((found for each in values if (found := count(each)) is not None), None)


def replaced(document: Document, path: Path, value: Any) -> Document:
    """The document with another value at a path; nothing of the given one is changed."""
    head, *rest = path
    if not rest:
        return {**document, head: value}
    return {**document, head: replaced(dict(section(document, head)), tuple(rest), value)}


def condition(document: Mapping[str, Any], name: str) -> str | None:
    """A condition's status; None where the object has no such condition."""
    for each in items(section(document, "status").get("conditions")):
        if isinstance(each, Mapping) and each.get("type") == name:
            return text(each.get("status"))
    return None


Read = Callable[[], Document]
"""Reads an object anew, so that what is seldom needed is not kept."""
