"""Approved lines of the plan before: they count as held, for buying them is only a matter of days.

An approval names a line by its digest; another quantity, price or type has another digest, and needs
another approval. Every approval that does not count is named with the reason.
"""

from datetime import datetime, timedelta

from trimtab.errors import InputError
from trimtab.inventory.leave import refusal
from trimtab.inventory.model import Approval, Approvals, HeldNodes, Inventory
from trimtab.plan.model import CapacityPlan, Commitment
from trimtab.planning.proposals import TERM_HOURS


def approved_lines(
    approvals: Approvals,
    previous: CapacityPlan | None,
    inventory: Inventory | None,
    as_of: datetime,
) -> tuple[tuple[HeldNodes, ...], tuple[str, ...]]:
    """What the approvals make held, and a sentence for each that does not.

    Args:
        approvals: as recorded.
        previous: the plan whose lines they approve.
        inventory: what is held already: a line that was bought stands there with its digest.
        as_of: the instant of the decision.

    Raises:
        InputError: there are approvals and no plan to find their lines in.
    """
    if previous is None and approvals.each:
        raise InputError(
            "an approval names a plan's line by its digest, and no plan is given",
            where=f"--approvals {approvals.source}",
            mend="give the plan that was approved with --previous",
        )
    lines = {line.digest: line for line in previous.spec.commitments} if previous else {}
    bought = {each.commitment for each in inventory.nodes} if inventory else set()
    held: list[HeldNodes] = []
    said: list[str] = []
    counted: dict[str, int] = {}
    for approval in approvals.each:
        line = lines.get(approval.commitment)
        name = previous.metadata.name if previous else ""
        reason = _mismatch(approval, line, name, as_of)
        if approval.commitment in bought:
            said.append(f"approval {approval.name}: its line stands in the inventory as bought")
        elif reason or line is None:
            said.append(f"approval {approval.name} does not count: {reason}")
        else:
            room = line.quantity - counted.get(line.digest, 0)
            quantity = min(approval.quantity, room)
            counted[line.digest] = counted.get(line.digest, 0) + quantity
            if quantity:
                held.append(_held(approval, line, quantity))
            if quantity < approval.quantity:
                said.append(
                    f"approval {approval.name}: {quantity} of {approval.quantity} nodes count, for "
                    f"its line has {line.quantity}"
                )
    return tuple(held), tuple(said)


def _mismatch(
    approval: Approval, line: Commitment | None, plan: str, as_of: datetime
) -> str | None:
    """Why an approval does not make its line held, or None."""
    if approval.plan != plan:
        return f"it is for the plan {approval.plan}, and the one before is {plan}"
    if line is None:
        digest = approval.commitment[:19]
        return (
            f"plan {plan} has no line {digest}…: another quantity, price or type needs another one"
        )
    return refusal(
        approval,
        commitment=line.digest,
        quantity=approval.quantity,  # more than the line has is cut, not refused
        usd_per_hour=line.usd_per_hour,
        at=as_of,
    )


def _held(approval: Approval, line: Commitment, quantity: int) -> HeldNodes:
    starts = line.starts or approval.approved_at
    return HeldNodes(
        id=f"approval {approval.name}",
        option="reserved",
        provider=line.provider,
        region=line.region,
        instance_type=line.instance_type,
        quantity=quantity,
        usd_per_hour=line.usd_per_hour,
        term=line.term,
        starts=starts,
        expires=starts + timedelta(hours=TERM_HOURS[line.term]),
        pool=line.pool,
        commitment=line.digest,
        where=approval.where,
    )
