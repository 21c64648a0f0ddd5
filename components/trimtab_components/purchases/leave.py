"""Whether recorded approvals give leave to buy what a stack states, decided before any resource exists.

Pure. A purchase names its approval; `trimtab.inventory.leave` says whether that gives leave at the instant
of deployment. One that is bought names what it became, and keeps its leave when the approval's time is
over. All purchases on one approval count together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from trimtab.errors import InputError, allowed
from trimtab.inventory.leave import refusal
from trimtab.inventory.model import Approval


@dataclass(frozen=True)
class Purchase:
    """A commitment as a stack states it.

    Attributes:
        name: stable for ever; the resource's name ends with it.
        approval: name of the document that gives leave.
        commitment: digest of the plan's line.
        offering_id: what AWS is to sell, from its list of Savings Plans offerings.
        usd_per_hour: of one node.
        bought: id of the Savings Plan once it is bought, or None.
    """

    name: str
    approval: str
    commitment: str
    offering_id: str
    quantity: int
    usd_per_hour: float
    owner: Mapping[str, str]
    bought: str | None = None

    @property
    def hourly_commitment(self) -> str:
        """USD an hour as AWS takes it: five decimals at most."""
        return f"{self.quantity * self.usd_per_hour:.5f}".rstrip("0").rstrip(".")


def check_leave(
    purchases: Sequence[Purchase], approvals: Sequence[Approval], at: datetime, where: str
) -> None:
    """Refuse what nobody approved.

    Args:
        purchases: every one of the stack.
        approvals: as recorded.
        at: the instant of deployment.
        where: the component's type and name, for errors.

    Raises:
        InputError: a purchase without leave; names it and says what is missing.
    """
    known = {approval.name: approval for approval in approvals}
    counted: dict[str, int] = {}
    for purchase in purchases:
        place = f"{where}: purchases.{purchase.name}"
        approval = known.get(purchase.approval)
        if approval is None:
            raise InputError(
                f"no approval is named {purchase.approval}",
                where=place,
                mend=f"use one of {allowed(list(known))}" if known else "record an approval first",
            )
        counted[approval.name] = counted.get(approval.name, 0) + purchase.quantity
        reason = refusal(
            approval,
            commitment=purchase.commitment,
            quantity=counted[approval.name],
            usd_per_hour=purchase.usd_per_hour,
            at=at,
            bought=purchase.bought is not None,
        )
        if reason:
            raise InputError(
                f"approval {approval.name} gives no leave: {reason}",
                where=place,
                mend=(
                    "have the line approved anew; if it is bought already, record its id as `bought`"
                ),
            )
