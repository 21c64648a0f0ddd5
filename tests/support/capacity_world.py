"""A control plane and a cloud in memory, as the capacity function meets them: EKS's rules, late reports.

Crossplane applies what the function desires and deletes what it does not. The provider carries that to
the cloud later, and reports later still. The cloud refuses what EKS refuses: a min above the desired
size, a max below it or of 0, and any change of what can't change in place.
"""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from crossplane.function import response
from crossplane.function.proto.v1 import run_function_pb2 as fnv1

from support.capacity_requests import request
from trimtab_functions import structs
from trimtab_functions.capacity.compose import REFRESH, Composer

Document = dict[str, Any]
FIXED = ("capacityType", "instanceTypes", "amiType")
BOUNDS = "trimtab.dev/bounds"


@dataclass
class Cloud:
    """A node group in the cloud."""

    low: int
    high: int
    desired: int
    fixed: tuple[Any, ...]


@dataclass
class Thing:
    """An object of the cluster, and what is behind it.

    Attributes:
        document: what was applied.
        cloud: None before the provider has made it, and for what launches no nodes.
        reported: the cloud's sizes as the object's status has them.
        ready: its Ready condition.
        deleting: whether somebody deleted it.
    """

    document: Document
    cloud: Cloud | None = None
    reported: tuple[int, int, int] | None = None
    ready: bool = False
    deleting: bool = False

    @property
    def launches(self) -> bool:
        """Whether it is a node group."""
        return bool(self.document["kind"] == "NodeGroup")

    @property
    def asked(self) -> Document:
        """The sizes that are enforced."""
        found: Document = self.document["spec"]["forProvider"]["scalingConfig"]
        return found

    def fixed(self) -> tuple[Any, ...]:
        """What can't change in place, as it is asked for."""
        provider = self.document["spec"]["forProvider"]
        return tuple(str(provider.get(each)) for each in FIXED)

    def observed(self) -> Document:
        """The object as the API server has it."""
        document = copy.deepcopy(self.document)
        if self.deleting:
            document["metadata"]["deletionTimestamp"] = "2026-11-01T00:00:00Z"
        status: Document = {
            "conditions": [{"type": "Ready", "status": "True" if self.ready else "False"}]
        }
        if self.reported is not None:
            low, desired, high = self.reported
            sizes = {"minSize": low, "desiredSize": desired, "maxSize": high}
            status["atProvider"] = {"scalingConfig": sizes}
        return {**document, "status": status}


@dataclass
class World:
    """Everything that is there.

    Attributes:
        things: composed resources, by key.
        refused: what the cloud refused although it was as reported.
        plan, policy: what Crossplane would fetch: an object, None (there is none), or False (not yet).
    """

    now: datetime
    spec: Mapping[str, Any] = field(default_factory=dict)
    step_input: Mapping[str, Any] | None = None
    desired: Mapping[str, Document] = field(default_factory=dict)
    things: dict[str, Thing] = field(default_factory=dict)
    plan: Any = None
    policy: Any = None
    refused: list[str] = field(default_factory=list)
    composer: Composer = field(init=False)

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """The function begins anew, with nothing in memory."""
        self.composer = Composer(lambda: self.now)

    def request(self) -> fnv1.RunFunctionRequest:
        """What Crossplane sends."""
        observed = {key: thing.observed() for key, thing in self.things.items()}
        req = request(
            self.plan,
            spec=self.spec,
            observed=observed,
            desired=self.desired,
            step_input=self.step_input,
        )
        if self.step_input is not None and "policy" in self.step_input:
            if self.policy is None:
                req.required_resources["capacity-policy"].SetInParent()
            elif isinstance(self.policy, dict):
                items = req.required_resources["capacity-policy"].items
                items.add().resource.CopyFrom(structs.from_data(self.policy))
        return req

    def respond(
        self, req: fnv1.RunFunctionRequest, composer: Composer | None = None
    ) -> fnv1.RunFunctionResponse:
        """What the function answers."""
        rsp = response.to(req, REFRESH)
        (composer or self.composer).compose(req, rsp)
        return rsp

    def apply(self, rsp: fnv1.RunFunctionResponse) -> None:
        """Crossplane creates, updates and deletes."""
        wanted = {
            key: structs.to_data(each.resource) for key, each in rsp.desired.resources.items()
        }
        for key in [key for key in self.things if key not in wanted]:
            del self.things[key]
        for key, document in wanted.items():
            thing = self.things.get(key)
            if thing is None:
                self.things[key] = Thing(document)
            else:
                thing.document = document

    def provide(self, key: str) -> None:
        """The provider carries an object to the cloud; what is being deleted is gone then."""
        thing = self.things[key]
        if thing.deleting:
            del self.things[key]
        elif not thing.launches:
            thing.ready = True
        elif thing.cloud is None:
            self._create(key, thing)
        else:
            self._update(key, thing, thing.cloud)

    def report(self, key: str) -> None:
        """The provider reports the cloud's sizes, and that what was asked for is there."""
        thing = self.things[key]
        if thing.cloud is not None:
            cloud = thing.cloud
            thing.reported = (cloud.low, cloud.desired, cloud.high)
            thing.ready = True

    def provide_all(self) -> None:
        """The provider catches up."""
        for key in list(self.things):
            self.provide(key)
        for key in self.things:
            self.report(key)

    def _create(self, key: str, thing: Thing) -> None:
        asked = thing.asked
        initial = thing.document["spec"]["initProvider"]["scalingConfig"]["desiredSize"]
        desired = int(asked.get("desiredSize", initial))
        low, high = int(asked["minSize"]), int(asked["maxSize"])
        if self._accepts(key, low, desired, high, fresh=True):
            thing.cloud = Cloud(low, high, desired, thing.fixed())

    def _update(self, key: str, thing: Thing, cloud: Cloud) -> None:
        asked = thing.asked
        low, high = int(asked["minSize"]), int(asked["maxSize"])
        desired = int(asked.get("desiredSize", cloud.desired))
        fresh = thing.reported == (cloud.low, cloud.desired, cloud.high)
        if thing.fixed() != cloud.fixed:
            self.refused.append(f"{key}: {cloud.fixed} can't become {thing.fixed()}")
        elif self._accepts(key, low, desired, high, fresh=fresh):
            cloud.low, cloud.high, cloud.desired = low, high, desired

    def _accepts(self, key: str, low: int, desired: int, high: int, *, fresh: bool) -> bool:
        if 0 <= low <= desired <= high and high >= 1:
            return True
        if fresh:
            self.refused.append(f"{key}: {low}-{desired}-{high}")
        return False


def has_bounds(document: Mapping[str, Any]) -> bool:
    """Whether bounds were decided for it."""
    return BOUNDS in document["metadata"].get("annotations", {})


def bounds_of(document: Mapping[str, Any]) -> tuple[str, int, int]:
    """The bounds decided last: the window in which they moved, low and high."""
    window, _, sizes = document["metadata"]["annotations"][BOUNDS].partition(" ")
    low, _, high = sizes.partition("..")
    return window, int(low), int(high)
