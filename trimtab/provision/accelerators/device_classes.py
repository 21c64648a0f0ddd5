"""DeviceClasses of NVIDIA GPUs by model and MIG profile, and the values of the driver that serves them.

Pure. The driver brings the classes gpu.nvidia.com (any GPU) and mig.nvidia.com (any slice). A
workload that was planned for one model asks for that model: a class of ours, whose CEL selector reads
the attributes that the driver publishes (`type`, `productName`, `profile`) and, where a model comes in
several sizes, its memory.

Sources: kubernetes-sigs/dra-driver-nvidia-gpu at v0.5.0-dev (cmd/gpu-kubelet-plugin/deviceinfo.go,
mig.go; the chart's validation.yaml), 2026-08; resource.k8s.io/v1 of Kubernetes 1.36.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trimtab.catalogue.accelerators import (
    ACCELERATORS,
    MIG_INSTANCES_PER_DEVICE,
    Accelerator,
    canonical_model,
)
from trimtab.errors import InputError, allowed
from trimtab.provision.accelerators.daemons import tolerations
from trimtab.provision.accelerators.gpu_values import GPU_TAINT
from trimtab.provision.helm_values import enabled, merge

DRIVER = "gpu.nvidia.com"
CLASS_SUFFIX = "gpu.trimtab.dev"
FIRST_MINOR = 32
"""Kubernetes minor version from which the driver's chart installs."""
CLASSES_FIRST_MINOR = 34
"""Kubernetes minor version from which resource.k8s.io/v1 is served."""

# NVML reports a little less than a card's nominal memory: 79.6 GiB of 80, 22.5 of 24.
_LEAST, _MOST = 0.88, 1.05


@dataclass(frozen=True)
class ClassOf:
    """A device class: one GPU of a model, or one MIG slice of it."""

    model: str
    mig_profile: str = ""

    @property
    def name(self) -> str:
        """The DeviceClass's name: `h100-80gb.gpu.trimtab.dev`, `h100-80gb-1g.10gb.gpu.trimtab.dev`."""
        slice_ = f"-{self.mig_profile}" if self.mig_profile else ""
        return f"{self.model}{slice_}.{CLASS_SUFFIX}"


def class_of(model: str, mig_profile: str | None, where: str | None = None) -> ClassOf:
    """The class of a model and, where stated, a MIG profile of it.

    Raises:
        InputError: the model is unknown, several or no NVIDIA GPU, or it can't be cut so.
    """
    name = canonical_model(model)
    if ACCELERATORS[name].vendor != "nvidia":
        raise InputError(
            f"device_classes: {name} is no NVIDIA GPU",
            where=where,
            mend="its own driver brings its DeviceClass",
        )
    if mig_profile and mig_profile not in (profiles := MIG_INSTANCES_PER_DEVICE.get(name, {})):
        raise InputError(
            f"device_classes: {name} has no MIG profile {mig_profile}",
            where=where,
            mend=f"use one of {allowed(list(profiles))}" if profiles else "it can't be cut by MIG",
        )
    return ClassOf(name, mig_profile or "")


def selector(device_class: ClassOf) -> str:
    """The class's CEL expression."""
    accelerator = ACCELERATORS[device_class.model]
    attributes = f"device.attributes['{DRIVER}']"
    kind = "mig" if device_class.mig_profile else "gpu"
    terms = [
        f"device.driver == '{DRIVER}'",
        f"{attributes}.type == '{kind}'",
        f"{attributes}.productName.matches('{_product(accelerator)}')",
    ]
    if device_class.mig_profile:
        terms.append(f"{attributes}.profile == '{device_class.mig_profile}'")
    elif sizes := _memory(accelerator):
        memory = f"device.capacity['{DRIVER}'].memory"
        low, high = sizes
        terms += [
            f"{memory}.compareTo(quantity('{low}Mi')) >= 0",
            f"{memory}.compareTo(quantity('{high}Mi')) <= 0",
        ]
    return " && ".join(terms)


