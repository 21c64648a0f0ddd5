"""Quantiles of many samples of unequal size at once."""

import numpy as np

from trimtab.forecast.model import LEVELS, Floats


def quantiles(samples: Floats) -> Floats:
    """Empirical quantiles at LEVELS along the last axis, NaN left out.

    Linear between order statistics, sample i of n standing at level (i + 1/2) / n: unlike NumPy's
    default it doesn't take the least of few samples for the least there is.

    Args:
        samples: shape (..., S).

    Returns:
        Shape (..., len(LEVELS)); NaN where there is no sample.
    """
    ordered = np.sort(samples, axis=-1)  # NaN last
    count = samples.shape[-1] - np.isnan(samples).sum(axis=-1)
    place = np.asarray(LEVELS, dtype=samples.dtype) * count[..., None] - samples.dtype.type(0.5)
    place = np.clip(place, 0, np.maximum(count - 1, 0)[..., None])
    below = place.astype(np.intp)
    above = np.minimum(below + 1, np.maximum(count - 1, 0)[..., None])
    part = (place - below).astype(samples.dtype)
    low = np.take_along_axis(ordered, below, axis=-1)
    high = np.take_along_axis(ordered, above, axis=-1)
    out: Floats = low + part * (high - low)
    return out
