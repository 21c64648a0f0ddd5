"""From the options of `trimtab plan` to a `PlanRequest`: read the files, pair series with workloads.

Nothing is guessed silently: what the files and options leave open becomes a sentence in the request's
assumptions, and what contradicts is an error that names the option.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from trimtab import clock
from trimtab.catalogue.accelerators import resolve_accelerator
from trimtab.catalogue.known import with_known_facts
from trimtab.catalogue.reader import Catalogue, load_offers
from trimtab.cli.choices import check_known
from trimtab.clock import format_duration, format_instant, parse_instant
from trimtab.demand.reader import read_series
from trimtab.demand.series import HOUR, DemandSeries
from trimtab.errors import InputError, allowed
from trimtab.plan.types import MAX_POOLS, LabelValue, Name, QualifiedName
from trimtab.planning.groups import OWNER_FIELDS
from trimtab.planning.request import (
    PlanRequest,
    PoolRequest,
    Term,
    assumed_workload,
    unit_of,
)
from trimtab.workloads.labels import becomes_pool_label
from trimtab.workloads.model import Unit, Workload
from trimtab.workloads.reader import WorkloadFile, read_workloads

_T = TypeVar("_T")

STDIN = "-"
MAX_HORIZON = timedelta(days=31)
MAX_ZONES = 16
MAX_WORKLOADS = 64
MAX_POOL_NAME = 40
MAX_SENTENCES = 60
"""Of assumptions, and of repairs over all pools: a plan keeps 64 and 256."""
MAX_REPAIRS = 240
PLAN_YEARS = range(2000, 2900)
"""Within what `trimtab.plan.types.Instant` takes."""
PRICES_KEEP = timedelta(days=365)
"""A decision further from its prices than this is told so."""
ZONES_EXTEND_REGION = frozenset({"aws", "gcp"})
"""Providers whose zones' names begin with their region's."""


@dataclass(frozen=True)
class PlanOptions:
    """The options of `trimtab plan`, as given."""

    demand: tuple[str, ...]
    workloads: Path | None = None
    offers: Path | None = None
    unit: Unit | None = None
    units_per_accelerator: float | None = None
    accelerators: tuple[str, ...] = ()
    interruptible: bool = False
    as_of: str | None = None
    horizon: str = "7d"
    max_gap: str = "6h"
    terms: tuple[Term, ...] = ("1y",)
    providers: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    name: str | None = None


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
    sources = _sources(options.demand)

    found = read_workloads(options.workloads) if options.workloads else None
    if found:
        _check_workloads(found)
    if found and any(name is not None for name, _ in sources):
        _check_served(found, [name for name, _ in sources if name is not None])
    catalogue, facts = _catalogue(options.offers)
    _check_place(options, catalogue)

    series = [read_series(file, max_gap=max_gap) for _, file in sources]
    # In a series' own name the file speaks; the pool's name says nothing of its unit.
    units = [unit_of(each, options.unit) for each in series]
    _check_throughput(options, [unit for unit, _ in units])
    pools, assumptions = _pools(options, sources, series, [unit for unit, _ in units], found)
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
        *(found.notes if found else ()),
    ]
    return PlanRequest(
        name=_plan_name(options, found, series),
        pools=_with_bounded_repairs(pools),
        catalogue=catalogue,
        as_of=instant.replace(microsecond=0),
        horizon=horizon,
        terms=_distinct(options.terms),
        providers=_distinct(options.providers),
        regions=_distinct(options.regions),
        zones=_distinct(options.zones),
        workloads_source=options.workloads.name if options.workloads else None,
        workloads_digest=found.digest if found else None,
        assumptions=_bounded(list(dict.fromkeys(sentences)), MAX_SENTENCES),
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


def slug(text: str, limit: int = MAX_POOL_NAME) -> str:
    """The text as a name that Kubernetes takes: lower case, digits and single hyphens."""
    name = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:limit].strip("-")
    return name or "demand"


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


def _sources(demand: Sequence[str]) -> list[tuple[str | None, str]]:
    """Each series' name, if it is given one, and its file.

    Raises:
        InputError: there is none, several stand without a name, or a name or standard input twice.
    """
    if not demand:
        raise InputError("is missing", where="--demand", mend="give a CSV or Parquet file, or -")
    sources = [_source(text) for text in demand]
    bare = next((file for name, file in sources if name is None), None)
    if len(sources) > 1 and bare is not None:
        raise InputError(
            f"{bare} has no name beside other series",
            where="--demand",
            mend=f"write NAME={bare}, with a workload's or pool's name",
        )
    for what, values in (
        ("name", [name for name, _ in sources if name is not None]),
        ("standard input", [file for _, file in sources if file == STDIN]),
    ):
        twice = next((value for value, count in Counter(values).items() if count > 1), None)
        if twice is not None:
            raise InputError(
                f"{what} {twice} is given twice", where="--demand", mend="give it once"
            )
    if len(sources) > MAX_POOLS:
        raise InputError(
            f"{len(sources)} series, more than a plan's {MAX_POOLS} pools",
            where="--demand",
            mend="make several plans",
        )
    return sources


def _source(text: str) -> tuple[str | None, str]:
    name, separator, file = text.partition("=")
    # A path may hold an equals sign; a pool's name holds no slash.
    if not separator or "/" in name or Path(text).is_file():
        name, file = "", text
    elif not name:
        raise InputError(f"{text!r} has no name before =", where="--demand")
    if not file:
        raise InputError(f"{text!r} names no file", where="--demand", mend="write NAME=FILE")
    return name or None, file


def _check_workloads(found: WorkloadFile) -> None:
    """Raises InputError where a workload says what a plan can't carry into names and labels."""
    name, key, value = TypeAdapter(Name), TypeAdapter(QualifiedName), TypeAdapter(LabelValue)
    value_rule = "use up to 63 letters, digits, '-', '_' and '.'"
    for workload in found.workloads:
        selected = [
            *workload.node_selector,
            *((r.key, v) for term in workload.node_requirements for r in term for v in r.values),
        ]
        checks: list[tuple[str, TypeAdapter[str], str, str]] = [
            ("name", name, workload.name, "use a-z, 0-9, '-' and '.'"),
            *(
                (f"owner's {field}", value, getattr(workload.owner, field), value_rule)
                for field in OWNER_FIELDS
            ),
        ]
        for label, wanted in selected:
            if becomes_pool_label(label):
                checks += [
                    ("selected label", key, label, "write it as example.com/gpu-type or gpu-type"),
                    (f"value of selected label {label}", value, wanted, value_rule),
                ]
        for what, kind, text, mend in checks:
            try:
                kind.validate_python(text)
            except ValidationError:
                raise InputError(
                    f"Kubernetes takes no {text!r} as the {what} of workload {workload.name}",
                    where=workload.source,
                    mend=mend,
                ) from None


