"""What is assumed before a series has shown it: weights, errors and offsets, per stretch.

A series alone starts from the documented prior. In a fleet, series with enough history lend theirs
to those that are short or new: the fleet's means, held towards the documented prior while they are
few. Both are the same for every series, so a series' forecast does not depend on its neighbours in
any other way.
"""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from trimtab.forecast.combine import STARTS
from trimtab.forecast.families import NAMES
from trimtab.forecast.horizon import Horizon
from trimtab.forecast.model import LEVELS, Floats
from trimtab.forecast.points import NAMES as POINTS

Z = np.array([NormalDist().inv_cdf(level) for level in LEVELS])
REACH_DAYS = np.array([0.25, 1, 3, 7])
ERROR_WIDTH = np.array([0.6, 0.8, 1.0, 1.1])
"""Standard deviation of errors over that of the last week, by the reach of the stretch in days."""
LENDERS = 20.0
"""So many series count as much as the documented prior."""


@dataclass(frozen=True, eq=False)
class Prior:
    """Where a series starts.

    Attributes:
        weights: of the families, (len(NAMES), B, parts).
        shapes: quantiles of errors over the last week's deviation, (len(POINTS), B, len(LEVELS)).
        start: offsets of the calibration in widths, (len(LEVELS), B).
    """

    weights: Floats
    shapes: Floats
    start: Floats


def documented(ahead: Horizon) -> Prior:
    """The prior of a series alone: equal weights, normal errors, no offsets."""
    days = ahead.reach / 24
    width = np.interp(days, REACH_DAYS, ERROR_WIDTH)
    shapes = np.broadcast_to(width[:, None] * Z, (len(POINTS), len(days), len(LEVELS)))
    return Prior(
        np.full((len(NAMES), len(days), len(STARTS)), 1 / len(NAMES), dtype=np.float32),
        shapes.astype(np.float32),
        np.zeros((len(LEVELS), len(days)), dtype=np.float32),
    )


def pooled(prior: Prior, weights: Floats, shapes: Floats, starts: Floats) -> Prior:
    """The prior of a fleet: the lenders' own, held towards the documented one.

    Args:
        prior: the documented one.
        weights, shapes, starts: as in `Prior`, with the lenders along a last axis.
    """
    lenders = weights.shape[-1]
    share = np.float32(lenders / (lenders + LENDERS))
    mixed = (
        share * lent + (1 - share) * own
        for lent, own in (
            (weights.mean(axis=-1), prior.weights),
            (np.median(shapes, axis=-1), prior.shapes),
            (starts.mean(axis=-1), prior.start),
        )
    )
    return Prior(*mixed)
