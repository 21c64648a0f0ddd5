"""The comment: within its limit, well-formed, and nothing from outside is read as Markdown or HTML."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from support import diffs
from support.hostile import ATTACKS, hostile
from trimtab.diff.model import Diff
from trimtab.diff.outputs.escaping import name, sentence
from trimtab.diff.outputs.figures import plain
from trimtab.diff.outputs.limits import GITHUB_LIMIT, GITLAB_LIMIT
from trimtab.diff.outputs.markdown import (
    LEAST_LIMIT,
    MarkdownOptions,
    markdown,
    marker,
)
from trimtab.errors import InputError

GOLDEN = Path(__file__).parent / "golden"
READER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
OURS = re.compile(
    r"<!-- trimtab:diff:[\w.-]+ -->\n?|</?(?:sub|sup|code|details|summary)>|<br>|"
    r"<details><summary>[^<>\n]*</summary>\n?|</details>\n?"
)
"""The only HTML that a comment may have: what this package writes."""
TEXTS = st.one_of(
    st.sampled_from(ATTACKS),
    st.text(st.sampled_from("ab1 |\\`*_[]()<>#@!~$^&%:./-+=\n\r\t\"'{}"), max_size=40),
    st.text(max_size=60),
)


def tokens(text: str) -> Iterator[Token]:
    for token in READER.parse(text):
        yield token
        yield from token.children or ()


@pytest.mark.parametrize(
    ("case", "diff"),
    [("review", diffs.review()), ("unbounded", diffs.unbounded()), ("empty", diffs.empty())],
)
def test_it_reads_as_it_was_approved(case: str, diff: Diff) -> None:
    assert markdown(diff) == (GOLDEN / f"{case}.md").read_text("utf-8")


def held(text: str) -> None:
    """What holds for every comment."""
    assert text.startswith("<!-- trimtab:diff:default -->\n\n**")
    headers = 0
    for token in tokens(text):
        assert token.type not in {"link_open", "image", "heading_open", "s_open", "code_block"}
        if token.type in {"html_inline", "html_block"}:
            for line in token.content.splitlines(keepends=True):
                assert OURS.fullmatch(line), line
        if token.type == "thead_open":
            headers += 1
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert headers == sum(bool(re.fullmatch(r"(\| -+:? )+\|", row)) for row in rows)
    bars = 0
    for line in text.splitlines():
        if not line.startswith("| "):
            bars = 0
            continue
        bars = bars or line.count("|")
        assert line.count("|") == bars, line
    assert text.count("<details>") == text.count("</details>")


@pytest.mark.parametrize("case", diffs.EVERY)
@pytest.mark.parametrize("limit", [LEAST_LIMIT, 5_000, GITHUB_LIMIT, GITLAB_LIMIT])
def test_it_is_whole_within_every_limit(case: str, limit: int) -> None:
    text = markdown(diffs.EVERY[case](), MarkdownOptions(limit=limit))
    assert len(text) <= limit
    held(text)


@given(TEXTS, st.integers(LEAST_LIMIT, 30_000))
@settings(deadline=None)
def test_whatever_things_are_called_it_is_whole(text: str, limit: int) -> None:
    comment = markdown(hostile(text), MarkdownOptions(limit=limit, whole=text))
    assert len(comment) <= limit
    held(comment)


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_attack_is_more_than_text(attack: str) -> None:
    comment = markdown(hostile(attack))
    held(comment)
    code = False
    for token in tokens(comment):
        if token.type == "html_inline" and token.content in ("<code>", "</code>"):
            code = token.content == "<code>"
        if token.type != "text":
            continue
        # An address is linked in the code of HTML, too.
        assert not re.search(r"\w://|www\.|\w@\w", token.content, re.IGNORECASE)
        if code:
            continue
        # In running text no forge finds a mention, a reference or a formula.
        assert not re.search(r"@\w|(?<!\d)[#!~]\w|%\w", token.content)
    assert not re.search(r"\$[^\d\s]", comment)


@given(TEXTS.filter(lambda text: bool(plain(text).strip())))
def test_a_name_reads_back_as_it_is(text: str) -> None:
    shown = name(text, 10_000)
    row = f"| a | b |\n| --- | --- |\n| {shown} | end |\n"
    inline = [token for token in READER.parse(row) if token.type == "inline"]
    assert len(inline) == 4
    assert inline[-1].content == "end"
    read = "".join(
        child.content for child in inline[2].children or () if child.type in ("text", "code_inline")
    )
    assert read.replace("\N{ZERO WIDTH SPACE}", "") == plain(text).strip()


@given(TEXTS)
def test_a_sentence_reads_back_as_it_is(text: str) -> None:
    shown = sentence(text, 10_000)
    read = "".join(
        child.content
        for token in READER.parse(f"so: {shown} :end")
        for child in token.children or ()
    )
    wanted = plain(text)
    assert read.replace("\N{ZERO WIDTH SPACE}", "").split() == f"so: {wanted} :end".split()


def test_what_is_left_out_is_counted() -> None:
    text = markdown(diffs.many())
    (closing,) = [line for line in text.splitlines() if line.startswith("_Left out for length:")]
    shown = len(re.findall(r"^\| `~` ", text, re.MULTILINE))
    missing = re.search(r"([\d,]+) of 1,790 smaller changes", closing)
    assert missing
    unpriced = len(re.findall(r"^\| `\+` ", text, re.MULTILINE))
    assert int(missing[1].replace(",", "")) == 1800 - (shown + unpriced)
    assert closing.endswith("The whole is in the JSON and HTML reports._")
    assert "Left out" not in markdown(diffs.review())


def test_findings_go_before_details() -> None:
    text = markdown(diffs.many(), MarkdownOptions(limit=6_000))
    assert "**Findings**" in text
    assert "How it was worked out" not in text
    assert re.search(r"\d+ of 100 findings", text)


def test_a_limit_that_holds_nothing_is_refused() -> None:
    with pytest.raises(InputError) as refused:
        markdown(diffs.empty(), MarkdownOptions(limit=1_999))
    assert str(refused.value) == (
        "the comment's limit: a comment of 1999 characters holds no table; use 2000 or more"
    )


@pytest.mark.parametrize("name", ["prod", "eu-1.web_2", "a" * 100])
def test_a_name_tells_comments_apart(name: str) -> None:
    assert markdown(diffs.empty(), MarkdownOptions(name=name)).startswith(marker(name))


@pytest.mark.parametrize("name", ["", "a--b", "a -->", "-a", "a-", "a\nb", "a" * 101, "é"])
def test_a_name_that_could_end_its_comment_is_refused(name: str) -> None:
    with pytest.raises(InputError, match=r"can't name a comment; use up to 100 letters"):
        marker(name)


def test_money_is_no_formula() -> None:
    diff = replace(diffs.empty(), notes=("costs $5 to $6, or $x$",))
    assert "costs $5 to $6, or &#36;&#8203;x&#36;" in markdown(diff)
