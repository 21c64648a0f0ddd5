"""Karpenter: a NodePool's limits are what it may cost, its plan what it is expected to.

A NodePool with `replicas` runs so many machines of the cheapest type that its requirements admit. One without
runs what pods ask for: from nothing to the dearest way to fill its limits, whole machines of one type. Without
limits nothing bounds it. EC2NodeClasses and their like cost nothing.

Sources: NodePools of karpenter.sh/v1 (kubernetes-sigs/karpenter 1.14), 2026-11.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from trimtab.errors import InputError
from trimtab.plan.labels import POOL_LABEL, POOL_TAG
from trimtab.pricing.amount import between, exactly
from trimtab.pricing.cloud import NODE_CLASSES, Cloud, cloud_of
from trimtab.pricing.estimation import Estimation, Facts
from trimtab.pricing.estimators import estimates
from trimtab.pricing.estimators.kubernetes.admitted import (
    Admitted,
    admitted,
    limits_of,
    options_of,
    terms_of,
)
from trimtab.pricing.landing import elastic
from trimtab.pricing.model import Basis, Gap, Nodes, PaidElsewhere, Part, Surcharge, Term
from trimtab.pricing.planned import group_of, mark_of

if TYPE_CHECKING:
    from trimtab.plan.model import PurchaseOption

AUTO_MODE_GROUP = "eks.amazonaws.com"
AUTO_MODE = Surcharge(
    label="EKS Auto Mode's fee",
    share=0.12,
    accelerated=False,
    as_of=date(2026, 10, 9),
    source="AWS price list: 0.01152 of 0.096 USD for an m6i.large in us-east-2; about 12 % by"
    " https://github.com/awslabs/eks-node-viewer/issues/368",
)
"""EKS takes it on nodes that Auto Mode runs, of spot machines in full; accelerated machines have rates of
their own."""

_NODES = "nodes"
_NODEPOOL = "karpenter.sh/nodepool"


@estimates("karpenter.sh/NodePool")
def node_pool(at: Estimation) -> Iterator[Part]:
    """Machines, from its replicas or up to its limits."""
    yield from _machines(
        at, "spec.template.spec", replicas=at.inputs.number("spec.replicas"), autoscaled=True
    )


@estimates("karpenter.sh/NodeClaim")
def node_claim(at: Estimation) -> Iterator[Part]:
    """One machine; of a NodePool that is here, it is among the pool's."""
    labels = at.inputs.get("metadata.labels")
    pool = labels.get(_NODEPOOL) if isinstance(labels, Mapping) else None
    owners = at.inputs.blocks("metadata.owner_references")
    named = {str(pool or ""), *(o.text("name") for o in owners if o.text("kind") == "NodePool")}
    for name in sorted(named - {""}):
        if f"karpenter.sh/NodePool//{name}" in at.facts.by_id:
            yield PaidElsewhere(f"among the nodes of NodePool {name}")
            return
    yield from _machines(at, "spec", replicas=1.0, autoscaled=False)


def _machines(
    at: Estimation, path: str, *, replicas: float | None, autoscaled: bool
) -> Iterator[Part]:
    terms = terms_of(at.inputs.blocks(f"{path}.requirements"))
    pool = mark_of(at.resource, POOL_TAG, POOL_LABEL) or ""
    cloud = _cloud(at, path, terms)
    group = at.inputs.text(f"{path}.node_class_ref.group")
    fee = AUTO_MODE if group == AUTO_MODE_GROUP else None
    base = Nodes(
        _NODES,
        _named_types(terms),
        between(0.0, float("inf")) if replicas is None else exactly(replicas),
        now=replicas,
        option=_option(terms),
        basis=Basis.BOUNDS if replicas is None else Basis.DECLARED,
        provider=cloud.provider if cloud else "",
        region=(cloud.region or "") if cloud else "",
        autoscaled=autoscaled and replicas is None and not at.inputs.unknown("spec.replicas"),
        zones=_values(terms, "topology.kubernetes.io/zone"),
        reservations=_reservations(at, path, group),
        pool=pool,
        surcharge=fee,
    )
    if cloud is None or cloud.region is None or _planned(at):
        # What a plan sizes needs no fill; without a region there is no price, and the engine says so.
        yield base
        return
    limits = at.inputs.get("spec.limits")
    bounds = limits_of(limits) if isinstance(limits, Mapping) else {}
    try:
        found = admitted(at.facts, cloud, terms, bounds if replicas is None else {})
    except InputError as error:
        yield Gap(_NODES, error.message)
        return
    if not found.offers:
        if base.instance_types:
            yield base
        else:
            yield Gap(_NODES, f"no machine of {cloud.region} is known that its requirements admit")
    elif replicas is not None:
        yield _standing(base, found, replicas)
    else:
        at.facts.once(elastic)[at.resource.key] = found.offers
        yield _filling(base, found, bool(bounds))


