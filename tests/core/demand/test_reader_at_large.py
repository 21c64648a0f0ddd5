"""Demand from CSV at large: properties of every series, real series, and the time it takes."""

import io
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.clock import format_instant
from trimtab.demand.reader import MAXIMUM_DEMAND, PEAK_TOLERANCE, read_series
from trimtab.demand.series import DemandSeries
from trimtab.errors import InputError

START = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
REAL = Path(__file__).parents[4] / "shared" / "data" / "demand"

Rows = list[list[str]]


def read(content: str | bytes) -> DemandSeries:
    data = content.encode() if isinstance(content, str) else content
    return read_series("-", stdin=io.BytesIO(data))


def csv_text(rows: Rows) -> str:
    return "".join(",".join(cells) + "\n" for cells in rows)


@st.composite
def series_values(draw: st.DrawFn) -> list[tuple[float, float]]:
    """Demand and peak of 24 to 80 hours."""
    amounts = st.floats(0.0, MAXIMUM_DEMAND / 2, allow_subnormal=False)
    pairs = draw(st.lists(st.tuples(amounts, amounts), min_size=24, max_size=80))
    return [(mean, mean + extra) for mean, extra in pairs]


def as_rows(values: list[tuple[float, float]]) -> Rows:
    body = [
        [format_instant(START + hour * HOUR), repr(mean), repr(top)]
        for hour, (mean, top) in enumerate(values)
    ]
    return [["timestamp", "demand", "peak"], *body]


@given(series_values())
def test_what_is_written_is_what_is_read(values: list[tuple[float, float]]) -> None:
    series = read(csv_text(as_rows(values)))
    assert series.demand.tolist() == [mean for mean, _ in values]
    assert series.peak is not None
    assert series.peak.tolist() == [top for _, top in values]
    assert series.end - series.start == len(values) * HOUR


@given(series_values(), st.data())
def test_a_filled_step_lies_between_its_neighbours(
    values: list[tuple[float, float]], data: st.DataObject
) -> None:
    longest = max(1, min(6, len(values) // 20))
    length = data.draw(st.integers(1, longest))
    first = data.draw(st.integers(1, len(values) - length - 1))
    rows = as_rows(values)
    del rows[first + 1 : first + length + 1]
    series = read(csv_text(rows))
    assert len(series) == len(values)
    assert len(series.repairs) == 1
    assert series.peak is not None
    ends = [first - 1, first + length]
    kept = [n for n in range(len(values)) if not first <= n < first + length]
    assert series.demand[kept].tolist() == [values[n][0] for n in kept]
    for measured, filled in (
        ([values[n][0] for n in ends], series.demand[first : first + length]),
        ([values[n][1] for n in ends], series.peak[first : first + length]),
    ):
        slack = 1e-9 * max(measured)
        assert np.all(filled >= min(measured) - slack)
        assert np.all(filled <= max(measured) + slack)


@given(st.permutations(range(24)))
def test_only_sorted_rows_are_read(order: list[int]) -> None:
    rows = as_rows([(float(n), float(n)) for n in range(24)])
    content = csv_text([rows[0], *(rows[n + 1] for n in order)])
    if order == sorted(order):
        assert len(read(content)) == 24
    else:
        with pytest.raises(InputError, match="out of order"):
            read(content)


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_no_bytes_raise_anything_but_an_input_error(data: bytes) -> None:
    with pytest.raises(InputError):
        read(data)


@given(st.integers(1, 48), st.integers(0, 2), st.text(max_size=12))
def test_no_cell_raises_anything_but_an_input_error(row: int, column: int, cell: str) -> None:
    rows = as_rows([(float(n), float(n)) for n in range(48)])
    rows[row][column] = cell
    try:
        series = read(csv_text(rows))
    except InputError as caught:
        where = caught.where or ""
    else:
        assert len(series) == 48
        return
    assert where.startswith("standard input, line ")


def test_a_year_of_five_minutes_is_quick() -> None:
    stamps = np.arange("2025-01-01", "2026-01-01", 300, dtype="datetime64[s]")
    body = "".join(f"{stamp}Z,{n % 300}.25,{n % 300 + 5}\n" for n, stamp in enumerate(stamps))
    content = "timestamp,demand,peak\n" + body
    begin = time.process_time()
    series = read(content)
    # About 0.3 s on two shared cores; the bound only catches a change of order.
    assert time.process_time() - begin < 2.0
    assert len(series) == 105_120
    assert series.step == timedelta(minutes=5)


def test_reading_imports_neither_pandas_nor_pyarrow(rows: Rows) -> None:
    program = (
        "import sys\n"
        "from trimtab.demand.reader import read_series\n"
        "read_series('-')\n"
        "print(sorted({'pandas', 'pyarrow'} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        input=csv_text(rows).encode(),
        capture_output=True,
        check=True,
    )
    assert done.stdout.decode().strip() == "[]"


REAL_FILES = sorted(REAL.glob("*.csv")) or [REAL / "absent.csv"]


@pytest.mark.parametrize("path", REAL_FILES, ids=lambda path: path.stem)
def test_reads_the_real_series(path: Path) -> None:
    if not path.exists():
        pytest.skip(f"no real series at {REAL}")
    if path.stem == "azure_llm_conv_1min":
        with pytest.raises(InputError, match="is too short: 58 steps of 1 min"):
            read_series(path)
        return
    series = read_series(path)
    lines = path.read_text().splitlines()
    assert len(series) == len(lines) - 1
    assert series.repairs == ()
    assert str(series.times()[-1]) + "Z" == lines[-1].split(",")[0]
    hourly = series.hourly()
    assert hourly.demand.mean() == pytest.approx(series.demand.mean())
    assert hourly.peak is not None
    assert np.all(hourly.peak >= hourly.demand * (1 - PEAK_TOLERANCE))
