"""A plan's groups as GKE node pools: plain, frozen shapes, before any resource exists.

Pure. A plan's sizes are whole groups'; GKE counts a zone's nodes unless told otherwise, so bounds are
always GKE's totals. GKE has no schedules: the sizes of the window that holds stay until the next
deployment. A multi-host TPU slice is a node pool of its own, which GKE makes and removes whole.

Sources: GKE's REST reference (NodePool), its pages on reservations, TPU slices, GPU sharing, queued
provisioning and the cluster autoscaler, 2026-11; vllm-project/ci-infra#545 on slices' bounds.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Literal

from trimtab.errors import InputError
from trimtab.plan.attribution import group_key
from trimtab.plan.model import (
    CapacityPlan,
    Group,
    Pool,
)
from trimtab.plan.sizing import Sizes
from trimtab.provision.gke.gpus import Gpus, gpus_of_node
from trimtab.provision.gke.labels import gcp_labels
from trimtab.provision.gke.machines import MACHINE_TYPE, local_ssds, tpu_hosts
from trimtab.provision.gke.provisioning import Provisioning, Queued, Reservation, provisioning_of
from trimtab.provision.gke.sizes import (
    Fixed,
    PoolSizes,
    Slice,
    same_everywhere,
    short_start,
    total_of,
)
from trimtab.provision.names import bounded_name
from trimtab.provision.nodes import node_marks
from trimtab.provision.planned import (
    Planned,
    place_of,
    refuse,
    sizes_at,
    zones_of,
)
from trimtab.provision.pool_settings import Settings
from trimtab.provision.sized_groups import SizedGroup, instance_tags

MAX_NAME = 40
MAX_UPGRADED_AT_ONCE = 20
_LACKING = {
    "ami_family": "give image_type instead",
    "efa": "drop it: GKE's machines have their own network for accelerators",
    "readiness_taint": "drop it: nothing on GKE would take the taint away, and work that asks for an "
    "accelerator waits for its device plugin anyway",
}
_EFFECTS = {
    "NoSchedule": "NO_SCHEDULE",
    "PreferNoSchedule": "PREFER_NO_SCHEDULE",
    "NoExecute": "NO_EXECUTE",
}

Driver = Literal["default", "latest", "none"]

NO_PLUGIN_LABEL = "gke-no-default-nvidia-gpu-device-plugin"
"""Keeps GKE's own device plugin off a node: somebody who brings the driver brings that too."""


@dataclass(frozen=True, kw_only=True)
class NodeShape:
    """What a group's nodes are in GKE, whatever their number.

    Attributes:
        zones: of its nodes.
        tpu_topology: where they are slices of several hosts.
        hosts: nodes of one such slice; else 1.
        compact: whether they stand close together.
        local_ssds: how many hold ephemeral storage; 0 leaves it on the boot disk.
    """

    machine_type: str
    zones: tuple[str, ...]
    provisioning: Provisioning
    labels: dict[str, str]
    taints: tuple[dict[str, str], ...]
    resource_labels: dict[str, str]
    volume_gib: int
    gpus: Gpus | None
    tpu_topology: str | None = None
    hosts: int = 1
    compact: bool = False
    local_ssds: int = 0


@dataclass(frozen=True, kw_only=True)
class NodePoolShape(NodeShape):
    """Everything of a GKE node pool that the plan and its settings decide.

    Attributes:
        key: the last part of the resource's name.
        name: the node pool's name in GKE.
        surge, unavailable: nodes more, and fewer, that an upgrade may have.
        reason: why it is not what the plan says, or None.
    """

    key: str
    name: str
    sizes: PoolSizes
    surge: int
    unavailable: int
    reason: str | None


