"""`trimtab diff` in the hands of somebody in a hurry: nothing is lost, nothing is half-written."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.scenario import pulumi_preview
from trimtab.cli.main import main


@pytest.fixture
def preview(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "preview.json"
    path.write_text(pulumi_preview())
    return path


@pytest.mark.parametrize(
    ("outs", "said"),
    [
        (["preview.json"], "--out: preview.json is read, too"),
        (["a.md", "./preview.json"], "preview.json is read, too"),
        (["a.md", "none/b.md"], "none/b.md is in no folder that exists"),
        (["a.md", "./a.md"], "a.md stands twice"),
        (["a.md", "d.md"], "d.md is a folder"),
        (["a.md", "b"], "b ends in no known way"),
    ],
)
def test_an_output_that_cannot_be_is_refused_before_any_is_written(
    preview: Path, capsys: pytest.CaptureFixture[str], outs: list[str], said: str
) -> None:
    Path("d.md").mkdir()
    before = preview.read_text()
    assert main(["diff", "preview.json", *(word for out in outs for word in ("--out", out))]) == 2
    printed = capsys.readouterr()
    assert said in printed.err
    assert not printed.out
    assert preview.read_text() == before
    assert not Path("a.md").exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<!DOCTYPE html>\n<html>502</html>", "is a web page or XML"),
        (b"null\n", "is null"),
        (b"\0" * 100, "is no text"),
    ],
)
def test_what_is_no_input_is_said_to_be_what_it_is(
    preview: Path, capsys: pytest.CaptureFixture[str], content: bytes, said: str
) -> None:
    preview.write_bytes(content)
    assert main(["diff", "/dev/null", "preview.json"]) == 2
    assert said in capsys.readouterr().err


def test_an_empty_name_is_not_this_folder(
    preview: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert preview.is_file()
    assert main(["diff", "", "preview.json"]) == 2
    assert "is a variable unset?" in capsys.readouterr().err


def test_a_folder_without_prices_is_none_of_prices(
    preview: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["diff", str(preview), "--prices", str(preview.parent)]) == 2
    assert "holds no prices" in capsys.readouterr().err


def test_output_of_an_old_code_page_and_none_at_all(preview: Path) -> None:
    command = [sys.executable, "-m", "trimtab", "diff", str(preview)]
    environment = {**os.environ, "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii", "LC_ALL": "C"}
    old = subprocess.run(command, capture_output=True, env=environment, check=False)
    assert (old.returncode, old.stderr) == (0, b"")
    assert b"workers" in old.stdout
    shell = ["sh", "-c", 'exec "$@" >&-', "sh", *command]
    closed = subprocess.run(shell, capture_output=True, check=False)
    assert (closed.returncode, closed.stderr) == (0, b"")
