"""All series of a fleet forecast at once, in chunks whose memory is bounded.

A fleet is cleaned (known events taken out, capped hours imputed), brought to a mean of one, and
worked through in chunks of `CHUNK` series on as many threads as asked for. Before that a sample of
its longer series is studied for what they lend to the short ones (`priors`). A series' forecast
depends on its own history and on that prior, and on nothing else: not on its chunk or its place.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from trimtab.errors import InputError
from trimtab.forecast import chunk as chunks
from trimtab.forecast import horizon, priors
from trimtab.forecast.censoring import imputed
from trimtab.forecast.families import NAMES
from trimtab.forecast.horizon import Ints
from trimtab.forecast.model import (
    HOURS_PER_DAY,
    LEVELS,
    Backend,
    Effect,
    Fleet,
    Floats,
    Forecast,
    Origins,
)
from trimtab.forecast.tracker import calibrated, tracked

CHUNK = 128
MAX_ORIGINS = 12
ORIGIN_DAYS = 3
LENDING_HOURS = 14 * HOURS_PER_DAY
LENDERS = 128
"""Most series that are studied for the prior, spread evenly over the fleet."""
LEAST_LENDERS = 2
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, eq=False)
class FleetForecast:
    """Calibrated quantiles of every series' hourly demand, and how good they have been.

    Attributes:
        names: of the series, N of them.
        starts: first hour that is forecast, per series.
        quantiles: shape (N, len(LEVELS), H), rising along levels, not below zero.
        families: what was combined.
        weights: of the families, averaged over hours ahead and levels, (N, len(families)).
        reasons: why a series was not forecast in the usual way; empty otherwise.
        coverage80: measured coverage of the raw 80 % interval, (N,), NaN where not measured.
        calibrated_coverage80: the same of the calibrated one, each forecast knowing only its past.
        scaled_pinball_loss: of the calibrated quantiles over mean demand, (N,), NaN likewise.
        origins: calibrated forecasts at past origins per series, or None.
    """

    names: tuple[str, ...]
    starts: tuple[datetime, ...]
    quantiles: Floats
    families: tuple[str, ...]
    weights: Floats
    reasons: tuple[str, ...]
    coverage80: Floats
    calibrated_coverage80: Floats
    scaled_pinball_loss: Floats
    origins: tuple[Origins, ...] | None

    def __len__(self) -> int:
        return len(self.names)

    def series(self, n: int) -> Forecast:
        """The forecast of one series."""
        none = Origins(np.zeros(0, dtype=np.int64), np.zeros((0, *self.quantiles.shape[1:])))
        return Forecast(
            start=self.starts[n],
            quantiles=self.quantiles[n].astype(np.float64),
            model=self.model(n),
            reason=self.reasons[n],
            origins=self.origins[n] if self.origins else none,
            coverage80=_known(self.coverage80[n]),
            calibrated_coverage80=_known(self.calibrated_coverage80[n]),
            scaled_pinball_loss=_known(self.scaled_pinball_loss[n]),
        )

    def model(self, n: int) -> str:
        """The families that make up three quarters of a series' forecast, heaviest first."""
        if len(self.families) == 1:
            return self.families[0]
        order = np.argsort(-self.weights[n], kind="stable")
        count = int(np.searchsorted(np.cumsum(self.weights[n][order]), 0.75)) + 1
        return "combined: " + ", ".join(
            f"{self.families[i]} {self.weights[n, i]:.0%}" for i in order[:count]
        )


