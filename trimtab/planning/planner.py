"""From a request to a CapacityPlan: forecast, choose the site, commit, size, and say why.

A pure function of its request: no clock, no network, no randomness, so the same request gives the same
bytes. Pools are planned one by one; the site is chosen for all of them together.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

import trimtab
from trimtab.clock import format_duration, format_instant
from trimtab.demand.series import HOUR, DemandSeries
from trimtab.errors import InfeasibleError, InputError
from trimtab.forecast.forecaster import Progress, forecast
from trimtab.forecast.model import HOURS_PER_DAY, Forecast
from trimtab.plan.document import rounded
from trimtab.plan.evidence import (
    Candidate,
    DecisionEvidence,
    Evidence,
    ForecastEvidence,
    Input,
    SiteEvidence,
)
from trimtab.plan.model import CapacityPlan, Commitment, Metadata, PlanSpec, Pool, Site
from trimtab.planning.commitment import Decision, decide
from trimtab.planning.pool import build_pool, proposal, shortage_tolerance
from trimtab.planning.request import PlanRequest, PoolRequest
from trimtab.planning.supply import Site as SupplySite
from trimtab.planning.supply import Supply, best_supply, by_site, feasible, with_list_price
from trimtab.planning.windows import Envelope, envelope

SCREENING_DAYS = 30
SITES_SHOWN = 5
PEAK_LEVEL = 0.9
Forecaster = Callable[[NDArray[np.float64], datetime, int, Progress | None], Forecast]
"""As `trimtab.forecast.forecaster.forecast`."""


@dataclass(frozen=True)
class History:
    """A pool's hourly past, and how its peaks stand over its means."""

    demand: NDArray[np.float64]
    end: datetime
    peak_factor: float
    repairs: tuple[str, ...]


def make_plan(
    request: PlanRequest,
    progress: Progress | None = None,
    forecaster: Forecaster = forecast,
) -> CapacityPlan:
    """Plan the request's pools.

    Args:
        request: what is asked.
        progress: called with (what, done, of) during long steps.
        forecaster: what forecasts a pool's demand.

    Raises:
        InputError: too little history before the as-of instant, or one too old to speak for it.
        InfeasibleError: no offer suits a pool, or no one site serves all of them.
        EngineError: the forecasting library is needed and not installed.
    """
    start = _next_hour(request.as_of)
    hours = int(request.horizon / HOUR)
    histories = {pool.name: _history(pool, request) for pool in request.pools}
    chosen, sites = _choose_site(request, histories)
    site = chosen[0].site

    pools: list[Pool] = []
    commitments: list[Commitment] = []
    forecasts: list[ForecastEvidence] = []
    decisions: list[DecisionEvidence] = []
    for pool, supply in zip(request.pools, chosen, strict=True):
        history = histories[pool.name]
        ahead = _forecast(history, start, hours, forecaster, progress)
        decision = decide(history.demand, ahead, supply.units_per_node, supply.prices)
        line = proposal(pool, supply, decision, ahead)
        if line:
            commitments.append(line)
        tolerance = shortage_tolerance(pool.workloads)
        plain = supply.list_price or supply
        needs, list_needs = (
            envelope(ahead, each.units_per_node, history.peak_factor, tolerance)
            for each in (supply, plain)
        )
        pools.append(build_pool(pool, supply, decision, ahead, needs, list_needs, line))
        forecasts.append(_forecast_evidence(pool.name, ahead))
        decisions.append(_decision_evidence(pool.name, decision, needs, history.peak_factor))

    return CapacityPlan(
        metadata=Metadata(name=request.name),
        spec=PlanSpec(
            as_of=request.as_of,
            start=start,
            valid_until=start + request.horizon,
            site=Site(provider=site.provider, region=site.region, zones=request.zones),
            pools=tuple(pools),
            commitments=tuple(commitments),
            evidence=Evidence(
                generator=f"trimtab {trimtab.__version__}",
                inputs=_inputs(request, histories),
                repairs=tuple(
                    f"{pool.name}: {repair}"
                    for pool in request.pools
                    for repair in histories[pool.name].repairs
                ),
                assumptions=(*request.assumptions, *_site_assumption(request, len(sites))),
                forecasts=tuple(forecasts),
                decisions=tuple(decisions),
                sites=tuple(sites[:SITES_SHOWN]),
                sites_considered=len(sites),
            ),
        ),
    )


def _next_hour(instant: datetime) -> datetime:
    whole = instant.replace(minute=0, second=0, microsecond=0)
    return whole if whole == instant else whole + HOUR


def _history(pool: PoolRequest, request: PlanRequest) -> History:
    """The pool's past up to the decision, per hour.

    Raises:
        InputError: it ends so long before the decision that it says nothing about it.
    """
    seen = pool.demand.until(request.as_of)
    age = request.as_of - seen.end
    if age > request.horizon:
        raise InputError(
            f"the series ends {format_instant(seen.end)}, {format_duration(age)} before "
            f"{format_instant(request.as_of)}: too old to plan {format_duration(request.horizon)} from",
            where=f"--demand {pool.demand.source}",
            mend="export newer demand, or set --as-of to the end of the series",
        )
    hourly = _hourly(seen)
    return History(hourly.demand, hourly.end, _peak_factor(hourly), hourly.repairs)


