"""What a pool is expected to run, cost, emit and leave unmet, and the same for other rules.

Everything is an average over the forecast's scenarios and hours; an autoscaler is taken to follow
demand inside the plan's bounds, for the plan and for the baselines alike.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimtab.forecast.model import Forecast
from trimtab.plan.document import rounded
from trimtab.plan.model import Baseline, Interval, PoolExpected
from trimtab.planning.commitment import COST_EXPLORER_RULES, ONCE, Decision
from trimtab.planning.economics import Nodes, nodes_for, split
from trimtab.planning.supply import Supply
from trimtab.planning.windows import Envelope, Sizes, Stack


@dataclass(frozen=True)
class Running:
    """Nodes that are expected to run per scenario and hour, shape (scenarios, hours) each.

    An autoscaler is taken to follow demand inside the plan's bounds. `spot` counts spot's own nodes;
    the others base nodes. `capacity` is in the pool's unit.
    """

    reserved: Nodes
    spot: Nodes
    on_demand: Nodes
    capacity: NDArray[np.floating[Any]]


def running_nodes(
    ahead: Forecast,
    supply: Supply,
    needs: Envelope,
    sizes: Stack,
    spot: Sizes | None,
) -> Running:
    """Nodes per scenario and hour, with demand followed inside the bounds of each group."""
    scenarios = ahead.scenarios()
    needed = nodes_for(scenarios, supply.units_per_node)
    share = supply.prices.spot_share if spot is not None else 0.0
    parts = split(needed, int(sizes.committed.max.max()), share)

    def within(nodes: Nodes, bounds: Sizes) -> Nodes:
        low, high = (np.repeat(b, needs.hours)[: ahead.hours] for b in (bounds.min, bounds.max))
        return np.clip(nodes, low, high)

    reserved = within(parts.committed, sizes.committed)
    list_nodes = within(parts.on_demand, sizes.on_demand)
    spot_nodes = np.zeros_like(needed)
    capacity = (reserved + list_nodes) * supply.units_per_node
    if spot is not None and supply.spot is not None:
        own = nodes_for(parts.spot * (supply.units_per_node / supply.spot.units_per_node), 1.0)
        spot_nodes = within(own, spot)
        capacity = capacity + spot_nodes * supply.spot.units_per_node
    return Running(reserved, spot_nodes, list_nodes, capacity)


def pool_expected(
    ahead: Forecast, supply: Supply, decision: Decision, needs: Envelope, running: Running
) -> PoolExpected:
    scenarios = ahead.scenarios()
    prices = supply.prices
    spot_usd = supply.spot.effective_usd_per_node_hour if supply.spot else 0.0
    variable = running.spot * spot_usd + running.on_demand * prices.on_demand
    unmet = np.maximum(scenarios - running.capacity, 0.0)
    return PoolExpected(
        demand=_interval(scenarios),
        usd_per_hour=_interval(variable + decision.nodes * (prices.committed or 0.0)),
        usd_per_hour_unapproved=_interval(variable + running.reserved * prices.on_demand),
        kgco2e_per_hour=_carbon(supply, running.reserved + running.on_demand, running.spot),
        shortage_share=_share(unmet, scenarios),
        shortage_unit_hours=rounded(float(unmet.mean()) * ahead.hours),
        baselines=_baselines(ahead, supply, decision, needs),
    )


def _baselines(
    ahead: Forecast, supply: Supply, decision: Decision, needs: Envelope
) -> tuple[Baseline, ...]:
    """Other rules on the same forecast and bounds: all on-demand, and the residual Cost-Explorer."""
    scenarios = ahead.scenarios()
    high = np.repeat(needs.high, needs.hours)[: ahead.hours]
    needed = np.minimum(nodes_for(scenarios, supply.units_per_node), high)
    capacity = np.maximum(needed, 0) * supply.units_per_node
    unmet = _share(np.maximum(scenarios - capacity, 0.0), scenarios)
    rules = {"all on-demand": (0, 0.0)} | {
        f"residual Cost-Explorer, {candidate.rule.removesuffix(f', {ONCE}')}": (
            candidate.nodes,
            supply.prices.spot_share,
        )
        for candidate in sorted(
            decision.candidates, key=lambda c: COST_EXPLORER_RULES.get(c.rule, 0)
        )
        if candidate.rule in COST_EXPLORER_RULES
    }
    baselines = []
    for name, (committed, share) in rules.items():
        parts = split(needed, committed, share)
        cost = (
            committed * (supply.prices.committed or 0.0)
            + parts.spot * (supply.prices.spot or 0.0)
            + parts.on_demand * supply.prices.on_demand
        )
        at_base = parts.committed + parts.on_demand
        own = parts.spot
        if supply.spot:
            own = nodes_for(parts.spot * (supply.units_per_node / supply.spot.units_per_node), 1.0)
        carbon = _carbon(supply, at_base, own)
        baselines.append(
            Baseline(
                name=name,
                usd_per_hour=_interval(cost),
                kgco2e_per_hour=carbon.mean if carbon else None,
                shortage_share=unmet,
            )
        )
    return tuple(baselines)


def _carbon(supply: Supply, base: Nodes, spot: Nodes) -> Interval | None:
    """kg CO2e per hour, or None where a type that runs has no figure."""
    base_g = supply.base.gco2e_per_hour
    spot_g = supply.spot.offers[0].gco2e_per_hour if supply.spot else 0.0
    if base_g is None or (spot_g is None and spot.any()):
        return None
    return _interval((base * base_g + spot * (spot_g or 0.0)) / 1000)


def _interval(values: NDArray[np.float64]) -> Interval:
    """Mean over scenarios and hours; bounds are the 10 % and 90 % scenario, every hour at once."""
    rows = values.mean(axis=1)
    low, high = np.quantile(rows, (0.1, 0.9))
    return Interval(
        mean=rounded(float(rows.mean())), low=rounded(float(low)), high=rounded(float(high))
    )


def _share(part: NDArray[np.float64], whole: NDArray[np.float64]) -> float:
    total = float(whole.mean())
    return rounded(float(part.mean()) / total) if total > 0 else 0.0
