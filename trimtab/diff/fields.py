"""What of a resource's inputs differs, for people: paths, and values short enough to read."""

from collections.abc import Iterator, Mapping
from typing import Any

from trimtab.diff.model import FieldChange
from trimtab.resources.inputs import SECRET, UNKNOWN

MOST = 40
"""Fields of one resource that are told; a rewritten policy document has hundreds."""
LONGEST = 120

_MISSING = object()


def changed_fields(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[FieldChange, ...]:
    """The leaves that differ, in the order of their paths; at most `MOST`."""
    found = []
    for path, old, new in _differences("", before, after):
        found.append(FieldChange(path, _shown(old), _shown(new)))
        if len(found) == MOST:
            break
    return tuple(found)


def _differences(path: str, before: Any, after: Any) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in sorted({*before, *after}):
            inner = f"{path}.{key}" if path else str(key)
            yield from _differences(inner, before.get(key, _MISSING), after.get(key, _MISSING))
    elif isinstance(before, list) and isinstance(after, list):
        for index in range(max(len(before), len(after))):
            old = before[index] if index < len(before) else _MISSING
            new = after[index] if index < len(after) else _MISSING
            yield from _differences(f"{path}[{index}]", old, new)
    elif type(before) is not type(after) or before != after:
        yield path, before, after


def _shown(value: Any) -> str | None:
    if value is _MISSING or value is None:
        return None
    if value == UNKNOWN:
        return "(known after deployment)"
    if value == SECRET:
        return SECRET
    if isinstance(value, bool):
        return str(value).lower()
    text = " ".join(str(value).split())
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
