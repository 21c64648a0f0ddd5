"""Calendar axes: ticks for hours, and how a report writes instants and quantities over time."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from trimtab.page.scales import Tick

_HOUR_STEPS = (1, 2, 3, 6, 12)
_DAY_STEPS = (1, 2, 4, 7, 14)
_MONTH_STEPS = (1, 2, 3, 6, 12, 24, 60, 120)


def time_ticks(start: datetime, hours: int, counts: Sequence[int] = (4, 6, 12)) -> tuple[Tick, ...]:
    """Calendar ticks of an axis that begins at `start` (UTC) and lasts `hours`.

    Every level keeps every n-th tick of the next, so that they never stand side by side.

    Args:
        start: the axis' beginning.
        hours: its length.
        counts: how many labels fit at each level, narrowest first.
    """
    finest = _calendar(start, hours, counts[-1])
    strides = [1]
    for most in reversed(counts[:-1]):
        stride = strides[0]
        while -(-len(finest) // stride) > most:
            stride += strides[0]
        strides.insert(0, stride)
    return tuple(
        Tick(at, label, next(level for level, stride in enumerate(strides) if index % stride == 0))
        for index, (at, label) in enumerate(finest)
    )


def _calendar(start: datetime, hours: int, most: int) -> list[tuple[float, str]]:
    """The finest calendar step that gives at most so many labels."""
    end = start + timedelta(hours=hours)
    midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
    for step in _HOUR_STEPS:
        if hours / step <= most:
            first = midnight
            return _labelled(start, end, [first + timedelta(hours=h) for h in _range(step, hours)])
    for days in _DAY_STEPS:
        if hours / 24 / days <= most:
            # Weeks begin on Monday.
            anchor = midnight - timedelta(days=midnight.weekday() if days >= 7 else 0)
            dates = [anchor + timedelta(days=d) for d in range(0, hours // 24 + 2 * days + 2, days)]
            return _labelled(start, end, dates)
    for months in _MONTH_STEPS:
        if hours / 730 / months <= most or months == _MONTH_STEPS[-1]:
            firsts = []
            index = start.year * 12 + start.month - 1
            index -= index % months
            while (year := index // 12) <= end.year:
                firsts.append(midnight.replace(year=year, month=index % 12 + 1, day=1))
                index += months
            return _labelled(start, end, firsts)
    raise AssertionError("the last step always fits")


def _range(step: int, hours: int) -> range:
    return range(0, hours + 24 + step, step)


def _labelled(start: datetime, end: datetime, at: Sequence[datetime]) -> list[tuple[float, str]]:
    found = [each for each in at if start <= each <= end]
    years = start.year != end.year
    whole = all(each.hour == 0 for each in at)
    return [
        ((each - start) / timedelta(hours=1), _instant(each, years=years, whole=whole))
        for each in found
    ]


def _instant(at: datetime, *, years: bool, whole: bool) -> str:
    if not whole:
        return f"{at:%H:%M}" if at.hour else f"{at.day} {at:%b}"
    if years and at.day == 1 and at.month == 1:
        return f"{at.year}"
    return f"{at.day} {at:%b}"


def per_hour_unit(unit: str) -> str:
    """The unit of a quantity over time: `GPU-hours` of GPUs, `node-hours` of nodes."""
    plural = len(unit) > 3 and unit.endswith("s") and not unit.endswith(("ss", "/s"))
    return f"{unit[:-1] if plural else unit}-hours"


def date(at: datetime) -> str:
    """A day as `3 Mar 2026`."""
    return f"{at.day} {at:%b %Y}"


def instant(at: datetime) -> str:
    """An hour as `3 Mar 2026 14:00`."""
    return f"{date(at)} {at:%H:%M}"
