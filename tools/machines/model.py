"""What the readers of sources hand over, and reading a file of a checkout."""

import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from trimtab.catalogue.architecture import infer_architecture


class UnusableSourceError(Exception):
    """A source has not the form that its reader knows; the message names it."""


@dataclass(frozen=True)
class Shape:
    """What an instance type has; None where no source says it."""

    vcpu: float
    memory_gib: float | None
    accelerator: str | None
    accelerator_count: float | None
    architecture: str


@dataclass
class Price:
    """What an instance type costs in a region, US dollars per node-hour, and the ids of its sources."""

    on_demand: float | None
    as_of: str
    sources: list[str]
    spot: float | None = None
    reserved_1y: float | None = None
    reserved_3y: float | None = None
    band: str = ""


@dataclass
class Machines:
    """One provider: shapes by instance type, prices by region and instance type."""

    provider: str
    shapes: dict[str, Shape] = field(default_factory=dict)
    prices: dict[str, dict[str, Price]] = field(default_factory=dict)


def shape(
    provider: str,
    instance_type: str,
    vcpu: float,
    memory_gib: float | None,
    accelerator: str | None = None,
    count: float | None = None,
    architecture: str | None = None,
) -> Shape:
    """A shape, its architecture by the provider's naming rule where the source does not say it."""
    named = architecture or infer_architecture(provider, instance_type, accelerator)
    return Shape(vcpu, memory_gib, accelerator, count, named)


def read(checkout: str, path: str) -> str:
    """A file of a checkout: a folder, or a git directory, `FOLDER@COMMIT` for another commit than HEAD.

    Raises:
        UnusableSourceError: it is not there.
    """
    folder, _, commit = checkout.partition("@")
    plain = Path(folder) / path
    if plain.is_file():
        return plain.read_text("utf-8")
    git = Path(folder) if (Path(folder) / "objects").is_dir() else Path(folder) / ".git"
    shown = subprocess.run(
        ["git", f"--git-dir={git}", "show", f"{commit or 'HEAD'}:{path}"],
        capture_output=True,
        check=False,
    )
    if shown.returncode:
        raise UnusableSourceError(f"{checkout} has no {path}; name its checkout")
    return shown.stdout.decode("utf-8")
