"""The synthetic hybrid: a command that plans from it as printed, work that stays where it must."""

import shlex
from pathlib import Path

import pytest

from support.cli import Cli
from trimtab.example_hybrid import SIZES, STORAGE_SIZES
from trimtab.plan.document import load_plan
from trimtab.plan.parts import sites_of


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Cli:
    return Cli(capsys)


def test_the_printed_command_plans_every_place(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = cli("example", "--hybrid", "--out", "hybrid")
    assert ran.status == 0, ran.err
    command = ran.err.rpartition("next: ")[2]
    assert command.strip() in Path("hybrid/README.txt").read_text("utf-8")
    ran = cli(*shlex.split(command)[1:])
    assert ran.status == 0, ran.err
    plan = load_plan(Path("plan.yaml"))
    pools = {pool.name: pool for pool in plan.spec.pools}
    assert set(pools) == set(SIZES)
    assert {tier.name for tier in plan.spec.storage or ()} == set(STORAGE_SIZES)
    assert set(sites_of(plan)) == {"hall-berlin", "plant-leipzig", "store-hamburg", "store-munich"}
    bought = {
        name: {group.purchase.option for group in pool.groups} - {"owned"}
        for name, pool in pools.items()
    }
    # What names a site alone has its machines and nothing else; the hall's work overflows.
    stays = {name for name, options in bought.items() if not options}
    assert stays == {
        "inspection-leipzig", "records", "telemetry-leipzig",
        "tills-hamburg", "tills-munich", "vision-hamburg", "vision-munich",
    }  # fmt: skip


def test_two_kinds_at_once_are_refused(cli: Cli, tmp_path: Path) -> None:
    ran = cli("example", "--hybrid", "--estate", "--out", str(tmp_path / "x"))
    assert ran.status == 2
    assert "--estate, --hybrid, --storage: are different examples; ask for one of them" in ran.err
    assert not (tmp_path / "x").exists()
