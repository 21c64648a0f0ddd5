"""How good joint paths of demand are, against the same marginals put together in other ways.

On the hourly series of the shared data, grouped by clock: every day of a series' second half the
group is forecast from its past alone, paths are drawn in each way, and what came is scored. All ways
share every hour's marginals, so only dependence differs. Lower is better but for coverage, which
should be 80 %.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.measure import ROOT
from trimtab.demand.reader import read_series
from trimtab.demand.series import DemandSeries
from trimtab.forecast.fleet import FleetForecast, forecast_fleet
from trimtab.forecast.model import LEVELS, Array, Fleet
from trimtab.scenarios.demand import demand_paths, marginals
from trimtab.scenarios.ranks import history_ranks, origin_ranks
from trimtab.scenarios.reduction import reduced
from trimtab.scenarios.spot import availability_from_traces
from trimtab.spot.reader import read_availability
from trimtab.spot.trace import aligned

DATA = ROOT.parent / "shared" / "data" / "demand"
SPOT = ROOT.parent / "shared" / "data" / "spot" / "availability"
SPOT_CLOCKS = ("2022-10-26", "2023-02-15", "2023-04-22")
HORIZONS = (168, 72, 24)
COUNT = 200
LAGS = (1, 3, 6, 24, 48, 96)
WITHIN = slice(LEVELS.index(0.1), LEVELS.index(0.9) + 1)
Way = Callable[["Moment", int], Array]


@dataclass(frozen=True, eq=False)
class Moment:
    """A group of series at one instant: what was known, and what came.

    Attributes:
        history: shape (N, T).
        forecast: of the hours that followed.
        truth: what came, shape (N, H).
        scale: each series' mean over all its hours, in which it is scored, shape (N,).
    """

    history: Array
    forecast: FleetForecast
    truth: Array
    scale: Array

    @property
    def quantiles(self) -> Array:
        """Shape (N, len(LEVELS), H)."""
        return self.forecast.quantiles.astype(np.float64)


def paths(share: float, block_hours: float = 48.0, *, of_origins: bool = False) -> Way:
    """The way of `trimtab.scenarios.demand`."""

    def draw(moment: Moment, seed: int) -> Array:
        ranks = _of_origins(moment) if of_origins else history_ranks(moment.history)
        return demand_paths(
            moment.quantiles, ranks, COUNT, seed, block_hours=block_hours, persistent_share=share
        )

    return draw


def independent(moment: Moment, seed: int) -> Array:
    """Every hour of every series for itself."""
    values = marginals(moment.quantiles, COUNT)
    return np.random.default_rng(seed).permuted(values, axis=2).transpose(2, 0, 1)


def comonotone(moment: Moment, _seed: int) -> Array:
    """Path i is the forecast at level (i + 1/2) / S throughout, in all series."""
    return marginals(moment.quantiles, COUNT).transpose(2, 0, 1)


WAYS: dict[str, Way] = {
    "independent hours": independent,
    "comonotone (rows of Forecast.scenarios)": comonotone,
    "48 h blocks only": paths(0.0),
    "48 h blocks, 0.3 persistent": paths(0.3),
    "48 h blocks, 0.6 persistent (default)": paths(0.6),
    "48 h blocks, 0.8 persistent": paths(0.8),
    "24 h blocks, 0.6 persistent": paths(0.6, 24),
    "96 h blocks, 0.6 persistent": paths(0.6, 96),
    "ranks under past forecasts, 0.6 persistent": paths(0.6, of_origins=True),
}


def main() -> None:
    """Measure and print."""
    if not DATA.is_dir():
        print("scenario_quality: the shared data is not beside the repository; nothing measured")
        return
    groups = _groups()
    names = ", ".join(str(len(group)) for group in groups)
    print(f"\nJoint paths of demand: {COUNT} paths, groups of {names} series, an origin a day")
    for hours in HORIZONS:
        _compare(groups, hours)
    _tails(groups)
    _reduce(groups)
    _spot()


def _compare(groups: list[list[DemandSeries]], hours: int) -> None:
    found: dict[str, dict[str, list[float]]] = {way: defaultdict(list) for way in WAYS}
    inside = []
    for seed, moment in enumerate(_moments(groups, hours)):
        low, high = moment.quantiles[:, WITHIN.start], moment.quantiles[:, WITHIN.stop - 1]
        inside += ((moment.truth >= low) & (moment.truth <= high)).mean(axis=1).tolist()
        for way, draw in WAYS.items():
            scaled = draw(moment, seed) / moment.scale[:, None]
            for what, values in _scores(scaled, moment.truth / moment.scale[:, None]).items():
                found[way][what] += values
    print(f"\n{hours} h ahead; the 80 % interval of single hours covers {np.mean(inside):.0%}")
    columns = list(next(iter(found.values())))
    print(f"{'':44}" + "".join(f"{column:>12}" for column in columns))
    for way, scores in found.items():
        cells = (f"{np.mean(scores[column]):12.3f}" for column in columns)
        print(f"{way:44}" + "".join(cells))
    print(f"{'cases':44}" + "".join(f"{len(scores[column]):12d}" for column in columns))


def _scores(drawn: Array, truth: Array) -> dict[str, list[float]]:
    """Scores of one moment by name; shapes (S, N, H) and (N, H), in units of each series' mean."""
    means, came = drawn.mean(axis=2), truth.mean(axis=1)
    low, high = np.quantile(means, [0.1, 0.9], axis=0)
    peaks, peak = drawn.max(axis=2), truth.max(axis=1)
    least, most = np.quantile(peaks, [0.1, 0.9], axis=0)
    scores = {
        "energy": [_energy(drawn.reshape(len(drawn), -1), truth.ravel()) / truth.size**0.5],
        "variogram": [_variogram(drawn, truth)],
        "mean: CRPS": [_crps(means[:, n], came[n]) for n in range(len(came))],
        "covered": ((came >= low) & (came <= high)).astype(float).tolist(),
        "width": (high - low).tolist(),
        "peak covered": ((peak >= least) & (peak <= most)).astype(float).tolist(),
    }
    if len(truth) > 1:
        total = means.mean(axis=1)
        bottom, top = np.quantile(total, [0.1, 0.9])
        scores["total: CRPS"] = [_crps(total, came.mean())]
        scores["tot. covered"] = [float(bottom <= came.mean() <= top)]
    else:
        scores |= {"total: CRPS": [], "tot. covered": []}
    return scores


