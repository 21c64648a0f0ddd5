"""Requests to the capacity function, and its answers as plain data."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from crossplane.function import response
from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from google.protobuf import json_format

from trimtab_functions import structs
from trimtab_functions.capacity.compose import REFRESH, Composer

Document = dict[str, Any]

NODE_GROUP = {"apiVersion": "eks.aws.m.upbound.io/v1beta1", "kind": "NodeGroup"}
SPEC: Document = {
    "planRef": {"name": "example"},
    "pools": ["trainer"],
    "clusterName": "ml",
    "region": "us-east-1",
    "nodeRoleArn": "arn:aws:iam::111122223333:role/node",
    "subnetIds": ["subnet-a", "subnet-b"],
}


def request(
    plan: Document | bool | None = False,
    *,
    spec: Mapping[str, Any] | None = None,
    mode: str = "Compose",
    observed: Mapping[str, Document] | None = None,
    desired: Mapping[str, Document] | None = None,
    step_input: Mapping[str, Any] | None = None,
) -> fnv1.RunFunctionRequest:
    """A request as Crossplane sends one.

    Args:
        plan: the CapacityPlan; None when there is none; False before it was fetched.
        spec: what differs from `SPEC` in the XR's spec; a value of None takes the field out.
        mode: the step's mode.
        observed: composed resources that exist, by key.
        desired: what earlier steps composed, by key.
        step_input: the step's whole input, in the place of one with `mode`, but for where to report,
            which is `status.capacity` unless it says otherwise.
    """
    req = fnv1.RunFunctionRequest()
    req.meta.tag = "a-tag"
    own_input = {
        "apiVersion": "capacity.fn.trimtab.dev/v1alpha1",
        "kind": "Input",
        "mode": mode,
    }
    given_input = own_input if step_input is None else dict(step_input)
    given_input.setdefault("statusFieldPath", "status.capacity")
    req.input.update(given_input)
    given = {k: v for k, v in {**SPEC, **(spec or {})}.items() if v is not None}
    req.observed.composite.resource.update(
        {
            "apiVersion": "platform.trimtab.dev/v1alpha1",
            "kind": "NodeGroupSet",
            "metadata": {"name": "ml", "namespace": "team"},
            "spec": given,
        }
    )
    for key, document in (observed or {}).items():
        req.observed.resources[key].resource.CopyFrom(structs.from_data(document))
    for key, document in (desired or {}).items():
        req.desired.resources[key].resource.CopyFrom(structs.from_data(document))
    if plan is None:
        req.required_resources["capacity-plan"].SetInParent()
    elif isinstance(plan, dict):
        req.required_resources["capacity-plan"].items.add().resource.CopyFrom(
            structs.from_data(plan)
        )
    return req


def answer(req: fnv1.RunFunctionRequest, now: datetime, composer: Composer | None = None) -> Any:
    """The whole response as data, with whole numbers as integers."""
    return _whole(json_format.MessageToDict(respond(req, now, composer)))


def respond(
    req: fnv1.RunFunctionRequest, now: datetime, composer: Composer | None = None
) -> fnv1.RunFunctionResponse:
    """The response, by a new composer unless one is given."""
    rsp = response.to(req, REFRESH)
    (composer or Composer(lambda: now)).compose(req, rsp)
    return rsp


def _whole(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _whole(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_whole(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
