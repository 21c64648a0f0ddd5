"""Which offers can run which workloads, how many replicas a node takes, and why none does.

Pure. An offer suits a workload when a node of it would satisfy every hard constraint that the
workload states: region, accelerator resource and model (MIG slices and NeuronCores included), CPU
architecture, instance type, node selectors and required affinity, and room for one whole replica
after what Kubernetes itself takes (`trimtab.catalogue.allocatable`). Prices play no part: an offer
may suit and have no price for the option that a planner wants.

Where a price table is silent the offer stays in: unknown memory is not checked, and the verdict says
so. An unknown count of accelerators excludes, since nothing could be sized by it. A replica without a
stated architecture is taken to be x86-64, since most images are. Latency bounds are not checked here:
no offer states one.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import floor

from trimtab.catalogue.accelerators import (
    ACCELERATORS,
    ARM64_ONLY,
    AcceleratorResource,
    accelerator_resource,
)
from trimtab.catalogue.allocatable import MAX_PODS, allocatable
from trimtab.catalogue.burstable import is_burstable
from trimtab.catalogue.offers import Offer
from trimtab.errors import InfeasibleError, InputError, allowed
from trimtab.workloads.labels import (
    ARCHITECTURE_KEYS,
    INSTANCE_TYPE_KEYS,
    PLACE_KEYS,
    accelerator_key,
    accelerator_models,
    becomes_pool_label,
    satisfies,
)
from trimtab.workloads.model import NodeRequirement, Unit, Workload

# Requests are sums of decimal fractions; a replica that fits exactly must not fail by rounding.
_SLACK = 1e-9


@dataclass(frozen=True)
class Suits:
    """The offer can run the workload.

    Attributes:
        notes: what could not be checked, for example an unknown memory size.
    """

    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rejected:
    """The offer cannot run the workload.

    Attributes:
        reason: the first constraint that fails, worded without the offer's own figures so that
            equal reasons can be counted.
    """

    reason: str


def match(workload: Workload, offer: Offer) -> Suits | Rejected:
    """Whether a node of this offer can run a replica of this workload.

    Raises:
        InputError: a selector of the workload names no known accelerator or resource.
    """
    matcher = _matcher(workload)
    return matcher.place(offer) or matcher.shape(offer) or _verdict(workload, offer)


def suitable(workload: Workload, offers: Iterable[Offer]) -> list[Offer]:
    """The offers that suit the workload, in their order."""
    return OfferIndex(offers).suitable(workload)


class OfferIndex:
    """Offers grouped by what a node of them is, so that many workloads are matched fast.

    Price tables repeat an instance type in every region; all constraints but the place are checked
    once for each distinct type.
    """

    def __init__(self, offers: Iterable[Offer]) -> None:
        self.offers: tuple[Offer, ...] = tuple(offers)
        self._groups: dict[tuple[object, ...], list[int]] = {}
        for position, offer in enumerate(self.offers):
            self._groups.setdefault(_shape_key(offer), []).append(position)

    def suitable(self, workload: Workload) -> list[Offer]:
        """The offers that suit the workload, in their order."""
        matcher = _matcher(workload)
        places: dict[tuple[str, str], bool] = {}
        found: list[int] = []
        for positions in self._groups.values():
            if matcher.shape(self.offers[positions[0]]):
                continue
            for position in positions:
                offer = self.offers[position]
                place = (offer.provider, offer.region)
                if place not in places:
                    places[place] = matcher.place(offer) is None
                if places[place] and (not matcher.mixed_terms or matcher.terms(offer) is None):
                    found.append(position)
        return [self.offers[position] for position in sorted(found)]

    def reasons(self, workload: Workload) -> Counter[str]:
        """How many offers each reason excludes."""
        matcher = _matcher(workload)
        counts: Counter[str] = Counter()
        for positions in self._groups.values():
            shape = matcher.shape(self.offers[positions[0]])
            for position in positions:
                offer = self.offers[position]
                verdict = matcher.place(offer) or shape or matcher.terms(offer)
                if verdict:
                    counts[verdict.reason] += 1
        return counts


def replicas_per_node(workload: Workload, offer: Offer) -> int:
    """How many whole replicas one otherwise empty node of this offer takes; 0 when none fits.

    Bounded by accelerators, vCPUs and memory after Kubernetes' share, and by the pod limit; unknown
    memory or vCPUs do not bound.
    """
    replica = workload.replica
    bounds = [float(MAX_PODS)]
    if resource := _resource(workload):
        supply = _supply(resource, offer)
        bounds.append(supply / replica.accelerator_count if supply else 0.0)
    vcpu, memory_gib = allocatable(offer.provider, offer.vcpu, offer.memory_gib)
    if vcpu is not None and replica.vcpu > 0:
        bounds.append(vcpu / replica.vcpu)
    if memory_gib is not None and replica.memory_gib > 0:
        bounds.append(memory_gib / replica.memory_gib)
    return floor(min(bounds) + _SLACK)


def units_per_node(workload: Workload, offer: Offer, unit: Unit) -> float:
    """How many units of demand one node of this offer serves.

    Args:
        workload: what runs on the node.
        offer: the node.
        unit: what the demand series counts.

    Raises:
        InputError: the offer has no such unit (accelerators of a CPU type, unknown vCPUs), or the
            unit is requests per second and no throughput is stated.
    """
    match unit:
        case Unit.NODES:
            return 1.0
        case Unit.REPLICAS:
            return float(replicas_per_node(workload, offer))
        case Unit.VCPUS:
            return _known(offer.vcpu, offer, "vCPUs", "vcpu")
        case Unit.GPUS:
            return _known(offer.accelerator_count, offer, "accelerators", "accelerator_count")
        case Unit.REQUESTS_PER_SECOND:
            measured = dict(workload.units_per_node).get(offer.instance_type)
            if measured is not None:
                return measured
            if workload.units_per_accelerator is None:
                raise InputError(
                    f"no throughput of workload {workload.name} on {offer.instance_type} is stated",
                    where="--unit requests-per-second",
                    mend="give --units-per-accelerator, or annotate the workload with "
                    "trimtab.dev/units-per-accelerator or trimtab.dev/units-per-node "
                    f"({offer.instance_type}=<requests per second>)",
                )
            count = _known(offer.accelerator_count, offer, "accelerators", "accelerator_count")
            return workload.units_per_accelerator * count


def node_labels(workload: Workload, offer: Offer | None = None) -> dict[str, str]:
    """The labels that a pool's nodes must be given for the workload's pods to schedule there.

    They are the selector's and the required affinity's keys that nobody else sets on a node. Of
    OR-ed affinity terms the first that the offer satisfies counts (without an offer: the first).
    """
    labels = {key: value for key, value in workload.node_selector if becomes_pool_label(key)}
    terms = workload.node_requirements
    if offer is not None:
        terms = tuple(t for t in terms if all(_meets(offer, item) for item in t))
    for item in terms[0] if terms else ():
        if becomes_pool_label(item.key) and item.key not in labels:
            if item.operator == "In":
                labels[item.key] = _value_for(item, offer)
            elif item.operator == "Exists":
                labels[item.key] = "true"
    return labels


def explain_no_match(workloads: Sequence[Workload], offers: Sequence[Offer]) -> InfeasibleError:
    """Why no offer suits: for each workload left without one, the reasons, most frequent first,
    and what is on offer where it may run."""
    index = OfferIndex(offers)
    lines = [_explain(workload, index) for workload in workloads if not index.suitable(workload)]
    if not lines:
        # Every workload has some offer, so together they have none in common.
        names = ", ".join(workload.name for workload in workloads)
        return InfeasibleError(
            f"no single offer suits all of {names}, and one series means one pool for all of them",
            mend="give each its own series (--demand NAME=FILE), or plan them apart",
        )
    return InfeasibleError(
        "; ".join(lines),
        mend="relax the constraint, or give a price table with --offers that has such a type",
    )


# Constraints.


@dataclass
class _Matcher:
    """A workload's constraints, compiled, with each check's reason worded once."""

    workload: Workload
    resource: AcceleratorResource | None
    models: frozenset[str] | None
    mixed_terms: bool
    _shapes: dict[tuple[object, ...], Rejected | None] = field(default_factory=dict)

    def place(self, offer: Offer) -> Rejected | None:
        """Why the offer's region excludes it, if it does."""
        regions = self.workload.regions
        if regions and offer.region not in regions:
            return Rejected(f"region is not among the allowed {allowed(regions)}")
        for key, value in self.workload.node_selector:
            if key in PLACE_KEYS and not satisfies(offer, key, "In", (value,)):
                return Rejected(f"is outside {key}={value}")
        return None

    def shape(self, offer: Offer) -> Rejected | None:
        """Why an instance type excludes the offer in any region, if it does."""
        key = _shape_key(offer)
        if key not in self._shapes:
            self._shapes[key] = self._check_shape(offer)
        return self._shapes[key]

    def terms(self, offer: Offer) -> Rejected | None:
        """Why required node affinity excludes the offer, if it does."""
        terms = self.workload.node_requirements
        if not terms or any(all(_meets(offer, item) for item in term) for term in terms):
            return None
        keys = sorted({item.key for term in terms for item in term})
        return Rejected(f"does not meet the required node affinity on {', '.join(keys)}")

    def _check_shape(self, offer: Offer) -> Rejected | None:
        return (
            self._check_accelerator(offer)
            or self._check_type(offer)
            or self._check_sustained(offer)
            or self._check_selector(offer)
            or (None if self.mixed_terms else self.terms(offer))
            or self._check_architecture(offer)
            or self._check_room(offer)
        )

    def _check_sustained(self, offer: Offer) -> Rejected | None:
        # A burstable type sells a share of its vCPUs; steady demand runs out of credits, or pays more.
        named = offer.instance_type in self.workload.instance_types or any(
            value == offer.instance_type for _, value in self.workload.node_selector
        )
        if named or not is_burstable(offer.provider, offer.instance_type):
            return None
        return Rejected("is burstable: its vCPUs are not for sustained load")

    def _check_accelerator(self, offer: Offer) -> Rejected | None:
        model = offer.accelerator
        if self.models is not None and model not in self.models:
            return Rejected(f"accelerator is not {_either(sorted(self.models))}")
        if self.resource is None:
            if model is not None and not self._names_hardware():
                return Rejected("has accelerators, which the workload does not ask for")
            return None
        name, count = self.resource.name, self.workload.replica.accelerator_count
        if model is None or not self.resource.per_device(model):
            return Rejected(f"offers no {name}")
        if offer.accelerator_count is None:
            return Rejected("states no count of accelerators")
        if _supply(self.resource, offer) < count:
            return Rejected(f"offers fewer than {count:g} {name} on a node")
        return None

    def _names_hardware(self) -> bool:
        """Whether a replica without an accelerator resource still asks for particular machines."""
        workload = self.workload
        keys = [key for key, _ in workload.node_selector]
        keys += [item.key for term in workload.node_requirements for item in term]
        return bool(
            workload.accelerators
            or workload.instance_types
            or any(key in INSTANCE_TYPE_KEYS or accelerator_key(key) for key in keys)
        )

    def _check_type(self, offer: Offer) -> Rejected | None:
        types = self.workload.instance_types
        if types and offer.instance_type not in types:
            return Rejected(f"instance type is not among {allowed(types)}")
        return None

    def _check_selector(self, offer: Offer) -> Rejected | None:
        for key, value in self.workload.node_selector:
            if key not in PLACE_KEYS and not satisfies(offer, key, "In", (value,)):
                return Rejected(f"does not meet nodeSelector {key}={value}")
        return None

    def _check_architecture(self, offer: Offer) -> Rejected | None:
        if offer.architecture == "x86_64" or self._accepts_arm64():
            return None
        return Rejected("is arm64, and the workload names no kubernetes.io/arch")

    def _accepts_arm64(self) -> bool:
        workload = self.workload
        keys = {key for key, _ in workload.node_selector}
        keys |= {item.key for term in workload.node_requirements for item in term}
        if keys & {*ARCHITECTURE_KEYS, *INSTANCE_TYPE_KEYS} or workload.instance_types:
            return True
        return bool(self.models) and self.models is not None and self.models <= ARM64_ONLY

    def _check_room(self, offer: Offer) -> Rejected | None:
        replica = self.workload.replica
        vcpu, memory_gib = allocatable(offer.provider, offer.vcpu, offer.memory_gib)
        reserve = "after what Kubernetes reserves"
        if vcpu is not None and vcpu + _SLACK < replica.vcpu:
            return Rejected(f"has less than {replica.vcpu:g} vCPU {reserve}")
        if memory_gib is not None and memory_gib + _SLACK < replica.memory_gib:
            return Rejected(f"has less than {replica.memory_gib:g} GiB {reserve}")
        return None


