"""Which machines a set of requirements admits, and how they may fill limits.

Requirements are Karpenter's: expressions on a node's labels, all of which a machine must meet. Machines
with accelerators are admitted where a requirement or a limit names them: Karpenter starts one only for pods
that ask for a device.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import floor
from typing import Any

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
    cache = facts.once(_cache)
    key = (cloud, terms, tuple(sorted(limits.items())))
    if key not in cache:
        cache[key] = _admitted(facts, cloud, terms, limits)
    return cache[key]


def _cache(_: Facts) -> dict[Any, Admitted]:
    return {}


def _admitted(
    facts: Facts, cloud: Cloud, terms: tuple[Term, ...], limits: Mapping[str, float]
) -> Admitted:
    from trimtab.workloads.labels import CAPACITY_TYPE_KEYS, answered, satisfies

    asked = [term for term in terms if answered(term.key) and term.key not in CAPACITY_TYPE_KEYS]
    accelerated = _names_accelerators(asked, limits)
    options = options_of(terms)
    offers: list[tuple[Offer, float]] = []
    fillings: list[tuple[Filling, Filling]] = []
    for offer in facts.book.offers(cloud.provider, cloud.region or ""):
        if offer.accelerator is not None and not accelerated:
            continue
        if not all(satisfies(offer, term.key, term.operator, term.values) for term in asked):
            continue
        prices = prices_of(offer, options)
        if not prices:
            continue
        offers.append((offer, max(prices)))
        count = _fit(offer, limits)
        if count > 0:
            fillings.append(
                (Filling(offer, count, min(prices)), Filling(offer, count, max(prices)))
            )
    offers.sort(key=lambda each: (each[1], each[0].instance_type))
    bounded = [pair for pair in fillings if pair[0].count != float("inf")]
    if not fillings:
        return Admitted(tuple(offers), None, None)
    if not bounded:
        dear = max(fillings, key=lambda pair: (pair[1].usd_per_hour, pair[1].offer.instance_type))
        cheap = min(fillings, key=lambda pair: (pair[0].usd_per_hour, pair[0].offer.instance_type))
        return Admitted(tuple(offers), cheap[0], dear[1])
    cheapest = min(bounded, key=lambda pair: (pair[0].usd_per_month, pair[0].offer.instance_type))
    dearest = max(bounded, key=lambda pair: (pair[1].usd_per_month, pair[1].offer.instance_type))
    return Admitted(tuple(offers), cheapest[0], dearest[1])


def prices_of(offer: Offer, options: frozenset[str]) -> list[float]:
    """What one costs an hour by the options that are allowed; reserved ones at list price."""
    prices = []
    if options & {"on-demand", "reserved"}:
        prices.append(offer.on_demand_usd_per_hour)
    if "spot" in options:
        prices.append(offer.spot_usd_per_hour)
    return [usd for usd in prices if usd is not None]


def _names_accelerators(terms: list[Term], limits: Mapping[str, float]) -> bool:
    from trimtab.workloads.labels import INSTANCE_TYPE_KEYS, accelerator_key

    def named(term: Term) -> bool:
        positive = term.operator in ("In", "Exists", "Gt")
        return positive and (
            accelerator_key(term.key)
            or "gpu" in term.key
            or "accelerator" in term.key
            or term.key in INSTANCE_TYPE_KEYS
            or term.key.endswith("/instance-family")
        )

    return any("/" in name for name in limits) or any(named(term) for term in terms)


def _fit(offer: Offer, limits: Mapping[str, float]) -> float:
    """How many whole machines of a type stand within limits; infinite where none speaks of it."""
    from trimtab.pricing.landing import devices

    bounds = [float("inf")]
    for name, limit in limits.items():
        size = {"cpu": offer.vcpu, "memory": offer.memory_gib, "nodes": 1.0}.get(name)
        if "/" in name:
            size = devices(name, offer)
            if size == 0:
                return 0.0
        if size:
            bounds.append(limit / size)
    most = min(bounds)
    return most if most == float("inf") else float(floor(most + _SLACK))
