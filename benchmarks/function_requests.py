"""Requests as Crossplane sends them, for the benchmarks of the function.

Crossplane's gRPC is Go's, which writes the entries of a map in another order on every call: equal
requests are hardly ever equal bytes. `shuffled` writes them so.
"""

import hashlib
import random
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from crossplane.function.proto.v1 import run_function_pb2 as fnv1

from support import plans
from trimtab_functions import structs

WINDOW_HOURS = 4
GROUPS_IN_POOL = 16
"""The most that a plan may have."""

STEP = {
    "apiVersion": "capacity.fn.trimtab.dev/v1alpha1",
    "kind": "Input",
    "statusFieldPath": "status.capacity",  # as the NodeGroupSet's Composition has it
}
NODE_GROUP = {"apiVersion": "eks.aws.m.upbound.io/v1beta1", "kind": "NodeGroup"}


@dataclass(frozen=True)
class Size:
    """How large a request is: groups in all pools together, and windows of each."""

    groups: int
    windows: int


def pools(size: Size) -> dict[str, int]:
    """The groups of each pool, by its name."""
    sizes = range(0, size.groups, GROUPS_IN_POOL)
    return {f"pool-{i}": min(GROUPS_IN_POOL, size.groups - begun) for i, begun in enumerate(sizes)}


def plan_document(start: datetime, size: Size) -> dict[str, Any]:
    """A plan, the first of whose windows holds from `start` on."""
    shift = start - plans.START
    sizes = [(i % 3, i % 3 + 2, i % 3 + 5) for i in range(size.windows)]
    windows = plans.windows(*sizes, hours=WINDOW_HOURS)
    for window in windows:
        for edge in ("start", "end"):
            window[edge] = (datetime.fromisoformat(window[edge]) + shift).isoformat()
    document = plans.plan_data(
        pools=[
            plans.pool(
                name=name,
                groups=[
                    plans.group(f"group-{i}", {"option": "on-demand"}, windows=windows)
                    for i in range(groups)
                ],
            )
            for name, groups in pools(size).items()
        ]
    )
    end = start + timedelta(hours=WINDOW_HOURS * size.windows)
    document["spec"] |= {
        "asOf": start.isoformat(),
        "start": start.isoformat(),
        "validUntil": end.isoformat(),
    }
    document["metadata"] |= {"namespace": "ml", "resourceVersion": "1", "uid": f"plan-{size}"}
    return document


def spec(name: str, plan: Mapping[str, Any]) -> dict[str, Any]:
    """An XR's spec: every XR has a cluster of its own."""
    return {
        "planRef": {"name": "example"},
        "pools": [pool["name"] for pool in plan["spec"]["pools"]],
        "clusterName": name,
        "region": "us-east-1",
        "nodeRoleArn": "arn:aws:iam::111122223333:role/node",
        "subnetIds": ["subnet-a", "subnet-b", "subnet-c"],
    }


def first_request(mode: str, plan: dict[str, Any], name: str = "ml") -> fnv1.RunFunctionRequest:
    """The request of an XR none of whose node groups exists yet."""
    req = fnv1.RunFunctionRequest()
    req.meta.tag = "benchmark"
    req.input.update({**STEP, "mode": mode})
    req.observed.composite.resource.update(
        {
            "apiVersion": "platform.trimtab.dev/v1alpha1",
            "kind": "NodeGroupSet",
            "metadata": {"name": name, "namespace": "ml", "uid": name, "resourceVersion": "9"},
            "spec": spec(name, plan),
        }
    )
    req.required_resources["capacity-plan"].items.add().resource.update(plan)
    if mode == "Inject":
        for pool in plan["spec"]["pools"]:
            for group in pool["groups"]:
                key = f"{pool['name']}-{group['name']}"
                template = _template(spec(name, plan), pool["name"], group["name"])
                req.desired.resources[key].resource.update(template)
    return req


def _template(named: Mapping[str, Any], pool: str, group: str) -> dict[str, Any]:
    provider = {key: named[key] for key in ("clusterName", "region", "nodeRoleArn", "subnetIds")}
    return {
        **NODE_GROUP,
        "metadata": {"labels": {"trimtab.dev/pool": pool, "trimtab.dev/group": group}},
        "spec": {"forProvider": provider},
    }


