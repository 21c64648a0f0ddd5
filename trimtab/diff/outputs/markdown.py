"""A diff as the one comment of a pull request, in GitHub's and GitLab's Markdown.

It begins with a hidden marker, by which the comment is found and updated in place, and a headline; then come
what changes most, findings, budgets and owners; then, folded, what is not priced, the other changes, how each sum
was worked out, and the sources. Forges refuse a longer comment than theirs: sections are filled in the order
of their weight, and what does not fit is counted and said.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from trimtab.diff.model import BudgetState, Change, Diff, FieldChange, Finding, Severity
from trimtab.diff.outputs import reading, working
from trimtab.diff.outputs.escaping import name, sentence
from trimtab.diff.outputs.figures import (
    kg_cell,
    percent,
    plain,
    plural,
    share_change,
    usd,
    usd_cell,
    usd_change_cell,
    usd_range,
)
from trimtab.diff.outputs.limits import GITHUB_LIMIT
from trimtab.errors import InputError
from trimtab.pricing.amount import Amount

LEAST_LIMIT = 2_000
MARGIN = 800
"""For the closing line, which says what was left out."""
MOST_WHOLE = 200


@dataclass(frozen=True, slots=True)
class MarkdownOptions:
    """How the comment is written.

    Attributes:
        name: tells several comments on one pull request apart: letters, digits, `.`, `_`, `-`.
        limit: characters at most.
        biggest: how many changes stand in the table that is not folded.
        whole: where the whole report is, as a sentence's end: "in the job's artifacts".
    """

    name: str = "default"
    limit: int = GITHUB_LIMIT
    biggest: int = 10
    whole: str = "in the JSON and HTML reports"


def marker(name: str) -> str:
    """The hidden first line of a comment of this name.

    Raises:
        InputError: the name could end the comment that hides it.
    """
    if not re.fullmatch(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9])?", name) or "--" in name:
        raise InputError(
            f"{plain(name)[:60]!r} can't name a comment",
            where="the comment's name",
            mend="use up to 100 letters, digits, dots, underscores and single hyphens",
        )
    return f"<!-- trimtab:diff:{name} -->"


def markdown(diff: Diff, options: MarkdownOptions | None = None) -> str:
    """The diff as a comment.

    Raises:
        InputError: the limit is below LEAST_LIMIT, or the name can't be one.
    """
    options = options or MarkdownOptions()
    if options.limit < LEAST_LIMIT:
        raise InputError(
            f"a comment of {options.limit} characters holds no table",
            where="the comment's limit",
            mend=f"use {LEAST_LIMIT} or more",
        )
    diff = reading.settled(diff)
    where = sentence(options.whole, MOST_WHOLE)
    if len(where) > MOST_WHOLE:
        where = "in another report"
    head = f"{marker(options.name)}\n\n{_headline(diff)}\n"
    room = options.limit - len(head) - MARGIN
    written = [head]
    left_out: list[str] = []
    for section in _sections(diff, options):
        text, cut = section.fill(int(room * section.share))
        room -= len(text)
        written.append(text)
        if cut:
            left_out.append(f"{cut:,} of {section.total:,} {section.what}")
    if left_out:
        written.append(f"\n_Left out for length: {'; '.join(left_out)}. The whole is {where}._\n")
    return "".join(written)


@dataclass(frozen=True)
class _Section:
    """A part of the comment that may be cut after any row.

    Attributes:
        what: what its rows are, in the plural.
        head: what stands before the rows; it begins with an empty line.
        rows: each ends its last line.
        total: how many rows there are.
        foot: what stands after them.
        share: of the room that is left, how much it may take.
    """

    what: str
    head: str
    rows: Iterator[str]
    total: int
    foot: str = ""
    share: float = 1.0

    def fill(self, room: int) -> tuple[str, int]:
        """As much as there is room for, and how many rows are left out."""
        used = len(self.head) + len(self.foot)
        kept: list[str] = []
        for row in self.rows:
            used += len(row)
            if used > room:
                break
            kept.append(row)
        left = self.total - len(kept)
        return (f"{self.head}{''.join(kept)}{self.foot}", left) if kept else ("", left)


def _headline(diff: Diff) -> str:
    money, *others = reading.headline(diff)
    return ", ".join([f"**{money}**", *others])


def _sections(diff: Diff, options: MarkdownOptions) -> Iterator[_Section]:
    """In the order of their weight, which is the order of reading."""
    changes = reading.shown(diff)
    biggest = changes[: options.biggest]
    yield from _totals(diff)
    if biggest:
        rows, foot = map(_change, biggest), _marks(biggest)
        yield _Section("biggest changes", f"\n{CHANGE_HEAD}", rows, len(biggest), foot, 0.5)
    yield from _findings(diff)
    yield from _budgets(diff)
    yield from _owners(diff)
    yield from _notes(diff, biggest)
    yield from _gaps(diff)
    if others := changes[options.biggest :]:
        title = f"{plural(len(others), 'smaller change')} of cost"
        yield _folded(title, "smaller changes", CHANGE_HEAD, map(_change, others), len(others), 0.5)
    if changes:
        title = "How it was worked out"
        worked = map(_worked, changes)
        yield _folded(title, "resources' multiplications", "", worked, len(changes), 0.9)
    found = reading.sources(changes)
    if found:
        sources = (f"- {sentence(each.source)}, {each.dates}\n" for each in found)
        title = "Sources of prices, with their dates"
        yield _folded(title, "sources", "", sources, len(found))
    yield from _closing(diff, changes)


def _table(
    what: str, head: str, rows: Iterator[str], total: int, *, title: str = "", share: float = 1.0
) -> _Section:
    heading = f"\n**{title}**\n\n" if title else "\n"
    return _Section(what, f"{heading}{head}", rows, total, share=share)


def _folded(
    title: str, what: str, head: str, rows: Iterator[str], total: int, share: float = 1.0
) -> _Section:
    opening = f"\n<details><summary>{title}</summary>\n\n{head}"
    return _Section(what, opening, rows, total, "\n</details>\n", share)


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |\n"


def _head(*titles: str, right: Sequence[int] = ()) -> str:
    rules = ("---:" if column in right else "---" for column in range(len(titles)))
    return _row(*titles) + _row(*rules)


CHANGE_HEAD = _head(
    "", "resource", "kind", "$ a month before", "after", "difference", "kg CO2e", right=(3, 4, 5, 6)
)


def _change(change: Change) -> str:
    estimate = change.estimate
    marks = reading.marks_of(change)
    return _row(
        f"`{reading.SIGNS[change.operation]}`",
        f"{name(reading.name_of(estimate))}{f' <sup>{marks}</sup>' if marks else ''}",
        sentence(reading.kind_of(estimate), 60),
        reading.side_cell(change.before),
        reading.side_cell(change.after),
        _change_cell(change.usd_per_month),
        reading.emissions_cell(change),
    )


def _marks(changes: Sequence[Change]) -> str:
    """What the marks beside these changes mean."""
    used = "".join(map(reading.marks_of, changes))
    said = [f"{letter}: {meaning}" for letter, meaning in reading.MARKS.items() if letter in used]
    return f"\n<sub>{'; '.join(said)}</sub>\n" if said else ""


def _change_cell(amount: Amount | None) -> str:
    """A difference, with its bounds below where they are others."""
    cell = usd_change_cell(amount)
    if amount is None or amount.expected is None:
        return cell
    span = usd_range(amount)
    return f"{cell}<br><sub>{span}</sub>" if span else cell


def _totals(diff: Diff) -> Iterator[_Section]:
    first, last, delta = diff.before, diff.after, diff.delta
    rows = [
        _row("$ a month", *map(_with_range, (first.usd, last.usd)), _change_cell(delta.usd)),
    ]
    if any(any(each) for each in (first.kgco2e, last.kgco2e)):
        kilograms = [working.kilograms(each) for each in (first.kgco2e, last.kgco2e)]
        rows.append(_row("kg CO2e a month", *kilograms, kg_cell(delta.kgco2e)))
    if any(any(each) for each in (first.interruptions, last.interruptions)):
        risks = [working.kilograms(each) for each in (first.interruptions, last.interruptions)]
        rows.append(_row("spot interruptions a month", *risks, kg_cell(delta.interruptions)))
    if first.unmet_share is not None or last.unmet_share is not None:
        shares = [
            reading.ABSENT if each is None else percent(each)
            for each in (first.unmet_share, last.unmet_share)
        ]
        rows.append(_row("demand unmet, at most", *shares, ""))
    if diff.untagged is not None and any(diff.untagged.usd):
        rows.append(_row("of it with no owner", "", _with_range(diff.untagged.usd), ""))
    head = _head("total", "before", "after", "difference", right=(1, 2, 3))
    yield _Section("totals", f"\n{head}", iter(rows), len(rows))
    if said := reading.incomplete(diff):
        yield _Section("remarks", "\n", iter([f"{said}\n"]), 1)


def _with_range(amount: Amount) -> str:
    if amount.expected is None:
        return usd_cell(amount)
    span = usd_range(amount)
    return f"{usd(amount.expected)}<br><sub>{span}</sub>" if span else usd(amount.expected)


_ICONS = {Severity.ERROR: "❌ error", Severity.WARNING: "⚠️ warning", Severity.NOTE: "note"}


def _findings(diff: Diff) -> Iterator[_Section]:
    names = {change.key: reading.name_of(change.estimate) for change in diff.changes}

    def row(finding: Finding) -> str:
        return _row(
            _ICONS[finding.severity],
            name(names.get(finding.key, finding.key)) if finding.key else "the change",
            f"{sentence(finding.message)}; {sentence(finding.mend)}",
            name(finding.rule.id),
        )

    brought, standing = reading.findings(diff)
    head = _head("finding", "of", "what is wrong, and what to do", "rule")
    if brought:
        rows = map(row, brought)
        yield _table("findings", head, rows, len(brought), title="Findings", share=0.4)
    if standing:
        title = f"{plural(len(standing), 'finding')} of what this change leaves as it was"
        yield _folded(title, "older findings", head, map(row, standing), len(standing), 0.2)


def _budgets(diff: Diff) -> Iterator[_Section]:
    if not diff.budgets:
        return
    rows = []
    for each in diff.budgets:
        used = reading.used(each)
        state = f"{each.state}{', by this change' if each.newly else ''}"
        bold = state if each.state is BudgetState.WITHIN else f"**{state}**"
        figures = (usd(each.usd_per_month), usd(each.before), usd(each.after))
        rows.append(_row(name(each.name), *figures, used, bold))
    titles = ("budget", "$ a month", "before", "after", "used", "state")
    head = _head(*titles, right=(1, 2, 3, 4))
    yield _table("budgets", head, iter(rows), len(rows), title="Budgets", share=0.4)


def _owners(diff: Diff) -> Iterator[_Section]:
    if not diff.owners:
        return
    rows = (
        _row(
            sentence(reading.owner_name(each.owner), 120),
            _with_range(each.before.usd),
            _with_range(each.after.usd),
            _change_cell(each.delta.usd),
            share_change(each.delta.usd.expected, each.before.usd.expected)
            if diff.complete
            else "",
            f"{each.unpriced:,}" if each.unpriced else "",
        )
        for each in diff.owners
    )
    titles = ("owner", "$ a month before", "after", "difference", "", "not priced")
    head = _head(*titles, right=(1, 2, 3, 4, 5))
    if len(diff.owners) > MOST_OWNERS:
        title = f"{len(diff.owners):,} owners"
        yield _folded(title, "owners", head, rows, len(diff.owners), 0.3)
    else:
        yield _table("owners", head, rows, len(diff.owners), title="Owners", share=0.4)


MOST_OWNERS = 12


def _notes(diff: Diff, changes: Sequence[Change]) -> Iterator[_Section]:
    notes = [f"- {sentence(each)}\n" for each in diff.notes]
    notes += [
        f"- {sentence(whose, 120)}: {sentence(note)}\n" for note, whose in reading.notes_of(changes)
    ]
    if notes:
        yield _Section("notes", "\n**Notes**\n\n", iter(notes), len(notes), share=0.3)


def _gaps(diff: Diff) -> Iterator[_Section]:
    found = reading.gaps(diff)
    if not found:
        return
    rows = (
        _row(
            name(each.type),
            f"{each.count:,}",
            name(each.example),
            f"{sentence(each.label)}: {sentence(each.reason)}",
        )
        for each in found
    )
    count = len(list(reading.unpriced(diff)))
    share = f", {percent(diff.unpriced_share)} of what costs money" if diff.unpriced_share else ""
    title = f"Not priced, and in no sum: {plural(count, 'resource')}{share}"
    head = _head("type", "how many", "such as", "what and why", right=(1,))
    yield _folded(title, "reasons without a price", head, rows, len(found), 0.4)


def _worked(change: Change) -> str:
    """One resource's multiplications, as a list."""
    estimate = change.estimate
    what = f"{name(reading.name_of(estimate))} {sentence(reading.kind_of(estimate), 60)}"
    lines = [f"- {what}: {reading.side_cell(change.before)} → {reading.side_cell(change.after)}\n"]
    lines += [f"  - {_field(field)}\n" for field in change.fields[:8]]
    lines += [f"  - {said}\n" for said in _sides(change)]
    return "".join(lines)


