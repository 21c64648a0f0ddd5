"""What an answer says, as logs, metrics and traces tell it.

Read off the response alone, its conditions and the status that it gives the XR: what is counted is
what Crossplane was told. Pure.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from google.protobuf import struct_pb2 as structpb

from trimtab_functions import structs
from trimtab_functions.capacity.outcomes import (
    PLAN_NOT_FETCHED,
    PLAN_USABLE,
    POLICY_NOT_FETCHED,
)
from trimtab_functions.capacity.responses import STATUS_CONTEXT_KEY
from trimtab_functions.capacity.settings import DEFAULT_STATUS_FIELD
from trimtab_functions.memo import Memo

UNKNOWN_OPTION = "unknown"
"""The purchase option of what is kept while no plan speaks of it."""

_NOT_FETCHED = frozenset((PLAN_NOT_FETCHED, POLICY_NOT_FETCHED))

MEMO_SUMMARIES, MEMO_BYTES = 2048, 8_000_000
"""Of statuses that were read, and of their bytes."""


class XrKey(NamedTuple):
    """Which XR was answered."""

    kind: str
    namespace: str
    name: str


class Nodes(NamedTuple):
    """Nodes asked for: the bounds and what is desired within them."""

    min: float = 0
    desired: float = 0
    max: float = 0

    def plus(self, other: "Nodes") -> "Nodes":
        """The sums."""
        return Nodes(self.min + other.min, self.desired + other.desired, self.max + other.max)


class Share(NamedTuple):
    """What nodes are told apart by; both have a handful of values."""

    stand: str
    option: str


@dataclass(frozen=True)
class Capacity:
    """A status in short.

    Attributes:
        stands: how many resources were planned, held, retired or withheld.
        nodes: those that the resources which launch nodes ask for.
        plan: the digest of the plan that is followed; None while none is.
        decisions: each resource's part of the decision. An autoscaler's moves are no part of it.
    """

    stands: Counter[str] = field(default_factory=Counter)
    nodes: dict[Share, Nodes] = field(default_factory=dict)
    plan: str | None = None
    decisions: frozenset[tuple[Any, ...]] = frozenset()


@dataclass(frozen=True)
class Summary:
    """An answer in short.

    Attributes:
        reasons: of every condition, by its type.
        messages: of the conditions that are not True, by type.
        fatal: the message that ends the pipeline, if any.
        unfinished: whether the answer was given without something that it asks Crossplane for, which
            then calls again at once: it decides nothing.
    """

    xr: XrKey
    tag: str
    reasons: dict[str, str]
    messages: dict[str, str]
    capacity: Capacity
    fatal: str | None = None
    unfinished: bool = False

    @property
    def decision(self) -> tuple[Any, ...]:
        """What counts as a change when it changes."""
        reasons = tuple(sorted(self.reasons.items()))
        return (reasons, self.capacity.plan, self.capacity.decisions, self.fatal)


class Summariser:
    """Summarises answers; equal statuses are read once."""

    def __init__(self) -> None:
        self.memo: Memo[Capacity] = Memo(MEMO_SUMMARIES, MEMO_BYTES)

    def summarise(self, req: fnv1.RunFunctionRequest, rsp: fnv1.RunFunctionResponse) -> Summary:
        """An answer in short."""
        fatals = (each.message for each in rsp.results if each.severity == fnv1.SEVERITY_FATAL)
        fatal = next(fatals, None)
        reasons = {each.type: each.reason for each in rsp.conditions}
        # Without that condition a status that is passed on is an earlier step's.
        decides = not fatal and PLAN_USABLE in reasons
        capacity = self._capacity(_report(req, rsp)) if decides else Capacity()
        return Summary(
            _key(req.observed.composite.resource),
            req.meta.tag,
            reasons,
            {
                each.type: each.message
                for each in rsp.conditions
                if each.status != fnv1.STATUS_CONDITION_TRUE
            },
            capacity,
            fatal,
            not fatal and _is_unfinished(req, rsp, reasons),
        )

    def _capacity(self, status: structpb.Struct | None) -> Capacity:
        if status is None:
            return Capacity()
        content = status.SerializeToString(deterministic=True)
        return self.memo.get(content, len(content), lambda: read_capacity(structs.to_data(status)))


def _report(req: fnv1.RunFunctionRequest, rsp: fnv1.RunFunctionResponse) -> structpb.Struct | None:
    """What the function reports: whole in the context, or where the step's input says."""
    within = structs.child(rsp.context, STATUS_CONTEXT_KEY)
    if within is not None:
        return within
    stated = structs.item(req.input, "statusFieldPath")
    path = stated if isinstance(stated, str) else DEFAULT_STATUS_FIELD
    within = rsp.desired.composite.resource
    for name in path.split("."):
        within = structs.child(within, name)
    return within


def _is_unfinished(
    req: fnv1.RunFunctionRequest, rsp: fnv1.RunFunctionResponse, reasons: Mapping[str, str]
) -> bool:
    """Whether something that is asked for has not arrived, be it there or not."""
    asked = rsp.requirements
    return (
        any(name not in req.required_resources for name in asked.resources)
        or any(name not in req.required_schemas for name in asked.schemas)
        # A bootstrap requirement brought something else under the same name.
        or not _NOT_FETCHED.isdisjoint(reasons.values())
    )


def read_capacity(status: dict[str, Any]) -> Capacity:
    """A status in short.

    Args:
        status: the XR's `status.capacity`, as the function wrote it.
    """
    groups: list[dict[str, Any]] = status.get("groups", [])
    return Capacity(
        Counter(each["state"] for each in groups),
        _nodes(groups),
        status.get("plan", {}).get("digest"),
        frozenset(_decision(each) for each in groups),
    )


def _nodes(groups: Iterable[dict[str, Any]]) -> dict[Share, Nodes]:
    nodes: dict[Share, Nodes] = {}
    for each in groups:
        option = each.get("purchaseOption")
        # What follows a plan without an option has sizes in units of its own: replicas, quotas.
        if "max" not in each or (option is None and each["state"] == "Planned"):
            continue
        share = Share(each["state"], option or UNKNOWN_OPTION)
        asked = Nodes(each["min"], each["desired"], each["max"])
        nodes[share] = nodes.get(share, Nodes()).plus(asked)
    return nodes


def _decision(group: dict[str, Any]) -> tuple[Any, ...]:
    named = ("resource", "pool", "name", "state", "min", "max", "purchaseOption", "generation")
    return tuple(group.get(name) for name in named)


def _key(composite: structpb.Struct) -> XrKey:
    metadata = structs.child(composite, "metadata")
    return XrKey(
        _text(structs.item(composite, "kind")),
        _text(structs.item(metadata, "namespace")),
        _text(structs.item(metadata, "name")),
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
