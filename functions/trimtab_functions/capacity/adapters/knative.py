"""Knative Services: the least and most pods of a Revision, of a pool's windows.

The bounds are annotations of the Service's template, and every change of a template makes a Revision,
whose pods start beside the old one's and take over its traffic. So they change seldom:

- `max-scale` is the highest max of the window that holds and of those after it: a limit that nothing pays
  for needs no Revision a window.
- `min-scale` follows the window, but not for little: a raise smaller than the hysteresis waits too.
- `initial-scale` is written with a change and never makes one: as many pods as the plan expects, as far
  as both Revisions fit within max, and what must start anyway.

A Service that names its Revisions itself is refused: Knative takes no other template under that name.

Source: Knative Serving v0.51.0, `serving.knative.dev/v1`, and its documentation on scale bounds; 2026-11.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from trimtab.errors import InputError
from trimtab.plan.sizing import Sizes
from trimtab_functions.capacity.adapters import replicas
from trimtab_functions.capacity.adapters.base import Kind
from trimtab_functions.capacity.adapters.followers import Followed, Follower, GroupNow, Now
from trimtab_functions.capacity.documents import Document, mapping, replaced, section, text

_PREFIX = "autoscaling.knative.dev/"
MIN, MAX, INITIAL = (f"{_PREFIX}{each}" for each in ("min-scale", "max-scale", "initial-scale"))
_OTHER_SPELLINGS = tuple(f"{_PREFIX}{each}" for each in ("minScale", "maxScale", "initialScale"))
_TEMPLATE = ("spec", "template", "metadata")
_DIGITS = 7


class KnativeService(Follower):
    """`serving.knative.dev` Service."""

    kinds = (Kind("serving.knative.dev", "Service"),)

    def follow(self, base: Document, observed: Document | None, now: Now) -> Followed:
        """The bounds of the window that holds.

        Raises:
            InputError: the Service names its Revisions, or it can't be told how many replicas a unit is.
        """
        if text(section(base, *_TEMPLATE).get("name")) is not None:
            raise InputError(
                "names its Revision, so its template can't change",
                where="spec.template.metadata.name",
                mend="drop the name",
            )
        before = _stated(observed)
        ahead = replace(now, groups=tuple(_highest(each) for each in now.groups))
        found = replicas.bounds(base, observed, ahead, before)
        sizes, reason = found.sizes, found.reason
        if before is not None and _small(before.min, sizes.min, now) and before.min <= sizes.max:
            reason = f"min as before: {before.min} to {sizes.min} is not worth a Revision"
            sizes = Sizes(before.min, max(sizes.desired, before.min), sizes.max)
        kept = observed is not None and before == Sizes(sizes.min, sizes.min, sizes.max)
        document = found.marked(base)
        if kept and observed is not None:
            return Followed(_as_it_is(document, observed), reason, sizes)
        initial = max(1, sizes.min, min(sizes.desired, sizes.max - sizes.desired))
        scale = {MIN: str(sizes.min), MAX: str(sizes.max), INITIAL: str(initial)}
        return Followed(_scaled(document, scale), reason, sizes)

    def held(self, base: Document, observed: Document | None) -> Document | None:
        kept = replicas.held(base, observed, ())
        return None if kept is None or observed is None else _as_it_is(kept, observed)


def _highest(group: GroupNow) -> GroupNow:
    high = max([group.window.max, *(each.max for each in group.later)])
    return replace(group, window=group.window.model_copy(update={"max": high}))


def _small(before: int, after: int, now: Now) -> bool:
    by = after - before
    stability = now.stability
    return 0 < by < stability.hysteresis_nodes and by < stability.hysteresis_share * max(before, 1)


def _scaled(document: Document, scale: Mapping[str, str]) -> Document:
    dropped = {*_OTHER_SPELLINGS, MIN, MAX, INITIAL}
    own = {
        key: value
        for key, value in section(document, *_TEMPLATE, "annotations").items()
        if key not in dropped
    }
    return replaced(document, (*_TEMPLATE, "annotations"), {**own, **scale})


def _as_it_is(document: Document, observed: Document) -> Document:
    exists = section(observed, *_TEMPLATE, "annotations")
    kept = {key: value for key in (MIN, MAX, INITIAL) if (value := text(exists.get(key)))}
    return _scaled(document, kept)


def _stated(observed: Document | None) -> Sizes | None:
    """The scale that the Service states; None where it has no max."""
    scale = mapping(section(observed or {}, *_TEMPLATE, "annotations"))
    low, high = (_whole(scale.get(each)) for each in (MIN, MAX))
    if high is None:
        return None
    low = low or 0
    return Sizes(low, low, max(low, high))


def _whole(value: Any) -> int | None:
    found = text(value)
    if found is None or not found.isascii() or not found.isdigit() or len(found) > _DIGITS:
        return None
    return int(found)
