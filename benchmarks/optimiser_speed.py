"""How long the optimiser takes: a newsvendor of many pools, a plan's size, and a backtest's optimum.

The sizes are those that its users have: 40 pools with 500 scenarios of one window; 20 workloads that
share 3 types at 3 sites over 48 windows with 20 scenarios; half a year of hours with nine spot zones.
Processor time of one thread, since other work may share the machine.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import numpy as np

from benchmarks.measure import Figure, print_figures
from trimtab.optimise.clairvoyant import Product, clairvoyant
from trimtab.optimise.lp import solve as solve_programme
from trimtab.optimise.problem import (
    Limits,
    NodeType,
    OnDemand,
    Problem,
    Reservation,
    Scenarios,
    Site,
    Source,
    Spot,
    Workload,
)
from trimtab.optimise.programme import build
from trimtab.optimise.solve import Whole, solve
from trimtab.optimise.validate import check

Result = TypeVar("Result")


def newsvendor(pools: int = 40, scenarios: int = 500) -> Problem:
    """Pools with a type, a price and a commitment each, over one window."""
    pick = np.random.default_rng(0)
    sources: list[Source] = []
    for pool in range(pools):
        usd = float(pick.uniform(1, 5))
        sources.append(OnDemand(f"list-{pool}", f"t{pool}", "site", usd))
        sources.append(Reservation(f"year-{pool}", f"t{pool}", "site", 0.6 * usd, 8760))
    return Problem(
        np.ones(1),
        tuple(NodeType(f"t{pool}") for pool in range(pools)),
        (Site("site"),),
        tuple(Workload(f"w{pool}", "team", {f"t{pool}": 1.0}) for pool in range(pools)),
        tuple(sources),
        Scenarios(pick.gamma(4.0, 10.0, (scenarios, pools, 1))),
    )


def plan_sized(
    workloads: int = 20, windows: int = 48, scenarios: int = 20, types: int = 3, sites: int = 3
) -> Problem:
    """Workloads that share types at sites, each with on-demand, spot and a year's commitment."""
    pick = np.random.default_rng(0)
    day = 1 + 0.3 * np.sin(np.arange(windows) / windows * 14 * np.pi)
    level = pick.uniform(5, 60, workloads)[None, :, None]
    noise = 1 + pick.normal(0, 0.2, (scenarios, workloads, 1))
    noise = noise + pick.normal(0, 0.1, (scenarios, workloads, windows))
    sources: list[Source] = []
    for kind in range(types):
        for site in range(sites):
            usd = 3.0 * (1 + 0.8 * kind) * (1 + 0.01 * site)
            where = (f"t{kind}", f"s{site}")
            name = "-".join(where)
            sources.append(OnDemand(f"list-{name}", *where, usd))
            sources.append(Spot(f"spot-{name}", *where, usd * 0.37))
            sources.append(Reservation(f"year-{name}", *where, usd * 0.67, 8760))
    return Problem(
        np.full(windows, 3.5),
        tuple(NodeType(f"t{kind}", 1.0 + kind) for kind in range(types)),
        tuple(Site(f"s{site}", 300.0 + 50 * site) for site in range(sites)),
        tuple(
            Workload(
                f"w{index}",
                f"team-{index % 4}",
                {f"t{t}": float((1 + 0.9 * t) * pick.uniform(0.8, 1.2)) for t in range(types)},
                spot_share=float(pick.choice([0.0, 0.5, 1.0])),
                restart_hours=0.25,
            )
            for index in range(workloads)
        ),
        tuple(sources),
        Scenarios(
            (level * day * noise).clip(0),
            None,
            pick.integers(0, 30, (scenarios, types * sites, windows)).astype(float),
        ),
    )


def optimum(hours: int, zones: int) -> float:
    """A random walk with a daily rhythm against zones that come and go; US dollars."""
    pick = np.random.default_rng(0)
    clock = np.arange(hours)
    walk = np.cumsum(pick.normal(0, 5, hours))
    demand = np.round(300 * (1 + 0.3 * np.sin(clock / 24 * 2 * np.pi)) + walk).clip(0)
    flips = np.cumsum(pick.random((zones, hours)) < 0.15, axis=1)
    available = 60.0 * (flips % 2 == 0)
    products = [Product("28 d", 2.088, 672)]
    return clairvoyant(demand, 3.06, products, available, np.full(zones, 1.1288), 0.765).usd


def timed(work: Callable[[], Result]) -> tuple[float, Result]:
    """Processor seconds of a call, and what it returned."""
    began = time.process_time()
    result = work()
    return time.process_time() - began, result


def programme_figures(name: str, problem: Problem, goal: float) -> list[Figure]:
    """Size, time to build and time to solve of one linear programme."""
    data = check(problem)
    building, programme = timed(lambda: build(data))
    solving, _ = timed(lambda: solve_programme(programme.arrays))
    rows, columns, _ = programme.arrays.size
    return [
        Figure(f"{name}: build {columns:,} columns, {rows:,} rows", building, goal / 5, "s"),
        Figure(f"{name}: solve", solving, goal, "s"),
    ]


def main() -> None:
    """Measure and print."""
    timed(lambda: solve(newsvendor(2, 2), closed_form_allowed=False))  # the import of the library
    many, plan = newsvendor(), plan_sized()
    figures = programme_figures("40 pools, 500 scenarios", many, 1.0)
    closed, _ = timed(lambda: solve(many))
    figures.append(Figure("the same in closed form, checked and read", closed, 1.0, "s"))
    figures += programme_figures("plan-sized", plan, 10.0)
    priced = replace(plan, limits=Limits(carbon_usd_per_kg=0.05))
    figures += programme_figures("plan-sized, carbon priced", priced, 10.0)
    whole, rounded = timed(lambda: solve(plan, whole=Whole.ROUNDED))
    figures.append(Figure("plan-sized, whole nodes, from problem to solution", whole, 30.0, "s"))
    loss = rounded.rounding_loss * 100
    figures.append(Figure("what rounding to whole nodes loses", loss, 1.0, "%"))
    for hours, zones, goal in ((900, 5, 1.0), (4344, 9, 5.0)):
        seconds, _ = timed(lambda hours=hours, zones=zones: optimum(hours, zones))  # type: ignore[misc]
        name = f"clairvoyant optimum, {hours:,} hours, {zones} zones"
        figures.append(Figure(name, seconds, goal, "s"))
    print_figures("The optimiser, one thread", figures)


if __name__ == "__main__":
    main()
