"""A resource's inputs checked against the installed SDK's types.

The SDK takes a misspelt nested key without a word, and so does a preview: only the provider would
refuse it. Its types know every name, so walking them finds unknown and missing properties offline.
"""

import inspect
import types
import typing
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from pulumi._types import (
    input_type_py_to_pulumi_names,
    input_type_types,
    is_input_type,
    unwrap_type,
)

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_SCALARS = {str: (str,), int: (int,), float: (int, float), bool: (bool,)}


def problems(token: str, inputs: Mapping[str, Any]) -> list[str]:
    """What the resource's provider would refuse: `path: complaint`, sorted.

    Args:
        token: the resource's type token, of the SDK of AWS, Azure, Google Cloud or Kubernetes.
        inputs: under the provider's own (camelCase) names.

    Raises:
        LookupError: the SDK has no such resource.
    """
    if custom_resource(token):
        args = import_module("pulumi_kubernetes.apiextensions").CustomResourceArgs
        if "spec" not in inputs and inputs.keys() - {"apiVersion", "kind", "metadata"}:
            # Of a kind whose fields stand beside its metadata, as a VolumeSnapshotClass'.
            inputs = {**{k: inputs[k] for k in ("apiVersion", "kind", "metadata")}, "spec": {}}
        found = list(_object(args, {k: v for k, v in inputs.items() if k != "spec"}, ""))
        return sorted(found if "spec" in inputs else [*found, "spec: missing"])
    return sorted(_object(args_type(token), inputs, ""))


def custom_resource(token: str) -> bool:
    """Whether the token is a Kubernetes kind that the SDK has no class for."""
    package, module, _ = token.split(":")
    group = module.split("/")[0]
    known = find_spec(f"pulumi_kubernetes.{group.split('.')[0]}") is not None
    built_in = group == "helm.sh" or (group.endswith(".k8s.io") and known)
    return package == "kubernetes" and "." in group and not built_in


@lru_cache
def args_type(token: str) -> type:
    """The SDK's class of a resource's inputs."""
    package, module, name = token.split(":")
    path = module.split("/")
    if package in {"aws", "gcp", "azure", "command"}:
        found = import_module(f"pulumi_{package}.{path[0]}")
        # Where both are, the other is a block of a resource of nearly the same name.
        names = [f"{name}InitArgs", f"{name}Args"]
    elif package == "kubernetes":
        # helm.sh and rbac.authorization.k8s.io are the SDK's helm and rbac.
        path[0] = path[0].split(".")[0]
        found = import_module(f"pulumi_kubernetes.{'.'.join(path)}")
        names = [f"{name}InitArgs", f"{name}Args"]
    else:
        raise LookupError(f"no SDK for {token}")
    for each in names:
        if hasattr(found, each):
            args: type = getattr(found, each)
            return args
    raise LookupError(f"no class for {token}")


def _object(args: type, given: Any, path: str) -> typing.Iterator[str]:
    if not isinstance(given, Mapping):
        yield f"{path or 'inputs'}: not an object"
        return
    known = input_type_types(args)
    given = {_named(key): value for key, value in given.items()}
    for key in given.keys() - known.keys():
        yield f"{_join(path, key)}: unknown"
    for key in _required(args) - given.keys():
        yield f"{_join(path, key)}: missing"
    for key, value in given.items():
        if key in known:
            yield from _value(known[key], value, _join(path, key))


def _named(key: str) -> str:
    """As the SDK has it: a schema's own x-kubernetes-… has dashes, which the provider takes too."""
    return key.replace("-", "_") if key.startswith("x-kubernetes-") else key


def _value(declared: Any, value: Any, path: str) -> typing.Iterator[str]:
    if value is None or value == UNKNOWN:
        return
    alternatives = [_value(each, value, path) for each in _alternatives(declared)]
    if alternatives:
        found = [list(each) for each in alternatives]
        yield from min(found, key=len)
        return
    declared = _unwrapped(declared)
    origin, parameters = typing.get_origin(declared), typing.get_args(declared)
    if inspect.isclass(declared) and is_input_type(declared):
        yield from _object(declared, value, path)
    elif origin is not None and _is(origin, Mapping):
        if not isinstance(value, Mapping):
            yield f"{path}: not a map"
            return
        for key, each in value.items():
            yield from _value(parameters[1], each, _join(path, key))
    elif origin is not None and _is(origin, Sequence):
        if isinstance(value, str) or not isinstance(value, Sequence):
            yield f"{path}: not a list"
            return
        for index, each in enumerate(value):
            yield from _value(parameters[0], each, f"{path}[{index}]")
    elif declared in _SCALARS:
        wrong = isinstance(value, bool) and declared is not bool
        if wrong or not isinstance(value, _SCALARS[declared]):
            yield f"{path}: {value!r} is no {declared.__name__}"


def _alternatives(declared: Any) -> list[Any]:
    """The types that a value may have where the SDK declares several, such as text or an object."""
    declared = _unwrapped(declared)
    if typing.get_origin(declared) not in (typing.Union, types.UnionType):
        return []
    return [each for each in typing.get_args(declared) if each is not type(None)]


def _unwrapped(declared: Any) -> Any:
    before = None
    while before is not declared:
        before, declared = declared, unwrap_type(declared)
    return declared


def _is(origin: Any, kind: type) -> bool:
    return inspect.isclass(origin) and issubclass(origin, kind)


@lru_cache
def _required(args: type) -> frozenset[str]:
    names = input_type_py_to_pulumi_names(args)
    parameters = inspect.signature(args).parameters.values()
    return frozenset(names[p.name] for p in parameters if p.default is inspect.Parameter.empty)


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key
