"""How a group is divided between a static NodePool and a dynamic one."""

from datetime import timedelta
from typing import Any

import pytest

from support.karpenter import HELD, PROPOSED, line
from support.plans import DIGEST, START, group, plan, pool, windows
from trimtab.plan.sizing import Sizes
from trimtab.provision.karpenter.static import Baseline, Division, divided, paid_nodes
from trimtab.provision.sized_groups import sized_groups

NAME = "trainer-g-0a1b2c"
ON = Baseline(on=True)


def division(
    purchase: dict[str, Any],
    *sizes: tuple[int, int, int],
    baseline: Baseline = ON,
    running: Sizes | None = None,
    lines: tuple[dict[str, Any], ...] = (),
    after: int = 0,
    **more: Any,
) -> Division:
    one = plan(
        pools=[pool(groups=[group("g", purchase, windows=windows(*sizes))])],
        commitments=list(lines),
    )
    now = START + timedelta(hours=after)
    observed = {NAME: running} if running else {}
    (sized,) = sized_groups(one, now, observed)
    return divided(one, sized, now, baseline, observed, **more)


def shape(found: Division) -> list[tuple[str, int, int | None]]:
    return [(part.name.removeprefix(NAME), part.limit, part.replicas) for part in found.parts]


@pytest.mark.parametrize(
    ("purchase", "sizes", "expected"),
    [
        (HELD, [(3, 4, 6), (2, 3, 5), (4, 5, 8)], [("", 4, None), ("-static", 2, 2)]),
        (HELD, [(5, 5, 5), (5, 5, 5)], [("", 0, None), ("-static", 5, 5)]),
        (HELD, [(0, 2, 4), (3, 3, 4)], [("", 4, None)]),
        (PROPOSED, [(5, 5, 5)], [("", 5, None)]),
        ({"option": "on-demand"}, [(5, 5, 5)], [("", 5, None)]),
        ({"option": "spot", "pools": 2}, [(5, 5, 5)], [("", 5, None)]),
    ],
    ids=["the least min", "all of it", "not always needed", "not bought", "on demand", "spot"],
)
def test_the_baseline_is_what_is_paid_for_and_always_needed(
    purchase: dict[str, Any],
    sizes: list[tuple[int, int, int]],
    expected: list[tuple[str, int, int | None]],
) -> None:
    assert shape(division(purchase, *sizes)) == expected


def test_off_there_is_one_dynamic_node_pool() -> None:
    assert shape(division(HELD, (5, 5, 5), baseline=Baseline())) == [("", 5, None)]


def test_windows_that_are_over_count_no_more() -> None:
    found = division(HELD, (1, 4, 6), (3, 4, 6), after=5)
    assert shape(found) == [("", 3, None), ("-static", 3, 3)]


def test_a_static_node_pool_never_shrinks_by_a_plan_alone() -> None:
    kept = division(HELD, (2, 4, 6), running=Sizes(5, 5, 6))
    assert shape(kept) == [("", 1, None), ("-static", 5, 5)]
    assert "5 static nodes run and the plan keeps 2" in kept.reasons[-1]
    released = Baseline(on=True, release=("trainer",))
    gone = division(HELD, (2, 4, 6), running=Sizes(5, 5, 6), baseline=released)
    assert shape(gone) == [("", 4, None), ("-static", 2, 2)]


def test_what_runs_beyond_the_plans_max_is_the_limit() -> None:
    found = division(HELD, (2, 4, 6), running=Sizes(2, 9, 9))
    assert found.limit == 9
    assert "max held at the 9 nodes" in found.reasons[0]


def test_the_limit_may_be_that_of_the_whole_span() -> None:
    sizes = [(1, 2, 4), (1, 2, 9), (1, 2, 6)]
    assert division(HELD, *sizes, baseline=Baseline()).limit == 4
    assert division(HELD, *sizes, baseline=Baseline(), whole_span=True).limit == 9
    assert division(HELD, *sizes, baseline=Baseline(), whole_span=True, after=9).limit == 6


@pytest.mark.parametrize(
    ("hours", "limit", "says"),
    [(0, 0, "has not begun"), (1, 4, ""), (8, 4, ""), (9, 0, "ends: its nodes are drained")],
)
def test_a_capacity_block_is_closed_before_it_begins_and_well_before_it_ends(
    hours: int, limit: int, says: str
) -> None:
    block = {
        "option": "capacity-block",
        "reservationId": "cr-1",
        "startsAt": (START + timedelta(hours=1)).isoformat(),
        "endsAt": (START + timedelta(hours=10)).isoformat(),
    }
    found = division(block, (0, 2, 4), (0, 2, 4), (0, 2, 4), after=hours)
    assert shape(found) == [("", limit, None)]
    assert says in " ".join(found.reasons)


@pytest.mark.parametrize(
    ("purchase", "lines", "approved", "paid"),
    [
        (HELD, (), (), 5),
        (PROPOSED, (line(3),), (), 2),
        (PROPOSED, (line(3),), (DIGEST,), 5),
        (PROPOSED, (line(9),), (), 0),
        (PROPOSED, (), (), 0),
        ({"option": "on-demand"}, (), (), 0),
    ],
    ids=["held", "three of five proposed", "bought", "all proposed", "line unknown", "on demand"],
)
def test_only_what_is_held_or_bought_is_paid_for(
    purchase: dict[str, Any], lines: tuple[Any, ...], approved: tuple[str, ...], paid: int
) -> None:
    one = plan(
        pools=[pool(groups=[group("g", purchase, windows=windows((5, 5, 5)))])],
        commitments=list(lines),
    )
    found = one.spec.pools[0].groups[0]
    assert paid_nodes(one, found, found.windows[0], approved) == paid


def test_a_long_name_stays_within_a_label() -> None:
    long = plan(
        pools=[
            pool(
                name="a" * 30,
                groups=[group("b" * 24, HELD, windows=windows((5, 5, 5)))],
            )
        ]
    )
    (sized,) = sized_groups(long, START, {})
    dynamic, static = divided(long, sized, START, ON, {}).parts
    assert len(static.name) <= 63
    assert static.name.endswith("-static")
    assert static.name != dynamic.name
