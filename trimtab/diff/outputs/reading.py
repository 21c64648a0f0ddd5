"""What matters in a diff to somebody who reads it: which rows, which marks, one sentence.

Decides nothing about layout; `table`, `markdown` and `html` do that, each in its own way.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from trimtab.diff.model import (
    BudgetResult,
    BudgetState,
    Change,
    Diff,
    Figures,
    Finding,
    Operation,
    Owner,
    Severity,
)
from trimtab.diff.outputs.figures import (
    NOISE_USD,
    NOT_KNOWN,
    kg_cell,
    number,
    number_change,
    plain,
    plural,
    share_change,
    usd_cell,
    usd_change,
    usd_range,
)
from trimtab.pricing.amount import Amount
from trimtab.pricing.model import Basis, Charge, Estimate, Status

SIGNS = {
    Operation.CREATE: "+",
    Operation.UPDATE: "~",
    Operation.REPLACE: "±",
    Operation.DELETE: "-",
    Operation.SAME: "=",
}
"""One sign an operation, as plans have them."""

NO_OWNER = "no owner named"
ABSENT = "-"

_COSTLESS = frozenset({Status.FREE, Status.EXISTING, Status.COMPONENT})
_WORDS = {
    Status.FREE: "free",
    Status.COVERED: "covered",
    Status.NOT_PRICED: "not priced",
    Status.EXISTING: "existing",
    Status.COMPONENT: ABSENT,
}

MARKS = {
    "p": "a part has no price and is left out",
    "b": "within bounds: an autoscaler or the deployment decides",
    "u": "rests on a default; a usage file makes usage firm",
    "l": "at list price while its commitment is not approved",
    "n": "has a note",
}
"""What may stand beside a row's figures."""


def settled(diff: Diff) -> Diff:
    """The diff without expectations that can't be.

    A sum's expectation is of what has one. Where that is less than the least that all can cost, it says
    nothing of the sum, and only its bounds do; nor does a difference from or to it.
    """
    before, after, delta = _settled(diff.before, diff.after, diff.delta)
    owners = []
    for each in diff.owners:
        own = _settled(each.before, each.after, each.delta)
        owners.append(replace(each, before=own[0], after=own[1], delta=own[2]))
    untagged = None if diff.untagged is None else _settled(*[diff.untagged] * 3)[0]
    return replace(
        diff, before=before, after=after, delta=delta, owners=tuple(owners), untagged=untagged
    )


def _settled(before: Figures, after: Figures, delta: Figures) -> tuple[Figures, Figures, Figures]:
    sides = [
        replace(each, usd=_firm(each.usd), kgco2e=_firm(each.kgco2e)) for each in (before, after)
    ]
    for name in ("usd", "kgco2e"):
        if any(getattr(side, name).expected is None for side in sides):
            delta = replace(delta, **{name: getattr(delta, name)._replace(expected=None)})
    return sides[0], sides[1], delta


def _firm(amount: Amount) -> Amount:
    slack = NOISE_USD + 1e-9 * abs(amount.low)
    if amount.expected is None or amount.expected >= amount.low - slack:
        return amount
    return amount._replace(expected=None)


def shown(diff: Diff) -> list[Change]:
    """The changes that touch the bill, in the diff's order: what is free, or is left as it is, is not."""
    return [change for change in diff.changes if _touches(change)]


def _touches(change: Change) -> bool:
    if change.operation is Operation.SAME:
        return _cost(change.before) != _cost(change.after)
    return any(
        side is not None and side.status not in _COSTLESS for side in (change.before, change.after)
    )


def _cost(side: Estimate | None) -> Amount | None:
    return None if side is None else side.usd_per_month


def rest(diff: Diff, changes: Sequence[Change]) -> str:
    """What is not among the changes shown, in a sentence; "" where nothing is."""
    kept = {change.key for change in changes}
    left = Counter(each.operation for each in diff.changes if each.key not in kept)
    same = left.pop(Operation.SAME, 0)
    parts = []
    if left:
        words = ", ".join(f"{left[each]:,} {_PAST[each]}" for each in _PAST if left[each])
        parts.append(f"{plural(sum(left.values()), 'change')} of what costs nothing ({words})")
    if same:
        parts.append(f"{plural(same, 'resource')} unchanged")
    return f"Not shown: {'; '.join(parts)}." if parts else ""


_PAST = {
    Operation.CREATE: "created",
    Operation.UPDATE: "updated",
    Operation.REPLACE: "replaced",
    Operation.DELETE: "deleted",
}


