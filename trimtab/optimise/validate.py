"""Refuse a problem that is malformed, contradictory or absurd, and hand on its arrays.

One error names the field and its mend. A price that is missing, zero or negative is refused wherever
something is on sale: the first is unknown, the second would be bought without end, the third would earn
money by buying. What is odd but sound (spot dearer than on-demand, terms beyond the horizon) passes;
`notes` says it.
"""

import difflib
import math
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from trimtab.errors import InputError, allowed
from trimtab.optimise.lp import Array
from trimtab.optimise.problem import (
    CapacityBlock,
    ChanceOfShortage,
    HeldReservation,
    HeldSavingsPlan,
    OnDemand,
    Owned,
    Problem,
    Reservation,
    SavingsPlan,
    Source,
    Spot,
    TailShortage,
    Workload,
)

WEIGHT_TOLERANCE = 1e-6


@dataclass(frozen=True, eq=False)
class Data:
    """A checked problem and its arrays.

    Attributes:
        hours, begin: (T,) length and start of each period, in hours.
        weights: (S,).
        demand: (S, P, T).
        spot_nodes, spot_usd_per_hour: (S, Z, T); the price is 0 where there are no nodes.
    """

    problem: Problem
    hours: Array
    begin: Array
    weights: Array
    demand: Array
    spot_nodes: Array
    spot_usd_per_hour: Array

    @cached_property
    def spots(self) -> tuple[Spot, ...]:
        """The spot sources, in the order of their arrays."""
        return tuple(each for each in self.problem.sources if isinstance(each, Spot))

    @property
    def horizon_hours(self) -> float:
        """Length of all periods."""
        return float(self.hours.sum())

    def boundary(self, hours: float) -> int:
        """The period whose start lies nearest to a time; T for the end or beyond."""
        if hours >= self.horizon_hours:
            return len(self.hours)
        edges = np.append(self.begin, self.horizon_hours)
        return int(np.argmin(np.abs(edges - hours)))

    def first_from(self, hours: float) -> int:
        """The first period that starts no earlier than a time; T if none does."""
        return int(np.searchsorted(self.begin, hours - 1e-9))

    def kg_per_node_hour(self, type_name: str, site_name: str) -> Array | None:
        """(T,) emissions of a node in use; None when its power or the grid's intensity is unknown."""
        kw = next(each.kw for each in self.problem.types if each.name == type_name)
        site = next(each for each in self.problem.sites if each.name == site_name)
        if kw is None or site.gco2e_per_kwh is None:
            return None
        grams = np.asarray(site.gco2e_per_kwh, dtype=np.float64)
        return np.array(np.broadcast_to(grams, self.hours.shape)) * kw / 1000.0


def check(problem: Problem) -> Data:
    """The problem's arrays, all of one horizon.

    Raises:
        InputError: a field is malformed, contradictory or absurd.
    """
    hours = _array(problem.hours, "hours", None)
    if not len(hours) or (hours <= 0).any():
        raise InputError("there is no period, or one without length", where="hours")
    _names(problem)
    for site in problem.sites:
        if site.gco2e_per_kwh is not None:
            _array(site.gco2e_per_kwh, f"sites, {site.name}, gco2e_per_kwh", hours.shape)
    for node_type in problem.types:
        if node_type.kw is not None:
            _number(node_type.kw, f"types, {node_type.name}, kw")
    for source in problem.sources:
        _source(source, problem, hours)
    for workload in problem.workloads:
        _workload(workload, problem)
    data = _scenarios(problem, hours)
    _limits(data)
    return data


def notes(data: Data) -> tuple[str, ...]:
    """What is sound but odd, a sentence each."""
    said = []
    problem = data.problem
    for row, spot in enumerate(data.spots):
        rivals = [
            each.usd_per_hour
            for each in problem.sources
            if isinstance(each, OnDemand) and (each.type, each.site) == (spot.type, spot.site)
        ]
        prices = data.spot_usd_per_hour[:, row][data.spot_nodes[:, row] > 0]
        if rivals and len(prices) and prices.min() >= min(rivals):
            said.append(
                f"{spot.name} is never cheaper than on-demand there "
                f"({prices.min():g} against {min(rivals):g} USD/h)"
            )
    for source in problem.sources:
        if isinstance(source, Reservation | SavingsPlan):
            if source.term_hours > data.horizon_hours:
                said.append(
                    f"{source.name} binds for {source.term_hours:g} h, longer than the horizon of "
                    f"{data.horizon_hours:g} h, which stands for the term"
                )
            if data.first_from(source.lead_hours) >= len(data.hours):
                said.append(f"{source.name} starts after the horizon only, so it is not bought")
    return tuple(said)


