"""Answers to a program's `get_…` calls, which only a cloud could give: a table, looked up by name.

A fixture file is YAML: a function's token (`aws:ec2/getAmi:getAmi`, or without the repetition
`aws:ec2/getAmi`) and its answer, or a list of `{when, answer}` of which the first counts whose
`when` is a part of the call's arguments. `${region}` in a text stands for the call's region.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from trimtab.errors import InputError
from trimtab.files import read_text

FILE_NAME = "preview-fixtures.yaml"
"""Read beside the stacks' files when the request names no other."""


@dataclass
class Fixtures:
    """The table, the user's answers before the built-in ones.

    Attributes:
        own: the user's answers by token.
        path: their file; where a missing answer belongs.
        region: the stack's region, or None.
        used: tokens that a built-in stand-in has answered.
    """

    own: Mapping[str, Any]
    path: Path
    region: str | None
    used: set[str] = field(default_factory=set)

    def answer(self, token: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """The answer to a call.

        Raises:
            InputError: there is none; says where to put one.
        """
        found = self._match(self.own, token, arguments)
        if found is None:
            found = self._match(_built_in(), token, arguments)
            if found is not None:
                self.used.add(_short(token))
        if found is None:
            raise InputError(
                f"the program calls {_short(token)}, which only a deployment can answer",
                mend=f"put its answer in {self.path} as `{_short(token)}: {{…}}` "
                "or ask the real engine with --engine pulumi",
            )
        answer = self._filled(found, token, arguments)
        if not isinstance(answer, Mapping):
            raise InputError(f"{_short(token)}: is not a mapping", where=str(self.path))
        return answer

    def _match(self, table: Mapping[str, Any], token: str, arguments: Mapping[str, Any]) -> Any:
        entry = table.get(token, table.get(_short(token)))
        if not isinstance(entry, list):
            return entry
        for case in entry:
            if not isinstance(case, Mapping) or "answer" not in case:
                raise InputError(
                    f"{_short(token)}: a list must hold {{when, answer}} mappings",
                    where=str(self.path),
                )
            wanted = case.get("when") or {}
            if all(arguments.get(name) == value for name, value in wanted.items()):
                return case["answer"]
        return None

    def _filled(self, value: Any, token: str, arguments: Mapping[str, Any]) -> Any:
        if isinstance(value, Mapping):
            return {key: self._filled(item, token, arguments) for key, item in value.items()}
        if isinstance(value, list):
            return [self._filled(item, token, arguments) for item in value]
        if isinstance(value, str) and "${region}" in value:
            region = arguments.get("region") or self.region
            if not region:
                raise InputError(
                    f"the program calls {_short(token)}, but the stack has no region",
                    mend="set aws:region in the stack's file",
                )
            return value.replace("${region}", str(region))
        return value


def load_fixtures(path: Path | None, folder: Path, region: str | None) -> Fixtures:
    """The user's fixtures.

    Args:
        path: their file; None for FILE_NAME in the stacks' folder, which need not exist.
        folder: where the stacks' files are.
        region: the stack's `aws:region`, or None.

    Raises:
        InputError: the file is missing, is not YAML, or is not a mapping.
    """
    place = path or folder / FILE_NAME
    if path is None and not place.exists():
        return Fixtures({}, place, region)
    return Fixtures(_parse(read_text(place), str(place)), place, region)


def _built_in() -> Mapping[str, Any]:
    source = files(__package__).joinpath("fixtures.yaml")
    return _parse(source.read_text("utf-8"), source.name)


def _parse(text: str, where: str) -> Mapping[str, Any]:
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        raise InputError("is not YAML", where=f"{where}{line}") from None
    if data is None:
        return {}
    if not isinstance(data, Mapping):
        raise InputError("is not a mapping of function names to answers", where=where)
    return data


def _short(token: str) -> str:
    """`aws:ec2/getAmi:getAmi` as `aws:ec2/getAmi`."""
    head, _, tail = token.rpartition(":")
    return head if head.endswith(f"/{tail}") else token
