"""Adaptive conformal calibration: offsets that follow how often each quantile has been exceeded.

One offset per level and stretch of the horizon, in units of the forecast's own width. After each
past origin whose truth is known it moves up when the truth lay above the quantile more often than
it claims, and down when less often: adaptive conformal inference (Gibbs & Candès 2021) in the form
of a quantile tracker (Angelopoulos, Candès & Tibshirani 2023, "Conformal PID control", its P part).
It is run at several gains at once, and those that would have lost least count most (AgACI, Zaffran
et al. 2022). At an origin it knows only truths that had come by then.
"""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from trimtab.forecast.combine import TAU, pinball_error
from trimtab.forecast.horizon import STEP, Horizon, Ints
from trimtab.forecast.model import HOURS_PER_DAY, LEVELS, Floats

GAINS = (0.02, 0.06, 0.2)
"""Steps in units of width per day of truth that was all on one side."""
LOW, MIDDLE, HIGH = (LEVELS.index(level) for level in (0.1, 0.5, 0.9))
WIDTH = HIGH_Z = 2 * NormalDist().inv_cdf(0.9)
FLOOR = 0.05
"""Share of the median that counts as width where the forecast has none."""
TILT = 2.0
KEEP_DAYS = 14.0
YOUTH = 0.5
"""Quantiles are widened by this share of their width times the horizon's share of the history."""
TIE = 1e-6
Z = np.array([NormalDist().inv_cdf(level) for level in LEVELS], dtype=np.float32)


def tracked(
    raw: Floats,
    truth: Floats,
    capped: NDArray[np.bool_],
    start: Floats,
    ages: Ints,
    ahead: Horizon,
    step: int = STEP,
) -> Floats:
    """Offsets to add to the raw quantiles at each origin.

    Args:
        raw: quantiles at K origins, (N, K, len(LEVELS), P).
        truth: what came, (N, K, P), NaN where it is not known.
        capped: where the truth was at least this much, (N, K, P).
        start: offsets before anything was seen, in units of width, (len(LEVELS), B).
        ages: hours of history before each origin, (N, K).
        ahead: the hours ahead, P of them in B stretches.
        step: hours between the origins.

    Returns:
        Shape (N, K, len(LEVELS), B), in the unit of demand.
    """
    count, origins, levels, _ = raw.shape
    out = np.empty((count, origins, levels, len(ahead.reach)), dtype=np.float32)
    width = (raw[:, :, HIGH] - raw[:, :, LOW]) / WIDTH + FLOOR * raw[:, :, MIDDLE]
    for b, part in enumerate(ahead.slices):
        delay = -(-int(ahead.reach[b]) // step)
        young = YOUTH * np.minimum(ahead.reach[b] / np.maximum(ages, 1), 1.0)
        one = _Stretch(
            raw[..., part],
            truth[..., part],
            capped[..., part],
            width[..., part].mean(axis=2),
            young.astype(np.float32),
        )
        days = max(1.0, float(ahead.reach[b]) / HOURS_PER_DAY)
        out[..., b] = one.offsets(start[:, b].astype(np.float32), delay, days)
    return out


def calibrated(raw: Floats, offsets: Floats, ahead: Horizon) -> Floats:
    """Raw quantiles with their stretch's offsets, rising, not below zero; (N, K, len(LEVELS), P)."""
    out = raw + offsets[..., ahead.stretch]
    np.maximum(out, 0, out=out)
    out.sort(axis=2)
    return out


@dataclass(frozen=True, eq=False)
class _Stretch:
    """One stretch of the horizon: raw (N, K, L, p), truth and capped (N, K, p), the rest (N, K)."""

    raw: Floats
    truth: Floats
    capped: NDArray[np.bool_]
    width: Floats
    widening: Floats

    def offsets(self, start: Floats, delay: int, days: float) -> Floats:
        """Shape (N, K, L); a truth is known `delay` origins later, and worth 1/days of one."""
        count, origins, levels, _ = self.raw.shape
        now = np.broadcast_to(start, (len(GAINS), count, levels)).copy()
        tried = np.empty((origins, *now.shape), dtype=np.float32)
        lost = np.zeros(now.shape, dtype=np.float32)
        gains = np.array(GAINS, dtype=np.float32)[:, None, None] / np.float32(days**0.5)
        forget = np.float32(0.5 ** (1 / KEEP_DAYS))
        out = np.empty((count, origins, levels), dtype=np.float32)
        for k in range(origins):
            if k >= delay:
                missed, loss = self._judged(k - delay, tried[k - delay])
                now = now + gains * missed
                lost = lost * forget + loss / np.float32(days)
            tried[k] = now + Z * self.widening[:, k, None]
            weight = np.exp(-TILT * (lost - lost.min(axis=0)))
            out[:, k] = (
                (weight * tried[k]).sum(axis=0) / weight.sum(axis=0) * self.width[:, k, None]
            )
        return out

    def _judged(self, k: int, tried: Floats) -> tuple[Floats, Floats]:
        """How much oftener than claimed the truth lay above, and the loss in widths; (G, N, L)."""
        width = self.width[:, k, None]
        said = np.maximum(self.raw[:, k] + (tried * width)[..., None], 0)
        error = pinball_error(self.truth[:, k, None, :], said, self.capped[:, k, None, :])
        known: NDArray[np.bool_] = np.all(np.isfinite(self.truth[:, k]), axis=1)
        above = np.where(np.abs(error) <= TIE, 0, TAU - (error < 0)).mean(axis=3)
        loss = np.maximum(TAU * error, (TAU - 1) * error).mean(axis=3) / np.maximum(width, 1e-9)
        return np.where(known[:, None], above, 0), np.where(known[:, None], loss, 0)
