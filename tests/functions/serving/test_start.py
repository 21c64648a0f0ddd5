"""What the command imports before it serves: only what every call needs."""

import subprocess
import sys

import pytest

LATER = (
    "trimtab_functions.cluster.aws",
    "trimtab_functions.cluster.settings",
    "numpy",
    "opentelemetry",
    "typer",
)
"""What a cluster's first call, a trace or the planner needs."""


@pytest.fixture(scope="module")
def imported() -> set[str]:
    code = "import sys, trimtab_functions.serving.main; print(*sys.modules, sep='\\n')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize("module", LATER)
def test_what_only_some_calls_need_is_not_waited_for(imported: set[str], module: str) -> None:
    assert "trimtab_functions.capacity.compose" in imported
    assert module not in imported
