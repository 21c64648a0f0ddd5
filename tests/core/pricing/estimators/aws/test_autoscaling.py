"""Groups of EC2 machines, computed by hand."""

import math
from collections.abc import Mapping

import pytest

from support.aws_machines import BOOK
from support.estimates import bill, estimate, resource
from trimtab.pricing.amount import Amount
from trimtab.pricing.model import Basis, Status
from trimtab.resources.inputs import UNKNOWN

TEMPLATE = resource(
    "aws_launch_template",
    {
        "name": "workers",
        "instance_type": "m5.large",
        "block_device_mappings": [{"device_name": "/dev/xvda", "ebs": [{"volume_size": 10}]}],
    },
    name="workers",
)
USES = {"launch_template": [{"id": UNKNOWN}]}
REFERS = {"launch_template": (TEMPLATE.key,)}
MIXED = {"mixed_instances_policy": (TEMPLATE.key,)}


@pytest.mark.parametrize(
    ("sizes", "count", "now"),
    [
        ({"min_size": 1, "desired_capacity": 2, "max_size": 3}, Amount(1, 2, 3), 2),
        # the provider starts at the minimum
        ({"min_size": 2, "max_size": 3}, Amount(2, 2, 3), 2),
        ({"min_size": 0, "desired_capacity": 0, "max_size": 3}, Amount(0, 0, 3), 0),
        # only a deployment will know: the bounds are all
        ({"min_size": 1, "desired_capacity": UNKNOWN, "max_size": 3}, Amount(1, None, 3), None),
        ({"min_size": UNKNOWN, "desired_capacity": 2, "max_size": 3}, Amount(0, 2, 3), 2),
        ({"min_size": 1, "desired_capacity": 2, "max_size": UNKNOWN}, Amount(1, 2, math.inf), 2),
    ],
)
def test_a_group_is_between_its_bounds_and_starts_as_desired(
    sizes: dict[str, object], count: Amount, now: float | None
) -> None:
    group = resource("aws_autoscaling_group", {**USES, **sizes}, references=REFERS)
    machines = estimate(group, TEMPLATE, book=BOOK).machines[0].nodes
    assert (machines.count, machines.now) == (count, now)
    assert machines.basis is (Basis.BOUNDS if count.expected is None else Basis.DECLARED)


def test_a_group_costs_its_machines_and_the_disk_of_each() -> None:
    inputs = {"minSize": 1, "desiredCapacity": 2, "maxSize": 3, "launchTemplate": {"id": UNKNOWN}}
    group = resource("aws_autoscaling_group", inputs, camel=True, references=REFERS)
    priced = estimate(group, TEMPLATE, book=BOOK)
    # 2 x 730 x 0.096; 2 x 10 GiB x 0.10
    assert bill(priced) == {"instances: m5.large, on-demand": 140.16, "root disk, gp2": 2.00}
    # 1 and 3 of 730 x 0.096 + 10 x 0.10
    assert priced.usd_per_month is not None
    assert priced.usd_per_month.low == pytest.approx(71.08)
    assert priced.usd_per_month.high == pytest.approx(213.24)


def test_a_size_that_nothing_bounds_is_a_gap_and_one_that_is_bounded_has_no_expectation() -> None:
    for sizes, status in (
        ({"min_size": 1, "desired_capacity": UNKNOWN, "max_size": UNKNOWN}, Status.NOT_PRICED),
        ({"min_size": 1, "desired_capacity": UNKNOWN, "max_size": 3}, Status.BOUNDED),
    ):
        group = resource("aws_autoscaling_group", {**USES, **sizes}, references=REFERS)
        assert estimate(group, TEMPLATE, book=BOOK).status is status


def test_a_launch_configuration_is_monitored_in_detail_unless_it_says_no() -> None:
    configuration = resource(
        "aws_launch_configuration",
        {"name": "old", "instance_type": "t2.medium", "root_block_device": [{"volume_size": 10}]},
        name="old",
    )
    inputs = {"launch_configuration": "old", "desired_capacity": 2, "min_size": 1, "max_size": 3}
    priced = estimate(resource("aws_autoscaling_group", inputs), configuration, book=BOOK)
    assert bill(priced) == {
        "instances: t2.medium, on-demand": 67.74,  # 2 x 730 x 0.0464
        "root disk, gp2": 2.00,  # 2 x 10 x 0.10
        "detailed monitoring": 4.20,  # 2 x 7 x 0.30
    }


def _mixed(distribution: Mapping[str, object], **more: object) -> dict[str, object]:
    policy = {
        "launch_template": [
            {
                "launch_template_specification": [{"launch_template_id": UNKNOWN}],
                "override": more.pop("override", [{"instance_type": "m5.large"}]),
            }
        ],
        "instances_distribution": [distribution],
    }
    return {"mixed_instances_policy": [policy], "min_size": 2, "max_size": 12, **more}


