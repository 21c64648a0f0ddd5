"""Every multiplication behind a resource's cost, with the source and date of each price.

What `--explain RESOURCE` prints: for each resource that matches, what changes part by part, then each side
as it was worked out. The lines of a side add up to its sum.
"""

from collections.abc import Iterator
from fnmatch import fnmatchcase

from trimtab.diff.model import Change, Diff
from trimtab.diff.outputs import reading, working
from trimtab.diff.outputs.figures import (
    kg_cell,
    plain,
    usd_cell,
    usd_change_cell,
    usd_with_range,
)
from trimtab.errors import InputError, allowed
from trimtab.pricing.amount import Amount, total
from trimtab.pricing.model import Basis, Charge, Estimate, Machines

INDENT = "  "
MOST_NAMES = 5


def explain(diff: Diff, pattern: str) -> str:
    """How each resource that matches was priced, before and after.

    Args:
        diff: the priced change.
        pattern: a resource's name, key, kind or type, letter for letter or with `*` and `?`.

    Raises:
        InputError: nothing matches; names what is near.
    """
    found = [change for change in diff.changes if _matches(change, pattern)]
    if not found:
        raise InputError(
            f"no resource is called {plain(pattern)!r}",
            where="--explain",
            mend=_near(diff, pattern),
        )
    return "\n".join("\n".join(_change(change)) + "\n" for change in found)


def _names(change: Change) -> tuple[str, ...]:
    resource = change.estimate.resource
    return resource.name, resource.key, resource.kind, resource.type


def _matches(change: Change, pattern: str) -> bool:
    # Keys hold brackets, `aws_instance.it[0]`, which stand for themselves.
    literal = pattern.replace("[", "[[]")
    return any(name == pattern or fnmatchcase(name, literal) for name in _names(change))


def _near(diff: Diff, pattern: str) -> str:
    from difflib import get_close_matches

    names = {name: name for change in diff.changes for name in _names(change) if name}
    folded = {name.casefold(): name for name in names}
    wanted = pattern.strip("*?").casefold()
    near = [name for low, name in folded.items() if wanted and wanted in low]
    close = get_close_matches(wanted, list(folded), n=MOST_NAMES, cutoff=0.5)
    near = sorted(near, key=lambda name: (len(name), name)) or [folded[low] for low in close]
    if near:
        return f"did you mean {allowed(near[:MOST_NAMES])}?"
    if not names:
        return "the change has no resources"
    shown = {change.estimate.resource.name for change in diff.changes}
    return f"use one of {allowed(shown - {''})}"


def _change(change: Change) -> Iterator[str]:
    estimate = change.estimate
    resource = estimate.resource
    yield f"{reading.name_of(estimate)} ({plain(resource.type)}): {change.operation}"
    yield f"{INDENT}key: {plain(resource.key)}"
    if resource.where:
        yield f"{INDENT}where: {plain(resource.where)}"
    yield f"{INDENT}owner: {reading.owner_name(change.owner)}"
    yield from (f"{INDENT}{line}" for line in _differences(change))
    for title, side in (("before", change.before), ("after", change.after)):
        if side is None:
            continue
        yield ""
        if title == "after" and change.before == side:
            yield f"{INDENT}after: as before"
            continue
        per = "" if side.usd_per_month is None else " a month"
        yield f"{INDENT}{title}: {reading.side_cell(side)}{per}"
        yield from (f"{INDENT * 2}{line}" for line in _side(side))


def _differences(change: Change) -> Iterator[str]:
    """Before and after side by side, part by part, then the inputs that differ."""
    before, after = _parts(change.before), _parts(change.after)
    rows: list[tuple[str, ...]] = [("", "before", "after", "difference")]
    for label in dict.fromkeys((*before, *after)):
        old, new = before.get(label), after.get(label)
        delta = (new or total([])).less(old or total([]))
        rows.append((label, _cell(old), _cell(new), usd_change_cell(delta)))
    rows.append(
        (
            "$ a month",
            reading.side_cell(change.before),
            reading.side_cell(change.after),
            usd_change_cell(change.usd_per_month),
        )
    )
    emitted = [_kilograms(change.before), _kilograms(change.after)]
    if any(emitted):
        delta_kg = kg_cell(change.kgco2e_per_month)
        rows.append(("kg CO2e a month", *(each or reading.ABSENT for each in emitted), delta_kg))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    for first, *others in rows:
        cells = (cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True))
        yield f"{first.ljust(widths[0])}{INDENT}{INDENT.join(cells)}".rstrip()
    for field in change.fields:
        replaces = " (replaces it)" if field.replaces else ""
        old_value = reading.ABSENT if field.before is None else plain(field.before)
        new_value = reading.ABSENT if field.after is None else plain(field.after)
        yield f"{plain(field.path)}: {old_value} → {new_value}{replaces}"


