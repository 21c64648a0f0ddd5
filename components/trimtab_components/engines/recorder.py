"""The engine without an engine: run the unchanged program here and record what it registers.

No Pulumi CLI, no cloud and no credentials are needed, and nothing is provisioned. What a cloud would
compute is unknown; what it would be asked is answered from fixtures (`trimtab_components.engines
.fixtures`). Autonames and provider versions differ from the real engine's; URNs, parents and
dependencies do not.
"""

import asyncio
import contextlib
import contextvars
import logging
import os
import runpy
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pulumi.runtime import config as runtime_config
from pulumi.runtime import settings
from pulumi.runtime.stack import run_in_stack

from trimtab.errors import InputError
from trimtab.preview.records import PreviewRequest, Recording
from trimtab.resources.inputs import SECRET
from trimtab_components.engines.cycles import quick_registration
from trimtab_components.engines.failures import program_error
from trimtab_components.engines.fixtures import load_fixtures
from trimtab_components.engines.monitor import RecordingEngine, RecordingMonitor
from trimtab_components.engines.project import Config, Project, find_project, read_config

PARALLEL = 16


def record(request: PreviewRequest) -> Recording:
    """Run a stack's program and record its resources.

    Raises:
        InputError: the project, the stack or the program is at fault, or a call has no fixture.
        TrimtabError: whatever of these the program itself raises.
    """
    project = find_project(request.program)
    stack = request.stack.rpartition("/")[2]
    read = read_config(project, stack, request.config)
    masked = {key: SECRET if key in read.secret_keys else text for key, text in read.values.items()}
    config = Config(masked, read.secret_keys)
    fixtures = load_fixtures(
        request.fixtures, project.stack_folder, config.values.get("aws:region")
    )
    monitor = RecordingMonitor(project.name, stack, fixtures)
    engine = RecordingEngine()
    # A context of its own: the SDK's settings and its root stack end with the run.
    contextvars.copy_context().run(_run, project, stack, config, monitor, engine)
    if engine.errors:
        raise InputError(f"the program logs an error: {engine.errors[0]}", where=str(project.main))
    notes = [f"{token} is answered by a stand-in" for token in sorted(fixtures.used)]
    notes += [f"the program warns: {text}" for text in sorted(set(engine.warnings))]
    if config.secret_keys:
        keys = ", ".join(sorted(config.secret_keys))
        notes.append(f"secret configuration was not opened: {keys}")
    return Recording(
        project=project.name,
        stack=stack,
        folder=project.folder,
        program=project.program,
        config=dict(sorted(config.values.items())),
        records=monitor.records(),
        notes=tuple(notes),
    )


def _run(
    project: Project,
    stack: str,
    config: Config,
    monitor: RecordingMonitor,
    engine: RecordingEngine,
) -> None:
    settings.ROOT.set(None)
    settings.configure(
        settings.Settings(
            project=project.name,
            stack=stack,
            monitor=monitor,
            engine=engine,
            parallel=PARALLEL,
            dry_run=True,
            organization="organization",
            root_directory=str(project.folder),
        )
    )
    runtime_config.set_all_config(dict(config.values), sorted(config.secret_keys))
    loop = asyncio.new_event_loop()
    loop.set_default_executor(ThreadPoolExecutor(PARALLEL))
    # A failed resource fails the program once; its siblings' unread failures are not news.
    loop.set_exception_handler(lambda _loop, _context: None)
    try:
        with program_environment(project), quick_registration():
            loop.run_until_complete(run_in_stack(lambda: _run_and_settle(project)))
    except Exception as error:
        raise program_error(error, project) from error
    finally:
        _close(loop)


async def _run_and_settle(project: Project) -> None:
    """Run the program and let its outputs resolve together.

    The SDK waits for them one after the other, each time over all that are left: for a thousand
    resources that takes longer than to register them. Failures are left for it to raise.
    """
    run_program(project)
    while waiting := [task for task in settings.SETTINGS.outputs if not task.done()]:
        done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_EXCEPTION)
        if any(task.cancelled() or task.exception() for task in done):
            return


def run_program(project: Project) -> None:
    """Run the program's main script; its exit with status 0 is an ordinary end."""
    try:
        runpy.run_path(str(project.main), run_name="__main__")
    except SystemExit as stop:
        if stop.code not in (None, 0):
            raise InputError(
                f"the program exits with {stop.code}", where=str(project.main)
            ) from None


@contextlib.contextmanager
def program_environment(project: Project) -> Iterator[None]:
    """What a program finds when Pulumi runs it: its folder current and importable.

    Its prints go to stderr, for stdout is the preview's; its own modules are forgotten afterwards,
    so that the next program (or the same, changed) imports its own.
    """
    folder = Path.cwd()
    path, argv, modules = list(sys.path), list(sys.argv), set(sys.modules)
    level = logging.getLogger("asyncio").level
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    os.chdir(project.program)
    sys.path.insert(0, str(project.program))
    sys.argv[:] = [str(project.main)]
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        os.chdir(folder)
        sys.path[:], sys.argv[:] = path, argv
        logging.getLogger("asyncio").setLevel(level)
        for name in set(sys.modules) - modules:
            if _is_own(getattr(sys.modules[name], "__file__", None), project):
                del sys.modules[name]


def _is_own(file: str | None, project: Project) -> bool:
    """Whether a module is the program's; an environment inside its folder is not."""
    path = Path(file or "/")
    return path.is_relative_to(project.program) and "site-packages" not in path.parts


def _close(loop: asyncio.AbstractEventLoop) -> None:
    pending = asyncio.all_tasks(loop)
    for task in pending:
        task.cancel()
    if pending:
        loop.run_until_complete(asyncio.wait(pending))
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()
