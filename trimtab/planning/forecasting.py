"""All pools' forecasts at once: their histories as one fleet, with known events and capped hours.

A pool's forecast covers the plan's span; hours between its history's end and the plan's start are
forecast too, and left out.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

import numpy as np

from trimtab.demand.events import Event, effects, spread, widened
from trimtab.demand.series import HOUR
from trimtab.forecast.fleet import Progress, forecast_fleet
from trimtab.forecast.model import LEVELS, Array, Effect, Fleet, Forecast, Origins
from trimtab.planning.histories import History

THREADS = 2


class FleetForecasts(Protocol):
    """Forecasts of every series of a fleet; see `trimtab.forecast.fleet.FleetForecast`."""

    def series(self, n: int, /) -> Forecast:
        """The forecast of one series."""
        ...


FleetForecaster = Callable[[Fleet, int, Progress | None], FleetForecasts]
"""From a fleet and a number of hours to its forecasts."""


@dataclass(frozen=True)
class Asked:
    """One pool's history and the span to forecast; `events` are those that concern its plan."""

    name: str
    history: History
    start: datetime
    hours: int
    events: tuple[Event, ...] = ()

    @property
    def bridge(self) -> int:
        """Hours between the history's end and the span."""
        return max(0, int((self.start - self.history.end) / HOUR))


def default_forecaster(fleet: Fleet, hours: int, progress: Progress | None) -> FleetForecasts:
    """`forecast_fleet` on two threads."""
    return forecast_fleet(fleet, hours, threads=THREADS, progress=progress)


def forecasts(
    asked: Sequence[Asked], forecaster: FleetForecaster, progress: Progress | None
) -> list[Forecast]:
    """A forecast of each span, in order."""
    hours = max(each.bridge + each.hours for each in asked)
    length = max(len(each.history.demand) for each in asked)
    demand = np.full((len(asked), length), np.nan)
    capped = np.zeros(demand.shape, dtype=np.bool_)
    for row, each in enumerate(asked):
        demand[row, length - len(each.history.demand) :] = each.history.demand
        if each.history.capped is not None:
            capped[row, length - len(each.history.demand) :] = each.history.capped
    fleet = Fleet(
        names=tuple(each.name for each in asked),
        demand=demand,
        ends=tuple(each.history.end for each in asked),
        capped=capped if capped.any() else None,
        past_effect=_past(asked, length),
    )
    found = forecaster(fleet, hours, progress)
    return [_of_span(each, _own(each, found.series(row), length)) for row, each in enumerate(asked)]


def _own(asked: Asked, whole: Forecast, length: int) -> Forecast:
    """The forecast with its past origins counted from the series' own beginning, not the fleet's."""
    first = length - len(asked.history.demand)
    if not first:
        return whole
    hours = whole.origins.hours - first
    return replace(whole, origins=Origins(hours[hours > 0], whole.origins.quantiles[hours > 0]))


def _past(asked: Sequence[Asked], length: int) -> Effect | None:
    """What known events did to the histories; None where there are none."""
    if not any(each.events for each in asked):
        return None
    rows = [
        effects(each.events, (each.name,), each.history.end - length * HOUR, length)
        for each in asked
    ]
    return Effect(
        np.concatenate([row.multiply for row in rows]), np.concatenate([row.add for row in rows])
    )


def _of_span(asked: Asked, whole: Forecast) -> Forecast:
    """The span's part of a forecast, with the events in it."""
    if asked.events:
        ahead = spread(asked.events, (asked.name,), asked.history.end, whole.hours)
        whole = replace(
            whole,
            quantiles=widened(whole.quantiles[None], ahead, LEVELS)[0],
            origins=_with_events(asked, whole.origins),
        )
    span = slice(asked.bridge, asked.bridge + asked.hours)
    return replace(whole, start=asked.start, quantiles=whole.quantiles[:, span])


def _with_events(asked: Asked, origins: Origins) -> Origins:
    """Past forecasts with what the events did to their hours, as their truth has it."""
    if not len(origins.hours):
        return origins
    count, hours = len(asked.history.demand), origins.quantiles.shape[2]
    start = asked.history.end - count * HOUR
    effect = effects(asked.events, (asked.name,), start, count + hours)
    moved: list[Array] = []
    for origin, quantiles in zip(origins.hours.tolist(), origins.quantiles, strict=True):
        part = slice(origin, origin + hours)
        moved.append(np.maximum(quantiles * effect.multiply[0, part] + effect.add[0, part], 0.0))
    return replace(origins, quantiles=np.stack(moved))
