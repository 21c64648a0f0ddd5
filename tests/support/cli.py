"""Running `trimtab` in this process, and the small files that its tests plan from."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from trimtab.cli.main import main
from trimtab.clock import format_instant

START = datetime(2026, 6, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Ran:
    """How a command ended, and what it printed."""

    status: int
    out: str
    err: str


class Cli:
    """`trimtab` in this process: `cli("offers", "--provider", "aws")`."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: str | Path) -> Ran:
        self._capsys.readouterr()
        status = main([str(each) for each in arguments])
        printed = self._capsys.readouterr()
        return Ran(status, printed.out, printed.err)

    def refused(self, arguments: Sequence[str | Path], status: int, phrase: str) -> None:
        """Check that it fails so, in one line, and says nothing on stdout."""
        ran = self(*arguments)
        last = ran.err.splitlines()[-1]
        assert (ran.status, ran.out) == (status, ""), ran
        assert last.startswith("error: "), ran.err
        assert phrase in last


def write_series(path: Path, days: int = 30, level: float = 80.0) -> Path:
    """Steady hourly demand from START on: it is forecast without any library."""
    rows = [f"{format_instant(START + timedelta(hours=h))},{level}" for h in range(days * 24)]
    path.write_text("\n".join(["timestamp,demand", *rows]) + "\n", encoding="utf-8")
    return path
