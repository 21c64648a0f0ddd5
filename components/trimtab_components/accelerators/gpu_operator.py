"""The NVIDIA GPU operator on a cluster: as a rendered Helm chart, or as a release that Flux makes."""

from typing import Annotated, Any, NotRequired, TypedDict

import pulumi
from pydantic import Field

from trimtab.plan.types import Count, Flag
from trimtab.provision.accelerators.compatibility import (
    NodeImage,
    Sharing,
    check_version,
    row_of,
)
from trimtab.provision.accelerators.gpu_values import (
    Dra,
    GpuSettings,
    MigStrategy,
    gpu_operator_values,
)
from trimtab.provision.arguments import Arguments, Override, checked
from trimtab.provision.charts.accelerators import GPU_OPERATOR
from trimtab_components.arguments import ChartOverride
from trimtab_components.installation import Delivery, Release, install
from trimtab_components.order import standing_first


class GpuOperatorArgs(TypedDict):
    """What the operator is set up for. All of it must be known at plan time."""

    image: str
    """The GPU nodes' image, which decides who owns the driver: AL2023, BOTTLEROCKET, UBUNTU,
    COS_NO_PLUGIN, AKS_UBUNTU, AKS_UBUNTU_NO_DRIVER or AZURELINUX."""
    delivery: NotRequired[str]
    """chart (the default): Pulumi renders the chart. flux: a HelmRelease for Flux in the cluster."""
    mig_strategy: NotRequired[str]
    """How MIG slices are offered: none (the default), single or mixed."""
    mig_configs: NotRequired[dict[str, Any]]
    """MIG layouts of your own by name, as mig-parted has them; they replace those that the operator
    makes from the hardware. Nodes choose one by the label nvidia.com/mig.config."""
    sharing: NotRequired[str]
    """How containers share one GPU on nodes that choose nothing: none (the default), time-slicing or
    mps."""
    sharing_replicas: NotRequired[int]
    """Containers a GPU where it is shared, 2 or more."""
    sharing_configs: NotRequired[list[str]]
    """What nodes may choose by the label nvidia.com/device-plugin.config: time-slicing-<replicas> or
    mps-<replicas>."""
    shared_resources: NotRequired[list[str]]
    """Resources that are shared; the default is nvidia.com/gpu. MIG slices are named as they are
    offered, such as nvidia.com/mig-1g.10gb; MPS shares whole GPUs only."""
    dra: NotRequired[str]
    """none (the default): a device plugin offers the GPUs. operator: the operator's own DRA mode.
    driver: the operator leaves them to NvidiaDraDriver."""
    kubernetes_version: NotRequired[str]
    """The cluster's version, such as 1.34; where it is given, DRA is refused on one too old."""
    node_feature_discovery: NotRequired[bool]
    """Whether the operator runs node feature discovery; default true. Give false beside another."""
    service_monitor: NotRequired[bool]
    """Whether to make a ServiceMonitor for GPU metrics; needs the Prometheus operator's CRDs."""
    tolerate: NotRequired[list[str]]
    """Keys of taints on GPU nodes, besides nvidia.com/gpu: without them no driver comes up there."""
    labels: NotRequired[dict[str, str]]
    """Labels of the objects."""
    override: NotRequired[ChartOverride]
    """What differs from the chart's version, namespace and values as Trimtab sets them."""


class _Checked(Arguments):
    image: NodeImage
    delivery: Delivery = "chart"
    mig_strategy: MigStrategy = "none"
    mig_configs: dict[str, Any] = Field(default_factory=dict)
    sharing: Sharing = "none"
    sharing_replicas: Annotated[Count, Field(ge=1, le=64)] = 1
    sharing_configs: tuple[str, ...] = ()
    shared_resources: Annotated[tuple[str, ...], Field(min_length=1)] = ("nvidia.com/gpu",)
    dra: Dra = "none"
    kubernetes_version: str | None = None
    node_feature_discovery: Flag = True
    service_monitor: Flag = False
    tolerate: tuple[str, ...] = ()
    labels: dict[str, str] = Field(default_factory=dict)
    override: Override = Override()


class GpuOperator(pulumi.ComponentResource):
    """The NVIDIA GPU operator, with values that agree with the nodes' image."""

    namespace: pulumi.Output[str]
    """The namespace of the release."""
    version: pulumi.Output[str]
    """The chart's version."""

    def __init__(
        self, name: str, args: GpuOperatorArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """
        Args:
            name: the component's name; its children's begin with it.
            args: see `GpuOperatorArgs`.
            opts: Pulumi's options; providers are handed down.

        Raises:
            InputError: an argument is unknown or wrong, two contradict one another, or the driver,
                the toolkit or the devices would have two owners or none.
        """
        where = f'GpuOperator "{name}"'
        settings = checked(_Checked, args, where)
        row = row_of(settings.image, "nvidia", where)
        check_version(row, settings.kubernetes_version, settings.dra != "none", where)
        values = gpu_operator_values(_settings(settings), settings.override.values, where)
        release = Release(
            GPU_OPERATOR,
            values,
            settings.override,
            settings.delivery,
            settings.labels,
            privileged=True,  # its pods load kernel modules and mount the host
            critical_quota=settings.image == "COS_NO_PLUGIN",
        )
        super().__init__("trimtab:index:GpuOperator", name, {}, opts)
        install(name, release, self, standing_first(opts))
        self.namespace = pulumi.Output.from_input(release.namespace)
        self.version = pulumi.Output.from_input(release.version)
        self.register_outputs({"namespace": self.namespace, "version": self.version})


def _settings(checked_args: _Checked) -> GpuSettings:
    return GpuSettings(
        image=checked_args.image,
        mig=checked_args.mig_strategy,
        sharing=checked_args.sharing,
        replicas=checked_args.sharing_replicas,
        service_monitor=checked_args.service_monitor,
        tolerate=checked_args.tolerate,
        configs=checked_args.sharing_configs,
        shared_resources=checked_args.shared_resources,
        mig_configs=checked_args.mig_configs,
        dra=checked_args.dra,
        discovery=checked_args.node_feature_discovery,
    )
