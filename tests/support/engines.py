"""Real engines in tests: where their binaries are, and processes that always end.

An absent engine skips its tests with a reason, except in CI, where it fails them: a pipeline that
silently stopped testing would look green.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tools import engines as builder

STOP_SECONDS = 10.0
LOG_TAIL_LINES = 40


def engine_path(name: str) -> Path:
    """The binary of an engine that `make engines` has built.

    Skips the test when it is absent or out of date; fails it in CI (CI set to anything but "",
    "0" or "false").
    """
    return _found(lambda: builder.find(name))


def engine_share(name: str) -> Path:
    """The folder of an engine's shared files (CRDs); skips or fails as `engine_path`."""
    return _found(lambda: builder.share(name))


def engine_version(name: str) -> str:
    """The version that the repository pins, as Go writes it: "v1.36.3"."""
    return builder.pick(builder.load(), [name])[0].version


def _found(find: Callable[[], Path]) -> Path:
    try:
        return find()
    except builder.EngineError as error:
        if os.environ.get("CI", "").lower() not in {"", "0", "false"}:
            pytest.fail(f"{error} (a missing engine fails in CI)", pytrace=False)
        pytest.skip(str(error))


def free_ports(count: int) -> list[int]:
    """Loopback TCP ports that were free a moment ago, all different."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for taken in sockets:
            taken.bind(("127.0.0.1", 0))
        return [int(taken.getsockname()[1]) for taken in sockets]


@dataclass(frozen=True)
class EngineProcess:
    """A running engine and the file that its output goes to."""

    name: str
    process: "subprocess.Popen[bytes]"
    log: Path

    def tail(self) -> str:
        """The last lines of its output, after the name of the file that has all of it."""
        lines = self.log.read_text("utf-8", errors="replace").splitlines()[-LOG_TAIL_LINES:]
        return "\n".join([f"{self.name}'s output ({self.log}):", *lines])

    def wait_until(self, ready: Callable[[], bool], seconds: float) -> None:
        """Poll until it is ready.

        Raises:
            RuntimeError: it ended, or was not ready in time; with the tail of its output.
        """
        deadline = time.monotonic() + seconds
        while not ready():
            if self.process.poll() is not None:
                raise RuntimeError(
                    f"{self.name} ended with status {self.process.returncode}\n{self.tail()}"
                )
            if time.monotonic() > deadline:
                raise RuntimeError(f"{self.name} was not ready in {seconds:.0f} s\n{self.tail()}")
            time.sleep(0.05)


@contextlib.contextmanager
def running(
    name: str,
    command: Sequence[str | Path],
    log: Path,
    env: Mapping[str, str] | None = None,
) -> Iterator[EngineProcess]:
    """Run a program for the length of the block; it is ended whatever happens.

    Args:
        name: what errors call it.
        command: the program and its arguments.
        log: the file for its output, kept afterwards.
        env: its whole environment; None for this process's.
    """
    words = [str(word) for word in command]
    # Ends the program with this one even when this one is killed outright.
    if setpriv := shutil.which("setpriv"):
        words = [setpriv, "--pdeathsig", "KILL", *words]
    with log.open("wb") as output:
        process = subprocess.Popen(
            words,
            env=None if env is None else dict(env),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # so that Ctrl-C reaches pytest first
        )
    try:
        yield EngineProcess(name, process, log)
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
