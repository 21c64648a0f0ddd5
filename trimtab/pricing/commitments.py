"""What is held already pays first: reservations, capacity blocks, owned machines, Savings Plans.

Pure. A commitment is paid for whether it is used or not, so the nodes that it pays for cost nothing more.
Nodes are served in the order of `in_order`, which what a change adds does not disturb: first by the capacity
reservations that the estate itself has, then by what the inventory holds of their type, then by Savings
Plans as far as their hourly spend reaches at the committed rate. How many are paid for is worked out four
times, for the counts at the least, as expected, at the most, and to begin with.

What is not modelled: a reservation serves its own instance type only (AWS would share some out over a family's
sizes), and a Savings Plan serves in that order, not by the largest discount.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import inf
from typing import TYPE_CHECKING, NamedTuple

from trimtab.pricing.draft import Counts, Draft, Fleet
from trimtab.pricing.estimation import Settings
from trimtab.pricing.machines import counts_of, uncovered
from trimtab.pricing.model import Estimate
from trimtab.resources.model import Resource, Role

if TYPE_CHECKING:
    from trimtab.inventory.model import HeldNodes, Inventory, OwnedNodes, SavingsPlan


class _Reserving(NamedTuple):
    """Where a capacity reservation says what it holds."""

    instance_type: str
    quantity: str
    zone: str
    targeted: str


RESERVATIONS = {
    "aws_ec2_capacity_reservation": _Reserving(
        "instance_type", "instance_count", "availability_zone", "instance_match_criteria=targeted"
    ),
    "aws_ec2_capacity_block_reservation": _Reserving(
        "instance_type", "instance_count", "availability_zone", ""
    ),
    "azurerm_capacity_reservation": _Reserving("sku.name", "sku.capacity", "zone", ""),
    "google_compute_reservation": _Reserving(
        "specific_reservation.instance_properties.machine_type",
        "specific_reservation.count",
        "zone",
        "specific_reservation_required=true",
    ),
}
"""Resources that are paid for themselves, and whose machines cost nothing more. What no condition lets be
used by any machine of its type (`targeted`: "" for that) serves those alone that name it."""

_ROOM = 1e-9


@dataclass(slots=True)
class Supply:
    """So many nodes (or dollars an hour) that are paid for.

    Attributes:
        name: as the user knows it.
        serves: whether a fleet may use it.
        left: what is not used yet, in the four cases.
        each: what one node of a fleet uses up; None: not known.
    """

    name: str
    serves: Callable[[Fleet], bool]
    left: list[float]
    each: Callable[[Fleet], float | None] = field(default=lambda _: 1.0)


def cover(
    drafts: Sequence[Draft],
    settings: Settings,
    held_first: Sequence[str],
    before: Sequence[Estimate] = (),
) -> None:
    """Says of each fleet by what it is paid for already, in place.

    Args:
        drafts: of one estate, with their fleets.
        settings: the run's; its inventory is what is held.
        held_first: keys of the resources that come first: those that exist before the change.
        before: what they were before it: of what grows, only so much comes first.
    """
    own = [draft.resource for draft in drafts if draft.resource.kind in RESERVATIONS]
    inventory = settings.inventory
    if not own and inventory is None:
        return
    claims = _claims(list(in_order(drafts, held_first)), before)
    supplies = [_own(resource, settings) for resource in own if resource.role is Role.MANAGED]
    if inventory is not None:
        supplies += _held(inventory, settings.as_of, {resource.id for resource in own})
    for supply in supplies:
        _use(supply, claims)
    if inventory is not None:
        for plan in sorted(inventory.savings_plans, key=lambda each: each.id):
            if plan.starts <= settings.as_of < plan.expires:
                _use(_savings_plan(plan), claims)


def in_order(drafts: Sequence[Draft], held_first: Sequence[str]) -> Iterator[Fleet]:
    """Fleets in the order in which they are served: what was there before, then by key."""
    before = frozenset(held_first)
    for draft in sorted(
        drafts, key=lambda each: (each.resource.key not in before, each.resource.key)
    ):
        yield from draft.fleets


def _claims(fleets: Sequence[Fleet], before: Sequence[Estimate]) -> list[tuple[Fleet, Counts]]:
    """Who is served, and up to how many nodes: what there was before the change, then all that there is."""
    old = {each.resource.key: [m.nodes for m in each.machines] for each in before}
    first = []
    for fleet in fleets:
        had = old.get(fleet.draft.resource.key)
        nodes = had.pop(0) if had else None
        # Of another type or option it is as though it were new.
        if nodes is not None and (nodes.instance_types, nodes.option) == (
            fleet.nodes.instance_types,
            fleet.nodes.option,
        ):
            first.append((fleet, counts_of(nodes)))
    return [*first, *((fleet, _ALL) for fleet in fleets)]


_ALL: Counts = (inf, inf, inf, inf)


def _use(supply: Supply, claims: Iterable[tuple[Fleet, Counts]]) -> None:
    """Serves those who claim from one supply, in their order, until it is used up."""
    for fleet, most in claims:
        if max(supply.left) <= _ROOM:
            return
        if not supply.serves(fleet):
            continue
        each = supply.each(fleet)
        if each is None or each <= 0:
            note = (
                f"{supply.name} may pay for it, at a committed rate of {fleet.instance_type}"
                " that is not known"
            )
            if note not in fleet.notes:
                fleet.notes.append(note)
            continue
        served = [sum(held[case] for _, held in fleet.covered) for case in range(4)]
        lacking = [
            min(n, max(limit - had, 0.0))
            for n, limit, had in zip(uncovered(fleet), most, served, strict=True)
        ]
        taken = [min(n, left / each) for n, left in zip(lacking, supply.left, strict=True)]
        if max(taken) <= 0:
            continue
        for case, count in enumerate(taken):
            if supply.left[case] < inf:
                supply.left[case] = max(supply.left[case] - count * each, 0.0)
        _add(fleet, supply.name, _counts(taken))


def _add(fleet: Fleet, name: str, taken: Counts) -> None:
    """Counts what is taken, with what the fleet has of that supply already."""
    if fleet.covered and fleet.covered[-1][0] == name:
        _, had = fleet.covered.pop()
        taken = _counts([a + b for a, b in zip(had, taken, strict=True)])
    fleet.covered.append((name, taken))


def _counts(values: Sequence[float]) -> Counts:
    low, expected, high, begin = values
    return low, expected, high, begin


# What there is.


def _own(resource: Resource, settings: Settings) -> Supply:
    """A capacity reservation of the estate: for what names it, and in its zone for any, where it is open."""
    reads = RESERVATIONS[resource.kind]
    inputs = resource.inputs
    names = {resource.key, resource.id, inputs.text("arn")} - {""}
    zone, instance_type = inputs.text(reads.zone), inputs.text(reads.instance_type)
    path, _, value = reads.targeted.partition("=")
    is_open = bool(path) and str(inputs.get(path)).lower() != value
    place = (resource.provider, resource.region or settings.regions.get(resource.provider))

    def serves(fleet: Fleet) -> bool:
        if fleet.draft.resource.kind in RESERVATIONS or fleet.nodes.option == "spot":
            return False
        if names & set(fleet.nodes.reservations):
            return True
        return (
            is_open
            and not fleet.nodes.reservations
            and not _by_karpenter(fleet)
            and _full_price(fleet)
            and (fleet.provider, fleet.region) == place
            and fleet.instance_type == instance_type
            and fleet.nodes.zones == (zone,)
        )

    # Of unknown size it is open to nobody; what names it is taken to fit.
    count = inputs.number(reads.quantity)
    is_open = is_open and count is not None
    return Supply(resource.name or resource.key, serves, [inf if count is None else count] * 4)


def _held(inventory: "Inventory", as_of: datetime, known: set[str]) -> list[Supply]:
    """What an inventory holds at an instant, without what the estate itself declares."""
    owned = [_owned(each) for each in sorted(inventory.owned, key=lambda each: each.id)]
    nodes = [
        _reservation(each)
        for each in sorted(inventory.nodes, key=_nearest)
        if each.starts <= as_of
        and (each.expires is None or as_of < each.expires)
        and each.id not in known
    ]
    return [*owned, *nodes]


def _nearest(held: "HeldNodes") -> tuple[bool, bool, str]:
    """What is for particular nodes goes before what serves any."""
    return not held.targeted, held.pool is None, held.id


def _reservation(held: "HeldNodes") -> Supply:
    names = {held.id, held.group_arn} - {None}

    def serves(fleet: Fleet) -> bool:
        nodes = fleet.nodes
        if (fleet.provider, fleet.region) != (held.provider, held.region):
            return False
        if held.pool is not None and nodes.pool != held.pool:
            return False
        if held.zone and nodes.zones and held.zone not in nodes.zones:
            return False
        if fleet.instance_type != held.instance_type:
            return False
        if names & set(nodes.reservations):
            return True
        if held.option == "capacity-block":
            return nodes.option == "capacity-block" and not nodes.reservations
        if held.targeted or (held.zone and nodes.zones != (held.zone,)):
            return False
        if held.option == "odcr" and (nodes.reservations or _by_karpenter(fleet)):
            return False
        return _full_price(fleet)

    return Supply(held.id, serves, [float(held.quantity)] * 4)


def _owned(owned: "OwnedNodes") -> Supply:
    def serves(fleet: Fleet) -> bool:
        nodes = fleet.nodes
        return (
            nodes.option == "owned"
            and nodes.pool == owned.pool
            and fleet.instance_type in ("", owned.instance_type)
        )

    return Supply(owned.id, serves, [float(owned.quantity)] * 4)


def _savings_plan(plan: "SavingsPlan") -> Supply:
    def serves(fleet: Fleet) -> bool:
        return (
            fleet.provider == plan.provider
            and plan.region in (None, fleet.region)
            and (not plan.instance_types or fleet.instance_type in plan.instance_types)
            and plan.pool in (None, fleet.nodes.pool)
            and _full_price(fleet)
            and uncovered(fleet)[2] > _ROOM
        )

    def each(fleet: Fleet) -> float | None:
        offer = fleet.offer
        if offer is None:
            return None
        return (
            offer.reserved_1y_usd_per_hour if plan.term == "1y" else offer.reserved_3y_usd_per_hour
        )

    return Supply(plan.id, serves, [plan.usd_per_hour] * 4, each)


def _by_karpenter(fleet: Fleet) -> bool:
    """Whether Karpenter starts its machines: in no capacity reservation that is not selected by name."""
    return fleet.draft.resource.kind.startswith("karpenter.sh/")


def _full_price(fleet: Fleet) -> bool:
    """Whether its machines are billed like on-demand ones, which commitments pay for."""
    return fleet.nodes.option in ("on-demand", "reserved") and fleet.rate_is_listed
