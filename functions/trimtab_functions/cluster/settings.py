"""What a user asks of the cluster function: the step's input, and the XR's spec.

An XRD refuses unknown fields, and other steps may have theirs: those of the spec are passed over.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from trimtab.plan.document import input_error
from trimtab.plan.eks import AmiFamily
from trimtab.plan.types import MAX_POOLS, DnsLabel, Document, Flag, LabelValue, Name, ShortText
from trimtab_functions.capacity.adapters.settings import ProviderConfigRef, SpecPart

INPUT_API_VERSION: Literal["cluster.fn.trimtab.dev/v1alpha1"] = "cluster.fn.trimtab.dev/v1alpha1"
INPUT_KIND: Literal["Input"] = "Input"
Platform = Literal["AWS", "GCP", "OnPremises", "Edge"]
Cidr = Annotated[str, Field(max_length=18, pattern=r"^\d+\.\d+\.\d+\.\d+/\d+$")]


class ClusterInput(Document):
    """The pipeline step's input: which platform's cluster it composes."""

    api_version: Literal["cluster.fn.trimtab.dev/v1alpha1"] = INPUT_API_VERSION
    kind: Literal["Input"] = INPUT_KIND
    metadata: dict[str, Any] = Field(default_factory=dict)
    platform: Platform


class PlanRef(SpecPart):
    """The CapacityPlan that the cluster follows, in the XR's namespace."""

    name: Name


class Owner(SpecPart):
    """Who pays for what the cluster has besides its pools."""

    team: LabelValue = ""
    project: LabelValue = ""
    model: LabelValue = ""
    environment: LabelValue = ""


class Chart(SpecPart):
    """What differs from the chart that is installed; the one shape for every chart.

    Attributes:
        enabled: None: installed where the plan's machines need it and the cloud does not bring it.
    """

    enabled: Flag | None = None
    version: ShortText | None = None
    namespace: DnsLabel | None = None
    values: dict[str, Any] = Field(default_factory=dict)


class Storage(SpecPart):
    """The default storage class.

    Attributes:
        type: of volumes, in the platform's words; None: gp3, pd-balanced, or the local path.
    """

    default_class: Flag = True
    type: ShortText | None = None


class ClusterSpec(SpecPart):
    """What every platform's cluster has."""

    plan_ref: PlanRef
    pools: Annotated[tuple[DnsLabel, ...], Field(min_length=1, max_length=MAX_POOLS)]
    kubernetes_version: Annotated[str, Field(pattern=r"^1\.\d{2}$")] | None = None
    owner: Owner = Owner()
    gpu_operator: Chart = Chart()
    storage: Storage = Storage()
    provider_config_ref: ProviderConfigRef = ProviderConfigRef()

    @property
    def config(self) -> dict[str, Any]:
        """The reference as a managed resource states it."""
        return {"kind": self.provider_config_ref.kind, "name": self.provider_config_ref.name}

    @property
    def tags(self) -> dict[str, str]:
        """Who pays, as tags; what is not stated is left out."""
        return {key: value for key, value in self.owner.model_dump().items() if value}


class AwsNetwork(SpecPart):
    """The cluster's own network."""

    cidr: Cidr = "10.0.0.0/16"
    zones: Annotated[tuple[ShortText, ...], Field(max_length=6)] = ()
    nat: Literal["none", "single", "per-zone"] = "single"


class AwsClusterSpec(ClusterSpec):
    """An EKS cluster."""

    region: ShortText
    cluster_name: Annotated[str, Field(pattern=r"^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$")] | None = None
    ami_family: AmiFamily = "AL2023"
    network: AwsNetwork = AwsNetwork()
    public_access_cidrs: Annotated[tuple[Cidr, ...], Field(max_length=40)] = ()


class GcpProject(SpecPart):
    """Whose the cluster is on GCP."""

    project: Annotated[str, Field(pattern=r"^[a-z][-a-z0-9]{4,28}[a-z0-9]$")]


class GcpNetwork(SpecPart):
    """The cluster's own network."""

    cidr: Cidr = "10.0.0.0/20"
    pods_cidr: Cidr = "10.64.0.0/12"
    services_cidr: Cidr = "10.80.0.0/20"


class GcpClusterSpec(ClusterSpec):
    """A regional GKE cluster.

    Attributes:
        zones: of its nodes; none: GKE's choice of three.
    """

    region: ShortText
    gcp: GcpProject
    cluster_name: Annotated[str, Field(pattern=r"^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$")] | None = None
    zones: Annotated[tuple[ShortText, ...], Field(max_length=6)] = ()
    gcp_network: GcpNetwork = GcpNetwork()
    public_access_cidrs: Annotated[tuple[Cidr, ...], Field(max_length=40)] = ()


def parse_input(document: Mapping[str, Any]) -> ClusterInput:
    """The step's input.

    Raises:
        InputError: a field is unknown or wrong.
    """
    try:
        return ClusterInput.model_validate(document)
    except ValidationError as error:
        raise input_error(error, ClusterInput, "the pipeline step's input") from None


def parse_spec(model: type[SpecPart], spec: Mapping[str, Any]) -> Any:
    """The XR's spec as a platform's model has it.

    Raises:
        InputError: a field is missing or wrong.
    """
    try:
        return model.model_validate(spec)
    except ValidationError as error:
        raise input_error(error, model, "the XR's spec") from None
