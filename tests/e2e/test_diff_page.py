"""The page of a diff opened from its file in a real browser, at a desk's and a phone's width, light and dark."""

import base64
import hashlib
import html as markup
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from support import diffs
from support.browser import Browser, Visit, browser
from support.hostile import hostile
from trimtab.diff.model import Diff
from trimtab.diff.outputs.html import html

WIDE, NARROW = 1280, 400
LOOK = """
addEventListener("load", () => {
  const box = (each) => each.getBoundingClientRect();
  const bars = [...document.querySelectorAll(".bars rect")].map((each) => box(each).width);
  const rows = [...document.querySelectorAll(".bars li:not(.axis)")].map((row) => {
    const [name, bar, value] = [...row.children].map(box);
    const over = name.right > value.left + 0.5 && name.bottom > value.top + 0.5;
    const level = Math.abs(bar.top - name.top) < 20;
    return over || (level && (name.right > bar.left + 0.5 || bar.right > value.left + 0.5));
  });
  const outside = [...document.querySelectorAll("h1, h2, h3, p, .tiles b, .bars b, figure text, summary, li")]
    .filter((each) => box(each).width && (box(each).right > innerWidth + 0.5 || box(each).left < -0.5))
    .map((each) => each.textContent.slice(0, 60));
  const first = () => document.querySelector("table.changes tbody th a")?.textContent;
  const order = [first()];
  for (const column of [0, 0, 3]) {
    document.querySelectorAll("table.changes thead button")[column]?.click();
    order.push(first());
  }
  const sorted = document.querySelector("table.changes thead [aria-sort]")?.getAttribute("aria-sort");
  document.querySelector("table.changes tbody th a")?.click();
  setTimeout(() => {
    const opened = [...document.querySelectorAll("details[open] summary span")].map((each) => each.textContent);
    parent.postMessage(JSON.stringify({
      innerWidth, scrollWidth: document.documentElement.scrollWidth, bars, order, sorted, opened, outside,
      overlapping: rows.filter(Boolean).length, title: document.title, images: document.images.length,
    }), "*");
  }, 50);
});
"""
FRAME = """<!DOCTYPE html><body><script>
addEventListener("message", ({ data }) => {
  const pre = document.createElement("pre");
  pre.id = "findings";
  pre.textContent = data;
  document.body.append(pre);
});
</script><iframe src="page.html" width="WIDTH" height="900" frameborder="0"></iframe></body>"""
CASES: dict[str, Callable[[], Diff]] = {
    "review": diffs.review,
    "many": lambda: diffs.many(150),
    "unbounded": diffs.unbounded,
    "empty": diffs.empty,
    "hostile": lambda: hostile('<img src="http://example.invalid/x.png" onerror="boom()">'),
    "long": lambda: hostile("a-name-that-is-far-too-long." * 12),
}


@dataclass(frozen=True)
class Look:
    """A visit and what the script found."""

    visit: Visit
    findings: dict[str, Any]


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Browser:
    return browser(tmp_path_factory.mktemp("browser"))


@pytest.fixture(scope="module")
def look(chromium: Browser) -> Callable[[str, int], Look]:
    seen: dict[tuple[str, int], Look] = {}

    def at(name: str, width: int) -> Look:
        if (name, width) not in seen:
            seen[name, width] = _look(chromium, name, width)
        return seen[name, width]

    return at


EVERY = pytest.mark.parametrize(
    ("name", "width"), [(name, width) for name in CASES for width in (WIDE, NARROW)]
)


@EVERY
def test_the_page_wants_no_network_and_has_no_complaint(
    look: Callable[[str, int], Look], name: str, width: int
) -> None:
    found = look(name, width)
    assert found.visit.console == ()
    assert found.visit.requested == ()
    assert found.findings["images"] == 0
    assert found.findings["title"] == "What the change costs"


@EVERY
def test_it_fits_its_width_and_nothing_overlaps(
    look: Callable[[str, int], Look], name: str, width: int
) -> None:
    findings = look(name, width).findings
    assert findings["innerWidth"] == width
    assert findings["scrollWidth"] == width
    assert findings["outside"] == []
    assert findings["overlapping"] == 0
    assert all(bar >= 0.5 for bar in findings["bars"])


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_the_table_sorts_and_a_link_opens_its_resource(
    look: Callable[[str, int], Look], width: int
) -> None:
    findings = look("review", width).findings
    # As it stands, by name, by name turned, by the biggest difference.
    assert findings["order"] == ["trainer", "lake", "workers", "trainer"]
    assert findings["sorted"] == "descending"
    assert findings["opened"] == ["trainer"]


@pytest.mark.parametrize(
    ("dark", "colours"),
    [
        (False, {"page": "ffffff", "up": "c2570c", "down": "00785a", "total": "7a828b"}),
        (True, {"page": "12161b", "up": "f39a58", "down": "45c9a0", "total": "919ba6"}),
    ],
)
def test_the_picture_shows_every_kind_of_bar(
    chromium: Browser, tmp_path: Path, dark: bool, colours: dict[str, str]
) -> None:
    page = tmp_path / "page.html"
    page.write_text(html(diffs.review()), encoding="utf-8")
    seen = chromium.colours(page, WIDE, 1400, dark=dark)
    counts = {name: seen[colour] for name, colour in colours.items()}
    assert counts.pop("page") > 0.4 * WIDE * 1400
    assert min(counts.values()) > 300, counts


def _look(chromium: Browser, name: str, width: int) -> Look:
    digest = base64.b64encode(hashlib.sha256(LOOK.encode()).digest()).decode()
    policy = "script-src &#x27;"
    document = html(CASES[name]())
    assert document.count(policy) == 1
    document = document.replace(policy, f"script-src &#x27;sha256-{digest}&#x27; &#x27;")
    page, frame = chromium.folder / "page.html", chromium.folder / "frame.html"
    page.write_text(document.replace("</body>", f"<script>{LOOK}</script></body>"), "utf-8")
    # A window can't be as narrow as a phone; a frame can.
    frame.write_text(FRAME.replace("WIDTH", str(width)), encoding="utf-8")
    visit = chromium.visit(frame)
    found = re.search(r'<pre id="findings">(.*?)</pre>', visit.dom, re.DOTALL)
    assert found, "the script found nothing"
    return Look(visit, json.loads(markup.unescape(found[1])))
