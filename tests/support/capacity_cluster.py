"""The capacity function in a real control plane: served, registered, and what a test says to it.

Nothing here decides or judges. Plans are current at wall-clock time, as the function's clock is the
machine's; all that a run makes begin at one instant, so that a plan applied later is another word on
the same window and not on a later one.
"""

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

import yaml

from support import plans
from support.capacity_function import CapacityFunction, Certificates, capacity_function
from support.crossplane_core import ControlPlane
from support.engines import free_ports
from support.kube_api import KubeApi

ROOT = Path(__file__).parents[2]
APIS = ROOT / "functions" / "apis"
NODE_GROUP_CRD = ROOT / "tests" / "e2e" / "crds" / "nodegroups.eks.aws.m.upbound.io.yaml"
FUNCTION = "function-trimtab-capacity"
PLAN = ("trimtab.dev/v1alpha1", "CapacityPlan")
NODE_GROUP = ("eks.aws.m.upbound.io/v1beta1", "NodeGroup")
NODE_GROUP_SET = ("platform.trimtab.dev/v1alpha1", "NodeGroupSet")
GENERATION = "0a1b2c"
WAIT_SECONDS = 30.0
PLANS_START = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)

Document = dict[str, Any]
Size = tuple[int, int, int]  # min, desired, max
T = TypeVar("T")


def eventually(
    read: Callable[[], T], holds: Callable[[T], bool], seconds: float = WAIT_SECONDS
) -> T:
    """Poll until what is read is as wanted; what was read.

    Raises:
        AssertionError: it is not in time; with what it is.
    """
    deadline = time.monotonic() + seconds
    while True:
        found = read()
        if holds(found):
            return found
        assert time.monotonic() < deadline, f"after {seconds:.0f} s still {found}"
        time.sleep(0.05)


def in_seconds(seconds: float) -> datetime:
    """The first whole second that is at least so far ahead: what a plan's instants are given in."""
    ahead = datetime.now(UTC) + timedelta(seconds=seconds)
    return ahead.replace(microsecond=0) + timedelta(seconds=1)


def plan_now(
    *sizes: Size,
    boundaries: Sequence[datetime] = (),
    valid_until: datetime | None = None,
    generation: str = GENERATION,
    instance_types: Sequence[str] = ("p4d.24xlarge",),
) -> Document:
    """A plan `example` of one pool `trainer` with one on-demand group `main`.

    Args:
        sizes: of its windows; the first holds from PLANS_START on.
        boundaries: where one window ends and the next begins, one fewer than sizes.
        valid_until: by default a day ahead.
        generation: of its group; another one where the offers are others.
        instance_types: its offers.
    """
    end = PLANS_START + timedelta(hours=24)
    edges = [each.isoformat() for each in (PLANS_START, *boundaries, end)]
    windows = [
        {"start": begins, "end": ends, "min": low, "desired": desired, "max": high}
        for (begins, ends), (low, desired, high) in zip(pairwise(edges), sizes, strict=True)
    ]
    offers = [
        {"instanceType": each, "usdPerHour": 32.77, "gco2ePerHour": 1900.0}
        for each in instance_types
    ]
    group = plans.group(
        "main", {"option": "on-demand"}, generation=generation, windows=windows, offers=offers
    )
    return plans.plan_data(
        asOf=edges[0],
        start=edges[0],
        validUntil=(valid_until or end).isoformat(),
        pools=[plans.pool(groups=[group])],
    )


