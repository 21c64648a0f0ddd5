"""Our steps of a Composition, run in this process as Crossplane's render runs them.

Follows Crossplane v2.2.0 (`cmd/crank/render/render.go`, `internal/xfn/required_resources.go`): the
same requests, requirements asked for until they stay the same, the same metadata and conditions. A
test renders the examples by both and compares. Other functions' steps are skipped: what they would
desire is missing from the result.
"""

import copy
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from crossplane.function import response
from crossplane.function.proto.v1 import run_function_pb2 as fnv1

from trimtab.errors import InputError
from trimtab.rendering import Document, Rendered, RenderRequest, Skipped
from trimtab_functions import structs
from trimtab_functions.develop.ours import is_ours, steps
from trimtab_functions.dispatch import Composes, Functions

ENGINE = "trimtab, our steps in this process"
MOST_CALLS = 6
"""Of one function for one step: Crossplane's limit."""

RESOURCE_NAME = "crossplane.io/composition-resource-name"
COMPOSITE = "crossplane.io/composite"
CONDITION_TIME = "2024-01-01T00:00:00Z"
"""Of every condition, as Crossplane's render writes it: equal runs print the same."""

_STATUS = {
    fnv1.STATUS_CONDITION_TRUE: "True",
    fnv1.STATUS_CONDITION_FALSE: "False",
}
_SYSTEM_CONDITIONS = {"Ready", "Synced", "Healthy"}
_NAMED = 3  # how many unready resources a message names


def render(request: RenderRequest) -> Rendered:
    """Run our steps.

    Raises:
        InputError: the Composition or an observed resource is wrong, or a function refused.
    """
    functions = Functions(lambda: request.as_of)
    xr = _with_defaults(request.xr, request.xrd)
    observed = _observed(xr, request.observed)
    desired, context = fnv1.State(), None
    conditions: list[fnv1.Condition] = []
    results: list[Document] = []
    skipped: list[Skipped] = []
    for step in steps(request.composition):
        if not is_ours(step):
            skipped.append(Skipped(step["step"], step["functionRef"]["name"]))
            continue
        asked = fnv1.RunFunctionRequest(observed=observed, desired=desired, context=context)
        asked.meta.capabilities.extend(fnv1.Capability.values()[1:])
        if step.get("input") is not None:
            asked.input.CopyFrom(structs.from_data(step["input"]))
        bootstrap = (step.get("requirements") or {}).get("requiredResources") or []
        for each in bootstrap:
            name = each["requirementName"]
            asked.required_resources[name].CopyFrom(_found(_selector(each), request.required))
        answer = run_step(functions, asked, request.required)
        desired, context = answer.desired, answer.context
        conditions += answer.conditions
        results += [_result(step["step"], each) for each in answer.results]
    if len(skipped) == len(list(steps(request.composition))):
        raise InputError(
            "has no step of ours",
            where="COMPOSITION",
            mend="render it with --engine crossplane",
        )
    composed = [
        _composed(name, desired.resources[name], xr, observed) for name in sorted(desired.resources)
    ]
    return Rendered(_xr(xr, desired, conditions), composed, results, skipped, ENGINE)


def run_step(
    functions: Composes, asked: fnv1.RunFunctionRequest, required: Sequence[Document]
) -> fnv1.RunFunctionResponse:
    """Call a function until what it requires stays the same.

    Raises:
        InputError: it never does.
    """
    bootstrap = dict(asked.required_resources)
    before: fnv1.Requirements | None = None
    for _ in range(MOST_CALLS):
        answer = response.to(asked)
        functions.compose(asked, answer)
        if any(each.severity == fnv1.SEVERITY_FATAL for each in answer.results):
            return answer
        if before is not None and answer.requirements == before:
            return answer
        if before is None and not answer.HasField("requirements"):
            return answer
        before = answer.requirements
        asked.ClearField("required_resources")
        for name, resources in bootstrap.items():
            asked.required_resources[name].CopyFrom(resources)
        for name, selector in answer.requirements.resources.items():
            asked.required_resources[name].CopyFrom(_found(selector, required))
        for name in answer.requirements.schemas:
            asked.required_schemas[name].SetInParent()
        if answer.HasField("context"):
            asked.context.CopyFrom(answer.context)
    raise InputError(f"what the function requires does not settle in {MOST_CALLS} calls")


# --- The request ---------------------------------------------------------------------------------


def _observed(xr: Document, resources: Iterable[Document]) -> fnv1.State:
    state = fnv1.State(composite=fnv1.Resource(resource=structs.from_data(xr)))
    for number, each in enumerate(resources):
        name = ((each.get("metadata") or {}).get("annotations") or {}).get(RESOURCE_NAME)
        if not name:
            raise InputError(
                f"{each.get('kind')} has no annotation {RESOURCE_NAME}",
                where=f"observed resource {number + 1}",
                mend="write it: the resource's name in the pipeline",
            )
        state.resources[name].resource.CopyFrom(structs.from_data(each))
    return state


def _selector(bootstrap: Document) -> fnv1.ResourceSelector:
    selector = fnv1.ResourceSelector(
        api_version=bootstrap.get("apiVersion", ""), kind=bootstrap.get("kind", "")
    )
    if bootstrap.get("namespace"):
        selector.namespace = bootstrap["namespace"]
    if bootstrap.get("name"):
        selector.match_name = bootstrap["name"]
    else:
        selector.match_labels.labels.update(bootstrap.get("matchLabels") or {})
    return selector


