"""From a request to a CapacityPlan: forecast, choose the site, commit, size, and say why.

A pure function of its request: no clock, no network, no randomness, so the same request gives the same
bytes. Pools are planned one by one; the site is chosen for all of them together.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

import trimtab
from trimtab.demand.series import HOUR
from trimtab.errors import InfeasibleError, InputError
from trimtab.forecast.fleet import Progress
from trimtab.forecast.model import Forecast
from trimtab.inventory.model import Inventory
from trimtab.limits.model import Limits
from trimtab.plan.evidence import (
    DecisionEvidence,
    Evidence,
    HeldEvidence,
)
from trimtab.plan.model import CapacityPlan, Metadata, PlanSpec, Site
from trimtab.planning import allocation, joint
from trimtab.planning.commitment import YEAR_HOURS, Decision, decide
from trimtab.planning.commitment_cap import capped
from trimtab.planning.forecasting import Asked, FleetForecaster, default_forecaster, forecasts
from trimtab.planning.guardrails import STEP_DOWN, Steadiness
from trimtab.planning.histories import History, read_history
from trimtab.planning.holdings import Holdings, Span, idle_evidence
from trimtab.planning.own_pool import DECISION, OwnDraft, build_own_pool
from trimtab.planning.own_sites import only_owned
from trimtab.planning.pool import Built, Draft, build_pool
from trimtab.planning.present import Present
from trimtab.planning.proposals import TERM_HOURS
from trimtab.planning.record import (
    decision_evidence,
    forecast_evidence,
    inputs,
    site_assumption,
)
from trimtab.planning.request import PlanRequest, PoolRequest
from trimtab.planning.sites import Chosen, choose_site
from trimtab.planning.supply import Market, Supply
from trimtab.planning.windows import window_hours

SITES_SHOWN = 5
HELD_SHOWN = 256
BATCH_POOLS = 128
"""Pools forecast together; more would hold more past forecasts in memory than they are worth."""


@dataclass(frozen=True)
class _Case:
    """A request with what is known before anything is forecast."""

    request: PlanRequest
    start: datetime
    hours: int
    present: Present
    histories: tuple[History, ...]
    policies: tuple[Steadiness, ...]


def make_plan(
    request: PlanRequest,
    progress: Progress | None = None,
    forecaster: FleetForecaster = default_forecaster,
) -> CapacityPlan:
    """Plan the request's pools.

    Args:
        request: what is asked.
        progress: called with (what, done, of) during long steps.
        forecaster: what forecasts the pools' demand, all at once.

    Raises:
        InputError: too little history before the as-of instant, or one too old to speak for it.
        InfeasibleError: no offer suits a pool, or no one site serves all of them.
        EngineError: the forecasting library is needed and not installed.
    """
    return next(plan_fleet([request], progress, forecaster))


def plan_fleet(
    requests: Iterable[PlanRequest],
    progress: Progress | None = None,
    forecaster: FleetForecaster = default_forecaster,
) -> Iterator[CapacityPlan]:
    """Plan many requests, each a cluster of its own; as `make_plan`.

    Pools are forecast together in batches over as many requests as it takes, and offers matched once
    for every place and shape of workload.
    """
    markets: dict[tuple[object, ...], Market] = {}
    waiting: deque[tuple[list[_Case], Future[list[Forecast]]]] = deque()
    # While one batch is planned the next is forecast: the latter is mostly outside the interpreter.
    with ThreadPoolExecutor(1) as worker:
        for batch in _batches(requests):
            waiting.append((batch, worker.submit(_forecast, batch, forecaster, progress)))
            if len(waiting) > 1:
                yield from _plans(*waiting.popleft(), markets)
        while waiting:
            yield from _plans(*waiting.popleft(), markets)


def _batches(requests: Iterable[PlanRequest]) -> Iterator[list["_Case"]]:
    """The requests' cases, as many together as make up a batch of pools."""
    batch: list[_Case] = []
    for request in requests:
        batch.append(_case(request))
        if sum(len(case.histories) for case in batch) >= BATCH_POOLS:
            yield batch
            batch = []
    if batch:
        yield batch


