"""From the options of `trimtab backtest` and their files to the settings that are replayed.

Every series is replayed on the same market; what was assumed, repaired or repeated becomes a note.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trimtab.backtest.ahead import MOST_LEAD_HOURS
from trimtab.backtest.carbon import CarbonTrace, read_carbon
from trimtab.backtest.model import Market, Product, Setting
from trimtab.cli.backtest_options import BacktestOptions, Source, Told
from trimtab.cli.backtest_prices import UnitPrices, read_prices
from trimtab.cli.plan_inputs import parse_duration
from trimtab.clock import format_duration
from trimtab.demand.reader import MAXIMUM_DEMAND, read_series
from trimtab.demand.series import HOUR, DemandSeries
from trimtab.errors import InputError, allowed
from trimtab.forecast.censoring import capped_hours
from trimtab.planning.policy import HISTORY_DAYS_PER_TERM_HOUR, HOURS_PER_DAY
from trimtab.planning.request import unit_of
from trimtab.spot.reader import read_availability
from trimtab.spot.trace import AlignedSpot, aligned
from trimtab.workloads.model import Unit

Array = NDArray[np.float64]

LEAST_HOURS = 24
"""On either side of the split: a day to learn from, a day to replay."""
HEAVY = 0.75
"""A share of the demand that makes a pool one series'."""
LEAST_PEAK = 1e-4
"""The optimum of a ten-thousandth of a unit is still exact to a millionth; of a billionth it is not."""
TERMS = {"1y": timedelta(days=365), "3y": timedelta(days=1095)}


@dataclass(frozen=True)
class Inputs:
    """What is replayed, from which files, and what a reader must know about it."""

    settings: tuple[Setting, ...]
    lead_hours: int
    sources: tuple[Source, ...]
    notes: tuple[str, ...]


def read_inputs(options: BacktestOptions) -> Inputs:
    """The settings that the options and their files make.

    Raises:
        InputError: an option or a file is wrong, or two of them contradict.
        EngineError: a series is Parquet and pyarrow is not installed.
    """
    told = Told()
    every = _whole_hours(options.decide_every, "--decide-every")
    lead = _whole_hours(options.lead, "--lead", most=MOST_LEAD_HOURS)
    if not 0 < options.split < 1:
        raise InputError(
            f"{options.split:g} is no share between 0 and 1",
            where="--split",
            mend="give the share of the series that is history, such as 0.5",
        )
    shifts = [_shift(text) for text in options.shift]
    series = _series(options, told)
    unit = _unit(options, series, told)
    prices = read_prices(options, unit, told)
    zones = _zones(options, prices, told)
    market = _market(options, prices, zones)
    carbon = _carbon(options)
    if options.carbon is not None:
        told.file(options.carbon)
    settings = tuple(
        _setting(each, options, unit, market, zones, shifts, every, prices, carbon, told)
        for each in series
    )
    _say_term(market, settings, options, told)
    _say_evidence(market, settings, told)
    _say_weight(settings, told)
    return Inputs(settings, lead, tuple(told.sources), tuple(dict.fromkeys(told.notes)))


# Demand.


def _series(options: BacktestOptions, told: Told) -> list[DemandSeries]:
    max_gap = parse_duration(options.max_gap, "--max-gap")
    found = []
    for text in options.demand:
        one = read_series(text, max_gap=max_gap)
        told.sources.append(Source(one.source, one.digest))
        told.notes += [f"{one.name}: {sentence}" for sentence in one.repairs]
        hourly = one.held(HOUR) if one.step > HOUR else one.hourly()
        told.notes += [f"{one.name}: {sentence}" for sentence in hourly.repairs[len(one.repairs) :]]
        if hourly.limit is not None:
            capped = int(capped_hours(hourly.demand, hourly.limit).sum())
            told.notes += _said_capped(one.name, capped, len(hourly))
        found.append(hourly)
    twice = next((n for n, count in Counter(s.name for s in found).items() if count > 1), None)
    if twice is not None:
        raise InputError(
            f"two series are called {twice}", where="--demand", mend="rename one of the files"
        )
    return found


def _said_capped(name: str, capped: int, hours: int) -> list[str]:
    if not capped:
        return []
    what = "what was wanted in them is not known, and what was measured is replayed"
    return [f"{name}: {capped} of {hours} hours were at their limit: {what}"]


