"""Which resource waits for which, so that no circle of waiting comes about; the SDK's answer, found sooner.

To wait for a component is to wait for each of its children, so in a program of hundreds of resources tens of
thousands of such edges are declared, and for each the SDK walks all that it leads to. Here the walk goes the
other way, over what waits for the resource already: of one that is being registered that is little or nothing.
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

    def declare(self, from_resource: Resource, to_resource: Resource) -> bool:
        """Remember that one waits for another; False, and nothing remembered, where that closes a circle."""
        if from_resource is to_resource:
            return False
        if self._awaits(to_resource, from_resource):
            return False
        self._awaited_by.setdefault(to_resource, set()).add(from_resource)
        return True

    def _awaits(self, waiting: Resource, awaited: Resource) -> bool:
        """Whether one waits for another, by however many steps."""
        seen, left = {awaited}, [awaited]
        while left:
            for each in self._awaited_by.get(left.pop(), ()):
                if each is waiting:
                    return True
                if each not in seen:
                    seen.add(each)
                    left.append(each)
        return False


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
