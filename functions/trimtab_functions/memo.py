"""A bounded memo of pure functions: it changes how long an answer takes, never the answer."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Memo(Generic[T]):
    """The latest results by their arguments, the least recently used forgotten first.

    Args:
        entries: how many results to keep.
        size: how much their arguments may sum up to, in the unit that `get` is told.
        forgotten: told of every result that is dropped.

    Attributes:
        hits: how often a result was there.
        misses: how often one was made.
    """

    def __init__(
        self, entries: int, size: int, forgotten: Callable[[T], None] | None = None
    ) -> None:
        self._entries, self._size, self._held = entries, size, 0
        self._results: OrderedDict[Hashable, tuple[int, T, object]] = OrderedDict()
        self._forgotten = forgotten
        self.hits = self.misses = 0

    @property
    def held(self) -> int:
        """What the arguments of what is kept sum up to."""
        return self._held

    def __len__(self) -> int:
        return len(self._results)

    def get(
        self,
        key: Hashable,
        size: int | Callable[[], int],
        make: Callable[[], T],
        owner: object = None,
    ) -> T:
        """The result for a key, made when it is not held; only then is the size asked for.

        Args:
            owner: what the key keeps alive and the result is of no use without; see `forget`.
        """
        found = self._results.get(key)
        if found is not None:
            self.hits += 1
            self._results.move_to_end(key)
            return found[1]
        self.misses += 1
        result = make()
        self.put(key, size if isinstance(size, int) else size(), result, owner)
        return result

    def find(self, key: Hashable) -> T | None:
        """The result for a key, when it is held."""
        found = self._results.get(key)
        if found is None:
            self.misses += 1
            return None
        self.hits += 1
        self._results.move_to_end(key)
        return found[1]

    def put(self, key: Hashable, size: int, result: T, owner: object = None) -> None:
        """Hold a result, in the place of an earlier one."""
        if key in self._results:
            self._drop(key)
        self._results[key] = (size, result, owner)
        self._held += size
        while len(self._results) > self._entries or (
            len(self._results) > 1 and self._held > self._size
        ):
            self._drop(next(iter(self._results)))

    def forget(self, owner: object) -> None:
        """Drop every result of an owner: nobody will ask for them, and they keep it alive."""
        for key in [key for key, each in self._results.items() if each[2] is owner]:
            self._drop(key)

    def _drop(self, key: Hashable) -> None:
        size, result, _ = self._results.pop(key)
        self._held -= size
        if self._forgotten is not None:
            self._forgotten(result)


class ById:
    """A part of a memo's key that is compared by identity, and kept alive as long as the key."""

    __slots__ = ("value",)

    def __init__(self, value: object) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ById) and self.value is other.value

    def __hash__(self) -> int:
        return id(self.value)
