"""The `Workload` document, `trimtab.dev/v1alpha1`: what a workload needs, tolerates and may use.

For demand that has no manifest; a file, or an object of a cluster. One pydantic model validates
documents, checks the values of `trimtab.dev/*` annotations on ordinary manifests, and generates the
published JSON Schema and CRD. What needs the catalogue (that an accelerator is known, that selectors do
not contradict each other) and a quantity's largest value are the reader's alone to check.
"""

import re
from dataclasses import replace
from fractions import Fraction
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, PlainValidator, WithJsonSchema

from trimtab import documents
from trimtab.plan.document import own_part
from trimtab.plan.model import Metadata
from trimtab.plan.types import (
    QUALIFIED_NAME_PATTERN,
    Document,
    Flag,
    Invariant,
    LabelValue,
    Name,
    QualifiedName,
    Share,
    Whole,
)
from trimtab.schemas.custom_resources import AGE, Column, CustomResource
from trimtab.schemas.json_schema import Schema
from trimtab.strict import validated
from trimtab.workloads.model import Workload
from trimtab.workloads.quantity import parse_quantity

API_VERSION: Literal["trimtab.dev/v1alpha1"] = "trimtab.dev/v1alpha1"
_DEFAULT = Workload(name="")

# As `parse_quantity` reads text, but nothing below zero.
_QUANTITY_PATTERN = (
    r"^[+]?([0-9]+[.]?[0-9]*|[.][0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]{1,3})?$"
)
# No blank at either end, in words that mean the same to Rust, Go and ECMA.
_TEXT = r"[^ \t\r\n]([^\r\n]*[^ \t\r\n])?"
_TEXT_PATTERN = f"^{_TEXT}$"
_WHOLE_PATTERN = r"^[0-9]+$"


def _quantity(value: object) -> Fraction:
    """Text or a whole number, as a CRD takes it: a number with a fraction has no one spelling."""
    amount = parse_quantity(value)
    if isinstance(value, float) and not value.is_integer():
        raise ValueError(f"{value!r} is no whole number; write it as text, such as 500m or '0.5'")
    if isinstance(value, str) and not re.search(_QUANTITY_PATTERN, value):
        raise ValueError(f"{value} is below zero")
    return amount


