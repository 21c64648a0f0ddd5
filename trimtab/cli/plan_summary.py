"""The short summary of a plan: what `trimtab plan` prints once the document is written. Pure."""

from collections.abc import Sequence
from typing import Any

from trimtab.cli.output import Column
from trimtab.cli.plan_storage import storage_data, storage_notes
from trimtab.clock import HOURS_PER_MONTH, format_instant
from trimtab.plan.evidence import DecisionEvidence
from trimtab.plan.model import Baseline, CapacityPlan, Group, Pool
from trimtab.plan.shared import Interval
from trimtab.planning.commitment import is_cost_explorer
from trimtab.planning.expected import ALL_ON_DEMAND, COST_EXPLORER
from trimtab.planning.guardrails import KEPT

EQUAL = 0.00005
"""A saving below this is rounding: a plan keeps six digits."""


def money(value: float) -> str:
    """US dollars, whole above a hundred: `$352`, `$24.18`; a saving's sign stands before it."""
    sign = "-" if value < 0 else ""
    return f"{sign}${abs(value):,.0f}" if abs(value) >= 100 else f"{sign}${abs(value):,.2f}"


def _interval(data: dict[str, float]) -> str:
    return f"{money(data['mean'])} ({money(data['low'])} to {money(data['high'])})"


def _percent(value: float) -> str:
    return f"{value:.2%}" if abs(value) < 0.1 else f"{value:.0%}"


GROUP_COLUMNS = (
    Column("pool", "pool"),
    Column("group", "group"),
    Column("purchase_option", "bought as"),
    Column("instance_types", "types", show=", ".join),
    Column("nodes_min", "min", "right"),
    Column("nodes_max", "max", "right"),
    Column("nodes_expected", "expected", "right", lambda x: f"{x:.1f}"),
    Column("usd_per_hour", "$/h", "right", money),
    Column("usd_per_month", "$/month", "right", money),
)


def summary(plan: CapacityPlan) -> dict[str, Any]:
    """The plan's figures as plain data, with the units in the names.

    Money is US dollars, a month 730 h; None is not priced or not known. The saving on a baseline is
    1 - plan / baseline on the same forecast; of the residual Cost-Explorer rules the cheapest counts.
    """
    spec = plan.spec
    return {
        "name": plan.metadata.name,
        "digest": plan.digest,
        "as_of": format_instant(spec.as_of),
        "start": format_instant(spec.start),
        "valid_until": format_instant(spec.valid_until),
        "site": {"provider": spec.site.provider, "region": spec.site.region},
        "pools": [_pool(pool, spec.evidence.decisions) for pool in spec.pools],
        "commitments": [
            {
                "pool": line.pool,
                "instance_type": line.instance_type,
                "term": line.term,
                "quantity": line.quantity,
                "usd_per_hour": line.usd_per_hour,
                "binding_usd": line.binding_usd,
                "renews": line.renews,
                "starts": format_instant(line.starts) if line.starts else None,
                "digest": line.digest,
            }
            for line in spec.commitments
        ],
        "held": [
            {
                "id": row.id,
                "option": row.option,
                "pool": row.pool,
                "nodes": row.nodes,
                "usd_per_hour": row.usd_per_hour,
                "expires": format_instant(row.expires) if row.expires else None,
                "decision": row.decision,
                "reason": row.reason,
            }
            for row in spec.evidence.held or ()
        ],
        **({"storage": [storage_data(tier) for tier in spec.storage]} if spec.storage else {}),
        "assumptions": list(spec.evidence.assumptions),
        "repairs": list(spec.evidence.repairs),
    }


def notes(plan: CapacityPlan) -> list[str]:
    """What someone who reads only the summary must not miss, one sentence each."""
    found = []
    for pool in plan.spec.pools:
        expected = pool.expected
        if expected.shortage_share > pool.shortage_tolerance:
            found.append(
                f"{pool.name}: the expected shortage {expected.shortage_share:.2%} is above the "
                f"tolerated {pool.shortage_tolerance:.2%}"
            )
    for line in plan.spec.commitments:
        expected = next(p for p in plan.spec.pools if p.name == line.pool).expected
        what = f"renew {line.renews} with" if line.renews else "commit"
        found.append(
            f"{line.pool}: proposes to {what} {line.quantity} x {line.instance_type} for "
            f"{line.term}, {money(line.binding_usd)} in all; until that is approved the pool costs "
            f"{money(expected.usd_per_hour_unapproved.mean)}/h, not "
            f"{money(expected.usd_per_hour.mean)}/h"
        )
    found += [
        f"{forecast.pool}: forecast by {forecast.model}: {forecast.reason}"
        for forecast in plan.spec.evidence.forecasts
        if forecast.reason
    ]
    found += [
        f"{row.pool or 'no pool'}: {row.id} ({row.nodes} nodes): {row.decision}: {row.reason}"
        for row in plan.spec.evidence.held or ()
        if row.decision in {"lapses", "idle"}
    ]
    found += [
        f"{row.pool}: {row.group} (runs {row.running}): {row.reason}"
        for row in plan.spec.evidence.stability or ()
        # Steps inside the plan's own waves are in `explain`; here stands what moves what runs.
        if row.reason and (row.stepped_at == plan.spec.start or row.reason.startswith(KEPT))
    ]
    found += [
        f"{pool.name}: {group.name} is not priced, so the pool's cost is without it"
        for pool in plan.spec.pools
        for group in pool.groups
        if group.expected.usd_per_hour is None
    ]
    found += storage_notes(plan)
    settled = {
        f"limits: settled by {decision.solver}: {decision.solver_reason}"
        for decision in plan.spec.evidence.decisions
        if decision.solver
    }
    found += sorted(settled)
    committed = {line.pool for line in plan.spec.commitments}
    found += [
        f"{decision.pool}: nothing is committed: {decision.guardrail or decision.reason}"
        for decision in plan.spec.evidence.decisions
        if decision.pool not in committed
    ]
    return found


