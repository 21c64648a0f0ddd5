"""Disks, snapshots and images, computed by hand from the rates of us-central1 that the book names."""

from typing import Any

from support.estimates import bill, estimate, resource
from trimtab.pricing.amount import Amount
from trimtab.pricing.model import Status
from trimtab.resources.inputs import UNKNOWN
from trimtab.resources.model import Resource


def gce(kind: str, inputs: dict[str, Any], **fields: Any) -> Resource:
    return resource(f"google_compute_{kind}", inputs, region="us-central1", **fields)


def test_a_disk_is_paid_for_by_its_size() -> None:
    priced = estimate(gce("disk", {"type": "pd-balanced", "size": 200}))
    assert bill(priced) == {"pd-balanced storage": 20.00}  # 200 x 0.10


def test_a_regional_disk_costs_twice_as_much() -> None:
    priced = estimate(gce("region_disk", {"type": "pd-ssd", "size": 100}))
    assert bill(priced) == {"regional-pd-ssd storage": 34.00}  # 100 x 0.34


def test_an_extreme_disk_is_paid_for_by_its_iops_too() -> None:
    priced = estimate(gce("disk", {"type": "pd-extreme", "size": 500, "provisioned_iops": 10_000}))
    # 500 x 0.125; 10,000 x 0.065
    assert bill(priced) == {"pd-extreme storage": 62.50, "pd-extreme storage: IOPS": 650.00}


def test_a_type_without_a_price_is_a_gap() -> None:
    priced = estimate(gce("disk", {"type": "hyperdisk-ml", "size": 100}))
    assert priced.status is Status.NOT_PRICED
    reason = "no price of gcp/compute/disk/hyperdisk-ml in us-central1"
    assert priced.gaps[0].reason == reason


def test_a_balanced_hyperdisk_brings_3000_iops_and_140_mibps() -> None:
    inputs = {"type": "hyperdisk-balanced", "size": 100}
    assert bill(estimate(gce("disk", inputs))) == {"hyperdisk-balanced storage": 8.00}
    more = {**inputs, "provisioned_iops": 5000, "provisioned_throughput": 240}
    # 100 x 0.08; 2000 x 0.005; 100 x 0.04
    assert bill(estimate(gce("disk", more))) == {
        "hyperdisk-balanced storage": 8.00,
        "hyperdisk-balanced storage: IOPS": 10.00,
        "hyperdisk-balanced storage: throughput": 4.00,
    }


def test_an_unknown_size_is_a_gap() -> None:
    priced = estimate(gce("disk", {"type": "pd-ssd", "size": UNKNOWN}))
    assert priced.gaps[0].reason == "its type or size is not known before a deployment"


def test_a_disk_from_a_snapshot_is_as_large_as_that() -> None:
    source = gce("disk", {"size": 30}, key="disk")
    snapshot = gce(
        "snapshot",
        {"source_disk": UNKNOWN},
        key="snapshot",
        references={"source_disk": ("disk",)},
    )
    copy = gce("disk", {"snapshot": UNKNOWN}, name="copy", references={"snapshot": ("snapshot",)})
    assert bill(estimate(copy, snapshot, source)) == {"pd-standard storage": 1.20}  # 30 x 0.04


def test_a_snapshot_keeps_at_most_its_disk() -> None:
    source = gce("disk", {"size": 30}, key="disk")
    snapshot = gce("snapshot", {"source_disk": UNKNOWN}, references={"source_disk": ("disk",)})
    priced = estimate(snapshot, source)
    assert priced.usd_per_month == Amount(0.0, 1.50, 1.50)  # 30 x 0.05


def test_the_zone_says_the_region() -> None:
    priced = estimate(gce("disk", {"zone": "asia-northeast1-a", "type": "pd-ssd", "size": 100}))
    assert priced.charges[0].rate.region == "asia-northeast1"


def test_pulumi_spells_the_same_in_camel_case() -> None:
    inputs = {"type": "hyperdisk-extreme", "size": 128, "provisionedIops": 20_000}
    priced = estimate(gce("disk", inputs, camel=True))
    # 128 x 0.125; 20,000 x 0.032
    assert bill(priced) == {
        "hyperdisk-extreme storage": 16.00,
        "hyperdisk-extreme storage: IOPS": 640.00,
    }
