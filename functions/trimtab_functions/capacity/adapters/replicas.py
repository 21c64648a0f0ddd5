"""What autoscalers of replicas have in common: how many replicas a plan's nodes are, and how bounds move.

An autoscaler of pods and a plan of nodes bound one another: more replicas than the plan's max of nodes
holds would wait without a node, and fewer than its min leave paid nodes idle. So a scaler's bounds are
the plan's in the pool's own unit, over the replicas that one unit is.

- Demand counted in replicas is replicas. Counted otherwise (GPUs, vCPUs, requests/s), the scaler says in
  the annotation `trimtab.dev/units-per-replica` how much one replica takes or serves.
- Bounds grow at once and shrink as a node group's do: once a window, a part at a time, not for little.
- Without a usable plan they stay as they are, and a scaler that does not exist is not made.
- The scaler owns the number between them. What it scales, a Deployment, is nobody's here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, isfinite
from typing import Any

from trimtab.errors import InputError
from trimtab.plan.sizing import Sizes
from trimtab_functions.capacity.adapters.followers import Now
from trimtab_functions.capacity.adapters.objects import (
    MOVED_ANNOTATION,
    moved,
    with_annotation,
    with_kept_marks,
)
from trimtab_functions.capacity.documents import Document, Path, at, count, replaced, section
from trimtab_functions.capacity.stability import Damped, believable, damp

UNITS_ANNOTATION = "trimtab.dev/units-per-replica"
_DIGITS = 9
"""After which a product of floats is rounded, before it is rounded up."""


@dataclass(frozen=True)
class Bounds:
    """Replicas to ask for.

    Attributes:
        sizes: min and max; desired is the plan's, within them.
        reason: why they are not the plan's; None when they are.
    """

    sizes: Sizes
    reason: str | None
    damped: Damped

    def marked(self, document: Document) -> Document:
        """The document with what is to be remembered of them."""
        return with_annotation(document, MOVED_ANNOTATION, str(self.damped.moved))


def planned(base: Document, now: Now) -> Sizes:
    """The replicas that the plan's nodes are, rounded up.

    Raises:
        InputError: it can't be told how many replicas a unit is.
    """
    per_replica = _units_per_replica(base, now)

    def replicas(which: str) -> int:
        units = 0.0
        for each in now.groups:
            units += getattr(each.window, which) * each.group.units_per_node
        return ceil(round(units / per_replica, _DIGITS))

    return Sizes(replicas("min"), replicas("desired"), replicas("max"))


def damped(now: Now, wanted: Sizes, before: Sizes | None, observed: Document | None) -> Damped:
    """A follower's bounds, as far as they may move in this window.

    Args:
        wanted: as the plan has them.
        before: the bounds that the existing follower has; None where it states none.
        observed: what exists, which remembers the bounds decided last.
    """
    last = believable(moved(observed), before, wanted)
    return damp(wanted, before, last, now.since, now.stability, until=now.until)


def bounds(
    base: Document, observed: Document | None, now: Now, before: Sizes | None, least: int = 0
) -> Bounds:
    """The replicas to ask for.

    Args:
        base: the scaler as an earlier step composed it.
        observed: as it exists.
        before: the bounds that it has.
        least: the lowest min that the kind of scaler takes; its max is 1 at the least.

    Raises:
        InputError: it can't be told how many replicas a unit is.
    """
    wanted = planned(base, now)
    found = damped(now, wanted, before, observed)
    low = max(found.moved.low, least)
    high = max(found.moved.high, low, 1)
    desired = min(max(wanted.desired, low), high)
    return Bounds(Sizes(low, desired, high), found.reason, found)


def stated(document: Document | None, low: Path, high: Path, default_low: int) -> Sizes | None:
    """The bounds that a scaler states; None where it has no max."""
    if document is None:
        return None
    top = count(at(document, *high))
    if top is None:
        return None
    bottom = count(at(document, *low))
    bottom = default_low if bottom is None else bottom
    return Sizes(bottom, bottom, max(top, bottom))


def held(base: Document, observed: Document | None, paths: tuple[Path, ...]) -> Document | None:
    """A follower whose fields at these paths stay as they are; None where it does not exist."""
    if observed is None:
        return None
    document = base
    for path in paths:
        value = at(observed, *path)
        if value is not None:
            document = replaced(document, path, value)
    return with_kept_marks(document, observed)


def _units_per_replica(base: Mapping[str, Any], now: Now) -> float:
    text = section(base, "metadata", "annotations").get(UNITS_ANNOTATION)
    if text is None and now.pool.unit == "replicas":
        return 1.0
    try:
        found = float(str(text))
    except ValueError:
        found = 0.0
    if isfinite(found) and found > 0:
        return found
    stated = "is not stated" if text is None else f"is {text!r}"
    raise InputError(
        f"{stated}, and demand of pool {now.pool.name} is counted in {now.pool.unit}",
        where=f"annotation {UNITS_ANNOTATION}",
        mend="say how many of them a replica takes: a number above 0, as text",
    )
