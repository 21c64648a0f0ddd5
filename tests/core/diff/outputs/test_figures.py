"""How figures and names are written."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.diff.outputs import figures
from trimtab.pricing.amount import Amount, between, exactly


@pytest.mark.parametrize(
    ("value", "written", "changed"),
    [
        (1234.56, "$1,234.56", "+$1,234.56"),
        (-1234.56, "-$1,234.56", "-$1,234.56"),
        (0.0, "$0.00", "$0.00"),
        (-0.0, "$0.00", "$0.00"),
        (-1e-12, "$0.00", "$0.00"),
        (0.004, "<$0.01", "+<$0.01"),
        (-0.004, "-<$0.01", "-<$0.01"),
        (0.0099, "<$0.01", "+<$0.01"),
        (0.1 + 0.2 - 0.29, "$0.01", "+$0.01"),
        (-0.01, "-$0.01", "-$0.01"),
        (1e6, "$1,000,000.00", "+$1,000,000.00"),
        (math.inf, "no limit", "no limit"),
    ],
)
def test_money_is_to_the_cent_and_never_minus_nothing(
    value: float, written: str, changed: str
) -> None:
    assert figures.usd(value) == written
    assert figures.usd_change(value) == changed


@given(st.floats(allow_nan=False))
def test_a_sum_that_is_written_as_nothing_is_nothing(value: float) -> None:
    for written in (figures.usd(value), figures.usd_change(value)):
        assert "-$0.00" not in written
        assert "+$0.00" not in written
        if written == "$0.00":
            assert abs(value) < 1e-6


@pytest.mark.parametrize(
    ("amount", "written"),
    [
        (exactly(5), ""),
        (between(800, 2400, 1200), "$800 to $2,400"),
        (between(0, 2400), "$0 to $2,400"),
        (between(1.5, 2400), "$1.50 to $2,400"),
        (between(0, 16), "$0.00 to $16.00"),
        (Amount(800, None, math.inf), "$800 or more"),
        (Amount(-math.inf, None, 800), "$800 or less"),
        (Amount(-math.inf, None, math.inf), "with no limits"),
        (between(-4502.4, 160.0), "-$4,502 to $160"),
    ],
)
def test_bounds_are_said_where_there_are_any(amount: Amount, written: str) -> None:
    assert figures.usd_range(amount) == written


def test_an_amount_without_an_expectation_is_its_bounds() -> None:
    assert figures.usd_with_range(between(800, 2400, 1200)) == "$1,200.00 ($800 to $2,400)"
    assert figures.usd_with_range(between(800, 2400)) == "$800 to $2,400"
    assert figures.usd_cell(None) == "not known"
    assert figures.usd_change_cell(between(-1, 2400)) == "-$1.00 to $2,400"


@pytest.mark.parametrize(
    ("value", "written"),
    [(12346.4, "12,346"), (83.44, "83.44"), (0.042, "0.042"), (0, "0"), (-1e-12, "0"), (-3, "-3")],
)
def test_quantities_have_about_four_figures(value: float, written: str) -> None:
    assert figures.number(value) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [(0.045, "0.045"), (1460, "1,460"), (0.0000166667, "0.0000166667"), (1234567.5, "1,234,567.5")],
)
def test_factors_are_written_in_full(value: float, written: str) -> None:
    assert figures.exact(value) == written


@given(st.floats(-1e11, 1e11))
def test_a_factor_reads_back_as_it_was_multiplied(value: float) -> None:
    read = float(figures.exact(value).replace(",", ""))
    assert read == pytest.approx(value, rel=1e-11)


@pytest.mark.parametrize(
    ("delta", "before", "written"),
    [
        (12.0, 100.0, "+12 %"),
        (-4.26, 100.0, "-4.3 %"),
        (1.0, 0.0, ""),
        (None, 5.0, ""),
        (0.001, 100.0, ""),
    ],
)
def test_a_share_needs_something_to_be_a_share_of(
    delta: float | None, before: float, written: str
) -> None:
    assert figures.share_change(delta, before) == written


@given(st.text())
def test_plain_text_has_nothing_that_a_terminal_obeys(text: str) -> None:
    written = figures.plain(text)
    assert written.isprintable()
    if text.isprintable():
        assert written == text


@given(st.text(), st.integers(3, 30))
def test_short_text_keeps_both_ends(text: str, most: int) -> None:
    written = figures.short(text, most)
    assert len(written) <= most
    if len(text) <= most:
        assert written == text
    else:
        head, _, tail = written.partition("…")
        assert text.startswith(head)
        assert text.endswith(tail)


@pytest.mark.parametrize(
    ("share", "written"), [(1.0, "100 %"), (0.996, "100 %"), (0.0714, "7.1 %"), (0.25, "25 %")]
)
def test_a_share_is_written_to_two_figures(share: float, written: str) -> None:
    assert figures.percent(share) == written
