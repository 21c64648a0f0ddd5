"""Manifest files: YAML or JSON text to documents that know where each field stands.

A `Field` is a value with its path, so that whoever finds it wrong can say where: file, line, document
and field. Nothing here knows what a manifest means. YAML's library is imported only where there is YAML.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NoReturn

from trimtab.errors import InputError

LARGEST_COUNT = 2**31 - 1
_DEEPEST = 100
_TYPES = {dict: "a mapping", list: "a list", str: "text", int: "a whole number"}


@dataclass(frozen=True)
class Document:
    """One document of a file.

    Attributes:
        source: the file's name.
        number: which document of the file it is, from 1.
        node: the YAML node tree, for line numbers; None for JSON.
        title: kind and name once known, for messages.
    """

    source: str
    number: int
    node: Any = field(default=None, compare=False, repr=False)
    title: str = ""

    def where(self, path: tuple[str | int, ...]) -> str:
        """File, line, document and field, as an error names them."""
        line = self._line(path)
        place = f"{self.source}, line {line}" if line else self.source
        title = f" ({self.title})" if self.title else ""
        dotted = format_path(path)
        return f"{place}, document {self.number}{title}" + (f", {dotted}" if dotted else "")

    def _line(self, path: tuple[str | int, ...]) -> int | None:
        """The line of the field, or of its nearest ancestor that is there."""
        node = self.node
        if node is None:
            return None
        line: int = node.start_mark.line + 1
        for part in path:
            found = _child(node, part)
            if found is None:
                break
            line, node = found
        return line


def format_path(path: tuple[str | int, ...]) -> str:
    """A path as people write it: `spec.containers[0].resources`."""
    text = ""
    for part in path:
        if isinstance(part, int) or "." in part or "/" in part:
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text


def _child(node: Any, part: str | int) -> tuple[int, Any] | None:
    import yaml

    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == part:
                return key.start_mark.line + 1, value
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part].start_mark.line + 1, node.value[part]
    return None


@dataclass(frozen=True)
class Field:
    """A value in a document. Absent and null are the same, as in Kubernetes."""

    document: Document
    value: Any
    path: tuple[str | int, ...] = ()

    def fail(self, message: str, mend: str | None = None) -> NoReturn:
        """Raise an InputError at this field."""
        raise InputError(message, where=self.document.where(self.path), mend=mend)

    @contextmanager
    def located(self) -> Iterator[None]:
        """Raise the InputErrors of the block again at this field."""
        try:
            yield
        except InputError as error:
            self.fail(error.message, error.mend)

    def __getitem__(self, key: str) -> "Field":
        """The field of that name, absent when there is none; this one must be a mapping."""
        return Field(self.document, self.mapping().get(key), (*self.path, key))

    @property
    def present(self) -> bool:
        return self.value is not None

    def mapping(self) -> dict[str, Any]:
        """The mapping here; empty when absent."""
        value: dict[str, Any] = self._typed(dict, {})
        for key in value:
            if not isinstance(key, str):
                self.fail(f"key {key!r} is not text", "quote it")
        return value

    def fields(self) -> Iterator[tuple[str, "Field"]]:
        """Each key of the mapping here with its field."""
        for key in self.mapping():
            yield key, self[key]

    def items(self) -> Iterator["Field"]:
        """Each item of the list here; none when absent."""
        values: list[Any] = self._typed(list, [])
        for index, value in enumerate(values):
            yield Field(self.document, value, (*self.path, index))

    def text(self, default: str = "") -> str:
        """The text here; numbers and booleans are errors, since Kubernetes refuses them too."""
        if isinstance(self.value, bool | int | float):
            self.fail(f"{self.value!r} is not text", f'quote it: "{str(self.value).lower()}"')
        value: str = self._typed(str, default)
        return value

    def count(self, default: int) -> int:
        """The whole number of at least 0 here."""
        if isinstance(self.value, bool):
            self.fail("is not a whole number")
        value: int = self._typed(int, default)
        if value < 0:
            self.fail(f"{value} is below zero")
        if value > LARGEST_COUNT:
            self.fail("is beyond the largest count, 2^31 - 1")
        return value

    def _typed(self, kind: type, default: Any) -> Any:
        if self.value is None:
            return default
        if not isinstance(self.value, kind):
            self.fail(f"is not {_TYPES[kind]}", f"write {_TYPES[kind]}")
        return self.value


def parse_documents(text: str, source: str) -> list[Field]:
    """The documents of a YAML or JSON text, empty ones left out, `List` kinds taken apart.

    Raises:
        InputError: the text is neither, a key stands twice, or a document is no mapping.
    """
    fields = _parse_json(text, source) if text.lstrip()[:1] in ("{", "[") else None
    if fields is None:
        fields = _parse_yaml(text, source)
    objects = [item for root in fields for item in _unlisted(root)]
    for item in objects:
        if not isinstance(item.value, dict):
            item.fail("is not a Kubernetes object", "write a mapping with apiVersion and kind")
    return objects


def _unlisted(root: Field) -> Iterator[Field]:
    kind = root.value.get("kind") if isinstance(root.value, dict) else None
    if isinstance(kind, str) and kind.endswith("List") and root["items"].present:
        return root["items"].items()
    return iter([root])


def _parse_json(text: str, source: str) -> list[Field] | None:
    """JSON's documents; None when the text is no JSON (flow-style YAML may be)."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        seen = dict(pairs)
        if len(seen) < len(pairs):
            names = [key for key, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            raise InputError(f"key {twice} stands twice", where=source, mend="remove one")
        return seen

    try:
        value = json.loads(text, object_pairs_hook=unique)
    except (ValueError, RecursionError) as error:
        if source.endswith(".json"):
            line = getattr(error, "lineno", 1)
            reason = error.msg if isinstance(error, json.JSONDecodeError) else "beyond its limits"
            raise InputError(
                f"is not JSON ({reason})",
                where=f"{source}, line {line}",
            ) from None
        return None
    values = value if isinstance(value, list) else [value]
    return [Field(Document(source, number), item) for number, item in enumerate(values, 1)]


def _parse_yaml(text: str, source: str) -> list[Field]:
    import yaml

    fields: list[Field] = []
    number = 0
    try:
        _refuse_depth(text, source)
        loader = _loader()(text)
        while loader.check_node():
            number += 1
            node = loader.get_node()
            _refuse_duplicates(node, Document(source, number, node))
            value = loader.construct_document(node)
            if value is not None:
                fields.append(Field(Document(source, number, node), value))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{source}, line {mark.line + 1}" if mark else source
        raise InputError(
            f"is not YAML ({error.problem or error.context})", where=place, mend=_yaml_mend(text)
        ) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise InputError(
            f"is not YAML ({' '.join(reason.split())})", where=source, mend=_yaml_mend(text)
        ) from None
    return fields


def _loader() -> Any:
    import yaml

    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _refuse_depth(text: str, source: str) -> None:
    """The C loader composes recursively and would overflow its stack; its events are a stream."""
    import yaml

    depth = 0
    for event in yaml.parse(text, Loader=_loader()):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            line = getattr(event.start_mark, "line", 0) + 1
            raise InputError("is nested too deeply", where=f"{source}, line {line}")


def _yaml_mend(text: str) -> str | None:
    return "render the template first (helm template)" if "{{" in text else None


def _refuse_duplicates(node: Any, document: Document) -> None:
    """YAML forbids a key twice in a mapping; the loader would silently keep the last."""
    import yaml

    pending, visited = [node], set()
    while pending:
        current = pending.pop()
        if id(current) in visited:
            continue
        visited.add(id(current))
        if isinstance(current, yaml.SequenceNode):
            pending.extend(current.value)
        elif isinstance(current, yaml.MappingNode):
            keys: set[str] = set()
            for key, value in current.value:
                if isinstance(key, yaml.ScalarNode) and key.value != "<<":
                    if key.value in keys:
                        raise InputError(
                            f"key {key.value} stands twice",
                            where=f"{document.source}, line {key.start_mark.line + 1}",
                            mend="remove one",
                        )
                    keys.add(key.value)
                pending.append(value)
