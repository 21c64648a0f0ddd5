"""The page: one file that asks for nothing, with every change in it and nothing from outside but as text."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support import diffs
from support.hostile import ATTACKS, hostile
from trimtab.diff.model import Diff
from trimtab.diff.outputs.figures import plain
from trimtab.diff.outputs.html import HtmlOptions, html
from trimtab.diff.outputs.reading import shown

VOID = {"meta", "br", "rect", "line"}
OURS = {
    *("html", "head", "meta", "title", "style", "body", "script", "header", "main", "section"),
    *("footer", "h1", "h2", "h3", "p", "ul", "li", "span", "b", "small", "sup", "a", "button"),
    *("table", "caption", "thead", "tbody", "tr", "th", "td", "div", "details", "summary"),
    *("figure", "figcaption", "svg", "g", "rect", "line", "text"),
}


class Page(HTMLParser):
    """What a parser sees: elements that nest, their attributes, texts."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open and "script" not in self.open:
            self.texts.append(data)

    def ids(self) -> list[str]:
        return [value for _, attrs in self.seen if (value := attrs.get("id"))]


def held(text: str) -> Page:
    """What holds for every page."""
    assert text.startswith("<!DOCTYPE html>\n<html")
    page = Page(text)
    assert {tag for tag, _ in page.seen} <= OURS
    assert len(set(page.ids())) == len(page.ids())
    ids = set(page.ids())
    for _, attrs in page.seen:
        assert not any(name.startswith("on") for name in attrs)
        assert "src" not in attrs
        assert "style" not in attrs
        if href := attrs.get("href"):
            assert href.removeprefix("#") in ids
    return page


@pytest.mark.parametrize("name", diffs.EVERY)
def test_every_page_is_whole_and_asks_for_nothing(name: str) -> None:
    diff = diffs.EVERY[name]()
    page = held(html(diff))
    for change in shown(diff)[: HtmlOptions().rows]:
        assert change.estimate.resource.name in page.texts
    assert html(diff) == html(diff)


@given(st.one_of(st.sampled_from(ATTACKS), st.text()))
@settings(deadline=None)
def test_whatever_things_are_called_it_is_text(text: str) -> None:
    page = held(html(hostile(text)))
    wanted = plain(text)
    if wanted.strip():
        assert wanted in page.texts


def test_a_page_of_many_has_the_first_and_sums_the_rest() -> None:
    page = held(html(diffs.many(200), HtmlOptions(rows=50)))
    assert len([tag for tag, _ in page.seen if tag == "details"]) == 50
    assert any(text.startswith("130 more changes: -$") for text in page.texts)


def bars(diff: Diff, chart: str) -> list[tuple[str, float, float]]:
    """The class, the left end and the width of each bar, in per cent."""
    (figure,) = re.findall(rf'<figure id="{chart}".*?</figure>', html(diff), re.DOTALL)
    rows = figure.partition('<ul class="bars"')[2]
    found = re.findall(r'<rect x="([\d.]+)%"[^>]* width="([\d.]+)%"[^>]* class="(\w+)"/>', rows)
    return [(kind, float(x), float(width)) for x, width, kind in found]


def test_the_waterfall_leads_from_before_to_after() -> None:
    diff = diffs.review()
    drawn = bars(diff, "cost")
    assert [kind for kind, _, _ in drawn] == ["total", "up", "down", "down", "total"]
    # The axis ends at 100,000 USD.
    per_usd = 100 / 100_000
    (_, x0, before), (_, x1, up), (_, x2, down), _, (_, x4, after) = drawn
    assert (x0, x4) == (0, 0)
    assert before == pytest.approx(5973.71 * per_usd, abs=0.01)
    assert x1 == pytest.approx(before, abs=0.01)
    assert up == pytest.approx(80_438.40 * per_usd, abs=0.01)
    assert x2 + down == pytest.approx(x1 + up, abs=0.01)
    assert after == pytest.approx(82_830.73 * per_usd, abs=0.01)


def test_what_is_too_small_to_see_is_drawn() -> None:
    assert min(width for _, _, width in bars(diffs.review(), "cost")) == pytest.approx(0.4)


def test_owners_have_a_bar_before_and_one_after() -> None:
    kinds = [kind for kind, _, _ in bars(diffs.review(), "owners")]
    assert kinds == ["after", "before", "after"]


def test_charts_without_figures_are_left_out() -> None:
    text = html(diffs.empty())
    assert "<figure" not in text
    assert '<figure id="carbon"' not in html(diffs.unpriced())
    assert '<figure id="carbon"' in html(diffs.review())


def test_bounds_without_end_are_in_no_chart() -> None:
    assert bars(diffs.unbounded(), "cost") == []
