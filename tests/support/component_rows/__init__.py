"""Ways to make each component, for the rules that all keep: a module a family, a row a way.

A row is the component's name, what is special about the way, and the arguments. Every argument that
may be a resource's output stands in a row of its component.
"""

from importlib import import_module
from pkgutil import iter_modules
from typing import Any

Row = tuple[str, str, dict[str, Any]]


def family_rows() -> list[Row]:
    """The rows of every module here, which each has as `ROWS`."""
    found: list[Row] = []
    for module in sorted(each.name for each in iter_modules(__path__)):
        found += import_module(f"{__name__}.{module}").ROWS
    return found