def _names(problem: Problem) -> None:
    for field in ("types", "sites", "workloads", "sources"):
        seen: set[str] = set()
        for each in getattr(problem, field):
            if not each.name:
                raise InputError("a name is empty", where=field)
            if each.name in seen:
                raise InputError(f"two are called {each.name}", where=field)
            seen.add(each.name)
    if not problem.workloads:
        raise InputError("there is none", where="workloads", mend="name at least one")


def _source(source: Source, problem: Problem, hours: Array) -> None:
    where = f"sources, {source.name}"
    if not isinstance(source, SavingsPlan | HeldSavingsPlan):
        _known(source.type, [each.name for each in problem.types], f"{where}, type")
        _known(source.site, [each.name for each in problem.sites], f"{where}, site")
    match source:
        case OnDemand() | Spot():
            if isinstance(source, OnDemand) or source.usd_per_hour is not None:
                _price(source.usd_per_hour, f"{where}, usd_per_hour")
            _optional(source.max_nodes, f"{where}, max_nodes")
            _number(source.lead_hours, f"{where}, lead_hours")
            _number(source.running, f"{where}, running")
            if isinstance(source, Spot):
                _number(source.interruptions_per_hour, f"{where}, interruptions_per_hour")
                _optional(source.redo_usd_per_hour, f"{where}, redo_usd_per_hour")
        case Reservation():
            _price(source.usd_per_hour, f"{where}, usd_per_hour")
            _optional(source.max_nodes, f"{where}, max_nodes")
            _term(source, where, hours)
        case SavingsPlan():
            _optional(source.max_usd_per_hour, f"{where}, max_usd_per_hour")
            _rates(source, problem, where)
            _term(source, where, hours)
        case CapacityBlock():
            _price(source.usd_per_node, f"{where}, usd_per_node")
            _number(source.max_nodes, f"{where}, max_nodes")
            if not source.step_nodes > 0:
                raise InputError(f"{source.step_nodes:g} is no step", where=f"{where}, step_nodes")
            if not 0 <= source.first < source.end <= len(hours):
                raise InputError(
                    f"it spans the periods [{source.first}, {source.end}) of {len(hours)}",
                    where=where,
                    mend="leave the block out, or cut it to the horizon",
                )
        case HeldReservation() | HeldSavingsPlan():
            amount = source.nodes if isinstance(source, HeldReservation) else source.usd_per_hour
            _number(amount, f"{where}, nodes")
            _number(source.usd_per_hour, f"{where}, usd_per_hour")
            _number(source.expires_hours, f"{where}, expires_hours", infinite=True)
            if isinstance(source, HeldSavingsPlan):
                _rates(source, problem, where)
            _renewal(source, problem, where)
        case Owned():
            _number(source.nodes, f"{where}, nodes")
            _number(source.usd_per_hour, f"{where}, usd_per_hour")


def _term(source: Reservation | SavingsPlan, where: str, hours: Array) -> None:
    _number(source.lead_hours, f"{where}, lead_hours")
    _number(source.term_hours, f"{where}, term_hours")
    if source.term_hours < hours.max():
        raise InputError(
            f"a term of {source.term_hours:g} h is shorter than a period of {hours.max():g} h",
            where=f"{where}, term_hours",
            mend="take shorter periods, or leave the commitment out",
        )
    begin = np.cumsum(hours) - hours
    for start in source.starts or ():
        if not 0 <= start < len(hours):
            raise InputError(f"there is no period {start}", where=f"{where}, starts")
        if begin[start] < source.lead_hours:
            raise InputError(
                f"period {start} starts after {begin[start]:g} h, the commitment takes "
                f"{source.lead_hours:g} h",
                where=f"{where}, starts",
            )


