"""One chunk of a fleet, from scaled histories to calibrated quantiles and how good they have been.

Everything that a forecast needs of the past is computed once per chunk for all past origins (a day
apart, up to `MEMORY_HOURS` back) and for now, the last of them. So the forecast of now is made by
the same steps as those it is judged by.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trimtab.forecast import horizon
from trimtab.forecast.combine import Blend, blended, combined
from trimtab.forecast.families import ERROR_STEP, Families, families, spread
from trimtab.forecast.horizon import STEP, Horizon, Ints
from trimtab.forecast.model import HOURS_PER_DAY, HOURS_PER_WEEK, LEVELS, Floats
from trimtab.forecast.priors import Prior
from trimtab.forecast.states import states
from trimtab.forecast.tracker import HIGH, LOW, MIDDLE, WIDTH, calibrated, tracked

MEMORY_HOURS = 8 * HOURS_PER_WEEK
"""What a forecast sees: eight weeks hold every season that capacity plans use, and older levels
mislead more than they teach."""
JUDGED_DAYS = 42
LEAST_HOURS = 2 * HOURS_PER_DAY
"""A past forecast from less history than this says nothing about today's."""


@dataclass(frozen=True, eq=False)
class Judged:
    """Quantiles at K past origins at the judged hours ahead, and what came; `blended` has shapes."""

    ahead: Horizon
    raw: Floats
    calibrated: Floats
    truth: Floats
    capped: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Chunk:
    """What is known of N series' past at K origins a day apart, the last of them now.

    Attributes:
        hours: of the origins, shape (K,).
        found: the families at them.
        blend: their combination.
        offsets: of the calibration, (N, K, len(LEVELS), B).
        judged: all of it against what came.
    """

    hours: Ints
    found: Families
    blend: Blend
    offsets: Floats
    judged: Judged

    def forecasts(self, origins: slice | Ints, hours: int) -> Floats:
        """Calibrated quantiles at some of the origins, shape (N, K', len(LEVELS), hours)."""
        ahead = horizon.every_hour(hours)
        if not isinstance(origins, slice) and not len(origins):
            return np.zeros((len(self.offsets), 0, len(LEVELS), hours), dtype=np.float32)
        raw = combined(self.found.at(origins), self.blend.weights[:, origins], ahead)
        return calibrated(raw, self.offsets[:, origins], ahead)


def study(
    history: Floats, observed: Floats, capped: NDArray[np.bool_], hours: int, prior: Prior
) -> Chunk:
    """Work through the past of each series.

    Args:
        history: scaled demand, shape (N, T), NaN before a series begins, T at most MEMORY_HOURS.
        observed: the same, but the limit itself where demand was capped.
        capped: where it was.
        hours: how many hours to forecast.
        prior: where each series starts.
    """
    length = history.shape[1]
    ahead = horizon.judged(hours)
    origins = np.arange(length, 0, -ERROR_STEP)[::-1]
    origins = origins[origins >= min(length, HOURS_PER_DAY)]
    last = len(origins) - 1
    kept = np.arange(last, -1, -(STEP // ERROR_STEP))[:JUDGED_DAYS][::-1].astype(np.int64)
    dense = states(history, origins)
    found = families(history, dense, origins, kept, ahead, prior.shapes)
    truth, at_limit = truths(observed, capped, origins[kept], ahead)
    truth[found.state.age < LEAST_HOURS] = np.nan
    blend = blended(found, truth, at_limit, prior.weights, ahead)
    offsets = tracked(blend.raw, truth, at_limit, prior.start, found.state.age, ahead)
    judged = Judged(ahead, blend.raw, calibrated(blend.raw, offsets, ahead), truth, at_limit)
    return Chunk(origins[kept], found, blend, offsets, judged)


def lent(chunk: Chunk, history: Floats) -> tuple[Floats, Floats, Floats]:
    """What each series lends to the fleet's prior: weights, error shapes, offsets in widths."""
    raw = chunk.judged.raw[:, -1]
    width = (raw[:, HIGH] - raw[:, LOW]) / WIDTH + 0.01 * raw[:, MIDDLE]
    per_stretch = np.stack([width[:, part].mean(axis=1) for part in chunk.judged.ahead.slices], 1)
    deviation = np.maximum(spread(history, history.shape[1]), 1e-6)[:, None, None, None]
    return (
        chunk.blend.weights[:, -1],
        chunk.found.offsets[:, -1] / deviation,
        chunk.offsets[:, -1] / np.maximum(per_stretch, 1e-6)[:, None, :],
    )


def coverage80(quantiles: Floats, judged: Judged) -> Floats:
    """Share of known hours inside [10 %, 90 %] per series, (N,); NaN where none is known.

    A truth at its limit counts as inside below any upper bound that it reaches.
    """
    low, high = quantiles[:, :, LOW], quantiles[:, :, HIGH]
    inside = ((judged.truth >= low) | judged.capped) & (judged.truth <= high)
    known = ~np.isnan(judged.truth)
    weight = np.diff(judged.ahead.ahead, prepend=0) * known
    with np.errstate(invalid="ignore"):
        share: Floats = (inside * weight).sum(axis=(1, 2)) / weight.sum(axis=(1, 2))
    return share


def scaled_loss(judged: Judged) -> Floats:
    """Pinball loss of the calibrated quantiles over the mean of the truth, (N,)."""
    tau = np.asarray(LEVELS, dtype=np.float32)[:, None]
    error = judged.truth[:, :, None, :] - judged.calibrated
    error = np.where(judged.capped[:, :, None, :], np.maximum(error, 0), error)
    loss = np.maximum(tau * error, (tau - 1) * error).mean(axis=2)
    known = ~np.isnan(judged.truth)
    weight = np.diff(judged.ahead.ahead, prepend=0) * known
    total = np.where(known, judged.truth, 0) * weight
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio: Floats = np.where(known, loss * weight, 0).sum(axis=(1, 2)) / total.sum(axis=(1, 2))
    return ratio


def truths(
    observed: Floats, capped: NDArray[np.bool_], origins: Ints, ahead: Horizon
) -> tuple[Floats, NDArray[np.bool_]]:
    """What came at each origin's hours ahead, and whether it was capped, (N, K, P)."""
    reach = ((0, 0), (0, int(ahead.ahead[-1])))
    columns = origins[:, None] + ahead.ahead[None, :] - 1
    truth = np.pad(observed, reach, constant_values=np.nan)[:, columns].astype(np.float32)
    return truth, np.pad(capped, reach)[:, columns]
