"""A stack on Pulumi's real engine: steps and state as a test wants to read them.

The program runs in the test's process; the engine attaches to the stand-ins that the test serves, or
starts plugins from PATH.
"""

import asyncio
import gc
import os
import runpy
import shutil
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from pulumi import automation

from support.plans import plan_data
from support.pulumi_cli import PulumiCli
from trimtab.plan.document import parse_plan, save_plan
from trimtab.plan.model import CapacityPlan

REPO = Path(__file__).resolve().parents[2]
PASSIVE = {"same", "refresh", "read", "read-discard"}


@dataclass
class Steps:
    """What the engine did, or in a preview would do: names by operation, in order of starting.

    Attributes:
        done: (operation, kind, name); `create`, `update`, `delete`, `replace`, `create-replacement`,
            `delete-replaced`, ….
        changed: paths that differ, by resource name.
        said: diagnostics.
    """

    done: list[tuple[str, str, str]] = field(default_factory=list)
    changed: dict[str, set[str]] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)

    def take(self, event: automation.EngineEvent) -> None:
        """Take one of the engine's events."""
        if event.diagnostic_event and event.diagnostic_event.severity != "debug":
            self.said.append(event.diagnostic_event.message)
        if event.resource_pre_event:
            step = event.resource_pre_event.metadata
            operation = str(getattr(step.op, "value", step.op))
            name = step.urn.rpartition("::")[2]
            self.done.append((operation, step.type.rpartition(":")[2], name))
            if step.detailed_diff:
                self.changed.setdefault(name, set()).update(step.detailed_diff)

    @property
    def operations(self) -> set[str]:
        """What was done to anything at all."""
        return {operation for operation, _, _ in self.done} - PASSIVE

    def of(self, operation: str, kind: str | None = None) -> list[str]:
        """The names that an operation was done to, in order."""
        return [n for o, k, n in self.done if o == operation and kind in (None, k)]

    @property
    def text(self) -> str:
        """Everything that was said."""
        return "\n".join(self.said)


class OperationError(Exception):
    """An operation failed; has the steps until then."""

    def __init__(self, steps: Steps, error: automation.CommandError) -> None:
        super().__init__(steps.text or str(error))
        self.steps = steps


class EngineStack:
    """A stack whose every operation is the engine's.

    Args:
        cli: the command.
        folder: of the project; made here.
        name: the stack's.
        program: what it runs; default the repository's own stacks program, in a copy.
        config: settings as the stack's file has them, by full key.
        env: what the engine gets besides the command's own environment.
    """

    def __init__(
        self,
        cli: PulumiCli,
        folder: Path,
        name: str,
        *,
        program: Callable[[], None] | None = None,
        config: Mapping[str, Any] | None = None,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.folder, self._cli = folder, cli
        shutil.copytree(REPO / "stacks", folder / "stacks")
        shutil.copy(REPO / "Pulumi.yaml", folder)
        if program is not None:
            (folder / "stacks" / f"Pulumi.{name}.yaml").write_text("config: {}\n", "utf-8")
        path = os.pathsep.join(filter(None, [(env or {}).get("PATH"), cli.env["PATH"]]))
        options = automation.LocalWorkspaceOptions(
            work_dir=str(folder),
            env_vars={**cli.env, **(env or {}), "PATH": path},
            pulumi_command=automation.PulumiCommand(root=str(cli.root)),
        )
        self.stack = automation.create_stack(
            stack_name=name,
            project_name="trimtab",
            program=program or self._own_program,
            opts=options,
        )
        # Each operation would go on to ask for outputs and history: three commands of its four.
        vars(self.stack).update(outputs=dict, info=lambda *_: ())
        self.set(**(config or {}))

    def _own_program(self) -> None:
        # As Pulumi's language host does, so that the program finds its own modules.
        sys.path.insert(0, str(self.folder / "stacks"))
        try:
            runpy.run_path(str(self.folder / "stacks" / "__main__.py"), run_name="__main__")
        finally:
            sys.path.remove(str(self.folder / "stacks"))
            # The next run's are read anew, as a new process would.
            for name in [each for each in sys.modules if each.partition(".")[0] == "targets"]:
                del sys.modules[name]

    def write_plan(self, data: dict[str, Any] | None = None) -> CapacityPlan:
        """Give the stack a plan of its own; default the support module's."""
        made = parse_plan(data or plan_data(), "test plan")
        save_plan(made, self.folder / "stacks" / "plans" / "test.yaml")
        self.set(plan="stacks/plans/test.yaml")
        return made

    def set(self, **config: Any) -> None:
        """Change settings; None takes one away. A key without a namespace is the project's."""
        path = self.folder / "stacks" / f"Pulumi.{self.stack.name}.yaml"
        data = yaml.safe_load(path.read_text("utf-8"))
        settings = data.setdefault("config", {})
        for key, value in config.items():
            full = key if ":" in key else f"trimtab:{key}"
            settings[full] = value
            if value is None:
                del settings[full]
        path.write_text(yaml.safe_dump(data), "utf-8")

    def preview(self) -> Steps:
        """What an update would do."""
        return self._run(lambda take: self.stack.preview(on_event=take))

    def up(self, **options: Any) -> Steps:
        """Update."""
        return self._run(lambda take: self.stack.up(on_event=take, **options))

    def refresh(self) -> Steps:
        """Read what the cloud has."""
        return self._run(lambda take: self.stack.refresh(on_event=take))

    def destroy(self) -> Steps:
        """Delete everything."""
        return self._run(lambda take: self.stack.destroy(on_event=take))

    def unprotect(self) -> None:
        """Lift the protection of everything, in the state alone."""
        arguments = ["state", "unprotect", "--all", "--yes", "--stack", self.stack.name]
        ended = self._cli.run(*arguments, cwd=self.folder)
        assert ended.returncode == 0, ended.stderr

    def state(self) -> list[dict[str, Any]]:
        """The resources of the exported state."""
        deployment = self.stack.export_stack().deployment or {}
        found: list[dict[str, Any]] = deployment.get("resources", [])
        return found

    def outputs(self) -> dict[str, Any]:
        """What the program exported."""
        (stack,) = (each for each in self.state() if each["type"] == "pulumi:pulumi:Stack")
        found: dict[str, Any] = stack.get("outputs", {})
        return found

    def _run(self, operation: Callable[[Callable[[automation.EngineEvent], None]], Any]) -> Steps:
        steps = Steps()
        try:
            operation(steps.take)
        except automation.CommandError as error:
            end_abandoned_programs()
            raise OperationError(steps, error) from error
        return steps


def end_abandoned_programs() -> None:
    """End what Pulumi's SDK leaves behind when the engine ends a program of this process.

    Its thread may wait for ever, and then this process never ends. Its coroutines complain when they
    are collected: inside a parse, on Python 3.11, that is a SystemError (CPython issue 106905).
    """
    before, sys.unraisablehook = sys.unraisablehook, lambda _: None
    try:
        for attempt in range(20):
            loops = [
                each
                for each in gc.get_objects()
                if isinstance(each, asyncio.BaseEventLoop) and each.is_running()
            ]
            if not loops:
                break
            # Most end by themselves at once.
            for loop in loops if attempt > 1 else ():
                loop.call_soon_threadsafe(loop.stop)
            time.sleep(0.05)
        gc.collect()
    finally:
        sys.unraisablehook = before
