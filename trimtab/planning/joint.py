"""What the closed form can't settle pool by pool: budgets and a carbon cap over all of them.

The closed form is exact for one pool at its site, and does not see what pools share. So its plan is
held against the shared limits first; only where one does not hold is a linear programme asked: all
pools at the chosen site, joint demand paths of the plan's span, and of every pool's suitable types the
cheapest, the cheapest committed and the cleanest. It settles each pool's type and commitment, the
latter never above what the replayed rules allow; sizes follow from them as always. Where no mix holds
every limit, its explanation names the conditions in conflict and the smallest relaxation.
"""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from trimtab.catalogue.offers import Offer
from trimtab.clock import HOURS_PER_MONTH
from trimtab.errors import InfeasibleError, InputError, TrimtabError
from trimtab.forecast.model import HOURS_PER_DAY, Array, Forecast
from trimtab.limits.model import Budget, Limits
from trimtab.optimise import problem as lp
from trimtab.planning.commitment import Decision
from trimtab.planning.histories import History
from trimtab.planning.holdings import Holdings, Span
from trimtab.planning.pool import Built
from trimtab.planning.proposals import TERM_HOURS
from trimtab.planning.request import PlanRequest
from trimtab.planning.sites import Chosen, Found
from trimtab.planning.supply import Site, Supply, committed_rate

MOST_PATHS = 20
MOST_CELLS = 4_000
"""Paths x pools x windows: fewer paths where there are many pools, at least three."""
LEAST_PATHS = 3
SLACK = 1e-3
"""A limit that is passed by less than this share is kept: a plan's figures are no more exact."""
TIME_LIMIT_SECONDS = 20.0
"""Of each programme, those that explain a contradiction included."""
SITE = "site"
ON_DEMAND, COMMITTED, SPOT = WAYS = ("on demand", "committed", "spot")
"""How a source's name says what it is."""
USD_PER_KG = (0.1, 0.5, 2.5, 12.5, 100.0)
"""Prices of carbon that are tried in turn where no mix at the chosen site keeps the cap."""


@dataclass(frozen=True)
class Settlement:
    """What the programme settled.

    Attributes:
        site: where, or None where that is open.
        types: pool to its instance type; a pool that is absent is open.
        units: pool to the demand that commitments are to serve; likewise.
        usd_per_kg: price of carbon that keeps the cap, beside the limits' own.
        solver: how it was found.
        reason: why the closed form did not suffice.
    """

    solver: str
    reason: str
    site: Site | None = None
    types: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, float] = field(default_factory=dict)
    usd_per_kg: float = 0.0


@dataclass(frozen=True)
class Case:
    """A request with everything that the programme is made from, per pool in the request's order.

    `kg_per_hour` is what the closed form's plan emits, in whole nodes; None where not known. `own` are
    pools that owned machines alone serve: nothing about them can be chosen, and they count in the limits.
    """

    request: PlanRequest
    chosen: Chosen
    histories: Sequence[History]
    ahead: Sequence[Forecast]
    holdings: Sequence[Holdings]
    decisions: Sequence[Decision]
    span: Span
    kg_per_hour: float | None = None
    own: Sequence[Built] = ()


def broken(limits: Limits, built: Sequence[Built]) -> list[str]:
    """The shared limits that plans of these pools would not keep, a sentence each."""
    found = []
    for budget in limits.budgets:
        usd = sum(each.pool.expected.usd_per_hour.mean for each in built if _concerns(budget, each))
        if usd * HOURS_PER_MONTH > budget.usd_per_month * (1 + SLACK):
            found.append(
                f"${usd * HOURS_PER_MONTH:,.0f} a month expected, over the budget of "
                f"${budget.usd_per_month:,.0f} of {budget.title}"
            )
    if limits.kg_per_month is not None:
        known = [each.pool.expected.kgco2e_per_hour for each in built]
        kg = sum(interval.mean for interval in known if interval) * HOURS_PER_MONTH
        if None in known:
            found.append("emissions of some pools are not known")
        elif kg > limits.kg_per_month * (1 + SLACK):
            found.append(
                f"{kg:,.0f} kg CO2e a month expected, over the cap of {limits.kg_per_month:,.0f}"
            )
    return found


