"""protobuf Structs as plain data and back.

The SDK goes through JSON's rules for every message type; these walk Struct's own six kinds, and take
a third of the time. Reading never creates a map's entry, which bracket access would.
"""

from collections.abc import Mapping
from typing import Any

from google.protobuf import struct_pb2 as structpb


def to_data(struct: structpb.Struct) -> dict[str, Any]:
    """A Struct as a dict; numbers are floats, as they are in a Struct."""
    fields = struct.fields
    return {key: _value(fields[key]) for key in fields}


def child(struct: structpb.Struct | None, key: str) -> structpb.Struct | None:
    """The object of that name; None where there is none."""
    if struct is None or key not in struct.fields:
        return None
    value = struct.fields[key]
    return value.struct_value if value.HasField("struct_value") else None


def item(struct: structpb.Struct | None, key: str) -> Any:
    """The data of that name, or None where there is none; the rest is not read."""
    if struct is None or key not in struct.fields:
        return None
    return _value(struct.fields[key])


def from_data(data: Mapping[str, Any]) -> structpb.Struct:
    """A dict of JSON values as a Struct."""
    struct = structpb.Struct()
    fill(struct, data)
    return struct


def fill(struct: structpb.Struct, data: Mapping[str, Any]) -> None:
    """Write a dict of JSON values into a Struct that is empty."""
    if not data:
        struct.SetInParent()  # so that an empty object stays one
    fields = struct.fields
    for key, value in data.items():
        _set(fields[key], value)


def replace(
    struct: structpb.Struct, path: tuple[str, ...], data: Mapping[str, Any]
) -> structpb.Struct:
    """Put an object at a path, in the place of what is there; the object as written."""
    for key in path[:-1]:
        struct = struct.fields[key].struct_value
    target = struct.fields[path[-1]]
    target.Clear()
    fill(target.struct_value, data)
    return target.struct_value


def _value(value: structpb.Value) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return value.string_value
    if kind == "struct_value":
        fields = value.struct_value.fields
        return {key: _value(fields[key]) for key in fields}
    if kind == "number_value":
        return value.number_value
    if kind == "list_value":
        return [_value(each) for each in value.list_value.values]
    if kind == "bool_value":
        return value.bool_value
    return None


def _set(target: structpb.Value, value: Any) -> None:
    # By exact type: the abstract classes' instance checks would take most of the time.
    kind = type(value)
    if kind is str:
        target.string_value = value
    elif kind is dict:
        fill(target.struct_value, value)
    elif kind is int or kind is float:
        target.number_value = value
    elif kind is list:
        values = target.list_value.values
        if not value:
            target.list_value.SetInParent()
        for each in value:
            _set(values.add(), each)
    elif kind is bool:
        target.bool_value = value
    elif value is None:
        target.null_value = structpb.NULL_VALUE
    else:
        raise TypeError(f"{kind.__name__} is no plain JSON value")
