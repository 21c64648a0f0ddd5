"""Intel's devices on a cluster: GPUs, FPGAs and QuickAssist by Intel's operator, Gaudi by its plugin."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, NotRequired, TypedDict

import pulumi
import pulumi_kubernetes as kubernetes
from pydantic import Field

from trimtab.errors import InputError
from trimtab.plan.types import Count
from trimtab.provision.accelerators.compatibility import NodeImage, check_component, row_of
from trimtab.provision.accelerators.daemons import Daemon
from trimtab.provision.accelerators.vendor_values import (
    intel_fpga_plugin,
    intel_fpga_rule,
    intel_gpu_values,
    intel_qat_values,
)
from trimtab.provision.arguments import Arguments, Override, checked
from trimtab.provision.charts.accelerators import (
    GAUDI_PLUGIN,
    INTEL_FPGA_INIT,
    INTEL_FPGA_PLUGIN,
    INTEL_GPU,
    INTEL_OPERATOR,
    INTEL_QAT,
)
from trimtab.provision.helm_values import merge
from trimtab_components.accelerators.own_daemons import daemon_set
from trimtab_components.arguments import ChartOverride
from trimtab_components.installation import (
    Delivery,
    Release,
    install,
    pods_namespace,
)
from trimtab_components.order import standing_first

DEVICE_PLUGIN = "deviceplugin.intel.com/v1"
FEATURE_RULE = "nfd.k8s-sigs.io/v1alpha1"
GAUDI_NAMESPACE = "habana-system"
GAUDI_TAINT = "habana.ai/gaudi"


class IntelDevicesArgs(TypedDict):
    """Which of Intel's devices are served. All of it must be known at plan time."""

    image: str
    """The nodes' image: UBUNTU."""
    devices: list[str]
    """What nodes have: gpu, fpga, qat, gaudi. The first three need cert-manager and node feature
    discovery in the cluster; gaudi needs its driver and container runtime in the nodes' image."""
    delivery: NotRequired[str]
    """chart (the default): Pulumi renders the charts. flux: HelmReleases for Flux in the cluster."""
    gpu_replicas: NotRequired[int]
    """Containers a GPU, 1 to 64; default 1."""
    fpga_mode: NotRequired[str]
    """How FPGAs are offered: region (the default), af or regiondevel."""
    node_labels: NotRequired[dict[str, str]]
    """Labels of the nodes that are served, besides those of node feature discovery."""
    gaudi_pools: NotRequired[list[str]]
    """Names of the plan's pools whose nodes have Gaudi; without them its plugin goes to every node."""
    gaudi_image: NotRequired[str]
    """Image of Gaudi's device plugin, where it is not the one that Trimtab names."""
    tolerate: NotRequired[list[str]]
    """Keys of taints on the nodes."""
    labels: NotRequired[dict[str, str]]
    """Labels of the objects."""
    override: NotRequired[ChartOverride]
    """What differs from the operator chart's version, namespace and values; the plugins' charts take
    its version and namespace too."""


class _Checked(Arguments):
    image: NodeImage
    devices: Annotated[tuple[Literal["gpu", "fpga", "qat", "gaudi"], ...], Field(min_length=1)]
    delivery: Delivery = "chart"
    gpu_replicas: Annotated[Count, Field(ge=1, le=64)] = 1
    fpga_mode: Literal["af", "region", "regiondevel"] = "region"
    node_labels: dict[str, str] = Field(default_factory=dict)
    gaudi_pools: tuple[str, ...] = ()
    gaudi_image: str | None = None
    tolerate: tuple[str, ...] = ()
    labels: dict[str, str] = Field(default_factory=dict)
    override: Override = Override()


