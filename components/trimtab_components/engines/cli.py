"""The real engine: `pulumi preview --json`, asked for every resource, changed or not.

The CLI plans against the stack's state with the user's own backend, credentials and provider
plugins. It runs the program through a language host served from this process, so that it is the
same program in the same environment as the recorder's, and the CLI's Python host is not needed. The
stack's file is never written: overrides go through a copy.
"""

import contextlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import yaml
from pulumi.automation._server import LanguageServer
from pulumi.runtime.proto import language_pb2_grpc

from trimtab.errors import EngineError, InputError
from trimtab.preview.records import PreviewRequest, Recording, ResourceRecord
from trimtab_components.engines.failures import program_error
from trimtab_components.engines.project import (
    Project,
    find_project,
    load_mapping,
    stack_file,
)
from trimtab_components.engines.recorder import program_environment, run_program

INSTALL = "install it (https://www.pulumi.com/docs/install/), or leave out --engine"
_DELETES = {"delete", "delete-replaced", "discard", "discard-replaced", "read-discard", "remove"}
_PROGRAM_FAILED = "python inline source runtime error: "


def record(request: PreviewRequest) -> Recording:
    """Ask the real Pulumi what the stack's program would leave in place.

    Raises:
        EngineError: the CLI is absent, or fails for a reason of its own (no such stack, no login, no
            plugin).
        InputError: the project or its program is at fault.
        TrimtabError: whatever of these the program itself raises.
    """
    command = shutil.which("pulumi")
    if command is None:
        raise EngineError("the pulumi command is not on PATH", mend=INSTALL)
    if request.fixtures is not None:
        raise InputError(
            "the real engine asks the cloud itself", where="--fixtures", mend="leave it out"
        )
    project = find_project(request.program)
    failures: list[Exception] = []
    with _config_file(project, request) as config, _language_host(project, failures) as address:
        finished = subprocess.run(
            [
                command,
                "preview",
                "--json",
                "--show-sames",
                "--show-reads",
                "--non-interactive",
                f"--cwd={project.folder}",
                f"--stack={request.stack}",
                f"--client={address}",
                "--exec-kind=auto.inline",
                *config,
            ],
            env={**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    if failures:
        raise program_error(failures[0], project) from failures[0]
    document = _document(finished.stdout)
    if finished.returncode:
        raise _failure(document, finished.stderr, project)
    return parse(document, project, request.stack.rpartition("/")[2])


def parse(document: Mapping[str, Any], project: Project, stack: str) -> Recording:
    """The recording in what `pulumi preview --json --show-sames` prints.

    A record's aliases and property paths stay empty: the CLI does not print them.
    """
    records: dict[str, ResourceRecord] = {}
    for step in document.get("steps", []):
        state = step.get("newState")
        if state and step.get("op") not in _DELETES:
            records[state["urn"]] = _record(state)
    counts = document.get("changeSummary") or {}
    warnings = (
        "the program warns: " + str(entry["message"]).strip().removeprefix("warning: ")
        for entry in document.get("diagnostics", [])
        if entry.get("severity") == "warning"
    )
    notes = list(dict.fromkeys(warnings))
    if counts:
        changes = ", ".join(f"{name} {counts[name]}" for name in sorted(counts))
        notes.insert(0, f"against the stack's state: {changes}")
    return Recording(
        project=project.name,
        stack=stack,
        folder=project.folder,
        program=project.program,
        config=dict(sorted(document.get("config", {}).items())),
        records=tuple(records[urn] for urn in sorted(records)),
        notes=tuple(notes),
    )


def _record(state: Mapping[str, Any]) -> ResourceRecord:
    dependencies: Mapping[str, list[str] | None] = state.get("propertyDependencies") or {}
    return ResourceRecord(
        urn=state["urn"],
        type=state["type"],
        name=state["urn"].split("::", 3)[3],
        parent=state.get("parent", ""),
        inputs={
            key: value
            for key, value in sorted((state.get("inputs") or {}).items())
            if not key.startswith("__")
        },
        custom=state["custom"],
        existing=state.get("external", False),
        protect=state.get("protect", False),
        retain_on_delete=state.get("retainOnDelete", False),
        provider=state.get("provider", ""),
        dependencies=tuple(sorted(state.get("dependencies") or ())),
        property_dependencies={
            name: tuple(sorted(urns)) for name, urns in sorted(dependencies.items()) if urns
        },
        ignore_changes=tuple(state.get("ignoreChanges") or ()),
        replace_on_changes=tuple(state.get("replaceOnChanges") or ()),
    )


@contextlib.contextmanager
def _language_host(project: Project, failures: list[Exception]) -> Iterator[str]:
    """Serve the program on loopback for the length of the block; yields the address.

    An exception of the program's main script is kept in `failures`, for the CLI only prints it.
    """

    def program() -> None:
        try:
            run_program(project)
        except Exception as error:
            failures.append(error)
            raise

    server = grpc.server(ThreadPoolExecutor(max_workers=4))
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(LanguageServer(program), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        with program_environment(project):
            yield f"127.0.0.1:{port}"
    finally:
        server.stop(grace=0).wait()


@contextlib.contextmanager
def _config_file(project: Project, request: PreviewRequest) -> Iterator[list[str]]:
    """Arguments that put the request's values before the stack's, in a copy of its file.

    A copy even without values: the CLI writes an encryption salt into a file that has none.
    """
    data = dict(load_mapping(stack_file(project, request.stack)))
    own = {key if ":" in key else f"{project.name}:{key}": v for key, v in request.config.items()}
    data["config"] = {**(data.get("config") or {}), **own}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "Pulumi.preview.yaml"
        path.write_text(yaml.safe_dump(data), "utf-8")
        yield [f"--config-file={path}"]


def _document(text: str) -> dict[str, Any]:
    try:
        document: dict[str, Any] = json.loads(text)
    except json.JSONDecodeError:
        return {}
    return document


def _failure(
    document: Mapping[str, Any], stderr: str, project: Project
) -> EngineError | InputError:
    errors = [
        str(entry["message"]).removeprefix("error: ")
        for entry in document.get("diagnostics", [])
        if entry.get("severity") == "error"
    ]
    text = (errors or [stderr.strip().removeprefix("error: ")])[0]
    first = text.partition("\n")[0]
    if first.startswith(_PROGRAM_FAILED):
        message = f"the program fails: {first.removeprefix(_PROGRAM_FAILED)}"
        return InputError(message, where=str(project.main))
    mend = "make it with `pulumi stack init`" if "no stack named" in first else None
    return EngineError(f"pulumi preview failed: {first or 'without a message'}", mend=mend)
