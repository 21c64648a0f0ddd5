"""How good the forecasts are on real demand, beside statsforecast's models on the same origins.

Every hourly series of ../shared/data/demand that is two weeks long or more is cut at twelve origins
in its second half and forecast 72 and 168 hours ahead from what came before, each time alone: a
fleet of one, so that nothing is learnt from another series. Every model is scored on the same hours:

- scaled weighted quantile loss (SWQL): twice the pinball loss, averaged over LEVELS, hours and
  origins, over the series' mean; pooled is its mean over series, so that each counts alike;
- coverage: the share of hours inside the 80 % interval.

Then the same in a fleet of all series, with histories cut to a few days, and with the level of every
series shifted by 30 % up and down, in mid-history and in mid-test. The library takes minutes: what it
forecast is kept in build/ for the next run (delete the file after an upgrade).
"""

import os
import sys
import warnings
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from benchmarks.measure import ROOT, Figure, print_figures
from trimtab.demand.reader import read_series
from trimtab.forecast.backends import MODELS, Model, Statsforecast
from trimtab.forecast.fleet import forecast_fleet
from trimtab.forecast.model import LEVELS, Array, Fleet, Floats, pinball

DATA = ROOT.parent / "shared" / "data" / "demand"
CACHE = ROOT / "build" / "forecast_reference.npz"
HOURS, SCORED = 168, (72, 168)
ORIGINS = 12
LEAST_HOURS = 14 * 24
LONG_HOURS = 21 * 24
"""Series of three weeks or more: the two request rates, of two weeks, are left out."""
SHIFTS = {"up": 1.3, "down": 0.7}
SHORT_DAYS = (1, 3)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
OURS = "trimtab"

Cut = tuple[str, int]
"""A series and the hour at which it is cut."""
Quantiles = dict[Cut, Floats]


@dataclass(frozen=True)
class Score:
    """Of one model on one series."""

    swql: float
    coverage80: float


def main() -> int:
    """Measure and print."""
    if not DATA.is_dir():
        print("the shared data is not here: nothing to measure on")
        return 0
    series = {
        path.stem: hourly
        for path in sorted(DATA.glob("*.csv"))
        if "min" not in path.stem.rsplit("_", 1)[-1]
        and len(hourly := read_series(path).hourly().demand) >= LEAST_HOURS
    }
    models = _references(series)
    models[OURS] = _alone(series)
    best = {}
    for ahead in SCORED:
        best[ahead] = _print_models(series, models, ahead)
    _print_goals(series, models, best[72])
    _print_fleet(series)
    _print_shifts(series)
    return 0


