"""What a user asks of the function: the pipeline step's `Input`, and fields of the XR's spec.

The step's input says how the function works in a Composition; the composite resource (XR) says for
which plan, pools and cluster. Both are validated here, so that a misspelt key is one clear error.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from trimtab.errors import InputError
from trimtab.plan.document import input_error
from trimtab.plan.types import MAX_POOLS, DnsLabel, Document, Name, ShortText
from trimtab_functions.capacity.adapters import GROUP_ADAPTERS
from trimtab_functions.capacity.adapters.base import GroupAdapter
from trimtab_functions.capacity.adapters.settings import ComposeSettings, SpecPart
from trimtab_functions.capacity.documents import at, mapping

INPUT_API_VERSION: Literal["capacity.fn.trimtab.dev/v1alpha1"] = "capacity.fn.trimtab.dev/v1alpha1"
INPUT_KIND: Literal["Input"] = "Input"
DEFAULT_PLAN_FIELD = "spec.planRef.name"
DEFAULT_SETTINGS_FIELD = "spec"

FieldPath = Annotated[str, Field(max_length=253, pattern=r"^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$")]

ResourcePattern = Annotated[str, Field(min_length=1, max_length=253, pattern=r"^[A-Za-z0-9._*-]+$")]

Namespace = Annotated[
    str, Field(min_length=1, max_length=63, pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")
]


class PlanSource(Document):
    """Which CapacityPlan to take: a fixed name, or the name that a field of the XR holds."""

    name: Name | None = None
    from_field_path: FieldPath | None = None
    namespace: Namespace | None = Field(default=None, description="Default: the XR's namespace.")

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.name is not None and self.from_field_path is not None:
            raise ValueError("give name or fromFieldPath, not both")
        return self


class Match(Document):
    """Which composed resources a target is for; all that is stated must hold."""

    name: ResourcePattern | None = Field(
        default=None, description="The composed resource's name in the pipeline; * stands for any."
    )
    api_version: ShortText | None = None
    kind: ShortText | None = None
    labels: Annotated[dict[str, str], Field(max_length=16, default_factory=dict)]

    @model_validator(mode="after")
    def _matches_something(self) -> Self:
        if self.name is None and self.kind is None and not self.labels:
            raise ValueError("give name, kind or labels: what matches everything matches too much")
        return self


class Fields(Document):
    """Where a kind that no adapter knows states its sizes."""

    min: FieldPath | None = None
    max: FieldPath | None = None
    desired: FieldPath | None = Field(
        default=None, description="Written when the resource is created, and never after."
    )
    running: FieldPath | None = Field(
        default=None, description="Where the resource reports what runs, such as status.replicas."
    )
    unit: Literal["nodes", "units"] = Field(
        default="nodes", description="Whether sizes are nodes or the plan's own unit."
    )

    @model_validator(mode="after")
    def _some_field(self) -> Self:
        if self.min is None and self.max is None and self.desired is None:
            raise ValueError("give min, max or desired: else there is nothing to write")
        return self


class Target(Document):
    """Resources of earlier steps that follow a pool or a group without being labelled so."""

    match: Match
    pool: DnsLabel
    group: DnsLabel | None = Field(default=None, description="Absent: all of the pool's groups.")
    fields: Fields | None = Field(
        default=None, description="For a kind that no adapter knows, or in the adapter's place."
    )


class Compose(Document):
    """What is composed for groups that no earlier step has a resource for."""

    kind: Literal["EKS", "GKE", "AKS", "Karpenter", "ClusterAPI"] = Field(default="EKS", alias="as")
    from_field_path: FieldPath = Field(
        default=DEFAULT_SETTINGS_FIELD, description="The XR's object that holds the settings."
    )


class Input(Document):
    """The pipeline step's input.

    `Inject` patches the resources that earlier steps composed and that are labelled
    `trimtab.dev/pool` (and `trimtab.dev/group`), or that a target matches. `Compose` does so too,
    splits a resource that only names a pool into that pool's groups, and composes a resource for
    every other group of the pools that the XR names.
    """

    api_version: Literal["capacity.fn.trimtab.dev/v1alpha1"] = INPUT_API_VERSION
    kind: Literal["Input"] = INPUT_KIND
    metadata: dict[str, Any] = Field(default_factory=dict)
    mode: Literal["Compose", "Inject"] = "Compose"
    plan: PlanSource = PlanSource(from_field_path=DEFAULT_PLAN_FIELD)
    compose: Compose = Compose()
    targets: Annotated[tuple[Target, ...], Field(max_length=64)] = ()


class _Pools(SpecPart):
    """The pools that the XR is for; other steps' fields are passed over."""

    pools: Annotated[tuple[DnsLabel, ...], Field(max_length=MAX_POOLS)] = ()


@dataclass(frozen=True)
class ComposeSpec:
    """What the XR asks to be composed.

    Attributes:
        pools: of the plan; those that no earlier step's template is for are composed from nothing.
        settings: what that needs: an instance of the adapter's `settings`, or the error where the
            XR's spec has none.
    """

    adapter: GroupAdapter
    pools: tuple[str, ...]
    settings: ComposeSettings | InputError


@dataclass(frozen=True)
class PlanKey:
    """Which CapacityPlan the XR is for."""

    name: str
    namespace: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


def parse_input(document: Mapping[str, Any]) -> Input:
    """The step's input; an absent one has every default.

    Raises:
        InputError: a field is unknown or wrong.
    """
    try:
        return Input.model_validate(document)
    except ValidationError as error:
        raise input_error(error, Input, "the pipeline step's input") from None


def parse_compose(compose: Compose, xr: Mapping[str, Any]) -> ComposeSpec:
    """What the XR asks to be composed.

    Raises:
        InputError: its `pools` are wrong. Settings that are wrong or missing are told only when a
            group needs them.
    """
    adapter = GROUP_ADAPTERS[compose.kind]
    path = compose.from_field_path
    where = f"the XR's {path}"
    spec = mapping(at(xr, *path.split(".")))
    try:
        pools = _Pools.model_validate(spec).pools
    except ValidationError as error:
        raise input_error(error, _Pools, where) from None
    model = adapter.settings
    if model is None:
        missing = InputError("composes nothing itself", where=compose.kind, mend="label a template")
        return ComposeSpec(adapter, pools, missing)
    try:
        return ComposeSpec(adapter, pools, model.model_validate(spec))
    except ValidationError as error:
        return ComposeSpec(adapter, pools, input_error(error, model, where))


def plan_key(source: PlanSource, xr: Mapping[str, Any]) -> PlanKey:
    """The plan that the XR is for.

    Args:
        source: where the input says that the name is.
        xr: the composite resource's `metadata` and `spec`.

    Raises:
        InputError: there is no such name, or no namespace.
    """
    namespace = source.namespace or at(xr, "metadata", "namespace")
    if not isinstance(namespace, str) or not namespace:
        raise InputError(
            "the XR has no namespace to take the CapacityPlan from",
            mend="give plan.namespace in the pipeline step's input",
        )
    if source.name is not None:
        return PlanKey(source.name, namespace)
    path = source.from_field_path or DEFAULT_PLAN_FIELD
    name = at(xr, *path.split("."))
    if not isinstance(name, str) or not name:
        raise InputError(
            "names no CapacityPlan",
            where=f"the XR's {path}",
            mend="give the plan's name there, or plan.name in the pipeline step's input",
        )
    return PlanKey(name, namespace)
