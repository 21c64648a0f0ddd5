"""Which sizes hold: windows by instant, and what runs."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.plans import START, plan
from trimtab.plan.model import Group, Window
from trimtab.plan.sizing import (
    Sizes,
    Sizing,
    expired,
    later_windows,
    size,
    window_at,
    window_index,
)

HOUR = timedelta(hours=1)
GROUP = plan().spec.pools[0].groups[1]  # three windows of four hours from START


def window(low: int, desired: int, high: int) -> Window:
    return Window(start=START, end=START + HOUR, min=low, desired=desired, max=high)


@pytest.mark.parametrize(
    ("hours", "index"),
    [(-1000, 0), (-0.001, 0), (0, 0), (3.999, 0), (4, 1), (7.999, 1), (8, 2), (12, 2), (1000, 2)],
)
def test_a_window_holds_from_its_start_to_before_its_end(hours: float, index: int) -> None:
    instant = START + hours * HOUR
    assert window_index(GROUP, instant) == index
    assert window_at(GROUP, instant) == GROUP.windows[index]
    assert later_windows(GROUP, instant) == GROUP.windows[index + 1 :]


@given(st.datetimes(datetime(2026, 10, 1), datetime(2026, 12, 1)))  # noqa: DTZ001
def test_the_window_at_an_instant_contains_it_inside_the_plan(naive: datetime) -> None:
    instant = naive.replace(tzinfo=UTC)
    found = window_at(GROUP, instant)
    if GROUP.windows[0].start <= instant < GROUP.windows[-1].end:
        assert found.start <= instant < found.end
    assert (found, *later_windows(GROUP, instant)) == GROUP.windows[window_index(GROUP, instant) :]


@pytest.mark.parametrize(("hours", "is_expired"), [(-1, False), (11.999, False), (12, True)])
def test_a_plan_expires_at_its_instant(hours: float, is_expired: bool) -> None:
    assert expired(plan(), START + hours * HOUR) == is_expired


@pytest.mark.parametrize(
    ("sentence", "running", "late", "sizes", "reason"),
    [
        ("nothing runs", None, False, (2, 3, 6), None),
        ("nothing runs, and the plan has expired", None, True, (2, 3, 6), None),
        ("what runs is what is planned", (2, 3, 6), False, (2, 3, 6), None),
        ("the autoscaler's desired stays", (2, 5, 6), False, (2, 5, 6), None),
        ("at the new minimum", (0, 2, 9), False, (2, 2, 6), None),
        ("at the new maximum", (0, 6, 9), False, (2, 6, 6), None),
        ("below the new minimum", (0, 1, 9), False, (2, 2, 6),
         "desired raised from 1 to the new min 2"),
        ("at zero", (0, 0, 0), False, (2, 2, 6), "desired raised from 0 to the new min 2"),
        ("above the new maximum", (0, 8, 9), False, (2, 8, 8),
         "max held at the 8 nodes that run until they fall to 6"),
        ("the plan has expired", (0, 8, 9), True, (0, 8, 9),
         "the plan has expired: what runs is kept"),
        ("the plan has expired, below its minimum", (0, 1, 9), True, (0, 1, 9),
         "the plan has expired: what runs is kept"),
    ],
)  # fmt: skip
def test_size(
    sentence: str,
    running: tuple[int, int, int] | None,
    late: bool,
    sizes: tuple[int, int, int],
    reason: str | None,
) -> None:
    observed = Sizes(*running) if running else None
    found = size(window(2, 3, 6), observed, plan_expired=late)
    assert found == Sizing(Sizes(*sizes), reason), sentence


triples = st.tuples(*[st.integers(0, 50)] * 3).map(sorted)
windows = triples.map(lambda each: window(*each))
observed = triples.map(lambda each: Sizes(*each))


@given(windows, st.none() | observed, st.booleans())
def test_sizes_are_always_in_order(planned: Window, running: Sizes | None, late: bool) -> None:
    found = size(planned, running, plan_expired=late).sizes
    assert 0 <= found.min <= found.desired <= found.max


@given(windows, observed)
def test_what_runs_is_never_stopped_by_a_new_bound(planned: Window, running: Sizes) -> None:
    found = size(planned, running).sizes
    assert found.desired >= running.desired
    assert found.max >= running.desired


@given(windows, observed)
def test_what_runs_within_its_bounds_is_unchanged(planned: Window, running: Sizes) -> None:
    if planned.min <= running.desired <= planned.max:
        assert size(planned, running) == Sizing(Sizes(planned.min, running.desired, planned.max))


@given(windows, observed)
def test_an_expired_plan_moves_nothing(planned: Window, running: Sizes) -> None:
    assert size(planned, running, plan_expired=True).sizes == running


@given(windows, observed, st.booleans())
def test_a_second_look_changes_nothing(planned: Window, running: Sizes, late: bool) -> None:
    once = size(planned, running, plan_expired=late).sizes
    assert size(planned, once, plan_expired=late).sizes == once


@given(windows, observed)
def test_a_reason_is_given_exactly_when_the_sizes_differ(planned: Window, running: Sizes) -> None:
    found = size(planned, running)
    as_planned = (found.sizes.min, found.sizes.max) == (planned.min, planned.max)
    kept = found.sizes.desired == running.desired
    assert (found.reason is None) == (as_planned and kept)


def test_sizes_are_found_for_a_group_of_one_window() -> None:
    single: Group = plan().spec.pools[0].groups[0]
    assert window_index(single, START + 100 * HOUR) == 0
    assert later_windows(single, START) == ()
