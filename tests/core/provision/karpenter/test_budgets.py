"""Disruption budgets: what is allowed at an instant, as Karpenter works it out."""

from datetime import datetime, timedelta
from itertools import pairwise
from math import ceil
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.karpenter import SPOT, STEADY
from support.plans import START, group, plan, pool, windows
from trimtab.plan.model import Group, Pool
from trimtab.provision.karpenter.budgets import (
    MAX_BUDGETS,
    WEEKDAYS,
    Maintenance,
    Weekday,
    budgets,
)


def members(
    purchase: dict[str, Any], *sizes: tuple[int, int, int], hours: int = 4, share: float = 0.5
) -> tuple[Pool, Group]:
    made = group("g", purchase, windows=windows(*sizes, hours=hours))
    one = plan(pools=[pool(groups=[made], interruptibleShare=share)])
    return one.spec.pools[0], one.spec.pools[0].groups[0]


def allowed(found: list[dict[str, Any]], reason: str, now: datetime, nodes: int = 100) -> int:
    """The strictest active budget, as Karpenter's `GetAllowedDisruptionsByReason` has it."""
    active = [
        budget
        for budget in found
        if reason in budget.get("reasons", [reason]) and _active(budget, now)
    ]
    return min((_count(budget["nodes"], nodes) for budget in active), default=nodes)


def _count(text: str, nodes: int) -> int:
    return ceil(nodes * int(text[:-1]) / 100) if text.endswith("%") else int(text)


def _active(budget: dict[str, Any], now: datetime) -> bool:
    if "schedule" not in budget:
        return True
    hours, _, minutes = budget["duration"].rpartition("h")
    length = timedelta(hours=int(hours or 0), minutes=int(minutes.rstrip("m") or 0))
    minute, hour, day, month, weekday = budget["schedule"].split()
    # The last hit at or before now: active while less than the length has passed.
    hit = now.replace(second=0, microsecond=0)
    while hit > now - length:
        if (
            (hit.minute, hit.hour) == (int(minute), int(hour))
            and day in ("*", str(hit.day))
            and month in ("*", str(hit.month))
            and weekday in ("*", str(hit.isoweekday() % 7))
        ):
            return True
        hit -= timedelta(minutes=1)
    return False


def test_a_window_lets_go_of_what_is_desired_beyond_its_min() -> None:
    found = budgets(*members(SPOT, (20, 22, 40), (30, 40, 60), (10, 30, 40)), START, None)
    assert found == [
        {"nodes": "10%"},
        {"nodes": "2", "reasons": ["Underutilized", "Drifted"], "schedule": "0 0 1 11 *",
         "duration": "4h"},
    ]  # fmt: skip


def test_at_the_height_of_the_plan_nothing_goes_and_elsewhere_one() -> None:
    found = budgets(*members(SPOT, (2, 2, 30), (4, 4, 30), (4, 4, 30), (1, 2, 30)), START, None)
    dated = [(b["nodes"], b["schedule"], b["duration"]) for b in found[1:]]
    assert dated == [
        ("1", "0 0 1 11 *", "4h"),
        ("0", "0 4 1 11 *", "8h"),
        ("1", "0 12 1 11 *", "4h"),
    ]


def test_a_flat_plan_still_lets_its_nodes_be_patched() -> None:
    found = budgets(*members(SPOT, (4, 4, 20), (4, 4, 20)), START, None)
    assert allowed(found, "Drifted", START) == 1


def test_busy_nodes_of_work_that_must_not_be_interrupted_are_let_alone() -> None:
    found = budgets(*members(STEADY, (2, 3, 4)), START, None)
    for reason, nodes in (("Underutilized", 0), ("Drifted", 0), ("Empty", 10)):
        assert allowed(found, reason, START) == nodes


MONDAY = datetime(2026, 11, 2, tzinfo=START.tzinfo)


