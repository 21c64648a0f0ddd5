"""protobuf Structs as plain data and back.

The SDK goes through JSON's rules for every message type; these walk Struct's own six kinds, and take
a third of the time. Reading never creates a map's entry, which bracket access would.
"""

from collections.abc import Mapping
from typing import Any

from google.protobuf import struct_pb2 as structpb


def to_data(struct: structpb.Struct) -> dict[str, Any]:
    """A Struct as a dict; numbers are floats, as they are in a Struct."""
    return {key: _value(value) for key, value in struct.fields.items()}


def part(struct: structpb.Struct, *path: str) -> Any:
    """The data at a path, or None where there is none; the rest is not read."""
    for index, key in enumerate(path):
        if key not in struct.fields:
            return None
        value = struct.fields[key]
        if index + 1 == len(path):
            return _value(value)
        struct = value.struct_value
    return to_data(struct)


def from_data(data: Mapping[str, Any]) -> structpb.Struct:
    """A dict of JSON values as a Struct."""
    struct = structpb.Struct()
    _fill(struct, data)
    return struct


def _value(value: structpb.Value) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return value.string_value
    if kind == "struct_value":
        return {key: _value(each) for key, each in value.struct_value.fields.items()}
    if kind == "number_value":
        return value.number_value
    if kind == "list_value":
        return [_value(each) for each in value.list_value.values]
    if kind == "bool_value":
        return value.bool_value
    return None


def _fill(struct: structpb.Struct, data: Mapping[str, Any]) -> None:
    struct.SetInParent()  # so that an empty object stays one
    fields = struct.fields
    for key, value in data.items():
        _set(fields[key], value)


def _set(target: structpb.Value, value: Any) -> None:
    if isinstance(value, str):
        target.string_value = value
    elif isinstance(value, Mapping):
        _fill(target.struct_value, value)
    elif isinstance(value, bool):
        target.bool_value = value
    elif isinstance(value, int | float):
        target.number_value = value
    elif isinstance(value, list | tuple):
        target.list_value.SetInParent()
        for each in value:
            _set(target.list_value.values.add(), each)
    elif value is None:
        target.null_value = structpb.NULL_VALUE
    else:
        raise TypeError(f"{type(value).__name__} is no JSON value")
