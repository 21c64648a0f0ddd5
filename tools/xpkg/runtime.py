"""What the function runs on, as `functions/runtime.yaml` says, and a target's pip tags."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tools.steps import SetupError

MACHINES: Mapping[str, str] = {"amd64": "x86_64", "arm64": "aarch64"}
"""Machine names of Linux by an image's architecture."""

_OLDEST_GLIBC = {"amd64": 5, "arm64": 17}  # the first manylinux of each
_LEGACY = {5: "manylinux1", 12: "manylinux2010", 17: "manylinux2014"}


@dataclass(frozen=True)
class Runtime:
    """The file's content.

    Attributes:
        image, tag, digest: the base: a repository, the tag it was resolved from, its index.
        python: the base's Python, such as "3.13".
        glibc_minor: of the base's glibc 2.x.
        interpreter: of the base, absolute.
        site: the image's folder for packages.
        extras: of the projects' optional dependencies, those that go in.
        leave_out: patterns of files in wheels that nothing imports at run time.
    """

    image: str
    tag: str
    digest: str
    python: str
    glibc_minor: int
    interpreter: str
    architectures: tuple[str, ...]
    site: str
    environment: Mapping[str, str]
    user: str
    port: int
    arguments: tuple[str, ...]
    extras: tuple[str, ...]
    leave_out: tuple[str, ...]


def read_runtime(path: Path) -> Runtime:
    """Read runtime.yaml.

    Raises:
        SetupError: the file is missing, or a field is.
    """
    try:
        data: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
        base = data["base"]
        return Runtime(
            image=base["image"],
            tag=base["tag"],
            digest=base["digest"],
            python=base["python"],
            glibc_minor=int(base["glibc"].removeprefix("2.")),
            interpreter=base["interpreter"],
            architectures=tuple(data["architectures"]),
            site=data["site"],
            environment=data["environment"],
            user=data["user"],
            port=data["port"],
            arguments=tuple(data["arguments"]),
            extras=tuple(data["extras"]),
            leave_out=tuple(data["leaveOut"]),
        )
    except FileNotFoundError:
        raise SetupError(f"{path} is missing; restore it") from None
    except KeyError as error:
        raise SetupError(f"{path}: {error.args[0]} is missing; write it") from None


@dataclass(frozen=True)
class Target:
    """What wheels are chosen for: an architecture, and the base's Python and C library."""

    architecture: str
    python: str
    glibc_minor: int

    @property
    def machine(self) -> str:
        """Linux's name of the architecture."""
        return MACHINES[self.architecture]

    def platforms(self) -> list[str]:
        """The platform tags that the base can load, the newest first."""
        tags = []
        for minor in range(self.glibc_minor, _OLDEST_GLIBC[self.architecture] - 1, -1):
            tags.append(f"manylinux_2_{minor}_{self.machine}")
            if minor in _LEGACY:
                tags.append(f"{_LEGACY[minor]}_{self.machine}")
        return [*tags, f"linux_{self.machine}"]

    def pip_options(self) -> list[str]:
        """What tells pip to choose for this target instead of for the Python that it runs on."""
        abi = f"cp{self.python.replace('.', '')}"
        options = ["--implementation", "cp", "--python-version", self.python]
        for each in (abi, "abi3", "none"):
            options += ["--abi", each]
        for each in self.platforms():
            options += ["--platform", each]
        return options

    def markers(self) -> dict[str, str]:
        """The environment that a requirement's marker is read in."""
        return {
            "implementation_name": "cpython",
            "implementation_version": f"{self.python}.0",
            "os_name": "posix",
            "platform_machine": self.machine,
            "platform_python_implementation": "CPython",
            "platform_release": "",
            "platform_system": "Linux",
            "platform_version": "",
            "python_full_version": f"{self.python}.0",
            "python_version": self.python,
            "sys_platform": "linux",
            "extra": "",
        }


def target(runtime: Runtime, architecture: str) -> Target:
    """The target of one architecture.

    Raises:
        SetupError: the package is not built for that architecture.
    """
    if architecture not in runtime.architectures:
        raise SetupError(
            f"no architecture {architecture}; choose one of: {', '.join(runtime.architectures)}"
        )
    return Target(architecture, runtime.python, runtime.glibc_minor)
