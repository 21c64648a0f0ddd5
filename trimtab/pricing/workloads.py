"""The share of nodes that pods have.

Pure. Pods land on the pools of the estate whose labels, taints and size let them; their share of a node is the
dearest of what they ask for by what the node has left for pods, and costs that part of the node's price. The
nodes are in the total already, so a share is shown and not added. Where no pool is among the resources, the
cheapest machine that fits is assumed, said, and added.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from trimtab.clock import HOURS_PER_MONTH
from trimtab.plan.labels import GROUP_LABEL, GROUP_TAG, POOL_LABEL, POOL_TAG
from trimtab.pricing.amount import Amount, between, total
from trimtab.pricing.cloud import cloud_of
from trimtab.pricing.draft import Draft, Fleet
from trimtab.pricing.estimation import Facts
from trimtab.pricing.model import Charge, Gap, Nodes, PaidElsewhere, Pods, Rate, Term
from trimtab.pricing.planned import labels_at, mark_of
from trimtab.resources.model import Resource

if TYPE_CHECKING:
    from trimtab.catalogue.offers import Offer

_SLACK = 1e-9

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
    """

    name: str
    labels: Mapping[str, str]
    taints: tuple[str, ...]
    nodes: Nodes
    spot: bool
    offer: "Offer | None"
    usd_per_hour: float | None


@dataclass(frozen=True, slots=True)
class Place:
    """Where pods land: pools with the part of a node that one takes there; none: nowhere here."""

    parts: tuple[tuple[Landing, float], ...]
    refused: str = ""


def share_out(drafts: Sequence[Draft], facts: Facts) -> dict[str, Amount]:
    """What pods' shares cost a month, by the resource that runs them; notes and gaps go to its draft."""
    waiting = [draft for draft in drafts if draft.pods]
    if not waiting:
        return {}
    landings = [_landing(fleet) for draft in drafts for fleet in draft.fleets if _runs_pods(fleet)]
    places: dict[object, Place] = {}
    shares: dict[str, Amount] = {}
    for draft in waiting:
        found = [_share(pods, draft, landings, places, facts) for pods in draft.pods]
        known = [share for share in found if share is not None]
        if known:
            shares[draft.resource.key] = total(known)
    return shares


def _share(
    pods: Pods,
    draft: Draft,
    landings: Sequence[Landing],
    places: dict[object, Place],
    facts: Facts,
) -> Amount | None:
    """The share of one kind of pods; None where there is none here."""
    if not any(pods.requests.values()):
        draft.elsewhere.append(PaidElsewhere(f"{pods.label}: no requests, so no share of a node"))
        return None
    key = (tuple(sorted(pods.requests.items())), pods.terms, pods.tolerations)
    if key not in places:
        places[key] = _place(pods, landings)
    place = places[key]
    if not place.parts:
        _alone(pods, draft, place, bool(landings), facts)
        return None
    names = ", ".join(dict.fromkeys(landing.name for landing, _ in place.parts))
    priced = [(each, part) for each, part in place.parts if each.usd_per_hour is not None]
    if not priced:
        draft.elsewhere.append(PaidElsewhere(f"{pods.label}: on nodes of {names}, without a price"))
        return None
    share = _on_each(priced) if pods.everywhere else _on_any(pods, priced)
    usd = "" if share.expected is None else f", ${share.expected:,.2f} a month"
    draft.elsewhere.append(PaidElsewhere(f"{pods.label}: in the price of {names}, its share{usd}"))
    return share


def _on_any(pods: Pods, priced: Sequence[tuple[Landing, float]]) -> Amount:
    """Of pods that land on one of several pools: by the nodes that each is expected to have."""
    costs = [(each.usd_per_hour or 0.0) * part * HOURS_PER_MONTH for each, part in priced]
    weights = [_weight(each.nodes) for each, _ in priced]
    whole = sum(weights)
    mean = (
        sum(cost * weight for cost, weight in zip(costs, weights, strict=True)) / whole
        if whole
        else sum(costs) / len(costs)
    )
    low, expected, high = pods.count
    return between(
        min(costs) * low, max(costs) * high, None if expected is None else mean * expected
    )


def _on_each(priced: Sequence[tuple[Landing, float]]) -> Amount:
    """Of pods that run on every node."""
    return total(
        [
            each.nodes.count.times((each.usd_per_hour or 0.0) * part * HOURS_PER_MONTH)
            for each, part in priced
        ]
    )


def _weight(nodes: Nodes) -> float:
    low, expected, high = nodes.count
    if expected is not None:
        return expected
    return nodes.now if nodes.now is not None else low if high == float("inf") else high


# Pools.


def _runs_pods(fleet: Fleet) -> bool:
    return fleet.draft.resource.kind in _LABELS


def _landing(fleet: Fleet) -> Landing:
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


# Landing.


