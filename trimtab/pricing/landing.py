"""Where pods land: which nodes let them, and what part of one a pod takes.

Pure. Pods land on a pool whose labels meet their selector and affinity, whose taints they bear, and on whose
nodes one fits. What nobody states of a node's labels is taken to be met where a cloud or an operator sets it,
and not met where only the pool could. The part of a node that a pod takes is the dearest of what it asks for
by what the node has left for pods.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trimtab.plan.labels import GROUP_LABEL, GROUP_TAG, POOL_LABEL, POOL_TAG
from trimtab.pricing.draft import Fleet
from trimtab.pricing.estimation import Facts
from trimtab.pricing.model import Nodes, Pods, Term
from trimtab.pricing.planned import labels_at, mark_of
from trimtab.resources.model import Resource

if TYPE_CHECKING:
    from trimtab.catalogue.offers import Offer

SLACK = 1e-9
"""Requests are sums of decimal fractions; a pod that fits exactly must not fail by rounding."""

_LABELS = {
    "karpenter.sh/NodePool": ("spec.template.metadata.labels", ("karpenter.sh/nodepool",)),
    "cluster.x-k8s.io/MachineDeployment": ("spec.template.metadata.labels", ()),
    "cluster.x-k8s.io/MachinePool": ("spec.template.metadata.labels", ()),
    "core/Node": ("metadata.labels", ()),
    "core/NodePatch": ("metadata.labels", ()),
    "aws_eks_node_group": ("labels", ("eks.amazonaws.com/nodegroup",)),
    "aws_autoscaling_group": ("", ()),
    "google_container_node_pool": ("node_config.labels", ("cloud.google.com/gke-nodepool",)),
    "google_container_cluster": ("node_config.labels", ()),
    "azurerm_kubernetes_cluster_node_pool": (
        "node_labels",
        ("kubernetes.azure.com/agentpool", "agentpool"),
    ),
    "azurerm_kubernetes_cluster": ("default_node_pool.node_labels", ()),
}
"""Kinds whose machines are a cluster's nodes: where their labels stand, and which name the pool itself."""

_POOL_KEYS = frozenset(name for _, names in _LABELS.values() for name in names)
_NAMES = ("node_group_name", "name")
_TAINTS = (
    "spec.template.spec.taints",
    "spec.taints",
    "taint",
    "node_config.taint",
    "node_taints",
)


@dataclass(frozen=True, slots=True)
class Landing:
    """Nodes that pods may land on.

    Attributes:
        name: the pool's.
        labels: of its nodes, as far as somebody states them.
        taints: keys of those that keep pods away.
        nodes: how many.
        spot: whether they are spot machines.
        offer: what one has; None where the price book does not know it.
        usd_per_hour: of one, whoever pays for it; None: it has no price.
        choices: what an autoscaler may start instead, with prices, the cheapest first; () where it may not.
    """

    name: str
    labels: Mapping[str, str]
    taints: tuple[str, ...]
    nodes: Nodes
    spot: bool
    offer: "Offer | None"
    usd_per_hour: float | None
    choices: "tuple[tuple[Offer, float], ...]" = ()


@dataclass(frozen=True, slots=True)
class Berth:
    """One pool that pods may land on.

    Attributes:
        landing: which.
        part: of a node, that one pod takes.
        usd_per_hour: what that costs; None: the node has no price.
        most_usd_per_hour: on the dearest node that the pool's autoscaler may start for it.
    """

    landing: Landing
    part: float
    usd_per_hour: float | None
    most_usd_per_hour: float | None


@dataclass(frozen=True, slots=True)
class Place:
    """Where pods land; none: nowhere here, and why, if pools are."""

    berths: tuple[Berth, ...]
    refused: str = ""


def elastic(_: Facts) -> "dict[str, tuple[tuple[Offer, float], ...]]":
    """What autoscalers may start, with prices, by the key of the resource that says so: its estimator
    writes it here (`Facts.once`)."""
    return {}


def runs_pods(fleet: Fleet) -> bool:
    return fleet.draft.resource.kind in _LABELS


