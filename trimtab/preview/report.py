"""A preview as a human reads it (a tree with columns) and as a program does (a JSON document)."""

from collections import Counter
from collections.abc import Iterator, Sequence
from math import inf, isfinite
from pathlib import PurePath
from typing import Any

from trimtab.clock import format_instant
from trimtab.diff.outputs.figures import number, usd_range, usd_with_range
from trimtab.preview.priced import Preview, PricedResource
from trimtab.pricing.amount import Amount
from trimtab.pricing.model import Basis, Charge, Status

ALIKE = 4
"""From this many on, free siblings of one type share a row: a week's schedules are no news."""
SCOPE = "Not included: taxes, negotiated discounts, traffic to the internet, what charts install."


def document(preview: Preview, engine: str) -> dict[str, Any]:
    """The preview as plain data; keys carry their units, unknown figures are null."""
    source, recording = preview.source, preview.recording
    return {
        "project": recording.project,
        "stack": recording.stack,
        "engine": engine,
        "as_of": format_instant(preview.as_of),
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
        "totals": {key: _cents(value) for key, value in preview.totals._asdict().items()},
        "notes": list(preview.notes),
        "scope": SCOPE,
    }


def _resource(resource: PricedResource) -> dict[str, Any]:
    record, estimate = resource
    amount = estimate.usd_per_month
    return {
        "urn": record.urn,
        "type": record.type,
        "name": record.name,
        "parent": record.parent or None,
        "status": resource.status.value,
        "nodes": _sizes(resource),
        "purchase_option": resource.purchase_option,
        "usd_per_month_now": _cents(resource.usd_per_month_now),
        "usd_per_month_expected": _cents(resource.usd_per_month_expected),
        "usd_per_month_low": _cents(amount.low if amount else None),
        "usd_per_month_high": _cents(amount.high if amount else None),
        "list_usd_per_month_now": _cents(estimate.list_usd_per_month_now),
        "kgco2e_per_month_now": _cents(resource.kgco2e_per_month_now),
        "kgco2e_per_month_expected": _cents(resource.kgco2e_per_month_expected),
        "plan_line": estimate.plan_line or None,
        "on_default": resource.on_default,
        "charges": [_charge(each) for each in estimate.charges],
        "note": "; ".join(remarks(resource)) or None,
    }


def _charge(charge: Charge) -> dict[str, Any]:
    low, expected, high = charge.usd_per_month
    return {
        "label": charge.label,
        "basis": charge.basis.value,
        "usd_per_month_low": _cents(low),
        "usd_per_month_expected": _cents(expected),
        "usd_per_month_high": _cents(high),
    }


def _sizes(resource: PricedResource) -> dict[str, float | None] | None:
    sizes = resource.nodes
    if sizes is None:
        return None
    return {name: _whole(value) for name, value in sizes._asdict().items()}


def _whole(value: float | None) -> float | None:
    return int(value) if value is not None and value.is_integer() else value


def _cents(value: float | None) -> float | None:
    if not isinstance(value, float):
        return value
    return round(value, 2) if isfinite(value) else None


def rows(preview: Preview) -> list[dict[str, Any]]:
    """The resource tree in the order that it is printed, one row a resource (free siblings alike: one).

    A row's keys: `resource` (drawn as a branch), `nodes` (min/desired/max), `purchase_option`, the
    four monthly figures (or the resource's status), `plan_line` and `mark` (of its footnotes); all
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
            "plan_line": _near(preview, resource.estimate.plan_line),
            "mark": ",".join(str(marks[note]) for note in remarks(resource)),
        }
        for branch, resource, count in _tree(preview.resources)
    ]


def title(preview: Preview) -> str:
    """What the table is of: the stack, its plan and the instant."""
    source = preview.source
    stack = f"{preview.recording.project}, stack {preview.recording.stack}"
    if source is None:
        return f"{stack}: no plan"
    plan = f"plan {source.plan.metadata.name} ({source.plan.digest}) in {source.file}"
    return f"{stack}: {plan} at {format_instant(preview.as_of)}"


def footnotes(preview: Preview) -> list[str]:
    """The resources' notes, each once, in the order of the tree."""
    return list(dict.fromkeys(note for _, r, _ in _tree(preview.resources) for note in remarks(r)))


