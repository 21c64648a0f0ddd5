"""One pool of the plan: its groups with their sizes, and the commitment proposed."""

import hashlib
import json
from collections.abc import Callable, Sequence
from datetime import timedelta

import numpy as np

from trimtab.catalogue.accelerators import ACCELERATORS
from trimtab.catalogue.offers import Offer
from trimtab.forecast.model import Forecast
from trimtab.plan.attribution import OPTION_LABEL, SPOT_TAINT_VALUE
from trimtab.plan.document import rounded
from trimtab.plan.model import (
    Accelerator,
    Commitment,
    Group,
    GroupExpected,
    OnDemand,
    OwnerRef,
    PlannedOffer,
    Pool,
    Purchase,
    Reserved,
    Spot,
    Taint,
    Window,
)
from trimtab.planning.commitment import Decision
from trimtab.planning.economics import Nodes, nodes_for
from trimtab.planning.expected import outcome, pool_expected
from trimtab.planning.request import PoolRequest
from trimtab.planning.supply import Supply, interruptible_share
from trimtab.planning.windows import Envelope, Sizes, merged
from trimtab.workloads.matching import node_labels
from trimtab.workloads.model import Owner, Workload

TERM_HOURS = {"1y": 8_760, "3y": 26_280}
GPU_TAINT_EFFECT = "NoSchedule"
OWNER_FIELDS = ("team", "project", "model", "environment")


def build_pool(
    request: PoolRequest,
    supply: Supply,
    decision: Decision,
    ahead: Forecast,
    needs: Envelope,
    list_needs: Envelope,
    line: Commitment | None,
) -> Pool:
    """The pool of the plan.

    Args:
        request: its workloads and unit.
        supply: its offers and prices at the chosen site.
        decision: how many base nodes are committed.
        ahead: forecast demand over the plan's span.
        needs: what each window of that span needs.
        list_needs: the same for the offer that is cheapest on demand alone.
        line: the proposal behind the committed nodes, or None when nothing is committed.
    """
    result = outcome(ahead, supply, needs, decision.nodes, supply.prices.spot_share)

    def windows(sizes: Sizes) -> tuple[Window, ...]:
        return merged(sizes, ahead.start, needs.hours, ahead.start + timedelta(hours=ahead.hours))

    groups: list[Group] = []
    if line:
        groups.append(
            _group(
                request,
                "reserved",
                Reserved(term=line.term, commitment=line.digest),
                (supply.base,),
                supply.units_per_node,
                windows(result.sizes.committed),
                result.reserved,
                lambda _offer: line.usd_per_hour,
                line.usd_per_hour * line.quantity,
            )
        )
    if supply.spot:
        groups.append(
            _group(
                request,
                "spot",
                Spot(pools=supply.spot.pools),
                supply.spot.offers,
                supply.spot.units_per_node,
                windows(result.sizes.spot),
                result.spot,
                lambda offer: offer.spot_usd_per_hour,
                float(result.spot.mean()) * supply.spot.usd_per_node_hour,
            )
        )
    groups.append(
        _group(
            request,
            "on-demand",
            OnDemand(),
            (supply.base,),
            supply.units_per_node,
            windows(result.sizes.on_demand),
            result.on_demand,
            lambda offer: offer.on_demand_usd_per_hour,
            float(result.on_demand.mean()) * supply.prices.on_demand,
        )
    )
    return Pool(
        name=request.name,
        workloads=tuple(w.name for w in request.workloads),
        unit=request.unit.value,
        owner=_owner([w.owner for w in request.workloads]),
        interruptible_share=rounded(interruptible_share(request.workloads)),
        shortage_tolerance=shortage_tolerance(request.workloads),
        labels=_labels(request.workloads, supply.base),
        groups=tuple(groups),
        expected=pool_expected(ahead, supply, decision, needs, result, list_needs),
    )


def shortage_tolerance(workloads: Sequence[Workload]) -> float:
    """The strictest of the workloads'."""
    return min(workload.shortage_tolerance for workload in workloads)


