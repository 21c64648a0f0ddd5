"""`trimtab offers`: filters, prices per accelerator-hour, and no price that is none."""

import json
from pathlib import Path
from typing import Any

import pytest

from support.cli import Cli
from trimtab.catalogue.reader import load_offers
from trimtab.errors import ExitCode

TABLE = """\
provider,region,instance_type,vcpu,memory_gib,accelerator,accelerator_count,on_demand_usd_hour,\
spot_usd_hour,reserved_1y_usd_hour,reserved_3y_usd_hour,as_of,source
aws,us-east-1,p4d.24xlarge,96,1152,a100-40gb,8,32.0,8.0,,,2026-01-01,test
aws,us-east-1,c7i.large,2,4,,,0.0893,,,,2026-01-02,test
gcp,us-central1,g2-standard-4,4,16,l4,1,,,,,2026-01-03,test
"""


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Cli:
    return Cli(capsys)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "prices.csv"
    path.write_text(TABLE, encoding="utf-8")
    return path


def listed(cli: Cli, *arguments: str | Path) -> list[dict[str, Any]]:
    ran = cli("offers", *arguments, "--format", "json")
    assert ran.status == ExitCode.OK, ran.err
    rows: list[dict[str, Any]] = json.loads(ran.out)
    return rows


def test_a_price_is_shown_per_hour_and_per_accelerator_hour(cli: Cli, table: Path) -> None:
    gpus, cpu, unpriced = listed(cli, "--offers", table)
    assert gpus["on_demand_usd_per_hour"] == 32.0
    assert gpus["on_demand_usd_per_accelerator_hour"] == 4.0
    assert gpus["spot_usd_per_accelerator_hour"] == 1.0
    assert cpu["on_demand_usd_per_accelerator_hour"] is None
    assert (gpus["as_of"], gpus["source"]) == ("2026-01-01", "test")
    prices = {value for key, value in unpriced.items() if "usd" in key}
    assert prices == {None}


def test_a_missing_price_is_a_dash_and_never_a_zero(cli: Cli, table: Path) -> None:
    ran = cli("offers", "--offers", table, "--provider", "gcp")
    (row,) = [line for line in ran.out.splitlines() if "g2-standard-4" in line]
    assert row.split() == ["gcp", "us-central1", "g2-standard-4", "4", "16", "l4", "1", *"--------"]
    assert "1 of 3 offers" in ran.err
    assert "prices of 2026-01-03 to 2026-01-03" in ran.err


def test_the_built_in_table_is_listed_whole(cli: Cli) -> None:
    assert len(listed(cli)) == len(load_offers())


@pytest.mark.parametrize(
    ("filters", "types"),
    [
        ("--provider gcp", {"g2-standard-4"}),
        ("--provider gcp --provider aws", {"p4d.24xlarge", "c7i.large", "g2-standard-4"}),
        ("--region us-east-1", {"p4d.24xlarge", "c7i.large"}),
        ("--accelerator a100", {"p4d.24xlarge"}),
        ("--accelerator A100-40GB --accelerator nvidia-l4", {"p4d.24xlarge", "g2-standard-4"}),
        ("--instance-type *.large", {"c7i.large"}),
        ("--instance-type p4d.24xlarge --region us-east-1", {"p4d.24xlarge"}),
    ],
)
def test_filters_of_one_kind_add_up_and_kinds_narrow(
    cli: Cli, table: Path, filters: str, types: set[str]
) -> None:
    rows = listed(cli, "--offers", table, *filters.split())
    assert {row["instance_type"] for row in rows} == types


@pytest.mark.parametrize(
    ("filters", "status", "phrase"),
    [
        ("--provider asw", 2, "--provider: 'asw' is not in "),
        ("--provider asw", 2, "did you mean aws? use one of aws, gcp"),
        ("--region us-east-2", 2, "--region: 'us-east-2' is not in "),
        ("--accelerator h1000", 2, "--accelerator: unknown accelerator 'h1000'"),
        ("--instance-type p5.*", 2, "--instance-type: 'p5.*' is not in "),
        ("--provider gcp --region us-east-1", 3, "none of its 3 offers is all that was asked for"),
        ("--accelerator h100", 3, "none of its 3 offers"),
    ],
)
def test_what_is_not_there_is_refused(
    cli: Cli, table: Path, filters: str, status: int, phrase: str
) -> None:
    cli.refused(["offers", "--offers", table, *filters.split()], status, phrase)


def test_a_wrong_table_is_refused_with_its_line(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "prices.csv"
    path.write_text(TABLE.replace("32.0", "free"), encoding="utf-8")
    phrase = f"{path}, line 2, column on_demand_usd_hour: 'free' is not a number"
    cli.refused(["offers", "--offers", path], ExitCode.BAD_INPUT, phrase)


def test_more_than_anybody_reads_is_no_table(cli: Cli, tmp_path: Path) -> None:
    header = TABLE.splitlines()[0]
    rows = [f"aws,us-east-1,c{i}.large,2,4,,,0.1,,,,2026-01-02,test" for i in range(2001)]
    path = tmp_path / "prices.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    phrase = "--format: 2,001 offers of "
    cli.refused(["offers", "--offers", path], ExitCode.BAD_INPUT, phrase)
    assert len(listed(cli, "--offers", path)) == 2001
