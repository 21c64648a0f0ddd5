"""Run the tests in both environments and close with one line: `python -m tools.run_tests`.

tests/functions runs in the function environment, everything else in pulumi. Arguments go to both
pytests; a path goes to the environment that it belongs to, and the other is left out. The exit
status is 0 when no test failed in either and at least one ran.

As a pytest plugin (`-p tools.run_tests`) this module writes the counts of its run for the parent.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from tools.environments import ENVIRONMENTS, ROOT

TALLY = "TRIMTAB_TEST_TALLY"
OUTCOMES: Mapping[str, str] = {
    "passed": "passed",
    "failed": "failed",
    "error": "failed",
    "xpassed": "failed",
    "skipped": "skipped",
    "xfailed": "skipped",
}
FUNCTION_TESTS = Path("tests/functions")
NO_TESTS_COLLECTED = 5


class Reporter(Protocol):
    """The part of pytest's terminal reporter that the plugin reads."""

    stats: Mapping[str, Sequence[object]]


def pytest_terminal_summary(terminalreporter: Reporter) -> None:
    """Write what this pytest counted; errors of collection and fixtures count as failed."""
    if path := os.environ.get(TALLY):
        counts = dict.fromkeys(OUTCOMES.values(), 0)
        for outcome, kind in OUTCOMES.items():
            counts[kind] += len(terminalreporter.stats.get(outcome, ()))
        Path(path).write_text(json.dumps(counts), encoding="utf-8")


def arguments_for(arguments: Sequence[str], root: Path = ROOT) -> dict[str, list[str]]:
    """What each environment's pytest is given; one that has nothing to run is absent."""
    tests = (root / FUNCTION_TESTS.parent).resolve()
    paths: dict[str, list[str]] = {"pulumi": [], "function": []}
    flags = []
    for argument in arguments:
        path = (root / argument.partition("::")[0]).resolve()
        if argument.startswith("-") or not path.exists() or not path.is_relative_to(tests):
            flags.append(argument)
        elif path == tests:
            paths["pulumi"].append(argument)
            paths["function"].append(str(FUNCTION_TESTS))
        elif path.is_relative_to(tests / FUNCTION_TESTS.name):
            paths["function"].append(argument)
        else:
            paths["pulumi"].append(argument)
    if not any(paths.values()):
        paths = {"pulumi": ["tests"], "function": [str(FUNCTION_TESTS)]}
    ignored = {"pulumi": [f"--ignore={FUNCTION_TESTS}"], "function": []}
    return {name: [*flags, *ignored[name], *named] for name, named in paths.items() if named}


def run(name: str, arguments: Sequence[str]) -> tuple[int, dict[str, int]]:
    """Run one environment's pytest; its exit status and counts (empty when it never got to any)."""
    print(f"\n[{name}] pytest {' '.join(arguments)}", flush=True)
    with tempfile.TemporaryDirectory(prefix="trimtab-tests-") as folder:
        tally = Path(folder) / "tally.json"
        variables = {
            TALLY: str(tally),
            "COVERAGE_FILE": str(ROOT / f".coverage.{name}"),
            # Tests start many Pythons that load the clouds' SDKs: seconds each without byte code.
            "PYTHONDONTWRITEBYTECODE": "",
        }
        ended = subprocess.run(
            [ENVIRONMENTS[name].python, "-m", "pytest", "-p", "tools.run_tests", *arguments],
            cwd=ROOT,
            env={**os.environ, **variables},
            check=False,
        )
        counts = json.loads(tally.read_text(encoding="utf-8")) if tally.exists() else {}
    return ended.returncode, counts


def main(arguments: Sequence[str]) -> int:
    total = dict.fromkeys(OUTCOMES.values(), 0)
    statuses = []
    began = time.monotonic()
    for name, given in arguments_for(arguments).items():
        try:
            status, counts = run(name, given)
        except KeyboardInterrupt:
            return 130
        statuses.append(status)
        for kind, number in counts.items():
            total[kind] += number
    # A pytest that could not even start has counted nothing, but has failed.
    broken = [status for status in statuses if status not in (0, NO_TESTS_COLLECTED)]
    nothing = not (total["passed"] or total["failed"])
    print(f"\n{time.monotonic() - began:.0f} s in all", flush=True)
    if broken and not total["failed"]:
        print(f"error: a pytest ended with status {broken[0]} before or beside its tests")
        total["failed"] = 1
    print(f"{total['passed']} passed, {total['failed']} failed, {total['skipped']} skipped")
    return 1 if broken or nothing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
