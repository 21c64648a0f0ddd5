"""What a capacity reservation or a capacity block would buy, as a line that an approval can name.

A plan's `commitments` are for one or three years and have their digests from the planner. A reservation
or a block binds money too, and stands in no such line: here is theirs. The digest is made as a
commitment's is, of everything that a person approves, so that any change needs another approval.

Pure, and shared by whoever buys: the same purchase has the same digest everywhere.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Literal

from trimtab.clock import format_instant
from trimtab.errors import InputError
from trimtab.plan.document import rounded

SECONDS_PER_HOUR = 3600.0


def line_digest(identity: Mapping[str, object]) -> str:
    """`sha256:` and the digest of what identifies a line, as canonical JSON."""
    canonical = json.dumps(identity, sort_keys=True, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(canonical.encode()).hexdigest()}"


@dataclass(frozen=True, kw_only=True)
class ReservationLine:
    """An on-demand capacity reservation: billed at list price, run or not, until it ends.

    Attributes:
        plan, pool, group: whose it is, by the plan's names.
        region, zone, instance_type: what is reserved, and where.
        quantity: nodes, at least 1.
        usd_per_hour: of one node; None: not priced, and then no ceiling can be held against it.
        ends: when it is released; None: when somebody cancels it.

    Raises:
        InputError: the quantity is no count.
    """

    kind: ClassVar[Literal["capacity-reservation"]] = "capacity-reservation"

    plan: str
    pool: str
    group: str
    region: str
    zone: str
    instance_type: str
    quantity: int
    usd_per_hour: float | None
    ends: datetime | None = None

    def __post_init__(self) -> None:
        _check_quantity(self)

    def identity(self) -> dict[str, object]:
        """What the digest is of."""
        return _identity(self, usdPerHour=_rounded(self.usd_per_hour), ends=_instant(self.ends))

    def digest(self) -> str:
        """What an approval's `commitment` says; prices count to six digits, as a plan has them."""
        return line_digest(self.identity())


@dataclass(frozen=True, kw_only=True)
class BlockLine:
    """A capacity block: accelerators for a stated span, paid for in advance.

    Attributes:
        plan, pool, group: whose it is, by the plan's names.
        region, zone, instance_type: what is reserved, and where.
        quantity: nodes, at least 1.
        offering_id: what AWS is to sell, from `describe-capacity-block-offerings`.
        fee_usd: of the whole block; None: not priced, and then no ceiling can be held against it.
        starts, ends: its span.

    Raises:
        InputError: the quantity is no count, or the span is empty.
    """

    kind: ClassVar[Literal["capacity-block"]] = "capacity-block"

    plan: str
    pool: str
    group: str
    region: str
    zone: str
    instance_type: str
    quantity: int
    offering_id: str
    fee_usd: float | None
    starts: datetime
    ends: datetime

    def __post_init__(self) -> None:
        _check_quantity(self)
        if self.starts >= self.ends:
            raise InputError(
                f"a capacity block must start before it ends, and it starts "
                f"{format_instant(self.starts)} and ends {format_instant(self.ends)}",
                where=_place(self),
            )

    @property
    def hours(self) -> float:
        """Length of the span."""
        return (self.ends - self.starts).total_seconds() / SECONDS_PER_HOUR

    @property
    def usd_per_hour(self) -> float | None:
        """Of one node: the fee, spread over nodes and hours; what a ceiling is held against."""
        return None if self.fee_usd is None else self.fee_usd / (self.quantity * self.hours)

    def identity(self) -> dict[str, object]:
        """What the digest is of."""
        return _identity(
            self,
            offeringId=self.offering_id,
            feeUsd=_rounded(self.fee_usd),
            starts=_instant(self.starts),
            ends=_instant(self.ends),
        )

    def digest(self) -> str:
        """What an approval's `commitment` says; the fee counts to six digits."""
        return line_digest(self.identity())


PurchaseLine = ReservationLine | BlockLine


def _identity(line: PurchaseLine, **own: Any) -> dict[str, object]:
    shared = {
        "kind": line.kind,
        "plan": line.plan,
        "pool": line.pool,
        "group": line.group,
        "region": line.region,
        "zone": line.zone,
        "instanceType": line.instance_type,
        "quantity": line.quantity,
    }
    return {**shared, **{key: value for key, value in own.items() if value is not None}}


def _check_quantity(line: PurchaseLine) -> None:
    if line.quantity < 1:
        raise InputError(
            f"{line.quantity} nodes are no purchase", where=_place(line), mend="ask for 1 or more"
        )


def _place(line: PurchaseLine) -> str:
    return f"{line.kind} of {line.pool}/{line.group}"


def _rounded(usd: float | None) -> float | None:
    return None if usd is None else rounded(float(usd))


def _instant(instant: datetime | None) -> str | None:
    return None if instant is None else format_instant(instant)
