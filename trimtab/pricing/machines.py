"""What machines cost, emit and risk: by how they are bought, after what is held already.

Pure. A node's price is, in this order: its plan's, the one that its resource states, the price book's of the
first instance type that it may be. What is held already pays for as many as `trimtab.pricing.commitments`
found; the others are paid for. Emissions are those of all of them, whoever pays.
"""

from collections.abc import Iterator

from trimtab.catalogue.offers import Offer
from trimtab.clock import HOURS_PER_MONTH
from trimtab.pricing.amount import ZERO, Amount, between
from trimtab.pricing.draft import Counts, Draft, Fleet
from trimtab.pricing.estimation import Facts
from trimtab.pricing.model import (
    Charge,
    Emissions,
    Gap,
    Machines,
    Nodes,
    PlanRates,
    Rate,
    Risk,
)

UTILISATION = 0.5
"""How busy machines are taken to be, where nobody measured it: what their power hangs on."""

_LISTED = {"on-demand": "on_demand", "reserved": "on_demand", "spot": "spot"}


def fleet_of(nodes: Nodes, draft: Draft, facts: Facts) -> Fleet:
    """The machines of one part of a resource, with the price of one."""
    at = draft.at
    provider = nodes.provider or draft.resource.provider
    region = nodes.region or (at.region if at else draft.resource.region)
    offers = _offers(nodes, provider, region, facts)
    fleet = Fleet(
        draft,
        nodes,
        provider,
        region,
        (offers[0].instance_type if offers else next(iter(nodes.instance_types), "")),
        offers[0] if offers else None,
        None,
    )
    if nodes.planned is not None:
        _plan_price(fleet, nodes.planned)
    elif nodes.usd_per_hour is not None:
        source = "as the resource states it"
        fleet.rate = _rate(fleet, nodes.usd_per_hour, source, facts)
    elif nodes.operating_system != "linux":
        fleet.gap = f"no price of machines with {nodes.operating_system}"
    else:
        _book_price(fleet, offers)
    return fleet


def _offers(nodes: Nodes, provider: str, region: str | None, facts: Facts) -> list[Offer]:
    found = (facts.book.offer(provider, region, name) for name in nodes.instance_types)
    return [offer for offer in found if offer is not None]


def _plan_price(fleet: Fleet, plan: PlanRates) -> None:
    types = fleet.nodes.instance_types
    fleet.instance_type = fleet.instance_type or types[0]
    if plan.usd_per_hour is None:
        fleet.gap = f"the plan has no price for {types[0]}"
        return
    fleet.rate = Rate(
        f"plan/{fleet.nodes.pool}/{types[0]}/{fleet.nodes.option}",
        fleet.region or "*",
        plan.usd_per_hour,
        "node-hour",
        plan.as_of,
        plan.source,
    )


_CLAUSES = {"spot": ("", "band", "spot"), "reserved": ("",), "on-demand": ("",), "band": ("band",)}
"""Of an offer's source, what each figure rests on: nothing is the list price; `reserved` is at it, too."""


def _source(source: str, figure: str) -> str:
    """What an offer's source says of one figure: `spot: …; reserved 1y: …` has clauses of others."""
    kept, topic = [], ""
    for clause in source.split("; "):
        word = clause.partition(":")[0].partition(" ")[0]
        topic = word if word in ("band", "spot", "reserved") and ":" in clause else topic
        if topic in _CLAUSES.get(figure, ("",)):
            kept.append(clause)
    return "; ".join(kept) or source


def _rate(fleet: Fleet, usd: float, source: str, facts: Facts) -> Rate:
    name = fleet.instance_type or "machine"
    return Rate(
        f"{fleet.provider}/machine/{name}/{fleet.nodes.option}",
        fleet.region or "*",
        usd,
        "node-hour",
        facts.on,
        source,
    )


def _book_price(fleet: Fleet, offers: list[Offer]) -> None:
    option = fleet.nodes.option
    listed = _LISTED.get(option)
    for offer in offers if listed else ():
        usd: float | None = getattr(offer, f"{listed}_usd_per_hour")
        if usd is not None:
            fleet.offer, fleet.instance_type = offer, offer.instance_type
            off = fleet.nodes.sustained_use
            less = f"; less {off:.0%} for sustained use" if off else ""
            fleet.rate = Rate(
                f"{fleet.provider}/machine/{offer.instance_type}/{option}",
                fleet.region or "*",
                usd * (1 - off),
                "node-hour",
                offer.as_of,
                f"{_source(offer.source, option)}{less}",
            )
            return
    names = " or ".join(fleet.nodes.instance_types)
    if not names:
        fleet.gap = fleet.nodes.note or "its instance type is not known"
    else:
        fleet.gap = f"no {option} price of {names} in {fleet.region or 'an unknown region'}"


