"""A preview as a page of Markdown: what each part costs, what the plan's groups are, and the tree.

Pure and deterministic: the same preview gives the same bytes. Money stands left of the tree, so that
no name is cut on a narrow screen.
"""

from collections.abc import Iterator, Sequence

from trimtab.clock import format_instant
from trimtab.preview.priced import Preview, PricedResource
from trimtab.preview.report import SCOPE, footnotes, rows, summary
from trimtab.pricing.model import Status

STACK = "pulumi:pulumi:Stack"
HEADINGS = (
    "| resource | bought as | nodes min/now/max | USD/month now | USD/month expected "
    "| kg CO2e now | from |"
)


def page(preview: Preview, heading: str, opening: Sequence[str]) -> str:
    """The page.

    Args:
        preview: what to show.
        heading: the page's title.
        opening: paragraphs before the figures, in Markdown.
    """
    marks = footnotes(preview)
    sections = [
        f"# {heading}",
        *opening,
        _of_what(preview),
        "## Monthly cost",
        *_parts(preview),
        "```text\n" + "\n".join(summary(preview)) + "\n```",
        SCOPE,
    ]
    if groups := _groups(preview):
        sections += ["## Groups of the plan", groups]
    sections += ["## Resources", "```text\n" + "\n".join(_tree(preview)) + "\n```"]
    if marks:
        sections.append("\n".join(f"{i}. {_plain(note)}" for i, note in enumerate(marks, 1)))
    if preview.notes:
        sections.append("\n".join(f"- {_plain(note)}" for note in preview.notes))
    return "\n\n".join(sections) + "\n"


def _plain(note: str) -> str:
    """A note whose dollar signs and stars stay what they are."""
    return note.replace("$", "\\$").replace("*", "\\*")


def _of_what(preview: Preview) -> str:
    source = preview.source
    if source is None:
        return f"The stack has no plan. As of {format_instant(preview.as_of)}."
    plan = source.plan
    return (
        f"Plan `{plan.metadata.name}` ({plan.digest}) in `{source.file}`, "
        f"as of {format_instant(preview.as_of)}."
    )


def _parts(preview: Preview) -> Iterator[str]:
    """What each part of the stack, down to all that is below it, costs."""
    roots = [r for r in preview.resources if r.record.type == STACK]
    stack = roots[0].record.urn if roots else ""
    children: dict[str, list[PricedResource]] = {}
    for resource in preview.resources:
        children.setdefault(resource.record.parent, []).append(resource)

    def below(resource: PricedResource) -> Iterator[PricedResource]:
        yield resource
        for child in children.get(resource.record.urn, []):
            yield from below(child)

    lines = []
    for part in sorted(children.get(stack, []), key=lambda r: (r.record.type, r.record.name)):
        held = [r for r in below(part) if r.status is not Status.COMPONENT]
        priced = [r for r in held if r.estimate.usd_per_month is not None]
        open_ = [r for r in held if r.status in _OPEN]
        if not priced and not open_:
            continue
        now = sum(r.usd_per_month_now or 0.0 for r in priced)
        expected = sum(r.usd_per_month_expected or 0.0 for r in priced)
        figures = [f"{now:,.2f}", f"{expected:,.2f}"] if priced else ["", ""]
        kind = part.record.type.rpartition(":")[2]
        cells = [f"`{part.record.name}`", kind, str(len(held)), *figures, _count(open_)]
        lines.append(f"| {' | '.join(cells)} |")
    if lines:
        yield "\n".join(
            (
                "| part | kind | resources | USD/month now | USD/month expected | without a whole sum |",
                "|---|---|---:|---:|---:|---|",
                *lines,
            )
        )


def _count(resources: Sequence[PricedResource]) -> str:
    counts = {status: sum(r.status is status for r in resources) for status in _OPEN}
    return ", ".join(f"{count} {status}" for status, count in counts.items() if count)


_OPEN = (Status.PARTLY, Status.BOUNDED, Status.NOT_PRICED)
"""Statuses of what has no whole sum."""


def _groups(preview: Preview) -> str:
    """What bears nodes, and the line of the plan that it comes from."""
    lines = []
    for row in rows(preview):
        if not row["plan_line"]:
            continue
        name = str(row["resource"]).lstrip("│├└─ ").partition("  ")[0]
        file, _, group = str(row["plan_line"]).partition(" ")
        cells = [
            f"`{name}`",
            f"{row['purchase_option']}",
            row["nodes"] or "-",
            row["usd_per_month_now"] or "-",
            row["usd_per_month_expected"] or "-",
            row["kgco2e_per_month_now"] or "-",
            f"`{group}` ({file})",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    if not lines:
        return ""
    return "\n".join(
        (
            HEADINGS,
            "|---|---|---|---:|---:|---:|---|",
            *lines,
        )
    )


def _tree(preview: Preview) -> Iterator[str]:
    yield f"{'USD/month now':>14}  resource"
    for row in rows(preview):
        money = "-" if row["usd_per_month_now"] is None else row["usd_per_month_now"]
        sizes = f"  {row['nodes']}" if row["nodes"] else ""
        mark = f"  [{row['mark']}]" if row["mark"] else ""
        yield f"{money:>14}  {row['resource']}{sizes}{mark}".rstrip()
