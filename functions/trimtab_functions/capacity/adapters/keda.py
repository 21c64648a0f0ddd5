"""KEDA's ScaledObjects: the least and most replicas, of a pool's windows.

Facts of KEDA v2.21.0 (`keda.sh/v1alpha1`) that it follows: KEDA makes the HorizontalPodAutoscaler, so
the bounds belong here and never on both; a min of 0 lets triggers scale to zero, but with triggers of CPU
and memory alone it is refused; idleReplicaCount must be 0 and below min, so where the author states it,
min is 1 at the least. What runs is not reported: a shrink is only as damped as its window.
"""

from collections.abc import Mapping
from typing import Any

from trimtab_functions.capacity.adapters import replicas
from trimtab_functions.capacity.adapters.base import Kind
from trimtab_functions.capacity.adapters.followers import Followed, Follower, Now
from trimtab_functions.capacity.documents import Document, items, mapping, replaced, section

_MIN, _MAX = ("spec", "minReplicaCount"), ("spec", "maxReplicaCount")
_OF_RUNNING_PODS = {"cpu", "memory"}
"""Triggers that read pods, and so need one."""


class ScaledObject(Follower):
    """`keda.sh` ScaledObject."""

    kinds = (Kind("keda.sh", "ScaledObject"),)

    def follow(self, base: Document, observed: Document | None, now: Now) -> Followed:
        """The bounds of the window that holds.

        Raises:
            InputError: it can't be told how many replicas a unit of the pool is.
        """
        before = replicas.stated(observed, _MIN, _MAX, 0)
        found = replicas.bounds(base, observed, now, before, _least(base))
        document = replaced(found.marked(base), _MIN, found.sizes.min)
        return Followed(replaced(document, _MAX, found.sizes.max), found.reason, found.sizes)

    def held(self, base: Document, observed: Document | None) -> Document | None:
        return replicas.held(base, observed, (_MIN, _MAX))


def _least(base: Mapping[str, Any]) -> int:
    spec = section(base, "spec")
    if spec.get("idleReplicaCount") is not None:
        return 1
    triggers = {mapping(each).get("type") for each in items(spec.get("triggers"))}
    return 1 if triggers and triggers <= _OF_RUNNING_PODS else 0
