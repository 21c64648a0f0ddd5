"""Machines that are owned: which groups of a plan they make up, and how each group's are marked.

Pure. The plan says what they are; they join a cluster that exists by themselves, or are made nodes of
one at the edge. In a cluster that exists a machine that is named gets its group's labels; a taint it
can only bring along, since Kubernetes keeps a node's taints as one list, which its own controllers
change.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from trimtab.errors import InputError, allowed
from trimtab.plan.attribution import group_object_labels
from trimtab.plan.model import CapacityPlan, Group, Pool
from trimtab.plan.sizing import Sizes, window_at
from trimtab.provision.nodes import NodeMarks, node_marks
from trimtab.provision.planned import place_of, refuse
from trimtab.provision.pool_settings import Settings, SettingsByGroup

OTHERS_CHOSE = {
    "ami_family": "drop it: whoever owns the machines chose their image",
    "efa": "drop it: it is AWS's",
    "local_storage": "drop it: whoever owns the machines set up their disks",
    "max_unavailable_percentage": "drop it: whoever owns the machines updates them",
    "node_repair": "drop it: whoever owns the machines repairs them",
    "placement_group": "drop it: the machines stand where they are",
    "volume_gib": "drop it: whoever owns the machines chose their disks",
}
"""What can't be chosen for a machine that somebody else set up."""
JOINED_BY_ITSELF = {
    **OTHERS_CHOSE,
    "readiness_taint": "drop it, or give the machine the taint when it joins",
}


@dataclass(frozen=True)
class OwnedGroup:
    """One of the plan's groups of owned machines.

    Attributes:
        key: `<pool>/<group>`.
        site: where they are.
        nvidia: whether they have NVIDIA's GPUs.
        machines: the names of its nodes, as far as they are stated.
        labels: what a named node is to bear.
        marks: the part of it that no plan moves, and the taints: what a node joins with.
        join: the kubelet's arguments by which a machine joins as one of the group.
        planned: the window's sizes.
    """

    key: str
    site: str
    nvidia: bool
    machines: tuple[str, ...]
    labels: dict[str, str]
    marks: NodeMarks
    join: str
    planned: Sizes

    @property
    def warning(self) -> str | None:
        """What does not fit the plan."""
        if not self.machines or len(self.machines) >= self.planned.min:
            return None
        return (
            f"{self.key}: {len(self.machines)} machines are named, and the plan counts on "
            f"{self.planned.min}"
        )


def owned_groups(
    plan: CapacityPlan,
    as_of: datetime,
    machines: Mapping[str, tuple[str, ...]],
    settings: SettingsByGroup,
    where: str,
    *,
    site: str | None = None,
    cluster: str = "an existing cluster",
    argument: str = "machines",
    lacking: Mapping[str, str] = JOINED_BY_ITSELF,
) -> tuple[OwnedGroup, ...]:
    """The plan's owned groups, in its order.

    Args:
        machines: names of nodes by `<pool>/<group>`.
        site: the only one whose groups count; None for all.
        cluster: what the machines join, for errors.
        argument: what names the machines, for errors.
        lacking: the settings that can't be carried out there, as `planned.refuse` has them.

    Raises:
        InputError: a key names no owned group, or a machine stands in two.
    """
    owned = {
        f"{pool.name}/{group.name}": (pool, group)
        for pool in plan.spec.pools
        for group in pool.groups
        if group.purchase.option == "owned" and site in (None, group.purchase.site)
    }
    for key in machines:
        if key not in owned:
            known = f"use one of {allowed(list(owned))}" if owned else "drop it: the plan has none"
            there = "" if site is None else f" at {site}"
            raise InputError(
                f"{argument}: {key} is no group of owned machines{there}", where=where, mend=known
            )
    seen: dict[str, str] = {}
    for key, names in machines.items():
        for name in names:
            if name in seen:
                raise InputError(
                    f"{argument}: {name} is in {seen[name]} and in {key}",
                    where=where,
                    mend="name each machine once",
                )
            seen[name] = key
    return tuple(
        _group(
            plan,
            pool,
            group,
            as_of,
            machines.get(key, ()),
            settings.of(pool, group),
            cluster,
            lacking,
            where,
        )
        for key, (pool, group) in owned.items()
    )


def _group(
    plan: CapacityPlan,
    pool: Pool,
    group: Group,
    as_of: datetime,
    machines: tuple[str, ...],
    chosen: Settings,
    cluster: str,
    lacking: Mapping[str, str],
    where: str,
) -> OwnedGroup:
    refuse(chosen, lacking, cluster, place_of(pool, group, where))
    marks = node_marks(pool, group, chosen)
    window = window_at(group, as_of)
    return OwnedGroup(
        key=f"{pool.name}/{group.name}",
        site=group.purchase.site if group.purchase.option == "owned" else "",
        nvidia=group.accelerator is not None
        and group.accelerator.resource.startswith("nvidia.com/"),
        machines=machines,
        labels={**group_object_labels(plan, pool, group), **marks.labels},
        marks=marks,
        join=_join(marks),
        planned=Sizes(window.min, window.desired, window.max),
    )


def _join(marks: NodeMarks) -> str:
    labels = ",".join(f"{key}={value}" for key, value in sorted(marks.labels.items()))
    taints = ",".join(f"{t.key}={t.value}:{t.effect}" for t in marks.taints)
    return f"--node-labels={labels}" + (f" --register-with-taints={taints}" if taints else "")
