"""Mutated requests, and what must hold of the answer to any request whatever.

Mutations are of two kinds: of a request's bytes, which mostly hits protobuf's parser, and of the
values in its objects, which mostly hits the function. All follow from a `random.Random`.
"""

import copy
import math
import random
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from crossplane.function import response
from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from google.protobuf import struct_pb2 as structpb

from support import plans
from support.capacity_requests import request, respond
from trimtab_functions import structs
from trimtab_functions.capacity.adapters import FOLLOWERS, GROUP_ADAPTERS, group_adapter
from trimtab_functions.capacity.adapters.base import GroupAdapter, Kind
from trimtab_functions.capacity.compose import REFRESH
from trimtab_functions.capacity.observed import Observed, read_observed
from trimtab_functions.dispatch import Composes

NOW = plans.START + timedelta(hours=1)

WORDS = [
    "metadata",
    "spec",
    "status",
    "labels",
    "annotations",
    "name",
    "namespace",
    "uid",
    "resourceVersion",
    "generation",
    "kind",
    "apiVersion",
    "pools",
    "groups",
    "windows",
    "min",
    "desired",
    "max",
    "start",
    "end",
    "purchase",
    "option",
    "offers",
    "planRef",
    "validUntil",
    "site",
    "provider",
    "region",
    "forProvider",
    "initProvider",
    "scalingConfig",
    "minSize",
    "maxSize",
    "desiredSize",
    "atProvider",
    "conditions",
    "type",
    "reason",
    "managementPolicies",
    "template",
    "nodes",
    "replicas",
    "trimtab.dev/pool",
    "trimtab.dev/group",
    "trimtab.dev/generation",
    "trimtab.dev/bounds",
    "mode",
    "plan",
    "targets",
]

NUMBERS = (0.0, -0.0, 1.0, -1.0, 0.5, 2.0**31, 2.0**53, -(2.0**63), 1e308, 5e-324)
NO_NUMBERS = (math.nan, math.inf, -math.inf)
TEXTS = (
    "",
    "0",
    "-1",
    "1e999",
    "true",
    "2026-11-01T00:00:00Z",
    "2026-11-01T99:00:00Z",
    "9999-12-31T23:59:59Z",
    "trainer",
    "example",
    "\u0000",
    "\u202e\U0001f4a9\ufeff",
    "a" * 70,
    "x" * 5000,
    "../..",
    "%s{0}",
    "2026-11-01T00:00:00Z 2..4",
)


def seeds() -> list[bytes]:
    """Requests as Crossplane sends them: before and while groups run, with and without a plan."""
    plan = plans.plan_data()
    stale = plans.plan_data(validUntil=(plans.START + timedelta(minutes=30)).isoformat())
    first = request(plan)
    running = _running(first)
    found = [first, running]
    for other in (False, None, stale, {**plan, "spec": {**plan["spec"], "pools": []}}):
        again = request(other)
        _copy_observed(running, again)
        found.append(again)
    injected = request(plan, mode="Inject")
    for key, each in respond(first, NOW).desired.resources.items():
        injected.desired.resources[key].CopyFrom(each)
    _copy_observed(running, injected)
    found += [injected, _cluster(plan), request(spec={"plan": plan}), _by_target(plan)]
    found += [_labelled(plan, kind) for kind in sorted(_KINDS, key=repr)]
    for provider in ("aws", "gcp", "azure", "kubernetes"):
        elsewhere = {**plan["spec"], "site": {"provider": provider, "region": "us-east-1"}}
        for name in sorted(GROUP_ADAPTERS):
            step = {**_INPUT, "compose": {"as": name}}
            found.append(request({**plan, "spec": elsewhere}, step_input=step))
    return [each.SerializeToString(deterministic=True) for each in found]


_INPUT = {"apiVersion": "capacity.fn.trimtab.dev/v1alpha1", "kind": "Input"}
_KINDS = {kind for each in GROUP_ADAPTERS.values() for kind in each.kinds} | {
    kind for each in FOLLOWERS for kind in each.kinds
}


def _labelled(plan: dict[str, Any], kind: Kind) -> fnv1.RunFunctionRequest:
    """An earlier step's resource of a kind, before and after it runs."""
    labels = {"trimtab.dev/pool": "trainer", "trimtab.dev/group": "on-demand"}
    document = {
        "apiVersion": f"{kind.group}/v1",
        "kind": kind.kind,
        "metadata": {"name": "one", "labels": labels},
        "spec": {"forProvider": {"region": "us-east-1"}, "replicas": 2},
    }
    runs = {**document, "status": {"replicas": 2, "atProvider": {}, "conditions": []}}
    return request(plan, mode="Inject", desired={"one": document}, observed={"one": runs})


