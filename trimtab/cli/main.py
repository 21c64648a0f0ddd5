"""The `trimtab` command: what every command shares, and where each one is.

A command is the function of its own name in the module of its own name, `trimtab.cli.<name>`. The
module is imported only when the command runs or shows its help, so that `trimtab --help` and shell
completion stay quick. A user's mistake ends in one line on stderr and a documented exit status.
"""

import errno
import importlib
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperCommand, TyperGroup
from typer.exceptions import TyperException

from trimtab import __version__
from trimtab.errors import EXIT_CODE_HELP, ExitCode, InputError, TrimtabError

COMMANDS: dict[str, str] = {
    "plan": "Turn a demand series into a CapacityPlan: what to run, when, bought how, and why.",
    "explain": "Say for every number of a plan, in one sentence, why it is what it is.",
    "backtest": "Replay demand in rolling time beside every baseline and the clairvoyant optimum.",
    "preview": "Show what a Pulumi program would provision, priced line by line from its plan.",
    "diff": "Show what a change costs, emits, risks and breaks: before, after, per resource and owner.",
    "comment": "Write a diff's comment on its pull request, in place of the one before.",
    "render": "Show what a Composition with our function gives, without a cluster.",
    "replay": "Make recorded calls of the composition function again, and compare the answers.",
    "offers": "List the offers of a price table, per hour and per accelerator-hour.",
    "example": "Write a synthetic year of demand and two workloads to plan from.",
    "schema": "Print the schema of a plan or a workload file: JSON Schema, or a cluster's CRD.",
}
"""Every command with the line that `trimtab --help` shows for it, in that order."""

INTERRUPTED = 130
OUTPUT_CLOSED = 141
"""What a shell reports for SIGINT and SIGPIPE."""

_DEBUG = "TRIMTAB_DEBUG"
_EXAMPLES = (
    "trimtab plan --demand gpus.csv --out plan.yaml",
    "trimtab explain plan.yaml",
    "trimtab preview --stack aws",
    "trimtab preview --stack aws --plan plan.yaml --format json",
)
_STATUS = {
    **{int(code): meaning for code, meaning in EXIT_CODE_HELP.items()},
    INTERRUPTED: "interrupted",
    OUTPUT_CLOSED: "the reader of the output closed it",
}
# \b keeps a paragraph's lines as they are.
_EPILOG = "\n".join(
    [
        "\b",
        "Examples:",
        *(f"  {example}" for example in _EXAMPLES),
        "",
        "\b",
        "Exit status:",
        *(f"  {status:<3}  {meaning}" for status, meaning in _STATUS.items()),
    ]
)


class LazyGroup(TyperGroup):
    """A group that knows its commands' names and summaries without importing them."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - Typer's signature
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - Typer's signature
        """A stand-in with the summary: enough to list a command and to complete its name."""
        if cmd_name not in COMMANDS:
            return None
        return TyperCommand(cmd_name, short_help=COMMANDS[cmd_name], rich_markup_mode=None)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command itself, for running it, its help and the completion of its options."""
        self.commands = dict.fromkeys(COMMANDS, self)  # what a misspelt name is compared with
        name, found, rest = super().resolve_command(ctx, args)
        return name, _load(name) if name and found else found, rest


def _load(name: str) -> Any:
    function = getattr(importlib.import_module(f"trimtab.cli.{name}"), name)
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command(name)(function)
    return typer.main.get_command(app)


# Plain help: Rich's takes a quarter of a second to import, and only the tables gain by it.
_app = typer.Typer(
    cls=LazyGroup,
    epilog=_EPILOG,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"trimtab {__version__}")
        raise typer.Exit


@_app.callback()
def _root(
    version: Annotated[  # noqa: ARG001 - its callback does the work
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
    debug: Annotated[
        bool,
        typer.Option("--debug", envvar=_DEBUG, help="Show the traceback of an error."),
    ] = False,
) -> None:
    """From a demand trace to a reviewed capacity plan, and from the plan to sized, priced stacks.

    Results go to stdout, everything else to stderr.
    """
    if debug:
        os.environ[_DEBUG] = "1"


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
    sys.exit(main(sys.argv[1:]))


def _run(arguments: Sequence[str]) -> int:
    try:
        command = typer.main.get_command(_app)
        status = command.main(list(arguments), prog_name="trimtab", standalone_mode=False)
    except typer.Abort:
        return INTERRUPTED
    except TyperException as misuse:
        raise _misuse(misuse) from None
    except SystemExit as stop:
        if isinstance(stop.__context__, BrokenPipeError):
            raise stop.__context__ from None
        return stop.code if isinstance(stop.code, int) else int(bool(stop.code))
    return status if isinstance(status, int) else ExitCode.OK


def _misuse(misuse: TyperException) -> InputError:
    """Typer's word on a wrong option or command, in one line as every other error."""
    text = getattr(misuse, "format_message", lambda: str(misuse))().rstrip(".")
    context = getattr(misuse, "ctx", None)
    command = context.command_path if context else "trimtab"
    message = text.replace("Value error, ", "")
    return InputError(message[:1].lower() + message[1:], mend=f"see {command} -h")


def _complain(kind: str, text: str) -> None:
    if os.environ.get(_DEBUG, "").lower() not in {"", "0", "false"}:
        traceback.print_exc()
    print(f"{kind}: {' '.join(text.splitlines())}", file=sys.stderr)  # noqa: T201


def _describe(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}: {error}{place}"


def _discard_output() -> None:
    # What is still buffered can't be written; without this the interpreter would say so at exit.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