@pytest.mark.parametrize(
    ("maintenance", "inside", "outside"),
    [
        (Maintenance(WEEKDAYS, 120, 120), [(0, 2, 0), (0, 3, 59), (4, 2, 30)],
         [(0, 1, 59), (0, 4, 0), (6, 12, 0)]),
        (Maintenance(("sat",), 22 * 60, 240), [(5, 22, 0), (6, 1, 59)],
         [(5, 21, 59), (6, 2, 0), (2, 22, 30)]),
        (Maintenance(("mon", "thu"), 0, 60), [(0, 0, 0), (3, 0, 59)], [(0, 1, 0), (1, 0, 0), (3, 1, 0)]),
        (Maintenance(("sun",), 23 * 60 + 30, 60), [(6, 23, 30), (7, 0, 29)], [(0, 0, 30), (6, 23, 29)]),
        (Maintenance(WEEKDAYS, 0, 1440), [(0, 0, 0), (3, 12, 0), (6, 23, 59)], []),
    ],
    ids=["daily", "past midnight", "twice a week", "past the week's end", "always"],
)  # fmt: skip
def test_drift_waits_for_maintenance(
    maintenance: Maintenance,
    inside: list[tuple[int, int, int]],
    outside: list[tuple[int, int, int]],
) -> None:
    found = budgets(*members(STEADY, (2, 30, 40)), START, maintenance)
    for expected, times in ((10, inside), (0, outside)):
        for days, hours, minutes in times:
            now = MONDAY + timedelta(days=days, hours=hours, minutes=minutes)
            assert allowed(found, "Drifted", now) == expected, now
            assert allowed(found, "Underutilized", now) == 0
            assert allowed(found, "Empty", now) == 10


@given(
    st.sets(st.sampled_from(WEEKDAYS), min_size=1),
    st.integers(0, 1439),
    st.integers(1, 24),
    st.integers(0, 14 * 24 * 60 - 1),
)
def test_drift_is_allowed_inside_maintenance_and_nowhere_else(
    days: set[Weekday], minute: int, hours: int, later: int
) -> None:
    maintenance = Maintenance(tuple(d for d in WEEKDAYS if d in days), minute, hours * 60)
    now = MONDAY + timedelta(minutes=later)
    midnight = now.replace(hour=0, minute=0)
    begun = [
        day + timedelta(minutes=minute)
        for day in (midnight, midnight - timedelta(days=1))
        if WEEKDAYS[day.weekday()] in days
    ]
    inside = any(start <= now < start + timedelta(hours=hours) for start in begun)
    found = budgets(*members(STEADY, (2, 30, 40)), START, maintenance)
    assert allowed(found, "Drifted", now) == (10 if inside else 0)


def test_neighbours_are_one_budget_and_fifty_are_enough() -> None:
    sizes = [(5, 6 + i % 2, 50) for i in range(48)]
    found = budgets(*members(SPOT, *sizes, hours=1), START, None)
    assert len(found) <= MAX_BUDGETS
    weekly = Maintenance(("mon", "tue", "wed", "thu", "fri", "sat"), 0, 60)
    most = budgets(*members(STEADY, *sizes, hours=1), START, weekly)
    assert len(most) == MAX_BUDGETS
    one = budgets(*members(SPOT, (5, 6, 50), (6, 7, 50), (7, 8, 50), (7, 9, 90)), START, None)
    assert len(one) == 3


def test_windows_that_are_over_are_left_out() -> None:
    found = budgets(
        *members(SPOT, (2, 2, 30), (4, 4, 30), (1, 2, 30)), START + timedelta(hours=5), None
    )
    assert [b["schedule"] for b in found[1:]] == ["0 4 1 11 *", "0 8 1 11 *"]


@given(
    st.lists(
        st.lists(st.integers(0, 30), min_size=3, max_size=3).map(sorted), min_size=1, max_size=6
    ),
    st.integers(1, 7),
)
def test_no_window_lets_more_go_than_it_can_spare(raw: list[list[int]], hours: int) -> None:
    sizes = [(low, mid, high) for low, mid, high in raw]
    found = budgets(*members(SPOT, *sizes, hours=hours), START, None)
    edges = [START + timedelta(hours=i * hours) for i in range(len(sizes) + 1)]
    for (start, end), (low, desired, high) in zip(pairwise(edges), sizes, strict=True):
        for now in (start, end - timedelta(minutes=1)):
            permitted = allowed(found, "Drifted", now, nodes=high)
            assert permitted <= max(desired - low, 1, ceil(high / 10) if not desired else 0)
    # After the plan only Karpenter's tenth is left.
    assert allowed(found, "Drifted", edges[-1]) == 10
