"""What the commands print: results on stdout as a table or JSON, everything else on stderr."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from rich.console import Console

UNBOUNDED = 10_000
"""Columns of a console that never wraps: one row stays one line for `grep` and `less -S`."""

ABSENT = "-"
"""How a table shows what is not known; it is never 0."""


class Format(StrEnum):
    """How a command prints its result."""

    TABLE = "table"
    JSON = "json"


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        key: its name in a row and in JSON, with the unit: `usd_per_hour`.
        title: its heading in a table, with the unit: `$/h`.
        align: right for numbers.
        show: how a table writes a value that is not None.
        wrap: whether a narrow terminal shows the text on several lines instead of cutting it.
    """

    key: str
    title: str
    align: Literal["left", "right"] = "left"
    show: Callable[[Any], str] = str
    wrap: bool = False


def print_json(document: object) -> None:
    """Print plain data on stdout, indented; refuses NaN and infinities, which are not JSON."""
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
    print(text)  # noqa: T201


def print_table(
    columns: Sequence[Column],
    rows: Sequence[Mapping[str, Any]],
    output: Format,
    title: str | None = None,
) -> None:
    """Print rows on stdout.

    As JSON: a list of objects with every column's key, null where a value is None or missing. As a
    table: Rich's, at its natural width when stdout is no terminal.
    """
    if output is Format.JSON:
        print_json([{column.key: row.get(column.key) for column in columns} for row in rows])
        return
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    heading = Text(title) if title else None
    table = Table(title=heading, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column.title, justify=column.align, no_wrap=column.align == "right")

    def cell(column: Column, value: Any) -> Text:
        # Text, for Rich would read `groups[spot]` in a plain string as markup. Where a terminal is
        # too narrow a text column gives way and its cells are cut; numbers stay whole.
        text = ABSENT if value is None else column.show(value)
        return Text(text, no_wrap=not column.wrap, overflow="fold" if column.wrap else "ellipsis")

    for row in rows:
        table.add_row(*(cell(column, row.get(column.key)) for column in columns))
    screen = console()
    screen.print(table)
    wanted = screen.measure(table, options=screen.options.update_width(UNBOUNDED)).maximum
    if wanted > screen.width and not any(column.wrap for column in columns):
        info(f"note: text is cut to {screen.width} of {wanted} columns; pipe it to see it whole")


def console() -> "Console":
    """Rich's console on stdout; without a terminal it neither wraps nor colours."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else UNBOUNDED, highlight=False)


def info(text: str) -> None:
    """A line on stderr for the user, not a part of the result."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201


def warn(text: str) -> None:
    """A line on stderr about something that the user should look at."""
    info(f"warning: {text}")


@contextmanager
def progress(label: str) -> Iterator[Callable[[str], None]]:
    """Say what is being done while it takes long.

    On a terminal a spinner on stderr that vanishes when done; otherwise one plain line a step.

    Yields:
        A function that changes the label to the next step's.
    """
    if not sys.stderr.isatty():
        info(f"{label} …")
        yield lambda text: info(f"{text} …")
        return
    from rich.console import Console
    from rich.markup import escape

    with Console(stderr=True).status(f"{escape(label)} …") as status:
        yield lambda text: status.update(f"{escape(text)} …")
