"""Fewer, weighted scenarios: the ones that stand nearest to all the others.

Forward selection (Heitsch and Römisch, Computational Optimization and Applications 24, 2003): one
scenario after another is kept, each time the one that lowers the expected distance from all
scenarios to the nearest kept one most; then every dropped scenario's weight goes to its nearest.

It is for scenarios that come from elsewhere. Of demand alone, drawing few paths at once is better:
`demand_paths` spreads however few over every hour's quantiles, while the scenarios nearest to all
others are the tame ones (`docs/scenarios.md` has the errors of both).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trimtab.forecast.model import Array


@dataclass(frozen=True)
class Reduction:
    """Which scenarios are kept.

    Attributes:
        chosen: their indices, shape (K,), rising; several arrays of one set of scenarios can be
            reduced alike with it.
        weights: shape (K,), sums to 1.
    """

    chosen: NDArray[np.int64]
    weights: Array


def reduced(
    paths: Array, keep: int, *, weights: Array | None = None, scale: Array | None = None
) -> tuple[Array, Array]:
    """At most `keep` weighted paths in place of many.

    Args:
        paths: shape (S, N, H).
        keep: how many paths to keep.
        weights: of the paths, shape (S,), summing to 1; None where they are equally likely.
        scale: what one unit of each series weighs in the distance, shape (N,), for example US
            dollars per unit-hour; None scales each series to a standard deviation of 1.

    Returns:
        The kept paths, shape (K, N, H) with K = min(keep, S), and their weights, shape (K,).
    """
    if scale is None:
        spread = paths.std(axis=(0, 2))
        scale = 1 / np.where(spread > 0, spread, 1.0)
    kept = reduction((paths * scale[:, None]).reshape(len(paths), -1), keep, weights)
    return paths[kept.chosen], kept.weights


def reduction(features: Array, keep: int, weights: Array | None = None) -> Reduction:
    """Which scenarios to keep, by the Euclidean distance of their features.

    Args:
        features: shape (S, F): what tells scenarios apart, in comparable units.
        keep: how many to keep, at least 1.
        weights: shape (S,), summing to 1; None where equally likely.

    Raises:
        ValueError: nothing is to be kept, or there is nothing.
    """
    count = len(features)
    if keep < 1 or not count:
        raise ValueError(f"can't keep {keep} of {count} scenarios")
    mass = np.full(count, 1 / count) if weights is None else weights
    if keep >= count:
        return Reduction(np.arange(count), mass.copy())
    distance = _distances(features)
    nearest = np.full(count, np.inf)
    left = np.ones(count, dtype=bool)
    for _ in range(keep):
        expected = mass @ np.minimum(nearest[:, None], distance)
        best = int(np.where(left, expected, np.inf).argmin())
        left[best] = False
        nearest = np.minimum(nearest, distance[best])
    chosen = np.flatnonzero(~left)
    goes_to = distance[:, chosen].argmin(axis=1)
    goes_to[chosen] = np.arange(keep)  # a kept twin of another kept one keeps its own weight
    kept_mass = np.zeros(keep)
    np.add.at(kept_mass, goes_to, mass)
    return Reduction(chosen, kept_mass)


def _distances(features: Array) -> Array:
    """Euclidean distances between rows, shape (S, S), zero on the diagonal."""
    centred = features - features.mean(axis=0)
    squares = (centred**2).sum(axis=1)
    gram = centred @ centred.T
    between: Array = np.sqrt(np.maximum(squares[:, None] + squares - 2 * gram, 0.0))
    np.fill_diagonal(between, 0.0)
    return between