def _place(pods: Pods, landings: Sequence[Landing]) -> Place:
    allowed = [each for each in landings if _may_land(pods, each)]
    if not allowed:
        return Place(())
    parts = [(each, part_of_node(pods.requests, each.offer)) for each in allowed]
    unknown = [each.name for each, part in parts if part is None]
    fitting = [(each, part) for each, part in parts if part is not None and part <= 1 + _SLACK]
    if not fitting:
        names = ", ".join(dict.fromkeys(each.name for each in allowed))
        why = "have a size that is not known" if unknown else "are too small for it"
        return Place((), f"nodes of {names} {why}")
    if not _wants_accelerator(pods):
        plain = [
            (each, part) for each, part in fitting if not (each.offer and each.offer.accelerator)
        ]
        fitting = plain or fitting
    return Place(tuple(fitting))


def _may_land(pods: Pods, landing: Landing) -> bool:
    borne = set(pods.tolerations)
    # Clouds let those that ask for a device bear the taint of its name (ExtendedResourceToleration).
    if "*" not in borne and not all(key in borne or key in pods.requests for key in landing.taints):
        return False
    return not pods.terms or any(
        all(_meets(term, landing.labels, landing.offer, landing.spot) for term in alternative)
        for alternative in pods.terms
    )


def _meets(term: Term, labels: Mapping[str, str], offer: "Offer | None", spot: bool | None) -> bool:
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


def _wants_accelerator(pods: Pods) -> bool:
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


# Without a pool.


def _alone(pods: Pods, draft: Draft, place: Place, pools: bool, facts: Facts) -> None:
    """Pods of which no pool is here: on the cheapest machine that fits, or a gap."""
    if place.refused:
        draft.gaps.append(Gap(pods.label, place.refused))
        return
    if pods.everywhere:
        reason = "runs on every node, and none that it may run on is among the resources"
        draft.gaps.append(Gap(pods.label, reason))
        return
    cloud = cloud_of(facts)
    if cloud is None or cloud.region is None:
        reason = "no pool that it may run on is among the resources, and no region is known"
        draft.gaps.append(Gap(pods.label, reason))
        return
    cache = facts.once(_machines)
    key = (tuple(sorted(pods.requests.items())), pods.terms, cloud)
    if key not in cache:
        cache[key] = _cheapest(pods, facts.book.offers(cloud.provider, cloud.region))
    found = cache[key]
    if found is None:
        reason = f"no machine of {cloud.region} is known that fits, and no pool for it is here"
        draft.gaps.append(Gap(pods.label, reason))
        return
    offer, usd, part, option = found
    rate = Rate(
        f"{offer.provider}/machine/{offer.instance_type}/{option}",
        offer.region,
        usd,
        "node-hour",
        offer.as_of,
        offer.source,
    )
    none = "none that it may run on" if pools else "no pool"
    note = (
        f"{none} is among the resources: on the cheapest machine that fits, {part:.3g} of one each"
    )
    label = f"{pods.label}: share of {offer.instance_type}, {option}"
    charge = Charge(label, rate, pods.count.times(part), pods.basis, note)
    draft.charges.append(charge)
    draft.notes.append(f"{none} is among the resources: {offer.instance_type} is assumed")


def _machines(_: Facts) -> dict[Any, "tuple[Offer, float, float, str] | None"]:
    return {}


def _cheapest(pods: Pods, offers: Sequence["Offer"]) -> "tuple[Offer, float, float, str] | None":
    """The offer on which one pod costs least: with its price, the part that it takes, and the option."""
    from trimtab.catalogue.burstable import is_burstable
    from trimtab.workloads.labels import ARCHITECTURE_KEYS, INSTANCE_TYPE_KEYS

    keys = {term.key for alternative in pods.terms for term in alternative}
    any_arch = bool(keys & {*ARCHITECTURE_KEYS, *INSTANCE_TYPE_KEYS})
    wants = _wants_accelerator(pods)
    best: tuple[float, str, Offer, float, float, str] | None = None
    for offer in offers:
        if (offer.accelerator is not None) != wants or is_burstable(
            offer.provider, offer.instance_type
        ):
            continue
        if offer.architecture != "x86_64" and not any_arch and not wants:
            continue
        option, spot = "on-demand", False
        usd = offer.on_demand_usd_per_hour
        if not _admits(pods, offer, spot=False) and offer.spot_usd_per_hour is not None:
            option, spot, usd = "spot", True, offer.spot_usd_per_hour
        if usd is None or not _admits(pods, offer, spot=spot):
            continue
        part = part_of_node(pods.requests, offer)
        if part is None or part > 1 + _SLACK:
            continue
        ranked = (usd * part, offer.instance_type, offer, usd, part, option)
        if best is None or ranked[:2] < best[:2]:
            best = ranked
    return None if best is None else best[2:]


def _admits(pods: Pods, offer: "Offer", *, spot: bool) -> bool:
    """Whether a machine meets the pods' terms, those that only a pool's own labels answer aside."""
    from trimtab.workloads.labels import CAPACITY_TYPE_KEYS, answered

    def asked(term: Term) -> bool:
        return answered(term.key) or term.key in CAPACITY_TYPE_KEYS

    return not pods.terms or any(
        all(_meets(term, {}, offer, spot) for term in alternative if asked(term))
        for alternative in pods.terms
    )
