"""`trimtab preview` as a user runs it: a process, its streams and its exit status."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from support.plans import plan
from trimtab.plan.document import load_plan, save_plan

pytest.importorskip("pulumi_aws", reason="the pulumi environment has it")

PROGRAM = """
import pulumi
import pulumi_aws as aws
from trimtab.plan.attribution import group_tags
from trimtab.plan.document import load_plan
from trimtab.plan.sizing import window_at
from trimtab.clock import parse_instant
from pathlib import Path

config = pulumi.Config("trimtab")
plan = load_plan(Path(__file__).parent.parent / config.require("plan"))
as_of = config.get("asOf")
instant = parse_instant(as_of) if as_of else plan.spec.start
print("sizing")
cluster = aws.eks.Cluster("cluster", role_arn="arn", vpc_config={"subnet_ids": []})
for pool in plan.spec.pools:
    for group in pool.groups:
        window = window_at(group, instant)
        aws.eks.NodeGroup(
            f"{pool.name}-{group.name}",
            cluster_name=cluster.name,
            node_role_arn="arn",
            subnet_ids=[],
            scaling_config={
                "min_size": window.min, "desired_size": window.desired, "max_size": window.max
            },
            tags=group_tags(plan, pool, group),
        )
aws.quicksight.Theme("theme", theme_id="t", base_theme_id="b")
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project whose stack names its plan relative to the project's folder."""
    (tmp_path / "stacks").mkdir()
    text = "name: demo\nruntime: python\nmain: stacks\nstackConfigDir: stacks\n"
    (tmp_path / "Pulumi.yaml").write_text(text, "utf-8")
    (tmp_path / "stacks" / "__main__.py").write_text(PROGRAM, "utf-8")
    stack = "config:\n  trimtab:plan: plan.yaml\n  aws:region: us-east-1\n"
    (tmp_path / "stacks" / "Pulumi.aws.yaml").write_text(stack, "utf-8")
    save_plan(plan(), tmp_path / "plan.yaml")
    return tmp_path


def trimtab(folder: Path, *arguments: str, **env: str) -> "subprocess.CompletedProcess[str]":
    command = [str(Path(sys.executable).with_name("trimtab")), "preview", *arguments]
    return subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "TRIMTAB_DEBUG": "", **env},
        capture_output=True,
        text=True,
        check=False,
    )


def as_json(folder: Path, *arguments: str) -> dict[str, Any]:
    result = trimtab(folder, "--stack", "aws", "--format", "json", *arguments)
    assert result.returncode == 0, result.stderr
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def test_the_table_shows_the_plans_numbers_on_the_resources(project: Path) -> None:
    result = trimtab(project, "--stack", "aws")
    assert result.returncode == 0, result.stderr
    (row,) = (line for line in result.stdout.splitlines() if "trainer-on-demand" in line)
    for figure in (
        "2/3/4",
        "on-demand",
        "71,772.30",  # three machines at 32.77 an hour, and the 20 GiB that EKS gives each at 2.00
        "4,161.0",
        "pools[trainer].groups[on-demand]",
    ):
        assert figure in row
    assert "not priced" in next(line for line in result.stdout.splitlines() if "theme" in line)
    assert "4 priced, 0 free, 1 not priced" in result.stdout
    assert "sizing" in result.stderr
    assert "sizing" not in result.stdout


def test_the_json_document_names_plan_lines_that_are_there(project: Path) -> None:
    document = as_json(project)
    groups = [entry for entry in document["resources"] if entry["purchase_option"]]
    assert len(groups) == 3
    lines = (project / "plan.yaml").read_text("utf-8").splitlines()
    for entry in groups:
        place, _, path = entry["plan_line"].partition(" ")
        file, _, line = place.rpartition(":")
        name = path.partition("groups[")[2].rstrip("]")
        assert file == "plan.yaml"
        assert f"name: {name}" in lines[int(line) - 1]
    assert document["totals"]["not_priced"] == 1
    assert as_json(project) == document


def test_a_plan_and_an_instant_of_ones_own(project: Path) -> None:
    other = plan(validUntil="2026-12-01T00:00:00Z")
    save_plan(other, project / "mine.yaml")
    document = as_json(project, "--plan", "mine.yaml", "--as-of", "2026-11-01T05:00:00Z")
    assert document["plan"]["file"] == "mine.yaml"
    assert document["plan"]["digest"] == other.digest
    assert document["as_of"] == "2026-11-01T05:00:00Z"
    (entry,) = (e for e in document["resources"] if e["name"] == "trainer-on-demand")
    assert entry["nodes"] == {"min": 3, "desired": 4, "max": 6}