def landing_of(fleet: Fleet, choices: "Mapping[str, tuple[tuple[Offer, float], ...]]") -> Landing:
    resource, nodes = fleet.draft.resource, fleet.nodes
    usd = fleet.rate.usd if fleet.rate else None
    if usd is not None:
        charges = (c for m in fleet.draft.machines if m.nodes is nodes for c in m.charges)
        usd += sum(c.rate.usd for c in charges if c.rate.id.endswith("/surcharge"))
    return Landing(
        name=_name(resource),
        labels=_labels(resource, fleet),
        taints=tuple(_taints(resource)),
        nodes=nodes,
        spot=nodes.option == "spot",
        offer=fleet.offer,
        usd_per_hour=usd,
        choices=choices.get(resource.key, ()) if nodes.planned is None else (),
    )


def _name(resource: Resource) -> str:
    metadata = resource.inputs.text("metadata.name")
    stated = (resource.inputs.text(path) for path in _NAMES)
    return metadata or next((name for name in stated if name), resource.name)


def _labels(resource: Resource, fleet: Fleet) -> dict[str, str]:
    path, names = _LABELS[resource.kind]
    stated = labels_at(resource.inputs, path) if path else {}
    labels = {key: value for key, value in stated.items() if isinstance(value, str)}
    for requirement in resource.inputs.blocks("spec.template.spec.requirements"):
        values = requirement.strings("values")
        if requirement.text("operator") == "In" and len(values) == 1:
            labels.setdefault(requirement.text("key"), values[0])
    labels |= dict.fromkeys(names, _name(resource))
    marks = {POOL_LABEL: POOL_TAG, GROUP_LABEL: GROUP_TAG}
    for label, tag in marks.items():
        value = mark_of(resource, tag, label)
        if value:
            labels.setdefault(label, value)
    if fleet.instance_type:
        labels.setdefault("node.kubernetes.io/instance-type", fleet.instance_type)
    return labels


def _taints(resource: Resource) -> list[str]:
    """Keys of the taints that keep pods away; AKS writes them as `key=value:effect`."""
    found = []
    for path in _TAINTS:
        for taint in resource.inputs.blocks(path):
            effect = taint.text("effect").replace("_", "").lower()
            if effect != "prefernoschedule":
                found.append(taint.text("key"))
        found += [
            text.partition(":")[0].partition("=")[0]
            for text in resource.inputs.strings(path)
            if not text.endswith(":PreferNoSchedule")
        ]
    return found


class Pools:
    """The nodes of an estate, and where pods land on them; equal pods are placed once."""

    def __init__(self, landings: Sequence[Landing]) -> None:
        self._landings = tuple(landings)
        self._allowed: dict[object, list[Landing]] = {}
        self._places: dict[object, Place] = {}
        self._fits: dict[object, tuple[float, float, float] | None] = {}

    def __len__(self) -> int:
        return len(self._landings)

    def place(self, pods: Pods) -> Place:
        """Where pods land."""
        requests = tuple(sorted(pods.requests.items()))
        key = (requests, pods.terms, pods.tolerations)
        if key not in self._places:
            self._places[key] = self._place(pods, requests)
        return self._places[key]

    def _place(self, pods: Pods, requests: tuple[tuple[str, float], ...]) -> Place:
        devices_asked = tuple(name for name, _ in requests if "/" in name)
        key = (pods.terms, pods.tolerations, devices_asked)
        if key not in self._allowed:
            self._allowed[key] = [each for each in self._landings if _may_land(pods, each)]
        allowed = self._allowed[key]
        if not allowed:
            return Place(())
        fitting = [
            berth for each in allowed if (berth := self._berth(pods, requests, each)) is not None
        ]
        if not fitting:
            names = listed(each.name for each in allowed)
            known = all(each.offer or each.choices for each in allowed)
            why = "are too small for it" if known else "have a size that is not known"
            return Place((), f"nodes of {names} {why}")
        if not wants_accelerator(pods):
            plain = [b for b in fitting if not (b.landing.offer and b.landing.offer.accelerator)]
            fitting = plain or fitting
        return Place(tuple(fitting))

    def _berth(
        self, pods: Pods, requests: tuple[tuple[str, float], ...], landing: Landing
    ) -> Berth | None:
        """What one pod takes and costs there; None where it does not fit, or nobody can tell."""
        if not landing.choices:
            part = part_of_node(pods.requests, landing.offer)
            if part is None or part > 1 + SLACK:
                return None
            usd = None if landing.usd_per_hour is None else landing.usd_per_hour * part
            return Berth(landing, part, usd, usd)
        key = (requests, id(landing.choices))
        if key not in self._fits:
            self._fits[key] = _started(pods, landing)
        found = self._fits[key]
        return None if found is None else Berth(landing, *found)


