"""Demand from Parquet: every type that a tool stores an instant or a number in, and the errors."""

import io
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from trimtab.demand.reader import read_series
from trimtab.errors import EngineError, ExitCode, InputError

pa: Any = pytest.importorskip("pyarrow", reason="the extra trimtab[parquet] is not installed")
pq: Any = pytest.importorskip("pyarrow.parquet")

START = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
MOMENTS = [START + n * HOUR for n in range(48)]
NAIVE = [moment.replace(tzinfo=None) for moment in MOMENTS]
DEMAND = [float(n + 1) for n in range(48)]
PEAK = [n + 0.5 for n in DEMAND]
NO_ZONE = ("Timestamps carry no time zone: taken as UTC.",)

Columns = dict[str, Any]


def write(columns: Columns) -> io.BytesIO:
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer)
    return io.BytesIO(buffer.getvalue())


def sound() -> Columns:
    return {
        "timestamp": pa.array(MOMENTS, pa.timestamp("us", "UTC")),
        "demand": pa.array(DEMAND),
        "peak": pa.array(PEAK),
    }


ACCEPTED: dict[str, tuple[Columns, tuple[str, ...]]] = {
    "microseconds in UTC": ({}, ()),
    "milliseconds in UTC": ({"timestamp": pa.array(MOMENTS, pa.timestamp("ms", "UTC"))}, ()),
    "nanoseconds in UTC": ({"timestamp": pa.array(MOMENTS, pa.timestamp("ns", "UTC"))}, ()),
    "another zone": ({"timestamp": pa.array(MOMENTS, pa.timestamp("us", "Asia/Tokyo"))}, ()),
    "no zone": ({"timestamp": pa.array(NAIVE, pa.timestamp("us"))}, NO_ZONE),
    "text": ({"timestamp": pa.array([m.isoformat() for m in MOMENTS])}, ()),
    "large text": (
        {"timestamp": pa.array([m.isoformat() for m in MOMENTS], pa.large_string())},
        (),
    ),
    "a dictionary of text": (
        {"timestamp": pa.array([m.isoformat() for m in NAIVE]).dictionary_encode()},
        NO_ZONE,
    ),
    "integers": ({"demand": pa.array([int(n) for n in DEMAND])}, ()),
    "unsigned bytes": ({"demand": pa.array([int(n) for n in DEMAND], pa.uint8())}, ()),
    "single precision": ({"demand": pa.array(DEMAND, pa.float32())}, ()),
    "decimals": ({"demand": pa.array([Decimal(str(n)) for n in DEMAND], pa.decimal128(9, 2))}, ()),
    "a column beside": ({"note": pa.array([[n] for n in range(48)])}, ()),
}


@pytest.mark.parametrize(("columns", "repairs"), ACCEPTED.values(), ids=ACCEPTED.keys())
def test_accepts(columns: Columns, repairs: tuple[str, ...]) -> None:
    series = read_series("-", stdin=write(sound() | columns))
    assert series.start == START
    assert series.step == HOUR
    assert series.demand.tolist() == DEMAND
    assert series.peak is not None
    assert series.peak.tolist() == PEAK
    assert series.repairs == repairs


def test_dates_are_days() -> None:
    days = [date(2026, 3, 1) + timedelta(days=n) for n in range(30)]
    columns = {"timestamp": pa.array(days, pa.date32()), "demand": pa.array([1.0] * 30)}
    series = read_series("-", stdin=write(columns))
    assert (series.start, series.step, len(series)) == (START, timedelta(days=1), 30)
    assert series.peak is None


def test_it_is_told_by_content_not_by_name(tmp_path: Path) -> None:
    path = tmp_path / "series.csv"
    path.write_bytes(write(sound()).getvalue())
    assert len(read_series(path)) == 48
    text = tmp_path / "series.parquet"
    text.write_text("timestamp,demand\n")
    with pytest.raises(InputError, match="has a header and no rows"):
        read_series(text)


def spoilt(column: str, row: int, value: Any) -> Columns:
    columns = sound()
    values = columns[column].to_pylist()
    values[row - 1] = value
    columns[column] = pa.array(values, columns[column].type)
    return columns


