"""One series' forecast: a fleet of one."""

from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from trimtab.forecast.fleet import MAX_ORIGINS, Progress, forecast_fleet
from trimtab.forecast.model import HOURS_PER_DAY, Array, Backend, Fleet, Forecast

ORIGIN_SPACING = 84
"""Half a week, so that origins fall on different days."""


def forecast(
    history: Array,
    start: datetime,
    hours: int,
    progress: Progress | None = None,
    backend: Backend | None = None,
) -> Forecast:
    """Forecast the hours that follow a history.

    Args:
        history: demand per hour, shape (T,), finite and not negative, T at least 24.
        start: the hour after the history's last.
        hours: how many hours to forecast.
        progress: called with (what, done, of).
        backend: forecasts instead of the families; calibrated in the same way.

    Raises:
        InputError: the history is shorter than a day, or holds what is no demand.
        EngineError: the backend's library is not installed.
    """
    fleet = Fleet(("demand",), history[None, :], (start,))
    return forecast_fleet(fleet, hours, backend=backend, progress=progress).series(0)


def rolling_origins(length: int, hours: int, minimum: int) -> NDArray[np.int64]:
    """Hours of a history at which past decisions can be replayed, rising.

    The last origin leaves a whole horizon of truth where the history is long, and never less than a
    day; the first leaves `minimum` hours to learn from.
    """
    last = max(length - hours, min(length - 2 * HOURS_PER_DAY, minimum + 6 * HOURS_PER_DAY))
    if last < minimum:
        return np.zeros(0, dtype=np.int64)
    spacing = min(ORIGIN_SPACING, max(HOURS_PER_DAY, (last - minimum) // (MAX_ORIGINS - 1)))
    count = min(MAX_ORIGINS, 1 + (last - minimum) // spacing)
    return last - spacing * np.arange(count - 1, -1, -1, dtype=np.int64)