def _found(selector: fnv1.ResourceSelector, required: Iterable[Document]) -> fnv1.Resources:
    found = fnv1.Resources()
    for each in required:
        metadata = each.get("metadata") or {}
        if (each.get("apiVersion"), each.get("kind")) != (selector.api_version, selector.kind):
            continue
        if selector.HasField("namespace") and metadata.get("namespace") != selector.namespace:
            continue
        if selector.WhichOneof("match") == "match_name":
            matches = metadata.get("name") == selector.match_name
        else:
            labels = metadata.get("labels") or {}
            matches = all(labels.get(k) == v for k, v in selector.match_labels.labels.items())
        if matches:
            found.items.add().resource.CopyFrom(structs.from_data(each))
    return found


def _with_defaults(xr: Document, xrd: Document | None) -> Document:
    """The XR with its XRD's defaults, as the API server would store it."""
    if xrd is None:
        return xr
    versions = (xrd.get("spec") or {}).get("versions") or []
    version = str(xr.get("apiVersion", "")).rpartition("/")[2]
    schema = next((each.get("schema") for each in versions if each.get("name") == version), None)
    if schema is None:
        raise InputError(
            f"has no version {version!r}", where="XRD", mend="give the XR's own definition"
        )
    completed = copy.deepcopy(dict(xr))
    _default(completed, schema.get("openAPIV3Schema") or {})
    return completed


def _default(value: Any, schema: Document) -> None:
    if isinstance(value, dict):
        properties = schema.get("properties") or {}
        for name, inner in properties.items():
            if name not in value and "default" in inner:
                value[name] = copy.deepcopy(inner["default"])
            if name in value:
                _default(value[name], inner)
        more = schema.get("additionalProperties")
        if isinstance(more, Mapping):
            for name in value.keys() - properties.keys():
                _default(value[name], more)
    elif isinstance(value, list):
        for each in value:
            _default(each, schema.get("items") or {})


# --- The result ----------------------------------------------------------------------------------


def _xr(xr: Document, desired: fnv1.State, conditions: Sequence[fnv1.Condition]) -> dict[str, Any]:
    metadata = xr.get("metadata") or {}
    rendered = {"apiVersion": xr.get("apiVersion"), "kind": xr.get("kind")}
    rendered["metadata"] = {
        key: metadata[key] for key in ("name", "namespace") if metadata.get(key)
    }
    status = structs.item(desired.composite.resource, "status") or {}
    told = {"Ready": _ready(desired)}
    for each in conditions:
        if each.type not in _SYSTEM_CONDITIONS:
            status_text = _STATUS.get(each.status, "Unknown")
            told[each.type] = _condition(each.type, status_text, each.reason, each.message)
    return {**rendered, "status": {**_tidied(status), "conditions": list(told.values())}}


def _ready(desired: fnv1.State) -> dict[str, str]:
    names = [n for n, each in desired.resources.items() if each.ready != fnv1.READY_TRUE]
    unready = sorted(names)
    if desired.composite.ready == fnv1.READY_FALSE:
        return _condition("Ready", "False", "Creating", "")
    if desired.composite.ready == fnv1.READY_UNSPECIFIED and unready:
        return _condition("Ready", "False", "Creating", f"Unready resources: {_listed(unready)}")
    return _condition("Ready", "True", "Available", "")


def _condition(kind: str, status: str, reason: str, message: str) -> dict[str, str]:
    condition = {"lastTransitionTime": CONDITION_TIME}
    if message:
        condition["message"] = message
    return {**condition, "reason": reason, "status": status, "type": kind}


def _listed(names: Sequence[str]) -> str:
    if len(names) > _NAMED:
        return f"{', '.join(names[:_NAMED])}, and {len(names) - _NAMED} more"
    if len(names) == _NAMED:
        return f"{', '.join(names[:-1])}, and {names[-1]}"
    return ", ".join(names)


def _composed(
    name: str, resource: fnv1.Resource, xr: Document, observed: fnv1.State
) -> dict[str, Any]:
    document: dict[str, Any] = _tidied(structs.to_data(resource.resource))
    metadata = document.setdefault("metadata", {})
    owner = xr.get("metadata") or {}
    if name in observed.resources:
        existing = structs.item(observed.resources[name].resource, "metadata") or {}
        for key in ("namespace", "name", "generateName"):
            metadata.pop(key, None)
            if existing.get(key):
                metadata[key] = existing[key]
    if not metadata.get("name") and not metadata.get("generateName"):
        prefix = (owner.get("labels") or {}).get(COMPOSITE) or owner.get("name")
        metadata["generateName"] = f"{prefix}-"
    if owner.get("namespace"):
        metadata["namespace"] = owner["namespace"]
    label = (owner.get("labels") or {}).get(COMPOSITE) or owner.get("name")
    metadata["annotations"] = {**(metadata.get("annotations") or {}), RESOURCE_NAME: name}
    metadata["labels"] = {**(metadata.get("labels") or {}), COMPOSITE: label}
    metadata["ownerReferences"] = [
        {
            "apiVersion": xr.get("apiVersion"),
            "blockOwnerDeletion": True,
            "controller": True,
            "kind": xr.get("kind"),
            "name": owner.get("name"),
            "uid": owner.get("uid", ""),
        }
    ]
    return document


def _result(step: str, result: fnv1.Result) -> dict[str, Any]:
    if result.severity == fnv1.SEVERITY_FATAL:
        raise InputError(f"the function refused: {result.message}", where=f"step {step}")
    return {
        "apiVersion": "render.crossplane.io/v1beta1",
        "kind": "Result",
        "step": step,
        "severity": fnv1.Severity.Name(result.severity),
        "message": result.message,
    }


def _tidied(value: Any) -> Any:
    """Whole numbers as such: protobuf has floats only."""
    if isinstance(value, dict):
        return {key: _tidied(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_tidied(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
