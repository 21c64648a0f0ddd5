"""How a group is divided between a static NodePool and a dynamic one, and how large each may grow.

Pure. A dynamic NodePool makes nodes for pods that wait; a static one keeps a number of nodes whatever
waits. What is paid for whether it runs or not, and needed in every window that is left, is better kept
than made: that is the baseline, the least `min` of the windows from now to the plan's end, and never
more than what is paid. The least, since each change of a static NodePool's number drains nodes at once,
past every disruption budget: what the plan needs only at times is for the dynamic rest.

A group is first of all one dynamic NodePool. Its static part is a NodePool of its own, by a name of its
own, for Karpenter can't turn one into the other; the dynamic one stays beside it with what is left to
it, so that turning the baseline on or off deletes no NodePool that has nodes. The limits of both add up
to the plan's max, or to what runs where that is more.

Nothing here lets a static NodePool shrink because a new plan says so: its number stays at what was
observed until a person names the pool. Its limit is its number, for all else that the max allows is for
demand. Karpenter (v1.14.1) replaces a drifted static node only where `limits.nodes` has room for the
successor, so a person replaces these, by deleting their NodeClaims.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from trimtab.plan.eks import node_group_name
from trimtab.plan.model import CapacityPlan, Group, Reserved, Window
from trimtab.plan.sizing import Sizes, window_at
from trimtab.provision.capacity_blocks import closed
from trimtab.provision.karpenter.shapes import suffixed
from trimtab.provision.sized_groups import SizedGroup

STATIC_SUFFIX = "-static"


@dataclass(frozen=True)
class Part:
    """One NodePool of a group.

    Attributes:
        limit: nodes at most.
        replicas: the nodes that a static one keeps; None for a dynamic one.
    """

    name: str
    limit: int
    replicas: int | None = None


@dataclass(frozen=True)
class Division:
    """The NodePools of a group, the dynamic one first, and why they differ from the plan's window."""

    parts: tuple[Part, ...]
    reasons: tuple[str, ...] = ()

    @property
    def limit(self) -> int:
        """Nodes of the whole group at most."""
        return sum(part.limit for part in self.parts)


@dataclass(frozen=True)
class Baseline:
    """How the static part is decided.

    Attributes:
        on: whether there is one at all.
        approved: digests of commitments that were bought, besides those that the plan calls held.
        release: names of pools whose static nodes may go when the plan says so.
    """

    on: bool = False
    approved: Collection[str] = ()
    release: Collection[str] = ()


def divided(
    plan: CapacityPlan,
    sized: SizedGroup,
    as_of: datetime,
    baseline: Baseline,
    running: Mapping[str, Sizes],
    *,
    whole_span: bool = False,
    unselected: bool = False,
) -> Division:
    """The NodePools of a group.

    Args:
        plan: names the proposed commitments.
        sized: the group with its sizes.
        as_of: the instant whose window holds.
        baseline: how its static part is decided.
        running: observed sizes by group key; `min` is what a static NodePool keeps now.
        whole_span: whether the limit is the highest max of the windows that are left, not that of the
            window that holds.
        unselected: whether the group's reservation is one that nothing selects: no node is paid for.
    """
    group, name = sized.group, node_group_name(sized.pool, sized.group)
    reason = closed(group, as_of)
    if reason:
        return Division((Part(name, 0),), (reason,))
    reasons = [sized.sizing.reason] if sized.sizing.reason else []
    limit = sized.sizing.sizes.max
    if whole_span:
        limit = max([limit, *(window.max for window in sized.later)])
    replicas = 0 if unselected else static_nodes(plan, sized, as_of, baseline)
    observed = running.get(sized.key)
    if (
        baseline.on
        and isinstance(group.purchase, Reserved)
        and observed is not None
        and observed.min > replicas
        and sized.pool.name not in baseline.release
    ):
        reasons.append(
            f"{observed.min} static nodes run and the plan keeps {replicas}: they stay until the pool "
            "is named in release"
        )
        replicas = observed.min
    if not replicas:
        return Division((Part(name, limit),), tuple(reasons))
    limit = max(limit, replicas)
    static = Part(suffixed(name, STATIC_SUFFIX), replicas, replicas)
    return Division((Part(name, limit - static.limit), static), tuple(reasons))


def paid_nodes(
    plan: CapacityPlan, group: Group, window: Window, approved: Collection[str] = ()
) -> int:
    """The group's nodes that are paid for whether they run or not, in a window.

    A proposal is not paid for until it is approved and bought: its nodes cost the on-demand price. A
    group that holds some and proposes more is paid for as far as its max exceeds the proposal.
    """
    purchase = group.purchase
    if not isinstance(purchase, Reserved):
        return 0
    if purchase.commitment is None or purchase.commitment in approved:
        return window.max
    lines = [line for line in plan.spec.commitments if line.digest == purchase.commitment]
    return max(0, window.max - sum(line.quantity for line in lines)) if lines else 0


def static_nodes(plan: CapacityPlan, sized: SizedGroup, as_of: datetime, baseline: Baseline) -> int:
    """The nodes of a group that are paid for and needed in every window that is left; 0 without a
    baseline. The arguments are those of `divided`."""
    if not baseline.on:
        return 0
    windows = (window_at(sized.group, as_of), *sized.later)
    return min(
        min(window.min, paid_nodes(plan, sized.group, window, baseline.approved))
        for window in windows
    )
