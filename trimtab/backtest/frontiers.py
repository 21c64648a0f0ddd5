"""What a family of provisioning rules reaches by its settings: cost and shortage, and their lower hull.

A hull's edge stands for the average of the two capacities at its ends, which leaves no more unmet than
the edge says: shortage is convex in capacity.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

DAY: Final = 24
ROUNDING: Final = 1e-9
"""A smaller share of an hour's demand is not missing."""


@dataclass(frozen=True)
class Frontier:
    """The best of a family of settings, by rising cost: the lower convex hull.

    Attributes:
        settings: their names.
        cost_usd: of each.
        shortage_unit_hours: of each, falling.
    """

    settings: tuple[str, ...]
    cost_usd: tuple[float, ...]
    shortage_unit_hours: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class Family:
    """What each setting of a family cost and left unmet, day by day: (settings, days)."""

    names: tuple[str, ...]
    cost: Array
    shortage: Array

    @classmethod
    def of(cls, names: Sequence[str], capacity: Array, demand: Array, usd: float) -> "Family":
        """Of capacity (settings, hours)."""
        days = np.arange(0, len(demand), DAY)
        unmet = np.maximum(demand - capacity, 0.0)
        # Without this, a capacity that meets all demand but for its last bit looks dearer than it is.
        unmet[unmet <= ROUNDING * demand] = 0.0
        return cls(
            tuple(names),
            usd * np.add.reduceat(capacity, days, axis=1),
            np.add.reduceat(unmet, days, axis=1),
        )

    @classmethod
    def together(cls, families: Sequence["Family"]) -> "Family":
        """The same settings on several series."""
        return cls(
            families[0].names,
            np.concatenate([family.cost for family in families], axis=1),
            np.concatenate([family.shortage for family in families], axis=1),
        )


@dataclass(frozen=True, eq=False)
class Hull:
    """The settings on a family's lower convex hull, by rising cost."""

    names: tuple[str, ...]
    cost: Array
    shortage: Array
    daily: Array

    @classmethod
    def of(cls, family: Family) -> "Hull":
        cost, shortage = family.cost.sum(axis=1), family.shortage.sum(axis=1)
        kept: list[int] = []
        for each in np.lexsort((shortage, cost)).tolist():
            if kept and shortage[each] >= shortage[kept[-1]]:
                continue
            while len(kept) > 1 and _above(kept[-2], kept[-1], each, cost, shortage):
                kept.pop()
            kept.append(each)
        names = tuple(family.names[each] for each in kept)
        return cls(names, cost[kept], shortage[kept], family.shortage[kept])

    def daily_at_cost(self, cost: float) -> Array:
        """Shortage by day of the mixture that costs so much; of the dearest where none does."""
        right = min(int(np.searchsorted(self.cost, cost)), len(self.cost) - 1)
        left = max(right - 1, 0)
        span = self.cost[right] - self.cost[left]
        share = min((cost - self.cost[left]) / span, 1.0) if span > 0 else 1.0
        mixed: Array = (1.0 - share) * self.daily[left] + share * self.daily[right]
        return mixed

    def cost_at_shortage(self, shortage: float) -> float | None:
        """What the mixture costs that leaves so much; None where none leaves as little."""
        if shortage < self.shortage[-1] * (1.0 - 1e-12):
            return None
        return float(np.interp(-shortage, -self.shortage, self.cost))

    def frontier(self) -> Frontier:
        """As plain numbers."""
        return Frontier(self.names, tuple(self.cost.tolist()), tuple(self.shortage.tolist()))


def _above(first: int, middle: int, last: int, cost: Array, shortage: Array) -> bool:
    """Whether the middle point lies on or above the line between the others."""
    run, rise = cost[last] - cost[first], shortage[last] - shortage[first]
    return bool((shortage[middle] - shortage[first]) * run >= rise * (cost[middle] - cost[first]))
