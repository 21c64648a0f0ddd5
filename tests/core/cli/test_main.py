"""The command line's frame: exit statuses, one-line errors, help, completion, speed."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from trimtab.cli import main as frame
from trimtab.errors import (
    EXIT_CODE_HELP,
    EngineError,
    ExitCode,
    InfeasibleError,
    InputError,
    StalePlanError,
)


def trimtab(*arguments: str, **options: object) -> "subprocess.CompletedProcess[str]":
    command = [str(Path(sys.executable).with_name("trimtab")), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload,no-any-return]


def test_the_package_runs_as_a_module_as_the_script_does() -> None:
    script = trimtab("no-such-command")
    command = [sys.executable, "-m", "trimtab", "no-such-command"]
    module = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (module.returncode, module.stderr) == (script.returncode, script.stderr)
    assert module.returncode == ExitCode.BAD_INPUT


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], None]], None]:
    """Puts a command named `probe` in the table that does what the test gives."""
    monkeypatch.delenv("TRIMTAB_DEBUG", raising=False)

    def use(action: Callable[[], None]) -> None:
        module = ModuleType("trimtab.cli.probe")

        def probe() -> None:
            """Do what the test says."""
            action()

        module.probe = probe  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "trimtab.cli.probe", module)
        monkeypatch.setitem(frame.COMMANDS, "probe", "Do what the test says.")

    return use


def raising(error: BaseException) -> Callable[[], None]:
    def action() -> None:
        raise error

    return action


@pytest.mark.parametrize(
    ("error", "status", "line"),
    [
        (
            InputError("is wrong", where="f.csv:3", mend="mend it"),
            2,
            "error: f.csv:3: is wrong; mend it",
        ),
        (InfeasibleError("nothing fits"), 3, "error: nothing fits"),
        (StalePlanError("has expired"), 4, "error: has expired"),
        (EngineError("no engine"), 5, "error: no engine"),
        (InputError("two\nlines"), 2, "error: two lines"),
        (KeyboardInterrupt(), 130, ""),
        (SystemExit(7), 7, ""),
        (BrokenPipeError(32, "Broken pipe"), 141, ""),
        (OSError(28, "No space left on device"), 2, "error: No space left on device; free some"),
    ],
)
def test_errors_end_in_one_line_and_their_status(
    command: Callable[[Callable[[], None]], None],
    capfd: pytest.CaptureFixture[str],
    error: BaseException,
    status: int,
    line: str,
) -> None:
    command(raising(error))
    streams, output = (sys.stdout, sys.stderr), os.dup(1)
    try:
        assert frame.main(["probe"]) == status
    finally:
        sys.stdout, sys.stderr = streams
        os.dup2(output, 1)
        os.close(output)
    shown = capfd.readouterr().err.strip()
    assert shown.startswith(line)
    assert len(shown.splitlines()) == bool(line)


def test_a_defect_is_one_line_that_asks_for_a_report(
    command: Callable[[Callable[[], None]], None], capfd: pytest.CaptureFixture[str]
) -> None:
    command(raising(ZeroDivisionError("oops")))
    assert frame.main(["probe"]) == ExitCode.DEFECT
    (line,) = capfd.readouterr().err.splitlines()
    assert line.startswith("defect: ZeroDivisionError: oops at test_main.py:")
    assert "--debug" in line


@pytest.mark.parametrize("how", ["option", "environment"])
def test_debug_shows_the_traceback(
    command: Callable[[Callable[[], None]], None],
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    how: str,
) -> None:
    command(raising(InputError("is wrong")))
    monkeypatch.setenv("TRIMTAB_DEBUG", "1" if how == "environment" else "")
    assert frame.main(["--debug", "probe"] if how == "option" else ["probe"]) == ExitCode.BAD_INPUT
    text = capfd.readouterr().err
    assert "Traceback (most recent call last)" in text
    assert text.splitlines()[-1] == "error: is wrong"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "missing command"),
        (["previw"], "Did you mean 'preview'?"),
        (["--nonsense"], "no such option: --nonsense; see trimtab -h"),
        (["preview", "--format", "xml"], "xml"),
        (["preview"], "--stack"),
    ],
)
def test_misuse_is_status_2_with_a_hint(arguments: list[str], message: str) -> None:
    result = trimtab(*arguments)
    assert (result.returncode, result.stdout) == (2, "")
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert "Traceback" not in result.stderr


def test_help_lists_commands_examples_and_every_status() -> None:
    result = trimtab("--help")
    assert result.returncode == 0
    for name in frame.COMMANDS:
        assert f"  {name} " in result.stdout
    for status, meaning in EXIT_CODE_HELP.items():
        assert f"{int(status)}    {meaning}" in result.stdout
    assert "Examples:" in result.stdout
    assert trimtab("-h").stdout == result.stdout


@pytest.mark.parametrize("name", frame.COMMANDS)
def test_every_command_has_help_with_examples(name: str) -> None:
    result = trimtab(name, "--help")
    assert result.returncode == 0
    assert f"trimtab {name} " in result.stdout.partition("Examples:")[2]


def test_the_version_is_the_packages() -> None:
    from trimtab import __version__

    assert trimtab("--version").stdout == f"trimtab {__version__}\n"


def test_completion_knows_commands_and_their_options() -> None:
    assert (
        "_TRIMTAB_COMPLETE"
        in trimtab("--show-completion", "bash").stdout
        + trimtab("--show-completion", env={"SHELL": "/bin/bash", "PATH": "/usr/bin:/bin"}).stdout
    )

    def complete(words: str) -> str:
        env = {
            "_TRIMTAB_COMPLETE": "complete_bash",
            "COMP_WORDS": words,
            "COMP_CWORD": str(len(words.split(" ")) - 1),
            "PATH": "/usr/bin:/bin",
        }
        return trimtab(env=env).stdout

    assert complete("trimtab prev").split() == ["preview"]
    assert "--stack" in complete("trimtab preview --st").split()


def test_the_frame_imports_nothing_heavy() -> None:
    """What `trimtab --help` loads decides how quick it is; a command's own imports come later."""
    script = (
        "import sys, trimtab.cli.main as m; m.main(['--help']); "
        "heavy = {'numpy', 'pydantic', 'yaml', 'rich', 'pulumi', 'grpc', 'statsforecast'}; "
        "print(*sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    command = [sys.executable, "-c", script]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert result.stderr.strip() == ""


def test_a_closed_output_is_quiet(tmp_path: Path) -> None:
    executable = Path(sys.executable).with_name("trimtab")
    script = f"{executable} --help | true; echo ${{PIPESTATUS[0]}}"
    result = subprocess.run(
        ["bash", "-c", script], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert result.stderr == ""
    assert result.stdout.strip() in {"0", "141"}
