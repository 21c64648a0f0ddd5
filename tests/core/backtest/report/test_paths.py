"""Series as paths: what is drawn is what was given, and a spike survives any reduction."""

import re
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from trimtab.backtest.report.paths import (
    DEPTH,
    band,
    columns,
    means,
    polyline,
    step_area,
    step_band,
    step_line,
    straight_line,
    to_depth,
)

Array = NDArray[np.float64]
SERIES = st.lists(st.floats(0, 100, allow_subnormal=False), min_size=1, max_size=60).map(np.array)
COMMAND = re.compile(r"([MhvlLVHZ])([^MhvlLVHZ]*)")
NUMBER = re.compile(r"-?[\d.]+")


def corners(path: str) -> list[tuple[float, float]]:
    """Every point that a path goes through."""
    x = y = 0.0
    found = []
    for letter, rest in COMMAND.findall(path):
        values = [float(text) for text in NUMBER.findall(rest)]
        if letter in "ML":
            x, y = values
            found.append((x, y))
        elif letter == "l":
            for dx, dy in zip(values[::2], values[1::2], strict=True):
                x, y = x + dx, y + dy
                found.append((x, y))
        elif letter in "hH":
            x = x + values[0] if letter == "h" else values[0]
            found.append((x, y))
        elif letter in "vV":
            y = y + values[0] if letter == "v" else values[0]
            found.append((x, y))
    return found


def held(path: str, count: int) -> list[float]:
    """The height at the middle of each column of a step path."""
    points = corners(path)
    return [
        next(y for (x0, y), (x1, _) in pairwise(points) if x0 <= c + 0.5 < x1) for c in range(count)
    ]


@given(SERIES)
def test_a_step_line_holds_every_hour_of_a_short_series(values: Array) -> None:
    drawn = held(step_line(values, 0.0, 100.0), len(values))
    assert drawn == to_depth(values, 0.0, 100.0).tolist()


@given(SERIES, st.integers(1, 20))
def test_reduced_columns_keep_the_lowest_and_highest(values: Array, most: int) -> None:
    reduced = columns(values, most)
    assert len(reduced.low) == min(len(values), most)
    assert reduced.low.min() == values.min()
    assert reduced.high.max() == values.max()
    assert (reduced.low <= reduced.high).all()


def test_one_hours_spike_in_three_years_is_drawn_to_its_top() -> None:
    values = np.full(26_280, 10.0)
    values[17_003] = 100.0
    for path in (step_line(values, 0.0, 100.0), step_area(values, 0.0, 100.0)):
        assert min(y for _, y in corners(path)) == 0
        assert len(path) < 100


def test_means_keep_the_total_and_take_the_rest_for_itself() -> None:
    values = np.array([1.0, 3.0, 5.0, 7.0, 9.0])
    assert means(values, 2).tolist() == [2, 6, 9]
    assert means(values, 1).tolist() == values.tolist()


def test_a_gap_breaks_the_line() -> None:
    path = step_line(np.array([1.0, np.nan, 3.0]), 0.0, 4.0)
    assert path == "M0 750h1M2 250h1"


def test_a_column_of_gaps_and_values_keeps_the_values() -> None:
    values = np.tile([np.nan, 4.0], 100)
    assert columns(values, 50).high.tolist() == [4.0] * 50
    assert np.isnan(columns(np.full(100, np.nan), 10).low).all()


def test_what_lies_far_outside_the_axis_is_cut() -> None:
    assert to_depth(np.array([-1e12, 1e12]), 0.0, 1.0).tolist() == [2 * DEPTH, -DEPTH]


@given(SERIES)
def test_an_area_lies_between_its_line_and_the_bottom(values: Array) -> None:
    line, area = step_line(values, 0.0, 100.0), step_area(values, 0.0, 100.0)
    assert area == f"{line}V{DEPTH}H0Z"


@given(SERIES, st.integers(0, 50))
def test_a_step_band_returns_to_where_it_began(values: Array, first: int) -> None:
    path = step_band(values / 2, values, 0.0, 100.0, first)
    points = corners(path)
    assert points[0][0] == points[-1][0] == first
    assert max(x for x, _ in points) == first + len(values)
    heights = {y for _, y in points}
    assert heights <= set(to_depth(np.concatenate([values, values / 2]), 0.0, 100.0).tolist())


@given(SERIES, st.sampled_from([0.0, 0.6, 5.0]))
def test_a_line_with_points_left_out_stays_near_all_of_them(
    values: Array, tolerance: float
) -> None:
    x = np.arange(len(values), dtype=np.float64)
    points = np.array(corners(polyline(x, values, tolerance)))
    between = np.interp(x, points[:, 0], points[:, 1])
    # Coordinates are rounded to whole numbers.
    assert between == pytest.approx(values, abs=tolerance + 0.5 + 1e-9)


def test_a_running_total_spans_the_width_with_few_points() -> None:
    path = straight_line(np.cumsum(np.ones(900)), 0.0, 900.0)
    assert path == "M0 999l960-999"


def test_a_band_is_drawn_from_the_middle_of_its_hours() -> None:
    path = band(np.array([1.0, 1.0]), np.array([3.0, 3.0]), 0.0, 4.0, 10)
    assert path == "M10.5 250l1 0L11.5 750l-1 0Z"
