"""What a follower is: a kind of resource that hangs on a pool or a group; see `base` for the other sort."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from trimtab.clock import format_instant
from trimtab.inventory.model import Approval
from trimtab.plan.model import CapacityPlan, Group, Pool, Window
from trimtab.plan.sizing import Sizes
from trimtab.policy.model import Stability
from trimtab_functions.capacity.adapters.base import GroupRef, Kind
from trimtab_functions.capacity.documents import Document, condition


@dataclass(frozen=True)
class Now:
    """What a follower follows, in the window that holds.

    Attributes:
        ref: whom it follows.
        groups: the group, or all groups of the pool; each with its window that holds and those after.
        since: when the latest of those windows began, as `stability.Moved` has it; all that is known
            of time.
        approvals: every CommitmentApproval that arrived and has not expired.
    """

    plan: CapacityPlan
    pool: Pool
    ref: GroupRef
    groups: tuple["GroupNow", ...]
    stability: Stability
    since: str
    approvals: tuple[Approval, ...] = ()

    @property
    def until(self) -> str:
        """When the last window ends that is planned, as `stability.damp` has it."""
        return format_instant(max((each.window, *each.later)[-1].end for each in self.groups))

    def total(self, per_node: bool = True) -> Sizes:
        """The sizes of all groups in nodes, or else in the pool's unit, rounded up."""
        scale = [1.0 if per_node else float(each.group.units_per_node) for each in self.groups]
        return Sizes(
            *(
                -int(
                    -sum(
                        getattr(each.window, of) * by
                        for each, by in zip(self.groups, scale, strict=True)
                    )
                    // 1
                )
                for of in ("min", "desired", "max")
            )
        )


@dataclass(frozen=True)
class GroupNow:
    """A group and its windows: the one that holds, and those after it."""

    group: Group
    window: Window
    later: tuple[Window, ...]


@dataclass(frozen=True)
class Followed:
    """What is to be desired of a follower.

    Attributes:
        document: in full; None: withheld, or taken out when `retire`.
        reason: why, when it is not simply as planned.
        sizes: what it was given, in the follower's own unit; None where it has none.
        refused: whether a person must act (the reason says how).
        claim: what only one resource may be given, such as the line that an approval buys.
    """

    document: Document | None
    reason: str | None = None
    sizes: Sizes | None = None
    refused: bool = False
    claim: str | None = None


class Follower(ABC):
    """A kind of resource that follows a pool or a group.

    Attributes:
        kinds: what it reads and writes.
        whole_pool: whether it may follow a pool without naming a group.
        needs_approvals: whether it acts only on CommitmentApprovals, which are asked for then.
    """

    kinds: tuple[Kind, ...]
    whole_pool: bool = True
    needs_approvals: bool = False

    @abstractmethod
    def follow(self, base: Document, observed: Document | None, now: Now) -> Followed:
        """The resource as the plan has it.

        Args:
            base: what an earlier step composed.
            observed: what exists under the same key, if anything does.
            now: whom it follows.

        Raises:
            InputError: this kind can't follow it.
        """

    @abstractmethod
    def held(self, base: Document, observed: Document | None) -> Document | None:
        """The resource without a usable plan: with what exists kept; None withholds it."""

    def is_paid(self, observed: Document) -> bool:  # noqa: ARG002
        """Whether an existing resource binds money, so that it stays though no step composes it."""
        return False

    def claimed(self, observed: Document) -> str | None:  # noqa: ARG002
        """What such a resource was given; see `Followed.claim`."""
        return None

    def is_ready(self, document: Document) -> bool:
        """Whether an existing resource is ready; one that has no such condition is."""
        return condition(document, "Ready") in (None, "True")
