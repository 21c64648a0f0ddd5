"""What an API server did not keep of an object that it stored."""

from collections.abc import Mapping
from typing import Any


def lost(given: Any, stored: Any, path: str = "") -> list[str]:
    """Paths whose value is not the given one; what the server adds by default is no loss."""
    if isinstance(given, Mapping) and isinstance(stored, Mapping):
        return [
            found
            for key, value in given.items()
            for found in lost(value, stored.get(key), f"{path}.{key}")
        ]
    if isinstance(given, list) and isinstance(stored, list) and len(given) == len(stored):
        pairs = zip(given, stored, strict=True)
        return [found for i, each in enumerate(pairs) for found in lost(*each, f"{path}[{i}]")]
    return [] if given == stored else [path]
