"""Which machines a set of requirements admits, and how they may fill limits.

Requirements are Karpenter's: expressions on a node's labels, all of which a machine must meet. Machines
with accelerators are admitted where a requirement or a limit names them: Karpenter starts one only for pods
that ask for a device.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import floor, inf
from typing import Any, NamedTuple

from trimtab.catalogue.offers import Offer
from trimtab.clock import HOURS_PER_MONTH
from trimtab.pricing.cloud import Cloud
from trimtab.pricing.estimation import Facts
from trimtab.pricing.model import Term
from trimtab.resources.inputs import Inputs

CAPACITY_TYPE = "karpenter.sh/capacity-type"
_SLACK = 1e-9


@dataclass(frozen=True, slots=True)
class Filling:
    """So many machines of one type: what limits let stand.

    Attributes:
        offer: the type.
        count: how many; infinite where nothing bounds them.
        usd_per_hour: of one.
    """

    offer: Offer
    count: float
    usd_per_hour: float

    @property
    def usd_per_month(self) -> float:
        return self.count * self.usd_per_hour * HOURS_PER_MONTH


@dataclass(frozen=True, slots=True)
class Admitted:
    """What requirements admit, by rising price of the option that costs more.

    Attributes:
        offers: each with its price: the dearest of the options that are allowed.
        cheapest, dearest: the ways to fill the limits; None where nothing is admitted or fits.
    """

    offers: tuple[tuple[Offer, float], ...]
    cheapest: Filling | None
    dearest: Filling | None


def terms_of(requirements: list[Inputs]) -> tuple[Term, ...]:
    """Requirements as expressions."""
    return tuple(
        Term(each.text("key"), each.text("operator", "In"), tuple(each.strings("values")))
        for each in requirements
    )


def options_of(terms: tuple[Term, ...]) -> frozenset[str]:
    """The capacity types that requirements allow: `on-demand`, `spot`, `reserved`."""
    allowed = {"on-demand", "spot", "reserved"}
    for term in terms:
        if term.key != CAPACITY_TYPE:
            continue
        if term.operator == "In":
            allowed &= set(term.values)
        elif term.operator == "NotIn":
            allowed -= set(term.values)
    return frozenset(allowed)


def limits_of(values: Mapping[str, Any]) -> dict[str, float]:
    """Limits: `cpu` in cores, `memory` in GiB, everything else in units; what is no quantity is left out."""
    from trimtab.workloads.quantity import GIB, parse_quantity

    found = {}
    for name, value in values.items():
        try:
            amount = parse_quantity(value)
        except ValueError:
            continue
        found[name] = float(amount / GIB if name == "memory" else amount)
    return found


def admitted(
    facts: Facts, cloud: Cloud, terms: tuple[Term, ...], limits: Mapping[str, float]
) -> Admitted:
    """What a cloud's region has for requirements and limits, worked out once for equal ones.

    Raises:
        InputError: a requirement names an unknown accelerator, or compares what is no number.
    """
    key = (cloud, terms, any("/" in name for name in limits))
    known = facts.once(_known)
    if key not in known:
        known[key] = tuple(_meeting(facts, *key))
    cache = facts.once(_filled)
    filled = (key, tuple(sorted(limits.items())))
    if filled not in cache:
        cache[filled] = _fillings(known[key], limits)
    offers = facts.once(_priced)
    if key not in offers:
        offers[key] = tuple((each.offer, each.most) for each in known[key])
    return Admitted(offers[key], *cache[filled])


def _known(_: Facts) -> dict[Any, tuple["_Priced", ...]]:
    return {}


def _filled(_: Facts) -> dict[Any, tuple[Filling | None, Filling | None]]:
    return {}


def _priced(_: Facts) -> dict[Any, tuple[tuple[Offer, float], ...]]:
    return {}


class _Priced(NamedTuple):
    """A machine with the least and the most that one costs an hour, by the options allowed."""

    offer: Offer
    least: float
    most: float


def _meeting(facts: Facts, cloud: Cloud, terms: tuple[Term, ...], limited: bool) -> list[_Priced]:
    """The machines that meet requirements, by rising price."""
    from trimtab.workloads.labels import CAPACITY_TYPE_KEYS, answered, satisfies

    asked = [term for term in terms if answered(term.key) and term.key not in CAPACITY_TYPE_KEYS]
    accelerated = limited or any(_names_accelerators(term) for term in asked)
    options = options_of(terms)
    found = []
    for offer in facts.book.offers(cloud.provider, cloud.region or ""):
        if offer.accelerator is not None and not accelerated:
            continue
        prices = prices_of(offer, options)
        if prices and all(satisfies(offer, t.key, t.operator, t.values) for t in asked):
            found.append(_Priced(offer, min(prices), max(prices)))
    return sorted(found, key=lambda each: (each.most, each.offer.instance_type))


def _fillings(
    known: tuple[_Priced, ...], limits: Mapping[str, float]
) -> tuple[Filling | None, Filling | None]:
    """The cheapest and the dearest way to fill limits; where nothing bounds them, by the price of one."""
    counts = [(each, _fit(each.offer, limits)) for each in known]
    bounded = [(each, count) for each, count in counts if 0 < count < inf]
    if not bounded:
        unbounded = [each for each, count in counts if count == inf]
        if not unbounded:
            return None, None
        cheap = min(unbounded, key=lambda each: (each.least, each.offer.instance_type))
        dear = max(unbounded, key=lambda each: (each.most, each.offer.instance_type))
        return Filling(cheap.offer, inf, cheap.least), Filling(dear.offer, inf, dear.most)
    fewest, count = min(bounded, key=lambda p: (p[0].least * p[1], p[0].offer.instance_type))
    most, most_count = max(bounded, key=lambda p: (p[0].most * p[1], p[0].offer.instance_type))
    return Filling(fewest.offer, count, fewest.least), Filling(most.offer, most_count, most.most)


def prices_of(offer: Offer, options: frozenset[str]) -> list[float]:
    """What one costs an hour by the options that are allowed; reserved ones at list price."""
    prices = []
    if options & {"on-demand", "reserved"}:
        prices.append(offer.on_demand_usd_per_hour)
    if "spot" in options:
        prices.append(offer.spot_usd_per_hour)
    return [usd for usd in prices if usd is not None]


def _names_accelerators(term: Term) -> bool:
    from trimtab.workloads.labels import INSTANCE_TYPE_KEYS, accelerator_key

    return term.operator in ("In", "Exists", "Gt") and (
        accelerator_key(term.key)
        or "gpu" in term.key
        or "accelerator" in term.key
        or term.key in INSTANCE_TYPE_KEYS
        or term.key.endswith("/instance-family")
    )


def _fit(offer: Offer, limits: Mapping[str, float]) -> float:
    """How many whole machines of a type stand within limits; infinite where none speaks of it."""
    from trimtab.pricing.landing import devices

    bounds = [inf]
    for name, limit in limits.items():
        size = {"cpu": offer.vcpu, "memory": offer.memory_gib, "nodes": 1.0}.get(name)
        if "/" in name:
            size = devices(name, offer)
            if size == 0:
                return 0.0
        if size:
            bounds.append(limit / size)
    most = min(bounds)
    return most if most == inf else float(floor(most + _SLACK))
