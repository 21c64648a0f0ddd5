"""AWS' budgets of a plan's owners, from a `Budgets` document or from what the plan is expected to cost.

Pure. The document is the one that `trimtab diff --budgets` reads: a budget stands in one place. Without it,
each owner's budget is what their groups are expected to cost in a month of 730 hours, and a margin. What is
owned costs AWS nothing and is left out; what has no price is refused rather than counted as nothing.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from trimtab import documents
from trimtab.diff.budgets import BudgetsDocument, load_budgets
from trimtab.errors import InputError
from trimtab.plan.model import CapacityPlan, Pool
from trimtab.strict import validated

HOURS_A_MONTH = 730
MOST_MAIL = 10
"""Addresses that a notification goes to."""
LONGEST_NAME = 100
_NO_NAME = re.compile(r"[:\\]|/action/")
"""What AWS Budgets takes in no name (API model of 2016-10-20, BudgetName)."""
FIELDS = ("team", "project", "model", "environment")
"""Of an owner; each is a cost allocation tag."""
Per = Literal["team", "project", "model", "environment"]


@dataclass(frozen=True)
class Budget:
    """What an owner may spend in a month.

    Attributes:
        owner: tags and their values, all of which what is counted bears; empty for everything.
        thresholds: parts of the limit at which actual spending is told of.
    """

    name: str
    owner: Mapping[str, str]
    usd_per_month: float
    thresholds: tuple[float, ...]


def expected_usd_per_month(plan: CapacityPlan, owner: Mapping[str, str]) -> float | None:
    """What the plan expects an owner's machines to cost in a month; None where something has no price."""
    total = 0.0
    for pool in plan.spec.pools:
        stated = pool.owner.model_dump()
        if any(stated[key] != value for key, value in owner.items()):
            continue
        cost = _usd_per_hour(pool)
        if cost is None:
            return None
        total += cost
    return total * HOURS_A_MONTH


def unapproved_usd_per_month(plan: CapacityPlan, owner: Mapping[str, str]) -> float:
    """What an owner's machines cost more in a month while no proposed commitment is approved: until then
    their nodes run at list price."""
    return HOURS_A_MONTH * sum(
        pool.expected.usd_per_hour_unapproved.mean - pool.expected.usd_per_hour.mean
        for pool in plan.spec.pools
        if all(getattr(pool.owner, key) == value for key, value in owner.items())
    )


def _usd_per_hour(pool: Pool) -> float | None:
    groups = [each for each in pool.groups if each.purchase.option != "owned"]
    costs = [each.expected.usd_per_hour for each in groups]
    known = [each for each in costs if each is not None]
    if len(known) < len(costs):
        return None
    return sum(known) + (pool.expected.interruption_usd_per_hour or 0.0)


def planned(
    plan: CapacityPlan, per: Per, margin: float, thresholds: Sequence[float], where: str
) -> tuple[Budget, ...]:
    """A budget for each owner of the plan's pools.

    Args:
        per: the owner's field by which budgets are told apart.
        margin: added to what is expected, as a part of it.

    Raises:
        InputError: a pool has no such owner, or no price, or AWS takes no budget of the name.
    """
    owners: dict[str, None] = {}
    for pool in plan.spec.pools:
        owner = getattr(pool.owner, per)
        if not owner:
            raise InputError(
                f"pool {pool.name} has no {per} that could have a budget",
                where=where,
                mend="state its owner in the plan, or give budgets",
            )
        owners[owner] = None
    made = []
    for owner in owners:
        expected = expected_usd_per_month(plan, {per: owner})
        if not expected:
            raise InputError(
                f"the plan does not tell what {per} {owner} costs on AWS",
                where=where,
                mend="give budgets, or make the plan with prices",
            )
        amount = round(expected * (1 + margin), 2)
        name = _named(f"{plan.metadata.name}-{owner}", where)
        made.append(Budget(name, {per: owner}, amount, tuple(thresholds)))
    return tuple(made)


