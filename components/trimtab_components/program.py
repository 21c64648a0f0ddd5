"""What a Pulumi program around the components needs: its settings, and errors as one line.

A stack's settings are the components' arguments under Pulumi's spelling (`asOf` for `as_of`), so their
names and types are read off the components' own argument classes: a new argument is a new setting.
"""

import contextlib
import json
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

import pulumi
from pulumi.runtime import config as runtime_config

from trimtab.errors import InputError, TrimtabError, allowed
from trimtab.provision.arguments import argument_name, setting_name

_SHOWN: dict[object, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    list: "a list",
    dict: "an object",
}


@contextlib.contextmanager
def user_errors() -> Iterator[None]:
    """Turn a user's mistake into Pulumi's clean exit: one line, no traceback."""
    try:
        yield
    except TrimtabError as error:
        raise pulumi.RunError(str(error)) from error


def settings_for(arguments: type, leave_out: Iterable[str] = ()) -> dict[str, Any]:
    """The settings that an argument class amounts to: their types, by setting name.

    Args:
        arguments: a TypedDict of a component.
        leave_out: arguments that the program states itself.
    """
    # Pulumi's `Input[T]` has `Output[T]` in it by name.
    hints = typing.get_type_hints(arguments, localns={"Output": pulumi.Output, "T": Any})
    return {setting_name(name): kind for name, kind in hints.items() if name not in set(leave_out)}


def read_settings(
    kinds: Mapping[str, Any], elsewhere: Callable[[], Mapping[str, str]] = dict
) -> dict[str, Any]:
    """The stack's configuration under the project's name, by argument name (`as_of` for `asOf`).

    Args:
        kinds: every setting that there is, with its type: a plain one, a list or dict of such, or a
            TypedDict or a mapping like this one, whose fields are spelt as settings too. What the stack
            does not set is absent, and its type is never asked for.
        elsewhere: gives the settings that only another choice knows, with that choice, for the
            error; asked only then.

    Raises:
        InputError: a setting is unknown, or not of its type.
    """
    found = {}
    for key, text in sorted(_configured().items()):
        namespace, _, name = key.partition(":")
        if namespace != pulumi.get_project():
            continue
        if name not in kinds:
            raise _unknown(key, name, tuple(kinds), elsewhere())
        found[argument_name(name)] = _parsed(key, text, kinds[name])
    return found


def _configured() -> dict[str, str]:
    # The CLI hands configuration over in the environment, the Automation API by a call.
    return {**runtime_config.get_config_env(), **runtime_config.CONFIG.get()}


def _unknown(
    key: str, name: str, known: tuple[str, ...], elsewhere: Mapping[str, str]
) -> InputError:
    if name in elsewhere:
        return InputError(f"only counts for {elsewhere[name]}", where=key, mend="remove it")
    near = get_close_matches(name, known, n=1)
    mend = f"did you mean {near[0]}?" if near else f"use one of {allowed(known, limit=30)}"
    return InputError("unknown setting", where=key, mend=mend)


def _parsed(key: str, text: str, kind: Any) -> Any:
    plain = _plain(kind)
    if plain is str:
        return text
    try:
        value = json.loads(text)
    except ValueError:
        value = text
    return _named(key, value, plain)


def _named(path: str, value: Any, kind: Any) -> Any:
    """The value with TypedDicts' fields under the arguments' names; other keys are users' own."""
    kind = _plain(kind)
    if kind is Any:
        return value
    if typing.is_typeddict(kind) or isinstance(kind, Mapping):
        fields = kind if isinstance(kind, Mapping) else settings_for(kind)
        if not isinstance(value, dict):
            raise _wrong(path, value, dict)
        for name in value:
            if name not in fields:
                raise _unknown(f"{path}.{name}", name, tuple(fields), {})
        return {
            argument_name(name): _named(f"{path}.{name}", each, fields[name])
            for name, each in value.items()
        }
    origin, parameters = typing.get_origin(kind) or kind, typing.get_args(kind)
    if origin is dict:
        if not isinstance(value, dict):
            raise _wrong(path, value, dict)
        inner = parameters[1] if parameters else Any
        return {name: _named(f"{path}.{name}", each, inner) for name, each in value.items()}
    if origin is list:
        if not isinstance(value, list):
            raise _wrong(path, value, list)
        inner = parameters[0] if parameters else Any
        return [_named(f"{path}[{place}]", each, inner) for place, each in enumerate(value)]
    if origin is str and isinstance(value, bool | int | float):
        return json.dumps(
            value
        )  # `pulumi config set --path` makes a number of 42, and a tag is text
    if origin is float and type(value) is int:
        return value
    if origin in _SHOWN and type(value) is not origin:
        raise _wrong(path, value, origin)
    return value


def _plain(kind: Any) -> Any:
    """The type without what makes it optional or late: `str` of `Input[str]` or `str | None`."""
    origin = typing.get_origin(kind)
    if origin in (typing.NotRequired, typing.Required):
        return _plain(typing.get_args(kind)[0])
    if origin is typing.Union or type(kind).__name__ == "UnionType":
        return _plain(typing.get_args(kind)[0])
    return kind


def _wrong(path: str, value: Any, kind: Any) -> InputError:
    shown = value if isinstance(value, str) else json.dumps(value)
    return InputError(f"is {shown}", where=path, mend=f"give {_SHOWN[kind]}")
