"""Which machine image goes with which accelerator, and who owns driver, toolkit and device plugin there.

Pure: one table, a row for each image and vendor that go together. It answers what must be installed
and refuses the rest at plan time, with the mend. Two owners of one thing on a node, or none, is the
classic failure of accelerated nodes: two drivers, two device plugins, a device plugin beside DRA.

A pair that has no row is refused: nobody showed that it works.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, get_args

from trimtab.errors import InputError, allowed

NodeImage = Literal[
    "AL2023",
    "BOTTLEROCKET",
    "EKS_AUTO",
    "UBUNTU",
    "COS",
    "COS_NO_PLUGIN",
    "AKS_UBUNTU",
    "AKS_UBUNTU_NO_DRIVER",
    "AZURELINUX",
]
IMAGE_NOTES: Mapping[str, str] = MappingProxyType(
    {
        "AL2023": "EKS's AL2023 images (NVIDIA, NEURON, STANDARD)",
        "BOTTLEROCKET": "EKS's Bottlerocket images",
        "EKS_AUTO": "nodes of EKS Auto Mode",
        "UBUNTU": "Ubuntu without a vendor's software: on-premises, hybrid, self-made",
        "COS": "GKE's Container-Optimized OS, as GKE sets it up",
        "COS_NO_PLUGIN": (
            "the same, its pool labelled gke-no-default-nvidia-gpu-device-plugin=true and made with"
            " gpu-driver-version=disabled"
        ),
        "AKS_UBUNTU": "AKS's Ubuntu with its GPU driver (gpu-driver install)",
        "AKS_UBUNTU_NO_DRIVER": "AKS's Ubuntu without (gpu-driver none)",
        "AZURELINUX": "AKS's Azure Linux with its GPU driver",
    }
)
IMAGES: tuple[str, ...] = get_args(NodeImage)

Vendor = Literal["nvidia", "neuron", "efa", "amd", "intel", "gaudi", "fpga", "tpu"]
VENDORS: tuple[str, ...] = get_args(Vendor)
COMPONENTS: Mapping[str, str] = MappingProxyType(
    {
        "nvidia": "GpuOperator",
        "neuron": "NeuronDevices",
        "efa": "EfaDevices",
        "amd": "AmdGpuOperator",
        "intel": "IntelDevices",
        "gaudi": "IntelDevices",
        "fpga": "FpgaDevices",
    }
)
"""The component that installs what a vendor's devices need."""

Owner = Literal["image", "cloud", "component", "yours"]
OWNER_NOTES: Mapping[str, str] = MappingProxyType(
    {
        "image": "the machine image brings it",
        "cloud": "the cloud puts it there by itself",
        "component": "Trimtab's component installs it",
        "yours": "your own image or start-up script must bring it",
    }
)
Sharing = Literal["none", "time-slicing", "mps"]


@dataclass(frozen=True)
class Row:
    """An image and a vendor that go together.

    Attributes:
        driver, toolkit, device_plugin: who owns it; toolkit None where the vendor needs none.
        installed: whether Trimtab's component goes there at all.
        sharing: how containers may share one device through the component.
        mig: whether the component may cut GPUs by MIG.
        dra: whether Dynamic Resource Allocation may take the device plugin's place.
        dra_from: the first Kubernetes minor version with DRA for these devices.
        values: Helm values that the image asks of the component, beside the owners'.
        node_labels: labels that such nodes need, so that the component leaves them what they have.
        mend: what to do instead of what the row refuses.
    """

    image: str
    vendor: str
    driver: Owner
    toolkit: Owner | None
    device_plugin: Owner
    source: str
    as_of: str = "2026-11-23"
    installed: bool = True
    sharing: tuple[str, ...] = ()
    mig: bool = False
    dra: bool = False
    dra_from: int = 34
    values: Mapping[str, Any] = field(default_factory=dict)
    node_labels: Mapping[str, str] = field(default_factory=dict)
    mend: str = ""


