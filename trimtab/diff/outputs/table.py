"""A diff in a terminal: the changes by impact, the sums, who pays, what is wrong, what is not known.

Plain text in fixed columns: it loads nothing, and reads the same in a log. Where the terminal is narrow,
names give way and are cut in the middle; figures never are, so that only they can make a row wider.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from trimtab.diff.model import BudgetState, Change, Diff, Operation, Severity
from trimtab.diff.outputs import reading
from trimtab.diff.outputs.figures import (
    kg_cell,
    kg_range,
    number_cell,
    percent,
    plain,
    plural,
    share_change,
    short,
    usd,
    usd_cell,
    usd_change_cell,
    usd_range,
)
from trimtab.pricing.amount import Amount

GAP = "  "
LEAST_WIDTH = 80
GIVE_WAY = ((1, 26), (2, 14), (1, 12), (2, 8))
"""Which columns are narrowed, and to what, in turn: names, then kinds."""


@dataclass(frozen=True, slots=True)
class TableOptions:
    """How it is shown.

    Attributes:
        width: columns of the terminal; less than 80 are taken as 80.
        rows: how many changes at most; the rest is summed in a line.
        details: how many lines each of the other blocks has at most.
        colour: whether ANSI colours are written: only to a terminal.
    """

    width: int = 100
    rows: int = 40
    details: int = 15
    colour: bool = False


def table(diff: Diff, options: TableOptions | None = None) -> str:
    """The diff as text, its last line ended."""
    options = options or TableOptions()
    options = replace(options, width=max(options.width, LEAST_WIDTH))
    diff = reading.settled(diff)
    paint = _Paint(options.colour)
    blocks = [
        [paint.bold(line) for line in _wrap(", ".join(reading.headline(diff)), options.width)],
        _changes(diff, options, paint),
        _totals(diff, options.width),
        _owners(diff, options),
        _budgets(diff, paint),
        _findings(diff, options, paint),
        _gaps(diff, options),
        _notes(diff, options),
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


class _Paint:
    """ANSI colours, or none."""

    def __init__(self, on: bool) -> None:
        self._on = on

    def _code(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._on and text else text

    def bold(self, text: str) -> str:
        return self._code("1", text)

    def dim(self, text: str) -> str:
        return self._code("2", text)

    def red(self, text: str) -> str:
        return self._code("31", text)

    def yellow(self, text: str) -> str:
        return self._code("33", text)

    def money(self, amount: Amount | None, text: str) -> str:
        """Dearer in red, cheaper in green."""
        if amount is None or not amount.expected:
            return text
        return self._code("31" if amount.expected > 0 else "32", text)


HEADS = ("", "resource", "kind", "$/month before", "after", "difference", "kg CO2e", "")


def _changes(diff: Diff, options: TableOptions, paint: _Paint) -> list[str]:
    all_shown = reading.shown(diff)
    kept = all_shown[: options.rows]
    lines: list[str] = []
    used: set[str] = set()
    if kept:
        cells = [_cells(change) for change in kept]
        for row in cells:
            used.update(row[-1])
        widths = _widths([HEADS, *cells], options.width)
        lines.append(paint.dim(_line(HEADS, widths)))
        for change, row in zip(kept, cells, strict=True):
            lines.append(_line(row, widths, paint, change))
    if more := all_shown[len(kept) :]:
        lines.append(f"… and {plural(len(more), 'more change')}: {reading.together(more)}")
    if left := reading.rest(diff, all_shown):
        lines += _wrap(left, options.width)
    lines += [
        paint.dim(f"{letter}: {meaning}")
        for letter, meaning in reading.MARKS.items()
        if letter in used and letter != "n"
    ]
    return lines


def _cells(change: Change) -> tuple[str, ...]:
    estimate = change.estimate
    return (
        reading.SIGNS[change.operation],
        reading.name_of(estimate),
        reading.kind_of(estimate),
        reading.side_cell(change.before),
        reading.side_cell(change.after),
        usd_change_cell(change.usd_per_month),
        reading.emissions_cell(change),
        reading.marks_of(change),
    )


def _widths(rows: Sequence[Sequence[str]], width: int) -> list[int]:
    """What each column needs; names, then kinds, give way where all is wider than the terminal."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    over = sum(widths) + len(GAP) * (len(widths) - 1) - width
    for column, least in GIVE_WAY:
        taken = max(min(over, widths[column] - least), 0)
        widths[column] -= taken
        over -= taken
    return widths


