"""How long a stack of fifty pools and a thousand resources takes to preview, with no engine.

`trimtab preview` is run as a user runs it, in a process of its own, on the repository's `aws` stack with
a plan of fifty pools. Beside it the same command previews a program that registers resources of the
same types, names and inputs one by one, without components and without the classes of the cloud's SDK.
Two runs of the stack must say the same.
"""

import json
import os
import sys
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

from benchmarks.measure import ROOT, Figure, Run, print_figures, run, runs
from trimtab.plan.document import load_plan, parse_plan, save_plan, to_data
from trimtab.preview.records import PreviewRequest, Recording
from trimtab_components.engines.recorder import record

POOLS = 50
WINDOWS = 6
"""Of a day each; all but the first are scheduled actions of a group."""
LEAST_RESOURCES = 1000
COUNT = 3
GOAL_SECONDS, GOAL_MIB = 10.0, 700.0

PLAIN = """
import json
from pathlib import Path

import pulumi

for each in json.loads(Path("resources.json").read_text("utf-8")):
    pulumi.CustomResource(each["type"], each["name"], each["inputs"])
"""


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        keep_bytecode(folder / "bytecode")
        plan = folder / "plan.yaml"
        save_plan(parse_plan(fifty_pools(), "the benchmark's plan"), plan)
        first, second = (_record(ROOT, "cluster", plan) for _ in range(2))
        custom = [each for each in first.records if each.custom]
        components = len(first.records) - len(custom)
        _write_plain(folder / "plain", first)
        command = Path(sys.executable).with_name("trimtab")
        ours = cold([command, "preview", "--stack", "cluster", "--plan", plan])
        plain = cold([command, "preview", "--stack", "dev", "--program", folder / "plain"])
    assert len(custom) >= LEAST_RESOURCES, len(custom)
    print(
        f"{POOLS} pools: {len(custom)} resources under {components} components; "
        f"records that differ in a second preview: {differing(first, second)}"
    )
    print_figures(
        f"trimtab preview of all of them, cold, median of {COUNT}",
        [
            Figure("wall time", ours.wall_seconds, GOAL_SECONDS, "s"),
            Figure("processor time", ours.processor_seconds, GOAL_SECONDS, "s"),
            Figure("peak memory", ours.peak_mib, GOAL_MIB, "MiB"),
        ],
    )
    print_beside(ours, plain)


def print_beside(ours: Run, plain: Run) -> None:
    """The stack beside the program without components."""
    print_figures(
        "the same resources without components (goal) beside the stack's",
        [
            Figure("processor time", ours.processor_seconds, plain.processor_seconds, "s"),
            Figure("peak memory", ours.peak_mib, plain.peak_mib, "MiB"),
        ],
    )


def keep_bytecode(folder: Path) -> None:
    """Have commands compiled once, as installed packages are: by the first run of each."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = str(folder)


def cold(command: list[str | Path]) -> Run:
    """The command in processes of its own, after one that compiles."""
    run(command)
    return runs(command, COUNT)


def fifty_pools() -> dict[str, Any]:
    """The example's plan with its pool fifty times, in windows of a day."""
    data = to_data(load_plan(ROOT / "stacks" / "plans" / "example.yaml"))
    spec = data["spec"]
    start = load_plan(ROOT / "stacks" / "plans" / "example.yaml").spec.start
    (pool,) = spec["pools"]
    for group in pool["groups"]:
        low, high = group["windows"][0]["min"], max(w["max"] for w in group["windows"])
        group["windows"] = [
            {
                "start": (start + timedelta(days=day)).isoformat(),
                "end": (start + timedelta(days=day + 1)).isoformat(),
                "min": low,
                "desired": high + day,
                "max": high + day,
            }
            for day in range(WINDOWS)
        ]
    spec["validUntil"] = (start + timedelta(days=WINDOWS)).isoformat()
    names = [f"pool-{number:02d}" for number in range(POOLS)]
    evidence = spec["evidence"]
    for part in ("forecasts", "decisions"):
        evidence[part] = [{**each, "pool": n} for n in names for each in evidence[part]]
    spec["commitments"] = [{**each, "pool": n} for n in names for each in spec["commitments"]]
    spec["pools"] = [{**pool, "name": name} for name in names]
    return data


def _record(program: Path, stack: str, plan: Path) -> Recording:
    return record(PreviewRequest(program, stack, {"trimtab:plan": str(plan)}))


def differing(first: Recording, second: Recording) -> int:
    before = {each.urn: each for each in first.records}
    after = {each.urn: each for each in second.records}
    return sum(before.get(urn) != after.get(urn) for urn in before.keys() | after.keys())


def _write_plain(folder: Path, recording: Recording) -> None:
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text("name: plain\nruntime: python\n", "utf-8")
    (folder / "Pulumi.dev.yaml").write_text("config: {aws:region: us-east-1}\n", "utf-8")
    (folder / "__main__.py").write_text(PLAIN, "utf-8")
    resources = [
        {"type": each.type, "name": each.name, "inputs": dict(each.inputs)}
        for each in recording.records
        if each.custom and not each.type.startswith("pulumi:")
    ]
    (folder / "resources.json").write_text(json.dumps(resources), "utf-8")


if __name__ == "__main__":
    main()