def _started(pods: Pods, landing: Landing) -> tuple[float, float, float] | None:
    """Of machines that an autoscaler may start, the cheapest that a pod fits on: the pod's part of it, what
    that costs an hour, and what it costs on the machine where it costs most."""
    fitting = [
        (usd, part)
        for offer, usd in landing.choices
        if (part := part_of_node(pods.requests, offer)) is not None and part <= 1 + SLACK
    ]
    if not fitting:
        return None
    usd, part = fitting[0]
    return part, usd * part, max(usd * part for usd, part in fitting)


def _may_land(pods: Pods, landing: Landing) -> bool:
    borne = set(pods.tolerations)
    # Clouds let those that ask for a device bear the taint of its name (ExtendedResourceToleration).
    if "*" not in borne and not all(key in borne or key in pods.requests for key in landing.taints):
        return False
    return not pods.terms or any(
        all(meets(term, landing.labels, landing.offer, landing.spot) for term in alternative)
        for alternative in pods.terms
    )


def meets(term: Term, labels: Mapping[str, str], offer: "Offer | None", spot: bool | None) -> bool:
    """Whether a node's labels meet an expression; where nobody can tell, they do."""
    from trimtab.errors import InputError
    from trimtab.workloads.labels import (
        CAPACITY_TYPE_KEYS,
        answered,
        becomes_pool_label,
        satisfies,
    )

    if term.key in labels:
        return _compares(term, labels[term.key])
    if term.key in CAPACITY_TYPE_KEYS and spot is not None:
        named = {CAPACITY_TYPE_KEYS[term.key].get(value) for value in term.values}
        option = "spot" if spot else "on-demand"
        return {"In": option in named, "NotIn": option not in named}.get(term.operator, True)
    if offer is not None and answered(term.key):
        try:
            return satisfies(offer, term.key, term.operator, term.values)
        except InputError:
            return False
    if term.key in _POOL_KEYS or becomes_pool_label(term.key):
        return term.operator in ("NotIn", "DoesNotExist")
    return True


def _compares(term: Term, value: str) -> bool:
    match term.operator:
        case "In":
            return value in term.values
        case "NotIn":
            return value not in term.values
        case "DoesNotExist":
            return False
        case "Gt" | "Lt":
            try:
                number, bound = float(value), float(term.values[0])
            except (ValueError, IndexError):
                return False
            return number > bound if term.operator == "Gt" else number < bound
    return True


def wants_accelerator(pods: Pods) -> bool:
    from trimtab.workloads.labels import accelerator_key

    return any("/" in name for name in pods.requests) or any(
        accelerator_key(term.key) for alternative in pods.terms for term in alternative
    )


def part_of_node(requests: Mapping[str, float], offer: "Offer | None") -> float | None:
    """The part of a node that a pod takes: its dearest request; above 1 where it does not fit.

    None where the node's size is not known.
    """
    if offer is None:
        return None
    from trimtab.catalogue.allocatable import allocatable

    cores, gib = allocatable(offer.provider, offer.vcpu, offer.memory_gib)
    parts = [0.0]
    for name, amount in requests.items():
        if not amount:
            continue
        room = cores if name == "cpu" else gib if name == "memory" else devices(name, offer)
        if room is None:
            if name in ("cpu", "memory"):
                return None
            continue
        parts.append(amount / room if room > 0 else float("inf"))
    return max(parts)


def devices(resource: str, offer: "Offer") -> float | None:
    """How many of an extended resource a node gives; None for what is no accelerator's."""
    from trimtab.catalogue.accelerators import accelerator_resource
    from trimtab.errors import InputError

    try:
        found = accelerator_resource(resource)
    except InputError:
        return 0.0
    if found is None:
        return None
    if offer.accelerator is None or offer.accelerator_count is None:
        return 0.0
    return offer.accelerator_count * found.per_device(offer.accelerator)


NAMED = 4
"""Pools that a note names; an estate may have hundreds that would do."""


def listed(names: Iterable[str]) -> str:
    """Each name once, in their order, the long tail counted."""
    each = list(dict.fromkeys(names))
    rest = len(each) - NAMED
    return ", ".join(each[:NAMED]) + (f" and {rest} more" if rest > 0 else "")
