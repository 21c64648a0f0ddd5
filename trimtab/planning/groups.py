"""The parts of a pool in the plan's words: groups with their offers, labels, taints and owner."""

import hashlib
from collections.abc import Callable, Sequence

from trimtab.catalogue.accelerators import ACCELERATORS
from trimtab.catalogue.offers import Offer
from trimtab.plan.document import rounded
from trimtab.plan.labels import OPTION_LABEL, SPOT_TAINT_VALUE
from trimtab.plan.model import (
    Accelerator,
    Group,
    GroupExpected,
    PlannedOffer,
    Purchase,
    Taint,
    Window,
    purchase_zone,
)
from trimtab.plan.shared import OwnerRef
from trimtab.planning.economics import Nodes
from trimtab.planning.request import PoolRequest
from trimtab.workloads.matching import node_labels
from trimtab.workloads.model import Owner, Workload

GPU_TAINT_EFFECT = "NoSchedule"
OWNER_FIELDS = ("team", "project", "model", "environment")


def build_group(
    request: PoolRequest,
    name: str,
    purchase: Purchase,
    offers: Sequence[Offer],
    units_per_node: float,
    windows: tuple[Window, ...],
    nodes: Nodes,
    price: Callable[[Offer], float | None],
    usd_per_hour: float | None,
) -> Group:
    first = offers[0]
    mean = float(nodes.mean())
    carbon = first.gco2e_per_hour
    return Group(
        name=name,
        generation=_generation(request.name, name, offers, purchase_zone(purchase)),
        purchase=purchase,
        offers=tuple(
            PlannedOffer(
                instance_type=offer.instance_type,
                usd_per_hour=_maybe(price(offer)),
                gco2e_per_hour=_maybe(offer.gco2e_per_hour),
            )
            for offer in offers
        ),
        units_per_node=rounded(units_per_node),
        architecture="arm64" if first.architecture == "arm64" else "x86_64",
        accelerator=_accelerator(request.workloads, first),
        taints=_taints(request.workloads, name),
        windows=windows,
        expected=GroupExpected(
            nodes=rounded(mean),
            usd_per_hour=_maybe(usd_per_hour),
            kgco2e_per_hour=None if carbon is None else rounded(mean * carbon / 1000),
        ),
    )


def _maybe(value: float | None) -> float | None:
    return None if value is None else rounded(value)


def _generation(pool: str, group: str, offers: Sequence[Offer], zone: str | None) -> str:
    """Digest of what a cloud can't change in place: another one is another resource.

    The names are in it too, so that pool `a-b`, group `c` and pool `a`, group `b-c` keep apart. A zone
    stands in it where one is stated: a node group's subnets are fixed.
    """
    immutable = [pool, group, *(offer.instance_type for offer in offers), offers[0].architecture]
    if zone is not None:
        immutable.append(f"zone {zone}")
    return hashlib.sha256("\n".join(immutable).encode()).hexdigest()[:6]


def _accelerator(workloads: Sequence[Workload], offer: Offer) -> Accelerator | None:
    if offer.accelerator is None or not offer.accelerator_count:
        return None
    stated = next((w.replica.accelerator_resource for w in workloads), None)
    return Accelerator(
        model=offer.accelerator,
        resource=stated or ACCELERATORS[offer.accelerator].device,
        per_node=rounded(offer.accelerator_count),
    )


def _taints(workloads: Sequence[Workload], option: str) -> tuple[Taint, ...]:
    """Taints that keep the wrong pods away, and only those that every pod that belongs tolerates."""
    resources = {w.replica.accelerator_resource for w in workloads}
    taints = [
        Taint(key=resource, value="present", effect=GPU_TAINT_EFFECT)
        for resource in sorted(filter(None, resources))
        if all(_tolerates(workload, resource, "present") for workload in workloads)
    ]
    if option == "spot" and not all(w.interruptible for w in workloads):
        taints.append(Taint(key=OPTION_LABEL, value=SPOT_TAINT_VALUE, effect="NoSchedule"))
    return tuple(taints)


def _tolerates(workload: Workload, key: str, value: str) -> bool:
    return any(t.tolerates(key, value, GPU_TAINT_EFFECT) for t in workload.tolerations)


def labels(workloads: Sequence[Workload], base: Offer) -> dict[str, str]:
    found: dict[str, str] = {}
    for workload in workloads:
        found |= node_labels(workload, base)
    return dict(sorted(found.items()))


def owner(owners: Sequence[Owner]) -> OwnerRef:
    """What all workloads agree on; where they differ, the pool is shared and nobody's alone."""
    agreed = {
        field: getattr(owners[0], field)
        for field in OWNER_FIELDS
        if len({getattr(each, field) for each in owners}) == 1
    }
    return OwnerRef(**agreed)
