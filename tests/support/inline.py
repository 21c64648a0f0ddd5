"""A function run as a Pulumi program: under the recording monitor, or against made-up deployments."""

import asyncio
import contextvars
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi.runtime import rpc
from pulumi.runtime.stack import run_pulumi_func

from support.recorded import Records
from support.stand_in.shapes import computed, made_up
from trimtab.preview.records import PreviewRequest
from trimtab_components.engines import recorder
from trimtab_components.engines.fixtures import Fixtures
from trimtab_components.engines.monitor import RecordingMonitor

Program = Callable[[], object]


@dataclass(frozen=True)
class Previewed:
    """What a preview of a function registers.

    Attributes:
        outputs: names under which a component registers outputs, by its URN.
    """

    records: Records
    outputs: dict[str, set[str]]


def preview(folder: Path, program: Program) -> Previewed:
    """Run the function as the program of a stack `dev`, under the recording monitor.

    Args:
        folder: an empty one, for the project's files.
        program: what the program does.
    """
    folder.mkdir(exist_ok=True)
    (folder / "Pulumi.yaml").write_text("name: own\nruntime: python\n", "utf-8")
    (folder / "Pulumi.dev.yaml").write_text("config: {}\n", "utf-8")
    (folder / "__main__.py").write_text("", "utf-8")
    outputs: dict[str, set[str]] = {}
    answer = RecordingMonitor.RegisterResourceOutputs

    def keep(self: RecordingMonitor, request: Any) -> Any:
        given = rpc.deserialize_properties(request.outputs, keep_unknowns=True)
        outputs.setdefault(request.urn, set()).update(given)
        return answer(self, request)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recorder, "run_program", lambda _project: program())
        patch.setattr(RecordingMonitor, "RegisterResourceOutputs", keep)
        records = recorder.record(PreviewRequest(folder, "dev")).records
    return Previewed(records, outputs)


@dataclass
class Deployment(pulumi.runtime.Mocks):
    """Answers each resource with its inputs and a made-up value of every output that it computes.

    Attributes:
        made: the inputs by type and name.
    """

    made: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        """The resource's id and state."""
        self.made[args.typ, args.name] = args.inputs
        added = {}
        if args.typ.partition(":")[0] in {"aws", "gcp", "azure", "command"}:
            added = {
                key: made_up(kind, f"{args.name}-{key}") for key, kind in computed(args.typ).items()
            }
        return f"{args.name}-id", {**added, **args.inputs}

    def call(self, args: pulumi.runtime.MockCallArgs) -> Any:
        """What does not depend on the account, and an account that nobody has."""
        return dict(Fixtures({}, Path("none"), "us-east-1").answer(args.token, args.args))


def deploy(program: Program) -> Deployment:
    """Run the function as a deployment that knows every output."""
    deployment = Deployment()

    async def body() -> None:
        pulumi.runtime.set_mocks(deployment, project="own", stack="dev", preview=False)
        program()

    contextvars.copy_context().run(lambda: asyncio.run(run_pulumi_func(lambda: body())))
    return deployment