@dataclass
class Cluster:
    """A NodeGroupSet in a namespace, which Crossplane composes by the capacity function."""

    api: KubeApi
    namespace: str
    name: str = "ml"
    _edits: int = field(default=0, repr=False)

    def apply_plan(self, *sizes: Size, **changes: Any) -> None:
        """Apply `plan_now` of these arguments and have it looked at."""
        self.apply(plan_now(*sizes, **changes))
        self.touch()

    def apply(self, document: Document) -> None:
        """Apply an object in the namespace."""
        metadata = {**document["metadata"], "namespace": self.namespace}
        self.api.apply({**document, "metadata": metadata})

    def delete_plan(self) -> None:
        """Take the plan away and have that looked at."""
        self.api.delete(*PLAN, "example", self.namespace)
        self.touch()

    def delete(self) -> None:
        """Take the XR away."""
        self.api.delete(*NODE_GROUP_SET, self.name, self.namespace)

    def exists(self) -> bool:
        """Whether the XR or a node group of it is left, going or not."""
        return any(
            self.name in (each["metadata"]["name"], each["metadata"].get("labels", {}).get(owner))
            for kind, owner in ((NODE_GROUP_SET, ""), (NODE_GROUP, "crossplane.io/composite"))
            for each in self.api.list_all(*kind, self.namespace)
        )

    def touch(self) -> None:
        """Edit the XR, so that Crossplane reconciles it now and not when the response has aged."""
        self._edits += 1
        self.api.apply(node_group_set(self.namespace, self.name, {"edit": str(self._edits)}))

    def node_groups(self) -> dict[str, Document]:
        """The node groups by generation, but for those that are being deleted."""
        label = "trimtab.dev/generation"
        return {
            each["metadata"]["labels"][label]: each
            for each in self.api.list_all(*NODE_GROUP, self.namespace)
            if "deletionTimestamp" not in each["metadata"]
            and each["metadata"]["labels"].get("crossplane.io/composite") == self.name
        }

    def scaling(self, generation: str = GENERATION) -> Document | None:
        """What the node group asks for; None when there is none."""
        found = self.node_groups().get(generation)
        return found["spec"]["forProvider"]["scalingConfig"] if found else None

    def awaits(self, generation: str = GENERATION, **sizes: int) -> None:
        """Wait until the node group asks for exactly these: minSize, maxSize, desiredSize."""
        try:
            eventually(lambda: self.scaling(generation), lambda found: found == sizes)
        except AssertionError as error:
            raise AssertionError(f"{error}; the XR says {self.conditions()}") from None

    def report(self, desired: int, generation: str = GENERATION) -> None:
        """Write what the AWS provider would report of a ready node group."""
        when = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        ready = {"type": "Ready", "status": "True", "reason": "Up", "lastTransitionTime": when}
        self.api.patch_status(
            self.node_groups()[generation],
            {
                "atProvider": {"scalingConfig": {"desiredSize": desired}},
                "conditions": [ready],
            },
        )

    def spec(self, generation: str = GENERATION) -> Document:
        """All that the node group asks for, to compare."""
        spec: Document = self.node_groups()[generation]["spec"]
        return spec

    def runs(self) -> Document:
        """Bring it to a ready node group of 2 to 4 nodes, of which 3 run; that one's spec."""
        self.apply_plan((2, 3, 4))
        self.awaits(minSize=2, maxSize=4)
        self.report(3)
        self.awaits_reason("Ready", "Available")
        return self.spec()

    def assert_stays(self, spec: Document) -> None:
        """Reconcile some times more: the node group is what it was, and is not being deleted."""
        for _ in range(3):
            self.touch()
            time.sleep(0.3)
        assert self.spec() == spec

    def conditions(self) -> dict[str, Document]:
        """The XR's conditions by type."""
        xr = self.api.get(*NODE_GROUP_SET, self.name, self.namespace)
        return {each["type"]: each for each in xr.get("status", {}).get("conditions", [])}

    def reasons(self) -> dict[str, str]:
        """The reasons of the XR's conditions."""
        return {kind: each["reason"] for kind, each in self.conditions().items()}

    def awaits_reason(self, condition: str, reason: str, seconds: float = WAIT_SECONDS) -> Document:
        """Wait until a condition of the XR has this reason; the condition."""
        found = eventually(
            self.conditions, lambda said: said.get(condition, {}).get("reason") == reason, seconds
        )
        return found[condition]

    def awaits_said(self, text: str, seconds: float = WAIT_SECONDS) -> str:
        """Have the plan looked at until what is said of it has a text; reason and message."""

        def said() -> str:
            self.touch()
            time.sleep(0.1)
            condition = self.conditions()["PlanUsable"]
            return f"{condition['reason']}: {condition['message']}"

        return eventually(said, lambda found: text in found, seconds)


def node_group_set(
    namespace: str, name: str = "ml", labels: dict[str, str] | None = None
) -> Document:
    """A NodeGroupSet that follows the plan `example` of its namespace."""
    return {
        "apiVersion": NODE_GROUP_SET[0],
        "kind": NODE_GROUP_SET[1],
        "metadata": {"name": name, "namespace": namespace, "labels": labels or {}},
        "spec": {
            "planRef": {"name": "example"},
            "pools": ["trainer"],
            "clusterName": name,
            "region": "us-east-1",
            "nodeRoleArn": "arn:aws:iam::111122223333:role/node",
            "subnetIds": ["subnet-a"],
        },
    }


@dataclass
class CapacityControlPlane:
    """A control plane that knows Trimtab's kinds and calls the function, which it can end."""

    core: ControlPlane
    folder: Path
    port: int
    function: CapacityFunction
    _running: contextlib.ExitStack

    @property
    def api(self) -> KubeApi:
        return self.core.api

    def kill_function(self) -> None:
        """End the function at once, in the middle of whatever it answers."""
        self.function.process.process.kill()
        self._running.close()

    def start_function(self) -> None:
        """Serve the function again, at the address that Crossplane knows."""
        self.function = self._running.enter_context(_serve(self.core, self.folder, self.port))


@contextlib.contextmanager
def capacity_control_plane(core: ControlPlane, folder: Path) -> Iterator[CapacityControlPlane]:
    """The function served and registered for the length of the block, and the kinds that it needs.

    Args:
        core: a running Crossplane.
        folder: an empty folder for the function's logs.
    """
    for crd in (*sorted((APIS / "crds").glob("*.yaml")), NODE_GROUP_CRD):
        core.api.apply_all(crd)
    node_group_sets = APIS / "nodegroupset"
    core.apply_xrd(yaml.safe_load((node_group_sets / "definition.yaml").read_text("utf-8")))
    core.api.apply_all(node_group_sets / "composition.yaml")
    (port,) = free_ports(1)
    with contextlib.ExitStack() as running:
        function = running.enter_context(_serve(core, folder, port))
        core.register_function(FUNCTION, port)
        yield CapacityControlPlane(core, folder, port, function, running)


def _serve(
    core: ControlPlane, folder: Path, port: int
) -> contextlib.AbstractContextManager[CapacityFunction]:
    certificates = Certificates(core.function_certificates, core.function_certificates)
    return capacity_function(folder, certificates, port)
