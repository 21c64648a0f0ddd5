"""A Pulumi project and one of its stacks, read from their files as Pulumi's own CLI reads them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from trimtab.errors import InputError, allowed
from trimtab.files import read_text

PROJECT_FILES = ("Pulumi.yaml", "Pulumi.yml")


class _Loader(yaml.SafeLoader):
    """YAML without timestamps: `asOf: 2026-03-01T00:00:00Z` is text to Pulumi."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@dataclass(frozen=True)
class Config:
    """A stack's configuration: text by full key, and which keys are secret.

    A secret's text is its ciphertext, which nothing here can open.
    """

    values: Mapping[str, str]
    secret_keys: frozenset[str]


@dataclass(frozen=True)
class Project:
    """A Python Pulumi project.

    Attributes:
        name: the project's name.
        file: its Pulumi.yaml.
        program: the folder that the program runs in.
        main: the script that is run.
        stack_folder: where the stacks' files are.
        defaults: the configuration that Pulumi.yaml gives every stack, by key as written.
    """

    name: str
    file: Path
    program: Path
    main: Path
    stack_folder: Path
    defaults: Mapping[str, Any]

    @property
    def folder(self) -> Path:
        """Where Pulumi.yaml is: Pulumi's root directory."""
        return self.file.parent


def find_project(start: Path) -> Project:
    """The project that a path belongs to.

    Args:
        start: Pulumi.yaml itself, its folder, or any folder below.

    Raises:
        InputError: there is no project, it is not in Python, or its program is missing.
    """
    if not start.exists():
        raise InputError("no such folder", where=str(start), mend="name the program's folder")
    folder = start.resolve()
    folders = [folder.parent] if folder.is_file() else [folder, *folder.parents]
    candidates = (place / name for place in folders for name in PROJECT_FILES)
    file = next((path for path in candidates if path.is_file()), None)
    if file is None:
        raise InputError(
            "no Pulumi.yaml here or above",
            where=str(start),
            mend="run from the project's folder, or name it with --program",
        )
    data = load_mapping(file)
    name = data.get("name")
    if not isinstance(name, str) or not name:
        raise InputError("name: missing", where=str(file), mend="give the project a name")
    runtime = data.get("runtime")
    language = runtime.get("name") if isinstance(runtime, Mapping) else runtime
    if language != "python":
        raise InputError(
            f"runtime: is {language or 'missing'}",
            where=str(file),
            mend="only Python programs can be previewed without an engine; for others --engine pulumi",
        )
    main = (file.parent / str(data.get("main", "."))).resolve()
    script = main / "__main__.py" if main.is_dir() else main
    if not script.is_file():
        raise InputError(
            f"main: {script} does not exist", where=str(file), mend="name the program's folder"
        )
    return Project(
        name=name,
        file=file,
        program=script.parent,
        main=script,
        stack_folder=(file.parent / str(data.get("stackConfigDir", "."))).resolve(),
        defaults=_section(data, "config", file),
    )


def stack_file(project: Project, stack: str) -> Path:
    """The stack's file.

    Raises:
        InputError: there is none; lists the stacks that there are.
    """
    path = project.stack_folder / f"Pulumi.{stack.rpartition('/')[2]}.yaml"
    if not path.is_file():
        stacks = {
            file.name.removeprefix("Pulumi.").removesuffix(".yaml")
            for file in project.stack_folder.glob("Pulumi.*.yaml")
        }
        have = f"name one of: {allowed(stacks)}" if stacks else "create it"
        raise InputError(f"no stack {stack!r}: {path} does not exist", where="--stack", mend=have)
    return path


def read_config(project: Project, stack: str, overrides: Mapping[str, str]) -> Config:
    """The stack's configuration: overrides, then the stack's file, then the project's defaults."""
    path = stack_file(project, stack)
    values: dict[str, str] = {}
    secret_keys: set[str] = set()
    for key, entry in project.defaults.items():
        value = entry
        if isinstance(entry, Mapping):  # a declaration: {type, default} or {value}
            value = entry.get("value", entry.get("default"))
        if value is not None:
            values[_full_key(project, key)] = _text(value)
    for key, value in _section(load_mapping(path), "config", path).items():
        full = _full_key(project, key)
        values[full] = _text(value)
        secret_keys.discard(full)
        if _holds_secret(value):
            secret_keys.add(full)
    for key, text in overrides.items():
        full = _full_key(project, key)
        values[full] = text
        secret_keys.discard(full)
    return Config(values, frozenset(secret_keys))


def load_mapping(path: Path) -> Mapping[str, Any]:
    """A YAML file that holds a mapping, timestamps as text.

    Raises:
        InputError: it cannot be read, is not YAML, or holds something else.
    """
    try:
        data = yaml.load(read_text(path), Loader=_Loader)  # noqa: S506 - a safe loader
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "cannot be parsed"
        raise InputError(f"is not YAML ({problem})", where=f"{path}{line}") from None
    if data is None:
        return {}
    if not isinstance(data, Mapping):
        raise InputError("is not a mapping", where=str(path))
    return data


def _section(data: Mapping[str, Any], name: str, path: Path) -> Mapping[str, Any]:
    section = data.get(name)
    if section is None:
        return {}
    if isinstance(section, str):
        return {}  # the old form of stackConfigDir
    if not isinstance(section, Mapping):
        raise InputError(f"{name}: is not a mapping", where=str(path))
    return section


def _full_key(project: Project, key: str) -> str:
    return key if ":" in key else f"{project.name}:{key}"


def _text(value: Any) -> str:
    """As Pulumi hands a value to a program: text as it is, anything else as Go writes JSON."""
    if isinstance(value, str):
        return value
    return json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False)


def _holds_secret(value: Any) -> bool:
    if isinstance(value, Mapping):
        return set(value) == {"secure"} or any(map(_holds_secret, value.values()))
    return isinstance(value, list) and any(map(_holds_secret, value))