def _sides(change: Change) -> Iterator[str]:
    """The multiplications of both sides; what is in both stands once."""
    sides = {"before": change.before, "after": change.after}
    said = {title: list(working.lines(side)) if side else [] for title, side in sides.items()}
    both = [line for line in said["before"] if line in said["after"]]
    yield from (f"both: {sentence(line)}" for line in both)
    for title, side in sides.items():
        yield from (f"{title}: {sentence(line)}" for line in said[title] if line not in both)
        if side and len(side.charges) > 1 and not (title == "before" and change.after == side):
            yield f"{title}: sum {working.sum_line(side)}"


def _field(field: FieldChange) -> str:
    before, after = (
        reading.ABSENT if each is None else name(each) for each in (field.before, field.after)
    )
    return f"{name(field.path)}: {before} → {after}{', replaces it' if field.replaces else ''}"


def _closing(diff: Diff, changes: Sequence[Change]) -> Iterator[_Section]:
    lines = []
    if left := reading.rest(diff, changes):
        lines.append(left)
    compared = sentence(reading.compared(diff), 240)
    prices = f"; {sentence('; '.join(diff.prices), 300)}" if diff.prices else ""
    lines.append(f"{compared}, a month of 730 hours, as of {diff.as_of:%Y-%m-%d}{prices}.")
    yield _Section("closing lines", "\n", iter([f"<sub>{' '.join(lines)}</sub>\n"]), 1)
