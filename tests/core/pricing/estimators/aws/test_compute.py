"""EC2 instances and hosts, computed by hand."""

from support.aws_machines import BOOK
from support.estimates import bill, estimate, resource
from trimtab.pricing.amount import Amount, between
from trimtab.pricing.model import Basis, Status
from trimtab.resources.inputs import UNKNOWN
from trimtab.usage.model import Usage, UsageEntry


def test_an_instance_costs_its_machine_and_the_disk_of_its_image() -> None:
    priced = estimate(resource("aws_instance", {"instance_type": "m5.large"}), book=BOOK)
    # 730 x 0.096; 8 GiB x 0.10
    assert bill(priced) == {"instance: m5.large, on-demand": 70.08, "root disk, gp2": 0.80}
    assert priced.status is Status.PRICED
    disk = next(charge for charge in priced.charges if charge.label == "root disk, gp2")
    assert (disk.basis, disk.note) == (Basis.DEFAULT, "the image's own disk, taken as 8 GiB")


def test_an_instance_s_disks_monitoring_and_address() -> None:
    inputs = {
        "instanceType": "m5.large",
        "rootBlockDevice": {"volumeType": "gp3", "volumeSize": 20},
        "ebsBlockDevices": [
            {"deviceName": "/dev/sdf", "volumeType": "io1", "volumeSize": 40, "iops": 1000}
        ],
        "monitoring": True,
        "associatePublicIpAddress": True,
        "ebsOptimized": True,
    }
    priced = estimate(resource("aws_instance", inputs, camel=True), book=BOOK)
    assert bill(priced) == {
        "instance: m5.large, on-demand": 70.08,
        "root disk, gp3": 1.60,  # 20 x 0.08
        "disk /dev/sdf, io1": 5.00,  # 40 x 0.125
        "disk /dev/sdf, io1: IOPS": 65.00,  # 1,000 x 0.065
        "detailed monitoring": 2.10,  # 7 metrics x 0.30
        "public IPv4 addresses": 3.65,  # 730 x 0.005
    }


def test_a_type_of_a_previous_generation_pays_for_ebs_optimisation() -> None:
    one = resource("aws_instance", {"instance_type": "r3.xlarge", "ebs_optimized": True})
    # 730 x 0.333; 730 x 0.02; 8 x 0.10
    assert bill(estimate(one, book=BOOK)) == {
        "instance: r3.xlarge, on-demand": 243.09,
        "root disk, gp2": 0.80,
        "EBS optimisation": 14.60,
    }


def test_spot_instances_are_priced_as_such() -> None:
    market = {"instance_type": "m5.large", "instance_market_options": [{"market_type": "spot"}]}
    for one in (
        resource("aws_instance", market),
        resource("aws_spot_instance_request", {"instance_type": "m5.large", "spot_price": "9"}),
    ):
        # 730 x 0.04
        assert bill(estimate(one, book=BOOK))["instance: m5.large, spot"] == 29.20


def test_unlimited_credits_cost_what_somebody_says_is_used() -> None:
    inputs = {"instance_type": "t3.medium", "credit_specification": [{"cpu_credits": "unlimited"}]}
    one = resource("aws_instance", inputs)
    assert bill(estimate(one, book=BOOK))["CPU credits"] == 0.0
    hours = {"cpu_credit_vcpu_hours": between(0, 700, 100)}
    priced = estimate(one, book=BOOK, usage=Usage((UsageEntry("aws_instance", "", hours),)))
    # 100 vCPU-hours x 0.05
    assert bill(priced)["CPU credits"] == 5.00


def test_an_instance_s_own_inputs_go_before_its_template_s() -> None:
    template = resource(
        "aws_launch_template",
        {
            "name": "base",
            "instance_type": "t3.medium",
            "monitoring": [{"enabled": True}],
            "block_device_mappings": [
                {"device_name": "/dev/xvda", "ebs": [{"volume_size": 50, "volume_type": "gp3"}]},
                {"device_name": "/dev/sdf", "ebs": [{"volume_size": 10}]},
            ],
        },
        name="base",
    )
    by_name = {"launch_template": [{"name": "base"}], "instance_type": "m5.large"}
    inputs = {**by_name, "ebs_block_device": [{"device_name": "/dev/sdf", "volume_size": 100}]}
    assert bill(estimate(resource("aws_instance", inputs), template, book=BOOK)) == {
        "instance: m5.large, on-demand": 70.08,
        "root disk, gp3": 4.00,  # 50 x 0.08
        "disk /dev/sdf, gp2": 10.00,  # 100 x 0.10
        "detailed monitoring": 2.10,
    }
    assert estimate(template).status is Status.FREE


def test_dedicated_tenancy_has_no_price_and_a_host_pays_for_what_runs_on_it() -> None:
    dedicated = resource("aws_instance", {"instance_type": "m5.large", "tenancy": "dedicated"})
    priced = estimate(dedicated, book=BOOK)
    assert [gap.reason for gap in priced.gaps] == ["no price of dedicated tenancy of m5.large"]
    assert priced.status is Status.PARTLY
    host = resource("aws_ec2_host", {"instance_type": "mac1.metal"}, name="mac")
    on_it = resource("aws_instance", {"instance_type": "mac1.metal", "host_id": UNKNOWN})
    # 730 x 1.083
    assert bill(estimate(host)) == {"dedicated host, mac1": 790.59}
    # 8 x 0.10 of disk, and nothing for the machine
    assert estimate(on_it, host, book=BOOK).usd_per_month == Amount(0.8, 0.8, 0.8)


def test_a_type_that_is_not_known_is_a_gap_with_its_reason() -> None:
    for inputs, reason in (
        ({"instance_type": UNKNOWN}, "its instance type is not known before a deployment"),
        ({"launch_template": [{"id": "lt-1"}]}, "its launch template is not among the resources"),
        ({}, "no instance type is declared"),
    ):
        priced = estimate(resource("aws_instance", inputs), book=BOOK)
        assert [gap.reason for gap in priced.gaps] == [reason]


def test_a_region_without_a_price_is_a_gap() -> None:
    priced = estimate(resource("aws_ec2_host", {"instance_family": "c5"}, region="mars-1"))
    assert [gap.reason for gap in priced.gaps] == ["no price of aws/ec2/host/c5 in mars-1"]


def test_an_address_is_given_by_the_subnet_and_replaced_by_an_elastic_one() -> None:
    subnet = resource("aws_subnet", {"map_public_ip_on_launch": True}, key="subnet")
    one = resource(
        "aws_instance",
        {"instance_type": "m5.large", "subnet_id": UNKNOWN},
        key="one",
        references={"subnet_id": ("subnet",)},
    )
    label = "public IPv4 addresses"
    assert bill(estimate(one, subnet, book=BOOK))[label] == 3.65  # 730 x 0.005
    assert label not in bill(estimate(one, book=BOOK))
    elastic = resource("aws_eip", {"instance": UNKNOWN}, references={"instance": ("one",)})
    association = resource("aws_eip_association", references={"instance_id": ("one",)})
    for other in (elastic, association):
        assert label not in bill(estimate(one, subnet, other, book=BOOK))


def test_an_instance_that_refuses_an_address_has_none() -> None:
    subnet = resource("aws_subnet", {"map_public_ip_on_launch": True}, key="subnet")
    inputs = {"instance_type": "m5.large", "associate_public_ip_address": False}
    one = resource("aws_instance", inputs, references={"subnet_id": ("subnet",)})
    assert "public IPv4 addresses" not in bill(estimate(one, subnet, book=BOOK))
