"""The share of nodes that pods have.

Pure. Pods land on the pools of the estate that let them (`trimtab.pricing.landing`), and cost the part of a
node's price that they take of the node. The nodes are in the total already, so a share is shown and not added.
Where no pool is among the resources, a cheap machine that fits is assumed, said, and added.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from trimtab.clock import HOURS_PER_MONTH
from trimtab.pricing.amount import Amount, between, total
from trimtab.pricing.cloud import Cloud, cloud_of
from trimtab.pricing.draft import Draft
from trimtab.pricing.estimation import Facts
from trimtab.pricing.landing import (
    SLACK,
    Berth,
    Place,
    Pools,
    elastic,
    landing_of,
    listed,
    meets,
    part_of_node,
    runs_pods,
    wants_accelerator,
)
from trimtab.pricing.model import Charge, Gap, Nodes, PaidElsewhere, Pods, Rate, Term
from trimtab.resources.model import Resource

if TYPE_CHECKING:
    from trimtab.catalogue.offers import Offer

_NEAR = 1.1
"""Large machines are a little cheaper for a pod, for they share the system's part: not by more than this."""


def share_out(drafts: Sequence[Draft], facts: Facts) -> dict[str, Amount]:
    """What pods' shares cost a month, by the resource that runs them; notes and gaps go to its draft."""
    waiting = [draft for draft in drafts if draft.pods]
    if not waiting:
        return {}
    choices = facts.once(elastic)
    pools = Pools(
        [
            landing_of(fleet, choices)
            for draft in drafts
            for fleet in draft.fleets
            if runs_pods(fleet)
        ]
    )
    shares: dict[str, Amount] = {}
    prices: _Prices = {}
    for draft in waiting:
        found = [_share(pods, draft, pools, facts, prices) for pods in draft.pods]
        known = [share for share in found if share is not None]
        if known:
            shares[draft.resource.key] = total(known)
    return shares


_PodPrice = tuple[float, float, float]
"""What one pod costs a month where it lands: the least, the mean, and the most."""

_Prices = dict[tuple[int, bool], "tuple[str, Amount | _PodPrice | None]"]
"""By a place and whether the pods run on every node: the pools' names, and what all pods, or one, cost there."""


def _share(pods: Pods, draft: Draft, pools: Pools, facts: Facts, prices: _Prices) -> Amount | None:
    """The share of one kind of pods; None where there is none here."""
    if not any(pods.requests.values()):
        draft.elsewhere.append(PaidElsewhere(f"{pods.label}: no requests, so no share of a node"))
        return None
    place = pools.place(pods)
    if not place.berths:
        return _alone(pods, draft, place, bool(pools), facts)
    key = (id(place), pods.everywhere)
    if key not in prices:
        prices[key] = _price(place, pods.everywhere)
    names, price = prices[key]
    if price is None:
        draft.elsewhere.append(PaidElsewhere(f"{pods.label}: on nodes of {names}, without a price"))
        return None
    share = price if isinstance(price, Amount) else _of_each(pods.count, *price)
    usd = "" if share.expected is None else f", ${share.expected:,.2f} a month"
    draft.elsewhere.append(PaidElsewhere(f"{pods.label}: in the price of {names}, its share{usd}"))
    return share


def _price(place: Place, everywhere: bool) -> "tuple[str, Amount | _PodPrice | None]":
    """The names of the pools of a place, and what all pods (everywhere) or one pod cost there."""
    names = listed(berth.landing.name for berth in place.berths)
    priced = [berth for berth in place.berths if berth.usd_per_hour is not None]
    if not priced:
        return names, None
    return names, _on_each(priced) if everywhere else _on_any(priced)


def _of_each(count: Amount, least: float, mean: float, most: float) -> Amount:
    low, expected, high = count
    return between(
        least * low, most * high if high else 0.0, None if expected is None else mean * expected
    )


