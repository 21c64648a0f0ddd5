"""How much to commit: candidate rules, replayed on the history that the plan is made from.

A rule sees only the past. Started at an origin, it says how many nodes it would hold, buys what it
lacks (a purchase can't be taken back: its term outlasts the history) and pays to the history's end,
either deciding once or again at every later origin. Its cost is the mean over all origins; the cheapest
candidate decides. The residual Cost-Explorer rules (the level that would have cost least over a trailing
window, given what spot serves) are among the candidates, so the choice is never worse than they were.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trimtab.forecast.model import HOURS_PER_DAY, Forecast, interpolate
from trimtab.planning.economics import Prices, best_commitment, nodes_for, stretch_costs

TRAILING_DAYS = (7, 14, 30, 60)
HISTORY_DAYS_TO_COMMIT = 28
"""A term of a year or more is not bound on less than four weeks of demand."""
SHORTER_WINDOW = 1.1
"""A trailing window may be cut short by this much at the first origin before it is left out."""
ONCE, ROLLING = "once", "rolling"

COST_EXPLORER_RULES = {f"trailing {days} d, {ONCE}": days for days in TRAILING_DAYS}
"""The plain residual Cost-Explorer rules, with their windows in days."""


def is_cost_explorer(rule: str) -> bool:
    """Whether a candidate is a plain residual Cost-Explorer rule, decided once or rolling."""
    return rule.replace(f", {ROLLING}", f", {ONCE}") in COST_EXPLORER_RULES


@dataclass(frozen=True)
class Candidate:
    """A rule, what it would commit now, and what it cost on the replayed history."""

    rule: str
    nodes: int
    usd_per_hour: float


@dataclass(frozen=True)
class Decision:
    """The commitment and the candidates it was chosen from, cheapest first."""

    nodes: int
    rule: str
    reason: str
    guardrail: str
    replayed_hours: int
    candidates: tuple[Candidate, ...]


def decide(
    history: NDArray[np.float64], forecast: Forecast, units_per_node: float, prices: Prices
) -> Decision:
    """Choose how many nodes to commit.

    Args:
        history: demand per hour up to the decision, shape (T,).
        forecast: of the hours that follow, with its origins inside the history.
        units_per_node: of the base offer.
        prices: of one base node.
    """
    days = len(history) / HOURS_PER_DAY
    if prices.committed is None:
        return _nothing("no commitment of an allowed term is on sale below list price", "")
    if days < HISTORY_DAYS_TO_COMMIT:
        held = f"{days:.0f} d of history are too short to bind a term: {HISTORY_DAYS_TO_COMMIT} d"
        return _nothing("nothing is committed on short evidence", held)

    needed = nodes_for(history, units_per_node)
    origins = forecast.origins.hours
    if not len(origins):
        origins = np.arange(len(needed) // 2, len(needed), 7 * HOURS_PER_DAY, dtype=np.int64)
    ends = (*origins.tolist(), len(needed))
    targets: dict[str, list[int]] = {
        f"trailing {days} d": [
            best_commitment(needed[max(0, end - days * HOURS_PER_DAY) : end], prices)
            for end in ends
        ]
        for days in TRAILING_DAYS
        if days * HOURS_PER_DAY <= origins[0] * SHORTER_WINDOW or days == TRAILING_DAYS[0]
    }
    if len(forecast.origins.hours):
        levels = (np.arange(50) + 0.5) / 50
        ahead = [
            best_commitment(nodes_for(interpolate(quantiles, levels), units_per_node), prices)
            for quantiles in (*forecast.origins.quantiles, forecast.quantiles)
        ]
        # Waiting a week costs little and a purchase can't be undone, so a past level that the
        # forecast does not confirm is worth leaving for the next plan.
        targets |= {
            f"{rule}, forecast agreeing": [min(pair) for pair in zip(past, ahead, strict=True)]
            for rule, past in list(targets.items())
        }
        targets["forecast"] = ahead
    targets["nothing"] = [0] * (len(origins) + 1)

    wanted = np.unique([level for levels in targets.values() for level in levels])
    costs = stretch_costs(needed, origins, wanted, prices)
    hours = np.diff(ends)
    candidates = tuple(
        sorted(
            (
                Candidate(
                    rule if rule == "nothing" else f"{rule}, {mode}",
                    levels[-1],
                    _replay(
                        costs,
                        hours,
                        np.searchsorted(wanted, levels[:-1]),
                        rolling=mode == ROLLING,
                    ),
                )
                for rule, levels in targets.items()
                for mode in ((ONCE,) if rule == "nothing" else (ONCE, ROLLING))
            ),
            # Equal costs: the smaller commitment binds less.
            key=lambda c: (round(c.usd_per_hour, 6), c.nodes, c.rule),
        )
    )
    best = candidates[0]
    replayed = len(needed) - int(origins[0])
    return Decision(
        nodes=best.nodes,
        rule=best.rule,
        reason=(
            f"cheapest of {len(candidates)} candidates started at {len(origins)} origins"
            f" in the last {replayed} h of history"
        ),
        guardrail=_guardrail(candidates),
        replayed_hours=replayed,
        candidates=candidates,
    )


def _replay(
    costs: NDArray[np.float64],
    hours: NDArray[np.int64],
    levels: NDArray[np.int64],
    *,
    rolling: bool,
) -> float:
    """Mean cost per hour of a rule, over every origin it may start at.

    Args:
        costs: of each level in each stretch between origins, shape (levels, stretches); levels rise.
        hours: of each stretch, shape (stretches,).
        levels: index of the level that the rule wants at each stretch's origin.
        rolling: whether it buys again at every origin what it lacks.
    """
    stretches = np.arange(len(hours))
    means = []
    for first in stretches:
        wanted = levels[first:]
        held = np.maximum.accumulate(wanted) if rolling else wanted[:1]
        means.append(costs[held, stretches[first:]].sum() / hours[first:].sum())
    return float(np.mean(means))


def _guardrail(candidates: tuple[Candidate, ...]) -> str:
    """Why the forecast does not decide, when it does not."""
    best = candidates[0]
    if best.rule.startswith("forecast"):
        return ""
    forecast = next((c for c in candidates if c.rule.startswith("forecast")), None)
    if forecast is None:
        return ""
    return (
        f"the forecast's own level ({forecast.nodes} nodes) cost "
        f"{forecast.usd_per_hour / best.usd_per_hour - 1:.1%} more on the replayed history"
        if best.usd_per_hour
        else ""
    )


def _nothing(reason: str, guardrail: str) -> Decision:
    return Decision(0, "nothing", reason, guardrail, 0, ())