def _reservations(at: Estimation, path: str, group: str) -> tuple[str, ...]:
    """The capacity reservations that the pool's node class selects by id."""
    kind = at.inputs.text(f"{path}.node_class_ref.kind")
    name = at.inputs.text(f"{path}.node_class_ref.name")
    found = at.facts.by_id.get(f"{group}/{kind}//{name}")
    if found is None:
        return ()
    terms = found.inputs.blocks("spec.capacity_reservation_selector_terms")
    return tuple(each.text("id") for each in terms if each.text("id"))


def _planned(at: Estimation) -> bool:
    """Whether the run's plan has the group that the NodePool names: its sizes go before its limits."""
    source = at.facts.settings.plan
    if source is None:
        return False
    return group_of(at.resource, source, at.facts.once(_groups))[0] is not None


def _groups(facts: Facts) -> frozenset[tuple[str, str]]:
    source = facts.settings.plan
    pools = source.plan.spec.pools if source else ()
    return frozenset((pool.name, group.name) for pool in pools for group in pool.groups)


def _standing(base: Nodes, found: Admitted, replicas: float) -> Nodes:
    """So many machines of the cheapest type."""
    types = tuple(offer.instance_type for offer, _ in found.offers)
    note = f"the cheapest of {len(types)} types that its requirements admit" if types[1:] else ""
    return replace(base, instance_types=types, count=exactly(replicas), note=note)


def _filling(base: Nodes, found: Admitted, limited: bool) -> Nodes:
    """From none to as many as the limits let stand, of the type by which they cost most."""
    if found.dearest is None or found.cheapest is None:
        least = (found.offers[0][0].instance_type,)
        return replace(base, instance_types=least, count=exactly(0.0), note="its limits admit none")
    dear, cheap = found.dearest, found.cheapest
    if not limited or dear.count == float("inf"):
        note = "no limits: nothing bounds it"
    else:
        note = (
            f"full at its limits: {cheap.count:g} {cheap.offer.instance_type},"
            f" ${cheap.usd_per_month:,.2f} a month, to {dear.count:g} {dear.offer.instance_type},"
            f" ${dear.usd_per_month:,.2f}"
        )
    types = (dear.offer.instance_type,)
    return replace(base, instance_types=types, count=between(0.0, dear.count), note=note)


def _cloud(at: Estimation, path: str, terms: tuple[Term, ...]) -> Cloud | None:
    """The node class's cloud, and the region that a requirement names or the cluster is in."""
    told = NODE_CLASSES.get(at.inputs.text(f"{path}.node_class_ref.group"))
    around = cloud_of(at.facts)
    provider = told or (around.provider if around else None)
    if provider is None:
        return None
    regions = _values(terms, "topology.kubernetes.io/region")
    if len(regions) == 1:
        return Cloud(provider, regions[0])
    if around is not None and around.provider == provider:
        return around
    return Cloud(provider, at.facts.settings.regions.get(provider))


def _option(terms: tuple[Term, ...]) -> "PurchaseOption":
    options = options_of(terms)
    if options == {"spot"}:
        return "spot"
    return "reserved" if options == {"reserved"} else "on-demand"


def _named_types(terms: tuple[Term, ...]) -> tuple[str, ...]:
    return _values(terms, "node.kubernetes.io/instance-type")


def _values(terms: tuple[Term, ...], key: str) -> tuple[str, ...]:
    """What an In expression allows of a label; () where nothing is said."""
    return next((t.values for t in terms if t.key == key and t.operator == "In"), ())
