"""Gaussian factors that give zones the correlation wanted: common, regional, and each one's own.

Zones of one region share two factors, zones of different regions one. Where what is simulated is
Gaussian the factors' weights are the correlations themselves; where it is a chain of ups and downs
the weights must be larger, and are found here from the chain's exact stationary law.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from trimtab.forecast.model import Array

MOST = 0.999
"""Largest factor weight: at 1 zones would be one."""
HALVINGS = 40
_BothDown = Callable[[NDArray[np.int64], NDArray[np.int64], float], Array]
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(48)
_CDF = np.vectorize(NormalDist().cdf, otypes=[np.float64])


@dataclass(frozen=True)
class Factors:
    """How zones' Gaussian shocks hang together.

    Attributes:
        regions: index of each zone's region, shape (Z,).
        inside: correlation of two zones of one region.
        across: correlation of two zones of different regions, at most `inside`.
    """

    regions: NDArray[np.int64]
    inside: float
    across: float

    def shocks(self, count: int, rng: np.random.Generator) -> Array:
        """Standard normal shocks, shape (count, Z)."""
        common = rng.standard_normal((count, 1))
        regional = rng.standard_normal((count, int(self.regions.max()) + 1))[:, self.regions]
        own = rng.standard_normal((count, len(self.regions)))
        shocks: Array = (
            math.sqrt(self.across) * common
            + math.sqrt(self.inside - self.across) * regional
            + math.sqrt(1 - self.inside) * own
        )
        return shocks


def region_indices(regions: Sequence[str]) -> NDArray[np.int64]:
    """Each zone's region as an index from 0, in the order of first appearance."""
    order = list(dict.fromkeys(regions))
    return np.array([order.index(region) for region in regions], dtype=np.int64)


def normal_scores(chances: Array) -> Array:
    """Where a standard normal shock falls below with these chances, in (0, 1); same shape."""
    inverse = np.vectorize(NormalDist().inv_cdf, otypes=[np.float64])
    scores: Array = inverse(chances)
    return scores


def chain_factors(
    regions: NDArray[np.int64], fall: Array, rise: Array, inside: float, across: float
) -> Factors:
    """Factors of the hourly shocks under which up-and-down chains correlate as wanted.

    Exact when all zones have equal rates; else the mean over the pairs inside regions, and over the
    pairs across, is what is wanted. A correlation that zones so unlike can't have is approached.

    Args:
        regions: as in `Factors`.
        fall: chance per hour that an up zone goes down, shape (Z,), in (0, 1).
        rise: chance per hour that a down zone comes up, shape (Z,), in (0, 1).
        inside: wanted correlation of the states of two zones of one region.
        across: the same of two zones of different regions.
    """
    go_down, stay_down = normal_scores(fall), normal_scores(1 - rise)
    down = fall / (fall + rise)

    def both_down(first: NDArray[np.int64], second: NDArray[np.int64], weight: float) -> Array:
        # One equation for P(both down), by what the pair may come from.
        def both(from_first: Array, from_second: Array) -> Array:
            return orthant(from_first[first], from_second[second], weight)

        stay, leave = both(stay_down, stay_down), both(go_down, go_down)
        left, right = both(stay_down, go_down), both(go_down, stay_down)
        one, two = down[first], down[second]
        reached: Array = (one * left + two * right + (1 - one - two) * leave) / (
            1 - stay + left + right - leave
        )
        return reached

    return _factors(regions, down, both_down, inside, across)


def state_factors(regions: NDArray[np.int64], down: Array, inside: float, across: float) -> Factors:
    """Factors under which zones that are down where a shock is below Φ⁻¹(down) correlate as wanted.

    Args and exactness as in `chain_factors`; `down` is each zone's share of hours down, shape (Z,).
    """
    threshold = normal_scores(down)

    def both_down(first: NDArray[np.int64], second: NDArray[np.int64], weight: float) -> Array:
        return orthant(threshold[first], threshold[second], weight)

    return _factors(regions, down, both_down, inside, across)


def orthant(first: Array, second: Array, correlation: float) -> Array:
    """P(X < first, Y < second) of two standard normals, elementwise; correlation in [0, 1).

    Plackett's integral over the correlation, with the angle as variable so that it stays smooth.
    """
    angle = math.asin(correlation)
    theta = (_NODES + 1) / 2 * angle
    a, b = first[..., None], second[..., None]
    exponent = -(a**2 + b**2 - 2 * a * b * np.sin(theta)) / (2 * np.cos(theta) ** 2)
    integral = (np.exp(exponent) * _WEIGHTS).sum(axis=-1) * angle / 2
    chance: Array = _CDF(first) * _CDF(second) + integral / (2 * math.pi)
    return chance


def _factors(
    regions: NDArray[np.int64],
    down: Array,
    both_down: _BothDown,
    inside: float,
    across: float,
) -> Factors:
    first, second = np.triu_indices(len(regions), 1)
    spread = np.sqrt(down * (1 - down))

    def weight(pairs: NDArray[np.bool_], wanted: float) -> float:
        one, two = first[pairs], second[pairs]
        if not len(one) or wanted <= 0:
            return 0.0
        low, high = 0.0, MOST
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            excess = both_down(one, two, middle) - down[one] * down[two]
            reached = float((excess / (spread[one] * spread[two])).mean())
            low, high = (middle, high) if reached < wanted else (low, middle)
        return low

    same = regions[first] == regions[second]
    common = weight(~same, across)
    return Factors(regions, max(weight(same, inside), common), common)