def settle(case: Case, reasons: Sequence[str]) -> list[Settlement]:
    """Types and commitments that keep every shared limit at the least cost, to be tried in order.

    A pool has one type where the programme may mix several: first the one that serves most of it is
    taken, then, where that would not keep a cap, the cleanest of the mix.

    Raises:
        InfeasibleError: none do; names the conditions and the smallest relaxation.
        InputError: a cap on carbon can't be kept without knowing any emissions.
        EngineError: the solver is missing or failed.
    """
    from trimtab.optimise.solve import Whole, solve

    _refuse_sunk(case)
    problem, offers = _problem(case)
    _refuse_cap(case, problem, offers)
    _refuse_budgets(case, problem)
    try:
        solution = solve(problem, whole=Whole.ROUNDED, time_limit_seconds=TIME_LIMIT_SECONDS)
    except InfeasibleError as error:
        raise _located(error, case.request.limits) from None
    sources = {source.name: i for i, source in enumerate(problem.sources)}
    most: dict[str, str] = {}
    cleanest: dict[str, str] = {}
    bought: dict[str, float] = {}
    for p, pool in enumerate(case.request.pools):
        served = {
            offer: units
            * sum(
                float(solution.serving[sources[name], p].sum())
                for what in WAYS
                if (name := _name(pool.name, what, offer)) in sources
            )
            for offer, units in offers[p]
        }
        units_of = dict(offers[p])
        mix = [offer for offer in served if served[offer] > SLACK * sum(served.values())]
        most[pool.name] = max(served, key=lambda o: (served[o], o.instance_type)).instance_type
        cleanest[pool.name] = min(
            mix or list(served),
            key=lambda o: ((o.gco2e_per_hour or 0) / units_of[o], o.instance_type),
        ).instance_type
        products = {_name(pool.name, COMMITTED, offer): units for offer, units in offers[p]}
        bought[pool.name] = sum(
            each.quantity * products[each.product]
            for each in solution.bought
            if each.product in products
        )
    site = case.chosen.supplies[0].site
    reason = "; ".join(reasons)
    found = [Settlement(solution.method, reason, site, most, bought)]
    if cleanest != most and case.request.limits.kg_per_month is not None:
        found.append(Settlement(solution.method, reason, site, cleanest, bought))
    return found


def unkept(limits: Limits, broken_by: Sequence[str]) -> InfeasibleError:
    """Limits that fractions of nodes would keep, and whole ones do not."""
    return InfeasibleError(
        f"in whole nodes no plan was found that keeps every limit: {'; '.join(broken_by)}",
        where=f"--limits {limits.source}",
        mend="raise that limit to what is expected, or relax another one",
    )


def by_price(usd_per_kg: float, reasons: Sequence[str]) -> Settlement:
    """Sites and types chosen as if carbon cost so much: another site may keep the cap."""
    return Settlement(
        f"closed form at ${usd_per_kg:g} per kg CO2e", "; ".join(reasons), usd_per_kg=usd_per_kg
    )


def _located(error: TrimtabError, limits: Limits) -> InfeasibleError:
    """The programme's explanation with the file and the fields that it speaks of."""
    fields = [
        field
        for field, named in (
            ("spec.carbon.kgPerMonth", "carbon cap" in error.message),
            ("spec.budgets", any(b.title in error.message for b in limits.budgets)),
        )
        if named
    ]
    return InfeasibleError(
        f"{error.message} (figures of a month of {HOURS_PER_MONTH:.0f} h)",
        where=", ".join([f"--limits {limits.source}", *fields]),
        mend=error.mend,
    )


def _refuse_sunk(case: Case) -> None:
    """Raises InfeasibleError where what is held alone costs more than a budget."""
    limits = case.request.limits
    for budget in limits.budgets:
        month = sum(
            (holdings.committed(0, None).usd_per_hour + holdings.sunk_usd_per_hour)
            for i, holdings in enumerate(case.holdings)
            if _owner(limits, case.request.pools[i].name, case) == budget.title
        ) + _own_usd(case, budget)
        month *= HOURS_PER_MONTH
        if month > budget.usd_per_month * (1 + SLACK):
            raise InfeasibleError(
                f"what is held already costs ${month:,.0f} a month, over the budget of "
                f"${budget.usd_per_month:,.0f} of {budget.title}",
                where=budget.where or f"--limits {limits.source}",
                mend=f"raise it to ${month:,.0f} at least, or let holdings lapse first",
            )


