"""Which wheels the function needs at run time, and where they come from.

The roots are the dependencies of the two distributions that go into the package; from there each
wheel's own metadata leads on, and the pins of the requirement file say which version and which
hashes. So tests' and checks' packages, which the same file pins, stay out, and no list repeats what
the projects say. pip does the fetching, from the index of the user's settings.

pip reads markers for the Python that it runs on and not for `--python-version`: they are read here.
"""

import dataclasses
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
from typing import NamedTuple

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
        requires: normalised names of what it needs on the target, once that is resolved.
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


def dependencies(project: Path, extras: Sequence[str] = ()) -> list[Requirement]:
    """What a project's pyproject.toml says it needs at run time, and for those extras that it has."""
    data = tomllib.loads((project / "pyproject.toml").read_text("utf-8"))["project"]
    optional = data.get("optional-dependencies", {})
    texts = data.get("dependencies", []) + [t for e in extras for t in optional.get(e, [])]
    return [Requirement(each) for each in texts]


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
    pinned = {pin.name: pin for pin in pins if _holds(pin.requirement, target)}
    have = {wheel.name: wheel for wheel in own}
    found: dict[str, Wheel] = {}
    pending = {each for root in roots for each in _asked(root, target)}
    seen: set[Asked] = set()
    while pending:
        if wanted := sorted({each.name for each in pending} - found.keys() - have.keys()):
            found |= _fetched(wanted, pinned, target, folder / f"round-{len(found)}", fetch)
        seen |= pending
        arrived = (
            _needs(found[each.name], each.extra, target) for each in pending if each.name in found
        )
        pending = {each for needed in arrived for each in needed} - seen
    asked = {name: {each.extra for each in seen if each.name == name} for name in found}
    return [
        dataclasses.replace(
            found[name],
            requires=tuple(
                sorted({n.name for e in asked[name] for n in _needs(found[name], e, target)})
            ),
        )
        for name in sorted(found)
    ]


def names_of(requirements: Iterable[Requirement], target: Target) -> tuple[str, ...]:
    """The normalised names of what holds on a target."""
    return tuple(sorted({each.name for one in requirements for each in _asked(one, target)}))


def _fetched(
    names: Sequence[str], pinned: Mapping[str, Pin], target: Target, folder: Path, fetch: Fetch
) -> dict[str, Wheel]:
    if missing := [name for name in names if name not in pinned]:
        raise SetupError(f"{', '.join(missing)}: needed and not pinned; run make lock")
    folder.mkdir(parents=True)
    fetch([pinned[name] for name in names], target, folder)
    arrived = {wheel.name: wheel for wheel in map(read_wheel, sorted(folder.glob("*.whl")))}
    if missing := [name for name in names if name not in arrived]:
        raise SetupError(f"pip fetched no wheel of {', '.join(missing)}")
    return arrived


class Asked(NamedTuple):
    """A distribution, and one of its extras or "" for what it always needs."""

    name: str
    extra: str


def _asked(requirement: Requirement, target: Target, extra: str = "") -> list[Asked]:
    if not _holds(requirement, target, extra):
        return []
    name = canonicalize_name(requirement.name)
    return [Asked(name, each) for each in ("", *sorted(requirement.extras))]


def _holds(requirement: Requirement, target: Target, extra: str = "") -> bool:
    marker = requirement.marker
    return marker is None or marker.evaluate({**target.markers(), "extra": extra})


def _needs(wheel: Wheel, extra: str, target: Target) -> set[Asked]:
    texts = wheel.metadata.get_all("Requires-Dist", [])
    return {asked for text in texts for asked in _asked(Requirement(text), target, extra)}


def read_wheel(path: Path) -> Wheel:
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
    return Wheel(
        path,
        canonicalize_name(str(metadata["Name"])),
        str(metadata["Version"]),
        hashlib.sha256(path.read_bytes()).hexdigest(),
        metadata,
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
