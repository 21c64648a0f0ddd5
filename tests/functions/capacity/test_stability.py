"""How far bounds move in one step."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.plan.sizing import Sizes
from trimtab.policy.model import Stability
from trimtab_functions.capacity.stability import Moved, damp

EARLIER, WINDOW = "2026-11-01T00:00:00Z", "2026-11-01T04:00:00Z"

CASES: list[
    tuple[str, tuple[int, int], tuple[int, int], Stability, tuple[int, int], str | None]
] = [
    ("growth is made at once", (5, 9), (1, 2), Stability(), (5, 9), None),
    (
        "a shrink goes half of the way",
        (0, 10),
        (8, 40),
        Stability(),
        (4, 20),
        "on the way from 8-40 to 0-10, step by step",
    ),
    ("a shrink within the step is made", (5, 30), (8, 40), Stability(), (5, 30), None),
    (
        "one node may always go",
        (0, 1),
        (1, 3),
        Stability(max_step_down_share=0.1),
        (0, 2),
        "on the way from 1-3 to 0-1, step by step",
    ),
    (
        "too small a change is not made",
        (39, 99),
        (40, 100),
        Stability(),
        (40, 100),
        "as before: 39 to 99 is too small a change",
    ),
    (
        "without hysteresis it is",
        (39, 99),
        (40, 100),
        Stability(hysteresis_nodes=0, hysteresis_share=0.0),
        (39, 99),
        None,
    ),
    ("one bound may grow while the other shrinks", (5, 8), (2, 10), Stability(), (5, 8), None),
    (
        "max stays above min on the way",
        (0, 0),
        (10, 10),
        Stability(),
        (5, 5),
        "on the way from 10-10 to 0-0, step by step",
    ),
]


@pytest.mark.parametrize(("name", "planned", "last", "stability", "expected", "reason"), CASES)
def test_bounds_move(
    name: str,
    planned: tuple[int, int],
    last: tuple[int, int],
    stability: Stability,
    expected: tuple[int, int],
    reason: str | None,
) -> None:
    low, high = planned
    found = damp(Sizes(low, low, high), None, Moved(EARLIER, *last), WINDOW, stability)
    assert (found.moved.low, found.moved.high) == expected, name
    assert found.reason == reason
    assert found.moved.window == (EARLIER if expected == last else WINDOW)


def test_a_shrink_waits_for_the_next_window_and_for_the_others() -> None:
    planned, moved = Sizes(1, 1, 4), Moved(WINDOW, 2, 8)
    same = damp(planned, None, moved, WINDOW, Stability())
    assert same.moved == moved
    assert same.reason == (
        "not smaller in the window from 2026-11-01T04:00:00Z, in which the bounds moved already"
    )
    often = Stability(one_change_per_window=False)
    assert damp(planned, None, moved, WINDOW, often).moved == Moved(WINDOW, 1, 4)
    waits = damp(planned, None, Moved(EARLIER, 2, 8), WINDOW, often, lacking="a/b, a/c")
    assert waits.moved == Moved(EARLIER, 2, 8)
    assert waits.reason == "not smaller while nodes are still to come of a/b, a/c"


def test_a_part_that_grows_is_not_held_by_one_that_waits() -> None:
    found = damp(Sizes(5, 5, 8), None, Moved(WINDOW, 2, 10), WINDOW, Stability())
    assert found.moved == Moved(WINDOW, 5, 10)


def test_an_older_plan_does_not_turn_the_window_back() -> None:
    found = damp(Sizes(5, 5, 8), None, Moved(WINDOW, 2, 4), EARLIER, Stability())
    assert found.moved == Moved(WINDOW, 5, 8)


def test_the_first_bounds_are_those_asked_for_or_else_the_plans() -> None:
    assert damp(Sizes(1, 1, 2), None, None, WINDOW, Stability()).moved == Moved(WINDOW, 1, 2)
    found = damp(Sizes(1, 1, 2), Sizes(4, 6, 8), None, WINDOW, Stability())
    assert found.moved == Moved(WINDOW, 2, 4)


@pytest.mark.parametrize(
    "text",
    [None, "", "2026-11-01T04:00:00Z", f"{WINDOW} 4..2", f"{WINDOW} -1..2", f"{WINDOW} 1..2 ", "x"],
)
def test_what_was_not_written_here_is_not_read(text: str | None) -> None:
    assert Moved.read(text) is None


bounds = st.tuples(st.integers(0, 500), st.integers(0, 500)).map(sorted)


@given(bounds, bounds, st.floats(0.01, 1.0))
def test_every_plan_is_reached_but_for_what_is_too_small_a_change(
    planned: list[int], last: list[int], share: float
) -> None:
    stability = Stability(max_step_down_share=share)
    moved = Moved("", *last)
    low, high = planned
    for step in range(1000):
        found = damp(Sizes(low, low, high), None, moved, f"{step:04}", stability).moved
        for before, after in ((moved.low, found.low), (moved.high, found.high)):
            assert before - after <= max(1, int(before * share))
        assert found.low <= found.high
        if (found.low, found.high) == (moved.low, moved.high):
            break
        moved = found
    assert abs(moved.low - low) <= 1
    assert abs(moved.high - high) <= 1
    assert Moved.read(str(Moved(WINDOW, moved.low, moved.high))) is not None
