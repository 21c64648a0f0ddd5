"""Helm values of the NVIDIA GPU operator for a node image: who owns the driver decides the rest.

Pure. One table says what an image brings. Two owners of the driver, or none, is the classic failure
of GPU nodes, so it raises here, at plan time, also when it comes in through overridden values.

Sources: the chart's values.yaml and the operator's node labels (`nvidia.com/gpu.deploy.*`) at
v26.7.0; NVIDIA's pages on EKS and on GPU sharing; Bottlerocket's settings; 2026-11.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import yaml

from trimtab.errors import InputError, allowed
from trimtab.plan.eks import image_flavour
from trimtab.plan.model import CapacityPlan

NodeImage = Literal["AL2023", "BOTTLEROCKET", "UBUNTU"]
MigStrategy = Literal["none", "single", "mixed"]
Sharing = Literal["none", "time-slicing", "mps"]

GPU_TAINT = "nvidia.com/gpu"
SHARING_CONFIG = "trimtab-device-plugin"
"""The ConfigMap, in the release's namespace, that holds the device plugin's sharing settings."""


@dataclass(frozen=True)
class ImageFacts:
    """What a node image brings, and what the operator can add.

    Attributes:
        driver, toolkit, device_plugin: whether the image brings it.
        installable: whether the operator has a driver container for the image.
    """

    driver: bool
    toolkit: bool
    device_plugin: bool
    installable: bool


IMAGES: dict[str, ImageFacts] = {
    "AL2023": ImageFacts(driver=True, toolkit=True, device_plugin=False, installable=False),
    "BOTTLEROCKET": ImageFacts(driver=True, toolkit=True, device_plugin=True, installable=False),
    "UBUNTU": ImageFacts(driver=False, toolkit=False, device_plugin=False, installable=True),
}

# The operator leaves alone on a node what these labels turn off.
_LEFT_TO_THE_IMAGE = ("container-toolkit", "device-plugin", "driver", "mig-manager")


@dataclass(frozen=True)
class GpuSettings:
    """What the values depend on.

    Attributes:
        image: the GPU nodes' image.
        mig: how the device plugin offers MIG slices; `none` where no GPU is partitioned.
        sharing: how containers share one GPU.
        replicas: containers a GPU, where it is shared.
        service_monitor: whether to scrape through a ServiceMonitor; its CRD must be there.
        tolerate: keys of taints on GPU nodes, besides the operator's own.
    """

    image: NodeImage
    mig: MigStrategy = "none"
    sharing: Sharing = "none"
    replicas: int = 1
    service_monitor: bool = False
    tolerate: tuple[str, ...] = ()


def gpu_operator_values(
    settings: GpuSettings, overrides: Mapping[str, Any] | None = None, where: str | None = None
) -> dict[str, Any]:
    """The chart's values.

    Args:
        settings: what the cluster needs.
        overrides: values laid over Trimtab's, key by key.
        where: what to call the component in an error.

    Raises:
        InputError: the settings contradict one another or the image, or the result would leave the
            driver with two owners or none.
    """
    facts = IMAGES[settings.image]
    _check(settings, facts, where)
    values: dict[str, Any] = {
        "driver": {"enabled": not facts.driver},
        "toolkit": {"enabled": not facts.toolkit},
        "mig": {"strategy": settings.mig},
        "migManager": {"enabled": settings.mig != "none"},
        "dcgmExporter": {"serviceMonitor": {"enabled": settings.service_monitor}},
        "daemonsets": {"tolerations": _tolerations(settings.tolerate)},
        "node-feature-discovery": {"worker": {"tolerations": _nfd(settings.tolerate)}},
    }
    if settings.sharing != "none":
        values["devicePlugin"] = {"config": _sharing(settings)}
    merged = merge(values, overrides or {})
    _check_ownership(merged, settings.image, facts, where)
    return merged


def node_labels_for(image: str) -> dict[str, str]:
    """Labels that GPU nodes of the image need, so that the operator leaves them what they have."""
    facts = IMAGES.get(image)
    if facts is None or not facts.device_plugin:
        return {}
    return {f"nvidia.com/gpu.deploy.{part}": "false" for part in _LEFT_TO_THE_IMAGE}


def nvidia_taint_keys(plan: CapacityPlan) -> tuple[str, ...] | None:
    """Keys of the taints on the plan's NVIDIA groups; None when it has no such group."""
    groups = [
        group
        for pool in plan.spec.pools
        for group in pool.groups
        if image_flavour(group) == "nvidia"
    ]
    if not groups:
        return None
    return tuple(dict.fromkeys(taint.key for group in groups for taint in group.taints))


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """One set of Helm values over another, as Helm does it: maps merge, all else is replaced."""
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        merged[key] = (
            merge(below, value)
            if isinstance(below, Mapping) and isinstance(value, Mapping)
            else value
        )
    return merged