def _unit(options: BacktestOptions, series: Sequence[DemandSeries], told: Told) -> Unit:
    units = []
    for each in series:
        unit, assumed = unit_of(each, options.unit)
        units.append(unit)
        told.notes += [] if assumed is None else [f"{each.name}: {assumed}"]
    if len(set(units)) > 1:
        raise InputError(
            f"the series count different units: {allowed({unit.value for unit in units})}",
            where="--demand",
            mend="replay them apart, or say with --unit what all of them count",
        )
    return units[0]


def _split(hours: int, share: float, name: str) -> int:
    first = round(hours * share)
    if first < LEAST_HOURS or hours - first < LEAST_HOURS:
        raise InputError(
            f"{hours} h are too few to split at {share:g}: {first} h of history and "
            f"{hours - first} h to replay, where each wants {LEAST_HOURS} h",
            where=name,
            mend="give a longer series, or another --split",
        )
    return first


def _shift(text: str) -> tuple[float, float]:
    """Factor and share of a text such as `0.7@0.75`."""
    factor, _, share = text.partition("@")
    try:
        parsed = float(factor), float(share)
    except ValueError:
        parsed = math.nan, math.nan
    if not (0 <= parsed[0] < math.inf and 0 <= parsed[1] < 1):
        raise InputError(
            f"{text!r} is no shift",
            where="--shift",
            mend="write FACTOR@SHARE, such as 0.7@0.75: demand times 0.7 from three quarters on",
        )
    return parsed


def _market(options: BacktestOptions, prices: UnitPrices, zones: AlignedSpot | None) -> Market:
    term = (
        _whole_hours(options.term, "--term") if options.term else TERMS[options.commitment] // HOUR
    )
    name = format_duration(term * HOUR)
    spots = () if zones is None else zones.names
    return Market(
        prices.on_demand,
        () if prices.reserved is None else (Product(name, prices.reserved, term),),
        spots,
        np.full(len(spots), 0.0 if prices.spot is None else prices.spot),
        _hours(options.restart, "--restart"),
        _hours(options.launch, "--launch", most=1),
    )


def _say_evidence(market: Market, settings: Sequence[Setting], told: Told) -> None:
    """A planner that never commits looks like a defect unless the reason is said."""
    product = market.product
    if product is None or product.usd_per_hour >= market.on_demand_usd_per_hour:
        return
    least = product.term_hours * HISTORY_DAYS_PER_TERM_HOUR
    for each in settings:
        if each.test_from < math.ceil(least * HOURS_PER_DAY):
            never = (
                "never commits"
                if len(each.demand) <= least * HOURS_PER_DAY
                else "at first commits nothing"
            )
            told.notes.append(
                f"{each.name}: the planner {never}: it binds a term of {product.name} only "
                f"after {least:.2g} d, and the history has {each.test_from / HOURS_PER_DAY:.1f} d; "
                "--term or --split says otherwise"
            )


def _say_weight(settings: Sequence[Setting], told: Told) -> None:
    """Sums over series of very different size are one series' figures."""
    weights = [float(each.demand[each.test_from :].sum()) for each in settings]
    most = max(weights)
    if len(settings) > 1 and most > HEAVY * sum(weights):
        name = settings[weights.index(most)].name
        told.notes.append(
            f"{name} has {most / sum(weights):.0%} of all demand replayed: pooled figures are mostly "
            "its own; the medians are not"
        )


def _say_term(
    market: Market, settings: Sequence[Setting], options: BacktestOptions, told: Told
) -> None:
    product = market.product
    longest = max(each.hours for each in settings)
    if product is None or product.term_hours <= longest:
        return
    charged = (
        "charged to its end"
        if options.full_term
        else "charged for its hours inside the series only (--full-term charges all)"
    )
    told.notes.append(
        f"a term of {product.name} outlasts the {longest} h replayed: a purchase is {charged}"
    )


# Spot and carbon.


