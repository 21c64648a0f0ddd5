"""Which meter is which rate: the tables as they stand, and how a row of them reads a product."""

import csv
import re
from pathlib import Path

import pytest

from trimtab.pricing.live.meters import Meter, meters, unambiguous
from trimtab.pricing.live.model import RateRow

RATES = Path(__file__).parents[4] / "trimtab" / "pricing" / "book" / "rates"
TABLES = ("aws", "azure", "gcp")


def known_units(provider: str) -> dict[str, set[str]]:
    """The built-in rates of a provider with their units."""
    found: dict[str, set[str]] = {}
    for path in (RATES / provider).rglob("*.csv"):
        with path.open(encoding="utf-8", newline="") as stream:
            for row in csv.DictReader(stream):
                found.setdefault(row["rate"], set()).add(row["unit"])
    return found


UNPRICED = {"aws/rds/instance/aurora-io-optimised/single-az/{class}"}
"""What an estimator asks for, and no built-in source has."""


@pytest.mark.parametrize("provider", TABLES)
def test_every_rate_of_a_table_is_one_that_the_book_has_in_the_same_unit(provider: str) -> None:
    units = known_units(provider)
    for meter in (each for table in meters(provider).values() for each in table):
        if meter.rate in UNPRICED:
            continue
        pattern = re.compile(re.sub(r"\\\{\w+\\\}", r"[^/]*", re.escape(meter.rate)))
        matching = [unit for name, unit in units.items() if pattern.fullmatch(name)]
        assert any(meter.unit in each for each in matching), (meter.rate, meter.unit)


@pytest.mark.parametrize("provider", TABLES)
def test_the_service_of_a_rate_is_a_word_of_the_table(provider: str) -> None:
    # It names a folder: nothing that a provider says may.
    for meter in (each for table in meters(provider).values() for each in table):
        assert re.fullmatch(rf"{provider}/[a-z0-9-]+/.+", meter.rate), meter.rate


def meter_of(provider: str, service: str, rate: str) -> Meter:
    (found,) = [each for each in meters(provider)[service] if each.rate == rate]
    return found


def test_a_usage_type_counts_without_its_region() -> None:
    nat = meter_of("aws", "AmazonEC2", "aws/nat-gateway/hour")
    for usage, matches in (
        ("NatGateway-Hours", True),
        ("EUC1-NatGateway-Hours", True),
        ("EU-NatGateway-Hours", True),
        ("eu-central-1-NatGateway-Hours", True),  # as KMS writes its own
        ("USE1-LAX1-NatGateway-Hours", False),  # a local zone's
        ("NatGateway-Prvd-Hours", False),
    ):
        attributes = {"productFamily": "NAT Gateway", "usagetype": usage}
        assert (nat.name(attributes) is not None) is matches, usage


def test_storage_for_infrequent_access_is_not_a_regions_storage() -> None:
    table = meter_of("aws", "AmazonDynamoDB", "aws/dynamodb/standard/storage")
    attributes = {"productFamily": "Database Storage"}
    assert table.name({**attributes, "usagetype": "TimedStorage-ByteHrs"})
    assert table.name({**attributes, "usagetype": "IA-TimedStorage-ByteHrs"}) is None
    assert table.name({**attributes, "usagetype": "USE2-IA-TimedStorage-ByteHrs"}) is None


def test_load_balancers_are_read_wherever_they_are_listed() -> None:
    for service in ("AWSELB", "AmazonEC2"):
        attributes = {"locationType": "AWS Region", "productFamily": "Load Balancer-Network"}
        found = meter_of("aws", service, "aws/lb/{type}/hour")
        assert found.name({**attributes, "usagetype": "LoadBalancerUsage"}) == "aws/lb/network/hour"
        assert found.name({**attributes, "usagetype": "TS-LoadBalancerUsage"}) is None


