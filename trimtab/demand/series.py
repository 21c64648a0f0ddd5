"""A demand series: one regular step, UTC, no holes.

The unit (GPUs, nodes, requests per second …) is the workload's business; a series only counts.
A step's timestamp is its beginning: the value at 10:00 of an hourly series speaks of [10:00, 11:00).
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from trimtab.clock import format_duration, format_instant
from trimtab.errors import InputError
from trimtab.forecast.censoring import capped_hours

HOUR = timedelta(hours=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# Demand breathes by the day: with less than one whole day a rise in the morning can't be told from
# growth. And with fewer than 24 steps no quantile beyond 4 % and 96 % has an observation behind it.
MINIMUM_STEPS = 24
MINIMUM_SPAN = timedelta(days=1)

CAPPED_STEPS = 0.5
"""Share of a coarser step's steps at their limit from which it counts as at its own."""


@dataclass(frozen=True, eq=False)
class DemandSeries:
    """How much was wanted at each step, running plus pending.

    Attributes:
        name: what reports call it.
        start: the beginning of the first step, UTC.
        step: the length of every step, whole seconds.
        demand: mean demand in each step, shape (steps,), finite and not negative; read-only.
        peak: highest demand within each step, shape (steps,), or None where it was not measured.
        limit: the capacity that was there in each step, shape (steps,), not negative, NaN where it is
            not known; or None. Demand that reaches it may have been higher.
        repairs: what reading the file had to change or assume, one sentence each, for the evidence.
        source: base name of the file, or `stdin`.
        digest: `sha256:…` of the bytes that were read.
    """

    name: str
    start: datetime
    step: timedelta
    demand: NDArray[np.float64]
    peak: NDArray[np.float64] | None = None
    repairs: tuple[str, ...] = ()
    source: str = ""
    digest: str = ""
    limit: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "demand", _read_only(self.demand))
        if self.peak is not None:
            object.__setattr__(self, "peak", _read_only(self.peak))
            if self.peak.shape != self.demand.shape:
                raise ValueError(f"peak {self.peak.shape} against demand {self.demand.shape}")
        if self.limit is not None:
            object.__setattr__(self, "limit", _read_only(self.limit))
            if self.limit.shape != self.demand.shape:
                raise ValueError(f"limit {self.limit.shape} against demand {self.demand.shape}")

    def __len__(self) -> int:
        return len(self.demand)

    @property
    def end(self) -> datetime:
        """The end of the last step (exclusive)."""
        return self.start + len(self) * self.step

    def times(self) -> NDArray[np.datetime64]:
        """The beginning of every step in UTC, datetime64[s], shape (steps,)."""
        first = np.datetime64(self.start.astimezone(UTC).replace(tzinfo=None), "s")
        return first + np.arange(len(self)) * np.timedelta64(self.step // timedelta(seconds=1), "s")

    def until(self, instant: datetime) -> "DemandSeries":
        """The history a decision at `instant` may see: the steps that had ended by then.

        The repairs still speak of the whole file.

        Raises:
            InputError: too little history is left for a plan.
        """
        known = min(max((instant - self.start) // self.step, 0), len(self))
        if known == len(self):
            return self
        shortness = too_short(known, self.step)
        if shortness:
            raise InputError(
                f"before {format_instant(instant)} the series {shortness}",
                where=self.source or self.name,
                mend=f"choose an --as-of up to {format_instant(self.end)}, or give a longer series",
            )
        return self._part(slice(0, known))

    def hourly(self) -> "DemandSeries":
        """The series in steps of an hour; see `resample`."""
        return self.resample(HOUR)

    def resample(self, step: timedelta) -> "DemandSeries":
        """The series in a coarser step, aligned to UTC: mean of demand, maximum of peak.

        Where no peak was measured, the highest of the finer steps' demands is the peak. A bin is at
        its limit when at least half of its steps were: its limit is then its demand, else the mean of
        the limits that are known, or NaN where that would look like a limit reached. A bin that
        the series does not fill, at either end, is left out and said so in `repairs`.

        Raises:
            InputError: the step is not a whole multiple of the series' own, the series' instants
                do not fall on the coarser grid, or no bin is full.
        """
        if step == self.step:
            return self
        where = self.source or self.name
        wanted, own = format_duration(step), format_duration(self.step)
        if step < self.step or step % self.step:
            raise InputError(
                f"a step of {own} can't be brought to {wanted}",
                where=where,
                mend=f"give a series whose step divides {wanted}",
            )
        late = (self.start - EPOCH) % step
        if late % self.step:
            raise InputError(
                f"steps of {own} from {format_instant(self.start)} do not meet the bounds of "
                f"{wanted}",
                where=where,
                mend=f"shift the timestamps to whole multiples of {own}",
            )
        ratio = step // self.step
        first = (step - late) // self.step % ratio
        bins = max(len(self) - first, 0) // ratio
        if not bins:
            raise InputError(f"is too short for one whole step of {wanted}", where=where)
        part = self._part(slice(first, first + bins * ratio))
        finest = part.demand if part.peak is None else part.peak
        left_out = len(self) - len(part)
        note = f"{left_out} steps of {own} at the ends fill no whole step of {wanted}: left out"
        return replace(
            part,
            step=step,
            demand=part.demand.reshape(bins, ratio).mean(axis=1),
            peak=finest.reshape(bins, ratio).max(axis=1),
            limit=None if part.limit is None else _limits(part.demand, part.limit, ratio),
            repairs=(*self.repairs, note) if left_out else self.repairs,
        )

    def held(self, step: timedelta) -> "DemandSeries":
        """The series in a finer step: each value holds over the steps that it is split into.

        Raises:
            InputError: the step does not divide the series' own.
        """
        if self.step % step:
            raise InputError(
                f"a step of {format_duration(self.step)} is no multiple of {format_duration(step)}",
                where=self.source or self.name,
                mend=f"give a series whose step is a multiple of {format_duration(step)}",
            )
        ratio = self.step // step
        note = (
            f"steps of {format_duration(self.step)} were split into {format_duration(step)}, "
            "each holding its value: what happens within them is not known"
        )
        return replace(
            self,
            step=step,
            demand=np.repeat(self.demand, ratio),
            peak=None if self.peak is None else np.repeat(self.peak, ratio),
            limit=None if self.limit is None else np.repeat(self.limit, ratio),
            repairs=(*self.repairs, note) if ratio > 1 else self.repairs,
        )

    def _part(self, steps: slice) -> "DemandSeries":
        return replace(
            self,
            start=self.start + steps.start * self.step,
            demand=self.demand[steps],
            peak=None if self.peak is None else self.peak[steps],
            limit=None if self.limit is None else self.limit[steps],
        )


def too_short(steps: int, step: timedelta) -> str | None:
    """Why that much history can carry no plan, as the end of a sentence; None when it can."""
    if steps >= MINIMUM_STEPS and steps * step >= MINIMUM_SPAN:
        return None
    held = f"{steps} steps of {format_duration(step)}"
    return (
        f"is too short: {held}; a plan needs at least {MINIMUM_STEPS} steps and "
        f"{format_duration(MINIMUM_SPAN)}"
    )


def _limits(
    demand: NDArray[np.float64], limit: NDArray[np.float64], ratio: int
) -> NDArray[np.float64]:
    """The limits of coarser steps, NaN where they say nothing; see `resample`."""
    capped = capped_hours(demand, limit).reshape(-1, ratio).mean(axis=1) >= CAPPED_STEPS
    known = ~np.isnan(limit)
    total = np.where(known, limit, 0.0).reshape(-1, ratio).sum(axis=1)
    count = known.reshape(-1, ratio).sum(axis=1)
    means = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    coarse = demand.reshape(-1, ratio).mean(axis=1)
    means[capped_hours(coarse, means)] = np.nan
    return np.where(capped, coarse, means)


def _read_only(values: NDArray[np.float64]) -> NDArray[np.float64]:
    # A copy: what the caller does to his array later must not reach a frozen series.
    array = np.array(values, dtype=np.float64)
    if array.ndim != 1:
        raise ValueError(f"a series has one dimension, not shape {array.shape}")
    array.setflags(write=False)
    return array
