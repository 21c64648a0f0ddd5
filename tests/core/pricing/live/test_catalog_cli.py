"""`trimtab catalog show` and `export`: what they print of a machine, a rate and the layers."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from trimtab.catalogue.reader import load_offers
from trimtab.cli.main import main
from trimtab.pricing.book.cache import VARIABLE
from trimtab.pricing.live.model import Job, MachineRow, RateRow, Row
from trimtab.pricing.live.store import Store

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
COLUMNS = ("on_demand", "spot", "reserved_1y", "reserved_3y")
HERE = ("--region", "us-east-1", "--region", "eu-north-1")


def job(provider: str, region: str, *rows: Row, columns: tuple[str, ...] = COLUMNS) -> Job:
    def fetch() -> Iterator[Row]:
        yield from rows

    return Job(provider, (region,), "machines", "the API", fetch, columns)


@pytest.fixture
def fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """p5.48xlarge in two regions, a GPU cloud's machine, a rate."""
    folder = tmp_path / "prices"
    monkeypatch.setenv(VARIABLE, str(folder))
    store = Store(folder)
    p5 = {"on_demand": 55.04, "spot": 14.4, "reserved_1y": 37.2, "reserved_3y": 24.0}
    cheap = {"on_demand": 48.0, "spot": 16.0, "reserved_1y": 40.0, "reserved_3y": 30.0}
    shape: dict[str, float | str | None] = {
        "on_demand": 23.92,
        "vcpu": 208.0,
        "accelerator": "h100-80gb",
        "accelerator_count": 8.0,
    }
    with store.locked():
        rate = RateRow("us-east-1", "aws/nat-gateway/hour", "hour", ((0.0, 0.0475),))
        store.write(job("aws", "us-east-1", MachineRow("us-east-1", "p5.48xlarge", p5), rate), NOW)
        store.write(job("aws", "eu-north-1", MachineRow("eu-north-1", "p5.48xlarge", cheap)), NOW)
        gpu = MachineRow("us-east-1", "gpu_8x_h100_sxm5", shape)
        columns = ("on_demand", "vcpu", "accelerator", "accelerator_count")
        store.write(job("lambdalabs", "us-east-1", gpu, columns=columns), NOW)
    return folder


@pytest.fixture
def nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "nothing"))


