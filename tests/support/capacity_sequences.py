"""A random life of one XR: what happens to it, and what every answer must keep to.

Plans come, flap, are lost, corrupted, for another pool, with other offers; groups leave and come back;
autoscalers move sizes; the provider is late; the function starts anew; time passes; a policy comes and
goes; people delete node groups.
"""

import copy
import random
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, Literal

from crossplane.function.proto.v1 import run_function_pb2 as fnv1

from support import plans
from support.capacity_requests import NODE_GROUP
from support.capacity_world import Cloud, Thing, World, bounds_of, has_bounds
from trimtab.plan.labels import GROUP_LABEL
from trimtab_functions import structs
from trimtab_functions.capacity.compose import Composer

HOUR = timedelta(hours=1)
WINDOW = 4 * HOUR
Way = Literal["Compose", "Split", "Inject"]
EVENTS = 8
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


WHOLE: dict[str, Any] = {
    **NODE_GROUP,
    "metadata": {
        "name": "gpu",
        "labels": {"trimtab.dev/pool": "trainer"},
        "annotations": {"crossplane.io/external-name": "gpu"},
    },
    "spec": {"forProvider": {"region": "us-east-1", "clusterName": "ml"}},
}
"""An earlier step's node group for a whole pool."""


def of_group(name: str) -> dict[str, Any]:
    """An earlier step's node group for one group."""
    document = copy.deepcopy(WHOLE)
    document["metadata"] = {"labels": {**document["metadata"]["labels"], GROUP_LABEL: name}}
    return document


def before_the_function(instance_type: str) -> Thing:
    """The same, as it ran before the function joined the pipeline."""
    document = copy.deepcopy(WHOLE)
    document["spec"]["forProvider"] |= {
        "capacityType": "ON_DEMAND",
        "instanceTypes": [instance_type],
        "amiType": "AL2023_x86_64_NVIDIA",
        "scalingConfig": {"minSize": 1, "maxSize": 8, "desiredSize": 5},
    }
    thing = Thing(document)
    thing.cloud = Cloud(1, 8, 5, thing.fixed())
    thing.reported, thing.ready = (1, 5, 8), True
    return thing


WAYS: tuple[Way, ...] = ("Compose", "Split", "Inject")


class Sequence:
    """A random life; `log` tells what happened, for who reads a failure.

    Args:
        seed: of all chance.
        way: `Compose`: from nothing; `Split`: an earlier step has one node group for the whole pool,
            which may run already; `Inject`: it has one for each group.
    """

    def __init__(self, seed: int, way: Way = "Compose") -> None:
        self.dice = random.Random(seed)  # noqa: S311 - a test's
        self.world = World(now=plans.START, step_input=STEP, policy=POLICIES[0])
        if way == "Inject":
            self.world.step_input = {**STEP, "mode": "Inject"}
            self.world.desired = {f"nodes-{name}": of_group(name) for name in OPTIONS}
        if way == "Split":
            self.world.desired, self.world.spec = {"gpu": WHOLE}, {"pools": None}
            if self.dice.random() < 0.8:
                self.world.things["gpu"] = before_the_function(self.dice.choice(TYPES))
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
        groups = {each["name"]: each for each in self.groups()}
        name = thing.document["metadata"]["labels"].get("trimtab.dev/group")
        wanted = [groups[name]] if name in groups else list(groups.values())
        for group in wanted:
            self.check_serves(group)

    def check_serves(self, group: dict[str, Any], least: int | None = None) -> None:
        """A group's generation is ready, and has so many nodes; None: as many as it is asked to."""
        for each in self.current(group):
            wanted = each.asked["minSize"] if least is None else least
            if each.ready and each.reported is not None and each.reported[1] >= wanted:
                return
        raise AssertionError(f"{group['name']} does not serve")

    def groups(self) -> list[dict[str, Any]]:
        """The plan's."""
        found: list[dict[str, Any]] = self.world.plan["spec"]["pools"][0]["groups"]
        return found

    def current(self, group: dict[str, Any]) -> list[Thing]:
        """What is not being deleted of a group's generation; or fits it, and has no group yet."""
        wanted = (group["name"], group["generation"])
        found = []
        for each in self.world.things.values():
            labels = each.document["metadata"]["labels"]
            mine = (labels.get("trimtab.dev/group"), labels.get("trimtab.dev/generation"))
            if each.launches and not each.deleting and (mine == wanted or _fits(each, group)):
                found.append(each)
        return found

    def check_kept(self, thing: Thing, document: dict[str, Any], *, usable: bool) -> None:
        before, after = thing.document, document
        known = has_bounds(before)
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
            assert not known or bounds_of(before) == bounds_of(after)
            return
        if not known:
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
        for group in self.groups():
            begun = [
                each
                for each in group["windows"]
                if datetime.fromisoformat(each["start"]) <= self.world.now
            ]
            window = begun[-1] if begun else group["windows"][0]
            if group["name"] != mine and window["max"] > 0:
                self.check_serves(group, window["min"])


def _fits(thing: Thing, group: dict[str, Any]) -> bool:
    """Whether what ran for the whole pool is what the group asks for."""
    types = thing.document["spec"]["forProvider"]["instanceTypes"]
    return (
        "trimtab.dev/group" not in thing.document["metadata"]["labels"]
        and types == [group["offers"][0]["instanceType"]]
        and group["purchase"]["option"] != "spot"
    )
