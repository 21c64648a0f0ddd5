"""EKS's node groups and the provider that manages them, played on a real API server.

`Eks` is the cloud: it keeps node groups and refuses what EKS refuses, also what moto accepts. The
provider is a thread that does with NodeGroup objects what provider-upjet-aws does: it creates from
forProvider and initProvider, enforces what forProvider states and leaves the rest alone, honours
management policies, reports into the status, and keeps an object that is being deleted until the
node group is gone. Nothing of Trimtab's is imported: both are written from the outside.

What is followed: EKS's CreateNodegroup and UpdateNodegroupConfig (NodegroupScalingConfig: minSize from
0, maxSize from 1, desiredSize between them), Crossplane's management policies and finalizer, upjet's
external names, tags and late initialisation. What is not: time, of which a creation takes a moment
here and a report none, and every field that Trimtab does not write.
"""

import contextlib
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, NamedTuple

from support.kube_api import KubeApi, KubeError

NODE_GROUPS_PATH = "/apis/eks.aws.m.upbound.io/v1beta1/nodegroups"
FINALIZER = "finalizer.managedresource.crossplane.io"
EXTERNAL_NAME = "crossplane.io/external-name"
FIELD_MANAGER = "provider-aws-eks"
FIXED_FIELDS = ("instanceTypes", "capacityType", "amiType", "subnetIds", "nodeRoleArn")
CREATION_SECONDS = 0.4
LOOP_SECONDS = 0.05

Document = dict[str, Any]


class InvalidParameterError(Exception):
    """EKS's InvalidParameterException."""


class Scaling(NamedTuple):
    """A node group's sizes."""

    min: int
    desired: int
    max: int


@dataclass
class NodeGroup:
    """A node group in EKS; `fixed` are the fields that cannot change."""

    scaling: Scaling
    fixed: Mapping[str, Any]
    active_at: float

    @property
    def active(self) -> bool:
        """Whether it was created."""
        return time.monotonic() >= self.active_at


class Event(NamedTuple):
    """Something that happened in EKS: create, active, update, autoscale, delete or refused."""

    verb: str
    name: str
    scaling: Scaling | None
    message: str = ""


@dataclass
class Eks:
    """The node groups of one account and region, by cluster and name, and all that happened."""

    events: list[Event] = field(default_factory=list)
    _groups: dict[str, NodeGroup] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def find(self, name: str) -> NodeGroup | None:
        """The node group as it is now."""
        with self._lock:
            found = self._groups.get(name)
            if found is None:
                return None
            if found.active and not self._happened("active", name):
                self._note("active", name, found.scaling)
            return replace(found)

    def create(self, name: str, scaling: Scaling, fixed: Mapping[str, Any]) -> None:
        """CreateNodegroup."""
        with self._lock:
            if name in self._groups:
                raise self._refusal(name, scaling, "NodeGroup already exists")
            self._check(name, scaling)
            self._groups[name] = NodeGroup(
                scaling, dict(fixed), time.monotonic() + CREATION_SECONDS
            )
            self._note("create", name, scaling)

    def update(self, name: str, scaling: Scaling) -> None:
        """UpdateNodegroupConfig: sizes that the desired size, given or present, must lie between."""
        with self._lock:
            self._check(name, scaling)
            self._groups[name].scaling = scaling
            self._note("update", name, scaling)

    def autoscale(self, name: str, desired: int) -> None:
        """What a cluster autoscaler does to the Auto Scaling group, and no API of EKS's sees."""
        with self._lock:
            group = self._groups[name]
            if not group.scaling.min <= desired <= group.scaling.max:
                raise ValueError(f"{name}: {desired} is not within {group.scaling}")
            group.scaling = group.scaling._replace(desired=desired)
            self._note("autoscale", name, group.scaling)

    def delete(self, name: str) -> None:
        """DeleteNodegroup."""
        with self._lock:
            if self._groups.pop(name, None) is not None:
                self._note("delete", name, None)

    def refuse(self, name: str, message: str) -> None:
        """Keep what the provider itself refuses."""
        with self._lock:
            self._refusal(name, None, message)

    @property
    def refusals(self) -> list[Event]:
        """What was refused; a refusal that is repeated counts once."""
        with self._lock:
            return list(dict.fromkeys(each for each in self.events if each.verb == "refused"))

    def verbs(self, name: str) -> list[str]:
        """What happened to one node group, in order."""
        with self._lock:
            return [each.verb for each in self.events if each.name == name]

    def _check(self, name: str, scaling: Scaling) -> None:
        low, desired, high = scaling
        if low < 0 or high < 1:
            raise self._refusal(name, scaling, "minSize is at least 0 and maxSize at least 1")
        if low > desired:
            message = f"Minimum capacity {low} can't be greater than desired size {desired}"
            raise self._refusal(name, scaling, message)
        if desired > high:
            message = f"desired capacity {desired} can't be greater than max size {high}"
            raise self._refusal(name, scaling, message)

    def _refusal(self, name: str, scaling: Scaling | None, message: str) -> InvalidParameterError:
        self._note("refused", name, scaling, message)
        return InvalidParameterError(message)

    def _happened(self, verb: str, name: str) -> bool:
        since = [each.verb for each in self.events if each.name == name]
        return verb in since[max((i for i, v in enumerate(since) if v == "create"), default=0) :]

    def _note(self, verb: str, name: str, scaling: Scaling | None, message: str = "") -> None:
        self.events.append(Event(verb, name, scaling, message))


