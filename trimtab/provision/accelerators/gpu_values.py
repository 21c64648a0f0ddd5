"""Helm values of the NVIDIA GPU operator: who owns the driver decides the rest.

Pure. The table of `compatibility` says what an image brings; incoherent ownership is refused here, at
plan time, also when it comes in through overridden values.

Sources: the chart's values.yaml, its templates (validations, plugin_config, mig_config, gpucluster)
and the operator's node labels (`nvidia.com/gpu.deploy.*`) at v26.7.0; NVIDIA's pages on EKS, GKE, AKS
and GPU sharing; 2026-11.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import yaml

from trimtab.errors import InputError, allowed
from trimtab.provision.accelerators.compatibility import (
    NodeImage,
    Row,
    Sharing,
    check_component,
    check_use,
    row_of,
)
from trimtab.provision.accelerators.daemons import tolerations
from trimtab.provision.helm_values import enabled, merge

MigStrategy = Literal["none", "single", "mixed"]
Dra = Literal["none", "operator", "driver"]

GPU_TAINT = "nvidia.com/gpu"
GPU_RESOURCE = "nvidia.com/gpu"
SHARING_CONFIG = "trimtab-device-plugin"
"""The ConfigMap, in the release's namespace, that holds the device plugin's configurations."""
WHOLE_GPUS = "default"
"""The device plugin's configuration without sharing."""
MIG_CONFIG = "trimtab-mig"
"""The ConfigMap of the MIG manager, where layouts of one's own replace the generated ones."""
MIG_DISABLED = "all-disabled"

_CONFIG_NAME = re.compile(r"(time-slicing|mps)-([1-9][0-9]?)")
# What the operator's own discovery collects, said again for one that stands in for it.
PCI_CLASSES = ("02", "0200", "0207", "0300", "0302")


