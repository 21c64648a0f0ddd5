"""Random sequences of reconciles, against a control plane and a cloud in memory that refuses what EKS does.

Plans come, flap, are lost, corrupted, for another pool, with other offers; groups leave and come back;
autoscalers move sizes; the provider is late; the function starts anew; time passes; a policy comes and
goes; people delete node groups. After every answer the architecture's invariants are asserted.
"""

import random
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from crossplane.function.proto.v1 import run_function_pb2 as fnv1

from support import plans
from support.capacity_world import Thing, World, bounds_of
from trimtab_functions import structs
from trimtab_functions.capacity.compose import Composer

HOUR = timedelta(hours=1)
WINDOW = 4 * HOUR
SEQUENCES, EVENTS = 100, 8
STEADY_WINDOWS = 14
STEP = {
    "apiVersion": "capacity.fn.trimtab.dev/v1alpha1",
    "kind": "Input",
    "policy": {"name": "platform"},
}
TYPES = ("p4d.24xlarge", "p4de.24xlarge", "p5.48xlarge")
OPTIONS: dict[str, dict[str, Any]] = {
    "base": {"option": "reserved", "term": "1y"},
    "peak": {"option": "on-demand"},
    "cheap": {"option": "spot", "pools": 2},
}


def policy(**spec: Any) -> dict[str, Any]:
    kind = {"apiVersion": "trimtab.dev/v1alpha1", "kind": "CapacityPolicy"}
    return {**kind, "metadata": {"name": "platform", "namespace": "team"}, "spec": spec}


POLICIES: list[Any] = [
    policy(),
    policy(),
    policy(stability={"maxStepDownShare": 0.25}),
    policy(allowed={"purchaseOptions": ["reserved", "on-demand"]}),
    policy(limits={"maxNodes": 20}),
    policy(plans={"mayStartGroups": False}),
    policy(plans={"maxAgeHours": 3}),
    policy(limits={"maxNode": 1}),
    None,
    False,
]


def made(dice: random.Random, start: datetime, count: int = 3) -> dict[str, Any]:
    """A plan that begins at an hour."""
    groups = []
    for name in dice.sample(sorted(OPTIONS), dice.randint(1, 3)):
        chosen = dice.choice(TYPES)
        sizes = [sorted(dice.randint(0, 24) for _ in range(3)) for _ in range(count)]
        windows = [
            {
                "start": (start + each * WINDOW).isoformat(),
                "end": (start + (each + 1) * WINDOW).isoformat(),
                **dict(zip(("min", "desired", "max"), size, strict=True)),
            }
            for each, size in enumerate(sizes)
        ]
        groups.append(
            plans.group(
                name,
                OPTIONS[name],
                windows=windows,
                generation=f"{TYPES.index(chosen):06x}",
                offers=[{"instanceType": chosen, "usdPerHour": 20.0}],
            )
        )
    return {
        **plans.plan_data(
            pools=[plans.pool(groups=groups)],
            asOf=start.isoformat(),
            start=start.isoformat(),
            validUntil=(start + count * WINDOW).isoformat(),
        ),
        "metadata": {"name": "example", "namespace": "team"},
    }


def steady(plan: dict[str, Any], start: datetime) -> dict[str, Any]:
    """The plan with its first sizes in every window of a long time."""
    spec = plan["spec"]
    for group in spec["pools"][0]["groups"]:
        sizes = {each: group["windows"][0][each] for each in ("min", "desired", "max")}
        group["windows"] = [
            {
                "start": (start + each * WINDOW).isoformat(),
                "end": (start + (each + 1) * WINDOW).isoformat(),
                **sizes,
            }
            for each in range(STEADY_WINDOWS + 2)
        ]
    until = start + (STEADY_WINDOWS + 2) * WINDOW
    spec |= {"asOf": start.isoformat(), "start": start.isoformat(), "validUntil": until.isoformat()}
    return plan


