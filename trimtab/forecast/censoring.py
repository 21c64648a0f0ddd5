"""Demand that a limit may have cut off: which hours, and what was probably wanted in them."""

import numpy as np
from numpy.typing import NDArray

from trimtab.forecast.model import Array

TOLERANCE = 0.01


def capped_hours(demand: Array, limit: Array, tolerance: float = TOLERANCE) -> NDArray[np.bool_]:
    """Which hours' demand stood at its limit, so that more may have been wanted.

    Demand clearly above its limit is not capped: the series counts what waits, too, and saw it all.

    Args:
        demand: per hour, shape (N, T) or (T,), NaN where there is none.
        limit: shape as demand, or one that broadcasts to it ((N, 1): one a series); NaN where it
            is not known or there was none.
        tolerance: how far from its limit demand still counts as at it, a share of the limit.

    Returns:
        Shape of demand; False wherever demand or limit is NaN.
    """
    # A comparison with NaN is False.
    return np.abs(demand - limit) <= tolerance * limit


def capped_share(demand: Array, capped: NDArray[np.bool_]) -> Array:
    """Share of each series' hours that are capped, shape (N,) or (); 0 where it has no hours."""
    hours = (~np.isnan(demand)).sum(axis=-1)
    share: Array = capped.sum(axis=-1) / np.maximum(hours, 1)
    return share


def imputed(demand: Array, capped: NDArray[np.bool_]) -> Array:
    """Demand with its capped hours at what was probably wanted, elsewhere unchanged.

    Args:
        demand: per hour, shape (N, T) or (T,), NaN before a series begins.
        capped: of the same shape.

    Returns:
        A new array of the same shape, nowhere below `demand`.
    """
    top = np.nanmax(np.where(np.isnan(demand), -np.inf, demand), axis=-1, keepdims=True)
    return np.where(capped, np.maximum(demand, top), demand)
