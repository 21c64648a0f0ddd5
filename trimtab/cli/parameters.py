"""A command's options and arguments: declared without Typer, and read without it where all is well.

A command annotates its parameters with `option` and `argument`. `read` takes a command line that is right
and plain, which nearly every one is. It answers None to whatever else there is: help, a mistake, a
spelling it is not sure of. Typer then reads the same declarations (`for_typer`), and has the word. Typer
brings pydantic along, and both take three times as long to import as a small diff takes in all.
"""

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from inspect import Parameter, Signature, signature
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, get_args, get_origin

_INTEGER = re.compile(r"[0-9]{1,15}")
_NUMBER = re.compile(r"[0-9]{1,15}(\.[0-9]{1,15})?")


@dataclass(frozen=True)
class Declared:
    """What a command says of a parameter beside its type and default.

    Attributes:
        positional: an argument; else an option.
        names: an option's, such as `--format`; none: the parameter's own.
        help: what its help says.
        metavar: how its help calls the value.
        min: the least number that may be given; None: any.
        max: the largest.
        show_default: whether its help shows the default.
    """

    positional: bool
    names: tuple[str, ...]
    help: str
    metavar: str | None
    min: float | None
    max: float | None
    show_default: bool


def option(
    *names: str,
    help: str,  # noqa: A002 - as Typer has it
    metavar: str | None = None,
    min: float | None = None,  # noqa: A002
    max: float | None = None,  # noqa: A002
    show_default: bool = True,
) -> Declared:
    """An option: `Annotated[Path | None, option(help="…")]`. A list may be given repeatedly."""
    return Declared(False, names, help, metavar, min, max, show_default)


def argument(*, help: str, metavar: str | None = None) -> Declared:  # noqa: A002
    """An argument; a list takes all that are left."""
    return Declared(True, (), help, metavar, None, None, True)


def for_typer(command: Callable[..., Any]) -> Callable[..., Any]:
    """The same command with its parameters declared as Typer has it."""
    from typer import Argument, Option

    def typed(annotation: Any) -> Any:
        declared = _declared(annotation)
        if declared is None:
            return annotation
        said: dict[str, Any] = {
            "help": declared.help,
            "metavar": declared.metavar,
            "show_default": declared.show_default,
        }
        if declared.positional:
            return Annotated[annotation.__origin__, Argument(**said)]
        said |= {"min": declared.min, "max": declared.max}
        return Annotated[annotation.__origin__, Option(*declared.names, **said)]

    parameters = [
        each.replace(annotation=typed(each.annotation))
        for each in signature(command).parameters.values()
    ]

    def run(**given: Any) -> Any:
        return command(**given)

    run.__name__, run.__doc__ = command.__name__, command.__doc__
    run.__annotations__ = {each.name: each.annotation for each in parameters}
    run.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
    return run


class _Unsure(Exception):  # noqa: N818 - no error: Typer is asked
    """The words may be right, wrong or a request for help: Typer knows."""


def read(command: Callable[..., Any], words: Sequence[str]) -> dict[str, Any] | None:
    """What the words give each parameter of a command; None where only Typer can say.

    Args:
        command: a function whose parameters are annotated with `option` and `argument`.
        words: what follows the command's name.
    """
    try:
        parameters = [_Read(each) for each in signature(command).parameters.values()]
        _take(parameters, words)
        return {each.name: each.value() for each in parameters}
    except _Unsure:
        return None


class _Read:
    """A parameter, and the texts that it was given so far."""

    def __init__(self, parameter: Parameter) -> None:
        declared = _declared(parameter.annotation)
        if declared is None:
            raise _Unsure
        kind = parameter.annotation.__origin__
        if get_origin(kind) is UnionType:
            kinds = [each for each in get_args(kind) if each is not NoneType]
            if len(kinds) != 1:
                raise _Unsure
            (kind,) = kinds
        self.listed = get_origin(kind) is list
        self.kind: Any = get_args(kind)[0] if self.listed else kind
        self.name, self.declared, self.default = parameter.name, declared, parameter.default
        if self.kind is float and type(self.default) is int:
            self.default = float(self.default)
        self.given: list[str] = []
        own = f"--{self.name.replace('_', '-')}"
        on, off = (declared.names, ()) if declared.names else ((own,), (f"--no-{own[2:]}",))
        if any("/" in name for name in on) or (self.flag and self.listed):
            raise _Unsure
        words = dict.fromkeys(on, "on") | (dict.fromkeys(off, "off") if self.flag else {})
        self.words: dict[str, str] = {} if declared.positional else words

    @property
    def flag(self) -> bool:
        return self.kind is bool

    def value(self) -> Any:
        """What the command gets."""
        if not self.given:
            if self.default is Parameter.empty:
                raise _Unsure
            return (
                float(self.default)
                if isinstance(self.default, int) and self.kind is float
                else self.default
            )
        if self.listed:
            return [self._value(text) for text in self.given]
        return self._value(self.given[-1])

    def _value(self, text: str) -> Any:
        if not text or not text.isprintable():
            raise _Unsure
        if self.kind is str:
            return text
        if self.kind is bool:
            return text == "on"
        if self.kind is Path:
            if os.path.exists(text) and not os.access(text, os.R_OK):  # noqa: PTH110 - Path is slower
                raise _Unsure
            return Path(text)
        if self.kind in (int, float):
            return self._number(text)
        if isinstance(self.kind, type) and issubclass(self.kind, Enum):
            for each in self.kind:
                if each.value == text:
                    return each
        raise _Unsure

    def _number(self, text: str) -> float:
        if not (_INTEGER if self.kind is int else _NUMBER).fullmatch(text):
            raise _Unsure
        number: float = self.kind(text)
        least, most = self.declared.min, self.declared.max
        if (least is not None and number < least) or (most is not None and number > most):
            raise _Unsure
        return number


def _declared(annotation: Any) -> Declared | None:
    if get_origin(annotation) is not Annotated:
        return None
    found = [each for each in annotation.__metadata__ if isinstance(each, Declared)]
    return found[0] if len(found) == 1 else None


def _take(parameters: Sequence[_Read], words: Sequence[str]) -> None:
    """Give every word to its parameter."""
    options = {word: each for each in parameters for word in each.words}
    rest = iter(words)
    loose = []
    for word in rest:
        if word == "-" or not word.startswith("-"):
            loose.append(word)
            continue
        name, joined, text = word.partition("=")
        each = options.get(name)
        if each is None or (each.flag and joined):
            raise _Unsure
        if each.flag:
            text = each.words[name]
        elif not joined:
            text = next(rest, "--")
            if text != "-" and text.startswith("-"):
                raise _Unsure
        each.given.append(text)
    arguments = [each for each in parameters if each.declared.positional]
    for place, each in enumerate(arguments):
        if each.listed and place != len(arguments) - 1:
            raise _Unsure
        taken = len(loose) if each.listed else 1
        each.given, loose = loose[:taken], loose[taken:]
    if loose:
        raise _Unsure