class Sequence:
    """A random life of one XR; `log` tells what happened, for who reads a failure."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)  # noqa: S311 - a test's
        self.world = World(now=plans.START, step_input=STEP, policy=POLICIES[0])
        self.plans = [made(self.dice, plans.START) for _ in range(2)]
        self.world.plan = self.plans[0]
        self.log: list[str] = []

    def events(self) -> Iterator[Callable[[], None]]:
        weighted = {
            self.pass_time: 3, self.new_plan: 2, self.old_plan: 2, self.bad_plan: 2,
            self.autoscale: 3, self.provide: 4, self.restart: 1, self.change_policy: 1,
            self.delete: 1,
        }  # fmt: skip
        yield from self.dice.choices(list(weighted), list(weighted.values()), k=EVENTS)

    def pass_time(self) -> None:
        self.world.now += self.dice.choice([timedelta(minutes=7), HOUR, WINDOW, WINDOW])

    def new_plan(self) -> None:
        hour = self.world.now.replace(minute=0, second=0)
        self.plans.append(made(self.dice, hour + self.dice.choice([-2, 0, 0, 1, 5]) * HOUR))
        self.world.plan = self.plans[-1]

    def old_plan(self) -> None:
        self.world.plan = self.dice.choice(self.plans)

    def bad_plan(self) -> None:
        good = self.plans[-1]
        other_pool = plans.pool(name="other", groups=good["spec"]["pools"][0]["groups"])
        site = {"provider": "aws", "region": "eu-west-1"}
        self.world.plan = self.dice.choice(
            [
                None,
                False,
                {**good, "spec": {**good["spec"], "start": "soon"}},
                {**good, "spec": {**good["spec"], "pools": [other_pool]}},
                {**good, "spec": {**good["spec"], "site": site}},
            ]
        )

    def autoscale(self) -> None:
        for thing in self.world.things.values():
            if thing.cloud is not None:
                thing.cloud.desired = self.dice.randint(thing.cloud.low, thing.cloud.high)

    def provide(self) -> None:
        if self.dice.random() < 0.5:
            self.world.provide_all()
            return
        for key in list(self.world.things):
            if self.dice.random() < 0.6:
                self.world.provide(key)
            if key in self.world.things and self.dice.random() < 0.6:
                self.world.report(key)

    def restart(self) -> None:
        self.world.restart()

    def change_policy(self) -> None:
        self.world.policy = self.dice.choice(POLICIES)

    def delete(self) -> None:
        if self.world.things and self.dice.random() < 0.5:
            self.world.things[self.dice.choice(sorted(self.world.things))].deleting = True

    def reconcile(self) -> fnv1.RunFunctionResponse:
        req = self.world.request()
        rsp = self.world.respond(req)
        reasons = [each.reason for each in rsp.conditions]
        self.log.append(f"{self.world.now:%dT%H:%M} {reasons} {sorted(rsp.desired.resources)}")
        self.check(rsp, reasons)
        if self.dice.random() < 0.1:
            self.check_same(req, rsp)
        self.world.apply(rsp)
        return rsp

    def check_same(self, req: fnv1.RunFunctionRequest, rsp: fnv1.RunFunctionResponse) -> None:
        """Another process gives the same answer."""
        again = self.world.respond(req, Composer(lambda: self.world.now))
        assert again == rsp

    def check(self, rsp: fnv1.RunFunctionResponse, reasons: list[str]) -> None:
        usable = reasons[0] == "PlanFound"
        desired = {
            key: structs.to_data(each.resource) for key, each in rsp.desired.resources.items()
        }
        assert rsp.meta.ttl.ToSeconds() >= 1
        living = {key: each for key, each in self.world.things.items() if not each.deleting}
        if not usable:
            assert desired.keys() == living.keys()
        for key, thing in living.items():
            if thing.launches and key not in desired:
                self.check_removed(thing)
            elif thing.launches:
                self.check_kept(thing, desired[key], usable=usable)

    def check_removed(self, thing: Thing) -> None:
        """What serves goes only when what takes over is ready."""
        groups = {each["name"]: each for each in self.world.plan["spec"]["pools"][0]["groups"]}
        name = thing.document["metadata"]["labels"]["trimtab.dev/group"]
        wanted = [groups[name]] if name in groups else list(groups.values())
        for group in wanted:
            current = self.world.things.get(f"trainer-{group['name']}-{group['generation']}")
            assert current is not None
            assert current.ready
            assert not current.deleting
            assert current.reported is not None
            assert current.reported[1] >= current.asked["minSize"]

    def check_kept(self, thing: Thing, document: dict[str, Any], *, usable: bool) -> None:
        before, after = thing.document, document
        was, asked = thing.asked, document["spec"]["forProvider"]["scalingConfig"]
        assert Thing(after).fixed() == thing.fixed()
        low, high = asked["minSize"], asked["maxSize"]
        if thing.reported is not None:
            # Bounds never exclude what runs.
            runs = asked.get("desiredSize", thing.reported[1])
            assert low <= runs <= high
            assert high >= thing.reported[1]
        if not usable:
            assert low == was["minSize"]
            assert high >= was["maxSize"]
            assert bounds_of(before) == bounds_of(after)
            return
        (window, *old), (moved, *new) = bounds_of(before), bounds_of(after)
        for one, other in zip(old, new, strict=True):
            if other < one:
                assert moved > window
                assert one - other <= max(1, one // 2)
                self.check_filled(thing)

    def check_filled(self, thing: Thing) -> None:
        """No group shrinks before all others of its pool have what they are to have at the least."""
        mine = thing.document["metadata"]["labels"]["trimtab.dev/group"]
        for group in self.world.plan["spec"]["pools"][0]["groups"]:
            begun = [
                w for w in group["windows"] if datetime.fromisoformat(w["start"]) <= self.world.now
            ]
            window = begun[-1] if begun else group["windows"][0]
            if group["name"] == mine or window["max"] == 0:
                continue
            current = self.world.things[f"trainer-{group['name']}-{group['generation']}"]
            assert current.ready
            assert not current.deleting
            assert current.reported is not None
            assert current.reported[1] >= window["min"]


@pytest.mark.parametrize("block", range(10))
def test_whatever_happens_nothing_is_lost(block: int) -> None:
    for seed in range(block * SEQUENCES, (block + 1) * SEQUENCES):
        sequence = Sequence(seed)
        try:
            sequence.reconcile()
            for event in sequence.events():
                sequence.log.append(event.__name__)
                event()
                sequence.reconcile()
            assert sequence.world.refused == []
        except AssertionError as error:
            raise AssertionError(f"seed {seed}:\n" + "\n".join(sequence.log)) from error


@pytest.mark.parametrize("block", range(3))
def test_once_everything_is_steady_the_plan_is_reached_and_kept(block: int) -> None:
    for seed in range(5000 + block * 8, 5000 + (block + 1) * 8):
        sequence = Sequence(seed)
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
                    if thing.cloud is not None:
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
            key = f"trainer-{group['name']}-{group['generation']}"
            _, low, high = bounds_of(world.things[key].document)
            window = group["windows"][0]
            # Less than two nodes and a twentieth is no change worth making.
            assert abs(low - window["min"]) <= 1
            assert abs(high - window["max"]) <= 1
