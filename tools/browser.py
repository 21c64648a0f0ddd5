"""Have the browser that opens the backtest's report in tests: `python tools/browser.py [--require]`.

A Chromium or Chrome that is on the PATH will do. Where there is none, Debian's `chromium` package is
installed, for which the user must be root and apt-get present; nothing is fetched in any other way.
Otherwise it says what to install and exits 0, since the tests without a browser skip with a reason;
`--require` makes that an error.

Standard library only: it runs before any environment exists. Tests import `find`.
"""

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PACKAGE = "chromium"
MEND = f"install Chromium or Chrome (on Debian, as root: `apt-get install {PACKAGE}`)"
LIMIT_SECONDS = 900
TAIL_LINES = 15


class BrowserError(Exception):
    """There is no browser; the message is one line with a mend."""


def find() -> Path:
    """The browser on the PATH.

    Raises:
        BrowserError: there is none.
    """
    for name in NAMES:
        if found := shutil.which(name):
            return Path(found)
    raise BrowserError(f"no browser on the PATH; {MEND}")


def main(argv: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status: 0 done or not needed, 1 failed."""
    parser = argparse.ArgumentParser(prog="browser", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--require", action="store_true", help="fail where no browser can be had")
    options = parser.parse_args(argv)
    try:
        print(f"browser: {find()}")
    except BrowserError as absent:
        if not can_install():
            return _absent(str(absent), required=options.require)
        try:
            install()
            print(f"browser: {find()}")
        except BrowserError as failed:
            return _absent(str(failed), required=options.require)
    return 0


def can_install() -> bool:
    """Whether this user may install the package here."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def install() -> None:
    """Install the package, its lists brought up to date first; about 20 s and 400 MB.

    Raises:
        BrowserError: apt-get failed; with the end of what it said.
    """
    print(f"browser: installing {PACKAGE}", flush=True)
    began = time.monotonic()
    for words in (("update",), ("install", "-y", "--no-install-recommends", PACKAGE)):
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
            raise BrowserError(f"{said}; check the network and apt's sources") from None
        if ended.returncode != 0:
            tail = "\n".join(f"    {line}" for line in ended.stdout.splitlines()[-TAIL_LINES:])
            said = f"apt-get {words[0]} ended with status {ended.returncode}"
            raise BrowserError(f"{said}; check the network and apt's sources\n{tail}")
    print(f"browser: installed in {time.monotonic() - began:.0f} s", flush=True)


def _absent(why: str, *, required: bool) -> int:
    if required:
        print(f"error: {why}", file=sys.stderr)
        return 1
    print(f"{why}; until then the tests that need one skip")
    return 0


if __name__ == "__main__":
    sys.exit(main())