@lru_cache(maxsize=256)
def _matcher(workload: Workload) -> _Matcher:
    models = frozenset(workload.accelerators) if workload.accelerators else None
    for key, value in workload.node_selector:
        if accelerator_key(key) and (named := accelerator_models(key, value)) is not None:
            models = named if models is None else models & named
    mixed = any(item.key in PLACE_KEYS for term in workload.node_requirements for item in term)
    return _Matcher(workload, _resource(workload), models, mixed)


def _verdict(workload: Workload, offer: Offer) -> Suits | Rejected:
    matcher = _matcher(workload)
    if matcher.mixed_terms and (rejected := matcher.terms(offer)):
        return rejected
    notes = []
    if offer.memory_gib is None and workload.replica.memory_gib > 0:
        notes.append(f"memory of {offer.instance_type} is unknown and was not checked")
    if offer.vcpu is None and workload.replica.vcpu > 0:
        notes.append(f"vCPUs of {offer.instance_type} are unknown and were not checked")
    return Suits(tuple(notes))


def _shape_key(offer: Offer) -> tuple[object, ...]:
    return (
        offer.provider,
        offer.instance_type,
        offer.vcpu,
        offer.memory_gib,
        offer.accelerator,
        offer.accelerator_count,
        offer.architecture,
    )