def shown(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    assert main(["catalog", "show", *words, "--format", "json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_machine_has_a_row_a_region_the_cheapest_first(
    fetched: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = shown(capsys, "p5.48xlarge")
    by_price = [row["on_demand_usd_per_hour"] for row in rows if row["on_demand_usd_per_hour"]]
    assert by_price == sorted(by_price)
    layers = {row["region"]: row["layer"] for row in rows}
    assert layers["eu-north-1"] == layers["us-east-1"] == "fetched"
    assert layers["us-west-2"] == "built-in"
    rows = shown(capsys, "p5.48xlarge", *HERE)
    assert [row["region"] for row in rows] == ["eu-north-1", "us-east-1"]
    first = rows[0]
    # 48 $ over eight accelerators.
    assert first["on_demand_usd_per_accelerator_hour"] == 6.0
    assert (first["accelerator"], first["accelerator_count"]) == ("h100-80gb", 8.0)
    assert first["as_of"] == "2026-11-23"
    assert first["source"].startswith("the API, fetched 2026-11-23")
    assert first["interruption_band_high_percent"] is not None  # of the built-in layer below
    assert first["gco2e_per_hour"] > 0
    rows = shown(capsys, "p5.48xlarge", *HERE, "--sort", "spot")
    assert [row["region"] for row in rows] == ["us-east-1", "eu-north-1"]


def test_the_summary_names_the_cheapest_region_of_each_option(
    fetched: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["catalog", "show", "p5.48xlarge", *HERE]) == 0
    printed = capsys.readouterr()
    assert printed.err == (
        "p5.48xlarge: cheapest spot 14.40 $/h in aws us-east-1; 3y 24.00 $/h in aws us-east-1; "
        "1y 37.20 $/h in aws us-east-1; on-demand 48.00 $/h in aws eu-north-1\n"
    )
    assert "$/accel-h" in printed.out
    assert "as of" in printed.out


def test_machines_of_gpu_clouds_are_found_too(
    fetched: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (row,) = shown(capsys, "gpu_8x_h100_sxm5")
    assert (row["provider"], row["on_demand_usd_per_accelerator_hour"]) == ("lambdalabs", 2.99)


def test_an_unknown_machine_is_told_near_names(
    nothing: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["catalog", "show", "p5.48xlage"]) == 2
    error = capsys.readouterr().err
    assert error.startswith(
        "error: no price table has a machine 'p5.48xlage'; did you mean p5.48xlarge"
    )
    assert main(["catalog", "show", "p5.48xlarge", "--region", "mars-1"]) == 3
    assert main(["catalog", "show", "p5.48xlarge", "--provider", "ibm"]) == 2
    assert main(["catalog", "show", "p5.48xlarge", "--sort", "2y"]) == 2


def test_a_rate_is_shown_by_name_and_by_pattern(
    fetched: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = shown(capsys, "aws/nat-gateway/hour", "--region", "us-east-1")
    assert [(row["usd"], row["layer"], row["as_of"]) for row in rows] == [
        (0.0475, "fetched", "2026-11-23")
    ]
    rows = shown(capsys, "ebs/gp3/*", "--region", "us-east-1")
    assert {row["rate"] for row in rows} == {
        "aws/ebs/gp3/iops",
        "aws/ebs/gp3/storage",
        "aws/ebs/gp3/throughput",
    }
    assert {(row["region"], row["layer"]) for row in rows} == {("us-east-1", "built-in")}
    assert main(["catalog", "show", "aws/nat-gatway/hour"]) == 2
    assert "did you mean aws/nat-gateway/hour" in capsys.readouterr().err


def test_the_layers_are_listed_with_their_age(
    fetched: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = {(row["layer"], row["provider"]): row for row in shown(capsys)}
    assert rows["fetched", "aws"] == {
        "layer": "fetched",
        "provider": "aws",
        "regions": 2,
        "machines": 2,
        "rates": 1,
        "oldest": "2026-11-23",
        "newest": "2026-11-23",
    }
    assert rows["built-in", "aws"]["machines"] > 10_000
    regions = [row for row in shown(capsys, "--provider", "aws") if row["layer"] == "fetched"]
    assert [(row["region"], row["machines"], row["rates"]) for row in regions] == [
        ("eu-north-1", 1, 0),
        ("us-east-1", 1, 1),
    ]


def test_without_fetched_prices_the_layers_say_how_to_fetch(
    nothing: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["catalog", "show"]) == 0
    assert "nothing is fetched: trimtab catalog refresh" in capsys.readouterr().err


def test_what_is_exported_is_a_price_table(
    fetched: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "offers.csv"
    words = ["--region", "us-east-1", "--provider", "aws", "--provider", "lambdalabs"]
    assert main(["catalog", "export", "--out", str(out), *words]) == 0
    offers = {each.instance_type: each for each in load_offers(out)}
    p5 = offers["p5.48xlarge"]
    assert (p5.on_demand_usd_per_hour, p5.spot_usd_per_hour) == (55.04, 14.4)
    assert (p5.vcpu, p5.accelerator, p5.accelerator_count) == (192.0, "h100-80gb", 8.0)
    assert offers["gpu_8x_h100_sxm5"].provider == "lambdalabs"
    assert main(["catalog", "export", "--out", "-", "--provider", "lambdalabs"]) == 0
    (row,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert row["on_demand_usd_hour"] == "23.92"
    assert main(["catalog", "export", "--out", "-", "--region", "mars-1"]) == 3


def test_a_refresh_with_a_wrong_option_writes_nothing(
    nothing: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in (["--max-age", "soon"], ["--as-of", "later"], ["--provider", "ibm"]):
        assert main(["catalog", "refresh", *words]) == 2
        assert words[0] in capsys.readouterr().err
    assert not (tmp_path / "nothing" / "state.json").exists()


def test_a_manifest_from_the_future_is_fresh(fetched: Path) -> None:
    # A clock that was put back must not fetch everything at every run.
    assert Store(fetched).fresh(job("aws", "us-east-1"), NOW - timedelta(days=30), timedelta(0))
