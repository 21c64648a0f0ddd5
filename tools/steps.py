"""Run one slow command: show that it moves, keep its output in a log, and say why it failed.

A step prints one line when it begins and one when it ends. In between a terminal sees the line
rewritten each second; a log file sees a new line every ten, so that nothing looks stuck and
nothing floods.
"""

import collections
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

TAIL_LINES = 15

NETWORK = re.compile(
    r"NewConnectionError|NameResolutionError|ConnectTimeoutError|ReadTimeoutError|ProxyError"
    r"|ConnectionResetError|RemoteDisconnected|ProtocolError|Max retries exceeded"
    r"|SSLError|CERTIFICATE_VERIFY_FAILED|Temporary failure in name resolution"
    r"|Network is unreachable|Read timed out|HTTPError: (?:407|429|5\d\d)"
)
HASHES = re.compile(r"DO NOT MATCH THE HASHES")
NO_SPACE = re.compile(r"No space left on device|Errno 28|Disk quota exceeded")
NO_VERSION = re.compile(r"No matching distribution found for (\S+)")


class SetupError(Exception):
    """What kept an environment from being built; the text ends in the mend."""


@dataclass
class Progress:
    """The line of one step, as `[pulumi 2/4] 141 pinned packages: 60 fetched, 12 s`."""

    title: str
    stream: TextIO = field(default_factory=lambda: sys.stderr)
    started: float = field(default_factory=lambda: time.monotonic())
    said: float = 0.0

    def __post_init__(self) -> None:
        self.said = self.started
        self._write(self.title, last=False)

    @property
    def seconds(self) -> int:
        return round(time.monotonic() - self.started)

    def tick(self, note: str) -> None:
        """Show `note` if it is time to."""
        now = time.monotonic()
        if now - self.said >= (1 if self.stream.isatty() else 10):
            self.said = now
            comma = f"{note}, " if note else ""
            self._write(f"{self.title}: {comma}{self.seconds} s", last=False)

    def done(self, outcome: str = "done") -> None:
        self._write(f"{self.title}: {outcome}, {self.seconds} s", last=True)

    def _write(self, text: str, *, last: bool) -> None:
        if self.stream.isatty():
            self.stream.write(f"\r\x1b[K{text}" + ("\n" if last else ""))
        else:
            self.stream.write(f"{text}\n")
        self.stream.flush()


def run(
    command: Sequence[str | Path],
    *,
    title: str,
    log: Path,
    cwd: Path,
    note: Callable[[str], str | None] = lambda _line: None,
) -> None:
    """Run a command to its end under a progress line, its output going to `log`.

    Args:
        note: told each line of output; what it returns, unless None, is shown while waiting.

    Raises:
        SetupError: the command ended in an error; says which of the known causes it was.
    """
    progress = Progress(title)
    tail: collections.deque[str] = collections.deque(maxlen=400)
    shown = ""
    # A user's PYTHONPATH or a --user default would put packages where the environment lacks them.
    kept = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME")}
    with (
        log.open("a", encoding="utf-8") as sink,
        subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=cwd,
            env={**kept, "PIP_USER": "0", "PYTHONUNBUFFERED": "1"},
            text=True,
            errors="replace",
        ) as process,
    ):
        assert process.stdout is not None  # noqa: S101 - PIPE was asked for above
        output = process.stdout

        def read() -> None:
            nonlocal shown
            for line in output:
                sink.write(line)
                tail.append(line.rstrip())
                shown = note(line) or shown

        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        try:
            while True:
                try:
                    process.wait(timeout=0.5)
                    break
                except subprocess.TimeoutExpired:
                    progress.tick(shown)
            reader.join()
        except BaseException:
            process.terminate()
            raise
    if process.returncode:
        progress.done("failed")
        raise SetupError(diagnose(list(tail), log))
    progress.done()


def diagnose(output: Sequence[str], log: Path) -> str:
    """What made a command fail, and the mend, from its output.

    The order matters: pip reports a registry that it could not reach as a version not found.
    """
    text = "\n".join(output)
    if NO_SPACE.search(text):
        return f"the disk is full; free some space, then run the same command again (log: {log})"
    if reason := NETWORK.search(text):
        return (
            f"the package index could not be reached ({reason[0]}); check the network, set "
            "HTTPS_PROXY for a proxy or PIP_INDEX_URL for a mirror, then run the same command "
            f"again (log: {log})"
        )
    if HASHES.search(text):
        return (
            "a downloaded package is not the one that was pinned: its hash differs; the index or "
            "mirror serves other files. Use another index (PIP_INDEX_URL), and report it if it "
            f"persists (log: {log})"
        )
    if missing := NO_VERSION.search(text):
        found = f"{sys.version_info.major}.{sys.version_info.minor}"
        return (
            f"the package index gave no {missing[1]} for Python {found} on this system: it has none "
            "built for it, or was not reached; use another Python (`make PYTHON=python3.12 ...`), "
            f"or check the network and PIP_INDEX_URL (log: {log})"
        )
    last = "\n".join(f"    {line}" for line in output[-TAIL_LINES:])
    return f"the command failed; its last lines (all of them in {log}):\n{last}"
