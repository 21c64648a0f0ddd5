"""Instants and durations as Trimtab writes them: UTC, whole seconds, ISO 8601 with a Z.

Nothing in the core reads the machine's clock; every "now" is an argument.
"""

from datetime import UTC, datetime, timedelta

HOURS_PER_MONTH = 730.0
"""The FinOps convention: 8,760 hours a year over twelve months."""


def parse_instant(text: str) -> datetime:
    """An ISO 8601 instant as an aware UTC datetime; without a zone it is taken as UTC.

    Raises:
        ValueError: the text is not an instant.
    """
    instant = datetime.fromisoformat(text.strip())
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)


def format_instant(instant: datetime) -> str:
    """The instant in UTC to the second, for example `2026-03-01T00:00:00Z`."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def format_duration(duration: timedelta) -> str:
    """A duration in its largest whole unit: `7 d`, `36 h`, `10 min`, `45 s`."""
    seconds = int(duration.total_seconds())
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
