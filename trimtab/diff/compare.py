"""Two sides of a change to one priced `Diff`.

Pure. Each side is priced by itself, then paired by the resources' keys. What exists before the change uses
up what is held first, on both sides, so that what the change adds costs its marginal price.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from trimtab.collector import paused
from trimtab.diff.fields import changed_fields
from trimtab.diff.model import Change, Diff, FieldChange, Figures, Operation, Owner, OwnerCost
from trimtab.diff.owners import DIMENSIONS, NOBODY, OwnerTags, owner_tags, owners_of
from trimtab.diff.rules import RulePack, findings
from trimtab.pricing.amount import ZERO, Amount, total
from trimtab.pricing.engine import price
from trimtab.pricing.estimation import Settings
from trimtab.pricing.model import COSTS_MONEY, Estimate, Status
from trimtab.resources.model import ChangeSet, Estate

if TYPE_CHECKING:  # pydantic, which a change without budgets does not need
    from trimtab.diff.budgets import Budget

NOTHING = Figures(ZERO, ZERO, ZERO)


@dataclass(frozen=True)
class Judges:
    """What a change is held to.

    Attributes:
        owner_tags: which tags name an owner.
        packs: the rule packs.
        budgets: what owners may spend.
    """

    owner_tags: OwnerTags = field(default_factory=owner_tags)
    packs: Sequence[RulePack] = ()
    budgets: "Sequence[Budget]" = ()


@paused()
def compare(
    change: ChangeSet,
    before: Settings,
    after: Settings,
    judges: Judges,
    prices: Sequence[str] = (),
) -> Diff:
    """Price both sides of a change and say what differs.

    Args:
        change: the two sides.
        before, after: how each is priced; they differ where each side has a plan of its own.
        judges: what the change is held to.
        prices: which layers of prices `before` and `after` have, as sentences.
    """
    held_first = [resource.key for resource in change.before.resources]
    old = {each.resource.key: each for each in price(change.before, before, held_first)}
    stood = tuple(old.values())
    new = {each.resource.key: each for each in price(change.after, after, held_first, stood)}
    paid = _owners(change.before, before, judges, old)
    pays = _owners(change.after, after, judges, new)
    owners = {**paid, **pays}
    changes = sorted(
        (
            _change(key, old.get(key), new.get(key), change.operations.get(key), owners)
            for key in {**old, **new}
        ),
        key=_impact,
    )
    complete = change.before.complete and change.after.complete
    by_owner = _by_owner(changes, paid, pays)
    counts = Counter(estimate.status for estimate in new.values())
    figures = (_figures(old.values()), _figures(new.values()))
    diff = Diff(
        before_source=change.before.source,
        after_source=change.after.source,
        complete=complete,
        as_of=after.as_of,
        prices=(*prices, *_dates((*old.values(), *new.values()))),
        changes=tuple(changes),
        before=figures[0],
        after=figures[1],
        delta=_difference(*figures, changes),
        unpriced_share=_unpriced_share(counts),
        counts={str(status): counts[status] for status in Status if counts[status]},
        owners=by_owner,
        untagged=next((each.after for each in by_owner if each.owner == NOBODY), None),
        notes=tuple(dict.fromkeys((*change.before.notes, *change.after.notes))),
    )
    if judges.budgets:
        from trimtab.diff.budgets import check_budgets

        diff = replace(
            diff,
            budgets=check_budgets(judges.budgets, by_owner, complete),
            notes=(*diff.notes, *_idle(judges.budgets, by_owner)),
        )
    rules = dict.fromkeys(rule for pack in judges.packs for rule in pack.rules)
    return replace(diff, findings=findings(diff, judges.packs), rules=tuple(rules))


def _idle(budgets: "Sequence[Budget]", owners: Sequence[OwnerCost]) -> Iterator[str]:
    """Budgets that nothing counts towards: often a misspelt owner, which would look kept for ever."""
    for budget in budgets:
        if not any(budget.counts(each.owner) for each in owners):
            yield f"budget {budget.spec.name} ({budget.where}): its owner pays for nothing here"


def _dates(estimates: Iterable[Estimate]) -> list[str]:
    """Of when the prices are that were used: the oldest and the newest, as a sentence."""
    days = {charge.rate.as_of for estimate in estimates for charge in estimate.charges}
    if not days:
        return []
    first, last = min(days), max(days)
    return [f"prices of {first}" if first == last else f"prices of {first} to {last}"]


def _owners(
    estate: Estate, settings: Settings, judges: Judges, priced: Mapping[str, Estimate]
) -> dict[str, Owner]:
    """Who pays for each resource: what its tags say, and of a plan's group what its pool says besides."""
    owners = owners_of(estate.resources, judges.owner_tags)
    if settings.plan is None:
        return owners
    pools = {pool.name: pool.owner for pool in settings.plan.plan.spec.pools}
    for key, estimate in priced.items():
        if pool := pools.get(estimate.pool):
            tagged = owners[key]
            said = {name: getattr(tagged, name) or getattr(pool, name) for name in DIMENSIONS}
            owners[key] = Owner(**said)
    return owners