def _refuse_cap(
    case: Case, problem: lp.Problem, offers: Sequence[Sequence[tuple[Offer, float]]]
) -> None:
    """Raises InfeasibleError where even the cleanest types emit more than the cap: no programme is needed."""
    limits, site = case.request.limits, case.chosen.supplies[0].site
    if limits.kg_per_month is None:
        return
    nodes = np.asarray(problem.scenarios.demand).mean(axis=0) @ np.asarray(problem.hours)
    kg = 0.0
    for mine, supply, needed in zip(offers, case.chosen.supplies, nodes.tolist(), strict=True):
        grams = [(offer.gco2e_per_hour or 0.0) / units for offer, units in mine]
        kg += min(grams) * supply.units_per_node * needed / 1000
    kg = kg * _whole_nodes(case, np.asarray(problem.scenarios.demand))
    kg += _held_kg(case) * HOURS_PER_MONTH
    if kg > limits.kg_per_month * (1 + SLACK):
        raise InfeasibleError(
            f"the carbon cap ({limits.kg_per_month:,.0f} kg a month) is below what the cleanest "
            f"types that suit emit at {site.provider} {site.region}, {kg:,.0f} kg",
            where=f"--limits {limits.source}, spec.carbon.kgPerMonth",
            mend=f"raise the carbon cap to {math.ceil(kg):,} kg, or allow other types or regions",
        )


def _refuse_budgets(case: Case, problem: lp.Problem) -> None:
    """Raises InfeasibleError where a budget is below the least that its pools cost without any limit.

    One programme says so, where the explanation of a contradiction over many pools takes dozens.
    """
    from trimtab.optimise.solve import solve

    if not problem.limits.budgets_usd:
        return
    free = replace(problem, limits=lp.Limits())
    solution = solve(free, time_limit_seconds=TIME_LIMIT_SECONDS)
    hours = np.asarray(problem.hours)
    prices = {each.name: getattr(each, "usd_per_hour", 0.0) for each in problem.sources}
    running = np.array(
        [0.0 if isinstance(each, lp.Reservation) else prices[each.name] for each in problem.sources]
    )
    usd = np.einsum("i,ipt,t->p", running, solution.serving, hours)
    for p, pool in enumerate(case.request.pools):
        usd[p] += sum(
            each.quantity * prices[each.product] * HOURS_PER_MONTH
            for each in solution.bought
            if each.product.startswith(f"{pool.name}: ")
        )
    for budget in case.request.limits.budgets:
        mine = [w.owner == budget.title for w in problem.workloads]
        least = float(usd[mine].sum())
        beyond = least - problem.limits.budgets_usd.get(budget.title, least)
        if beyond > SLACK * budget.usd_per_month:
            raise InfeasibleError(
                f"the budget of {budget.title} (${budget.usd_per_month:,.0f} a month) is below the "
                f"least that its pools cost, ${budget.usd_per_month + beyond:,.0f}",
                where=budget.where or f"--limits {case.request.limits.source}, spec.budgets",
                mend=f"raise the budget to ${budget.usd_per_month + beyond:,.0f}, or lower demand",
            )


def _concerns(budget: Budget, each: Built) -> bool:
    owner = each.pool.owner
    wanted = budget.owner
    return all(
        getattr(wanted, name) in ("", getattr(owner, name))
        for name in ("team", "project", "model", "environment")
    )


def _name(pool: str, what: str, offer: Offer) -> str:
    return f"{pool}: {what} {offer.instance_type}"