def _parts(side: Estimate | None) -> dict[str, Amount]:
    """What each label costs; charges of one label together."""
    found: dict[str, Amount] = {}
    for charge in side.charges if side else ():
        label, amount = plain(charge.label), charge.usd_per_month
        found[label] = found[label].plus(amount) if label in found else amount
    return found


def _cell(amount: Amount | None) -> str:
    return reading.ABSENT if amount is None else usd_cell(amount)


def _kilograms(side: Estimate | None) -> str:
    known = [each.emissions for each in side.machines if each.emissions] if side else []
    if not known:
        return ""
    return working.kilograms(total([each.kgco2e_per_month for each in known]))


def _side(estimate: Estimate) -> Iterator[str]:
    yield f"status: {estimate.status}"
    if estimate.plan_line:
        yield f"plan: {plain(estimate.plan_line)}"
    for charge in estimate.charges:
        yield from _charge(charge, estimate)
    if estimate.charges:
        yield from _sum(estimate)
    for gap in estimate.gaps:
        yield f"{plain(gap.label)}: not priced, {plain(gap.reason)}; in no sum"
    for each in estimate.machines:
        yield from _machines(each)
    if estimate.share_usd_per_month is not None:
        yield working.share(estimate.share_usd_per_month)
    if estimate.list_usd_per_month_now is not None:
        yield (
            f"at list price {usd_cell(_one(estimate.list_usd_per_month_now))} a month until its "
            "commitment is approved"
        )
    yield from _defaults(estimate)
    if estimate.note:
        yield f"note: {plain(estimate.note)}"


def _charge(charge: Charge, estimate: Estimate) -> Iterator[str]:
    yield f"{plain(charge.label)}: {working.product(charge)}"
    yield f"{INDENT}quantity: {working.basis(charge, estimate)}"
    yield f"{INDENT}price: {working.price(charge)}"
    if charge.note:
        yield f"{INDENT}note: {plain(charge.note)}"


def _sum(estimate: Estimate) -> Iterator[str]:
    added = total([charge.usd_per_month for charge in estimate.charges])
    yield f"sum: {working.sum_line(estimate)}"
    stated = estimate.usd_per_month
    if stated is None or not _close(added, stated):
        yield f"{INDENT}the lines add up to {usd_with_range(added)}: please report this"


def _close(one: Amount, other: Amount) -> bool:
    pairs = zip(one, other, strict=True)
    return all(
        a == b or (a is not None and b is not None and abs(a - b) < max(0.005, 1e-9 * abs(a)))
        for a, b in pairs
    )


def _one(value: float) -> Amount:
    return Amount(value, value, value)


def _machines(each: Machines) -> Iterator[str]:
    yield f"machines: {working.machines(each)}"
    if each.emissions is None:
        yield f"{INDENT}emissions: not known"
    else:
        yield f"{INDENT}emissions: {working.emissions(each.emissions)}"
    if each.risk is not None:
        yield f"{INDENT}risk: {working.risk(each.risk)}"


def _defaults(estimate: Estimate) -> Iterator[str]:
    """Why a default is what it is: of the usage keys that charges rest on, or that they may rest on."""
    resting = {charge.usage for charge in estimate.charges if charge.basis is Basis.DEFAULT}
    if not resting:
        return
    from trimtab.usage.model import usage_keys

    kind = estimate.resource.kind
    own = (each for each in usage_keys().values() if each.kind == kind)
    for key in (each for each in own if each.default.expected):
        if "" not in resting and key.key not in resting:
            continue
        amount = working.bounded(key.default, key.unit)
        yield f"default usage: {key.key}: {amount} a month, for {key.reason}"