def _check_served(found: WorkloadFile, names: Sequence[str]) -> None:
    """Raises InputError unless every named series is a workload's, and every workload has one."""
    known = [workload.name for workload in found.workloads]
    for name in names:
        if name not in known:
            raise InputError(
                f"no workload {name!r} in {found.source}",
                where="--demand",
                mend=f"name one of: {allowed(known)}",
            )
    without = [name for name in known if name not in names]
    if without:
        raise InputError(
            f"no series for workload {allowed(without)} of {found.source}",
            where="--demand",
            mend=f"add --demand {without[0]}=FILE, or one series without a name for all to share",
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
    if len(_distinct(options.regions)) != 1:
        raise InputError(
            "zones belong to one region", where="--zone", mend="give that region with --region"
        )
    if len(_distinct(options.zones)) > MAX_ZONES:
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


# Pools.


def _pools(
    options: PlanOptions,
    sources: Sequence[tuple[str | None, str]],
    series: Sequence[DemandSeries],
    units: Sequence[Unit],
    found: WorkloadFile | None,
) -> tuple[list[PoolRequest], list[str]]:
    """A pool for each series, and the sentences on what was assumed for it."""
    pools: list[PoolRequest] = []
    sentences: list[str] = []
    for (name, _), demand, unit in zip(sources, series, units, strict=True):
        if found is None:
            workload, assumed = assumed_workload(
                unit,
                options.accelerators,
                interruptible=options.interruptible,
                units_per_accelerator=options.units_per_accelerator,
            )
            sentences += [f"{name}: {each}" if len(sources) > 1 else each for each in assumed]
            workloads: tuple[Workload, ...] = (workload,)
            title = name or options.name or demand.name
        else:
            chosen = [w for w in found.workloads if name in (None, w.name)]
            with_throughput = [_with_throughput(w, options, unit) for w in chosen]
            workloads = tuple(workload for workload, _ in with_throughput)
            sentences += [sentence for _, sentence in with_throughput if sentence]
            title = name or options.name or Path(found.source).stem
        if len(workloads) > MAX_WORKLOADS:
            raise InputError(
                f"{len(workloads)} workloads share a series, more than {MAX_WORKLOADS}",
                where=str(options.workloads),
                mend="give each its own series with --demand NAME=FILE",
            )
        pools.append(PoolRequest(slug(title), workloads, demand, unit))
    names = Counter(pool.name for pool in pools)
    twice = next((name for name, count in names.items() if count > 1), None)
    if twice is not None:
        raise InputError(
            f"two series would make the pool {twice}",
            where="--demand",
            mend=f"give names that differ in their first {MAX_POOL_NAME} letters and digits",
        )
    return pools, sentences


def _with_throughput(
    workload: Workload, options: PlanOptions, unit: Unit
) -> tuple[Workload, str | None]:
    """The workload with the stated throughput where it has none, and what there is to say."""
    stated, own = options.units_per_accelerator, workload.units_per_accelerator
    if stated is None or unit is not Unit.REQUESTS_PER_SECOND:
        return workload, None
    if own is None:
        return replace(workload, units_per_accelerator=stated), None
    if own == stated:
        return workload, None
    return workload, (
        f"{workload.name}: its own {own:g} requests per second an accelerator count, "
        f"not the {stated:g} of --units-per-accelerator"
    )


def _with_bounded_repairs(pools: Sequence[PoolRequest]) -> tuple[PoolRequest, ...]:
    limit = max(2, MAX_REPAIRS // len(pools))
    return tuple(
        replace(pool, demand=replace(pool.demand, repairs=_bounded(pool.demand.repairs, limit)))
        for pool in pools
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


def _bounded(sentences: Sequence[str], limit: int) -> tuple[str, ...]:
    """The sentences, the long tail counted, each as short as a plan keeps it."""
    kept = sentences if len(sentences) <= limit else sentences[: limit - 1]
    rest = len(sentences) - len(kept)
    tail = (f"and {rest} more of the kind",) if rest else ()
    return (*(each if len(each) <= 900 else each[:899] + "…" for each in kept), *tail)


def _distinct(values: Iterable[_T]) -> tuple[_T, ...]:
    return tuple(dict.fromkeys(values))
