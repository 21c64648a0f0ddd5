"""The CSI drivers by name, and the order in which those that are needed come.

Pure. A driver is brought by an EKS add-on, by a Helm chart, or by the cloud that manages the cluster;
which of the three, `way` says.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from trimtab.errors import InputError, allowed
from trimtab.provision.storage import on_premises_drivers
from trimtab.provision.storage.model import Driver

Way = Literal["addon", "chart", "managed"]

DRIVERS: dict[str, Driver] = {
    **on_premises_drivers.DRIVERS,
}
"""Every driver by name."""


def needed(names: Iterable[str]) -> tuple[Driver, ...]:
    """The drivers of those names with all that they require, each after what it requires."""
    found: dict[str, Driver] = {}

    def visit(name: str) -> None:
        if name in found:
            return
        for other in DRIVERS[name].requires:
            visit(other)
        found[name] = DRIVERS[name]

    for name in names:
        visit(name)
    return tuple(found.values())


def check_stated(stated: Mapping[str, Any], wanted: Iterable[Driver], where: str) -> None:
    """Refuse settings of drivers that no class needs.

    Raises:
        InputError: a name is no driver's, or the driver is not needed.
    """
    names = [each.name for each in wanted]
    for name in stated:
        if name not in names:
            raise InputError(
                f"drivers: no class needs {name}",
                where=where,
                mend=f"use one of {allowed(names)}" if names else "drop it",
            )
