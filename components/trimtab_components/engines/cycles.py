"""Which resource waits for which, so that no circle of waiting comes about; the SDK's answer, found sooner.

To wait for a component is to wait for each of its children, so in a program of hundreds of resources tens of
thousands of such edges are declared, and for each the SDK walks all that it leads to. Here the walk goes the
other way, over what waits for the resource already: of one that is being registered that is little or nothing.
What a resource waits for is declared in one go, and none of it changes who waits for the resource: one walk serves
them all.
"""

import contextlib
from collections.abc import Iterator

from pulumi import Resource
from pulumi.runtime import resource, rpc
from pulumi.runtime.proto import source_pb2


class Waiting:
    """The edges of one run."""

    def __init__(self) -> None:
        self._awaited_by: dict[Resource, set[Resource]] = {}
        self._last: Resource | None = None
        self._awaiting_last: set[Resource] = set()

    def declare(self, from_resource: Resource, to_resource: Resource) -> bool:
        """Remember that one waits for another; False, and nothing remembered, where that closes a circle."""
        if from_resource is not self._last:
            self._last, self._awaiting_last = from_resource, self._awaiting(from_resource)
        if to_resource in self._awaiting_last:
            return False
        self._awaited_by.setdefault(to_resource, set()).add(from_resource)
        return True

    def _awaiting(self, awaited: Resource) -> set[Resource]:
        """All that wait for a resource, by however many steps, and itself."""
        seen, left = {awaited}, [awaited]
        while left:
            new = self._awaited_by.get(left.pop(), set()) - seen
            seen |= new
            left.extend(new)
        return seen


@contextlib.contextmanager
def quick_registration() -> Iterator[None]:
    """Within it, the SDK asks here whether a dependency closes a circle, and reads no stack for each resource:
    where in the program it was made is in no record."""
    circles, stacks = vars(rpc)["declare_dependency"], vars(resource)["_get_stack_trace"]
    vars(rpc)["declare_dependency"] = Waiting().declare
    vars(resource)["_get_stack_trace"] = source_pb2.StackTrace
    try:
        yield
    finally:
        vars(rpc)["declare_dependency"] = circles
        vars(resource)["_get_stack_trace"] = stacks
