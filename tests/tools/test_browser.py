"""tools/browser.py with a PATH of scripts: what it finds, what it installs, what it says."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools import browser
from tools.browser import BrowserError

ROOT = Path(__file__).resolve().parents[2]

# Writes its words down; `install` puts a browser beside it where told to.
APT_GET = """#!/bin/sh
here=$(dirname "$0")
echo "$DEBIAN_FRONTEND $*" >> "$here/calls"
case "$*" in
  *update*) [ -e "$here/no-network" ] && echo "Could not resolve host" && exit 100 ;;
  *install*) : > "$here/chromium"; chmod +x "$here/chromium" ;;
esac
exit 0
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder of PATH with a browser or an apt-get; dirname and chmod come from the next."""
    basics = tmp_path / "basics"
    basics.mkdir()
    for name in ("sh", "dirname", "chmod"):
        real = next(p for p in (Path("/bin") / name, Path("/usr/bin") / name) if p.exists())
        (basics / name).symlink_to(real)
    path = tmp_path / "bin"
    path.mkdir()
    monkeypatch.setenv("PATH", os.pathsep.join(map(str, (path, basics))))
    return path


def put(folder: Path, name: str, content: str = "#!/bin/sh\n") -> Path:
    program = folder / name
    program.write_text(content, encoding="utf-8")
    program.chmod(0o755)
    return program


@pytest.fixture
def root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)


@pytest.mark.parametrize("name", browser.NAMES)
def test_any_chromium_on_the_path_will_do(
    folder: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    program = put(folder, name)
    assert browser.find() == program
    assert browser.main(["--require"]) == 0
    assert capsys.readouterr().out == f"browser: {program}\n"


def test_an_absent_browser_is_said_with_its_mend(folder: Path) -> None:
    with pytest.raises(BrowserError) as error:
        browser.find()
    mend = "install Chromium or Chrome (on Debian, as root: `apt-get install chromium`)"
    assert str(error.value) == f"no browser on the PATH; {mend}"


def test_without_apt_get_it_says_so_and_only_fails_where_required(
    folder: Path, root: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert browser.main([]) == 0
    said = capsys.readouterr()
    assert said.out.endswith("until then the tests that need one skip\n")
    assert browser.main(["--require"]) == 1
    assert capsys.readouterr().err.startswith("error: no browser on the PATH; install Chromium")


def test_only_root_installs(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    put(folder, "apt-get", APT_GET)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert browser.main(["--require"]) == 1
    assert not (folder / "calls").exists()


def test_root_installs_the_package_once(
    folder: Path, root: None, capsys: pytest.CaptureFixture[str]
) -> None:
    put(folder, "apt-get", APT_GET)
    assert browser.main(["--require"]) == 0
    assert browser.main(["--require"]) == 0
    assert (folder / "calls").read_text().splitlines() == [
        "noninteractive -q update",
        "noninteractive -q install -y --no-install-recommends chromium",
    ]
    assert capsys.readouterr().out.count(f"browser: {folder / 'chromium'}\n") == 2


def test_a_failed_install_shows_what_apt_get_said(
    folder: Path, root: None, capsys: pytest.CaptureFixture[str]
) -> None:
    put(folder, "apt-get", APT_GET)
    (folder / "no-network").touch()
    assert browser.main(["--require"]) == 1
    assert capsys.readouterr().err == (
        "error: apt-get update ended with status 100; check the network and apt's sources\n"
        "    Could not resolve host\n"
    )
    assert browser.main([]) == 0


def test_it_runs_before_any_environment_exists(folder: Path) -> None:
    program = put(folder, "chromium")
    ended = subprocess.run(
        [sys.executable, "-I", "tools/browser.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (0, f"browser: {program}\n")