# One resource.


def _change(
    key: str,
    before: Estimate | None,
    after: Estimate | None,
    said: str | None,
    owners: Mapping[str, Owner],
) -> Change:
    operation, fields = _operation(before, after, said)
    return Change(
        key=key,
        operation=operation,
        before=before,
        after=after,
        usd_per_month=_delta(before, after, _usd),
        kgco2e_per_month=_delta(before, after, emissions),
        owner=owners[key],
        fields=fields,
    )


_SAID = {
    "create": Operation.CREATE,
    "import": Operation.CREATE,
    "update": Operation.UPDATE,
    "replace": Operation.REPLACE,
    "delete": Operation.DELETE,
    "same": Operation.SAME,
    "read": Operation.SAME,
}


def _operation(
    before: Estimate | None, after: Estimate | None, said: str | None
) -> tuple[Operation, tuple[FieldChange, ...]]:
    """What happens to a resource: as its engine says, else as its two sides say."""
    if before is None or after is None:
        found = Operation.CREATE if before is None else Operation.DELETE
        return _SAID.get(said or "", found) if said in {"read"} else found, ()
    if said == "same":
        return Operation.SAME, ()
    resource = after.resource
    fields = changed_fields(before.resource.inputs.values, resource.inputs.values, resource.kind)
    if said in _SAID:
        return _SAID[said], fields
    return (Operation.UPDATE if fields else Operation.SAME), fields


def _usd(estimate: Estimate) -> Amount | None:
    """What a resource costs; None where it costs money and nobody knows how much."""
    if estimate.usd_per_month is not None:
        return estimate.usd_per_month
    return None if estimate.status is Status.NOT_PRICED else ZERO


def emissions(estimate: Estimate) -> Amount | None:
    """Kilograms of CO2e a month; None where a part's are not known."""
    if not estimate.emissions:
        return ZERO
    known = [each.kgco2e_per_month for each in estimate.emissions if each is not None]
    return total(known) if len(known) == len(estimate.emissions) else None


def _delta(
    before: Estimate | None, after: Estimate | None, figure: Callable[[Estimate], Amount | None]
) -> Amount | None:
    sides = [ZERO if side is None else figure(side) for side in (before, after)]
    old, new = sides
    if old is None or new is None:
        # What is not priced and does not change changes no cost.
        return ZERO if before is not None and before == after else None
    return new.since(old)


def _impact(change: Change) -> tuple[bool, bool, float, str]:
    """The sort key: what changes first, and of that what moves the most money."""
    delta = change.usd_per_month
    size = 0.0 if delta is None else abs(_middle(delta))
    untouched = change.operation is Operation.SAME and not size
    return untouched, not size, -size, change.key


def _middle(amount: Amount) -> float:
    if amount.expected is not None:
        return amount.expected
    ends = [end for end in (amount.low, amount.high) if abs(end) != float("inf")]
    return sum(ends) / len(ends) if ends else 0.0


# Sums.


