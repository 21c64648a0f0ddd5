"""EBS, computed by hand from us-east-1's prices."""

import pytest

from support.estimates import bill, estimate, resource
from trimtab.pricing.amount import Amount, exactly
from trimtab.pricing.model import Basis, Status
from trimtab.resources.inputs import UNKNOWN
from trimtab.usage.model import Usage, UsageEntry


@pytest.mark.parametrize(
    ("inputs", "charges"),
    [
        # 10 x 0.10
        ({"size": 10}, {"volume, gp2": 1.00}),
        # 40 x 0.08; 3,000 IOPS and 125 MiB/s are in that
        ({"type": "gp3", "size": 40, "iops": 3000, "throughput": 125}, {"volume, gp3": 3.20}),
        # 40 x 0.08, (4,000 - 3,000) x 0.005, (130 - 125) x 0.04
        (
            {"type": "gp3", "size": 40, "iops": 4000, "throughput": 130},
            {"volume, gp3": 3.20, "volume, gp3: IOPS": 5.00, "volume, gp3: throughput": 0.20},
        ),
        # 30 x 0.125, 300 x 0.065
        (
            {"type": "io1", "size": 30, "iops": 300},
            {"volume, io1": 3.75, "volume, io1: IOPS": 19.50},
        ),
        # 1,000 x 0.125; 32,000 x 0.065 = 2,080, 32,000 x 0.0455 = 1,456, 6,000 x 0.03185 = 191.10
        (
            {"type": "io2", "size": 1000, "iops": 70000},
            {
                "volume, io2": 125.00,
                "volume, io2: IOPS": 2080.00,
                "volume, io2: IOPS beyond 32,000": 1456.00,
                "volume, io2: IOPS beyond 64,000": 191.10,
            },
        ),
        # 40 x 0.045
        ({"type": "st1", "size": 40}, {"volume, st1": 1.80}),
        # 50 x 0.015
        ({"type": "sc1", "size": 50}, {"volume, sc1": 0.75}),
        # 20 x 0.05, and 10 million requests (the default) x 0.05
        ({"type": "standard", "size": 20}, {"volume, standard": 1.00, "requests": 0.50}),
    ],
)
def test_a_volume_costs_its_size_and_what_it_is_provisioned_beyond_it(
    inputs: dict[str, object], charges: dict[str, float]
) -> None:
    priced = estimate(resource("aws_ebs_volume", inputs))
    assert bill(priced) == charges
    assert priced.status is Status.PRICED


def test_a_volume_reads_the_same_in_camel_case_and_in_another_region() -> None:
    inputs = {"type": "gp3", "size": 100, "iops": 4000, "availabilityZone": "eu-west-1a"}
    priced = estimate(resource("aws_ebs_volume", inputs, camel=True, region="eu-west-1"))
    # 100 x 0.088, 1,000 x 0.0055
    assert bill(priced) == {"volume, gp3": 8.80, "volume, gp3: IOPS": 5.50}


@pytest.mark.parametrize(
    ("inputs", "reasons"),
    [
        ({"size": UNKNOWN}, ["its size is not known before a deployment"]),
        (
            {"size": 10, "type": "gp3", "iops": UNKNOWN},
            ["how many are provisioned is not known before a deployment"],
        ),
        ({"size": 10, "type": "gp9"}, ["no EBS volume type gp9"]),
    ],
)
def test_what_is_not_known_of_a_volume_is_a_gap(
    inputs: dict[str, object], reasons: list[str]
) -> None:
    assert [gap.reason for gap in estimate(resource("aws_ebs_volume", inputs)).gaps] == reasons


def test_a_region_without_a_price_is_a_gap() -> None:
    priced = estimate(resource("aws_ebs_volume", {"size": 10}, region="mars-1"))
    assert [gap.reason for gap in priced.gaps] == ["no price of aws/ebs/gp2/storage in mars-1"]


def test_a_snapshot_costs_at_most_its_disk() -> None:
    disk = resource("aws_ebs_volume", {"size": 10}, name="disk")
    first = resource(
        "aws_ebs_snapshot", {"volume_id": UNKNOWN}, references={"volume_id": (disk.key,)}
    )
    copy = resource(
        "aws_ebs_snapshot_copy", {}, references={"source_snapshot_id": (first.key,)}, name="copy"
    )
    for one, others in ((first, (disk,)), (copy, (first, disk))):
        priced = estimate(one, *others)
        # 10 GB x 0.05
        assert bill(priced) == {"snapshot storage": 0.50}
        assert priced.usd_per_month == Amount(0.0, 0.5, 0.5)


def test_a_snapshot_of_nothing_known_takes_its_size_from_use() -> None:
    snapshot = resource("aws_ebs_snapshot", {"volume_id": "vol-1"})
    assert estimate(snapshot).charges[0].basis is Basis.DEFAULT
    usage = Usage((UsageEntry("aws_ebs_snapshot", "", {"storage_gb": exactly(8)}),))
    # 8 GB x 0.05
    assert bill(estimate(snapshot, usage=usage)) == {"snapshot storage": 0.40}


def test_a_copy_of_a_volume_is_as_large_as_it_and_of_its_type() -> None:
    disk = resource("aws_ebs_volume", {"size": 50, "type": "gp3"}, name="disk")
    copy = resource(
        "aws_ebs_volume_copy",
        {"source_volume_id": UNKNOWN},
        references={"source_volume_id": (disk.key,)},
    )
    # 50 x 0.08
    assert bill(estimate(copy, disk)) == {"volume, gp3": 4.00}


def test_an_image_costs_its_snapshots_and_fast_restore_its_hours() -> None:
    # 8 GB (the default) x 0.05; 730 x 0.75
    assert bill(estimate(resource("aws_ami_copy", {}))) == {"snapshot storage": 0.40}
    restore = resource("aws_ebs_fast_snapshot_restore", {"availability_zone": "us-east-1a"})
    assert bill(estimate(restore)) == {"fast snapshot restore": 547.50}
