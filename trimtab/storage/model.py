"""What is asked of storage: tiers with their demand and what they need of a backend."""

from dataclasses import dataclass, field
from typing import Literal

from trimtab.demand.series import DemandSeries
from trimtab.plan.storage import Intent
from trimtab.storage.backends import Latency
from trimtab.workloads.model import Owner

FILL_LIMIT = 0.85
"""How full a volume may be planned to get: file systems slow down, and alarms ring, above it."""
FULL_COST_RATIO = 99.0
"""A GiB that is missing costs so many times one that idles: the 99 % quantile."""
SLOW_COST_RATIO = 19.0
"""The same of an IOPS or MiB/s, whose want slows work and does not stop it: the 95 % quantile."""


@dataclass(frozen=True)
class TierNeed:
    """One tier that a plan is to size.

    Attributes:
        name: of the tier and its StorageClass.
        intent: what its data is for.
        gib: stored, over time, summed over the volumes.
        iops, mibps: done, over time, summed over the volumes; None: not known.
        volumes: how many share it, evenly.
        workloads: who stores there.
        owner: who pays.
        site: an owned site where it stands; None: where the plan's cluster is.
        access: whether many nodes use a volume at once.
        snapshots: whether VolumeSnapshots are needed.
        latency: the slowest that will do.
        backends: that may be chosen; empty: every one that suits the intent.
        fill_limit: how full volumes are planned to get.
        full_cost_ratio: cost of a missing GiB over that of an idle one.
        slow_cost_ratio: the same of IOPS and MiB/s.
        where: file, line and field, for errors.
    """

    name: str
    intent: Intent
    gib: DemandSeries
    iops: DemandSeries | None = None
    mibps: DemandSeries | None = None
    volumes: int = 1
    workloads: tuple[str, ...] = ()
    owner: Owner = field(default_factory=Owner)
    site: str | None = None
    access: Literal["one", "many"] = "one"
    snapshots: bool = False
    latency: Latency = "any"
    backends: tuple[str, ...] = ()
    fill_limit: float = FILL_LIMIT
    full_cost_ratio: float = FULL_COST_RATIO
    slow_cost_ratio: float = SLOW_COST_RATIO
    where: str = ""

    @property
    def gib_level(self) -> float:
        """The forecast's quantile that GiB are provisioned for: where the last one pays for itself."""
        return _level(self.full_cost_ratio)

    @property
    def speed_level(self) -> float:
        """The same of IOPS and MiB/s."""
        return _level(self.slow_cost_ratio)


@dataclass(frozen=True)
class StorageNeeds:
    """A file of tiers.

    Attributes:
        tiers: names unique.
        source, digest: of the file.
        series: name and digest of each file of demand, once.
    """

    tiers: tuple[TierNeed, ...]
    source: str = ""
    digest: str = ""
    series: tuple[tuple[str, str], ...] = ()


def _level(cost_ratio: float) -> float:
    return cost_ratio / (1.0 + cost_ratio)
