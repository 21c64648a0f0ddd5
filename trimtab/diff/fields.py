"""What of a resource's inputs differs, for people: paths, and values short enough to read."""

from collections.abc import Iterator, Mapping
from typing import Any

from trimtab.diff.model import FieldChange
from trimtab.diff.secrets import element, inside, masked, secret_kind
from trimtab.resources.inputs import SECRET, UNKNOWN

MOST = 40
"""Fields of one resource that are told; a rewritten policy document has hundreds."""
LONGEST = 120

_MISSING = object()


def changed_fields(
    before: Mapping[str, Any], after: Mapping[str, Any], kind: str = ""
) -> tuple[FieldChange, ...]:
    """The leaves that differ, in the order of their paths; at most `MOST`.

    Args:
        before, after: inputs.
        kind: the resource's: what a password generator or a secret's version holds is not told.
    """
    found = []
    for path, old, new, secret in _differences("", before, after, secret_kind(kind)):
        found.append(FieldChange(path, _shown(old, secret), _shown(new, secret)))
        if len(found) == MOST:
            break
    return tuple(found)


def _differences(
    path: str, before: Any, after: Any, secret: bool
) -> Iterator[tuple[str, Any, Any, bool]]:
    """The leaves that differ: where, what was, what is, and whether it is a secret."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in sorted({*before, *after}):
            inner = f"{path}.{key}" if path else str(key)
            hidden = inside(before, key, secret) or inside(after, key, secret)
            old, new = before.get(key, _MISSING), after.get(key, _MISSING)
            yield from _differences(inner, old, new, hidden)
    elif isinstance(before, list) and isinstance(after, list):
        for index in range(max(len(before), len(after))):
            old = before[index] if index < len(before) else _MISSING
            new = after[index] if index < len(after) else _MISSING
            hidden = element(before, index, secret) or element(after, index, secret)
            yield from _differences(f"{path}[{index}]", old, new, hidden)
    elif type(before) is not type(after) or before != after:
        yield path, before, after, secret


def _shown(value: Any, secret: bool) -> str | None:
    if value is _MISSING or value is None:
        return None
    value = masked(value, secret)
    if value == UNKNOWN:
        return "(known after deployment)"
    if value == SECRET:
        return SECRET
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping | list):
        from json import dumps

        value = dumps(value, ensure_ascii=False, default=str)
    text = " ".join(str(value).split())
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
