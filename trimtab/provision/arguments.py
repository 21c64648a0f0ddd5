"""What whoever carries a plan out is given, checked before anything is decided.

Pure: one pydantic model per component. Unknown names are complained of first, since a typo explains
the rest; then wrong values; then combinations.
"""

import contextlib
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from trimtab.clock import parse_instant
from trimtab.errors import InputError, TrimtabError
from trimtab.plan.document import input_error, load_plan, parse_plan
from trimtab.plan.model import CapacityPlan
from trimtab.plan.sizing import Sizes
from trimtab.plan.types import Count

PLAIN = "give the value itself: it decides which resources there are, before any is made"


class Arguments(BaseModel):
    """Base of a component's checked arguments: frozen, no unknown names."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Running(Arguments):
    """The sizes of a group as observed, in whole nodes."""

    min: Count
    desired: Count
    max: Count

    @property
    def sizes(self) -> Sizes:
        """The same as a plan has them."""
        return Sizes(self.min, self.desired, self.max)


class Override(Arguments):
    """What differs from the chart that Trimtab installs; the one shape for every chart."""

    version: str | None = None
    namespace: str | None = None
    values: dict[str, Any] = Field(default_factory=dict)


class PlanArguments(Arguments):
    """What every component that carries a plan out takes."""

    plan: Any
    as_of: str | None = None
    running: dict[str, Running] = Field(default_factory=dict)
    plan_pools: tuple[str, ...] | None = None
    pools: dict[str, dict[str, Any]] = Field(default_factory=dict)
    tags: dict[str, str] = Field(default_factory=dict)


Checked = TypeVar("Checked", bound=Arguments)


def checked(model: type[Checked], arguments: Mapping[str, Any], where: str) -> Checked:
    """The arguments as the model has them.

    Args:
        model: the component's model.
        arguments: what the component was given; None counts as not given.
        where: the component's type and name, for the error.

    Raises:
        InputError: an unknown name, a wrong value or an illegal combination; names the argument.
    """
    stated = {key: value for key, value in arguments.items() if value is not None}
    try:
        return model.model_validate(stated)
    except ValidationError as error:
        complaint = input_error(error, model, where)
        if late := _late(error):
            raise InputError(
                f"{late}: is known only after deployment", where=where, mend=PLAIN
            ) from None
        # A combination has no one field to name.
        message = complaint.message.removeprefix("the document: ")
        raise InputError(message, where=where, mend=complaint.mend) from None


def _late(error: ValidationError) -> str | None:
    """The first argument that is a resource's output where a plain value is needed; typos go first."""
    problems = error.errors(include_url=False)
    if any(problem["type"] == "extra_forbidden" for problem in problems):
        return None
    late = [p["loc"] for p in problems if _is_late(p["input"])]
    return ".".join(map(str, late[0])) if late else None


def _is_late(value: object) -> bool:
    """Whether it is a Pulumi output, which this package knows by what it can do."""
    return hasattr(value, "is_known") and hasattr(value, "apply")


@contextlib.contextmanager
def said_by(where: str) -> Iterator[None]:
    """Let what goes wrong beneath be told with the component that it is of.

    Args:
        where: the component's type and name.
    """
    try:
        yield
    except TrimtabError as error:
        if error.where and error.where.startswith(where):
            raise
        place = f"{where}: {error.where}" if error.where else where
        raise type(error)(error.message, where=place, mend=error.mend) from None


def argument_name(name: str) -> str:
    """A setting's name as the components' arguments have it: `as_of` for `asOf`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def setting_name(name: str) -> str:
    """An argument's name as settings have it: `asOf` for `as_of`."""
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


def plan_of(value: object, where: str) -> CapacityPlan:
    """The plan that an argument `plan` stands for.

    Args:
        value: a CapacityPlan, the same as plain data, or the path of its file.
        where: the component's type and name, for the error.

    Raises:
        InputError: it is none of them, or no valid plan.
    """
    if isinstance(value, CapacityPlan):
        return value
    if isinstance(value, str | Path):
        return load_plan(Path(value))
    if isinstance(value, Mapping):
        return parse_plan(value, f"{where}: plan")
    raise InputError(
        f"plan is a {type(value).__name__}",
        where=where,
        mend="give a CapacityPlan document or the path of its file, known before deployment",
    )


def instant_of(text: str | None, plan: CapacityPlan, where: str) -> datetime:
    """The instant whose window holds: as stated, or the plan's start.

    Raises:
        InputError: the text is no instant.
    """
    if text is None:
        return plan.spec.start
    try:
        return parse_instant(text)
    except ValueError:
        raise InputError(
            f"as_of is {text!r}", where=where, mend="give an instant such as 2026-03-01T00:00:00Z"
        ) from None
