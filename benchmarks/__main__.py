"""`python -m benchmarks [NAME …]`: run the benchmarks, all or those named, each in its environment."""

import subprocess
import sys

from benchmarks.measure import ROOT

ENVIRONMENTS = {
    "plan_speed": "pulumi",
    "function_latency": "function",
    "preview_speed": "pulumi",
}
"""Every benchmark, with the environment that has what it imports."""


def main(names: list[str]) -> int:
    """Run them in order; the exit code is that of the first that failed, 2 for an unknown name."""
    unknown = set(names) - set(ENVIRONMENTS)
    if unknown:
        known = ", ".join(ENVIRONMENTS)
        print(f"error: no benchmark {', '.join(sorted(unknown))}; there are {known}")
        return 2
    for name in names or ENVIRONMENTS:
        python = ROOT / ".venv" / ENVIRONMENTS[name] / "bin" / "python"
        failed = subprocess.run([python, "-m", f"benchmarks.{name}"], cwd=ROOT, check=False)
        if failed.returncode:
            return failed.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