def together(changes: Iterable[Change]) -> str:
    """What several changes come to: `+$12.30 a month`, with what is not known of them."""
    deltas = [change.usd_per_month for change in changes]
    known = [each.expected for each in deltas if each is not None and each.expected is not None]
    unknown = len(deltas) - len(known)
    summed = usd_change(sum(known))
    return f"{summed} a month, and {unknown:,} {NOT_KNOWN}" if unknown else f"{summed} a month"


def side_cell(estimate: Estimate | None) -> str:
    """One side of a change in a column."""
    if estimate is None:
        return ABSENT
    return _WORDS.get(estimate.status) or usd_cell(estimate.usd_per_month)


def emissions_cell(change: Change) -> str:
    """A difference of emissions in a column; only those of machines are counted."""
    sides = (change.before, change.after)
    if not any(side.machines for side in sides if side is not None):
        return ABSENT
    return kg_cell(change.kgco2e_per_month)


def marks_of(change: Change) -> str:
    """The letters of the marks that a change carries, in their order."""
    estimate = change.estimate
    bounds, usage = False, False
    for charge in estimate.charges:
        usage = usage or charge.basis is Basis.DEFAULT
        bounds = bounds or (charge.basis is not Basis.DEFAULT and not charge.quantity.exact)
    found = {
        "p": estimate.status is Status.PARTLY,
        "b": bounds,
        "u": usage,
        "l": estimate.list_usd_per_month_now is not None,
        "n": bool(estimate.note),
    }
    return "".join(letter for letter, carried in found.items() if carried)


def kind_of(estimate: Estimate) -> str:
    """A kind in short: `eks_node_group`, `NodePool`, `nodeGroup:NodeGroup`."""
    kind = plain(estimate.resource.kind)
    if "/" in kind and ":" not in kind:
        return kind.rpartition("/")[2]
    if ":" in kind:
        return kind.rpartition(":")[2]
    provider, _, rest_of = kind.partition("_")
    return rest_of if provider in ("aws", "azurerm", "google") and rest_of else kind


def name_of(estimate: Estimate) -> str:
    """A resource's name; its key where it has none."""
    return plain(estimate.resource.name or estimate.resource.key)


def owner_name(owner: Owner) -> str:
    """An owner on one line: `ml / search / prod`."""
    parts = (owner.team, owner.project, owner.model, owner.environment)
    return " / ".join(plain(each) for each in parts if each) or NO_OWNER


def headline(diff: Diff) -> list[str]:
    """The change in one sentence, in parts to be joined by commas; the first is the money's."""
    delta = diff.delta.usd
    parts = [_money(diff)]
    if span := usd_range(delta):
        parts.append(f"between {span.replace(' to ', ' and ')}" if " to " in span else span)
    kilograms = diff.delta.kgco2e.expected
    if kilograms and number(kilograms) != "0":
        parts.append(f"{number_change(kilograms)} kg CO2e")
    interruptions = diff.delta.interruptions.expected
    if interruptions and abs(interruptions) >= 0.05:
        parts.append(f"{number_change(round(interruptions, 1))} spot interruptions")
    bounded = sum(map(_bounds_only, diff.changes))
    if bounded and delta.expected is not None:
        parts.append(f"{plural(bounded, 'change')} known within bounds only")
    if missing := len(list(unpriced(diff))):
        parts.append(f"{plural(missing, 'resource')} with no or only part of a price")
    brought, _ = findings(diff)
    if brought:
        errors = sum(each.severity is Severity.ERROR for each in brought)
        grave = f" ({plural(errors, 'error')})" if errors else ""
        parts.append(f"{plural(len(brought), 'finding')}{grave}")
    parts += _budgets(diff.budgets)
    return parts


def findings(diff: Diff) -> tuple[list[Finding], list[Finding]]:
    """The findings that the change brings, and those that it only finds: a reviewer acts on the first."""
    brought = [each for each in diff.findings if each.introduced]
    return brought, [each for each in diff.findings if not each.introduced]


def used(budget: BudgetResult) -> str:
    """How much of a budget is spent; the least where only a part of what it pays for is seen."""
    if not budget.usd_per_month:
        return ""
    least = "at least " if budget.state is BudgetState.UNKNOWN else ""
    return f"{least}{100 * budget.after / budget.usd_per_month:,.0f} %"


