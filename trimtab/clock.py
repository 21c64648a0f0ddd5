"""Instants and durations as Trimtab writes them: UTC, whole seconds, ISO 8601 with a Z.

Nothing in the core reads the machine's clock; every "now" is an argument.
"""

import re
from datetime import UTC, datetime, timedelta

HOURS_PER_MONTH = 730.0
"""The FinOps convention: 8,760 hours a year over twelve months."""

SECONDS_PER_MONTH = HOURS_PER_MONTH * 3600
DAYS_PER_MONTH = HOURS_PER_MONTH / 24

_DURATION_UNITS = {
    "w": timedelta(weeks=1),
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "min": timedelta(minutes=1),
    "s": timedelta(seconds=1),
}
DURATION_MEND = f"write a whole number and one of {', '.join(_DURATION_UNITS)}, such as 7d or 6h"


def parse_instant(text: str) -> datetime:
    """An ISO 8601 instant as an aware UTC datetime; without a zone it is taken as UTC.

    Raises:
        ValueError: the text is not an instant.
    """
    text = text.strip()
    # 1604012400000 would pass for a basic-format instant in the year 1604.
    if text.isdecimal() and len(text) > len("20260301"):
        raise ValueError(f"{text} is a bare number, not an ISO 8601 instant")
    try:
        return _utc(datetime.fromisoformat(text))
    except OverflowError:
        raise ValueError(f"{text} is out of range") from None


def format_instant(instant: datetime) -> str:
    """The instant in UTC to the second, for example `2026-03-01T00:00:00Z`."""
    return _utc(instant).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def _utc(instant: datetime) -> datetime:
    # astimezone alone would read a naive instant in the machine's own zone.
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)


def parse_duration(text: str) -> timedelta:
    """A duration such as `7d`, `36h`, `10min`, `90s`, `2w`; `0h` is one too.

    Raises:
        ValueError: the text is none, or one longer than can be counted.
    """
    found = re.fullmatch(rf"([0-9]{{1,9}})\s*({'|'.join(_DURATION_UNITS)})", text.strip())
    if not found:
        raise ValueError(f"{text!r} is no duration")
    try:
        return int(found[1]) * _DURATION_UNITS[found[2]]
    except OverflowError:
        raise ValueError(f"{text!r} is too long") from None


def format_duration(duration: timedelta) -> str:
    """A duration in its largest whole unit: `7 d`, `36 h`, `10 min`, `45 s`."""
    seconds = int(duration.total_seconds())
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
