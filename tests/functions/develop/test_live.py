"""A serving process records what it is asked, and `trimtab replay` gives the same answer."""

import subprocess
import sys
from pathlib import Path

import grpc
import pytest
from crossplane.function.proto.v1 import run_function_pb2_grpc as grpcv1

from support.capacity_cases import PLAN
from support.capacity_function import capacity_function
from support.capacity_requests import request
from trimtab_functions.develop.recording import FOLDER_VARIABLE

MAPPED = {**PLAN, "metadata": {"name": "example", "namespace": "team"}}
TRIMTAB = Path(sys.executable).with_name("trimtab")


def trimtab(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [TRIMTAB, *arguments], capture_output=True, text=True, timeout=60, check=False
    )


def test_a_live_call_is_recorded_and_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "recorded"
    monkeypatch.setenv(FOLDER_VARIABLE, str(folder))
    asked = [request(MAPPED), request()]
    with capacity_function(tmp_path) as function, grpc.insecure_channel(function.target) as channel:
        call = grpcv1.FunctionRunnerServiceStub(channel).RunFunction  # type: ignore[no-untyped-call]
        for number, each in enumerate(asked):
            each.meta.tag = f"tag-{number}"
            assert call(each, timeout=30).conditions
    files = sorted(folder.iterdir())
    assert [each.name for each in files] == ["tag-0.json", "tag-1.json"]
    compared = trimtab("replay", *files, "--expect")
    assert (compared.returncode, compared.stdout) == (0, ""), compared.stderr
    printed = trimtab("replay", files[0], "--as-of", "2200-01-01")
    assert "reason: PlanExpired" in printed.stdout
    # A recording of another version: what differs is shown, and the command fails.
    files[0].write_text(files[0].read_text("utf-8").replace("PlanExpired", "PlanGone"), "utf-8")
    changed = trimtab("replay", files[0], "--expect")
    assert changed.returncode == 2
    assert "-  reason: PlanGone\n+  reason: PlanExpired\n" in changed.stdout


def test_the_installed_command_renders_the_example() -> None:
    functions = Path(__file__).parents[3] / "functions"
    ran = trimtab(
        "render",
        functions / "examples" / "xr.yaml",
        functions / "apis" / "nodegroupset" / "composition.yaml",
        "--plan",
        functions / "examples" / "plan.yaml",
        "--engine",
        "local",
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr.strip() == "rendered by trimtab, our steps in this process"
    assert ran.stdout.count("\nkind: NodeGroup\n") == 3