def _bounds_only(change: Change) -> bool:
    delta = change.usd_per_month
    if delta is None or delta.expected is not None:
        return False
    return _cost(change.before) != _cost(change.after)


def _money(diff: Diff) -> str:
    delta = diff.delta.usd.expected
    if delta is None:
        return "Cost known within bounds only"
    if abs(delta) < NOISE_USD:
        if any(each.usd_per_month is None for each in diff.changes):
            return "Cost of the change not known"
        return (
            "No change in cost" if not usd_range(diff.delta.usd) else "No change in expected cost"
        )
    share = share_change(delta, diff.before.usd.expected) if diff.complete else ""
    return f"{usd_change(delta)} a month{f' ({share})' if share else ''}"


def _budgets(budgets: Sequence[BudgetResult]) -> list[str]:
    counts = Counter(each.state for each in budgets)
    parts = []
    if exceeded := counts[BudgetState.EXCEEDED]:
        parts.append(f"{plural(exceeded, 'budget')} exceeded")
    if warned := counts[BudgetState.WARNED]:
        parts.append(f"{plural(warned, 'budget')} over a threshold")
    if unknown := counts[BudgetState.UNKNOWN]:
        parts.append(f"{plural(unknown, 'budget')} {NOT_KNOWN}")
    return parts


def unpriced(diff: Diff) -> Iterator[Change]:
    """Changes, and resources left as they are, of which something has no price."""
    for change in diff.changes:
        if change.estimate.status in (Status.NOT_PRICED, Status.PARTLY):
            yield change


@dataclass(frozen=True, slots=True)
class GapRow:
    """A gap that some resources of a type share.

    Attributes:
        type: of the resources, as their engine writes it.
        label, reason: the gap's.
        count: how many resources have it.
        example: one's name.
    """

    type: str
    label: str
    reason: str
    count: int
    example: str


def gaps(diff: Diff) -> list[GapRow]:
    """What is not priced, the most frequent first, then by type."""
    found: dict[tuple[str, str, str], list[Change]] = {}
    for change in unpriced(diff):
        estimate = change.estimate
        for gap in estimate.gaps:
            found.setdefault((estimate.resource.type, gap.label, gap.reason), []).append(change)
    rows = [
        GapRow(
            plain(kind),
            plain(label),
            plain(reason),
            len({each.key for each in changes}),
            name_of(changes[0].estimate),
        )
        for (kind, label, reason), changes in found.items()
    ]
    return sorted(rows, key=lambda row: (-row.count, row.type, row.label, row.reason))


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A source of prices, the dates of those that were used, and how many charges used them."""

    source: str
    first: date
    last: date
    charges: int

    @property
    def dates(self) -> str:
        """`2026-11-01`, or `2026-03-01 to 2026-11-01`."""
        return f"{self.first}" if self.first == self.last else f"{self.first} to {self.last}"


def sources(changes: Iterable[Change]) -> list[SourceRow]:
    """Where the prices of these changes are from, the most used first."""
    found: dict[str, tuple[date, date, int]] = {}
    for charge in charges_of(changes):
        at = charge.rate.as_of
        first, last, count = found.get(charge.rate.source, (at, at, 0))
        found[charge.rate.source] = (min(first, at), max(last, at), count + 1)
    rows = [SourceRow(plain(source), *each) for source, each in found.items()]
    return sorted(rows, key=lambda row: (-row.charges, row.source))


def charges_of(changes: Iterable[Change]) -> Iterator[Charge]:
    """Every charge of both sides."""
    for change in changes:
        for side in (change.before, change.after):
            if side is not None:
                yield from side.charges


def notes_of(changes: Iterable[Change]) -> list[tuple[str, str]]:
    """The resources' notes: the note, and whose it is (`name`, or `name and 3 more`)."""
    found: dict[str, list[str]] = {}
    for change in changes:
        if note := change.estimate.note:
            found.setdefault(plain(note), []).append(name_of(change.estimate))
    return [
        (note, names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1:,} more")
        for note, names in found.items()
    ]


def compared(diff: Diff) -> str:
    """What was read: one input that has both sides, or one for each."""
    if diff.before_source == diff.after_source:
        return plain(diff.after_source)
    return f"{plain(diff.before_source)} → {plain(diff.after_source)}"


def incomplete(diff: Diff) -> str:
    """What to know where the totals are only the change's; "" where they are of everything."""
    if diff.complete:
        return ""
    return (
        "The input has only what changes: totals leave out what stays, and shares of them are not "
        "given."
    )