def _by_target(plan: dict[str, Any]) -> fnv1.RunFunctionRequest:
    """A resource of a kind that no adapter knows, found by the input's target."""
    document = {"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"replicas": 2}}
    fields = {"desired": "spec.replicas", "running": "status.replicas"}
    target = {"match": {"kind": "Deployment"}, "pool": "trainer", "fields": fields}
    step = {**_INPUT, "mode": "Inject", "targets": [target]}
    runs = {**document, "status": {"replicas": 3}}
    desired, observed = {"web": document}, {"web": runs}
    return request(plan, step_input=step, desired=desired, observed=observed)


def _running(first: fnv1.RunFunctionRequest) -> fnv1.RunFunctionRequest:
    """The request once what its answer desires runs."""
    running = copy.deepcopy(first)
    for key, desired in respond(first, NOW).desired.resources.items():
        document = structs.to_data(desired.resource)
        provider = document["spec"]["forProvider"]
        scaling = provider.get("scalingConfig", {})
        reported = {**provider, "scalingConfig": {**scaling, "desiredSize": scaling["maxSize"]}}
        document["metadata"] |= {"uid": f"uid-{key}", "resourceVersion": "7"}
        document["status"] = {
            "atProvider": reported,
            "conditions": [{"type": "Ready", "status": "True", "reason": "Available"}],
        }
        running.observed.resources[key].resource.CopyFrom(structs.from_data(document))
    return running


def _copy_observed(source: fnv1.RunFunctionRequest, target: fnv1.RunFunctionRequest) -> None:
    for key, each in source.observed.resources.items():
        target.observed.resources[key].CopyFrom(each)


def _cluster(plan: dict[str, Any]) -> fnv1.RunFunctionRequest:
    step = {"apiVersion": "cluster.fn.trimtab.dev/v1alpha1", "kind": "Input", "platform": "AWS"}
    return request(plan, step_input=step)


# --- Mutations ----------------------------------------------------------------------------------


def mutate(random: random.Random, corpus: list[bytes]) -> bytes:
    """A request, or what was one, made from one or two others."""
    data = random.choice(corpus)
    for _ in range(random.choice((1, 1, 2, 4, 8))):
        step = random.choice((_of_values, _of_values, _of_values, _of_bytes, _merged))
        data = step(random, data, corpus)
    return data


def _of_bytes(random: random.Random, data: bytes, corpus: list[bytes]) -> bytes:
    if not data:
        return random.randbytes(8)
    changed = bytearray(data)
    at = random.randrange(len(changed))
    end = min(len(changed), at + random.choice((1, 2, 8, 64, 1024)))
    what = random.randrange(7)
    if what == 0:
        changed[at] ^= 1 << random.randrange(8)
    elif what == 1:
        changed[at] = random.choice((0, 1, 0x7F, 0x80, 0xFF))
    elif what == 2:
        del changed[at:]
    elif what == 3:
        del changed[at:end]
    elif what == 4:
        changed[at:at] = changed[at:end] * random.choice((1, 2, 16))
    elif what == 5:
        changed[at:at] = random.randbytes(random.choice((1, 4, 16)))
    else:
        other = random.choice(corpus)
        changed[at:] = other[random.randrange(len(other) + 1) :]
    return bytes(changed)


def _merged(random: random.Random, data: bytes, corpus: list[bytes]) -> bytes:
    """Two messages in one: fields twice, and map entries of one key twice; the last one counts."""
    return data + _of_values(random, random.choice(corpus), corpus)


def _of_values(random: random.Random, data: bytes, corpus: list[bytes]) -> bytes:
    req = _parsed(data)
    if req is None:
        return _of_bytes(random, data, corpus)
    structs_of = list(_structs(req))
    if random.random() < 0.1:
        _move(random, req)
    elif structs_of:
        _change(random, random.choice(structs_of), random.choice(structs_of))
    try:
        return bytes(req.SerializeToString())
    except ValueError:  # nested too deeply to be written
        return data


def _parsed(data: bytes) -> fnv1.RunFunctionRequest | None:
    try:
        req: fnv1.RunFunctionRequest = fnv1.RunFunctionRequest.FromString(data)
    except Exception:  # noqa: BLE001 - whatever the parser says: it is no request
        return None
    return req


def _structs(req: fnv1.RunFunctionRequest) -> Iterator[structpb.Struct]:
    yield req.input
    yield req.context
    for state in (req.observed, req.desired):
        yield state.composite.resource
        for key in sorted(state.resources):
            yield state.resources[key].resource
    for name in sorted(req.required_resources):
        for item in req.required_resources[name].items:
            # Several times: most of what is decided hangs on the plan.
            yield from [item.resource] * 4


def _move(random: random.Random, req: fnv1.RunFunctionRequest) -> None:
    """Whole objects: dropped, doubled, under other keys, from one part to another."""
    state = random.choice((req.observed, req.desired))
    other = random.choice((req.observed, req.desired))
    keys = sorted(state.resources)
    what = random.randrange(5)
    if what == 0:
        req.required_resources.clear()
    elif what == 1:
        for each in req.required_resources.values():
            each.items.extend(list(each.items)[: random.randrange(3)])
    elif keys and what == 2:
        del state.resources[random.choice(keys)]
    elif keys and what == 3:
        other.resources[random.choice([*keys, "another"])].CopyFrom(
            state.resources[random.choice(keys)]
        )
    else:
        req.required_resources["capacity-plan"].items.add().resource.CopyFrom(
            state.composite.resource
        )


def _change(random: random.Random, struct: structpb.Struct, donor: structpb.Struct) -> None:
    """Change one value somewhere in an object."""
    path = struct
    while True:
        keys = sorted(path.fields)
        if not keys or random.random() < 0.05:
            _set(random, path.fields[random.choice(WORDS)], donor)
            return
        key = random.choice(keys)
        value = path.fields[key]
        while value.HasField("list_value") and value.list_value.values and random.random() < 0.9:
            value = random.choice(value.list_value.values)
        if not value.HasField("struct_value") or random.random() < 0.15:
            break
        path = value.struct_value
    what = random.randrange(6)
    if what == 0:
        del path.fields[key]
    elif what == 1:
        path.fields[random.choice(WORDS)].CopyFrom(value)
    elif what == 2 and value.HasField("number_value"):
        value.number_value += random.choice((-1, 1, -0.5, 100, 1e6))
    elif what == 3 and value.HasField("list_value"):
        values = value.list_value.values
        values.extend(list(values)[:50])
    else:
        _set(random, value, donor)


def _set(random: random.Random, value: structpb.Value, donor: structpb.Struct) -> None:
    what = random.randrange(10)
    if what == 0:
        value.null_value = structpb.NULL_VALUE
    elif what == 1:
        value.bool_value = random.random() < 0.5
    elif what in (2, 3):
        value.number_value = random.choice(NUMBERS)
    elif what == 4:
        value.number_value = random.choice(NO_NUMBERS)
    elif what in (5, 6):
        value.string_value = random.choice((*TEXTS, *WORDS))
    elif what == 7:
        value.list_value.Clear()
    elif what == 8:
        donated = structpb.Struct()
        donated.CopyFrom(donor)
        value.struct_value.CopyFrom(donated)
    else:
        value.struct_value.Clear()
        for _ in range(random.choice((1, 5, 20, 40))):
            value = value.struct_value.fields[random.choice(WORDS)]
        value.bool_value = True


# --- What must hold ------------------------------------------------------------------------------


class BrokenError(AssertionError):
    """An answer that no request may get."""


def answer(functions: Composes, data: bytes) -> fnv1.RunFunctionResponse | None:
    """The answer to a request, when these bytes are one.

    Raises:
        BrokenError: the answer breaks what must hold.
        Exception: whatever left the function.
    """
    req = _parsed(data)
    if req is None:
        return None
    rsp = response.to(req, REFRESH)
    functions.compose(req, rsp)
    check(req, rsp)
    return rsp


def check(req: fnv1.RunFunctionRequest, rsp: fnv1.RunFunctionResponse) -> None:
    """Hold an answer to what must hold of all.

    Raises:
        BrokenError: it doesn't.
    """
    written = rsp.SerializeToString()
    # Each group's document is made from a template: a request that is all template grows.
    _require(len(written) <= 40 * req.ByteSize() + 200_000, "the answer is too large")
    _require(bool(rsp.conditions), "nothing is said")
    _require(rsp.meta.ttl.ToSeconds() > 0, "the time to live is none")
    told = {each.type: each.status for each in rsp.conditions}
    usable = told.get("PlanUsable") == fnv1.STATUS_CONDITION_TRUE
    if structs.item(req.input, "apiVersion") == "cluster.fn.trimtab.dev/v1alpha1":
        usable = True  # a cluster's resources have no sizes to keep
    composes = structs.item(req.input, "mode") != "Inject"
    for key in req.observed.resources:
        _check_resource(key, req, rsp, usable=usable, composes=composes)


def _check_resource(
    key: str,
    req: fnv1.RunFunctionRequest,
    rsp: fnv1.RunFunctionResponse,
    *,
    usable: bool,
    composes: bool,
) -> None:
    document = structs.to_data(req.observed.resources[key].resource)
    adapter = group_adapter(document)
    runs = read_observed(key, document, adapter, lambda: document)
    if key not in rsp.desired.resources:
        earlier = key in req.desired.resources
        ours = composes and isinstance(runs, Observed) and runs.ref is not None
        _require(usable or not (earlier or ours), f"{key} is dropped without a plan")
        return
    if rsp.desired.resources[key] == req.desired.resources.get(key):
        return  # passed on as an earlier step has it
    if not isinstance(runs, Observed) or runs.sizes is None or adapter is None:
        return
    given = _sizes(adapter, structs.to_data(rsp.desired.resources[key].resource))
    if given is None:
        return
    low, high = given
    _require(low <= high, f"{key}: min {low} is above max {high}")
    if runs.ref is None and key not in req.desired.resources:
        return
    if not usable and key not in req.desired.resources:
        _require(low >= runs.sizes.min, f"{key}: min shrinks without a plan")
        _require(high >= runs.sizes.max, f"{key}: max shrinks without a plan")


def _sizes(adapter: GroupAdapter, document: dict[str, Any]) -> tuple[float, float] | None:
    """The bounds that a desired resource states."""
    if not adapter.kinds or group_adapter(document) is not adapter:
        return None
    sizes = adapter.running(document).sizes
    return None if sizes is None else (sizes.min, sizes.max)


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise BrokenError(otherwise)
