"""A spot availability trace: how much of what was asked for could be had, step by step.

A trace may record one instance (up or down) or several (how many were up); either way it is a share
of the depth, the number of instances that were asked for. Traces are brought to hours and to one
clock here; what may come next is drawn in `trimtab.scenarios.spot`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trimtab.errors import InputError
from trimtab.forecast.model import Array

SECONDS_PER_HOUR = 3600


@dataclass(frozen=True, eq=False)
class SpotTrace:
    """One zone's availability at a regular step.

    Attributes:
        name: what reports call it.
        offset_seconds: first tick on the trace's clock, not negative.
        step_seconds: from tick to tick.
        depth: how many instances were asked for: the largest count seen, unless it was stated.
        share: available instances over the depth, shape (ticks,), in [0, 1].
    """

    name: str
    offset_seconds: int
    step_seconds: int
    depth: float
    share: Array

    @property
    def drops_per_day(self) -> float:
        """Instances lost per instance asked for and day."""
        lost = float(np.maximum(-np.diff(self.share), 0).sum())
        return lost / (len(self.share) * self.step_seconds / (24 * SECONDS_PER_HOUR))

    def hourly(self) -> "HourlySpot":
        """The trace by whole hours of its clock; hours that it does not fill at either end are cut.

        A step that does not divide the hour counts to the hour in which it begins.

        Raises:
            InputError: the step is longer than an hour, or no hour is full.
        """
        if self.step_seconds > SECONDS_PER_HOUR:
            raise InputError(
                f"a step of {self.step_seconds} s says nothing about hours",
                where=self.name,
                mend="give a trace with a step of an hour or less",
            )
        first = -(-self.offset_seconds // SECONDS_PER_HOUR)
        end = (self.offset_seconds + len(self.share) * self.step_seconds) // SECONDS_PER_HOUR
        if end <= first:
            raise InputError("fills no whole hour", where=self.name)
        ticks = self.offset_seconds + np.arange(len(self.share)) * self.step_seconds
        hour = ticks // SECONDS_PER_HOUR - first
        inside = (hour >= 0) & (hour < end - first)
        bounds = np.flatnonzero(np.diff(hour[inside], prepend=-1))
        share, lost = self.share[inside], np.maximum(-np.diff(self.share, prepend=self.share[0]), 0)
        counts = np.diff(bounds, append=len(share))
        return HourlySpot(
            name=self.name,
            first_hour=int(first),
            share=np.add.reduceat(share, bounds) / counts,
            least=np.minimum.reduceat(share, bounds),
            drops=np.add.reduceat(lost[inside], bounds),
        )


@dataclass(frozen=True, eq=False)
class HourlySpot:
    """One zone's availability by the hour.

    Attributes:
        name: the trace's.
        first_hour: hours from the start of the clock to the first row.
        share: mean share of the depth over the hour, shape (T,), in [0, 1].
        least: smallest share within the hour, shape (T,): what could be held throughout.
        drops: instances lost in the hour per instance asked for, shape (T,).
    """

    name: str
    first_hour: int
    share: Array
    least: Array
    drops: Array

    def __len__(self) -> int:
        return len(self.share)


@dataclass(frozen=True, eq=False)
class AlignedSpot:
    """Several zones by the hour on one clock.

    Attributes:
        names: of the zones, Z of them.
        first_hour: hours from the start of the clock to the first column.
        share, least, drops: as in `HourlySpot`, shape (Z, T).
    """

    names: tuple[str, ...]
    first_hour: int
    share: Array
    least: Array
    drops: Array


def aligned(traces: Sequence[SpotTrace]) -> AlignedSpot:
    """The hours that all traces share; all must have been recorded on one clock.

    Raises:
        InputError: no trace, or no hour that all of them fill; or as `SpotTrace.hourly`.
    """
    if not traces:
        raise InputError("no availability trace is given", mend="name at least one")
    hourly = [trace.hourly() for trace in traces]
    first = max(one.first_hour for one in hourly)
    end = min(one.first_hour + len(one) for one in hourly)
    if end <= first:
        late = max(hourly, key=lambda one: one.first_hour)
        raise InputError(
            "begins after another trace ends",
            where=late.name,
            mend="give traces that overlap on one clock",
        )

    def columns(field: str) -> Array:
        return np.stack(
            [getattr(one, field)[first - one.first_hour : end - one.first_hour] for one in hourly]
        )

    names = tuple(one.name for one in hourly)
    return AlignedSpot(names, first, columns("share"), columns("least"), columns("drops"))
