"""Kubernetes quantities."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.workloads.quantity import LARGEST, parse_quantity

SUFFIXES = {
    "n": Fraction(1, 10**9),
    "u": Fraction(1, 10**6),
    "m": Fraction(1, 1000),
    "": Fraction(1),
    "k": Fraction(1000),
    "M": Fraction(10**6),
    "G": Fraction(10**9),
    "T": Fraction(10**12),
    "Ki": Fraction(2**10),
    "Mi": Fraction(2**20),
    "Gi": Fraction(2**30),
    "Ti": Fraction(2**40),
}


@pytest.mark.parametrize(
    ("value", "amount"),
    [
        ("4", 4),
        (4, 4),
        (0.5, Fraction(1, 2)),
        ("500m", Fraction(1, 2)),
        ("0.1", Fraction(1, 10)),
        (".5", Fraction(1, 2)),
        ("5.", 5),
        ("+3", 3),
        ("16Gi", 16 * 2**30),
        ("16G", 16 * 10**9),
        ("1.5Gi", 3 * 2**29),
        ("1Ei", 2**60),
        ("1E", 10**18),
        ("1e3", 1000),
        ("1E3", 1000),
        ("12e-1", Fraction(12, 10)),
        ("128974848", 128974848),
        ("0", 0),
        ("-0", 0),
        (1e-05, Fraction(1, 10**5)),
    ],
)
def test_accepted(value: object, amount: Fraction | int) -> None:
    assert parse_quantity(value) == amount


@pytest.mark.parametrize(
    "value",
    [
        *("", " 4", "4 ", "4x", "4gi", "4GB", "4K", "Gi", "1e", "1e3Gi", "1_000", "0x10", "\u0664"),
        *(None, True, [], {}, float("nan"), float("inf")),
        *("-1", "-500m", "10Ei", 10**400, "9" * 5000),
    ],
)
def test_rejected(value: object) -> None:
    with pytest.raises(ValueError, match=r"quantity|below zero|limit"):
        parse_quantity(value)


numbers = st.integers(0, 10**6)


@given(numbers, st.sampled_from(sorted(SUFFIXES)))
def test_a_written_quantity_reads_back(number: int, suffix: str) -> None:
    assert parse_quantity(f"{number}{suffix}") == number * SUFFIXES[suffix]


@given(st.decimals(0, 10**6, allow_nan=False, allow_infinity=False, places=9))
def test_decimals_are_exact(number: object) -> None:
    assert parse_quantity(f"{number:f}") == Fraction(str(number))


@given(numbers, numbers, st.sampled_from(sorted(SUFFIXES)))
def test_order_is_kept(left: int, right: int, suffix: str) -> None:
    amounts = parse_quantity(f"{left}{suffix}"), parse_quantity(f"{right}{suffix}")
    assert (amounts[0] < amounts[1]) == (left < right)


@given(st.text(max_size=12))
def test_any_text_is_a_quantity_or_a_value_error(text: str) -> None:
    try:
        assert 0 <= parse_quantity(text) <= LARGEST
    except ValueError as error:
        assert str(error)  # noqa: PT017
