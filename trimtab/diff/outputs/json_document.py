"""The whole diff as JSON, for programs: `docs/schemas/diff-v1alpha1.schema.json` says what is where.

Units stand in the keys. What is not known is null. A figure has `low`, `expected` and `high`: `expected` is
null where there are bounds and nothing more, a bound is null where there is none. Rates stand once, in
`rates`; a charge has its place there. Inputs of resources are not in it, changed ones apart. One change is
one line, so that two documents can be compared line by line.
"""

import json
import math
from collections.abc import Sequence
from typing import Any

from trimtab.clock import HOURS_PER_MONTH, format_instant
from trimtab.diff.model import BudgetResult, Change, Diff, Figures, Finding, Owner, OwnerCost, Rule
from trimtab.diff.secrets import masked
from trimtab.pricing.amount import Amount
from trimtab.pricing.model import (
    Charge,
    Emissions,
    Estimate,
    Gap,
    Machines,
    Rate,
    Risk,
)
from trimtab.resources.model import Resource

API_VERSION = "trimtab.dev/v1alpha1"
KIND = "Diff"

Document = dict[str, Any]


def json_document(diff: Diff) -> str:
    """The diff as a JSON text, its last line ended."""
    rates = _Rates()
    # Each change becomes text at once: ten thousand as plain data are half a million objects, which
    # Python's collector would go through again and again.
    changes = [_DUMP(_change(change, rates)) for change in diff.changes]
    members = []
    for key, value in _head(diff).items():
        rows = [_DUMP(each) for each in value] if isinstance(value, list) else _DUMP(value)
        members.append(_member(key, rows))
    members.append(_member("changes", changes))
    members.append(_member("rates", [_DUMP(_rate(each)) for each in rates.listed]))
    text = "{\n" + ",\n".join(members) + "\n}\n"
    # A lone surrogate, which JSON's escapes can bring in, is no character: UTF-8 can't write it.
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


_DUMP = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode


def _member(key: str, value: str | list[str]) -> str:
    """One member of the document; a list with a line for each item."""
    if isinstance(value, str):
        return f'  "{key}": {value}'
    rows = ",\n".join(f"    {row}" for row in value)
    return f'  "{key}": [\n{rows}\n  ]' if rows else f'  "{key}": []'


def _head(diff: Diff) -> Document:
    """Everything but the changes and their rates."""
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "as_of": format_instant(diff.as_of),
        "hours_per_month": HOURS_PER_MONTH,
        "before_source": diff.before_source,
        "after_source": diff.after_source,
        "complete": diff.complete,
        "prices": list(diff.prices),
        "notes": list(diff.notes),
        "totals": {
            "before": _figures(diff.before),
            "after": _figures(diff.after),
            "delta": _figures(diff.delta),
        },
        "unpriced_share": _finite(diff.unpriced_share),
        "counts_by_status": {str(status): count for status, count in sorted(diff.counts.items())},
        "untagged": None if diff.untagged is None else _figures(diff.untagged),
        "owners": [_owner_cost(each) for each in diff.owners],
        "budgets": [_budget(each) for each in diff.budgets],
        "rules": [_rule(each) for each in rules_of(diff)],
        "findings": [_finding(each) for each in diff.findings],
    }


def rules_of(diff: Diff) -> list[Rule]:
    """The rules that were checked or found something, each once, by id."""
    found = {each.id: each for each in (*(f.rule for f in diff.findings), *diff.rules)}
    return [found[each] for each in sorted(found)]


class _Rates:
    """Every rate once, by first use."""

    def __init__(self) -> None:
        self.listed: list[Rate] = []
        self._places: dict[Rate, int] = {}
        # Most charges of one rate hold the same object; equal ones of other objects are rare.
        self._known: dict[int, int] = {}

    def place(self, rate: Rate) -> int:
        known = self._known.get(id(rate))
        if known is not None:
            return known
        place = self._places.setdefault(rate, len(self.listed))
        if place == len(self.listed):
            self.listed.append(rate)
        self._known[id(rate)] = place
        return place


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _amount(amount: Amount) -> Document:
    low, expected, high = amount
    if -math.inf < low and high < math.inf:
        return {"low": low, "expected": expected, "high": high}
    return {"low": _finite(low), "expected": _finite(expected), "high": _finite(high)}


def _maybe(amount: Amount | None) -> Document | None:
    return None if amount is None else _amount(amount)


def _figures(figures: Figures) -> Document:
    return {
        "usd_per_month": _amount(figures.usd),
        "kgco2e_per_month": _amount(figures.kgco2e),
        "interruptions_per_month": _amount(figures.interruptions),
        "unmet_share": _finite(figures.unmet_share),
    }


