"""What a pool is expected to run, cost, emit and leave unmet, and the same for other rules.

Everything is an average over the forecast's scenarios and hours; an autoscaler is taken to follow
demand inside the plan's bounds, for the plan and for the baselines alike.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from trimtab.plan.document import rounded
from trimtab.plan.model import Baseline, PoolExpected
from trimtab.plan.shared import Interval
from trimtab.planning.commitment import COST_EXPLORER_RULES, Decision
from trimtab.planning.economics import Nodes, nodes_for, split
from trimtab.planning.holdings import Holdings
from trimtab.planning.policy import ONCE
from trimtab.planning.supply import Supply
from trimtab.planning.windows import Envelope, Sizes, Stack, convert, stack

ALL_ON_DEMAND = "all on-demand"
COST_EXPLORER = "residual Cost-Explorer"
"""How the baselines are named; the latter with its window after a comma."""
Hold = Callable[[str, Sizes], Sizes]
"""A group's name and its sizes to what is made of them, given what runs."""


@dataclass(frozen=True)
class Scene:
    """Demand that may come, and what is held and serves it first.

    Attributes:
        demand: scenarios, shape (scenarios, hours).
        served: demand that held nodes of other types than the supply's serve, shape (hours,).
        sunk_usd_per_hour: what those cost, run or not.
        sunk_gco2e_per_hour: what those emit while they serve.
    """

    demand: NDArray[np.float64]
    served: NDArray[np.float64]
    sunk_usd_per_hour: float = 0.0
    sunk_gco2e_per_hour: float = 0.0

    @cached_property
    def rest(self) -> NDArray[np.float64]:
        """Demand that is left, shape (scenarios, hours)."""
        return np.maximum(self.demand - self.served, 0.0)


@dataclass(frozen=True)
class Outcome:
    """Sizes, and what they bring about per scenario and hour: arrays of shape (scenarios, hours).

    `sizes` are per window, spot's in its own nodes. `reserved` and `on_demand` are base nodes that
    run, `spot` its own; `committed_usd` is paid per hour whether they run or not; `unmet` is in the
    pool's unit.
    """

    sizes: Stack
    reserved: Nodes
    spot: Nodes
    on_demand: Nodes
    committed_usd: float
    variable_usd: NDArray[np.float64]
    unmet: NDArray[np.float64]

    @property
    def usd_per_hour(self) -> NDArray[np.float64]:
        """What is paid, shape (scenarios, hours)."""
        return self.variable_usd + self.committed_usd


def outcome(
    scene: Scene,
    supply: Supply,
    needs: Envelope,
    committed: Nodes,
    committed_usd: float,
    spot_share: float,
    hold: Hold = lambda _group, sizes: sizes,
) -> Outcome:
    """Sizes, nodes that run, what they cost and what they leave unmet, for a commitment and a spot share.

    Args:
        scene: demand, and what is held beside the base nodes.
        supply: offers and prices.
        needs: what each window needs; bounds follow from it as in the plan.
        committed: base nodes committed, per window.
        committed_usd: what those cost per hour, run or not.
        spot_share: largest share of the needed nodes on spot.
        hold: what is made of a group's sizes, given what runs.
    """
    hours = scene.demand.shape[1]

    def hourly(nodes: Nodes) -> Nodes:
        return np.repeat(nodes, needs.hours)[:hours]

    def within(nodes: Nodes, bounds: Sizes) -> Nodes:
        return np.clip(nodes, hourly(bounds.min), hourly(bounds.max))

    sizes = stack(needs, committed, spot_share)
    if committed.any():
        sizes = replace(sizes, committed=hold("reserved", sizes.committed))
    sizes = replace(sizes, on_demand=hold("on-demand", sizes.on_demand))
    prices = supply.prices
    needed = nodes_for(scene.rest, supply.units_per_node)
    parts = split(needed, hourly(committed), spot_share)
    reserved = within(parts.committed, sizes.committed)
    on_demand = within(parts.on_demand, sizes.on_demand)
    spot = np.zeros_like(reserved)
    capacity = (reserved + on_demand) * supply.units_per_node
    # What runs in the reserved group beyond what is committed is billed at list price.
    beyond = np.maximum(reserved - hourly(committed), 0)
    variable = np.asarray((on_demand + beyond) * prices.on_demand, dtype=np.float64)
    if supply.spot and spot_share > 0:
        ratio = supply.units_per_node / supply.spot.units_per_node
        own = convert(sizes.spot, supply.units_per_node, supply.spot.units_per_node)
        own = hold("spot", own)
        sizes = replace(sizes, spot=own)
        spot = within(nodes_for(parts.spot * ratio, 1.0), own)
        capacity = capacity + spot * supply.spot.units_per_node
        variable = variable + spot * supply.spot.effective_usd_per_node_hour
    return Outcome(
        sizes=sizes,
        reserved=reserved,
        spot=spot,
        on_demand=on_demand,
        committed_usd=committed_usd + scene.sunk_usd_per_hour,
        variable_usd=variable,
        unmet=np.maximum(scene.rest - capacity, 0.0),
    )