def test_a_mixed_group_is_on_demand_up_to_its_base_and_by_a_share_above_it() -> None:
    shares = {"on_demand_base_capacity": 2, "on_demand_percentage_above_base_capacity": 25}
    group = resource("aws_autoscaling_group", _mixed(shares, desired_capacity=9), references=MIXED)
    priced = estimate(group, TEMPLATE, book=BOOK)
    on_demand, spot = (each.nodes for each in priced.machines)
    # of 2, 9 and 12: 2 and a quarter of 0, 7 and 10 more, rounded up
    assert (on_demand.count, on_demand.now) == (Amount(2, 4, 5), 4)
    assert (spot.option, spot.count, spot.now) == ("spot", Amount(0, 5, 7), 5)
    assert bill(priced) == {
        "on-demand instances: m5.large, on-demand": 280.32,  # 4 x 730 x 0.096
        "spot instances: m5.large, spot": 146.00,  # 5 x 730 x 0.04
        "root disk, gp2": 9.00,  # 9 x 10 x 0.10
    }


def test_weights_turn_capacity_into_machines() -> None:
    override = [
        {"instance_type": "m5.large", "weighted_capacity": "2"},
        {"instance_type": "m5.xlarge", "weighted_capacity": "4"},
    ]
    inputs = _mixed({}, override=override, desired_capacity=6)
    group = resource("aws_autoscaling_group", inputs, references=MIXED)
    nodes = estimate(group, TEMPLATE, book=BOOK).machines[0].nodes
    # 2 of it fill one m5.xlarge, 6 of it three m5.large, 12 of it six m5.large
    assert nodes.count == Amount(1, 3, 6)
    assert nodes.instance_types == ("m5.large", "m5.xlarge")


def test_types_by_their_attributes_are_a_gap() -> None:
    override = [{"instance_requirements": [{"vcpu_count": [{"min": 2}]}]}]
    group = resource("aws_autoscaling_group", _mixed({}, override=override), references=MIXED)
    assert [gap.reason for gap in estimate(group, TEMPLATE, book=BOOK).gaps] == [
        "its instance types are chosen by their attributes when it launches"
    ]


def test_a_fleet_buys_what_it_is_told() -> None:
    fleet = resource(
        "aws_ec2_fleet",
        {
            "launch_template_config": [
                {"launch_template_specification": [{"launch_template_id": UNKNOWN}]}
            ],
            "target_capacity_specification": [
                {
                    "default_target_capacity_type": "spot",
                    "total_target_capacity": 5,
                    "on_demand_target_capacity": 2,
                }
            ],
        },
        references={"launch_template_config": (TEMPLATE.key,)},
    )
    assert bill(estimate(fleet, TEMPLATE, book=BOOK)) == {
        "on-demand instances: m5.large, on-demand": 140.16,  # 2 x 730 x 0.096
        "spot instances: m5.large, spot": 87.60,  # 3 x 730 x 0.04
        "root disk, gp2": 5.00,  # 5 x 10 x 0.10
    }


def test_a_spot_fleet_is_spot_but_for_what_it_asks_for_on_demand() -> None:
    fleet = resource(
        "aws_spot_fleet_request",
        {
            "target_capacity": 4,
            "on_demand_target_capacity": 1,
            "launch_specification": [{"instance_type": "m5.large"}],
        },
    )
    assert bill(estimate(fleet, book=BOOK)) == {
        "on-demand instances: m5.large, on-demand": 70.08,  # 730 x 0.096
        "spot instances: m5.large, spot": 87.60,  # 3 x 730 x 0.04
        "root disk, gp2": 3.20,  # 4 x 8 x 0.10
    }


def test_a_group_whose_template_is_elsewhere_is_a_gap() -> None:
    inputs = {"launch_template": [{"id": "lt-1"}], "min_size": 1, "max_size": 2}
    priced = estimate(resource("aws_autoscaling_group", inputs), book=BOOK)
    assert [gap.reason for gap in priced.gaps] == ["its launch template is not among the resources"]


def test_a_region_without_a_price_is_a_gap() -> None:
    inputs = {**USES, "min_size": 1, "max_size": 2}
    group = resource("aws_autoscaling_group", inputs, references=REFERS, region="mars-1")
    priced = estimate(group, TEMPLATE, book=BOOK)
    assert {gap.reason for gap in priced.gaps} == {
        "no on-demand price of m5.large in mars-1",
        "no price of aws/ebs/gp2/storage in mars-1",
    }
