"""Settings with types that are loaded when a stack sets them."""

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Any

COMMON: dict[str, Any] = {"target": str, "plan": str, "name": str}
"""What every target has."""


class Kinds(Mapping[str, Any]):
    """Settings by name with their types; a function stands for a type that is not loaded yet."""

    def __init__(self, *tables: Mapping[str, Any]) -> None:
        self._kinds: dict[str, Any] = {}
        for table in tables:
            # Copied as they are: reading one out of a table would load it.
            self._kinds |= table._kinds if isinstance(table, Kinds) else dict(table)

    def __getitem__(self, name: str) -> Any:
        kind = self._kinds[name]
        return kind() if isinstance(kind, Late) else kind

    def __contains__(self, name: object) -> bool:
        return name in self._kinds  # without loading it

    def __iter__(self) -> Iterator[str]:
        return iter(self._kinds)

    def __len__(self) -> int:
        return len(self._kinds)


class Late:
    """A type by its place, `accelerators.accelerators:AcceleratorsArgs` of the components."""

    def __init__(self, place: str, made: Callable[[Any], Any] = lambda kind: kind) -> None:
        self._place, self._made = place, made

    def __call__(self) -> Any:
        module, _, name = self._place.partition(":")
        return self._made(getattr(import_module(f"trimtab_components.{module}"), name))
