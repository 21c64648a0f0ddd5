"""EKS, computed by hand."""

from datetime import UTC, datetime

import pytest

from support.aws_machines import BOOK
from support.estimates import bill, estimate, resource
from trimtab.pricing.amount import Amount, exactly
from trimtab.pricing.model import Status
from trimtab.resources.inputs import UNKNOWN
from trimtab.usage.model import Usage, UsageEntry


def test_a_cluster_in_standard_support() -> None:
    priced = estimate(resource("aws_eks_cluster", {"version": "1.35"}))
    # 730 x 0.10
    assert bill(priced) == {"control plane": 73.00}
    assert priced.status is Status.PRICED


@pytest.mark.parametrize(
    ("day", "usd"),
    [
        # 1.33 leaves standard support on 2026-07-29: 730 x 0.50 more from then on
        (datetime(2026, 7, 28, tzinfo=UTC), {"control plane": 73.00}),
        (datetime(2026, 7, 29, tzinfo=UTC), {"control plane": 73.00, "extended support": 365.00}),
    ],
)
def test_extended_support_begins_on_its_day(day: datetime, usd: dict[str, float]) -> None:
    assert bill(estimate(resource("aws_eks_cluster", {"version": "1.33"}), as_of=day)) == usd


def test_a_cluster_that_is_upgraded_in_time_is_never_in_extended_support() -> None:
    inputs = {"version": "1.30", "upgradePolicy": {"supportType": "STANDARD"}}
    assert bill(estimate(resource("aws_eks_cluster", inputs, camel=True))) == {
        "control plane": 73.00
    }


def test_a_version_that_is_not_known_bounds_the_support() -> None:
    priced = estimate(resource("aws_eks_cluster", {"version": UNKNOWN}))
    assert priced.usd_per_month == Amount(73.0, None, 438.0)
    assert priced.status is Status.BOUNDED


@pytest.mark.parametrize(
    ("tier", "usd"),
    # 730 hours of 1.65, 3.40, 6.90 and 13.90
    [
        ("tier-xl", 1204.50),
        ("tier-2xl", 2482.00),
        ("tier-4xl", 5037.00),
        ("tier-8xl", 10147.00),
    ],
)
def test_a_provisioned_control_plane_costs_its_tier_too(tier: str, usd: float) -> None:
    inputs = {"control_plane_scaling_config": [{"tier": tier}]}
    assert bill(estimate(resource("aws_eks_cluster", inputs))) == {
        "control plane": 73.00,
        f"provisioned control plane, {tier}": usd,
    }


def test_the_standard_tier_is_free_and_an_unknown_one_is_a_gap() -> None:
    standard = {"control_plane_scaling_config": [{"tier": "standard"}]}
    assert estimate(resource("aws_eks_cluster", standard)).status is Status.PRICED
    for tier in ("tier-16xl", UNKNOWN):
        inputs = {"control_plane_scaling_config": [{"tier": tier}]}
        assert estimate(resource("aws_eks_cluster", inputs)).status is Status.PARTLY


def test_auto_mode_and_hybrid_nodes_are_gaps() -> None:
    inputs = {
        "compute_config": [{"enabled": True, "node_pools": ["system"]}],
        "remote_network_config": [{"remote_node_networks": [{"cidrs": ["10.0.0.0/8"]}]}],
    }
    priced = estimate(resource("aws_eks_cluster", inputs))
    assert [gap.label for gap in priced.gaps] == ["Auto Mode", "hybrid nodes"]
    without_pools = resource("aws_eks_cluster", {"compute_config": [{"enabled": True}]})
    assert estimate(without_pools).status is Status.PRICED


SIZES = {"scaling_config": [{"min_size": 1, "desired_size": 3, "max_size": 5}]}


def test_a_node_group_by_default_is_of_t3_medium_with_20_gib() -> None:
    inputs = {"scalingConfig": {"minSize": 1, "desiredSize": 3, "maxSize": 5}}
    priced = estimate(resource("aws_eks_node_group", inputs, camel=True), book=BOOK)
    # 3 x 730 x 0.0416; 3 x 20 x 0.10
    assert bill(priced) == {"worker nodes: t3.medium, on-demand": 91.10, "root disk, gp2": 6.00}
    nodes = priced.machines[0].nodes
    assert (nodes.count, nodes.now) == (Amount(1, 3, 5), 3)