def _forecast(
    batch: Sequence["_Case"], forecaster: FleetForecaster, progress: Progress | None
) -> list[Forecast]:
    asked = [
        Asked(pool.name, history, case.start, case.hours, case.request.events)
        for case in batch
        for pool, history in zip(case.request.pools, case.histories, strict=True)
    ]
    return forecasts(asked, forecaster, progress)


def _plans(
    batch: Sequence["_Case"],
    ahead: "Future[list[Forecast]]",
    markets: dict[tuple[object, ...], Market],
) -> Iterator[CapacityPlan]:
    """A batch's plans, from its forecasts."""
    found = iter(ahead.result())
    for case in batch:
        request = case.request
        place = (id(request.catalogue), request.providers, request.regions)
        if place not in markets:
            markets[place] = Market(request)
        yield _plan(case, [next(found) for _ in case.histories], markets[place])


def _case(request: PlanRequest) -> _Case:
    start = _next_hour(request.as_of)
    present = Present(request.inventory, request.previous, start)
    return _Case(
        request,
        start,
        int(request.horizon / HOUR),
        present,
        tuple(read_history(pool, request, present) for pool in request.pools),
        tuple(_policy(pool, request.limits) for pool in request.pools),
    )


def _plan(case: _Case, ahead: Sequence[Forecast], market: Market) -> CapacityPlan:
    request = case.request
    drafted = _drafted(case, ahead, market)
    reasons = joint.broken(request.limits, [each for each, _ in drafted.built])
    if reasons:
        drafted = _settle(case, ahead, market, drafted, reasons)
    return _document(case, ahead, drafted)


def _settle(
    case: _Case,
    ahead: Sequence[Forecast],
    market: Market,
    drafted: "_Drafted",
    reasons: list[str],
) -> "_Drafted":
    """The pools planned so that the shared limits hold: at the chosen site, else at a cleaner one."""
    limits = case.request.limits
    if drafted.case is None:
        raise joint.unkept(limits, reasons)
    try:
        tried = joint.settle(drafted.case, reasons)
    except InfeasibleError as error:
        tried, why = [], error
    else:
        why = joint.unkept(limits, reasons)
    if limits.kg_per_month is not None:
        tried += [joint.by_price(usd_per_kg, reasons) for usd_per_kg in joint.USD_PER_KG]
    for settled in tried:
        drafted = _drafted(case, ahead, market, settled)
        if not joint.broken(limits, [each for each, _ in drafted.built]):
            return drafted
    raise why


@dataclass(frozen=True)
class _Drafted:
    """All pools of a request, planned, in its order.

    `case` is of those that a cloud may serve; None where there are none.
    """

    case: joint.Case | None
    site: Site
    built: list[tuple[Built, DecisionEvidence]]
    idle: list[HeldEvidence]


def _drafted(
    case: _Case,
    ahead: Sequence[Forecast],
    market: Market,
    settled: joint.Settlement | None = None,
) -> _Drafted:
    apart = _apart(case.request)
    own = {i: _own(case, ahead[i], i) for i in apart}
    idle = [row for _, _, rows in own.values() for row in rows]
    built = {i: (each, evidence) for i, (each, evidence, _) in own.items()}
    rest = [i for i in range(len(case.request.pools)) if i not in own]
    if not rest:
        return _Drafted(None, _home(case), list(built.values()), idle)
    asked = replace(
        case,
        request=replace(
            case.request,
            pools=tuple(case.request.pools[i] for i in rest),
            inventory=_without(case.request.inventory, [case.request.pools[i] for i in apart]),
        ),
        histories=tuple(case.histories[i] for i in rest),
        policies=tuple(case.policies[i] for i in rest),
    )
    whole, found, unused = _bought(asked, [ahead[i] for i in rest], market, settled)
    built |= dict(zip(rest, found, strict=True))
    site = whole.chosen.supplies[0].site
    return _Drafted(
        replace(whole, own=[each for each, _, _ in own.values()]),
        Site(provider=site.provider, region=site.region, zones=case.request.zones),
        [built[i] for i in sorted(built)],
        [*unused, *idle],
    )


