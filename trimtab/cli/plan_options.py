"""The options of `trimtab plan`, and what several of its readers share."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from trimtab.planning.request import Term
from trimtab.workloads.model import Unit

_T = TypeVar("_T")

MAX_POOL_NAME = 40


@dataclass(frozen=True)
class PlanOptions:
    """The options of `trimtab plan`, as given."""

    demand: tuple[str, ...]
    workloads: Path | None = None
    offers: Path | None = None
    unit: Unit | None = None
    units_per_accelerator: float | None = None
    accelerators: tuple[str, ...] = ()
    interruptible: bool = False
    as_of: str | None = None
    horizon: str = "7d"
    max_gap: str = "6h"
    terms: tuple[Term, ...] = ("1y",)
    providers: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    name: str | None = None
    inventory: Path | None = None
    previous: Path | None = None
    approvals: Path | None = None
    events: Path | None = None
    limits: Path | None = None
    latency: Path | None = None
    storage: Path | None = None


def slug(text: str, limit: int = MAX_POOL_NAME) -> str:
    """The text as a name that Kubernetes takes: lower case, digits and single hyphens."""
    name = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:limit].strip("-")
    return name or "demand"


def bounded(sentences: Sequence[str], limit: int) -> tuple[str, ...]:
    """The sentences, the long tail counted, each as short as a plan keeps it."""
    kept = sentences if len(sentences) <= limit else sentences[: limit - 1]
    rest = len(sentences) - len(kept)
    tail = (f"and {rest} more of the kind",) if rest else ()
    return (*(each if len(each) <= 900 else each[:899] + "…" for each in kept), *tail)


def distinct(values: Iterable[_T]) -> tuple[_T, ...]:
    return tuple(dict.fromkeys(values))
