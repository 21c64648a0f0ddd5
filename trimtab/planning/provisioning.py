"""How much capacity to order now for an hour that is a node's lead time away.

A decision at the end of hour t, for hour t + lead, sees demand up to t and nothing else. At level τ it
orders the τ quantile of that hour's demand, which is what minimises the expected cost of unmet demand
and idle capacity when a unit short costs τ / (1 - τ) times a unit idle: sweeping τ draws the rule's
cost-shortage frontier.

No predictor is best on every demand, so many are asked, and the past decides:

- **conditional ones**: a base (the last value, the highest of the last three hours, a daily profile, a
  ridge regression, or nothing) plus a weighted quantile of what demand did beyond that base before. The
  weights say which past hours resemble this one: recent ones, those at the same hour of the day, at a
  similar level, near the top of the last day, after a similar move;
- **reactive ones**: the highest of the last k hours with a fixed headroom, as an autoscaler would.

Each is scored by its pinball loss at τ, older hours counting less; its weight is its prior times its loss
to the power -12: what is twice as bad has no say, near-equals are averaged. Then quantiles are made to
rise with τ. Nothing is fitted to one series: the constants hold for all, and lengths are in units of a
series' own mean, so that demand scaled is capacity scaled.

It does not decide what to buy, nor whole nodes: see `economics`. `backtest.provisioning` replays it
against autoscalers.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trimtab.errors import InputError
from trimtab.planning.lags import DAY, Array, lagged, profile, regressed_move, rolling_max

Weights = NDArray[np.float32]

EVIDENCE_HOURS: Final = 672
"""How many past hours a conditional predictor weighs: four weeks."""
SCORED_HOURS: Final = 336
"""How many past decisions `capacity` scores the predictors on; `replay` scores all."""
FAST_HOURS, SLOW_HOURS, LOSS_HOURS = 72.0, 336.0, 168.0
"""Half-lives: of past hours as evidence (two), of losses."""
SHARPNESS: Final = 12.0
CEILING: Final = 1.5
"""No predictor may ask for more than this times the highest demand seen."""
LEVEL_WIDTH, TOP_WIDTH, MOVE_WIDTH, HOUR_WIDTH = 0.2, 0.05, 0.05, 1.0
"""How alike is alike: in log(1 + 10 x demand / mean), in demand over the last day's highest, in the last
hour's move over the mean, in hours of the day."""
FLOOR: Final = {0: 0.0, 1: 0.01, 2: 0.003}
"""What an unlike hour still weighs, by how many likenesses multiply: no kernel is ever empty."""

PREDICTORS: Final[dict[str, tuple[tuple[str, ...], ...]]] = {
    "last": (
        ("fast",),
        ("slow", "hour"),
        ("slow", "level"),
        ("slow", "level", "hour"),
        ("slow", "top", "hour"),
        ("slow", "level", "move"),
    ),
    "ridge": (("fast",), ("slow", "level")),
    "highest of 3": (("slow", "level"), ("slow", "hour")),
    "profile": (("fast",),),
    "nothing": (("fast",), ("slow", "level", "hour")),
}
"""Conditional predictors: a base, and how its past errors are weighed: memory first, then likenesses."""

REACTIVE: Final = tuple(
    (hours, headroom)
    for hours in (1, 2, 3, 6, 12, 24)
    for headroom in (0.0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0)
)
"""Reactive predictors: of how many hours the highest, and the headroom above it."""
LAST_PRIOR, OTHER_PRIOR, REACTIVE_PRIOR = 1.0, 0.3, 0.1
"""Weights before any evidence, of a predictor from the last value, another conditional, a reactive one."""
PRIOR: Final = np.array(
    [LAST_PRIOR if base == "last" else OTHER_PRIOR for base in PREDICTORS for _ in PREDICTORS[base]]
    + [REACTIVE_PRIOR] * len(REACTIVE)
)
OWN_HOURS, HALF_HOURS = 2, 12
"""Hours ahead that are the rule's alone, and those in which the forecast has half a say."""
CHUNK: Final = 48
BATCH_HOURS: Final = 2048
"""Decisions at a time, for speed and for memory."""


