"""Kubernetes quantities, exactly.

`resource.Quantity`: a signed decimal number with a binary suffix (Ki ... Ei), a decimal one (n, u, m,
none, k, M, G, T, P, E) or a decimal exponent (1e3, 1E-2). Case matters: `m` is milli, `M` mega, and
1E is an exa, 1E3 a thousand.
"""

import re
from fractions import Fraction

_QUANTITY = re.compile(
    r"([+-]?(?:\d+\.?\d*|\.\d+))(?:([KMGTPE]i|[numkMGTPE])|[eE]([+-]?\d{1,3}))?", re.ASCII
)
_SCALE: dict[str, Fraction] = {
    **{f"{letter}i": Fraction(1024) ** power for power, letter in enumerate("KMGTPE", 1)},
    **{letter: Fraction(1000) ** power for power, letter in enumerate("kMGTPE", 1)},
    **{letter: Fraction(1, 1000) ** power for power, letter in enumerate("mun", 1)},
}
_LONGEST = 64
GIB = 2**30
LARGEST = 2**63 - 1


def parse_quantity(value: object) -> Fraction:
    """The amount that a manifest's quantity states, from 0 to `LARGEST`.

    YAML numbers count as their text, as they do for Kubernetes.

    Raises:
        ValueError: it is no quantity, below zero or beyond the largest.
    """
    is_number = isinstance(value, str | int | float) and not isinstance(value, bool)
    found = _QUANTITY.fullmatch(str(value)) if is_number else None
    if not found or len(found[0]) > _LONGEST:
        raise ValueError(f"{value!r} is not a quantity such as 500m, 4 or 16Gi")
    number, suffix, exponent = found.groups()
    amount = Fraction(number)
    if suffix:
        amount *= _SCALE[suffix]
    elif exponent:
        amount *= Fraction(10) ** int(exponent)
    if amount < 0:
        raise ValueError(f"{value} is below zero")
    if amount > LARGEST:
        raise ValueError(f"{value} is beyond Kubernetes' largest quantity, 2^63 - 1")
    return amount
