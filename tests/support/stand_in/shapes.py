"""What a provider computes of a resource, read from the installed SDK's output types."""

import inspect
import types
import typing
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib import import_module
from typing import Any

from pulumi._types import (
    input_type_types,
    is_output_type,
    output_type_types,
    resource_types,
    unwrap_type,
)

from support.sdk_inputs import args_type


@lru_cache
def declared_inputs(token: str) -> Mapping[str, Any]:
    """The resource's inputs and their types, under the provider's names."""
    return input_type_types(args_type(token))


@lru_cache
def computed(token: str) -> Mapping[str, Any]:
    """What only the provider knows: outputs that are no inputs, with their types."""
    package, module, name = token.split(":")
    path = module.split("/")[0]
    found = import_module(f"pulumi_{package}" if path == "index" else f"pulumi_{package}.{path}")
    declared = resource_types(getattr(found, name))
    return {key: kind for key, kind in declared.items() if key not in declared_inputs(token)}


def made_up(kind: Any, label: str) -> Any:
    """A value of the type, the same for the same label."""
    kind = _plain(kind)
    origin, parameters = typing.get_origin(kind), typing.get_args(kind)
    if inspect.isclass(kind) and is_output_type(kind):
        fields = output_type_types(kind)
        return {key: made_up(each, f"{label}-{key}") for key, each in fields.items()}
    if inspect.isclass(origin) and issubclass(origin, Mapping):
        return {}
    if inspect.isclass(origin) and issubclass(origin, Sequence):
        return [made_up(parameters[0], label)]
    return {str: label, int: 1, float: 1.5, bool: False}.get(kind)


def _plain(kind: Any) -> Any:
    before = None
    while before is not kind:
        before, kind = kind, unwrap_type(kind)
        if typing.get_origin(kind) in (typing.Union, types.UnionType):
            kind = next(each for each in typing.get_args(kind) if each is not type(None))
    return kind
