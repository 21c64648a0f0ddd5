"""Everything that a plan's accelerators need in a cluster, and nothing else."""

from typing import Any, Literal, NotRequired, TypedDict

import pulumi
from pydantic import Field

from trimtab.plan.attribution import object_labels
from trimtab.provision.accelerators.compatibility import NodeImage
from trimtab.provision.accelerators.selection import Wanted, select
from trimtab.provision.arguments import Arguments, argument_name, checked, plan_of
from trimtab.provision.pool_settings import SettingsByGroup
from trimtab_components.accelerators.amd import AmdGpuOperator
from trimtab_components.accelerators.discovery import NodeFeatureDiscovery
from trimtab_components.accelerators.efa import EfaDevices
from trimtab_components.accelerators.fpga import FpgaDevices
from trimtab_components.accelerators.gpu_operator import GpuOperator
from trimtab_components.accelerators.intel import IntelDevices
from trimtab_components.accelerators.neuron import NeuronDevices
from trimtab_components.accelerators.nvidia_dra import NvidiaDraDriver
from trimtab_components.accelerators.opening import open_nodes_when_ready
from trimtab_components.installation import Delivery
from trimtab_components.order import standing_first
from trimtab_components.pool_settings import PoolSettings

_MAKERS: dict[str, tuple[str, Any]] = {
    "NodeFeatureDiscovery": ("node-feature-discovery", NodeFeatureDiscovery),
    "GpuOperator": ("gpu-operator", GpuOperator),
    "NvidiaDraDriver": ("nvidia-dra", NvidiaDraDriver),
    "NeuronDevices": ("neuron", NeuronDevices),
    "EfaDevices": ("efa", EfaDevices),
    "AmdGpuOperator": ("amd", AmdGpuOperator),
    "IntelDevices": ("intel", IntelDevices),
    "FpgaDevices": ("fpga", FpgaDevices),
}
"""The component's name with the end of its resource name; the first goes first."""
_BRING_KINDS = ("NodeFeatureDiscovery", "GpuOperator")


class AcceleratorsArgs(TypedDict):
    """What the plan's accelerators are served by. All of it must be known at plan time."""

    plan: Any
    """The CapacityPlan: a document, or the path of its file."""
    image: str
    """The nodes' image where a pool states none, such as AL2023, BOTTLEROCKET, EKS_AUTO, UBUNTU or
    COS."""
    pools: NotRequired[dict[str, PoolSettings]]
    """The pools' settings by `<pool>` or `<pool>/<group>`, as the component that makes the nodes has
    them: taints, sharing, MIG, EFA and readiness are read off them."""
    delivery: NotRequired[str]
    """chart (the default): Pulumi renders the charts. flux: HelmReleases for Flux in the cluster."""
    dra: NotRequired[str]
    """How NVIDIA GPUs are offered: none (the default, a device plugin), operator (the GPU operator's
    own DRA mode) or driver (the standalone NVIDIA DRA driver, with a DeviceClass a model)."""
    kubernetes_version: NotRequired[str]
    """The cluster's version, such as 1.34; needed for dra driver."""
    components: NotRequired[dict[str, dict[str, Any]]]
    """Further arguments of a component by its name, over those that follow from the plan, such as
    {"GpuOperator": {"override": {"version": "v26.7.0"}}}; their names may be spelt as Pulumi spells
    them (`migStrategy`)."""
    labels: NotRequired[dict[str, str]]
    """Labels of the objects, besides those of the plan."""


class _Checked(Arguments):
    plan: Any
    image: NodeImage
    pools: dict[str, dict[str, Any]] = Field(default_factory=dict)
    delivery: Delivery = "chart"
    dra: Literal["none", "operator", "driver"] = "none"
    kubernetes_version: str | None = None
    components: dict[str, dict[str, Any]] = Field(default_factory=dict)
    labels: dict[str, str] = Field(default_factory=dict)


class Accelerators(pulumi.ComponentResource):
    """The drivers, device plugins and readiness gates of a plan's accelerators."""

    component_names: pulumi.Output[list[str]]
    """The types of the components that the plan needs, in the order in which they were made."""
    tolerates: pulumi.Output[list[str]]
    """Keys of the taints on nodes with devices; their daemons tolerate all of them."""

    def __init__(
        self, name: str, args: AcceleratorsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """
        Args:
            name: the component's name; its children's begin with it.
            args: see `AcceleratorsArgs`.
            opts: Pulumi's options; providers are handed down.

        Raises:
            InputError: an argument is unknown or wrong, or devices, images and settings don't go
                together.
        """
        where = f'Accelerators "{name}"'
        settings = checked(_Checked, args, where)
        plan = plan_of(settings.plan, where)
        labels = {**settings.labels, **object_labels(plan)}
        selection = select(
            plan,
            SettingsByGroup(plan, settings.pools, where),
            Wanted(
                settings.image,
                settings.delivery,
                settings.dra,
                settings.kubernetes_version,
                labels,
                {kind: _named(stated) for kind, stated in settings.components.items()},
            ),
            where,
        )
        super().__init__("trimtab:index:Accelerators", name, {}, opts)
        after = first = standing_first(opts)
        for kind, arguments in selection.components.items():
            suffix, make = _MAKERS[kind]
            options = pulumi.ResourceOptions(parent=self, depends_on=after)
            made = make(f"{name}-{suffix}", arguments, options)
            # Others choose their nodes by its labels, and use the kinds that its chart brings.
            after = [*after, made] if kind in _BRING_KINDS else after
        open_nodes_when_ready(
            f"{name}-readiness",
            selection.gates,
            selection.tolerate,
            labels,
            self,
            first,
            critical_quota=plan.spec.site.provider == "gcp",
        )
        self.component_names = pulumi.Output.from_input(list(selection.components))
        self.tolerates = pulumi.Output.from_input(list(selection.tolerate))
        self.register_outputs(
            {"component_names": self.component_names, "tolerates": self.tolerates}
        )


def _named(stated: dict[str, Any]) -> dict[str, Any]:
    # Schemas rename the fields of known types only, and these are of the component's own.
    return {argument_name(key): value for key, value in stated.items()}
