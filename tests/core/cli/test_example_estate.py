"""The synthetic estate: series of the stated sizes, and a command that plans from them as printed."""

import csv
import shlex
from pathlib import Path

import pytest

from support.cli import Cli
from trimtab.errors import InputError
from trimtab.example_estate import DAYS, SIZES, write_estate
from trimtab.plan.document import load_plan


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Cli:
    return Cli(capsys)


def test_the_printed_command_plans_a_pool_for_every_workload(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = cli("example", "--estate", "--out", "estate")
    assert ran.status == 0, ran.err
    command = ran.err.rpartition("next: ")[2]
    assert command.strip() in Path("estate/README.txt").read_text("utf-8")
    ran = cli(*shlex.split(command)[1:])
    assert ran.status == 0, ran.err
    pools = {pool.name: pool for pool in load_plan(Path("plan.yaml")).spec.pools}
    assert set(pools) == set(SIZES)
    assert {pool.owner.team for pool in pools.values()} > {"foundation-models", "data"}
    held = next(g for g in pools["trainer"].groups if g.purchase.option == "reserved")
    assert {window.min for window in held.windows} == {4}


def test_the_series_have_their_size_and_their_end(tmp_path: Path) -> None:
    write_estate(tmp_path)
    for name, size in SIZES.items():
        with (tmp_path / f"{name}.csv").open(encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        assert len(rows) == DAYS * 24
        assert rows[-1]["timestamp"] == "2026-10-31T23:00:00Z"
        mean = sum(float(row["demand"]) for row in rows) / len(rows)
        assert size.replicas < mean < 1.5 * size.replicas  # it has grown over the year
        assert all(float(row["demand"]) <= float(row["peak"]) for row in rows)


def test_equal_bytes_every_time(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        write_estate(tmp_path / folder)
    for path in (tmp_path / "a").iterdir():
        if path.name != "README.txt":
            assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def test_a_folder_that_cannot_be_made_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(InputError, match="cannot be made"):
        write_estate(tmp_path / "file" / "estate")
