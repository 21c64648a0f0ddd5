"""Pulumi's wire format as plain data, and what differs between two states of a resource."""

from collections.abc import Iterator, Mapping
from typing import Any

from google.protobuf import json_format, struct_pb2
from pulumi.runtime.proto import provider_pb2

_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"

Kind = provider_pb2.PropertyDiff.Kind


def token_of(urn: str) -> str:
    """The type token of the resource that a URN names."""
    return urn.split("::")[2].rpartition("$")[2]


def name_of(urn: str) -> str:
    """The resource's name in the program."""
    return urn.rpartition("::")[2]


def difference(
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    replaced_by: tuple[str, ...],
    *,
    delete_first: bool = False,
) -> provider_pb2.DiffResponse:
    """What differs, by path; a path in `replaced_by`, or below it, can't be changed in place."""
    before, after = dict(leaves(old)), dict(leaves(new))
    details = {}
    for path in sorted(before.keys() | after.keys()):
        if before.get(path) == after.get(path):
            continue
        kind = "UPDATE" if path in before and path in after else "ADD"
        kind = "DELETE" if path not in after else kind
        if any(
            path == fixed or path.startswith((f"{fixed}.", f"{fixed}[")) for fixed in replaced_by
        ):
            kind += "_REPLACE"
        details[path] = provider_pb2.PropertyDiff(kind=Kind.Value(kind), inputDiff=True)
    some = provider_pb2.DiffResponse.DIFF_SOME
    return provider_pb2.DiffResponse(
        changes=some if details else provider_pb2.DiffResponse.DIFF_NONE,
        replaces=[p for p, each in details.items() if Kind.Name(each.kind).endswith("_REPLACE")],
        diffs=sorted({path.partition(".")[0].partition("[")[0] for path in details}),
        detailedDiff=details,
        hasDetailedDiff=True,
        deleteBeforeReplace=delete_first,
    )


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every scalar (and empty collection) with its path, as Pulumi writes paths."""
    if isinstance(value, Mapping) and value:
        for key, each in value.items():
            part = key if key.isidentifier() or "-" in key else f'["{key}"]'
            joined = f"{path}{part}" if part.startswith("[") or not path else f"{path}.{part}"
            yield from leaves(each, joined)
    elif isinstance(value, list) and value:
        for index, each in enumerate(value):
            yield from leaves(each, f"{path}[{index}]")
    else:
        yield path, value


def plain(message: struct_pb2.Struct) -> dict[str, Any]:
    """A protobuf Struct as plain data: secrets unwrapped, whole numbers as the SDKs declare them."""

    def whole(value: Any) -> Any:
        if isinstance(value, Mapping) and value.get(_SIGNATURE) == _SECRET:
            return whole(value["value"])
        if isinstance(value, Mapping):
            return {k: whole(v) for k, v in value.items() if not k.startswith("__internal")}
        if isinstance(value, list):
            return [whole(each) for each in value]
        return int(value) if isinstance(value, float) and value.is_integer() else value

    data: dict[str, Any] = whole(json_format.MessageToDict(message))
    return data


def struct(data: Mapping[str, Any]) -> struct_pb2.Struct:
    """Plain data as a protobuf Struct."""
    message = struct_pb2.Struct()
    json_format.ParseDict(dict(data), message)
    return message
