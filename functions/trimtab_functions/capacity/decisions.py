"""What was decided about resources: plain data between those who decide and those who write it down."""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from trimtab.plan.model import Group, Pool, Window
from trimtab.plan.sizing import Sizes
from trimtab_functions.capacity.adapters.base import GroupRef
from trimtab_functions.capacity.documents import Document


class Stand(Enum):
    """What was decided about a resource; the values stand in the XR's status."""

    PLANNED = "Planned"  # it has the plan's sizes, reconciled with what runs
    HELD = "Held"  # kept as it is, for no usable plan speaks of it, or the policy holds it
    RETIRING = "Retiring"  # kept until what replaces it is ready
    WITHHELD = (
        "Withheld"  # not composed yet: no usable plan says what it is, or the policy holds it
    )


@dataclass(frozen=True)
class Planned:
    """What the plan says of a group now; without its pool's other groups' sizes."""

    pool: Pool
    group: Group
    window: Window


@dataclass(frozen=True)
class Placed:
    """A decision about one resource.

    Attributes:
        document: what to desire, in full; None when the resource is withheld.
        sizes: what it was given; None where it has none, or none are known.
        reason: why, when it is not simply as planned.
        planned: the plan's word, when it is followed.
        launches: whether it launches a group's nodes.
        refused: whether a person must act; `reason` says how.
        companions: what is to stand beside it and follows from what exists, by key.
        claim: what no other resource may be given.
    """

    key: str
    ref: GroupRef
    stand: Stand
    document: Document | None
    ready: bool
    sizes: Sizes | None = None
    reason: str | None = None
    planned: Planned | None = None
    launches: bool = True
    refused: bool = False
    companions: Mapping[str, Document] = field(default_factory=dict)
    claim: str | None = None


@dataclass
class Decision:
    """What to do.

    Attributes:
        placed: resources to desire or withhold, by key.
        retired: keys to take out of the desired state.
        policy: what the policy holds back, by group.
    """

    placed: dict[str, Placed] = field(default_factory=dict)
    retired: set[str] = field(default_factory=set)
    policy: dict[GroupRef, str] = field(default_factory=dict)

    def settles(self, key: str) -> bool:
        """Whether something was decided about a key."""
        return key in self.placed or key in self.retired


Remember = Callable[[Hashable, Callable[[], Placed]], Placed]
"""Gives the decision for its arguments, made anew or kept from an earlier call."""


def make_anew(_: Hashable, make: Callable[[], Placed]) -> Placed:
    """Keeps nothing."""
    return make()
