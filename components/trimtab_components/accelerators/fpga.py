"""AMD (Xilinx) FPGAs on a cluster: their device plugin, which no chart installs.

The plugin needs XRT and the card's shell on the node: the nodes' image must bring them. It names the
resource after the shell (`amd.com/xilinx_<shell>-<timestamp>`), so the names are the cards', not ours.
"""

from typing import Literal, NotRequired, TypedDict

import pulumi
from pydantic import Field

from trimtab.provision.accelerators.compatibility import NodeImage, check_component, row_of
from trimtab.provision.accelerators.daemons import Daemon
from trimtab.provision.arguments import Arguments, checked
from trimtab.provision.charts.accelerators import FPGA_PLUGIN
from trimtab_components.accelerators.own_daemons import daemon_set
from trimtab_components.installation import pods_namespace
from trimtab_components.order import standing_first

NAMESPACE = "trimtab-fpga"


class FpgaDevicesArgs(TypedDict):
    """What the FPGA device plugin is set up for. All of it must be known at plan time."""

    image: str
    """The FPGA nodes' image, AL2023 or UBUNTU, with XRT and the card's shell on it."""
    node_labels: NotRequired[dict[str, str]]
    """Labels of the nodes with FPGAs; without them and pools the plugin runs on every node."""
    pools: NotRequired[list[str]]
    """Names of the plan's pools whose nodes have FPGAs."""
    plugin_image: NotRequired[str]
    """Image of the device plugin, where it is not the one that Trimtab names: shells differ."""
    u30_names: NotRequired[str]
    """Names of Alveo U30 cards (vt1): CommonName (amd.com/ama_u30, the default) or ExactName (the
    shell's)."""
    u30_unit: NotRequired[str]
    """What one of the resource is on a U30: Card (the default) or Device."""
    env: NotRequired[dict[str, str]]
    """Further environment of the plugin, for plugin images that know more."""
    namespace: NotRequired[str]
    """The plugin's namespace; default trimtab-fpga."""
    tolerate: NotRequired[list[str]]
    """Keys of taints on FPGA nodes."""
    labels: NotRequired[dict[str, str]]
    """Labels of the objects."""


class _Checked(Arguments):
    image: NodeImage
    node_labels: dict[str, str] = Field(default_factory=dict)
    pools: tuple[str, ...] = ()
    plugin_image: str | None = None
    u30_names: Literal["CommonName", "ExactName"] = "CommonName"
    u30_unit: Literal["Card", "Device"] = "Card"
    env: dict[str, str] = Field(default_factory=dict)
    namespace: str = NAMESPACE
    tolerate: tuple[str, ...] = ()
    labels: dict[str, str] = Field(default_factory=dict)


class FpgaDevices(pulumi.ComponentResource):
    """What makes AMD's FPGAs allocatable."""

    namespace: pulumi.Output[str]
    """The namespace of the plugin."""
    version: pulumi.Output[str]
    """The plugin's image."""

    def __init__(
        self, name: str, args: FpgaDevicesArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """
        Args:
            name: the component's name; its children's begin with it.
            args: see `FpgaDevicesArgs`.
            opts: Pulumi's options; providers are handed down.

        Raises:
            InputError: an argument is unknown or wrong, or the image is not one that can have XRT.
        """
        where = f'FpgaDevices "{name}"'
        settings = checked(_Checked, args, where)
        check_component(row_of(settings.image, "fpga", where), where)
        u30 = {"U30NameConvention": settings.u30_names, "U30AllocUnit": settings.u30_unit}
        daemon = Daemon(
            "xilinx-device-plugin",
            settings.plugin_image or FPGA_PLUGIN.reference,
            settings.tolerate,
            settings.labels,
            settings.node_labels,
            settings.pools,
            {**u30, **settings.env},
        )
        super().__init__("trimtab:index:FpgaDevices", name, {}, opts)
        home = pods_namespace(
            f"{name}-namespace",
            settings.namespace,
            settings.labels,
            "privileged",  # its pods mount the kubelet's folder
            pulumi.ResourceOptions(parent=self, depends_on=standing_first(opts)),
        )
        options = pulumi.ResourceOptions(parent=self, depends_on=[home])
        daemon_set(name, daemon, settings.namespace, options)
        self.namespace = pulumi.Output.from_input(settings.namespace)
        self.version = pulumi.Output.from_input(daemon.image)
        self.register_outputs({"namespace": self.namespace, "version": self.version})
