"""A preview as a human reads it (a tree with columns) and as a program does (a JSON document)."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import PurePath
from typing import Any

from trimtab.clock import format_instant
from trimtab.preview.nodes import NODES
from trimtab.preview.priced import Preview, PricedResource, Status

ALIKE = 4
"""From this many on, free siblings of one type share a row: a week's schedules are no news."""
SCOPE = (
    "Not included: data transfer, disks, logs, taxes, discounts, what pods allocate by themselves."
)


def document(preview: Preview, engine: str) -> dict[str, Any]:
    """The preview as plain data; keys carry their units, unknown figures are null."""
    source, recording = preview.source, preview.recording
    return {
        "project": recording.project,
        "stack": recording.stack,
        "engine": engine,
        "as_of": format_instant(preview.as_of) if preview.as_of else None,
        "plan": {
            "file": source.file,
            "name": source.plan.metadata.name,
            "digest": source.plan.digest,
            "start": format_instant(source.plan.spec.start),
            "valid_until": format_instant(source.plan.spec.valid_until),
        }
        if source
        else None,
        "resources": [_resource(resource) for resource in preview.resources],
        "totals": {key: _cents(value) for key, value in asdict(preview.totals).items()},
        "notes": list(preview.notes),
        "scope": SCOPE,
    }


def _resource(resource: PricedResource) -> dict[str, Any]:
    record = resource.record
    return {
        "urn": record.urn,
        "type": record.type,
        "name": record.name,
        "parent": record.parent or None,
        "status": resource.status.value,
        "nodes": asdict(resource.nodes) if resource.nodes else None,
        "purchase_option": resource.purchase_option,
        "usd_per_month_now": _cents(resource.usd_per_month_now),
        "usd_per_month_expected": _cents(resource.usd_per_month_expected),
        "list_usd_per_month_now": _cents(resource.list_usd_per_month_now),
        "kgco2e_per_month_now": _cents(resource.kgco2e_per_month_now),
        "kgco2e_per_month_expected": _cents(resource.kgco2e_per_month_expected),
        "plan_line": resource.plan_line,
        "note": resource.note or None,
    }


def _cents(value: float | None) -> float | None:
    return round(value, 2) if isinstance(value, float) else value


def rows(preview: Preview) -> list[dict[str, Any]]:
    """The resource tree in the order that it is printed, one row a resource (free siblings alike: one).

    A row's keys: `resource` (drawn as a branch), `nodes` (min/desired/max), `purchase_option`, the
    four monthly figures (or the resource's status), `plan_line` and `mark` (of its footnote); all
    text, "" where a column does not apply, None where a figure is not known.
    """
    marks = {note: index for index, note in enumerate(footnotes(preview), 1)}
    return [
        {
            "resource": branch + _label(resource, count),
            "nodes": _nodes(resource),
            "purchase_option": resource.purchase_option or "",
            "usd_per_month_now": _money(resource, resource.usd_per_month_now),
            "usd_per_month_expected": _money(resource, resource.usd_per_month_expected),
            "kgco2e_per_month_now": _emissions(resource, resource.kgco2e_per_month_now),
            "kgco2e_per_month_expected": _emissions(resource, resource.kgco2e_per_month_expected),
            "plan_line": _near(preview, resource.plan_line or ""),
            "mark": str(marks.get(resource.note, "")),
        }
        for branch, resource, count in _tree(preview.resources)
    ]


def title(preview: Preview) -> str:
    """What the table is of: the stack, its plan and the instant."""
    source = preview.source
    stack = f"{preview.recording.project}, stack {preview.recording.stack}"
    if source is None or preview.as_of is None:
        return f"{stack}: no plan"
    plan = f"plan {source.plan.metadata.name} ({source.plan.digest}) in {source.file}"
    return f"{stack}: {plan} at {format_instant(preview.as_of)}"


def footnotes(preview: Preview) -> list[str]:
    """The resources' notes, each once, in the order of the tree."""
    return list(dict.fromkeys(r.note for _, r, _ in _tree(preview.resources) if r.note))