def capacity(history: ArrayLike, lead_hours: int, levels: Sequence[float]) -> Array:
    """Capacity to order at the history's end; reads its last six weeks.

    Args:
        history: hourly demand, (N, T), shorter series padded with NaN on the left; the last column is
            the last hour that has ended.
        lead_hours: hours from that one to the one that is served, 1 to 24.
        levels: probabilities that capacity suffices, rising, within (0, 1).

    Returns:
        (N, len(levels)) in the unit of demand, not below zero, not falling along the levels.

    Raises:
        InputError: an argument is not as stated.
    """
    demand, taus = _checked(history, lead_hours, levels)
    demand = demand[:, -(EVIDENCE_HOURS + SCORED_HOURS + lead_hours) :]
    first = max(demand.shape[1] - SCORED_HOURS - lead_hours, 0)
    return _decided(demand, lead_hours, taus, first)[:, -1]


def near_hours(history: ArrayLike, hours: int, levels: Sequence[float]) -> Array:
    """The same for each of the next hours, (N, hours, len(levels)): hour h is ordered h hours ahead."""
    ahead = [capacity(history, lead, levels) for lead in range(1, hours + 1)]
    return np.stack(ahead, axis=1)


def with_near_hours(
    quantiles: Array, history: ArrayLike, levels: Sequence[float], hours: int = HALF_HOURS
) -> Array:
    """A forecast whose first hours are the rule's.

    The first `OWN_HOURS` are the rule's alone, those up to `HALF_HOURS` the mean of both: what lost least
    beside the forecast that plans are made from (docs/provisioning.md).

    Args:
        quantiles: the forecast, (N, len(levels), H), of the hours that follow the history.
        history: as for `capacity`.
        levels: of both.
        hours: how many hours to touch at most; one takes about 50 ms of processor time per series.

    Returns:
        Of the same shape, not falling along the levels where the forecast does not.
    """
    out = quantiles.copy()
    hours = min(hours, HALF_HOURS, quantiles.shape[2])
    own = min(OWN_HOURS, hours)
    near = near_hours(history, hours, levels).transpose(0, 2, 1)
    out[:, :, :own] = near[:, :, :own]
    out[:, :, own:hours] = (out[:, :, own:hours] + near[:, :, own:]) / 2.0
    return out


def replay(history: ArrayLike, lead_hours: int, levels: Sequence[float]) -> Array:
    """The decision of every hour of a history, each from its past alone.

    Returns:
        (N, T, len(levels)): ordered at the end of hour t for hour t + lead_hours; NaN in the padding.
        Arguments and errors as for `capacity`, which differs in that it has scored the predictors on
        its last two weeks only.
    """
    demand, taus = _checked(history, lead_hours, levels)
    return _decided(demand, lead_hours, taus, 0)