@dataclass(frozen=True)
class PoolChoices:
    """What the cluster chooses for all of its pools.

    Attributes:
        zones: where nodes stand unless their group says otherwise.
        pool_zones, tpu_topologies: by pool or group.
        queued: pools or groups that come through ProvisioningRequests.
        driver: who brings NVIDIA's driver, and with it device plugin, MIG and sharing.
    """

    zones: tuple[str, ...]
    volume_gib: int
    autoscaled: bool
    tags: Mapping[str, str]
    pool_zones: Mapping[str, tuple[str, ...]]
    tpu_topologies: Mapping[str, str]
    queued: frozenset[str]
    driver: Driver = "default"


def node_pool_shapes(planned: Planned, choices: PoolChoices) -> tuple[NodePoolShape, ...]:
    """The node pools of the plan's groups, in its order.

    Raises:
        InputError: GKE can't provision a group, or has nothing for one of its settings.
    """
    return tuple(shape for sized in planned.groups for shape in _shapes(planned, sized, choices))


def node_shape(
    plan: CapacityPlan,
    pool: Pool,
    group: Group,
    settings: Settings,
    choices: PoolChoices,
    where: str,
) -> NodeShape:
    """What the group's nodes are.

    Args:
        where: who provisions them, for errors.

    Raises:
        InputError: GKE can't provision the group, or has nothing for one of its settings.
    """
    where = place_of(pool, group, where)
    refuse(settings, _LACKING, "GKE", where)
    machine = _machine_type(group, where)
    zones = zones_of(pool, group, choices.pool_zones, choices.zones, where)
    queued = bool({pool.name, f"{pool.name}/{group.name}"} & choices.queued)
    provisioning = provisioning_of(group, settings, where, queued=queued)
    topology, hosts = _slice(pool, group, machine, choices, where)
    gpus = gpus_of_node(group, machine, settings, where)
    if isinstance(provisioning, Queued) and gpus is None:
        raise _not_queued(where)
    if isinstance(provisioning, Queued) and settings.placement_group:
        raise InputError(
            "queued: GKE places no queued nodes compactly (placement_group)",
            where=where,
            mend="drop one of them",
        )
    if (settings.placement_group or hosts > 1) and len(zones) > 1:
        asked = f"a slice of {topology}" if hosts > 1 else "placement_group"
        raise InputError(
            f"{asked} stands in one zone, not in {', '.join(zones)}",
            where=where,
            mend=f"give pool_zones of {pool.name} with one zone",
        )
    by_gke = settings.model_copy(
        update={"mig_profile": None, "sharing": "none", "sharing_replicas": 1}
    )
    # Either GKE carries sharing and MIG out, or labels ask the GPU operator for it.
    others = gpus is not None and choices.driver == "none"
    marks = node_marks(pool, group, settings if others else by_gke)
    labels = {k: v for k, v in marks.labels.items() if not _OF_GOOGLE.match(k)}
    if gpus is not None and others:
        gpus, labels[NO_PLUGIN_LABEL] = replace(gpus, partition=None, sharing=None), "true"
    return NodeShape(
        machine_type=machine,
        zones=zones,
        provisioning=provisioning,
        labels=labels,
        taints=tuple(
            {"key": t.key, "value": t.value, "effect": _EFFECTS[t.effect]} for t in marks.taints
        ),
        resource_labels=gcp_labels({**choices.tags, **instance_tags(plan, pool, group)}, where),
        volume_gib=settings.volume_gib or choices.volume_gib,
        gpus=gpus,
        tpu_topology=topology if hosts > 1 else None,
        hosts=hosts,
        compact=settings.placement_group,
        local_ssds=local_ssds(machine, where) if settings.local_storage == "raid0" else 0,
    )


def check_sizes(nodes: NodeShape, sizes: Sizes, where: str) -> None:
    """Refuse sizes that the nodes can't have.

    Raises:
        InputError: queued nodes have a min, or slices are not whole.
    """
    if isinstance(nodes.provisioning, Queued) and sizes.min:
        raise _not_queued(where)
    for name, size in (("min", sizes.min), ("desired", sizes.desired), ("max", sizes.max)):
        if size % nodes.hosts:
            raise InputError(
                f"{name} is {size} nodes, and a slice of {nodes.tpu_topology} has {nodes.hosts}",
                where=where,
                mend=f"give sizes in multiples of {nodes.hosts}, or another topology",
            )


