"""docs/ci says what is so: its examples are what the code writes, takes and does."""

import json
import re
import shlex
from pathlib import Path

import pytest
import yaml

from support import scenario
from support.code_host import code_host
from trimtab.ci.hosts import GitHub, GitLab
from trimtab.cli.main import main
from trimtab.diff.budgets import load_budgets
from trimtab.errors import ExitCode

DOCS = Path(__file__).resolve().parents[3] / "docs"
PAGE = (DOCS / "ci" / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", PAGE, flags=re.DOTALL | re.MULTILINE)
OPTIONS = [text[len("OPTIONS:") :] for _, text in BLOCKS if text.startswith("OPTIONS:")]


def block(language: str, phrase: str) -> str:
    (found,) = (text for kind, text in BLOCKS if kind == language and phrase in text)
    return str(found)


@pytest.fixture
def change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The scenario in files, as the workflow of manifests lays them; what `trimtab diff` is given."""
    monkeypatch.chdir(tmp_path)
    folder = Path("trimtab-in")
    folder.mkdir()
    for name, pools in (("before", scenario.BEFORE), ("after", scenario.AFTER)):
        (folder / f"{name}.yaml").write_text(scenario.manifests(pools))
    Path("budgets.yaml").write_text(block("yaml", "kind: Budgets"))
    inputs = ["trimtab-in/before.yaml", "trimtab-in/after.yaml", "--region", "aws=us-east-1"]
    return [*inputs, "--name", "manifests", "--as-of", "2026-11-01", "--prices", "built-in"]


def test_the_comment_is_the_one_that_is_written(change: list[str]) -> None:
    assert main(["diff", *change, "--out", "comment.md"]) == 0
    shown = block("markdown", "<!-- trimtab:diff:manifests -->").rstrip()
    written = Path("comment.md").read_text("utf-8")
    assert written.partition("<details>")[0].rstrip() == shown


@pytest.mark.parametrize(
    ("options", "status"), list(zip(OPTIONS, [7, 0, 0], strict=True)), ids=OPTIONS
)
def test_the_options_do_what_is_said_of_them(
    options: str, status: int, change: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["diff", *change, *shlex.split(options)]) == status, capsys.readouterr().err


def test_of_several_verdicts_the_rule_goes_first_and_each_has_a_line(
    change: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    Path("budgets.yaml").write_text(block("yaml", "kind: Budgets").replace("120000", "5000"))
    with Path("trimtab-in/after.yaml").open("a") as after:
        after.write("---\napiVersion: ec2.aws.m.upbound.io/v1beta1\nkind: Unheard\n")
        after.write("metadata: {name: x}\nspec: {forProvider: {region: us-east-1}}\n")
    both = ["--budgets", "budgets.yaml", "--max-unpriced", "0"]
    assert main(["diff", *change, *both, "--fail-on", "warning"]) == 7
    assert re.findall(r"exit (\d)", capsys.readouterr().err) == ["7", "6", "8"]
    assert main(["diff", *change, *both]) == 6


def test_the_budgets_are_read(tmp_path: Path) -> None:
    path = tmp_path / "budgets.yaml"
    path.write_text(block("yaml", "kind: Budgets"))
    found = load_budgets(path)
    assert [each.spec.name for each in found] == ["ml", "everything"]


def test_the_statuses_are_those_of_the_command() -> None:
    rows = re.findall(r"^\| (\d) \| .* \| (written|none)", PAGE, re.MULTILINE)
    assert {int(status) for status, _ in rows} < set(ExitCode)
    written = {int(status) for status, comment in rows if comment == "written"}
    assert written == {ExitCode.OK, ExitCode.BUDGET, ExitCode.POLICY, ExitCode.UNPRICED}
    # Which the workflows of GitLab know by their numbers.
    files = set((DOCS / "ci" / "gitlab").glob("*.yml"))
    for file in files - {DOCS / "ci" / "gitlab" / "prices.yml"}:
        assert "in 0|6|7|8) trimtab comment" in file.read_text("utf-8")


def test_what_may_pass_is_a_job_of_the_workflow() -> None:
    (name,) = yaml.safe_load(block("yaml", "allow_failure"))
    assert name in yaml.safe_load((DOCS / "ci" / "gitlab" / "manifests.yml").read_text("utf-8"))


def test_the_limits_are_the_hosts() -> None:
    assert f"takes {GitHub.limit:,}" in PAGE
    assert f"{GitLab.limit} on GitLab" in PAGE


def test_a_comment_by_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = shlex.split(block("bash", "GITHUB_ACTIONS"))
    given = [each for each in words if re.match(r"[A-Z_]+=", each)]
    (tmp_path / "comment.md").write_text("<!-- trimtab:diff:a -->\n")
    monkeypatch.chdir(tmp_path)
    with code_host() as host:
        monkeypatch.setenv("GITHUB_API_URL", host.url)
        for name, _, value in (each.partition("=") for each in given):
            monkeypatch.setenv(name, value)
        assert words[len(given)] == "trimtab"
        assert main(words[len(given) + 1 :]) == 0
        assert list(host.comments.values()) == ["<!-- trimtab:diff:a -->\n"]


# What users may read in their logs stands in the code under these words.
SAID = re.findall(r"^\| `([^`]+)`", PAGE.partition("## When something is wrong")[2], re.MULTILINE)


def test_every_message_is_one_of_the_commands() -> None:
    sources = [
        *(DOCS.parent / "trimtab").rglob("*.py"),
        *(DOCS / "ci").glob("git*/*.yml"),
    ]
    code = "\n".join(path.read_text("utf-8") for path in sources)
    stands_in_code = {
        "no comment is written, for a fork's token may only read",
        "is empty; the command that wrote it may have failed",
    }
    told = {each for each in SAID if not each.startswith(("answered", "has 70", "GITLAB_TOKEN:"))}
    told -= {"neither side has clusters/prod", "CERTIFICATE_VERIFY_FAILED"}
    assert told == stands_in_code
    for each in stands_in_code:
        head, _, tail = each.partition("; ")
        assert head in code
        assert tail in code
    assert "neither side has $FOLDER" in code


def test_every_link_leads_somewhere() -> None:
    for page in ("README.md", "crossguard.md"):
        text = (DOCS / "ci" / page).read_text("utf-8")
        for target in re.findall(r"\]\(([^)#]+)\)", text):
            assert (DOCS / "ci" / target).exists(), target


def test_the_reports_are_those_of_the_workflows() -> None:
    (listed,) = re.findall(r"The job keeps every form: (.*?), in the artefact `([\w-]+)`", PAGE)
    names = re.findall(r"`([\w.]+)`", listed[0])
    for file in (DOCS / "ci").glob("git*/*.yml"):
        outs = re.findall(rf"--out {listed[1]}/(\S+)", file.read_text("utf-8"))
        assert outs == ([] if file.name == "prices.yml" else names)


def test_the_policy_files_example_is_json() -> None:
    text = (DOCS / "ci" / "crossguard.md").read_text("utf-8")
    (found,) = re.findall(r"^```json\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)
    assert json.loads(found).keys() == {"trimtab-cost", "trimtab-attribution", "trimtab-budget"}
