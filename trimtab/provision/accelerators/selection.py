"""Which accelerator components a plan's groups need, and with which arguments.

Pure. From the plan, the pools' settings and the nodes' image it decides what `Accelerators` makes:
exactly what the groups need, tolerant of every taint that their nodes bear. What does not go together
is refused here, before anything is made.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from trimtab.catalogue.accelerators import (
    AMD_GPU,
    FPGA,
    GAUDI,
    INTEL_GPU,
    MIG_INSTANCES_PER_DEVICE,
    NEURON,
    NVIDIA_GPU,
    TPU,
    accelerator_resource,
)
from trimtab.errors import InputError, allowed
from trimtab.plan.model import CapacityPlan, Group, Pool
from trimtab.provision.accelerators.compatibility import (
    Installed,
    Row,
    check_together,
    check_use,
    row_of,
)
from trimtab.provision.accelerators.gpu_values import MIG_DISABLED
from trimtab.provision.accelerators.readiness import Gate
from trimtab.provision.helm_values import enabled
from trimtab.provision.nodes import accelerator_taint_key, node_marks
from trimtab.provision.pool_settings import Settings, SettingsByGroup

_VENDORS = MappingProxyType(
    {
        NVIDIA_GPU: "nvidia",
        NEURON: "neuron",
        AMD_GPU: "amd",
        INTEL_GPU: "intel",
        GAUDI: "gaudi",
        FPGA: "fpga",
        TPU: "tpu",
    }
)
_MIG_PREFIX = "nvidia.com/mig-"
# Layouts that mig-parted makes for every GPU, whatever its profiles.
_MIG_LAYOUTS = (MIG_DISABLED, "all-enabled", "all-balanced")


@dataclass(frozen=True)
class Member:
    """A group whose nodes have devices to serve.

    Attributes:
        vendor: whose; empty where only EFA is used.
        row: of its image and vendor; None where only EFA is used.
        resource: the extended resource that the plan counts.
        taints: keys of the taints on its nodes.
    """

    pool: Pool
    group: Group
    settings: Settings
    image: str
    vendor: str
    row: Row | None
    resource: str
    taints: tuple[str, ...]

    @property
    def name(self) -> str:
        """Pool and group, for errors."""
        return f"{self.pool.name}/{self.group.name}"


@dataclass(frozen=True)
class Wanted:
    """What is asked of the whole cluster.

    Attributes:
        image: the nodes' image where a pool states none.
        dra: of NVIDIA's GPUs: none, operator or driver.
        components: further arguments of a component, by its name.
    """

    image: str
    delivery: str = "chart"
    dra: str = "none"
    kubernetes_version: str | None = None
    labels: Mapping[str, str] | None = None
    components: Mapping[str, Mapping[str, Any]] | None = None


@dataclass(frozen=True)
class Selection:
    """What is to be made.

    Attributes:
        components: arguments by the component's name, in the order in which they are made.
        tolerate: keys of the taints on all nodes with devices.
        gates: what nodes with a readiness taint wait for.
    """

    components: Mapping[str, dict[str, Any]]
    tolerate: tuple[str, ...]
    gates: tuple[Gate, ...]


def select(
    plan: CapacityPlan, settings: SettingsByGroup, wanted: Wanted, where: str | None = None
) -> Selection:
    """The components that the plan's groups need.

    Raises:
        InputError: a group's devices, image or settings don't go together, two groups' can't be
            served by one cluster, or `components` names one that is not made.
    """
    members = _members(plan, settings, wanted.image, where)
    tolerate = tuple(dict.fromkeys(key for each in members for key in each.taints))
    served: dict[str, list[Member]] = {}
    for each in members:
        if each.row is not None:
            _check_member(each, each.row, wanted, where)
            if each.row.installed:
                served.setdefault(each.vendor, []).append(each)
    stated = wanted.components or {}
    made = _components(served, members, wanted, stated, where)
    for name in stated:
        if name not in made:
            raise InputError(
                f"components: the plan needs no {name}",
                where=where,
                mend=f"it needs {allowed(list(made))}" if made else "it needs none: drop it",
            )
    shared = {
        "delivery": wanted.delivery,
        "tolerate": list(tolerate),
        "labels": dict(wanted.labels or {}),
    }
    full = {
        name: _laid_over({**_known(name, shared), **arguments}, stated.get(name, {}))
        for name, arguments in made.items()
    }
    check_together([_installed(name, arguments) for name, arguments in full.items()], where)
    return Selection(full, tolerate, _gates(members))


def _members(
    plan: CapacityPlan, settings: SettingsByGroup, image: str, where: str | None
) -> list[Member]:
    found = []
    for pool in plan.spec.pools:
        for group in pool.groups:
            of_group = settings.of(pool, group)
            if group.accelerator is None and not of_group.efa:
                continue
            marks = node_marks(pool, group, of_group)
            taints = [t.key for t in (*marks.taints, *marks.startup_taints)]
            family = of_group.ami_family or image
            resource = group.accelerator.resource if group.accelerator else ""
            place = f"{where}: group {pool.name}/{group.name}" if where else None
            vendor = _vendor(resource, place) if resource else ""
            found.append(
                Member(
                    pool,
                    group,
                    of_group,
                    family,
                    vendor,
                    row_of(family, _row_vendor(vendor), place) if vendor else None,
                    resource,
                    (*taints, *_of_the_cloud(plan, group)),
                )
            )
    return found


def _of_the_cloud(plan: CapacityPlan, group: Group) -> tuple[str, ...]:
    """Keys of the taints that a cloud puts on the group's nodes by itself.

    Sources: AKS, Spot node pools; GKE, GPUs, TPUs, Arm workloads and flex-start with queued provisioning.
    """
    provider = plan.spec.site.provider
    if provider == "azure" and group.purchase.option == "spot":
        return ("kubernetes.azure.com/scalesetpriority",)
    if provider == "gcp":
        found = ["cloud.google.com/gke-queued"]
        if group.accelerator is not None:
            found.append(accelerator_taint_key(group.accelerator.resource))
        if group.architecture == "arm64":
            found.append("kubernetes.io/arch")
        return tuple(found)
    return ()


def _vendor(resource: str, where: str | None) -> str:
    if resource.startswith("fpga.intel.com/"):
        return "intel-fpga"
    known = accelerator_resource(resource)
    if known is None:
        raise InputError(
            f"no device plugin is known that offers {resource}",
            where=where,
            mend="give the workload the resource name that a device plugin offers",
        )
    return _VENDORS[known.device]


def _row_vendor(vendor: str) -> str:
    return "intel" if vendor == "intel-fpga" else vendor


def _check_member(member: Member, row: Row, wanted: Wanted, where: str | None) -> None:
    settings = member.settings
    place = f"{where}: group {member.name}" if where else None
    dra = member.vendor == "nvidia" and wanted.dra != "none" and row.installed
    sharing = () if settings.sharing == "none" else (settings.sharing,)
    if row.device_plugin != "cloud":  # a cloud's node pools carry sharing and MIG out themselves
        check_use(row, sharing, settings.mig_profile or "none", dra, place)
    if dra and settings.readiness_taint:
        raise InputError(
            "readiness_taint waits for allocatable devices, and DRA has none: it has ResourceSlices",
            where=place,
            mend="drop readiness_taint: a pod with a claim waits for its device by itself",
        )


def _components(
    served: Mapping[str, list[Member]],
    members: Sequence[Member],
    wanted: Wanted,
    stated: Mapping[str, Mapping[str, Any]],
    where: str | None,
) -> dict[str, dict[str, Any]]:
    made: dict[str, dict[str, Any]] = {}
    intel = [m for v in ("intel", "intel-fpga") for m in served.get(v, [])]
    finders = [vendor for vendor in ("nvidia", "amd") if vendor in served]
    # One discovery for the cluster: of its own where no operator's would do for all.
    own = bool(intel) or len(finders) > 1
    if own:
        made["NodeFeatureDiscovery"] = {}
    if gpus := served.get("nvidia"):
        made["GpuOperator"] = {
            **_gpu_arguments(gpus, wanted, stated.get("GpuOperator", {}), where),
            "node_feature_discovery": not own,
        }
        if wanted.dra == "driver":
            made["NvidiaDraDriver"] = _dra_arguments(gpus, wanted, where)
    if neuron := served.get("neuron"):
        made["NeuronDevices"] = {"image": _strictest(neuron), **_version(wanted)}
    efa = [m for m in members if m.settings.efa and row_of(m.image, "efa", where).installed]
    if efa:
        made["EfaDevices"] = {"image": efa[0].image}
    if amd := served.get("amd"):
        made["AmdGpuOperator"] = {
            "image": amd[0].image,
            "node_feature_discovery": not own,
            **_version(wanted),
        }
    gaudi = served.get("gaudi", [])
    if intel or gaudi:
        devices = [
            device
            for device, vendor in (("gpu", "intel"), ("fpga", "intel-fpga"), ("gaudi", "gaudi"))
            if vendor in served
        ]
        made["IntelDevices"] = {"image": (intel or gaudi)[0].image, "devices": devices}
        replicas = {m.settings.sharing_replicas for m in served.get("intel", [])}
        if len(replicas) > 1:
            raise InputError(
                f"Intel GPUs are shared by {sorted(replicas)} containers, but a cluster has one share",
                where=where,
                mend="give all their pools the same sharing_replicas",
            )
        if replicas - {1}:
            made["IntelDevices"]["gpu_replicas"] = replicas.pop()
        if gaudi:
            made["IntelDevices"]["gaudi_pools"] = _pools(gaudi)
    if fpga := served.get("fpga"):
        made["FpgaDevices"] = {"image": fpga[0].image, "pools": _pools(fpga)}
    return made


def _gpu_arguments(
    members: Sequence[Member], wanted: Wanted, stated: Mapping[str, Any], where: str | None
) -> dict[str, Any]:
    owners = {m.row.driver: m for m in members if m.row is not None}
    if len(owners) > 1:
        listed = ", ".join(f"{m.name} on {m.image}" for m in owners.values())
        raise InputError(
            f"one GPU operator can't install the driver on some nodes and leave it on others ({listed})",
            where=where,
            mend="give all NVIDIA pools images that bring the driver, or none of them",
        )
    for each in members:
        _check_mig(each, stated.get("mig_configs") or {}, where)
    arguments: dict[str, Any] = {"image": _plugin_image(members), **_version(wanted)}
    if wanted.dra != "none":
        arguments["dra"] = wanted.dra
    strategies = {strategy: m for m in members if (strategy := _mig_strategy(m))}
    if len(strategies) > 1:
        listed = ", ".join(f"{m.name} {m.resource}" for m in strategies.values())
        raise InputError(
            f"MIG slices are offered in one way a cluster, not as {listed}",
            where=where,
            mend="count all of them as nvidia.com/gpu (single), or each as nvidia.com/mig-<profile>"
            " (mixed)",
        )
    if strategies:
        arguments["mig_strategy"] = next(iter(strategies))
    shared = [m for m in members if m.settings.sharing_config]
    if shared:
        arguments["sharing_configs"] = sorted({m.settings.sharing_config or "" for m in shared})
        arguments["shared_resources"] = sorted({NVIDIA_GPU, *(m.resource for m in shared)})
    return arguments


def _plugin_image(members: Sequence[Member]) -> str:
    """The image that decides: one whose device plugin is the operator's, where there is any.

    On the others, labels keep the operator from a second one.
    """
    return next(
        (m.image for m in members if m.row is not None and m.row.device_plugin == "component"),
        members[0].image,
    )


def _mig_strategy(member: Member) -> str | None:
    if member.resource.startswith(_MIG_PREFIX):
        return "mixed"
    cut = member.settings.mig_profile not in (None, MIG_DISABLED)
    return "single" if cut else None


def _check_mig(member: Member, own: Mapping[str, Any], where: str | None) -> None:
    layout = member.settings.mig_profile
    if layout is None or layout == MIG_DISABLED:
        return
    place = f"{where}: pools.{member.name}: mig_profile" if where else None
    if own:
        if layout not in own:
            raise InputError(
                f"is {layout}, which mig_configs lacks: they replace the generated layouts",
                where=place,
                mend=f"use one of {allowed([*own, MIG_DISABLED])}, or add it to mig_configs",
            )
        return
    model = member.group.accelerator.model if member.group.accelerator else ""
    profiles = MIG_INSTANCES_PER_DEVICE.get(model)
    if profiles is None or layout in _MIG_LAYOUTS:
        return
    names = [f"all-{profile}" for profile in profiles]
    if layout.removesuffix(".me") not in names:
        raise InputError(
            f"is {layout}, but a {model} is not cut so",
            where=place,
            mend=f"use one of {allowed([*names, *_MIG_LAYOUTS])}, or state it in "
            "components.GpuOperator.mig_configs",
        )
    counted = member.resource.removeprefix(_MIG_PREFIX)
    if member.resource.startswith(_MIG_PREFIX) and layout != f"all-{counted}":
        raise InputError(
            f"is {layout}, but the plan counts {member.resource}",
            where=place,
            mend=f"use all-{counted}",
        )


def _dra_arguments(members: Sequence[Member], wanted: Wanted, where: str | None) -> dict[str, Any]:
    if wanted.kubernetes_version is None:
        raise InputError(
            "dra is driver, but kubernetes_version is not given",
            where=where,
            mend="give the cluster's version, such as 1.34: DRA is not in every one",
        )
    classes: dict[tuple[str, str], dict[str, str]] = {}
    for each in members:
        model = each.group.accelerator.model if each.group.accelerator else ""
        profile = (each.settings.mig_profile or "").removeprefix("all-")
        cut = profile in MIG_INSTANCES_PER_DEVICE.get(model, {})
        found = {"model": model, **({"mig_profile": profile} if cut else {})}
        classes[model, profile if cut else ""] = found
    multi_node = any(model.startswith("gb") for model, _ in classes)
    return {
        "image": _plugin_image(members),
        **_version(wanted),
        "compute_domains": multi_node,
        "crds": False,  # the operator's chart brings them
        "device_classes": [classes[key] for key in sorted(classes)],
    }


def _version(wanted: Wanted) -> dict[str, Any]:
    known = wanted.kubernetes_version
    return {} if known is None else {"kubernetes_version": known}


def _strictest(members: Sequence[Member]) -> str:
    """Of several images the one that allows least."""
    return next((m.image for m in members if m.row is not None and not m.row.dra), members[0].image)


def _pools(members: Iterable[Member]) -> list[str]:
    return list(dict.fromkeys(m.pool.name for m in members))


def _known(name: str, shared: Mapping[str, Any]) -> dict[str, Any]:
    """FPGAs have no chart, so nothing to deliver."""
    left_out = ("delivery",) if name == "FpgaDevices" else ()
    return {key: value for key, value in shared.items() if key not in left_out}


def _laid_over(arguments: dict[str, Any], stated: Mapping[str, Any]) -> dict[str, Any]:
    """What is stated over what follows from the plan; taints to tolerate come on top of the plan's."""
    further = stated.get("tolerate")
    if not isinstance(further, list | tuple):
        return {**arguments, **stated}
    return {**arguments, **stated, "tolerate": [*arguments["tolerate"], *further]}