def forecast_fleet(
    fleet: Fleet,
    hours: int,
    *,
    backend: Backend | None = None,
    keep_origins: bool = True,
    threads: int = 1,
    progress: Progress | None = None,
) -> FleetForecast:
    """Forecast the hours that follow every series' history.

    Args:
        fleet: the series, each of at least a day.
        hours: how many hours to forecast.
        backend: forecasts instead of the families; calibrated in the same way.
        keep_origins: whether to keep forecasts at past origins (as large as the forecast, a dozen
            times).
        threads: chunks worked on at a time.
        progress: called with (what, series done, of).

    Raises:
        InputError: a series is shorter than a day, has a gap, or values that are no demand.
        EngineError: the backend's library is not installed.
    """
    parts = list(
        forecast_chunks(
            fleet,
            hours,
            backend=backend,
            keep_origins=keep_origins,
            threads=threads,
            progress=progress,
        )
    )
    joined = {
        name: np.concatenate([getattr(part, name) for part in parts])
        for name in (
            "quantiles", "weights", "coverage80", "calibrated_coverage80", "scaled_pinball_loss"
        )
    }  # fmt: skip
    return FleetForecast(
        names=fleet.names,
        starts=fleet.ends,
        families=parts[0].families,
        reasons=tuple(reason for part in parts for reason in part.reasons),
        origins=tuple(o for part in parts for o in part.origins or ()) if keep_origins else None,
        **joined,
    )


def forecast_chunks(
    fleet: Fleet,
    hours: int,
    *,
    backend: Backend | None = None,
    keep_origins: bool = False,
    threads: int = 1,
    progress: Progress | None = None,
) -> Iterator[FleetForecast]:
    """The same, chunk by chunk in the fleet's order: memory does not grow with the fleet.

    Arguments and errors as `forecast_fleet`; the checks are made before the first chunk.
    """
    _check(fleet, hours)
    tell = progress or (lambda _what, _done, _of: None)
    count = len(fleet.names)
    if backend is None:
        prior = _fleet_prior(fleet, hours)

        def work(rows: slice) -> FleetForecast:
            return _by_families(fleet.part(rows), hours, prior, keep_origins)
    else:
        chosen = backend

        def work(rows: slice) -> FleetForecast:
            return _by_backend(fleet.part(rows), hours, chosen, keep_origins)

    rows = [slice(i, min(i + CHUNK, count)) for i in range(0, count, CHUNK)]
    with ThreadPoolExecutor(threads) as pool:
        waiting = []
        for i, part in enumerate(rows):
            waiting.append(pool.submit(work, part))
            if len(waiting) > threads:  # never more results held than are being made
                yield waiting.pop(0).result()
                tell("forecasting", rows[i - threads].stop, count)
        for i, future in enumerate(waiting):
            yield future.result()
            tell("forecasting", rows[len(rows) - len(waiting) + i].stop, count)


@dataclass(frozen=True, eq=False)
class _Clean:
    """Scaled histories of a part of the fleet, over the memory, with what undoes the scaling."""

    history: Floats
    observed: Floats
    capped: NDArray[np.bool_]
    scale: Floats
    before: int


def _clean(fleet: Fleet) -> _Clean:
    demand = fleet.demand[:, -chunks.MEMORY_HOURS :].astype(np.float64)
    first = int(np.isnan(demand).sum(axis=1).min())
    demand = demand[:, first:]
    if fleet.past_effect is not None:
        past = fleet.past_effect
        multiply, add = (each[:, -demand.shape[1] :] for each in (past.multiply, past.add))
        demand = np.maximum((demand - add) / multiply, 0.0)
    capped = np.zeros(demand.shape, dtype=np.bool_)
    history = demand
    if fleet.capped is not None:
        capped = fleet.capped[:, -demand.shape[1] :]
        history = imputed(demand, capped)
    total = np.nansum(history, axis=1)
    hours = (~np.isnan(history)).sum(axis=1)
    scale = np.where(total > 0, total / hours, 1.0)[:, None]
    before = fleet.demand.shape[1] - demand.shape[1]
    return _Clean(history / scale, demand / scale, capped, scale, before)


def _fleet_prior(fleet: Fleet, hours: int) -> priors.Prior:
    """The documented prior, or what the fleet's longer series lend to all."""
    prior = priors.documented(horizon.judged(hours))
    able = np.flatnonzero(
        np.concatenate([_able(part) for part in np.split(fleet.demand, _edges(len(fleet.names)))])
    )
    if len(able) < LEAST_LENDERS:
        return prior
    sample = able[np.linspace(0, len(able) - 1, min(LENDERS, len(able))).astype(np.int64)]
    clean = _clean(fleet.part(sample))
    study = chunks.study(clean.history, clean.observed, clean.capped, hours, prior)
    return priors.pooled(prior, *chunks.lent(study, clean.history))


