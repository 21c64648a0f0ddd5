"""Why every number of a plan is what it is, in one sentence each.

Pure: the facts are the plan's own, with the planner's constants; nothing is read, measured or made
up. A statement's path is the document's own, `spec.pools[0].groups[1].windows[*].min`, where `[*]`
speaks of every item of the list, and its value is what stands there. What is absent from the plan
because nobody knows it has a statement too.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from trimtab import explain_evidence, explain_storage
from trimtab.clock import HOURS_PER_MONTH, format_duration
from trimtab.explain_evidence import LEVELS, usd
from trimtab.plan.document import to_data
from trimtab.plan.model import (
    CapacityPlan,
    Group,
    Pool,
    Reserved,
    Spot,
)
from trimtab.plan.shared import Interval
from trimtab.planning.expected import ALL_ON_DEMAND
from trimtab.planning.supply import (
    MAX_SPOT_TYPES,
    SPOT_FAMILY_SPREAD,
    SPOT_SHARE_ONE_POOL,
    SPOT_SHARE_SEVERAL_POOLS,
)
from trimtab.planning.windows import LOW_LEVEL, MAX_LEVELS, TARGET_LEVEL


@dataclass(frozen=True)
class Statement:
    """One number, or a list's numbers of the same reason, and why.

    Attributes:
        path: where it stands in the document; `[*]` is every item of that list.
        value: what stands there: a number, an instant, an interval as a mapping, a list of numbers
            for a path with `[*]`, or None where the plan says nothing.
        sentence: why it is what it is.
        pool: the pool that it speaks of, or None for the whole plan.
        group: the group that it speaks of, or None.
    """

    path: str
    value: Any
    sentence: str
    pool: str | None = None
    group: str | None = None


def explain(plan: CapacityPlan) -> list[Statement]:
    """Every number of the plan with the reason for it, in the document's order."""
    data = to_data(plan)
    return [
        Statement(path, _value(data, path), sentence, pool, group)
        for path, sentence, pool, group in _sentences(plan)
    ]


def covers(statement: Statement, path: str) -> bool:
    """Whether the statement speaks of the number at a path: it is named, or a bound of an interval."""
    pattern = re.escape(statement.path).replace(re.escape("[*]"), r"\[\d+\]")
    return bool(re.fullmatch(pattern + r"(\.(mean|low|high))?", path))


_Sentence = tuple[str, str, str | None, str | None]


def _sentences(plan: CapacityPlan) -> Iterator[_Sentence]:
    spec = plan.spec
    span = format_duration(spec.valid_until - spec.start)
    yield "spec.asOf", "the instant of the decision: nothing later was looked at", None, None
    yield "spec.start", "the first whole hour from asOf on", None, None
    yield (
        "spec.validUntil",
        f"start and the horizon of {span}; after it a consumer keeps what runs, and lets it grow within its max",
        None,
        None,
    )
    for i, pool in enumerate(spec.pools):
        for path, sentence in _pool(plan, pool):
            yield f"spec.pools[{i}].{path}", sentence, pool.name, None
        for j, group in enumerate(pool.groups):
            for path, sentence in _group(plan, pool, group):
                yield f"spec.pools[{i}].groups[{j}].{path}", sentence, pool.name, group.name
    for i, line in enumerate(spec.commitments):
        for path, sentence in explain_evidence.commitment(plan, line):
            yield f"spec.commitments[{i}].{path}", sentence, line.pool, line.group
    for path, sentence in explain_storage.sentences(plan):
        yield path, sentence, None, None
    yield from explain_evidence.sentences(plan)


# Pools.


