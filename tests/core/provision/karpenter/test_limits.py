"""A dynamic NodePool's limits, in nodes and in vCPUs."""

import pytest

from trimtab.provision.karpenter.limits import node_limits, vcpus

# As EC2's DescribeInstanceTypes has them.
VCPUS = {
    "t3.micro": 2, "t3.medium": 2, "m7i.large": 2, "m6g.medium": 1, "c7g.medium": 1, "m7i.xlarge": 4,
    "m7g.16xlarge": 64, "c6i.32xlarge": 128, "c5.9xlarge": 36, "c4.8xlarge": 36, "d2.8xlarge": 36,
    "g4dn.xlarge": 4, "g5.48xlarge": 192, "g6e.12xlarge": 48, "p4d.24xlarge": 96, "p5.48xlarge": 192,
    "p6e-gb200.36xlarge": 144, "trn1.32xlarge": 128, "inf2.xlarge": 4, "f2.6xlarge": 24, "dl1.24xlarge": 96,
    "u-6tb1.56xlarge": 224, "m7i-flex.2xlarge": 8,
}  # fmt: skip


@pytest.mark.parametrize(("instance_type", "expected"), VCPUS.items())
def test_vcpus_follow_from_the_size(instance_type: str, expected: int) -> None:
    assert vcpus(instance_type) == expected


@pytest.mark.parametrize("instance_type", ["m7i.metal-24xl", "i3en.metal", "bare", "x.huge"])
def test_a_size_that_tells_nothing_is_not_guessed(instance_type: str) -> None:
    assert vcpus(instance_type) is None
    assert node_limits(3, ["m7i.xlarge", instance_type]) == {"nodes": "3"}


def test_every_node_of_the_largest_type_fits_and_no_more() -> None:
    assert node_limits(3, ["m7i.xlarge", "m7i.2xlarge"]) == {"nodes": "3", "cpu": "24"}
    assert node_limits(0, ["p5.48xlarge"]) == {"nodes": "0", "cpu": "0"}
    assert node_limits(2, []) == {"nodes": "2"}