def _problem(case: Case) -> "tuple[lp.Problem, list[list[tuple[Offer, float]]]]":
    """The programme's problem, and per pool the offers that it chooses from."""
    limits, span = case.request.limits, case.span
    capped = limits.kg_per_month is not None
    types: list[lp.NodeType] = []
    sources: list[lp.Source] = []
    workloads: list[lp.Workload] = []
    offers: list[list[tuple[Offer, float]]] = []
    for i, pool in enumerate(case.request.pools):
        supply, decision = case.chosen.supplies[i], case.decisions[i]
        mine = _worth(case.chosen.offers[i], supply, case.request, pool.name, known=capped)
        offers.append(mine)
        allowed = decision.nodes * supply.units_per_node
        for offer, units in mine:
            kind = f"{pool.name}/{offer.instance_type}"
            grams = offer.gco2e_per_hour
            # One site of 1,000 g/kWh: a node's kilowatts are then its kilograms an hour.
            types.append(lp.NodeType(kind, None if grams is None else grams / 1000))
            list_price = offer.on_demand_usd_per_hour or 0.0
            sources.append(lp.OnDemand(_name(pool.name, ON_DEMAND, offer), kind, SITE, list_price))
            price, term = committed_rate(offer, case.request.terms)
            most = float(int(allowed / units + 1e-6))
            if price is not None and term is not None and most >= 1:
                sources.append(
                    lp.Reservation(
                        _name(pool.name, COMMITTED, offer), kind, SITE, price,
                        float(TERM_HOURS[term]), max_nodes=most,
                    )
                )  # fmt: skip
            if supply.spot and offer.instance_type == supply.base.instance_type:
                usd = supply.spot.effective_usd_per_node_hour * units / supply.spot.units_per_node
                sources.append(lp.Spot(_name(pool.name, SPOT, offer), kind, SITE, usd))
        workloads.append(
            lp.Workload(
                name=pool.name,
                owner=_owner(limits, pool.name, case),
                # Demand is counted in base nodes, so that all pools are of one order of size.
                units_per_node={
                    f"{pool.name}/{offer.instance_type}": units / supply.units_per_node
                    for offer, units in mine
                },
                spot_share=supply.prices.spot_share,
            )
        )
    demand = _paths(case)
    spots = sum(isinstance(source, lp.Spot) for source in sources)
    plenty = float(demand.max(initial=1.0)) * 2 + 1
    sunk = {budget.title: _own_usd(case, budget) * HOURS_PER_MONTH for budget in limits.budgets}
    for workload, holdings, supply in zip(
        workloads, case.holdings, case.chosen.supplies, strict=True
    ):
        if workload.owner in sunk:
            held = holdings.committed(0, supply.prices.committed).usd_per_hour
            sunk[workload.owner] += (held + holdings.sunk_usd_per_hour) * HOURS_PER_MONTH
    cap = None
    if limits.kg_per_month is not None:
        left = max(limits.kg_per_month - _held_kg(case) * HOURS_PER_MONTH, 0.0)
        cap = left / _whole_nodes(case, demand)
    # The span stands for a month, so that limits and explanations speak of months.
    lengths = np.diff([*range(0, span.hours, span.window_hours), span.hours])
    return lp.Problem(
        hours=lengths * (HOURS_PER_MONTH / span.hours),
        types=tuple(types),
        sites=(lp.Site(SITE, 1000.0),),
        workloads=tuple(workloads),
        sources=tuple(sources),
        scenarios=lp.Scenarios(
            demand=demand,
            spot_nodes=np.full((spots, span.windows), plenty) if spots else None,
        ),
        limits=lp.Limits(
            carbon_usd_per_kg=limits.usd_per_tonne / 1000,
            carbon_cap_kg=cap,
            budgets_usd={
                budget.title: max(budget.usd_per_month - sunk[budget.title], 0.0)
                for budget in limits.budgets
                if any(w.owner == budget.title for w in workloads)
            },
        ),
    ), offers  # fmt: skip


def _whole_nodes(case: Case, demand: Array) -> float:
    """How much more whole nodes emit than the fractions that a programme runs, at least 1."""
    nodes = demand.mean(axis=0) @ np.diff(
        [*range(0, case.span.hours, case.span.window_hours), case.span.hours]
    )
    supplies = case.chosen.supplies
    grams = sum(
        n * (each.base.gco2e_per_hour or 0.0) for n, each in zip(nodes, supplies, strict=True)
    )
    fractions = float(grams) / case.span.hours / 1000
    if case.kg_per_hour is None or fractions <= 0:
        return 1.0
    return max(1.0, (case.kg_per_hour - _held_kg(case)) / fractions)


