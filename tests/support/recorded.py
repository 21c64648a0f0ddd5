"""A stack's program run unchanged under the recording monitor: no engine, no cloud."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from support.plans import plan_data
from trimtab.plan.document import parse_plan, save_plan
from trimtab.preview.records import PreviewRequest, ResourceRecord
from trimtab_components.engines.recorder import record

REPO = Path(__file__).resolve().parents[2]

Records = tuple[ResourceRecord, ...]
Record = Callable[..., Records]


def recorder(folder: Path) -> Record:
    """Records a stack: `recorded("aws", {"nat": "none"}, plan=plan_data())`.

    Configuration goes under the project's name where no other is stated; the plan is the support
    module's where none is given, and is written to the folder.
    """

    def run(
        stack: str, config: dict[str, str] | None = None, plan: dict[str, Any] | None = None
    ) -> Records:
        path = folder / "plan.yaml"
        save_plan(parse_plan(plan or plan_data(), "test plan"), path)
        full = {key if ":" in key else f"trimtab:{key}": v for key, v in (config or {}).items()}
        request = PreviewRequest(REPO, stack, {"trimtab:plan": str(path), **full})
        return record(request).records

    return run


def of(records: Iterable[ResourceRecord], kind: str) -> dict[str, ResourceRecord]:
    """The records of one kind (the last part of the type token), by name."""
    return {each.name: each for each in records if each.type.rpartition(":")[2] == kind}


def one(records: Iterable[ResourceRecord], kind: str) -> ResourceRecord:
    """The only record of its kind."""
    (found,) = of(records, kind).values()
    return found