def test_groups_of_a_filter_name_the_rate() -> None:
    disk = meter_of("azure", "Storage", "azure/disk/{size}/{copies}")
    attributes = {
        "productName": "Premium SSD Managed Disks",
        "skuName": "P10 LRS",
        "meterName": "P10 LRS Disk",
    }
    row = disk.row("eastus", attributes, "1/Month", [(0, 19.71)], "m")
    assert row == RateRow("eastus", "azure/disk/p10/lrs", "disk-month", ((0.0, 19.71),), "m")
    assert disk.name({**attributes, "meterName": "P10 LRS Disk Mount"}) is None


def test_a_price_is_read_in_our_unit() -> None:
    # 0.0000002 $ a request is 0.20 $ a million; 40.96 $ a GiB/s and month is 0.04 $ a MiB/s.
    requests = meter_of("aws", "AWSLambda", "aws/lambda/requests")
    attributes = {
        "productFamily": "Serverless",
        "group": "AWS-Lambda-Requests",
        "usagetype": "EU-Request",
    }
    row = requests.row("eu-west-1", attributes, "Requests", [(0, 2e-7)], "m")
    assert row is not None
    assert row.tiers == ((0.0, 2e-7 * 1e6),)
    throughput = meter_of("aws", "AmazonEC2", "aws/ebs/gp3/throughput")
    attributes = {
        "productFamily": "Provisioned Throughput",
        "usagetype": "EBS:VolumeP-Throughput.gp3",
    }
    row = throughput.row("us-east-1", attributes, "GiBps-mo", [(0, 40.96)], "m")
    assert row is not None
    assert row.tiers == ((0.0, 0.04),)


def test_a_meter_in_another_unit_is_not_read() -> None:
    nat = meter_of("aws", "AmazonEC2", "aws/nat-gateway/hour")
    attributes = {"productFamily": "NAT Gateway", "usagetype": "NatGateway-Hours"}
    assert nat.row("us-east-1", attributes, "Seconds", [(0, 0.045)], "m") is None


def test_what_is_free_once_an_account_is_not_free() -> None:
    # 25 GB are free: the price beyond holds from the first.
    storage = meter_of("aws", "AmazonDynamoDB", "aws/dynamodb/standard/storage")
    attributes = {"productFamily": "Database Storage", "usagetype": "TimedStorage-ByteHrs"}
    row = storage.row("us-east-1", attributes, "GB-Mo", [(0, 0.0), (25, 0.25)], "m")
    assert row is not None
    assert row.tiers == ((0.0, 0.25),)
    assert storage.row("us-east-1", attributes, "GB-Mo", [(0, 0.0)], "m") is None


def test_tiers_that_are_meters_of_their_own_come_together() -> None:
    table = [each for each in meters("aws")["AmazonEC2"] if each.rate == "aws/ebs/io2/iops"]
    rows = []
    for usage, usd in (("io2", 0.065), ("io2.tier2", 0.0455), ("io2.tier3", 0.032)):
        attributes = {
            "productFamily": "System Operation",
            "usagetype": f"EBS:VolumeP-IOPS.{usage}",
        }
        found = [
            meter.row("us-east-1", attributes, "IOPS-Mo", [(0, usd)], usage) for meter in table
        ]
        rows += [row for row in found if row is not None]
    (row,) = unambiguous(rows)
    assert isinstance(row, RateRow)
    assert row.tiers == ((0.0, 0.065), (32000.0, 0.0455), (64000.0, 0.032))


def test_what_two_meters_price_differently_is_left_out_and_said() -> None:
    first = RateRow("us-east-1", "aws/nat-gateway/hour", "hour", ((0.0, 0.045),), "SKU a")
    second = RateRow("us-east-1", "aws/nat-gateway/hour", "hour", ((0.0, 0.05),), "SKU b")
    other = RateRow("us-east-2", "aws/nat-gateway/hour", "hour", ((0.0, 0.045),), "SKU c")
    assert list(unambiguous([first, second, other])) == [
        "aws/nat-gateway/hour in us-east-1: SKU a and SKU b differ",
        other,
    ]
    assert list(unambiguous([first, first])) == [first]
