"""How long planning many pools takes, and how it grows: clusters of 50 pools, two months of hours each.

Demand is synthetic (daily and weekly waves, noise, levels from a few units to thousands) in mixed units
with mixed workloads; offers are the built-in table's. What is timed is `plan_fleet`, from the requests
to the last CapacityPlan: forecasts, site and type choice, commitments, sizes, documents.
"""

import resource
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np

from benchmarks.measure import Figure, print_figures
from trimtab.catalogue.reader import Catalogue, load_offers
from trimtab.demand.series import HOUR, DemandSeries
from trimtab.planning.planner import plan_fleet
from trimtab.planning.request import PlanRequest, PoolRequest, assumed_workload
from trimtab.workloads.model import Unit

AS_OF = datetime(2026, 11, 1, tzinfo=UTC)
HISTORY_HOURS = 61 * 24
POOLS_PER_CLUSTER = 50
SIZES = (250, 500, 1000, 2000)
GOAL_POOLS, GOAL_SECONDS = 1000, 30.0
SHAPES = (
    (Unit.GPUS, ("a100",)),
    (Unit.NODES, ("h100",)),
    (Unit.VCPUS, ()),
    (Unit.GPUS, ("l4",)),
    (Unit.REQUESTS_PER_SECOND, ("l4",)),
)


def main() -> None:
    """Measure and print."""
    catalogue = load_offers()
    seconds = {size: _seconds(size, catalogue) for size in SIZES}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if sys.platform == "darwin":
        peak /= 1024
    print_figures(
        f"A fleet in clusters of {POOLS_PER_CLUSTER} pools, {HISTORY_HOURS} h of history each",
        [
            Figure(
                f"plan_fleet, {size:,} pools", seconds[size], GOAL_SECONDS * size / GOAL_POOLS, "s"
            )
            for size in SIZES
        ]
        + [Figure("peak memory, all sizes", peak, 2000.0, "MiB")],
    )
    growth = seconds[SIZES[-1]] / seconds[SIZES[0]] * SIZES[0] / SIZES[-1]
    print(f"time per pool at {SIZES[-1]:,} pools over that at {SIZES[0]:,}: {growth:.2f}")


def _seconds(size: int, catalogue: Catalogue) -> float:
    asked = list(_requests(size, catalogue))
    began = time.perf_counter()
    planned = sum(len(plan.spec.pools) for plan in plan_fleet(asked))
    taken = time.perf_counter() - began
    if planned != size:
        raise RuntimeError(f"{planned} pools were planned, not {size}")
    return taken


def _requests(size: int, catalogue: Catalogue) -> Iterator[PlanRequest]:
    rng = np.random.default_rng(size)
    for first in range(0, size, POOLS_PER_CLUSTER):
        pools = tuple(_pool(i, rng) for i in range(first, min(first + POOLS_PER_CLUSTER, size)))
        name = f"cluster-{first // POOLS_PER_CLUSTER}"
        yield PlanRequest(name, pools, catalogue, AS_OF, regions=("us-east-1",))


def _pool(i: int, rng: np.random.Generator) -> PoolRequest:
    unit, accelerators = SHAPES[i % len(SHAPES)]
    workload, _ = assumed_workload(
        unit,
        accelerators,
        interruptible=bool(i % 2),
        units_per_accelerator=25.0 if unit is Unit.REQUESTS_PER_SECOND else None,
    )
    hours = np.arange(HISTORY_HOURS)
    level = float(rng.lognormal(4.0, 1.0)) * (10 if unit is Unit.VCPUS else 1)
    day = 0.3 * np.sin(2 * np.pi * (hours / 24 + rng.random()))
    week = 0.1 * np.sin(2 * np.pi * hours / 168)
    demand = np.maximum(level * (1 + day + week + rng.normal(0, 0.1, len(hours))), 0)
    series = DemandSeries(
        name=f"pool-{i}",
        start=AS_OF - timedelta(hours=HISTORY_HOURS),
        step=HOUR,
        demand=demand,
        source=f"pool-{i}.csv",
        digest="sha256:" + "0" * 64,
    )
    return PoolRequest(f"pool-{i}", (replace(workload, name=f"workload-{i}"),), series, unit)


if __name__ == "__main__":
    main()
