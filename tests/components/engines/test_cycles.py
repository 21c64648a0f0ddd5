"""Circles of waiting: the same answers as the SDK's own, whatever is declared."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from pulumi.runtime import resource_cycle_breaker, rpc

from trimtab_components.engines.cycles import Waiting, quick_registration

EDGES = st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=40)


class Thing:
    """A resource as far as circles go."""


@given(EDGES)
def test_the_answers_are_the_sdks(edges: list[tuple[int, int]]) -> None:
    things: list[Any] = [Thing() for _ in range(8)]
    waiting = Waiting()
    for start, end in edges:
        wanted = resource_cycle_breaker.declare_dependency(things[start], things[end])
        assert waiting.declare(things[start], things[end]) is wanted


def test_the_sdk_has_its_own_again_afterwards() -> None:
    with quick_registration():
        assert vars(rpc)["declare_dependency"] is not resource_cycle_breaker.declare_dependency
    assert vars(rpc)["declare_dependency"] is resource_cycle_breaker.declare_dependency