def cuts(demand: Array) -> list[int]:
    """The hours at which a series is cut: its second half, a scored horizon before its end."""
    return [int(c) for c in np.linspace(len(demand) // 2, len(demand) - SCORED[0], ORIGINS)]


def _alone(series: Mapping[str, Array], last: int | None = None) -> Quantiles:
    """Our forecasts, each from its own history alone, or from the last hours of it."""
    out = {}
    for name, demand in series.items():
        for cut in cuts(demand):
            history = demand[:cut][-(last or cut) :]
            fleet = Fleet((name,), history[None, :], (NOW,))
            out[name, cut] = forecast_fleet(fleet, HOURS, keep_origins=False).quantiles[0]
    return out


def _together(series: Mapping[str, Array]) -> Quantiles:
    """The same in a fleet of all series, each at its own first, second … cut."""
    out = {}
    for k in range(ORIGINS):
        at = [cuts(demand)[k] for demand in series.values()]
        whole = np.full((len(series), max(at)), np.nan)
        for row, demand, cut in zip(whole, series.values(), at, strict=True):
            row[-cut:] = demand[:cut]
        fleet = Fleet(tuple(series), whole, (NOW,) * len(series))
        result = forecast_fleet(fleet, HOURS, keep_origins=False).quantiles
        out.update(dict(zip(zip(series, at, strict=True), result, strict=True)))
    return out


def _references(series: Mapping[str, Array]) -> dict[str, Quantiles]:
    """statsforecast's models, from the last run where there was one."""
    found: dict[str, Floats] = dict(np.load(CACHE)) if CACHE.is_file() else {}
    wanted = [
        (model, name, cut, demand[:cut])
        for model in MODELS
        for name, demand in series.items()
        for cut in cuts(demand)
        if f"{model} {name} {cut}" not in found
    ]
    if wanted:
        print(f"forecasting {len(wanted)} histories with statsforecast", file=sys.stderr)
        with ProcessPoolExecutor() as pool:
            for (model, name, cut, _), said in zip(
                wanted, pool.map(_reference, wanted, chunksize=8), strict=True
            ):
                found[f"{model} {name} {cut}"] = said
        CACHE.parent.mkdir(exist_ok=True)
        np.savez_compressed(CACHE, allow_pickle=False, **found)
    return {
        model: {
            (name, cut): found[f"{model} {name} {cut}"]
            for name, demand in series.items()
            for cut in cuts(demand)
        }
        for model in MODELS
    }


def _reference(job: tuple[Model, str, int, Array]) -> Floats:
    warnings.simplefilter("ignore")
    model, _, _, history = job
    said: Floats = Statsforecast(model).quantiles(history[None, :], HOURS)[0].astype(np.float32)
    return said


def scores(series: Mapping[str, Array], said: Quantiles, ahead: int) -> dict[str, Score]:
    """Each series' score."""
    out = {}
    for name, demand in series.items():
        at = cuts(demand)
        quantiles = np.stack([said[name, cut][:, :ahead] for cut in at]).astype(np.float64)
        truth = np.full((len(at), ahead), np.nan)
        for row, cut in zip(truth, at, strict=True):
            came = demand[cut : cut + ahead]
            row[: len(came)] = came
        known = ~np.isnan(truth)
        low, high = (quantiles[:, LEVELS.index(level)] for level in (0.1, 0.9))
        inside = (truth >= low) & (truth <= high)
        loss = 2 * np.nanmean(pinball(quantiles, truth)) / demand.mean()
        out[name] = Score(float(loss), float(inside[known].mean()))
    return out


def pooled(series: Mapping[str, Array], of: Mapping[str, Score], least: int = 0) -> Score:
    """The mean over the series of at least so many hours."""
    every = [score for name, score in of.items() if len(series[name]) >= least]
    return Score(
        float(np.mean([s.swql for s in every])), float(np.mean([s.coverage80 for s in every]))
    )


def _print_models(
    series: Mapping[str, Array], models: Mapping[str, Quantiles], ahead: int
) -> tuple[float, float]:
    """The table of one horizon; the least pooled SWQL of the library's models, of all and of 13."""
    by_model = {model: scores(series, said, ahead) for model, said in models.items()}
    print(f"\n{ahead} h ahead: SWQL, and coverage of the 80 % interval in percent")
    print(f"{'':18}" + "".join(f"{model:>22}" for model in by_model))
    long = sum(len(demand) >= LONG_HOURS for demand in series.values())
    rows = {name: [of[name] for of in by_model.values()] for name in series}
    rows[f"pooled, {len(series)}"] = [pooled(series, of) for of in by_model.values()]
    rows[f"pooled, {long} of ≥ 3 w"] = [pooled(series, of, LONG_HOURS) for of in by_model.values()]
    for label, line in rows.items():
        print(f"{label:18}" + "".join(f"{s.swql:>17.4f} {s.coverage80:>4.0%}" for s in line))
    wins = sum(
        by_model[OURS][name].swql <= min(by_model[model][name].swql for model in MODELS)
        for name in series
    )
    print(f"{OURS} is the best of all on {wins} of {len(series)} series")
    every, longer = (
        min(pooled(series, by_model[model], least).swql for model in MODELS)
        for least in (0, LONG_HOURS)
    )
    return every, longer


def _print_goals(
    series: Mapping[str, Array], models: Mapping[str, Quantiles], best: tuple[float, float]
) -> None:
    ours = scores(series, models[OURS], SCORED[0])
    every, long = pooled(series, ours), pooled(series, ours, LONG_HOURS)
    print_figures(
        "72 h ahead, goal: the best of statsforecast's models (coverage: .77 to .85)",
        [
            Figure("pooled SWQL, every series", every.swql, best[0], ""),
            Figure("pooled SWQL, series of three weeks or more", long.swql, best[1], ""),
            Figure("coverage of the 80 % interval", every.coverage80, 0.8, ""),
        ],
    )


def _print_fleet(series: Mapping[str, Array]) -> None:
    print("\nhistory: pooled SWQL and coverage, 72 h ahead")
    rows = {"whole, in a fleet": _together(series)}
    rows |= {f"last {days} d, alone": _alone(series, days * 24) for days in SHORT_DAYS}
    for label, said in rows.items():
        score = pooled(series, scores(series, said, SCORED[0]))
        print(f"{label:18}{score.swql:>10.4f} {score.coverage80:>4.0%}")


def _print_shifts(series: Mapping[str, Array]) -> None:
    """Coverage where every series' level shifts at a quarter (history) or three (test) of it."""
    print("\nlevel shift of 30 %: SWQL over the unshifted mean, coverage")
    every: dict[int, list[float]] = {ahead: [] for ahead in SCORED}
    for way, factor in SHIFTS.items():
        for where, quarter in (("mid-history", 1), ("mid-test", 3)):
            shifted = {name: demand.copy() for name, demand in series.items()}
            for demand in shifted.values():
                demand[len(demand) * quarter // 4 :] *= factor
            said = _alone(shifted)
            line = [pooled(shifted, scores(shifted, said, ahead)) for ahead in SCORED]
            for ahead, score in zip(SCORED, line, strict=True):
                every[ahead].append(score.coverage80)
            print(
                f"{way:5} {where:12}"
                + "".join(
                    f"  {ahead} h: {score.swql:.4f} {score.coverage80:.0%}"
                    for ahead, score in zip(SCORED, line, strict=True)
                )
            )
    print_figures(
        "Coverage on shifted series (goal: .77 to .85)",
        [Figure(f"{a} h ahead, pooled", float(np.mean(every[a])), 0.8, "") for a in SCORED],
    )


if __name__ == "__main__":
    sys.exit(main())
