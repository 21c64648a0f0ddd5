"""docs/diff/README.md: its files are valid, its commands run, its exit statuses are the command's."""

import re
import shlex
from pathlib import Path

import pytest

from support import scenario
from trimtab.cli.main import main
from trimtab.diff.budgets import load_budgets
from trimtab.errors import ExitCode
from trimtab.usage.document import load_usage

DOCS = Path(__file__).parents[3] / "docs"
PAGE = (DOCS / "diff" / "README.md").read_text("utf-8")
FILES = re.findall(r"```yaml\n(.*?)```", PAGE, flags=re.DOTALL)
COMMANDS = re.findall(r"^\$ trimtab (diff .*?)(?:\s+#.*)?$", PAGE, flags=re.MULTILINE)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with what the page's commands name."""
    texts = {
        "preview.json": scenario.pulumi_preview(),
        "plan.json": scenario.terraform_plan(),
        "before.yaml": scenario.crossplane_render(scenario.BEFORE),
        "after.yaml": scenario.crossplane_render(scenario.AFTER),
        "rendered/all.yaml": scenario.manifests(scenario.AFTER),
        "usage.yaml": next(text for text in FILES if "kind: Usage" in text),
        "budgets.yaml": next(text for text in FILES if "kind: Budgets" in text),
        "held.yaml": scenario.INVENTORY,
    }
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_its_files_are_valid(folder: Path) -> None:
    assert [budget.spec.name for budget in load_budgets(folder / "budgets.yaml")] == [
        "everything",
        "ml-prod",
    ]
    assert len(load_usage(folder / "usage.yaml").entries) == 2


@pytest.mark.parametrize(
    "command",
    # Two check-outs and two plans are read in tests of their own.
    [each for each in COMMANDS if "base/" not in each and "plan-old" not in each],
)
def test_its_commands_run(folder: Path, command: str) -> None:
    given = ["--as-of", "2026-11-01", "--region", "aws=us-east-1", "--prices", "built-in"]
    assert main([*shlex.split(command), *given]) == 0


def test_its_pages_are_there() -> None:
    for page in re.findall(r"\]\(([^)#]+)", PAGE):
        assert (DOCS / "diff" / page).is_file(), page


def test_its_statuses_are_the_commands() -> None:
    section = PAGE.partition("## Exit status")[2]
    told = [int(status) for status in re.findall(r"^\| (\d) \|", section, flags=re.MULTILINE)]
    assert told == [0, 2, 5, ExitCode.POLICY, ExitCode.BUDGET, ExitCode.UNPRICED]


def test_the_readmes_sample_is_what_is_printed(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    readme = (DOCS.parent / "README.md").read_text("utf-8")
    sample = readme.partition("| trimtab diff -\n")[2].partition("```")[0]
    assert sample.strip()
    given = ["--as-of", "2026-11-01", "--prices", "built-in"]
    assert main(["diff", "preview.json", *given]) == 0
    assert capsys.readouterr().out.startswith(sample)
