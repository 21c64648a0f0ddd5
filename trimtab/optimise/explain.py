"""Why nothing can hold: the conditions that contradict each other, and what would mend each.

The elastic programme lets every named condition give way; conditions contradict each other when their
least total violation is above zero. A deletion filter (Chinneck and Dravnieks, 1991) relaxes one condition
after the other and keeps relaxed what the contradiction doesn't need, at once also what the duals of the
violation don't touch; what is left is minimal: without any one of them the rest can hold. Then, for each
of them, the smallest relaxation of it alone that makes the whole feasible is another programme.
"""

from dataclasses import dataclass

import numpy as np

from trimtab.errors import EngineError, InfeasibleError, TrimtabError
from trimtab.optimise.draft import Condition, Named
from trimtab.optimise.lp import TIME_LIMIT_SECONDS, Array, Outcome, Solver, Status
from trimtab.optimise.problem import HeldSavingsPlan, SavingsPlan
from trimtab.optimise.programme import Programme, build
from trimtab.optimise.validate import Data
from trimtab.optimise.words import condition_words, relaxation_words, rounded_up

MOST_CONFLICTS = 5
PATIENCE = 5
"""How many times a solve's time limit an explanation may take; then it may name too many conditions."""
LARGE = 50_000
"""Columns from which the interior point method is taken: without costs the simplex took four times as
long at 200,000."""
TOLERANCE = 1e-7

# The filter tries to do without the first of these first, so that a contradiction is told by what
# people set; of one kind it keeps what comes first in the problem.
_ORDER = (
    Condition.LEAD,
    Condition.SPOT_SHARE,
    Condition.QUANTITY,
    Condition.CARBON,
    Condition.BUDGET,
    Condition.SHORTAGE,
    Condition.LATENCY,
    Condition.RESIDENCY,
    Condition.RESIDENCY_AND_LATENCY,
)


@dataclass(frozen=True)
class Relaxation:
    """The smallest change of one condition that alone restores feasibility.

    Attributes:
        limit: the new limit, rounded up; 0 for a rule on sites.
        sites: that a residency or latency rule must allow as well.
    """

    condition: Condition
    subject: str
    limit: float
    sites: tuple[str, ...] = ()


@dataclass(frozen=True)
class Conflict:
    """Conditions that can't all hold; each can, without one of the others.

    Attributes:
        words: what they are.
        relaxations: for each member that can mend it alone.
        last: whether everything holds once this one is mended.
    """

    words: tuple[str, ...]
    relaxations: tuple[Relaxation, ...]
    mends: tuple[str, ...]
    last: bool


def conflicts(
    data: Data, *, time_limit_seconds: float = TIME_LIMIT_SECONDS
) -> tuple[Conflict, ...]:
    """The contradictions of an infeasible problem, none if it is feasible.

    Raises:
        EngineError: not even the first was found in time.
    """
    elastic = _Elastic(build(data, elastic=True), PATIENCE * time_limit_seconds)
    found: list[Conflict] = []
    enforced = list(range(len(elastic.named)))
    while len(found) < MOST_CONFLICTS:
        try:
            members = elastic.minimal(enforced)
        except EngineError:
            if not found:
                raise
            break
        if not members:
            break
        rest = [each for each in enforced if each not in members]
        found.append(_conflict(data, elastic, members, enforced, last=elastic.feasible(rest)))
        enforced = rest
    return tuple(found)


def infeasible(data: Data, *, time_limit_seconds: float = TIME_LIMIT_SECONDS) -> TrimtabError:
    """The error that says which conditions contradict each other and what would mend it."""
    found = conflicts(data, time_limit_seconds=time_limit_seconds)
    if not found:
        return EngineError(
            "the solver found no plan, yet no condition is in the way of one",
            mend="look for quantities that differ by more than a factor of 1e9",
        )
    sentences = [_sentence(conflict.words) for conflict in found]
    mends = [" or ".join(conflict.mends) for conflict in found]
    if not found[-1].last:
        sentences.append("there may be more")
    return InfeasibleError("; ".join(sentences), mend=", and ".join(each for each in mends if each))


def unbounded(data: Data) -> TrimtabError:
    """The error that names the prices below zero, which make ever more purchases pay."""
    negative = []
    for source in data.problem.sources:
        if isinstance(source, SavingsPlan | HeldSavingsPlan):
            prices = [(f"{source.name} at {name}", rate) for name, rate in source.rates.items()]
        else:
            price = getattr(source, "usd_per_hour", None)
            prices = [(source.name, price)] if price is not None else []
        negative += [f"{name} costs {price:g} USD" for name, price in prices if price <= 0]
    if not negative:
        return EngineError("the cost falls without limit, though no price is zero or negative")
    return InfeasibleError(
        f"buying without end would pay: {', '.join(negative)} an hour",
        mend="give the prices that are paid, or a limit of the quantity",
    )


