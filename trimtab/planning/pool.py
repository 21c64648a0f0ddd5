"""One pool of the plan: its groups with their sizes, and the commitments proposed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trimtab.catalogue.offers import Offer
from trimtab.forecast.model import Array, Forecast
from trimtab.plan.document import rounded
from trimtab.plan.evidence import HeldEvidence, StabilityEvidence
from trimtab.plan.model import Commitment, Group, OnDemand, Pool, Reserved, Spot, Window
from trimtab.planning.commitment import Decision
from trimtab.planning.economics import Nodes, nodes_for
from trimtab.planning.expected import (
    Compared,
    Hold,
    Outcome,
    Scene,
    explorer_rules,
    outcome,
    pool_expected,
)
from trimtab.planning.groups import build_group, labels, owner
from trimtab.planning.guardrails import Steadiness
from trimtab.planning.holdings import Committed, HeldGroup, Holdings, evidence
from trimtab.planning.present import Holder, Present, nodes_per_hour
from trimtab.planning.proposals import proposals
from trimtab.planning.request import PoolRequest
from trimtab.planning.supply import Supply, interruptible_share
from trimtab.planning.windows import Envelope, Sizes, envelope, merged, units_needed
from trimtab.workloads.model import Workload


@dataclass(frozen=True)
class Draft:
    """Everything that a pool's part of the plan follows from.

    Attributes:
        request: its workloads and unit.
        supply: its offers and prices at the chosen site.
        decision: how many base nodes are to be committed beside what lasts.
        ahead: forecast demand over the plan's span.
        peak_factor: how far peaks stand over hourly means.
        holdings: what it has already.
        present: what runs.
        policy: how reluctantly sizes fall.
        fault: why its telemetry can't be trusted, or None.
    """

    request: PoolRequest
    supply: Supply
    decision: Decision
    ahead: Forecast
    peak_factor: float
    holdings: Holdings
    present: Present
    policy: Steadiness
    fault: str | None = None


@dataclass(frozen=True)
class Built:
    """A pool of the plan, with what it proposes and the evidence for it."""

    pool: Pool
    lines: tuple[Commitment, ...]
    needs: Envelope
    held: tuple[HeldEvidence, ...]
    stability: tuple[StabilityEvidence, ...]


def build_pool(draft: Draft) -> Built:
    """The pool of the plan."""
    request, supply, ahead, holdings = draft.request, draft.supply, draft.ahead, draft.holdings
    span = holdings.span
    committed = holdings.committed(draft.decision.nodes, supply.prices.committed)
    tolerance = shortage_tolerance(request.workloads)
    demand = ahead.scenarios()
    needs = envelope(
        ahead, supply.units_per_node, draft.peak_factor, tolerance, holdings.served, demand
    )
    names = _group_names(supply, committed, holdings)
    holder = _holder(draft)
    leaving = holder.leaving(names)
    held = held_groups(
        request, ahead, draft.peak_factor, holdings, needs.high_level, demand, holder
    )
    scene = _scene(demand, holdings, holdings.served, held, leaving)
    result = outcome(
        scene,
        supply,
        needs,
        committed.nodes,
        committed.usd_per_hour,
        supply.prices.spot_share,
        holder,
    )
    needed = nodes_for(scene.rest, supply.units_per_node)
    lines = proposals(request, supply, committed, needed, span)
    base = nodes_per_hour(holdings.base, span)
    own_usd = holdings.committed(0, None).usd_per_hour
    pool = Pool(
        name=request.name,
        workloads=tuple(w.name for w in request.workloads),
        unit=request.unit.value,
        owner=owner([w.owner for w in request.workloads]),
        interruptible_share=rounded(interruptible_share(request.workloads)),
        shortage_tolerance=tolerance,
        labels=labels(request.workloads, supply.base),
        groups=(
            *(group for group, _ in held),
            *_groups(draft, committed, result, lines),
            *leaving,
        ),
        expected=pool_expected(
            scene,
            supply,
            needs,
            result,
            np.clip(result.reserved - base, 0, nodes_per_hour(committed.nodes, span) - base),
            committed.usd_per_hour - own_usd,
            _compared(draft, scene, needs, own_usd),
        ),
    )
    utilisation = float(np.minimum(needed, base).mean() / base.mean()) if base.any() else 0.0
    return Built(
        pool,
        lines,
        needs,
        tuple(evidence(holdings, committed, demand.mean(axis=0), utilisation)),
        tuple(holder.evidence()),
    )


def shortage_tolerance(workloads: Sequence[Workload]) -> float:
    """The strictest of the workloads'."""
    return min(workload.shortage_tolerance for workload in workloads)


def _group_names(supply: Supply, committed: Committed, holdings: Holdings) -> list[str]:
    names = [group.name for group in holdings.groups]
    names += ["reserved"] if committed.nodes.any() else []
    return [*names, *(["spot"] if supply.spot else []), "on-demand"]


def _holder(draft: Draft) -> Holder:
    supply = draft.supply
    units = {group.name: group.units_per_node for group in draft.holdings.groups}
    units |= dict.fromkeys(("reserved", "on-demand"), supply.units_per_node)
    if supply.spot:
        units["spot"] = supply.spot.units_per_node
    return Holder(
        draft.present, draft.request.name, draft.holdings.span, draft.policy, draft.fault, units, {}
    )


