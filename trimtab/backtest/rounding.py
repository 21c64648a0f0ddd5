"""Numbers as backtests print them: the same bytes on every machine."""

from math import isfinite
from typing import Any

import numpy as np

from trimtab.backtest.market import Array

DIGITS = 9
"""Significant digits of a number: beyond the data's, and the same bytes on every machine."""


def number(value: float | np.floating[Any] | None) -> float | None:
    """A number for JSON; None where it is not known or not finite."""
    if value is None or not isfinite(value):
        return None
    rounded = float(f"{float(value):.{DIGITS}g}")
    return rounded or 0.0  # a negative zero


def numbers(values: Array) -> list[float | None]:
    """Several."""
    return [number(value) for value in values.tolist()]
