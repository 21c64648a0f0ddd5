"""Availability traces: what is read, what is refused, and hours on one clock."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.errors import InputError
from trimtab.spot.reader import parse_availability, read_availability
from trimtab.spot.trace import SpotTrace, aligned

REAL = Path(__file__).parents[4] / "shared" / "data" / "spot" / "availability"
HEADER = "offset_seconds,available\n"


def trace(share: list[float], step: int = 1800, offset: int = 0, name: str = "zone") -> SpotTrace:
    return SpotTrace(name, offset, step, 1.0, np.array(share, dtype=np.float64))


def test_counts_become_shares_of_the_most_that_was_seen() -> None:
    read = parse_availability(HEADER + "0,2\n600,4\n1200,0\n", "t.csv", name="a")
    assert (read.name, read.offset_seconds, read.step_seconds, read.depth) == ("a", 0, 600, 4)
    assert read.share.tolist() == [0.5, 1.0, 0.0]


@pytest.mark.parametrize(
    ("what", "text", "depth", "share"),
    [
        ("a depth that was never had", "0,2\n60,1\n", 4.0, [0.5, 0.25]),
        ("a trace that was never up", "0,0\n60,0\n", None, [0, 0]),
        ("never up, with a depth", "0,0\n60,0\n", 8.0, [0, 0]),
        ("spaces, blank lines and decimals", " 0 , 1.0 \n\n60.0,0\n", None, [1, 0]),
        ("Windows line ends", "0,1\r\n60,0\r\n", None, [1, 0]),
    ],
)
def test_accepts(what: str, text: str, depth: float | None, share: list[float]) -> None:
    read = parse_availability(HEADER + text, "t.csv", name="a", depth=depth)
    assert read.share.tolist() == share, what


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "t.csv: is empty; start it with offset_seconds,available"),
        ("offset_seconds,available\n", "t.csv: has no row below its header"),
        (
            "offset,available\n0,1\n",
            "t.csv, line 1: unknown column 'offset'; did you mean offset_seconds?",
        ),
        (
            "offset_seconds,available,zone\n0,1,a\n",
            "t.csv, line 1: unknown column 'zone'; remove it; known: offset_seconds, available",
        ),
        ("offset_seconds\n0\n", "t.csv, line 1: column available is missing; add it to the file"),
        (
            "available,offset_seconds,available\n0,1,0\n",
            "t.csv, line 1: column available stands twice; remove one",
        ),
        (HEADER + "0,1\n60\n", "t.csv, line 3: has 1 fields, the header 2"),
        (HEADER + '0,1\n60,"1\n', "t.csv, line 3: is not CSV (unexpected end of data)"),
        (
            HEADER + "0,1\n60,\n",
            "t.csv, line 3, column available: is blank; write a plain decimal",
        ),
        (
            HEADER + "0,1\n60,up\n",
            "t.csv, line 3, column available: 'up' is not a number; write a plain decimal",
        ),
        (
            HEADER + "0,1\n60,-1\n",
            "t.csv, line 3, column available: '-1' is not a number from 0 up; write a plain decimal",
        ),
        (
            HEADER + "0,1\nnan,1\n",
            (
                "t.csv, line 3, column offset_seconds: 'nan' is not a number from 0 up; "
                "write a plain decimal"
            ),
        ),
        (
            HEADER + "0,1\n60.5,1\n",
            (
                "t.csv, line 3, column offset_seconds: 60.5 is not a whole number of seconds; "
                "round offsets to seconds"
            ),
        ),
        (HEADER + "0,1\n", "t.csv: has one tick: no step can be told"),
        (
            HEADER + "0,1\n60,1\n120,1\n300,1\n",
            (
                "t.csv, line 5, column offset_seconds: goes from 120 to 300 where the step is 60 s; "
                "write a row for every step, or cut the file at the gap"
            ),
        ),
        (
            HEADER + "0,1\n300,1\n\n360,1\n420,0\n",
            (
                "t.csv, line 3, column offset_seconds: goes from 0 to 300 where the step is 60 s; "
                "write a row for every step, or cut the file at the gap"
            ),
        ),
        (
            HEADER + "0,1\n60,1\n60,1\n120,1\n",
            (
                "t.csv, line 4, column offset_seconds: goes from 60 to 60: offsets must rise; "
                "sort the rows and drop repeated ones"
            ),
        ),
        (
            HEADER + "60,1\n0,1\n",
            (
                "t.csv, line 3, column offset_seconds: goes from 60 to 0: offsets must rise; "
                "sort the rows and drop repeated ones"
            ),
        ),
        (
            HEADER + "0,1\n60,9\n",
            (
                "t.csv, line 3, column available: 9 instances are more than the depth of 8; "
                "state the number that was asked for"
            ),
        ),
    ],
)
def test_refuses(text: str, message: str) -> None:
    with pytest.raises(InputError) as error:
        parse_availability(text, "t.csv", name="a", depth=8.0)
    assert str(error.value) == message


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_availability(tmp_path / "none.csv")


def test_an_hour_has_its_mean_its_least_and_its_drops() -> None:
    hourly = trace([1, 0, 1, 1, 0.5, 1, 0]).hourly()
    assert hourly.share.tolist() == [0.5, 1.0, 0.75]
    assert hourly.least.tolist() == [0.0, 1.0, 0.5]
    assert hourly.drops.tolist() == [1.0, 0.0, 0.5]


def test_hours_that_are_not_filled_are_cut_at_both_ends() -> None:
    hourly = trace([1, 0, 1, 1, 1, 0], offset=1800).hourly()
    assert (hourly.first_hour, hourly.share.tolist()) == (1, [0.5, 1.0])
    # The fall at the second tick belongs to the first full hour.
    assert hourly.drops.tolist() == [1.0, 0.0]


def test_a_step_that_does_not_divide_the_hour_counts_where_it_begins() -> None:
    hourly = trace([1, 1, 0, 0, 0, 0], step=1500).hourly()
    assert hourly.share == pytest.approx([2 / 3, 0.0])


def test_drops_per_day() -> None:
    assert trace([1, 0] * 24).drops_per_day == 24
    assert trace([1] * 48).drops_per_day == 0


@pytest.mark.parametrize(
    ("one", "message"),
    [
        (
            trace([1, 1], step=7200),
            (
                "zone: a step of 7200 s says nothing about hours; "
                "give a trace with a step of an hour or less"
            ),
        ),
        (trace([1], step=1800), "zone: fills no whole hour"),
        (trace([1, 1], offset=1800), "zone: fills no whole hour"),
    ],
)
def test_no_hour_can_be_had(one: SpotTrace, message: str) -> None:
    with pytest.raises(InputError) as error:
        one.hourly()
    assert str(error.value) == message


def test_traces_are_aligned_to_the_hours_they_share() -> None:
    early = trace([1, 0.5, 0, 0.25], step=3600)
    late = trace([0.75, 1, 1], step=3600, offset=3600, name="late")
    both = aligned([early, late])
    assert (both.names, both.first_hour) == (("zone", "late"), 1)
    assert both.share.tolist() == [[0.5, 0.0, 0.25], [0.75, 1.0, 1.0]]
    assert both.least.shape == both.drops.shape == (2, 3)


def test_traces_that_do_not_overlap_are_refused() -> None:
    with pytest.raises(InputError) as error:
        aligned([trace([1], step=3600), trace([1], step=3600, offset=7200, name="late")])
    assert str(error.value) == (
        "late: begins after another trace ends; give traces that overlap on one clock"
    )
    with pytest.raises(InputError, match="no availability trace"):
        aligned([])


@settings(deadline=None)
@given(
    counts=st.lists(st.integers(0, 9), min_size=2, max_size=300),
    step=st.sampled_from([30, 34, 195, 600, 1800, 3600]),
    offset=st.integers(0, 9000),
)
def test_hours_lose_nothing_but_the_ends(counts: list[int], step: int, offset: int) -> None:
    rows = "".join(f"{offset + row * step},{count}\n" for row, count in enumerate(counts))
    read = parse_availability(HEADER + rows, "t.csv", name="a")
    assert ((read.share >= 0) & (read.share <= 1)).all()
    try:
        hourly = read.hourly()
    except InputError:
        assert len(counts) * step < 2 * 3600
        return
    assert (hourly.least <= hourly.share + 1e-12).all()
    assert (hourly.share <= 1 + 1e-12).all()
    assert hourly.drops.sum() <= np.maximum(-np.diff(read.share), 0).sum() + 1e-9
    assert (hourly.least >= 0).all()


@pytest.mark.skipif(not REAL.is_dir(), reason="the shared data is not here")
def test_every_real_trace_is_read_and_the_common_clock_holds() -> None:
    traces = [read_availability(path) for path in sorted(REAL.glob("*.csv"))]
    assert len(traces) >= 30
    for one in traces:
        hourly = one.hourly()
        assert hourly.share.mean() == pytest.approx(one.share.mean(), abs=0.1)
    day = [one for one in traces if "2023-02-15" in one.name]
    zones = aligned(day)
    assert zones.share.shape == (5, 1091)
    assert zones.share.mean(axis=1) == pytest.approx([one.share.mean() for one in day], abs=1e-3)
    lost = zones.drops.sum(axis=1) / (1091 / 24)
    assert lost == pytest.approx([one.drops_per_day for one in day], rel=0.01)
