"""The hours ahead: where past forecasts are judged, and the stretches that share their errors."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from trimtab.forecast.model import HOURS_PER_DAY, HOURS_PER_WEEK

STEP = 24
"""Hours between past origins: at each, every hour ahead falls on the same hour of the day as now."""
EARLY = (1, 3, 6, 11, 16, 21)
SPARSE = (7, 11, 41)
"""Beyond a day, three days, a week only every so manieth hour is judged: primes that don't divide 24,
so that each hour of the day gets its turn."""
EDGES = (6, 24, 72, HOURS_PER_WEEK, 2 * HOURS_PER_WEEK, 4 * HOURS_PER_WEEK)
"""Last hours of the stretches: what lies six hours ahead errs differently from a week ahead."""

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Horizon:
    """Hours ahead (1 is the next), each in a stretch.

    Attributes:
        ahead: hours after the origin, rising, shape (P,).
        stretch: the stretch that each is in, shape (P,).
        reach: the last hour of each stretch, shape (B,).
    """

    ahead: Ints
    stretch: Ints
    reach: Ints

    @property
    def slices(self) -> list[slice]:
        """The points of each stretch."""
        edges = np.searchsorted(self.stretch, np.arange(len(self.reach) + 1))
        return [slice(int(a), int(b)) for a, b in pairwise(edges)]


def every_hour(hours: int) -> Horizon:
    """All hours from the next to `hours` ahead."""
    return _horizon(np.arange(1, hours + 1), hours)


def judged(hours: int) -> Horizon:
    """The hours ahead at which past forecasts are judged: an eighth of them, all of the day's hours."""
    ends = (3 * HOURS_PER_DAY, HOURS_PER_WEEK, hours)
    begins = (HOURS_PER_DAY, *ends[:-1])
    later = [
        np.arange(begin + step, end + 1, step)
        for begin, end, step in zip(begins, ends, SPARSE, strict=True)
    ]
    points = np.concatenate([EARLY, *later])
    return _horizon(np.unique(np.append(points[points < hours], hours)), hours)


def _horizon(ahead: Ints, hours: int) -> Horizon:
    reach = np.array([*(edge for edge in EDGES if edge < hours), hours], dtype=np.int64)
    return Horizon(ahead, np.searchsorted(reach, ahead), reach)
