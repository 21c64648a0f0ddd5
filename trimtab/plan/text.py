"""A plan file's text as plain data: what Kubernetes would read from it, or one clear error.

JSON's types only: an unquoted timestamp stays text and 1e-05 is a number, as to `kubectl`. What YAML
silently accepts and nobody means is refused with its line: a key that stands twice, several documents
in one file, anchors (a small file could expand without bound), custom tags.
"""

import json
import re
from typing import Any

import yaml

from trimtab.errors import InputError

MAX_BYTES = 1_000_000
"""etcd takes about 1.5 MB; the rest is left to managed fields and status."""
_MAX_DEPTH = 32
"""A plan nests nine deep; libyaml composes recursively and would overflow its stack."""
_JSON_TAGS = ("null", "bool", "int", "float", "str", "seq", "map")

# libyaml's loader reads a plan of the largest size in two seconds; pure Python takes ten.
_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_BaseDumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class PlanLoader(_Base):  # type: ignore[misc]  # chosen at import
    """A safe loader that knows JSON's types only."""


PlanLoader.yaml_constructors = {
    tag: make
    for tag, make in _Base.yaml_constructors.items()
    if tag is None or tag.rpartition(":")[2] in _JSON_TAGS
}
PlanLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in known if tag.rpartition(":")[2] in _JSON_TAGS]
    for first, known in _Base.yaml_implicit_resolvers.items()
}
# YAML 1.1 wants a dot and a signed exponent; JSON and Kubernetes write 1e-05 and 1e3.
_FLOAT = ("tag:yaml.org,2002:float", re.compile(r"^[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+$"))
PlanLoader.add_implicit_resolver(*_FLOAT, list("-+0123456789"))


class PlanDumper(_BaseDumper):  # type: ignore[misc]  # chosen at import
    """Writes what `PlanLoader`, and Kubernetes, read back: text such as `12e345` stays in quotes."""


PlanDumper.add_implicit_resolver(*_FLOAT, list("-+0123456789"))


def parse_text(text: str, where: str) -> object:
    """The one document of a YAML or JSON text; None when it is empty.

    Args:
        text: the file's text.
        where: what to call it in an error.

    Raises:
        InputError: it is neither, is larger than a plan may be, or holds what a plan may not.
    """
    size = len(text.encode())
    if size > MAX_BYTES:
        raise InputError(f"takes {size:,} bytes, more than {MAX_BYTES:,}", where=where)
    if text.lstrip().startswith("{"):
        try:
            return json.loads(text, object_pairs_hook=lambda pairs: _object(pairs, where))
        except json.JSONDecodeError:
            pass  # a flow mapping is YAML
        except RecursionError:
            raise InputError("is nested too deeply", where=where) from None
    try:
        _check(text, where)
        return yaml.load(text, Loader=PlanLoader)  # noqa: S506 - derived from a safe loader
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or getattr(error, "reason", "cannot be parsed")
        raise InputError(f"is not YAML ({problem})", where=_at(where, mark)) from None
    except ValueError as error:  # a scalar that looks like a number and is none
        raise InputError(f"is not YAML ({error})", where=where) from None


def _object(pairs: list[tuple[str, object]], where: str) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in pairs:
        if key in found:
            raise InputError(
                f"key {key} stands twice in one object", where=where, mend="remove one"
            )
        found[key] = value
    return found


def _check(text: str, where: str) -> None:
    """Refuse what the loader would swallow, in one pass over the parser's events."""
    documents = 0
    # One entry an open collection: a mapping's keys and whether a key comes next; None for a list.
    stack: list[tuple[set[str], list[bool]] | None] = []
    for event in yaml.parse(text, Loader=_Base):
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise InputError(
                    "holds several documents",
                    where=_at(where, event.start_mark),
                    mend="keep one in a file",
                )
        elif isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise InputError(
                "has an anchor or alias",
                where=_at(where, event.start_mark),
                mend="write the value out",
            )
        elif isinstance(event, yaml.CollectionEndEvent):
            stack.pop()
        elif isinstance(event, yaml.NodeEvent):
            _note_key(stack, event, where)
            if isinstance(event, yaml.CollectionStartEvent):
                is_mapping = isinstance(event, yaml.MappingStartEvent)
                stack.append((set(), [True]) if is_mapping else None)
                if len(stack) > _MAX_DEPTH:
                    raise InputError("is nested too deeply", where=_at(where, event.start_mark))


def _note_key(
    stack: list[tuple[set[str], list[bool]] | None], event: yaml.NodeEvent, where: str
) -> None:
    if not stack or stack[-1] is None:
        return
    keys, key_next = stack[-1]
    if key_next[0]:
        key = event.value if isinstance(event, yaml.ScalarEvent) else None
        if key is None or key == "<<":
            raise InputError("has a key that is no text", where=_at(where, event.start_mark))
        if key in keys:
            raise InputError(
                f"key {key} stands twice in one mapping",
                where=_at(where, event.start_mark),
                mend="remove one",
            )
        keys.add(key)
    key_next[0] = not key_next[0]


def _at(where: str, mark: Any) -> str:
    return f"{where}:{mark.line + 1}" if mark else where
