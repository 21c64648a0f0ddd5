"""Whether recorded approvals give leave to buy something now: the one place that decides it.

Pure. An approval gives leave for the line whose digest it names, for so many nodes, at most at its
ceiling, from when it is given until it expires. What is bought already keeps its leave when that time is
over: an approval's end must not end what it paid for. Anything in doubt is refused, never bought.

The planner asks it for a plan's commitments, the Pulumi component for Savings Plans, and the composition
function for capacity reservations and blocks.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from trimtab.clock import format_instant
from trimtab.inventory.model import Approval
from trimtab.inventory.purchase import PurchaseLine


def refusal(
    approval: Approval,
    *,
    commitment: str,
    quantity: int,
    usd_per_hour: float | None,
    at: datetime,
    plan: str | None = None,
    bought: bool = False,
) -> str | None:
    """Why an approval gives no leave for a purchase, or None where it does.

    Args:
        approval: as recorded.
        commitment: digest of what is to be bought.
        quantity: nodes that are to be bought on the approval, all together.
        usd_per_hour: price of one node; None: not known, which is refused.
        at: the instant of the purchase.
        plan: the plan's name; None where the caller checks it.
        bought: whether it is bought already, so that the approval's time no longer counts.
    """
    if plan is not None and approval.plan != plan:
        return f"it is for the plan {approval.plan}, not {plan}"
    if approval.commitment != commitment:
        return f"it is for the line {approval.commitment}"
    if quantity > approval.quantity:
        return f"{quantity} nodes are to be bought on it, and {approval.quantity} are approved"
    ceiling = approval.ceiling_usd_per_hour
    if usd_per_hour is None:
        return (
            f"the purchase is not priced, so its ceiling of ${ceiling:g} can't be held against it"
        )
    if not usd_per_hour <= ceiling:
        return f"${usd_per_hour:g} an hour is above its ceiling of ${ceiling:g}"
    if bought:
        return None
    if at < approval.approved_at:
        return f"it is only given {format_instant(approval.approved_at)}"
    if at >= approval.expires:
        return f"it expired {format_instant(approval.expires)}"
    return None


@dataclass(frozen=True)
class Leave:
    """What approvals say of a purchase.

    Attributes:
        approval: the one that gives leave; None: none does.
        reason: why none does, and what to do; None where one does.
    """

    approval: Approval | None
    reason: str | None = None


def leave_for(
    line: PurchaseLine, approvals: Iterable[Approval], at: datetime, *, bought: bool = False
) -> Leave:
    """The approval that gives leave to buy a line: the first by name, so that none is counted twice.

    Args:
        line: what is to be bought.
        approvals: all that were found; those that name other lines are passed over.
        at: the instant of the purchase.
        bought: whether it is bought already.
    """
    digest = line.digest()
    said = []
    for approval in sorted(approvals, key=lambda each: each.name):
        if approval.commitment != digest:
            continue
        reason = refusal(
            approval,
            plan=line.plan,
            commitment=digest,
            quantity=line.quantity,
            usd_per_hour=line.usd_per_hour,
            at=at,
            bought=bought,
        )
        if reason is None:
            return Leave(approval)
        said.append(f"approval {approval.name} gives no leave: {reason}")
    if said:
        return Leave(None, "; ".join(said))
    return Leave(
        None,
        f"no approval names the line {digest} ({line.quantity} x {line.instance_type} in {line.zone});"
        f" record a CommitmentApproval of plan {line.plan} with that digest",
    )
