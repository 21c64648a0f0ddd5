"""A pool that owned machines alone serve; which those are: `trimtab.planning.own_sites`.

What the machines cost is paid whether they run or not, so it is the same in every scenario, and there is no
other rule to compare it with.
"""

from dataclasses import dataclass

import numpy as np

from trimtab.errors import InfeasibleError
from trimtab.forecast.model import Forecast
from trimtab.plan.document import rounded
from trimtab.plan.model import Pool, PoolExpected
from trimtab.planning.commitment import Decision
from trimtab.planning.expected import Scene, carbon_of, interval, share
from trimtab.planning.groups import labels, owner
from trimtab.planning.holdings import Holdings, evidence
from trimtab.planning.pool import Built, held_groups, shortage_tolerance
from trimtab.planning.request import PoolRequest
from trimtab.planning.supply import interruptible_share
from trimtab.planning.windows import envelope

DECISION = Decision(
    0, "nothing", "only owned machines may serve it: nothing can be bought", "", 0, ()
)


@dataclass(frozen=True)
class OwnDraft:
    """Everything that such a pool's part of the plan follows from; as `pool.Draft`."""

    request: PoolRequest
    ahead: Forecast
    peak_factor: float
    holdings: Holdings


def build_own_pool(draft: OwnDraft) -> Built:
    """The pool of the plan.

    Raises:
        InfeasibleError: no machine serves the pool.
    """
    request, ahead, holdings = draft.request, draft.ahead, draft.holdings
    if not holdings.groups:
        where = ", ".join(dict.fromkeys(r for w in request.workloads for r in w.regions))
        raise InfeasibleError(
            f"pool {request.name} may run at {where} only, and no owned machine there serves it",
            where="--inventory, spec.owned",
            mend="give the pool a machine there, or allow its workloads another region",
        )
    demand = ahead.scenarios()
    tolerance = shortage_tolerance(request.workloads)
    units = holdings.groups[0].units_per_node
    needs = envelope(ahead, units, draft.peak_factor, tolerance, holdings.served, demand)
    held = held_groups(request, ahead, draft.peak_factor, holdings, needs.high_level, demand)
    grams = sum(
        float("nan")
        if group.expected.kgco2e_per_hour is None
        else 1000 * group.expected.kgco2e_per_hour
        for group, _ in held
    )
    scene = Scene(demand, holdings.served, holdings.sunk_usd_per_hour, grams)
    paid = interval(np.full_like(demand, scene.sunk_usd_per_hour))
    pool = Pool(
        name=request.name,
        workloads=tuple(w.name for w in request.workloads),
        unit=request.unit.value,
        owner=owner([w.owner for w in request.workloads]),
        interruptible_share=rounded(interruptible_share(request.workloads)),
        shortage_tolerance=tolerance,
        labels=labels(request.workloads, holdings.groups[0].offer),
        groups=tuple(group for group, _ in held),
        expected=PoolExpected(
            demand=interval(demand),
            usd_per_hour=paid,
            usd_per_hour_unapproved=paid,
            kgco2e_per_hour=carbon_of(scene, np.zeros_like(demand)),
            shortage_share=share(scene.rest, demand),
            shortage_unit_hours=rounded(float(scene.rest.mean()) * demand.shape[1]),
            baselines=(),
        ),
    )
    rows = evidence(holdings, holdings.committed(0, None), demand.mean(axis=0), 0.0)
    return Built(pool, (), needs, tuple(rows), ())
