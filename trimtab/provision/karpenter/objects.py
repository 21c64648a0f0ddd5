"""A plan's groups as Karpenter objects: a node class each, and a NodePool or two.

Pure. The max of the window that holds is a group's limit in nodes and vCPUs; Karpenter has no min and no clock, so
the later windows come with the next deployment, or the limit is the highest of them where deployments
are rarer than windows. Weights follow the plan's own order of filling a pool, which does not always put
spot first. Expiry takes a node's work along without asking, and consolidation moves it: only where work
bears that do busy nodes have either.

Sources: Karpenter's CRDs `karpenter.sh/v1` and `karpenter.k8s.aws/v1` as of v1.14.1; EKS user guide on
Auto Mode (nodes live 21 days at most); 2026-11.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from trimtab.errors import InputError
from trimtab.plan.attribution import group_key, group_object_labels
from trimtab.plan.eks import AmiFamily, image_flavour, node_group_name
from trimtab.plan.model import CapacityPlan, Group, Pool, PurchaseOption, Reserved, purchase_zone
from trimtab.plan.sizing import Sizes, later_windows, size, window_at
from trimtab.provision.accelerators.gpu_values import node_labels_for
from trimtab.provision.karpenter.budgets import (
    DEFAULT_SHARE,
    Maintenance,
    bears_disruption,
    budgets,
)
from trimtab.provision.karpenter.limits import node_limits
from trimtab.provision.karpenter.node_class import (
    NODE_CLASSES,
    NodeSettings,
    node_class_spec,
    reservation_terms,
    unselected_reservation,
)
from trimtab.provision.karpenter.overlays import overlay
from trimtab.provision.karpenter.shapes import (
    ARCHITECTURE_LABEL,
    CAPACITY_TYPE_LABEL,
    INSTANCE_TYPE_LABEL,
    KEPT_BY_GITOPS,
    NODE_POOL_API,
    ZONE_LABEL,
    KubernetesObject,
    Mode,
    one_of,
    taint_fields,
)
from trimtab.provision.karpenter.static import Baseline, Part, divided
from trimtab.provision.nodes import NodeMarks, node_marks
from trimtab.provision.pool_settings import Settings
from trimtab.provision.sized_groups import SizedGroup, instance_tags

MAX_WEIGHT = 100
_WEIGHT_STEP = 5
"""Sixteen groups of a pool fit between 1 and 100, with room between neighbours."""

# A commitment bills nodes that are launched on demand; a held reservation, when one is selected,
# goes first.
_CAPACITY_TYPES: dict[PurchaseOption, tuple[str, ...]] = {
    "reserved": ("reserved", "on-demand"),
    "on-demand": ("on-demand",),
    "spot": ("spot",),
    "capacity-block": ("reserved",),
}
_ARCHITECTURES = {"x86_64": "amd64", "arm64": "arm64"}
_SPOT_LIFE = "720h"
_AUTO_LIFE = "504h"
_DEFAULTS = Settings()


@dataclass(frozen=True)
class Choices:
    """What is chosen for all groups.

    Attributes:
        nodes: what nodes need besides the plan.
        as_of: the instant whose window holds.
        tags: of every machine and volume, besides those of the plan.
        whole_span: whether limits are the highest of the windows that are left.
        baseline: whether what is paid for and always needed is kept by static NodePools.
        overlays: whether Karpenter is told prices.
        maintenance: when busy nodes may be replaced whose work must not be interrupted.
        where: the component's type and name, for errors.
    """

    nodes: NodeSettings
    as_of: datetime
    tags: Mapping[str, str] = field(default_factory=dict)
    whole_span: bool = False
    baseline: Baseline = field(default_factory=Baseline)
    overlays: bool = False
    maintenance: Maintenance | None = None
    running: Mapping[str, Sizes] = field(default_factory=dict)
    where: str = "Karpenter"


@dataclass(frozen=True)
class GroupObjects:
    """A group's objects, in the order in which they are made.

    Attributes:
        node_pools: the dynamic one first.
        limit: nodes of the whole group at most.
        reasons: why anything differs from the plan's window, or is left out.
        warnings: what costs money to no use, with its mend.
    """

    node_class: KubernetesObject
    node_pools: tuple[KubernetesObject, ...]
    overlay: KubernetesObject | None
    marks: NodeMarks
    limit: int
    reasons: tuple[str, ...]
    warnings: tuple[str, ...] = ()


def group_objects(
    plan: CapacityPlan, sized: SizedGroup, choices: Choices, settings: Settings = _DEFAULTS
) -> GroupObjects:
    """The objects of a group.

    Raises:
        InputError: Karpenter can't provision the group (owned machines), or lacks a setting of it.
    """
    pool, group = sized.pool, sized.group
    idle = unselected_reservation(sized, choices.nodes, choices.where)
    division = divided(
        plan,
        sized,
        choices.as_of,
        choices.baseline,
        choices.running,
        whole_span=choices.whole_span,
        unselected=idle,
    )
    reasons = list(division.reasons)
    static = any(part.replicas is not None for part in division.parts)
    if static and settings.efa:
        raise InputError(
            f"efa: Karpenter gives a node EFA interfaces for pods that ask for them, and group "
            f"{group.name} of pool {pool.name} keeps nodes without pods",
            where=choices.where,
            mend="drop efa or static_baseline, or provision the pool as node groups",
        )
    marks = node_marks(pool, group, settings)
    labels = group_object_labels(plan, pool, group)
    name = node_group_name(pool, group)
    api_version, kind = NODE_CLASSES[choices.nodes.mode]
    tags = {**choices.tags, **instance_tags(plan, pool, group)}
    spec = node_class_spec(sized, choices.nodes, settings, tags, choices.where)
    priced, unpriced = None, None
    # Karpenter itself counts a reservation that is selected as paid.
    if choices.overlays and not idle and "capacityReservationSelectorTerms" not in spec:
        window = window_at(group, choices.as_of)
        priced, unpriced = overlay(plan, sized, division, window, choices.baseline.approved)
    return GroupObjects(
        KubernetesObject(api_version, kind, name, labels, spec, KEPT_BY_GITOPS),
        tuple(
            KubernetesObject(
                NODE_POOL_API,
                "NodePool",
                part.name,
                labels,
                _node_pool(plan, sized, part, marks, choices, settings),
                KEPT_BY_GITOPS,
            )
            for part in division.parts
        ),
        priced,
        marks,
        division.limit,
        tuple([*reasons, unpriced] if unpriced else reasons),
        (_idle_warning(sized, choices),) if idle else (),
    )


def group_at_start(plan: CapacityPlan, pool: Pool, group: Group) -> SizedGroup:
    """A group with the sizes of its plan's first window: for whoever writes the sizes on afterwards, and
    wants all else to stay from window to window."""
    start = plan.spec.start
    sizing = size(window_at(group, start))
    return SizedGroup(pool, group, group_key(pool, group), sizing, later_windows(group, start))


def weight(pool: Pool, group: Group) -> int:
    """The weight of a group's dynamic NodePool: the plan's own order of filling a pool."""
    return MAX_WEIGHT - _WEIGHT_STEP * list(pool.groups).index(group)


def expire_after(group: Group, mode: Mode) -> str:
    """How long a group's nodes may live."""
    if mode == "eks-auto":
        return _AUTO_LIFE
    return _SPOT_LIFE if group.purchase.option == "spot" else "Never"


