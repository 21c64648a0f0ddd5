"""Disruption budgets: how many of a NodePool's nodes Karpenter may disturb of its own accord, and when.

Pure. Three things decide. Whether the work bears it: consolidation and drift evict pods, so where work
must not be interrupted neither touches a busy node, and drift waits for a maintenance window. What the
plan keeps: in a window it wants `desired` nodes and can do with `min`, so no more than the difference
may be disturbed at once; one at least, but at the height of the plan none where the two are equal. And
where nothing is said, Karpenter's own tenth.

Karpenter takes the strictest of the budgets that are active, for each reason on its own. A budget
recurs by a cron expression in UTC, a plan's window has a date: day and month stand in the expression, so
it recurs once a year, long after the plan. A maintenance window can't be written as a permission beside
a prohibition, the prohibition being the stricter: the times between the windows are closed instead.

Sources: Karpenter v1.14.1, NodePool CRD (at most 50 budgets; day fields by robfig/cron) and
`Budget.IsActive`; 2026-11.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from math import ceil
from typing import Any, Literal, get_args

from trimtab.plan.model import Group, OnDemand, Pool, Spot, Window
from trimtab.plan.sizing import window_index

Budget = dict[str, Any]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = get_args(Weekday)

MAX_BUDGETS = 50
DEFAULT_SHARE = 10
"""Per cent of a NodePool's nodes, rounded up: Karpenter's own default."""

_DAY = 24 * 60
_WEEK = 7 * _DAY
_CRON_DAYS = {day: (index + 1) % 7 for index, day in enumerate(WEEKDAYS)}


@dataclass(frozen=True)
class Maintenance:
    """When nodes may be replaced although their work must not be interrupted.

    Attributes:
        days: on which it begins.
        minute: of the day, UTC.
        minutes: its length, a day at most.
    """

    days: tuple[Weekday, ...]
    minute: int
    minutes: int


def bears_disruption(pool: Pool, group: Group) -> bool:
    """Whether busy nodes may be consolidated and replaced at any hour.

    Spot nodes, whose work must bear worse; and on-demand nodes of a pool all of whose work may be
    interrupted. Not what is paid for anyway: emptying such a node saves nothing.
    """
    interruptible = pool.interruptible_share >= 1
    return isinstance(group.purchase, Spot) or (
        interruptible and isinstance(group.purchase, OnDemand)
    )


def budgets(
    pool: Pool,
    group: Group,
    as_of: datetime,
    maintenance: Maintenance | None,
    share: int = DEFAULT_SHARE,
) -> list[Budget]:
    """The budgets of a group's NodePools, at most 50: later windows come with a later deployment.

    Args:
        pool, group: of the plan.
        as_of: windows that ended before are left out.
        maintenance: when busy nodes may be replaced; None for never, where work must not be
            interrupted.
        share: per cent of the nodes that may be disturbed at once where nothing is stricter.
    """
    common = f"{share}%"
    found: list[Budget]
    if bears_disruption(pool, group):
        dated, found = ["Underutilized", "Drifted"], [{"nodes": common}]
    elif maintenance is None:
        return [
            {"nodes": "0", "reasons": ["Underutilized", "Drifted"]},
            {"nodes": common, "reasons": ["Empty"]},
        ]
    else:
        dated = ["Drifted"]
        found = [
            {"nodes": "0", "reasons": ["Underutilized"]},
            {"nodes": common, "reasons": ["Empty", "Drifted"]},
            *(
                {"nodes": "0", "reasons": dated, "schedule": cron, "duration": _duration(minutes)}
                for cron, minutes in _between(maintenance)
            ),
        ]
    room = MAX_BUDGETS - len(found)
    for allowed, windows in list(_allowances(group, as_of, share))[:room]:
        start = windows[0].start
        seconds = (windows[-1].end - start.replace(second=0, microsecond=0)).total_seconds()
        found.append(
            {
                "nodes": str(allowed),
                "reasons": dated,
                "schedule": f"{start.minute} {start.hour} {start.day} {start.month} *",
                "duration": _duration(ceil(seconds / 60)),
            }
        )
    return found


def _allowances(
    group: Group, as_of: datetime, share: int
) -> Iterator[tuple[int, Sequence[Window]]]:
    """Nodes that may be disturbed at once, with the neighbouring windows in which that holds; not
    where the common share is stricter."""
    left = group.windows[window_index(group, as_of) :]
    height = max(window.desired for window in left)
    flat = all(window.desired == height for window in left)

    def allowed(window: Window) -> int:
        least = 0 if window.desired == height and not flat else 1
        return max(window.desired - window.min, least)

    for nodes, windows in groupby(left, allowed):
        neighbours = list(windows)
        common = ceil(max(window.max for window in neighbours) * share / 100)
        if nodes < common and any(window.desired for window in neighbours):
            yield nodes, neighbours


def _between(maintenance: Maintenance) -> Iterator[tuple[str, int]]:
    """The times between maintenance windows: a cron expression each, and its length in minutes."""
    if len(maintenance.days) == len(WEEKDAYS):
        minute = (maintenance.minute + maintenance.minutes) % _DAY
        closed = _DAY - maintenance.minutes
        if closed:
            yield f"{minute % 60} {minute // 60} * * *", closed
        return
    starts = sorted(WEEKDAYS.index(day) * _DAY + maintenance.minute for day in maintenance.days)
    for start, following in zip(starts, [*starts[1:], starts[0] + _WEEK], strict=True):
        end = start + maintenance.minutes
        if end < following:
            day, minute = divmod(end % _WEEK, _DAY)
            weekday = _CRON_DAYS[WEEKDAYS[day]]
            yield f"{minute % 60} {minute // 60} * * {weekday}", following - end


def _duration(minutes: int) -> str:
    hours, rest = divmod(int(timedelta(minutes=minutes).total_seconds() // 60), 60)
    if not rest:
        return f"{hours}h"
    return f"{hours}h{rest}m" if hours else f"{rest}m"
