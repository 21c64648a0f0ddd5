"""A plain command line is read as Typer reads it, without Typer; the rest is left to Typer."""

import subprocess
import sys
from inspect import isfunction, signature
from pathlib import Path
from typing import Annotated, Any

import pytest
import typer
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.cli.main import COMMANDS, load
from trimtab.cli.parameters import argument, for_typer, option, read

PLAIN = {
    "plan": "--demand a=b.csv --demand c.csv --units-per-accelerator 2.5 --term 3y --interruptible "
    "--provider aws --horizon=14d --out plan.yaml --format json",
    "explain": "plan.yaml --pool a --format table",
    "backtest": "--demand a.csv --on-demand 3 --spot 1.25 --split 0.6 --unit gpus --full-term "
    "--spot-availability x.csv --shift 2@0.5 --commitment 3y",
    "preview": "--stack aws --config a=b --config c=d=e --engine recorder --format json",
    "diff": "before.json - --as-of 2026-11-01 --max-unpriced 0.1 --comment-limit 2000 --fail-on never "
    "--out a.md --out b.json --region aws=eu-west-1 --format html --explain=web-*",
    "comment": "comment.md --number 12",
    "render": "xr.yaml composition.yaml --required a.yaml --observed b.yaml --xrd c.yaml",
    "replay": "a.bin b.bin c.bin --expect",
    "offers": "--provider aws --region us-east-1 --accelerator h100 --format json",
    "example": "--out folder --estate",
    "promote": "--from a.yaml --to b.yaml --running 3f2a9c01b4de --at 2026-11-23T12:00:00Z --soak 24h "
    "--largest-step 0.25 --approvals approvals --pools-may-change",
    "schema": "capacityplan --as crd --out crd.yaml",
}


def as_typer_reads(command: Any, words: list[str]) -> dict[str, Any] | None:
    """What Typer gives the command for the words; None where it refuses them."""
    seen: list[dict[str, Any]] = []

    def record(**given: Any) -> None:
        seen.append(given)

    record.__signature__ = signature(command)  # type: ignore[attr-defined]
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command("it")(for_typer(record))
    try:
        typer.main.get_command(app).main(words, prog_name="it", standalone_mode=False)
    except typer.exceptions.TyperException:
        return None
    return seen[0] if seen else None


def kinds(values: dict[str, Any]) -> dict[str, Any]:
    """Types, too: 1 equals 1.0 and True."""
    return {
        name: (type(value), [type(each) for each in value] if isinstance(value, list) else ())
        for name, value in values.items()
    }


def check(command: Any, words: list[str]) -> dict[str, Any] | None:
    """Both readings agree wherever there are two."""
    ours = read(command, words)
    if ours is not None:
        theirs = as_typer_reads(command, words)
        assert theirs is not None
        assert (ours, kinds(ours)) == (theirs, kinds(theirs))
    return ours


def test_every_command_is_tried() -> None:
    functions = {name for name in COMMANDS if isfunction(load(name))}
    assert set(PLAIN) == functions


@pytest.mark.parametrize("name", PLAIN)
def test_a_plain_command_line_is_read_as_typer_reads_it(name: str) -> None:
    assert check(load(name), PLAIN[name].split()) is not None


def probe(
    one: Annotated[Path, argument(help="A path.")],
    many: Annotated[list[str], argument(help="Words.")],
    text: Annotated[str, option(help="Text.")] = "none",
    share: Annotated[float, option(min=0, max=1, help="A share.")] = 0,
    count: Annotated[int | None, option("--count", min=2, help="A count.")] = None,
    flag: Annotated[bool, option(help="Yes or no.")] = True,
    only: Annotated[bool, option("--only", help="Yes.")] = False,
    names: Annotated[list[str] | None, option(help="Names.")] = None,
    file: Annotated[Path | None, option("--as-file", help="A file.")] = None,
) -> None:
    """Take what there is."""


WORDS = [
    "--text",
    "--text=",
    "--text=a=b",
    "--share",
    "--share=0.5",
    "--share=2",
    "--count",
    "--count=3",
    "--count=1",
    "--flag",
    "--flag=yes",
    "--no-flag",
    "--only",
    "--no-only",
    "--names",
    "--as-file",
    "--file",
    "--no",
    "-n",
    "-",
    "--",
    "-1",
    "0.5",
    "1e3",
    "inf",
    "+3",
    "3",
    " 3 ",
    "",
    "ü",
    "\udcff",
    "/",
    "a b",
    "tru",
]


@given(st.lists(st.sampled_from(WORDS), max_size=8))
@settings(max_examples=400, deadline=None)
def test_whatever_is_read_is_what_typer_reads(words: list[str]) -> None:
    check(probe, words)


@pytest.mark.parametrize(
    ("words", "known"),
    [
        ("a b", True),
        ("a b c --count 2 --no-flag", True),
        ("a", False),
        ("a b --count 1", False),
        ("a b --count two", False),
        ("a b --share 1.5", False),
        ("a b --coun 3", False),
        ("a b --text", False),
        ("a b --help", False),
        ("a b -- c", False),
    ],
)
def test_what_is_not_right_and_plain_is_left_to_typer(words: str, known: bool) -> None:
    assert (check(probe, words.split()) is not None) is known


def test_a_file_that_may_not_be_read_is_left_to_typer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "secret"
    file.touch()
    words = ["a", "b", "--as-file", str(file)]
    assert check(probe, words) is not None
    monkeypatch.setattr("os.access", lambda path, _: str(path) != str(file))
    assert as_typer_reads(probe, words) is None
    assert read(probe, words) is None


def test_a_plain_command_line_needs_no_typer(tmp_path: Path) -> None:
    script = (
        "import sys, trimtab.cli.main as m; status = m.main(sys.argv[1:]); "
        "print(status, *sorted({'typer', 'click', 'pydantic'} & set(sys.modules)), file=sys.stderr)"
    )
    command = [sys.executable, "-c", script, "example", "--out", str(tmp_path / "new")]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert result.stderr.splitlines()[-1] == "0"