def _able(demand: Floats) -> NDArray[np.bool_]:
    """Which series have enough history to lend, and vary."""
    known = demand.shape[1] - np.isnan(demand).sum(axis=1)
    able: NDArray[np.bool_] = (known >= LENDING_HOURS) & ~_constant(demand)
    return able


def _constant(demand: Floats) -> NDArray[np.bool_]:
    """Which series never left their last value."""
    same: NDArray[np.bool_] = ((demand == demand[:, -1:]) | np.isnan(demand)).all(axis=1)
    return same


def _edges(count: int) -> list[int]:
    return list(range(CHUNK, count, CHUNK))


def _by_families(
    fleet: Fleet, hours: int, prior: priors.Prior, keep_origins: bool
) -> FleetForecast:
    clean = _clean(fleet)
    study = chunks.study(clean.history, clean.observed, clean.capped, hours, prior)
    scale = clean.scale.astype(np.float32)
    quantiles = study.forecast(-1, hours) * scale[:, :, None]
    constant = _constant(fleet.demand[:, -chunks.MEMORY_HOURS :])
    known = (~np.isnan(fleet.demand)).sum(axis=1)
    if fleet.capped is None and fleet.past_effect is None:
        quantiles[constant] = fleet.demand[constant, -1, None, None]
    origins = None
    if keep_origins:
        kept = _origin_places(len(study.hours), hours)
        past = np.empty((len(kept), *quantiles.shape), dtype=np.float32)
        for i, origin in enumerate(kept):
            past[i] = _with_past_events(
                study.forecast(int(origin), hours) * scale[:, :, None],
                fleet.past_effect,
                int(study.hours[origin]) + clean.before,
            )
        past = past.swapaxes(0, 1)
        if fleet.capped is None and fleet.past_effect is None:
            past[constant] = fleet.demand[constant, -1, None, None, None]
        ages = study.ages[:, kept]
        at = study.hours[kept] + clean.before
        origins = tuple(
            Origins(at[old], quantiles[old].astype(np.float64))
            for old, quantiles in zip(ages >= chunks.LEAST_HOURS, past, strict=True)
        )
    return FleetForecast(
        names=fleet.names,
        starts=fleet.ends,
        quantiles=_with_events(quantiles, fleet.ahead_effect),
        families=NAMES,
        weights=study.blend.weights[-1].mean(axis=(1, 2)).T,
        reasons=tuple(_reason(bool(c), int(k)) for c, k in zip(constant, known, strict=True)),
        coverage80=chunks.coverage80(study.judged.raw, study.judged),
        calibrated_coverage80=chunks.coverage80(study.judged.calibrated, study.judged),
        scaled_pinball_loss=chunks.scaled_loss(study.judged),
        origins=origins,
    )


def _by_backend(fleet: Fleet, hours: int, backend: Backend, keep_origins: bool) -> FleetForecast:
    clean = _clean(fleet)
    step = ORIGIN_DAYS * HOURS_PER_DAY
    at, raw, ages = _rolled(clean.history, hours, backend, step)
    ahead, every = horizon.judged(hours), horizon.every_hour(hours)
    truth, capped = chunks.truths(clean.observed, clean.capped, at, ahead)
    truth.swapaxes(1, 2)[ages < chunks.LEAST_HOURS] = np.nan
    points = raw[:, :, ahead.ahead - 1]
    start = priors.documented(ahead).start
    offsets = tracked(points, truth, capped, start, ages, ahead, step)
    judged = chunks.Judged(ahead, points, calibrated(points, offsets, ahead), truth, capped)
    forecasts = calibrated(raw, offsets, every) * clean.scale[:, 0].astype(np.float32)
    forecasts = np.ascontiguousarray(forecasts.transpose(3, 0, 1, 2))
    origins = None
    if keep_origins:
        origins = tuple(
            Origins(at[:-1][old] + clean.before, past[:-1][old].astype(np.float64))
            for old, past in zip(ages[:-1].T >= chunks.LEAST_HOURS, forecasts, strict=True)
        )
    return FleetForecast(
        names=fleet.names,
        starts=fleet.ends,
        quantiles=_with_events(forecasts[:, -1], fleet.ahead_effect),
        families=(backend.name,),
        weights=np.ones((len(fleet.names), 1), dtype=np.float32),
        reasons=("",) * len(fleet.names),
        coverage80=chunks.coverage80(judged.raw, judged),
        calibrated_coverage80=chunks.coverage80(judged.calibrated, judged),
        scaled_pinball_loss=chunks.scaled_loss(judged),
        origins=origins,
    )


