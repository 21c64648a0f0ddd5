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
        raw: quantiles at the judged hours ahead, (N, K, len(LEVELS), P).
        weights: of the families, (N, K, len(NAMES), B, parts).
    """

    raw: Floats
    weights: Floats


def blended(
    found: Families, truth: Floats, capped: NDArray[np.bool_], prior: Floats, ahead: Horizon
) -> Blend:
    """The families combined at each origin with the weights earned by then.

    Args:
        found: at K origins of N series, a day apart.
        truth: what came, (N, K, P), NaN where it is not known.
        capped: where the truth was at least this much, (N, K, P).
        prior: weights before anything was seen, (len(NAMES), B, parts).
        ahead: the judged hours ahead, P of them in B stretches.
    """
    count, origins, points = truth.shape
    shape = (count, len(NAMES), len(ahead.reach), len(STARTS))
    raw = np.empty((count, origins, len(LEVELS), points), dtype=np.float32)
    weights = np.empty((count, origins, *shape[1:]), dtype=np.float32)
    losses = np.empty((origins, *shape), dtype=np.float32)
    total = np.zeros(shape, dtype=np.float32)
    days = np.zeros((count, len(ahead.reach)), dtype=np.float32)
    keep = np.float32(0.5 ** (STEP / HOURS_PER_DAY / MEMORY_DAYS))
    for k in range(origins):
        for b, delay in enumerate(delays(ahead)):
            if k >= delay:
                new = losses[k - delay, :, :, b]
                known = ~np.isnan(new[:, :1, :1])
                total[:, :, b] = total[:, :, b] * keep + np.where(known, new, 0)
                days[:, b] = days[:, b] * keep + known[:, 0, 0]
        weights[:, k] = _weights(total, days, prior, ahead)
        said = found.at(slice(k, k + 1)).quantiles(ahead)[:, :, 0]
        raw[:, k] = _mean(said, weights[:, k], found.idle[:, k], ahead)
        losses[k] = _losses(said, truth[:, k], capped[:, k], ahead)
    return Blend(raw, weights)


def combined(found: Families, weights: Floats, ahead: Horizon) -> Floats:
    """The families at each origin averaged with the origin's weights, (N, K, len(LEVELS), P)."""
    said = [found.at(slice(k, k + 1)).quantiles(ahead)[:, :, 0] for k in range(weights.shape[1])]
    return np.stack(
        [_mean(q, weights[:, k], found.idle[:, k], ahead) for k, q in enumerate(said)], axis=1
    )


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
    mean = total / np.maximum(days, 1e-9)[:, None, :, None]
    middling = np.median(mean, axis=1, keepdims=True)
    blocks = days / np.maximum(ahead.reach / HOURS_PER_DAY, 1.0).astype(np.float32)
    trust = SHARPNESS * blocks / (blocks + TRUST_BLOCKS)
    score = np.log(prior) - trust[:, None, :, None] * mean / np.maximum(middling, 1e-9)
    score -= score.max(axis=1, keepdims=True)
    weights = np.exp(score)
    normalised: Floats = weights / weights.sum(axis=1, keepdims=True)
    return normalised


def _mean(said: Floats, weights: Floats, idle: Floats, ahead: Horizon) -> Floats:
    """Weighted mean of the families' quantiles, rising, zero as often as demand is taken to be."""
    out = np.zeros(said.shape[1:], dtype=np.float32)
    per_level = weights[:, :, :, PART]
    for family, quantiles in enumerate(said):
        for b, part in enumerate(ahead.slices):
            out[..., part] += per_level[:, family, b, :, None] * quantiles[..., part]
    out[TAU[:, 0] <= idle[:, None]] = 0
    out.sort(axis=1)
    return out


def _losses(said: Floats, truth: Floats, capped: NDArray[np.bool_], ahead: Horizon) -> Floats:
    """Pinball loss per family, stretch and part, (N, len(NAMES), B, parts); NaN where unknown."""
    firsts = [part.start for part in ahead.slices]
    sizes = np.diff([*firsts, len(ahead.ahead)]).astype(np.float32)
    levels = np.diff([*STARTS, len(LEVELS)]).astype(np.float32)
    error = pinball_error(truth[:, None, :], said, capped[:, None, :])
    loss = np.maximum(TAU * error, (TAU - 1) * error)
    loss = np.add.reduceat(np.add.reduceat(loss, STARTS, axis=2), firsts, axis=3)
    mean: Floats = (loss / (levels[:, None] * sizes)).transpose(1, 0, 3, 2)
    return mean
