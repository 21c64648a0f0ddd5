"""The AMD GPU operator on a cluster, with the DeviceConfig that says what it does to which nodes."""

from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_kubernetes as kubernetes
from pydantic import Field

from trimtab.plan.types import Flag
from trimtab.provision.accelerators.compatibility import (
    NodeImage,
    check_component,
    check_use,
    check_version,
    row_of,
)
from trimtab.provision.accelerators.vendor_values import AmdDriver, amd_device_config, amd_values
from trimtab.provision.arguments import Arguments, Override, checked
from trimtab.provision.charts.accelerators import AMD_GPU_OPERATOR
from trimtab_components.arguments import ChartOverride
from trimtab_components.installation import Delivery, Release, install
from trimtab_components.order import standing_first

DEVICE_CONFIG = "amd.com/v1alpha1"


class AmdGpuOperatorArgs(TypedDict):
    """What the operator is set up for. All of it must be known at plan time."""

    image: str
    """The GPU nodes' image: UBUNTU or AKS_UBUNTU_NO_DRIVER."""
    delivery: NotRequired[str]
    """chart (the default): Pulumi renders the chart. flux: a HelmRelease for Flux in the cluster."""
    driver: NotRequired[str]
    """inbox (the default): the kernel's own amdgpu. operator: the operator builds and loads ROCm's;
    it needs cert-manager."""
    driver_image: NotRequired[str]
    """Repository, without a tag, to which the operator pushes the driver images that it builds."""
    dra: NotRequired[bool]
    """Whether the DRA driver offers the GPUs instead of the device plugin; default false."""
    kubernetes_version: NotRequired[str]
    """The cluster's version, such as 1.34; where it is given, DRA is refused on one too old."""
    node_feature_discovery: NotRequired[bool]
    """Whether the operator runs node feature discovery; default true. Give false beside another."""
    node_labels: NotRequired[dict[str, str]]
    """Labels of the nodes that the operator serves; the default is those with an AMD GPU."""
    device_config: NotRequired[dict[str, Any]]
    """What differs in the DeviceConfig's spec, laid over Trimtab's key by key."""
    tolerate: NotRequired[list[str]]
    """Keys of taints on GPU nodes, besides amd.com/gpu."""
    labels: NotRequired[dict[str, str]]
    """Labels of the objects."""
    override: NotRequired[ChartOverride]
    """What differs from the chart's version, namespace and values as Trimtab sets them."""


class _Checked(Arguments):
    image: NodeImage
    delivery: Delivery = "chart"
    driver: AmdDriver = "inbox"
    driver_image: str | None = None
    dra: Flag = False
    kubernetes_version: str | None = None
    node_feature_discovery: Flag = True
    node_labels: dict[str, str] = Field(default_factory=dict)
    device_config: dict[str, Any] = Field(default_factory=dict)
    tolerate: tuple[str, ...] = ()
    labels: dict[str, str] = Field(default_factory=dict)
    override: Override = Override()


class AmdGpuOperator(pulumi.ComponentResource):
    """What makes AMD Instinct GPUs allocatable."""

    namespace: pulumi.Output[str]
    """The namespace of the release."""
    version: pulumi.Output[str]
    """The chart's version."""

    def __init__(
        self, name: str, args: AmdGpuOperatorArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """
        Args:
            name: the component's name; its children's begin with it.
            args: see `AmdGpuOperatorArgs`.
            opts: Pulumi's options; providers are handed down.

        Raises:
            InputError: an argument is unknown or wrong, or the driver or the GPUs would have two
                owners or none.
        """
        where = f'AmdGpuOperator "{name}"'
        settings = checked(_Checked, args, where)
        row = row_of(settings.image, "amd", where)
        check_component(row, where)
        check_use(row, dra=settings.dra, where=where)
        check_version(row, settings.kubernetes_version, settings.dra, where)
        values = amd_values(
            settings.tolerate,
            settings.driver,
            settings.node_feature_discovery,
            settings.override.values,
            where,
        )
        spec = amd_device_config(
            settings.tolerate,
            settings.driver,
            settings.driver_image,
            settings.dra,
            settings.node_labels,
            settings.device_config,
            where,
        )
        release = Release(
            AMD_GPU_OPERATOR,
            values,
            settings.override,
            settings.delivery,
            settings.labels,
            privileged=True,  # its pods load kernel modules and mount the host
        )
        super().__init__("trimtab:index:AmdGpuOperator", name, {}, opts)
        operator = install(name, release, self, standing_first(opts))
        kubernetes.apiextensions.CustomResource(
            f"{name}-device-config",
            api_version=DEVICE_CONFIG,
            kind="DeviceConfig",
            metadata=kubernetes.meta.v1.ObjectMetaArgs(
                name="trimtab", namespace=release.namespace, labels=settings.labels or None
            ),
            spec=spec,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[operator]),
        )
        self.namespace = pulumi.Output.from_input(release.namespace)
        self.version = pulumi.Output.from_input(release.version)
        self.register_outputs({"namespace": self.namespace, "version": self.version})