def _line(
    row: Sequence[str],
    widths: Sequence[int],
    paint: _Paint | None = None,
    change: Change | None = None,
) -> str:
    sign, name, kind, *figures, marks = row
    parts = [sign.ljust(widths[0]), short(name, widths[1]).ljust(widths[1])]
    parts.append(short(kind, widths[2]).ljust(widths[2]))
    for cell, width in zip(figures, widths[3:-1], strict=True):
        parts.append(cell.rjust(width))
    if paint and change:
        parts[5] = paint.money(change.usd_per_month, parts[5])
        if change.operation is Operation.SAME:
            parts[1] = paint.dim(parts[1])
    parts.append(marks)
    return GAP.join(parts).rstrip()


def _totals(diff: Diff, width: int) -> list[str]:
    first, last, delta = diff.before, diff.after, diff.delta
    rows: list[tuple[str, ...]] = [("total", "before", "after", "difference", "")]
    share = ""
    if diff.complete:
        share = share_change(delta.usd.expected, first.usd.expected)
    rows.append(
        (
            "$ a month",
            usd_cell(first.usd),
            usd_cell(last.usd),
            usd_change_cell(delta.usd),
            share,
        )
    )
    spans = [_span(each) for each in (first.usd, last.usd, delta.usd)]
    if any(spans):
        rows.append(("  within", *spans, ""))
    if any(not _zero(each) for each in (first.kgco2e, last.kgco2e)):
        rows.append(("kg CO2e a month", *_three(first.kgco2e, last.kgco2e, delta.kgco2e), ""))
        spans = [
            kg_range(each) if each.expected is not None else ""
            for each in (first.kgco2e, last.kgco2e, delta.kgco2e)
        ]
        if any(spans):
            rows.append(("  within", *spans, ""))
    if any(not _zero(each) for each in (first.interruptions, last.interruptions)):
        three = _three(first.interruptions, last.interruptions, delta.interruptions)
        rows.append(("spot interruptions", *three, ""))
    if first.unmet_share is not None or last.unmet_share is not None:
        rows.append(("demand unmet", *map(_share, (first.unmet_share, last.unmet_share)), "", ""))
    if diff.untagged is not None and not _zero(diff.untagged.usd):
        rows.append(("of it with no owner", "", usd_cell(diff.untagged.usd), "", ""))
    lines = _aligned(rows)
    if said := reading.incomplete(diff):
        lines += _wrap(said, width)
    return lines


def _span(amount: Amount) -> str:
    """The bounds, unless they stand for the expectation already."""
    return usd_range(amount) if amount.expected is not None else ""


def _three(first: Amount, last: Amount, delta: Amount) -> tuple[str, str, str]:
    return number_cell(first), number_cell(last), kg_cell(delta)


def _zero(amount: Amount) -> bool:
    return not amount.low and not amount.expected and not amount.high


def _share(value: float | None) -> str:
    return reading.ABSENT if value is None else percent(value)


