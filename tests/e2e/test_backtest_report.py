"""The backtest's report opened from its file in a real browser, and looked at.

What a script finds in the page (boxes of charts and texts, the readout under a pointer) comes back in
the document; the script is added to a copy, whose policy is given its digest.
"""

import base64
import hashlib
import html
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from support.browser import Browser, Visit, browser
from support.report_cases import backtest, setting
from trimtab.backtest.ahead import ordered_ahead
from trimtab.backtest.model import Backtest
from trimtab.backtest.report import Source, render

HOSTILE = '<script>document.title="owned"</script><img src="http://example.invalid/x.png">'
CHARTS = ("demand", "capacity", "cost", "calibration")
NARROW, TABLET, LAPTOP, WIDE = 390, 768, 1060, 1280
HOVERED = 0.5
FRAME = """<!DOCTYPE html><body><script>
addEventListener("message", ({ data }) => {
  const pre = document.createElement("pre");
  pre.id = "findings";
  pre.textContent = data;
  document.body.append(pre);
});
</script><iframe src="report.html" width="WIDTH" height="900" frameborder="0"></iframe></body>"""
LOOK = (Path(__file__).parent / "look_at_report.js").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Look:
    """A visit and what the script found; `findings` is as the script writes it."""

    visit: Visit
    findings: dict[str, Any]


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Browser:
    return browser(tmp_path_factory.mktemp("browser"))


@pytest.fixture(scope="module")
def reports() -> dict[str, tuple[Backtest, ...]]:
    return {
        "one": (backtest(),),
        "several": (
            backtest(setting("a-series-with-quite-a-long-name.eu-central-1.production", 4e5)),
            backtest(setting(HOSTILE, 0.02, spot=False)),
        ),
    }


@pytest.fixture(scope="module")
def look(chromium: Browser, reports: dict[str, tuple[Backtest, ...]]) -> Callable[[str, int], Look]:
    seen: dict[tuple[str, int], Look] = {}

    def at(name: str, width: int) -> Look:
        if (name, width) not in seen:
            seen[name, width] = _look(chromium, reports[name], width)
        return seen[name, width]

    return at


EVERY = [
    *(("one", width) for width in (WIDE, LAPTOP, NARROW)),
    *(("several", width) for width in (WIDE, TABLET, NARROW)),
]


@pytest.mark.parametrize(("name", "width"), EVERY)
def test_the_page_wants_no_network_and_has_no_complaint(
    look: Callable[[str, int], Look], name: str, width: int
) -> None:
    visit = look(name, width).visit
    assert visit.console == ()
    assert visit.requested == ()


