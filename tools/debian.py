"""Have the programs of Debian that tests run: `python tools/debian.py [--require] [NAME ...]`.

`browser` opens the pages that are made: a Chromium or Chrome that is on the PATH will do. `ssh-server` is
OpenSSH's, behind which the machines of edge clusters stand in tests, on ports of its own. Where a program
is not there, its package is installed, for which the user must be root and apt-get present; nothing is
fetched in any other way. A package that would start a service is left to the user where systemd runs.
Otherwise it says what to install and exits 0, since
the tests without it skip with a reason; `--require` makes that an error.

Standard library only: it runs before any environment exists. Tests import `find`.
"""

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

SYSTEMD = Path("/run/systemd/system")
LIMIT_SECONDS = 900
TAIL_LINES = 15
SYSTEM_PATH = "/usr/local/sbin:/usr/sbin:/sbin"
"""Where servers are, which a user's PATH may lack."""


@dataclass(frozen=True)
class Program:
    """A program and the package that has it.

    Attributes:
        called: its names, any of which will do.
        known_as: what people call it.
        serves: whether its package starts a service where systemd runs.
    """

    name: str
    called: tuple[str, ...]
    package: str
    known_as: str
    serves: bool = False

    @property
    def mend(self) -> str:
        """What to do without it."""
        return f"install {self.known_as} (on Debian, as root: `apt-get install {self.package}`)"


BROWSER = Program(
    "browser",
    ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"),
    "chromium",
    "Chromium or Chrome",
)
SSH_SERVER = Program("ssh-server", ("sshd",), "openssh-server", "OpenSSH's server", serves=True)
PROGRAMS = {each.name: each for each in (BROWSER, SSH_SERVER)}


class AbsentError(Exception):
    """A program is not there; the message is one line with a mend."""


def find(program: Program) -> Path:
    """The program on the PATH, or where servers are.

    Raises:
        AbsentError: there is none.
    """
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), SYSTEM_PATH])
    for name in program.called:
        if found := shutil.which(name, path=path):
            return Path(found)
    raise AbsentError(f"no {program.name} on the PATH; {program.mend}")


def main(argv: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status: 0 done or not needed, 1 failed."""
    parser = argparse.ArgumentParser(prog="debian", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--require", action="store_true", help="fail where a program can't be had")
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"of {', '.join(PROGRAMS)}; default all"
    )
    options = parser.parse_args(argv)
    if unknown := [each for each in options.names if each not in PROGRAMS]:
        parser.error(f"{unknown[0]} is none of {', '.join(PROGRAMS)}")
    wanted = [PROGRAMS[each] for each in options.names or PROGRAMS]
    return max(_have(each, required=options.require) for each in wanted)


def can_install(program: Program) -> bool:
    """Whether this user may install the package here, and nothing would run afterwards."""
    if program.serves and SYSTEMD.exists():
        return False
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def install(program: Program) -> None:
    """Install the program's package, the lists brought up to date first; 20 s and 400 MB for the browser.

    Raises:
        AbsentError: apt-get failed; with the end of what it said.
    """
    print(f"{program.name}: installing {program.package}", flush=True)
    began = time.monotonic()
    for words in (("update",), ("install", "-y", "--no-install-recommends", program.package)):
        try:
            ended = subprocess.run(
                ["apt-get", "-q", *words],
                env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=LIMIT_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            said = f"apt-get {words[0]} took more than {LIMIT_SECONDS} s"
            raise AbsentError(f"{said}; check the network and apt's sources") from None
        if ended.returncode != 0:
            tail = "\n".join(f"    {line}" for line in ended.stdout.splitlines()[-TAIL_LINES:])
            said = f"apt-get {words[0]} ended with status {ended.returncode}"
            raise AbsentError(f"{said}; check the network and apt's sources\n{tail}")
    print(f"{program.name}: installed in {time.monotonic() - began:.0f} s", flush=True)


def _have(program: Program, *, required: bool) -> int:
    try:
        print(f"{program.name}: {find(program)}")
    except AbsentError as absent:
        if not can_install(program):
            return _absent(str(absent), required=required)
        try:
            install(program)
            print(f"{program.name}: {find(program)}")
        except AbsentError as failed:
            return _absent(str(failed), required=required)
    return 0


def _absent(why: str, *, required: bool) -> int:
    if required:
        print(f"error: {why}", file=sys.stderr)
        return 1
    print(f"{why}; until then the tests that need it skip")
    return 0


if __name__ == "__main__":
    sys.exit(main())
