"""The commitment rule: a consensus of trailing windows, and the fallback when a simpler rule did better.

A commitment is a stack of layers, each worth buying when on-demand would else serve it often enough to pay
the commitment's price. Three trailing windows, a fourteenth, a quarter and half of the term, estimate how often;
each estimate is lowered by its own standard error over days, so that a quiet series is believed at once and
a restless one waits. The median of the three windows' levels decides: a spike moves the short window only,
a lasting shift moves two. What spot will leave is judged on all of the availability seen, hour by hour
independent of demand, because short windows of availability mislead.

The rule and the residual Cost-Explorer rules are replayed on the history, from many origins, each decision
seeing only its past. The rule decides unless a Cost-Explorer rule was cheaper there by more than the
replay's own noise: then that one does. Last, the level is held to what the forecast confirms: at least what
it is confident of, at most what it does not doubt.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

HOURS_PER_DAY = 24
STEPS = 200
"""Levels that a window's demand is cut into."""
ONCE, ROLLING = "once", "rolling"
NOTHING = "nothing"
"""The rule that commits nothing; it knows no once and no rolling."""
FIRST_ORIGIN_DAYS = 3
MAX_ORIGINS = 60
YOUNG_DAYS = 14
HISTORY_DAYS_PER_TERM_HOUR = 28 / 8_760
"""Days of history without which no term is bound: four weeks for a year, twelve for three."""


@dataclass(frozen=True)
class Parameters:
    """The rule's constants, the same for every series.

    Attributes:
        windows_of_term: trailing windows as shares of the commitment's term, or of twice the history.
        demand_errors: standard errors over the window's days that an estimate is lowered by.
        spot_errors: the same over the days of spot availability seen.
        advantage: how much cheaper a simpler rule must have been to replace this one: what the
            replay of a few weeks can tell apart.
        margin: how far the forecast's share of hours must be from the paying share to overrule.
    """

    windows_of_term: tuple[float, ...] = (1 / 14, 1 / 4, 1 / 2)
    demand_errors: float = 1.25
    spot_errors: float = 2.0
    advantage: float = 0.04
    margin: float = 0.2


DEFAULT = Parameters()


@dataclass(frozen=True)
class Chosen:
    """A level, the rule behind it, and what every rule cost on the replay in US dollars per hour."""

    level: float
    rule: str
    usd_per_hour: Mapping[str, float]


def window_days(
    term_hours: int, seen_days: int, parameters: Parameters = DEFAULT
) -> tuple[int, ...]:
    """The trailing windows in whole days, at least one and at most what was seen.

    Shares of the term, or of twice the history where that is shorter: else the longer windows would
    both be the whole history, and outvote the short one. A young history is taken for a fortnight, so
    that the shortest window is no single day.
    """
    days = min(term_hours / HOURS_PER_DAY, 2 * max(seen_days, YOUNG_DAYS))
    return tuple(
        min(max(1, round(share * days)), max(seen_days, 1)) for share in parameters.windows_of_term
    )


