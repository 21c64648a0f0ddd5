"""Every resource of an estate with what it costs.

Pure: an estate and the run's settings in, an `Estimate` for each resource out, in the estate's order. In
five steps: what each resource's estimator says; what a plan says of the groups that resources carry out; what
machines cost, after what is held already is used up; the share of them that pods have; and the sums.
"""

from collections.abc import Mapping, Sequence

from trimtab.pricing.amount import Amount, total
from trimtab.pricing.commitments import cover
from trimtab.pricing.draft import Draft
from trimtab.pricing.estimation import Estimation, Facts, Settings
from trimtab.pricing.estimators import estimator_of, is_free
from trimtab.pricing.machines import fleet_of, machines_of
from trimtab.pricing.model import Charge, Estimate, Gap, Machines, Status
from trimtab.pricing.planned import carry_out
from trimtab.pricing.planned_storage import system_parts
from trimtab.resources.model import Estate, Resource, Role

_PAID_ELSEWHERE = {Role.EXISTING: Status.EXISTING, Role.COMPONENT: Status.COMPONENT}


def price(
    estate: Estate,
    settings: Settings,
    held_first: Sequence[str] = (),
    before: Sequence[Estimate] = (),
) -> tuple[Estimate, ...]:
    """What each resource of an estate costs a month of 730 hours.

    Args:
        estate: one side of a change.
        settings: prices, plan, what is held.
        held_first: keys of the resources that use what is held first: of both sides of a change those
            that exist before it, so that what it adds costs its marginal price.
        before: what was estimated of the side before the change: what grew since is served after what
            stood, so that growth moves nobody else's cost.
    """
    facts = facts_of(estate, settings)
    drafts = [_draft(resource, facts) for resource in estate.resources]
    carry_out(drafts, settings)
    for draft in drafts:
        for nodes in draft.nodes:
            draft.fleets.append(fleet_of(nodes, draft, facts))
    cover(drafts, settings, held_first, before)
    for draft in drafts:
        _price_machines(draft, facts)
    shares: Mapping[str, Amount] = {}
    if any(draft.pods for draft in drafts):
        from trimtab.pricing.workloads import share_out

        shares = share_out(drafts, facts)
    return tuple(_sum(draft, shares) for draft in drafts)


def facts_of(estate: Estate, settings: Settings) -> Facts:
    """The settings with the estate's resources by key and by id."""
    resources = {resource.key: resource for resource in estate.resources}
    by_id: dict[str, Resource] = {}
    for resource in estate.resources:
        if resource.id:
            by_id[resource.id] = resource
        if "/" in resource.kind:
            by_id.setdefault(object_id(resource), resource)
    return Facts(settings, resources, by_id)


def object_id(resource: Resource) -> str:
    """A Kubernetes object by `group/Kind/namespace/name`; the namespace is "" where none is stated."""
    metadata = resource.inputs.values.get("metadata")
    named: Mapping[str, object] = metadata if isinstance(metadata, Mapping) else {}
    name = named.get("name") or resource.name
    return f"{resource.kind}/{named.get('namespace') or ''}/{name}"


def _draft(resource: Resource, facts: Facts) -> Draft:
    if resource.role is not Role.MANAGED:
        return Draft(resource, status=_PAID_ELSEWHERE[resource.role])
    estimator = estimator_of(resource)
    if estimator is None:
        if is_free(resource):
            return Draft(resource, status=Status.FREE)
        draft = Draft(resource)
        draft.gaps.append(Gap("the resource", f"no estimator of {resource.type}"))
        return draft
    at = Estimation(resource, facts)
    draft = Draft(resource, at)
    draft.add(estimator(at))
    draft.add(system_parts(at))
    return draft


def _price_machines(draft: Draft, facts: Facts) -> None:
    for fleet in draft.fleets:
        machines, gaps = machines_of(fleet, facts)
        draft.charges.extend(machines.charges)
        draft.gaps.extend(gaps)
        draft.machines.append(machines)
        draft.notes.extend(fleet.notes)


def _sum(draft: Draft, shares: Mapping[str, Amount]) -> Estimate:
    if draft.status is not None:
        return Estimate(draft.resource, draft.status)
    charges = draft.charges
    summed = total([charge.usd_per_month for charge in charges]) if charges else None
    share = shares.get(draft.resource.key)
    notes = [*draft.notes, *(each.note for each in draft.elsewhere)]
    return Estimate(
        draft.resource,
        _status(draft, summed),
        usd_per_month=summed,
        usd_per_month_now=_now(charges, draft.machines),
        charges=tuple(charges),
        gaps=tuple(draft.gaps),
        machines=tuple(draft.machines),
        stored=tuple(draft.stored),
        pool=draft.pool,
        group=draft.group,
        plan_line=draft.plan_line,
        list_usd_per_month_now=draft.list_usd_per_month_now,
        note="; ".join(dict.fromkeys(note for note in notes if note)),
        share_usd_per_month=share,
    )


def _status(draft: Draft, summed: Amount | None) -> Status:
    if summed is None:
        if draft.gaps:
            return Status.NOT_PRICED
        return Status.COVERED if draft.elsewhere else Status.FREE
    if draft.gaps:
        return Status.PARTLY
    if summed.high == 0 and draft.machines and all(each.covered for each in draft.machines):
        return Status.COVERED
    return Status.BOUNDED if summed.expected is None else Status.PRICED


def _now(charges: Sequence[Charge], machines: Sequence[Machines]) -> float | None:
    """At the sizes that it starts with: machines at their count, everything else as expected.

    None where a part has a price and nobody knows how much of it there will be to begin with.
    """
    running = {id(charge) for each in machines for charge in each.charges}
    rest = [_at_start(charge, machines) for charge in charges if id(charge) not in running]
    known = [*rest, *(each.usd_per_month_now for each in machines if each.charges)]
    if not known or None in known:
        return None
    return sum(value for value in known if value is not None)


def _at_start(charge: Charge, machines: Sequence[Machines]) -> float | None:
    """What a charge comes to at first: for as many machines as start, where it is so much for each, else
    as expected; None where nothing tells."""
    starts = [each.nodes.now for each in machines]
    if starts and None not in starts:
        each = charge.usd_per_month.per(total([machine.nodes.count for machine in machines]))
        if each is not None:
            return each * sum(start for start in starts if start is not None)
    return charge.usd_per_month.expected