def _pool(plan: CapacityPlan, pool: Pool) -> Iterator[tuple[str, str]]:
    expected = pool.expected
    spot_groups = [group for group in pool.groups if isinstance(group.purchase, Spot)]
    if pool.interruptible_share == 0:
        share = "none of its workloads is interruptible, so spot serves none of it"
    else:
        share = (
            "all of its workloads are interruptible"
            if pool.interruptible_share == 1
            else "the part of its interruptible workloads, weighed by their replicas and the "
            "accelerators (or vCPUs) that one asks for"
        )
        if not spot_groups:
            share += (
                "; still no spot, for no suitable type at the site has a spot price that, with its "
                "interruptions, is below on-demand"
            )
    yield "interruptibleShare", share
    yield (
        "shortageTolerance",
        f"the strictest of its workloads' ({', '.join(pool.workloads)}): the share of demand in unit-hours that may go unmet",
    )
    yield (
        "expected.demand",
        f"mean forecast demand in {pool.unit} over the plan's span; its bounds, as all of these, are the 10 % and 90 % scenarios with every hour at the same quantile at once",
    )
    yield "expected.usdPerHour", _cost_sentence(pool, expected.usd_per_hour)
    if expected.interruption_usd_per_hour is not None:
        lost = "work that spot interruptions are expected to lose, done again at list price"
        yield "expected.interruptionUsdPerHour", lost
    yield "expected.usdPerHourUnapproved", _unapproved_sentence(plan, pool)
    yield (
        "expected.kgco2ePerHour",
        "not known: a type that runs has no emissions figure"
        if expected.kgco2e_per_hour is None
        else "nodes that run times what a node emits per hour, operation and manufacture; "
        f"{expected.kgco2e_per_hour.mean * HOURS_PER_MONTH:,.0f} kg a month",
    )
    over = expected.shortage_share > pool.shortage_tolerance
    owned = all(group.purchase.option == "owned" for group in pool.groups)
    yield (
        "expected.shortageShare",
        "expected part of demand above what the groups' max can serve; "
        + (
            f"over the tolerated {pool.shortage_tolerance:.2%}, with every owned machine in use: no "
            "other may serve it"
            if over and owned
            else f"over the tolerated {pool.shortage_tolerance:.2%}, even with max at the "
            f"{MAX_LEVELS[-1]:.0%} quantile"
            if over
            else f"within the tolerated {pool.shortage_tolerance:.2%}"
        ),
    )
    yield (
        "expected.shortageUnitHours",
        f"the same in unit-hours over the plan's span ({pool.unit} x hours)",
    )
    for i, baseline in enumerate(expected.baselines):
        path = f"expected.baselines[{i}]"
        rule = (
            "on-demand nodes alone serve the same forecast"
            if baseline.name == ALL_ON_DEMAND
            else f"{baseline.name.partition(', ')[2] or baseline.name}: commit once to the level that "
            "would have cost least over that past, counting only what spot leaves"
        )
        yield (
            f"{path}.usdPerHour",
            f"{rule}; the plan is {_compared(expected.usd_per_hour.mean, baseline.usd_per_hour)}",
        )
        yield (
            f"{path}.kgco2ePerHour",
            "not known: a type that would run has no emissions figure"
            if baseline.kgco2e_per_hour is None
            else "what the nodes of that rule would emit",
        )
        yield f"{path}.shortageShare", "expected part of demand that this rule would leave unmet"


def _cost_sentence(pool: Pool, cost: Interval) -> str:
    parts = [
        f"{group.name} "
        + (
            "not priced"
            if group.expected.usd_per_hour is None
            else usd(group.expected.usd_per_hour)
        )
        for group in pool.groups
    ]
    interruptions = pool.expected.interruption_usd_per_hour
    return (
        f"{' + '.join(parts)} per hour, with nodes following demand inside the bounds"
        + (f" + interruptions of spot {usd(interruptions)}" if interruptions else "")
        + f"; {usd(cost.mean * HOURS_PER_MONTH)} a month of {HOURS_PER_MONTH:.0f} h"
    )


def _unapproved_sentence(plan: CapacityPlan, pool: Pool) -> str:
    lines = [line for line in plan.spec.commitments if line.pool == pool.name]
    if not lines:
        return "nothing is proposed for the pool, so an approval changes nothing"
    return (
        f"the same nodes with the {sum(line.quantity for line in lines)} proposed ones at their list "
        f"price of {usd(lines[0].on_demand_usd_per_hour)} an hour while they run"
    )


def _compared(plan: float, baseline: Interval) -> str:
    if baseline.mean <= 0:
        return "not to be compared with what costs nothing"
    saving = 1 - plan / baseline.mean
    if abs(saving) < 0.00005:
        return "as dear"
    return f"{abs(saving):.2%} {'cheaper' if saving > 0 else 'dearer'}"


# Groups.


def _group(plan: CapacityPlan, pool: Pool, group: Group) -> Iterator[tuple[str, str]]:
    if isinstance(group.purchase, Spot):
        zones = len(plan.spec.site.zones)
        where = f"{zones} zone(s)" if zones else "one zone counted, since none is stated"
        yield (
            "purchase.pools",
            f"{len(group.offers)} instance type(s), {where}; up to {MAX_SPOT_TYPES} types within {SPOT_FAMILY_SPREAD:g} times the cheapest's price, of equal size and kind",
        )
    table = next((i for i in plan.spec.evidence.inputs if i.kind == "offers"), None)
    source = f"{table.name}, {table.detail}" if table and table.detail else "the price table"
    for i, offer in enumerate(group.offers):
        preference = f"choice {i + 1} of {len(group.offers)}: " if len(group.offers) > 1 else ""
        yield (
            f"offers[{i}].usdPerHour",
            preference
            + (
                "not priced: the table has no price for this option, and it does not count as 0"
                if offer.usd_per_hour is None
                else f"{_price_name(group)} per node ({source})"
            ),
        )
        yield (
            f"offers[{i}].gco2ePerHour",
            preference
            + (
                "not known: no table has a figure for the type here"
                if offer.gco2e_per_hour is None
                else "emissions of one node, operation and manufacture, from the price table or, "
                "where it is silent, the built-in one"
            ),
        )
    yield "unitsPerNode", _units_sentence(pool, group)
    if group.accelerator:
        yield (
            "accelerator.perNode",
            f"a {group.offers[0].instance_type} carries that many {group.accelerator.model}",
        )
    steady = next(
        (
            row.reason
            for row in plan.spec.evidence.stability or ()
            if (row.pool, row.group) == (pool.name, group.name)
        ),
        "",
    )
    for field, sentence in _window_sentences(plan, pool, group).items():
        yield f"windows[*].{field}", f"{sentence}; {steady}" if steady else sentence
    committed = isinstance(group.purchase, Reserved) and group.purchase.commitment is not None
    yield (
        "expected.nodes",
        "mean over hours and scenarios of the nodes that run, following demand inside the windows' bounds",
    )
    yield (
        "expected.usdPerHour",
        "not priced"
        if group.expected.usd_per_hour is None
        else "every committed node at the commitment's price, run or not"
        if committed
        else "expected nodes at the mean spot price of the types that run, before interruptions"
        if isinstance(group.purchase, Spot)
        else "expected nodes times the price of one",
    )
    yield (
        "expected.kgco2ePerHour",
        "not known: the type has no emissions figure"
        if group.expected.kgco2e_per_hour is None
        else f"expected nodes times the {group.offers[0].gco2e_per_hour or 0:g} g of the first type",
    )