def device_class_spec(device_class: ClassOf) -> dict[str, Any]:
    """The spec of the DeviceClass (resource.k8s.io/v1)."""
    return {"selectors": [{"cel": {"expression": selector(device_class)}}]}


def dra_driver_values(
    gpus: bool,
    compute_domains: bool,
    beside_device_plugin: bool,
    node_labels: Mapping[str, str],
    driver_root: str,
    tolerate: tuple[str, ...],
    overrides: Mapping[str, Any],
    where: str | None,
) -> dict[str, Any]:
    """Values of the NVIDIA DRA driver's chart.

    Args:
        gpus: whether it offers GPUs and MIG slices.
        compute_domains: whether it offers ComputeDomains, NVLink across nodes (GB200, GB300).
        beside_device_plugin: whether a device plugin offers GPUs in the cluster too.
        node_labels: labels of the nodes that it goes to; empty for all with NVIDIA GPUs.
        driver_root: where the driver is installed: / for the image's, /run/nvidia/driver for the
            GPU operator's.
        tolerate: keys of taints.
        overrides: values laid over these, key by key.
        where: what to call the component in an error.

    Raises:
        InputError: it would offer nothing, or the GPUs that a device plugin offers on the same nodes.
    """
    values: dict[str, Any] = {
        "nvidiaDriverRoot": driver_root,
        # The chart refuses GPUs without it: a person has to say that no device plugin has them.
        "gpuResourcesEnabledOverride": gpus,
        "resources": {"gpus": {"enabled": gpus}, "computeDomains": {"enabled": compute_domains}},
        "kubeletPlugin": {"tolerations": tolerations(tolerate, (GPU_TAINT,))},
    }
    if node_labels:
        values["kubeletPlugin"]["nodeSelector"] = dict(node_labels)
    merged = merge(values, overrides)
    resources = merged["resources"] if isinstance(merged["resources"], Mapping) else {}
    offers = {part: enabled(resources, part) is True for part in ("gpus", "computeDomains")}
    if not any(offers.values()):
        raise InputError(
            "the driver would offer neither GPUs nor ComputeDomains",
            where=where,
            mend="give gpus or compute_domains",
        )
    if offers["gpus"] and merged.get("gpuResourcesEnabledOverride") is not True:
        raise InputError(
            "resources.gpus.enabled is true without gpuResourcesEnabledOverride, which the chart asks",
            where=where,
            mend="state gpus as an argument rather than in override.values",
        )
    if (
        offers["gpus"]
        and beside_device_plugin
        and not enabled(merged, "kubeletPlugin", "nodeSelector")
    ):
        raise InputError(
            "the driver would offer GPUs that a device plugin offers on the same nodes",
            where=where,
            mend="give gpus false (ComputeDomains stay), node_labels of nodes without a device plugin,"
            " or a GpuOperator with dra driver and no device plugin at all",
        )
    return merged


def _product(accelerator: Accelerator) -> str:
    """A regular expression for the product name, such as `NVIDIA H100 80GB HBM3`, whole words only."""
    base = re.sub(r"-\d+gb$", "", accelerator.name)
    base = {"h100-mega": "h100", "rtx-pro-server-6000": "rtx-pro-6000"}.get(base, base)
    words = "[ -]".join(base.split("-"))
    return f"(?i)(^|[ -]){words}([ -]|$)"


def _memory(accelerator: Accelerator) -> tuple[int, int] | None:
    """The bounds of a card's memory in MiB where its family has several sizes; else None."""
    family = [a for a in ACCELERATORS.values() if a.family == accelerator.family]
    sizes = {a.memory_gib for a in family}
    if len(sizes) < 2 or accelerator.memory_gib is None:
        return None
    mib = accelerator.memory_gib * 1024
    return int(mib * _LEAST), int(mib * _MOST)
