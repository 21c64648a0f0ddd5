"""shellcheck on scripts that are made."""

import shutil
import subprocess
import sys
from pathlib import Path


def shellcheck(text: str) -> str:
    """What shellcheck says of a script for a POSIX shell; empty when it is clean."""
    found = shutil.which("shellcheck") or str(Path(sys.executable).with_name("shellcheck"))
    ended = subprocess.run(
        [found, "--shell=sh", "--severity=style", "-"],
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )
    return ended.stdout + ended.stderr
