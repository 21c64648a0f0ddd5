"""Documents that differ from a valid one anywhere, by anything: for what must hold of every document."""

import copy
from collections.abc import Sequence
from typing import Any, Protocol

from hypothesis import strategies as st

from support.plan_cases import ACCEPTED

_TEXTS = (
    *("", "a", "A", "a.b", "a/b", "a b", "é", "a\n", "-a", "3", "x" * 41, "x" * 64, "x" * 254),
    *("spot", "owned", "reserved", "on-demand", "1y", "gpus", "trainer", "sha256:" + "b" * 64),
    *("2026-11-01T00:00:00Z", "2026-11-01T04:00:00+00:00", "2026-11-01T00:00:00-05:00"),
    *("2030-01-01T00:00:00Z", "2026-11-01", "2026-02-30T00:00:00Z"),
)
_NUMBERS = (0, 1, -1, 3, 2.0, 2.5, 1e5, 100_001, -0.0, 0.5, 1.5, 1e300, 2**63, 10**25)
_COMPOUNDS: tuple[Any, ...] = (
    *([], {}, [None], [1], ["a"], [{}], {"a": "b"}, {"a": None}, {"a": 1}, {"a b": "c"}),
    *({"option": "on-demand"}, {"option": "owned", "site": "x"}),
    {"option": "spot", "pools": 1, "term": None},
)
_VALUES = (None, True, False, *_TEXTS, *_NUMBERS, *_COMPOUNDS)
_DROP = object()


def _paths(node: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items: Any = ()
    if isinstance(node, dict):
        items = node.items()
    elif isinstance(node, list):
        items = enumerate(node)
    return [found for key, each in items for found in [(*path, key), *_paths(each, (*path, key))]]


class _HasDocument(Protocol):
    @property
    def document(self) -> dict[str, Any]: ...


@st.composite
def altered(draw: st.DrawFn, cases: Sequence[_HasDocument]) -> dict[str, Any]:
    """The data of one of these cases, one field of its spec dropped or put to another value."""
    data = draw(st.sampled_from(cases)).document
    path = draw(st.sampled_from([(), *_paths(data["spec"])]))
    value = draw(st.sampled_from((_DROP, *_VALUES)))
    node: Any = data
    for part in ("spec", *path)[:-1]:
        node = node[part]
    last = ("spec", *path)[-1]
    if value is _DROP:
        del node[last]
    else:
        node[last] = copy.deepcopy(value)
    return data


def altered_plans() -> st.SearchStrategy[dict[str, Any]]:
    """An accepted plan's data, altered so."""
    return altered(ACCEPTED)
