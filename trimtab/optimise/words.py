"""Conditions, relaxations and shadow prices as people say them.

Relaxations are rounded up to four figures, so that what is said suffices.
"""

import math

from trimtab.optimise.draft import Condition
from trimtab.optimise.problem import (
    ChanceOfShortage,
    HeldSavingsPlan,
    Problem,
    SavingsPlan,
    TailShortage,
    Workload,
)

FIGURES = 4


def figure(value: float) -> str:
    """A figure with thousands separators and no needless decimals."""
    if value == 0 or value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.6g}"


def percent(share: float) -> str:
    """A share in per cent."""
    return f"{figure(share * 100)} %"


def rounded_up(value: float) -> float:
    """The next figure of four digits, never below the value."""
    if value <= 0:
        return 0.0
    unit = 10.0 ** (math.floor(math.log10(value)) - FIGURES + 1)
    steps = math.ceil(value / unit * (1 - 1e-9))
    return float(f"{steps * unit:.{FIGURES}g}")


def usd(value: float) -> str:
    """An amount of money; small ones with cents or what it takes."""
    return f"{figure(value)} USD"


def condition_words(problem: Problem, condition: Condition, subject: str, limit: float) -> str:
    """A condition with its limit: `the budget of team-a (1,000 USD)`."""
    match condition:
        case Condition.BUDGET:
            return f"the budget of {subject} ({usd(limit)})"
        case Condition.CARBON:
            return f"the carbon cap ({figure(limit)} kg)"
        case Condition.SHORTAGE:
            return f"the shortage limit of {subject} ({_shortage(problem, subject, limit)})"
        case Condition.QUANTITY:
            return f"the limit of {subject} ({figure(limit)} {unit(problem, subject)})"
        case Condition.SPOT_SHARE:
            return f"the spot share of {subject} ({percent(limit)})"
        case Condition.LEAD:
            return f"the start-up time of {subject} ({figure(limit)} nodes run now)"
    return f"the {condition.value} of {subject} ({_sites(workload(problem, subject), condition)})"


def relaxation_words(
    problem: Problem, condition: Condition, subject: str, limit: float, sites: tuple[str, ...]
) -> str:
    """How to relax it to the limit given: `raise the budget of team-a to 1,240 USD`."""
    match condition:
        case Condition.BUDGET:
            return f"raise the budget of {subject} to {usd(limit)}"
        case Condition.CARBON:
            return f"raise the carbon cap to {figure(limit)} kg"
        case Condition.SHORTAGE:
            return f"allow {subject} {percent(limit)} shortage"
        case Condition.QUANTITY:
            return f"raise the limit of {subject} to {figure(limit)} {unit(problem, subject)}"
        case Condition.SPOT_SHARE:
            return f"let spot serve {percent(limit)} of {subject}"
        case Condition.LEAD:
            return f"have {figure(limit)} nodes of {subject} running at the start"
    return f"let {subject} run in {', '.join(sites)}"


def shadow_words(problem: Problem, condition: Condition, subject: str, usd_per_unit: float) -> str:
    """What a binding condition costs, as a sentence."""
    match condition:
        case Condition.BUDGET:
            saved = f"{usd(usd_per_unit)} for each further USD of the budget of {subject}"
        case Condition.CARBON:
            saved = f"{usd(usd_per_unit)} for each further kg of the carbon cap"
        case Condition.SHORTAGE:
            each = "percentage point of shortage allowed to"
            saved = f"{usd(usd_per_unit / 100)} for each further {each} {subject}"
        case Condition.SPOT_SHARE:
            each = "percentage point of spot share of"
            saved = f"{usd(usd_per_unit / 100)} for each further {each} {subject}"
        case Condition.LEAD:
            saved = f"{usd(usd_per_unit)} for each further node of {subject} that ran at the start"
        case _:
            one = "node" if unit(problem, subject) == "nodes" else "USD/h"
            saved = f"{usd(usd_per_unit)} for each further {one} of {subject}"
    return f"the expected cost would fall by {saved}"


def unit(problem: Problem, source: str) -> str:
    """What a source's quantity is counted in."""
    found = next((each for each in problem.sources if each.name == source), None)
    return "USD/h" if isinstance(found, SavingsPlan | HeldSavingsPlan) else "nodes"


def workload(problem: Problem, name: str) -> Workload:
    """The workload of that name."""
    return next(each for each in problem.workloads if each.name == name)


def _shortage(problem: Problem, subject: str, limit: float) -> str:
    rule = workload(problem, subject).shortage_limit
    if rule is None or limit == 0:
        return "none allowed"
    if isinstance(rule, TailShortage):
        return f"{percent(limit)} in the worst {percent(1 - rule.level)}"
    if isinstance(rule, ChanceOfShortage):
        return f"{percent(limit)} but with a probability of {percent(rule.probability)}"
    return percent(limit)


def _sites(workload: Workload, condition: Condition) -> str:
    rules = []
    if condition is not Condition.LATENCY:
        rules.append(workload.residency)
    if condition is not Condition.RESIDENCY:
        rules.append(workload.latency)
    sets = [set(rule) for rule in rules if rule is not None]
    both = set.intersection(*sets) if sets else set()
    return f"only {', '.join(sorted(both))}" if both else "no site"
