"""The forecasts on the way: a few fans over the replayed hours, and how well calibrated they were.

They show what a planner could know at the time. Policies make their own; these decide nothing.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

import numpy as np

from trimtab.backtest.model import Array, Calibration, Fan, Setting
from trimtab.forecast.model import HOURS_PER_WEEK, LEVELS, Forecast

MOST_FANS = 6
HORIZON_HOURS = HOURS_PER_WEEK
Forecaster = Callable[[Array, datetime, int], Forecast]


def fans(
    setting: Setting, forecaster: Forecaster, progress: Callable[[str, int, int], None]
) -> tuple[Fan, ...]:
    """Forecasts from evenly spaced hours of the test, each from what lay before it.

    Args:
        setting: the series.
        forecaster: from a history, the instant that follows it and a horizon in hours.
        progress: called with (what, done, of).
    """
    length = len(setting.demand)
    horizon = min(HORIZON_HOURS, setting.hours)
    spacing = max(24, (setting.hours - horizon) // (MOST_FANS - 1))
    hours = [hour for hour in range(setting.test_from, length, spacing) if hour + horizon <= length]
    made = []
    for done, hour in enumerate(hours[:MOST_FANS], 1):
        ahead = forecaster(setting.demand[:hour], setting.at(hour), horizon)
        made.append(Fan(hour, ahead.quantiles))
        progress("forecasting on the way", done, len(hours[:MOST_FANS]))
    return tuple(made)


def calibration(made: Sequence[Fan], setting: Setting) -> Calibration | None:
    """How often demand came at or below each quantile; None without fans."""
    if not made:
        return None
    below = np.concatenate(
        [
            setting.demand[fan.hour : fan.hour + fan.quantiles.shape[1]] <= fan.quantiles
            for fan in made
        ],
        axis=1,
    )
    return Calibration(LEVELS, tuple(below.mean(axis=1).tolist()), below.shape[1])
