"""AWS Neuron (Trainium, Inferentia) on a cluster: device plugin or DRA driver, and their companions."""

from typing import NotRequired, TypedDict

import pulumi
from pydantic import Field

from trimtab.plan.types import Flag
from trimtab.provision.accelerators.compatibility import (
    NodeImage,
    check_component,
    check_use,
    check_version,
    row_of,
)
from trimtab.provision.accelerators.vendor_values import neuron_values
from trimtab.provision.arguments import Arguments, Override, checked
from trimtab.provision.charts.accelerators import NEURON
from trimtab_components.arguments import ChartOverride
from trimtab_components.installation import Delivery, Release, install
from trimtab_components.order import standing_first


class NeuronDevicesArgs(TypedDict):
    """What the Neuron chart is set up for. All of it must be known at plan time."""

    image: str
    """The Neuron nodes' image: AL2023 or BOTTLEROCKET."""
    delivery: NotRequired[str]
    """chart (the default): Pulumi renders the chart. flux: a HelmRelease for Flux in the cluster."""
    scheduler: NotRequired[bool]
    """Whether the scheduler extension runs, which keeps a container's devices next to one another;
    its scheduler is called my-scheduler. Default false."""
    health_monitor: NotRequired[bool]
    """Whether the node problem detector for Neuron runs; default false."""
    dra: NotRequired[bool]
    """Whether the DRA driver offers the devices instead of the device plugin; default false."""
    kubernetes_version: NotRequired[str]
    """The cluster's version, such as 1.34; where it is given, DRA is refused on one too old."""
    tolerate: NotRequired[list[str]]
    """Keys of taints on Neuron nodes, besides aws.amazon.com/neuron."""
    labels: NotRequired[dict[str, str]]
    """Labels of the objects."""
    override: NotRequired[ChartOverride]
    """What differs from the chart's version, namespace and values as Trimtab sets them."""


class _Checked(Arguments):
    image: NodeImage
    delivery: Delivery = "chart"
    scheduler: Flag = False
    health_monitor: Flag = False
    dra: Flag = False
    kubernetes_version: str | None = None
    tolerate: tuple[str, ...] = ()
    labels: dict[str, str] = Field(default_factory=dict)
    override: Override = Override()


class NeuronDevices(pulumi.ComponentResource):
    """What makes Trainium and Inferentia allocatable."""

    namespace: pulumi.Output[str]
    """The namespace of the release."""
    version: pulumi.Output[str]
    """The chart's version."""

    def __init__(
        self, name: str, args: NeuronDevicesArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """
        Args:
            name: the component's name; its children's begin with it.
            args: see `NeuronDevicesArgs`.
            opts: Pulumi's options; providers are handed down.

        Raises:
            InputError: an argument is unknown or wrong, the image brings a device plugin or no
                driver, or a device plugin and a DRA driver would offer the same devices.
        """
        where = f'NeuronDevices "{name}"'
        settings = checked(_Checked, args, where)
        row = row_of(settings.image, "neuron", where)
        check_component(row, where)
        check_use(row, dra=settings.dra, where=where)
        check_version(row, settings.kubernetes_version, settings.dra, where)
        values = neuron_values(
            settings.tolerate,
            settings.override.namespace or NEURON.namespace,
            settings.scheduler,
            settings.health_monitor,
            settings.dra,
            settings.override.values,
            where,
        )
        release = Release(
            NEURON,
            values,
            settings.override,
            settings.delivery,
            settings.labels,
            privileged=True,  # its pods mount the node's devices
        )
        super().__init__("trimtab:index:NeuronDevices", name, {}, opts)
        install(name, release, self, standing_first(opts))
        self.namespace = pulumi.Output.from_input(release.namespace)
        self.version = pulumi.Output.from_input(release.version)
        self.register_outputs({"namespace": self.namespace, "version": self.version})
