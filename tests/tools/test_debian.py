"""tools/debian.py with a PATH of scripts: what it finds, what it installs, what it says."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools import debian
from tools.debian import BROWSER, PROGRAMS, SSH_SERVER, AbsentError, Program

ROOT = Path(__file__).resolve().parents[2]

# Writes its words down; `install` puts the package's program beside it.
APT_GET = """#!/bin/sh
here=$(dirname "$0")
echo "$DEBIAN_FRONTEND $*" >> "$here/calls"
case "$*" in
  *update*) [ -e "$here/no-network" ] && echo "Could not resolve host" && exit 100 ;;
  *install*chromium) : > "$here/chromium"; chmod +x "$here/chromium" ;;
  *install*openssh-server) : > "$here/sshd"; chmod +x "$here/sshd" ;;
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
    monkeypatch.setattr(debian, "SYSTEM_PATH", "")
    monkeypatch.setattr(debian, "SYSTEMD", tmp_path / "no-systemd")
    return path


def put(folder: Path, name: str, content: str = "#!/bin/sh\n") -> Path:
    program = folder / name
    program.write_text(content, encoding="utf-8")
    program.chmod(0o755)
    return program


@pytest.fixture
def root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)


@pytest.mark.parametrize(
    ("program", "name"), [(each, name) for each in PROGRAMS.values() for name in each.called]
)
def test_any_that_is_on_the_path_will_do(
    folder: Path, capsys: pytest.CaptureFixture[str], program: Program, name: str
) -> None:
    found = put(folder, name)
    assert debian.find(program) == found
    assert debian.main([program.name, "--require"]) == 0
    assert capsys.readouterr().out == f"{program.name}: {found}\n"


def test_a_server_is_found_where_servers_are(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    servers = tmp_path / "sbin"
    servers.mkdir()
    monkeypatch.setattr(debian, "SYSTEM_PATH", str(servers))
    server = put(servers, "sshd")
    assert debian.find(SSH_SERVER) == server


@pytest.mark.parametrize(
    ("program", "mend"),
    [
        (BROWSER, "install Chromium or Chrome (on Debian, as root: `apt-get install chromium`)"),
        (
            SSH_SERVER,
            "install OpenSSH's server (on Debian, as root: `apt-get install openssh-server`)",
        ),
    ],
)
def test_what_is_absent_is_said_with_its_mend(folder: Path, program: Program, mend: str) -> None:
    with pytest.raises(AbsentError) as error:
        debian.find(program)
    assert str(error.value) == f"no {program.name} on the PATH; {mend}"


def test_an_unknown_name_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        debian.main(["browsr"])
    assert "browsr is none of browser, ssh-server" in capsys.readouterr().err


def test_a_service_is_not_installed_where_it_would_start(
    folder: Path, root: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(folder, "apt-get", APT_GET)
    (tmp_path / "no-systemd").mkdir()
    assert debian.main(["--require"]) == 1
    assert "apt-get install openssh-server" in capsys.readouterr().err
    assert "openssh-server" not in (folder / "calls").read_text()


def test_without_apt_get_it_says_so_and_only_fails_where_required(
    folder: Path, root: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert debian.main([]) == 0
    said = capsys.readouterr()
    assert said.out.endswith("until then the tests that need it skip\n")
    assert debian.main(["--require"]) == 1
    assert capsys.readouterr().err.startswith("error: no browser on the PATH; install Chromium")


def test_only_root_installs(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    put(folder, "apt-get", APT_GET)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert debian.main(["--require"]) == 1
    assert not (folder / "calls").exists()


def test_root_installs_the_packages_once(
    folder: Path, root: None, capsys: pytest.CaptureFixture[str]
) -> None:
    put(folder, "apt-get", APT_GET)
    assert debian.main(["--require"]) == 0
    assert debian.main(["--require"]) == 0
    install = "noninteractive -q install -y --no-install-recommends"
    assert (folder / "calls").read_text().splitlines() == [
        "noninteractive -q update",
        f"{install} chromium",
        "noninteractive -q update",
        f"{install} openssh-server",
    ]
    assert capsys.readouterr().out.count(f"browser: {folder / 'chromium'}\n") == 2


def test_a_failed_install_shows_what_apt_get_said(
    folder: Path, root: None, capsys: pytest.CaptureFixture[str]
) -> None:
    put(folder, "apt-get", APT_GET)
    (folder / "no-network").touch()
    assert debian.main(["browser", "--require"]) == 1
    assert capsys.readouterr().err == (
        "error: apt-get update ended with status 100; check the network and apt's sources\n"
        "    Could not resolve host\n"
    )
    assert debian.main([]) == 0


def test_it_runs_before_any_environment_exists(folder: Path) -> None:
    program = put(folder, "chromium")
    ended = subprocess.run(
        [sys.executable, "-I", "tools/debian.py", "browser"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (0, f"browser: {program}\n")