def test_the_look_notices_a_request_and_a_complaint(chromium: Browser, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    wish = '<img src="http://example.invalid/x.png"><script>nowhere()</script>'
    page.write_text(f"<body>{wish}</body>", encoding="utf-8")
    visit = chromium.visit(page)
    assert visit.requested == ("http://example.invalid/x.png",)
    assert "nowhere is not defined" in "".join(visit.console)
    page.write_text(render([backtest()]).replace("</body>", f"{wish}</body>"), encoding="utf-8")
    visit = chromium.visit(page)
    assert visit.requested == ()
    assert len([each for each in visit.console if "Content Security Policy" in each]) == 2


@pytest.mark.parametrize(("name", "width"), EVERY)
def test_every_chart_is_drawn_in_full(
    look: Callable[[str, int], Look],
    reports: dict[str, tuple[Backtest, ...]],
    name: str,
    width: int,
) -> None:
    charts = look(name, width).findings["charts"]
    for index, one in enumerate(reports[name]):
        for kind in CHARTS:
            chart = charts[f"s{index}-{kind}"]
            assert chart["width"] > 0.65 * min(width, 460)
            assert chart["height"] == 260
            assert chart["empty"] == [], "a shape without extent"
            assert chart["title"] == chart["heading"]
        spot = ["spot"] if one.setting.market.zones else []
        capacity = ["on-demand", *spot, "reserved", "demand"]
        assert charts[f"s{index}-capacity"]["series"] == capacity
        shown = charts[f"s{index}-cost"]["series"]
        assert shown[-1] == "planner"
        assert len(shown) == 5
        assert len(charts[f"s{index}-calibration"]["points"]) == len(one.fans[0].quantiles)
        close_ups = [key for key in charts if key.startswith(f"s{index}-fan")]
        assert len(close_ups) == len(one.fans)


@pytest.mark.parametrize(("name", "width"), EVERY)
def test_no_text_overlaps_another_or_is_cut(
    look: Callable[[str, int], Look], name: str, width: int
) -> None:
    findings = look(name, width).findings
    assert findings["innerWidth"] == width
    assert findings["scrollWidth"] == width
    assert findings["texts"] > 50
    assert findings["overlaps"] == []
    assert findings["outside"] == []
    assert findings["cut"] == []


def test_the_readout_says_what_was_drawn(
    look: Callable[[str, int], Look], reports: dict[str, tuple[Backtest, ...]]
) -> None:
    one = reports["one"][0]
    said = look("one", WIDE).findings["readouts"]["s0-capacity"]
    moment, *lines = said.split("\n")
    hour = int(HOVERED * one.setting.hours)
    at = one.setting.at(one.setting.test_from + hour)
    assert moment == f"{at:%Y-%m-%d %H:%M} UTC"
    read = {name: float(value.replace(",", "")) for name, value in (x.split(": ") for x in lines)}
    drawn = {
        "reserved": one.planner.committed[hour],
        "spot": one.planner.spot[hour],
        "on-demand": one.planner.on_demand[hour],
        "demand": one.setting.demand[one.setting.test_from + hour],
    }
    # Each layer is the difference of two coordinates, rounded to a thousandth of the axis.
    assert read == pytest.approx(drawn, abs=0.002 * 1.5 * one.setting.demand.max())
    excess = one.planner.usd_per_hour - one.optimum.usd_per_hour
    line = look("one", WIDE).findings["readouts"]["s0-cost"].split("\n")[-1]
    said_usd = float(
        line.removeprefix("planner: ").replace("$", "").replace("\u2212", "-").replace(",", "")
    )
    assert said_usd == pytest.approx(excess[:hour].sum(), abs=0.003 * 2e4)


def test_hostile_names_are_only_text(look: Callable[[str, int], Look]) -> None:
    found = look("several", NARROW)
    assert found.findings["title"] == "Backtest of 2 series"
    assert HOSTILE in found.findings["headings"]
    assert found.findings["images"] == 0


@pytest.mark.parametrize(
    ("dark", "colours"),
    [
        (False, {"page": "ffffff", "reserved": "4b8fcf", "spot": "b9def5", "on-demand": "f0b429",
                 "planner": "0060a8", "p80": "cfe3f3"}),
        (True, {"page": "12161b", "reserved": "1f5f99", "spot": "4f9fc9", "on-demand": "b98412",
                "planner": "5db4f5", "p80": "1d3c55"}),
    ],
)  # fmt: skip
def test_the_picture_shows_every_series(
    chromium: Browser,
    reports: dict[str, tuple[Backtest, ...]],
    tmp_path: Path,
    dark: bool,
    colours: dict[str, str],
) -> None:
    page = tmp_path / "report.html"
    page.write_text(render(reports["one"]), encoding="utf-8")
    seen = chromium.colours(page, WIDE, 2000, dark=dark)
    assert seen.total() == WIDE * 2000
    counts = {name: seen[colour] for name, colour in colours.items()}
    assert counts.pop("page") > 0.4 * WIDE * 2000
    assert min(counts.values()) > 300, counts


def _look(chromium: Browser, backtests: tuple[Backtest, ...], width: int) -> Look:
    ahead = ordered_ahead([each.setting for each in backtests], 1)
    sources = [Source("trainer.csv", "sha256:" + "ab" * 32)]
    document = render(backtests, ahead=ahead, sources=sources)
    page, frame = chromium.folder / "report.html", chromium.folder / "frame.html"
    page.write_text(_with_script(document, LOOK), encoding="utf-8")
    # A window can't be as narrow as a phone; a frame can.
    frame.write_text(FRAME.replace("WIDTH", str(width)), encoding="utf-8")
    visit = chromium.visit(frame)
    found = re.search(r'<pre id="findings">(.*?)</pre>', visit.dom, re.DOTALL)
    assert found, "the script found nothing"
    return Look(visit, json.loads(html.unescape(found[1])))


def _with_script(document: str, script: str) -> str:
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = "script-src &#x27;"
    assert document.count(policy) == 1
    allowed = document.replace(policy, f"script-src &#x27;sha256-{digest}&#x27; &#x27;")
    return allowed.replace("</body>", f"<script>{script}</script></body>")
