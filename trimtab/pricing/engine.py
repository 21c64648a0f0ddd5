"""Every resource of an estate with what it costs.

Pure: an estate and the run's settings in, an `Estimate` for each resource out, in the estate's order. In
four steps: what each resource's estimator says; what its machines cost, as they are bought and after what
is held already is used up; what one resource pays for another; and the sums.
"""

from collections.abc import Iterable, Sequence

from trimtab.pricing.amount import Amount, total
from trimtab.pricing.estimation import Estimation, Facts, Settings
from trimtab.pricing.estimators import estimator_of, is_free
from trimtab.pricing.machines import price_nodes
from trimtab.pricing.model import Charge, Estimate, Gap, Machines, Nodes, Part, Status
from trimtab.resources.model import Estate, Resource, Role

_PAID_ELSEWHERE = {Role.EXISTING: Status.EXISTING, Role.COMPONENT: Status.COMPONENT}


def price(
    estate: Estate, settings: Settings, held_first: Sequence[str] = ()
) -> tuple[Estimate, ...]:
    """What each resource of an estate costs a month of 730 hours.

    Args:
        estate: the resources.
        settings: the run's.
        held_first: keys of resources that use up what is held before others do: on both sides of a
            change, what was there before it.
    """
    facts = facts_of(estate, settings)
    return tuple(_estimate(resource, facts) for resource in estate.resources)


def facts_of(estate: Estate, settings: Settings) -> Facts:
    """The settings with the estate's resources by key and by id."""
    resources = {resource.key: resource for resource in estate.resources}
    by_id = {resource.id: resource for resource in estate.resources if resource.id}
    return Facts(settings, resources, by_id)


def _estimate(resource: Resource, facts: Facts) -> Estimate:
    if resource.role is not Role.MANAGED:
        return Estimate(resource, _PAID_ELSEWHERE[resource.role])
    estimator = estimator_of(resource)
    if estimator is None:
        if is_free(resource):
            return Estimate(resource, Status.FREE)
        return Estimate(
            resource,
            Status.NOT_PRICED,
            gaps=(Gap("the resource", f"no estimator of {resource.type}"),),
        )
    at = Estimation(resource, facts)
    return _sum(at, estimator(at))


def _sum(at: Estimation, parts: Iterable[Part]) -> Estimate:
    charges: list[Charge] = []
    gaps: list[Gap] = []
    machines: list[Machines] = []
    for part in parts:
        match part:
            case Charge():
                charges.append(part)
            case Gap():
                gaps.append(part)
            case Nodes():
                priced = price_nodes(part, at)
                if isinstance(priced, Gap):
                    gaps.append(priced)
                else:
                    machines.append(priced)
                    charges.extend(priced.charges)
    amounts = [charge.usd_per_month for charge in charges]
    summed = total(amounts) if amounts else None
    return Estimate(
        at.resource,
        _status(summed, gaps),
        usd_per_month=summed,
        usd_per_month_now=_now(charges, machines),
        charges=tuple(charges),
        gaps=tuple(gaps),
        machines=tuple(machines),
    )


def _status(summed: Amount | None, gaps: Sequence[Gap]) -> Status:
    if summed is None:
        return Status.NOT_PRICED if gaps else Status.FREE
    if gaps:
        return Status.PARTLY
    return Status.BOUNDED if summed.expected is None else Status.PRICED


def _now(charges: Sequence[Charge], machines: Sequence[Machines]) -> float | None:
    """At the sizes that it starts with: machines at their count, everything else as expected."""
    running = {id(charge) for each in machines for charge in each.charges}
    rest = [charge.usd_per_month.expected for charge in charges if id(charge) not in running]
    known = [
        value
        for value in (*rest, *(each.usd_per_month_now for each in machines))
        if value is not None
    ]
    return sum(known) if known else None
