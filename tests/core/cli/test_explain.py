"""`trimtab explain`: every statement printed, filtered by name, from the plan's file alone."""

import json
from pathlib import Path

import pytest

from support.cli import Cli
from support.plans import plan, plan_data, pool
from trimtab.errors import ExitCode
from trimtab.explain import explain
from trimtab.plan.document import save_plan, to_yaml


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Cli:
    return Cli(capsys)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A plan of two pools."""
    path = tmp_path / "plan.yaml"
    save_plan(plan(pools=[pool(), pool(name="other")]), path)
    return path


def test_json_has_every_statement_with_its_whole_path(cli: Cli, file: Path) -> None:
    ran = cli("explain", file, "--format", "json")
    assert (ran.status, ran.err) == (ExitCode.OK, "")
    printed = json.loads(ran.out)
    expected = explain(plan(pools=[pool(), pool(name="other")]))
    assert [each["path"] for each in printed] == [each.path for each in expected]
    first = next(each for each in printed if each["path"].endswith("groups[1].windows[*].max"))
    assert first["value"] == [4, 6, 4]
    assert (first["pool"], first["group"]) == ("trainer", "on-demand")


def test_a_table_shows_each_place_once_with_short_paths(cli: Cli, file: Path) -> None:
    lines = cli("explain", file).out.splitlines()
    assert lines.count("pool other, group spot, spec.pools[1].groups[2]") == 1
    assert any(line.split()[:4] == ["windows[*].max", "4", "to", "6"] for line in lines)
    carbon = next(line for line in lines if line.startswith(" expected.kgco2ePerHour"))
    assert carbon.split()[1:4] == ["-", "not", "known:"]


@pytest.mark.parametrize(
    ("options", "places"),
    [
        (["--pool", "other"], {("other", None), ("other", "reserved"), ("other", "on-demand"),
                               ("other", "spot")}),
        (["--group", "spot"], {("trainer", "spot"), ("other", "spot")}),
        (["--pool", "trainer", "--group", "reserved"], {("trainer", "reserved")}),
    ],
    ids=["a pool", "a group", "both"],
)  # fmt: skip
def test_statements_are_filtered_by_name(
    cli: Cli, file: Path, options: list[str], places: set[tuple[str, str | None]]
) -> None:
    printed = json.loads(cli("explain", file, *options, "--format", "json").out)
    assert {(each["pool"], each["group"]) for each in printed} == places


@pytest.mark.parametrize(
    ("options", "phrase"),
    [
        (["--pool", "tranier"], "--pool: the plan has no pool 'tranier'; choose one of: other, tr"),
        (["--group", "owned"], "--group: the plan has no group 'owned'; choose one of: on-demand"),
        (["--pool", "other", "--group", "x"], "the plan has no group 'x' in pool other"),
    ],
)
def test_an_unknown_name_lists_what_there_is(
    cli: Cli, file: Path, options: list[str], phrase: str
) -> None:
    cli.refused(["explain", file, *options], ExitCode.BAD_INPUT, phrase)


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("", "is not a CapacityPlan document"),
        ("kind: Deployment\napiVersion: apps/v1\n", "is apps/v1, kind Deployment"),
        (to_yaml(plan()).replace("min: 2", "min: 9"), "sizes must satisfy min <= desired <= max"),
        ("a: [", "is not YAML"),
    ],
    ids=["empty", "another kind", "wrong sizes", "no YAML"],
)
def test_what_is_no_plan_is_refused(cli: Cli, tmp_path: Path, text: str, phrase: str) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text(text, encoding="utf-8")
    cli.refused(["explain", path], ExitCode.BAD_INPUT, phrase)


def test_a_missing_file_is_named(cli: Cli, tmp_path: Path) -> None:
    cli.refused(["explain", tmp_path / "none.yaml"], ExitCode.BAD_INPUT, "none.yaml: no such file")


def test_a_narrow_terminal_shows_sentences_whole(
    cli: Cli, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "dumb")  # no escapes, which would count as columns
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    ran = cli("explain", file, "--pool", "other", "--group", "reserved")
    assert [line for line in ran.out.splitlines() if len(line) > 80] == []
    assert "…" not in ran.out
    assert ran.err == ""


def test_a_plan_in_json_reads_as_well(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(plan_data()), encoding="utf-8")
    assert cli("explain", path).status == ExitCode.OK