def disruption(
    pool: Pool,
    group: Group,
    as_of: datetime,
    maintenance: Maintenance | None = None,
    share: int = DEFAULT_SHARE,
) -> dict[str, Any]:
    """How Karpenter may disturb the nodes of a group's dynamic NodePool; `budgets` has the arguments."""
    busy = "WhenEmptyOrUnderutilized" if bears_disruption(pool, group) else "WhenEmpty"
    return {
        "consolidationPolicy": busy,
        "consolidateAfter": "5m",
        "budgets": budgets(pool, group, as_of, maintenance, share),
    }


def requirements(
    plan: CapacityPlan, group: Group, capacity_types: tuple[str, ...] | None = None
) -> list[dict[str, Any]]:
    """What a group's nodes are launched as.

    Args:
        plan: for the zones of its site, where the purchase pins none.
        group: of the plan.
        capacity_types: those that are chosen; None for those that the purchase alone implies.

    Raises:
        InputError: Karpenter can't provision the group.
    """
    if capacity_types is None:
        capacity_types = purchased_types(group)
    found = [
        one_of(CAPACITY_TYPE_LABEL, capacity_types),
        one_of(INSTANCE_TYPE_LABEL, [offer.instance_type for offer in group.offers]),
        one_of(ARCHITECTURE_LABEL, [_ARCHITECTURES[group.architecture]]),
    ]
    zone = purchase_zone(group.purchase)
    zones = [zone] if zone else plan.spec.site.zones
    if zones:
        found.append(one_of(ZONE_LABEL, zones))
    return found


