"""Everything that a plan, or several clusters' plans, make of Kueue.

Pure. `of_plan` is for a cluster that runs work; `of_workers` for one that sends it to others: it has the
sum of their quotas, and MultiKueue's check on every queue.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trimtab.errors import InputError, allowed
from trimtab.plan.model import CapacityPlan
from trimtab.plan.sizing import Sizes
from trimtab.provision.arguments import instant_of, said_by
from trimtab.provision.kube_objects import KubeObject
from trimtab.provision.pool_settings import SettingsByGroup
from trimtab.provision.queueing import objects
from trimtab.provision.queueing.capacity import (
    PoolCapacity,
    Shape,
    pool_capacities,
    shapes_of,
    summed,
)
from trimtab.provision.queueing.queues import Queue, share
from trimtab.provision.queueing.settings import (
    PreemptionSettings,
    ProvisioningSettings,
    QueueSettings,
)


@dataclass(frozen=True)
class Chosen:
    """What is chosen besides the plan; `QueueingArgs` says what each is."""

    running: Mapping[str, Sizes]
    pools: Mapping[str, Mapping[str, Any]]
    queues: Mapping[str, QueueSettings]
    organisation: str | None
    weights: Mapping[str, float]
    preemption: PreemptionSettings
    priorities: Mapping[str, int]
    topologies: Mapping[str, Sequence[str]]
    provisioning: ProvisioningSettings | None
    machines: Mapping[str, Shape]
    pods_per_node: int | None


@dataclass(frozen=True)
class Decided:
    """The objects in the order in which they are made, and the names of what others refer to."""

    objects: tuple[KubeObject, ...]
    queues: tuple[str, ...]
    flavors: tuple[str, ...]
    cohorts: tuple[str, ...]
    uncovered: tuple[str, ...]


def of_plan(
    plan: CapacityPlan,
    as_of: str | None,
    chosen: Chosen,
    labels: Mapping[str, str],
    where: str,
) -> Decided:
    """The objects of a cluster that runs work.

    Raises:
        InputError: something chosen does not fit the plan.
        StalePlanError: the plan has expired.
    """
    pools = _capacities(plan, as_of, chosen, where)
    names = {pool.name for pool in pools}
    for pool in chosen.topologies:
        if pool not in names:
            raise InputError(
                f"topologies: {pool} is no pool of the plan",
                where=where,
                mend=f"use one of {allowed(names)}",
            )
    first = []
    if chosen.provisioning is not None:
        first = objects.provisioning(chosen.provisioning, labels)

    def checks(queue: Queue) -> list[dict[str, Any]]:
        if chosen.provisioning is None:
            return []
        return objects.provisioning_check(chosen.provisioning, pools, queue.quotas)

    root = chosen.organisation or plan.metadata.name
    return _decided(pools, chosen, first, checks, labels, root, where)


def of_workers(
    plans: Mapping[str, CapacityPlan],
    secrets: Mapping[str, str],
    as_of: str | None,
    chosen: Chosen,
    labels: Mapping[str, str],
    root: str,
    where: str,
) -> Decided:
    """The objects of a cluster that sends work to others.

    Args:
        plans: of the workers, by name.
        secrets: names of the Secrets with their kubeconfigs.

    Raises:
        InputError: something chosen does not fit the plans.
        StalePlanError: one of them has expired.
    """
    by_worker = {
        name: _capacities(plan, as_of, chosen, f"{where}: workers.{name}")
        for name, plan in plans.items()
    }
    pools = summed(by_worker)
    first = objects.workers(secrets, labels)
    for pool in pools:
        having = sorted(
            name for name, found in by_worker.items() if any(p.name == pool.name for p in found)
        )
        first += objects.multikueue(pool.name, having, labels)

    def checks(queue: Queue) -> list[dict[str, Any]]:
        return [{"name": objects.multikueue_check(queue.pool)}]

    return _decided(pools, chosen, first, checks, labels, root, where)


def _capacities(
    plan: CapacityPlan, as_of: str | None, chosen: Chosen, where: str
) -> tuple[PoolCapacity, ...]:
    with said_by(where):
        return pool_capacities(
            plan,
            instant_of(as_of, plan, where),
            chosen.running,
            SettingsByGroup(plan, chosen.pools, where),
            shapes_of(plan, chosen.machines),
            chosen.pods_per_node,
            where,
        )


def _decided(
    pools: tuple[PoolCapacity, ...],
    chosen: Chosen,
    first: list[KubeObject],
    checks: Any,
    labels: Mapping[str, str],
    root: str,
    where: str,
) -> Decided:
    shared = share(pools, chosen.queues, root, chosen.weights, where)
    made = [
        *objects.priorities(chosen.priorities, labels),
        *first,
        *objects.flavors(pools, chosen.topologies, labels),
        *objects.cohorts(shared.cohorts, labels),
    ]
    for queue in shared.queues:
        made += objects.queue(queue, chosen.preemption, checks(queue), labels)
    return Decided(
        tuple(made),
        tuple(each.name for each in shared.queues),
        tuple(flavor.name for pool in pools for flavor in pool.flavors),
        tuple(each.name for each in shared.cohorts),
        tuple(gap for pool in pools for gap in pool.uncovered),
    )
