"""What an API server did not keep of an object that it stored."""

from collections.abc import Mapping
from typing import Any

from trimtab.workloads.quantity import parse_quantity


def lost(given: Any, stored: Any, path: str = "") -> list[str]:
    """Paths whose value is not the given one; what the server adds by default is no loss.

    Nor is an empty value that it leaves out, or a quantity in other words (1024Gi for 1Ti).
    """
    if isinstance(given, Mapping) and isinstance(stored, Mapping):
        return [
            found
            for key, value in given.items()
            for found in lost(value, stored.get(key), f"{path}.{key}")
        ]
    if isinstance(given, list) and isinstance(stored, list) and len(given) == len(stored):
        pairs = zip(given, stored, strict=True)
        return [found for i, each in enumerate(pairs) for found in lost(*each, f"{path}[{i}]")]
    left_out = stored is None and not given
    return [] if left_out or given == stored or _same_quantity(given, stored) else [path]


def _same_quantity(one: Any, other: Any) -> bool:
    try:
        return isinstance(other, str) and parse_quantity(one) == parse_quantity(other)
    except ValueError:
        return False
