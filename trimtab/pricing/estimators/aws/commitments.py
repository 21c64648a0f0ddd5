"""What is paid for whether it is used or not: Savings Plans, capacity reservations, capacity blocks.

A reservation costs its machines' list price; what runs inside it costs nothing more (`launch`), and is
where emissions are counted. A Savings Plan costs its hourly commitment; what it saves on machines is the
inventory's matter.
"""

from collections.abc import Iterator

from trimtab.pricing.amount import exactly
from trimtab.pricing.estimation import Estimation
from trimtab.pricing.estimators import estimates
from trimtab.pricing.model import Charge, Gap, Part, Rate

_STATED = "as the resource states it"
_LINUX = frozenset({"", "Linux/UNIX", "Linux with EC2 Capacity Blocks"})


@estimates("aws_savingsplans_plan", "aws_savingsplans_savings_plan")
def savings_plan(at: Estimation) -> Iterator[Part]:
    """Its commitment, by the hour; an upfront payment is the same money, paid earlier."""
    commitment = at.inputs.number("commitment")
    if commitment is None:
        yield Gap("commitment", "how much is committed to is not known before a deployment")
        return
    upfront = at.inputs.number("upfront_payment_amount")
    note = "what it covers is not taken off: list it in the inventory once it is bought"
    if upfront:
        note = f"{upfront:,.2f} USD of the whole term are paid upfront; {note}"
    rate = Rate("aws/savings-plan/commitment", "*", commitment, "hour", at.facts.on, _STATED)
    yield Charge("hourly commitment", rate, note=note)


@estimates("aws_ec2_capacity_reservation")
def capacity_reservation(at: Estimation) -> Iterator[Part]:
    """Its machines' on-demand price, whether they run or not."""
    label = "reserved capacity"
    platform = at.inputs.text("instance_platform")
    instance_type = at.inputs.text("instance_type")
    count = at.inputs.number("instance_count")
    if at.inputs.text("tenancy") == "dedicated" or platform not in _LINUX:
        yield Gap(label, f"no price of {platform or 'dedicated tenancy'} of {instance_type}")
        return
    if not instance_type or count is None:
        yield Gap(label, "its instance type or count is not known before a deployment")
        return
    offer = at.facts.book.offer("aws", at.region, instance_type)
    if offer is None or offer.on_demand_usd_per_hour is None:
        where = at.region or "an unknown region"
        yield Gap(label, f"no on-demand price of {instance_type} in {where}")
        return
    rate = Rate(
        f"aws/machine/{instance_type}/on-demand",
        at.region or "*",
        offer.on_demand_usd_per_hour,
        "node-hour",
        offer.as_of,
        offer.source,
    )
    note = "paid for whether used or not; what runs inside it costs nothing more"
    yield Charge(f"{label}: {instance_type}", rate, exactly(count), note=note)


@estimates("aws_ec2_capacity_block_reservation")
def capacity_block(at: Estimation) -> Iterator[Part]:
    """Its fee, paid once when it is bought; the offering that it is of says how much."""
    offering = at.referred("capacity_block_offering_id", "aws_ec2_capacity_block_offering")
    fee = at.inputs.number("upfront_fee")
    if fee is None and offering is not None:
        fee = offering.inputs.number("upfront_fee")
    if fee is None:
        yield Gap("capacity block", "paid upfront; its offering's fee is not among the inputs")
        return
    rate = Rate("aws/capacity-block/upfront", "*", fee, "block", at.facts.on, _STATED)
    yield Charge("capacity block", rate, note="paid once, upfront, for the whole block")
