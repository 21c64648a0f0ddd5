"""The machines of a cluster at the edge: which are servers, which serve a group of the plan, and their marks.

Pure. Agents serve the plan's owned groups of one site; a server may serve one too. A machine joins with
the marks that no plan moves, so that no work lands on it wrongly; once it is a node it is marked with the
plan's as well, which change with every plan and restart nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from trimtab.errors import InputError, allowed
from trimtab.plan.attribution import object_labels
from trimtab.plan.model import CapacityPlan
from trimtab.provision.owned_machines import OTHERS_CHOSE, OwnedGroup, owned_groups
from trimtab.provision.pool_settings import SettingsByGroup

Role = Literal["server", "agent"]
SERVERS_ONLY_TAINT = "node-role.kubernetes.io/control-plane=true:NoSchedule"


@dataclass(frozen=True)
class EdgeNode:
    """A machine as the cluster is to have it.

    Attributes:
        name: of the node.
        group: `<pool>/<group>`; empty for a server that serves none.
        first: whether it is the server that begins the cluster.
        nvidia: whether it has NVIDIA's GPUs.
        labels, taints: what it joins with; taints as `key=value:Effect`.
        marks: labels that it bears besides, once it is a node.
        lasting_taints: those of the taints that are put back where they went.
    """

    name: str
    role: Role
    group: str
    first: bool
    nvidia: bool
    labels: dict[str, str]
    taints: tuple[str, ...]
    marks: dict[str, str]
    lasting_taints: tuple[str, ...]


@dataclass(frozen=True)
class EdgeNodes:
    """All machines: servers first, each in the order that is stated.

    Attributes:
        site: where they are.
        join: the kubelet's arguments of each group's machines, by `<pool>/<group>`.
        warnings: what does not fit the plan.
    """

    site: str
    nodes: tuple[EdgeNode, ...]
    join: dict[str, str]
    warnings: tuple[str, ...]


def edge_nodes(
    plan: CapacityPlan,
    as_of: datetime,
    servers: Sequence[tuple[str, str | None]],
    agents: Mapping[str, Sequence[str]],
    pools: Mapping[str, Mapping[str, object]],
    where: str,
    *,
    site: str | None = None,
    servers_take_work: bool = True,
    cluster: str = "K3s",
) -> EdgeNodes:
    """The machines and what the plan asks of each.

    Args:
        servers: names, each with the group that it serves, if any.
        agents: names by `<pool>/<group>`.
        pools: settings by pool or group.
        site: whose owned groups count; None where the plan has those of one site only.
        cluster: what they join, for errors.

    Raises:
        InputError: no server, a machine twice, a group that is not owned there, or a setting that
            machines of one's own have nothing for.
    """
    if not servers:
        raise InputError("servers: there is none", where=where, mend="name one machine, or three")
    here = _site(plan, site, where)
    named: dict[str, list[str]] = {key: list(names) for key, names in agents.items()}
    for name, key in servers:
        if key is not None:
            named.setdefault(key, []).append(name)
    _once([name for name, _ in servers], agents, where)
    groups = owned_groups(
        plan,
        as_of,
        {key: tuple(names) for key, names in named.items()},
        SettingsByGroup(plan, pools, where),
        where,
        site=here,
        cluster=cluster,
        argument="agents, servers",
        lacking=OTHERS_CHOSE,
    )
    by_key = {group.key: group for group in groups}
    plain = object_labels(plan)
    closed = () if servers_take_work else (SERVERS_ONLY_TAINT,)
    nodes = [
        _node(name, "server", by_key.get(key or ""), plain, closed, first=place == 0)
        for place, (name, key) in enumerate(servers)
    ]
    nodes += [
        _node(name, "agent", by_key[key], plain, ())
        for key, names in agents.items()
        for name in names
    ]
    return EdgeNodes(
        site=here,
        nodes=tuple(nodes),
        join={group.key: group.join for group in groups},
        warnings=tuple(group.warning for group in groups if group.warning),
    )


def _site(plan: CapacityPlan, stated: str | None, where: str) -> str:
    sites = sorted(
        {
            group.purchase.site
            for pool in plan.spec.pools
            for group in pool.groups
            if group.purchase.option == "owned"
        }
    )
    if stated is not None:
        if sites and stated not in sites:
            raise InputError(
                f"site: the plan has no owned machines at {stated}",
                where=where,
                mend=f"use one of {allowed(sites)}",
            )
        return stated
    if len(sites) > 1:
        raise InputError(
            f"site: the plan has owned machines at {', '.join(sites)}",
            where=where,
            mend="say which site's they are",
        )
    return sites[0] if sites else ""


def _once(servers: Sequence[str], agents: Mapping[str, Sequence[str]], where: str) -> None:
    seen: set[str] = set()
    for name in (*servers, *(name for names in agents.values() for name in names)):
        if name in seen:
            raise InputError(
                f"servers, agents: {name} is named twice",
                where=where,
                mend="name each machine once",
            )
        seen.add(name)


def _node(
    name: str,
    role: Role,
    group: OwnedGroup | None,
    plain: dict[str, str],
    closed: tuple[str, ...],
    *,
    first: bool = False,
) -> EdgeNode:
    if group is None:
        return EdgeNode(name, role, "", first, False, {}, closed, plain, closed)
    lasting = tuple(f"{t.key}={t.value}:{t.effect}" for t in group.marks.taints)
    every = tuple(f"{t.key}={t.value}:{t.effect}" for t in group.marks.every_taint)
    return EdgeNode(
        name=name,
        role=role,
        group=group.key,
        first=first,
        nvidia=group.nvidia,
        labels=dict(group.marks.labels),
        taints=(*closed, *every),
        marks=group.labels,
        lasting_taints=(*closed, *lasting),
    )
