"""The stacks program by target: what is made, and which settings there are.

A target is a module with `make`, which makes its resources, and `kinds`, which gives its settings with their
types. Modules and types are loaded when a stack asks for them: the clouds' SDKs take seconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, cast

from trimtab.errors import InputError
from trimtab.plan.model import CapacityPlan

TARGETS = ("aws", "edge", "hybrid", "local")


@dataclass(frozen=True)
class Asked:
    """What a stack asks for.

    Attributes:
        name: of the cluster and its resources.
        plan: the capacity plan.
        settings: what else the stack sets, by argument name (`as_of` for `asOf`).
        root: of the repository; paths are relative to it.
    """

    name: str
    plan: CapacityPlan
    settings: dict[str, Any]
    root: Path


class Target(Protocol):
    """A target's module."""

    def make(self, asked: Asked) -> None:
        """Make the target's resources."""

    def kinds(self) -> Mapping[str, Any]:
        """Every setting that the target has, with its type."""


def target_named(name: str | None) -> Target:
    """The module of a target.

    Raises:
        InputError: there is none of that name.
    """
    if name not in TARGETS:
        *others, last = TARGETS
        raise InputError(
            f"is {name or 'not set'}",
            where="trimtab:target",
            mend=f"set it to {', '.join(others)} or {last}",
        )
    return cast("Target", import_module(f"targets.{name}"))


def settings_elsewhere(target: str | None) -> dict[str, str]:
    """Settings of the other targets, with theirs."""
    own, found = target_named(target).kinds(), dict[str, list[str]]()
    for other in TARGETS:
        for key in target_named(other).kinds():
            if key not in own:
                found.setdefault(key, []).append(other)
    return {key: " or ".join(others) for key, others in found.items()}