def purchased_types(group: Group) -> tuple[str, ...]:
    """The capacity types that a group's purchase implies; of a held reservation it alone.

    Raises:
        InputError: Karpenter can't provision the group.
    """
    purchase = group.purchase
    types = _CAPACITY_TYPES.get(purchase.option)
    if types is None:
        raise InputError(
            f"Karpenter can't provision {purchase.option} machines",
            where=f"group {group.name}: purchase.option",
            mend="join them to the cluster themselves, and plan them apart",
        )
    if isinstance(purchase, Reserved) and purchase.reservation is not None:
        return ("reserved",)
    return types


def _idle_warning(sized: SizedGroup, choices: Choices) -> str:
    place = f"{sized.pool.name}/{sized.group.name}"
    auto = "once any node class selects one, EKS Auto Mode"
    who = auto if choices.nodes.mode == "eks-auto" else "Karpenter"
    return (
        f"{place} is paid for by an open capacity reservation that nothing selects: {who} starts no "
        "machine in it, so it idles and the nodes cost list price besides; state the reservation's zone "
        "in the inventory, so that the plan names its id, or give the tags that it has as "
        f"reservations.{place}.tags"
    )


def _node_pool(
    plan: CapacityPlan,
    sized: SizedGroup,
    part: Part,
    marks: NodeMarks,
    choices: Choices,
    settings: Settings,
) -> dict[str, Any]:
    pool, group = sized.pool, sized.group
    share = settings.max_unavailable_percentage or DEFAULT_SHARE
    may = disruption(pool, group, choices.as_of, choices.maintenance, share)
    sizes: dict[str, Any] = {
        "weight": weight(pool, group),
        "limits": node_limits(part.limit, [offer.instance_type for offer in group.offers]),
        "disruption": may,
    }
    if part.replicas is not None:
        # No weight, and only limits.nodes: the API server refuses the rest. It is not consolidated.
        sizes = {
            "replicas": part.replicas,
            "limits": {"nodes": str(part.limit)},
            "disruption": {"consolidateAfter": "Never", "budgets": may["budgets"]},
        }
    return {
        **sizes,
        "template": {
            "metadata": {"labels": {**marks.labels, **_driver_labels(group, choices, settings)}},
            "spec": _template(plan, sized, marks, choices),
        },
    }


def _template(
    plan: CapacityPlan, sized: SizedGroup, marks: NodeMarks, choices: Choices
) -> dict[str, Any]:
    group = sized.group
    api_version, kind = NODE_CLASSES[choices.nodes.mode]
    template: dict[str, Any] = {
        "nodeClassRef": {
            "group": api_version.partition("/")[0],
            "kind": kind,
            "name": node_group_name(sized.pool, group),
        },
        "requirements": requirements(plan, group, _capacity_types(sized, choices)),
        "expireAfter": expire_after(group, choices.nodes.mode),
    }
    if marks.taints:
        template["taints"] = taint_fields(marks.taints)
    if marks.startup_taints:
        template["startupTaints"] = taint_fields(marks.startup_taints)
    return template


def _capacity_types(sized: SizedGroup, choices: Choices) -> tuple[str, ...]:
    types = purchased_types(sized.group)
    # The group's nodes run inside its reservations and nowhere else.
    reserved = isinstance(sized.group.purchase, Reserved)
    if reserved and reservation_terms(sized, choices.nodes, choices.where):
        return ("reserved",)
    return types


def _driver_labels(group: Group, choices: Choices, settings: Settings) -> dict[str, str]:
    if image_flavour(group) != "nvidia":
        return {}
    auto: AmiFamily = "BOTTLEROCKET"
    stated = settings.ami_family or choices.nodes.family
    return node_labels_for(auto if choices.nodes.mode == "eks-auto" else stated)