@dataclass(frozen=True)
class GpuSettings:
    """What the values depend on.

    Attributes:
        image: the GPU nodes' image.
        mig: how the device plugin offers MIG slices; `none` where no GPU is partitioned.
        sharing: how containers share one GPU on nodes that choose no configuration.
        replicas: containers a GPU there.
        service_monitor: whether to scrape through a ServiceMonitor; its CRD must be there.
        tolerate: keys of taints on GPU nodes, besides the operator's own.
        configs: names of configurations that nodes choose by the label
            nvidia.com/device-plugin.config, as `pool_settings.Settings.sharing_config` has them.
        shared_resources: resources that are shared; a node passes over those that it has not.
        mig_configs: layouts of one's own that nodes choose by the label nvidia.com/mig.config.
        dra: none; operator (the operator's own DRA mode); driver (the operator leaves the devices to
            the standalone NVIDIA DRA driver).
        discovery: whether the operator runs node feature discovery.
    """

    image: NodeImage
    mig: MigStrategy = "none"
    sharing: Sharing = "none"
    replicas: int = 1
    service_monitor: bool = False
    tolerate: tuple[str, ...] = ()
    configs: tuple[str, ...] = ()
    shared_resources: tuple[str, ...] = (GPU_RESOURCE,)
    mig_configs: Mapping[str, Any] = field(default_factory=dict)
    dra: Dra = "none"
    discovery: bool = True


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
            driver, the toolkit or the devices with two owners or none.
    """
    row = row_of(settings.image, "nvidia", where)
    _check(settings, row, where)
    values: dict[str, Any] = {
        "driver": {"enabled": row.driver == "component"},
        "toolkit": {"enabled": row.toolkit == "component"},
        "dcgmExporter": {"serviceMonitor": {"enabled": settings.service_monitor}},
        "daemonsets": {"tolerations": tolerations(settings.tolerate, (GPU_TAINT,))},
    }
    if settings.discovery:
        values["node-feature-discovery"] = {"worker": {"tolerations": _nfd(settings.tolerate)}}
    else:
        values["nfd"] = {"enabled": False}
    if settings.dra == "operator":
        values["clusterPolicy"], values["gpuCluster"] = {"deployCR": False}, {"deployCR": True}
        if row.driver == "component":
            values["driver"]["nvidiaDriverCRD"] = {"enabled": True}
    else:
        values["mig"] = {"strategy": settings.mig}
        values["migManager"] = _mig_manager(settings)
        if row.device_plugin != "component" or settings.dra == "driver":
            values["devicePlugin"] = {"enabled": False}
        elif settings.sharing != "none" or settings.configs:
            values["devicePlugin"] = {"config": _plugin_configs(settings, where)}
    merged = merge(merge(values, row.values), overrides or {})
    _check_owners(merged, settings, row, where)
    return merged


def node_labels_for(image: str) -> dict[str, str]:
    """Labels that GPU nodes of the image need, so that the operator leaves them what they have."""
    try:
        return dict(row_of(image, "nvidia").node_labels)
    except InputError:
        return {}


def _check(settings: GpuSettings, row: Row, where: str | None) -> None:
    check_component(row, where)
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
    modes = dict.fromkeys(
        ([settings.sharing] if shared else []) + [_parsed(n, where)[0] for n in settings.configs]
    )
    check_use(row, tuple(modes), settings.mig, settings.dra != "none", where)
    if settings.dra == "operator" and (settings.mig != "none" or settings.mig_configs):
        raise InputError(
            "the operator's DRA mode runs no MIG manager (mig_strategy, mig_configs)",
            where=where,
            mend="give dra driver, whose operator still cuts GPUs, or drop the MIG settings",
        )
    if settings.mig_configs and enabled(row.values, "migManager") is False:
        raise InputError(
            f"mig_configs are the operator's, but the cloud cuts the GPUs of {row.image} nodes",
            where=where,
            mend="drop mig_configs, and give the node pool its MIG profile",
        )
    if settings.mig_configs and settings.mig == "none":
        raise InputError(
            "mig_configs are given, but mig_strategy is none",
            where=where,
            mend="give mig_strategy single or mixed, or drop mig_configs",
        )


def _check_owners(
    values: Mapping[str, Any], settings: GpuSettings, row: Row, where: str | None
) -> None:
    for part, owner in (("driver", row.driver), ("toolkit", row.toolkit)):
        installs = enabled(values, part)
        # Left out, or null, is the chart's and the operator's default: true.
        if installs is not False and owner != "component":
            contained = part != "driver" or row.image not in _NO_CONTAINER
            more = "" if contained else "; NVIDIA has no driver container for it"
            brings = "your own set-up" if owner == "yours" else f"the {row.image} image"
            raise InputError(
                f"{part}.enabled is {_said(installs)}, but {brings} brings its {part}{more}",
                where=where,
                mend=f"leave {part}.enabled false, or use an image without one (UBUNTU)",
            )
        if installs is not True and owner == "component":
            raise InputError(
                f"{part}.enabled is {installs}, but the {row.image} image brings no {part}",
                where=where,
                mend=f"leave {part}.enabled true",
            )
    policy, cluster = (enabled(values, s, "deployCR") for s in ("clusterPolicy", "gpuCluster"))
    plugin = enabled(values, "devicePlugin")
    if settings.dra == "operator":
        if policy is not False or cluster is not True:
            raise InputError(
                f"clusterPolicy.deployCR is {policy} and gpuCluster.deployCR is {cluster}, but the "
                "operator's DRA mode has the second alone",
                where=where,
                mend="drop both from override.values",
            )
    elif policy is False or cluster is True:
        raise InputError(
            f"clusterPolicy.deployCR is {policy} and gpuCluster.deployCR is {cluster}: that is the "
            "operator's DRA mode",
            where=where,
            mend="give dra operator instead of these values",
        )
    elif plugin is not False and row.device_plugin != "component":
        raise InputError(
            f"devicePlugin.enabled is {_said(plugin)}, but the {row.image} image brings its device "
            "plugin",
            where=where,
            mend="leave it false: a node takes one device plugin",
        )
    elif plugin is not False and settings.dra == "driver":
        raise InputError(
            f"devicePlugin.enabled is {_said(plugin)} beside the NVIDIA DRA driver, which offers the "
            "same GPUs",
            where=where,
            mend="leave it false, or give dra none",
        )
    elif plugin is False and row.device_plugin == "component" and settings.dra == "none":
        raise InputError(
            f"devicePlugin.enabled is false, but nothing else offers the GPUs of {row.image} nodes",
            where=where,
            mend="leave it true, or give dra driver with NvidiaDraDriver",
        )
    _check_configs(values, settings, where)


def _said(switch: Any) -> str:
    """A switch as errors have it: one that is left out is the chart's default."""
    if switch is None:
        return "left to the chart, where it is true"
    return "true" if switch is True else str(switch)


