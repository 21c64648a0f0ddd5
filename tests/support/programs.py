"""A stack on Pulumi's real engine whose program changes from one test step to the next."""

from collections.abc import Callable
from pathlib import Path

from support.automation import EngineStack
from support.pulumi_cli import PulumiCli

Program = Callable[[], object]


class Programs:
    """A stack whose program is whatever the test last said."""

    def __init__(self, cli: PulumiCli, env: dict[str, str], folder: Path) -> None:
        self._now: Program = lambda: None
        self.stack = EngineStack(
            cli,
            folder / "project",
            "dev",
            program=self._run,
            config={"aws:region": "us-east-1"},
            env=env,
        )

    def _run(self) -> None:
        self._now()

    def use(self, program: Program) -> EngineStack:
        """The stack, with another program."""
        self._now = program
        return self.stack
