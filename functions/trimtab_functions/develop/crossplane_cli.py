"""The whole pipeline by Crossplane's own command line, our steps served to it on loopback.

Written for `crossplane render` of v2.2, which composes by itself. From v2.3 on (`crossplane composition
render`, with the old name as an alias) the command runs Crossplane's core for that: in Docker, or the
binary that TRIMTAB_CROSSPLANE_CORE names (github.com/crossplane/cli, cmd/crossplane/render/engine.go,
read in November 2026; only v2.2.0 is run in tests).
"""

import contextlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from concurrent import futures
from datetime import datetime
from pathlib import Path

import grpc
import yaml
from crossplane.function import response
from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from crossplane.function.proto.v1 import run_function_pb2_grpc as grpcv1

from trimtab.errors import EngineError, InputError
from trimtab.rendering import Document, Rendered, RenderRequest
from trimtab_functions.develop.ours import is_ours, steps
from trimtab_functions.dispatch import Functions

BINARY = "crossplane"
BINARY_VARIABLE = "TRIMTAB_CROSSPLANE"
"""Names another binary than the `crossplane` on the PATH."""

CORE_VARIABLE = "TRIMTAB_CROSSPLANE_CORE"
"""Names the binary of Crossplane's core for a command that needs one."""

SECONDS = 120
MAX_MESSAGE_BYTES = 8 * 1024 * 1024
_SPELLINGS = (("render",), ("composition", "render"))
_CORE_OPTION = "--crossplane-binary"
_DEVELOPMENT = "render.crossplane.io/runtime"
_TARGET = "render.crossplane.io/runtime-development-target"


def binary() -> Path | None:
    """Crossplane's command line, if there is one."""
    found = shutil.which(os.environ.get(BINARY_VARIABLE) or BINARY)
    return Path(found) if found else None


def needs_functions(request: RenderRequest) -> list[str]:
    """The functions of others that the pipeline names and the request does not have."""
    given = {(each.get("metadata") or {}).get("name") for each in request.functions}
    names = {
        step["functionRef"]["name"] for step in steps(request.composition) if not is_ours(step)
    }
    return sorted(names - given)


def render(request: RenderRequest) -> Rendered:
    """Run the pipeline.

    Raises:
        EngineError: there is no such command, or it does not run.
        InputError: a function of another step is not given, or one refused.
    """
    command = binary()
    if command is None:
        raise EngineError(
            f"no {BINARY} on the PATH",
            mend=f"install Crossplane's command line, name it in {BINARY_VARIABLE}, or take "
            "--engine local",
        )
    if missing := needs_functions(request):
        raise InputError(
            f"no Function object for {', '.join(missing)}",
            where="--functions",
            mend="give a file that says how they run, or take --engine local",
        )
    words, needs_core = _spelling(command)
    core = os.environ.get(CORE_VARIABLE) if needs_core else None
    more = [f"{_CORE_OPTION}={core}"] if core else []
    with (
        tempfile.TemporaryDirectory(prefix="trimtab-render-") as place,
        _served(request.as_of) as at,
    ):
        documents = _run([str(command), *words, *more], request, at, Path(place))
    results = [each for each in documents[1:] if each.get("kind") == "Result"]
    composed = [each for each in documents[1:] if each.get("kind") != "Result"]
    return Rendered(documents[0], composed, results, [], f"{command} {' '.join(words)}")


def composes_here(command: Path) -> bool:
    """Whether the command composes without Docker.

    Raises:
        EngineError: it has no command to render with.
    """
    _, needs_core = _spelling(command)
    return not needs_core or CORE_VARIABLE in os.environ


def _spelling(command: Path) -> tuple[tuple[str, ...], bool]:
    """The words that render, and whether that takes a core beside the command."""
    for words in _SPELLINGS:
        tried = subprocess.run(
            [command, *words, "--help"],
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        if tried.returncode == 0:
            return words, _CORE_OPTION in tried.stdout
    raise EngineError(
        f"{command} has no command to render with", mend="take v2.2 or newer, or --engine local"
    )


def _run(
    command: Sequence[str], request: RenderRequest, target: str, folder: Path
) -> list[Document]:
    ours = {step["functionRef"]["name"] for step in steps(request.composition) if is_ours(step)}
    others = [e for e in request.functions if (e.get("metadata") or {}).get("name") not in ours]
    files = {
        "xr": [request.xr],
        "composition": [request.composition],
        "functions": [*others, *(_function(name, target) for name in sorted(ours))],
    }
    options = ["--include-function-results", f"--timeout={SECONDS}s"]
    for name, documents in (
        ("required-resources", request.required),
        ("observed-resources", request.observed),
        ("xrd", [request.xrd] if request.xrd else []),
    ):
        if documents:
            files[name] = list(documents)
            options.append(f"--{name}={folder / name}.yaml")
    for name, documents in files.items():
        text = "".join(f"---\n{json.dumps(each)}\n" for each in documents)
        (folder / f"{name}.yaml").write_text(text, "utf-8")
    arguments = [folder / f"{name}.yaml" for name in ("xr", "composition", "functions")]
    try:
        finished = subprocess.run(
            [*command, *arguments, *options],
            capture_output=True,
            text=True,
            timeout=2 * SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise EngineError(f"{command[0]} did not end in {2 * SECONDS} s") from None
    if finished.returncode != 0:
        told = (finished.stderr.strip() or finished.stdout.strip()).removeprefix("crossplane: ")
        raise InputError(told.removeprefix("error: "), where=command[0])
    return [each for each in yaml.safe_load_all(finished.stdout) if each]


def _function(name: str, target: str) -> Document:
    return {
        "apiVersion": "pkg.crossplane.io/v1",
        "kind": "Function",
        "metadata": {"name": name, "annotations": {_DEVELOPMENT: "Development", _TARGET: target}},
        # Never pulled: the running function is called, but the kind requires a package.
        "spec": {"package": f"example.org/{name}:v0.0.0"},
    }


@contextlib.contextmanager
def _served(as_of: datetime) -> Iterator[str]:
    """Our functions on loopback with that instant for the present; their address."""
    options = [("grpc.max_receive_message_length", MAX_MESSAGE_BYTES)]
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=1), options=options)
    grpcv1.add_FunctionRunnerServiceServicer_to_server(_Servicer(as_of), server)  # type: ignore[no-untyped-call]
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(grace=None).wait()


class _Servicer(grpcv1.FunctionRunnerServiceServicer):
    """Answers with no memory of the process but the functions'."""

    def __init__(self, as_of: datetime) -> None:
        self._functions = Functions(lambda: as_of)

    def RunFunction(  # noqa: N802 - gRPC's name
        self, request: fnv1.RunFunctionRequest, context: grpc.ServicerContext
    ) -> fnv1.RunFunctionResponse:
        """Answer one call."""
        del context
        answer = response.to(request)
        self._functions.compose(request, answer)
        return answer
