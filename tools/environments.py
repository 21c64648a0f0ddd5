"""The pinned environments: what each holds, whether it is up to date, and how it is built.

An environment is a venv at `.venv/<name>`, filled from `requirements/<name>.txt` (every package
pinned and hashed, wheels only, so no compiler and no unpinned build step) and then from this
repository's own projects as editable installs. A venv cannot be moved, so it is built in its place;
a stamp, written last, says what it was built from. No stamp, or another stamp: built anew. Only the
projects' metadata changed: only they are installed again.
"""

import argparse
import contextlib
import dataclasses
import fcntl
import hashlib
import importlib.util
import json
import os
import platform
import shutil
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tools.steps import SetupError, run

ROOT = Path(__file__).resolve().parent.parent
STAMP = ".trimtab-stamp.json"
MIB = 1024 * 1024
WHEELS_ONLY = ("--only-binary=:all:", "--require-hashes")


@dataclass(frozen=True)
class Environment:
    """One environment; `make lock` and `tools.check_pins` read the same table.

    Attributes:
        projects: folders with a pyproject.toml, installed editable in this order.
        extras: the projects' optional dependencies that it holds.
        groups: dependency groups of the root's pyproject.toml that it holds.
        disk_mib: what the finished environment takes, byte code included.
        download_mib: what pip holds in the temporary folder and its cache meanwhile.
    """

    name: str
    projects: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    disk_mib: int = 0
    download_mib: int = 0
    root: Path = ROOT

    @property
    def folder(self) -> Path:
        return self.root / ".venv" / self.name

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    @property
    def log(self) -> Path:
        return self.root / ".venv" / f"{self.name}.log"

    @property
    def requirements(self) -> Path:
        return self.root / "requirements" / f"{self.name}.txt"

    def pyprojects(self) -> tuple[Path, ...]:
        return tuple(self.root / project / "pyproject.toml" for project in self.projects)


ENVIRONMENTS: Mapping[str, Environment] = {
    environment.name: environment
    for environment in (
        Environment(
            "pulumi",
            projects=(".", "components", "policies/crossguard"),
            extras=("aks", "edge", "gke", "live", "optimise", "parquet", "statsforecast"),
            groups=("test", "lint", "dev"),
            disk_mib=1300,
            download_mib=400,
        ),
        Environment(
            "function",
            projects=(".", "functions"),
            extras=("otel",),
            groups=("test", "lint", "editable"),
            disk_mib=280,
            download_mib=100,
        ),
        Environment("tools", groups=("lock",), disk_mib=100, download_mib=50),
    )
}


# --- Is it up to date? ---------------------------------------------------------------------------


def fingerprint(environment: Environment) -> dict[str, str]:
    """What an environment is made from; two equal ones need no work.

    Raises:
        SetupError: the requirement file or a pyproject.toml is missing.
    """
    try:
        pins = environment.requirements.read_bytes()
        projects = [path.read_bytes() for path in environment.pyprojects()]
    except FileNotFoundError as error:
        raise SetupError(
            f"{error.filename} is missing; restore it (`git checkout -- {error.filename}`)"
        ) from None
    return {
        "python": f"{sys.implementation.name} {platform.python_version()} {sysconfig.get_platform()}",
        "place": str(environment.folder),
        "pins": _digest([pins]),
        "projects": _digest(projects),
    }


