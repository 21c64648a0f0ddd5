"""Pulumi's wire values as plain data, and back for what a monitor answers."""

from collections.abc import Mapping
from typing import Any

from google.protobuf import struct_pb2
from pulumi.runtime import rpc

from trimtab.resources.inputs import SECRET, UNKNOWN

_SIGNATURE = rpc._special_sig_key


def plain(value: struct_pb2.Value) -> Any:
    """A wire value as plain data: SECRET for a secret, a resource's URN for a resource."""
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        return _plain_struct(value.struct_value)
    if kind == "list_value":
        return [plain(item) for item in value.list_value.values]
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    if kind == "string_value":
        return value.string_value
    return value.bool_value if kind == "bool_value" else None


def plain_properties(properties: struct_pb2.Struct) -> dict[str, Any]:
    """A resource's properties as plain data, in the order of their names.

    Properties of the SDK itself (`__provider`, `__internal`) are left out.
    """
    return {
        key: plain(properties.fields[key])
        for key in sorted(properties.fields)
        if not key.startswith("__")
    }


def _plain_struct(struct: struct_pb2.Struct) -> Any:
    if _SIGNATURE not in struct.fields:
        return {key: plain(struct.fields[key]) for key in sorted(struct.fields)}
    signature = struct.fields[_SIGNATURE].string_value
    if signature == rpc._special_secret_sig:
        return SECRET
    if signature == rpc._special_output_value_sig:
        # Membership first: reading an absent entry of a protobuf map makes it.
        if "secret" in struct.fields and struct.fields["secret"].bool_value:
            return SECRET
        return plain(struct.fields["value"]) if "value" in struct.fields else UNKNOWN
    if signature == rpc._special_resource_sig:
        return struct.fields["urn"].string_value
    # An asset or an archive: what it is made of.
    return {key: plain(struct.fields[key]) for key in sorted(struct.fields) if key != _SIGNATURE}


def struct(properties: Mapping[str, Any]) -> struct_pb2.Struct:
    """Plain data as wire properties; UNKNOWN is its own wire form."""
    result = struct_pb2.Struct()
    result.update(dict(properties))
    return result


def set_missing(properties: struct_pb2.Struct, path: str, value: struct_pb2.Value) -> None:
    """Set a dotted path where its parent is there and it is not; a secret parent is left alone."""
    place, last = _place(properties, path)
    if place is not None and last not in place.fields:
        place.fields[last].CopyFrom(value)


def replace_list(properties: struct_pb2.Struct, path: str, value: struct_pb2.Value) -> None:
    """Set a dotted path where a list is there; a secret parent is left alone."""
    place, last = _place(properties, path)
    if place is not None and last in place.fields and place.fields[last].HasField("list_value"):
        place.fields[last].CopyFrom(value)


def _place(properties: struct_pb2.Struct, path: str) -> tuple[struct_pb2.Struct | None, str]:
    """The struct that holds a dotted path's last name, and that name."""
    *parents, last = path.split(".")
    place = properties
    for name in parents:
        if name not in place.fields or not place.fields[name].HasField("struct_value"):
            return None, last
        place = place.fields[name].struct_value
    return (None if _SIGNATURE in place.fields else place), last