def running_request(
    req: fnv1.RunFunctionRequest, rsp: fnv1.RunFunctionResponse
) -> fnv1.RunFunctionRequest:
    """The same request once what the response desires runs and is reported by the provider."""
    later = fnv1.RunFunctionRequest()
    later.CopyFrom(req)
    name = req.observed.composite.resource["metadata"]["name"]
    for key, desired in rsp.desired.resources.items():
        document = structs.to_data(desired.resource)
        document["metadata"] |= {
            "name": f"{name}-{key}",
            "namespace": "ml",
            "uid": f"{name}/{key}",
            "resourceVersion": "1",
            "generation": 3,
            "creationTimestamp": "2026-11-01T00:00:00Z",
        }
        provider = document["spec"]["forProvider"]
        reported = {**provider, "scalingConfig": {**provider["scalingConfig"], "desiredSize": 3}}
        document["status"] = {
            "atProvider": {**reported, "arn": "arn:aws:eks:…", "status": "ACTIVE"},
            "conditions": [
                {"type": "Ready", "status": "True", "reason": "Available"},
                {"type": "Synced", "status": "True", "reason": "ReconcileSuccess"},
            ],
        }
        later.observed.resources[key].resource.CopyFrom(structs.from_data(document))
    return later


def move(req: fnv1.RunFunctionRequest, number: int) -> None:
    """Let the autoscaler move one group; the API server counts the object's versions."""
    keys = sorted(req.observed.resources)
    moved = req.observed.resources[keys[number % len(keys)]].resource
    moved["status"]["atProvider"]["scalingConfig"]["desiredSize"] = 2 + number % 3
    moved["metadata"]["resourceVersion"] = str(int(moved["metadata"]["resourceVersion"]) + 1)
    tag(req)


def tag(req: fnv1.RunFunctionRequest) -> None:
    """Tag a request as Crossplane does: before it fetches required resources."""
    req.ClearField("meta")
    tagged = fnv1.RunFunctionRequest()
    tagged.CopyFrom(req)
    tagged.ClearField("required_resources")
    req.meta.tag = hashlib.sha256(tagged.SerializeToString(deterministic=True)).hexdigest()


# --- Bytes in Go's order -------------------------------------------------------------------------


def shuffled(req: fnv1.RunFunctionRequest, dice: random.Random) -> bytes:
    """A request's bytes with the entries of every map in a random order."""
    parts = [_field(1, req.meta.SerializeToString())]
    parts.append(_field(2, _state(req.observed, dice)))
    parts.append(_field(3, _state(req.desired, dice)))
    parts.append(_field(4, _struct(structs.to_data(req.input), dice)))
    parts.append(plan_part(req, dice))
    return b"".join(parts)


def plan_part(req: fnv1.RunFunctionRequest, dice: random.Random) -> bytes:
    """The part of those bytes that has the required resources: messages may be joined."""
    parts = []
    for name, resources in req.required_resources.items():
        items = [
            _field(1, _field(1, _struct(structs.to_data(each.resource), dice)))
            for each in resources.items
        ]
        entry = _field(1, name.encode()) + _field(2, b"".join(items))
        parts.append(_field(_REQUIRED, entry))
    return b"".join(parts)


_REQUIRED: int = fnv1.RunFunctionRequest.DESCRIPTOR.fields_by_name["required_resources"].number


def _state(state: fnv1.State, dice: random.Random) -> bytes:
    composite = _field(1, _field(1, _struct(structs.to_data(state.composite.resource), dice)))
    entries = [
        _field(
            2,
            _field(1, key.encode())
            + _field(2, _field(1, _struct(structs.to_data(each.resource), dice))),
        )
        for key, each in state.resources.items()
    ]
    dice.shuffle(entries)
    return composite + b"".join(entries)


def _struct(data: Mapping[str, Any], dice: random.Random) -> bytes:
    entries = [
        _field(1, _field(1, key.encode()) + _field(2, _value(value, dice)))
        for key, value in data.items()
    ]
    dice.shuffle(entries)
    return b"".join(entries)


def _value(value: Any, dice: random.Random) -> bytes:
    if isinstance(value, bool):
        return bytes((4 << 3, value))
    if isinstance(value, int | float):
        return bytes((2 << 3 | 1,)) + struct.pack("<d", value)
    if isinstance(value, str):
        return _field(3, value.encode())
    if isinstance(value, Mapping):
        return _field(5, _struct(value, dice))
    if isinstance(value, list):
        return _field(6, b"".join(_field(1, _value(each, dice)) for each in value))
    return bytes((1 << 3, 0))


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    written = bytearray()
    while value > 0x7F:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    written.append(value)
    return bytes(written)
