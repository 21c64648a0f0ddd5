"""Where the labels of a plot go."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.backtest.report.chart import Axis, Chart, EndLabel, Key, figure, spread_out
from trimtab.page.markup import tag
from trimtab.page.scales import Tick

HEIGHT = 260.0


@given(st.lists(st.floats(-500, 800), max_size=10), st.floats(1, 25))
def test_labels_keep_apart_inside_and_in_order(wanted: list[float], gap: float) -> None:
    placed = spread_out(wanted, HEIGHT, gap)
    assert len(placed) == len(wanted)
    assert all(-1e-6 <= each <= HEIGHT + 1e-6 for each in placed)
    order = sorted(range(len(wanted)), key=lambda index: wanted[index])
    for before, after in pairwise(order):
        assert placed[after] - placed[before] >= min(gap, HEIGHT / (len(wanted) - 1)) - 1e-6


@given(st.lists(st.floats(0, HEIGHT), max_size=8))
def test_labels_that_have_room_stay_where_they_belong(wanted: list[float]) -> None:
    apart = all(b - a >= 17 for a, b in pairwise(sorted(wanted)))
    if apart:
        assert spread_out(wanted, HEIGHT, 17) == pytest.approx(wanted)


def test_more_labels_than_fit_share_the_height() -> None:
    assert spread_out([0.0] * 5, 40.0, 17) == pytest.approx([0, 10, 20, 30, 40])


def test_a_figure_says_what_it_shows_in_words_too() -> None:
    axis = Axis(0.0, 10.0, (Tick(0.0, "0"), Tick(10.0, "10", 2)))
    chart = Chart(
        name="s0-cost",
        title="Cost & more",
        description="It rises.",
        x=axis,
        y=axis,
        unit="USD",
        data=tag("path", d="M0 0"),
        columns=100,
        keys=(Key("planner", "the planner", "$3", "A"),),
        ends=(EndLabel("planner", "the planner: +$3", "A", 5.0),),
    )
    made = figure(chart, "A caption.")
    assert '<title id="s0-cost-title">Cost &amp; more</title>' in made
    assert '<desc id="s0-cost-desc">It rises.</desc>' in made
    assert 'role="img" aria-labelledby="s0-cost-title s0-cost-desc"' in made
    assert '<text x="100%" y="100%" class="x level-2">10</text>' in made
    assert (
        '<text x="100%" dx="16" y="130" dy=".32em" class="end wide">the planner: +$3</text>' in made
    )
    assert 'viewBox="0 0 100 1000"' in made
    assert "<span>the planner</span><b>$3</b>" in made
    assert "hover" not in made, "no readout where the axis is not time"
