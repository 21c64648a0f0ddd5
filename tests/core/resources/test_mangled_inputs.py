"""Whatever becomes of an input, its reader gives a change or one error that a user can mend."""

import copy
import io
import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support import change_inputs
from trimtab.errors import InputError
from trimtab.resources.model import ChangeSet
from trimtab.resources.readers import NOTHING, Options, read_change

Data = Any
MAPPINGS: dict[str, Callable[[], Data]] = {
    "preview": change_inputs.pulumi_preview,
    "export": change_inputs.stack_export,
    "update plan": change_inputs.update_plan,
    "plan": change_inputs.terraform_plan,
    "state": change_inputs.terraform_state,
    "native": change_inputs.native_preview,
}


def _as_text(make: Callable[[], Data]) -> str:
    return json.dumps(make(), indent=1)


TEXTS: dict[str, Callable[[], str]] = {
    "events": change_inputs.event_log,
    "manifests": lambda: change_inputs.MANIFESTS,
    "render": change_inputs.render,
    **{name: partial(_as_text, make) for name, make in MAPPINGS.items()},
}

VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.sampled_from(
        [
            "",
            "x",
            "urn:pulumi:a::b::c::d",
            "apiVersion",
            "\ud800",
            "arn:",
            "[secret]",
            "::",
            "a" * 50,
        ]
    ),
    st.just([]),
    st.just({}),
    st.just([None]),
    st.just([[{}]]),
    st.just({"name": 1}),
    st.just({"": None}),
)


def read(text: bytes) -> ChangeSet | None:
    """The change, or None where the input is refused in one line; any other exception escapes."""
    for side in (None, NOTHING):
        try:
            return read_change(side, "-", Options(stdin=io.BytesIO(text)))
        except InputError as error:
            said = str(error)
        assert "\n" not in said
        assert said.encode()
    return None


def paths(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    pairs = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    return [at, *(path for key, each in pairs for path in paths(each, (*at, key)))]


@pytest.mark.parametrize("name", TEXTS)
def test_the_whole_document_is_read(name: str) -> None:
    assert read(TEXTS[name]().encode()) is not None


@pytest.mark.parametrize("name", MAPPINGS)
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_value_is_another(name: str, data: st.DataObject) -> None:
    document = copy.deepcopy(MAPPINGS[name]())
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(paths(document)))
        if not path:
            continue
        parent = document
        try:
            for key in path[:-1]:
                parent = parent[key]
            if data.draw(st.booleans()):
                parent[path[-1]] = copy.deepcopy(data.draw(VALUES))
            else:
                del parent[path[-1]]
        except (KeyError, IndexError, TypeError):  # an earlier change took it away
            continue
    read(json.dumps(document).encode())


@pytest.mark.parametrize("name", TEXTS)
@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_bytes_are_lost_or_others(name: str, data: st.DataObject) -> None:
    text = TEXTS[name]().encode()
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 40)))
    read(text[:start] + data.draw(st.binary(max_size=4)) + text[end:])


@pytest.mark.parametrize("name", TEXTS)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_the_end_is_missing(name: str, data: st.DataObject) -> None:
    text = TEXTS[name]().encode()
    read(text[: data.draw(st.integers(0, len(text) - 1))])


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode)))
def test_it_is_something_else(text: bytes) -> None:
    read(text)


@pytest.mark.parametrize("opening", ["[", '{"steps":', '{"values":{"root_module":', "a: [", "- "])
def test_it_is_nested_without_end(opening: str) -> None:
    assert read((opening * 100_000).encode()) is None
    assert read(("{" + '"steps":' + "[" * 100_000).encode()) is None


def test_aliases_that_would_fill_the_memory_are_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    text = "\n".join(["apiVersion: v1", "kind: Bomb", "metadata: {name: x}", *lines])
    with pytest.raises(InputError, match="over 1,000,000 values"):
        read_change(NOTHING, "-", Options(stdin=io.BytesIO(text.encode())))
