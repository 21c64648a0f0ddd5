"""Figures that are known within bounds.

What a deployment or an autoscaler decides is not one number: `Amount` has the least and the most that it
can be, and what is expected where somebody has grounds to say so (the program's own size, a plan, a usage
file). Bounds add as if everything were at its worst at once.
"""

import math
from collections.abc import Callable
from typing import NamedTuple


class Amount(NamedTuple):
    """A figure with its bounds: low <= expected <= high.

    Attributes:
        low: the least; 0 where nothing is known.
        expected: None where there are bounds and nothing more.
        high: the most; infinite where nothing bounds it.
    """

    low: float
    expected: float | None
    high: float

    def plus(self, other: "Amount") -> "Amount":
        """The sum; expected only where both are."""
        expected = (
            None
            if self.expected is None or other.expected is None
            else self.expected + other.expected
        )
        return Amount(self.low + other.low, expected, self.high + other.high)

    def times(self, factor: float) -> "Amount":
        """Scaled by a factor of 0 or more."""
        if factor == 0:
            return ZERO
        expected = None if self.expected is None else self.expected * factor
        return Amount(self.low * factor, expected, self.high * factor)

    def of_each(self, each: "Amount") -> "Amount":
        """So many of so much each; none of what nothing bounds is none."""
        known = self.expected is not None and each.expected is not None
        high = 0.0 if 0.0 in (self.high, each.high) else self.high * each.high
        expected = (self.expected or 0.0) * (each.expected or 0.0) if known else None
        return Amount(self.low * each.low, expected, high)

    def at_ends(self, rising: Callable[[float], float]) -> "Amount":
        """A function that never falls, of each of the three figures."""
        expected = None if self.expected is None else rising(self.expected)
        return between(rising(self.low), rising(self.high), expected)

    def since(self, other: "Amount") -> "Amount":
        """The difference from what the same thing was before: what bounds the one bounds the other.

        A pool that was within 2 and 8 nodes and still is moves with its price at 2, and at 8: its two
        sides are at their least and at their most together.
        """
        expected = (
            None
            if self.expected is None or other.expected is None
            else self.expected - other.expected
        )
        ends = [_gap(self.low, other.low), _gap(self.high, other.high)]
        return Amount(
            min(*ends, *(() if expected is None else (expected,))),
            expected,
            max(*ends, *(() if expected is None else (expected,))),
        )

    def less(self, other: "Amount") -> "Amount":
        """The difference; its bounds take the sides as independent."""
        expected = (
            None
            if self.expected is None or other.expected is None
            else self.expected - other.expected
        )
        return Amount(
            _difference(self.low, other.high), expected, _difference(self.high, other.low)
        )

    def per(self, count: "Amount") -> float | None:
        """How much of it there is for each of a count; None where it does not grow with that."""
        if not 0 < count.high < math.inf:
            return None
        each = self.high / count.high
        scaled = count.times(each)
        if (self.expected is None) != (scaled.expected is None):
            return None
        ends = ((self.low, scaled.low), (self.expected or 0.0, scaled.expected or 0.0))
        return each if all(math.isclose(a, b, abs_tol=1e-9) for a, b in ends) else None

    @property
    def exact(self) -> bool:
        """Whether it is one number."""
        return self.low == self.high


def _gap(after: float, before: float) -> float:
    """The difference of two ends; of two infinite ones nothing is known to differ."""
    return 0.0 if after == before else after - before


def _difference(a: float, b: float) -> float:
    return a if math.isinf(a) else a - b


ZERO = Amount(0.0, 0.0, 0.0)
ONE = Amount(1.0, 1.0, 1.0)


def exactly(value: float) -> Amount:
    """A figure that is known."""
    return Amount(value, value, value)


def between(low: float, high: float, expected: float | None = None) -> Amount:
    """A figure within bounds; bounds that contradict the expectation widen to hold it."""
    if expected is None:
        return Amount(min(low, high), None, max(low, high))
    return Amount(min(low, high, expected), expected, max(low, high, expected))


def total(amounts: "list[Amount]") -> Amount:
    """The sum of amounts; of none, zero."""
    result = ZERO
    for amount in amounts:
        result = result.plus(amount)
    return result
