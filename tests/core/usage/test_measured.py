"""Usage that a bill measured: FOCUS rows to a month's quantities of a resource."""

import csv
import gzip
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from support.estimates import bill, estimate, resource
from trimtab.errors import InputError
from trimtab.usage.measured import COLUMNS, load_measured, meters
from trimtab.usage.model import Usage, usage_keys
from trimtab.usage.names import names_in_bills, names_of

SAMPLE = Path(__file__).resolve().parents[4] / "shared" / "data" / "focus" / "focus_sample.csv"
NAT = "arn:aws:ec2:us-east-1:123456789012:natgateway/nat-1"
PASSED = "$0.045 per GB Data Processed by NAT Gateways"


def row(**changed: str) -> dict[str, str]:
    return {
        "ResourceId": NAT,
        "ConsumedQuantity": "10",
        "ConsumedUnit": "GB",
        "ChargeDescription": PASSED,
        "ChargePeriodStart": "2026-10-01T00:00:00Z",
        "ChargePeriodEnd": "2026-10-02T00:00:00Z",
        **changed,
    }


def write(path: Path, rows: Sequence[Mapping[str, str]]) -> Path:
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_a_days_bill_is_scaled_to_a_month_and_paid_for(tmp_path: Path) -> None:
    path = write(
        tmp_path / "bill.csv", [row(), row(ConsumedQuantity="2.5"), row(ConsumedUnit="Hours")]
    )
    measured = load_measured(path)
    # 12.5 GB in 24 h are 12.5 x 730 / 24 = 380.21 GB a month.
    assert round(measured["aws_nat_gateway", "nat-1"]["data_processed_gb"], 2) == 380.21
    gateway = resource("aws_nat_gateway", id="nat-1")
    # 380.2083 x 0.045
    assert bill(estimate(gateway, usage=Usage(measured=measured)))["data processed"] == 17.11


def test_averages_are_of_hours(tmp_path: Path) -> None:
    balancer = "arn:aws:elasticloadbalancing:us-east-1:1:loadbalancer/app/web/5"
    rows = [
        row(
            ResourceId=balancer,
            ConsumedUnit="LCU-Hours",
            ConsumedQuantity="48",
            ChargeDescription="$0.008 per used Application load balancer capacity unit-hour (or partial hour)",
        )
    ]
    # 48 LCU-hours in 24 hours are 2 LCUs on average.
    assert load_measured(write(tmp_path / "b.csv", rows))["aws_lb", balancer] == {
        "average_lcus": pytest.approx(2.0)
    }


def test_a_correction_takes_away_and_never_below_nothing(tmp_path: Path) -> None:
    rows = [row(), row(ConsumedQuantity="-25")]
    assert load_measured(write(tmp_path / "b.csv", rows))["aws_nat_gateway", "nat-1"] == {
        "data_processed_gb": 0.0
    }


def test_gzip_and_parquet_say_the_same(tmp_path: Path) -> None:
    plain = write(tmp_path / "bill.csv", [row(), row(ResourceId="NULL")])
    packed = tmp_path / "bill.csv.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert load_measured(packed) == load_measured(plain)
    arrow = pytest.importorskip("pyarrow", reason="pyarrow is an extra")
    from pyarrow import parquet

    columns = {name: [row()[name]] for name in COLUMNS}
    parquet.write_table(arrow.table(columns), tmp_path / "bill.parquet")
    assert load_measured(tmp_path / "bill.parquet") == load_measured(plain)


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        (NAT, "nat-1"),
        ("arn:aws:s3:::my-bucket", "my-bucket"),
        ("arn:aws:logs:us-east-1:1:log-group:/aws/lambda/x:*", "/aws/lambda/x"),
        ("arn:aws:lambda:us-east-1:1:function:f", "f"),
        ("arn:aws:sqs:us-east-1:1:q", "https://sqs.us-east-1.amazonaws.com/1/q"),
        ("arn:aws:elasticloadbalancing:us-east-1:1:loadbalancer/app/w/5",) * 2,
        ("/subscriptions/A/resourcegroups/R", "/subscriptions/a/resourceGroups/r"),
        ("vol-1", "vol-1"),
    ],
)
def test_a_bills_name_and_a_programs_meet(name: str, asked: str) -> None:
    assert set(names_in_bills(name)) & set(names_of(asked))


def test_every_meter_is_of_a_key_that_there_is() -> None:
    assert [m for m in meters() if (m.kind, m.key) not in usage_keys()] == []


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"ConsumedQuantity": "many"}, r"line 2, ConsumedQuantity: 'many' is no number"),
        ({"ChargePeriodStart": "soon"}, r"line 2, ChargePeriodStart: 'soon' is no instant"),
        ({"ChargePeriodEnd": "2026-10-01T01:00:00Z"}, r"covers 1 hours, too few"),
    ],
)
def test_a_wrong_row_is_one_clear_error(
    tmp_path: Path, changed: dict[str, str], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        load_measured(write(tmp_path / "bill.csv", [row(**changed)]))


def test_what_is_no_export_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match=r"has no column ResourceId, .*FOCUS 1\.0"):
        load_measured(path)
    with pytest.raises(InputError, match="can't be read"):
        load_measured(tmp_path / "none.csv")
    broken = tmp_path / "x.csv.gz"
    broken.write_bytes(b"no gzip")
    with pytest.raises(InputError, match="can't be read"):
        load_measured(broken)


@pytest.mark.skipif(not SAMPLE.is_file(), reason="shared/data/focus is not here")
def test_a_real_export_is_read() -> None:
    measured = load_measured(SAMPLE)
    kinds = {kind for kind, _ in measured}
    assert {"aws_nat_gateway", "aws_lb", "aws_cloudwatch_log_group", "aws_sqs_queue"} <= kinds