def machines_of(fleet: Fleet, facts: Facts) -> tuple[Machines, list[Gap]]:
    """The machines with their charges, emissions and risk, and what has no price."""
    nodes = fleet.nodes
    all_of_them = counts_of(nodes)
    charges = list(_covered(fleet, facts))
    paid = uncovered(fleet)
    gaps: list[Gap] = []
    usd_now: float | None = 0.0 if charges and nodes.now is not None else None
    if paid[2] > 0 or not fleet.covered:
        if fleet.rate is None:
            gaps.append(Gap(nodes.label, fleet.gap))
        else:
            charges.append(_paid(fleet, paid, all_of_them, fleet.rate))
            if nodes.now is not None:
                usd_now = paid[3] * fleet.rate.usd * HOURS_PER_MONTH
    surcharge, gap = _surcharge(fleet)
    if surcharge is not None:
        charges.append(surcharge)
        if usd_now is not None:
            usd_now += all_of_them[3] * surcharge.rate.usd * HOURS_PER_MONTH
    gaps.extend(gap)
    _say_list_price(fleet, paid[3])
    machines = Machines(
        nodes=nodes,
        charges=tuple(charges),
        usd_per_month_now=usd_now if charges else None,
        covered=sum(held[1] for _, held in fleet.covered),
        emissions=_emissions(fleet, facts),
        risk=_risk(fleet),
    )
    return machines, gaps


def counts_of(nodes: Nodes) -> Counts:
    """How many in the four cases; where nobody expects a number, what it begins with, else the least."""
    low, expected, high = nodes.count
    known = [value for value in (expected, nodes.now) if value is not None]
    begin = nodes.now if nodes.now is not None else max(min([*known, high]), low)
    middle = expected if expected is not None else min(max(begin, low), high)
    return low, middle, high, begin


def uncovered(fleet: Fleet) -> Counts:
    """How many are yet to be paid for, in the four cases."""
    rest = counts_of(fleet.nodes)
    for _, held in fleet.covered:
        rest = (
            max(rest[0] - held[0], 0.0),
            max(rest[1] - held[1], 0.0),
            rest[2] if rest[2] == float("inf") else max(rest[2] - held[2], 0.0),
            max(rest[3] - held[3], 0.0),
        )
    return rest


def _covered(fleet: Fleet, facts: Facts) -> Iterator[Charge]:
    """A charge of nothing for each that pays already, so that the multiplication can be read."""
    known = fleet.nodes.count.expected is not None
    for name, held in fleet.covered:
        rate = Rate(
            f"held/{name}", fleet.region or "*", 0.0, "node-hour", facts.on, f"paid for by {name}"
        )
        quantity = between(min(held[:3]), max(held[:3]), held[1] if known else None)
        yield Charge(f"{fleet.nodes.label}: covered by {name}", rate, quantity, fleet.nodes.basis)


def _paid(fleet: Fleet, paid: Counts, whole: Counts, rate: Rate) -> Charge:
    nodes = fleet.nodes
    expected = None if nodes.count.expected is None else paid[1]
    note = nodes.note
    plan = nodes.planned
    if plan is not None and plan.expected_usd_per_hour is None:
        expected = None
    elif plan is not None and expected is not None and rate.usd > 0:
        share = paid[1] / whole[1] if whole[1] else 1.0
        said = (plan.expected_usd_per_hour or 0.0) / rate.usd * share
        if abs(said - expected) > 1e-3 * max(expected, 1.0):
            told = (
                f"the plan expects {expected:,.2f} nodes, and the price of {said:,.2f} at this rate"
            )
            note = f"{note}; {told}".lstrip("; ")
        expected = said
    quantity = between(paid[0], paid[2], expected)
    label = f"{nodes.label}: {fleet.instance_type or 'machines'}, {nodes.option}"
    return Charge(label, rate, quantity, nodes.basis, note)