def _rates(source: SavingsPlan | HeldSavingsPlan, problem: Problem, where: str) -> None:
    if not source.rates:
        raise InputError("it pays for no source", where=f"{where}, rates")
    sources = [each.name for each in problem.sources if isinstance(each, OnDemand)]
    for name, rate in source.rates.items():
        _known(name, sources, f"{where}, rates")
        _price(rate, f"{where}, rates, {name}")


def _renewal(source: HeldReservation | HeldSavingsPlan, problem: Problem, where: str) -> None:
    if source.renewal is None:
        return
    kind = Reservation if isinstance(source, HeldReservation) else SavingsPlan
    products = {each.name: each for each in problem.sources if isinstance(each, kind)}
    _known(source.renewal, products, f"{where}, renewal")
    product = products[source.renewal]
    if (
        isinstance(source, HeldReservation)
        and isinstance(product, Reservation)
        and (source.type, source.site) != (product.type, product.site)
    ):
        raise InputError(
            f"{product.name} is {product.type} in {product.site}, not {source.type} in "
            f"{source.site}",
            where=f"{where}, renewal",
        )


def _workload(workload: Workload, problem: Problem) -> None:
    where = f"workloads, {workload.name}"
    types = [each.name for each in problem.types]
    for name, units in workload.units_per_node.items():
        _known(name, types, f"{where}, units_per_node")
        _number(units, f"{where}, units_per_node, {name}")
    sites = [each.name for each in problem.sites]
    for rule in ("residency", "latency"):
        for name in sorted(getattr(workload, rule) or ()):
            _known(name, sites, f"{where}, {rule}")
    for field in ("spot_share", "deferrable_share"):
        _number(getattr(workload, field), f"{where}, {field}", high=1.0)
    for field in ("restart_hours", "max_delay_hours"):
        _number(getattr(workload, field), f"{where}, {field}")
    if workload.shortage_usd_per_unit_hour is not None:
        _price(workload.shortage_usd_per_unit_hour, f"{where}, shortage_usd_per_unit_hour")
    limit = workload.shortage_limit
    if limit is not None:
        _number(limit.share, f"{where}, shortage_limit, share", high=1.0)
    if isinstance(limit, TailShortage) and not 0 <= limit.level < 1:
        raise InputError(
            f"{limit.level:g} is no level of a tail",
            where=f"{where}, shortage_limit, level",
            mend="give 0.95 for the worst 5 % of scenarios",
        )
    if isinstance(limit, ChanceOfShortage) and not 0 < limit.probability <= 1:
        raise InputError(
            f"{limit.probability:g} is no probability above 0",
            where=f"{where}, shortage_limit, probability",
        )


def _scenarios(problem: Problem, hours: Array) -> Data:
    given = problem.scenarios
    shape = np.shape(given.demand)
    expected = f"(scenarios, {len(problem.workloads)} workloads, {len(hours)} periods)"
    if len(shape) != 3 or shape[1:] != (len(problem.workloads), len(hours)) or not shape[0]:
        raise InputError(f"a shape of {shape}, not {expected}", where="scenarios, demand")
    demand = _array(given.demand, "scenarios, demand", shape)
    count = shape[0]
    if given.weights is None:
        weights = np.full(count, 1.0 / count)
    else:
        weights = _array(given.weights, "scenarios, weights", (count,))
        if (weights == 0).any():
            raise InputError("one is 0", where="scenarios, weights", mend="leave that scenario out")
        if abs(weights.sum() - 1.0) > WEIGHT_TOLERANCE:
            raise InputError(
                f"they sum to {weights.sum():g}, not to 1",
                where="scenarios, weights",
                mend="divide them by their sum",
            )
    spots = [each for each in problem.sources if isinstance(each, Spot)]
    around = (count, len(spots), len(hours))
    nodes = np.zeros(around)
    prices = np.zeros(around)
    if spots:
        if given.spot_nodes is None:
            raise InputError(
                f"{spots[0].name} is a spot source, and there is nothing on how many nodes it has",
                where="scenarios, spot_nodes",
            )
        nodes = _array(given.spot_nodes, "scenarios, spot_nodes", around)
        prices = _spot_prices(problem, spots, nodes)
    begin = np.cumsum(hours) - hours
    return Data(problem, hours, begin, weights, demand, nodes, prices)


