"""`docs/cli.md` has every command, option and exit status, and none that is not."""

import re
from pathlib import Path

import pytest

from trimtab.cli.main import COMMANDS
from trimtab.cli.typed import command_of
from trimtab.errors import EXIT_CODE_HELP

REFERENCE = Path(__file__).parents[3] / "docs" / "cli.md"


def section(command: str) -> str:
    parts = REFERENCE.read_text("utf-8").split("\n## ")
    (found,) = [part for part in parts if part.partition("\n")[0] == command]
    return found


def options(command: str) -> set[str]:
    it = command_of(command)
    parts = [it, *getattr(it, "commands", {}).values()]
    names = {name for part in parts for each in part.params for name in each.opts}
    return {name for name in names if name.startswith("--")} - {"--help"}


@pytest.mark.parametrize("command", COMMANDS)
def test_the_table_of_a_command_has_its_options(command: str) -> None:
    rows = [line for line in section(command).splitlines() if line.startswith("| `")]
    named = {name for row in rows for name in re.findall(r"`(--[a-z-]+)", row.split(" | ")[0])}
    assert named == options(command)
    assert f"$ trimtab {command}" in section(command)


def test_every_exit_status_stands_there() -> None:
    text = section("Exit status")
    for code, meaning in EXIT_CODE_HELP.items():
        assert f"| {int(code)} | {meaning} |" in text
