"""HorizontalPodAutoscalers: the least and most replicas, of a pool's windows.

Facts of `autoscaling/v2` (Kubernetes 1.36) that it follows: minReplicas is 1 at the least, for 0 takes
the feature HPAScaleToZero and a metric that is not the pods' own; a max below min is refused; a max
below what runs ends pods at once, so it is held at `status.currentReplicas` until they are fewer.
"""

from trimtab.plan.sizing import Sizes
from trimtab_functions.capacity.adapters import replicas
from trimtab_functions.capacity.adapters.base import Kind
from trimtab_functions.capacity.adapters.followers import Followed, Follower, Now
from trimtab_functions.capacity.documents import Document, condition, count, replaced, section

_MIN, _MAX = ("spec", "minReplicas"), ("spec", "maxReplicas")
_LEAST = 1


class HorizontalPodAutoscaler(Follower):
    """`autoscaling` HorizontalPodAutoscaler."""

    kinds = (Kind("autoscaling", "HorizontalPodAutoscaler"),)

    def follow(self, base: Document, observed: Document | None, now: Now) -> Followed:
        """The bounds of the window that holds.

        Raises:
            InputError: it can't be told how many replicas a unit of the pool is.
        """
        before = replicas.stated(observed, _MIN, _MAX, _LEAST)
        found = replicas.bounds(base, observed, now, before, _LEAST)
        sizes, reason = found.sizes, found.reason
        runs = count(section(observed or {}, "status").get("currentReplicas"))
        if runs is not None and runs > sizes.max:
            held = f"max held at the {runs} replicas that run until they fall to {sizes.max}"
            reason = "; ".join(each for each in (reason, held) if each)
            sizes = Sizes(sizes.min, runs, runs)
        document = replaced(found.marked(base), _MIN, sizes.min)
        return Followed(replaced(document, _MAX, sizes.max), reason, sizes)

    def held(self, base: Document, observed: Document | None) -> Document | None:
        return replicas.held(base, observed, (_MIN, _MAX))

    def is_ready(self, document: Document) -> bool:
        """It has no such condition: ready unless it says that it can't scale."""
        return condition(document, "AbleToScale") != "False"
