"""A capacity block's group: at zero before it starts and from an hour before it ends, whatever the
plan's windows say."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.plans import START, group, plan, pool, windows
from trimtab.plan.model import BLOCK_DRAIN
from trimtab.plan.sizing import Sizes
from trimtab.provision.eks.schedules import (
    UNCHANGED,
    Schedule,
    ScheduledSize,
    schedule,
)
from trimtab.provision.sized_groups import sized_groups

HALF_HOUR = timedelta(minutes=30)


def at(hours: float) -> datetime:
    return START + timedelta(hours=hours)


def made(
    *, starts: float | None, ends: float, hours: float, autoscaled: bool = False, **changes: Any
) -> Schedule:
    purchase = {
        "option": "capacity-block",
        "reservationId": "cr-0123456789abcdef0",
        "endsAt": at(ends).isoformat(),
        **({} if starts is None else {"startsAt": at(starts).isoformat()}),
    }
    one = plan(pools=[pool(groups=[group("block", purchase, **changes)])])
    (sized,) = sized_groups(one, at(hours), {})
    return schedule(sized, at(hours), autoscaled)


def test_nodes_come_with_the_block_and_go_before_it_does() -> None:
    found = made(starts=2, ends=10, hours=0)
    assert (found.sizes, found.reason) == (Sizes(0, 0, 1), "the capacity block has not begun")
    assert found.later == (
        ScheduledSize(at(2), 2, 3, 4),  # what the running window asks for
        ScheduledSize(at(4), 3, 4, 6),
        ScheduledSize(at(8), 1, 2, 4),
        ScheduledSize(at(9), 0, 0, 0),
    )


def test_a_block_that_starts_with_a_window_starts_once() -> None:
    assert [each.start for each in made(starts=4, ends=10, hours=0).later] == [at(4), at(8), at(9)]


def test_a_block_that_has_begun_has_its_windows_sizes() -> None:
    found = made(starts=2, ends=10, hours=3)
    assert (found.sizes, found.reason) == (Sizes(2, 3, 4), None)
    assert found == made(starts=None, ends=10, hours=3)


def test_an_autoscaler_gets_room_with_the_block_and_not_before() -> None:
    found = made(starts=2, ends=10, hours=0, autoscaled=True)
    assert found.sizes == Sizes(0, 0, 1)
    assert found.later == (
        ScheduledSize(at(2), 2, UNCHANGED, 4),
        ScheduledSize(at(4), 3, UNCHANGED, 6),
        ScheduledSize(at(8), 1, UNCHANGED, 6),
        ScheduledSize(at(9), 0, 0, 0),
    )


@pytest.mark.parametrize(("starts", "ends"), [(9.0, 10.0), (9.5, 10.0)])
def test_a_block_of_an_hour_or_less_never_has_a_node(starts: float, ends: float) -> None:
    found = made(starts=starts, ends=ends, hours=0)
    assert found.sizes == Sizes(0, 0, 1)
    assert [each.desired for each in found.later] == [0]


def test_an_ultraserver_is_empty_well_before_aws_asks_for_it() -> None:
    offers = [{"instanceType": "p6e-gb200.36xlarge", "usdPerHour": 1.0}]
    found = made(starts=2, ends=10, hours=0, offers=offers)
    assert found.later[-1] == ScheduledSize(at(8.5), 0, 0, 0)
    assert made(starts=2, ends=10, hours=8.5, offers=offers).later == ()


times = st.integers(0, 48).map(lambda n: n / 2)


@settings(max_examples=200, deadline=None)
@given(
    hours=st.integers(0, 23).map(lambda n: n / 2),
    starts=st.none() | times,
    length=st.integers(1, 40).map(lambda n: n / 2),
    sizes=st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 3)).map(
            lambda t: (t[0], t[0] + t[1], t[0] + t[1] + t[2])
        ),
        min_size=1,
        max_size=6,
    ),
    autoscaled=st.booleans(),
)
def test_a_block_never_has_nodes_outside_its_span(
    hours: float,
    starts: float | None,
    length: float,
    sizes: list[tuple[int, int, int]],
    autoscaled: bool,
) -> None:
    ends = (starts or 0.0) + length
    found = made(
        starts=starts, ends=ends, hours=hours, autoscaled=autoscaled,
        windows=windows(*sizes, hours=2),
    )  # fmt: skip
    begun, drained = at(starts or 0.0), at(ends) - BLOCK_DRAIN
    stamps = [each.start for each in found.later]
    assert stamps == sorted(set(stamps))  # one action a moment, in order
    assert all(stamp > at(hours) for stamp in stamps)
    moment, last = at(hours), at(ends) + timedelta(hours=24)
    low, desired, high = found.sizes.min, found.sizes.desired, found.sizes.max
    pending = list(found.later)
    while moment < last:
        while pending and pending[0].start <= moment:
            each = pending.pop(0)
            low, high = each.min, each.max
            desired = min(max(desired if each.desired == UNCHANGED else each.desired, low), high)
        if moment >= drained or (starts is not None and moment < begun):
            # A max of 1 is the least that EKS takes at creation; nothing asks for the node.
            assert (low, desired) == (0, 0)
            assert high <= 1
        moment += HALF_HOUR
