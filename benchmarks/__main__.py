"""`python -m benchmarks [NAME …] [OPTION …]`: run the benchmarks, all or those named, each in its
environment. Options go to the one that is named."""

import subprocess
import sys
from itertools import takewhile
from pathlib import Path

from benchmarks.measure import ROOT

ENVIRONMENTS = {
    "plan_speed": "pulumi",
    "plan_fleet": "pulumi",
    "forecast_accuracy": "pulumi",
    "forecast_speed": "pulumi",
    "function_latency": "function",
    "function_fuzz": "function",
    "preview_speed": "pulumi",
    "component_preview": "pulumi",
    "hybrid_preview": "pulumi",
    "diff_speed": "pulumi",
    "optimiser_speed": "pulumi",
    "evidence": "pulumi",
    "provisioning": "pulumi",
    "scenario_quality": "pulumi",
}
"""Every benchmark, with the environment that has what it imports."""
APART = {"forecast_accuracy", "function_fuzz"}
"""Not run where all are: the first is by another one, the evidence; the second measures nothing."""


def main(arguments: list[str]) -> int:
    """Run them in order; the exit code is that of the first that failed, 2 for an unknown name."""
    names = list(takewhile(lambda word: not word.startswith("-"), arguments))
    options = arguments[len(names) :]
    if options and len(names) != 1:
        print("error: options need exactly one benchmark before them")
        return 2
    unknown = set(names) - set(ENVIRONMENTS)
    if unknown:
        known = ", ".join(ENVIRONMENTS)
        print(f"error: no benchmark {', '.join(sorted(unknown))}; there are {known}")
        return 2
    for name in names or (each for each in ENVIRONMENTS if each not in APART):
        python = ROOT / ".venv" / ENVIRONMENTS[name] / "bin" / "python"
        command: list[str | Path] = [python, "-m", f"benchmarks.{name}", *options]
        failed = subprocess.run(command, cwd=ROOT, check=False)
        if failed.returncode:
            return failed.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