def consensus(
    demand: Array,
    spot: Array | None,
    paying_share: float,
    term_hours: int,
    parameters: Parameters = DEFAULT,
) -> float:
    """The level that the windows agree on.

    Args:
        demand: what on-demand or spot would serve without a commitment, per hour up to the decision,
            shape (T,), T at least a day.
        spot: units of it that spot could have served, shape (T,); None where there is no spot or
            its part is already taken out of the demand.
        paying_share: the share of hours that a unit must be in use to pay: the commitment's price
            over the on-demand price.
        term_hours: of the commitment.
    """
    days = window_days(term_hours, len(demand) // HOURS_PER_DAY, parameters)
    recent = demand[-max(days) * HOURS_PER_DAY :]
    levels = np.linspace(0.0, float(recent.max()), STEPS + 1)
    layers = (levels[1:] + levels[:-1]) / 2
    offered = None if spot is None or not spot.any() else spot
    use = _use_by_day(recent, layers, offered)
    wanted = []
    for d in days:
        window = use[-d:]
        variance = parameters.demand_errors**2 * window.var(axis=0) / d
        if offered is not None:
            demand_seen = recent[-d * HOURS_PER_DAY :]
            variance += parameters.spot_errors**2 * _spot_variance(demand_seen, layers, offered)
        surplus = window.mean(axis=0) - np.sqrt(variance) - paying_share
        gain = np.concatenate([[0.0], np.cumsum(surplus)])
        wanted.append(float(levels[np.argmax(gain)]))
    return float(np.median(wanted))


def held_to(
    level: float, ahead: Array, paying_share: float, parameters: Parameters = DEFAULT
) -> float:
    """The level, held to what the forecast confirms.

    Args:
        level: that the past calls for.
        ahead: equally likely values of what on-demand would serve without a commitment, any shape.
        paying_share: as `consensus` takes it.

    Returns:
        At least the level that the forecast finds in use for `margin` more of the time than pays,
        at most the one that it finds in use for `margin` less.
    """
    shares = 1 - paying_share + np.array([-parameters.margin, parameters.margin])
    low, high = np.quantile(ahead, shares.clip(0.0, 1.0))
    if paying_share + parameters.margin >= 1:  # nothing can be surer than sure
        low = 0.0
    return float(min(max(level, low), high))


def _use_by_day(demand: Array, layers: Array, spot: Array | None) -> Array:
    """Share of each day's hours in which a layer would need on-demand, shape (days, layers)."""
    above = demand[:, None] - layers
    needed = (above > 0).astype(np.float64)
    if spot is not None:
        # How often spot would have been too little for what lies above the layer.
        ordered = np.sort(spot)
        needed *= np.searchsorted(ordered, above, side="left") / len(ordered)
    by_day: Array = needed.reshape(-1, HOURS_PER_DAY, len(layers)).mean(axis=1)
    return by_day


def _spot_variance(demand: Array, layers: Array, spot: Array) -> Array:
    """Squared standard error that availability's days leave, shape (layers,)."""
    days = len(spot) // HOURS_PER_DAY
    if days < 2:
        return np.zeros(len(layers))
    # Every third hour: availability lasts for hours.
    offered = spot[-days * HOURS_PER_DAY :].reshape(days, HOURS_PER_DAY)[:, ::3]
    ordered = np.sort(demand)
    below = np.searchsorted(ordered, layers[:, None] + offered.reshape(-1), side="right")
    exceeded = 1.0 - below / len(ordered)
    variance: Array = exceeded.reshape(len(layers), days, -1).mean(axis=2).var(axis=1) / days
    return variance


def origins(hours: int) -> NDArray[np.int64]:
    """Hours of a history at which the rules are replayed, whole days before its end, rising."""
    days = hours // HOURS_PER_DAY
    back = np.arange(1, days - FIRST_ORIGIN_DAYS + 1, max(1, -(-days // MAX_ORIGINS)))
    return (hours - back[::-1] * HOURS_PER_DAY).astype(np.int64)


@dataclass(frozen=True, eq=False)
class Ledger:
    """What levels of commitment would have cost between the origins, beside the commitment's price.

    Attributes:
        levels: rising, shape (K,).
        usd: cost of serving the rest in each stretch, shape (K, stretches).
        hours: of each stretch, shape (stretches,).
        committed_usd_per_hour: of one unit.
        term_hours: how long a purchase lasts.
    """

    levels: Array
    usd: Array
    hours: NDArray[np.int64]
    committed_usd_per_hour: float
    term_hours: int

    def usd_per_hour(self, wanted: Array, *, rolling: bool) -> float:
        """Mean cost per hour of a rule that wants these levels, over every stretch it may start at.

        Args:
            wanted: its level at the beginning of each stretch, shape (stretches,).
            rolling: buys at each what it lacks, a purchase lasting its term; else at the first only.
        """
        count = len(wanted)
        starts = np.arange(max(1, count - 1))[:, None]
        if rolling:
            held = np.maximum.accumulate(np.where(np.arange(count) >= starts, wanted, 0.0), axis=1)
            lapse = self._lapse()
            # From the term's length on, only what was wanted within the last term is still held.
            late = np.maximum(starts, lapse)
            held = held[late.clip(max=len(starts) - 1), np.arange(count)]
        else:
            held = np.broadcast_to(wanted[starts], (len(starts), count))
        position = np.interp(held, self.levels, np.arange(len(self.levels)))
        below = np.floor(position).astype(np.int64)
        above = np.minimum(below + 1, len(self.levels) - 1)
        weight = position - below
        stretch = np.arange(count)
        usd = (1 - weight) * self.usd[below, stretch] + weight * self.usd[above, stretch]
        usd = usd + held * self.committed_usd_per_hour * self.hours
        counted = stretch >= starts
        means = (usd * counted).sum(axis=1) / (self.hours * counted).sum(axis=1)
        return float(means.mean())

    def _lapse(self) -> NDArray[np.int64]:
        """For each stretch the first one whose purchases have not lapsed by then, shape (stretches,)."""
        begins = np.concatenate([[0], np.cumsum(self.hours)[:-1]])
        return np.searchsorted(begins, begins - self.term_hours, side="right").astype(np.int64)


def choose(
    own: str,
    wanted: Mapping[str, Sequence[float]],
    ledger: Ledger,
    parameters: Parameters = DEFAULT,
) -> Chosen:
    """The planner's own rule, or the simpler one that was cheaper by more than the replay's noise.

    Args:
        own: name of the planner's rule in `wanted`.
        wanted: for each rule its level at each origin and, last, now.
        ledger: what levels cost between the origins.
    """
    usd = {}
    for rule, levels in wanted.items():
        past = np.asarray(levels[:-1], dtype=np.float64)
        if rule == NOTHING:
            usd[rule] = ledger.usd_per_hour(past, rolling=False)
            continue
        if rule != own:
            usd[f"{rule}, {ONCE}"] = ledger.usd_per_hour(past, rolling=False)
        usd[f"{rule}, {ROLLING}"] = ledger.usd_per_hour(past, rolling=True)
    mine = f"{own}, {ROLLING}"
    # Of rules that cost the same, the one that binds less.
    best = min(usd, key=lambda name: (round(usd[name], 9), wanted[_rule(name)][-1], name))
    if usd[mine] <= usd[best] * (1 + parameters.advantage):
        best = mine
    return Chosen(float(wanted[_rule(best)][-1]), best, usd)


def _rule(name: str) -> str:
    return name.rpartition(", ")[0] or name