def _figures(estimates: Iterable[Estimate]) -> Figures:
    """The sums of what is known; bounds without an expectation widen the bounds alone."""
    estimates = list(estimates)
    risks = [each.risk for estimate in estimates for each in estimate.machines if each.risk]
    shares = [risk.shortage_share for risk in risks if risk.shortage_share is not None]
    return Figures(
        usd=_sum(estimate.usd_per_month for estimate in estimates),
        kgco2e=_sum(
            each.kgco2e_per_month
            for estimate in estimates
            for each in estimate.emissions
            if each is not None
        ),
        interruptions=_sum(risk.interruptions_per_month for risk in risks),
        unmet_share=max(shares, default=None),
    )


def _sum(amounts: Iterable[Amount | None]) -> Amount:
    known = [amount for amount in amounts if amount is not None]
    return Amount(
        sum(amount.low for amount in known),
        sum(amount.expected for amount in known if amount.expected is not None),
        sum(amount.high for amount in known),
    )


def _difference(before: Figures, after: Figures, changes: Sequence[Change]) -> Figures:
    """The sums' difference, which adds up: what a side has no price for is in neither.

    Its bounds are those of what changes, for the rest moves on both sides alike.
    """
    unmet = (
        None
        if before.unmet_share is None or after.unmet_share is None
        else after.unmet_share - before.unmet_share
    )
    return Figures(
        usd=_sum(_known_delta(change, _usd) for change in changes),
        kgco2e=_sum(_known_delta(change, emissions) for change in changes),
        interruptions=after.interruptions.less(before.interruptions),
        unmet_share=unmet,
    )


def _known_delta(change: Change, figure: Callable[[Estimate], Amount | None]) -> Amount:
    """The difference of what is known of a change: as the sums of each side have it."""
    sides = [figure(side) if side else None for side in (change.before, change.after)]
    old, new = (amount or ZERO for amount in sides)
    return ZERO if old == new else _counted(new).since(_counted(old))


def _counted(amount: Amount) -> Amount:
    """An amount as it counts in a sum of expectations: bounds without one are nothing in it."""
    return amount if amount.expected is not None else amount._replace(expected=0.0)


def _unpriced_share(counts: Mapping[Status, int]) -> float:
    billable = sum(counts.get(status, 0) for status in COSTS_MONEY)
    return counts.get(Status.NOT_PRICED, 0) / billable if billable else 0.0


def _by_owner(
    changes: Sequence[Change], paid: Mapping[str, Owner], pays: Mapping[str, Owner]
) -> tuple[OwnerCost, ...]:
    """What each owner pays before and after, the largest difference first.

    What changes hands is the old owner's before, and the new one's after.
    """
    olds: dict[Owner, list[Estimate]] = {}
    news: dict[Owner, list[Estimate]] = {}
    moved: dict[Owner, list[Change]] = {}
    for change in changes:
        if change.before and change.before.status in COSTS_MONEY:
            olds.setdefault(paid[change.key], []).append(change.before)
        if change.after and change.after.status in COSTS_MONEY:
            news.setdefault(pays[change.key], []).append(change.after)
        sides = {owners[change.key] for owners in (paid, pays) if change.key in owners}
        for owner in sides:
            moved.setdefault(owner, []).append(
                change if len(sides) == 1 else _part(change, owner == pays[change.key])
            )

    def cost(owner: Owner) -> OwnerCost:
        before, after = _figures(olds.get(owner, ())), _figures(news.get(owner, ()))
        unpriced = sum(each.status is Status.NOT_PRICED for each in news.get(owner, ()))
        return OwnerCost(owner, before, after, _difference(before, after, moved[owner]), unpriced)

    return tuple(
        sorted(
            (cost(owner) for owner in {**olds, **news}),
            key=lambda c: (
                -abs(_middle(c.delta.usd)),
                -(c.after.usd.expected or 0.0),
                _names(c.owner),
            ),
        )
    )


def _part(change: Change, arrives: bool) -> Change:
    """A change of hands as one owner sees it: the whole arrives, or goes."""
    return replace(change, before=None) if arrives else replace(change, after=None)


def _names(owner: Owner) -> tuple[str, ...]:
    return owner.team, owner.project, owner.model, owner.environment
