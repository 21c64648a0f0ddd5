"""An adapter's work inside an Object of provider-kubernetes."""

import pytest

from trimtab_functions.capacity.adapters import FOLLOWERS, GROUP_ADAPTERS
from trimtab_functions.capacity.adapters.base import GroupAdapter
from trimtab_functions.capacity.adapters.followers import Follower
from trimtab_functions.capacity.adapters.wrapped import WrappedFollower, WrappedGroup


def traits(kind: type, of: object) -> dict[str, object]:
    """What an adapter says of itself, but for what its kind alone composes by."""
    return {name: getattr(of, name) for name in kind.__annotations__ if name != "settings"}


@pytest.mark.parametrize("inner", GROUP_ADAPTERS.values(), ids=lambda each: type(each).__name__)
def test_a_kind_of_groups_is_the_same_inside_an_object(inner: GroupAdapter) -> None:
    assert traits(GroupAdapter, WrappedGroup(inner)) == traits(GroupAdapter, inner)


@pytest.mark.parametrize("inner", FOLLOWERS, ids=lambda each: type(each).__name__)
def test_a_follower_is_the_same_inside_an_object(inner: Follower) -> None:
    assert traits(Follower, WrappedFollower(inner)) == traits(Follower, inner)