def _apart(request: PlanRequest) -> list[int]:
    """The pools that owned machines alone may serve, by their place in the request."""
    if not request.inventory or not request.inventory.owned:
        return []
    offered = {offer.region for offer in request.catalogue}
    return [
        i for i, pool in enumerate(request.pools) if only_owned(pool, request.inventory, offered)
    ]


def _without(inventory: Inventory | None, pools: Sequence[PoolRequest]) -> Inventory | None:
    """The inventory without the machines of those pools."""
    names = {pool.name for pool in pools}
    if inventory is None or not names:
        return inventory
    return replace(
        inventory, owned=tuple(each for each in inventory.owned if each.pool not in names)
    )


def _home(case: _Case) -> Site:
    """Where the cluster is, when nothing is bought anywhere."""
    home = case.present.site()
    if home is None:
        raise InputError(
            "owned machines alone serve every pool, and nothing says where the cluster is",
            where="--inventory, spec.site",
            mend="state it: {provider: owned, region: <the site>}",
        )
    return Site(provider=home[0], region=home[1], zones=case.request.zones)


def _own(
    case: _Case, ahead: Forecast, i: int
) -> tuple[Built, DecisionEvidence, list[HeldEvidence]]:
    """A pool that owned machines alone may serve."""
    pool, history = case.request.pools[i], case.histories[i]
    span = Span(case.start, case.hours, window_hours(case.hours))
    holdings, idle = allocation.own_holdings(pool, case.request.inventory or Inventory(), span)
    built = build_own_pool(OwnDraft(pool, ahead, history.peak_factor, holdings))
    evidence = decision_evidence(pool.name, DECISION, built.needs, history.peak_factor, None)
    return built, evidence, [idle_evidence(row) for row in idle]


def _bought(
    case: _Case,
    ahead: Sequence[Forecast],
    market: Market,
    settled: joint.Settlement | None,
) -> tuple[joint.Case, list[tuple[Built, DecisionEvidence]], list[HeldEvidence]]:
    """The pools that a cloud may serve."""
    request = case.request
    demand = [history.demand for history in case.histories]
    chosen = choose_site(
        request,
        demand,
        case.present,
        case.policies,
        market,
        only=settled.types if settled else {},
        at=settled.site if settled else None,
        extra_usd_per_kg=settled.usd_per_kg if settled else 0.0,
    )
    span = Span(case.start, case.hours, window_hours(case.hours))
    holdings, idle = _holdings(request, chosen, span)
    decisions = [
        _decide(*each)
        for each in zip(case.histories, ahead, chosen.supplies, holdings, strict=True)
    ]
    if settled:
        decisions = [
            _settled(decision, settled, pool.name, supply.units_per_node)
            for decision, pool, supply in zip(
                decisions, request.pools, chosen.supplies, strict=True
            )
        ]
    most = request.limits.commitment_usd_per_hour
    if most is not None:
        decisions = capped(decisions, chosen.supplies, ahead, holdings, most)
    built = []
    for i, pool in enumerate(request.pools):
        history = case.histories[i]
        draft = Draft(
            pool,
            chosen.supplies[i],
            decisions[i],
            ahead[i],
            history.peak_factor,
            holdings[i],
            case.present,
            case.policies[i],
            history.fault,
        )
        each = build_pool(draft)
        evidence = decision_evidence(
            pool.name, decisions[i], each.needs, history.peak_factor, settled
        )
        built.append((each, evidence))
    carbon = [each.pool.expected.kgco2e_per_hour for each, _ in built]
    kg = None if None in carbon else sum(each.mean for each in carbon if each)
    whole = joint.Case(request, chosen, case.histories, ahead, holdings, decisions, span, kg)
    return whole, built, idle