def _change(change: Change, rates: _Rates) -> Document:
    return {
        "key": change.key,
        "operation": str(change.operation),
        "usd_per_month": _maybe(change.usd_per_month),
        "kgco2e_per_month": _maybe(change.kgco2e_per_month),
        "owner": _owner(change.owner),
        "resource": _resource(change.estimate.resource),
        "before": None if change.before is None else _estimate(change.before, rates),
        "after": None if change.after is None else _estimate(change.after, rates),
        "fields": [
            {
                "path": field.path,
                "before": field.before,
                "after": field.after,
                "replaces": field.replaces,
            }
            for field in change.fields
        ],
    }


def _resource(resource: Resource) -> Document:
    return {
        "name": resource.name,
        "kind": resource.kind,
        "type": resource.type,
        "origin": str(resource.origin),
        "role": str(resource.role),
        "provider": resource.provider,
        "region": resource.region,
        "parent": resource.parent,
        "id": resource.id,
        "where": resource.where,
        "tags": masked({str(key): str(resource.tags[key]) for key in sorted(resource.tags)}),
    }


def _estimate(estimate: Estimate, rates: _Rates) -> Document:
    return {
        "status": str(estimate.status),
        "usd_per_month": _maybe(estimate.usd_per_month),
        "usd_per_month_now": _finite(estimate.usd_per_month_now),
        "list_usd_per_month_now": _finite(estimate.list_usd_per_month_now),
        "share_usd_per_month": _maybe(estimate.share_usd_per_month),
        "charges": [_charge(each, rates) for each in estimate.charges],
        "gaps": _gaps(estimate.gaps),
        "machines": [_machines(each) for each in estimate.machines],
        "pool": estimate.pool,
        "group": estimate.group,
        "plan_line": estimate.plan_line,
        "note": estimate.note,
    }


def _charge(charge: Charge, rates: _Rates) -> Document:
    return {
        "label": charge.label,
        "quantity": _amount(charge.quantity),
        "rate": rates.place(charge.rate),
        "basis": str(charge.basis),
        "usd_per_month": _amount(charge.usd_per_month),
        "note": charge.note,
    }


def _gaps(gaps: Sequence[Gap]) -> list[Document]:
    return [{"label": gap.label, "reason": gap.reason} for gap in gaps]


def _machines(machines: Machines) -> Document:
    nodes = machines.nodes
    return {
        "label": nodes.label,
        "instance_types": list(nodes.instance_types),
        "option": str(nodes.option),
        "count": _amount(nodes.count),
        "count_now": _finite(nodes.now),
        "basis": str(nodes.basis),
        "covered": machines.covered,
        "usd_per_month_now": _finite(machines.usd_per_month_now),
        "emissions": None if machines.emissions is None else _emissions(machines.emissions),
        "risk": None if machines.risk is None else _risk(machines.risk),
        "note": nodes.note,
    }


def _emissions(found: Emissions) -> Document:
    return {
        "energy_kgco2e_per_month": _amount(found.energy_kgco2e_per_month),
        "embodied_kgco2e_per_month": _amount(found.embodied_kgco2e_per_month),
        "method": found.method,
    }


def _risk(found: Risk) -> Document:
    return {
        "interruptions_per_month": _amount(found.interruptions_per_month),
        "shortage_share": _finite(found.shortage_share),
        "source": found.source,
    }


def _owner(owner: Owner) -> Document:
    return {
        "team": owner.team,
        "project": owner.project,
        "model": owner.model,
        "environment": owner.environment,
    }


def _owner_cost(cost: OwnerCost) -> Document:
    return {
        "owner": _owner(cost.owner),
        "before": _figures(cost.before),
        "after": _figures(cost.after),
        "delta": _figures(cost.delta),
        "unpriced": cost.unpriced,
    }


def _budget(budget: BudgetResult) -> Document:
    return {
        "name": budget.name,
        "usd_per_month": budget.usd_per_month,
        "before_usd_per_month": _finite(budget.before),
        "after_usd_per_month": _finite(budget.after),
        "state": str(budget.state),
        "threshold_share": budget.threshold,
        "newly": budget.newly,
        "where": budget.where,
    }


def _rule(rule: Rule) -> Document:
    return {"id": rule.id, "title": rule.title, "help": rule.help}


def _finding(finding: Finding) -> Document:
    return {
        "rule": finding.rule.id,
        "severity": str(finding.severity),
        "key": finding.key,
        "message": finding.message,
        "mend": finding.mend,
        "introduced": finding.introduced,
    }


def _rate(rate: Rate) -> Document:
    return {
        "id": rate.id,
        "region": rate.region,
        "usd": rate.usd,
        "unit": rate.unit,
        "times_per_month": rate.times_per_month,
        "as_of": rate.as_of.isoformat(),
        "source": rate.source,
    }
