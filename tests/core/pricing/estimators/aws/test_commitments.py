"""What is paid for whether used or not, computed by hand."""

from support.aws_machines import BOOK
from support.estimates import bill, estimate, resource
from trimtab.pricing.amount import Amount
from trimtab.pricing.model import Status
from trimtab.resources.inputs import UNKNOWN
from trimtab.resources.model import Role

RESERVATION = resource(
    "aws_ec2_capacity_reservation",
    {"instance_type": "m5.large", "instance_platform": "Linux/UNIX", "instance_count": 2},
    name="held",
)
TARGET = {
    "capacity_reservation_specification": [
        {"capacity_reservation_target": [{"capacity_reservation_id": UNKNOWN}]}
    ]
}
REFERS = {"capacity_reservation_specification": (RESERVATION.key,)}


def test_a_savings_plan_costs_its_commitment() -> None:
    plan = resource("aws_savingsplans_plan", {"commitment": "2.5"})
    # 730 x 2.50
    priced = estimate(plan)
    assert bill(priced) == {"hourly commitment": 1825.00}
    assert "what it covers is not taken off" in priced.charges[0].note
    unknown = resource("aws_savingsplans_plan", {"commitment": UNKNOWN})
    assert estimate(unknown).status is Status.NOT_PRICED


def test_a_reservation_costs_its_machines_used_or_not() -> None:
    priced = estimate(RESERVATION, book=BOOK)
    # 2 x 730 x 0.096
    assert bill(priced) == {"reserved capacity: m5.large": 140.16}
    assert not priced.machines  # what runs inside it emits


def test_what_runs_inside_a_reservation_costs_nothing_more() -> None:
    template = resource(
        "aws_launch_template",
        {"instance_type": "m5.large", **TARGET},
        name="aimed",
        references=REFERS,
    )
    group = resource(
        "aws_autoscaling_group",
        {"min_size": 1, "desired_capacity": 3, "max_size": 4, "launch_template": [{"id": "lt"}]},
        references={"launch_template": (template.key,)},
    )
    priced = estimate(group, template, RESERVATION, book=BOOK)
    (machines,) = priced.machines
    inside, beyond = machines.charges
    assert (inside.label, inside.rate.usd) == ("instances: covered by held", 0.0)
    assert (inside.quantity, beyond.quantity) == (Amount(1, 2, 2), Amount(0, 1, 2))
    assert machines.covered == 2
    # of 3 machines, 1 does not fit: 730 x 0.096; 3 x 8 x 0.10 of disks
    assert priced.usd_per_month is not None
    assert round(priced.usd_per_month.expected or 0, 2) == 70.08 + 2.40


def test_a_reservation_that_somebody_else_pays_for_is_only_named() -> None:
    held = resource(
        "aws_ec2_capacity_reservation",
        {"instance_count": 2},
        name="held",
        id="cr-1",
        role=Role.EXISTING,
    )
    one = resource("aws_instance", {"instance_type": "m5.large", **TARGET}, references=REFERS)
    nodes = estimate(one, held, book=BOOK).machines[0].nodes
    assert nodes.reservations == ("cr-1", held.key)
    assert nodes.usd_per_hour is None


def test_a_reservation_without_a_price_or_a_size_is_a_gap() -> None:
    for inputs, reason in (
        (
            {"instance_type": "m5.large", "instance_platform": "Windows", "instance_count": 1},
            "no price of Windows of m5.large",
        ),
        (
            {"instance_type": "x9.large", "instance_count": 1},
            "no on-demand price of x9.large in us-east-1",
        ),
        (
            {"instance_type": "m5.large", "instance_count": UNKNOWN},
            "its instance type or count is not known before a deployment",
        ),
    ):
        priced = estimate(resource("aws_ec2_capacity_reservation", inputs), book=BOOK)
        assert [gap.reason for gap in priced.gaps] == [reason]


def test_a_capacity_block_costs_its_offering_s_fee_once() -> None:
    offering = resource(
        "aws_ec2_capacity_block_offering",
        {"upfront_fee": "31464.00", "instance_type": "p5.48xlarge"},
        name="offering",
        role=Role.EXISTING,
    )
    block = resource(
        "aws_ec2_capacity_block_reservation",
        {"capacityBlockOfferingId": UNKNOWN},
        camel=True,
        references={"capacity_block_offering_id": (offering.key,)},
        name="block",
    )
    priced = estimate(block, offering)
    assert bill(priced) == {"capacity block": 31464.00}
    assert priced.charges[0].note == "paid once, upfront, for the whole block"
    assert estimate(block).status is Status.NOT_PRICED


def test_nodes_in_a_capacity_block_cost_nothing_more_and_without_it_have_no_price() -> None:
    block = resource("aws_ec2_capacity_block_reservation", {"instance_count": 2}, name="block")
    template = resource(
        "aws_launch_template",
        {
            "instance_type": "p5.48xlarge",
            "instance_market_options": [{"market_type": "capacity-block"}],
            **TARGET,
        },
        name="aimed",
        references={"capacity_reservation_specification": (block.key,)},
    )
    group = resource(
        "aws_eks_node_group",
        {
            "capacity_type": "CAPACITY_BLOCK",
            "scaling_config": [{"min_size": 0, "desired_size": 2, "max_size": 2}],
            "launch_template": [{"id": "lt"}],
        },
        references={"launch_template": (template.key,)},
    )
    priced = estimate(group, template, block, book=BOOK)
    # 2 x 20 x 0.10 of disks alone
    assert priced.usd_per_month == Amount(0.0, 4.0, 4.0)
    assert estimate(group, template, book=BOOK).status is Status.PARTLY