_NO_CONTAINER = ("AL2023", "BOTTLEROCKET", "AZURELINUX")


def _check_configs(values: Mapping[str, Any], settings: GpuSettings, where: str | None) -> None:
    """Overridden values may not take away a configuration that nodes choose by label."""
    config = enabled(values, "devicePlugin", "config")
    if not settings.configs or not isinstance(config, Mapping) or config.get("create") is not True:
        return
    there = config.get("data") or {}
    for name in (*settings.configs, config.get("default")):
        if name not in there:
            raise InputError(
                f"devicePlugin.config.data has no {name}, which nodes choose",
                where=where,
                mend=f"leave it there; it has {allowed(list(there))}",
            )


def _parsed(name: str, where: str | None) -> tuple[str, int]:
    found = _CONFIG_NAME.fullmatch(name)
    if found is None or not 2 <= int(found[2]) <= 64:
        raise InputError(
            f"sharing_configs: {name} is no configuration's name",
            where=where,
            mend="give time-slicing-<replicas> or mps-<replicas>, 2 to 64 replicas",
        )
    return found[1], int(found[2])


def _plugin_configs(settings: GpuSettings, where: str | None) -> dict[str, Any]:
    chosen = WHOLE_GPUS
    names = list(settings.configs)
    if settings.sharing != "none":
        chosen = f"{settings.sharing}-{settings.replicas}"
        names.append(chosen)
    data = {WHOLE_GPUS: _plugin_config(settings, None)}
    for name in sorted(set(names)):
        data[name] = _plugin_config(settings, _parsed(name, where))
    return {
        "create": True,
        "name": SHARING_CONFIG,
        "default": chosen,
        "data": {key: yaml.safe_dump(each, sort_keys=False) for key, each in data.items()},
    }


def _plugin_config(settings: GpuSettings, shared: tuple[str, int] | None) -> dict[str, Any]:
    config: dict[str, Any] = {"version": "v1", "flags": {"migStrategy": settings.mig}}
    if shared is not None:
        mode, replicas = shared
        # MPS shares whole GPUs only.
        names = settings.shared_resources if mode == "time-slicing" else (GPU_RESOURCE,)
        resources = [{"name": name, "replicas": replicas} for name in names]
        kind = "timeSlicing" if mode == "time-slicing" else "mps"
        config["sharing"] = {kind: {"resources": resources}}
    return config


def _mig_manager(settings: GpuSettings) -> dict[str, Any]:
    manager: dict[str, Any] = {"enabled": settings.mig != "none"}
    if settings.mig_configs:
        layouts = {
            MIG_DISABLED: [{"devices": "all", "mig-enabled": False}],
            **settings.mig_configs,
        }
        text = yaml.safe_dump({"version": "v1", "mig-configs": layouts}, sort_keys=False)
        manager["config"] = {
            "create": True,
            "name": MIG_CONFIG,
            "default": MIG_DISABLED,
            "data": {"config.yaml": text},
        }
    return manager


def _nfd(keys: tuple[str, ...]) -> list[dict[str, str]]:
    control_plane = {
        "key": "node-role.kubernetes.io/control-plane",
        "operator": "Equal",
        "value": "",
        "effect": "NoSchedule",
    }
    return [control_plane, *tolerations(keys, (GPU_TAINT,))]
