"""`trimtab promote`: what it writes, what it says, and that a refusal writes nothing."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from support.cli import Cli
from support.plans import COMMITMENT, DIGEST, START, group, plan, pool, windows
from trimtab.clock import format_instant
from trimtab.plan.document import load_plan, save_plan, to_yaml
from trimtab.plan.model import CapacityPlan

AT = format_instant(START + timedelta(hours=3))


def sized(nodes: int, **spec: Any) -> CapacityPlan:
    groups = [group("on-demand", {"option": "on-demand"}, windows=windows((0, nodes, 99)))]
    return plan(pools=[pool(groups=groups)], **spec)


class Files:
    """A repository's plans of two environments."""

    def __init__(self, folder: Path) -> None:
        self.staging, self.prod = folder / "staging.yaml", folder / "prod.yaml"
        self.plan = sized(12)
        save_plan(self.plan, self.staging)
        save_plan(sized(10), self.prod)

    def arguments(self, *more: str | Path, running: str | Path | None = None) -> list[str | Path]:
        return [
            "promote", "--from", self.staging, "--to", self.prod, "--at", AT,
            "--running", running or self.plan.digest, *more,
        ]  # fmt: skip


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Cli:
    return Cli(capsys)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def test_the_plan_arrives_and_the_step_is_told(cli: Cli, files: Files) -> None:
    ran = cli(*files.arguments("--soak", "2h"))
    assert (ran.status, ran.out) == (0, "")
    assert ran.err.splitlines() == [
        "pool trainer: peak 10 -> 12 nodes",
        f"{files.prod} has the plan {files.plan.digest} of {files.staging}",
    ]
    assert load_plan(files.prod).digest == files.plan.digest


def test_twice_is_once(cli: Cli, files: Files) -> None:
    cli(*files.arguments())
    written = files.prod.read_bytes()
    ran = cli(*files.arguments())
    assert (ran.status, ran.err) == (
        0,
        f"{files.prod} has the plan {files.plan.digest} already\n",
    )
    assert files.prod.read_bytes() == written


def test_an_environment_may_have_had_no_plan(cli: Cli, files: Files) -> None:
    files.prod.unlink()
    ran = cli(*files.arguments())
    assert ran.status == 0
    said = f"{files.prod} had no plan: its site and its steps were not compared"
    assert ran.err.startswith(said)


def test_what_runs_may_be_an_object_of_the_cluster(cli: Cli, files: Files, tmp_path: Path) -> None:
    follows = {
        "kind": "NodeGroupSet",
        "status": {
            "capacity": {"plan": {"digest": files.plan.digest}},
            "conditions": [{"type": t, "status": "True"} for t in ("PlanUsable", "Ready")],
        },
    }
    seen = tmp_path / "running.json"
    seen.write_text(json.dumps(follows), "utf-8")
    assert cli(*files.arguments(running=seen)).status == 0
    delivered = tmp_path / "delivered.yaml"
    delivered.write_text(to_yaml(files.plan), "utf-8")
    assert cli(*files.arguments(running=delivered)).status == 0


def test_approvals_are_read(cli: Cli, files: Files, tmp_path: Path) -> None:
    committed = plan(commitments=[COMMITMENT])
    save_plan(committed, files.staging)
    files.prod.unlink()
    files.plan = committed
    cli.refused(files.arguments(), 2, "has no approval for the plan example")
    assert not files.prod.exists()
    approvals = tmp_path / "approvals.yaml"
    approvals.write_text(
        json.dumps(
            {
                "apiVersion": "trimtab.dev/v1alpha1",
                "kind": "CommitmentApproval",
                "metadata": {"name": "one"},
                "spec": {
                    "plan": "example",
                    "commitment": DIGEST,
                    "quantity": 5,
                    "ceilingUsdPerHour": 20.0,
                    "approvedBy": "cfo",
                    "approvedAt": "2026-10-01T00:00:00Z",
                    "expires": "2026-12-01T00:00:00Z",
                },
            }
        ),
        "utf-8",
    )
    assert cli(*files.arguments("--approvals", approvals)).status == 0


@pytest.mark.parametrize(
    ("more", "running", "status", "phrase"),
    [
        (["--soak", "a day"], None, 2, "--soak: 'a day' is no duration; write a whole number and"),
        (
            ["--at", "now"],
            None,
            2,
            "--at: 'now' is no ISO 8601 instant; write it as 2026-12-01T00:00",
        ),
        (["--at", "2027-01-01T00:00:00Z"], None, 4, "expired at 2026-11-01T12:00:00Z"),
        (
            [],
            "0123456789ab",
            2,
            "and 0123456789ab is carried out; wait until it is carried out there",
        ),
        ([], "absent.yaml", 2, "absent.yaml: no such file; check the path"),
        (["--largest-step", "0.1"], None, 2, "by 20%, and 10% is let pass"),
    ],
)
def test_a_refusal_writes_nothing(
    cli: Cli, files: Files, more: list[str], running: str | None, status: int, phrase: str
) -> None:
    before = files.prod.read_bytes()
    cli.refused(files.arguments(*more, running=running), status, phrase)
    assert files.prod.read_bytes() == before


def test_a_plan_is_not_promoted_to_itself(cli: Cli, files: Files) -> None:
    files.prod = files.staging
    cli.refused(files.arguments(), 2, "--from and --to name the same file; name two environments'")
