"""From the options of `trimtab plan` to a `PlanRequest`: read the files, pair series with workloads.

Nothing is guessed silently: what the files and options leave open becomes a sentence in the request's
assumptions, and what contradicts is an error that names the option.
"""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from trimtab import clock
from trimtab.catalogue.accelerators import resolve_accelerator
from trimtab.catalogue.known import with_known_facts
from trimtab.catalogue.reader import Catalogue, load_offers
from trimtab.cli.choices import check_known
from trimtab.cli.plan_options import MAX_POOL_NAME, PlanOptions, bounded, distinct, slug
from trimtab.cli.plan_pools import (
    build_pools,
    check_served,
    check_workloads,
    read_sources,
    with_bounded_repairs,
)
from trimtab.cli.plan_present import read_present, within_latency
from trimtab.clock import format_duration, format_instant, parse_instant
from trimtab.demand.reader import read_series
from trimtab.demand.series import HOUR, DemandSeries
from trimtab.errors import InputError, allowed
from trimtab.planning.request import (
    PlanRequest,
    unit_of,
)
from trimtab.workloads.model import Unit
from trimtab.workloads.reader import WorkloadFile, read_workloads

MAX_HORIZON = timedelta(days=31)
MAX_ZONES = 16
MAX_SENTENCES = 60
"""Of assumptions: a plan keeps 64."""
NO_LATENCY = "no offer states a latency"
"""How a note ends that a latency table makes untrue."""
PLAN_YEARS = range(2000, 2900)
"""Within what `trimtab.plan.types.Instant` takes."""
PRICES_KEEP = timedelta(days=365)
"""A decision further from its prices than this is told so."""
ZONES_EXTEND_REGION = frozenset({"aws", "gcp"})
"""Providers whose zones' names begin with their region's."""


def read_request(options: PlanOptions) -> PlanRequest:
    """The request that the options and their files make.

    Raises:
        InputError: an option or a file is wrong, or two of them contradict.
        EngineError: a series is Parquet and pyarrow is not installed.
    """
    horizon = _horizon(options.horizon)
    max_gap = parse_duration(options.max_gap, "--max-gap")
    as_of = parse_as_of(options.as_of) if options.as_of is not None else None
    _check_alone(options)
    sources = read_sources(options.demand)

    found = read_workloads(options.workloads) if options.workloads else None
    if found:
        check_workloads(found)
    if found and any(name is not None for name, _ in sources):
        check_served(found, [name for name, _ in sources if name is not None])
    catalogue, facts = _catalogue(options.offers)
    _check_place(options, catalogue)

    series = [read_series(file, max_gap=max_gap) for _, file in sources]
    # In a series' own name the file speaks; the pool's name says nothing of its unit.
    units = [unit_of(each, options.unit) for each in series]
    _check_throughput(options, [unit for unit, _ in units])
    pools, assumptions = build_pools(options, sources, series, [unit for unit, _ in units], found)
    instant = as_of or max(each.end for each in series)
    if instant.year not in PLAN_YEARS:
        raise InputError(
            f"{format_instant(instant)} is no instant that a plan can hold",
            where="--as-of",
            mend=f"choose one from {PLAN_YEARS[0]} to {PLAN_YEARS[-1]}",
        )
    sentences = [
        *_as_of_sentence(as_of, series),
        *(
            f"{pool.name}: {sentence}" if len(pools) > 1 else sentence
            for pool, (_, sentence) in zip(pools, units, strict=True)
            if sentence
        ),
        *assumptions,
        *facts,
        *_price_sentence(catalogue, instant),
        *(
            note
            for note in (found.notes if found else ())
            if not (options.latency and note.endswith(NO_LATENCY))
        ),
    ]
    present = read_present(options, pools, instant)
    offered = {offer.region for offer in catalogue}
    offered |= {each.site for each in present.inventory.owned} if present.inventory else set()
    near, latency_input, reached = within_latency(options, pools, present.limits, offered)
    sentences += [*present.sentences, *reached]
    terms = distinct(options.terms)
    if present.limits.terms is not None:
        terms = tuple(term for term in terms if term in present.limits.terms)
    return PlanRequest(
        name=_plan_name(options, found, series),
        pools=with_bounded_repairs(near),
        catalogue=catalogue,
        as_of=instant.replace(microsecond=0),
        horizon=horizon,
        terms=terms,
        providers=distinct(options.providers),
        regions=distinct(options.regions),
        zones=distinct(options.zones),
        workloads_source=options.workloads.name if options.workloads else None,
        workloads_digest=found.digest if found else None,
        inventory=present.inventory,
        previous=present.previous,
        events=present.events,
        limits=present.limits,
        inputs=(*present.inputs, *latency_input),
        assumptions=bounded(list(dict.fromkeys(sentences)), MAX_SENTENCES),
    )


# Instants, durations and names.


def parse_duration(text: str, where: str) -> timedelta:
    """A duration such as `7d`, `36h`, `10min`, `90s`, `2w`; `0h` is one too.

    Raises:
        InputError: it is none.
    """
    try:
        return clock.parse_duration(text)
    except ValueError as error:
        raise InputError(str(error), where=where, mend=clock.DURATION_MEND) from None


