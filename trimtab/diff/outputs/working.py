"""How a sum was worked out: each multiplication as a line.

`4 (2 to 8) x $55.04 per node-hour x 730 h = $160,716.80 ($80,358 to $321,434)`
"""

import math
from collections.abc import Iterator

from trimtab.clock import HOURS_PER_MONTH
from trimtab.diff.outputs.figures import (
    exact,
    kg_range,
    number,
    percent,
    plain,
    usd,
    usd_with_range,
)
from trimtab.pricing.amount import Amount
from trimtab.pricing.model import Basis, Charge, Emissions, Estimate, Machines, Risk


def product(charge: Charge) -> str:
    """A charge's multiplication, without its label."""
    rate = charge.rate
    hourly = rate.times_per_month != 1
    quantity = bounded(charge.quantity, "" if hourly else rate.unit)
    times = f" x {HOURS_PER_MONTH:,.0f} h" if hourly else ""
    result = usd_with_range(charge.usd_per_month)
    return f"{quantity} x {rate_usd(rate.usd)} per {unit_name(rate.unit)}{times} = {result}"


def rate_usd(value: float) -> str:
    """A price per unit in full, with cents at least: `$0.50`, `$0.0000166667`."""
    written = exact(value)
    whole, _, fraction = written.partition(".")
    return f"${whole}.{fraction:0<2}" if "e" not in written else f"${written}"


def unit_name(unit: str) -> str:
    """A unit in words: `million requests` for `1M requests`, which reads badly after a quantity."""
    for short, word in (("1K ", "thousand "), ("10K ", "ten thousand "), ("1M ", "million ")):
        if unit.startswith(short):
            return plain(word + unit.removeprefix(short))
    return plain(unit)


def bounded(quantity: Amount, unit: str) -> str:
    """`100 GB (0 to 1,000)`, or the bounds alone where nothing is expected."""
    named = f" {unit_name(unit)}" if unit else ""
    if quantity.exact:
        return f"{exact(quantity.low)}{named}"
    span = f"{exact(quantity.low)} to {exact(quantity.high)}"
    if math.isinf(quantity.high):
        span = f"{exact(quantity.low)} or more"
    if quantity.expected is None:
        return f"({span}){named}"
    return f"{exact(quantity.expected)}{named} ({span})"


def basis(charge: Charge, estimate: Estimate) -> str:
    """Where a charge's quantity is from."""
    match charge.basis:
        case Basis.PLAN:
            line = plain(estimate.plan_line)
            return f"the plan's, {line}" if line else "the plan's"
        case Basis.DEFAULT:
            return "a default, for nobody says otherwise"
        case Basis.USAGE_FILE:
            return "the usage file's"
        case Basis.BOUNDS:
            return "bounds: only a deployment or an autoscaler will know"
        case Basis.MEASURED:
            return "measured"
        case Basis.DECLARED:
            return "declared"


def price(charge: Charge) -> str:
    """Where a charge's price is from: its name in the book, its region, date and source."""
    rate = charge.rate
    where = "everywhere" if rate.region == "*" else plain(rate.region)
    return f"{plain(rate.id)}, {where}, {rate.as_of}: {plain(rate.source)}"


def machines(each: Machines) -> str:
    """What runs, how it is bought, and what is covered by what is held."""
    nodes = each.nodes
    types = " or ".join(plain(name) for name in nodes.instance_types) or "of a type not known"
    parts = [f"{plain(nodes.label)}: {bounded(nodes.count, '')} x {types}, bought {nodes.option}"]
    if nodes.now is not None:
        parts.append(f"{exact(nodes.now)} at the start")
    if each.covered:
        parts.append(f"{exact(each.covered)} covered by what is held already")
    if nodes.note:
        parts.append(plain(nodes.note))
    return "; ".join(parts)


def emissions(found: Emissions) -> str:
    """What machines emit, and how that was worked out."""
    energy = kilograms(found.energy_kgco2e_per_month)
    embodied = kilograms(found.embodied_kgco2e_per_month)
    both = kilograms(found.kgco2e_per_month)
    return f"energy {energy} + embodied {embodied} = {both} kg CO2e a month: {plain(found.method)}"


def kilograms(amount: Amount) -> str:
    """Emissions with their bounds: `120 (80 to 240)`."""
    span = kg_range(amount)
    if amount.expected is None:
        return span or number(amount.low)
    return f"{number(amount.expected)} ({span})" if span else number(amount.expected)


def risk(found: Risk) -> str:
    """What may be taken back or missing."""
    parts = [f"{kilograms(found.interruptions_per_month)} interruptions a month expected"]
    if found.shortage_share is not None:
        parts.append(f"{percent(found.shortage_share)} of its pool's demand unmet")
    return f"{', '.join(parts)}: {plain(found.source)}"


def share(amount: Amount) -> str:
    """What pods take of nodes that are priced with another resource."""
    return (
        f"share of nodes that are priced with their pool: {usd_with_range(amount)}; in no sum here"
    )


def lines(estimate: Estimate) -> Iterator[str]:
    """A side's multiplications and gaps, one a line, for those who skim."""
    for charge in estimate.charges:
        said = f"{plain(charge.label)}: {product(charge)} ({basis(charge, estimate)})"
        yield f"{said}; {plain(charge.note)}" if charge.note else said
    yield from remarks(estimate)


def remarks(estimate: Estimate) -> Iterator[str]:
    """What is no multiplication: gaps, shares, what is covered, emissions, risk."""
    for gap in estimate.gaps:
        yield f"{plain(gap.label)}: not priced, {plain(gap.reason)}"
    if estimate.share_usd_per_month is not None:
        yield share(estimate.share_usd_per_month)
    for each in estimate.machines:
        if each.covered:
            yield machines(each)
        if each.emissions is not None:
            yield f"{plain(each.nodes.label)}: {emissions(each.emissions)}"
        if each.risk is not None:
            yield f"{plain(each.nodes.label)}: {risk(each.risk)}"


def sum_line(estimate: Estimate) -> str:
    """What a side comes to."""
    if estimate.usd_per_month is None:
        return "no price"
    rounded = sum(round(charge.usd_per_month.expected or 0.0, 2) for charge in estimate.charges)
    expected = estimate.usd_per_month.expected
    said = usd_with_range(estimate.usd_per_month)
    if expected is not None and usd(rounded) != usd(expected) and len(estimate.charges) > 1:
        return f"{said}, rounded after adding"
    return said
