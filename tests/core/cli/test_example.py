"""`trimtab example`: files that the other commands read."""

from pathlib import Path

import pytest

from support.cli import Cli
from trimtab.demand.reader import read_series
from trimtab.errors import ExitCode
from trimtab.workloads.reader import load_workloads


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Cli:
    return Cli(capsys)


def test_it_writes_what_can_be_planned_from_and_says_how(cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "made" / "here"
    ran = cli("example", "--out", folder)
    assert (ran.status, ran.out) == (ExitCode.OK, "")
    series, workloads = folder / "synthetic-demand.csv", folder / "workloads.yaml"
    assert len(read_series(series)) == 8760
    assert len(load_workloads(workloads)) == 2
    assert f"next: trimtab plan --demand {series} --workloads {workloads} --unit gpus" in ran.err


def test_again_gives_the_same_bytes(cli: Cli, tmp_path: Path) -> None:
    cli("example", "--out", tmp_path)
    first = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    cli("example", "--out", tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == first


def test_a_folder_that_cannot_be_made_is_named(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        cli.refused(["example", "--out", folder], ExitCode.BAD_INPUT, f"{folder}: cannot be made (")


def test_without_a_folder_it_is_refused(cli: Cli) -> None:
    ran = cli("example")
    assert ran.status == ExitCode.BAD_INPUT
    assert "--out" in ran.err