_SHARED = ("time-slicing", "mps")
_EKS_GPU = "EKS user guide, EKS-optimized accelerated AMIs; NVIDIA GPU Operator with Amazon EKS"
_EKS_DEVICES = "EKS user guide, Manage hardware devices (NVIDIA, Neuron, EFA)"
_GKE = "GKE, Manage the GPU stack with the NVIDIA GPU Operator; NVIDIA AI Cluster Runtime, GKE GPU setup"
_AKS = "AKS, Use the NVIDIA GPU Operator; NVIDIA GPU Operator with Azure Kubernetes Service"
# The operator leaves alone on a node what these labels turn off.
_OPERANDS_OFF = MappingProxyType(
    {
        f"nvidia.com/gpu.deploy.{part}": "false"
        for part in ("container-toolkit", "device-plugin", "driver", "mig-manager")
    }
)
GKE_DRIVER_ROOT = "/".join(("", "home", "kubernetes", "bin", "nvidia"))
"""Where Google's installer puts the driver; the rest of the system is read-only."""
_GKE_PATHS = MappingProxyType(
    {
        "hostPaths": {"driverInstallDir": GKE_DRIVER_ROOT},
        "toolkit": {"installDir": GKE_DRIVER_ROOT},
    }
)
# Where AKS brings the driver it cuts the GPUs too (gpu_instance); the operator's manager would undo it:
# it labels nodes without a layout `all-disabled`.
_AKS_RUNTIME = MappingProxyType(
    {
        "operator": {"runtimeClass": "nvidia-container-runtime"},
        "migManager": {"enabled": False},
    }
)

ROWS: tuple[Row, ...] = (
    Row("AL2023", "nvidia", "image", "image", "component", _EKS_GPU,
        sharing=_SHARED, mig=True, dra=True, dra_from=32),
    Row("BOTTLEROCKET", "nvidia", "image", "image", "image",
        "Bottlerocket, settings.kubelet-device-plugins.nvidia; " + _EKS_GPU,
        node_labels=_OPERANDS_OFF,
        mend="set it in the image's own settings (settings.kubelet-device-plugins.nvidia)"),
    Row("EKS_AUTO", "nvidia", "image", "image", "image", _EKS_DEVICES, installed=False),
    Row("UBUNTU", "nvidia", "component", "component", "component",
        "NVIDIA GPU Operator, Platform support",
        sharing=_SHARED, mig=True, dra=True, dra_from=32),
    Row("COS", "nvidia", "cloud", "cloud", "cloud", _GKE, installed=False,
        mend="give image COS_NO_PLUGIN, its pools made with gpu-driver-version=disabled and the label"
        " gke-no-default-nvidia-gpu-device-plugin=true"),
    Row("COS_NO_PLUGIN", "nvidia", "yours", "component", "component", _GKE,
        sharing=_SHARED, mig=True, values=_GKE_PATHS),
    Row("AKS_UBUNTU", "nvidia", "image", "image", "component", _AKS,
        sharing=_SHARED, mig=True, values=_AKS_RUNTIME),
    Row("AKS_UBUNTU_NO_DRIVER", "nvidia", "component", "component", "component", _AKS,
        sharing=_SHARED, mig=True, dra=True, dra_from=32),
    Row("AZURELINUX", "nvidia", "image", "image", "component", _AKS,
        sharing=_SHARED, mig=True, values=_AKS_RUNTIME),
    Row("AL2023", "neuron", "image", None, "component", _EKS_DEVICES, dra=True),
    Row("BOTTLEROCKET", "neuron", "image", None, "component", _EKS_DEVICES),
    Row("EKS_AUTO", "neuron", "image", None, "image", _EKS_DEVICES, installed=False),
    Row("AL2023", "efa", "image", None, "component", _EKS_DEVICES),
    Row("BOTTLEROCKET", "efa", "image", None, "component", _EKS_DEVICES),
    Row("EKS_AUTO", "efa", "image", None, "image", _EKS_DEVICES, installed=False),
    Row("UBUNTU", "amd", "component", None, "component",
        "AMD GPU Operator v1.5.1, installation and DRA driver", dra=True, dra_from=32),
    Row("AKS_UBUNTU_NO_DRIVER", "amd", "component", None, "component",
        "AMD GPU Operator v1.5.1, installation and DRA driver", dra=True, dra_from=32),
    Row("UBUNTU", "intel", "image", None, "component",
        "Intel Device Plugins for Kubernetes v0.36.0 (drivers i915 and xe of the kernel)",
        sharing=("time-slicing",)),
    Row("UBUNTU", "gaudi", "yours", "yours", "component",
        "Intel Gaudi documentation 1.23, Device Plugin for Kubernetes"),
    Row("UBUNTU", "fpga", "yours", None, "component",
        "Xilinx FPGA_as_a_Service, k8s-device-plugin (XRT on the node); Intel Device Plugins v0.36.0"),
    Row("AL2023", "fpga", "yours", None, "component",
        "Xilinx FPGA_as_a_Service, k8s-device-plugin (XRT on the node)"),
    Row("COS", "tpu", "cloud", None, "cloud", "GKE, About TPUs in GKE", installed=False),
)  # fmt: skip