def test_a_spot_node_group_with_disks_of_its_own_size() -> None:
    inputs = {**SIZES, "capacity_type": "SPOT", "instance_types": ["m5.large"], "disk_size": 100}
    # 3 x 730 x 0.04; 3 x 100 x 0.10
    assert bill(estimate(resource("aws_eks_node_group", inputs), book=BOOK)) == {
        "worker nodes: m5.large, spot": 87.60,
        "root disk, gp2": 30.00,
    }


def test_a_node_group_takes_type_and_disks_from_its_launch_template() -> None:
    template = resource(
        "aws_launch_template",
        {
            "instance_type": "m5.xlarge",
            "block_device_mappings": [
                {"device_name": "/dev/xvda", "ebs": [{"volume_type": "gp3", "volume_size": 100}]}
            ],
        },
    )
    inputs = {**SIZES, "launch_template": [{"id": UNKNOWN}]}
    group = resource("aws_eks_node_group", inputs, references={"launch_template": (template.key,)})
    # 3 x 730 x 0.192; 3 x 100 x 0.08
    assert bill(estimate(group, template, book=BOOK)) == {
        "worker nodes: m5.xlarge, on-demand": 420.48,
        "root disk, gp3": 24.00,
    }


def test_a_launch_template_without_a_type_or_a_disk_leaves_eks_s_own() -> None:
    template = resource("aws_launch_template", {"name": "bare"}, name="bare")
    inputs = {**SIZES, "launch_template": [{"name": "bare"}]}
    priced = estimate(resource("aws_eks_node_group", inputs), template, book=BOOK)
    assert bill(priced) == {"worker nodes: t3.medium, on-demand": 91.10, "root disk, gp2": 6.00}


def test_what_is_not_known_of_a_node_group_is_bounds_or_a_gap() -> None:
    bounded = {"scaling_config": [{"min_size": 1, "desired_size": UNKNOWN, "max_size": 5}]}
    assert estimate(resource("aws_eks_node_group", bounded), book=BOOK).status is Status.BOUNDED
    for inputs, reason in (
        (
            {**SIZES, "instance_types": UNKNOWN},
            "its instance type is not known before a deployment",
        ),
        (
            {**SIZES, "launch_template": [{"id": "lt-1"}]},
            "its launch template is not among the resources",
        ),
        (
            {**SIZES, "capacity_type": UNKNOWN},
            "how they are bought is not known before a deployment",
        ),
        (
            {"scaling_config": UNKNOWN},
            "its size is not known before a deployment, and nothing bounds it",
        ),
    ):
        priced = estimate(resource("aws_eks_node_group", inputs), book=BOOK)
        assert [gap.reason for gap in priced.gaps] == [reason]


def test_windows_nodes_have_no_price_and_larger_disks() -> None:
    inputs = {**SIZES, "ami_type": "WINDOWS_CORE_2022_x86_64"}
    priced = estimate(resource("aws_eks_node_group", inputs), book=BOOK)
    # 3 x 50 x 0.10
    assert bill(priced) == {"root disk, gp2": 15.00}
    assert priced.status is Status.PARTLY


def test_a_fargate_profile_costs_what_its_pods_ask_for() -> None:
    profile = resource("aws_eks_fargate_profile", {})
    # one pod of 0.25 vCPU and 0.5 GB, all month: 182.5 x 0.04048, 365 x 0.004445
    assert bill(estimate(profile)) == {"pods' vCPU": 7.39, "pods' memory": 1.62}
    hours = {"vcpu_hours": exactly(730), "memory_gb_hours": exactly(730)}
    usage = Usage((UsageEntry("aws_eks_fargate_profile", "", hours),))
    assert bill(estimate(profile, usage=usage)) == {"pods' vCPU": 29.55, "pods' memory": 3.24}


def test_a_region_without_a_price_is_a_gap() -> None:
    priced = estimate(resource("aws_eks_fargate_profile", {}, region="mars-1"))
    assert priced.status is Status.NOT_PRICED
