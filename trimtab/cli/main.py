"""The `trimtab` command: what every command shares, and where each one is.

A command is the function of its own name in the module of its own name, `trimtab.cli.<name>`; one that
has commands of its own is a dict of them there. The module is imported only when the command runs or
shows its help, so that `trimtab --help` and shell completion stay quick; Typer is imported only where a
command line is not right and plain. A user's mistake ends in one line on stderr and a documented exit
status.
"""

import errno
import importlib
import io
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from trimtab.cli.parameters import read
from trimtab.errors import ExitCode, TrimtabError

COMMANDS: dict[str, str] = {
    "plan": "Turn a demand series into a CapacityPlan: what to run, when, bought how, and why.",
    "explain": "Say for every number of a plan, in one sentence, why it is what it is.",
    "backtest": "Replay demand in rolling time beside every baseline and the clairvoyant optimum.",
    "preview": "Show what a Pulumi program would provision, priced line by line from its plan.",
    "diff": "Show what a change costs, emits, risks and breaks: before, after, per resource and owner.",
    "comment": "Write a diff's comment on its pull request, in place of the one before.",
    "promote": "Hand an environment's plan to the next one, if it has proved itself there.",
    "render": "Show what a Composition with our function gives, without a cluster.",
    "replay": "Make recorded calls of the composition function again, and compare the answers.",
    "catalog": "Fetch the providers' prices, and see what a machine costs, where and how bought.",
    "storage": "See what storage costs, and what to do with claims and objects that are there.",
    "offers": "List the offers of a price table, per hour and per accelerator-hour.",
    "example": "Write a synthetic year of demand and two workloads to plan from.",
    "schema": "Print the schema of a plan or a workload file: JSON Schema, or a cluster's CRD.",
}
"""Every command with the line that `trimtab --help` shows for it, in that order."""

INTERRUPTED = 130
OUTPUT_CLOSED = 141
"""What a shell reports for SIGINT and SIGPIPE."""

DEBUG = "TRIMTAB_DEBUG"
"""The environment variable that shows the traceback of an error."""

_COMPLETE = "_TRIMTAB_COMPLETE"


def main(arguments: Sequence[str]) -> int:
    """Run the command line.

    Args:
        arguments: the words after `trimtab`.

    Returns:
        The exit status: an `ExitCode`, 130 when interrupted, 141 when the output was closed.
    """
    try:
        status = _run(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        _discard_output()
        return OUTPUT_CLOSED
    except TrimtabError as error:
        _complain("error", str(error))
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the last resort: a defect is reported in one line
        if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
            _discard_output()
            _complain("error", f"{error.strerror}; free some and run again")
            return ExitCode.BAD_INPUT
        _complain("defect", f"{_describe(error)}; see it whole with --debug, and please report it")
        return ExitCode.DEFECT
    return status


def run() -> NoReturn:
    """The console script."""
    _writable_output()
    sys.exit(main(sys.argv[1:]))


def load(name: str) -> Callable[..., Any] | dict[str, Callable[..., Any]]:
    """The function of a command, or those of its own commands by their names."""
    found: Callable[..., Any] | dict[str, Callable[..., Any]]
    found = getattr(importlib.import_module(f"trimtab.cli.{name}"), name)
    return found


def _writable_output() -> None:
    """Output that takes every text: a terminal of an old code page shows ? for what it has no sign for,
    and one that was closed before the start takes it and forgets it."""
    if sys.stdout is None:
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - until the exit
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - until the exit
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.encoding.lower() not in {
            "utf-8",
            "utf8",
        }:
            stream.reconfigure(errors="replace")


def _run(arguments: Sequence[str]) -> int:
    try:
        status = _done(arguments)
    except SystemExit as stop:
        if isinstance(stop.__context__, BrokenPipeError):
            raise stop.__context__ from None
        return stop.code if isinstance(stop.code, int) else int(bool(stop.code))
    return status if isinstance(status, int) else ExitCode.OK


def _done(arguments: Sequence[str]) -> object:
    """Do what the words say: what the command returns, or the exit status.

    Raises:
        InputError: they say nothing that can be done.
    """
    name, words = next(iter(arguments), ""), arguments[1:]
    if name in COMMANDS and not os.environ.get(DEBUG) and _COMPLETE not in os.environ:
        command = load(name)
        if isinstance(command, dict):
            name, words = next(iter(words), ""), words[1:]
            command = command.get(name, main)  # whatever is no command of it, Typer has a word on
        given = read(command, words)
        if given is not None:
            return command(**given)
    from trimtab.cli.typed import run as run_typer

    return run_typer(arguments)


def _complain(kind: str, text: str) -> None:
    if os.environ.get(DEBUG, "").lower() not in {"", "0", "false"}:
        import traceback

        traceback.print_exc()
    print(f"{kind}: {' '.join(text.splitlines())}", file=sys.stderr)  # noqa: T201


def _describe(error: Exception) -> str:
    import traceback

    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}: {error}{place}"


def _discard_output() -> None:
    # What is still buffered can't be written; without this the interpreter would say so at exit.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
