"""Markup: what is not markup is escaped."""

import html
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.page.markup import Html, join, tag, text


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (tag("p", "a < b & c"), "<p>a &lt; b &amp; c</p>"),
        (tag("p", Html("<b>x</b>"), None, "&"), "<p><b>x</b>&amp;</p>"),
        (tag("p", title='"quoted"'), '<p title="&quot;quoted&quot;"></p>'),
        (tag("p", class_="a", aria_label="b"), '<p class="a" aria-label="b"></p>'),
        (tag("p", hidden=True, lang=None, title=False), "<p hidden></p>"),
        (tag("meta", charset="utf-8"), '<meta charset="utf-8">'),
        (tag("path", d="M0 0"), '<path d="M0 0"/>'),
        (tag("circle", tag("title", "x")), "<circle><title>x</title></circle>"),
        (tag("rect", width=1.25, height=2.0), '<rect width="1.25" height="2"/>'),
        (join("<", Html("<")), "&lt;<"),
        (text(None), ""),
    ],
)
def test_elements_are_written(made: str, expected: str) -> None:
    assert made == expected


class Reader(HTMLParser):
    """What a parser sees: elements, attributes, text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.seen: list[object] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, attrs))

    def handle_data(self, data: str) -> None:
        self.seen.append(data)


@given(st.text(min_size=1).filter(lambda name: "\r" not in name and "\0" not in name))
def test_any_text_comes_back_as_text(name: str) -> None:
    reader = Reader()
    reader.feed(tag("p", name, title=name))
    reader.close()
    assert reader.seen[0] == ("p", [("title", name)])
    assert "".join(str(each) for each in reader.seen[1:]) == html.unescape(html.escape(name))
