"""Node feature discovery on a cluster: one for all vendors, where several need it."""

from typing import NotRequired, TypedDict

import pulumi
from pydantic import Field

from trimtab.provision.accelerators.vendor_values import discovery_values
from trimtab.provision.arguments import Arguments, Override, checked
from trimtab.provision.charts.accelerators import NODE_FEATURE_DISCOVERY
from trimtab_components.arguments import ChartOverride
from trimtab_components.installation import Delivery, Release, install
from trimtab_components.order import standing_first


class NodeFeatureDiscoveryArgs(TypedDict):
    """What node feature discovery is set up for. All of it must be known at plan time."""

    delivery: NotRequired[str]
    """chart (the default): Pulumi renders the chart. flux: a HelmRelease for Flux in the cluster."""
    tolerate: NotRequired[list[str]]
    """Keys of taints on the nodes whose features are to be found."""
    labels: NotRequired[dict[str, str]]
    """Labels of the objects."""
    override: NotRequired[ChartOverride]
    """What differs from the chart's version, namespace and values as Trimtab sets them."""


class _Checked(Arguments):
    delivery: Delivery = "chart"
    tolerate: tuple[str, ...] = ()
    labels: dict[str, str] = Field(default_factory=dict)
    override: Override = Override()


class NodeFeatureDiscovery(pulumi.ComponentResource):
    """Node labels for hardware. Operators that bring their own must have it switched off."""

    namespace: pulumi.Output[str]
    """The namespace of the release."""
    version: pulumi.Output[str]
    """The chart's version."""

    def __init__(
        self, name: str, args: NodeFeatureDiscoveryArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """
        Args:
            name: the component's name; its children's begin with it.
            args: see `NodeFeatureDiscoveryArgs`.
            opts: Pulumi's options; providers are handed down.

        Raises:
            InputError: an argument is unknown or wrong.
        """
        where = f'NodeFeatureDiscovery "{name}"'
        settings = checked(_Checked, args, where)
        release = Release(
            NODE_FEATURE_DISCOVERY,
            discovery_values(settings.tolerate, settings.override.values),
            settings.override,
            settings.delivery,
            settings.labels,
            privileged=True,  # its worker mounts the node's /sys
        )
        super().__init__("trimtab:index:NodeFeatureDiscovery", name, {}, opts)
        install(name, release, self, standing_first(opts))
        self.namespace = pulumi.Output.from_input(release.namespace)
        self.version = pulumi.Output.from_input(release.version)
        self.register_outputs({"namespace": self.namespace, "version": self.version})
