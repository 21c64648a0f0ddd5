"""`trimtab render` and `trimtab replay`, up to the engine that another distribution brings."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.cli import Cli
from trimtab.cli import engines
from trimtab.errors import ExitCode
from trimtab.rendering import Rendered, RenderRequest, Replayed, Skipped

XR = {"apiVersion": "x.org/v1", "kind": "X", "metadata": {"name": "a", "namespace": "ml"}}
COMPOSITION = {"kind": "Composition", "spec": {"pipeline": []}}
PLAN = "kind: CapacityPlan\nmetadata: {name: p}\nspec: {start: 2026-11-01T00:00:00Z}\n"


class Point:
    """An entry point of an engine of the test's."""

    def __init__(self, name: str, function: Any) -> None:
        self.name, self._function = name, function

    def load(self) -> Any:
        if isinstance(self._function, Exception):
            raise self._function
        return self._function


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Cli:
    return Cli(capsys)


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    xr, composition = tmp_path / "xr.yaml", tmp_path / "composition.yaml"
    xr.write_text(yaml.safe_dump(XR), "utf-8")
    composition.write_text(yaml.safe_dump(COMPOSITION), "utf-8")
    return xr, composition


def install(monkeypatch: pytest.MonkeyPatch, **points: Any) -> None:
    found = [Point(name, function) for name, function in points.items()]
    monkeypatch.setattr(engines, "entry_points", lambda *, group: found if group else [])


def engine(asked: list[RenderRequest], name: str) -> Any:
    def render(request: RenderRequest) -> Rendered:
        asked.append(request)
        composed = [{"kind": "NodeGroup"}]
        return Rendered(request.xr, composed, [], [Skipped("first", "function-a")], name)

    return render


def test_without_the_functions_there_is_one_clear_error(
    cli: Cli, files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch)
    phrase = "no composition function is installed; install trimtab-functions beside trimtab"
    cli.refused(("render", *files), ExitCode.ENGINE, phrase)
    cli.refused(("replay", files[0]), ExitCode.ENGINE, phrase)


def test_an_engine_that_lacks_a_module_names_it(
    cli: Cli, files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch, auto=ModuleNotFoundError("no grpc", name="grpc"))
    cli.refused(("render", *files), ExitCode.ENGINE, "the engine auto needs the module grpc")


def test_the_engine_gets_the_files_as_kubernetes_reads_them(
    cli: Cli, files: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[RenderRequest] = []
    install(monkeypatch, auto=engine(asked, "the test"))
    plan, others = tmp_path / "plan.yaml", tmp_path / "others.yaml"
    plan.write_text(PLAN, "utf-8")
    others.write_text("kind: A\n---\nkind: B\n", "utf-8")
    ran = cli(
        "render", *files, "--plan", plan, "--required", others, "--observed", others,
        "--as-of", "2026-12-01T00:00:00Z",
    )  # fmt: skip
    assert ran.status == 0, ran.err
    (request,) = asked
    assert request.as_of == datetime(2026, 12, 1, tzinfo=UTC)
    assert (request.xr, request.composition, request.xrd) == (XR, COMPOSITION, None)
    # The plan stands where the XR is, and its instant is text.
    assert request.required == [
        {
            "kind": "CapacityPlan",
            "metadata": {"name": "p", "namespace": "ml"},
            "spec": {"start": "2026-11-01T00:00:00Z"},
        },
        {"kind": "A"},
        {"kind": "B"},
    ]
    assert [each["kind"] for each in request.observed] == ["A", "B"]
    assert list(yaml.safe_load_all(ran.out)) == [XR, {"kind": "NodeGroup"}]
    assert "rendered by the test" in ran.err
    assert "skipped step first: function-a is not ours" in ran.err


def test_as_json_it_is_one_document(
    cli: Cli, files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch, local=engine([], "the test"))
    ran = cli("render", *files, "--engine", "local", "--format", "json")
    assert json.loads(ran.out) == {
        "engine": "the test",
        "xr": XR,
        "composed": [{"kind": "NodeGroup"}],
        "results": [],
        "skipped": [{"step": "first", "function": "function-a"}],
    }


@pytest.mark.parametrize(
    ("arguments", "phrase"),
    [
        (("--as-of", "tomorrow"), "--as-of: 'tomorrow' is no ISO 8601 instant"),
        (("--engine", "docker"), "'docker' is not one of"),
        (("--plan", "none.yaml"), "none.yaml: no such file"),
    ],
    ids=["no instant", "no such engine", "no such file"],
)
def test_a_wrong_option_is_one_line(
    cli: Cli, files: tuple[Path, Path], arguments: tuple[str, ...], phrase: str
) -> None:
    cli.refused(("render", *files, *arguments), ExitCode.BAD_INPUT, phrase)


@pytest.mark.parametrize(
    ("option", "kind"), [("--plan", "CapacityPlan"), ("--approvals", "CommitmentApproval")]
)
def test_an_object_of_another_kind_is_refused_where_nobody_would_ask_for_it(
    cli: Cli, files: tuple[Path, Path], option: str, kind: str
) -> None:
    phrase = f"no {kind}; give one with kind {kind}, and other objects by --required"
    cli.refused(("render", *files, option, str(files[0])), ExitCode.BAD_INPUT, phrase)


def test_a_file_of_several_xrs_is_refused(cli: Cli, files: tuple[Path, Path]) -> None:
    files[0].write_text("kind: A\n---\nkind: B\n", "utf-8")
    cli.refused(("render", *files), ExitCode.BAD_INPUT, "xr.yaml: holds 2 objects; give one")


def replayer(answer: Mapping[str, Any], asked: list[datetime | None]) -> Any:
    def replay(path: Path, as_of: datetime | None) -> Replayed:
        asked.append(as_of)
        return Replayed(
            answer, json.loads(path.read_text("utf-8")), datetime(2026, 1, 1, tzinfo=UTC)
        )

    return replay


def test_a_replayed_answer_is_printed_or_compared(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[datetime | None] = []
    install(monkeypatch, local=replayer({"a": 2}, asked))
    same, other = tmp_path / "same.json", tmp_path / "other.json"
    same.write_text('{"a": 2}', "utf-8")
    other.write_text('{"a": 1}', "utf-8")
    printed = cli("replay", same, "--as-of", "2026-12-01")
    assert yaml.safe_load(printed.out) == {"a": 2}
    assert asked == [datetime(2026, 12, 1, tzinfo=UTC)]
    assert cli("replay", same, "--expect").out == ""
    ran = cli("replay", same, other, "--expect")
    assert ran.status == ExitCode.BAD_INPUT
    assert ran.out.splitlines()[-2:] == ["-a: 1", "+a: 2"]
    assert "answers that differ from what was recorded: 1 of 2" in ran.err
