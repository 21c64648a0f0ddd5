"""A pool's past as the planner sees it: hourly, up to the decision, with a verdict on its telemetry."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from trimtab.clock import format_duration, format_instant
from trimtab.demand.series import HOUR, DemandSeries
from trimtab.errors import InputError
from trimtab.forecast.censoring import capped_hours
from trimtab.planning.guardrails import telemetry_fault
from trimtab.planning.present import Present
from trimtab.planning.request import PlanRequest, PoolRequest

PEAK_LEVEL = 0.9


@dataclass(frozen=True)
class History:
    """A pool's hourly past, and how its peaks stand over its means.

    Attributes:
        demand: per hour, shape (T,).
        end: the hour after the last.
        peak_factor: high peaks over high means, at least 1.
        repairs: what was filled or left out, a sentence each.
        fault: why it must not shrink what runs, or None.
        capped: hours in which demand stood at its limit, shape (T,); None: none is known.
    """

    demand: NDArray[np.float64]
    end: datetime
    peak_factor: float
    repairs: tuple[str, ...]
    fault: str | None = None
    capped: NDArray[np.bool_] | None = None


def read_history(pool: PoolRequest, request: PlanRequest, present: Present) -> History:
    """The pool's past up to the decision, per hour.

    Where it is known what runs, telemetry that is old or absurd makes a plan that keeps it.

    Raises:
        InputError: the telemetry ends so long before the decision that it says nothing about it,
            and nothing else says what runs.
    """
    seen = pool.demand.until(request.as_of)
    age = request.as_of - seen.end
    if age > request.horizon and not present.known:
        raise InputError(
            f"the series ends {format_instant(seen.end)}, {format_duration(age)} before "
            f"{format_instant(request.as_of)}: too old to plan {format_duration(request.horizon)} from",
            where=f"--demand {pool.demand.source}",
            mend="export newer demand, or set --as-of to the end of the series; with --previous or "
            "--inventory a plan keeps what runs",
        )
    hourly = seen.hourly() if seen.step <= HOUR else seen.held(HOUR)
    fault = None
    if present.known:
        # Zero demand that is meant is no fault.
        nodes = 0 if pool.name in request.limits.ended_pools else present.nodes(pool.name)
        fault = telemetry_fault(hourly.demand, hourly.end, request.as_of, nodes)
    capped = None if hourly.limit is None else capped_hours(hourly.demand, hourly.limit)
    repairs = hourly.repairs
    if capped is not None and capped.any():
        share = f"{int(capped.sum())} of {len(capped)} h"
        repairs = (*repairs, f"{share} stood at their limit: the forecast counts what was cut off")
    return History(hourly.demand, hourly.end, peak_factor_of(hourly), repairs, fault, capped)


def peak_factor_of(hourly: DemandSeries) -> float:
    """How far peaks stand over means where it matters: high peaks over high means, at least 1.

    A quantile of the hours' own ratios would speak of nearly idle hours, where one request is many
    times the mean.
    """
    if hourly.peak is None:
        return 1.0
    mean, peak = (float(np.quantile(x, PEAK_LEVEL)) for x in (hourly.demand, hourly.peak))
    if mean <= 0:
        mean, peak = float(hourly.demand.max()), float(hourly.peak.max())
    return max(1.0, peak / mean) if mean > 0 else 1.0