def _on_any(priced: Sequence[Berth]) -> _PodPrice:
    """Of a pod that lands on one of several pools: by the nodes that each is expected to have."""
    costs = [(berth.usd_per_hour or 0.0) * HOURS_PER_MONTH for berth in priced]
    most = max((berth.most_usd_per_hour or 0.0) * HOURS_PER_MONTH for berth in priced)
    weights = [_weight(berth.landing.nodes) for berth in priced]
    whole = sum(weights)
    mean = (
        sum(cost * weight for cost, weight in zip(costs, weights, strict=True)) / whole
        if whole
        else sum(costs) / len(costs)
    )
    return min(costs), mean, most


def _on_each(priced: Sequence[Berth]) -> Amount:
    """Of pods that run on every node."""
    return total(
        [
            berth.landing.nodes.count.times((berth.usd_per_hour or 0.0) * HOURS_PER_MONTH)
            for berth in priced
        ]
    )


def _weight(nodes: Nodes) -> float:
    low, expected, high = nodes.count
    if expected is not None:
        return expected
    return nodes.now if nodes.now is not None else low if high == float("inf") else high


# Without a pool.


class _Assumed(NamedTuple):
    """A machine that is taken where no pool is here.

    Attributes:
        offer: which.
        usd_per_hour: of one, by its option.
        part: of it, that one pod takes.
        option: how it is bought.
    """

    offer: "Offer"
    usd_per_hour: float
    part: float
    option: str


def _alone(pods: Pods, draft: Draft, place: Place, pools: bool, facts: Facts) -> Amount | None:
    """Pods of which no pool is here: of an Autopilot cluster, on a cheap machine that fits, or a gap."""
    autopilot = facts.once(_autopilot_cluster)
    if autopilot is not None and not pods.everywhere:
        return _by_request(pods, draft, autopilot, facts)
    _assume(pods, draft, place, pools, facts)
    return None


def _autopilot_cluster(facts: Facts) -> Resource | None:
    """The GKE cluster that is paid for by what its pods ask for, where there is one."""
    return next(
        (
            each
            for each in facts.resources.values()
            if each.kind == "google_container_cluster" and each.inputs.flag("enable_autopilot")
        ),
        None,
    )


def _by_request(pods: Pods, draft: Draft, cluster: Resource, facts: Facts) -> Amount | None:
    """The share of what an Autopilot cluster takes, which its own usage has in the total."""
    rates = {
        name: facts.book.rate(f"gcp/gke/autopilot/{rate}", cluster.region)
        for name, rate in (("cpu", "vcpu"), ("memory", "memory"))
    }
    known = [(pods.requests.get(name, 0.0), rate) for name, rate in rates.items() if rate]
    note = f"{pods.label}: in what Autopilot cluster {cluster.name} takes for its pods"
    if len(known) < len(rates) or any("/" in name for name in pods.requests):
        draft.elsewhere.append(PaidElsewhere(note))
        return None
    hourly = sum(amount * rate.usd for amount, rate in known)
    draft.elsewhere.append(PaidElsewhere(note))
    return pods.count.times(hourly * HOURS_PER_MONTH)


def _assume(pods: Pods, draft: Draft, place: Place, pools: bool, facts: Facts) -> None:
    """Pods on a cheap machine that fits, or a gap."""
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
        cache[key] = _assumed(pods, cloud, facts)
    found = cache[key]
    if found is None:
        reason = f"no machine of {cloud.region} is known that fits, and no pool for it is here"
        draft.gaps.append(Gap(pods.label, reason))
        return
    offer, part, option = found.offer, found.part, found.option
    rate = Rate(
        f"{offer.provider}/machine/{offer.instance_type}/{option}",
        offer.region,
        found.usd_per_hour,
        "node-hour",
        offer.as_of,
        offer.source,
    )
    none = "none that it may run on" if pools else "no pool"
    note = f"{none} is among the resources: on a cheap machine that fits, {part:.3g} of one each"
    label = f"{pods.label}: share of {offer.instance_type}, {option}"
    charge = Charge(label, rate, pods.count.times(part), pods.basis, note)
    draft.charges.append(charge)
    draft.notes.append(f"{none} is among the resources: {offer.instance_type} is assumed")