def proposal(
    request: PoolRequest, supply: Supply, decision: Decision, ahead: Forecast
) -> Commitment | None:
    """The commitment line that the decision proposes, or None when it commits nothing."""
    price, term = supply.prices.committed, supply.term
    if not decision.nodes or price is None or term is None:
        return None
    needed = nodes_for(ahead.scenarios(), supply.units_per_node)
    identity = {
        "pool": request.name,
        "provider": supply.site.provider,
        "region": supply.site.region,
        "instanceType": supply.base.instance_type,
        "term": term,
        "quantity": decision.nodes,
        "usdPerHour": rounded(price),
    }
    canonical = json.dumps(identity, sort_keys=True, separators=(",", ":"))
    return Commitment(
        digest=f"sha256:{hashlib.sha256(canonical.encode()).hexdigest()}",
        pool=request.name,
        group="reserved",
        provider=supply.site.provider,
        region=supply.site.region,
        instance_type=supply.base.instance_type,
        term=term,
        quantity=decision.nodes,
        usd_per_hour=rounded(price),
        on_demand_usd_per_hour=rounded(supply.prices.on_demand),
        binding_usd=rounded(price * decision.nodes * TERM_HOURS[term]),
        break_even_utilisation=rounded(price / supply.prices.on_demand),
        expected_utilisation=rounded(
            float(np.minimum(needed, decision.nodes).mean()) / decision.nodes
        ),
        last_node_utilisation=rounded(float((needed >= decision.nodes).mean())),
    )


def _group(
    request: PoolRequest,
    name: str,
    purchase: Purchase,
    offers: Sequence[Offer],
    units_per_node: float,
    windows: tuple[Window, ...],
    nodes: Nodes,
    price: Callable[[Offer], float | None],
    usd_per_hour: float | None,
) -> Group:
    first = offers[0]
    mean = float(nodes.mean())
    carbon = first.gco2e_per_hour
    return Group(
        name=name,
        generation=_generation(request.name, name, offers),
        purchase=purchase,
        offers=tuple(
            PlannedOffer(
                instance_type=offer.instance_type,
                usd_per_hour=_maybe(price(offer)),
                gco2e_per_hour=_maybe(offer.gco2e_per_hour),
            )
            for offer in offers
        ),
        units_per_node=rounded(units_per_node),
        architecture="arm64" if first.architecture == "arm64" else "x86_64",
        accelerator=_accelerator(request.workloads, first),
        taints=_taints(request.workloads, name),
        windows=windows,
        expected=GroupExpected(
            nodes=rounded(mean),
            usd_per_hour=_maybe(usd_per_hour),
            kgco2e_per_hour=None if carbon is None else rounded(mean * carbon / 1000),
        ),
    )


def _maybe(value: float | None) -> float | None:
    return None if value is None else rounded(value)


def _generation(pool: str, group: str, offers: Sequence[Offer]) -> str:
    """Digest of what a cloud can't change in place: another one is another resource.

    The names are in it too, so that pool `a-b`, group `c` and pool `a`, group `b-c` keep apart.
    """
    immutable = [pool, group, *(offer.instance_type for offer in offers), offers[0].architecture]
    return hashlib.sha256("\n".join(immutable).encode()).hexdigest()[:6]


def _accelerator(workloads: Sequence[Workload], offer: Offer) -> Accelerator | None:
    if offer.accelerator is None or not offer.accelerator_count:
        return None
    stated = next((w.replica.accelerator_resource for w in workloads), None)
    return Accelerator(
        model=offer.accelerator,
        resource=stated or ACCELERATORS[offer.accelerator].device,
        per_node=rounded(offer.accelerator_count),
    )


def _taints(workloads: Sequence[Workload], option: str) -> tuple[Taint, ...]:
    """Taints that keep the wrong pods away, and only those that every pod that belongs tolerates."""
    resources = {w.replica.accelerator_resource for w in workloads}
    taints = [
        Taint(key=resource, value="present", effect=GPU_TAINT_EFFECT)
        for resource in sorted(filter(None, resources))
        if all(_tolerates(workload, resource, "present") for workload in workloads)
    ]
    if option == "spot" and not all(w.interruptible for w in workloads):
        taints.append(Taint(key=OPTION_LABEL, value=SPOT_TAINT_VALUE, effect="NoSchedule"))
    return tuple(taints)


def _tolerates(workload: Workload, key: str, value: str) -> bool:
    return any(t.tolerates(key, value, GPU_TAINT_EFFECT) for t in workload.tolerations)


def _labels(workloads: Sequence[Workload], base: Offer) -> dict[str, str]:
    labels: dict[str, str] = {}
    for workload in workloads:
        labels |= node_labels(workload, base)
    return dict(sorted(labels.items()))


def _owner(owners: Sequence[Owner]) -> OwnerRef:
    """What all workloads agree on; where they differ, the pool is shared and nobody's alone."""
    agreed = {
        field: getattr(owners[0], field)
        for field in OWNER_FIELDS
        if len({getattr(owner, field) for owner in owners}) == 1
    }
    return OwnerRef(**agreed)