def remarks(resource: PricedResource) -> list[str]:
    """What to know of a resource's figures: its notes, what has no price, what rests on a default."""
    estimate = resource.estimate
    notes = [estimate.note] if estimate.note else []
    for gap in estimate.gaps:
        whole = resource.status is Status.NOT_PRICED
        notes.append(gap.reason if whole else f"without {gap.label}: {gap.reason}")
    for charge in estimate.charges:
        said = f"{charge.label}: {charge.note}" if charge.note else ""
        if charge.basis is Basis.DEFAULT:
            usd = usd_with_range(charge.usd_per_month)
            said = f"by default, {charge.label}: {usd}" + (f"; {charge.note}" if said else "")
        if said:
            notes.append(said)
    amount = estimate.usd_per_month
    if resource.status is Status.BOUNDED and amount is not None:
        notes.append(f"nobody says how much: {usd_range(amount)}")
    return list(dict.fromkeys(notes))


def summary(preview: Preview) -> list[str]:
    """The totals and what they leave out, as lines."""
    totals = preview.totals
    counts = [f"{totals.priced} priced"]
    for count, meaning in (
        (totals.partly_priced, "partly priced"),
        (totals.bounds_only, "within bounds only"),
        (totals.covered, "covered"),
    ):
        if count:
            counts.append(f"{count} {meaning}")
    counts += [f"{totals.free} free", f"{totals.not_priced} not priced"]
    if totals.on_default:
        counts.append(f"{totals.on_default} by default in part")
    if totals.emissions_unknown:
        counts.append(f"emissions of {totals.emissions_unknown} unknown")

    def line(name: str, usd: float | None, kilograms: float | None, meaning: str) -> str:
        dollars = f"{'not priced':>15}" if usd is None else f"${usd:>14,.2f}"
        carbon = f"{'unknown':>12}" if kilograms is None else f"{kilograms:>12,.1f}"
        return f"{name:<8}  {dollars}  {carbon} kg CO2e  {meaning}"

    now = (totals.usd_per_month_now, totals.kgco2e_per_month_now)
    expected = (totals.usd_per_month_expected, totals.kgco2e_per_month_expected)
    lines = [
        f"Per month of 730 hours: {', '.join(counts)}",
        line("now", *now, "at the nodes that the stack starts with"),
        line("expected", *expected, "the plan's mean over its span"),
    ]
    if totals.usd_per_month_low is not None:
        high = totals.usd_per_month_high
        ends = Amount(totals.usd_per_month_low, None, inf if high is None else high)
        if span := usd_range(ends):
            lines.append(f"{'within':<8}  {span}")
    return lines


def _tree(resources: Sequence[PricedResource]) -> Iterator[tuple[str, PricedResource, int]]:
    """Each row's branch, its resource, and how many resources it stands for."""
    urns = {resource.record.urn for resource in resources}
    children: dict[str, list[PricedResource]] = {}
    for resource in resources:
        parent = resource.record.parent
        children.setdefault(parent if parent in urns else "", []).append(resource)

    def alike(resource: PricedResource) -> tuple[str, str]:
        plain = resource.status is Status.FREE and not children.get(resource.record.urn)
        return resource.record.type, "" if plain and not remarks(resource) else resource.record.name

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
        return ""
    return "/".join("-" if each is None else number(each) for each in sizes)


def _money(resource: PricedResource, value: float | None) -> str | None:
    if value is not None:
        return f"{value:,.2f}"
    if resource.status in (Status.PRICED, Status.PARTLY):
        return None
    return "" if resource.status is Status.COMPONENT else resource.status.value


def _emissions(resource: PricedResource, value: float | None) -> str | None:
    if value is not None:
        return f"{value:,.1f}"
    return None if resource.estimate.emissions else ""
