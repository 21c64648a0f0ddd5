"""On-demand capacity reservations: bought for a group, with a matching CommitmentApproval alone.

What the template leaves open comes from the plan: the first instance type of the group, the zone of
what it holds (or the plan's only one), and as many nodes as every window of the plan has at the least,
for a reservation is paid whether it is used or not. The price that an approval's ceiling is held against
is the list price, at which AWS bills a reservation.

Kind: provider-upjet-aws of 2026-08, CRD `ec2.aws.m.upbound.io/v1beta1` CapacityReservation. EC2 user guide,
"Capacity reservations" (pricing, modifying: the count can change, the type can't), 2026-11.
"""

from datetime import datetime
from typing import Any

from trimtab.clock import parse_instant
from trimtab.errors import InputError
from trimtab.inventory.purchase import PurchaseLine, ReservationLine
from trimtab.plan.model import Group, OnDemand, Reserved
from trimtab_functions.capacity.adapters.base import Kind
from trimtab_functions.capacity.adapters.followers import Now
from trimtab_functions.capacity.adapters.managed import for_provider
from trimtab_functions.capacity.adapters.purchases import (
    PLATFORM,
    Purchase,
    instance_type_of,
    zone_of,
)
from trimtab_functions.capacity.documents import Document, count, replaced, text


class CapacityReservation(Purchase):
    """`ec2.aws.m.upbound.io` CapacityReservation."""

    kinds = (Kind("ec2.aws.m.upbound.io", "CapacityReservation"),)

    def line(self, base: Document, now: Now) -> ReservationLine | None:
        stated = for_provider(base)
        group, where = now.groups[0].group, str(now.ref)
        if not isinstance(group.purchase, OnDemand | Reserved):
            raise InputError(
                f"no reservation serves {group.purchase.option} nodes",
                where=where,
                mend="reserve for a group that is bought on demand, or reserved",
            )
        quantity = count(stated.get("instanceCount"))
        if quantity is None:
            quantity = min(window.min for window in group.windows)
        if quantity == 0:
            return None
        instance_type = instance_type_of(group, text(stated.get("instanceType")), where)
        return ReservationLine(
            plan=now.plan.metadata.name,
            pool=now.pool.name,
            group=group.name,
            region=now.plan.spec.site.region,
            zone=zone_of(
                group,
                now,
                text(stated.get("availabilityZone")),
                "give spec.forProvider.availabilityZone",
            ),
            instance_type=instance_type,
            quantity=quantity,
            usd_per_hour=_list_price(now, group, instance_type),
            ends=_end(stated.get("endDate"), where),
        )

    def bought_fields(self, base: Document, line: PurchaseLine) -> dict[str, Any]:
        stated = for_provider(base)
        return {
            "region": line.region,
            "availabilityZone": line.zone,
            "instanceType": line.instance_type,
            "instanceCount": line.quantity,
            "instancePlatform": text(stated.get("instancePlatform")) or PLATFORM,
        }

    def larger(self, base: Document, observed: Document, now: Now) -> ReservationLine | None:
        """The reservation that exists, with as many nodes as are asked for, if those are more."""
        has = for_provider(observed)
        held = count(has.get("instanceCount")) or 0
        asked = count(for_provider(base).get("instanceCount"))
        fixed = ("availabilityZone", "instanceType", "endDate")
        same = {
            **for_provider(base),
            **{each: has[each] for each in fixed if each in has},
        }
        if asked is not None and asked <= held:
            return None
        line = self.line(replaced(base, ("spec", "forProvider"), same), now)
        return line if line is not None and line.quantity > held else None

    def grown(self, observed: Document, line: PurchaseLine) -> Document:
        return replaced(observed, ("spec", "forProvider", "instanceCount"), line.quantity)


def _list_price(now: Now, group: Group, instance_type: str) -> float | None:
    """The on-demand price; a group's offers have the price of its purchase option."""
    for each in now.plan.spec.commitments:
        mine = (each.pool, each.group, each.instance_type)
        if mine == (now.pool.name, group.name, instance_type):
            return each.on_demand_usd_per_hour
    if isinstance(group.purchase, Reserved) and group.purchase.term != "open":
        return None
    prices = {offer.instance_type: offer.usd_per_hour for offer in group.offers}
    return prices[instance_type]


def _end(stated: object, where: str) -> datetime | None:
    if stated is None:
        return None
    try:
        return parse_instant(str(stated))
    except ValueError as error:
        raise InputError(
            f"endDate: {error}", where=where, mend="give an instant such as 2027-03-01T00:00:00Z"
        ) from None
