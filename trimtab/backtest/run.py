"""The replay: every policy decides from its past alone, then its hours are dispatched and charged.

A decision can't depend on how its own hours were dispatched, so all decisions of a policy come first
and paths with the same dispatch are served together. The optimum and the best constant, which know
the future, are beside them to measure against, never candidates.
"""

import math
from collections.abc import Callable, Sequence
from itertools import groupby

import numpy as np

from trimtab.backtest.baselines import BEST_CONSTANT, OPTIMUM, Constant
from trimtab.backtest.dispatch import Served, merit_order, serve
from trimtab.backtest.fans import Forecaster, calibration, fans
from trimtab.backtest.model import Array, Backtest, Outcome, Policy, Product, Purchase, Setting
from trimtab.optimise.clairvoyant import clairvoyant

LEAST = 1e-9
"""A smaller purchase is rounding."""
Progress = Callable[[str, int, int], None]


def run(
    setting: Setting,
    policies: Sequence[Policy],
    *,
    forecaster: Forecaster | None = None,
    progress: Progress | None = None,
) -> Backtest:
    """Replay a setting.

    Args:
        setting: the series, its history and its market.
        policies: the planner first.
        forecaster: makes the fans; none are made without.
        progress: called with (what, done, of).

    Raises:
        EngineError: the solver is missing or failed.
        InputError: a price or quantity is negative or missing.
    """
    tell = progress or (lambda _what, _done, _of: None)
    tell("solving for the clairvoyant optimum", 1, 1)
    optimum = clairvoyant_optimum(setting)  # first: without a solver nothing else is worth its time
    bought: list[tuple[Purchase, ...]] = []
    for done, policy in enumerate(policies, 1):
        bought.append(decide(policy, setting, tell))
        tell("replaying policies", done, len(policies))
    best = best_constant(setting)
    played = [*policies, best]
    bought.append(decide(best, setting))
    outcomes = charge(setting, played, bought, optimum.usd)
    made = fans(setting, forecaster, tell) if forecaster else ()
    return Backtest(setting, outcomes, optimum, made, calibration(made, setting))


def decide(
    policy: Policy, setting: Setting, progress: Progress | None = None
) -> tuple[Purchase, ...]:
    """What a policy buys over the replayed hours, in order of time."""
    first, last = setting.test_from, len(setting.demand)
    every = policy.every_hours or setting.decide_every_hours
    # What is held from every hour of the test on, with a longest term beyond its end.
    held = np.zeros(last - first + setting.market.longest_term_hours)
    bought: list[Purchase] = []
    hours = range(first, last, every)
    for done, hour in enumerate(hours, 1):
        ahead = held[hour - first :][: setting.market.longest_term_hours]
        for product, quantity in _orders(policy, setting, hour, ahead, tuple(bought)):
            bought.append(Purchase(hour, quantity, product))
            held[hour - first :][: product.term_hours] += quantity
        if progress and every > 1:
            progress(f"replaying {policy.name}", done, len(hours))
    return tuple(bought)


def _orders(
    policy: Policy, setting: Setting, hour: int, held: Array, bought: tuple[Purchase, ...]
) -> list[tuple[Product, float]]:
    wanted = policy.wants(setting.past(hour, held, bought))
    if isinstance(wanted, Sequence):
        return [(product, quantity) for product, quantity in wanted if quantity > LEAST]
    if not math.isfinite(wanted):
        raise ValueError(f"{policy.name} wants {wanted} at hour {hour}")
    lacks = float(wanted) - float(held[0])
    product = setting.market.product
    return [(product, lacks)] if product is not None and lacks > LEAST else []


