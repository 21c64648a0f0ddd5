"""Refuse pins that don't satisfy the pyproject.toml files, and installs that don't equal the pins.

Two environments exist because Pulumi and Crossplane need different protobufs; asked for both at
once, a resolver back-tracks to years-old releases instead of failing. So every dependency states
the oldest release that will do, and this check compares three things: what the pyproject.toml files
ask for, what requirements/<environment>.txt pins, and what is installed.

Run in the environment that it checks: `.venv/pulumi/bin/python -m tools.check_pins pulumi`.
"""

import argparse
import dataclasses
import importlib.metadata
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tools.environments import ENVIRONMENTS, ROOT, Environment

LOCK = "run `make lock`"


def asked(environment: Environment) -> Iterator[tuple[str, Requirement]]:
    """Every requirement that the pyproject.toml files put into an environment, and where it stands."""
    own = set()
    documents = {
        path.relative_to(environment.root): _toml(path) for path in environment.pyprojects()
    }
    for document in documents.values():
        own.add(canonicalize_name(document["project"]["name"]))
    for path, document in documents.items():
        project = document["project"]
        lists = {f"{path} dependencies": project.get("dependencies", [])}
        for extra, lines in project.get("optional-dependencies", {}).items():
            if extra in environment.extras:
                lists[f"{path} extra {extra}"] = lines
        for where, lines in lists.items():
            for line in lines:
                requirement = Requirement(line)
                if canonicalize_name(requirement.name) not in own:
                    yield where, requirement
    groups = _toml(environment.root / "pyproject.toml").get("dependency-groups", {})
    for group in environment.groups:
        for line in groups[group]:
            yield f"pyproject.toml group {group}", Requirement(line)


def _toml(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def pinned(text: str) -> dict[str, Version]:
    """The pins of a requirement file that apply to this Python and system, by canonical name."""
    pins: dict[str, Version] = {}
    for line in text.replace("\\\n", " ").splitlines():
        stated = line.partition(" --hash")[0].partition(" #")[0].strip()
        if not stated or stated.startswith(("#", "-")):
            continue
        try:
            requirement = Requirement(stated)
        except InvalidRequirement:
            continue
        exact = [s.version for s in requirement.specifier if s.operator == "=="]
        if exact and (requirement.marker is None or requirement.marker.evaluate()):
            pins[canonicalize_name(requirement.name)] = Version(exact[0])
    return pins


def unmet(
    requirements: Sequence[tuple[str, Requirement]], pins: Mapping[str, Version]
) -> list[str]:
    """What the pins fail to give, one line each, naming package, found, wanted and the mend."""
    problems = []
    for where, requirement in requirements:
        if requirement.marker is not None and not requirement.marker.evaluate():
            continue
        name = canonicalize_name(requirement.name)
        floors = [s for s in requirement.specifier if s.operator in (">=", ">", "==", "~=")]
        if not floors:
            problems.append(
                f"{name}: {where} states no oldest release, so a resolver may back-track to any; "
                f"write `{name}>=…`, then {LOCK}"
            )
        if name not in pins:
            problems.append(f"{name}: not pinned, wanted {requirement} ({where}); {LOCK}")
        elif not requirement.specifier.contains(pins[name], prereleases=True):
            old = any(pins[name] < Version(s.version) for s in floors if s.operator != "==")
            verb = "back-tracked to" if old else "pinned at"
            problems.append(
                f"{name}: {verb} {pins[name]}, wanted {requirement.specifier} ({where}); {LOCK}"
            )
    return problems


def drifted(pins: Mapping[str, Version], installed: Mapping[str, Version]) -> list[str]:
    """Where an environment holds something else than its pins, one line each."""
    problems = []
    for name, wanted in sorted(pins.items()):
        found = installed.get(name)
        if found != wanted:
            state = f"{found} installed" if found else "not installed"
            problems.append(
                f"{name}: {state}, pinned at {wanted}; remove the environment's folder (`make "
                "clean-environments`), then run the same command again"
            )
    return problems


def installed_here() -> dict[str, Version]:
    """What the running Python's environment holds, by canonical name."""
    return {
        canonicalize_name(found.metadata["Name"]): Version(found.version)
        for found in importlib.metadata.distributions()
        if found.metadata["Name"]
    }


def check(environment: Environment, installed: Mapping[str, Version] | None) -> list[str]:
    """Every problem of one environment; `installed` is None when only its files are checked."""
    pins = pinned(environment.requirements.read_text(encoding="utf-8"))
    problems = unmet(list(asked(environment)), pins)
    return problems + (drifted(pins, installed) if installed is not None else [])


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("environment", nargs="+", choices=sorted(ENVIRONMENTS))
    parser.add_argument(
        "--files-only", action="store_true", help="compare the files, not what is installed"
    )
    parser.add_argument("--root", type=Path, default=ROOT, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    installed = None if options.files_only else installed_here()
    problems = {
        f"requirements/{name}.txt: {line}": None
        for name in options.environment
        for line in check(dataclasses.replace(ENVIRONMENTS[name], root=options.root), installed)
    }
    for line in problems:
        print(f"error: {line}", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
