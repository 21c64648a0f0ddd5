"""What a user asks of the cluster function: the step's input, and the XR's spec.

An XRD refuses unknown fields, and other steps may have theirs: those of the spec are passed over.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from trimtab.plan.document import validated
from trimtab.plan.eks import AmiFamily
from trimtab.plan.types import MAX_POOLS, DnsLabel, Document, Flag, LabelValue, Name, ShortText
from trimtab.provision.eks.subnets import DEFAULT_CIDR as EKS_CIDR
from trimtab.provision.gke.clusters import (
    DEFAULT_CIDR,
    DEFAULT_PODS_CIDR,
    DEFAULT_SERVICES_CIDR,
)
from trimtab_functions.capacity.adapters.settings import ProviderConfigRef, SpecPart
from trimtab_functions.capacity.settings import StatusFieldPath

INPUT_API_VERSION: Literal["cluster.fn.trimtab.dev/v1alpha1"] = "cluster.fn.trimtab.dev/v1alpha1"
INPUT_KIND: Literal["Input"] = "Input"
Platform = Literal["AWS", "GCP", "OnPremises", "Edge"]
Cidr = Annotated[str, Field(max_length=18, pattern=r"^[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+/[0-9]+$")]


class ClusterInput(Document):
    """The pipeline step's input: which platform's cluster it composes."""

    api_version: Literal["cluster.fn.trimtab.dev/v1alpha1"] = INPUT_API_VERSION
    kind: Literal["Input"] = INPUT_KIND
    metadata: dict[str, Any] = Field(default_factory=dict)
    platform: Platform = Field(description="Whose resources the cluster is composed of.")
    status_field_path: StatusFieldPath | None = Field(
        default=None,
        description="The XR's field that gets the cluster's name and endpoint, which its XRD has to"
        " declare: the API server refuses a whole status for one field that it lacks. Absent: none.",
    )


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
        enabled: None: installed where the plan's machines need it and the cloud does not bring it; True:
            wherever there is a plan, whose taints it tolerates.
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
    kubernetes_version: Annotated[str, Field(pattern=r"^1\.[0-9]{2}$")] | None = None
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

    cidr: Cidr = EKS_CIDR
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

    project: Annotated[str, Field(max_length=30, pattern=r"^[a-z][-a-z0-9]{4,28}[a-z0-9]$")]


class GcpNetwork(SpecPart):
    """The cluster's own network."""

    cidr: Cidr = DEFAULT_CIDR
    pods_cidr: Cidr = DEFAULT_PODS_CIDR
    services_cidr: Cidr = DEFAULT_SERVICES_CIDR


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


class SecretKey(SpecPart):
    """A key of a secret in the XR's namespace."""

    name: Name
    key: Annotated[str, Field(max_length=253, pattern=r"^[-._a-zA-Z0-9]{1,253}$")] = "kubeconfig"


class ExistingCluster(SpecPart):
    """A cluster that is there."""

    kubeconfig_secret_ref: SecretKey


class TemplateRef(SpecPart):
    """A template of Cluster API's, in the XR's namespace."""

    api_group: ShortText
    kind: ShortText
    name: Name


class Machines(SpecPart):
    """What a pool's machines are made of, or one group's.

    Attributes:
        instance_types: what the machine template makes, in the plan's words.
    """

    pool: DnsLabel
    group: DnsLabel | None = None
    instance_types: Annotated[tuple[ShortText, ...], Field(min_length=1, max_length=20)]
    bootstrap_template: TemplateRef
    machine_template: TemplateRef


class ClusterApi(SpecPart):
    """A cluster that Cluster API makes of a ClusterClass."""

    cluster_class: Name
    version: Annotated[str, Field(max_length=16, pattern=r"^v1\.[0-9]{2}\.[0-9]{1,2}$")]
    control_plane_replicas: Literal[1, 3, 5] = 3
    pods_cidr: Cidr = "192.168.0.0/16"
    services_cidr: Cidr = "10.96.0.0/12"
    machines: Annotated[tuple[Machines, ...], Field(min_length=1, max_length=MAX_POOLS)]


class OnPremises(SpecPart):
    """Where the cluster comes from; `image` says who brings its GPU nodes' drivers."""

    existing: ExistingCluster | None = None
    cluster_api: ClusterApi | None = None
    image: Literal["UBUNTU"] = "UBUNTU"

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.existing is None) == (self.cluster_api is None):
            raise ValueError("give existing or clusterApi, and not both")
        return self


class OnPremisesClusterSpec(ClusterSpec):
    """A cluster on machines of one's own."""

    on_premises: OnPremises
    cluster_name: Annotated[str, Field(pattern=r"^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$")] | None = None


class K3sInstall(SpecPart):
    """How K3s is put on the machines; see `trimtab.provision.k3s`."""

    endpoint: ShortText
    servers: Literal[1, 3, 5] = 1
    servers_take_work: Flag = True
    air_gapped: Flag = False
    script_sha256: Annotated[str, Field(max_length=64, pattern=r"^[0-9a-f]{64}$")] | None = None
    cluster_cidr: Cidr = "10.42.0.0/16"
    service_cidr: Cidr = "10.43.0.0/16"
    secrets_encryption: Flag = True
    embedded_registry: Flag = False
    disable: Annotated[
        tuple[
            Literal["coredns", "local-storage", "metrics-server", "servicelb", "traefik"],
            ...,
        ],
        Field(max_length=5),
    ] = ()
    snapshot_schedule: Annotated[str, Field(max_length=63, pattern=r"^[-0-9*/, ]{9,63}$")] = (
        "0 */12 * * *"
    )
    snapshot_retention: Annotated[int, Field(ge=1, le=100)] = 5


class EdgeSiteSpec(SpecPart):
    """A K3s site; `install` is how it begins, the kubeconfig is what it is reached by."""

    plan_ref: PlanRef
    pools: Annotated[tuple[DnsLabel, ...], Field(min_length=1, max_length=MAX_POOLS)]
    version: Annotated[
        str, Field(max_length=32, pattern=r"^v1\.[0-9]{1,2}\.[0-9]{1,2}\+k3s[0-9]+$")
    ]
    install: K3sInstall | None = None
    kubeconfig_secret_ref: SecretKey | None = None
    upgrades: Flag = True
    agents_at_once: Annotated[int, Field(ge=1, le=100)] = 1
    gpu_operator: Chart = Chart()

    @model_validator(mode="after")
    def _begins(self) -> Self:
        if self.install is None and self.kubeconfig_secret_ref is None:
            raise ValueError("give install, or kubeconfigSecretRef of a cluster that is there")
        return self


def parse_input(document: Mapping[str, Any]) -> ClusterInput:
    """The step's input.

    Raises:
        InputError: a field is unknown or wrong.
    """
    return validated(ClusterInput, document, "the pipeline step's input")


def parse_spec(model: type[SpecPart], spec: Mapping[str, Any]) -> Any:
    """The XR's spec as a platform's model has it.

    Raises:
        InputError: a field is missing or wrong.
    """
    return validated(model, spec, "the XR's spec")
