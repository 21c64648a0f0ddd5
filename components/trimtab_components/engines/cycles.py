"""Which resource waits for which, so that no circle of waiting comes about; the SDK's answer, found sooner.

To wait for a component is to wait for each of its children, so in a program of hundreds of resources tens of
thousands of such edges are declared, and for each the SDK walks all that it leads to. A circle can only close
at a resource that something waits for already, which a resource that is being registered seldom is: only
then is there anything to walk.
"""

import contextlib
from collections.abc import Iterator

from pulumi import Resource
from pulumi.runtime import rpc


class Waiting:
    """The edges of one run."""

    def __init__(self) -> None:
        self._for: dict[Resource, set[Resource]] = {}
        self._awaited: set[Resource] = set()

    def declare(self, from_resource: Resource, to_resource: Resource) -> bool:
        """Remember that one waits for another; False, and nothing remembered, where that closes a circle."""
        if from_resource is to_resource:
            return False
        if from_resource in self._awaited and self._leads(to_resource, from_resource):
            return False
        self._for.setdefault(from_resource, set()).add(to_resource)
        self._awaited.add(to_resource)
        return True

    def _leads(self, start: Resource, end: Resource) -> bool:
        seen, left = {start}, [start]
        while left:
            for each in self._for.get(left.pop(), ()):
                if each is end:
                    return True
                if each not in seen:
                    seen.add(each)
                    left.append(each)
        return False


@contextlib.contextmanager
def quick_cycles() -> Iterator[None]:
    """Within it, the SDK asks here whether a dependency closes a circle."""
    before = vars(rpc)["declare_dependency"]
    vars(rpc)["declare_dependency"] = Waiting().declare
    try:
        yield
    finally:
        vars(rpc)["declare_dependency"] = before
