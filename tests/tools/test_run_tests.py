"""The two pytests as one: what each is given, and the line that closes them."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tools import run_tests
from tools.environments import ROOT

BOTH = {
    "pulumi": ["--ignore=tests/functions", "tests"],
    "function": ["tests/functions"],
}


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        pytest.param([], BOTH, id="nothing: both, whole"),
        pytest.param(["tests"], BOTH, id="the whole folder: both"),
        pytest.param(
            ["-k", "tools", "-x"],
            {name: ["-k", "tools", "-x", *given] for name, given in BOTH.items()},
            id="a flag's value that is also a folder's name stays a flag's value",
        ),
        pytest.param(
            ["-x", "tests/tools/test_run_tests.py::test_x"],
            {"pulumi": ["-x", "--ignore=tests/functions", "tests/tools/test_run_tests.py::test_x"]},
            id="a test: only its environment",
        ),
        pytest.param(
            ["tests/functions/test_a.py"],
            {"function": ["tests/functions/test_a.py"]},
            id="a function's test: only the function environment",
        ),
    ],
)
def test_arguments_go_where_they_belong(
    arguments: list[str], expected: dict[str, list[str]], tmp_path: Path
) -> None:
    for name in ("tests/functions/test_a.py", "tests/tools/test_run_tests.py", "tools/x.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert run_tests.arguments_for(arguments, tmp_path) == expected


def counts(passed: int = 0, failed: int = 0, skipped: int = 0) -> dict[str, int]:
    return {"passed": passed, "failed": failed, "skipped": skipped}


@pytest.mark.parametrize(
    ("runs", "status", "line"),
    [
        ([(0, counts(5, 0, 2)), (0, counts(3))], 0, "8 passed, 0 failed, 2 skipped"),
        ([(1, counts(4, 1)), (0, counts(3))], 1, "7 passed, 1 failed, 0 skipped"),
        ([(0, counts(4)), (1, counts(0, 2))], 1, "4 passed, 2 failed, 0 skipped"),
        ([(0, counts(4)), (5, counts())], 0, "4 passed, 0 failed, 0 skipped"),
        ([(5, counts()), (5, counts())], 1, "0 passed, 0 failed, 0 skipped"),
        ([(0, counts(4)), (4, {})], 1, "4 passed, 1 failed, 0 skipped"),
        ([(-11, {}), (0, counts(3))], 1, "3 passed, 1 failed, 0 skipped"),
    ],
)
def test_the_closing_line_adds_both_up(
    runs: list[tuple[int, dict[str, int]]],
    status: int,
    line: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pending = iter(runs)

    def run(name: str, arguments: Sequence[str]) -> tuple[int, dict[str, int]]:
        return next(pending)

    monkeypatch.setattr(run_tests, "run", run)
    assert run_tests.main([]) == status
    assert capsys.readouterr().out.splitlines()[-1] == line


def test_the_plugin_counts_as_pytest_does(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "import pytest\n"
        "@pytest.fixture\n"
        "def broken(): 1 / 0\n"
        "def test_passes(): pass\n"
        "def test_passes_too(): pass\n"
        "def test_fails(): 1 / 0\n"
        "def test_errs(broken): pass\n"
        "def test_skips(): pytest.skip('why')\n"
    )
    tally = tmp_path / "tally.json"
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "tools.run_tests", "-c", os.devnull, tmp_path],
        cwd=ROOT,
        env={**os.environ, run_tests.TALLY: str(tally)},
        capture_output=True,
        check=False,
    )
    assert ended.returncode == 1
    assert json.loads(tally.read_text()) == counts(passed=2, failed=2, skipped=1)
