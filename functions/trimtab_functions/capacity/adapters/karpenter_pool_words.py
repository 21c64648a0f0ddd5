"""A plan's words in a NodePool that somebody else wrote: what both sorts of NodePool share.

Pure. The plan decides which machines a NodePool launches (capacity type, instance types, architecture,
and the zone where the purchase pins one), and the labels and taints by which work finds the group. All
else stays the author's; where nothing is stated, what the plan implies stands in: its zones, its weight,
how long nodes live and how they may be disturbed, for Karpenter's own defaults would end work that must
not be interrupted.

Source: the CRD `karpenter.sh/v1` NodePool of Karpenter v1.14.1, 2026-11.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trimtab.plan.attribution import node_labels
from trimtab.plan.model import CapacityPlan, Group, Pool, purchase_zone
from trimtab.provision.karpenter.objects import (
    disruption,
    expire_after,
    purchased_types,
    requirements,
    weight,
)
from trimtab.provision.karpenter.shapes import (
    ARCHITECTURE_LABEL,
    CAPACITY_TYPE_LABEL,
    INSTANCE_TYPE_LABEL,
    ZONE_LABEL,
    Mode,
    taint_fields,
)
from trimtab.provision.sized_groups import settable_labels
from trimtab_functions.capacity.adapters.base import Fixed
from trimtab_functions.capacity.adapters.taints import with_ours_last
from trimtab_functions.capacity.documents import (
    Document,
    items,
    mapping,
    replaced,
    section,
    text,
    texts,
)

RELEASE_ANNOTATION = "trimtab.dev/release"
"""On a NodePool: "true" lets its static nodes go when the plan keeps fewer."""
APPROVED_ANNOTATION = "trimtab.dev/approved"
"""Digests of the plan's proposed commitments that were approved and bought since, with commas."""
_TEMPLATE = ("spec", "template", "spec")


@dataclass(frozen=True)
class Machines(Fixed):
    """What a NodePool launches; empty where it is not stated.

    Karpenter would take another in place, and replace every node of the NodePool at once.
    """

    capacity_types: frozenset[str]
    instance_types: frozenset[str]

    def gives(self, planned: "Machines") -> bool:
        return (not self.capacity_types or self.capacity_types == planned.capacity_types) and (
            not self.instance_types or self.instance_types == planned.instance_types
        )


def machines(document: Mapping[str, Any]) -> Machines:
    """What a NodePool launches."""
    return Machines(
        frozenset(required(document, CAPACITY_TYPE_LABEL)),
        frozenset(required(document, INSTANCE_TYPE_LABEL)),
    )


def planned_machines(group: Group) -> Machines:
    """What a group's NodePool is to launch.

    Raises:
        InputError: Karpenter can't provision the group.
    """
    types = frozenset(offer.instance_type for offer in group.offers)
    return Machines(frozenset(purchased_types(group)), types)


def required(document: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """The values that a NodePool's requirements allow for a label."""
    for each in items(section(document, *_TEMPLATE).get("requirements")):
        if isinstance(each, Mapping) and (each.get("key"), each.get("operator")) == (key, "In"):
            return texts(each.get("values"))
    return ()


def launching(base: Document, plan: CapacityPlan, pool: Pool, group: Group) -> Document:
    """The NodePool with the machines, labels and taints of a group.

    Raises:
        InputError: Karpenter can't provision the group.
    """
    words = requirements(plan, group)
    keys = {CAPACITY_TYPE_LABEL, INSTANCE_TYPE_LABEL, ARCHITECTURE_LABEL}
    own = items(section(base, *_TEMPLATE).get("requirements"))
    if purchase_zone(group.purchase) is not None:
        keys.add(ZONE_LABEL)
    elif any(mapping(each).get("key") == ZONE_LABEL for each in own):
        words = [each for each in words if each["key"] != ZONE_LABEL]
    kept = [each for each in own if mapping(each).get("key") not in keys]
    document = replaced(base, (*_TEMPLATE, "requirements"), [*kept, *words])
    labels = section(base, "spec", "template", "metadata", "labels")
    marks = settable_labels(node_labels(pool, group))
    document = replaced(document, ("spec", "template", "metadata", "labels"), {**labels, **marks})
    own_taints = items(section(base, *_TEMPLATE).get("taints"))
    taints = with_ours_last(own_taints, taint_fields(group.taints))
    return replaced(document, (*_TEMPLATE, "taints"), taints) if taints else document


def dynamic(base: Document, plan: CapacityPlan, pool: Pool, group: Group) -> Document:
    """A dynamic NodePool with a group's word.

    Raises:
        InputError: Karpenter can't provision the group.
    """
    document = launching(base, plan, pool, group)
    document = replaced(document, ("spec", "weight"), weight(pool, group))
    if "expireAfter" not in section(base, *_TEMPLATE):
        document = replaced(document, (*_TEMPLATE, "expireAfter"), expire_after(group, mode(base)))
    if not section(base, "spec", "disruption"):
        may = disruption(pool, group, plan.spec.start)
        document = replaced(document, ("spec", "disruption"), may)
    return document


def mode(document: Mapping[str, Any]) -> Mode:
    """Who runs Karpenter, by the node class that a NodePool names."""
    group = text(section(document, *_TEMPLATE, "nodeClassRef").get("group"))
    return "eks-auto" if group == "eks.amazonaws.com" else "karpenter"


def whole(value: object) -> int | None:
    """A whole number of nodes of a quantity, however it is written; None where it is none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return int(value) if 0 <= value < float("inf") and value == int(value) else None
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= _DIGITS:
        return int(value)
    return None


_DIGITS = 9


def marked(document: Mapping[str, Any], annotation: str) -> bool:
    """Whether an annotation says "true"."""
    return section(document, "metadata", "annotations").get(annotation) == "true"


def approved(document: Mapping[str, Any]) -> tuple[str, ...]:
    """The digests that `APPROVED_ANNOTATION` names."""
    stated = text(section(document, "metadata", "annotations").get(APPROVED_ANNOTATION)) or ""
    return tuple(each.strip() for each in stated.split(",") if each.strip())
