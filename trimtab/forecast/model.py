"""Forecasts as arrays: quantile levels x hours."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Floats = NDArray[np.floating[Any]]
"""Of either precision: what is computed for many series at once is kept in single."""

LEVELS: Final[tuple[float, ...]] = (
    0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5,
    0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.975, 0.99,
)  # fmt: skip
"""Quantile levels that every forecast gives; symmetric about the median."""

HOURS_PER_DAY = 24
HOURS_PER_WEEK = 168


class Backend(Protocol):
    """A model that turns hourly histories into quantiles; others can be added beside these.

    It holds no state between calls, so it can be run on any past origin. What it returns is
    calibrated by the forecaster.
    """

    @property
    def name(self) -> str:
        """How the evidence names it."""
        ...

    def quantiles(self, history: Floats, hours: int) -> Floats:
        """Quantiles of the hours that follow each history.

        Args:
            history: demand per hour, shape (N, T), finite, at least a day of each series; NaN
                before a series begins and nowhere else.
            hours: how many hours to forecast.

        Returns:
            Shape (N, len(LEVELS), hours), rising along the levels, not below zero.
        """
        ...


@dataclass(frozen=True)
class Effect:
    """What scheduled events do to demand: demand = base * multiply + add.

    Attributes:
        multiply: factor per series and hour, shape (N, hours), positive; 1 where nothing happens.
        add: in the series' units, shape (N, hours), of either sign; 0 where nothing happens.
    """

    multiply: Array
    add: Array


@dataclass(frozen=True, eq=False)
class Fleet:
    """Many series to forecast together.

    Attributes:
        names: of the series, N of them.
        demand: per hour, shape (N, T), each series ending with the last column, NaN before it
            begins and nowhere else.
        ends: the hour after each series' last, UTC.
        capped: where demand stood at its limit, so that more may have been wanted, shape (N, T).
        past_effect: of known events on the history, shape (N, T).
        ahead_effect: of known events on the hours to forecast, shape (N, H).
    """

    names: tuple[str, ...]
    demand: Floats
    ends: tuple[datetime, ...]
    capped: NDArray[np.bool_] | None = None
    past_effect: Effect | None = None
    ahead_effect: Effect | None = None

    def part(self, rows: slice | NDArray[np.int64]) -> "Fleet":
        """Some of the series."""
        index = np.arange(len(self.names))[rows]
        past, ahead = self.past_effect, self.ahead_effect
        return Fleet(
            tuple(self.names[i] for i in index),
            self.demand[rows],
            tuple(self.ends[i] for i in index),
            None if self.capped is None else self.capped[rows],
            None if past is None else Effect(past.multiply[rows], past.add[rows]),
            None if ahead is None else Effect(ahead.multiply[rows], ahead.add[rows]),
        )


@dataclass(frozen=True)
class Origins:
    """Calibrated forecasts at past origins, each made without its own truth.

    Attributes:
        hours: index into the history at which each forecast was made, shape (K,), rising.
        quantiles: shape (K, len(LEVELS), H).
    """

    hours: NDArray[np.int64]
    quantiles: Array


@dataclass(frozen=True)
class Forecast:
    """Calibrated quantiles of hourly demand, and how good they have been.

    Attributes:
        start: first hour that is forecast.
        quantiles: shape (len(LEVELS), hours).
        model: the backend that won.
        reason: why, when a library model was not used.
        origins: the same model's forecasts at past origins; empty where the history is too short.
        coverage80: measured coverage of the raw 80 % interval, or None.
        calibrated_coverage80: the same after calibration, each origin held out, or None.
        scaled_pinball_loss: calibrated, held out, over the mean demand; or None.
    """

    start: datetime
    quantiles: Array
    model: str
    reason: str
    origins: Origins
    coverage80: float | None
    calibrated_coverage80: float | None
    scaled_pinball_loss: float | None

    @property
    def hours(self) -> int:
        """How many hours are forecast."""
        return int(self.quantiles.shape[1])

    def at(self, level: float) -> Array:
        """The quantile at a level, interpolated between LEVELS, flat beyond them; shape (hours,)."""
        at: Array = interpolate(self.quantiles, np.array([level]))[0]
        return at

    def after(self, hours: int) -> "Forecast":
        """The same forecast without its first hours."""
        if not hours:
            return self
        return replace(
            self, start=self.start + timedelta(hours=hours), quantiles=self.quantiles[:, hours:]
        )

    def scenarios(self, count: int = 100) -> Array:
        """Equally likely demand per hour, shape (count, hours).

        Row i is the forecast at level (i + 1/2) / count: marginals, not paths. A cost that is a sum
        over hours has the right mean; its interval over rows is that of hours moving together.
        """
        return interpolate(self.quantiles, (np.arange(count) + 0.5) / count)


def interpolate(quantiles: Array, levels: Array) -> Array:
    """Quantiles at other levels: linear between LEVELS, flat beyond.

    Args:
        quantiles: shape (len(LEVELS), hours).
        levels: shape (n,).

    Returns:
        Shape (n, hours).
    """
    position = np.interp(levels, LEVELS, np.arange(len(LEVELS)))
    below = np.floor(position).astype(np.int64)
    above = np.minimum(below + 1, len(LEVELS) - 1)
    weight = (position - below)[:, None]
    return (1 - weight) * quantiles[below] + weight * quantiles[above]


def pinball(quantiles: Array, truth: Array) -> Array:
    """Quantile loss averaged over LEVELS, per hour.

    Args:
        quantiles: shape (..., len(LEVELS), H).
        truth: shape (..., H).

    Returns:
        Shape (..., H), in the unit of demand.
    """
    levels = np.array(LEVELS)[:, None]
    error = truth[..., None, :] - quantiles
    loss: Array = np.maximum(levels * error, (levels - 1) * error).mean(axis=-2)
    return loss