def _peak_factor(hourly: DemandSeries) -> float:
    """How far peaks stand over means where it matters: high peaks over high means, at least 1.

    A quantile of the hours' own ratios would speak of nearly idle hours, where one request is many
    times the mean.
    """
    if hourly.peak is None:
        return 1.0
    mean, peak = (float(np.quantile(x, PEAK_LEVEL)) for x in (hourly.demand, hourly.peak))
    if mean <= 0:
        mean, peak = float(hourly.demand.max()), float(hourly.peak.max())
    return max(1.0, peak / mean) if mean > 0 else 1.0


def _hourly(series: DemandSeries) -> DemandSeries:
    """The series per hour: finer steps averaged, coarser ones held."""
    if series.step <= HOUR:
        return series.hourly()
    return series.held(HOUR)


def _choose_site(
    request: PlanRequest, histories: dict[str, History]
) -> tuple[list[Supply], list[SiteEvidence]]:
    """The cheapest site for all pools together on recent demand, and all sites, cheapest first."""
    recent = [
        histories[pool.name].demand[-SCREENING_DAYS * HOURS_PER_DAY :] for pool in request.pools
    ]
    offers_at = [by_site(feasible(pool, request)) for pool in request.pools]
    per_pool: list[dict[SupplySite, Supply]] = [
        {
            site: supply
            for site, offers in sites.items()
            if (supply := best_supply(site, offers, past, request, pool.workloads))
        }
        for pool, sites, past in zip(request.pools, offers_at, recent, strict=True)
    ]
    common = set.intersection(*(set(sites) for sites in per_pool))
    if not common:
        where = "; ".join(
            f"{pool.name}: {len(sites)} sites"
            for pool, sites in zip(request.pools, per_pool, strict=True)
        )
        raise InfeasibleError(
            f"no one region serves every pool ({where})",
            where=request.catalogue.source,
            mend="plan the pools apart, or widen --region or the workloads' allowed regions",
        )

    def cost(site: SupplySite) -> float:
        return sum(sites[site].screened_usd_per_hour for sites in per_pool)

    order = sorted(common, key=lambda site: (rounded(cost(site)), site.provider, site.region))
    evidence = [
        SiteEvidence(provider=s.provider, region=s.region, usd_per_hour=rounded(cost(s)))
        for s in order
    ]
    best = order[0]
    chosen = [
        with_list_price(sites[best], offers[best], past)
        for sites, offers, past in zip(per_pool, offers_at, recent, strict=True)
    ]
    return chosen, evidence


def _site_assumption(request: PlanRequest, sites: int) -> tuple[str, ...]:
    """Nothing limits where the cluster is: someone should know that the planner chose freely."""
    stated = request.providers or request.regions
    if stated or any(w.regions for pool in request.pools for w in pool.workloads) or sites == 1:
        return ()
    free = f"site: the cheapest of {sites}, since nothing limits it"
    return (f"{free}; --provider, --region and a workload's allowed regions do",)


def _forecast(
    history: History,
    start: datetime,
    hours: int,
    forecaster: Forecaster,
    progress: Progress | None,
) -> Forecast:
    """The forecast of the plan's span; hours between the history's end and its start are bridged."""
    bridge = max(0, int((start - history.end) / HOUR))
    whole = forecaster(history.demand, history.end, bridge + hours, progress)
    return whole.after(bridge)


def _inputs(request: PlanRequest, histories: dict[str, History]) -> tuple[Input, ...]:
    inputs = [
        Input(
            kind="demand",
            name=pool.demand.source or pool.demand.name,
            digest=pool.demand.digest,
            detail=(
                f"pool {pool.name}: {len(histories[pool.name].demand)} h up to "
                f"{format_instant(histories[pool.name].end)}"
            ),
        )
        for pool in request.pools
    ]
    if request.workloads_digest:
        inputs.append(
            Input(
                kind="workloads",
                name=request.workloads_source or "workloads",
                digest=request.workloads_digest,
            )
        )
    dates = [offer.as_of for offer in request.catalogue]
    inputs.append(
        Input(
            kind="offers",
            name=request.catalogue.source.rsplit("/", 1)[-1],
            digest=request.catalogue.digest,
            detail=f"{len(request.catalogue)} offers, prices of {min(dates)} to {max(dates)}",
        )
    )
    return tuple(inputs)


def _forecast_evidence(pool: str, ahead: Forecast) -> ForecastEvidence:
    def share(value: float | None) -> float | None:
        return None if value is None else rounded(value)

    return ForecastEvidence(
        pool=pool,
        model=ahead.model,
        reason=ahead.reason,
        origins=len(ahead.origins.hours),
        horizon_hours=ahead.hours,
        coverage80=share(ahead.coverage80),
        calibrated_coverage80=share(ahead.calibrated_coverage80),
        scaled_pinball_loss=share(ahead.scaled_pinball_loss),
    )


def _decision_evidence(
    pool: str, decision: Decision, needs: Envelope, peak_factor: float
) -> DecisionEvidence:
    return DecisionEvidence(
        pool=pool,
        rule=decision.rule,
        reason=decision.reason,
        guardrail=decision.guardrail,
        replayed_hours=decision.replayed_hours,
        max_quantile=needs.high_level,
        peak_factor=rounded(peak_factor),
        candidates=tuple(
            Candidate(rule=c.rule, nodes=c.nodes, usd_per_hour=rounded(c.usd_per_hour))
            for c in decision.candidates
        ),
    )