def _document(case: _Case, ahead: Sequence[Forecast], drafted: _Drafted) -> CapacityPlan:
    request = case.request
    chosen = drafted.case.chosen if drafted.case else None
    built = [each for each, _ in drafted.built]
    held = [*(row for each in built for row in each.held), *drafted.idle]
    stability = [row for each in built for row in each.stability]
    return CapacityPlan(
        metadata=Metadata(name=request.name),
        spec=PlanSpec(
            as_of=request.as_of,
            start=case.start,
            valid_until=case.start + request.horizon,
            site=drafted.site,
            pools=tuple(each.pool for each in built),
            commitments=tuple(line for each in built for line in each.lines),
            evidence=Evidence(
                generator=f"trimtab {trimtab.__version__}",
                inputs=inputs(request, case.histories),
                repairs=tuple(
                    f"{pool.name}: {repair}"
                    for pool, history in zip(request.pools, case.histories, strict=True)
                    for repair in history.repairs
                ),
                assumptions=(
                    *request.assumptions,
                    *(site_assumption(request, chosen) if chosen else ()),
                ),
                forecasts=tuple(
                    forecast_evidence(pool.name, each)
                    for pool, each in zip(request.pools, ahead, strict=True)
                ),
                decisions=tuple(evidence for _, evidence in drafted.built),
                sites=tuple(chosen.evidence[:SITES_SHOWN]) if chosen else (),
                sites_considered=len(chosen.evidence) if chosen else 1,
                held=tuple(held[:HELD_SHOWN]) or None,
                stability=tuple(stability) or None,
            ),
        ),
    )


def _next_hour(instant: datetime) -> datetime:
    whole = instant.replace(minute=0, second=0, microsecond=0)
    return whole if whole == instant else whole + HOUR


def _policy(pool: PoolRequest, limits: Limits) -> Steadiness:
    """How reluctantly a pool's sizes fall: a move repeats the work that a restart loses."""
    moving = limits.moving_hours
    return Steadiness(
        step_down=STEP_DOWN if limits.step_down is None else limits.step_down,
        moving_hours=max(w.restart_hours for w in pool.workloads) if moving is None else moving,
    )


def _holdings(
    request: PlanRequest, chosen: Chosen, span: Span
) -> tuple[list[Holdings], list[HeldEvidence]]:
    """What each pool has already, and the evidence of what nobody uses."""
    if request.inventory is None:
        return [Holdings(span) for _ in request.pools], []
    candidates = [
        allocation.Candidate(pool, supply, offers, recent)
        for pool, supply, offers, recent in zip(
            request.pools, chosen.supplies, chosen.offers, chosen.recent, strict=True
        )
    ]
    found, idle = allocation.allocate(candidates, request.inventory, span)
    return found, [idle_evidence(row) for row in idle]


def _decide(history: History, ahead: Forecast, supply: Supply, holdings: Holdings) -> Decision:
    """How many base nodes to commit beside what lasts."""
    if history.fault:
        why = "nothing is bound on telemetry that can't be trusted"
        return Decision(0, "nothing", why, history.fault, 0, ())
    lasting = holdings.lasting_units(supply.units_per_node)
    past = history.demand
    if lasting:
        past, ahead = np.maximum(past - lasting, 0.0), _beyond(ahead, lasting)
    term_hours = TERM_HOURS[supply.term] if supply.term else YEAR_HOURS
    return decide(past, ahead, supply.units_per_node, supply.prices, term_hours)


def _settled(
    decision: Decision, settled: joint.Settlement, pool: str, units_per_node: float
) -> Decision:
    """The decision with what the programme bought, as far as the rule goes along."""
    if pool not in settled.units:
        return decision
    nodes = min(decision.nodes, int(settled.units[pool] / units_per_node + 1e-6))
    if nodes == decision.nodes:
        return decision
    held = f"{settled.solver}: {nodes} of the {decision.nodes} nodes that the rule would commit"
    return replace(decision, nodes=nodes, guardrail=held)


def _beyond(ahead: Forecast, units: float) -> Forecast:
    """The forecast of the demand above so many units: quantiles of a rising transform."""
    origins = replace(ahead.origins, quantiles=np.maximum(ahead.origins.quantiles - units, 0.0))
    return replace(ahead, quantiles=np.maximum(ahead.quantiles - units, 0.0), origins=origins)
