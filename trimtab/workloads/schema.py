"""The `Workload` document, `trimtab.dev/v1alpha1`: what a workload needs, tolerates and may use.

For demand that has no manifest. One pydantic model validates documents, checks the values of
`trimtab.dev/*` annotations on ordinary manifests, and generates the published JSON Schema.
"""

from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import Field, PlainValidator, WithJsonSchema

from trimtab import documents
from trimtab.strict import Strict, validated
from trimtab.workloads.model import Workload
from trimtab.workloads.quantity import parse_quantity

API_VERSION = "trimtab.dev/v1alpha1"
_DEFAULT = Workload(name="")

Quantity = Annotated[
    Fraction,
    PlainValidator(parse_quantity),
    WithJsonSchema({"type": ["string", "number"], "examples": ["500m", 4, "16Gi"]}),
]
Name = Annotated[str, Field(min_length=1, max_length=253, pattern=r"^\S(?:.*\S)?$")]
OwnerName = Annotated[str, Field(max_length=256, pattern=r"^(?:\S(?:.*\S)?)?$")]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class OwnerSpec(Strict):
    """Who pays."""

    team: OwnerName = ""
    project: OwnerName = ""
    model: OwnerName = ""
    environment: OwnerName = ""


class Policy(Strict):
    """What Kubernetes has no word for; manifests state it as `trimtab.dev/*` annotations."""

    interruptible: bool = Field(
        default=_DEFAULT.interruptible, description="Whether spot capacity may serve it."
    )
    restart_hours: float = Field(
        default=_DEFAULT.restart_hours,
        ge=0,
        le=720,
        allow_inf_nan=False,
        description="Work lost and start-up repeated at an interruption, in hours of one node.",
    )
    shortage_tolerance: float = Field(
        default=_DEFAULT.shortage_tolerance,
        ge=0,
        le=1,
        allow_inf_nan=False,
        description="Share of demand in unit-hours that may go unmet.",
    )
    allowed_regions: list[Name] = Field(
        default=[], description="Regions that it may run in; a hard constraint. Empty: any."
    )
    latency_ms: Positive | None = Field(
        default=None, description="Bound on the round trip to its users, in milliseconds."
    )
    owner: OwnerSpec = Field(default=OwnerSpec(), description="Attribution of cost.")
    units_per_accelerator: Positive | None = Field(
        default=None, description="Throughput of one accelerator, in units of the demand series."
    )
    units_per_node: dict[Name, Positive] = Field(
        default={},
        description="Measured throughput of a node, by instance type; wins over "
        "unitsPerAccelerator.",
    )


class MatchExpression(Strict):
    """A node selector requirement, as in Kubernetes."""

    key: Name
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"]
    values: list[str] = Field(default=[])


class NodeSelectorTerm(Strict):
    """Expressions that must all hold."""

    match_expressions: list[MatchExpression] = Field(min_length=1)


class TolerationSpec(Strict):
    """A toleration, as in Kubernetes."""

    key: str = ""
    operator: Literal["Equal", "Exists"] = "Equal"
    value: str = ""
    effect: Literal["", "NoSchedule", "PreferNoSchedule", "NoExecute"] = ""
    toleration_seconds: int | None = None


class WorkloadSpec(Policy):
    """What one replica needs, and the policy."""

    replicas: int = Field(
        default=1,
        ge=1,
        le=documents.LARGEST_COUNT,
        description="Replicas; several workloads share a series in proportion.",
    )
    resources: dict[Name, Quantity] = Field(
        min_length=1,
        description="Requests of one replica: cpu, memory and at most one accelerator resource.",
    )
    accelerators: list[Name] = Field(
        default=[],
        description="Accelerator models or families that may serve it. Empty: any that gives the "
        "resource.",
    )
    instance_types: list[Name] = Field(
        default=[], description="Instance types that it is limited to. Empty: any."
    )
    node_selector: dict[Name, str] = Field(default={}, description="As in a pod.")
    node_selector_terms: list[NodeSelectorTerm] = Field(
        default=[], description="Required node affinity: terms OR-ed, their expressions AND-ed."
    )
    tolerations: list[TolerationSpec] = Field(default=[], description="As in a pod.")
    volumes: list[Name] = Field(
        default=[], description="Names of the PersistentVolumeClaims that it mounts."
    )
    priority_class_name: str = Field(default="", description="As in a pod.")


class Metadata(Strict):
    """Object metadata; only the name is read."""

    name: str = Field(max_length=63, pattern=r"^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$")
    namespace: str = ""
    labels: dict[str, str] = Field(default={})
    annotations: dict[str, str] = Field(default={})


class WorkloadDocument(Strict):
    """A class of demand: what its replicas need, what they tolerate, who pays."""

    api_version: Literal["trimtab.dev/v1alpha1"]
    kind: Literal["Workload"]
    metadata: Metadata
    spec: WorkloadSpec


def workload_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of the `Workload` document."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://trimtab.dev/schemas/v1alpha1/workload.json",
        **WorkloadDocument.model_json_schema(by_alias=True),
    }


def validate_document(field: documents.Field) -> WorkloadDocument:
    """The `Workload` document at this field.

    Raises:
        InputError: at the first field that is wrong.
    """
    return validated(field, WorkloadDocument)