def _held_kg(case: Case) -> float:
    """What held nodes emit per hour while all of them run; those without a figure are left out."""
    grams = 0.0
    for holdings, supply in zip(case.holdings, case.chosen.supplies, strict=True):
        base = float(case.span.hourly(holdings.base).mean())
        grams += base * (supply.base.gco2e_per_hour or 0.0)
        for group in holdings.groups:
            nodes = float(case.span.hourly(group.nodes).mean())
            grams += nodes * (group.offer.gco2e_per_hour or 0.0)
    known = (each.pool.expected.kgco2e_per_hour for each in case.own)
    return grams / 1000 + sum(interval.mean for interval in known if interval)


def _own_usd(case: Case, budget: Budget) -> float:
    """What the pools cost per hour that owned machines alone serve and that budget pays for."""
    return sum(each.pool.expected.usd_per_hour.mean for each in case.own if _concerns(budget, each))


def _owner(limits: Limits, pool: str, case: Case) -> str:
    """The first budget that the pool counts against, by its title; the pool's name where none."""
    request = next(each for each in case.request.pools if each.name == pool)
    owners = {workload.owner for workload in request.workloads}
    for budget in limits.budgets:
        if all(budget.concerns(owner) for owner in owners):
            return budget.title
    return f"pool {pool}"


def _worth(
    offers: Found, supply: Supply, request: PlanRequest, pool: str, *, known: bool
) -> list[tuple[Offer, float]]:
    """The offers that a programme may choose from: the base, the cheapest, the cleanest."""
    priced = [each for each in offers if each[0].on_demand_usd_per_hour is not None]
    clean = [each for each in priced if each[0].gco2e_per_hour is not None]
    if known and not clean:
        raise InputError(
            f"no type that suits pool {pool} at {supply.site.provider} {supply.site.region} has an "
            "emissions figure, so no cap can be kept",
            where=f"--limits {request.limits.source}, spec.carbon.kgPerMonth",
            mend="give a price table with gco2e_hour, or drop the cap",
        )
    choices = clean if known else priced

    def list_price(each: tuple[Offer, float]) -> float:
        return (each[0].on_demand_usd_per_hour or 0.0) / each[1]

    def committed(each: tuple[Offer, float]) -> float:
        price, _ = committed_rate(each[0], request.terms)
        return float("inf") if price is None else price / each[1]

    def carbon(each: tuple[Offer, float]) -> float:
        grams = each[0].gco2e_per_hour
        return float("inf") if grams is None else grams / each[1]

    base = [each for each in choices if each[0].instance_type == supply.base.instance_type]
    cleanest = sorted(choices, key=lambda each: (carbon(each), list_price(each)))[:2]
    worth = [
        *base, min(choices, key=list_price), min(choices, key=committed), *cleanest
    ]  # fmt: skip
    return list({each[0].instance_type: each for each in worth}.values())


def _paths(case: Case) -> Array:
    """Joint demand per window beyond what is held, in base nodes, shape (paths, pools, windows)."""
    from trimtab.scenarios.demand import demand_paths
    from trimtab.scenarios.ranks import history_ranks

    span, pools = case.span, len(case.ahead)
    count = max(LEAST_PATHS, min(MOST_PATHS, MOST_CELLS // (pools * span.windows)))
    quantiles = np.stack([each.quantiles for each in case.ahead])
    ends = {history.end for history in case.histories}
    days = min(len(history.demand) for history in case.histories) // HOURS_PER_DAY
    if ends == {span.start} and days >= 2:
        past = np.stack([h.demand[-days * HOURS_PER_DAY :] for h in case.histories])
        paths = demand_paths(quantiles, history_ranks(past), count, _seed(case.request))
    else:
        # Histories that end apart, or before the plan starts, can't be tied together: every hour and pool on one level.
        paths = np.stack([each.scenarios(count) for each in case.ahead], axis=1)
    for i, (holdings, supply) in enumerate(zip(case.holdings, case.chosen.supplies, strict=True)):
        base = span.hourly(holdings.base) * supply.units_per_node
        left = np.maximum(paths[:, i] - holdings.served - base, 0.0)
        paths[:, i] = left / supply.units_per_node
    edges = np.arange(0, span.hours, span.window_hours)
    lengths = np.diff([*edges, span.hours])
    means: Array = np.add.reduceat(paths, edges, axis=2) / lengths
    return means


def _seed(request: PlanRequest) -> int:
    """Equal inputs, equal paths."""
    digests = "".join(pool.demand.digest for pool in request.pools)
    return int(hashlib.sha256(digests.encode()).hexdigest()[:8], 16)
