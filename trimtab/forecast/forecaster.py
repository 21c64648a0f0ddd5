"""From an hourly history to a calibrated forecast.

Both backends run on the same rolling origins inside the history, calibrated with each origin held
out, and the one with the lower quantile loss forecasts. A history too short for the library's model,
or one that does not vary, is left to the seasonal quantiles, and the reason is stated.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from trimtab.forecast.backends import Mstl, SeasonalQuantiles
from trimtab.forecast.conformal import (
    MIN_ORIGINS,
    calibrate,
    coverage80,
    held_out,
    scaled_loss,
)
from trimtab.forecast.model import (
    HOURS_PER_DAY,
    HOURS_PER_WEEK,
    LEVELS,
    Array,
    Backend,
    Forecast,
    Origins,
)

MAX_ORIGINS = 12
ORIGIN_SPACING = 84
"""Half a week, so that origins fall on different days."""
LIBRARY_HISTORY = 3 * HOURS_PER_WEEK
"""The library's model sees three whole weeks at the first origin, or it is not used."""
FALLBACK_HISTORY = HOURS_PER_WEEK // 2
REACH_HOURS = 4 * HOURS_PER_WEEK
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class _Past:
    """What came after each origin: hours (K,), truth (K, H) with NaN past the end, scales (K,)."""

    hours: NDArray[np.int64]
    truth: Array
    scales: Array


@dataclass(frozen=True)
class _Judged:
    """A backend with its raw and its held-out quantiles at the origins, shape (K, LEVELS, H)."""

    backend: Backend
    raw: Array
    calibrated: Array
    loss: float


def forecast(
    history: Array, start: datetime, hours: int, progress: Progress | None = None
) -> Forecast:
    """Forecast the hours that follow a history.

    Args:
        history: demand per hour, shape (T,), finite and not negative, T at least 24.
        start: the hour after the history's last.
        hours: how many hours to forecast.
        progress: called with (what, done, of) as origins are fitted.

    Raises:
        EngineError: the history calls for the library and it is not installed.
    """
    tell = progress or (lambda _what, _done, _of: None)
    plain: Backend = SeasonalQuantiles()
    origins = rolling_origins(len(history), hours, LIBRARY_HISTORY)
    if np.ptp(history) == 0:
        origins, backends = np.zeros(0, dtype=np.int64), [plain]
        reason = "the series does not vary"
    elif len(origins) < MIN_ORIGINS:
        origins, backends = rolling_origins(len(history), hours, FALLBACK_HISTORY), [plain]
        reason = f"{len(history) / HOURS_PER_DAY:.1f} d of history; MSTL wants 25 d to be judged on"
    else:
        backends, reason = [plain, Mstl()], ""

    past = _past(history, origins, hours)
    judged = [_judge(backend, history, past, tell) for backend in backends]
    best = min(judged, key=lambda one: one.loss)
    if len(judged) > 1 and best.backend is plain:
        reason = f"held-out loss {best.loss:.3g} against {judged[1].loss:.3g} of {Mstl().name}"
    return _forecast(best, past, history, start, hours, reason)


def rolling_origins(length: int, hours: int, minimum: int) -> NDArray[np.int64]:
    """Hours of the history at which past forecasts are made, rising.

    The last origin leaves a whole horizon of truth where the history is long, and never less than a
    day; the first leaves `minimum` hours to learn from.
    """
    last = max(length - hours, min(length - 2 * HOURS_PER_DAY, minimum + 6 * HOURS_PER_DAY))
    if last < minimum:
        return np.zeros(0, dtype=np.int64)
    spacing = min(ORIGIN_SPACING, max(HOURS_PER_DAY, (last - minimum) // (MAX_ORIGINS - 1)))
    count = min(MAX_ORIGINS, 1 + (last - minimum) // spacing)
    return last - spacing * np.arange(count - 1, -1, -1, dtype=np.int64)


def _past(history: Array, origins: NDArray[np.int64], hours: int) -> _Past:
    truth = np.full((len(origins), hours), np.nan)
    for row, origin in zip(truth, origins, strict=True):
        came = history[origin : origin + hours]
        row[: len(came)] = came
    scales = np.array([_level(history[:origin]) for origin in origins])
    return _Past(origins, truth, scales)


def _judge(backend: Backend, history: Array, past: _Past, tell: Progress) -> _Judged:
    hours = past.truth.shape[1]
    raw = np.empty((len(past.hours), len(LEVELS), hours))
    for k, origin in enumerate(past.hours):
        raw[k] = backend.quantiles(history[:origin], hours)
        tell(f"calibrating {backend.name}", k + 1, len(past.hours))
    if not len(raw):
        return _Judged(backend, raw, raw, 0.0)
    calibrated = held_out(raw, past.truth, past.scales)
    for k, origin in enumerate(past.hours):
        calibrated[k] = _within_reach(calibrated[k], history[:origin])
    return _Judged(backend, raw, calibrated, scaled_loss(calibrated, past.truth))


def _forecast(
    best: _Judged, past: _Past, history: Array, start: datetime, hours: int, reason: str
) -> Forecast:
    quantiles = calibrate(
        best.backend.quantiles(history, hours),
        _level(history),
        best.raw,
        past.truth,
        past.scales,
    )
    measured = len(past.hours) > 0
    return Forecast(
        start=start,
        quantiles=_within_reach(quantiles, history),
        model=best.backend.name,
        reason=reason,
        origins=Origins(past.hours, best.calibrated),
        coverage80=coverage80(best.raw, past.truth) if measured else None,
        calibrated_coverage80=coverage80(best.calibrated, past.truth) if measured else None,
        scaled_pinball_loss=best.loss if measured else None,
    )


def _within_reach(quantiles: Array, history: Array) -> Array:
    """Quantiles held to the range of the last four weeks, extended by how far demand is moving.

    A model that lagged behind a trend is corrected by its past errors, and would overshoot once the
    trend has ended: demand seldom leaves its recent range by more than it has just moved. A move
    counts as far as the last week made it both against the week before and within itself.
    """
    if len(history) < 2 * HOURS_PER_WEEK:
        return quantiles  # too little was seen for its range to mean anything
    recent, earlier = history[-REACH_HOURS:], history[:-HOURS_PER_WEEK]
    week = history[-HOURS_PER_WEEK:]
    moves = (
        float(week.mean() - earlier[-HOURS_PER_WEEK:].mean()),
        float(week[-HOURS_PER_DAY:].mean() - week[:HOURS_PER_DAY].mean()),
    )
    low = float(recent.min()) + min(max(moves), 0.0)
    high = float(recent.max()) + max(min(moves), 0.0)
    held: Array = np.clip(quantiles, max(low, 0.0), high)
    return held


def _level(history: Array) -> float:
    """Mean of the last week, never zero: the scale in which errors are carried over."""
    return float(max(history[-HOURS_PER_WEEK:].mean(), 0.01 * history.mean(), 1e-9))
