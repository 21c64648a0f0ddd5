"""`trimtab storage` and `trimtab plan --storage`, as a user runs them, with mistakes."""

import json
from pathlib import Path

import pytest

from support.cli import Cli, write_series
from trimtab.errors import ExitCode
from trimtab.example_storage import write_storage
from trimtab.plan.document import load_plan


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Cli:
    return Cli(capsys)


@pytest.fixture
def example(tmp_path: Path) -> Path:
    write_storage(tmp_path / "ex")
    return tmp_path / "ex"


def planned(cli: Cli, example: Path, *more: str | Path) -> Path:
    out = example / "plan.yaml"
    demand = write_series(example / "gpus.csv")
    ran = cli(
        *("plan", "--demand", demand, "--storage", example / "storage.yaml", "--out", out),
        *("--as-of", "2026-07-01T00:00:00Z", "--region", "us-east-1", *more),
    )
    assert ran.status == 0, ran.err
    assert "storage: $" in ran.err
    return out


def test_the_example_has_the_same_bytes_always(example: Path, tmp_path: Path) -> None:
    write_storage(tmp_path / "again")
    for file in sorted(example.iterdir()):
        assert file.read_bytes() == (tmp_path / "again" / file.name).read_bytes()


def test_a_plan_with_storage_is_planned_explained_and_planned_again(
    cli: Cli, example: Path
) -> None:
    out = planned(cli, example)
    storage = load_plan(out).spec.storage
    assert storage is not None
    assert [tier.name for tier in storage] == ["checkpoints", "datasets", "results"]
    first = out.read_bytes()
    assert planned(cli, example).read_bytes() == first
    said = json.loads(cli("explain", out, "--format", "json").out)
    assert any(row["path"] == "spec.storage[0].windows[*].gib" for row in said)


def test_a_summary_as_json_has_the_tiers(cli: Cli, example: Path) -> None:
    planned(cli, example)
    demand = example / "gpus.csv"
    ran = cli(
        *("plan", "--demand", demand, "--storage", example / "storage.yaml", "--format", "json"),
        *("--out", example / "p.yaml", "--as-of", "2026-07-01T00:00:00Z"),
    )
    (tier, *_) = json.loads(ran.out)["storage"]
    assert (tier["tier"], tier["backend"]) == ("checkpoints", "ebs-gp3")


def test_storage_is_not_forgotten_when_planning_again(cli: Cli, example: Path) -> None:
    out = planned(cli, example)
    again: list[str | Path] = [
        "plan",
        "--demand",
        example / "gpus.csv",
        "--previous",
        out,
        "--out",
        example / "n.yaml",
    ]
    cli.refused(
        again, ExitCode.BAD_INPUT, "the plan before has storage (checkpoints, datasets, results)"
    )


def test_classes_have_prices_and_unknown_ones_are_null(cli: Cli) -> None:
    rows = json.loads(cli("storage", "classes", "--format", "json").out)
    by_name = {row["backend"]: row for row in rows}
    assert by_name["ebs-gp3"]["usd_per_gib_month"] == 0.08
    assert by_name["filestore-zonal"]["usd_per_gib_month"] is None
    assert by_name["ceph-block"]["usd_per_gib_month"] is None


@pytest.mark.parametrize(
    ("words", "phrase"),
    [
        (["classes", "--provider", "awz"], "unknown provider 'awz'"),
        (["classes", "--intent", "lukewarm"], "unknown intent 'lukewarm'"),
        (["classes", "--region", "eu-west-1"], "a region is of one provider"),
        (["advise", "--access", "nowhere.csv"], "nowhere.csv"),
    ],
)
def test_a_mistake_is_one_line(cli: Cli, words: list[str], phrase: str) -> None:
    cli.refused(["storage", *words], ExitCode.BAD_INPUT, phrase)


def test_advice_adds_up(cli: Cli, example: Path) -> None:
    ran = cli("storage", "advise", "--access", example / "claims.csv", "--format", "json")
    found = json.loads(ran.out)
    rows = found["claims"]
    assert found["totals"]["claims"] == len(rows) == 60
    saved = sum(row["saving_usd_per_month"] or 0.0 for row in rows)
    assert found["totals"]["saving_usd_per_month"] == pytest.approx(saved)
    assert {row["action"] for row in rows} >= {"keep", "retune", "shrink", "move", "orphaned"}
    table = cli("storage", "advise", "--access", example / "claims.csv", "--limit", "3")
    assert "57 more" in table.err


def test_a_class_is_mapped_by_hand(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "c.csv"
    file.write_text("claim,gib,class\na,10,fast\n", encoding="utf-8")
    cli.refused(["storage", "advise", "--access", file], ExitCode.BAD_INPUT, "--class fast=BACKEND")
    cli.refused(
        ["storage", "advise", "--access", file, "--class", "fast"],
        ExitCode.BAD_INPUT,
        "'fast' is no NAME=BACKEND",
    )
    assert cli("storage", "advise", "--access", file, "--class", "fast=ebs-io2").status == 0


def test_lifecycle_rules_add_up(cli: Cli, example: Path) -> None:
    ran = cli("storage", "lifecycle", "--objects", example / "objects.csv", "--format", "json")
    groups = {row["group"]: row for row in json.loads(ran.out)["groups"]}
    assert groups["training/raw"]["storage_class"] == "STANDARD_IA"
    assert groups["models/archive"]["storage_class"] == "DEEP_ARCHIVE"
    assert groups["shared/unknown"]["storage_class"] == "INTELLIGENT_TIERING"
    assert groups["logs/debug"]["storage_class"] is None
