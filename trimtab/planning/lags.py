"""What past hours say of an hour ahead: lags, running maxima, a daily profile, a regression.

Arrays are (N, T), series padded with NaN on the left; a value at t depends on hours up to t only.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

DAY, WEEK = 24, 168
RIDGE: Final = 0.3
RIDGE_HOURS: Final = 504.0
"""Half-life of the regression's observations."""


def lagged(series: Array, hours: int) -> Array:
    """The series as it was some hours before, NaN where it had not begun."""
    out = np.full_like(series, np.nan)
    if hours < series.shape[1]:
        out[:, hours:] = series[:, : series.shape[1] - hours]
    return out


def rolling_max(series: Array, hours: int) -> Array:
    """The highest of the last hours, this one included; NaN only in the padding."""
    out, done = series, 1
    while done < hours:
        step = min(done, hours - done)
        out = np.fmax(out, lagged(out, step))
        done += step
    return out


def profile(demand: Array, lead: int) -> Array:
    """The last days' mean at the hour that is `lead` ahead, moved half-way to today's level."""
    days = range(1, 8)
    there = np.stack([lagged(demand, DAY * day - lead) for day in days])
    here = np.stack([lagged(demand, DAY * day) for day in days])
    there, here = (np.where(np.isfinite(past), past, demand) for past in (there, here))
    out: Array = there.mean(axis=0) + 0.5 * (demand - here.mean(axis=0))
    return out


def regressed_move(demand: Array, scale: Array, lead: int) -> Array:
    """How far demand moves in the next `lead` hours, over the scale.

    A ridge regression, older observations counting less, on the last hour's move, on what the same hours
    brought yesterday, over three days and last week, and on the distance to yesterday's and the day's mean.
    """
    yesterday = lagged(demand, DAY - lead)
    daily = [lagged(demand, DAY * day - lead) - lagged(demand, DAY * day) for day in (1, 2, 3)]
    three = (daily[0] + daily[1] + daily[2]) / 3.0
    mean = sum((lagged(demand, hour) for hour in range(DAY)), np.zeros_like(demand)) / DAY
    columns = (
        demand - lagged(demand, 1),
        daily[0],
        np.where(np.isfinite(three), three, daily[0]),
        lagged(demand, WEEK - lead) - lagged(demand, WEEK),
        yesterday - demand,
        mean - demand,
    )
    features = np.nan_to_num(np.stack(columns, axis=-1) / scale[..., None])
    moved = (demand - lagged(demand, lead)) / lagged(scale, lead)
    n, hours, width = features.shape
    decay = 0.5 ** (1.0 / RIDGE_HOURS)
    ridge = RIDGE * np.eye(width)
    gram, moment = np.tile(ridge, (n, 1, 1)), np.zeros((n, width))
    out = np.zeros((n, hours))
    for t in range(hours):
        if t >= lead:
            known = np.isfinite(moved[:, t])
            x = np.where(known[:, None], features[:, t - lead], 0.0)
            y = np.where(known, moved[:, t], 0.0)
            gram = decay * gram + (1.0 - decay) * ridge + x[:, :, None] * x[:, None, :]
            moment = decay * moment + x * y[:, None]
        fitted = np.linalg.solve(gram, moment[..., None])[..., 0]
        out[:, t] = (features[:, t] * fitted).sum(axis=-1)
    return out
