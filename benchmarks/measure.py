"""Run a command to its end and say how long it took and how much memory it had."""

import os
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Run:
    """One run of a command, as the operating system accounts for it."""

    wall_seconds: float
    peak_mib: float
    processor_seconds: float
    """Of all threads, which other work on the machine does not lengthen."""


@dataclass(frozen=True)
class Figure:
    """A row of a benchmark's table."""

    what: str
    measured: float
    goal: float
    unit: str


def run(command: Sequence[str | Path]) -> Run:
    """Run a command once, from the repository's root.

    Raises:
        RuntimeError: it failed; carries what it printed.
    """
    with tempfile.TemporaryFile() as output:
        began = time.perf_counter()
        process = subprocess.Popen(
            [str(part) for part in command], stdout=output, stderr=subprocess.STDOUT, cwd=ROOT
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            output.seek(0)
            said = output.read().decode(errors="replace")
            raise RuntimeError(f"{command[0]} exited {process.returncode}:\n{said}")
    return Run(wall, usage.ru_maxrss / 1024, usage.ru_utime + usage.ru_stime)


def runs(command: Sequence[str | Path], count: int) -> Run:
    """The medians of several runs, and the largest peak."""
    every = [run(command) for _ in range(count)]
    return Run(
        median(r.wall_seconds for r in every),
        max(r.peak_mib for r in every),
        median(r.processor_seconds for r in every),
    )


def print_figures(title: str, figures: Sequence[Figure]) -> None:
    """The table: what was measured, the goal, and measured over goal (below 1 is better)."""
    width = max(len(figure.what) for figure in figures)
    print(f"\n{title}")
    print(f"{'':{width}}  {'measured':>12}  {'goal':>12}  ratio")
    for figure in figures:
        print(
            f"{figure.what:{width}}  {figure.measured:>8.3g} {figure.unit:<3}"
            f"  {figure.goal:>8.3g} {figure.unit:<3}  {figure.measured / figure.goal:5.2f}"
        )
