"""Machines in folders: a root of their own with the shell and the programs that scripts call, and stand-ins
for what would change a real machine (systemd, K3s and its installer, snap, curl).

A script runs in the folder by chroot, so its paths are the real ones and nothing outside is touched. That
needs root; elsewhere the test skips, and fails in CI.
"""

import atexit
import os
import re
import shutil
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

STUBS = Path(__file__).resolve().parent / "edge_root"
PROGRAMS = [
    "base64",
    "cat",
    "chmod",
    "chown",
    "cmp",
    "cp",
    "cut",
    "date",
    "env",
    "flock",
    "grep",
    "head",
    "id",
    "ln",
    "ls",
    "mkdir",
    "mktemp",
    "mv",
    "rm",
    "sed",
    "sh",
    "sha256sum",
    "sleep",
    "stat",
    "sync",
    "tail",
    "timeout",
    "touch",
    "tr",
    "uname",
    "wc",
]
FOLDERS = [
    "bin",
    "cluster",
    "dev",
    "etc",
    "real",
    "root",
    "run",
    "srv",
    "tmp",
    "usr/bin",
    "usr/local/bin",
    "var/lib",
    "var/snap",
]
STAND_INS = ("curl", "microk8s", "snap", "systemctl")
PATH = "/usr/local/bin:/usr/bin:/bin"
CHROOT = shutil.which("chroot", path="/usr/sbin:/sbin:/usr/bin:/bin") or "chroot"
WRAPPER = '#!/bin/sh\n. /stubs/recorded\nexec /real/NAME "$@"\n'


@dataclass(frozen=True)
class EdgeMachine:
    """A machine in a folder.

    Attributes:
        root: the folder.
    """

    root: Path

    def run(self, script: str, verb: str = "apply") -> "subprocess.CompletedProcess[str]":
        """Run a script as SSH would: on the shell's standard input."""
        return subprocess.run(
            [CHROOT, self.root, "/bin/sh", "-s", "--", verb],
            # A group of its own, for a stand-in to end it all.
            start_new_session=True,
            input=script,
            env={"PATH": PATH, "HOME": "/root"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def path(self, inside: str) -> Path:
        """Where a path of the machine is."""
        return self.root / inside.lstrip("/")

    def text(self, inside: str) -> str:
        """A file's text; empty where there is none."""
        found = self.path(inside)
        return found.read_text("utf-8") if found.exists() else ""

    def write(self, inside: str, text: str, mode: int = 0o644) -> None:
        """Put a file there."""
        place = self.path(inside)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, "utf-8")
        place.chmod(mode)

    def mode(self, inside: str) -> int:
        """A file's permissions."""
        return self.path(inside).stat().st_mode & 0o7777

    def calls(self, program: str = "") -> list[str]:
        """What stand-ins were called with since the last time, in order."""
        found = self.text("/calls").splitlines()
        self.path("/calls").unlink(missing_ok=True)
        return [each for each in found if each.startswith(program)]

    def seen(self) -> str:
        """Arguments, command lines and environments of every stand-in so far: what `ps` could show."""
        return self.text("/seen")

    def files(self) -> dict[str, tuple[int, int, bytes]]:
        """Mode, time of change and content of what the scripts may write."""
        return {
            str(each.relative_to(self.root)): (
                each.stat().st_mode & 0o7777,
                each.stat().st_mtime_ns,
                each.read_bytes(),
            )
            for folder in ("etc", "usr/local", "var/lib", "var/snap")
            for each in sorted((self.root / folder).rglob("*"))
            if each.is_file() and each.name != "lock"
        }

    def marks(self, node: str, kind: str) -> dict[str, str]:
        """A node's labels, taints or annotations, as the stand-in of the cluster has them."""
        folder = self.path(f"/cluster/nodes/{node}/{kind}")
        return {
            each.name.replace("%", "/"): each.read_text("utf-8")
            for each in sorted(folder.iterdir())
        }


def new_machine(folder: Path) -> EdgeMachine:
    """An empty machine in the folder, which is made; skips (fails in CI) without root."""
    if os.geteuid() != 0:
        if os.environ.get("CI", "").lower() not in {"", "0", "false"}:
            pytest.fail("machines in folders need root, for chroot", pytrace=False)
        pytest.skip("machines in folders need root, for chroot")
    folder.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cp", "-a", "--link", _first(), folder], check=True)
    return EdgeMachine(folder)


@cache
def _first() -> Path:
    """A machine that all others are copies of: the same files, of which none is written to."""
    scratch = Path(tempfile.mkdtemp(prefix="machines-"))
    atexit.register(shutil.rmtree, scratch, ignore_errors=True)
    folder = scratch / "first"
    for inside in FOLDERS:
        (folder / inside).mkdir(parents=True)
    shutil.copytree(STUBS, folder / "stubs")
    for name in PROGRAMS:
        program = Path(shutil.which(name) or f"/bin/{name}").resolve()
        for library in _libraries(str(program)):
            _place(library, folder / str(library).lstrip("/"))
        _place(program, folder / "real" / name)
        wrapper = folder / "usr/bin" / name
        wrapper.write_text(WRAPPER.replace("NAME", name), "utf-8")
        wrapper.chmod(0o755)
    _place(folder / "real/sh", folder / "bin/sh")
    (folder / "snap/bin").mkdir(parents=True)
    shutil.copy(STUBS / "microk8s", folder / "snap/bin/microk8s")
    for name in STAND_INS:
        shutil.copy(STUBS / name, folder / "usr/bin" / name)
    os.mknod(folder / "dev/null", stat.S_IFCHR | 0o666, os.makedev(1, 3))
    return folder


@cache
def _libraries(program: str) -> tuple[Path, ...]:
    """What the program is linked with, its loader too."""
    listed = subprocess.run(["ldd", program], capture_output=True, text=True, check=False).stdout
    return tuple(Path(found) for found in re.findall(r"(/\S+) \(", listed))


def _place(file: Path, there: Path) -> None:
    if there.exists():
        return
    there.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(file.resolve(), there)
    except OSError:
        shutil.copy2(file.resolve(), there)