def _resource(workload: Workload) -> AcceleratorResource | None:
    name = workload.replica.accelerator_resource
    if name is None:
        return None
    resource = accelerator_resource(name)
    if resource is None:
        raise InputError(
            f"{name} is no accelerator resource", where=workload.source or workload.name
        )
    return resource


def _supply(resource: AcceleratorResource, offer: Offer) -> int:
    """How many of the resource a node of this offer gives; a share of a device gives none."""
    if offer.accelerator is None or offer.accelerator_count is None:
        return 0
    return floor(offer.accelerator_count) * resource.per_device(offer.accelerator)


def _meets(offer: Offer, item: NodeRequirement) -> bool:
    return satisfies(offer, item.key, item.operator, item.values)


def _value_for(item: NodeRequirement, offer: Offer | None) -> str:
    """The value to give a node: of several accelerator names, one that the offer answers."""
    if offer is not None and accelerator_key(item.key):
        for value in item.values:
            if satisfies(offer, item.key, "In", (value,)):
                return value
    return item.values[0]


def _known(value: float | None, offer: Offer, what: str, column: str) -> float:
    if value is None:
        raise InputError(
            f"{offer.instance_type} in {offer.region} states no {what}",
            where=f"offers, column {column}",
            mend="fill in the column, or measure demand in another unit",
        )
    return value


