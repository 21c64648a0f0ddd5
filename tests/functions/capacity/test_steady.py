"""Liveness: whatever happened before, once everything is steady the plan is reached, and then kept."""

import pytest

from support.capacity_sequences import (
    POLICIES,
    STEADY_WINDOWS,
    WAYS,
    WINDOW,
    Sequence,
    made,
    steady,
)
from support.capacity_world import bounds_of, has_bounds


@pytest.mark.parametrize("block", range(3))
def test_once_everything_is_steady_the_plan_is_reached_and_kept(block: int) -> None:
    for seed in range(5000 + block * 8, 5000 + (block + 1) * 8):
        sequence = Sequence(seed, WAYS[seed % 2])
        world = sequence.world
        sequence.reconcile()
        for event in sequence.events():
            event()
            sequence.reconcile()
        start = world.now.replace(minute=0, second=0)
        world.plan, world.policy = steady(made(sequence.dice, start), start), POLICIES[0]
        answers = []
        for _ in range(STEADY_WINDOWS):
            for _ in range(4):
                sequence.reconcile()
                world.provide_all()
                for thing in world.things.values():
                    if thing.cloud is not None and has_bounds(thing.document):
                        _, low, high = bounds_of(thing.document)
                        thing.cloud.desired = min(max(thing.cloud.desired, low), max(high, 1))
                world.provide_all()
            answers.append(sequence.reconcile())
            world.now += WINDOW
        assert world.refused == []
        last, before = answers[-1], answers[-2]
        assert last.desired.resources == before.desired.resources
        assert [each.reason for each in last.conditions] == ["PlanFound", "AsPlanned"], seed
        assert not last.results
        groups = world.plan["spec"]["pools"][0]["groups"]
        assert len(last.desired.resources) == len(groups)
        for group in groups:
            (thing,) = sequence.current(group)
            _, low, high = bounds_of(thing.document)
            window = group["windows"][0]
            # Less than two nodes and a twentieth is no change worth making.
            assert abs(low - window["min"]) <= 1
            assert abs(high - window["max"]) <= 1
