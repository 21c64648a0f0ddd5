"""What a plan holds at an instant, as flavors with quotas.

Pure. The plan says how many nodes and how many accelerators each; vCPUs and memory follow from the
instance types where their size is known, less what Kubernetes, daemons and the hypervisor take. Of several
types of a group the smallest counts. A device that containers share counts once for each of them, as the
node advertises it. What is not known of every group of a pool is not covered, and said.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from trimtab.catalogue.allocatable import allocatable
from trimtab.errors import InputError
from trimtab.plan.attribution import group_key
from trimtab.plan.model import PURCHASE_OPTIONS, CapacityPlan, Group, Pool, Taint
from trimtab.plan.sizing import Sizes, size, window_at
from trimtab.provision.capacity_blocks import closed
from trimtab.provision.nodes import TEAM_TAINT, node_marks
from trimtab.provision.pool_settings import SettingsByGroup
from trimtab.provision.queueing.flavors import (
    CPU,
    MEMORY,
    PODS,
    SPOT_TAINT,
    flavor_labels,
    flavor_name,
    flavor_taints,
    flavor_tolerations,
    in_merit_order,
    per_node,
    quota,
    uninterruptible_work,
)
from trimtab.provision.sized_groups import sized_groups

MOST_TAINTS = 8
"""That a ResourceFlavor may bear, and tolerate."""
_GIB = 2**30
Shape = tuple[float, float]
"""Nominal vCPUs and GiB of an instance type."""
Shapes = Callable[[str], Shape | None]
"""The shape of an instance type, or None where it is not known."""


@dataclass(frozen=True)
class Flavor:
    """A part of a pool that is bought one way.

    Attributes:
        labels: of its nodes; none where the nodes are in other clusters.
        holds: of each resource that its pool covers, whole.
    """

    name: str
    option: str
    labels: Mapping[str, str]
    taints: tuple[Taint, ...]
    tolerations: tuple[Mapping[str, str], ...]
    holds: Mapping[str, Fraction]


@dataclass(frozen=True)
class PoolCapacity:
    """A pool's flavors, in merit order.

    Attributes:
        team: whose it is; empty where that is not stated.
        uncovered: what no quota is given for, and why.
        unknown: devices that it has, but not how many.
    """

    name: str
    team: str
    uninterruptible: bool
    flavors: tuple[Flavor, ...]
    uncovered: tuple[str, ...] = ()
    unknown: frozenset[str] = frozenset()

    @property
    def covers(self) -> tuple[str, ...]:
        """The resources that it has quotas of, sorted."""
        return tuple(sorted({key for each in self.flavors for key in each.holds}))


def shapes_of(plan: CapacityPlan, stated: Mapping[str, Shape]) -> Shapes:
    """Sizes of instance types: as stated, or as the price book knows them in the plan's region."""
    from trimtab.pricing.book.machines import BUILT_IN_FOLDER, machine_table

    table = machine_table(BUILT_IN_FOLDER, plan.spec.site.provider, plan.spec.site.region)

    def shape(instance_type: str) -> Shape | None:
        if instance_type in stated:
            return stated[instance_type]
        offer = table.get(instance_type)
        if offer is None or offer.vcpu is None or offer.memory_gib is None:
            return None
        return offer.vcpu, offer.memory_gib

    return shape


def pool_capacities(
    plan: CapacityPlan,
    as_of: datetime,
    running: Mapping[str, Sizes],
    settings: SettingsByGroup,
    shapes: Shapes,
    pods_per_node: int | None,
    where: str,
) -> tuple[PoolCapacity, ...]:
    """The plan's pools in its order, owned machines too.

    Args:
        running: observed sizes by group key: a quota is not less than what the nodes hold that run.
        settings: of the pools, as whoever makes the nodes has them.
        where: the component's type and name, for errors.

    Raises:
        StalePlanError: the plan has expired.
        InputError: `running` names no group, a group bears more taints than a flavor may, or two
            flavors would have one name.
    """
    sized_groups(plan, as_of, running)
    _check_names(plan, where)
    return tuple(
        _pool(plan, pool, as_of, running, settings, shapes, pods_per_node, where)
        for pool in plan.spec.pools
    )


def _check_names(plan: CapacityPlan, where: str) -> None:
    """Refuse names of pools and groups that run together to the same flavor's."""
    found: dict[str, str] = {}
    for pool in plan.spec.pools:
        for group in pool.groups:
            name, place = flavor_name(pool.name, group.name), f"{pool.name}/{group.name}"
            if name in found:
                raise InputError(
                    f"groups {found[name]} and {place} would both be flavor {name}",
                    where=where,
                    mend="rename one of the pools and plan again",
                )
            found[name] = place


