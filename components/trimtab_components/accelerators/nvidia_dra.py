"""The standalone NVIDIA DRA driver on a cluster, and DeviceClasses by model and MIG profile."""

from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_kubernetes as kubernetes
from pydantic import Field

from trimtab.errors import InputError
from trimtab.plan.types import Flag
from trimtab.provision.accelerators.compatibility import (
    NodeImage,
    check_component,
    check_use,
    minor_of,
    row_of,
)
from trimtab.provision.accelerators.device_classes import (
    CLASS_SUFFIX,
    CLASSES_FIRST_MINOR,
    FIRST_MINOR,
    class_of,
    device_class_spec,
    dra_driver_values,
)
from trimtab.provision.arguments import Arguments, Override, checked
from trimtab.provision.charts.accelerators import NVIDIA_DRA_DRIVER
from trimtab_components.arguments import ChartOverride
from trimtab_components.installation import Delivery, Release, install
from trimtab_components.order import standing_first


class GpuClass(TypedDict):
    """A DeviceClass: one GPU of a model, or one MIG slice of it."""

    model: str
    """The GPU's model, such as h100-80gb or l4."""
    mig_profile: NotRequired[str]
    """The slice's profile, such as 1g.10gb; without it the class is of whole GPUs."""


class NvidiaDraDriverArgs(TypedDict):
    """What the driver is set up for. All of it must be known at plan time."""

    image: str
    """The GPU nodes' image: AL2023, UBUNTU or AKS_UBUNTU_NO_DRIVER."""
    kubernetes_version: str
    """The cluster's version, such as 1.34: 1.32 for the driver, 1.34 for device_classes."""
    delivery: NotRequired[str]
    """chart (the default): Pulumi renders the chart. flux: a HelmRelease for Flux in the cluster."""
    gpus: NotRequired[bool]
    """Whether the driver offers GPUs and MIG slices; default true."""
    compute_domains: NotRequired[bool]
    """Whether it offers ComputeDomains, NVLink across nodes as on GB200; default false."""
    crds: NotRequired[bool]
    """Whether the chart's own CRDs are installed; default true. Give false beside a GpuOperator of
    v26.7.0 or later, whose chart brings the same ones."""
    beside_device_plugin: NotRequired[bool]
    """Whether a device plugin offers GPUs in this cluster too; then state node_labels or gpus false."""
    node_labels: NotRequired[dict[str, str]]
    """Labels of the nodes that the driver goes to; the default is all with NVIDIA GPUs."""
    device_classes: NotRequired[list[GpuClass]]
    """DeviceClasses to make, beside the driver's own gpu.nvidia.com and mig.nvidia.com."""
    tolerate: NotRequired[list[str]]
    """Keys of taints on GPU nodes, besides nvidia.com/gpu."""
    labels: NotRequired[dict[str, str]]
    """Labels of the objects."""
    override: NotRequired[ChartOverride]
    """What differs from the chart's version, namespace and values as Trimtab sets them."""


class _Class(Arguments):
    model: str
    mig_profile: str | None = None


class _Checked(Arguments):
    image: NodeImage
    kubernetes_version: str
    delivery: Delivery = "chart"
    gpus: Flag = True
    compute_domains: Flag = False
    crds: Flag = True
    beside_device_plugin: Flag = False
    node_labels: dict[str, str] = Field(default_factory=dict)
    device_classes: tuple[_Class, ...] = ()
    tolerate: tuple[str, ...] = ()
    labels: dict[str, str] = Field(default_factory=dict)
    override: Override = Override()


class NvidiaDraDriver(pulumi.ComponentResource):
    """NVIDIA GPUs through Dynamic Resource Allocation, with a DeviceClass a model."""

    namespace: pulumi.Output[str]
    """The namespace of the release."""
    version: pulumi.Output[str]
    """The chart's version."""
    device_class_names: pulumi.Output[list[str]]
    """The DeviceClasses made here."""

    def __init__(
        self, name: str, args: NvidiaDraDriverArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """
        Args:
            name: the component's name; its children's begin with it.
            args: see `NvidiaDraDriverArgs`.
            opts: Pulumi's options; providers are handed down.

        Raises:
            InputError: an argument is unknown or wrong, the cluster is too old, the image brings a
                device plugin, or a device plugin would offer the same GPUs.
        """
        where = f'NvidiaDraDriver "{name}"'
        settings = checked(_Checked, args, where)
        row = row_of(settings.image, "nvidia", where)
        check_component(row, where)
        check_use(row, dra=True, where=where)
        classes = [class_of(c.model, c.mig_profile, where) for c in settings.device_classes]
        _check_version(settings.kubernetes_version, bool(classes), where)
        if classes and not settings.gpus:
            raise InputError(
                "device_classes name GPUs, but gpus is false",
                where=where,
                mend="drop device_classes, or gpus",
            )
        root = "/run/nvidia/driver" if row.driver == "component" else "/"
        values = dra_driver_values(
            settings.gpus,
            settings.compute_domains,
            settings.beside_device_plugin,
            settings.node_labels,
            root,
            settings.tolerate,
            settings.override.values,
            where,
        )
        release = Release(
            NVIDIA_DRA_DRIVER,
            values,
            settings.override,
            settings.delivery,
            settings.labels,
            privileged=True,  # its plugin mounts the node's devices
            skip_crds=not settings.crds,
        )
        super().__init__("trimtab:index:NvidiaDraDriver", name, {}, opts)
        driver = install(name, release, self, standing_first(opts))
        for each in dict.fromkeys(classes):
            spec: Any = device_class_spec(each)  # in the API's own words
            kubernetes.resource.v1.DeviceClass(
                f"{name}-class-{each.name.removesuffix(f'.{CLASS_SUFFIX}')}",
                metadata=kubernetes.meta.v1.ObjectMetaArgs(
                    name=each.name, labels=settings.labels or None
                ),
                spec=spec,
                opts=pulumi.ResourceOptions(parent=self, depends_on=[driver]),
            )
        self.namespace = pulumi.Output.from_input(release.namespace)
        self.version = pulumi.Output.from_input(release.version)
        names = sorted({each.name for each in classes})
        self.device_class_names = pulumi.Output.from_input(names)
        self.register_outputs(
            {
                "namespace": self.namespace,
                "version": self.version,
                "device_class_names": self.device_class_names,
            }
        )


def _check_version(version: str, classes: bool, where: str) -> None:
    minor = minor_of(version, where)
    needs = CLASSES_FIRST_MINOR if classes else FIRST_MINOR
    if minor < needs:
        what = "device_classes (resource.k8s.io/v1)" if classes else "the driver"
        raise InputError(
            f"{what} needs Kubernetes 1.{needs}, but kubernetes_version is {version}",
            where=where,
            mend=f"give kubernetes_version 1.{needs} or later",
        )
