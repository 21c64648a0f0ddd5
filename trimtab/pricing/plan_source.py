"""A plan file with the line of each of its groups."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from trimtab.files import read_text
from trimtab.plan.document import load_plan
from trimtab.plan.model import CapacityPlan

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class PlanSource:
    """A plan and where it was read.

    Attributes:
        plan: the plan.
        file: its file, as shown to the user.
        lines: the line of each group in the file, by names of pool and group.
    """

    plan: CapacityPlan
    file: str
    lines: Mapping[tuple[str, str], int]


def load_plan_source(path: Path) -> PlanSource:
    """Read a plan and find its groups' lines.

    Raises:
        InputError: the file is no valid plan.
    """
    plan = load_plan(path)
    # Not resolve(): a link is shown under the name that the user gave it.
    full = Path(os.path.abspath(path))  # noqa: PTH100
    shown = full.relative_to(Path.cwd()) if full.is_relative_to(Path.cwd()) else full
    return PlanSource(plan, str(shown), group_lines(read_text(path)))


def group_lines(text: str) -> dict[tuple[str, str], int]:
    """The line, counted from 1, on which each group of a plan starts, by pool and group name.

    The text must be a valid plan; JSON is YAML too.
    """
    document = yaml.compose(text, Loader=_Loader)
    return {
        (_scalar(pool, "name"), _scalar(group, "name")): group.start_mark.line + 1
        for pool in _items(_child(_child(document, "spec"), "pools"))
        for group in _items(_child(pool, "groups"))
    }


def _child(node: Any, key: str) -> Any:
    return next((value for name, value in node.value if name.value == key), None)


def _items(node: Any) -> Iterator[Any]:
    yield from node.value if node is not None else ()


def _scalar(node: Any, key: str) -> str:
    return str(_child(node, key).value)
