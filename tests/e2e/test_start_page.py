"""The newcomer's page: every command of it, in order, on the control plane that it starts."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.engines import engine_path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "functions" / "start.md"
START_SECONDS = 120.0
CHANGING = (
    (r"-[0-9a-f]{12}\b", "-HASH"),
    (r"\b\d+s\b", "AGE"),
    (r"\s+", " "),
)


@dataclass(frozen=True)
class Step:
    """A command, and lines that its output has among others."""

    command: str
    output: tuple[str, ...]


def steps() -> list[Step]:
    """The page's commands."""
    found: list[Step] = []
    for block in re.findall(r"^```console\n(.*?)^```$", PAGE.read_text("utf-8"), re.S | re.M):
        for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
            command, *output = part.rstrip("\n").split("\n")
            found.append(Step(command, tuple(output)))
    return found


def settled(line: str) -> str:
    """A line without what differs from run to run."""
    for pattern, word in CHANGING:
        line = re.sub(pattern, word, line)
    return line.strip()


@pytest.fixture
def control_plane_environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    """What `make control-plane` runs, and the environment that the page asks for."""
    kubectl = engine_path("kubectl")
    process = subprocess.Popen(
        [sys.executable, "-m", "support.control_plane", tmp_path],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'tests'}:{ROOT}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout is not None
        lines: list[str] = []
        deadline = time.monotonic() + START_SECONDS
        while not any(line.startswith("ready") for line in lines):
            line = process.stdout.readline()
            assert line, "".join(lines)
            assert time.monotonic() < deadline, "".join(lines)
            lines.append(line)
        path = f"{kubectl.parent}:{os.environ['PATH']}"
        yield {**os.environ, "KUBECONFIG": str(tmp_path / "kubeconfig"), "PATH": path}
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
    assert not (tmp_path / "kubeconfig").exists()


@pytest.mark.engine
def test_every_command_of_the_page_does_what_it_says(
    control_plane_environment: dict[str, str],
) -> None:
    commands = steps()
    assert len(commands) > 12
    for step in commands:
        done = subprocess.run(
            ["bash", "-c", step.command],
            cwd=ROOT,
            env=control_plane_environment,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
        assert done.returncode == 0, f"{step.command}\n{done.stderr}"
        said = {settled(line) for line in done.stdout.splitlines()}
        for line in step.output:
            assert settled(line) in said, f"{step.command}\n{done.stdout}"
