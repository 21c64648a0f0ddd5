"""The workflow of docs/gitops.md, run step by step with a real Git repository."""

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.examples import block
from support.plans import START, group, plan, pool, windows
from trimtab.plan.document import load_plan, save_plan
from trimtab.plan.model import CapacityPlan

NOW = START + timedelta(hours=8)
STEPS: list[dict[str, Any]] = yaml.safe_load(block("gitops.md", "yaml", 1))["jobs"]["promote"][
    "steps"
]
STAGING, PROD = "clusters/staging/plan.yaml", "clusters/prod/plan.yaml"


def sized(nodes: int) -> CapacityPlan:
    groups = [group("g", {"option": "on-demand"}, windows=windows((nodes, nodes, nodes), hours=48))]
    start = (START - timedelta(days=1)).isoformat()
    each = {**groups[0]["windows"][0], "start": start}
    groups[0]["windows"] = [each]
    return plan(pools=[pool(groups=groups)], asOf=start, start=start, validUntil=each["end"])


class Runner:
    """A runner's checkout, and the commands that it has."""

    def __init__(self, folder: Path, staging: CapacityPlan, prod: CapacityPlan | None) -> None:
        self.folder, self.work, self.origin = folder, folder / "work", folder / "origin.git"
        self.opened = folder / "opened"
        commands = folder / "bin"
        commands.mkdir()
        status = {
            "capacity": {"plan": {"digest": staging.digest}},
            "conditions": [{"type": each, "status": "True"} for each in ("PlanUsable", "Ready")],
        }
        running = folder / "nodegroupset.yaml"
        running.write_text(yaml.safe_dump({"kind": "NodeGroupSet", "status": status}))
        for name, body in {
            "pip": "exit 0",
            "kubectl": f'cat "{running}"',
            "date": f"echo {NOW:%Y-%m-%dT%H:%M:%SZ}",
            "gh": f'echo "$GH_TOKEN $*" >> "{self.opened}"',
            "trimtab": f'exec "{Path(sys.executable).parent / "trimtab"}" "$@"',
        }.items():
            (commands / name).write_text(f"#!/bin/sh\n{body}\n")
            (commands / name).chmod(0o755)
        self.environment = {
            "HOME": str(folder),
            "PATH": os.pathsep.join([str(commands), "/usr/bin", "/bin"]),
            "RUNNER_TEMP": str(folder),
            "GITHUB_RUN_ID": "77",
            "GITHUB_RUN_ATTEMPT": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
        }
        self.bash(
            "git init -q --bare --initial-branch=main origin.git && git clone -q origin.git work",
            folder,
        )
        for path, each in ((STAGING, staging), (PROD, prod)):
            if each is not None:
                (self.work / path).parent.mkdir(parents=True)
                save_plan(each, self.work / path)
        for kept in ("clusters/prod", "approvals"):
            (self.work / kept).mkdir(parents=True, exist_ok=True)
            (self.work / kept / ".gitkeep").touch()
        who = "-c user.name=t -c user.email=t@example.org"
        self.bash(
            f"git add --all && git {who} commit -q -m base && git push -q origin HEAD", self.work
        )

    def bash(self, script: str, folder: Path, **env: str) -> str:
        ran = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
            cwd=folder,
            env={**self.environment, **env},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

    def promote(self) -> None:
        """Every step that the workflow runs itself."""
        for step in STEPS:
            if "run" in step:
                secrets = dict.fromkeys(step.get("env", {}), "an app's")
                self.bash(step["run"], self.work, **secrets)

    def branches(self) -> list[str]:
        names = self.bash("git for-each-ref --format='%(refname:short)' refs/heads", self.origin)
        return names.split()


@pytest.mark.parametrize("before", [None, sized(9)], ids=["a first plan", "another plan"])
def test_a_promotion_is_a_branch_with_one_file_and_a_pull_request(
    tmp_path: Path, before: CapacityPlan | None
) -> None:
    staging = sized(10)
    runner = Runner(tmp_path, staging, before)
    runner.promote()
    assert runner.branches() == ["main", "promote-77-1"]
    changed = runner.bash("git diff --name-only main promote-77-1", runner.origin)
    assert changed.split() == [PROD]
    shown = tmp_path / "promoted.yaml"
    shown.write_text(runner.bash(f"git show promote-77-1:{PROD}", runner.origin))
    assert load_plan(shown).digest == staging.digest
    assert runner.opened.read_text() == "an app's pr create --fill\n"


def test_where_the_plan_is_there_already_nothing_is_asked_for(tmp_path: Path) -> None:
    runner = Runner(tmp_path, sized(10), sized(10))
    runner.promote()
    assert runner.branches() == ["main"]
    assert not runner.opened.exists()