def _aligned(rows: Iterable[Sequence[str]]) -> list[str]:
    """Columns: the first to the left, the others to the right."""
    listed = list(rows)
    widths = [max(len(row[column]) for row in listed) for column in range(len(listed[0]))]
    return [
        GAP.join(
            cell.rjust(width) if column else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in listed
    ]


def _owners(diff: Diff, options: TableOptions) -> list[str]:
    if not diff.owners:
        return []
    kept = diff.owners[: options.details]
    rows = [("owner", "before", "after", "difference", "")]
    rows += [
        (
            short(reading.owner_name(each.owner), options.width - 62),
            usd_cell(each.before.usd),
            usd_cell(each.after.usd),
            usd_change_cell(each.delta.usd),
            f"{each.unpriced:,} not priced" if each.unpriced else "",
        )
        for each in kept
    ]
    return [*_aligned(rows), *_more(len(diff.owners) - len(kept), "owner")]


def _more(count: int, what: str) -> list[str]:
    return [f"… and {plural(count, f'more {what}')}"] if count > 0 else []


def _budgets(diff: Diff, paint: _Paint) -> list[str]:
    if not diff.budgets:
        return []
    rows = [("budget", "a month", "before", "after", "used", "")]
    for each in diff.budgets:
        used = reading.used(each)
        newly = " by this change" if each.newly else ""
        state = f"{each.state}{newly}"
        rows.append(
            (
                short(plain(each.name), 24),
                usd(each.usd_per_month),
                usd(each.before),
                usd(each.after),
                used,
                state,
            )
        )
    widths = max(len(row[-1]) for row in rows)
    lines = _aligned([(*row[:-1], row[-1].ljust(widths)) for row in rows])
    for index, each in enumerate(diff.budgets, start=1):
        if each.state is BudgetState.EXCEEDED:
            lines[index] = paint.red(lines[index])
        elif each.state is not BudgetState.WITHIN:
            lines[index] = paint.yellow(lines[index])
    return lines


def _findings(diff: Diff, options: TableOptions, paint: _Paint) -> list[str]:
    brought, standing = reading.findings(diff)
    if not diff.findings:
        return []
    kept = brought[: options.details]
    lines = ["findings"]
    for each in kept:
        severity = f"{each.severity:7}"
        said = f"{each.rule.id}: {plain(each.message)}; {plain(each.mend)}"
        colour = {Severity.ERROR: paint.red, Severity.WARNING: paint.yellow}.get(each.severity)
        first, *others = _wrap(said, options.width - len(severity) - 4)
        lines.append(f"  {colour(severity) if colour else severity}{GAP}{first}")
        lines += [f"{' ' * (len(severity) + 4)}{other}" for other in others]
    lines += _more(len(brought) - len(kept), "finding")
    if standing:
        count = plural(len(standing), "finding")
        lines.append(f"  {count} of what this change leaves as it was: see the JSON or HTML report")
    return lines


def _gaps(diff: Diff, options: TableOptions) -> list[str]:
    rows = reading.gaps(diff)
    if not rows:
        return []
    share = f", {percent(diff.unpriced_share)} of what costs money" if diff.unpriced_share else ""
    count = len(list(reading.unpriced(diff)))
    lines = [f"not priced: {plural(count, 'resource')}{share}; in no sum"]
    for row in rows[: options.details]:
        what = f"{row.count:,} x {row.type} ({row.example}{' …' if row.count > 1 else ''})"
        lines += _indented(f"{what}: {row.label}: {row.reason}", options.width)
    return [*lines, *_more(len(rows) - options.details, "reason")]


def _notes(diff: Diff, options: TableOptions) -> list[str]:
    own = reading.notes_of(reading.shown(diff)[: options.rows])
    notes = [plain(each) for each in diff.notes]
    notes += [f"{whose}: {note}" for note, whose in own[: options.details]]
    if diff.prices:
        notes.append("; ".join(plain(each) for each in diff.prices))
    if not notes:
        return []
    lines = ["notes", *(line for each in notes for line in _indented(each, options.width))]
    return [*lines, *_more(len(own) - options.details, "note")]


def _indented(text: str, width: int) -> Iterator[str]:
    first, *others = _wrap(text, width - 6)
    yield f"  {first}"
    yield from (f"    {other}" for other in others)


def _wrap(text: str, width: int) -> list[str]:
    from textwrap import wrap

    return wrap(text, width, break_on_hyphens=False) or [""]
