"""One chunk of a fleet, from scaled histories to calibrated quantiles and how good they have been.

Everything that a forecast needs of the past is computed once per chunk for all past origins (a day
apart, up to `MEMORY_HOURS` back) and for now, the last of them. So the forecast of now is made by
the same steps as those it is judged by.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trimtab.forecast import horizon
from trimtab.forecast.combine import Blend, blended, combined, pinball_error
from trimtab.forecast.families import ERROR_STEP, Families, families, spread
from trimtab.forecast.horizon import STEP, Horizon, Ints
from trimtab.forecast.model import HOURS_PER_DAY, HOURS_PER_WEEK, LEVELS, Floats
from trimtab.forecast.priors import Prior
from trimtab.forecast.states import states
from trimtab.forecast.tracker import HIGH, LOW, Z, calibrated, tracked, widths, youth

MEMORY_HOURS = 8 * HOURS_PER_WEEK
"""What a forecast sees: eight weeks hold every season that capacity plans use, and older levels
mislead more than they teach."""
JUDGED_DAYS = 36
LEAST_HOURS = 2 * HOURS_PER_DAY
"""A past forecast from less history than this says nothing about today's."""


@dataclass(frozen=True, eq=False)
class Judged:
    """Quantiles (K, L, P, N) at K past origins at the judged hours ahead, and what came (K, P, N)."""

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
        offsets: of the calibration, (K, len(LEVELS), B, N).
        judged: all of it against what came.
    """

    hours: Ints
    found: Families
    blend: Blend
    offsets: Floats
    judged: Judged

    @property
    def ages(self) -> Ints:
        """Hours of history before each origin, (N, K)."""
        return self.found.state.age

    def forecast(self, origin: int, hours: int) -> Floats:
        """Calibrated quantiles at one of the origins, shape (N, len(LEVELS), hours)."""
        ahead = horizon.every_hour(hours)
        said = self.found.quantiles(origin, ahead)
        raw = combined(said, self.blend.weights[origin], self.found.idle[origin], ahead)
        done = calibrated(raw, self.offsets[origin], ahead)
        return np.ascontiguousarray(done.transpose(2, 0, 1))


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
    kept = np.arange(len(origins) - 1, -1, -(STEP // ERROR_STEP))[:JUDGED_DAYS][::-1]
    dense = states(history, origins)
    found = families(history, dense, origins, kept, ahead, prior.shapes)
    ages = found.state.age.T
    truth, at_limit = truths(observed, capped, origins[kept], ahead)
    truth.swapaxes(1, 2)[ages < LEAST_HOURS] = np.nan
    blend = blended(found, truth, at_limit, prior.weights, ahead)
    offsets = tracked(blend.raw, truth, at_limit, prior.start, ages, ahead)
    judged = Judged(ahead, blend.raw, calibrated(blend.raw, offsets, ahead), truth, at_limit)
    return Chunk(origins[kept], found, blend, offsets, judged)


def lent(chunk: Chunk, history: Floats) -> tuple[Floats, Floats, Floats]:
    """What each series lends to the fleet's prior (`priors.pooled`), with the series last."""
    width = widths(chunk.judged.raw[-1:])[0]
    ahead = chunk.judged.ahead
    per_stretch = np.stack([width[hours].mean(axis=0) for hours in ahead.slices])
    learnt = chunk.offsets[-1] / np.maximum(per_stretch, 1e-6)
    deviation = np.maximum(spread(history, history.shape[1]), 1e-6)
    return (
        chunk.blend.weights[-1],
        chunk.found.offsets[-1] / deviation,
        learnt - Z[:, None, None] * youth(ahead.reach[:, None], chunk.ages[:, -1]),
    )


def coverage80(quantiles: Floats, judged: Judged) -> Floats:
    """Share of known hours inside [10 %, 90 %] per series, (N,); NaN where none is known.

    A truth at its limit counts as inside below any upper bound that it reaches.
    """
    low, high = quantiles[:, LOW], quantiles[:, HIGH]
    inside = ((judged.truth >= low) | judged.capped) & (judged.truth <= high)
    weight = _hours_for(judged)
    with np.errstate(invalid="ignore"):
        share: Floats = (inside * weight).sum(axis=(0, 1)) / weight.sum(axis=(0, 1))
    return share


def scaled_loss(judged: Judged) -> Floats:
    """Pinball loss of the calibrated quantiles over the mean of the truth, (N,)."""
    tau = np.asarray(LEVELS, dtype=np.float32)[:, None, None]
    error = pinball_error(judged.truth[:, None], judged.calibrated, judged.capped[:, None])
    loss = np.maximum(tau * error, (tau - 1) * error).mean(axis=1)
    weight = _hours_for(judged)
    total = (np.nan_to_num(judged.truth) * weight).sum(axis=(0, 1))
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio: Floats = (np.nan_to_num(loss) * weight).sum(axis=(0, 1)) / total
    return ratio


def truths(
    observed: Floats, capped: NDArray[np.bool_], origins: Ints, ahead: Horizon
) -> tuple[Floats, NDArray[np.bool_]]:
    """What came at each origin's hours ahead, and whether it was capped, (K, P, N)."""
    reach = ((0, int(ahead.ahead[-1])), (0, 0))
    rows = origins[:, None] + ahead.ahead[None, :] - 1
    truth = np.pad(observed.T, reach, constant_values=np.nan)[rows].astype(np.float32)
    return truth, np.pad(capped.T, reach)[rows]


def _hours_for(judged: Judged) -> Floats:
    """How many hours each judged hour stands for, 0 where its truth is not known; (K, P, N)."""
    hours = np.diff(judged.ahead.ahead, prepend=0).astype(np.float32)[:, None]
    weight: Floats = hours * ~np.isnan(judged.truth)
    return weight
