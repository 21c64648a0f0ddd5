"""Elastic Fabric Adapters on a cluster: AWS's device plugin, which offers vpc.amazonaws.com/efa."""

from typing import NotRequired, TypedDict

import pulumi
from pydantic import Field

from trimtab.provision.accelerators.compatibility import NodeImage, check_component, row_of
from trimtab.provision.accelerators.vendor_values import efa_values
from trimtab.provision.arguments import Arguments, Override, checked
from trimtab.provision.charts.accelerators import EFA
from trimtab_components.arguments import ChartOverride
from trimtab_components.installation import Delivery, Release, install
from trimtab_components.order import standing_first


class EfaDevicesArgs(TypedDict):
    """What the EFA device plugin is set up for. All of it must be known at plan time."""

    image: str
    """The image of the nodes with EFA: AL2023 or BOTTLEROCKET."""
    delivery: NotRequired[str]
    """chart (the default): Pulumi renders the chart. flux: a HelmRelease for Flux in the cluster."""
    node_labels: NotRequired[dict[str, str]]
    """Labels of the nodes that the plugin goes to, among those of a type with EFA."""
    tolerate: NotRequired[list[str]]
    """Keys of taints on the nodes, besides aws.amazon.com/efa."""
    labels: NotRequired[dict[str, str]]
    """Labels of the objects."""
    override: NotRequired[ChartOverride]
    """What differs from the chart's version, namespace and values as Trimtab sets them."""


class _Checked(Arguments):
    image: NodeImage
    delivery: Delivery = "chart"
    node_labels: dict[str, str] = Field(default_factory=dict)
    tolerate: tuple[str, ...] = ()
    labels: dict[str, str] = Field(default_factory=dict)
    override: Override = Override()


class EfaDevices(pulumi.ComponentResource):
    """What makes EFA interfaces allocatable."""

    namespace: pulumi.Output[str]
    """The namespace of the release."""
    version: pulumi.Output[str]
    """The chart's version."""

    def __init__(
        self, name: str, args: EfaDevicesArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """
        Args:
            name: the component's name; its children's begin with it.
            args: see `EfaDevicesArgs`.
            opts: Pulumi's options; providers are handed down.

        Raises:
            InputError: an argument is unknown or wrong, or the image brings the plugin already.
        """
        where = f'EfaDevices "{name}"'
        settings = checked(_Checked, args, where)
        check_component(row_of(settings.image, "efa", where), where)
        values = efa_values(settings.tolerate, settings.node_labels, settings.override.values)
        release = Release(
            EFA,
            values,
            settings.override,
            settings.delivery,
            settings.labels,
            privileged=True,  # its pods mount the node's devices
        )
        super().__init__("trimtab:index:EfaDevices", name, {}, opts)
        install(name, release, self, standing_first(opts))
        self.namespace = pulumi.Output.from_input(release.namespace)
        self.version = pulumi.Output.from_input(release.version)
        self.register_outputs({"namespace": self.namespace, "version": self.version})
