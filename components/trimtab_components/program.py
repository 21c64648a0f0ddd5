"""What a Pulumi program around the components needs: its settings, and errors as one line."""

import contextlib
import json
import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

import pulumi
from pulumi.runtime import config as runtime_config

from trimtab.errors import InputError, TrimtabError, allowed

Kind = type[str] | type[bool] | type[int] | type[list[Any]] | type[dict[str, Any]]

_SHOWN: dict[object, str] = {
    bool: "true or false",
    int: "a whole number",
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


def read_settings(
    kinds: Mapping[str, Kind], elsewhere: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The stack's configuration under the project's name, by argument name (`as_of` for `asOf`).

    Args:
        kinds: every setting that there is, with its type. What the stack does not set is absent.
        elsewhere: settings that only another choice knows, with that choice, for the error.

    Raises:
        InputError: a setting is unknown, or not of its type.
    """
    found = {}
    for key, text in sorted(_configured().items()):
        namespace, _, name = key.partition(":")
        if namespace != pulumi.get_project():
            continue
        if name not in kinds:
            raise _unknown(key, name, tuple(kinds), elsewhere or {})
        found[argument_name(name)] = _parsed(key, text, kinds[name])
    return found


def argument_name(name: str) -> str:
    """A setting's name as the components' arguments have it: `as_of` for `asOf`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


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


def _parsed(key: str, text: str, kind: Kind) -> Any:
    if kind is str:
        return text
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if type(value) is not kind:
        raise InputError(f"is {text}", where=key, mend=f"give {_SHOWN[kind]}")
    return value