Quantity = Annotated[
    Fraction,
    PlainValidator(_quantity),
    WithJsonSchema(
        {
            "x-kubernetes-int-or-string": True,
            "anyOf": [
                {"type": "integer", "minimum": 0},
                {"type": "string", "maxLength": 64, "pattern": _QUANTITY_PATTERN},
            ],
        }
    ),
]
CatalogueName = Annotated[
    str, Field(strict=True, min_length=1, max_length=253, pattern=_TEXT_PATTERN)
]
"""A region, an instance type or an accelerator, as the catalogue of offers has it."""
OwnerName = Annotated[str, Field(strict=True, max_length=256, pattern=f"^({_TEXT})?$")]
WorkloadName = Annotated[
    str,
    Field(strict=True, min_length=1, max_length=63, pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$"),
]
ClassName = Annotated[
    str, Field(strict=True, max_length=253, pattern=r"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?)?$")
]
TaintKey = Annotated[
    str,
    Field(strict=True, max_length=317, pattern=f"^({QUALIFIED_NAME_PATTERN[1:-1]})?$"),
]
Positive = Annotated[float, Field(strict=True, gt=0, allow_inf_nan=False)]
Replicas = Annotated[int, Field(strict=True, ge=1, le=documents.LARGEST_COUNT), Whole]
Seconds = Annotated[
    int, Field(strict=True, ge=-documents.LARGEST_COUNT, le=documents.LARGEST_COUNT), Whole
]


def _keys(field: str, pattern: str, message: str) -> Invariant:
    """A CRD knows no pattern for the keys of a map, so a rule has it."""
    name = re.sub("([A-Z])", lambda found: f"_{found[1].lower()}", field)
    return Invariant(
        message,
        lambda s: all(re.search(pattern, key) for key in getattr(s, name)),
        f"!has(self.{field}) || self.{field}.all(k, k.matches(r'{pattern}'))",
    )


class OwnerSpec(Document):
    """Who pays."""

    team: OwnerName = ""
    project: OwnerName = ""
    model: OwnerName = ""
    environment: OwnerName = ""


class LabelledOwner(OwnerSpec):
    """Who pays, as labels and cost allocation tags have it: what a plan can carry."""

    team: LabelValue = ""
    project: LabelValue = ""
    model: LabelValue = ""
    environment: LabelValue = ""


class Policy(Document):
    """What Kubernetes has no word for; manifests state it as `trimtab.dev/*` annotations."""

    # No default: a cluster would store it, and what was not stated would read as stated.
    interruptible: Flag | None = Field(
        default=None,
        description="Whether spot capacity may serve it. Absent: not, unless its selectors admit spot"
        " alone.",
    )
    restart_hours: Annotated[float, Field(strict=True, ge=0, le=720, allow_inf_nan=False)] = Field(
        default=_DEFAULT.restart_hours,
        description="Work lost and start-up repeated at an interruption, in hours of one node.",
    )
    shortage_tolerance: Share = Field(
        default=_DEFAULT.shortage_tolerance,
        description="Share of demand in unit-hours that may go unmet.",
    )
    allowed_regions: Annotated[tuple[CatalogueName, ...], Field(max_length=64)] = Field(
        default=(), description="Regions that it may run in; a hard constraint. Empty: any."
    )
    latency_ms: Positive | None = Field(
        default=None, description="Bound on the round trip to its users, in milliseconds."
    )
    owner: OwnerSpec = Field(default=OwnerSpec(), description="Attribution of cost.")
    units_per_accelerator: Positive | None = Field(
        default=None, description="Throughput of one accelerator, in units of the demand series."
    )
    units_per_node: Annotated[dict[CatalogueName, Positive], Field(max_length=256)] = Field(
        default={},
        description="Measured throughput of a node, by instance type; wins over "
        "unitsPerAccelerator.",
    )

    invariants: ClassVar[tuple[Invariant, ...]] = (
        _keys(
            "unitsPerNode", _TEXT_PATTERN, "unitsPerNode goes by instance types, such as g6.xlarge"
        ),
    )


class MatchExpression(Document):
    """A node selector requirement, as in Kubernetes."""

    key: QualifiedName
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"]
    values: Annotated[tuple[LabelValue, ...], Field(max_length=64)] = ()

    invariants = (
        Invariant(
            "operators In and NotIn take at least one value",
            lambda e: e.operator not in ("In", "NotIn") or len(e.values) > 0,
            "!(self.operator in ['In', 'NotIn']) || (has(self.values) && self.values.size() > 0)",
        ),
        Invariant(
            "operators Exists and DoesNotExist take no values",
            lambda e: e.operator not in ("Exists", "DoesNotExist") or not e.values,
            "!(self.operator in ['Exists', 'DoesNotExist'])"
            " || !has(self.values) || self.values.size() == 0",
        ),
        Invariant(
            "operators Gt and Lt take one whole number",
            lambda e: (
                e.operator not in ("Gt", "Lt")
                or (len(e.values) == 1 and re.search(_WHOLE_PATTERN, e.values[0]) is not None)
            ),
            "!(self.operator in ['Gt', 'Lt']) || (has(self.values) && self.values.size() == 1"
            f" && self.values[0].matches(r'{_WHOLE_PATTERN}'))",
        ),
    )


class NodeSelectorTerm(Document):
    """Expressions that must all hold."""

    match_expressions: Annotated[tuple[MatchExpression, ...], Field(min_length=1, max_length=32)]


class TolerationSpec(Document):
    """A toleration, as in Kubernetes."""

    key: TaintKey = ""
    operator: Literal["Equal", "Exists"] = "Equal"
    value: LabelValue = ""
    effect: Literal["", "NoSchedule", "PreferNoSchedule", "NoExecute"] = ""
    toleration_seconds: Seconds | None = None

    invariants = (
        Invariant(
            "a toleration without a key must have the operator Exists",
            lambda t: t.key != "" or t.operator == "Exists",
            "(has(self.key) && self.key != '') || (has(self.operator) && self.operator == 'Exists')",
        ),
        Invariant(
            "a toleration with the operator Exists takes no value",
            lambda t: t.operator != "Exists" or t.value == "",
            "!has(self.operator) || self.operator != 'Exists' || !has(self.value) || self.value == ''",
        ),
        Invariant(
            "tolerationSeconds goes only with the effect NoExecute",
            lambda t: t.toleration_seconds is None or t.effect == "NoExecute",
            "!has(self.tolerationSeconds) || (has(self.effect) && self.effect == 'NoExecute')",
        ),
    )


class WorkloadSpec(Policy):
    """What one replica needs, and the policy."""

    replicas: Replicas = Field(
        default=1, description="Replicas; several workloads share a series in proportion."
    )
    resources: Annotated[dict[QualifiedName, Quantity], Field(min_length=1, max_length=32)] = Field(
        description="Requests of one replica: cpu, memory and at most one accelerator resource."
    )
    accelerators: Annotated[tuple[CatalogueName, ...], Field(max_length=64)] = Field(
        default=(),
        description="Accelerator models or families that may serve it. Empty: any that gives the "
        "resource.",
    )
    instance_types: Annotated[tuple[CatalogueName, ...], Field(max_length=64)] = Field(
        default=(), description="Instance types that it is limited to. Empty: any."
    )
    node_selector: Annotated[dict[QualifiedName, LabelValue], Field(max_length=64)] = Field(
        default={}, description="As in a pod."
    )
    node_selector_terms: Annotated[tuple[NodeSelectorTerm, ...], Field(max_length=16)] = Field(
        default=(), description="Required node affinity: terms OR-ed, their expressions AND-ed."
    )
    tolerations: Annotated[tuple[TolerationSpec, ...], Field(max_length=64)] = Field(
        default=(), description="As in a pod."
    )
    volumes: Annotated[tuple[Name, ...], Field(max_length=64)] = Field(
        default=(), description="Names of the PersistentVolumeClaims that it mounts."
    )
    owner: LabelledOwner = Field(default=LabelledOwner(), description="Attribution of cost.")
    priority_class_name: ClassName = Field(default="", description="As in a pod.")

    invariants = (
        *Policy.invariants,
        _keys(
            "resources",
            QUALIFIED_NAME_PATTERN,
            "a resource must be a name with an optional DNS prefix, such as cpu or nvidia.com/gpu",
        ),
        _keys(
            "nodeSelector",
            QUALIFIED_NAME_PATTERN,
            "a nodeSelector's key must be a name with an optional DNS prefix",
        ),
    )


class WorkloadMetadata(Metadata):
    """The Kubernetes metadata; the name becomes a part of others."""

    name: WorkloadName


class WorkloadDocument(Document):
    """A class of demand: what its replicas need, what they tolerate, who pays."""

    api_version: Literal["trimtab.dev/v1alpha1"]
    kind: Literal["Workload"]
    metadata: WorkloadMetadata
    spec: WorkloadSpec


WORKLOAD = CustomResource(
    model=WorkloadDocument,
    module="trimtab/workloads/schema.py",
    plural="workloads",
    short_names=("wload",),
    columns=(
        Column("Replicas", ".spec.replicas", "integer"),
        Column("Interruptible", ".spec.interruptible", "boolean"),
        Column("Priority", ".spec.priorityClassName"),
        Column("Team", ".spec.owner.team"),
        Column("Project", ".spec.owner.project", priority=1),
        AGE,
    ),
)


def workload_schema() -> Schema:
    """The JSON Schema (draft 2020-12) of the `Workload` document."""
    return WORKLOAD.json_schema()


def validate_document(field: documents.Field) -> WorkloadDocument:
    """The `Workload` document at this field: a file's, or an object that a cluster returned.

    Raises:
        InputError: at the first field that is wrong.
    """
    value: dict[str, Any] = own_part(field.mapping())
    return validated(replace(field, value=value), WorkloadDocument)