def _price_name(group: Group) -> str:
    purchase = group.purchase
    if isinstance(purchase, Reserved):
        return f"the {purchase.term} commitment's price, paid whether it runs or not,"
    names = {"on-demand": "list price", "spot": "spot price"}
    return names.get(purchase.option, f"price of {purchase.option} capacity")


def _units_sentence(pool: Pool, group: Group) -> str:
    kind = group.offers[0].instance_type
    if pool.unit == "nodes":
        return "the series counts nodes"
    if pool.unit == "replicas":
        return f"whole replicas that fit on a {kind} after Kubernetes' own share"
    if pool.unit == "requests-per-second":
        if group.accelerator and group.accelerator.per_node:
            each = group.units_per_node / group.accelerator.per_node
            return (
                f"stated throughput: {each:g} requests per second on each of "
                f"{group.accelerator.per_node:g} {group.accelerator.model}"
            )
        return f"stated throughput of a {kind}"
    what = "accelerators" if pool.unit == "gpus" else "vCPUs"
    return f"{what} of a {kind} that whole replicas can use before another resource runs out"


def _window_sentences(plan: CapacityPlan, pool: Pool, group: Group) -> dict[str, str]:
    """Why each window's min, desired and max is what it is; one rule holds in every window."""
    low = f"the forecast's {LOW_LEVEL:.0%} quantile at the window's lowest hour"
    target = (
        f"the forecast's {TARGET_LEVEL:.0%} quantile at the window's highest hour, so that a start "
        "need not wait for the autoscaler"
    )
    high = (
        f"the lowest of the forecast's {LEVELS} % quantiles that keeps the expected shortage within "
        f"{pool.shortage_tolerance:.2%}, widened by how far peaks stand over hourly means"
    )
    purchase = group.purchase
    if isinstance(purchase, Reserved):
        held = max(window.max for window in group.windows)
        return {
            "min": f"of the {held} committed nodes those needed at {low}; unused ones are paid for, "
            "but need not run",
            "desired": f"of the {held} committed nodes those needed at {target}",
            "max": f"all {held} committed nodes: they are used first",
        }
    if isinstance(purchase, Spot):
        cap = SPOT_SHARE_SEVERAL_POOLS if purchase.pools > 1 else SPOT_SHARE_ONE_POOL
        pools = "several spot pools" if purchase.pools > 1 else "a single spot pool"
        share = (
            f"at most {pool.interruptible_share * cap:.0%} of the nodes needed "
            f"({pool.interruptible_share:.0%} interruptible x {cap:.0%} for {pools})"
        )
        return {
            "min": f"{share}, after committed ones, at {low}",
            "desired": f"{share}, after committed ones, at {target}",
            "max": f"{share}, after committed ones, at {high}",
        }
    if purchase.option == "on-demand":
        spot = any(isinstance(each.purchase, Spot) for each in pool.groups)
        rest = "what committed" + (" and spot nodes leave" if spot else " nodes leave")
        return {
            "min": f"{rest}, at {low}",
            "desired": f"{rest}, at {target}",
            "max": "what committed nodes leave"
            + (", spot's part too, for spot can vanish at once," if spot else "")
            + f" at {high}",
        }
    if any((h.pool, h.group) == (pool.name, group.name) for h in plan.spec.evidence.held or ()):
        held = max(window.max for window in group.windows)
        return {
            "min": f"of the {held} held nodes those needed at {low}",
            "desired": f"of the {held} held nodes those needed at {target}",
            "max": f"all {held} held nodes while they are held: they are used first",
        }
    return dict.fromkeys(
        ("min", "desired", "max"),
        f"as its author wrote it: the planner sizes no {purchase.option} groups",
    )


# Values.


def _value(data: Any, path: str) -> Any:
    """What stands at a path, None where nothing does; a list of values for a path with `[*]`."""
    head, star, tail = path.partition("[*].")
    node = data
    for key, index in re.findall(r"([A-Za-z0-9]+)|\[(\d+)\]", head):
        if index:
            node = node[int(index)]
        elif isinstance(node, Mapping) and key in node:
            node = node[key]
        else:
            return None
    return [_value(each, tail) for each in node] if star else node
