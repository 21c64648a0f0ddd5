"""How figures and names are written, in every form that people read.

Money is `$1,234.56` to the cent; what is there but below a cent is `<$0.01`, and no sum is ever `-$0.00`.
What is not known is said in words and never 0. Text from outside loses what a terminal or a page would
obey: control characters, line breaks, characters that turn the reading direction.
"""

import math
from collections.abc import Callable

from trimtab.pricing.amount import Amount

NOT_KNOWN = "not known"
NOISE_USD = 1e-6
"""Sums of the same charges in another order differ by less; so much is nothing."""


def usd(value: float) -> str:
    """US dollars: `$1,234.56`, `-$0.02`, `<$0.01`; infinite: `no limit`."""
    if math.isinf(value):
        return "no limit"
    sign, written = _cents(value)
    return f"{'-' if sign < 0 else ''}{written}"


def usd_change(value: float) -> str:
    """A difference in dollars with its sign: `+$12.00`, `-$3.50`, `$0.00`."""
    if math.isinf(value):
        return "no limit"
    sign, written = _cents(value)
    return f"{('', '+', '-')[sign]}{written}"


def _cents(value: float) -> tuple[int, str]:
    """The sign, and the size as text."""
    size = abs(value)
    if size < NOISE_USD:
        return 0, "$0.00"
    sign = 1 if value > 0 else -1
    # A cent that was summed from parts may be a hair below one.
    return sign, "<$0.01" if size < 0.01 - NOISE_USD else f"${size:,.2f}"


def whole_usd(value: float) -> str:
    """Dollars where cents are noise: `$2,400`; below ten with cents, but `$0`."""
    if math.isinf(value) or NOISE_USD <= abs(value) < 10:
        return usd(value)
    return f"{'-' if value <= -10 else ''}${abs(value):,.0f}"


def usd_range(amount: Amount) -> str:
    """What an amount may be: `$800 to $2,400`, `$800 or more`; "" where it is one number.

    With cents where both ends are below a hundred dollars.
    """
    ends = [abs(each) for each in (amount.low, amount.high) if math.isfinite(each)]
    return _range(amount, whole_usd if max(ends, default=0.0) >= 100 else usd, NOISE_USD)


def kg_range(amount: Amount) -> str:
    """What emissions may be: `80 to 240`; "" where it is one number."""
    return _range(amount, number, 1e-6)


def _range(amount: Amount, write: Callable[[float], str], noise: float) -> str:
    if amount.high - amount.low < noise:
        return ""
    low, high = math.isfinite(amount.low), math.isfinite(amount.high)
    if low and high:
        return f"{write(amount.low)} to {write(amount.high)}"
    if low:
        return f"{write(amount.low)} or more"
    return f"{write(amount.high)} or less" if high else "with no limits"


def usd_cell(amount: Amount | None) -> str:
    """An amount in a column: what is expected, else its bounds."""
    if amount is None:
        return NOT_KNOWN
    if amount.expected is not None:
        return usd(amount.expected)
    return usd_range(amount) or usd(amount.low)


def usd_change_cell(amount: Amount | None) -> str:
    """A difference in a column: what is expected, else its bounds."""
    if amount is None:
        return NOT_KNOWN
    if amount.expected is not None:
        return usd_change(amount.expected)
    return usd_range(amount) or usd_change(amount.low)


def usd_with_range(amount: Amount) -> str:
    """What is expected, and what it may be: `$1,200.00 ($800 to $2,400)`."""
    span = usd_range(amount)
    if amount.expected is None:
        return span or usd(amount.low)
    return f"{usd(amount.expected)} ({span})" if span else usd(amount.expected)


def number(value: float) -> str:
    """A quantity to about four figures: `12,346`, `83.4`, `0.042`; never `-0`."""
    if math.isinf(value):
        return "no limit"
    size = abs(value)
    if size < 1e-9:
        return "0"
    if size >= 1000:
        return f"{value:,.0f}"
    written = f"{value:.4g}" if size >= 1e-4 else f"{value:.2e}"
    return written if "e" not in written else f"{value:.2e}"


def exact(value: float) -> str:
    """A quantity or a rate as it was multiplied, to twelve figures: `0.045`, `1,460`."""
    if math.isinf(value):
        return "no limit"
    written = f"{value:.12g}"
    if "e" in written:
        from decimal import Decimal

        return f"{Decimal(written):f}"
    whole, point, fraction = written.partition(".")
    return f"{int(whole):,}{point}{fraction}" if whole not in ("-0", "0") else written


def number_change(value: float) -> str:
    """A difference with its sign: `+12`, `-3.4`, `0`."""
    written = number(value)
    return f"+{written}" if value > 0 and written not in ("0", "no limit") else written


def kg_cell(amount: Amount | None) -> str:
    """A difference of emissions in a column."""
    if amount is None:
        return NOT_KNOWN
    if amount.expected is not None:
        return number_change(amount.expected)
    return kg_range(amount) or number_change(amount.low)


def number_cell(amount: Amount) -> str:
    """A quantity in a column: what is expected, else its bounds."""
    if amount.expected is not None:
        return number(amount.expected)
    return kg_range(amount) or number(amount.low)


def share_change(delta: float | None, before: float | None) -> str:
    """A difference as a share of what was before: `+12 %`; "" where there was nothing."""
    if delta is None or not before or before < 0.01:
        return ""
    share = 100 * delta / before
    if abs(share) < 0.05:
        return ""
    written = f"{share:+,.0f}" if abs(share) >= 10 else f"{share:+,.1f}"
    return f"{written} %"


def percent(share: float) -> str:
    """A share to two figures: `7.1 %`, `100 %`."""
    written = f"{100 * share:.2g}"
    return f"{100 * share:.0f} %" if "e+" in written else f"{written} %"


def plural(count: int, one: str, many: str = "") -> str:
    """`1 finding`, `2 findings`."""
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"


def plain(text: str) -> str:
    """Text on one line without characters that anything obeys."""
    if text.isprintable():
        return text
    spaced = " ".join(text.split())
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in spaced)


def short(text: str, most: int) -> str:
    """The text, its middle left out where it is longer: names differ in their ends."""
    if len(text) <= most:
        return text
    head = (most - 1) // 2
    return f"{text[:head].rstrip()}…{text[len(text) - (most - 1 - head) :].lstrip()}"
