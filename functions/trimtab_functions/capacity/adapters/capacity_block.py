"""Capacity blocks: bought for a group, with a matching CommitmentApproval alone.

A block is an offering of AWS's, by its id (`spec.forProvider.capacityBlockOfferingId`); what the offering
holds stands nowhere in Kubernetes, and this function asks no cloud. So the template states it in
annotations, as `aws ec2 describe-capacity-block-offerings` lists it, and the approval is for exactly that:

| annotation | where it is left out |
|---|---|
| `trimtab.dev/starts-at`, `trimtab.dev/ends-at` | those of the group's own capacity block |
| `trimtab.dev/fee-usd` (of the whole block) | refused: what is not priced can't be approved |
| `trimtab.dev/instance-type` | the group's first |
| `trimtab.dev/instance-count` | the most that any window of the group has |
| `trimtab.dev/zone` | that of the group's own capacity block, or the plan's only one |

Kind: provider-upjet-aws of 2026-08, CRD `ec2.aws.m.upbound.io/v1beta1` CapacityBlockReservation: a block
can't change or be given back.
"""

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from trimtab.clock import parse_instant
from trimtab.errors import InputError
from trimtab.inventory.purchase import BlockLine, PurchaseLine
from trimtab.plan.labels import LABEL_PREFIX
from trimtab.plan.model import CapacityBlock
from trimtab_functions.capacity.adapters.base import Kind
from trimtab_functions.capacity.adapters.followers import Now
from trimtab_functions.capacity.adapters.managed import for_provider
from trimtab_functions.capacity.adapters.purchases import (
    PLATFORM,
    Purchase,
    instance_type_of,
    zone_of,
)
from trimtab_functions.capacity.documents import Document, section, text

STARTS = f"{LABEL_PREFIX}starts-at"
ENDS = f"{LABEL_PREFIX}ends-at"
FEE = f"{LABEL_PREFIX}fee-usd"
INSTANCE_TYPE = f"{LABEL_PREFIX}instance-type"
INSTANCE_COUNT = f"{LABEL_PREFIX}instance-count"
ZONE = f"{LABEL_PREFIX}zone"


class CapacityBlockReservation(Purchase):
    """`ec2.aws.m.upbound.io` CapacityBlockReservation."""

    kinds = (Kind("ec2.aws.m.upbound.io", "CapacityBlockReservation"),)

    def line(self, base: Document, now: Now) -> BlockLine | None:
        notes = section(base, "metadata", "annotations")
        group, where = now.groups[0].group, str(now.ref)
        offering = text(for_provider(base).get("capacityBlockOfferingId"))
        if offering is None:
            raise InputError(
                "names no offering to buy",
                where=where,
                mend="give spec.forProvider.capacityBlockOfferingId, from aws ec2 "
                "describe-capacity-block-offerings",
            )
        block = group.purchase if isinstance(group.purchase, CapacityBlock) else None
        most = max(window.max for window in group.windows)
        quantity = most
        if INSTANCE_COUNT in notes:
            quantity = _whole(notes, INSTANCE_COUNT, where)
        if quantity == 0:
            return None
        return BlockLine(
            plan=now.plan.metadata.name,
            pool=now.pool.name,
            group=group.name,
            region=now.plan.spec.site.region,
            zone=zone_of(group, now, text(notes.get(ZONE)), f"give the annotation {ZONE}"),
            instance_type=instance_type_of(group, text(notes.get(INSTANCE_TYPE)), where),
            quantity=quantity,
            offering_id=offering,
            fee_usd=_number(notes, FEE, where),
            starts=_instant(notes, STARTS, block.starts_at if block else None, where),
            ends=_instant(notes, ENDS, block.ends_at if block else None, where),
        )

    def bought_fields(self, base: Document, line: PurchaseLine) -> dict[str, Any]:
        stated = for_provider(base)
        return {
            "region": line.region,
            "instancePlatform": text(stated.get("instancePlatform")) or PLATFORM,
        }


def _instant(notes: Mapping[str, Any], key: str, default: datetime | None, where: str) -> datetime:
    mend = f"give the annotation {key}, an instant such as 2027-03-01T11:30:00Z"
    if key not in notes:
        if default is None:
            raise InputError("the block's span is not stated", where=where, mend=mend)
        return default
    try:
        return parse_instant(str(notes[key]))
    except ValueError as error:
        raise InputError(f"{key}: {error}", where=where, mend=mend) from None


def _number(notes: Mapping[str, Any], key: str, where: str) -> float | None:
    if key not in notes:
        return None
    try:
        found = float(str(notes[key]))
    except ValueError:
        found = math.nan
    if not (math.isfinite(found) and found > 0):
        raise InputError(f"{key}: {notes[key]!r} is no price", where=where, mend="give US dollars")
    return found


def _whole(notes: Mapping[str, Any], key: str, where: str) -> int:
    found = _number(notes, key, where)
    if found is None or found != int(found):
        raise InputError(
            f"{key}: {notes[key]!r} is no count", where=where, mend="give a whole number"
        )
    return int(found)
