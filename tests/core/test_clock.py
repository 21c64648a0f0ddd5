"""Instants and durations: one way to read them, one way to write them, whatever the machine."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.clock import format_duration, format_instant, parse_duration, parse_instant

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)

ACCEPTED = {
    "2026-03-01T12:00:00Z": NOON,
    "2026-03-01T12:00:00": NOON,
    "  2026-03-01T12:00:00Z\n": NOON,
    "2026-03-01 12:00": NOON,
    "2026-03-01T14:00:00+02:00": NOON,
    "2026-03-01T07:00:00.000-05:00": NOON,
    "20260301T120000Z": NOON,
    "2026-03-01": NOON - timedelta(hours=12),
    "20260301": NOON - timedelta(hours=12),
}


@pytest.mark.parametrize(("text", "instant"), ACCEPTED.items())
def test_reads_an_instant(text: str, instant: datetime) -> None:
    parsed = parse_instant(text)
    assert parsed == instant
    assert parsed.tzinfo is UTC


REJECTED = [
    "",
    "tomorrow",
    "2026-02-30",
    "01/03/2026",
    "1772323200",
    "1604012400000",  # epoch milliseconds, or else the year 1604
    "0001-01-01T00:00:00+05:00",
    "9999-12-31T23:00:00-05:00",
]


@pytest.mark.parametrize("text", REJECTED)
def test_refuses_what_is_no_instant(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_instant(text)


@given(st.text(max_size=30))
def test_any_text_is_an_instant_or_a_value_error(text: str) -> None:
    try:
        instant = parse_instant(text)
    except ValueError:
        return
    assert instant.tzinfo is UTC


WRITTEN = {
    NOON: "2026-03-01T12:00:00Z",
    NOON.astimezone(timezone(timedelta(hours=9))): "2026-03-01T12:00:00Z",
    NOON.replace(microsecond=999_999): "2026-03-01T12:00:00Z",
    datetime(987, 1, 1, tzinfo=UTC): "0987-01-01T00:00:00Z",
}


@pytest.mark.parametrize(("instant", "text"), WRITTEN.items())
def test_writes_an_instant(instant: datetime, text: str) -> None:
    assert format_instant(instant) == text


@given(
    st.datetimes(
        min_value=datetime(2, 1, 1),  # noqa: DTZ001 (Hypothesis wants naive bounds)
        max_value=datetime(9998, 1, 1),  # noqa: DTZ001
        timezones=st.timezones(),
    )
)
def test_what_is_written_is_read_back(instant: datetime) -> None:
    whole = instant.astimezone(UTC).replace(microsecond=0)
    assert parse_instant(format_instant(whole)) == whole


def test_a_naive_instant_is_utc_in_every_zone_of_the_machine() -> None:
    program = (
        "from datetime import datetime\n"
        "from trimtab.clock import format_instant, parse_instant\n"
        "print(format_instant(datetime(2026, 3, 1, 12)), parse_instant('2026-03-01T12:00:00'))\n"
    )
    for zone in ("UTC", "Asia/Tokyo", "America/New_York"):
        done = subprocess.run(
            [sys.executable, "-c", program],
            env=os.environ | {"TZ": zone},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.strip() == "2026-03-01T12:00:00Z 2026-03-01 12:00:00+00:00"


DURATIONS = {
    timedelta(0): "0 s",
    timedelta(seconds=45): "45 s",
    timedelta(seconds=90): "90 s",
    timedelta(minutes=10): "10 min",
    timedelta(minutes=90): "90 min",
    timedelta(hours=36): "36 h",
    timedelta(days=7): "7 d",
    timedelta(days=7, hours=1): "169 h",
}


@pytest.mark.parametrize(("duration", "text"), DURATIONS.items())
def test_writes_a_duration(duration: timedelta, text: str) -> None:
    assert format_duration(duration) == text


READ = {
    "2w": timedelta(weeks=2),
    "7d": timedelta(days=7),
    " 36h ": timedelta(hours=36),
    "10 min": timedelta(minutes=10),
    "90s": timedelta(seconds=90),
    "0h": timedelta(0),
}


@pytest.mark.parametrize(("text", "duration"), READ.items(), ids=READ)
def test_reads_a_duration(text: str, duration: timedelta) -> None:
    assert parse_duration(text) == duration


@pytest.mark.parametrize("text", ["", "7", "week", "1.5d", "-1h", "1h30min", "7 days", "P7D"])
def test_refuses_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no duration$"):
        parse_duration(text)


def test_refuses_a_duration_beyond_counting() -> None:
    with pytest.raises(ValueError, match="'999999999w' is too long"):
        parse_duration("999999999w")