def parse_as_of(text: str) -> datetime:
    """The instant of the decision.

    Raises:
        InputError: it is no instant.
    """
    try:
        instant = parse_instant(text)
    except ValueError:
        raise InputError(
            f"{text!r} is no ISO 8601 instant",
            where="--as-of",
            mend="write it as 2026-12-01T00:00:00Z",
        ) from None
    return instant


def _horizon(text: str) -> timedelta:
    horizon = parse_duration(text, "--horizon")
    if horizon < HOUR or horizon % HOUR or horizon > MAX_HORIZON:
        raise InputError(
            f"{text!r} is not from 1h to {format_duration(MAX_HORIZON)} in whole hours",
            where="--horizon",
            mend="plan a week or so, and plan again before it ends",
        )
    return horizon


def _plan_name(
    options: PlanOptions, found: WorkloadFile | None, series: Sequence[DemandSeries]
) -> str:
    if options.name is not None:
        if options.name != slug(options.name):
            raise InputError(
                f"{options.name!r} is no name for a plan",
                where="--name",
                mend=f"use up to {MAX_POOL_NAME} of a-z, 0-9 and hyphens within, such as "
                f"{slug(options.name)}",
            )
        return options.name
    if found:
        return slug(Path(found.source).stem)
    return slug(series[0].name) if len(series) == 1 else "plan"


# What the options say about each other.


def _check_alone(options: PlanOptions) -> None:
    """Raises InputError where an option has no meaning beside another."""
    throughput = options.units_per_accelerator
    if throughput is not None and not (math.isfinite(throughput) and throughput > 0):
        raise InputError(
            f"{throughput:g} is no throughput",
            where="--units-per-accelerator",
            mend="give a positive number",
        )
    for name in options.accelerators:
        try:
            resolve_accelerator(name)
        except InputError as error:
            raise InputError(error.message, where="--accelerator", mend=error.mend) from None
    stated = {
        "--accelerator": (bool(options.accelerators), "in its nodeSelector"),
        "--interruptible": (options.interruptible, "with the annotation trimtab.dev/interruptible"),
    }
    for option, (given, instead) in stated.items():
        if given and options.workloads:
            raise InputError(
                "speaks of an assumed workload, and --workloads gives real ones",
                where=option,
                mend=f"state it {instead}, or drop --workloads",
            )


def _check_place(options: PlanOptions, catalogue: Catalogue) -> None:
    """Raises InputError for a provider or region that the offers do not know, or zones elsewhere."""
    providers = {offer.provider for offer in catalogue}
    check_known("--provider", options.providers, providers, catalogue.source)
    check_known(
        "--region", options.regions, {offer.region for offer in catalogue}, catalogue.source
    )
    if not options.zones:
        return
    if len(distinct(options.regions)) != 1:
        raise InputError(
            "zones belong to one region", where="--zone", mend="give that region with --region"
        )
    if len(distinct(options.zones)) > MAX_ZONES:
        raise InputError(f"more than {MAX_ZONES} zones", where="--zone", mend="give fewer")
    region = options.regions[0]
    there = {offer.provider for offer in catalogue if offer.region == region}
    for zone in options.zones:
        if not zone or (there <= ZONES_EXTEND_REGION and not zone.startswith(region)):
            raise InputError(
                f"{zone!r} is no zone of {region}",
                where="--zone",
                mend=f"its zones' names begin with {region}",
            )


def _check_throughput(options: PlanOptions, units: Sequence[Unit]) -> None:
    if options.units_per_accelerator is None or Unit.REQUESTS_PER_SECOND in units:
        return
    raise InputError(
        f"has no meaning for demand in {allowed({unit.value for unit in units})}",
        where="--units-per-accelerator",
        mend="give --unit requests-per-second, or drop it",
    )


# Offers and sentences.


def _catalogue(path: Path | None) -> tuple[Catalogue, list[str]]:
    catalogue, gained = with_known_facts(load_offers(path))
    if not gained:
        return catalogue, []
    name = Path(catalogue.source).name
    taken = (
        f"{gained} take emissions or interruption bands that {name} lacks from the built-in table"
    )
    return catalogue, [f"offers: {taken}; prices are its own"]


def _price_sentence(catalogue: Catalogue, instant: datetime) -> list[str]:
    """What to say when the prices are of another time than the decision."""
    dates = [offer.as_of for offer in catalogue]
    first, last = min(dates), max(dates)
    if first - PRICES_KEEP <= instant.date() <= last + PRICES_KEEP:
        return []
    return [f"prices: of {first} to {last}, taken to hold at {format_instant(instant)} too"]


def _as_of_sentence(stated: datetime | None, series: Sequence[DemandSeries]) -> list[str]:
    if stated is not None:
        return []
    last = max(each.end for each in series)
    which = "the series" if len(series) == 1 else "the last series"
    return [f"as of: {format_instant(last)}, where {which} ends; --as-of says otherwise"]