def best_constant(setting: Setting) -> Constant:
    """The level that, held throughout, would have cost least with greedy spot: it knows the future.

    Chosen from the same grid of levels as the trailing rules'.
    """
    product = setting.market.product
    levels = setting.replay.levels if product else np.zeros(1)
    paths = np.repeat(levels[:, None], setting.hours, axis=1)
    constant = Constant(BEST_CONSTANT, 0.0)
    cost = _hourly_usd(setting, _served(setting, constant, paths)).sum(axis=1)
    if product:
        paid = setting.hours
        if setting.full_term:
            paid = -(-setting.hours // product.term_hours) * product.term_hours
        cost = cost + levels * product.usd_per_hour * paid
    return Constant(BEST_CONSTANT, float(levels[np.argmin(cost)]))


def clairvoyant_optimum(setting: Setting) -> Outcome:
    """The cheapest that could have been done with perfect foresight, nothing held before."""
    market, first = setting.market, setting.test_from
    found = clairvoyant(
        setting.demand[first:],
        market.on_demand_usd_per_hour,
        market.products,
        setting.spot_available[:, first:],
        market.spot_usd_per_hour,
        market.interruption_usd,
        full_term=setting.full_term,
    )
    bought = tuple(
        Purchase(first + int(hour), float(found.purchases[kind, hour]), market.products[kind])
        for hour, kind in np.argwhere(found.purchases.T > LEAST)
    )
    served = Served(found.on_demand[None], found.spot[None], found.interruptions[None])
    committed, usd, after = _commitment(setting, bought)
    return _outcome(setting, OPTIMUM, served, 0, bought, (committed, usd, after), None)


def charge(
    setting: Setting,
    policies: Sequence[Policy],
    bought: Sequence[tuple[Purchase, ...]],
    optimum_usd: float,
) -> tuple[Outcome, ...]:
    """What the purchases and the hours they leave cost, in the policies' order."""
    held = [_commitment(setting, purchases) for purchases in bought]
    outcomes: dict[int, Outcome] = {}
    places = sorted(range(len(policies)), key=lambda place: policies[place].dispatch.name)
    for _, group in groupby(places, key=lambda place: policies[place].dispatch):
        alike = list(group)
        paths = np.stack([held[place][0] for place in alike])
        served = _served(setting, policies[alike[0]], paths)
        for row, place in enumerate(alike):
            outcomes[place] = _outcome(
                setting, policies[place].name, served, row, bought[place], held[place], optimum_usd
            )
    return tuple(outcomes[place] for place in range(len(policies)))


def _served(setting: Setting, policy: Policy, paths: Array) -> Served:
    first = setting.test_from
    order = merit_order(setting.spot_available, setting.market.spot_usd_per_hour)[first:]
    return serve(
        policy.dispatch,
        paths,
        setting.demand[first:],
        setting.spot_available[:, first:],
        order,
        setting.market,
    )


def _commitment(setting: Setting, purchases: Sequence[Purchase]) -> tuple[Array, Array, float]:
    """Units held and their cost per replayed hour, both (H,), and what is charged beyond them."""
    units, usd, after = np.zeros(setting.hours), np.zeros(setting.hours), 0.0
    for each in purchases:
        hour = each.hour - setting.test_from
        rate = each.quantity * each.product.usd_per_hour
        units[hour : hour + each.product.term_hours] += each.quantity
        usd[hour : hour + each.product.term_hours] += rate
        if setting.full_term:
            after += rate * max(0, hour + each.product.term_hours - setting.hours)
    return units, usd, after


def _hourly_usd(setting: Setting, served: Served) -> Array:
    """What serving each hour beside the commitment costs, shape (P, H)."""
    market = setting.market
    usd: Array = (
        served.on_demand * market.on_demand_usd_per_hour
        + np.einsum("pzh,z->ph", served.spot, market.spot_usd_per_hour)
        + served.lost.sum(axis=1) * market.interruption_usd
    )
    return usd


def _outcome(
    setting: Setting,
    name: str,
    served: Served,
    row: int,
    bought: tuple[Purchase, ...],
    held: tuple[Array, Array, float],
    optimum_usd: float | None,
) -> Outcome:
    committed, committed_usd, after = held
    one = Served(*(part[row : row + 1] for part in (served.on_demand, served.spot, served.lost)))
    hourly = committed_usd + _hourly_usd(setting, one)[0]
    usd = float(hourly.sum()) + after
    best = usd if optimum_usd is None else optimum_usd
    free = 0.0 if usd <= LEAST else float("nan")
    return Outcome(
        policy=name,
        usd=usd,
        usd_per_hour=hourly,
        usd_after=after,
        committed=committed,
        on_demand=one.on_demand[0],
        spot=one.spot[0].sum(axis=0),
        shortage=_shortage(setting, committed, one),
        interruptions=float(one.lost.sum()),
        kgco2e=_kgco2e(setting, committed, one),
        purchases=bought,
        regret=usd / best - 1 if best > 0 else free,
    )


def _shortage(setting: Setting, committed: Array, served: Served) -> Array:
    """Unit-hours that launching units leave unserved in each hour, shape (H,).

    What runs in an hour and did not run before serves it but for `launch_hours`; capacity beyond the
    demand bridges that. A purchase turns running on-demand units into committed ones: no launch. The
    first hour finds its units running.
    """
    demand = setting.demand[setting.test_from :]
    steady = (committed + served.on_demand[0])[None]
    running = np.concatenate([steady, served.spot[0]])
    launched = np.zeros(len(demand))
    launched[1:] = np.maximum(np.diff(running, axis=1), 0.0).sum(axis=0)
    unserved = np.maximum(demand - (running.sum(axis=0) - launched), 0.0)
    # A unit in 1e9 is rounding of what serves the demand exactly.
    shortage: Array = np.where(unserved > LEAST * (1 + demand), unserved, 0.0)
    return shortage * setting.market.launch_hours


def _kgco2e(setting: Setting, committed: Array, served: Served) -> float | None:
    """Emissions of what ran and of the work done again; an idle commitment is switched off."""
    if setting.gco2e_per_unit_hour is None:
        return None
    grams = setting.gco2e_per_unit_hour[setting.test_from :]
    demand = setting.demand[setting.test_from :]
    used = np.minimum(committed, demand)
    again = served.lost[0].sum(axis=0) * setting.market.restart_hours
    ran = used + served.on_demand[0] + served.spot[0].sum(axis=0) + again
    return float(grams @ ran) / 1000
