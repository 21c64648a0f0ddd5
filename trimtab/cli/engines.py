"""Engines of other distributions, found by their entry points and loaded when they are used."""

from importlib.metadata import EntryPoint, entry_points
from typing import Any

from trimtab.errors import EngineError

FUNCTIONS_MEND = "install trimtab-functions beside trimtab (.venv/function has both)"


def installed(group: str, what: str, mend: str = FUNCTIONS_MEND) -> dict[str, EntryPoint]:
    """The engines of a group by name.

    Raises:
        EngineError: none is installed.
    """
    found = {point.name: point for point in entry_points(group=group)}
    if not found:
        raise EngineError(f"no {what} is installed", mend=mend)
    return found


def load(point: EntryPoint, mend: str = FUNCTIONS_MEND) -> Any:
    """An engine's function.

    Raises:
        EngineError: it needs a module that is not there.
    """
    try:
        return point.load()
    except ModuleNotFoundError as error:
        raise EngineError(
            f"the engine {point.name} needs the module {error.name}", mend=mend
        ) from error