def _decided(demand: Array, lead: int, taus: Array, first: int) -> Array:
    """Decisions from hour `first` on, a few series at a time: predictors take N x T x K x J numbers."""
    batch = max(BATCH_HOURS // (demand.shape[1] - first), 1)
    parts = [demand[n : n + batch] for n in range(0, len(demand), batch)]
    return np.concatenate(
        [mixed(part, forecasts(part, lead, taus, first), lead, taus) for part in parts]
    )


def forecasts(demand: Array, lead: int, taus: Array, first: int = 0) -> Array:
    """What every predictor would order from hour `first` on.

    Returns:
        (N, T - first, K, J), NaN where a predictor has no opinion; in the order of `PRIOR`.
    """
    known = np.isfinite(demand)
    mean = np.where(known, demand, 0.0).cumsum(axis=1) / np.maximum(known.cumsum(axis=1), 1)
    scale = np.where(mean > 0, mean, 1.0)
    now = {
        "level": np.log1p(10.0 * demand / scale) / LEVEL_WIDTH,
        "top": demand / np.maximum(rolling_max(demand, DAY), 1e-9 * scale) / TOP_WIDTH,
        "move": (demand - lagged(demand, 1)) / scale / MOVE_WIDTH,
    }
    bases = {
        "last": demand,
        "ridge": demand + scale * regressed_move(demand, scale, lead),
        "highest of 3": rolling_max(demand, 3),
        "profile": profile(demand, lead),
        "nothing": np.where(known, 0.0, np.nan),
    }
    asked = [
        base[:, first:, None, None]
        + _beyond(base, demand, now, PREDICTORS[name], lead, taus, first)
        for name, base in bases.items()
    ]
    simple = [
        rolling_max(demand, hours)[:, first:] * (1.0 + headroom) for hours, headroom in REACTIVE
    ]
    reactive = np.stack(simple, axis=-1)[:, :, None, :].repeat(len(taus), axis=2)
    ceiling = CEILING * np.fmax.accumulate(demand, axis=1)[:, first:, None, None]
    out: Array = np.clip(np.concatenate([*asked, reactive], axis=-1), 0.0, ceiling)
    return out


def mixed(
    demand: Array,
    asked: Array,
    lead: int,
    taus: Array,
    prior: Array = PRIOR,
    sharpness: float = SHARPNESS,
    loss_hours: float = LOSS_HOURS,
) -> Array:
    """Predictors averaged by how well each has done; (N, T - first, K).

    Takes what `forecasts` gives, of the last hours of `demand`.
    """
    n, hours, k, j = asked.shape
    truth = demand[:, -hours:]
    decay = 0.5 ** (1.0 / loss_hours)
    tau = taus[:, None]
    loss, count = np.zeros((n, k, j)), np.zeros((n, k, j))
    out = np.full((n, hours, k), np.nan)
    for t in range(hours):
        if t >= lead:
            miss = truth[:, t, None, None] - asked[:, t - lead]
            score = np.maximum(tau * miss, (tau - 1.0) * miss)
            scored = np.isfinite(score)
            loss = np.where(scored, decay * loss + score, loss)
            count = np.where(scored, decay * count + 1.0, count)
        has = np.isfinite(asked[:, t])
        mean = np.where(has & (count > 0), loss / np.maximum(count, 1e-9), np.inf)
        best = mean.min(axis=-1, keepdims=True)
        # Nothing scored yet: the priors alone. A faultless predictor: the faultless ones alone.
        with np.errstate(divide="ignore", invalid="ignore"):
            relative = np.where(best > 0, mean / best, np.where(mean > 0, np.inf, 1.0))
        relative = np.where(np.isfinite(best), relative, 1.0)
        weights = np.where(has, prior * relative**-sharpness, 0.0)
        total = weights.sum(axis=-1)
        average = (weights * np.where(has, asked[:, t], 0.0)).sum(axis=-1)
        out[:, t] = np.where(total > 0, average / np.where(total > 0, total, 1.0), np.nan)
    return np.maximum.accumulate(out, axis=-1)


def _beyond(
    base: Array,
    demand: Array,
    now: dict[str, Array],
    kernels: Sequence[tuple[str, ...]],
    lead: int,
    taus: Array,
    first: int,
) -> Array:
    """Weighted quantiles of how far demand went beyond a base; (N, T - first, K, kernels).

    What was seen at hour u was decided at u - lead; a decision at t weighs those with u <= t. A chunk of
    decisions shares one sort of the errors, so a kernel costs one pass over weights.
    """
    n, hours = demand.shape
    error = demand - lagged(base, lead)
    then = {name: lagged(values, lead) for name, values in now.items()}
    out = np.full((n, hours - first, len(taus), len(kernels)), np.nan)
    for start in range(first, hours, CHUNK):
        end = min(start + CHUNK, hours)
        since = max(start + 1 - EVIDENCE_HOURS, 0)
        errors = error[:, since:end]
        order = np.argsort(errors, axis=1, kind="stable")  # NaN last
        errors = np.take_along_axis(errors, order, axis=1)
        seen = order + since
        decided = np.arange(start, end)
        usable = (seen[:, None, :] <= decided[:, None]) & np.isfinite(errors)[:, None, :]

        def memory(half_life: float, seen: NDArray[np.int64] = seen, end: int = end) -> Weights:
            # Relative to the chunk's end: a factor common to one decision cancels in its quantile.
            return np.exp2((seen - end) / half_life).astype(np.float32)[:, None, :]

        def of_day(seen: NDArray[np.int64] = seen, decided: NDArray[np.int64] = decided) -> Weights:
            apart = np.arange(DAY)
            near = np.exp(-0.5 * (np.minimum(apart, DAY - apart) / HOUR_WIDTH) ** 2)
            table = near[(decided[:, None] + lead - apart) % DAY].astype(np.float32)
            found: Weights = table[:, seen % DAY].transpose(1, 0, 2)
            return found

        made: dict[str, Weights] = {}
        for index, (held, *alike) in enumerate(kernels):
            for name in alike:
                if name in made:
                    continue
                if name == "hour":
                    made[name] = of_day()
                    continue
                was = np.take_along_axis(then[name][:, since:end], order, axis=1).astype(np.float32)
                gap = was[:, None, :] - now[name][:, start:end, None].astype(np.float32)
                made[name] = np.nan_to_num(np.exp(np.float32(-0.5) * gap * gap))
            weights = usable * memory({"fast": FAST_HOURS, "slow": SLOW_HOURS}[held])
            if alike:
                product = made[alike[0]] if len(alike) == 1 else made[alike[0]] * made[alike[1]]
                weights *= product + np.float32(FLOOR[len(alike)])
            found = _weighted_quantiles(errors, weights, taus)
            out[:, start - first : end - first, :, index] = found
    return out


def _weighted_quantiles(values: Array, weights: Weights, taus: Array) -> Array:
    """The smallest of the rising values (N, T) with τ of the weight (N, C, T) at or below it.

    Returns:
        (N, C, K); NaN where nothing weighs.
    """
    running = np.cumsum(weights, axis=-1)
    total = running[..., -1:]
    wanted = (total * taus).astype(np.float32)
    low = np.zeros(wanted.shape, dtype=np.int64)
    high = np.full(wanted.shape, running.shape[-1] - 1)
    for _ in range(int(running.shape[-1]).bit_length()):  # bisection
        middle = (low + high) // 2
        enough = np.take_along_axis(running, middle, axis=-1) >= wanted
        low, high = (
            np.where(enough, low, np.minimum(middle + 1, high)),
            np.where(enough, middle, high),
        )
    found = np.take_along_axis(values[:, None, :], low, axis=-1)
    return np.where(total > 0, found, np.nan)


def _checked(history: ArrayLike, lead_hours: int, levels: Sequence[float]) -> tuple[Array, Array]:
    """The arguments as arrays.

    Raises:
        InputError: one is not as stated.
    """
    demand, taus = np.asarray(history, dtype=np.float64), np.asarray(levels, dtype=np.float64)
    if demand.ndim != 2 or not demand.size:
        raise InputError(f"has shape {demand.shape}", where="history", mend="give (series, hours)")
    known = np.isfinite(demand)
    if (known[:, :-1] & ~known[:, 1:]).any() or not known[:, -1].all():
        raise InputError("has a hole", where="history", mend="fill gaps; pad on the left only")
    if (demand[known] < 0).any():
        raise InputError("is negative", where="history", mend="give demand of 0 or more")
    if not 1 <= lead_hours <= DAY:
        raise InputError(f"is {lead_hours}", where="lead_hours", mend="give 1 to 24 hours")
    if not taus.size or not ((taus > 0) & (taus < 1)).all() or (np.diff(taus) <= 0).any():
        raise InputError(
            f"are {list(levels)}", where="levels", mend="give rising ones within (0, 1)"
        )
    return demand, taus