class IntelDevices(pulumi.ComponentResource):
    """What makes Intel's GPUs, FPGAs, QuickAssist and Gaudi devices allocatable."""

    namespace: pulumi.Output[str]
    """The namespace of the releases; Gaudi's plugin has its own."""
    version: pulumi.Output[str]
    """The charts' version; of Gaudi's plugin where it stands alone."""

    def __init__(
        self, name: str, args: IntelDevicesArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """
        Args:
            name: the component's name; its children's begin with it.
            args: see `IntelDevicesArgs`.
            opts: Pulumi's options; providers are handed down.

        Raises:
            InputError: an argument is unknown or wrong, or nothing is known to drive the devices on
                the image.
        """
        where = f'IntelDevices "{name}"'
        settings = checked(_Checked, args, where)
        by_operator = [d for d in settings.devices if d != "gaudi"]
        for vendor, needed in (
            ("gaudi", "gaudi" in settings.devices),
            ("intel", bool(by_operator)),
        ):
            if needed:
                check_component(row_of(settings.image, vendor, where), where)
        if settings.gpu_replicas > 1 and "gpu" not in settings.devices:
            raise InputError(
                f"gpu_replicas is {settings.gpu_replicas}, but devices names no gpu",
                where=where,
                mend="drop gpu_replicas, or name gpu",
            )
        super().__init__("trimtab:index:IntelDevices", name, {}, opts)
        namespace, version = GAUDI_NAMESPACE, GAUDI_PLUGIN.version
        if by_operator:
            release = _operator_release(settings, by_operator)
            namespace, version = release.namespace, release.version
            operator = install(name, release, self, standing_first(opts))
            self._plugins(name, settings, operator, standing_first(opts))
        if "gaudi" in settings.devices:
            self._gaudi(name, settings, standing_first(opts))
        self.namespace = pulumi.Output.from_input(namespace)
        self.version = pulumi.Output.from_input(version)
        self.register_outputs({"namespace": self.namespace, "version": self.version})

    def _plugins(
        self, name: str, settings: _Checked, operator: pulumi.Resource, after: list[Any]
    ) -> None:
        bare = Override(version=settings.override.version, namespace=settings.override.namespace)
        charts = {
            "gpu": (
                INTEL_GPU,
                intel_gpu_values(
                    "trimtab-gpu", settings.tolerate, settings.gpu_replicas, settings.node_labels
                ),
            ),
            "qat": (
                INTEL_QAT,
                intel_qat_values("trimtab-qat", settings.tolerate, settings.node_labels),
            ),
        }
        for device, (chart, values) in charts.items():
            if device in settings.devices:
                release = Release(
                    chart,
                    values,
                    bare,
                    settings.delivery,
                    settings.labels,
                    own_namespace=False,
                    requires=(INTEL_OPERATOR,),
                )
                install(f"{name}-{device}", release, self, [operator])
        if "fpga" in settings.devices and not settings.node_labels:
            rule: Any = intel_fpga_rule()  # in the API's own words
            kubernetes.apiextensions.CustomResource(
                f"{name}-fpga-rule",
                api_version=FEATURE_RULE,
                kind="NodeFeatureRule",
                metadata=kubernetes.meta.v1.ObjectMetaArgs(
                    name="trimtab-intel-fpga", labels=settings.labels or None
                ),
                spec=rule,
                opts=pulumi.ResourceOptions(parent=self, depends_on=after),
            )
        if "fpga" in settings.devices:
            kubernetes.apiextensions.CustomResource(
                f"{name}-fpga",
                api_version=DEVICE_PLUGIN,
                kind="FpgaDevicePlugin",
                metadata=kubernetes.meta.v1.ObjectMetaArgs(
                    name="trimtab-fpga", labels=settings.labels or None
                ),
                spec=intel_fpga_plugin(
                    INTEL_FPGA_PLUGIN.reference,
                    INTEL_FPGA_INIT.reference,
                    settings.fpga_mode,
                    settings.tolerate,
                    settings.node_labels,
                ),
                opts=pulumi.ResourceOptions(parent=self, depends_on=[operator]),
            )

    def _gaudi(self, name: str, settings: _Checked, after: list[Any]) -> None:
        home = pods_namespace(
            f"{name}-gaudi-namespace",
            GAUDI_NAMESPACE,
            settings.labels,
            "privileged",
            pulumi.ResourceOptions(parent=self, depends_on=after),
        )
        daemon = Daemon(
            "habanalabs-device-plugin",
            settings.gaudi_image or GAUDI_PLUGIN.reference,
            (GAUDI_TAINT, *settings.tolerate),
            settings.labels,
            settings.node_labels,
            settings.gaudi_pools,
            privileged=True,  # it reads the node's devices
        )
        options = pulumi.ResourceOptions(parent=self, depends_on=[home])
        daemon_set(f"{name}-gaudi", daemon, GAUDI_NAMESPACE, options)


def _operator_release(settings: _Checked, devices: Sequence[str]) -> Release:
    values = {"manager": {"devices": dict.fromkeys(sorted(devices), True)}}
    return Release(
        INTEL_OPERATOR,
        merge(values, settings.override.values),
        settings.override,
        settings.delivery,
        settings.labels,
        privileged=True,  # the plugins that it makes mount the node's devices
    )