def summary(preview: Preview) -> list[str]:
    """The totals and what they leave out, as lines."""
    totals = preview.totals
    counts = [f"{totals.priced} priced", f"{totals.free} free", f"{totals.not_priced} not priced"]
    if totals.by_use:
        counts.insert(2, f"{totals.by_use} by use")
    if totals.emissions_unknown:
        counts.append(f"emissions of {totals.emissions_unknown} unknown")

    def line(name: str, usd: float | None, kilograms: float | None, meaning: str) -> str:
        dollars = f"{'not priced':>15}" if usd is None else f"${usd:>14,.2f}"
        carbon = f"{'unknown':>12}" if kilograms is None else f"{kilograms:>12,.1f}"
        return f"{name:<8}  {dollars}  {carbon} kg CO2e  {meaning}"

    now = (totals.usd_per_month_now, totals.kgco2e_per_month_now)
    expected = (totals.usd_per_month_expected, totals.kgco2e_per_month_expected)
    return [
        f"Per month of 730 hours: {', '.join(counts)}",
        line("now", *now, "at the nodes that the stack starts with"),
        line("expected", *expected, "the plan's mean over its span"),
    ]


def _tree(resources: Sequence[PricedResource]) -> Iterator[tuple[str, PricedResource, int]]:
    """Each row's branch, its resource, and how many resources it stands for."""
    urns = {resource.record.urn for resource in resources}
    children: dict[str, list[PricedResource]] = {}
    for resource in resources:
        parent = resource.record.parent
        children.setdefault(parent if parent in urns else "", []).append(resource)

    def alike(resource: PricedResource) -> tuple[str, str]:
        plain = resource.status is Status.FREE and not children.get(resource.record.urn)
        return resource.record.type, "" if plain and not resource.note else resource.record.name

    def walk(parent: str, indent: str) -> Iterator[tuple[str, PricedResource, int]]:
        family = sorted(children.get(parent, []), key=lambda r: (r.record.type, r.record.name))
        counts = Counter(map(alike, family))
        # The first of many stands for all of them.
        shown = [
            resource
            for position, resource in enumerate(family)
            if counts[alike(resource)] < ALIKE
            or not position
            or alike(family[position - 1]) != alike(resource)
        ]
        for position, resource in enumerate(shown, 1):
            last = position == len(shown)
            branch = "" if not parent else f"{indent}{'└─ ' if last else '├─ '}"
            count = counts[alike(resource)]
            yield branch, resource, count if count >= ALIKE else 1
            deeper = "" if not parent else indent + ("   " if last else "│  ")
            yield from walk(resource.record.urn, deeper)

    yield from walk("", "")


def _label(resource: PricedResource, count: int) -> str:
    kind = _short(resource.record.type)
    return f"{resource.record.name}  {kind}" if count == 1 else f"{count} x {kind}"


def _short(resource_type: str) -> str:
    """`aws:eks/nodeGroup:NodeGroup` as `eks.NodeGroup`; a Kubernetes kind or a component as its name."""
    package, _, rest = resource_type.partition(":")
    module, _, name = rest.rpartition(":")
    family = module.partition("/")[0]
    return name if package in {"kubernetes", "pulumi"} or family == "index" else f"{family}.{name}"


def _near(preview: Preview, line: str) -> str:
    """A plan line without the file's folder, which the title gives."""
    if preview.source is None:
        return line
    file = preview.source.file
    return line.replace(file, PurePath(file).name, 1) if line.startswith(file) else line


def _nodes(resource: PricedResource) -> str | None:
    sizes = resource.nodes
    if sizes is None:
        return None if resource.record.type in NODES else ""
    return f"{sizes.min}/{sizes.desired}/{sizes.max}"


def _money(resource: PricedResource, value: float | None) -> str | None:
    if value is not None:
        return f"{value:,.2f}"
    if resource.status is Status.PRICED:
        return None
    return "" if resource.status is Status.COMPONENT else resource.status.value


def _emissions(resource: PricedResource, value: float | None) -> str | None:
    if value is not None:
        return f"{value:,.1f}"
    return None if resource.record.type in NODES else ""