def _either(names: Sequence[str]) -> str:
    if not names:
        return "any that its selectors agree on"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


def _explain(workload: Workload, index: OfferIndex) -> str:
    counts = index.reasons(workload).most_common()
    reasons = "; ".join(f"{count:,}: {reason}" for reason, count in counts[:5])
    if len(counts) > 5:
        reasons += f"; and {len(counts) - 5} rarer reasons"
    matcher = _matcher(workload)
    reachable = [offer for offer in index.offers if matcher.place(offer) is None]
    if not index.offers:
        reasons = "the price table is empty"
    return (
        f"no offer suits workload {workload.name} (of {len(index.offers):,}: {reasons}). "
        f"{_on_offer(workload, reachable, index.offers)}"
    )


def _on_offer(workload: Workload, reachable: Sequence[Offer], offers: Sequence[Offer]) -> str:
    """What a user could ask for instead, where the workload may run."""
    if not reachable:
        return f"Regions on offer: {allowed({offer.region for offer in offers}, 40) or 'none'}"
    where = f"in {allowed(workload.regions)}" if workload.regions else "in any region"
    if _matcher(workload).resource is not None or workload.accelerators:
        models = {o.accelerator for o in reachable if o.accelerator in ACCELERATORS}
        named = {model for model in models if model is not None}
        return f"Accelerators on offer {where}: {allowed(named, 40) or 'none'}"
    largest = max(reachable, key=lambda offer: offer.vcpu or 0.0)
    return f"The largest type on offer {where} is {largest.instance_type} ({largest.vcpu:g} vCPU)"
