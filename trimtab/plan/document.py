"""Reading and writing plans: one clear error in, the same bytes out."""

import math
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from trimtab.errors import InputError, allowed
from trimtab.files import read_text, write_atomic
from trimtab.plan.model import PURCHASE_OPTIONS, CapacityPlan
from trimtab.plan.text import MAX_BYTES, PlanDumper, parse_text

Parsed = TypeVar("Parsed", bound=BaseModel)

SERVER_METADATA = frozenset(
    {
        "creationTimestamp",
        "deletionGracePeriodSeconds",
        "deletionTimestamp",
        "finalizers",
        "generateName",
        "generation",
        "managedFields",
        "ownerReferences",
        "resourceVersion",
        "selfLink",
        "uid",
    }
)
"""What a cluster keeps in an object's metadata, and a document passes over."""
SIGNIFICANT_DIGITS = 6


_WORDS = (
    ("valid tuple", "valid list"),
    ("Tuple should", "List should"),
    ("valid dictionary", "valid mapping"),
)
"""What pydantic calls a document's parts, and what a document's author does."""


def rounded(value: float) -> float:
    """The value to the digits that a plan keeps, so that bytes do not hang on the last bit."""
    if value == 0 or not math.isfinite(value):
        return value
    return round(value, SIGNIFICANT_DIGITS - 1 - math.floor(math.log10(abs(value))))


def parse_plan(document: object, where: str) -> CapacityPlan:
    """A plan from plain data: a parsed file, or a Kubernetes object as the API server returns it.

    Args:
        document: the data; server-side metadata and `status` are passed over.
        where: what to call it in an error.

    Raises:
        InputError: it is no CapacityPlan, or a field is wrong; names the first wrong field.
    """
    return parse_object(document, CapacityPlan, where)


def parse_object(document: object, model: type[Parsed], where: str) -> Parsed:
    """A document from plain data: a parsed file, or an object as the API server returns it.

    Args:
        document: the data; server-side metadata and `status` are passed over.
        model: the whole document: apiVersion, kind, metadata and spec.
        where: what to call it in an error.

    Raises:
        InputError: it is of another kind, or a field is wrong; names the first wrong field.
    """
    known_kind, known_version = kind_of(model), api_version_of(model)
    if not isinstance(document, Mapping):
        raise InputError(
            f"is not a {known_kind} document", where=where, mend=f"give kind: {known_kind}"
        )
    kind, version = document.get("kind"), document.get("apiVersion")
    if kind != known_kind or version != known_version:
        raise InputError(
            f"is {version or 'no apiVersion'}, kind {kind or 'missing'}",
            where=where,
            mend=f"give apiVersion: {known_version}, kind: {known_kind}",
        )
    return validated(model, own_part(document), where, by_alias=True, by_name=False)


