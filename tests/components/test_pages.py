"""The Python of the pages: what it gives a component, the component takes."""

import ast
import typing
from collections.abc import Iterator
from importlib import import_module
from typing import Any, NamedTuple

import pulumi
import pytest

import trimtab_components
from support.examples import DOCS, blocks, literal


class Call(NamedTuple):
    """A component in a page's Python.

    Attributes:
        page: below docs/.
        number: among its components.
    """

    page: str
    number: int
    component: str
    given: ast.Dict

    def __str__(self) -> str:
        return f"{self.page} {self.number}, {self.component}"


def calls() -> Iterator[Call]:
    for page in sorted(DOCS.rglob("*.md")):
        found = [
            node
            for source in blocks(page.read_text("utf-8"), "python")
            for node in ast.walk(ast.parse(source))
            if isinstance(node, ast.Call)
            and ast.unparse(node.func).rpartition(".")[2] in trimtab_components.__all__
            and len(node.args) > 1
            and isinstance(node.args[1], ast.Dict)
        ]
        for number, node in enumerate(found, start=1):
            name = ast.unparse(node.func).rpartition(".")[2]
            given = typing.cast("ast.Dict", node.args[1])
            yield Call(str(page.relative_to(DOCS)), number, name, given)


CALLS = list(calls())


def test_the_pages_show_components() -> None:
    assert {each.component for each in CALLS} >= {
        "HeterogeneousCluster", "K3sCluster", "StorageClasses", "GitOps", "Queueing",
        "CostGovernance", "Observability",
    }  # fmt: skip


@pytest.mark.parametrize("call", CALLS, ids=str)
def test_a_component_takes_what_a_page_gives_it(call: Call) -> None:
    component = getattr(trimtab_components, call.component)
    model = import_module(component.__module__)._Checked
    named = {
        str(ast.literal_eval(key)): literal(value)
        for key, value in zip(call.given.keys, call.given.values, strict=True)
        if key is not None
    }
    arguments = typing.get_type_hints(component.__init__)["args"]
    hints = typing.get_type_hints(arguments, localns={"Output": pulumi.Output, "T": Any})
    assert named.keys() <= hints.keys()
    fields = model.model_fields
    stated = {name: value for name, value in named.items() if value is not None}
    late = {name: "{}" for name in named.keys() - stated.keys() if fields[name].annotation is Any}
    model.model_validate({**stated, **late})
