"""Problems for the optimiser's tests: small ones to reason about, random ones to compare on."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import strategies as st

from trimtab.optimise.problem import (
    CapacityBlock,
    ChanceOfShortage,
    ExpectedShortage,
    HeldReservation,
    HeldSavingsPlan,
    Limits,
    NodeType,
    OnDemand,
    Owned,
    Problem,
    Reservation,
    SavingsPlan,
    Scenarios,
    Site,
    Source,
    Spot,
    TailShortage,
    Workload,
)

GPU = NodeType("gpu", kw=1.0)
NORTH = Site("north", gco2e_per_kwh=100.0)
SOUTH = Site("south", gco2e_per_kwh=500.0)
LIST = OnDemand("list", "gpu", "north", 3.0)
YEAR = Reservation("year", "gpu", "north", 2.0, term_hours=8760)
SERVE = Workload("serve", "team-a", {"gpu": 1.0})


def problem(
    demand: Any,
    *sources: Source,
    workloads: Sequence[Workload] = (SERVE,),
    hours: Any = None,
    types: Sequence[NodeType] = (GPU,),
    sites: Sequence[Site] = (NORTH, SOUTH),
    limits: Limits | None = None,
    **scenarios: Any,
) -> Problem:
    """A problem of one workload unless told otherwise; demand (T,), (S, T) or (S, P, T)."""
    wanted = np.asarray(demand, dtype=float)
    if wanted.ndim < 3:
        wanted = np.atleast_2d(wanted)[:, None]
    return Problem(
        np.ones(wanted.shape[2]) if hours is None else hours,
        tuple(types),
        tuple(sites),
        tuple(workloads),
        sources,
        Scenarios(wanted, **scenarios),
        limits or Limits(),
    )


def random_problem(seed: int) -> Problem:
    """A small problem that uses any feature, with a price of shortage; mostly feasible."""
    pick = np.random.default_rng(seed)

    def chance(share: float) -> bool:
        return bool(pick.random() < share)

    scenarios, periods, count = (int(pick.integers(1, 4)), int(pick.integers(1, 5)), 2)
    hours = pick.choice([1.0, 2.0, 4.0], periods) if chance(0.5) else np.ones(periods)
    workloads = []
    for index in range(count):
        limit = pick.choice(4) if chance(0.4) else 0
        share = float(pick.choice([0.05, 0.2]))
        limits = (
            None,
            ExpectedShortage(share),
            TailShortage(share, 0.5),
            ChanceOfShortage(share, 0.4),
        )
        workloads.append(
            Workload(
                f"w{index}",
                f"team-{index}",
                {"big": 2.0, "small": float(pick.choice([0.0, 1.0, 0.7]))},
                residency=frozenset({"north"}) if chance(0.2) else None,
                latency=frozenset({"south", "north"}) if chance(0.2) else None,
                spot_share=float(pick.choice([0.0, 0.5, 1.0])),
                restart_hours=float(pick.choice([0.0, 0.25, 0.5])),
                shortage_limit=limits[limit],
                shortage_usd_per_unit_hour=20.0,
                deferrable_share=float(pick.choice([0.0, 0.5])),
                max_delay_hours=float(pick.choice([1.0, 4.0])),
            )
        )
    sources: list[Source] = []
    for type_name, site, usd in (
        ("big", "north", 5.0),
        ("small", "north", 3.0),
        ("big", "south", 4.5),
    ):
        name = f"{type_name}-{site}"
        listed = OnDemand(f"{name}-list", type_name, site, usd)
        if chance(0.3):
            listed = replace(listed, max_nodes=4.0)
        if chance(0.2):
            listed = replace(listed, lead_hours=1.0, running=2.0)
        sources.append(listed)
        if chance(0.6):
            spot = Spot(f"{name}-spot", type_name, site, usd * float(pick.choice([0.4, 0.9, 1.2])))
            if chance(0.3):
                spot = replace(spot, max_nodes=2.0)
            if chance(0.2):
                spot = replace(spot, lead_hours=2.0, running=1.0)
            if chance(0.3):
                spot = replace(spot, interruptions_per_hour=0.1)
            if chance(0.3):
                spot = replace(spot, usd_per_hour=None)
            sources.append(spot)
        if chance(0.5):
            sources.append(
                Reservation(
                    f"{name}-term",
                    type_name,
                    site,
                    usd * 0.6,
                    term_hours=float(pick.choice([4.0, 8.0, 100.0])),
                    lead_hours=float(pick.choice([0.0, 2.0])),
                    max_nodes=3.0 if chance(0.3) else None,
                )
            )
            if chance(0.5):
                sources.append(
                    HeldReservation(
                        f"{name}-held",
                        type_name,
                        site,
                        2.0,
                        usd * 0.6,
                        expires_hours=float(pick.choice([1.0, 3.0, 50.0])),
                        renewal=f"{name}-term",
                    )
                )
        if chance(0.2):
            sources.append(
                HeldReservation(
                    f"{name}-odcr", type_name, site, 3.0, usd * 0.9, 100.0, releasable=True
                )
            )
        if chance(0.2):
            sources.append(Owned(f"{name}-own", type_name, site, 1.0, 0.5))
        if chance(0.2):
            first = int(pick.integers(0, periods))
            sources.append(
                CapacityBlock(f"{name}-block", type_name, site, 3.0, first, periods, 2.0)
            )
    if chance(0.4):
        rates = {"big-north-list": 3.4, "small-north-list": 1.9}
        sources.append(SavingsPlan("plan", rates, term_hours=float(pick.choice([6.0, 100.0]))))
        if chance(0.5):
            sources.append(HeldSavingsPlan("old-plan", rates, 4.0, 2.0, renewal="plan"))
    spots = [each for each in sources if isinstance(each, Spot)]
    shape = (scenarios, len(spots), periods)
    weights = pick.dirichlet(np.full(scenarios, 3.0))
    return Problem(
        hours,
        (NodeType("big", 2.0), NodeType("small", 1.0)),
        (Site("north", pick.uniform(50, 400, periods)), Site("south", 500.0)),
        tuple(workloads),
        tuple(sources),
        Scenarios(
            pick.integers(0, 9, (scenarios, count, periods)).astype(float),
            weights / weights.sum(),
            pick.integers(0, 5, shape).astype(float) if spots else None,
            pick.choice([1.0, 2.0, 4.0], shape) if spots else None,
        ),
        Limits(
            carbon_usd_per_kg=float(pick.choice([0.0, 0.0, 1.0])),
            carbon_cap_kg=float(pick.choice([2.0, 20.0])) if chance(0.2) else None,
            budgets_usd={"team-0": float(pick.choice([5.0, 40.0]))} if chance(0.25) else {},
        ),
    )


random_problems = st.integers(0, 10**9).map(random_problem)
