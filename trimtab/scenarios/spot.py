"""Joint paths of spot availability and price over zones.

Availability comes from traces where there are some, else from interruption bands:

- traces: a stationary block bootstrap of all zones' hours together, so that what went down together
  goes down together. A new block is the one of a few candidates whose hour before looks most like
  where the path stands (a matched-block bootstrap, Carlstein et al., Bernoulli 4, 1998): joints then
  add hardly any drops that the traces did not have. The first block follows an hour like the
  present one.
- bands: a two-state chain for each zone, correlated by Gaussian factors. A band is a month's chance
  that one instance is interrupted; a zone whose traces are known is far less steady than its band
  suggests (`docs/scenarios.md`), so traces are to be preferred.

Availability and price are drawn independently of each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trimtab.catalogue.offers import InterruptionBand
from trimtab.forecast.model import Array
from trimtab.planning.economics import interruptions_per_hour
from trimtab.scenarios.copula import chain_factors, normal_scores, region_indices, state_factors
from trimtab.scenarios.prices import PriceDynamics, price_paths

BLOCK_HOURS = 24.0
CANDIDATES = 8
ALIKE_HOURS = 24
"""At least so many past hours stand for the present one."""
MEAN_OUTAGE_HOURS = 1.5
"""Mean over eleven one-V100 AWS traces of 2022 and 2023 (skypilot-org/spot-traces) of their mean
outage: 0.8 to 3.6 h, median 1.1 h."""
INSIDE_CORRELATION = 0.39
"""Hourly correlation of spot availability between nine V100 zones of one region, across regions 0.18
(the design's evidence, from the same publisher's traces). Of hours up throughout, the eleven traces
above give 0.31 to 0.65 inside, 0.08 to 0.20 across."""
ACROSS_CORRELATION = 0.18


@dataclass(frozen=True)
class SpotZone:
    """One zone's spot market for one instance type.

    Attributes:
        name: what the paths call it.
        region: zones of one region are correlated more.
        usd_per_hour: today's spot price, positive.
        band: monthly interruptions, for zones without a trace; None where unknown.
        up_now: whether it can be had now: None where unknown, else True, False or the share.
        mean_outage_hours: for zones without a trace, at least 1.
        dynamics: how the price moves; None keeps it constant.
    """

    name: str
    region: str
    usd_per_hour: float
    band: InterruptionBand | None = None
    up_now: float | bool | None = None
    mean_outage_hours: float = MEAN_OUTAGE_HOURS
    dynamics: PriceDynamics | None = None


@dataclass(frozen=True, eq=False)
class SpotPaths:
    """Scenarios of several zones; S scenarios, Z zones, H hours.

    Attributes:
        zones: their names, in the arrays' order.
        available: share of the zone's depth that can be had, shape (S, Z, H), in [0, 1].
        usd_per_hour: spot price, shape (S, Z, H), positive.
        weights: shape (S,), sums to 1.
    """

    zones: tuple[str, ...]
    available: Array
    usd_per_hour: Array
    weights: Array


def spot_paths(
    zones: Sequence[SpotZone],
    hours: int,
    count: int,
    seed: int,
    *,
    share: Array | None = None,
    block_hours: float = BLOCK_HOURS,
) -> SpotPaths:
    """Equally likely paths of all zones.

    Args:
        zones: at least one.
        hours: how many, H; the first is an hour from now.
        count: how many paths, S.
        seed: equal arguments give equal paths.
        share: hourly availability of the zones on one clock, shape (Z, T), in [0, 1]
            (`trimtab.spot.trace.aligned`); without it the bands speak.
        block_hours: mean length of a block of the traces.
    """
    now = np.array([np.nan if zone.up_now is None else float(zone.up_now) for zone in zones])
    if share is None:
        available = availability_from_bands(zones, hours, count, seed)
    else:
        available = availability_from_traces(
            share, hours, count, seed, now=now, block_hours=block_hours
        )
    prices = price_paths(
        np.array([zone.usd_per_hour for zone in zones]),
        [zone.dynamics for zone in zones],
        region_indices([zone.region for zone in zones]),
        hours,
        count,
        seed,
    )
    names = tuple(zone.name for zone in zones)
    return SpotPaths(names, available, prices, np.full(count, 1 / count))


def availability_from_traces(
    share: Array,
    hours: int,
    count: int,
    seed: int,
    *,
    now: Array | None = None,
    block_hours: float = BLOCK_HOURS,
) -> Array:
    """Paths from the traces' own hours.

    Args:
        share: shape (Z, T), in [0, 1]; any of `AlignedSpot`'s kinds.
        hours, count, seed, block_hours: as `spot_paths`.
        now: the zones' present shares, shape (Z,), NaN where unknown.

    Returns:
        Shape (S, Z, H): columns of `share`.

    Raises:
        ValueError: the traces are empty.
    """
    length = share.shape[1]
    if not length:
        raise ValueError("the traces have no hour")
    rng = np.random.default_rng([seed, 1])
    before = np.roll(share, 1, axis=1)
    alike = _alike(before, now)
    spread = (np.arange(count) + rng.random()) * len(alike) / count
    at = alike[rng.permutation(spread.astype(np.int64) % len(alike))]
    hour_of = np.empty((hours, count), dtype=np.int64)
    for hour in range(hours):
        hour_of[hour] = at
        follows = (at + 1) % length
        ends = np.flatnonzero(rng.random(count) < 1 / block_hours)
        starts = rng.integers(0, length, (len(ends), CANDIDATES))
        apart = np.abs(before[:, starts] - share[:, at[ends], None]).sum(axis=0)
        follows[ends] = starts[np.arange(len(ends)), apart.argmin(axis=1)]
        at = follows
    return np.ascontiguousarray(share[:, hour_of.T].transpose(1, 0, 2))


def availability_from_bands(
    zones: Sequence[SpotZone],
    hours: int,
    count: int,
    seed: int,
    *,
    inside: float = INSIDE_CORRELATION,
    across: float = ACROSS_CORRELATION,
) -> Array:
    """Paths of zones that are wholly up or wholly down.

    An up zone goes down within the hour with the chance that its band gives an instance, and comes
    up again with the chance that makes outages last as long as stated. Zones whose present state is
    unknown start in the long run's.

    Args:
        zones, hours, count, seed: as `spot_paths`.
        inside: correlation of the states of two zones of one region in the long run; exact for zones
            alike, the mean over the pairs for others.
        across: the same for zones of different regions, at most `inside`.

    Returns:
        Shape (S, Z, H), 0 or 1.
    """
    rng = np.random.default_rng([seed, 1])
    regions = region_indices([zone.region for zone in zones])
    fall = -np.expm1(-np.array([interruptions_per_hour(zone.band) for zone in zones]))
    # A band of 0 % and an outage of an hour have no normal score; neither shows at these bounds.
    fall = np.clip(fall, 1e-9, 1 - 1e-9)
    rise = 1 / np.maximum([zone.mean_outage_hours for zone in zones], 1 + 1e-9)
    down = fall / (fall + rise)
    start = state_factors(regions, down, inside, across).shocks(count, rng)
    up = start > normal_scores(down)
    for index, zone in enumerate(zones):
        if zone.up_now is not None:
            up[:, index] = float(zone.up_now) >= 0.5
    factors = chain_factors(regions, fall, rise, inside, across)
    go_down, stay_down = normal_scores(fall), normal_scores(1 - rise)
    available = np.empty((hours, *up.shape))
    for hour in range(hours):
        shocks = factors.shocks(count, rng)
        up = np.where(up, shocks > go_down, shocks > stay_down)
        available[hour] = up
    return np.ascontiguousarray(available.transpose(1, 2, 0))


def _alike(before: Array, now: Array | None) -> NDArray[np.int64]:
    """Hours that follow an hour like the present one: the nearest, ties included."""
    length = before.shape[1]
    if now is None or np.isnan(now).all():
        return np.arange(length)
    apart = np.nansum(np.abs(before - now[:, None]), axis=0)
    most = np.sort(apart)[min(ALIKE_HOURS, length) - 1]
    return np.flatnonzero(apart <= most + 1e-9)