def _machines(_: Facts) -> dict[Any, "_Assumed | None"]:
    return {}


def _candidates(_: Facts) -> dict[Any, "list[tuple[Offer, float, str]]"]:
    return {}


def _assumed(pods: Pods, cloud: Cloud, facts: Facts) -> "_Assumed | None":
    """The smallest machine on which one pod costs about the least."""
    known = facts.once(_candidates)
    key = (_asked(pods), wants_accelerator(pods), cloud)
    if key not in known:
        offers = facts.book.offers(cloud.provider, cloud.region or "")
        known[key] = _undominated(_meeting(*key[:2], offers))
    found = [
        _Assumed(offer, usd, part, option)
        for offer, usd, option in known[key]
        if (part := part_of_node(pods.requests, offer)) is not None and part <= 1 + SLACK
    ]
    if not found:
        return None
    least = min(each.usd_per_hour * each.part for each in found)
    near = [each for each in found if each.usd_per_hour * each.part <= least * _NEAR]
    return min(near, key=lambda each: (each.usd_per_hour, each.offer.instance_type))


def _undominated(
    offers: "Sequence[tuple[Offer, float, str]]",
) -> "list[tuple[Offer, float, str]]":
    """Without machines that cost no less than another which has as much of everything."""
    kept: list[tuple[Offer, float, str]] = []
    for offer, usd, option in sorted(offers, key=lambda each: (each[1], each[0].instance_type)):
        if not any(_has_as_much(other, offer) for other, _, _ in kept):
            kept.append((offer, usd, option))
    return kept


def _has_as_much(other: "Offer", offer: "Offer") -> bool:
    return (
        other.accelerator == offer.accelerator
        and (other.accelerator_count or 0) >= (offer.accelerator_count or 0)
        and (other.vcpu or 0) >= (offer.vcpu or 0)
        and (other.memory_gib or 0) >= (offer.memory_gib or 0)
    )


def _asked(pods: Pods) -> tuple[tuple[Term, ...], ...]:
    """The pods' terms without what only a pool's own labels answer: whoever makes the pool meets that."""
    from trimtab.workloads.labels import CAPACITY_TYPE_KEYS, answered

    return tuple(
        dict.fromkeys(
            tuple(t for t in terms if answered(t.key) or t.key in CAPACITY_TYPE_KEYS)
            for terms in pods.terms
        )
    )


def _meeting(
    asked: tuple[tuple[Term, ...], ...], wants: bool, offers: Sequence["Offer"]
) -> "list[tuple[Offer, float, str]]":
    """Machines that pods' terms let them run on, with price and option: on-demand, or spot alone."""
    from trimtab.catalogue.accelerators import ARM64_ONLY
    from trimtab.catalogue.burstable import is_burstable
    from trimtab.workloads.labels import ARCHITECTURE_KEYS, INSTANCE_TYPE_KEYS, accelerator_key

    keys = {term.key for terms in asked for term in terms}
    any_arch = bool(keys & {*ARCHITECTURE_KEYS, *INSTANCE_TYPE_KEYS})
    named = any(accelerator_key(key) for key in keys)

    def admits(offer: "Offer", spot: bool) -> bool:
        return not asked or any(all(meets(t, {}, offer, spot) for t in terms) for terms in asked)

    found = []
    for offer in offers:
        if (offer.accelerator is not None) != wants or is_burstable(
            offer.provider, offer.instance_type
        ):
            continue
        if offer.architecture != "x86_64" and not (
            any_arch or (named and offer.accelerator in ARM64_ONLY)
        ):
            continue
        if offer.on_demand_usd_per_hour is not None and admits(offer, False):
            found.append((offer, offer.on_demand_usd_per_hour, "on-demand"))
        elif offer.spot_usd_per_hour is not None and admits(offer, True):
            found.append((offer, offer.spot_usd_per_hour, "spot"))
    return found