def _spot_prices(problem: Problem, spots: list[Spot], nodes: Array) -> Array:
    prices = np.full(nodes.shape, np.nan)
    if problem.scenarios.spot_usd_per_hour is not None:
        prices = _array(
            problem.scenarios.spot_usd_per_hour,
            "scenarios, spot_usd_per_hour",
            nodes.shape,
            missing=True,
        )
    for row, spot in enumerate(spots):
        if spot.usd_per_hour is not None:
            prices[:, row] = spot.usd_per_hour
        here = prices[:, row][nodes[:, row] > 0]
        wrong = here[~(here > 0)]
        if len(wrong):
            _price(float(wrong[0]), f"scenarios, spot_usd_per_hour, {spot.name}")
    return np.where(nodes > 0, prices, 0.0)


def _limits(data: Data) -> None:
    problem = data.problem
    limits = problem.limits
    _number(limits.carbon_usd_per_kg, "limits, carbon_usd_per_kg")
    _optional(limits.carbon_cap_kg, "limits, carbon_cap_kg")
    owners = {each.owner for each in problem.workloads}
    for owner, budget in limits.budgets_usd.items():
        _known(owner, owners, "limits, budgets_usd")
        _number(budget, f"limits, budgets_usd, {owner}")
    if not limits.carbon_usd_per_kg and limits.carbon_cap_kg is None:
        return
    for source in problem.sources:
        if isinstance(source, SavingsPlan | HeldSavingsPlan):
            continue
        if data.kg_per_node_hour(source.type, source.site) is None:
            raise InputError(
                f"carbon counts, but the emissions of {source.type} in {source.site} are unknown",
                where=f"sources, {source.name}",
                mend="give the type's kw and the site's gco2e_per_kwh, or leave the source out",
            )


def _known(name: str, known: Collection[str], where: str) -> None:
    if name in known:
        return
    near = difflib.get_close_matches(name, known, n=1)
    meant = f"did you mean {near[0]}?" if near else f"there are {allowed(list(known)) or 'none'}"
    raise InputError(f"{name} is unknown", where=where, mend=meant)


def _price(value: float | None, where: str) -> None:
    if value is None or math.isnan(value):
        raise InputError(
            "the price is missing", where=where, mend="give it, or leave the offer out"
        )
    if value < 0:
        raise InputError(
            f"a price of {value:g} USD is negative: buying without end would earn money",
            where=where,
            mend="give the price that is paid",
        )
    if value == 0:
        raise InputError(
            "a price of 0 USD would be bought without end",
            where=where,
            mend="state what is paid already as held or owned, or give the price",
        )
    if math.isinf(value):
        raise InputError("the price is infinite", where=where, mend="leave the offer out")


def _number(value: float, where: str, *, high: float = math.inf, infinite: bool = False) -> None:
    top = " or more" if math.isinf(high) else f" to {high:g}"
    if math.isnan(value) or value < 0 or value > high or (math.isinf(value) and not infinite):
        raise InputError(f"{value:g} is out of range", where=where, mend=f"give 0{top}")


def _optional(value: float | None, where: str) -> None:
    if value is not None:
        _number(value, where)


def _array(
    values: ArrayLike, where: str, shape: tuple[int, ...] | None, *, missing: bool = False
) -> Array:
    """Non-negative floats of that shape, spread to it if they may be; any one axis if it is None."""
    array = np.asarray(values, dtype=np.float64)
    if shape is None:
        fits = array.ndim == 1
    else:
        fits = array.ndim <= len(shape) and array.shape == shape[len(shape) - array.ndim :]
    if not fits:
        raise InputError(f"a shape of {array.shape}, not {shape or '(periods,)'}", where=where)
    kept = array[~np.isnan(array)] if missing else array
    if not np.isfinite(kept).all() or (not missing and (kept < 0).any()):
        raise InputError(
            "a value is negative, missing or infinite", where=where, mend="give 0 or more"
        )
    return np.array(np.broadcast_to(array, shape or array.shape))
