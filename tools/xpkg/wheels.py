"""Which wheels the function needs at run time, and where they come from.

The roots are the dependencies of the two distributions that go into the package; from there each
wheel's own metadata leads on, and the pins of the requirement file say which version and which
hashes. So tests' and checks' packages, which the same file pins, stay out, and no list repeats what
the projects say. pip does the fetching, from the index of the user's settings.

pip reads markers for the Python that it runs on and not for `--python-version`: they are read here.
"""

import email.parser
import hashlib
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from email.message import Message
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools.steps import SetupError, diagnose
from tools.xpkg.runtime import Target

_CONTINUED = re.compile(r"\\\n\s*")
_HASH = re.compile(r"\s*--hash=(\S+)")


@dataclass(frozen=True)
class Pin:
    """One line of a requirement file: `name==version ; marker`, with its hashes."""

    requirement: Requirement
    hashes: tuple[str, ...]

    @property
    def name(self) -> str:
        """The normalised name."""
        return canonicalize_name(self.requirement.name)


@dataclass(frozen=True)
class Wheel:
    """A wheel and what it says of itself.

    Attributes:
        own: built from this repository.
        requires: normalised names of the wheels that it needs on the target.
    """

    path: Path
    name: str
    version: str
    sha256: str
    metadata: "Message[str, str]" = field(repr=False, compare=False)
    own: bool = False
    requires: tuple[str, ...] = ()


Fetch = Callable[[Sequence[Pin], Target, Path], None]
"""Puts the wheels of pins into a folder."""


def read_pins(path: Path) -> list[Pin]:
    """The pins of a requirement file as uv writes it.

    Raises:
        SetupError: the file is missing, or pins something without a hash.
    """
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        raise SetupError(f"{path} is missing; restore it") from None
    pins = []
    for line in _CONTINUED.sub(" ", text).splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        pin = Pin(Requirement(_HASH.sub("", line).strip()), tuple(_HASH.findall(line)))
        if not pin.hashes:
            raise SetupError(f"{path}: {pin.name} has no hash; run make lock")
        pins.append(pin)
    return pins


def dependencies(project: Path) -> list[Requirement]:
    """What a project's pyproject.toml says it needs at run time."""
    data = tomllib.loads((project / "pyproject.toml").read_text("utf-8"))
    return [Requirement(each) for each in data["project"].get("dependencies", [])]


def resolve(
    roots: Iterable[Requirement],
    pins: Sequence[Pin],
    target: Target,
    folder: Path,
    fetch: Fetch,
    own: Sequence[Wheel] = (),
) -> list[Wheel]:
    """Fetch the wheels that the roots need, and what those need, into a folder; by name.

    Args:
        own: wheels that need no fetching; their names are not looked for among the pins.

    Raises:
        SetupError: something needed is not pinned, or can't be fetched.
    """
    environment = target.markers()
    pinned = {
        pin.name: pin
        for pin in pins
        if pin.requirement.marker is None or pin.requirement.marker.evaluate(environment)
    }
    have = {wheel.name for wheel in own}
    found: dict[str, Wheel] = {}
    wanted = {name for root in roots for name in _names(root, environment)} - have
    while wanted:
        if missing := sorted(wanted - pinned.keys()):
            raise SetupError(f"{', '.join(missing)}: needed and not pinned; run make lock")
        round_folder = folder / f"round-{len(found)}"
        round_folder.mkdir(parents=True)
        fetch([pinned[name] for name in sorted(wanted)], target, round_folder)
        arrived = [read_wheel(path, target) for path in sorted(round_folder.glob("*.whl"))]
        if missing := sorted(wanted - {wheel.name for wheel in arrived}):
            raise SetupError(f"pip fetched no wheel of {', '.join(missing)}")
        found |= {wheel.name: wheel for wheel in arrived}
        wanted = {name for wheel in arrived for name in wheel.requires} - found.keys() - have
    return [found[name] for name in sorted(found)]


def _names(requirement: Requirement, environment: Mapping[str, str]) -> list[str]:
    if requirement.extras:
        raise SetupError(f"{requirement}: extras are not followed; require what they bring")
    if requirement.marker and not requirement.marker.evaluate(dict(environment)):
        return []
    return [canonicalize_name(requirement.name)]


def read_wheel(path: Path, target: Target, *, own: bool = False) -> Wheel:
    """A wheel's metadata.

    Raises:
        SetupError: the file is no wheel.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            (name,) = [
                each
                for each in archive.namelist()
                if each.count("/") == 1 and each.endswith(".dist-info/METADATA")
            ]
            content = archive.read(name)
    except (zipfile.BadZipFile, ValueError):
        raise SetupError(f"{path.name} is no wheel") from None
    parser = email.parser.BytesParser()
    metadata = parser.parsebytes(content)
    environment = target.markers()
    needed = {
        name
        for each in metadata.get_all("Requires-Dist", [])
        for name in _names(Requirement(each), environment)
    }
    return Wheel(
        path,
        canonicalize_name(str(metadata["Name"])),
        str(metadata["Version"]),
        hashlib.sha256(path.read_bytes()).hexdigest(),
        metadata,
        own,
        tuple(sorted(needed)),
    )


def fetch_with_pip(pins: Sequence[Pin], target: Target, folder: Path) -> None:
    """Download the pins' wheels for a target; each is checked against its hashes.

    Raises:
        SetupError: pip failed; says why.
    """
    requirements = folder / "requirements.txt"
    lines = []
    for pin in pins:
        bare = Requirement(str(pin.requirement))
        bare.marker = None
        lines.append(" ".join([str(bare), *(f"--hash={each}" for each in pin.hashes)]))
    requirements.write_text("\n".join([*lines, ""]), "utf-8")
    command = [
        *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"),
        *("--no-input", "--no-deps", "--only-binary=:all:", "--require-hashes"),
        *("--dest", str(folder), "--requirement", str(requirements)),
        *target.pip_options(),
    ]
    _run(command, folder)


def build_wheel(project: Path, folder: Path) -> Path:
    """The wheel of one of this repository's projects, built by hatchling with fixed times.

    Raises:
        SetupError: it can't be built.
    """
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    _run(command, folder, cwd=project)
    (path,) = folder.glob("*.whl")
    return path


def _run(command: Sequence[str], folder: Path, cwd: Path | None = None) -> None:
    # hatchling stamps a wheel's files with this; a user's value would change the bytes.
    environment = {name: v for name, v in os.environ.items() if name != "SOURCE_DATE_EPOCH"}
    log = folder / "log.txt"
    with log.open("w", encoding="utf-8") as output:
        finished = subprocess.run(
            command,
            cwd=cwd or folder,
            env={**environment, "PYTHONDONTWRITEBYTECODE": "1"},
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if finished.returncode:
        raise SetupError(diagnose(log.read_text("utf-8", errors="replace").splitlines(), log))
