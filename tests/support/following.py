"""What a follower follows, made of a plan."""

from typing import Any

from trimtab.clock import format_instant
from trimtab.plan.model import CapacityPlan
from trimtab.policy.model import Stability
from trimtab_functions.capacity.adapters.base import GroupRef
from trimtab_functions.capacity.adapters.followers import GroupNow, Now

AT_ONCE = Stability(hysteresis_nodes=0, hysteresis_share=0.0, max_step_down_share=1.0)
"""Bounds move as the plan says, once a window."""


def now_of(
    plan: CapacityPlan,
    window: int = 0,
    group: str | None = None,
    stability: Stability = AT_ONCE,
    **changes: Any,
) -> Now:
    """The plan's first pool, or a group of it, in the window of that index.

    Args:
        changes: fields of `Now` that differ.
    """
    pool = plan.spec.pools[0]
    groups = tuple(
        GroupNow(each, each.windows[window], each.windows[window + 1 :])
        for each in pool.groups
        if group in (None, each.name)
    )
    since = format_instant(max(each.window.start for each in groups))
    given = {
        "plan": plan, "pool": pool, "ref": GroupRef(pool.name, group), "groups": groups,
        "stability": stability, "since": since, **changes,
    }  # fmt: skip
    return Now(**given)
