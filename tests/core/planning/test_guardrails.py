"""What holds sizes back: faults, the cost of moving and the bounded step, each on its own and together."""

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.planning.guardrails import (
    Running,
    Steadiness,
    stabilised,
    telemetry_fault,
)
from trimtab.planning.windows import Sizes

AS_OF = datetime(2026, 3, 1, tzinfo=UTC)
LOST = (
    "demand has been zero for 1 h, longer than ever before, while 9 nodes run: "
    "taken for lost telemetry"
)


def sizes(desired: list[int]) -> Sizes:
    """Sizes whose min is half, and whose max one above the desired ones."""
    wanted = np.array(desired, dtype=np.int64)
    return Sizes(wanted // 2, wanted, wanted + 1)


CASES: dict[str, tuple[list[int], Running, Steadiness, list[int]]] = {
    "growth is free": ([5, 50], Running(2), Steadiness(), [5, 50]),
    "half may go in a window": ([2, 2, 2, 2], Running(16), Steadiness(0.5), [8, 4, 2, 2]),
    "a single node may always go": ([0, 0, 0], Running(3), Steadiness(0.1), [2, 1, 0]),
    "a step that was just taken is not taken again": (
        [2, 2, 2, 2], Running(16, hours_since_step=3), Steadiness(0.5), [16, 8, 4, 2],
    ),
    "a step of a whole window ago is over": (
        [2, 2], Running(16, hours_since_step=4), Steadiness(0.5), [8, 4],
    ),
    "a gap as long as moving costs is bridged": (
        [9, 3, 9, 9], Running(9), Steadiness(1.0, moving_hours=4), [9, 9, 9, 9],
    ),
    "a longer gap is not": (
        [9, 3, 3, 9], Running(9), Steadiness(1.0, moving_hours=4), [9, 3, 3, 9],
    ),
    "what runs is bridged to a need that follows soon": (
        [3, 9, 9], Running(9), Steadiness(1.0, moving_hours=4), [9, 9, 9],
    ),
    "what does not run yet is not started early": (
        [3, 9, 9], Running(3), Steadiness(1.0, moving_hours=40), [3, 9, 9],
    ),
    "a gain beyond the plan's end is none": (
        [9, 9, 9, 3], Running(9), Steadiness(1.0, moving_hours=4), [9, 9, 9, 9],
    ),
    "each height has gaps of its own": (
        [9, 3, 5, 9], Running(9), Steadiness(1.0, moving_hours=4), [9, 5, 5, 9],
    ),
    "moving that never pays keeps what runs": (
        [1, 12, 1, 1], Running(7), Steadiness(1.0, moving_hours=1e9), [7, 12, 12, 12],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("desired", "running", "policy", "expected"), CASES.values(), ids=CASES)
def test_how_sizes_are_held(
    desired: list[int], running: Running, policy: Steadiness, expected: list[int]
) -> None:
    held = stabilised(sizes(desired), 4, running, policy)
    assert held.sizes.desired.tolist() == expected
    assert bool(held.reason) == (desired != expected)
    assert held.stepped == (expected[0] < running.nodes)


def test_the_reason_counts_what_is_held() -> None:
    held = stabilised(sizes([9, 3, 9, 0, 0]), 4, Running(9), Steadiness(0.5, moving_hours=4))
    assert held.sizes.desired.tolist() == [9, 9, 9, 5, 3]
    assert held.reason == (
        "24 node-hours stay on, for moving a node costs 4 h of its price; "
        "32 node-hours stay on, for at most 50% of a group goes in a window"
    )


FAULTS: dict[str, tuple[list[float], timedelta, int, str | None]] = {
    "sound telemetry": ([4.0] * 30, timedelta(0), 9, None),
    "none at all": ([], timedelta(0), 9, "there is no telemetry"),
    "a day old is young enough": ([4.0] * 30, timedelta(days=1), 9, None),
    "more than a day old": (
        [4.0] * 30, timedelta(hours=25), 9,
        "telemetry ends 2026-02-27T23:00:00Z, 25 h before the decision: more than 1 d",
    ),
    "numbers that stop": ([4.0] * 9 + [math.nan] * 3, timedelta(0), 9,
                          "the last 3 h of telemetry are no numbers"),
    "nothing but no numbers": ([math.nan] * 3, timedelta(0), 9,
                               "the last 3 h of telemetry are no numbers"),
    "a hole": ([4.0, math.inf, 4.0], timedelta(0), 9, "1 h of telemetry are no numbers"),
    "below zero": ([4.0, -1.0, 4.0], timedelta(0), 9, "demand is negative in 1 h"),
    "a sudden zero while nodes run": (
        [4.0] * 9 + [0.0], timedelta(0), 9,
        LOST,
    ),
    "a sudden zero and nothing runs": ([4.0] * 9 + [0.0], timedelta(0), 0, None),
    "a zero as there were before": ([4.0, 0.0, 0.0, 4.0, 0.0, 0.0], timedelta(0), 9, None),
    "demand that never was": ([0.0] * 30, timedelta(0), 9, None),
}  # fmt: skip


@pytest.mark.parametrize(("demand", "age", "nodes", "fault"), FAULTS.values(), ids=FAULTS)
def test_which_telemetry_is_not_believed(
    demand: list[float], age: timedelta, nodes: int, fault: str | None
) -> None:
    assert telemetry_fault(np.array(demand), AS_OF - age, AS_OF, nodes) == fault


windows = st.lists(st.integers(0, 60), min_size=1, max_size=48)
running = st.builds(
    Running,
    nodes=st.integers(0, 60),
    hours_since_step=st.sampled_from([0.0, 1.0, 3.9, 4.0, 90.0, math.inf]),
    ceiling=st.integers(0, 80),
)
policies = st.builds(Steadiness, step_down=st.floats(0.01, 1.0), moving_hours=st.floats(0.0, 60.0))


@given(windows, running, policies, st.sampled_from([None, "stale"]))
def test_bounds_stay_in_order_and_never_below_what_the_forecast_wants(
    desired: list[int], runs: Running, policy: Steadiness, fault: str | None
) -> None:
    raw = sizes(desired)
    held = stabilised(raw, 4, runs, policy, fault).sizes
    assert (held.min <= held.desired).all()
    assert (held.desired <= held.max).all()
    for now, before in zip(
        (held.min, held.desired, held.max), (raw.min, raw.desired, raw.max), strict=True
    ):
        assert (now >= before).all()


@given(windows, running, policies)
def test_faulty_telemetry_never_shrinks_what_runs(
    desired: list[int], runs: Running, policy: Steadiness
) -> None:
    held = stabilised(sizes(desired), 4, runs, policy, "stale").sizes
    for each in (held.min, held.desired, held.max):
        assert (each >= runs.nodes).all()
    assert (held.max >= runs.ceiling).all()


@given(windows, running, policies)
def test_sizes_never_fall_faster_than_the_step(
    desired: list[int], runs: Running, policy: Steadiness
) -> None:
    held = stabilised(sizes(desired), 4, runs, policy).sizes
    path = [runs.nodes, *held.desired.tolist()]
    for before, after in pairwise(path):
        assert after >= before - max(1, math.floor(policy.step_down * before))
    if runs.hours_since_step < 4:
        assert held.desired[0] >= runs.nodes


@given(windows, running, policies)
def test_planning_again_with_the_result_as_what_runs_changes_nothing(
    desired: list[int], runs: Running, policy: Steadiness
) -> None:
    first = stabilised(sizes(desired), 4, runs, policy)
    since = 0.0 if first.stepped else runs.hours_since_step
    again = stabilised(
        sizes(desired),
        4,
        replace(runs, nodes=int(first.sizes.desired[0]), hours_since_step=since),
        policy,
    )
    assert again.sizes.desired.tolist() == first.sizes.desired.tolist()
    assert again.sizes.max.tolist() == first.sizes.max.tolist()


@given(
    level=st.integers(1, 50),
    noise=st.lists(st.integers(0, 8), min_size=4, max_size=48),
    band=st.integers(1, 6),
)
def test_noise_shorter_than_the_cost_of_moving_moves_nothing(
    level: int, noise: list[int], band: int
) -> None:
    """The top is needed again before letting go of it would have paid: sizes stay at it."""
    desired = [level + 8 if i % (band + 1) == 0 else level + x for i, x in enumerate(noise)]
    runs, policy = Running(level + 8), Steadiness(1.0, moving_hours=4.0 * band)
    assert set(stabilised(sizes(desired), 4, runs, policy).sizes.desired.tolist()) == {level + 8}


@given(windows, running, policies)
def test_a_gap_is_bridged_only_where_moving_costs_more_than_it(
    desired: list[int], runs: Running, policy: Steadiness
) -> None:
    """Height by height: what is held without need is a stretch not longer than moving costs."""
    held = stabilised(sizes(desired), 4, runs, replace(policy, step_down=1.0)).sizes.desired
    if runs.hours_since_step < 4:
        held[0] = max(desired[0], 0)
    for height in range(1, int(held.max(initial=0)) + 1):
        idle = 0
        for kept, wanted in zip(held.tolist(), desired, strict=True):
            idle = idle + 1 if kept >= height > wanted else 0
            assert idle * 4 <= policy.moving_hours