class _Elastic:
    """The elastic programme, with conditions enforced by a price or by closing their slack."""

    def __init__(self, programme: Programme, time_limit_seconds: float) -> None:
        self.programme = programme
        problem = programme.data.problem
        subjects = ["", *problem.limits.budgets_usd]
        subjects += [each.name for each in (*problem.workloads, *problem.sources)]
        self.named = sorted(
            programme.named,
            key=lambda each: (_ORDER.index(each.condition), subjects.index(each.subject)),
        )
        costless = programme.arrays.without_costs()
        large = costless.size[1] > LARGE
        self._tolerance = 1e-6 if large else 1e-7
        self._solver = Solver(costless, time_limit_seconds=time_limit_seconds, interior=large)

    def feasible(self, enforced: list[int]) -> bool:
        """Whether these conditions are known to hold together, all others set aside."""
        try:
            return not self._contradicting(enforced)
        except EngineError:
            return False

    def _contradicting(self, enforced: list[int]) -> list[int]:
        """Those of the conditions that the least violation's duals touch; none if all can hold."""
        for index, named in enumerate(self.named):
            self._solver.set_columns(named.slack, 0.0, np.inf)
            price = 1.0 / _size(named) if index in enforced else 0.0
            self._solver.set_costs(named.slack, price)
        outcome = self._solver.run()
        if outcome.objective <= self._tolerance:
            return []
        worth = self.programme.arrays.pulled(outcome.row_dual)
        return [
            index
            for index in enforced
            if (worth[self.named[index].slack] > TOLERANCE / _size(self.named[index])).any()
        ]

    def minimal(self, enforced: list[int]) -> list[int]:
        """A minimal subset of contradicting conditions that contradicts too."""
        kept = self._contradicting(enforced)
        kinds = {index: _ORDER.index(self.named[index].condition) for index in kept}
        for index in sorted(kept, key=lambda index: (kinds[index], -index)):
            if index not in kept:
                continue
            try:
                without = self._contradicting([each for each in kept if each != index])
            except EngineError:
                break  # Out of time: they contradict, if not all of them are needed for it.
            kept = without or kept
        return kept

    def smallest(self, index: int, enforced: list[int]) -> Outcome | None:
        """The least violation of one condition under all others; None if it can't mend alone."""
        for each, named in enumerate(self.named):
            closed = each in enforced and each != index
            self._solver.set_columns(named.slack, 0.0, 0.0 if closed else np.inf)
            self._solver.set_costs(named.slack, 1.0 if each == index else 0.0)
        try:
            outcome = self._solver.run()
        except EngineError:
            return None
        return outcome if outcome.status is Status.OPTIMAL else None


def _size(named: Named) -> float:
    """What one unit of violation is measured against."""
    return max(abs(named.limit), 1.0) if named.condition is not Condition.SHORTAGE else 1.0


def _conflict(
    data: Data, elastic: _Elastic, members: list[int], enforced: list[int], *, last: bool
) -> Conflict:
    problem = data.problem
    words, relaxations, mends = [], [], []
    for index in members:
        named = elastic.named[index]
        words.append(condition_words(problem, named.condition, named.subject, named.limit))
        # Another contradiction elsewhere must not hide what would mend this one.
        outcome = elastic.smallest(index, enforced if last else members)
        if outcome is None:
            continue
        relaxation = _relaxation(elastic.programme, named, outcome.x)
        relaxations.append(relaxation)
        mends.append(
            relaxation_words(
                problem,
                relaxation.condition,
                relaxation.subject,
                relaxation.limit,
                relaxation.sites,
            )
        )
    return Conflict(tuple(words), tuple(relaxations), tuple(mends), last)


def _relaxation(programme: Programme, named: Named, x: Array) -> Relaxation:
    if len(named.rows):
        limit = rounded_up(named.limit + float(x[named.slack].sum()))
        return Relaxation(named.condition, named.subject, limit)
    taken = set(named.slack[x[named.slack] > TOLERANCE].tolist())
    offered = {(each.type, each.site) for each in programme.layout.nodes}
    sites = {
        site
        for access, block in programme.serving.served
        if taken.intersection(block.columns.tolist())
        for site in access.pool.sites
        if (access.pool.type, site) in offered
    }
    return Relaxation(named.condition, named.subject, 0.0, tuple(sorted(sites)))


def _sentence(words: tuple[str, ...]) -> str:
    if len(words) == 1:
        return f"{words[0]} can't hold"
    *others, final = words
    both = "both" if len(words) == 2 else "all"
    return f"{', '.join(others)} and {final} can't {both} hold"
