"""What a group of a plan is in Kueue's words: a flavor's name, labels, taints, and what its quota is.

Pure, and shared: the Pulumi component and the Crossplane function's adapter both speak from here, so that
a quota is the same whoever writes it.

- A group is one flavor, `<pool>-<group>`. Flavors are tried in merit order: what is owned or paid for
  first, then spot, then on demand.
- Its quota is what the max of the group's window holds, net of what Kubernetes and daemons take. A device
  is had whole.
- A flavor's own tolerations are added to those of the pods before its taints are looked at: a flavor that
  tolerated the spot taint would take any work of its queue. So where a pool has work which must not be
  interrupted, its spot flavor bears the taint `trimtab.dev/purchase-option=spot` and tolerates it not:
  only pods that tolerate it themselves, and so declare that they may be interrupted, are admitted.

Source: Kueue v0.19.2, `pkg/scheduler/flavorassigner` (taints, tolerations, node labels), 2026-08.
"""

from collections.abc import Iterable
from fractions import Fraction

from trimtab.plan.labels import GROUP_LABEL, OPTION_LABEL, POOL_LABEL, SPOT_TAINT_VALUE
from trimtab.plan.model import PURCHASE_OPTIONS, Group, Pool, Taint

CPU, MEMORY, PODS = "cpu", "memory", "pods"
SPOT_TAINT = Taint(key=OPTION_LABEL, value=SPOT_TAINT_VALUE, effect="NoSchedule")
_MIB = 2**20


def flavor_name(pool: str, group: str) -> str:
    """The name of a group's flavor."""
    return f"{pool}-{group}"


def in_merit_order(groups: Iterable[Group]) -> tuple[Group, ...]:
    """The groups as Kueue is to try them; equals stay in the plan's order."""
    return tuple(sorted(groups, key=lambda each: PURCHASE_OPTIONS.index(each.purchase.option)))


def flavor_labels(pool: Pool, group: Group) -> dict[str, str]:
    """Labels by which the group's nodes are found; admitted pods select by them."""
    return {
        POOL_LABEL: pool.name,
        GROUP_LABEL: group.name,
        OPTION_LABEL: group.purchase.option,
    }


def uninterruptible_work(pool: Pool) -> bool:
    """Whether some of the pool's work must not be interrupted."""
    return pool.interruptible_share < 1


def flavor_taints(pool: Pool, group: Group) -> tuple[Taint, ...]:
    """What keeps work away from the flavor: the group's taints, and spot's where there is work that
    must not be interrupted, whether the nodes bear it or not."""
    taints = group.taints
    if group.purchase.option == "spot" and uninterruptible_work(pool):
        taints = (*(each for each in taints if not _is_spots(each)), SPOT_TAINT)
    return taints


def flavor_tolerations(pool: Pool, taints: Iterable[Taint]) -> tuple[dict[str, str], ...]:
    """What admitted pods are made to tolerate: all but spot, where pods must say so themselves."""
    return tuple(
        {"key": each.key, "operator": "Exists", "effect": each.effect}
        for each in taints
        if not (_is_spots(each) and uninterruptible_work(pool))
    )


def _is_spots(taint: Taint) -> bool:
    return (taint.key, taint.value) == (SPOT_TAINT.key, SPOT_TAINT.value)


def per_node(pool: Pool, group: Group) -> dict[str, Fraction]:
    """What a node of the group holds for work, as far as the plan says: accelerators, and vCPUs where
    demand is counted in them, net of what Kubernetes and daemons take."""
    found = {}
    if group.accelerator is not None:
        found[group.accelerator.resource] = Fraction(str(group.accelerator.per_node))
    if pool.unit == "vcpus":
        found[CPU] = Fraction(str(group.units_per_node))
    return found


def quota(resource: str, each_node: Fraction, nodes: int) -> Fraction:
    """What that many nodes hold of a resource."""
    return whole(resource, each_node * nodes)


def whole(resource: str, value: Fraction) -> Fraction:
    """The part of a quantity that can be given away, rounded down: whole devices and pods, whole MiB of
    memory, thousandths of a CPU."""
    if resource == CPU:
        return Fraction(int(value * 1000), 1000)
    if resource == MEMORY:
        return Fraction(int(value / _MIB) * _MIB)
    return Fraction(int(value))


def written(resource: str, value: Fraction) -> str:
    """A quantity as Kubernetes has it."""
    if resource == MEMORY and value:
        return f"{int(value / _MIB)}Mi"
    return written_quantity(value)


def written_quantity(value: Fraction) -> str:
    """A quantity in whole units, or in thousandths, rounded down."""
    if value.denominator == 1:
        return str(value.numerator)
    thousandths = value.numerator * 1000 // value.denominator
    return f"{thousandths}m"
