"""Families combined: their quantile functions averaged with weights that past losses earn.

Averaging quantiles (Vincentisation; Lichtendahl, Grushka-Cockayne & Winkler 2013) keeps the shape of
the families' distributions where a mixture of densities would widen them. The weights are those of
exponentially weighted experts, kept per stretch of the horizon and per part of the distribution
(CRPS learning, Berrisch & Ziel 2021): what is best in the middle is seldom best in the tails.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trimtab.forecast.families import NAMES, Families
from trimtab.forecast.horizon import STEP, Horizon
from trimtab.forecast.model import HOURS_PER_DAY, LEVELS, Floats

STARTS = (0, 5, 9, 14, 18)
"""First level of each part of the distribution: low tail, lower, middle, upper, high tail."""
PART = np.searchsorted(STARTS, np.arange(len(LEVELS)), side="right") - 1
LEVEL_SLICES = [slice(a, b) for a, b in zip(STARTS, (*STARTS[1:], len(LEVELS)), strict=True)]
EVERY_OTHER = slice(None, None, 2)
"""Families are judged by every second level, the outermost among them."""
SHARPNESS = 10.0
"""A family that loses 10 % more than the middling one weighs 1/e as much, once it is trusted."""
MEMORY_DAYS = 14.0
"""Half-life of a loss."""
TRUST_BLOCKS = 1.0
"""Losses are half believed after so many stretches that don't overlap."""
TAU = np.asarray(LEVELS, dtype=np.float32)[:, None]


@dataclass(frozen=True, eq=False)
class Blend:
    """What the families combined said at K origins.

    Attributes:
        raw: quantiles at the judged hours ahead, (K, len(LEVELS), P, N).
        weights: of the families, (K, len(NAMES), B, parts, N).
    """

    raw: Floats
    weights: Floats


def blended(
    found: Families, truth: Floats, capped: NDArray[np.bool_], prior: Floats, ahead: Horizon
) -> Blend:
    """The families combined at each origin with the weights earned by then.

    Args:
        found: at K origins of N series, a day apart.
        truth: what came, (K, P, N), NaN where it is not known.
        capped: where the truth was at least this much, (K, P, N).
        prior: weights before anything was seen, (len(NAMES), B, parts).
        ahead: the judged hours ahead, P of them in B stretches.
    """
    origins, points, count = truth.shape
    shape = (len(NAMES), len(ahead.reach), len(STARTS), count)
    raw = np.empty((origins, len(LEVELS), points, count), dtype=np.float32)
    weights = np.empty((origins, *shape), dtype=np.float32)
    losses = np.empty((origins, *shape), dtype=np.float32)
    total = np.zeros(shape, dtype=np.float32)
    days = np.zeros((len(ahead.reach), count), dtype=np.float32)
    keep = np.float32(0.5 ** (STEP / HOURS_PER_DAY / MEMORY_DAYS))
    for k in range(origins):
        for b, delay in enumerate(delays(ahead)):
            if k >= delay:
                new = losses[k - delay, :, b]
                known = ~np.isnan(new[0, 0])
                total[:, b] = total[:, b] * keep + np.where(known, new, 0)
                days[b] = days[b] * keep + known
        weights[k] = _weights(total, days, prior, ahead)
        said = found.quantiles(k, ahead)
        raw[k] = combined(said, weights[k], found.idle[k], ahead)
        losses[k] = _losses(said, truth[k], capped[k], ahead)
    return Blend(raw, weights)


def combined(said: Floats, weights: Floats, idle: Floats, ahead: Horizon) -> Floats:
    """Weighted mean of the families' quantiles, rising, zero as often as demand is taken to be.

    Args:
        said: by each family, (len(NAMES), len(LEVELS), P, N).
        weights: (len(NAMES), B, parts, N).
        idle: share of hours in which demand is zero, (N,).
        ahead: the hours ahead, P of them in B stretches.

    Returns:
        Shape (len(LEVELS), P, N).
    """
    out = np.empty(said.shape[1:], dtype=np.float32)
    for b, hours in enumerate(ahead.slices):
        for part, levels in enumerate(LEVEL_SLICES):
            weight = weights[:, b, part, None, None]
            np.add.reduce(weight * said[:, levels, hours], axis=0, out=out[levels, hours])
    out *= (idle < TAU)[:, None, :]
    out.sort(axis=0)
    return out


def delays(ahead: Horizon) -> list[int]:
    """Origins until the truth of each stretch is known."""
    return [-(-int(reach) // STEP) for reach in ahead.reach]


def pinball_error(truth: Floats, quantiles: Floats, capped: NDArray[np.bool_]) -> Floats:
    """Truth less quantiles; 0 where a quantile lies above a truth that was capped: not wrong."""
    error: Floats = truth - quantiles
    if capped.any():
        error = np.where(capped, np.maximum(error, 0), error)
    return error


def _weights(total: Floats, days: Floats, prior: Floats, ahead: Horizon) -> Floats:
    mean = total / np.maximum(days, 1e-9)[:, None]
    middling = np.median(mean, axis=0)
    reach = np.maximum(ahead.reach / HOURS_PER_DAY, 1.0).astype(np.float32)
    blocks = days / reach[:, None]
    trust = SHARPNESS * blocks / (blocks + TRUST_BLOCKS)
    score = np.log(prior)[..., None] - trust[:, None] * mean / np.maximum(middling, 1e-9)
    score -= score.max(axis=0)
    weights = np.exp(score)
    normalised: Floats = weights / weights.sum(axis=0)
    return normalised


def _losses(said: Floats, truth: Floats, capped: NDArray[np.bool_], ahead: Horizon) -> Floats:
    """Pinball loss per family, stretch and part, (len(NAMES), B, parts, N); NaN where unknown."""
    error = pinball_error(truth, said[:, EVERY_OTHER], capped)
    tau = TAU[EVERY_OTHER, :, None]
    loss = np.maximum(tau * error, (tau - 1) * error)
    out = np.empty((len(said), len(ahead.reach), len(STARTS), said.shape[-1]), dtype=np.float32)
    for b, hours in enumerate(ahead.slices):
        per_level = loss[:, :, hours].mean(axis=2)
        for part in range(len(STARTS)):
            out[:, b, part] = per_level[:, PART[EVERY_OTHER] == part].mean(axis=1)
    return out