def _pool(
    plan: CapacityPlan,
    pool: Pool,
    as_of: datetime,
    running: Mapping[str, Sizes],
    settings: SettingsByGroup,
    shapes: Shapes,
    pods_per_node: int | None,
    where: str,
) -> PoolCapacity:
    groups = in_merit_order(pool.groups)
    each_node, slices = _devices(pool, groups, settings)
    uncovered = [
        f"pool {pool.name}: no quota of {resource}, for the plan does not count the slices of MIG "
        f"layout {profile}"
        for resource, profile in slices.items()
    ]
    machines = {each.name: _least(plan.spec.site.provider, each, shapes) for each in groups}
    unknown = sorted({found for found in machines.values() if isinstance(found, str)})
    for resource in (CPU, MEMORY):
        if any(resource in holds for holds in each_node.values()):
            continue
        if unknown:
            uncovered.append(
                f"pool {pool.name}: no quota of {resource}, for the size of {', '.join(unknown)} is "
                "not known"
            )
            continue
        for name, found in machines.items():
            if not isinstance(found, str):
                each_node[name][resource] = found[resource]
    if pods_per_node is not None:
        for holds in each_node.values():
            holds[PODS] = Fraction(pods_per_node)
    covers = {key for holds in each_node.values() for key in holds}
    flavors = []
    for group in groups:
        nodes = _nodes(pool, group, as_of, running)
        taints = _taints(pool, group, settings, f"{where}: group {pool.name}/{group.name}")
        open_to = [each for each in taints if each.key != TEAM_TAINT]
        holds = each_node[group.name]
        flavors.append(
            Flavor(
                flavor_name(pool.name, group.name),
                group.purchase.option,
                flavor_labels(pool, group),
                taints,
                flavor_tolerations(pool, open_to),
                {key: quota(key, holds.get(key, Fraction(0)), nodes) for key in sorted(covers)},
            )
        )
    return PoolCapacity(
        pool.name,
        pool.owner.team,
        uninterruptible_work(pool),
        tuple(flavors),
        tuple(uncovered),
        frozenset(slices),
    )


def _devices(
    pool: Pool, groups: Iterable[Group], settings: SettingsByGroup
) -> tuple[dict[str, dict[str, Fraction]], dict[str, str]]:
    """What a node of each group holds of what the plan tells, and the MIG layouts of devices of which it
    does not tell the slices.

    How many slices a layout gives, and as which resource, is the device plugin's to say, unless the
    plan counts slices. A quota of the group's devices, or of its neighbours' alone, would be wrong.
    """
    found: dict[str, dict[str, Fraction]] = {}
    slices: dict[str, str] = {}
    for group in groups:
        holds, chosen = per_node(pool, group), settings.of(pool, group)
        if group.accelerator is not None:
            resource = group.accelerator.resource
            if chosen.mig_profile is not None and "/mig-" not in resource:
                slices[resource] = chosen.mig_profile
            else:
                holds[resource] *= chosen.sharing_replicas
        found[group.name] = holds
    known = {
        name: {key: value for key, value in holds.items() if key not in slices}
        for name, holds in found.items()
    }
    return known, slices


def _nodes(pool: Pool, group: Group, as_of: datetime, running: Mapping[str, Sizes]) -> int:
    if closed(group, as_of):
        return 0
    return size(window_at(group, as_of), running.get(group_key(pool, group))).sizes.max


def _least(provider: str, group: Group, shapes: Shapes) -> dict[str, Fraction] | str:
    """What the smallest of the group's types leaves for pods, or a type whose size is not known."""
    cores, gib = [], []
    for offer in group.offers:
        shape = shapes(offer.instance_type)
        if shape is None:
            return offer.instance_type
        vcpu, memory_gib = allocatable(provider, *shape)
        cores.append(vcpu or 0.0)
        gib.append(memory_gib or 0.0)
    return {CPU: Fraction(str(min(cores))), MEMORY: Fraction(str(min(gib))) * _GIB}


def _taints(pool: Pool, group: Group, settings: SettingsByGroup, where: str) -> tuple[Taint, ...]:
    marks = node_marks(pool, group, settings.of(pool, group))
    found = {
        (each.key, each.value, each.effect): each
        for each in (*marks.taints, *flavor_taints(pool, group))
    }
    if len(found) > MOST_TAINTS:
        raise InputError(
            f"has {len(found)} taints, and Kueue's flavors bear no more than {MOST_TAINTS}",
            where=where,
            mend="give the group fewer taints",
        )
    return tuple(found.values())


def summed(workers: Mapping[str, Iterable[PoolCapacity]]) -> tuple[PoolCapacity, ...]:
    """The pools of several clusters as one: a flavor for each way to buy, `<pool>-<option>`, with the
    sum of what the clusters hold. A resource is covered where every cluster covers it.

    Args:
        workers: the pools of each, by the worker's name.
    """
    found: dict[str, list[PoolCapacity]] = {}
    for each in (pool for pools in workers.values() for pool in pools):
        found.setdefault(each.name, []).append(each)
    return tuple(_sum(name, pools) for name, pools in sorted(found.items()))


def _sum(name: str, pools: list[PoolCapacity]) -> PoolCapacity:
    flavors = [flavor for pool in pools for flavor in pool.flavors]
    # Of accelerators a cluster without them holds none; of cpu and memory it holds one knows not what.
    covers = {key for pool in pools for key in pool.covers}
    lacking = {key for key in (CPU, MEMORY, PODS) if any(key not in pool.covers for pool in pools)}
    unknown = frozenset(key for pool in pools for key in pool.unknown)
    uninterruptible = any(pool.uninterruptible for pool in pools)
    made = []
    for option in PURCHASE_OPTIONS:
        members = [flavor for flavor in flavors if flavor.option == option]
        if not members:
            continue
        taints = (SPOT_TAINT,) if option == "spot" and uninterruptible else ()
        holds = {
            key: sum((each.holds.get(key, Fraction(0)) for each in members), Fraction(0))
            for key in sorted(covers - lacking - unknown)
        }
        made.append(Flavor(flavor_name(name, option), option, {}, taints, (), holds))
    teams = {pool.team for pool in pools}
    uncovered = tuple(dict.fromkeys(each for pool in pools for each in pool.uncovered))
    team = teams.pop() if len(teams) == 1 else ""
    return PoolCapacity(name, team, uninterruptible, tuple(made), uncovered, unknown)