def group_rows(data: dict[str, Any]) -> list[dict[str, Any]]:
    """The summary's groups as rows of GROUP_COLUMNS."""
    return [{"pool": pool["name"], **group} for pool in data["pools"] for group in pool["groups"]]


def pool_lines(data: dict[str, Any]) -> list[str]:
    """The summary's pools in two sentences each."""
    lines = []
    for pool in data["pools"]:
        name, carbon = pool["name"], pool["kgco2e_per_month"]
        hour, month = _interval(pool["usd_per_hour"]), _interval(pool["usd_per_month"])
        unmet, tolerated = _percent(pool["shortage_share"]), _percent(pool["shortage_tolerance"])
        facts = (
            _against(pool["saving_on_all_on_demand"], ALL_ON_DEMAND),
            _against(pool["saving_on_residual_cost_explorer"], f"the best {COST_EXPLORER}")
            + _on_history(pool["replayed_saving_on_residual_cost_explorer"]),
            f"{carbon['mean']:,.0f} kg CO2e a month" if carbon else "carbon not known",
            f"{unmet} of demand expected unmet, {tolerated} tolerated",
        )
        lines += [
            f"{name}: {hour} an hour, {month} a month, in brackets the 80 % interval",
            f"{name}: {'; '.join(facts)}",
        ]
    return lines


def _against(saving: float | None, baseline: str) -> str:
    if saving is None:
        return f"not compared with {baseline}"
    if abs(saving) < EQUAL:
        return f"as dear as {baseline}"
    return f"{_percent(abs(saving))} {'cheaper' if saving > 0 else 'dearer'} than {baseline}"


def _on_history(saving: float | None) -> str:
    if saving is None or abs(saving) < EQUAL:
        return ""
    how = "cheaper" if saving > 0 else "dearer"
    return f" if the forecast holds ({_percent(abs(saving))} {how} on the replayed history)"


def _pool(pool: Pool, decisions: Sequence[DecisionEvidence]) -> dict[str, Any]:
    expected = pool.expected
    on_demand = [b for b in expected.baselines if b.name == ALL_ON_DEMAND]
    explorers = [b for b in expected.baselines if b.name.startswith(COST_EXPLORER)]
    carbon = expected.kgco2e_per_hour
    return {
        "name": pool.name,
        "workloads": list(pool.workloads),
        "unit": pool.unit,
        "demand": _numbers(expected.demand),
        "groups": [_group(group) for group in pool.groups],
        "usd_per_hour": _numbers(expected.usd_per_hour),
        "usd_per_month": _numbers(expected.usd_per_hour, HOURS_PER_MONTH),
        "usd_per_hour_unapproved": _numbers(expected.usd_per_hour_unapproved),
        "saving_on_all_on_demand": _saving(expected.usd_per_hour, on_demand),
        "saving_on_residual_cost_explorer": _saving(expected.usd_per_hour, explorers),
        "replayed_saving_on_residual_cost_explorer": _replayed_saving(pool, decisions),
        "kgco2e_per_month": _numbers(carbon, HOURS_PER_MONTH) if carbon else None,
        "shortage_share": expected.shortage_share,
        "shortage_tolerance": pool.shortage_tolerance,
        "baselines": [
            {
                "name": baseline.name,
                "usd_per_hour": _numbers(baseline.usd_per_hour),
                "kgco2e_per_hour": baseline.kgco2e_per_hour,
                "shortage_share": baseline.shortage_share,
            }
            for baseline in expected.baselines
        ],
    }


def _replayed_saving(pool: Pool, decisions: Sequence[DecisionEvidence]) -> float | None:
    """What the deciding rule saved on the history, against the cheapest plain trailing rule."""
    rows = [(d.rule, c) for d in decisions if d.pool == pool.name for c in d.candidates]
    plain = [c.usd_per_hour for _, c in rows if is_cost_explorer(c.rule)]
    chosen = next((c.usd_per_hour for rule, c in rows if c.rule == rule), 0.0)
    return 1 - chosen / min(plain) if plain and min(plain) > 0 else None


def _group(group: Group) -> dict[str, Any]:
    price = group.expected.usd_per_hour
    return {
        "group": group.name,
        "purchase_option": group.purchase.option,
        "instance_types": [offer.instance_type for offer in group.offers],
        "nodes_min": min(window.min for window in group.windows),
        "nodes_max": max(window.max for window in group.windows),
        "nodes_expected": group.expected.nodes,
        "usd_per_hour": price,
        "usd_per_month": None if price is None else price * HOURS_PER_MONTH,
    }


def _numbers(interval: Interval, factor: float = 1.0) -> dict[str, float]:
    return {
        "mean": interval.mean * factor,
        "low": interval.low * factor,
        "high": interval.high * factor,
    }


def _saving(plan: Interval, baselines: Sequence[Baseline]) -> float | None:
    cheapest = min((b.usd_per_hour.mean for b in baselines), default=0.0)
    return 1 - plan.mean / cheapest if cheapest > 0 else None
