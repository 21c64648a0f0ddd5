"""Where the function reports: what an XRD declares, and where the step's input says."""

from dataclasses import dataclass
from typing import Any

import pytest
from crossplane.function.proto.v1 import run_function_pb2 as fnv1

from support.capacity_cases import FIRST, plan
from support.capacity_requests import NODE_GROUP, request, respond
from trimtab_functions import structs
from trimtab_functions.capacity.answers import key_of
from trimtab_functions.capacity.declared import kept

LABELLED = {
    **NODE_GROUP,
    "metadata": {"labels": {"trimtab.dev/pool": "trainer", "trimtab.dev/group": "main"}},
    "spec": {"forProvider": {"region": "us-east-1"}},
}
FREE = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
TEXT, NUMBER = {"type": "string"}, {"type": "number"}
REPORT = {
    "plan": {"name": "p", "digest": "d"},
    "groups": [{"name": "spot", "min": 1.0, "usdPerHour": 0.5}],
}


def thing(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def things(**properties: Any) -> dict[str, Any]:
    return {"type": "array", "items": thing(**properties)}


@dataclass(frozen=True)
class Declares:
    sentence: str
    schema: dict[str, Any] | None
    kept: dict[str, Any] | None


@pytest.mark.parametrize(
    "case",
    [
        Declares("nothing is declared", None, None),
        Declares("anything may stand there", FREE, REPORT),
        Declares("an object without fields takes none", {"type": "object"}, None),
        Declares("another type takes none", TEXT, None),
        Declares("a field is declared", thing(plan=thing(name=TEXT)), {"plan": {"name": "p"}}),
        Declares(
            "what others may add is declared",
            {"type": "object", "additionalProperties": FREE},
            {"plan": REPORT["plan"]},
        ),
        Declares(
            "a list's fields are declared in part",
            thing(groups=things(name=TEXT, min={"type": "integer"})),
            {"groups": [{"name": "spot", "min": 1.0}]},
        ),
        Declares(
            "a fraction is no whole number",
            thing(groups=things(name=TEXT, usdPerHour={"type": "integer"})),
            {"groups": [{"name": "spot"}]},
        ),
        Declares(
            "an object that lacks what is required is left out",
            thing(plan={**thing(name=TEXT, owner=TEXT), "required": ["owner"]}, groups=things()),
            {"groups": [{}]},
        ),
        Declares(
            "a list with a gap is left out",
            thing(plan=FREE, groups={"type": "array", "items": TEXT}),
            {"plan": REPORT["plan"]},
        ),
        Declares(
            "a value that is not listed is left out",
            thing(plan=thing(name={"type": "string", "enum": ["q"]}, digest=TEXT)),
            {"plan": {"digest": "d"}},
        ),
    ],
    ids=lambda case: case.sentence,
)
def test_what_a_schema_takes_is_kept(case: Declares) -> None:
    assert kept(REPORT, case.schema) == case.kept


def asking(status: dict[str, Any] | bool = False, **step: Any) -> fnv1.RunFunctionRequest:
    """A request whose input does not say where to report.

    Args:
        status: the schema of the XR's status; False before it is fetched.
        step: what else the input has.
    """
    stated = {"kind": "Input", "mode": "Inject", "statusFieldPath": None, **step}
    req = request(
        plan(),
        desired={"nodes": LABELLED},
        step_input={"apiVersion": "capacity.fn.trimtab.dev/v1alpha1", **stated},
    )
    req.meta.capabilities.append(fnv1.CAPABILITY_REQUIRED_SCHEMAS)
    if isinstance(status, dict):
        schema = structs.from_data(thing(spec=FREE, status=status))
        req.required_schemas["xr-schema"].openapi_v3.CopyFrom(schema)
    return req


def status_of(rsp: fnv1.RunFunctionResponse) -> dict[str, Any]:
    composite = structs.to_data(rsp.desired.composite.resource)
    status: dict[str, Any] = composite.get("status", {})
    return status


def context_of(rsp: fnv1.RunFunctionResponse) -> Any:
    return structs.to_data(rsp.context).get("trimtab.dev/capacity-status")


def test_the_xrs_schema_is_asked_for_where_crossplane_can_tell_it() -> None:
    rsp = respond(asking(), FIRST)
    selector = rsp.requirements.schemas["xr-schema"]
    assert (selector.api_version, selector.kind) == (
        "platform.trimtab.dev/v1alpha1",
        "NodeGroupSet",
    )
    older = asking()
    older.meta.ClearField("capabilities")
    assert not respond(older, FIRST).requirements.schemas
    assert not respond(asking(statusFieldPath="status.a"), FIRST).requirements.schemas


def test_what_is_not_declared_goes_to_later_steps() -> None:
    for each in (asking(), asking({}), asking(thing(url=TEXT)), asking(thing(capacity=TEXT))):
        rsp = respond(each, FIRST)
        assert status_of(rsp) == {}
        assert {condition.type for condition in rsp.conditions} == {"PlanUsable", "CapacityPlanned"}
        assert context_of(rsp)["plan"]["name"] == "example"
    some = respond(asking(thing(capacity=thing(plan=thing(digest=TEXT)))), FIRST)
    whole = context_of(some)
    assert status_of(some) == {"capacity": {"plan": {"digest": whole["plan"]["digest"]}}}


def test_what_is_declared_whole_is_reported_there_alone() -> None:
    expected = context_of(respond(asking(), FIRST))
    for status in (FREE, thing(capacity=FREE)):
        req = asking(status)
        # What an earlier step reports to later ones gives way.
        req.context.update({"trimtab.dev/capacity-status": {"groups": []}, "other": 1})
        rsp = respond(req, FIRST)
        assert status_of(rsp) == {"capacity": expected}
        assert structs.to_data(rsp.context) == {"other": 1}


def test_the_inputs_field_is_reported_in_whatever_is_declared() -> None:
    expected = context_of(respond(asking(), FIRST))
    rsp = respond(asking(statusFieldPath="status.nodes.plan"), FIRST)
    assert status_of(rsp) == {"nodes": {"plan": expected}}
    assert context_of(rsp) is None
    # A misspelt field beside it does not make the report move.
    wrong = respond(asking(statusFieldPath="status.nodes.plan", modus="Inject"), FIRST)
    assert wrong.conditions[0].reason == "InputInvalid"
    assert "plan" in status_of(wrong)["nodes"]


def test_answers_are_kept_apart_by_what_is_declared() -> None:
    keys = []
    for status in (False, thing(capacity=FREE), thing(capacity=TEXT), thing(url=TEXT)):
        req = asking(status)
        req.meta.tag = "0" * 64
        keys.append(key_of(req))
    assert (
        len(set(keys)) == 3
    )  # before it is fetched, and where it is not declared, nothing is known
