"""Figures with bounds: sums, differences and scales keep low <= expected <= high."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.pricing.amount import ZERO, Amount, between, exactly, total

FINITE = st.floats(0, 1e9, allow_nan=False)
AMOUNTS = st.builds(
    lambda low, high, share, open_: Amount(
        min(low, high),
        None if share is None else min(low, high) + share * abs(high - low),
        math.inf if open_ else max(low, high),
    ),
    FINITE,
    FINITE,
    st.none() | st.floats(0, 1),
    st.booleans(),
)


def in_order(amount: Amount) -> bool:
    slack = 1e-6 * max(1.0, abs(amount.low))
    if math.isinf(amount.high):
        slack = 1e-6 * max(1.0, abs(amount.low), abs(amount.expected or 0.0))
    middle = amount.low if amount.expected is None else amount.expected
    return amount.low - slack <= middle <= amount.high + slack


@given(AMOUNTS, AMOUNTS, FINITE)
def test_bounds_stay_in_order(a: Amount, b: Amount, factor: float) -> None:
    for amount in (a.plus(b), a.less(b), a.since(b), a.times(factor), total([a, b, a])):
        assert not any(math.isnan(end) for end in (amount.low, amount.high))
        assert in_order(amount)


@given(AMOUNTS)
def test_nothing_differs_from_itself(a: Amount) -> None:
    known = a.expected is not None
    assert a.since(a) == Amount(0.0, 0.0 if known else None, 0.0)
    assert a.plus(ZERO) == a
    assert a.times(0) == ZERO


@pytest.mark.parametrize(
    ("after", "before", "apart", "together"),
    [
        # A pool of 2 to 8 that is cheaper by half saves at 2, and saves more at 8.
        (Amount(1, 2, 4), Amount(2, 4, 8), Amount(-7, -2, 2), Amount(-4, -2, -1)),
        (exactly(5), ZERO, exactly(5), exactly(5)),
        (ZERO, between(1, 3), Amount(-3, None, -1), Amount(-3, None, -1)),
        (Amount(0, 1, math.inf), Amount(0, 1, math.inf), Amount(-math.inf, 0, math.inf), ZERO),
    ],
)
def test_differences_by_hand(
    after: Amount, before: Amount, apart: Amount, together: Amount
) -> None:
    assert after.less(before) == apart
    assert after.since(before) == together


def test_bounds_that_contradict_widen() -> None:
    assert between(5, 2, 9) == Amount(2, 9, 9)
    assert between(5, 2) == Amount(2, None, 5)


@given(AMOUNTS, AMOUNTS)
def test_so_many_of_each_stay_in_order_and_none_cost_nothing(count: Amount, each: Amount) -> None:
    assert in_order(count.of_each(each))
    assert count.of_each(ZERO) == ZERO.of_each(count)
    assert ZERO.of_each(between(0, math.inf)).high == 0


def test_so_many_of_each_by_hand() -> None:
    assert between(1, 3, 2).of_each(between(10, 30, 20)) == Amount(10, 40, 90)
    assert between(1, 3).of_each(exactly(10)) == Amount(10, None, 30)


def test_a_function_is_taken_of_every_figure() -> None:
    assert between(1, math.inf, 5).at_ends(lambda value: min(value, 4)) == Amount(1, 4, 4)
    assert between(1, 3).at_ends(lambda value: max(value - 2, 0)) == Amount(0, None, 1)


def test_what_grows_with_a_count_is_so_much_for_each() -> None:
    nodes = between(1, 4, 2)
    assert nodes.times(20).per(nodes) == 20
    assert between(0, 80).per(between(0, 4)) == 20
    assert exactly(3).per(nodes) is None  # one for all of them
    assert between(20, 80).per(nodes) is None  # of one nobody says what to expect
    assert exactly(0).per(exactly(0)) is None
    assert between(0, math.inf).per(between(0, math.inf)) is None