def _rolled(history: Floats, hours: int, backend: Backend, step: int) -> tuple[Ints, Floats, Ints]:
    """A backend's forecasts at past origins and now: hours (K,), raw (K, L, H, N), ages (K, N)."""
    length = history.shape[1]
    at = np.arange(length, chunks.LEAST_HOURS - 1, -step)[: MAX_ORIGINS + 1][::-1].astype(np.int64)
    if not len(at):
        at = np.array([length], dtype=np.int64)
    first = np.isnan(history).sum(axis=1)
    ages = at[:, None] - first[None, :]
    raw = np.zeros((len(at), len(LEVELS), hours, len(history)), dtype=np.float32)
    for k, origin in enumerate(at):
        able = ages[k] >= min(chunks.LEAST_HOURS, HOURS_PER_DAY if origin == length else 99)
        if able.any():
            said = backend.quantiles(history[able, :origin], hours)
            raw[k][..., able] = said.transpose(1, 2, 0)
    return at, raw, ages


def _reason(constant: bool, known: int) -> str:
    if constant:
        return "the series does not vary"
    if known < LENDING_HOURS:
        return f"{known / HOURS_PER_DAY:.1f} d of history: little to judge the families by"
    return ""


def _origin_places(count: int, hours: int) -> Ints:
    """Which of the origins are kept, rising: every third day, the last with its horizon known."""
    back = -(-hours // HOURS_PER_DAY)
    last = count - 1 - min(back, max((count - 1) // 2, 1))
    if last < 0:
        return np.zeros(0, dtype=np.int64)
    return np.arange(last, -1, -ORIGIN_DAYS, dtype=np.int64)[:MAX_ORIGINS][::-1]


def _with_events(quantiles: Floats, effect: Effect | None) -> Floats:
    if effect is None:
        return quantiles
    moved = quantiles * effect.multiply[:, None, :] + effect.add[:, None, :]
    return np.maximum(moved, 0.0).astype(np.float32)


def _with_past_events(quantiles: Floats, effect: Effect | None, origin: int) -> Floats:
    """Past forecasts with the events of the hours that have come since."""
    if effect is None:
        return quantiles
    multiply, add = (each[:, None, origin:] for each in (effect.multiply, effect.add))
    came = slice(0, min(quantiles.shape[2], multiply.shape[2]))
    out = quantiles.copy()
    out[..., came] = out[..., came] * multiply[..., came] + add[..., came]
    return np.maximum(out, 0)


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _check(fleet: Fleet, hours: int) -> None:
    if hours < 1:
        raise InputError(f"{hours} hours can't be forecast", mend="ask for at least one")
    if not fleet.names:
        raise InputError("there is no series to forecast", mend="give at least one")
    for begin in range(0, len(fleet.names), CHUNK):
        _check_part(fleet.names[begin : begin + CHUNK], fleet.demand[begin : begin + CHUNK])


def _check_part(names: tuple[str, ...], demand: Floats) -> None:
    known = ~np.isnan(demand)
    gap = (known[:, :-1] & ~known[:, 1:]).any(axis=1) | ~known[:, -1]
    bad = (known & ~((demand >= 0) & (demand < np.inf))).any(axis=1)
    short = known.sum(axis=1) < HOURS_PER_DAY
    for wrong, what, mend in (
        (short, "has less than a day of history", "give at least 24 hours"),
        (
            gap,
            "has a gap, or ends before the matrix does",
            "fill gaps; align each series at its end",
        ),
        (bad, "has infinite or negative demand", "give finite demand of at least 0"),
    ):
        if wrong.any():
            name = names[int(np.flatnonzero(wrong)[0])]
            raise InputError(f"series {name} {what}", mend=mend)
