"""The objects of a YAML text, each with its line.

`trimtab.documents` reads YAML with every field's place, in four passes and with its whole tree in memory. A
render of thousands of objects is read here a document at a time in one pass; whatever is unusual or wrong
in it is left to that module, which says what and where.
"""

import re
from collections.abc import Iterator
from typing import Any

import yaml

from trimtab.documents import parse_documents
from trimtab.errors import InputError

Object = tuple[Any, str]
"""An object as it was parsed, with its file and line."""

_MOST_VALUES = 1_000_000
_MARKER = re.compile(r"^---(?=[ \t\r\n]|$)[^\n]*\n?", re.MULTILINE)
_UNUSUAL = re.compile(r"^(?:%|\.\.\.)", re.MULTILINE)
_DEEP = re.compile(r"^ {100}|(?:- ){20}|(?:\? ){20}", re.MULTILINE)
_FLOWS = 90
_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Base):  # type: ignore[misc]
    """Refuses a key that stands twice, where the library would keep the last."""

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        count = len(node.value)
        merged = any(key.value == "<<" for key, _ in node.value)
        made = super().construct_mapping(node, deep)
        if merged or len(made) < count:
            raise _UnusualError
        return made


class _UnusualError(Exception):
    """Something that the careful reader has to look at."""


def objects_of(content: str, source: str) -> Iterator[Object]:
    """The objects of a YAML or JSON text, `List` kinds taken apart.

    Raises:
        InputError: it is neither, a key stands twice, or a document is no mapping.
    """
    try:
        yield from list(_quickly(content, source))
    except (_UnusualError, yaml.YAMLError, ValueError, TypeError, RecursionError):
        yield from _carefully(content, source)


def _quickly(content: str, source: str) -> Iterator[Object]:
    if _UNUSUAL.search(content) or "&" in content:
        raise _UnusualError
    line, start = 1, 0
    for marker in _MARKER.finditer(content):
        yield from _document(content[start : marker.start()], line, source)
        if marker[0].strip() != "---":  # something stands beside the marker
            raise _UnusualError
        line += content.count("\n", start, marker.end())
        start = marker.end()
    yield from _document(content[start:], line, source)


def _document(part: str, line: int, source: str) -> Iterator[Object]:
    if part.count("[") + part.count("{") > _FLOWS or _DEEP.search(part):
        raise _UnusualError  # deep enough to end the process, if it is malice
    loader = _Loader(part)
    try:
        node = loader.get_single_node()
        value = None if node is None else loader.construct_document(node)
    finally:
        loader.dispose()
    if value is None:
        return
    if not isinstance(value, dict):
        raise _UnusualError
    items = value.get("items")
    if str(value.get("kind")).endswith("List") and isinstance(items, list):
        inner = _inner(node, "items")
        for each, place in zip(items, inner.value, strict=True):
            yield each, f"{source}:{line + place.start_mark.line}"
    else:
        yield value, f"{source}:{line + node.start_mark.line}"


def _carefully(content: str, source: str) -> Iterator[Object]:
    for each in parse_documents(content, source):
        _refuse_bomb(each.value, source, {})
        node = each.document.node
        line = None
        for part in (None, *each.path):
            node = node if part is None or node is None else _inner(node, part)
            line = node.start_mark.line + 1 if node is not None else line
        yield each.value, f"{source}:{line}" if line else source


def _refuse_bomb(value: Any, source: str, sizes: dict[int, int]) -> int:
    """How many values there are once aliases are written out; refuses a million and more."""
    if not isinstance(value, dict | list):
        return 1
    if id(value) not in sizes:
        sizes[id(value)] = 1  # of what holds itself
        parts = value.values() if isinstance(value, dict) else value
        sizes[id(value)] = 1 + sum(_refuse_bomb(each, source, sizes) for each in parts)
        if sizes[id(value)] > _MOST_VALUES:
            raise InputError(
                f"an object has over {_MOST_VALUES:,} values", where=source, mend="split it"
            )
    return sizes[id(value)]


def _inner(node: Any, part: str | int) -> Any:
    """The node under a key or an index of a YAML node."""
    values = node.value if isinstance(node.value, list) else []
    if isinstance(part, int):
        return values[part] if part < len(values) else None
    return next((value for key, value in values if key.value == part), None)
