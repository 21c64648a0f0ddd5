"""Small planning requests: offers, workloads and series that need no library to forecast."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimtab.catalogue.offers import InterruptionBand, Offer
from trimtab.catalogue.reader import Catalogue
from trimtab.demand.series import DemandSeries
from trimtab.planning.request import PlanRequest, PoolRequest
from trimtab.workloads.model import Owner, Replica, Unit, Workload

START = datetime(2026, 3, 1, tzinfo=UTC)
DIGEST = "sha256:" + "b" * 64


def offer(**changes: Any) -> Offer:
    """An 8 x A100 node in us-east-1 with every price."""
    return replace(
        Offer(
            provider="aws",
            region="us-east-1",
            instance_type="p4d.24xlarge",
            vcpu=96,
            memory_gib=1152,
            accelerator="a100-40gb",
            accelerator_count=8,
            architecture="x86_64",
            on_demand_usd_per_hour=30.0,
            spot_usd_per_hour=10.0,
            reserved_1y_usd_per_hour=18.0,
            reserved_3y_usd_per_hour=12.0,
            interruption_band=InterruptionBand(5, 10),
            gco2e_per_hour=2000.0,
            as_of=date(2026, 1, 1),
            source="a test",
        ),
        **changes,
    )


def catalogue(*offers: Offer) -> Catalogue:
    """A price table of these offers."""
    return Catalogue("offers.csv", DIGEST, offers or (offer(),))


def workload(**changes: Any) -> Workload:
    """A trainer of one A100 a replica that must not be interrupted."""
    return replace(
        Workload(
            name="trainer",
            replicas=100,
            replica=Replica(4, 16, "nvidia.com/gpu", 1),
            accelerators=("a100-40gb", "a100-80gb"),
            owner=Owner(team="vision", project="mm"),
        ),
        **changes,
    )


def series(values: NDArray[np.float64] | None = None, **changes: Any) -> DemandSeries:
    """Hourly demand that ends at START; by default 20 days of a daily wave around 100."""
    if values is None:
        hours = np.arange(20 * 24)
        noise = np.random.default_rng(5).normal(0, 4, len(hours))
        values = np.maximum(100 + 30 * np.sin(hours / 24 * 2 * np.pi) + noise, 0)
    return replace(
        DemandSeries(
            name="demand",
            start=START - timedelta(hours=len(values)),
            step=timedelta(hours=1),
            demand=values,
            source="demand.csv",
            digest=DIGEST,
        ),
        **changes,
    )


def constant(days: int = 40, level: float = 80.0) -> DemandSeries:
    """A series that does not vary: long enough to commit on, and no library is needed."""
    return series(np.full(days * 24, level))


def pool(**changes: Any) -> PoolRequest:
    """One pool of one workload."""
    return replace(PoolRequest("trainer", (workload(),), series(), Unit.GPUS), **changes)


def request(**changes: Any) -> PlanRequest:
    """A plan of one pool as of START."""
    return replace(PlanRequest("test", (pool(),), catalogue(), START), **changes)