def _zones(options: BacktestOptions, prices: UnitPrices, told: Told) -> AlignedSpot | None:
    if not options.spot_availability:
        if options.spot_depth is not None:
            raise InputError(
                "needs --spot-availability", where="--spot-depth", mend="name at least one trace"
            )
        if prices.spot is not None:
            told.notes.append("spot is not replayed: no --spot-availability is given")
        return None
    if prices.spot is None:
        raise InputError(
            "spot has no price",
            where="--spot-availability",
            mend="give --spot, or a type with a spot price",
        )
    depth = options.spot_depth
    if depth is not None and not 0 < depth < math.inf:
        raise InputError(
            f"{depth:g} units are no depth",
            where="--spot-depth",
            mend="give the units that a zone offers when it is up",
        )
    traces = []
    for path in options.spot_availability:
        traces.append(read_availability(path))
        told.file(path)
    twice = next((n for n, count in Counter(t.name for t in traces).items() if count > 1), None)
    if twice is not None:
        raise InputError(
            f"two traces are called {twice}", where="--spot-availability", mend="rename one"
        )
    found = aligned(traces)
    depths = [trace.depth if depth is None else depth for trace in traces]
    if depth is None:
        told.notes.append(
            "spot: a zone offers as many units as its trace counts; --spot-depth says otherwise"
        )
    least = found.least * np.array(depths)[:, None]
    return AlignedSpot(found.names, found.first_hour, found.share, least, found.drops)


def _carbon(options: BacktestOptions) -> CarbonTrace | None:
    energy = options.kwh_per_unit_hour
    if (options.carbon is None) != (energy is None):
        missing = "--kwh-per-unit-hour" if energy is None else "--carbon"
        raise InputError(
            "is missing: emissions take a grid's intensity and a unit's energy",
            where=missing,
            mend="give both --carbon and --kwh-per-unit-hour, or neither",
        )
    if options.carbon is None:
        return None
    if energy is None or not 0 <= energy < math.inf:
        raise InputError(
            f"{energy:g} kWh is no energy" if energy is not None else "is missing",
            where="--kwh-per-unit-hour",
            mend="give the kWh that a running unit draws in an hour, cooling included",
        )
    return read_carbon(options.carbon)


def _setting(
    series: DemandSeries,
    options: BacktestOptions,
    unit: Unit,
    market: Market,
    zones: AlignedSpot | None,
    shifts: Sequence[tuple[float, float]],
    every: int,
    prices: UnitPrices,
    carbon: CarbonTrace | None,
    told: Told,
) -> Setting:
    hours = len(series)
    first = _split(hours, options.split, series.source or series.name)
    peak = float(series.demand.max())
    if 0 < peak < LEAST_PEAK:
        raise InputError(
            f"demand never exceeds {peak:g}, which can't be told from the solver's rounding",
            where=series.source or series.name,
            mend="give it in a smaller unit",
        )
    available = np.zeros((0, hours))
    if zones is not None:
        length = zones.least.shape[1]
        available = zones.least[:, np.arange(hours) % length]
        if length < hours:
            told.notes.append(
                f"{series.name}: {length} h of spot availability are repeated over {hours} h"
            )
    grams = None
    if carbon is not None and options.kwh_per_unit_hour is not None:
        grams = carbon.over(series.start, hours) * options.kwh_per_unit_hour
        if not carbon.covers(series.start, hours):
            told.notes.append(
                f"{series.name}: {Path(carbon.source).name} speaks of another time: its hours are "
                "repeated from its start"
            )
    elif prices.gco2e_per_unit_hour is not None:
        grams = np.full(hours, prices.gco2e_per_unit_hour)
    made = Setting(
        name=series.name,
        unit=unit.value,
        start=series.start,
        demand=series.demand,
        test_from=first,
        market=market,
        spot_available=available,
        decide_every_hours=every,
        full_term=options.full_term,
        gco2e_per_unit_hour=grams,
    )
    for factor, share in shifts:
        made = made.shifted(factor, int(hours * share))
        told.notes.append(f"demand is multiplied by {factor:g} from {share:.0%} of the series on")
    if made.demand.max() > MAXIMUM_DEMAND:
        raise InputError(
            f"makes {series.name} {made.demand.max():g}, more than {MAXIMUM_DEMAND:g}",
            where="--shift",
            mend="give a smaller factor",
        )
    return made


# Durations.


def _whole_hours(text: str, option: str, most: int | None = None) -> int:
    hours = _hours(text, option, most)
    if hours < 1 or not hours.is_integer():
        raise InputError(
            f"{text!r} is not a whole number of hours", where=option, mend="write it as 6h or 7d"
        )
    return int(hours)


def _hours(text: str, option: str, most: int | None = None) -> float:
    hours = parse_duration(text, option) / HOUR
    if most is not None and hours > most:
        raise InputError(
            f"{text!r} is longer than {most} h", where=option, mend=f"give {most} h at most"
        )
    return hours