def own_part(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document without what a cluster adds to an object: `status` and server-side metadata."""
    body = {key: value for key, value in document.items() if key != "status"}
    metadata = document.get("metadata")
    if isinstance(metadata, Mapping):
        body["metadata"] = {k: v for k, v in metadata.items() if k not in SERVER_METADATA}
    return body


def kind_of(model: type[BaseModel]) -> str:
    """The kind that a document's model states."""
    (kind,) = get_args(model.model_fields["kind"].annotation)
    return str(kind)


def api_version_of(model: type[BaseModel]) -> str:
    """The apiVersion that a document's model states."""
    (version,) = get_args(model.model_fields["api_version"].annotation)
    return str(version)


def load_plan(path: Path) -> CapacityPlan:
    """The plan in a YAML or JSON file.

    Raises:
        InputError: the file can't be read, is no YAML or JSON, or is no valid plan.
    """
    return parse_plan(parse_text(read_text(path), str(path)), str(path))


def to_data(plan: CapacityPlan) -> dict[str, Any]:
    """The plan as plain data in the document's own names; unset optional fields are absent."""
    data: dict[str, Any] = plan.model_dump(mode="json", by_alias=True, exclude_none=True)
    for empty in ("labels", "annotations"):
        if not data["metadata"][empty]:
            del data["metadata"][empty]
    return data


def to_yaml(plan: CapacityPlan) -> str:
    """The plan as a YAML file: the same plan gives the same bytes.

    Raises:
        InputError: it is larger than a Kubernetes object may be.
    """
    text: str = yaml.dump(
        to_data(plan),
        Dumper=PlanDumper,
        sort_keys=False,
        default_flow_style=None,
        allow_unicode=True,
        width=110,
    )
    if len(text.encode()) > MAX_BYTES:
        raise InputError(
            f"the plan takes {len(text.encode()):,} bytes, more than {MAX_BYTES:,}",
            mend="plan fewer pools or a shorter horizon in one file",
        )
    return text


def save_plan(plan: CapacityPlan, path: Path) -> None:
    """Write the plan to a file, whole or not at all."""
    write_atomic(path, to_yaml(plan))


def validated(
    model: type[Parsed],
    document: Mapping[str, Any],
    where: str,
    *,
    by_alias: bool | None = None,
    by_name: bool | None = None,
) -> Parsed:
    """The model of plain data; `by_alias` and `by_name` are pydantic's.

    Raises:
        InputError: a field is wrong; names the first.
    """
    try:
        return model.model_validate(document, by_alias=by_alias, by_name=by_name)
    except ValidationError as error:
        raise input_error(error, model, where) from None


def input_error(error: ValidationError, model: type[BaseModel], where: str) -> InputError:
    """The first of pydantic's complaints as one line that names the field and what is allowed."""
    problems = causes(error.errors(include_url=False))
    # An unknown key is nearly always the cause of whatever else is wrong: it goes first.
    first = min(problems, key=lambda problem: problem["type"] != "extra_forbidden")
    field = _field_path(first["loc"])
    message = first["msg"].removeprefix("Value error, ")
    for python, word in _WORDS:
        message = message.replace(python, word)
    mend = None
    if first["type"] == "extra_forbidden":
        names = _siblings(model, first["loc"])
        message = "unknown field"
        near = get_close_matches(str(first["loc"][-1]), names, n=1)
        mend = f"did you mean {near[0]}?" if near else f"use one of {allowed(names)}"
    elif first["type"] not in {"missing", "value_error"}:
        shown = repr(first["input"])
        message = f"{message} (found {shown if len(shown) < 60 else shown[:57] + '…'})"
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return InputError(_one_line(f"{field}: {message}{more}"), where=where, mend=mend)


def _one_line(text: str) -> str:
    """The text with what a document's keys and tags may hold, and a terminal would obey, spelt out."""
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)


def causes(problems: list[ErrorDetails]) -> list[ErrorDetails]:
    """Without a list's complaint that it is too short because an item of it is wrong."""
    inner = {problem["loc"][:-i] for problem in problems for i in range(1, len(problem["loc"]))}
    return [p for p in problems if p["type"] != "too_short" or p["loc"] not in inner]


def _field_path(location: tuple[int | str, ...]) -> str:
    """pydantic's location as the document writes it: `spec.pools[0].groups[2].windows[1].min`."""
    path = ""
    for index, part in enumerate(location):
        if isinstance(part, int):
            path += f"[{part}]"
        elif part in PURCHASE_OPTIONS and index and location[index - 1] == "purchase":
            continue  # the union's tag is no field
        elif part == "[key]":
            continue  # the key itself is wrong, and stands in the path already
        else:
            path += f".{part}" if path else part
    return path or "the document"


def _siblings(model: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    """The field names, as written in a document, of the object that holds the field there."""
    schema = model.model_json_schema(by_alias=True)

    def resolved(node: dict[str, Any]) -> dict[str, Any]:
        reference = node.get("$ref")
        return schema["$defs"][reference.rpartition("/")[2]] if reference else node

    node = resolved(schema)
    for part in location[:-1]:
        mapping = node.get("discriminator", {}).get("mapping", {})
        if part in mapping:
            node = resolved({"$ref": mapping[part]})
            continue
        choices = [resolved(each) for each in node.get("anyOf", [])] or [node]
        inner = (_inside(choice, part) for choice in choices)
        node = resolved(next(each for each in inner if each is not None))
    choices = [resolved(each) for each in node.get("anyOf", [])] or [node]
    return sorted(name for choice in choices for name in choice.get("properties", ()))


def _inside(node: dict[str, Any], part: int | str) -> dict[str, Any] | None:
    """The schema of a list's items, of a property, or of a map's values; None where there is none."""
    if isinstance(part, int):
        found: dict[str, Any] | None = node.get("items")
        return found
    values = [node.get("additionalProperties"), *node.get("patternProperties", {}).values()]
    stated = [node.get("properties", {}).get(part), *values]
    return next((each for each in stated if isinstance(each, dict)), None)