@dataclass(frozen=True)
class Compared:
    """What the plan is compared with, for one pool.

    Attributes:
        all_on_demand: nothing bought; the offer that is cheapest on demand alone.
        rules: name, committed base nodes per window and their cost per hour, spot share.
    """

    all_on_demand: tuple[Scene, Supply, Envelope, float]
    rules: tuple[tuple[str, Nodes, float, float], ...]


def pool_expected(
    scene: Scene,
    supply: Supply,
    needs: Envelope,
    result: Outcome,
    bought: NDArray[np.int64],
    bought_usd: float,
    compared: Compared,
) -> PoolExpected:
    """The plan's figures for the pool, and the baselines' beside them.

    Args:
        scene: demand, and what is held beside the base nodes.
        supply: offers and prices.
        needs: what each window needs.
        result: what the plan's own sizes bring about.
        bought: base nodes that run on proposed commitments, shape (scenarios, hours).
        bought_usd: what those proposals cost per hour.
        compared: the baselines.
    """
    unapproved = result.usd_per_hour - bought_usd + bought * supply.prices.on_demand
    plain_scene, plain, list_needs, held_usd = compared.all_on_demand
    none = np.zeros_like(list_needs.low)
    # Trailing windows often ask for the same number of nodes: each is worked out once.
    known: dict[bytes, Outcome] = {}

    def rule(committed: Nodes, usd: float, share: float) -> Outcome:
        key = committed.tobytes() + np.float64(share).tobytes()
        if key not in known:
            known[key] = outcome(scene, supply, needs, committed, usd, share)
        return known[key]

    return PoolExpected(
        demand=interval(scene.demand),
        usd_per_hour=interval(result.usd_per_hour),
        usd_per_hour_unapproved=interval(unapproved),
        interruption_usd_per_hour=_interruptions(supply, result),
        kgco2e_per_hour=_carbon(scene, supply, result),
        shortage_share=share(result.unmet, scene.demand),
        shortage_unit_hours=rounded(float(result.unmet.mean()) * scene.demand.shape[1]),
        baselines=(
            _baseline(
                ALL_ON_DEMAND,
                plain_scene,
                plain,
                outcome(plain_scene, plain, list_needs, none, held_usd, 0.0),
            ),
            *(
                _baseline(name, scene, supply, rule(committed, usd, share))
                for name, committed, usd, share in compared.rules
            ),
        ),
    )


def explorer_rules(
    supply: Supply, decision: Decision, holdings: Holdings
) -> tuple[tuple[str, Nodes, float, float], ...]:
    """The residual Cost-Explorer rules beside what is held: name, nodes, cost, spot share."""
    explorers = sorted(
        (c for c in decision.candidates if c.rule in COST_EXPLORER_RULES),
        key=lambda c: COST_EXPLORER_RULES[c.rule],
    )
    found = []
    for candidate in explorers:
        committed = holdings.committed(candidate.nodes, supply.prices.committed)
        name = f"{COST_EXPLORER}, {candidate.rule.removesuffix(f', {ONCE}')}"
        found.append((name, committed.nodes, committed.usd_per_hour, supply.prices.spot_share))
    return tuple(found)


def _interruptions(supply: Supply, result: Outcome) -> float | None:
    """What spot interruptions are expected to cost per hour; None without spot."""
    if supply.spot is None:
        return None
    each = supply.spot.effective_usd_per_node_hour - supply.spot.usd_per_node_hour
    return rounded(float(result.spot.mean()) * each)


def _baseline(name: str, scene: Scene, supply: Supply, result: Outcome) -> Baseline:
    carbon = _carbon(scene, supply, result)
    return Baseline(
        name=name,
        usd_per_hour=interval(result.usd_per_hour),
        kgco2e_per_hour=carbon.mean if carbon else None,
        shortage_share=share(result.unmet, scene.demand),
    )


def _carbon(scene: Scene, supply: Supply, result: Outcome) -> Interval | None:
    """kg CO2e per hour, or None where a type that runs has no figure."""
    base_g = supply.base.gco2e_per_hour
    spot_g = supply.spot.offers[0].gco2e_per_hour if supply.spot else None
    if base_g is None or (spot_g is None and result.spot.any()):
        return None
    grams = np.asarray((result.reserved + result.on_demand) * base_g, dtype=np.float64)
    if spot_g:
        grams = grams + result.spot * spot_g
    return carbon_of(scene, grams)


def carbon_of(scene: Scene, grams: NDArray[np.float64]) -> Interval | None:
    """kg CO2e per hour of what is held and of so many grams beside it; None where not known."""
    if not math.isfinite(scene.sunk_gco2e_per_hour):
        return None
    return interval((grams + scene.sunk_gco2e_per_hour) / 1000)


def interval(values: NDArray[np.float64]) -> Interval:
    """Mean over scenarios and hours; bounds are the 10 % and 90 % scenario, every hour at once."""
    rows = np.sort(values.mean(axis=1))
    low, high = np.interp((0.1, 0.9), np.linspace(0, 1, len(rows)), rows)
    return Interval(
        mean=rounded(float(rows.mean())), low=rounded(float(low)), high=rounded(float(high))
    )


def share(part: NDArray[np.float64], whole: NDArray[np.float64]) -> float:
    """A part's share in the whole, 0 where there is none."""
    total = float(whole.mean())
    return rounded(float(part.mean()) / total) if total > 0 else 0.0
