"""Tiers of storage and forecasts of them that need no library."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from support.plans import START, plan
from trimtab.demand.series import DemandSeries
from trimtab.forecast.fleet import Progress
from trimtab.forecast.model import LEVELS, Array, Fleet, Forecast, Origins
from trimtab.inventory.model import Inventory
from trimtab.plan.model import CapacityPlan
from trimtab.planning.storage import StorageRequest, with_storage
from trimtab.pricing.book import built_in_book
from trimtab.storage.model import StorageNeeds, TierNeed

DIGEST = "sha256:" + "c" * 64
BOOK = built_in_book()


def column(values: Any, days: int = 3, end: datetime = START) -> DemandSeries:
    """An hourly series that ends at the plan's start: an array, or one value throughout."""
    found = np.full(days * 24, values) if np.isscalar(values) else np.asarray(values, dtype=float)
    return DemandSeries(
        name="tier",
        start=end - timedelta(hours=len(found)),
        step=timedelta(hours=1),
        demand=found,
        source="tier.csv",
        digest=DIGEST,
    )


def tier(gib: Any = 1000.0, iops: Any = 2000.0, mibps: Any = 50.0, **changes: Any) -> TierNeed:
    """A hot tier of four volumes."""
    need = TierNeed(
        name="hot",
        intent="hot",
        gib=column(gib),
        iops=None if iops is None else column(iops),
        mibps=None if mibps is None else column(mibps),
        volumes=4,
        where="storage.yaml, line 5",
    )
    return replace(need, **changes)


@dataclass(frozen=True)
class _Grown:
    fleet: Fleet
    hours: int
    per_hour: float
    spread: float

    def series(self, n: int, /) -> Forecast:
        last = self.fleet.demand[n, -1]
        ahead = last * (1 + self.per_hour * np.arange(1, self.hours + 1))
        wide = 1 + self.spread * (np.array(LEVELS)[:, None] - 0.5)
        quantiles: Array = np.maximum(ahead * wide, 0.0)
        empty = Origins(np.zeros(0, dtype=np.int64), np.zeros((0, len(LEVELS), self.hours)))
        return Forecast(self.fleet.ends[n], quantiles, "grown", "", empty, None, None, None)


def grown(per_hour: float = 0.0, spread: float = 0.0) -> Any:
    """A forecaster: the last value, growing by a share of it an hour, its quantiles spread about it."""

    def forecast(fleet: Fleet, hours: int, progress: Progress | None) -> _Grown:
        del progress
        return _Grown(fleet, hours, per_hour, spread)

    return forecast


def stored(
    *tiers: TierNeed,
    days: int = 7,
    inventory: Inventory | None = None,
    previous: CapacityPlan | None = None,
    forecaster: Any = None,
    **spec: Any,
) -> CapacityPlan:
    """The small plan of support.plans with these tiers."""
    needs = StorageNeeds(tiers, "storage.yaml", DIGEST, (("tier.csv", DIGEST),))
    until = (START + timedelta(days=days)).isoformat()
    made = plan(validUntil=until, **spec)
    request = StorageRequest(needs, BOOK, inventory, previous)
    return with_storage(made, request, forecaster=forecaster or grown())
