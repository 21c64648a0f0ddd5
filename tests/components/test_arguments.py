"""What a component is given at the boundary, beside what checks it: the same fields, and each of them read."""

import ast
import inspect
import typing
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import pulumi
import pytest
from pydantic import BaseModel

import trimtab
import trimtab_components

PURE = "trimtab.provision"
TRIMTAB = Path(trimtab.__path__[0])
HANDED_ON_WHOLE = {"CommitmentOwner"}
"""Arguments that are another document's, as they are."""


class Pair(NamedTuple):
    """A class of arguments, and the model that checks it."""

    stated: type
    checked: type[BaseModel]

    def __str__(self) -> str:
        return self.stated.__name__


def hints(stated: type) -> dict[str, Any]:
    """The types of a class' fields."""
    # Pulumi's Input names Output, which is not where the type is.
    return typing.get_type_hints(stated, localns={"Output": pulumi.Output, "T": Any})


def within(kind: Any) -> Iterator[Any]:
    """The type and those that it is made of."""
    yield kind
    for inner in typing.get_args(kind):
        yield from within(inner)


def pairs(stated: type, checked: type[BaseModel]) -> Iterator[Pair]:
    """The pair and those of the fields below."""
    yield Pair(stated, checked)
    for name, kind in hints(stated).items():
        field = checked.model_fields.get(name)
        below = [each for each in within(kind) if typing.is_typeddict(each)]
        models = [
            each
            for each in within(field.annotation if field else None)
            if isinstance(each, type) and issubclass(each, BaseModel)
        ]
        if below and models:
            yield from pairs(below[0], models[0])


def pairs_of(name: str) -> Iterator[Pair]:
    """The pairs of a component."""
    component = getattr(trimtab_components, name)
    stated = typing.get_type_hints(component.__init__)["args"]
    return pairs(stated, import_module(component.__module__)._Checked)


PAIRS = sorted({pair for name in trimtab_components.__all__ for pair in pairs_of(name)}, key=str)


@cache
def parsed(file: Path) -> ast.Module:
    """A module's source."""
    return ast.parse(file.read_text("utf-8"))


@cache
def read_in(file: Path) -> frozenset[str]:
    """The attributes that a module reads, of whatever."""
    return frozenset(
        node.attr for node in ast.walk(parsed(file)) if isinstance(node, ast.Attribute)
    )


def family(component: type) -> Iterator[Path]:
    """The modules beside a component, and those beside the pure ones that they decide with."""
    for file in Path(inspect.getfile(component)).parent.glob("*.py"):
        yield file
        for node in ast.walk(parsed(file)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(PURE):
                yield from TRIMTAB.joinpath(*str(node.module).split(".")[1:]).parent.glob("*.py")


@pytest.mark.parametrize("pair", PAIRS, ids=str)
def test_what_is_given_has_the_fields_of_what_checks_it(pair: Pair) -> None:
    assert set(hints(pair.stated)) == set(pair.checked.model_fields)


@pytest.mark.parametrize("name", trimtab_components.__all__)
def test_something_reads_each_argument(name: str) -> None:
    component = getattr(trimtab_components, name)
    read = frozenset[str]().union(*map(read_in, family(component)))
    for pair in pairs_of(name):
        if str(pair) in HANDED_ON_WHOLE:
            continue
        unread = set(pair.checked.model_fields) - read
        assert not unread, f"{pair}: nothing reads {', '.join(sorted(unread))}"