def _digest(parts: list[bytes]) -> str:
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def read_stamp(environment: Environment) -> dict[str, str]:
    """The fingerprint that the environment was built from; empty when there is none to trust."""
    if not environment.python.exists():  # false, too, when the interpreter it links to has gone
        return {}
    try:
        stamp = json.loads((environment.folder / STAMP).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def write_stamp(environment: Environment, stamp: dict[str, str]) -> None:
    partial = environment.folder / f"{STAMP}.partial"
    partial.write_text(json.dumps(stamp, indent=1) + "\n", encoding="utf-8")
    partial.replace(environment.folder / STAMP)


# --- Building ------------------------------------------------------------------------------------


def ensure(environment: Environment) -> bool:
    """Bring an environment up to date; True when there was something to do.

    Raises:
        SetupError: it could not be built; what was half-built has been removed.
    """
    wanted = fingerprint(environment)
    if read_stamp(environment) == wanted:
        return False
    environment.folder.parent.mkdir(exist_ok=True)
    with _alone(environment):
        found = read_stamp(environment)
        if found == wanted:  # another make built it while this one waited
            return False
        began = time.monotonic()
        environment.log.write_text("", encoding="utf-8")
        if found and {**found, "projects": ""} == {**wanted, "projects": ""}:
            (environment.folder / STAMP).unlink()
            _finish(environment, first=1, steps=2)
        else:
            _build(environment)
        write_stamp(environment, wanted)
        seconds = round(time.monotonic() - began)
        print(f".venv/{environment.name} is ready, {seconds} s", file=sys.stderr)
        return True


def _build(environment: Environment) -> None:
    name, python = environment.name, platform.python_version()
    if environment.folder.exists():
        shutil.rmtree(environment.folder)
    check_disk(environment)
    if importlib.util.find_spec("ensurepip") is None:
        major, minor = sys.version_info[:2]
        raise SetupError(
            f"this Python {python} has no ensurepip, so it can't make an environment with pip; "
            f"install your distribution's package (Debian, Ubuntu: `apt install "
            f"python{major}.{minor}-venv`) or use another Python (`make PYTHON=... `)"
        )
    pins = sum("==" in line for line in environment.requirements.read_text().splitlines())
    try:
        run(
            [sys.executable, "-m", "venv", environment.folder],
            title=f"[{name} 1/4] a virtual environment of Python {python}",
            log=environment.log,
            cwd=environment.root,
        )
        run(
            [*_pip(environment), *WHEELS_ONLY, "-r", environment.requirements],
            title=f"[{name} 2/4] {pins} pinned packages, about {environment.disk_mib} MiB",
            log=environment.log,
            cwd=environment.root,
            note=PipNote(),
        )
        _finish(environment, first=3, steps=4)
    except BaseException:
        shutil.rmtree(environment.folder, ignore_errors=True)
        raise


def _finish(environment: Environment, *, first: int, steps: int) -> None:
    """Install the repository's own projects, then compare what is installed with the pins."""
    name = environment.name
    if environment.projects:
        folders = [f"--editable={project}" for project in environment.projects]
        run(
            [*_pip(environment), "--no-deps", "--no-build-isolation", *folders],
            title=f"[{name} {first}/{steps}] this repository's own packages",
            log=environment.log,
            cwd=environment.root,
        )
    run(
        [environment.python, "-m", "tools.check_pins", name, f"--root={environment.root}"],
        title=f"[{name} {first + 1}/{steps}] what is installed, against the pins",
        log=environment.log,
        cwd=ROOT,
    )


def _pip(environment: Environment) -> list[str | Path]:
    pip: list[str | Path] = [
        environment.python,
        "-m",
        "pip",
        "--disable-pip-version-check",
        "--no-input",
    ]
    return [*pip, "install", "--no-compile", "--no-warn-script-location", "--progress-bar=off"]


class PipNote:
    """Turns pip's output into the count that the progress line shows."""

    def __init__(self) -> None:
        self.fetched = 0

    def __call__(self, line: str) -> str | None:
        if line.startswith("Collecting "):
            self.fetched += 1
            return f"{self.fetched} fetched"
        return "unpacking" if line.startswith("Installing collected") else None


def check_disk(environment: Environment) -> None:
    """Refuse to begin what the disk can't hold.

    Raises:
        SetupError: says which folder's disk lacks how many MiB.
    """
    here, temporary = environment.folder.parent, Path(tempfile.gettempdir())
    needs = {here: environment.disk_mib}
    if here.stat().st_dev == temporary.stat().st_dev:
        needs[here] += environment.download_mib
    else:
        needs[temporary] = environment.download_mib
    for folder, needed in needs.items():
        free = shutil.disk_usage(folder).free // MIB
        if free < needed:
            raise SetupError(
                f"{folder} has {free} MiB free and .venv/{environment.name} needs {needed} MiB: "
                f"{needed - free} MiB are missing; free them (or point TMPDIR at a larger disk, "
                "if it is the temporary folder), then run the same command again"
            )


@contextlib.contextmanager
def _alone(environment: Environment) -> Iterator[None]:
    """Hold the environment's lock, so that two makes don't build it at once."""
    with (environment.folder.parent / f"{environment.name}.lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"another command is building .venv/{environment.name}; waiting", file=sys.stderr)
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def main(arguments: list[str]) -> int:
    """Bring the named environments up to date; the process's exit status."""
    parser = argparse.ArgumentParser(
        prog="bootstrap.py", description="Build the pinned environments, or leave good ones alone."
    )
    parser.add_argument("environment", nargs="+", choices=sorted(ENVIRONMENTS))
    parser.add_argument("--root", type=Path, default=ROOT, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    try:
        for name in dict.fromkeys(options.environment):
            ensure(dataclasses.replace(ENVIRONMENTS[name], root=options.root.resolve()))
    except SetupError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        print(f"error: {place}{error.strerror or error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"{os.linesep}interrupted; run the same command again to go on", file=sys.stderr)
        return 130
    return 0
