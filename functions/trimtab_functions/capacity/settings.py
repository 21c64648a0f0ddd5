"""What a user asks of the function: the pipeline step's `Input`, and fields of the XR's spec.

The step's input says how the function works in a Composition; the composite resource (XR) says for
which plan, pools and cluster. Both are validated here, so that a misspelt key is one clear error.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from trimtab.errors import InputError
from trimtab.plan.document import validated
from trimtab.plan.types import (
    MAX_POOLS,
    DnsLabel,
    Document,
    Invariant,
    LabelValue,
    Name,
    Namespace,
    QualifiedName,
    ShortText,
    Whole,
)
from trimtab_functions.capacity.adapters import GROUP_ADAPTERS
from trimtab_functions.capacity.adapters.base import GroupAdapter
from trimtab_functions.capacity.adapters.settings import ComposeSettings, SpecPart
from trimtab_functions.capacity.documents import at, mapping

INPUT_API_VERSION: Literal["capacity.fn.trimtab.dev/v1alpha1"] = "capacity.fn.trimtab.dev/v1alpha1"
INPUT_KIND: Literal["Input"] = "Input"
DEFAULT_PLAN_FIELD = "spec.planRef.name"
DEFAULT_INLINE_FIELD = "spec.plan"
DEFAULT_CONTEXT_KEY = "trimtab.dev/capacity-plan"
DEFAULT_SETTINGS_FIELD = "spec"
DEFAULT_REFRESH_SECONDS = 60
DEFAULT_STATUS_FIELD = "status.capacity"

FieldPath = Annotated[str, Field(max_length=253, pattern=r"^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$")]

ResourcePattern = Annotated[str, Field(min_length=1, max_length=253, pattern=r"^[A-Za-z0-9._*-]+$")]

StatusFieldPath = Annotated[str, Field(max_length=253, pattern=r"^status(\.[A-Za-z0-9_-]+)+$")]

RefreshSeconds = Annotated[int, Field(strict=True, ge=10, le=3_600), Whole]


class PlanSource(Document):
    """Where the CapacityPlan comes from, in this order: an object of the cluster (by name, by the name
    in a field of the XR, or by labels), the XR itself, the pipeline's context. The first that is
    stated counts, and when it fails what runs is kept: no other takes its place."""

    name: Name | None = Field(default=None, description="Of the CapacityPlan.")
    from_field_path: FieldPath | None = Field(
        default=None,
        description="The XR's field that holds the CapacityPlan's name. Default: spec.planRef.name.",
    )
    match_labels: Annotated[dict[QualifiedName, LabelValue], Field(max_length=16)] | None = Field(
        default=None,
        description="Labels that the CapacityPlan has. Of several the one with the latest asOf that"
        " has begun and not expired is followed.",
    )
    namespace: Namespace | None = Field(
        default=None, description="Of the CapacityPlan. Default: the XR's."
    )
    inline_field_path: FieldPath = Field(
        default=DEFAULT_INLINE_FIELD,
        description="The XR's object that may hold a whole plan, or its spec alone.",
    )
    context_key: ShortText = Field(
        default=DEFAULT_CONTEXT_KEY,
        description="The key of the pipeline's context under which an earlier step may put a plan.",
    )

    invariants = (
        Invariant(
            "give only one of name, fromFieldPath and matchLabels",
            lambda s: [s.name, s.from_field_path, s.match_labels].count(None) >= 2,
            "[has(self.name), has(self.fromFieldPath), has(self.matchLabels)]"
            ".filter(x, x).size() <= 1",
        ),
        Invariant(
            "matchLabels must have a label: no label matches every plan",
            lambda s: s.match_labels is None or bool(s.match_labels),
            "!has(self.matchLabels) || self.matchLabels.size() > 0",
        ),
    )


class PolicySource(Document):
    """Which CapacityPolicy says how the plan may be carried out. Absent: the defaults hold."""

    name: Name = Field(description="Of the CapacityPolicy.")
    namespace: Namespace | None = Field(
        default=None, description="Of the CapacityPolicy. Default: the XR's."
    )


class Match(Document):
    """Which composed resources a target is for; all that is stated must hold."""

    name: ResourcePattern | None = Field(
        default=None, description="The composed resource's name in the pipeline; * stands for any."
    )
    api_version: ShortText | None = Field(default=None, description="Of the composed resource.")
    kind: ShortText | None = Field(default=None, description="Of the composed resource.")
    labels: Annotated[dict[QualifiedName, LabelValue], Field(max_length=16)] = Field(
        default={}, description="Labels that the composed resource has."
    )

    invariants = (
        Invariant(
            "give name, kind or labels: what matches everything matches too much",
            lambda m: m.name is not None or m.kind is not None or bool(m.labels),
            "has(self.name) || has(self.kind) || (has(self.labels) && self.labels.size() > 0)",
        ),
    )


class Fields(Document):
    """Where a kind that no adapter knows states its sizes."""

    min: FieldPath | None = Field(default=None, description="Where the least is written.")
    max: FieldPath | None = Field(default=None, description="Where the most is written.")
    desired: FieldPath | None = Field(
        default=None, description="Written when the resource is created, and never after."
    )
    running: FieldPath | None = Field(
        default=None, description="Where the resource reports what runs, such as status.replicas."
    )
    unit: Literal["nodes", "units"] = Field(
        default="nodes", description="Whether sizes are nodes or the plan's own unit."
    )

    invariants = (
        Invariant(
            "give min, max or desired: else there is nothing to write",
            lambda f: f.min is not None or f.max is not None or f.desired is not None,
            "has(self.min) || has(self.max) || has(self.desired)",
        ),
    )


class Target(Document):
    """Resources of earlier steps that follow a pool or a group without being labelled so."""

    match: Match = Field(description="Which composed resources; all that is stated must hold.")
    pool: DnsLabel = Field(description="The plan's pool that they follow.")
    group: DnsLabel | None = Field(
        default=None, description="The pool's group that they follow. Absent: all of them."
    )
    fields: Fields | None = Field(
        default=None, description="For a kind that no adapter knows, or in the adapter's place."
    )


class Compose(Document):
    """What is composed for groups that no earlier step has a resource for."""

    kind: Literal["EKS", "GKE", "AKS", "Karpenter", "ClusterAPI"] = Field(
        default="EKS", alias="as", description="What nodes are composed as."
    )
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
    metadata: dict[str, Any] = Field(default={}, description="Passed over.")
    mode: Literal["Compose", "Inject"] = Field(
        default="Compose", description="Whether groups that no earlier step has are composed too."
    )
    plan: PlanSource = Field(default=PlanSource(), description="Where the CapacityPlan comes from.")
    policy: PolicySource | None = Field(
        default=None, description="How the plan may be carried out. Absent: the defaults hold."
    )
    compose: Compose = Field(default=Compose(), description="What mode Compose composes.")
    targets: Annotated[tuple[Target, ...], Field(max_length=64)] = Field(
        default=(), description="Resources of earlier steps that carry no label of a pool."
    )
    refresh_seconds: RefreshSeconds = Field(
        default=DEFAULT_REFRESH_SECONDS,
        description="After how many seconds to look again at the latest. A changed plan is seen"
        " then, unless Crossplane watches required resources.",
    )
    status_field_path: StatusFieldPath | None = Field(
        default=None,
        description="The XR's field to report in, which its XRD has to declare whole. Absent:"
        " status.capacity, as far as the XRD declares it.",
    )


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
class ObjectKey:
    """An object of the cluster: a plan's, or a policy's."""

    name: str
    namespace: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


def parse_input(document: Mapping[str, Any]) -> Input:
    """The step's input; an absent one has every default.

    Raises:
        InputError: a field is unknown or wrong.
    """
    return validated(Input, document, "the pipeline step's input")


def input_beside(document: Mapping[str, Any]) -> Input:
    """What holds while the input is wrong: the defaults, and where to report if that can be told."""
    try:
        return Input.model_validate({"statusFieldPath": document.get("statusFieldPath")})
    except ValidationError:
        return Input()


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
    pools = validated(_Pools, spec, where).pools
    model = adapter.settings
    if model is None:
        missing = InputError("composes nothing itself", where=compose.kind, mend="label a template")
        return ComposeSpec(adapter, pools, missing)
    try:
        return ComposeSpec(adapter, pools, validated(model, spec, where))
    except InputError as error:
        return ComposeSpec(adapter, pools, error.bare())