def _energy(drawn: Array, truth: Array) -> float:
    """Energy score (Gneiting and Raftery 2007): E|X - y| - E|X - X'| / 2."""
    squares = (drawn**2).sum(axis=1)
    apart = np.sqrt(np.maximum(squares[:, None] + squares - 2 * drawn @ drawn.T, 0.0))
    return float(np.linalg.norm(drawn - truth, axis=1).mean() - apart.mean() / 2)


def _variogram(drawn: Array, truth: Array) -> float:
    """Variogram score of order 1/2 (Scheuerer and Hamill 2015), over lags and pairs of series."""
    series, hours = truth.shape
    scores = []
    for lag in (lag for lag in LAGS if lag < hours):
        expected = np.sqrt(np.abs(drawn[..., lag:] - drawn[..., :-lag])).mean(axis=0)
        scores.append(((expected - np.sqrt(np.abs(truth[:, lag:] - truth[:, :-lag]))) ** 2).mean())
    if series > 1:
        one, two = np.triu_indices(series, 1)
        expected = np.sqrt(np.abs(drawn[:, one] - drawn[:, two])).mean(axis=0)
        scores.append(((expected - np.sqrt(np.abs(truth[one] - truth[two]))) ** 2).mean())
    return float(np.mean(scores))


def _crps(sample: Array, truth: float) -> float:
    """Continuous ranked probability score of a sample."""
    ordered, count = np.sort(sample), len(sample)
    gini = ((2 * np.arange(1, count + 1) - count - 1) * ordered).sum() / count**2
    return float(np.abs(ordered - truth).mean() - gini)


def _reduce(groups: list[list[DemandSeries]]) -> None:
    """Few paths drawn directly, against many reduced to few: errors against 4,000 paths."""
    print("\nFew scenarios of 168 h: mean relative error against 4,000 paths")
    head = ("mean", "above P90", "week's P90", "peak's mean")
    print(f"{'':44}" + "".join(f"{what:>12}" for what in head))
    errors: dict[str, list[Array]] = defaultdict(list)
    for seed, moment in enumerate(list(_moments(groups, 168))[::4]):
        ranks, quantiles = history_ranks(moment.history), moment.quantiles
        base = quantiles[:, LEVELS.index(0.9)]

        def draw(count: int, seed: int, q: Array = quantiles, r: Array = ranks) -> Array:
            return demand_paths(q, r, count, seed)

        sought = _facts(draw(4000, 10_000 + seed), np.full(4000, 1 / 4000), base)
        many = draw(500, seed)
        for keep in (10, 50):
            few = draw(keep, seed)
            cases = {
                f"{keep} drawn": (few, np.full(keep, 1 / keep)),
                f"500 reduced to {keep}": reduced(many, keep),
            }
            for what, (kept, weights) in cases.items():
                off = np.abs(_facts(kept, weights, base) - sought) / np.maximum(sought, 1e-9)
                errors[what].append(np.median(off, axis=1))
    for what, rows in errors.items():
        print(f"{what:44}" + "".join(f"{error:12.1%}" for error in np.mean(rows, axis=0)))


def _facts(drawn: Array, weights: Array, base: Array) -> Array:
    """What a plan depends on, per series: shape (4, N)."""
    week = drawn.mean(axis=2)
    high = []
    for n in range(week.shape[1]):
        order = np.argsort(week[:, n])
        below = np.cumsum(weights[order]) - weights[order] / 2
        high.append(np.interp(0.9, below, week[order, n]))
    return np.stack(
        [
            weights @ week,
            weights @ np.maximum(drawn - base, 0).mean(axis=2),
            np.array(high),
            weights @ drawn.max(axis=2),
        ]
    )


