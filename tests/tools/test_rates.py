"""The builder of AWS's rates by region: what it reads off a page, what it takes over, what it leaves as it was."""

import csv
import json
from pathlib import Path

import pytest

from tools.machines.model import UnusableSourceError
from tools.rates.__main__ import main
from tools.rates.classes import FAMILIES, class_prices
from tools.rates.pages import Pages

HEADER = "rate,region,from,usd,unit,as_of,source\n"
EAST, WEST, GOV = "US East (N. Virginia)", "US West (Oregon)", "AWS GovCloud (US)"
SERVICES = Path(__file__).parents[2] / "tools" / "rates" / "services.csv"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Every page that the tables name, with a price of 1 for each of their names, but for those below."""
    pages: dict[str, dict[str, dict[str, str]]] = {family.page: {} for family in FAMILIES}
    with SERVICES.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            page = pages.setdefault(row["page"], {})
            for name in row["name"].split("|"):
                page[name] = {EAST: "1", WEST: "2", "US West (Los Angeles)": "3"}
    pages["queueservice"]["Standard per Requests"] = {EAST: "0.0000004", WEST: "0.0000005"}
    pages["kms"]["Encryption Key"] = {EAST: "1", WEST: "1", GOV: "1.2"}
    pages["msk"] |= {
        "[RunBroker] RunBroker-computefamily-m5.large;RunBroker m5.large": {
            f"{EAST} (vCPU: 2, Instance Type: m5.large)": "0.21",
            f"{WEST} (vCPU: 2, Instance Type: m5.large)": "0.0250000000;0.1",
        },
    }
    pages["mq"]["[RabbitMQ Single AZ per Hrs] RabbitMQ Single Instance mq m5.large"] = {
        f"{WEST} (vCPU: 2)": "0.288"
    }
    maps = pages.pop("natgateway")
    for title, prices in pages.items():
        path = tmp_path / "processed" / f"{title}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(prices), "utf-8")
    path = tmp_path / "lib" / "data" / "pricing" / "natgateway.json"
    path.parent.mkdir(parents=True)
    raw = {place: {name: {"price": "0.05"} for name in maps} for place in (WEST, "Nowhere (East)")}
    path.write_text(json.dumps({"regions": raw}), "utf-8")
    return tmp_path


def build(checkout: Path, by_hand: str) -> Path:
    to = checkout / "rates"
    (to / "rds").mkdir(parents=True, exist_ok=True)
    (to / "all.csv").write_text(HEADER + by_hand, "utf-8")
    sources = ["--watcher", str(checkout), "--maps", str(checkout)]
    assert main([*sources, "--as-of", "2025-12-05", "--to", str(to)]) == 0
    return to


def prices(path: Path) -> dict[str, str]:
    with path.open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["rate"] != "*" and not row["from"]]
    return {row["rate"]: row["usd"] for row in rows}


def test_a_rate_whose_price_is_known_is_taken_over_with_every_region(checkout: Path) -> None:
    hand = "aws/sqs/standard,us-east-1,,0.4,1M requests,2026-03-14,list\n"
    to = build(checkout, hand)
    west, east = (prices(to / "regions" / f"us-{name}.csv") for name in ("west-2", "east-1"))
    assert west["aws/sqs/standard"] == "0.5"  # 0.0000005 x 1M
    assert "aws/sqs/standard" not in east  # the hand-kept row stands
    assert west["aws/nat-gateway/hour"] == "0.05"
    assert west["aws/mq/rabbitmq/mq.m5.large"] == "0.288"
    assert east["aws/msk/kafka.m5.large"] == "0.21"
    assert "aws/msk/kafka.m5.large" not in west  # two prices in one cell
    first = (to / "regions" / "us-west-2.csv").read_text("utf-8").splitlines()[1]
    assert first == "*,us-west-2,,,,2025-12-05,aws-price-watcher"


def test_a_rate_that_contradicts_the_book_is_left_out_and_said(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    to = build(checkout, "aws/sqs/standard,us-east-1,,0.5,1M requests,2026-03-14,list\n")
    assert "aws/sqs/standard" not in prices(to / "regions" / "us-west-2.csv")
    assert "left out: aws/sqs/standard" in capsys.readouterr().out


def test_what_holds_everywhere_is_written_for_govcloud_alone(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    everywhere = "aws/kms/key,*,,1,key,2026-03-14,list\naws/waf/acl,*,,1,web ACL,2026-03-14,list\n"
    to = build(checkout, everywhere)
    assert "aws/kms/key" not in prices(to / "regions" / "us-west-2.csv")
    assert prices(to / "regions" / "us-gov-west-1.csv")["aws/kms/key"] == "1.2"
    # A page that says otherwise of a region is named: the ACL is 2 in Oregon.
    said = capsys.readouterr().out
    assert "differs: ('aws/waf/acl', 'us-west-2')" in said
    assert "aws/kms/key" not in said


def test_a_table_keeps_what_the_pages_no_longer_have_and_building_again_changes_nothing(
    checkout: Path,
) -> None:
    (checkout / "rates" / "rds").mkdir(parents=True)
    old = checkout / "rates" / "rds" / "us-west-2.csv"
    row = "aws/rds/instance/mysql/single-az/db.m1.large,us-west-2,,0.3,hour,2021-08-03,old\n"
    old.write_text(HEADER + row, "utf-8")
    to = build(checkout, "")
    assert prices(old) == {"aws/rds/instance/mysql/single-az/db.m1.large": "0.3"}
    before = {path: path.read_bytes() for path in sorted(to.rglob("*.csv"))}
    assert {
        path: path.read_bytes() for path in sorted(build(checkout, "").rglob("*.csv"))
    } == before


def test_a_class_is_read_with_its_engine_and_zones(tmp_path: Path) -> None:
    rows = {
        "rds-postgresql-ondemand": "Database Instance PostgreSQL No license required "
        "db m7g.large General purpose Single-AZ Current Generation",
        "rds-sqlserver-ondemand": "Database Instance SQL Server Standard License included "
        "db m5.large General purpose Multi-AZ Current Generation",
        "elasticache": "[G] OnDemand Cache Instance Standard cache m7g.large Valkey Current Generation",
        "es": "m5 large.search - General purpose - OnDemand - EBS Only - - - Hourly Cost",
        "databasemigrationsvc": "[G] DMS OnDemand Replication Server t3 micro Single AZ",
        "docdb": "[G] OnDemand-instancetype-db.r5.large",
    }
    (tmp_path / "processed").mkdir()
    for family in FAMILIES:
        found = {rows[family.page]: {WEST: "0.1"}} if family.page in rows else {}
        (tmp_path / "processed" / f"{family.page}.json").write_text(json.dumps(found), "utf-8")
    named = {rate for rate, _, _, _ in class_prices(Pages(str(tmp_path), str(tmp_path)))}
    assert named == {
        "aws/rds/instance/postgresql/single-az/db.m7g.large",
        "aws/rds/instance/sqlserver-se/multi-az/db.m5.large",
        "aws/elasticache/valkey/cache.m7g.large",
        "aws/opensearch/instance/m5.large",
        "aws/dms/single-az/dms.t3.micro",
        "aws/docdb/instance/db.r5.large",
    }


def test_a_page_or_name_that_is_not_there_is_one_line(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (checkout / "processed" / "sns.json").write_text("{}", "utf-8")
    sources = ["--watcher", str(checkout), "--maps", str(checkout)]
    assert main([*sources, "--as-of", "2025-12-05", "--to", str(checkout / "none")]) == 1
    assert capsys.readouterr().err == "sns has no Amazon SNS API Requests\n"
    with pytest.raises(UnusableSourceError, match="name its checkout"):
        Pages(str(checkout), str(checkout)).rows("nothing")
