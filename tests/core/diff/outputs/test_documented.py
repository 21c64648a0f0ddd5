"""docs/diff/outputs.md says what is so: its examples are what the code writes, its limits the code's."""

import re
from pathlib import Path

import pytest

from support import diffs
from trimtab.cli.diff import FORMS, Form
from trimtab.diff.explain import explain
from trimtab.diff.outputs import reading
from trimtab.diff.outputs.html import HtmlOptions
from trimtab.diff.outputs.junit import junit
from trimtab.diff.outputs.limits import GITHUB_LIMIT, GITLAB_LIMIT
from trimtab.diff.outputs.markdown import MarkdownOptions, markdown
from trimtab.diff.outputs.table import TableOptions, table
from trimtab.pricing.model import Basis

DOCS = Path(__file__).parents[4] / "docs"
PAGE = (DOCS / "diff" / "outputs.md").read_text("utf-8")
EXAMPLES = re.findall(r"```(text|markdown|xml)\n(.*?)```", PAGE, flags=re.DOTALL)


def test_it_has_an_example_of_each_form_that_is_text() -> None:
    assert [language for language, _ in EXAMPLES] == ["text", "markdown", "xml", "text"]


@pytest.mark.parametrize(
    "example", [text for _, text in EXAMPLES], ids=["table", "comment", "junit", "explain"]
)
def test_an_example_is_what_is_written(example: str) -> None:
    diff = diffs.review()
    written = [table(diff), markdown(diff), junit(diff), explain(diff, "egress")]
    assert any(example in text for text in written)


def test_the_forms_are_those_of_the_command() -> None:
    rows = re.findall(r"^\| \[(\w+)\]\(#[\w-]+\) \| `(\.\w+)` \|", PAGE, re.MULTILINE)
    assert {ending: Form(form) for form, ending in rows} == FORMS


def test_the_marks_are_those_beside_the_rows() -> None:
    rows = re.findall(r"^\| (\w) \| (.*) \|$", PAGE, re.MULTILINE)
    assert dict(rows) == reading.MARKS
    for sign in reading.SIGNS.values():
        assert f"`{sign}` " in PAGE


def test_the_limits_are_those_of_the_code() -> None:
    assert f"GitHub takes {GITHUB_LIMIT:,} characters" in PAGE
    assert f"GitLab takes {GITLAB_LIMIT:,}" in PAGE
    assert MarkdownOptions().biggest == 10
    assert f"It is plain text of {TableOptions().width} columns" in PAGE
    assert f"The first {HtmlOptions().rows:,} changes" in PAGE


def test_every_basis_is_named() -> None:
    last = PAGE.rstrip().rpartition("\n")[2]
    words = {
        Basis.DECLARED: "`declared`",
        Basis.PLAN: "the plan's",
        Basis.MEASURED: "`measured`",
        Basis.USAGE_FILE: "the usage file's",
        Basis.DEFAULT: "a default",
        Basis.BOUNDS: "bounds",
    }
    assert set(words) == set(Basis)
    assert all(word in last for word in words.values())


def test_what_it_links_to_is_there() -> None:
    anchors = {
        re.sub(r"[^\w-]", "", title.lower().replace(" ", "-"))
        for title in re.findall(r"^#+ (.*)$", PAGE, re.MULTILINE)
    }
    for target in re.findall(r"\]\(([^)]+)\)", PAGE):
        if target.startswith("#"):
            assert target[1:] in anchors
        else:
            assert (DOCS / "diff" / target).resolve().is_file()