def stated(given: Any, where: str) -> tuple[Budget, ...]:
    """The budgets of a document, or of its file.

    Raises:
        InputError: it is no such document, names a budget twice, or as AWS takes none.
    """
    if isinstance(given, str | Path):
        specs = [each.spec for each in load_budgets(Path(given))]
    elif isinstance(given, Mapping):
        (field,) = documents.parse_documents(json.dumps(given), f"{where}: budgets")
        specs = validated(field, BudgetsDocument).budgets
    else:
        raise InputError(
            f"budgets is a {type(given).__name__}",
            where=where,
            mend="give a Budgets document or the path of its file",
        )
    names = [each.name for each in specs]
    for name in names:
        if names.count(name) > 1:
            raise InputError(
                f"budgets: {name} stands twice",
                where=where,
                mend="give each budget a name of its own",
            )
    return tuple(
        Budget(
            _named(each.name, where),
            {key: value for key, value in each.owner.model_dump().items() if value},
            each.usd_per_month,
            tuple(each.thresholds),
        )
        for each in specs
    )


def _named(name: str, where: str) -> str:
    if len(name) > LONGEST_NAME or _NO_NAME.search(name):
        raise InputError(
            f"AWS takes no budget of the name {name}",
            where=where,
            mend=f"give budgets with names of {LONGEST_NAME} characters or fewer, without : and \\ "
            "and /action/",
        )
    return name


def warnings(plan: CapacityPlan, budgets: Sequence[Budget]) -> tuple[str, ...]:
    """Budgets that are less than what the plan expects, with its proposed commitments or without."""
    found = []
    for each in budgets:
        expected = expected_usd_per_month(plan, each.owner)
        if expected is None:
            continue
        more = unapproved_usd_per_month(plan, each.owner)
        said = f"budget {each.name} is ${each.usd_per_month:,.2f} a month, and the plan expects "
        if expected > each.usd_per_month:
            found.append(f"{said}${expected:,.2f}")
        elif expected + more > each.usd_per_month:
            found.append(
                f"{said}${expected + more:,.2f} while its proposed commitments are not approved"
            )
    return tuple(found)


def budget_inputs(
    budget: Budget, emails: Sequence[str], topics: Sequence[Any], forecast: bool
) -> dict[str, Any]:
    """The inputs of AWS' budget, as Pulumi spells them in Python.

    What a reservation or a Savings Plan costs is spread over its term (amortized), as the plan counts it.

    Args:
        topics: SNS topics, whose ARNs may be late.
        forecast: whether to tell, too, when the month is forecast to end above the limit.
    """
    subscribers: dict[str, Any] = {}
    if emails:
        subscribers["subscriber_email_addresses"] = list(emails)
    if topics:
        subscribers["subscriber_sns_topic_arns"] = list(topics)
    tells = [("ACTUAL", each) for each in sorted(set(budget.thresholds))]
    if forecast:
        tells.append(("FORECASTED", 1.0))
    made: dict[str, Any] = {
        "name": budget.name,
        "budget_type": "COST",
        "time_unit": "MONTHLY",
        "limit_amount": f"{budget.usd_per_month:.2f}",
        "limit_unit": "USD",
        "notifications": [
            {
                "comparison_operator": "GREATER_THAN",
                "notification_type": kind,
                "threshold": round(part * 100, 4),
                "threshold_type": "PERCENTAGE",
                **subscribers,
            }
            for kind, part in tells
        ],
    }
    if not budget.owner:
        return {**made, "cost_types": {"use_amortized": True}}
    return {**made, "metrics": "AmortizedCost", "filter_expression": _owned_by(budget.owner)}


def _owned_by(owner: Mapping[str, str]) -> dict[str, Any]:
    tags = [{"tags": {"key": key, "values": [value]}} for key, value in owner.items()]
    return tags[0] if len(tags) == 1 else {"ands": tags}