def _surcharge(fleet: Fleet) -> tuple[Charge | None, list[Gap]]:
    """A fee on each machine, covered or not: a share of its on-demand price."""
    nodes, fee = fleet.nodes, fleet.nodes.surcharge
    if fee is None:
        return None, []
    plan, offer = nodes.planned, fleet.offer
    accelerated = bool(offer and offer.accelerator)
    usd: float | None = None
    if plan is None:
        usd = offer.on_demand_usd_per_hour if offer else None
    elif nodes.option == "on-demand" and not plan.accelerated:
        usd = plan.usd_per_hour
    if plan is not None:
        accelerated = plan.accelerated
    if usd is None or (accelerated and not fee.accelerated):
        fleet.draft.notes.append(f"without {fee.label}")
        return None, [Gap(fee.label, "its rate for these machines is not known")]
    fleet.draft.notes.append(f"with {fee.label} of {fee.share:.0%}")
    rate = Rate(
        f"{fleet.provider}/machine/{fleet.instance_type}/surcharge",
        fleet.region or "*",
        usd * fee.share,
        "node-hour",
        fee.as_of,
        fee.source,
    )
    counts = counts_of(nodes)
    expected = nodes.count.expected
    if plan is not None:
        hourly = plan.expected_usd_per_hour
        expected = None if hourly is None else hourly / usd if usd else expected
    return Charge(fee.label, rate, between(counts[0], counts[2], expected), nodes.basis), []


def _say_list_price(fleet: Fleet, begin: float) -> None:
    plan, draft = fleet.nodes.planned, fleet.draft
    if plan is None or plan.list_usd_per_hour is None or plan.usd_per_hour is None:
        return
    usd = begin * plan.list_usd_per_hour * HOURS_PER_MONTH
    draft.list_usd_per_month_now = usd
    if usd:
        draft.notes.append(f"at list price, ${usd:,.2f} now, until the commitment is approved")


# What they emit and risk.


def _emissions(fleet: Fleet, facts: Facts) -> Emissions | None:
    nodes, plan = fleet.nodes, fleet.nodes.planned
    if plan is not None and (
        plan.gco2e_per_hour is not None or plan.expected_kgco2e_per_hour is not None
    ):
        return _planned_emissions(nodes, plan)
    known = _per_node(fleet.offer, facts) if fleet.offer is not None else None
    if known is None:
        return None
    energy, embodied, method = known
    monthly = HOURS_PER_MONTH / 1000
    now = None if nodes.now is None else nodes.now * (energy + embodied) * monthly
    return Emissions(
        nodes.count.times(energy * monthly), nodes.count.times(embodied * monthly), method, now
    )


def _planned_emissions(nodes: Nodes, plan: PlanRates) -> Emissions:
    kilograms = (plan.gco2e_per_hour or 0.0) / 1000 * HOURS_PER_MONTH
    expected = plan.expected_kgco2e_per_hour
    amount = between(
        nodes.count.low * kilograms,
        nodes.count.high * kilograms,
        None if expected is None else expected * HOURS_PER_MONTH,
    )
    now = None
    if nodes.now is not None and plan.gco2e_per_hour is not None:
        now = nodes.now * kilograms
    method = f"the plan's, energy and making together ({plan.source}, {plan.as_of})"
    return Emissions(amount, ZERO, method, now)


def _per_node(offer: Offer, facts: Facts) -> tuple[float, float, str] | None:
    """Grams of CO2e an hour of one node: of its power, of its making, and how they were worked out."""
    cache = facts.once(_emission_cache)
    key = (offer.provider, offer.region, offer.instance_type)
    if key not in cache:
        from trimtab.carbon.emissions import node_emissions

        found = node_emissions(offer, utilisation=UTILISATION)
        if found is not None:
            cache[key] = (
                found.energy_gco2e_per_hour,
                found.embodied_gco2e_per_hour,
                found.method,
            )
        elif offer.gco2e_per_hour is not None:
            method = f"the price table's, energy and making together ({offer.source})"
            cache[key] = (offer.gco2e_per_hour, 0.0, method)
        else:
            cache[key] = None
    return cache[key]


def _emission_cache(_: Facts) -> dict[tuple[str, str, str], tuple[float, float, str] | None]:
    return {}


def _risk(fleet: Fleet) -> Risk | None:
    """Spot machines that are expected to be taken back, and what the plan expects its pool to lack."""
    nodes = fleet.nodes
    plan = nodes.planned
    shortage = plan.shortage_share if plan else None
    band = fleet.offer.interruption_band if fleet.offer else None
    if nodes.option != "spot":
        return Risk(ZERO, shortage, plan.source) if plan and shortage is not None else None
    if band is None:
        # Nobody knows how often: from never to each of them every month.
        interruptions = Amount(0.0, None, nodes.count.high)
        source = "no interruption band is known"
    else:
        low, high = band.low_percent / 100, band.high_percent / 100
        expected = nodes.count.expected
        interruptions = between(
            nodes.count.low * low,
            nodes.count.high * high,
            None if expected is None else expected * (low + high) / 2,
        )
        source = f"{band.low_percent:g} to {band.high_percent:g} % a month ({_source(fleet.offer.source, 'band')})"  # type: ignore[union-attr]
    return Risk(interruptions, shortage, source)
