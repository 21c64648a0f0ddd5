"""Writing a response: the decisions as desired state, status, conditions, results and time to live.

One of the modules that know both protobuf and the domain.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from crossplane.function import resource, response
from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from google.protobuf import struct_pb2 as structpb

from trimtab_functions import structs
from trimtab_functions.capacity import declared
from trimtab_functions.capacity.decisions import Decision, Placed
from trimtab_functions.capacity.documents import Document
from trimtab_functions.capacity.outcomes import Outcome
from trimtab_functions.capacity.plans import Lookup
from trimtab_functions.capacity.settings import DEFAULT_STATUS_FIELD
from trimtab_functions.capacity.status import entry, summary

STATUS_CONTEXT_KEY = "trimtab.dev/capacity-status"
"""Of the pipeline's context: the whole report, where the XR's status has not all of it."""

MAX_EXPLAINED = 200
"""Of more entries in the status only those say why that are not simply as planned: an object takes
1.5 MB, and a message 4 MB."""

MAX_CHANGES = 8
"""How many changes a result tells."""

MAX_EVENT = 1000
"""Characters of a result, which becomes an event; that takes 1 kB."""


@dataclass(frozen=True)
class Written:
    """A decision on a resource, as it goes into a response.

    Attributes:
        placed: the decision, without its document, which `desired` has: 2 kB of 6 less to keep.
        desired: a State with its resource alone, as bytes; None when it is withheld.
        told: its part of the XR's status.
        entry: a ListValue with that alone, as bytes.
    """

    placed: Placed
    desired: bytes | None
    told: Document
    entry: bytes


def write(placed: Placed) -> Written:
    """A decision as it goes into a response."""
    told = entry(placed)
    listed = structpb.ListValue()
    structs.fill(listed.values.add().struct_value, told)
    if placed.document is None:
        return Written(placed, None, told, listed.SerializeToString())
    bare = replace(placed, document=None)
    # Filled in place: a message that is given to another one's constructor is copied.
    state = fnv1.State()
    desired = state.resources[placed.key]
    structs.fill(desired.resource, placed.document)
    desired.ready = fnv1.READY_TRUE if placed.ready else fnv1.READY_FALSE
    return Written(bare, state.SerializeToString(), told, listed.SerializeToString())


def write_resources(
    rsp: fnv1.RunFunctionResponse, decision: Decision, written: Sequence[Written]
) -> None:
    """Put what was decided among what earlier steps desire."""
    for each in written:
        if each.desired is None:
            rsp.desired.resources.pop(each.placed.key, None)
    for key in decision.retired:
        rsp.desired.resources.pop(key, None)
    # An entry that is merged takes the place of the one with its key, as protobuf's maps do.
    rsp.desired.MergeFromString(b"".join(each.desired for each in written if each.desired))


def write_status(
    rsp: fnv1.RunFunctionResponse,
    lookup: Lookup,
    written: Sequence[Written],
    field: str | None,
    schema: structpb.Struct | None,
) -> None:
    """Report beside what earlier steps report, and under one name: the XR may have its own `groups`.

    Args:
        rsp: the response.
        lookup: the plan that was followed, if any.
        written: what was decided.
        field: the XR's, which its XRD declares whole; None where nobody says that it does.
        schema: then what the XRD declares of the default field.
    """
    composite = rsp.desired.composite
    told = {**summary(lookup, [each.placed for each in written]), "groups": []}
    rsp.context.fields.pop(STATUS_CONTEXT_KEY, None)
    if field is not None:
        _write_groups(structs.replace(composite.resource, tuple(field.split(".")), told), written)
    else:
        _write_declared(rsp, told, written, schema)


def write_readiness(
    rsp: fnv1.RunFunctionResponse, written: Sequence[Written], *, composes: bool
) -> None:
    """Have an XR without composed resources not count as ready: it has no capacity at all.

    Args:
        rsp: the response.
        written: what was decided.
        composes: whether this step is to compose something; else none of it may be this step's.
    """
    if (composes or written) and all(each.desired is None for each in written):
        rsp.desired.composite.ready = fnv1.READY_FALSE


def _write_declared(
    rsp: fnv1.RunFunctionResponse,
    told: dict[str, Any],
    written: Sequence[Written],
    schema: structpb.Struct | None,
) -> None:
    """Report what the XRD declares; the whole goes to later steps where that is not all of it."""
    composite, path = rsp.desired.composite.resource, tuple(DEFAULT_STATUS_FIELD.split("."))
    report, part = {**told, "groups": _groups(written)}, None
    if schema is not None:
        part = declared.kept(report, structs.to_data(schema))
    if part == report:
        _write_groups(structs.replace(composite, path, told), written)
        return
    if part is not None:
        structs.replace(composite, path, part)
    _write_groups(structs.replace(rsp.context, (STATUS_CONTEXT_KEY,), told), written)


def _groups(written: Sequence[Written]) -> list[Document]:
    """What is told of each, as `_write_groups` writes it."""
    brief = len(written) > MAX_EXPLAINED
    return [
        {key: value for key, value in each.told.items() if key != "why"}
        if brief and each.placed.reason is None
        else each.told
        for each in written
    ]


def _write_groups(capacity: structpb.Struct, written: Sequence[Written]) -> None:
    groups = capacity.fields["groups"].list_value
    groups.MergeFromString(b"".join(each.entry for each in written))
    if len(written) > MAX_EXPLAINED:
        for value, each in zip(groups.values, written, strict=True):
            if each.placed.reason is None:
                value.struct_value.fields.pop("why", None)


def write_outcomes(rsp: fnv1.RunFunctionResponse, outcomes: Sequence[Outcome]) -> None:
    """Set the conditions, and tell as an event what a person must do."""
    for each in outcomes:
        condition = resource.Condition(each.type, each.status, each.reason, each.message)
        response.set_conditions(rsp, condition)
        if each.needs_a_person:
            response.warning(rsp, _event(f"{each.reason}: {each.message}"))


def write_changes(rsp: fnv1.RunFunctionResponse, changes: Sequence[str]) -> None:
    """Tell as an event what this response changes; what exists as decided is no change."""
    if not changes:
        return
    told = list(changes[:MAX_CHANGES])
    if more := len(changes) - len(told):
        told.append(f"and {more} more")
    response.normal(rsp, _event("; ".join(told)))


def _event(text: str) -> str:
    return text if len(text) <= MAX_EVENT else f"{text[: MAX_EVENT - 1]}…"


def write_time_to_live(
    rsp: fnv1.RunFunctionResponse,
    instant: datetime,
    refresh: timedelta,
    moments: Sequence[datetime | None],
) -> None:
    """Until something changes by itself, `refresh` at the most.

    In whole seconds, rounded up: Crossplane takes 0 for no time to live at all.
    """
    ahead = [each - instant for each in moments if each is not None and each > instant]
    seconds = math.ceil(min([refresh, *ahead]).total_seconds())
    rsp.meta.ttl.FromTimedelta(timedelta(seconds=seconds))