_BY_PAIR = MappingProxyType({(row.image, row.vendor): row for row in ROWS})


def row_of(image: str, vendor: str, where: str | None = None) -> Row:
    """The row of an image and a vendor.

    Raises:
        InputError: they do not go together; names the images that do.
    """
    row = _BY_PAIR.get((image, vendor))
    if row is None:
        able = [each.image for each in ROWS if each.vendor == vendor]
        raise InputError(
            f"no way is known to run {vendor} devices on {image} nodes",
            where=where,
            mend=f"use an image of {allowed(able)}",
        )
    return row


def check_component(row: Row, where: str | None = None) -> None:
    """Refuse a component where the image or the cloud brings everything it would install.

    Raises:
        InputError: it does.
    """
    if not row.installed:
        who = "the cloud" if row.device_plugin == "cloud" else f"the {row.image} image"
        raise InputError(
            f"{COMPONENTS.get(row.vendor, row.vendor)} on {row.image} nodes: {who} already brings the "
            f"{row.vendor} driver and device plugin, and a node takes no second one",
            where=where,
            mend=row.mend or "drop the component: there is nothing to install",
        )


def check_use(
    row: Row,
    sharing: Sequence[str] = (),
    mig: str = "none",
    dra: bool = False,
    where: str | None = None,
) -> None:
    """Refuse what can't be had on the row's nodes.

    Args:
        row: the image and vendor.
        sharing: the modes asked for, without `none`.
        mig: the strategy by which MIG slices are offered, or `none`.
        dra: whether DRA is to take the device plugin's place.
        where: what to call the component in an error.

    Raises:
        InputError: a mode or MIG is not to be had there, DRA is not, or DRA and sharing by the
            device plugin are asked for at once.
    """
    for asked, can in [(f"sharing {mode}", mode in row.sharing) for mode in sharing] + [
        (f"mig_strategy {mig}", mig == "none" or row.mig)
    ]:
        if can:
            continue
        if row.device_plugin != "component":
            problem = f"{row.image} brings its own device plugin, which the operator can't set up"
        else:
            problem = f"{row.vendor} devices on {row.image} nodes can't be shared so"
        others = [each.image for each in ROWS if each.vendor == row.vendor and each.sharing]
        raise InputError(
            f"{problem} ({asked})",
            where=where,
            mend=f"{row.mend}, or use one of {allowed(others)}" if row.mend else f"drop {asked}",
        )
    if dra and sharing:
        raise InputError(
            f"sharing {', '.join(sharing)} is the device plugin's, and DRA takes its place",
            where=where,
            mend="share a ResourceClaim between containers instead, or drop dra",
        )
    if dra and not row.dra:
        able = [each.image for each in ROWS if each.vendor == row.vendor and each.dra]
        problem = (
            f"the {row.image} image brings a device plugin, which can't stand beside DRA on one node"
            if row.device_plugin == "image"
            else f"DRA is not known to work for {row.vendor} devices on {row.image} nodes"
        )
        mend = f"use one of {allowed(able)}, or drop dra" if able else "drop dra"
        raise InputError(problem, where=where, mend=mend)


