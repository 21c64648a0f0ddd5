"""Kubernetes quantities, such as 8, 500m, 1.5 and 64Gi.

Pure. Source: Kubernetes, `k8s.io/apimachinery` resource.Quantity.
"""

import re
from fractions import Fraction

from trimtab.provision.queueing.flavors import written_quantity as written

__all__ = ["quantity", "written"]

_SUFFIXES: dict[str, Fraction] = {
    "": Fraction(1),
    "n": Fraction(1, 10**9),
    "u": Fraction(1, 10**6),
    "m": Fraction(1, 1000),
    "k": Fraction(10**3),
    **{each: Fraction(10 ** (3 * power)) for power, each in enumerate("MGTPE", start=2)},
    **{f"{each}i": Fraction(1024**power) for power, each in enumerate("KMGTPE", start=1)},
}
_QUANTITY = re.compile(r"\+?(\d{1,18}(?:\.\d{0,9})?|\.\d{1,9})([numkMGTPE]|[KMGTPE]i)?")


def quantity(value: object) -> Fraction | None:
    """The number that a quantity means, never negative; None for what is none.

    An exponent (`1e3`), which nobody writes by hand, is not read.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return Fraction(str(value)) if 0 <= value < float("inf") else None
    found = _QUANTITY.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return None
    return Fraction(found[1]) * _SUFFIXES[found[2] or ""]
