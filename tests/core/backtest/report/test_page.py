"""The report as a file: complete, self-contained, deterministic, safe with any name."""

import base64
import hashlib
import html
import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from support.report_cases import backtest, setting
from trimtab.backtest.ahead import ordered_ahead
from trimtab.backtest.model import Backtest, Outcome
from trimtab.backtest.report import Source, render
from trimtab.errors import InputError
from trimtab.page.scales import money

HOSTILE = "</title></svg><script>alert(1)</script>\"'&amp;<!--"
VOID = {"meta"}


@pytest.fixture(scope="module")
def one() -> Backtest:
    return backtest()


@pytest.fixture(scope="module")
def page(one: Backtest) -> str:
    return render([one], title="A title", sources=[Source("demand.csv", "sha256:1234")])


class Outline(HTMLParser):
    """Elements by name, identifiers, addresses, text outside style and script; tags must balance."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.elements: Counter[str] = Counter()
        self.identifiers: list[str] = []
        self.references: list[str] = []
        self.open: list[str] = []
        self.text: list[str] = []
        self.inline: dict[str, str] = {}
        self.attributes: set[str] = set()
        self.policy = ""
        self.feed(document)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_startendtag(tag, attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements[tag] += 1
        found = dict(attrs)
        self.attributes |= found.keys()
        if "id" in found:
            self.identifiers.append(found["id"] or "")
        self.references += [found[key] or "" for key in ("href", "src") if key in found]
        self.references += [f"#{each}" for each in (found.get("aria-labelledby") or "").split()]
        if found.get("http-equiv") == "Content-Security-Policy":
            self.policy = found["content"] or ""

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in ("style", "script"):
            self.inline[self.open[-1]] = data
        else:
            self.text.append(data)


def test_the_same_backtests_make_the_same_bytes(one: Backtest, page: str) -> None:
    assert (
        render([backtest()], title="A title", sources=[Source("demand.csv", "sha256:1234")]) == page
    )


def test_the_file_needs_nothing_else(page: str) -> None:
    outline = Outline(page)
    assert not outline.elements.keys() & {
        "link",
        "img",
        "iframe",
        "object",
        "embed",
        "base",
        "form",
    }
    assert "style" not in outline.attributes, "the policy would refuse it"
    assert not [name for name in outline.attributes if name.startswith("on")]
    assert outline.references
    assert all(each[0] == "#" and each[1:] in outline.identifiers for each in outline.references)
    assert not re.search(r"https?:|//[a-z]|url\(|@import|@font-face", page.replace("// ", ""))
    assert len(outline.identifiers) == len(set(outline.identifiers))


def test_the_policy_allows_this_style_and_script_and_no_connection(page: str) -> None:
    outline = Outline(page)
    rules = dict(rule.strip().split(" ", 1) for rule in outline.policy.split(";"))
    assert rules["default-src"] == "'none'"
    for kind in ("style", "script"):
        digest = hashlib.sha256(outline.inline[kind].encode()).digest()
        assert rules[f"{kind}-src"] == f"'sha256-{base64.b64encode(digest).decode()}'"
    assert page.index("Content-Security-Policy") < page.index("<style>")


def test_any_name_is_only_text() -> None:
    named = backtest(replace(setting(HOSTILE), unit="<b>GPUs</b>"))
    zones = replace(named.setting.market, zones=("<i>a</i>", "b"))
    named = replace(
        named,
        setting=replace(named.setting, market=zones),
        outcomes=(replace(named.planner, policy="<u>planner</u>"), *named.outcomes[1:]),
    )
    sources = [Source("<s>file</s>", "<s>digest</s>")]
    page = render([named, named], title=HOSTILE, sources=sources, notes=["<em>note</em>"])
    outline = Outline(page)
    assert not outline.elements.keys() & {"i", "u", "s", "em", "img"}
    assert outline.elements["script"] == 1
    assert outline.text.count(HOSTILE) >= 4
    assert "<em>note</em>" in outline.text


def test_every_figure_of_the_table_is_the_outcomes(one: Backtest, page: str) -> None:
    rows = re.findall(r"<tr[^>]*><th scope=\"row\">(.*?)</th>(.*?)</tr>", page)
    cells = {
        html.unescape(re.sub("<small>.*", "", name)): re.findall(r"<td[^>]*>(.*?)</td>", rest)
        for name, rest in rows
    }
    for outcome in (one.optimum, *one.outcomes):
        assert cells[outcome.policy][0] == money(outcome.usd)
        assert float(cells[outcome.policy][1].split("\u202f")[0]) == pytest.approx(
            100 * outcome.regret, abs=0.0501
        )
    order = [name for name in cells if name in {o.policy for o in one.outcomes}]
    assert order == [o.policy for o in sorted(one.outcomes, key=lambda each: each.usd)]


def test_the_page_says_what_was_replayed_and_on_what_terms(page: str) -> None:
    said = " ".join(Outline(page).text)
    for expected in (
        "A title",
        "336 hours replayed",
        "11 Feb 2026 06:00 to 25 Feb 2026 06:00 UTC, 336 h",
        "every 1 d",
        "1-week reserved",
        "committed for 7 d",
        "$2.0880",
        "$1.1288",
        "USD per GPU-hour",
        "costs 0.25 h at the list price",
        "serves after 6 min",
        "Only the hours inside the series are charged",
        "demand.csv",
        "sha256:1234",
    ):
        assert expected in said


def test_full_terms_are_said_so(one: Backtest) -> None:
    full = replace(one, setting=replace(one.setting, full_term=True))
    assert "charged to the end of its term" in render([full])
    assert "beyond the series too, on: trainer." in render([full, one])


def test_a_planner_that_lost_is_not_praised(one: Backtest) -> None:
    dear = replace(one.planner, usd=2 * one.planner.usd, regret=1.0)
    assert "dearer</b>" in render([replace(one, outcomes=(dear, *one.outcomes[1:]))])
    cheap = replace(one.planner, usd=one.optimum.usd, regret=0.0)
    lucky = render([replace(one, outcomes=(cheap, *one.outcomes[1:]))])
    assert "cheaper</b>" in lucky
    assert "dearer</b>" not in lucky


def test_several_series_open_with_an_overview(one: Backtest) -> None:
    second = backtest(setting("other", 30.0, spot=False))
    page = render([one, second])
    outline = Outline(page)
    assert outline.references.count("#s0") >= 1
    assert "Policies over 2 series, cheapest first" in outline.text
    assert outline.text.count("Backtest of 2 series") == 2, "title and heading"
    optima = one.optimum.usd + second.optimum.usd
    first = f'<tr class="optimum"><th scope="row">clairvoyant optimum</th><td>{money(optima)}</td>'
    assert first in page
    assert " on 1 of 2" in outline.text
    assert page.count('<table class="prices">') == 2
    assert render([one, one]).count('<table class="prices">') == 1


def test_capacity_ordered_ahead_has_a_table_a_series_and_one_of_all(one: Backtest) -> None:
    second = backtest(setting("other", 30.0, spot=False))
    compared = ordered_ahead([one.setting, second.setting], 2)
    outline = Outline(render([one, second], ahead=compared))
    assert outline.text.count("Capacity ordered 2 h ahead, beside autoscalers") == 3
    assert len(outline.identifiers) == len(set(outline.identifiers))
    assert {"all-ahead", "s0-ahead", "s1-ahead"} <= set(outline.identifiers)
    (first, *_), (pooled, *_) = compared.series[0].points, compared.pooled.points
    assert money(first.cost_usd) in outline.text
    assert money(pooled.cost_usd) in outline.text
    assert "Capacity ordered" not in render([one, second])


def test_nothing_wanted_is_ordered_for_without_a_ratio(one: Backtest) -> None:
    idle = replace(one.setting, demand=np.zeros(len(one.setting.demand)))
    text = Outline(render([one], ahead=ordered_ahead([idle], 1))).text
    assert text.count("none") >= 4 * 5


def test_unknown_carbon_has_no_column(one: Backtest) -> None:
    assert "kg CO₂e" in render([one])
    blind = tuple(replace(each, kgco2e=None) for each in one.outcomes)
    page = render([replace(one, outcomes=blind, optimum=replace(one.optimum, kgco2e=None))])
    assert "kg CO₂e" not in page
    half = render([replace(one, outcomes=(one.planner, *blind[1:]))])
    assert "not known" in half


def test_no_forecasts_no_fans_and_no_calibration(one: Backtest) -> None:
    page = render([replace(one, fans=(), calibration=None)])
    assert 'class="band' not in page
    assert "s0-calibration" not in page
    assert "<title>Backtest of trainer</title>" in page
    assert "s0-cost" in page


def test_a_series_without_demand_can_be_reported(one: Backtest) -> None:
    hours = one.setting.hours
    nothing = np.zeros(hours)
    idle = replace(
        one.planner, usd=0.0, usd_per_hour=nothing, committed=nothing, on_demand=nothing,
        spot=nothing, shortage=nothing, interruptions=0.0, purchases=(), regret=float("nan"),
    )  # fmt: skip
    flat = replace(one.setting, demand=np.zeros(len(one.setting.demand)))
    rest = [replace(idle, policy=each.policy) for each in one.outcomes[1:]]
    silent = Backtest(flat, (idle, *rest), replace(idle, policy="optimum"), (), None)
    for page in (render([silent]), render([silent, silent])):
        assert "not defined" in page
        assert "nan" not in page.lower().replace("finance", "")


def test_nothing_to_report_is_refused() -> None:
    with pytest.raises(InputError, match=r"^report: no backtest to report$"):
        render([])


def test_fifteen_series_of_a_month_stay_below_a_megabyte(one: Backtest) -> None:
    assert len(render([one] * 15).encode()) < 1_000_000


def test_a_long_series_has_days_in_its_stack_and_hours_in_its_close_ups(one: Backtest) -> None:
    hours = len(one.setting.demand) * 5
    long = replace(
        one.setting,
        demand=np.tile(one.setting.demand, 5),
        spot_available=np.tile(one.setting.spot_available, (1, 5)),
        gco2e_per_unit_hour=None,
    )

    def lengthened(outcome: Outcome) -> Outcome:
        test = hours - long.test_from
        return replace(
            outcome,
            usd_per_hour=np.resize(outcome.usd_per_hour, test),
            committed=np.resize(outcome.committed, test),
            on_demand=np.resize(outcome.on_demand, test),
            spot=np.resize(outcome.spot, test),
            shortage=np.resize(outcome.shortage, test),
        )

    outcomes = tuple(lengthened(each) for each in one.outcomes)
    page = render([replace(one, setting=long, outcomes=outcomes, optimum=lengthened(one.optimum))])
    assert "GPUs, means of 24 h" in page
    assert f'viewBox="0 0 {(hours - long.test_from) / 24:g} 1000"' in page
    assert page.count('class="line demand" transform="translate(') == len(one.fans)
    assert 'href="#s0-line"' not in page
    short = render([one])
    assert short.count('href="#s0-line"') == len(one.fans)
    assert "means of" not in short
