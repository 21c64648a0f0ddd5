"""Conformal calibration on rolling origins.

At each past origin the model's quantiles are compared with what came. Per level and per stretch of
the horizon, the quantile of those errors at the same level is what has to be added to the raw
quantile so that it covers as often as it claims (conformalised quantile regression, Romano et al.
2019, one level at a time). Errors are carried over in proportion to the recent level of demand, so
that calibration learnt at one level holds at another, but never more than doubled or halved: an
origin on a nearly idle series would otherwise speak with a hundredfold voice.
"""

import numpy as np
from numpy.typing import NDArray

from trimtab.forecast.model import LEVELS, Array, pinball

MIN_ORIGINS = 3
"""Fewer past forecasts than this say nothing about the next."""
STRETCHES = (24, 72)
"""Hours at which the horizon is cut: errors of the first day are not those of the week's end."""


def calibrate(quantiles: Array, scale: float, past: Array, truth: Array, scales: Array) -> Array:
    """Calibrated quantiles of one forecast.

    Args:
        quantiles: raw, shape (len(LEVELS), H).
        scale: recent level of demand at this forecast's origin.
        past: raw quantiles at K past origins, shape (K, len(LEVELS), H).
        truth: what came, shape (K, H), NaN where it is not known.
        scales: recent level of demand at each of them, shape (K,).

    Returns:
        Shape (len(LEVELS), H), rising along the first axis, not below zero.
    """
    if not len(past):
        return quantiles
    carried = np.clip(scale / scales, 0.5, 2.0)[:, None, None]
    errors = (truth[:, None, :] - past) * carried
    calibrated = quantiles.copy()
    for hours in _stretches(quantiles.shape[1]):
        offsets = _offsets(errors[:, :, hours])
        if offsets is None:  # no origin saw that far: what the nearest hours needed still holds
            offsets = _offsets(errors)
        if offsets is not None:
            calibrated[:, hours] += offsets[:, None]
    return np.sort(np.maximum(calibrated, 0.0), axis=0)


def held_out(past: Array, truth: Array, scales: Array) -> Array:
    """The past forecasts, each calibrated on the other origins; shape (K, len(LEVELS), H)."""
    others = ~np.eye(len(past), dtype=bool)
    return np.stack(
        [
            calibrate(past[k], scales[k], past[keep], truth[keep], scales[keep])
            for k, keep in enumerate(others)
        ]
    )


def coverage80(quantiles: Array, truth: Array) -> float:
    """Share of known hours inside [10 %, 90 %]; shapes (K, len(LEVELS), H) and (K, H)."""
    known = ~np.isnan(truth)
    low, high = quantiles[:, LEVELS.index(0.1)], quantiles[:, LEVELS.index(0.9)]
    inside = (truth >= low) & (truth <= high)
    return float(inside[known].mean())


def scaled_loss(quantiles: Array, truth: Array) -> float:
    """Pinball loss over the mean of the truth (over 1 when that is less); shapes as above."""
    known = ~np.isnan(truth)
    loss = pinball(quantiles, truth)[known].mean()
    return float(loss / max(truth[known].mean(), 1.0))


def _offsets(errors: Array) -> Array | None:
    """Per level, the errors' quantile at that level; None without enough origins to speak.

    Without the finite-sample correction that conformal prediction usually adds: with a dozen
    origins it doubles the tails, and held out over the fifteen hourly series of the evidence the
    80 % interval then covers 91 % of hours, against 81 % as it stands.
    """
    origins = int((~np.isnan(errors[:, 0, :])).any(axis=1).sum())
    if origins < MIN_ORIGINS:
        return None
    offsets: Array = np.array(
        [np.nanquantile(errors[:, index, :], level) for index, level in enumerate(LEVELS)]
    )
    return offsets


def _stretches(hours: int) -> list[NDArray[np.int64]]:
    """The horizon's hours, cut at STRETCHES."""
    return [part for part in np.split(np.arange(hours), STRETCHES) if len(part)]