def _tails(groups: list[list[DemandSeries]]) -> None:
    """Single hours beyond the forecast's last level: flat, or an exponential tail."""
    print("\nUpper tails, 168 h ahead: pinball loss over mean demand, and how often exceeded")
    levels = np.array([0.995, 0.999])
    count = 2000  # the nearest levels that `marginals` gives are 0.00025 away
    at = (levels * count).astype(int)
    found: dict[str, list[Array]] = {"flat": [], "exponential": []}
    for moment in _moments(groups, 168):
        truth = moment.truth[..., None]
        for tail, rows in found.items():
            values = marginals(moment.quantiles, count, flat_tails=tail == "flat")[..., at]
            error = truth - values
            loss = np.maximum(levels * error, (levels - 1) * error).mean(axis=1)
            beyond = (error > 0).mean(axis=1)
            rows += list(np.concatenate([loss / moment.scale[:, None], beyond], axis=1))
    for tail, rows in found.items():
        cells = np.mean(rows, axis=0)
        losses = ", ".join(f"{cell:.4f}" for cell in cells[:2])
        often = ", ".join(f"{cell:.1%}" for cell in cells[2:])
        print(f"{tail:12} at 99.5 % and 99.9 %: loss {losses}; exceeded {often} of hours")


def _spot() -> None:
    """Availability paths against the traces that they were drawn from: 500 of 168 h."""
    print("\nSpot availability, hourly share of V100 zones: traces and paths drawn from them")
    print(f"{'clock, zones':24}{'up':>14}{'drops a day':>16}{'inside region':>16}{'across':>16}")
    for clock in SPOT_CLOCKS:
        files = sorted(SPOT.glob(f"*{clock}*v100_1*.csv"))
        zones = aligned([read_availability(path) for path in files])
        regions = np.array([name.split("_")[3].rstrip("abcdef") for name in zones.names])
        drawn = availability_from_traces(zones.share, 168, 500, 1)
        one, other = (_market(share, regions) for share in (zones.share[None], drawn))
        cells = [f"{a:.2f} / {b:.2f}" for a, b in zip(one, other, strict=True)]
        print(
            f"{clock + ', ' + str(len(files)):24}{cells[0]:>14}"
            + "".join(f"{c:>16}" for c in cells[1:])
        )


def _market(share: Array, regions: NDArray[np.str_]) -> list[float]:
    """Mean over zones (or pairs): availability, drops of hourly means a day, correlations."""
    flat = np.atleast_2d(np.corrcoef(share.transpose(1, 0, 2).reshape(len(regions), -1)))
    one, two = np.triu_indices(len(regions), 1)
    same = regions[one] == regions[two]
    inside, across = flat[one, two][same], flat[one, two][~same]
    lost = np.maximum(-np.diff(share, axis=2), 0).mean() * 24
    none = float("nan")
    return [
        float(share.mean()),
        float(lost),
        float(inside.mean()) if len(inside) else none,
        float(across.mean()) if len(across) else none,
    ]


def _of_origins(moment: Moment) -> Array:
    """Ranks of the history's hours under the forecasts of its own past origins."""
    assert moment.forecast.origins is not None
    rows = [
        origin_ranks(origins.quantiles, origins.hours, row)
        for origins, row in zip(moment.forecast.origins, moment.history, strict=True)
    ]
    days = moment.history.shape[1] // 24
    ranks = np.stack(rows)[:, -days * 24 :]
    known = (~np.isnan(ranks)).reshape(len(ranks), days, 24)
    enough = known.all(axis=2).sum(axis=1) > 0
    return ranks if np.all(enough) else history_ranks(moment.history)


def _moments(groups: list[list[DemandSeries]], hours: int) -> Iterator[Moment]:
    """Every day of each group's second half that has its whole horizon behind it."""
    for group in groups:
        demand = np.stack([series.demand for series in group])
        length = demand.shape[1]
        for at in range(length // 2, length - hours + 1, 24):
            past = demand[:, :at]
            end = group[0].start + at * timedelta(hours=1)
            names = tuple(series.name for series in group)
            forecast = forecast_fleet(Fleet(names, past, (end,) * len(group)), hours)
            yield Moment(past, forecast, demand[:, at : at + hours], demand.mean(axis=1))


def _groups() -> list[list[DemandSeries]]:
    """The hourly series, those that share a clock together."""
    clocks: dict[object, list[DemandSeries]] = defaultdict(list)
    for path in sorted(DATA.glob("*.csv")):
        series = _hourly(path)
        if series is not None:
            clocks[series.start, len(series)].append(series)
    return list(clocks.values())


def _hourly(path: Path) -> DemandSeries | None:
    if "min" in path.stem.rsplit("_", 1)[-1]:
        return None  # the same series in another step, or a single day
    return read_series(path)


if __name__ == "__main__":
    main()
