"""Kinds whose price hangs on nothing but the region and use: fixed parts, and parts by use.

The unit of a rate is that of its usage key, so that nothing is converted; whatever hangs on an input has a
function of its own beside the family's tariffs.
"""

from collections.abc import Iterator, Sequence

from trimtab.pricing.estimation import Estimation
from trimtab.pricing.estimators import estimates
from trimtab.pricing.model import Part

Fixed = tuple[str, str]
"""What is paid for, and its rate."""

Used = tuple[str, str, str]
"""What is paid for by use, its rate, and the usage key that says how much."""


def tariff(*kinds: str, fixed: Sequence[Fixed] = (), used: Sequence[Used] = ()) -> None:
    """Makes kinds cost one of each fixed part, and the parts by use."""

    def estimate(at: Estimation) -> Iterator[Part]:
        for label, rate in fixed:
            yield at.charge(label, rate)
        yield from by_use(at, *used)

    estimates(*kinds)(estimate)


def by_use(at: Estimation, *parts: Used) -> Iterator[Part]:
    """Parts that are paid by use; nothing for one whose quantity is certainly 0."""
    for label, rate, key in parts:
        yield from at.if_used(label, rate, key)