def check_version(
    row: Row, kubernetes_version: str | None, dra: bool, where: str | None = None
) -> None:
    """Refuse DRA on a cluster that is too old for the row's driver.

    Raises:
        InputError: the version is no `1.<minor>`, or below the driver's first.
    """
    if kubernetes_version is None or not dra:
        return
    minor = minor_of(kubernetes_version, where)
    if minor < row.dra_from:
        raise InputError(
            f"DRA for {row.vendor} devices needs Kubernetes 1.{row.dra_from}, "
            f"but kubernetes_version is {kubernetes_version}",
            where=where,
            mend=f"give kubernetes_version 1.{row.dra_from} or later, or drop dra",
        )


def minor_of(kubernetes_version: str, where: str | None = None) -> int:
    """The 34 of `1.34` or `v1.34.2`.

    Raises:
        InputError: it is no version of Kubernetes 1.
    """
    parts = kubernetes_version.removeprefix("v").split(".")
    if len(parts) < 2 or parts[0] != "1" or not parts[1].isdigit():
        raise InputError(
            f"kubernetes_version is {kubernetes_version}", where=where, mend="give it as 1.34"
        )
    return int(parts[1])


@dataclass(frozen=True)
class Installed:
    """What a component puts on nodes, after the user's overrides.

    Attributes:
        component: its type.
        vendor: whose devices; empty for node feature discovery.
        parts: of driver, toolkit, device-plugin, dra and nfd.
        nodes: the pools whose nodes it goes to; None for all.
    """

    component: str
    vendor: str
    parts: frozenset[str]
    nodes: frozenset[str] | None = None


def check_together(installed: Sequence[Installed], where: str | None = None) -> None:
    """Refuse two owners of one thing on one node.

    Raises:
        InputError: two components bring the same part for one vendor's devices to the same nodes,
            one brings a device plugin and another DRA, or two bring node feature discovery.
    """
    for index, one in enumerate(installed):
        for other in installed[index + 1 :]:
            if not _meet(one, other):
                continue
            both = f"{one.component} and {other.component}"
            if "nfd" in one.parts & other.parts:
                raise InputError(
                    f"{both} would both run node feature discovery",
                    where=where,
                    mend="switch it off in all but one (nfd.enabled or "
                    "node-feature-discovery.enabled false in its override.values)",
                )
            if not one.vendor or one.vendor != other.vendor:
                continue
            if twice := sorted(one.parts & other.parts):
                raise InputError(
                    f"{both} would both bring the {one.vendor} {twice[0]} to the same nodes",
                    where=where,
                    mend=f"switch it off in one of them: a node takes one {twice[0]}",
                )
            if {"device-plugin", "dra"} <= one.parts | other.parts:
                raise InputError(
                    f"{both} would offer the same {one.vendor} devices, one by a device plugin and "
                    "one by DRA",
                    where=where,
                    mend="switch the device plugin off, or drop dra",
                )


def _meet(one: Installed, other: Installed) -> bool:
    return one.nodes is None or other.nodes is None or bool(one.nodes & other.nodes)


def table() -> str:
    """The table in Markdown, for the documentation."""
    head = [
        "| vendor | image | driver | toolkit | device plugin | sharing | MIG | DRA | source |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    return "\n".join(head + [_line(row) for row in sorted(ROWS, key=_order)])


def _order(row: Row) -> tuple[int, int]:
    return VENDORS.index(row.vendor), IMAGES.index(row.image)


def _line(row: Row) -> str:
    sharing = ", ".join(row.sharing) or "-"
    dra = f"1.{row.dra_from}+" if row.dra else "-"
    cells = (
        row.vendor, row.image, row.driver, row.toolkit or "-", row.device_plugin, sharing,
        "yes" if row.mig else "-", dra, f"{row.source} ({row.as_of})",
    )  # fmt: skip
    return "| " + " | ".join(cells) + " |"
