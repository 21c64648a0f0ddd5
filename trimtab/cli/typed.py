"""The command line as Typer has it: help, completion, and its words on what is misspelt or missing.

`trimtab.cli.main` comes here with every command line that is not right and plain.
"""

import os
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.exceptions import TyperException

from trimtab import __version__
from trimtab.cli.main import COMMANDS, DEBUG, INTERRUPTED, OUTPUT_CLOSED, load
from trimtab.cli.parameters import for_typer
from trimtab.errors import EXIT_CODE_HELP, InputError

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
        return name, command_of(name) if name and found else found, rest


def command_of(name: str) -> Any:
    """A command with its parameters, or with the commands that it has, as Typer has it."""
    found = load(name)
    if not isinstance(found, dict):
        app = typer.Typer(add_completion=False, rich_markup_mode=None)
        app.command(name)(for_typer(found))
        return typer.main.get_command(app)
    examples = [f"  trimtab {name} {each} --help" for each in found]
    text = "\n".join([COMMANDS[name], "", "\b", "Examples:", *examples])
    group = typer.Typer(add_completion=False, rich_markup_mode=None, help=text)
    for each, function in found.items():
        group.command(each)(for_typer(function))
    return typer.main.get_command(group)


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
        typer.Option("--debug", envvar=DEBUG, help="Show the traceback of an error."),
    ] = False,
) -> None:
    """From a demand trace to a reviewed capacity plan, and from the plan to sized, priced stacks.

    Results go to stdout, everything else to stderr.
    """
    if debug:
        os.environ[DEBUG] = "1"


def run(arguments: Sequence[str]) -> object:
    """Do what the words say: what the command returns, or the exit status.

    Raises:
        InputError: they say nothing that can be done.
    """
    try:
        command = typer.main.get_command(_app)
        return command.main(list(arguments), prog_name="trimtab", standalone_mode=False)
    except typer.Abort:
        return INTERRUPTED
    except TyperException as misuse:
        raise _misuse(misuse) from None


def _misuse(misuse: TyperException) -> InputError:
    """Typer's word on a wrong option or command, in one line as every other error."""
    text = getattr(misuse, "format_message", lambda: str(misuse))().rstrip(".")
    context = getattr(misuse, "ctx", None)
    command = context.command_path if context else "trimtab"
    message = text.replace("Value error, ", "")
    return InputError(message[:1].lower() + message[1:], mend=f"see {command} -h")
