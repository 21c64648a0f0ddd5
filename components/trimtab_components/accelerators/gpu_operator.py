"""The NVIDIA GPU operator on a cluster: as a rendered Helm chart, or as a release that Flux makes."""

from typing import Annotated, NotRequired, TypedDict

import pulumi
from pydantic import Field

from trimtab.plan.types import Count, Flag
from trimtab_components.accelerators.gpu_values import (
    GpuSettings,
    MigStrategy,
    NodeImage,
    Sharing,
    gpu_operator_values,
)
from trimtab_components.arguments import Arguments, ChartOverride, Override, checked
from trimtab_components.charts import GPU_OPERATOR
from trimtab_components.installation import Delivery, Release, install


class GpuOperatorArgs(TypedDict):
    """What the operator is set up for. All of it must be known at plan time."""

    image: str
    """The GPU nodes' image: AL2023, BOTTLEROCKET or UBUNTU. It decides who owns the driver."""
    delivery: NotRequired[str]
    """chart (the default): Pulumi renders the chart. flux: a HelmRelease for Flux in the cluster."""
    mig_strategy: NotRequired[str]
    """How MIG slices are offered: none (the default), single or mixed."""
    sharing: NotRequired[str]
    """How containers share one GPU: none (the default), time-slicing or mps."""
    sharing_replicas: NotRequired[int]
    """Containers a GPU where it is shared, 2 or more."""
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
    sharing: Sharing = "none"
    sharing_replicas: Annotated[Count, Field(ge=1, le=64)] = 1
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
            InputError: an argument is unknown or wrong, two contradict one another, or the driver
                would have two owners or none.
        """
        where = f'GpuOperator "{name}"'
        settings = checked(_Checked, args, where)
        values = gpu_operator_values(
            GpuSettings(
                settings.image,
                settings.mig_strategy,
                settings.sharing,
                settings.sharing_replicas,
                settings.service_monitor,
                settings.tolerate,
            ),
            settings.override.values,
            where,
        )
        release = Release(
            GPU_OPERATOR,
            values,
            settings.override,
            settings.delivery,
            settings.labels,
            privileged=True,  # its pods load kernel modules and mount the host
        )
        super().__init__("trimtab:index:GpuOperator", name, {}, opts)
        install(name, release, self)
        self.namespace = pulumi.Output.from_input(release.namespace)
        self.version = pulumi.Output.from_input(release.version)
        self.register_outputs({"namespace": self.namespace, "version": self.version})
