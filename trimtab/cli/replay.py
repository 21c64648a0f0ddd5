"""`trimtab replay`: a recorded call of the composition function, made again in this process."""

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from trimtab.cli.output import info
from trimtab.cli.parameters import argument, option
from trimtab.errors import InputError

if TYPE_CHECKING:
    from trimtab.rendering import Document, Replayed, Replayer


def replay(
    files: Annotated[list[Path], argument(help="Calls that were recorded.", metavar="FILE...")],
    as_of: Annotated[
        str | None,
        option(
            "--as-of",
            metavar="INSTANT",
            help="Instant that the function takes for the present; default: the recorded call's.",
        ),
    ] = None,
    expect: Annotated[
        bool,
        option(
            "--expect", help="Print only what differs from the recorded answer; fail if anything."
        ),
    ] = False,
) -> None:
    """Make recorded calls of the composition function again, and print the answers.

    The function records calls to the folder that TRIMTAB_RECORD_DIR names. Secrets are masked in
    what it writes. An equal call and instant give an equal answer, in any process.

    \b
    Examples:
      trimtab replay recorded/3f2a….json
      trimtab replay recorded/*.json --expect
      trimtab replay recorded/3f2a….json --as-of 2026-12-01T00:00:00Z
    """
    from trimtab.cli.engines import installed, load
    from trimtab.cli.render import instant_of
    from trimtab.rendering import REPLAY_GROUP

    instant: datetime | None = instant_of(as_of) if as_of else None
    replayer: Replayer = load(installed(REPLAY_GROUP, "composition function")["local"])
    different = 0
    for path in files:
        replayed = replayer(path, instant)
        if not expect:
            _print(path, replayed.answer)
        elif lines := _differences(path, replayed):
            different += 1
            sys.stdout.writelines(lines)
        else:
            info(f"{path}: as recorded")
    if different:
        raise InputError(
            f"answers that differ from what was recorded: {different} of {len(files)}",
            mend="see the difference above; another version of the function may mean it",
        )


def _print(path: Path, answer: "Document") -> None:
    sys.stdout.write(f"# {path}\n{_yaml(answer)}")


def _differences(path: Path, replayed: "Replayed") -> list[str]:
    import difflib

    recorded, answer = (
        _yaml(each).splitlines(keepends=True) for each in (replayed.recorded, replayed.answer)
    )
    return list(difflib.unified_diff(recorded, answer, f"{path} (recorded)", f"{path} (now)"))


def _yaml(document: "Document") -> str:
    import yaml

    return str(yaml.safe_dump(document, explicit_start=True, sort_keys=True, allow_unicode=True))
