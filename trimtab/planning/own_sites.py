"""Pools that no cloud may serve: all their workloads allow are sites with machines of one's own.

A workload that must stay in a shop or a plant names that site among its allowed regions, as it would name a
cloud's. Where every region that a pool's workloads allow is such a site, the pool has the machines that stand
there and nothing else: no offer is looked at, nothing is bought, and demand above what the machines serve is
shortage, said as such. No machine serves a workload that is not allowed where it stands.
"""

from collections.abc import Collection

from trimtab.inventory.model import Inventory, OwnedNodes
from trimtab.planning.request import PoolRequest


def only_owned(pool: PoolRequest, inventory: Inventory | None, offered: Collection[str]) -> bool:
    """Whether all that the pool's workloads allow are sites with owned machines.

    Args:
        pool: the pool.
        inventory: what there is.
        offered: regions that clouds offer anything in.
    """
    sites = {each.site for each in inventory.owned} if inventory else set()
    return all(
        workload.regions and sites.issuperset(workload.regions) for workload in pool.workloads
    ) and not any(region in offered for workload in pool.workloads for region in workload.regions)


def unfit(machine: OwnedNodes, pool: PoolRequest) -> str:
    """Why a machine may not serve its pool; empty where it may."""
    for workload in pool.workloads:
        if workload.regions and machine.site not in workload.regions:
            allowed = ", ".join(workload.regions)
            return f"it stands at {machine.site}, and {workload.name} may be in {allowed} only"
        wanted = workload.accelerators
        if machine.accelerator and wanted and machine.accelerator not in wanted:
            return (
                f"it carries {machine.accelerator}, and {workload.name} needs {', '.join(wanted)}"
            )
    return ""
