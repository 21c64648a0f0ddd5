"""How much a plan commits: the commitment rule and the simpler ones, replayed on the plan's own history.

`policy` has the rule. The residual Cost-Explorer rules (the level that would have cost least over a
trailing window, given what spot serves) stand beside it and take over when they were plainly cheaper.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trimtab.forecast.model import HOURS_PER_DAY, Forecast
from trimtab.planning.consensus import consensus_at
from trimtab.planning.economics import (
    ROUNDING,
    Nodes,
    Prices,
    best_commitment,
    hourly_cost,
    nodes_for,
)
from trimtab.planning.policy import (
    DEFAULT,
    HISTORY_DAYS_PER_TERM_HOUR,
    NOTHING,
    ONCE,
    ROLLING,
    Ledger,
    choose,
    held_to,
    origins,
    window_days,
)

TRAILING_DAYS = (7, 14, 30, 60)
"""Cost Explorer looks back over 7, 30 or 60 days; a fortnight stands between."""
YEAR_HOURS = 8_760

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
    history: NDArray[np.float64],
    forecast: Forecast,
    units_per_node: float,
    prices: Prices,
    term_hours: int = YEAR_HOURS,
) -> Decision:
    """Choose how many nodes to commit.

    Args:
        history: demand per hour up to the decision, shape (T,).
        forecast: of the hours that follow.
        units_per_node: of the base offer.
        prices: of one base node.
        term_hours: of the commitment.
    """
    days = len(history) / HOURS_PER_DAY
    least = HISTORY_DAYS_PER_TERM_HOUR * term_hours
    if prices.committed is None:
        return _nothing("no commitment of an allowed term is on sale below list price", "")
    if days < least:
        held = (
            f"{days:.0f} d of history are too short to bind a term of {term_hours} h: {least:.0f} d"
        )
        return _nothing("nothing is committed on short evidence", held)

    needed = nodes_for(history, units_per_node)
    replaced = prices
    if prices.spot is not None and prices.committed < prices.spot:
        # It replaces spot too, which costs at least this.
        replaced = Prices(prices.spot, prices.committed)
    left = _left_by_spot(needed, replaced)
    share = prices.committed / replaced.on_demand
    at = origins(len(needed))
    ends = [*at.tolist(), len(needed)]
    windows = window_days(term_hours, len(needed) // HOURS_PER_DAY)
    own = f"consensus of {', '.join(map(str, windows))} d"
    wanted: dict[str, list[float]] = {
        own: [_whole(level) for level in consensus_at(left, ends, share, term_hours)]
    }
    wanted |= {
        f"trailing {days} d": [
            best_commitment(needed[max(0, end - days * HOURS_PER_DAY) : end], prices)
            for end in ends
        ]
        for days in TRAILING_DAYS
        if days <= max(len(needed) / HOURS_PER_DAY, TRAILING_DAYS[0])
    }
    wanted[NOTHING] = [0.0] * len(ends)
    chosen = choose(own, wanted, _ledger(needed, ends, wanted, prices, term_hours))
    ahead = _left_by_spot(nodes_for(forecast.scenarios(), units_per_node), replaced)
    nodes = _whole(held_to(chosen.level, ahead, share))
    candidates = sorted(
        (
            Candidate(rule, int(wanted[rule.rpartition(", ")[0] or rule][-1]), usd)
            for rule, usd in chosen.usd_per_hour.items()
        ),
        # Equal costs: the smaller commitment binds less.
        key=lambda c: (round(c.usd_per_hour, 6), c.nodes, c.rule),
    )
    replayed = int(len(needed) - at[0])
    return Decision(
        nodes=nodes,
        rule=chosen.rule,
        reason=(
            f"{_standing(chosen.rule, own, candidates)}, of {len(candidates)} rules started at "
            f"{len(at)} origins in the last {replayed} h of history"
        ),
        guardrail=_guardrail(nodes, int(chosen.level)),
        replayed_hours=replayed,
        candidates=tuple(candidates),
    )


def _left_by_spot(needed: Nodes, prices: Prices) -> NDArray[np.float64]:
    """Nodes that on-demand would serve without a commitment; same shape."""
    share = prices.spot_share if prices.spot is not None else 0.0
    left: NDArray[np.float64] = needed - np.floor(share * needed + ROUNDING)
    return left


def _whole(level: float) -> int:
    return int(np.floor(level + 0.5))


def _ledger(
    needed: Nodes,
    ends: list[int],
    wanted: dict[str, list[float]],
    prices: Prices,
    term_hours: int,
) -> Ledger:
    """The replayed cost of every level that some rule wanted."""
    levels = sorted({level for each in wanted.values() for level in each})
    first = ends[0]
    replayed = needed[first:]
    starts = np.array(ends[:-1]) - first
    committed = prices.committed or 0.0
    usd = [
        np.add.reduceat(hourly_cost(replayed, int(level), prices) - level * committed, starts)
        for level in levels
    ]
    return Ledger(np.array(levels), np.stack(usd), np.diff(ends), committed, term_hours)


def _standing(rule: str, own: str, candidates: list[Candidate]) -> str:
    """Why this rule: the cheapest, or one whose distance from the cheapest is noise."""
    best = candidates[0]
    mine = next(c for c in candidates if c.rule == rule)
    if mine.usd_per_hour <= best.usd_per_hour or best.usd_per_hour <= 0:
        return "the cheapest"
    over = f"{mine.usd_per_hour / best.usd_per_hour - 1:.1%} above {best.rule}"
    if rule.startswith(own):
        return f"{over}, within the {DEFAULT.advantage:.0%} that such a replay can tell apart"
    return over


def _guardrail(nodes: int, level: int) -> str:
    """What the forecast did to the rule's level."""
    if nodes < level:
        return f"{nodes} of {level} nodes: the forecast does not confirm the rest"
    if nodes > level:
        return f"{nodes} nodes instead of {level}: the forecast is confident of them"
    return ""


def _nothing(reason: str, guardrail: str) -> Decision:
    return Decision(0, NOTHING, reason, guardrail, 0, ())