def test_usage_regions_and_what_is_held_are_the_users_to_say(project: Path) -> None:
    usage = "apiVersion: trimtab.dev/v1alpha1\nkind: Usage\nusage:\n"
    usage += "  - kind: aws_sqs_queue\n    monthly: {requests_millions: 5}\n"
    (project / "usage.yaml").write_text(usage, "utf-8")
    program = project / "stacks" / "__main__.py"
    more = 'aws.sqs.Queue("jobs")\naws.ec2.NatGateway("way-out", subnet_id="s")\n'
    program.write_text(PROGRAM + more, "utf-8")

    def shown(*arguments: str) -> dict[str, Any]:
        return {each["name"]: each for each in as_json(project, *arguments)["resources"]}

    plain = shown("--prices", "built-in")
    assert (plain["jobs"]["usd_per_month_now"], plain["jobs"]["on_default"]) == (0.4, True)
    said = shown("--prices", "built-in", "--usage", "usage.yaml", "--region", "aws=eu-central-1")
    assert (said["jobs"]["usd_per_month_now"], said["jobs"]["on_default"]) == (2.0, False)
    # 0.045 an hour and GB in us-east-1, 0.052 in eu-central-1: 730 hours and 100 GB.
    assert plain["way-out"]["usd_per_month_now"] == pytest.approx(37.35)
    assert said["way-out"]["usd_per_month_now"] == pytest.approx(730 * 0.052 + 5.2)


def test_it_works_from_any_folder_of_the_project(project: Path) -> None:
    here = trimtab(project / "stacks", "--stack", "aws")
    there = trimtab(project.parent, "--stack", "aws", "--program", project.name)
    assert (here.returncode, there.returncode) == (0, 0)


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["--stack", "prod"], 2, "name one of: aws"),
        (["--stack", "aws", "--plan", "gone.yaml"], 2, "gone.yaml: no such file"),
        (["--stack", "aws", "--plan", "Pulumi.yaml"], 2, "give apiVersion: trimtab.dev/v1alpha1"),
        (["--stack", "aws", "--usage", "gone.yaml"], 2, "gone.yaml: no such file"),
        (["--stack", "aws", "--inventory", "gone.yaml"], 2, "gone.yaml: no such file"),
        (["--stack", "aws", "--region", "ibm=x"], 2, "--region: unknown provider 'ibm'"),
        (["--stack", "aws", "--region", "aws"], 2, "--region: 'aws' is no KEY=VALUE"),
        (["--stack", "aws", "--as-of", "soon"], 2, "--as-of: 'soon' is no ISO 8601 instant"),
        (["--stack", "aws", "--engine", "magic"], 2, "choose one of: pulumi, recorder"),
        (["--stack", "aws", "--config", "novalue"], 2, "'novalue' is no KEY=VALUE"),
        (["--stack", "aws", "--program", "gone"], 2, "gone: no such folder"),
        (["--stack", "aws", "--fixtures", "gone.yaml"], 2, "gone.yaml: no such file"),
        (["--stack", "aws", "--config", "trimtab:asOf=later"], 2, "the program fails: ValueError"),
    ],
)
def test_a_users_mistake_is_one_line(
    project: Path, arguments: list[str], status: int, message: str
) -> None:
    result = trimtab(project, *arguments)
    assert result.returncode == status
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    (line,) = (text for text in result.stderr.splitlines() if text.startswith("error: "))
    assert message in line
    assert "Traceback" in trimtab(project, *arguments, TRIMTAB_DEBUG="1").stderr


def test_the_real_engine_that_is_not_there_is_status_5(project: Path) -> None:
    result = trimtab(project, "--stack", "aws", "--engine", "pulumi", PATH="/nonexistent")
    assert result.returncode == 5
    assert "the pulumi command is not on PATH; install it" in result.stderr


def test_without_the_components_the_mend_is_to_install_them(project: Path) -> None:
    script = (
        "import sys, importlib.metadata as m; m.entry_points = lambda **_: (); "
        "from trimtab.cli.main import main; "
        "sys.exit(main(['preview', '--stack', 'aws']))"
    )
    result = subprocess.run(
        [sys.executable, "-c", script], cwd=project, capture_output=True, text=True, check=False
    )
    assert result.returncode == 5
    assert "no preview engine is installed; install trimtab-components" in result.stderr


REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("stack", ["aws", "local"])
def test_the_repositorys_stacks_show_their_plans_numbers(stack: str) -> None:
    result = trimtab(REPOSITORY, "--stack", stack, "--format", "json")
    assert result.returncode == 0, result.stderr
    document = json.loads(result.stdout)
    source = load_plan(REPOSITORY / document["plan"]["file"])
    assert document["plan"]["digest"] == source.digest
    shown = {
        entry["plan_line"].partition(" ")[2]: entry
        for entry in document["resources"]
        if entry["plan_line"]
    }
    groups = {
        f"pools[{pool.name}].groups[{group.name}]": group
        for pool in source.spec.pools
        for group in pool.groups
    }
    assert set(shown) == set(groups)
    for path, group in groups.items():
        window, entry = group.windows[0], shown[path]
        sizes = {"min": window.min, "desired": window.desired, "max": window.max}
        assert entry["nodes"] == sizes
        assert entry["purchase_option"] == group.purchase.option
        assert group.expected.usd_per_hour is not None
        # Shown to the cent; what is not the plan's is the machines' disks.
        machines = [each for each in entry["charges"] if each["basis"] == "plan"]
        expected = pytest.approx(group.expected.usd_per_hour * 730, abs=0.006)
        assert sum(each["usd_per_month_expected"] for each in machines) == expected
        disks = [each for each in entry["charges"] if each not in machines]
        assert {each["label"] for each in disks} <= {"root disk, gp3"}
    priced = [e["usd_per_month_now"] for e in document["resources"] if e["status"] == "priced"]
    assert document["totals"]["usd_per_month_now"] == pytest.approx(sum(priced), abs=0.05)
    assert document["totals"]["priced"] == len(priced)
