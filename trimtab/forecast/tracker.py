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
WIDTH80 = 2 * NormalDist().inv_cdf(0.9)
FLOOR = 0.03
"""Share of the median that counts as width where the forecast has none."""
TILT = 2.0
KEEP_DAYS = 14.0
YOUTH = 0.5
"""Quantiles are widened by this share of their width times the horizon's share of the history."""
TIE = 1e-6
NOTHING = 1e-4
"""Of the series' mean: less than this is forecast as zero."""
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
        raw: quantiles at K origins, (K, len(LEVELS), P, N).
        truth: what came, (K, P, N), NaN where it is not known.
        capped: where the truth was at least this much, (K, P, N).
        start: offsets before anything was seen, in units of width, (len(LEVELS), B).
        ages: hours of history before each origin, (K, N).
        ahead: the hours ahead, P of them in B stretches.
        step: hours between the origins.

    Returns:
        Shape (K, len(LEVELS), B, N), in the unit of demand.
    """
    out = np.empty((*raw.shape[:2], len(ahead.reach), raw.shape[3]), dtype=np.float32)
    width = widths(raw)
    for b, hours in enumerate(ahead.slices):
        one = _Stretch(
            np.ascontiguousarray(raw[:, :, hours]),
            np.ascontiguousarray(truth[:, hours]),
            np.ascontiguousarray(capped[:, hours]),
            width[:, hours].mean(axis=1),
            youth(ahead.reach[b], ages),
        )
        delay = -(-int(ahead.reach[b]) // step)
        days = max(1.0, float(ahead.reach[b]) / HOURS_PER_DAY)
        out[:, :, b] = one.offsets(start[:, b].astype(np.float32), delay, days, step / STEP)
    return out


def youth(reach: Ints | np.int64, ages: Ints) -> Floats:
    """By what share of its width a forecast `reach` hours ahead from so short a past is widened."""
    share: Floats = (YOUTH * np.minimum(reach / np.maximum(ages, 1), 1.0)).astype(np.float32)
    return share


def widths(raw: Floats) -> Floats:
    """The unit of the offsets: deviation as the 80 % interval has it; (K, P, N) of (K, L, P, N)."""
    width: Floats = (raw[:, HIGH] - raw[:, LOW]) / WIDTH80 + FLOOR * raw[:, MIDDLE]
    return width


def calibrated(raw: Floats, offsets: Floats, ahead: Horizon) -> Floats:
    """Raw quantiles (..., L, P, N) with their stretch's offsets (..., L, B, N), rising, from zero."""
    out = raw + offsets[..., ahead.stretch, :]
    out[out < NOTHING] = 0
    out.sort(axis=-3)
    return out


@dataclass(frozen=True, eq=False)
class _Stretch:
    """One stretch of the horizon: raw (K, L, p, N), truth and capped (K, p, N), the rest (K, N)."""

    raw: Floats
    truth: Floats
    capped: NDArray[np.bool_]
    width: Floats
    widening: Floats

    def offsets(self, start: Floats, delay: int, days: float, pace: float) -> Floats:
        """Shape (K, L, N); a truth is known `delay` origins later, and worth 1/days of one.

        With origins `pace` days apart there are so many times fewer: each moves the offsets more.
        """
        origins, levels, _, count = self.raw.shape
        now = np.zeros((len(GAINS), levels, count), dtype=np.float32) + start[:, None]
        tried = np.empty((origins, *now.shape), dtype=np.float32)
        lost = np.zeros(now.shape, dtype=np.float32)
        gains = np.array(GAINS, dtype=np.float32)[:, None, None] * np.float32(pace / days**0.5)
        forget = np.float32(0.5 ** (1 / KEEP_DAYS))
        out = np.empty((origins, levels, count), dtype=np.float32)
        for k in range(origins):
            if k >= delay:
                missed, loss = self._judged(k - delay, tried[k - delay])
                now = now + gains * missed
                lost = lost * forget + loss / np.float32(days)
            tried[k] = now + Z[:, None] * self.widening[k]
            weight = np.exp(-TILT * (lost - lost.min(axis=0)))
            out[k] = (weight * tried[k]).sum(axis=0) / weight.sum(axis=0) * self.width[k]
        return out

    def _judged(self, k: int, tried: Floats) -> tuple[Floats, Floats]:
        """How much oftener than claimed the truth lay above, and the loss in widths; (G, L, N)."""
        width = self.width[k]
        said = np.maximum(self.raw[k] + (tried * width)[:, :, None], 0)
        error = pinball_error(self.truth[k], said, self.capped[k])
        known = np.all(np.isfinite(self.truth[k]), axis=0)
        below = error < -TIE
        above = TAU * (below | (error > TIE)).mean(axis=2, dtype=np.float32) - below.mean(
            axis=2, dtype=np.float32
        )
        loss = TAU * error.mean(axis=2) - np.minimum(error, 0).mean(axis=2)
        loss /= np.maximum(width, 1e-9)
        return np.where(known, above, 0), np.where(known, loss, 0)