_VENDOR_OF = MappingProxyType(
    {"GpuOperator": "nvidia", "NvidiaDraDriver": "nvidia", "AmdGpuOperator": "amd"}
)


def _installed(name: str, arguments: Mapping[str, Any]) -> Installed:
    """What the component puts on nodes, its override included."""
    values = (arguments.get("override") or {}).get("values") or {}
    parts = set()
    if name == "NodeFeatureDiscovery":
        parts.add("nfd")
    elif name in ("GpuOperator", "AmdGpuOperator"):
        section = "nfd" if name == "GpuOperator" else "node-feature-discovery"
        discovery = enabled(values, section)
        if discovery is True or (discovery is None and arguments["node_feature_discovery"]):
            parts.add("nfd")
    if name == "GpuOperator" and arguments.get("dra", "none") == "none":
        parts.add("device-plugin")
    if name == "NvidiaDraDriver" and arguments.get("gpus", True):
        parts.add("dra")
    return Installed(name, _VENDOR_OF.get(name, ""), frozenset(parts))


def _gates(members: Sequence[Member]) -> tuple[Gate, ...]:
    waiting: dict[str, dict[str, tuple[str, ...]]] = {}
    for each in members:
        if each.settings.readiness_taint:
            pools = waiting.setdefault(each.resource, {})
            pools[each.pool.name] = (*pools.get(each.pool.name, ()), each.group.name)
    return tuple(Gate(resource, pools) for resource, pools in sorted(waiting.items()))
