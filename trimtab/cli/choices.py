"""Options whose values must be among names that a file holds."""

from collections.abc import Iterable
from typing import NoReturn

from trimtab.errors import InputError, allowed

SHOWN = 40


def check_known(option: str, given: Iterable[str] | None, known: set[str], source: str) -> None:
    """Check that every value is known.

    Raises:
        InputError: one is not; names the option and what is allowed.
    """
    for name in given or ():
        if name not in known:
            unknown(option, name, known, source)


def unknown(option: str, name: str, known: set[str], source: str) -> NoReturn:
    """Refuse a value that is not known."""
    from trimtab.catalogue.accelerators import did_you_mean

    near = did_you_mean(name, sorted(known))
    raise InputError(
        f"{name!r} is not in {source}",
        where=option,
        mend=f"{near}use one of {allowed(known, SHOWN)}",
    )