def _not_queued(where: str) -> InputError:
    return InputError(
        "queued: GKE queues GPU machines for a pool that is empty between requests",
        where=where,
        mend="name a group with GPUs and a min of 0",
    )


def _shapes(planned: Planned, sized: SizedGroup, choices: PoolChoices) -> list[NodePoolShape]:
    pool, group = sized.pool, sized.group
    settings = planned.settings.of(pool, group)
    nodes = node_shape(planned.plan, pool, group, settings, choices, planned.where)
    where = place_of(pool, group, planned.where)
    sizes, reason = sizes_at(sized, planned.as_of)
    check_sizes(nodes, sizes, where)
    if len(group.offers) > 1 and reason is None:
        reason = f"a node pool has one machine type: {nodes.machine_type}, the plan's first"
    surge, unavailable = upgrades(nodes, settings.max_unavailable_percentage, sizes.max)
    key = group_key(pool, group)
    shape = NodePoolShape(
        **{each.name: getattr(nodes, each.name) for each in fields(nodes)},
        key=key,
        name=bounded_name(key, MAX_NAME),
        sizes=Fixed(0),
        surge=surge,
        unavailable=unavailable,
        reason=reason,
    )
    if nodes.hosts > 1:
        return _slices(shape, sizes, choices.autoscaled)
    zones = len(nodes.zones)
    total = (
        total_of(sizes, zones, nodes.provisioning)
        if choices.autoscaled
        else same_everywhere(sizes, zones, where)
    )
    return [replace(shape, sizes=total, reason=short_start(total, zones) or reason)]


_OF_GOOGLE = re.compile(r"(?:[^/]*\.)?(?:cloud\.google\.com|gke\.io)/")
"""Labels that GKE itself sets, and refuses from others."""


def _machine_type(group: Group, where: str) -> str:
    machine = group.offers[0].instance_type
    if not MACHINE_TYPE.fullmatch(machine):
        raise InputError(
            f"{machine} is no machine type of Google Cloud",
            where=where,
            mend="give a plan made from Google Cloud's offers",
        )
    return machine


def _slice(
    pool: Pool, group: Group, machine: str, choices: PoolChoices, where: str
) -> tuple[str | None, int]:
    stated = choices.tpu_topologies
    topology = stated.get(f"{pool.name}/{group.name}") or stated.get(pool.name)
    if topology is None:
        return None, 1
    return topology, tpu_hosts(machine, topology, where)


def upgrades(
    nodes: NodeShape, max_unavailable_percentage: int | None, most: int
) -> tuple[int, int]:
    """Nodes more and nodes fewer. What is held or queued has no room for one more.

    Args:
        most: the pool's max.
    """
    if max_unavailable_percentage is not None:
        share = max_unavailable_percentage * most // 100
        return 0, min(max(1, share), MAX_UPGRADED_AT_ONCE)
    if nodes.hosts > 1 or isinstance(nodes.provisioning, Reservation | Queued):
        return 0, 1
    return 1, 0


def _slices(shape: NodePoolShape, sizes: Sizes, autoscaled: bool) -> list[NodePoolShape]:
    """A node pool for each slice: the first are always there, the others when work waits for one."""
    most = sizes.max if autoscaled else sizes.desired
    always = sizes.min if autoscaled else sizes.desired
    return [
        replace(
            shape,
            key=f"{shape.key}-s{index}",
            name=bounded_name(f"{shape.key}-s{index}", MAX_NAME),
            sizes=Slice(shape.hosts, always=index < always // shape.hosts),
        )
        for index in range(most // shape.hosts)
    ]
