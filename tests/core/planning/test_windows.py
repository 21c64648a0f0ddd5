"""Sizes: ordered, complete, and together enough."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.forecast.model import LEVELS, Array, Forecast, Origins
from trimtab.plan.model import MAX_WINDOWS
from trimtab.planning.economics import nodes_for
from trimtab.planning.windows import Sizes, convert, envelope, merged, stack, window_hours

START = datetime(2026, 1, 1, tzinfo=UTC)


def ahead(quantiles: Array) -> Forecast:
    none = Origins(np.zeros(0, dtype=np.int64), np.zeros((0, *quantiles.shape)))
    return Forecast(START, quantiles, "test", "", none, None, None, None)


@st.composite
def forecasts(draw: st.DrawFn) -> Forecast:
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    hours = draw(st.integers(1, 400))
    return ahead(np.sort(rng.gamma(2, draw(st.floats(0.01, 500)), (len(LEVELS), hours)), axis=0))


@given(st.integers(1, 20_000))
def test_a_plan_never_has_more_windows_than_it_may(hours: int) -> None:
    assert -(-hours // window_hours(hours)) <= MAX_WINDOWS


def test_a_week_is_cut_into_four_hour_windows() -> None:
    assert window_hours(168) == 4


@given(
    ahead=forecasts(),
    units=st.floats(0.5, 64),
    peak=st.floats(1, 5),
    committed=st.integers(0, 300),
    share=st.floats(0, 0.8),
    spot_units=st.floats(0.5, 64),
)
def test_sizes_are_ordered_and_together_enough(
    ahead: Forecast, units: float, peak: float, committed: int, share: float, spot_units: float
) -> None:
    needs = envelope(ahead, units, peak, tolerance=0.01)
    sizes = stack(needs, committed, share)
    spot = convert(sizes.spot, units, spot_units)
    for part in (sizes.committed, sizes.spot, sizes.on_demand, spot):
        assert (part.min >= 0).all()
        assert (part.min <= part.desired).all()
        assert (part.desired <= part.max).all()
    total = sizes.committed.desired + sizes.spot.desired + sizes.on_demand.desired
    assert (total >= needs.target).all()
    # Without a single spot node the rest can still reach the highest need.
    assert (sizes.committed.max + sizes.on_demand.max >= needs.high).all()
    assert (spot.desired * spot_units >= sizes.spot.desired * units - 1e-3).all()


def test_the_maximum_rises_until_the_shortage_is_tolerable() -> None:
    tail = np.array([10.0 if level < 0.96 else 100.0 for level in LEVELS])
    forecast = ahead(np.repeat(tail[:, None], 24, axis=1))
    strict, loose = (envelope(forecast, 1.0, 1.0, t) for t in (0.001, 0.9))
    assert strict.shortage_share <= 0.001
    assert strict.high.max() == 100
    assert loose.high.max() == 10
    assert loose.high_level < strict.high_level


def test_the_peak_inside_the_hour_widens_the_maximum_only() -> None:
    flat = ahead(np.full((len(LEVELS), 24), 10.0))
    plain, peaky = (envelope(flat, 1.0, factor, 0.01) for factor in (1.0, 2.0))
    assert (plain.low == peaky.low).all()
    assert (plain.target == peaky.target).all()
    assert peaky.high.max() == 20


@given(
    sizes=st.lists(st.integers(0, 3), min_size=1, max_size=40),
    hours=st.integers(1, 24),
    cut=st.integers(0, 23),
)
def test_merged_windows_cover_the_span_once(sizes: list[int], hours: int, cut: int) -> None:
    nodes = np.array(sizes)
    end = START + timedelta(hours=len(sizes) * hours - min(cut, hours - 1))
    windows = merged(Sizes(nodes, nodes + 1, nodes + 2), START, hours, end)
    assert windows[0].start == START
    assert windows[-1].end == end
    for before, after in pairwise(windows):
        assert before.end == after.start
        assert before.min != after.min


@pytest.mark.parametrize("level", [0.0, 3.0])
def test_constant_demand_needs_one_size(level: float) -> None:
    needs = envelope(ahead(np.full((len(LEVELS), 48), level)), 1.0, 1.0, 0.01)
    assert needs.low.tolist() == needs.high.tolist()
    assert needs.low[0] == nodes_for(np.array([level]), 1.0)[0]
