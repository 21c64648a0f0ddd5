"""How long the hybrid stack takes to preview, with no engine: EKS, a hall and three sites, one plan.

`trimtab preview` is run as a user runs it, in a process of its own: with its modules compiled by a run before,
as an installation keeps them, and with none compiled. Two runs must record the same.
"""

import os
import sys
import tempfile
from pathlib import Path

from benchmarks.component_preview import COUNT, cold, differing, keep_bytecode
from benchmarks.measure import ROOT, Figure, Run, print_figures, runs
from trimtab.preview.records import PreviewRequest
from trimtab_components.engines.recorder import record

LEAST_RESOURCES = 300
GOAL_SECONDS, GOAL_MIB = 6.0, 500.0


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as name:
        keep_bytecode(Path(name) / "bytecode")
        first, second = (record(PreviewRequest(ROOT, "hybrid")) for _ in range(2))
        command = Path(sys.executable).with_name("trimtab")
        preview: list[str | Path] = [command, "preview", "--stack", "hybrid"]
        compiled = cold(preview)
        plain = uncompiled(preview, Path(name) / "empty")
    custom = sum(each.custom for each in first.records)
    assert custom > LEAST_RESOURCES, custom
    different = differing(first, second)
    assert not different, different
    print(
        f"{custom} resources under {len(first.records) - custom} components; records that differ in a "
        f"second preview: {different}"
    )
    for said, taken in (("modules compiled before", compiled), ("none compiled", plain)):
        print_figures(
            f"trimtab preview --stack hybrid, {said}, cold, median of {COUNT}",
            [
                Figure("wall time", taken.wall_seconds, GOAL_SECONDS, "s"),
                Figure("processor time", taken.processor_seconds, GOAL_SECONDS, "s"),
                Figure("peak memory", taken.peak_mib, GOAL_MIB, "MiB"),
            ],
        )


def uncompiled(command: list[str | Path], empty: Path) -> Run:
    """The command in processes that find no compiled module and keep none."""
    os.environ["PYTHONPYCACHEPREFIX"] = str(empty)
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    return runs(command, COUNT)


if __name__ == "__main__":
    main()
