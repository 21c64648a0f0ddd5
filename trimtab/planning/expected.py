"""What a pool is expected to run, cost, emit and leave unmet, and the same for other rules.

Everything is an average over the forecast's scenarios and hours; an autoscaler is taken to follow
demand inside the plan's bounds, for the plan and for the baselines alike.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from trimtab.forecast.model import Forecast
from trimtab.plan.document import rounded
from trimtab.plan.model import Baseline, Interval, PoolExpected
from trimtab.planning.commitment import COST_EXPLORER_RULES, ONCE, Decision
from trimtab.planning.economics import Nodes, nodes_for, split
from trimtab.planning.supply import Supply
from trimtab.planning.windows import Envelope, Sizes, Stack, convert, stack

ALL_ON_DEMAND = "all on-demand"
COST_EXPLORER = "residual Cost-Explorer"
"""How the baselines are named; the latter with its window after a comma."""


@dataclass(frozen=True)
class Outcome:
    """Sizes, and what they bring about per scenario and hour: arrays of shape (scenarios, hours).

    `sizes` are per window, spot's in its own nodes. `reserved` and `on_demand` are base nodes that run, `spot` its own; `committed_usd` is paid per
    hour whether they run or not; `unmet` is in the pool's unit.
    """

    sizes: Stack
    reserved: Nodes
    spot: Nodes
    on_demand: Nodes
    committed_usd: float
    variable_usd: NDArray[np.float64]
    unmet: NDArray[np.float64]


def outcome(
    ahead: Forecast, supply: Supply, needs: Envelope, committed: int, spot_share: float
) -> Outcome:
    """Sizes, nodes that run, what they cost and what they leave unmet, for a commitment and a spot share.

    Args:
        ahead: forecast demand.
        supply: offers and prices.
        needs: what each window needs; bounds follow from it as in the plan.
        committed: base nodes committed.
        spot_share: largest share of the needed nodes on spot.
    """
    sizes = stack(needs, committed, spot_share)
    scenarios = ahead.scenarios()
    prices = supply.prices
    parts = split(nodes_for(scenarios, supply.units_per_node), committed, spot_share)

    def within(nodes: Nodes, bounds: Sizes) -> Nodes:
        low, high = (np.repeat(b, needs.hours)[: ahead.hours] for b in (bounds.min, bounds.max))
        return np.clip(nodes, low, high)

    reserved = within(parts.committed, sizes.committed)
    on_demand = within(parts.on_demand, sizes.on_demand)
    spot = np.zeros_like(reserved)
    capacity = (reserved + on_demand) * supply.units_per_node
    variable = np.asarray(on_demand * prices.on_demand, dtype=np.float64)
    if supply.spot and spot_share > 0:
        ratio = supply.units_per_node / supply.spot.units_per_node
        own = convert(sizes.spot, supply.units_per_node, supply.spot.units_per_node)
        sizes = replace(sizes, spot=own)
        spot = within(nodes_for(parts.spot * ratio, 1.0), own)
        capacity = capacity + spot * supply.spot.units_per_node
        variable = variable + spot * supply.spot.effective_usd_per_node_hour
    return Outcome(
        sizes=sizes,
        reserved=reserved,
        spot=spot,
        on_demand=on_demand,
        committed_usd=committed * (prices.committed or 0.0),
        variable_usd=variable,
        unmet=np.maximum(scenarios - capacity, 0.0),
    )


def pool_expected(
    ahead: Forecast,
    supply: Supply,
    decision: Decision,
    needs: Envelope,
    result: Outcome,
    list_needs: Envelope,
) -> PoolExpected:
    """The plan's figures for the pool, and the baselines' beside them.

    Args:
        ahead: forecast demand.
        supply: offers and prices.
        decision: the commitment, with the rules it was chosen from.
        needs: what each window needs.
        result: what the plan's own sizes bring about.
        list_needs: what each window needs of the offer that is cheapest on demand alone.
    """
    scenarios = ahead.scenarios()
    unapproved = result.variable_usd + result.reserved * supply.prices.on_demand
    plain = supply.list_price or supply
    return PoolExpected(
        demand=_interval(scenarios),
        usd_per_hour=_interval(result.variable_usd + result.committed_usd),
        usd_per_hour_unapproved=_interval(unapproved),
        interruption_usd_per_hour=_interruptions(supply, result),
        kgco2e_per_hour=_carbon(supply, result),
        shortage_share=_share(result.unmet, scenarios),
        shortage_unit_hours=rounded(float(result.unmet.mean()) * ahead.hours),
        baselines=(
            _baseline(ALL_ON_DEMAND, scenarios, plain, outcome(ahead, plain, list_needs, 0, 0.0)),
            *(
                _baseline(name, scenarios, supply, outcome(ahead, supply, needs, nodes, share))
                for name, nodes, share in _rules(supply, decision)
            ),
        ),
    )


def _interruptions(supply: Supply, result: Outcome) -> float | None:
    """What spot interruptions are expected to cost per hour; None without spot."""
    if supply.spot is None:
        return None
    each = supply.spot.effective_usd_per_node_hour - supply.spot.usd_per_node_hour
    return rounded(float(result.spot.mean()) * each)


def _rules(supply: Supply, decision: Decision) -> list[tuple[str, int, float]]:
    """The residual Cost-Explorer rules: name, committed nodes, spot share."""
    explorers = sorted(
        (c for c in decision.candidates if c.rule in COST_EXPLORER_RULES),
        key=lambda c: COST_EXPLORER_RULES[c.rule],
    )
    return [
        (
            f"{COST_EXPLORER}, {candidate.rule.removesuffix(f', {ONCE}')}",
            candidate.nodes,
            supply.prices.spot_share,
        )
        for candidate in explorers
    ]


def _baseline(
    name: str, scenarios: NDArray[np.float64], supply: Supply, result: Outcome
) -> Baseline:
    carbon = _carbon(supply, result)
    return Baseline(
        name=name,
        usd_per_hour=_interval(result.variable_usd + result.committed_usd),
        kgco2e_per_hour=carbon.mean if carbon else None,
        shortage_share=_share(result.unmet, scenarios),
    )


def _carbon(supply: Supply, result: Outcome) -> Interval | None:
    """kg CO2e per hour, or None where a type that runs has no figure."""
    base_g = supply.base.gco2e_per_hour
    spot_g = supply.spot.offers[0].gco2e_per_hour if supply.spot else None
    if base_g is None or (spot_g is None and result.spot.any()):
        return None
    base = result.reserved + result.on_demand
    return _interval((base * base_g + result.spot * (spot_g or 0.0)) / 1000)


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