def _scene(
    demand: Array,
    holdings: Holdings,
    served: Array,
    held: Sequence[tuple[Group, HeldGroup]],
    leaving: Sequence[Group],
) -> Scene:
    carried_usd = sum((g.expected.usd_per_hour or 0.0) for g in leaving)
    grams = 0.0
    for group in (*(group for group, _ in held), *leaving):
        kilograms = group.expected.kgco2e_per_hour
        grams += float("nan") if kilograms is None else 1000 * kilograms
    return Scene(demand, served, holdings.sunk_usd_per_hour + carried_usd, grams)


def _compared(draft: Draft, scene: Scene, needs: Envelope, own_usd: float) -> Compared:
    """All on-demand, and the residual Cost-Explorer rules; what is held serves first in each."""
    supply, holdings = draft.supply, draft.holdings
    plain = supply.list_price or supply
    served = holdings.served + holdings.span.hourly(holdings.base) * supply.units_per_node
    if plain is supply and not holdings.base.any():
        list_needs = needs
    else:
        list_needs = envelope(
            draft.ahead,
            plain.units_per_node,
            draft.peak_factor,
            shortage_tolerance(draft.request.workloads),
            served,
            scene.demand,
        )
    alone = Scene(scene.demand, served, scene.sunk_usd_per_hour, scene.sunk_gco2e_per_hour)
    return Compared(
        (alone, plain, list_needs, own_usd), explorer_rules(supply, draft.decision, holdings)
    )


def _windows(sizes: Sizes, holdings: Holdings) -> tuple[Window, ...]:
    return merged(sizes, holdings.span.start, holdings.span.window_hours, holdings.span.end)


def held_groups(
    request: PoolRequest,
    ahead: Forecast,
    peak_factor: float,
    holdings: Holdings,
    high_level: float,
    demand: Array,
    hold: Hold = lambda _group, sizes: sizes,
) -> list[tuple[Group, HeldGroup]]:
    """Groups of held types other than the base, filled in merit order.

    Args:
        request: the pool.
        ahead: forecast demand over the plan's span.
        peak_factor: how far peaks stand over hourly means.
        holdings: what the pool has.
        high_level: the quantile that each group's max is for.
        demand: scenarios, shape (scenarios, hours).
        hold: what is made of a group's sizes, given what runs.
    """
    found = []
    span = holdings.span
    low, target, _ = units_needed(ahead, peak_factor, high_level)
    for group in holdings.groups:
        units, most = group.units_per_node, group.nodes
        at_low, at_target = (np.minimum(nodes_for(x, units), most) for x in (low, target))
        sizes = Sizes(at_low, np.maximum(at_low, at_target), most)
        if group.purchase.option == "reserved":
            # Blocks end and owned machines are so many: no guardrail can keep more of them.
            sizes = hold(group.name, sizes)
        hourly = nodes_per_hour(most, span)
        used = np.minimum(nodes_for(demand, units), hourly)
        found.append((_held_group(request, holdings, group, sizes, used), group))
        low, target = (np.maximum(x - most * units, 0.0) for x in (low, target))
        demand = np.maximum(demand - hourly * units, 0.0)
    return found


def _held_group(
    request: PoolRequest, holdings: Holdings, group: HeldGroup, sizes: Sizes, used: Nodes
) -> Group:
    """One held group; `used` are the nodes that run: all are paid for."""
    price = group.usd_per_node_hour
    paid = float(nodes_per_hour(group.nodes, holdings.span).mean())
    return build_group(
        request,
        group.name,
        group.purchase,
        (group.offer,),
        group.units_per_node,
        _windows(sizes, holdings),
        used,
        lambda _offer: price,
        None if price is None else paid * price,
    )


def _groups(
    draft: Draft, committed: Committed, result: Outcome, lines: Sequence[Commitment]
) -> list[Group]:
    """The reserved, spot and on-demand groups, as far as there are any."""
    request, supply, holdings = draft.request, draft.supply, draft.holdings

    def group(
        name: str,
        purchase: Reserved | Spot | OnDemand,
        offers: tuple[Offer, ...],
        units: float,
        sizes: Sizes,
        nodes: Nodes,
        prices: Sequence[float | None],
        usd: float,
    ) -> Group:
        by_type = dict(zip((o.instance_type for o in offers), prices, strict=True))
        return build_group(
            request, name, purchase, offers, units, _windows(sizes, holdings), nodes,
            lambda offer: by_type[offer.instance_type], usd,
        )  # fmt: skip

    groups: list[Group] = []
    if committed.nodes.any():
        mean = float(nodes_per_hour(committed.nodes, holdings.span).mean())
        usd, line = committed.usd_per_hour, lines[0] if lines else None
        price = line.usd_per_hour if line and not holdings.base_rows else usd / mean
        held_term = next((row.term for row in holdings.base_rows if row.term), None)
        groups.append(
            group(
                "reserved",
                Reserved(
                    term=line.term if line else held_term or "open",
                    commitment=line.digest if line else None,
                ),
                (supply.base,),
                supply.units_per_node,
                result.sizes.committed,
                result.reserved,
                (price,),
                price * mean,
            )
        )
    if supply.spot:
        groups.append(
            group(
                "spot",
                Spot(pools=supply.spot.pools),
                supply.spot.offers,
                supply.spot.units_per_node,
                result.sizes.spot,
                result.spot,
                [offer.spot_usd_per_hour for offer in supply.spot.offers],
                float(result.spot.mean()) * supply.spot.usd_per_node_hour,
            )
        )
    groups.append(
        group(
            "on-demand",
            OnDemand(),
            (supply.base,),
            supply.units_per_node,
            result.sizes.on_demand,
            result.on_demand,
            (supply.base.on_demand_usd_per_hour,),
            float(result.on_demand.mean()) * supply.prices.on_demand,
        )
    )
    return groups