def _check(settings: GpuSettings, facts: ImageFacts, where: str | None) -> None:
    shared = settings.sharing != "none"
    if shared and settings.replicas < 2:
        raise InputError(
            f"sharing {settings.sharing} with {settings.replicas} replicas shares nothing",
            where=where,
            mend="give sharing_replicas of 2 or more, or sharing none",
        )
    if not shared and settings.replicas != 1:
        raise InputError(
            f"sharing_replicas is {settings.replicas}, but sharing is none",
            where=where,
            mend="give sharing time-slicing or mps, or drop sharing_replicas",
        )
    if settings.sharing == "mps" and settings.mig != "none":
        raise InputError(
            f"MPS can't share MIG slices (mig_strategy {settings.mig})",
            where=where,
            mend="give sharing time-slicing, or mig_strategy none",
        )
    if facts.device_plugin and (shared or settings.mig != "none"):
        asked = f"sharing {settings.sharing}" if shared else f"mig_strategy {settings.mig}"
        raise InputError(
            f"{settings.image} brings its own device plugin, which the operator can't set up"
            f" ({asked})",
            where=where,
            mend="set it in the image's own settings (settings.kubelet-device-plugins.nvidia), or "
            f"use one of {allowed([n for n, f in IMAGES.items() if not f.device_plugin])}",
        )


def _check_ownership(
    values: Mapping[str, Any], image: str, facts: ImageFacts, where: str | None
) -> None:
    for part, brought in (("driver", facts.driver), ("toolkit", facts.toolkit)):
        section = values.get(part)
        installs = section.get("enabled") if isinstance(section, Mapping) else section
        if installs is True and brought:
            more = "" if facts.installable else "; NVIDIA has no driver container for it"
            raise InputError(
                f"{part}.enabled is true, but the {image} image brings its {part}{more}",
                where=where,
                mend=f"leave {part}.enabled false, or use an image without one (UBUNTU)",
            )
        if installs is not True and not brought:
            raise InputError(
                f"{part}.enabled is {installs}, but the {image} image brings no {part}",
                where=where,
                mend=f"leave {part}.enabled true",
            )


def _sharing(settings: GpuSettings) -> dict[str, Any]:
    kind = "timeSlicing" if settings.sharing == "time-slicing" else "mps"
    resource = {"name": "nvidia.com/gpu", "replicas": settings.replicas}
    plugin = {"version": "v1", "sharing": {kind: {"resources": [resource]}}}
    return {
        "create": True,
        "name": SHARING_CONFIG,
        "default": "shared",
        "data": {"shared": yaml.safe_dump(plugin, sort_keys=False)},
    }


def _tolerations(keys: Sequence[str]) -> list[dict[str, str]]:
    # Lists are replaced by Helm, so the chart's own toleration is said again.
    return [{"key": key, "operator": "Exists"} for key in dict.fromkeys((GPU_TAINT, *keys))]


def _nfd(keys: Sequence[str]) -> list[dict[str, str]]:
    control_plane = {
        "key": "node-role.kubernetes.io/control-plane",
        "operator": "Equal",
        "value": "",
        "effect": "NoSchedule",
    }
    return [control_plane, *_tolerations(keys)]
