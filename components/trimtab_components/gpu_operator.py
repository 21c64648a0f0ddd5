"""The NVIDIA GPU operator on a cluster: as a rendered Helm chart, or as a release that Flux makes."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, NotRequired, TypedDict

import pulumi
import pulumi_kubernetes as kubernetes
from pydantic import Field

from trimtab.plan.types import Count, Flag
from trimtab_components.arguments import Arguments, ChartOverride, Override, checked
from trimtab_components.charts import GPU_OPERATOR, ChartSource
from trimtab_components.gpu_values import (
    GpuSettings,
    MigStrategy,
    NodeImage,
    Sharing,
    gpu_operator_values,
)

FLUX_RELEASE = "helm.toolkit.fluxcd.io/v2"
FLUX_SOURCE = "source.toolkit.fluxcd.io/v1"
FLUX_INTERVAL = "1h"


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
    delivery: Literal["chart", "flux"] = "chart"
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
        source, override = GPU_OPERATOR, settings.override
        namespace = override.namespace or source.namespace
        version = override.version or source.version
        super().__init__("trimtab:index:GpuOperator", name, {}, opts)

        home = kubernetes.core.v1.Namespace(
            f"{name}-namespace",
            metadata=kubernetes.meta.v1.ObjectMetaArgs(
                name=namespace,
                # The operator's pods load kernel modules and mount the host.
                labels={**settings.labels, "pod-security.kubernetes.io/enforce": "privileged"},
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        child = pulumi.ResourceOptions(parent=self, depends_on=[home])
        if settings.delivery == "chart":
            _chart(name, source, version, namespace, values, child)
        else:
            _flux(name, source, version, namespace, values, settings.labels, child)
        self.namespace = pulumi.Output.from_input(namespace)
        self.version = pulumi.Output.from_input(version)
        self.register_outputs({"namespace": self.namespace, "version": self.version})


def _chart(
    name: str,
    source: ChartSource,
    version: str,
    namespace: str,
    values: Mapping[str, Any],
    options: pulumi.ResourceOptions,
) -> None:
    # helm.v4.Chart, for a helm.v3.Release is sent to the cluster and never rendered.
    kubernetes.helm.v4.Chart(
        name,
        name=source.chart,
        chart=source.chart,
        version=version,
        repository_opts=kubernetes.helm.v4.RepositoryOptsArgs(repo=source.repository),
        namespace=namespace,
        values=values,
        opts=options,
    )


def _flux(
    name: str,
    source: ChartSource,
    version: str,
    namespace: str,
    values: Mapping[str, Any],
    labels: Mapping[str, str],
    options: pulumi.ResourceOptions,
) -> None:
    metadata = kubernetes.meta.v1.ObjectMetaArgs(
        name=source.chart, namespace=namespace, labels=dict(labels)
    )
    repository = kubernetes.apiextensions.CustomResource(
        f"{name}-repository",
        api_version=FLUX_SOURCE,
        kind="HelmRepository",
        metadata=metadata,
        spec={"url": source.repository, "interval": FLUX_INTERVAL},
        opts=options,
    )
    crds = {"crds": "CreateReplace", "remediation": {"retries": 3}}
    kubernetes.apiextensions.CustomResource(
        f"{name}-release",
        api_version=FLUX_RELEASE,
        kind="HelmRelease",
        metadata=metadata,
        spec={
            "interval": FLUX_INTERVAL,
            "releaseName": source.chart,
            "chart": {
                "spec": {
                    "chart": source.chart,
                    "version": version,
                    "interval": FLUX_INTERVAL,
                    "sourceRef": {"kind": "HelmRepository", "name": source.chart},
                }
            },
            "install": crds,
            "upgrade": crds,
            "values": dict(values),
        },
        opts=pulumi.ResourceOptions.merge(options, pulumi.ResourceOptions(depends_on=[repository])),
    )