@contextlib.contextmanager
def eks_provider(api: KubeApi, namespace: str, eks: Eks | None = None) -> Iterator[Eks]:
    """Reconcile a namespace's NodeGroups against EKS for the length of the block.

    Args:
        api: the API server.
        namespace: where the NodeGroups are.
        eks: what there is; by default one without node groups.

    Raises:
        KubeError: at the end, what the API server refused the provider, which ended it.
    """
    provider = _Provider(api, namespace, eks or Eks())
    with ThreadPoolExecutor(1, "eks-provider") as thread:
        ended = thread.submit(provider.run)
        try:
            yield provider.eks
        finally:
            provider.stopped.set()
        ended.result()


class _Provider:
    def __init__(self, api: KubeApi, namespace: str, eks: Eks) -> None:
        self.api, self.eks, self.stopped = api, eks, threading.Event()
        self._path = NODE_GROUPS_PATH.replace("/nodegroups", f"/namespaces/{namespace}/nodegroups")

    def run(self) -> None:
        """Reconcile until told to stop."""
        while not self.stopped.wait(LOOP_SECONDS):
            for managed in self.api.request("GET", self._path)["items"]:
                try:
                    self._reconcile(managed)
                except KubeError as error:
                    if error.code not in {404, 409}:  # it changed, or went: look again
                        raise

    def _reconcile(self, managed: Document) -> None:
        metadata, spec = managed["metadata"], managed["spec"]
        if "crossplane.io/paused" in metadata.get("annotations", {}):
            return
        provided, policies = spec["forProvider"], _policies(spec)
        name = metadata.get("annotations", {}).get(EXTERNAL_NAME, metadata["name"])
        cloud_name = f"{provided['clusterName']}:{name}"
        if "deletionTimestamp" in metadata:
            if "Delete" in policies:
                self.eks.delete(cloud_name)
            self._finalizers(managed, present=False)
            return
        if self._initialise(managed, name):
            return  # looked at again, as the API server has it then
        live = self.eks.find(cloud_name)
        try:
            if live is None:
                if "Create" in policies:
                    self.eks.create(cloud_name, _initial(spec), _fixed(provided))
            elif "Update" in policies:
                self._enforce(cloud_name, provided, live)
            problem = None
        except InvalidParameterError as error:
            problem = str(error)
        live = self.eks.find(cloud_name)
        if live is not None and "LateInitialize" in policies:
            self._late_initialise(managed, live)
        self._report(managed, live, problem)

    def _initialise(self, managed: Document, name: str) -> bool:
        """Name and tag it, and keep it until its node group is gone; whether that changed it."""
        annotations = managed["metadata"].get("annotations", {})
        changed = self._finalizers(managed, present=True)
        tags = {"crossplane-kind": "nodegroup.eks", "crossplane-name": managed["metadata"]["name"]}
        named = EXTERNAL_NAME in annotations
        if named and tags.items() <= managed["spec"]["forProvider"].get("tags", {}).items():
            return changed
        self._merge(
            managed,
            {
                "metadata": {"annotations": {EXTERNAL_NAME: name}},
                "spec": {"forProvider": {"tags": tags}},
            },
        )
        return True

    def _finalizers(self, managed: Document, *, present: bool) -> bool:
        before = managed["metadata"].get("finalizers", [])
        after = [each for each in before if each != FINALIZER] + [FINALIZER] * present
        if set(after) == set(before):
            return False
        version = managed["metadata"]["resourceVersion"]
        self._merge(managed, {"metadata": {"finalizers": after, "resourceVersion": version}})
        return True

    def _enforce(self, name: str, provided: Document, live: NodeGroup) -> None:
        """Bring EKS to what forProvider states."""
        for each in FIXED_FIELDS:
            if each in provided and provided[each] != live.fixed.get(each):
                message = f"cannot change {each} in place: it requires replacing {name}"
                self.eks.refuse(name, message)
                raise InvalidParameterError(message)
        stated = provided.get("scalingConfig", {})
        wanted = Scaling(
            int(stated.get("minSize", live.scaling.min)),
            int(stated.get("desiredSize", live.scaling.desired)),
            int(stated.get("maxSize", live.scaling.max)),
        )
        if wanted != live.scaling:
            self.eks.update(name, wanted)

    def _late_initialise(self, managed: Document, live: NodeGroup) -> None:
        """Take over what forProvider does not state, so that it is enforced from then on."""
        stated = managed["spec"]["forProvider"].get("scalingConfig", {})
        if "desiredSize" not in stated:
            taken = {"scalingConfig": {**stated, "desiredSize": live.scaling.desired}}
            self._merge(managed, {"spec": {"forProvider": taken}})

    def _report(self, managed: Document, live: NodeGroup | None, problem: str | None) -> None:
        """Write the status where it is another."""
        seen: Document = {}
        if live is not None:
            low, desired, high = live.scaling
            seen = {
                **live.fixed,
                "status": "ACTIVE" if live.active else "CREATING",
                "scalingConfig": {"minSize": low, "desiredSize": desired, "maxSize": high},
            }
        synced = ("False", "ReconcileError") if problem else ("True", "ReconcileSuccess")
        ready = ("True", "Available") if live and live.active else ("False", "Creating")
        said = {("Synced", *synced, problem), ("Ready", *ready, None)}
        status = managed.get("status", {})
        kept = {
            (each["type"], each["status"], each["reason"], each.get("message"))
            for each in status.get("conditions", [])
        }
        if status.get("atProvider") == seen and kept == said:
            return
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        conditions = []
        for kind, truth, reason, message in sorted(said, key=lambda each: each[0]):
            condition = {"type": kind, "status": truth, "reason": reason}
            condition["lastTransitionTime"] = now
            if message:
                condition["message"] = message
            conditions.append(condition)
        self.api.patch_status(managed, {"atProvider": seen, "conditions": conditions})

    def _merge(self, managed: Document, patch: Document) -> None:
        namespace, name = managed["metadata"]["namespace"], managed["metadata"]["name"]
        path = NODE_GROUPS_PATH.replace("/nodegroups", f"/namespaces/{namespace}/nodegroups/{name}")
        self.api.request(
            "PATCH", path, patch, "application/merge-patch+json", fieldManager=FIELD_MANAGER
        )


def _policies(spec: Document) -> set[str]:
    stated = set(spec["managementPolicies"])
    every = {"Observe", "Create", "Update", "Delete", "LateInitialize"}
    return every if "*" in stated else stated


def _initial(spec: Document) -> Scaling:
    """What it is created with: initProvider where forProvider does not speak."""
    stated = {
        **spec.get("initProvider", {}).get("scalingConfig", {}),
        **spec["forProvider"].get("scalingConfig", {}),
    }
    return Scaling(*(int(stated[each]) for each in ("minSize", "desiredSize", "maxSize")))


def _fixed(provided: Document) -> Document:
    return {each: provided[each] for each in FIXED_FIELDS if each in provided}
