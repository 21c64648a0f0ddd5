"""Helm values as plain data: one set laid over another, and what a section says. Pure."""

from collections.abc import Mapping
from typing import Any


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """One set of values over another, as Helm does it: maps merge, all else is replaced."""
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        merged[key] = (
            merge(below, value)
            if isinstance(below, Mapping) and isinstance(value, Mapping)
            else value
        )
    return merged


def enabled(values: Mapping[str, Any], section: str, key: str = "enabled") -> Any:
    """`values[section][key]`; None where there is none, the section itself where it is no map."""
    found = values.get(section)
    return found.get(key) if isinstance(found, Mapping) else found
