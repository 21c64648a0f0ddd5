"""Every kind of resource that carries a plan out, one small module each.

To add a kind: a module with a subclass of `GroupAdapter` or `Follower`, and a line here.
"""

from collections.abc import Mapping
from typing import Any

from trimtab_functions.capacity.adapters.base import Follower, GroupAdapter, Kind
from trimtab_functions.capacity.adapters.eks_node_group import EksNodeGroup

GROUP_ADAPTERS: Mapping[str, GroupAdapter] = {
    "EKS": EksNodeGroup(),
}
"""By the name that a step's input has for what it composes."""

FOLLOWERS: tuple[Follower, ...] = ()

_GROUP_KINDS = {kind: adapter for adapter in GROUP_ADAPTERS.values() for kind in adapter.kinds}
_FOLLOWER_KINDS = {kind: follower for follower in FOLLOWERS for kind in follower.kinds}
KIND_NAMES = frozenset(kind.kind for kind in (*_GROUP_KINDS, *_FOLLOWER_KINDS))
"""A quick first look at whether a document may concern anybody here."""


def group_adapter(document: Mapping[str, Any]) -> GroupAdapter | None:
    """Who reads a document as a group's resource."""
    return _GROUP_KINDS.get(Kind.of(document))


def follower(document: Mapping[str, Any]) -> Follower | None:
    """Who reads a document as one that follows a pool or a group."""
    return _FOLLOWER_KINDS.get(Kind.of(document))
