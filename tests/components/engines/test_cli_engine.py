"""The real engine: parsing what the CLI prints, and the CLI itself where it is built."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.engines import engine_path

pytest.importorskip("pulumi", reason="the pulumi environment has it")

from dataclasses import replace

from trimtab.errors import EngineError, InfeasibleError, InputError
from trimtab.preview.records import PreviewRequest
from trimtab.resources.inputs import SECRET, UNKNOWN
from trimtab_components.engines import cli, recorder
from trimtab_components.engines.project import find_project

Write = Callable[..., Path]

PROGRAM = """
    import pulumi

    class Part(pulumi.ComponentResource):
        def __init__(self, name, opts=None):
            super().__init__("demo:index:Part", name, {"size": 3}, opts)

    config = pulumi.Config()
    part = Part("part")
    inner = Part("inner", pulumi.ResourceOptions(parent=part, protect=True))
    open = pulumi.Stash("open", input={"n": 1, "half": 0.5, "who": config.get("who")})
    shut = pulumi.Stash("shut", input=pulumi.Output.secret("hush"))
    pulumi.Stash(
        "last",
        input={"urn": open.urn, "id": open.id},
        opts=pulumi.ResourceOptions(parent=inner, depends_on=[shut], retain_on_delete=True),
    )
    pulumi.log.warn("mind the gap")
"""
CONFIG = "config:\n  who: me\n  other:key: {a: 1}\n"


def shape(op: str, urn: str, **state: Any) -> dict[str, Any]:
    """A step as pulumi v3.256 prints it."""
    side = "oldState" if op == "delete" else "newState"
    return {"op": op, "urn": urn, side: {"urn": urn, "custom": True, **state}}


def test_steps_become_records(project: Write) -> None:
    folder = project(PROGRAM, CONFIG)
    stack = "urn:pulumi:dev::demo::pulumi:pulumi:Stack::demo-dev"
    kept = "urn:pulumi:dev::demo::aws:ec2/eip:Eip::a::b"
    document = {
        "config": {"demo:who": "me"},
        "steps": [
            shape("same", stack, type="pulumi:pulumi:Stack", custom=False),
            shape(
                "update",
                kept,
                type="aws:ec2/eip:Eip",
                parent=stack,
                inputs={"tags": {"n": 1}, "domain": UNKNOWN, "key": SECRET, "__defaults": []},
                propertyDependencies={"tags": [], "domain": ["z", "y"]},
                dependencies=["z", "y"],
                protect=True,
                retainOnDelete=True,
                provider="p::1",
            ),
            shape("create-replacement", kept + "2", type="aws:ec2/eip:Eip", id="old"),
            shape("read", stack + "r", type="aws:ec2/vpc:Vpc", external=True),
            shape("delete", "urn:pulumi:dev::demo::aws:ec2/eip:Eip::gone", type="aws:ec2/eip:Eip"),
        ],
        "diagnostics": [{"message": "warning: careful\n", "severity": "warning"}],
        "changeSummary": {"update": 1, "same": 1},
    }
    found = cli.parse(document, find_project(folder), "dev")
    records = {record.name: record for record in found.records}
    assert set(records) == {"demo-dev", "a::b", "a::b2", "demo-devr"}
    kept_record = records["a::b"]
    assert kept_record.inputs == {"domain": UNKNOWN, "key": SECRET, "tags": {"n": 1}}
    assert kept_record.dependencies == ("y", "z")
    assert kept_record.property_dependencies == {"domain": ("y", "z")}
    assert (kept_record.protect, kept_record.retain_on_delete) == (True, True)
    assert records["demo-devr"].existing
    assert found.notes == (
        "against the stack's state: same 1, update 1",
        "the program warns: careful",
    )


def test_an_absent_cli_is_an_engine_error_with_a_mend(
    project: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = project(PROGRAM, CONFIG)
    monkeypatch.setenv("PATH", str(folder))
    with pytest.raises(EngineError, match="not on PATH; install it"):
        cli.record(PreviewRequest(folder, "dev"))


@pytest.fixture
def pulumi_cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The CLI that `make engines` builds, on PATH, with a backend of its own."""
    binary = engine_path("pulumi")
    (tmp_path / "state").mkdir()
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "pulumi").symlink_to(binary)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{tmp_path / 'state'}")
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "correct horse")
    monkeypatch.setenv("PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION", "true")
    return binary


def init(folder: Path, binary: Path) -> None:
    command = [str(binary), "stack", "init", "dev", f"--cwd={folder}", "--non-interactive"]
    subprocess.run(command, check=True, capture_output=True)


@pytest.mark.engine
def test_the_recorder_agrees_with_the_real_engine(project: Write, pulumi_cli: Path) -> None:
    folder = project(PROGRAM, CONFIG)
    init(folder, pulumi_cli)
    before = (folder / "stacks" / "Pulumi.dev.yaml").read_bytes()
    request = PreviewRequest(folder, "dev", {"who": "you"})
    real, recorded = cli.record(request), recorder.record(request)
    assert (folder / "stacks" / "Pulumi.dev.yaml").read_bytes() == before
    # The engine alone adds default providers; nothing else may differ.
    default = "urn:pulumi:dev::demo::pulumi:providers:pulumi::default"
    assert [
        replace(record, provider="") if record.provider.startswith(default) else record
        for record in real.records
        if record.urn != default
    ] == list(recorded.records)
    assert real.config == recorded.config
    assert real.notes == ("against the stack's state: create 6", "the program warns: mind the gap")


@pytest.mark.engine
def test_the_clis_failures(project: Write, pulumi_cli: Path) -> None:
    folder = project(PROGRAM, CONFIG)
    with pytest.raises(EngineError, match=r"no stack named 'dev' found; make it with"):
        cli.record(PreviewRequest(folder, "dev"))
    init(folder, pulumi_cli)
    with pytest.raises(InputError, match="the real engine asks the cloud itself"):
        cli.record(PreviewRequest(folder, "dev", fixtures=folder / "f.yaml"))


@pytest.mark.engine
@pytest.mark.parametrize(
    ("program", "error", "message"),
    [
        ("x = {}['a']\n", InputError, r"__main__\.py:1: the program fails: KeyError"),
        (
            "import pulumi\npulumi.Output.from_input(1).apply(lambda n: n / 0)\n",
            InputError,
            "the program fails: division by zero",
        ),
        (
            "from trimtab.errors import InfeasibleError\nraise InfeasibleError('nothing fits')\n",
            InfeasibleError,
            "^nothing fits$",
        ),
    ],
)
def test_a_failing_program(
    project: Write, pulumi_cli: Path, program: str, error: type[Exception], message: str
) -> None:
    folder = project(program, CONFIG)
    init(folder, pulumi_cli)
    with pytest.raises(error, match=message):
        cli.record(PreviewRequest(folder, "dev"))
