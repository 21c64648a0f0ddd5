"""What each window of a plan needs of a storage tier: its series forecast, and a quantile of each taken.

GiB are provisioned for the quantile at which the last one pays for itself, and filled to a limit; they never
fall. IOPS and throughput are for their own quantile, widened by how far peaks stand over hourly means.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from trimtab.clock import format_duration, format_instant
from trimtab.demand.series import HOUR, DemandSeries
from trimtab.errors import InputError
from trimtab.forecast.fleet import Progress
from trimtab.forecast.model import Array, Forecast
from trimtab.plan.storage import MAX_STORAGE_WINDOWS
from trimtab.planning.forecasting import Asked, FleetForecaster, forecasts
from trimtab.planning.guardrails import telemetry_fault
from trimtab.planning.histories import History, peak_factor_of
from trimtab.planning.windows import WINDOW_HOURS
from trimtab.storage.model import TierNeed

LEAST_WINDOW_HOURS = 24
"""A volume takes a change only every few hours, and hours to carry it out: it is planned by the day."""
LOW_LEVEL, HIGH_LEVEL = 0.1, 0.9
IOPS_STEP, MIBPS_STEP = 100.0, 5.0
"""IOPS and MiB/s are rounded up to these, so that noise makes no window of its own."""


@dataclass(frozen=True)
class WindowNeeds:
    """What a tier needs over the plan's span, summed over its volumes.

    Attributes:
        hours: of a window.
        lengths: hours of each window, shape (windows,): the last may be shorter.
        gib: stored at the quantile, rising, shape (windows,).
        iops, mibps: at theirs, shape (windows,); None: not known.
        used: mean, low and high of what is stored, over the span.
        mean_iops: over the span; NaN: not known.
        forecast: of the GiB.
        fault: why the telemetry must shrink and move nothing, or None.
        repairs: what reading changed, a sentence each.
    """

    hours: int
    lengths: Array
    gib: Array
    iops: Array | None
    mibps: Array | None
    used: tuple[float, float, float]
    mean_iops: float
    forecast: Forecast
    fault: str | None
    repairs: tuple[str, ...]


def window_needs(
    tiers: Sequence[TierNeed],
    as_of: datetime,
    start: datetime,
    hours: int,
    running: Sequence[bool],
    forecaster: FleetForecaster,
    progress: Progress | None = None,
) -> list[WindowNeeds]:
    """Every tier's needs; all series are forecast together.

    Args:
        tiers: what is asked.
        as_of: the instant of the decision; nothing later is looked at.
        start: of the span.
        hours: of the span.
        running: of each tier, whether it is known what it is provisioned with.
        forecaster: what forecasts.
        progress: as `make_plan` takes it.

    Raises:
        InputError: a series is too short, or too old to speak for the span where nothing says what runs.
    """
    asked: list[Asked] = []
    for tier, known in zip(tiers, running, strict=True):
        for what, series in (("gib", tier.gib), ("iops", tier.iops), ("mibps", tier.mibps)):
            if series is not None:
                history = _history(tier, series, as_of, hours, known=known)
                asked.append(Asked(f"{tier.name} {what}", history, start, hours))
    ahead = iter(zip(asked, forecasts(asked, forecaster, progress), strict=True))
    found = []
    for tier in tiers:
        gib = next(ahead)
        iops = next(ahead) if tier.iops is not None else None
        mibps = next(ahead) if tier.mibps is not None else None
        found.append(_needs(tier, hours, gib, iops, mibps))
    return found


def storage_window_hours(hours: int) -> int:
    """The shortest window of at least a day that cuts a span into as few as a tier may have."""
    lengths = (each for each in WINDOW_HOURS if each >= LEAST_WINDOW_HOURS)
    return next(
        (each for each in lengths if -(-hours // each) <= MAX_STORAGE_WINDOWS),
        -(-hours // MAX_STORAGE_WINDOWS),
    )


def _history(
    tier: TierNeed, series: DemandSeries, as_of: datetime, hours: int, *, known: bool
) -> History:
    seen = series.until(as_of)
    age = as_of - seen.end
    if age > hours * HOUR and not known:
        raise InputError(
            f"the series ends {format_instant(seen.end)}, {format_duration(age)} before "
            f"{format_instant(as_of)}: too old to size tier {tier.name} from",
            where=series.source,
            mend="export newer demand, or set --as-of to the end of the series; with --previous or "
            "runningStorage in --inventory a plan keeps what runs",
        )
    hourly = seen.hourly() if seen.step <= HOUR else seen.held(HOUR)
    fault = telemetry_fault(hourly.demand, hourly.end, as_of, 0)
    if known and fault is None:
        fault = _vanished(hourly.demand, "what is stored" if series is tier.gib else "what is done")
    return History(hourly.demand, hourly.end, peak_factor_of(hourly), hourly.repairs, fault)


def _vanished(demand: Array, what: str) -> str | None:
    """Why zeros at the end are lost telemetry: longer than ever before, or of what can't vanish."""
    some = np.flatnonzero(demand)
    tail = len(demand) - 1 - int(some[-1]) if len(some) else len(demand)
    longest = int(np.diff(some).max(initial=1)) - 1
    if not tail or (what == "what is done" and (tail <= longest or not len(some))):
        return None
    return f"{what} has fallen to nothing for {tail} h: taken for lost telemetry"


def _needs(
    tier: TierNeed,
    hours: int,
    gib: tuple[Asked, Forecast],
    iops: tuple[Asked, Forecast] | None,
    mibps: tuple[Asked, Forecast] | None,
) -> WindowNeeds:
    length = storage_window_hours(hours)
    edges = np.arange(0, hours, length, dtype=np.int64)
    asked, ahead = gib
    # What is stored now is a fact, whatever the forecast's lower half makes of it.
    stored = np.maximum.reduceat(ahead.at(tier.gib_level), edges)
    stored = np.maximum.accumulate(np.maximum(stored, asked.history.demand[-1]))
    histories = [each[0].history for each in (gib, iops, mibps) if each]
    return WindowNeeds(
        hours=length,
        lengths=np.diff(np.append(edges, hours)).astype(np.float64),
        gib=stored,
        iops=_speed(iops, edges, tier.speed_level, IOPS_STEP),
        mibps=_speed(mibps, edges, tier.speed_level, MIBPS_STEP),
        used=(
            float(ahead.scenarios().mean()),
            float(ahead.at(LOW_LEVEL).mean()),
            float(ahead.at(HIGH_LEVEL).mean()),
        ),
        mean_iops=float(iops[1].scenarios().mean()) if iops else float("nan"),
        forecast=ahead,
        fault=next((each.fault for each in histories if each.fault), None),
        repairs=tuple(
            dict.fromkeys(f"{tier.name}: {said}" for each in histories for said in each.repairs)
        ),
    )


def _speed(
    found: tuple[Asked, Forecast] | None, edges: NDArray[np.int64], level: float, step: float
) -> Array | None:
    if found is None:
        return None
    asked, ahead = found
    highest = np.maximum.reduceat(ahead.at(level), edges) * asked.history.peak_factor
    rounded: Array = np.ceil(highest / step - 1e-9) * step
    return rounded
