"""What a user asks of the function: the pipeline step's `Input`, and fields of the XR's spec.

The step's input says how the function works in a Composition; the composite resource (XR) says for
which plan, pools and cluster. Both are validated here, so that a misspelt key is one clear error.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from trimtab.errors import InputError
from trimtab.plan.document import input_error
from trimtab.plan.eks import AmiFamily
from trimtab.plan.types import MAX_POOLS, DnsLabel, Document, Name, ShortText, to_camel

INPUT_API_VERSION: Literal["capacity.fn.trimtab.dev/v1alpha1"] = "capacity.fn.trimtab.dev/v1alpha1"
INPUT_KIND: Literal["Input"] = "Input"
DEFAULT_PLAN_FIELD = "spec.planRef.name"

FieldPath = Annotated[str, Field(max_length=253, pattern=r"^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$")]

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


class Input(Document):
    """The pipeline step's input.

    `Inject` patches the NodeGroups that earlier steps composed and labelled `trimtab.dev/pool` and
    `trimtab.dev/group`. `Compose` does so too, and composes one NodeGroup for every other group of
    the pools that the XR names.
    """

    api_version: Literal["capacity.fn.trimtab.dev/v1alpha1"] = INPUT_API_VERSION
    kind: Literal["Input"] = INPUT_KIND
    metadata: dict[str, Any] = Field(default_factory=dict)
    mode: Literal["Compose", "Inject"] = "Compose"
    plan: PlanSource = PlanSource(from_field_path=DEFAULT_PLAN_FIELD)


class _SpecPart(BaseModel):
    """A part of an XR's spec. Its XRD refuses unknown fields, and other steps may have theirs."""

    model_config = ConfigDict(
        extra="ignore", frozen=True, alias_generator=to_camel, populate_by_name=True
    )


class ProviderConfigRef(_SpecPart):
    """Whose credentials the provider uses."""

    kind: Literal["ClusterProviderConfig", "ProviderConfig"] = "ClusterProviderConfig"
    name: Name = "default"


class LaunchTemplate(_SpecPart):
    """The EC2 launch template of one group's nodes: a capacity block's or a reservation's."""

    pool: DnsLabel
    group: DnsLabel
    id: ShortText
    version: ShortText


class NodeGroupsSpec(_SpecPart):
    """The fields of the XR's spec that `Compose` reads; the NodeGroupSet XRD has just these."""

    pools: Annotated[tuple[DnsLabel, ...], Field(min_length=1, max_length=MAX_POOLS)]
    cluster_name: ShortText
    region: ShortText
    node_role_arn: ShortText
    subnet_ids: Annotated[tuple[ShortText, ...], Field(min_length=1, max_length=16)]
    ami_family: AmiFamily = "AL2023"
    provider_config_ref: ProviderConfigRef = ProviderConfigRef()
    launch_templates: Annotated[tuple[LaunchTemplate, ...], Field(max_length=64)] = ()

    def launch_template(self, pool: str, group: str) -> LaunchTemplate | None:
        """The launch template that the XR gives for a group."""
        for template in self.launch_templates:
            if (template.pool, template.group) == (pool, group):
                return template
        return None


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


def parse_spec(spec: Mapping[str, Any]) -> NodeGroupsSpec:
    """The XR's fields that `Compose` needs.

    Raises:
        InputError: a field is missing or wrong.
    """
    try:
        return NodeGroupsSpec.model_validate(spec)
    except ValidationError as error:
        raise input_error(error, NodeGroupsSpec, "the XR's spec") from None


def plan_key(source: PlanSource, xr: Mapping[str, Any]) -> PlanKey:
    """The plan that the XR is for.

    Args:
        source: where the input says that the name is.
        xr: the composite resource's `metadata` and `spec`.

    Raises:
        InputError: there is no such name, or no namespace.
    """
    namespace = source.namespace or _at(xr, "metadata.namespace")
    if not isinstance(namespace, str) or not namespace:
        raise InputError(
            "the XR has no namespace to take the CapacityPlan from",
            mend="give plan.namespace in the pipeline step's input",
        )
    if source.name is not None:
        return PlanKey(source.name, namespace)
    path = source.from_field_path or DEFAULT_PLAN_FIELD
    name = _at(xr, path)
    if not isinstance(name, str) or not name:
        raise InputError(
            "names no CapacityPlan",
            where=f"the XR's {path}",
            mend="give the plan's name there, or plan.name in the pipeline step's input",
        )
    return PlanKey(name, namespace)


def _at(document: Mapping[str, Any], path: str) -> Any:
    """What stands at a path of keys; None where there is nothing."""
    value: Any = document
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value