REJECTED: dict[str, tuple[Callable[[], Columns], str, str]] = {
    "null demand": (lambda: spoilt("demand", 7, None), "row 7", "demand is empty; give a number"),
    "null timestamp": (lambda: spoilt("timestamp", 7, None), "row 7", "timestamp is empty"),
    "NaN": (lambda: spoilt("peak", 7, float("nan")), "row 7", "peak is NaN"),
    "negative": (lambda: spoilt("demand", 48, -2.0), "row 48", "demand is negative (-2)"),
    "duplicate": (
        lambda: spoilt("timestamp", 7, MOMENTS[5]),
        "row 7",
        "repeats the timestamp 2026-03-01T05:00:00Z of row 6",
    ),
    "a fraction of a second": (
        lambda: spoilt("timestamp", 7, MOMENTS[6] + timedelta(milliseconds=1)),
        "row 7",
        "timestamp 2026-03-01 06:00:00.001000Z has a fraction of a second",
    ),
    "epoch": (
        lambda: sound() | {"timestamp": pa.array(range(48))},
        "",
        "timestamp is of type int64; store it as a Parquet timestamp in UTC",
    ),
    "text that is no instant": (
        lambda: sound() | {"timestamp": pa.array(["yesterday"] * 48)},
        "row 1",
        "timestamp 'yesterday' is no instant",
    ),
    "demand as text": (
        lambda: sound() | {"demand": pa.array(["1"] * 48)},
        "",
        "demand is of type string, not a number; store it as double",
    ),
    "demand as truth": (
        lambda: sound() | {"demand": pa.array([True] * 48)},
        "",
        "demand is of type bool, not a number",
    ),
    "the year 5138": (
        lambda: (
            sound() | {"timestamp": pa.array([10**11 + n for n in range(48)], pa.timestamp("s"))}
        ),
        "row 1",
        "timestamp lies in the year 5138",
    ),
    "beyond what a datetime can say": (
        lambda: (
            sound()
            | {"timestamp": pa.array([10**15 + n * 1000 for n in range(48)], pa.timestamp("ms"))}
        ),
        "row 1",
        "lies in the year 33658",
    ),
    "no rows": (
        lambda: {name: column[:0] for name, column in sound().items()},
        "",
        "has columns and no rows",
    ),
    "another name": (
        lambda: {"ts": sound()["timestamp"], "demand": sound()["demand"]},
        "",
        "has no column timestamp (found 'ts', 'demand'); rename 'ts' to 'timestamp'",
    ),
    "too short": (
        lambda: {name: column[:23] for name, column in sound().items()},
        "",
        "is too short: 23 steps of 1 h",
    ),
}


@pytest.mark.parametrize(("columns", "place", "message"), REJECTED.values(), ids=REJECTED.keys())
def test_rejects(columns: Callable[[], Columns], place: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        read_series("-", stdin=write(columns()))
    assert caught.value.where == (f"standard input, {place}" if place else "standard input")
    assert message in str(caught.value)
    assert caught.value.mend


@pytest.mark.parametrize("cut", [4, 5, 60, 400, -1, -9])
def test_a_torn_file_is_one_error(cut: int) -> None:
    data = write(sound()).getvalue()[:cut]
    with pytest.raises(InputError, match=r"^standard input: is not well-formed Parquet ") as caught:
        read_series("-", stdin=io.BytesIO(data))
    assert "\n" not in str(caught.value)


def test_damaged_pages_are_one_error() -> None:
    data = bytearray(write(sound()).getvalue())
    data[4:200] = b"\xff" * 196
    with pytest.raises(InputError, match="is not well-formed Parquet"):
        read_series("-", stdin=io.BytesIO(bytes(data)))


def test_without_the_extra_the_error_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    data = write(sound())
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(EngineError) as caught:
        read_series("-", stdin=data)
    assert caught.value.exit_code == ExitCode.ENGINE
    assert str(caught.value) == (
        "standard input: reading Parquet needs pyarrow; install trimtab[parquet], or save the "
        "series as CSV"
    )
