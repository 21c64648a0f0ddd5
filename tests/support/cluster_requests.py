"""Requests to a cluster's whole pipeline: the cluster step, then the capacity step, as Crossplane runs them."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from crossplane.function import response
from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from google.protobuf import json_format

from support.capacity_requests import Document, request
from trimtab_functions.capacity.compose import REFRESH
from trimtab_functions.dispatch import Functions

# Specs of each platform.
BASE: dict[str, Any] = {"planRef": {"name": "prod"}, "pools": ["trainer"]}
AWS = {**BASE, "region": "us-east-1"}
GCP = {**BASE, "region": "us-central1", "gcp": {"project": "my-project"}}
EXISTING = {"existing": {"kubeconfigSecretRef": {"name": "dc"}}}
ON_PREMISES = {**BASE, "onPremises": EXISTING}
REF = {"apiGroup": "x.cluster.x-k8s.io", "kind": "Template", "name": "gpu"}
MACHINES = {
    "pool": "trainer",
    "instanceTypes": ["dgx"],
    "bootstrapTemplate": REF,
    "machineTemplate": REF,
}
API = {"clusterClass": "metal", "version": "v1.35.3", "machines": [MACHINES]}
EDGE = {**BASE, "version": "v1.35.3+k3s1", "install": {"endpoint": "10.0.0.10"}}

STATED = ("planRef", "pools", "clusterName", "region", "nodeRoleArn", "subnetIds")
"""What `capacity_requests.request` states of its own, and an XR of a cluster does not."""


@dataclass
class Pipeline:
    """An XR, and what exists of it.

    Attributes:
        platform: of the cluster step's input; EdgeSite's pipeline has that step alone.
        spec: the XR's.
        now: the present.
        observed: composed resources that exist, by key.
    """

    platform: str
    spec: Mapping[str, Any]
    now: datetime
    observed: dict[str, Document] = field(default_factory=dict)
    functions: Functions = field(init=False)

    def __post_init__(self) -> None:
        self.functions = Functions(lambda: self.now)

    def run(self, plan: Document | bool | None, step: Document | None = None) -> dict[str, Any]:
        """The last step's response, with the conditions of all; see `request` on the plan.

        Args:
            plan: what has arrived.
            step: another input of the cluster step.
        """
        spec = dict.fromkeys(STATED) | dict(self.spec)
        step = step or {
            "apiVersion": "cluster.fn.trimtab.dev/v1alpha1",
            "kind": "Input",
            "platform": self.platform,
            "statusFieldPath": "status.cluster",
        }
        first = request(plan, spec=spec, observed=self.observed, step_input=step)
        first.input.Clear()
        # As it is, without a report that the capacity step's tests ask for.
        first.input.update(step)
        made = self._respond(first)
        told: dict[str, Any] = json_format.MessageToDict(made)
        if self.platform == "Edge":
            return told
        second = request(plan, spec=spec, observed=self.observed)
        second.desired.CopyFrom(made.desired)
        last = json_format.MessageToDict(self._respond(second))
        conditions = [*told.get("conditions", []), *last.get("conditions", [])]
        return {**last, "conditions": conditions}

    def _respond(self, req: fnv1.RunFunctionRequest) -> fnv1.RunFunctionResponse:
        rsp = response.to(req, REFRESH)
        self.functions.compose(req, rsp)
        return rsp

    def settle(self, plan: Document | bool | None, rounds: int = 8) -> dict[str, Any]:
        """Run until all that is desired exists and is ready; the last response."""
        for _ in range(rounds):
            told = self.run(plan)
            self.exist(told)
        return self.run(plan)

    def exist(self, told: Mapping[str, Any], **status: Any) -> None:
        """Bring into being what a response desires, ready."""
        for key, each in told["desired"].get("resources", {}).items():
            self.observed[key] = exists(each["resource"], **status)


def exists(document: Document, ready: str = "True", **status: Any) -> Document:
    """A desired resource as its provider reports it."""
    found = copy.deepcopy(document)
    found["metadata"].setdefault("name", "x")
    if document["apiVersion"].startswith("cluster.x-k8s.io/"):
        conditions = [{"type": "Available", "status": ready}]
        begun = {"controlPlaneInitialized": ready == "True"}
        found["status"] = {"conditions": conditions, "initialization": begun, **status}
        return found
    if "forProvider" not in document.get("spec", {}):
        return found
    found["status"] = {"conditions": [{"type": "Ready", "status": ready}], **status}
    sizes = document["spec"].get("initProvider", {}).get("scalingConfig")
    if sizes is not None:
        found["status"]["atProvider"] = {"scalingConfig": sizes}
    return found


def conditions(told: Mapping[str, Any]) -> dict[str, tuple[str, str, str]]:
    """Status, reason and message by type."""
    return {
        each["type"]: (
            each["status"].removeprefix("STATUS_CONDITION_"),
            each["reason"],
            each.get("message", ""),
        )
        for each in told["conditions"]
    }


def desired(told: Mapping[str, Any]) -> dict[str, Document]:
    """The desired resources by key."""
    return {key: each["resource"] for key, each in told["desired"].get("resources", {}).items()}
